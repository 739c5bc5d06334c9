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
            E::ListenAddress { .. } | E::MailAddress(_) => finding(Code::InvalidSetting),
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
                finding(if is_missing { Code::NotFound } else { Code::Io }).at(file(path))
            }
            E::Server(_) => finding(Code::InvalidSetting).fix(
                "Name the address of its directory, for example `--server \
                 https://ca.example/directory`.",
            ),
        }
        .into()
    }
}
