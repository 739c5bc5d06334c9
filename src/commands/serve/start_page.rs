//! The page that is served when there is nothing else to serve: the next steps, and how to trust
//! the certificate.

use std::path::Path;

/// The page; `ca` is the CA of the certificate, and `curl` a command that sends a request to the
/// server.
pub(super) fn html(ca: Option<&Path>, curl: &str) -> String {
    include_str!("start_page.html").replace("{trust}", &ca.map(|ca| trust(ca, curl)).unwrap_or_default())
}

fn trust(ca: &Path, curl: &str) -> String {
    let (ca, curl) = (escaped(&ca.display().to_string()), escaped(curl));
    format!(
        "<h2>Trust the certificate</h2>\n\
         <p>Clients that trust this CA show no warning. (The CA that certkit makes by itself can issue for \
         localhost, .test and loopback addresses only.)</p>\n\
         <pre>{ca}</pre>\n\
         <p>Install it for the system, browsers and Java on this machine:</p>\n\
         <pre>certkit trust install {ca}</pre>\n\
         <p>With curl: <code>{curl}</code></p>"
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
        assert!(!page.contains("{trust}") && !html(None, "").contains("Trust the certificate"));
    }
}
