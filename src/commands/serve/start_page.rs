//! The page that is served where there is nothing else: what to do next, and how to trust the certificate.

use std::path::Path;

/// The page; `ca` is the CA that certkit made for this machine.
pub(super) fn html(ca: Option<&Path>) -> String {
    include_str!("start_page.html").replace("{trust}", &ca.map(trust).unwrap_or_default())
}

fn trust(ca: &Path) -> String {
    let ca = escaped(&ca.display().to_string());
    format!(
        "<h2>Trust it</h2>\n\
         <p>The certificate comes from a CA made on this machine. It can speak for localhost, .test and loopback \
         addresses only. Clients that trust this file take it without a warning:</p>\n\
         <pre>{ca}</pre>\n\
         <p>curl: <code>curl --cacert {ca} https://localhost:8443/</code><br>\n\
         Firefox: Settings, Certificates, View Certificates, Authorities, Import.<br>\n\
         Chromium: Settings, Security, Manage certificates, Import.<br>\n\
         Debian and its kin, for all programs that use the system&#39;s store:</p>\n\
         <pre>sudo cp {ca} /usr/local/share/ca-certificates/certkit-localhost.crt\nsudo update-ca-certificates</pre>"
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
        let page = html(Some(Path::new("/a<b>&/ca.crt")));
        assert!(page.contains("--cacert /a&lt;b&gt;&amp;/ca.crt") && !page.contains("{trust}"));
        assert!(!html(None).contains("Trust it"));
    }
}
