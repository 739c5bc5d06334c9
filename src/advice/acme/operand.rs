//! Arguments of ACME that cannot be used.

use std::io;

use crate::finding::{Code, Finding, Location};
use crate::operands::acme::AcmeOperandError;
use crate::report::Failure;

impl From<AcmeOperandError> for Failure {
    fn from(error: AcmeOperandError) -> Self {
        use AcmeOperandError as E;
        let finding = |code| Finding::error(code, error.to_string());
        let file = |path: &std::path::Path| Location::file(path.display().to_string());
        match &error {
            E::LabelWithoutRecord { .. } => {
                finding(Code::InvalidSetting).fix("Add `--dns-hook CMD` or `--rfc2136 FILE`.")
            }
            E::Resolver(_) => finding(Code::InvalidSetting)
                .fix("Name an address, for example 192.0.2.53 or 127.0.0.1:5353."),
            E::DnsOptionAlone(_) | E::ListenAddress { .. } | E::MailAddress(_) => {
                finding(Code::InvalidSetting)
            }
            E::DnsResolver { option, .. } => finding(Code::InvalidSetting)
                .fix(format!("Name an address, with or without a port, for example `{option} 9.9.9.9`.")),
            E::Name(_) => finding(Code::InvalidName).fix(
                "Use a public DNS name such as www.example.com; `certkit mkcert` issues for other names.",
            ),
            E::NoSecret(path) => finding(Code::InvalidSetting).at(file(path)).fix(
                "Put the HMAC key into the file on one line, as the server's website shows \
                      it.",
            ),
            E::NoState => finding(Code::NotFound).fix("Add `--state DIR`."),
            E::Secret { path, source } => {
                let is_missing = source.kind() == io::ErrorKind::NotFound;
                let finding = finding(if is_missing { Code::NotFound } else { Code::Io }).at(file(path));
                if is_missing { finding.fix("Check the spelling and the current folder.") } else { finding }
            }
            E::Server { option, .. } => finding(Code::InvalidSetting).fix(format!(
                "Name letsencrypt, letsencrypt-staging, zerossl or google, or the address of its directory, for \
                 example `{option} https://ca.example/directory`.",
            )),
        }
        .into()
    }
}
