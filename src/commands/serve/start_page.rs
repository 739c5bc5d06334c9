//! The page that is served where there is nothing else: what to do next, and how to trust the certificate.

use std::path::Path;

/// The page; `ca` is the CA of the certificate, and `ask` a command that asks the server something.
pub(super) fn html(ca: Option<&Path>, ask: &str) -> String {
    include_str!("start_page.html").replace("{trust}", &ca.map(|ca| trust(ca, ask)).unwrap_or_default())
}

fn trust(ca: &Path, ask: &str) -> String {
    let (ca, ask) = (escaped(&ca.display().to_string()), escaped(ask));
    format!(
        "<h2>Trust it</h2>\n\
         <p>Clients that trust this CA take the certificate without a warning. (The one that certkit makes by itself \
         can speak for localhost, .test and loopback addresses only.)</p>\n\
         <pre>{ca}</pre>\n\
         <p>The system, browsers and Java on this machine:</p>\n\
         <pre>certkit trust install {ca}</pre>\n\
         <p>curl: <code>{ask}</code></p>"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_cannot_be_markup() {
        let page = html(Some(Path::new("/a<b>&/ca.crt")), "curl '<'");
        assert!(
            page.contains("<pre>/a&lt;b&gt;&amp;/ca.crt</pre>") && page.contains("curl '&lt;'"),
            "{page}"
        );
        assert!(!page.contains("{trust}") && !html(None, "").contains("Trust it"));
    }
}
