//! Phrases and fixes that several rules share.

use crate::chain::check_input::CheckInput;

/// The command that makes the one right chain of the file and `more`. It does not write over its own input. What a
/// server sends is put right in the file that it reads.
pub(super) fn merge_command(input: &CheckInput<'_>, more: &str) -> String {
    if input.is_live {
        return format!(
            "Run `certkit merge server.crt{more} -o chain.pem` (server.crt: the file that the server reads now).\n\
             Then point the server to chain.pem and reload it.\n\
             nginx: ssl_certificate chain.pem;  Apache: SSLCertificateFile chain.pem"
        );
    }
    let file = input.file;
    let output = if file == "chain.pem" { "fixed.pem" } else { "chain.pem" };
    format!("Run `certkit merge {file}{more} -o {output}`.")
}

/// Where the certificates are, as the end of a sentence.
pub(super) fn in_input(input: &CheckInput<'_>) -> &'static str {
    if input.is_live { "in what the server sends" } else { "in the file" }
}

/// How clients come to trust a certificate of one's own.
pub(super) fn install_commands(file: &str) -> String {
    format!(
        "Run `certkit trust install {file}` so that the system, browsers and Java on this machine trust it.\n\
         For curl alone, use `curl --cacert {file}`."
    )
}

/// A line for each address at which the CA offers its certificate.
pub(super) fn download_lines(urls: &[String]) -> String {
    urls.iter().map(|url| format!("\nthe CA offers it at {url}")).collect()
}
