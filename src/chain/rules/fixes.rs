//! Phrases and fixes that several rules share.

use std::collections::HashSet;

use crate::chain::check_input::CheckInput;
use crate::chain::judged_path::JudgedPath;
use crate::chain::path::PathEnd;
use crate::chain::trust::{Anchor, Origin};
use crate::sys::shell::shell_word;
use crate::x509::Purpose;

/// The command that makes the one right chain of the file and `more`.
pub(super) fn merge_command(input: &CheckInput<'_>, more: &str) -> String {
    let typed = &input.typed;
    if input.is_live {
        let files = format!("server.crt{more}");
        let (command, output) = (typed.merge(&files, ""), typed.output_for(&files));
        return format!(
            "Run `{command}` (server.crt is the file that the server reads now).\n\
             Then point the server to {output} and reload it.\n\
             nginx: ssl_certificate {output};  Apache: SSLCertificateFile {output}"
        );
    }
    // Of several server certificates the key chooses one.
    let leaves = input.certificates.iter().map(|located| &located.certificate).filter(|leaf| !leaf.is_ca());
    let leaves: HashSet<_> = leaves.map(|leaf| &leaf.der).collect();
    let (key, note) = match (typed.key, leaves.len()) {
        (_, ..2) => ("", ""),
        ("", _) => (" --key FILE", "; FILE is the private key of your certificate"),
        (key, _) => (key, ""),
    };
    format!("Run `{}`{note}.", typed.merge(&format!("{}{more}", input.file), key))
}

/// The command that issues the certificate anew, by the CA that signs now.
pub(super) fn renew_command(input: &CheckInput<'_>) -> String {
    if input.is_live {
        return "Run `certkit renew server.crt` (server.crt is the file that the server reads now), and reload the \
                server."
            .to_owned();
    }
    format!("Run `certkit renew {}`.", input.file)
}

/// How a certificate that ends is renewed: by the command, where this CA is one's own.
pub(super) fn renewal(judged: &JudgedPath<'_>) -> String {
    match judged.path.end {
        PathEnd::Anchor(Anchor { origin: Origin::LocalCa(_) | Origin::OldCa(_), .. }) => {
            renew_command(judged.input)
        }
        _ => "Renew it where it was issued: with `certkit renew FILE` (your own CA), `certkit acme renew NAME` (an ACME \
              server), or where you bought it."
            .to_owned(),
    }
}

/// The same check with other roots.
pub(super) fn check_with_roots(input: &CheckInput<'_>, roots: &str) -> String {
    let host = input.host.map(ToString::to_string);
    // A server is asked under its own name anyway.
    let is_said = |host: &String| !(input.is_live && host_of(input.file).eq_ignore_ascii_case(host));
    let host = host.filter(is_said).map(|host| format!(" --host {}", shell_word(&host))).unwrap_or_default();
    let purpose = if input.purpose == Purpose::Client { " --purpose client" } else { "" };
    format!("`certkit check {}{host}{purpose}{} --roots {roots}`", input.file, input.typed.at)
}

/// The host of the first of these words, HOST:PORT or a URL.
fn host_of(target: &str) -> &str {
    let target = target.split(' ').next().unwrap_or_default().trim_matches('\'');
    let authority =
        target.rsplit("://").next().unwrap_or_default().split(['/', '?', '#']).next().unwrap_or_default();
    match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => authority.rsplit_once(':').map_or(authority, |(host, _)| host),
    }
}

/// How a certificate for another name is had; the command makes files of its own, beside those of this certificate.
/// Public CAs issue by other means.
pub(super) fn issue_command(judged: &JudgedPath<'_>, name: &str) -> String {
    if matches!(judged.path.end, PathEnd::Anchor(Anchor { origin: Origin::System, .. })) {
        return "from the same CA.".to_owned();
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.@".contains(c);
    let prefix: String = name.chars().map(|c| if fits(c) { c } else { '_' }).collect();
    let client = if judged.input.purpose == Purpose::Client { " --client" } else { "" };
    format!("`certkit mkcert {} -o {prefix}{client}`.", shell_word(name))
}

/// Where the certificates are, as the end of a sentence.
pub(super) fn in_input(input: &CheckInput<'_>) -> &'static str {
    if input.is_live { "in what the server sends" } else { "in the file" }
}

/// How clients come to trust a certificate of one's own.
pub(super) fn install_commands(file: &str) -> String {
    format!(
        "Run `certkit trust install {file}` so that the system, browsers and Java on this machine trust it.\n\
         For curl alone, use `curl --cacert {file} URL`."
    )
}

/// Addresses of one certificate that are shown: CAs name one or two.
const MOST_URLS: usize = 4;

/// A line for each address at which the CA offers its certificate.
pub(super) fn download_lines(urls: &[String]) -> String {
    urls.iter().take(MOST_URLS).map(|url| format!("\nthe CA offers it at {url}")).collect()
}
