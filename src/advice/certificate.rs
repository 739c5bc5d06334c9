//! Certificates that cannot be served as they are named.

use std::path::PathBuf;

use crate::acme::challenge;
use crate::finding::{Code, Finding, Location};
use crate::report::Failure;
use crate::sys::shell::{path_word, shell_word};
use crate::tls;
use crate::x509::Mismatch;

/// Certificates that cannot be served as they are named.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    #[error("--{0} is given without --acme")]
    AcmeOptionAlone(&'static str),
    #[error("--acme obtains all certificates, and a site has a `cert` of its own")]
    AcmeWithFiles,
    #[error("--acme obtains certificates for https, but there is no https listener")]
    AcmeWithoutHttps,
    #[error("{0}")]
    CannotProve(challenge::Error),
    #[error("{0} needs --acme-dns or a hook for another client, as in `--acme-dns-hook lego:PROG`")]
    DnsOptionAlone(&'static str),
    #[error("--acme names `{0}` twice; a certificate is stored under its first name")]
    Duplicate(String),
    #[error("`{}` contains no certificate", .0.display())]
    Empty(PathBuf),
    #[error("--acme-eab-kid and --acme-eab-hmac-file are only of use together")]
    HalfAnExternalAccount,
    #[error("{0}")]
    InvalidName(String),
    #[error("the key of `{}` is elsewhere: its certificate is from a signing request", names.first().map_or("", String::as_str))]
    KeyElsewhere { names: Vec<String>, state: Option<PathBuf> },
    #[error("`{}` is not the key of the first certificate in `{}`: {mismatch}", key.display(), certificate.display())]
    KeyMismatch { certificate: PathBuf, key: PathBuf, mismatch: Mismatch },
    #[error("--key is given without --cert")]
    KeyWithoutCertificate,
    #[error("neither XDG_DATA_HOME nor HOME is set, so there is no folder for the localhost certificate")]
    NoFolder,
    #[error("--acme-dns needs the file of the provider's credentials")]
    NoDnsCredentials,
    #[error("--acme has no name")]
    NoName,
    #[error("--cert and --key must come in pairs ({certificates} of --cert, {keys} of --key)")]
    NotInPairs { certificates: usize, keys: usize },
    #[error("the ACME server {server} cannot reach this server, which listens on {listeners}")]
    OutOfReach { server: String, listeners: String },
    #[error("--key-password-file is given without --cert")]
    PasswordWithoutCertificate,
    #[error("only one of {0} and {1} can prove the names")]
    SeveralChallenges(&'static str, &'static str),
    #[error("--ocsp-staple is given without --cert")]
    StapleWithoutCertificate,
    #[error("there is no active account at {server}, and a new one requires consent to the terms of service")]
    TermsNotAgreed { server: String },
    #[error("{0}")]
    Unusable(tls::Error),
}

impl From<CertificateError> for Failure {
    fn from(error: CertificateError) -> Self {
        use CertificateError::*;
        let (code, fix) = match &error {
            AcmeWithFiles => (
                Code::InvalidSetting,
                "Name the hosts of that site with --acme too and remove its `cert`, or obtain all of them with `certkit \
                 acme obtain` and name their files."
                    .to_owned(),
            ),
            AcmeWithoutHttps => (Code::InvalidSetting, "Add `--listen https:*:443`.".to_owned()),
            CannotProve(_) => (
                Code::InvalidName,
                "Use a DNS record, with `--acme-dns`, `--acme-dns-hook` or `--acme-rfc2136`, or obtain the certificate with `certkit \
                 acme obtain --dns-hook` and name its files with --cert and --key."
                    .to_owned(),
            ),
            DnsOptionAlone(_) => (
                Code::InvalidSetting,
                "Name the provider, for example `--acme-dns cloudflare`; `certkit acme dns-providers` lists all."
                    .to_owned(),
            ),
            Duplicate(name) => (
                Code::InvalidSetting,
                format!("List all names of one certificate together: `--acme {name},www.{name}`."),
            ),
            Empty(_) => (Code::NoCertificate, "Name a file with a certificate.".to_owned()),
            HalfAnExternalAccount => (
                Code::InvalidSetting,
                "Name both, as the server shows them for your account there.".to_owned(),
            ),
            InvalidName(_) => (Code::InvalidName, "Use a host name such as www.example.com.".to_owned()),
            KeyElsewhere { names, state } => {
                let names: Vec<_> = names.iter().map(|name| shell_word(name)).collect();
                let state = state.as_deref().map(|state| format!(" --state {}", path_word(state)));
                let command =
                    format!("certkit acme obtain {} --force{}", names.join(" "), state.unwrap_or_default());
                (
                    Code::InvalidSetting,
                    format!("Choose another folder with `--acme-state`, or have certkit make a key: `{command}`."),
                )
            }
            KeyMismatch { .. } => (
                Code::KeyMismatch,
                "Name the key that the certificate was made with. The server certificate must come first: \
                 `certkit merge` puts it there."
                    .to_owned(),
            ),
            KeyWithoutCertificate | PasswordWithoutCertificate => {
                (Code::InvalidSetting, "Name the certificate too: `--cert chain.pem`.".to_owned())
            }
            NoDnsCredentials => (
                Code::InvalidSetting,
                "Add `--acme-dns-credentials FILE`; `certkit acme dns-providers` lists what the file must hold."
                    .to_owned(),
            ),
            NoFolder => {
                (Code::InvalidSetting, "Set HOME, or name a certificate with --cert and --key.".to_owned())
            }
            AcmeOptionAlone(_) => {
                (Code::InvalidSetting, "Name the host: `--acme www.example.com`.".to_owned())
            }
            NoName => (Code::InvalidName, "Name the host: `--acme www.example.com`.".to_owned()),
            NotInPairs { .. } => {
                (Code::InvalidSetting, "Name them in pairs: `--cert chain.pem --key server.key`.".to_owned())
            }
            OutOfReach { .. } => (
                Code::InvalidSetting,
                "Add `--listen https:*:443 --redirect-http *:80`, as root or with `setcap cap_net_bind_service=+ep`. \
                 Names that only this network reaches are proved with `--acme-dns`, `--acme-dns-hook` or `--acme-rfc2136`, or \
                 certified by a CA of your own with `--acme-server`."
                    .to_owned(),
            ),
            SeveralChallenges(first, second) => {
                (Code::InvalidSetting, format!("Keep {first} or {second}, and remove the other."))
            }
            StapleWithoutCertificate => (
                Code::InvalidSetting,
                "Name the certificate that the OCSP response is for: `--cert chain.pem`.".to_owned(),
            ),
            TermsNotAgreed { .. } => (
                Code::InvalidSetting,
                "Read them (`certkit acme obtain NAME` prints their address), then add --agree-tos."
                    .to_owned(),
            ),
            Unusable(_) => {
                (Code::InvalidSetting, "Name a certificate and the key that belongs to it.".to_owned())
            }
        };
        let finding = Finding::error(code, error.to_string()).fix(fix);
        match error {
            KeyMismatch { key, .. } => {
                Self::new(finding.at(Location::file(key.display().to_string()))).status(1)
            }
            Empty(file) => finding.at(Location::file(file.display().to_string())).into(),
            _ => finding.into(),
        }
    }
}
