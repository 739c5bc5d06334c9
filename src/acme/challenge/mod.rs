//! Challenges (RFC 8555 section 8), which prove that a name is ours: chosen, prepared before anything is ordered, and
//! then answered.
//!
//! ```text
//! ChallengeMethod ── prepare ──> ReadySolver ── start ──> Solver ── present, withdraw
//! flags,     sockets bound,       inside a
//! renew.json folder writable      runtime
//! ```
//!
//! A server program that has listeners of its own brings its own [`Solver`] in [`ChallengeMethod::Embedded`].

mod account_scoped;
mod credentials;
mod dns_hook;
mod dns_message;
mod dns_persist;
mod dns_view;
mod error;
mod exclusive;
mod foreign_hook;
mod hook_process;
pub mod http01;
pub mod listen;
mod persistent_record;
pub(crate) mod probe;
mod propagation;
mod provider;
mod redaction;
mod resolver;
mod rfc2136;
#[cfg(test)]
mod testing;
pub mod tls_alpn01;
mod webroot;

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use self::account_scoped::AccountScoped;
pub use self::account_scoped::account_label;
use self::dns_hook::DnsHook;
use self::dns_persist::DnsPersist;
pub use self::dns_view::DnsView;
pub use self::error::Error;
pub use self::foreign_hook::ForeignHook;
use self::http01::Http01;
use self::listen::{ListenAddress, Sockets};
pub use self::persistent_record::{
    EVERY_NAME, PERSISTENT_LABEL, PersistentRecord, RecordDemand, Unproven, domain_name, hashed_account,
};
pub use self::probe::Clue;
pub use self::propagation::{DnsProgress, DnsTeller};
pub use self::provider::{DnsProvider, Provider, dns_provider, dns_providers};
pub use self::resolver::{ask_name_server, dns_address, system_name_server};
use self::rfc2136::Rfc2136;
use self::tls_alpn01::TlsAlpn01;
use self::webroot::Webroot;
use crate::x509::HostName;

/// How the server is to be convinced, as flags say it and `renew.json` keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChallengeMethod {
    /// dns-account-01 by a method that answers dns-01 otherwise.
    DnsAccount(Box<Self>),
    /// dns-01 by a command that is called with `present|cleanup FQDN VALUE`.
    DnsHook(String),
    /// dns-persist-01 by a record that was set before; the resolver reads it, `None` is that of the system.
    DnsPersist(Option<SocketAddr>),
    /// dns-01 by the API of a DNS provider.
    Dns(DnsProvider),
    /// dns-01 by a hook that was written for another ACME client.
    ForeignHook(ForeignHook),
    /// By a solver of the program around this library; it is not kept in `renew.json`.
    #[serde(skip)]
    Embedded(Embedded),
    /// http-01 by a small server of our own.
    Http(ListenAddress),
    /// dns-01 by signed updates of the zone; the file says where and with which key.
    Rfc2136(PathBuf),
    /// tls-alpn-01 by a listener of our own.
    TlsAlpn(ListenAddress),
    /// http-01 by files below the root folder of a web server that runs already.
    Webroot(PathBuf),
}

/// A solver that somebody else brings; equal to itself only.
#[derive(Clone, Debug)]
pub struct Embedded(pub Arc<dyn Solver>);

/// The kinds of challenges that can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChallengeKind {
    /// RFC 8555 section 8.4.
    Dns01,
    /// draft-ietf-acme-dns-account-label-02.
    DnsAccount01,
    /// draft-ietf-acme-dns-persist-02.
    DnsPersist01,
    /// RFC 8555 section 8.3.
    Http01,
    /// RFC 8737.
    TlsAlpn01,
}

/// What a server will look for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChallengeAnswer {
    /// For whom: for a wildcard the name without its `*.`.
    pub host: HostName,
    /// The challenge's token, by which http-01 finds the answer.
    pub token: String,
    /// The token and the hash of the account's key (RFC 8555 section 8.1).
    pub key_authorization: String,
    /// Where DNS shows it.
    pub scope: RecordScope,
}

/// Which TXT record shows an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RecordScope {
    /// That of the name (RFC 8555 section 8.4).
    #[default]
    Name,
    /// That of the name and an account, by the account's label.
    Account(String),
    /// One that stays, and what it must say.
    Persistent(RecordDemand),
}

/// Shows answers to the server.
#[async_trait]
pub trait Solver: fmt::Debug + Send + Sync {
    /// The challenges that it answers.
    fn kind(&self) -> ChallengeKind;

    /// Shows all the answers of an order; the server finds each when this returns. Answers of a killed run may
    /// be there already.
    ///
    /// # Errors
    /// When one of them cannot be shown.
    async fn present(&self, answers: &[ChallengeAnswer]) -> Result<(), Error>;

    /// The same, telling what is waited for.
    ///
    /// # Errors
    /// As [`Self::present`].
    async fn present_and_tell(&self, answers: &[ChallengeAnswer], _teller: &DnsTeller) -> Result<(), Error> {
        self.present(answers).await
    }

    /// Removes the answers, also those of a killed run. An answer may be gone already.
    ///
    /// # Errors
    /// When something stays that should be removed by hand.
    async fn withdraw(&self, answers: &[ChallengeAnswer]) -> Result<(), Error>;

    /// Whether anybody has asked for this answer; `None` when that cannot be known.
    fn was_asked(&self, _answer: &ChallengeAnswer) -> Option<bool> {
        None
    }

    /// When the first of the records ends that prove the names, in seconds since 1970; `None` where they do not end.
    fn proof_ends(&self) -> Option<i64> {
        None
    }

    /// Whether it wants to be tried from here before anything is ordered.
    fn tries_itself(&self) -> bool {
        false
    }

    /// Whether answers stay when this process is killed, so that the next run has to remove them.
    fn outlives_process(&self) -> bool {
        false
    }
}

/// Everything at hand to answer; nobody answers yet.
#[derive(Debug)]
pub enum ReadySolver {
    /// Bound sockets for http-01.
    Http(Sockets),
    /// Bound sockets for tls-alpn-01.
    TlsAlpn(Sockets),
    /// A solver that needs no start.
    Solver(Arc<dyn Solver>),
}

impl ChallengeMethod {
    /// The challenges that it answers.
    pub fn kind(&self) -> ChallengeKind {
        match self {
            Self::Embedded(Embedded(solver)) => solver.kind(),
            Self::DnsAccount(_) => ChallengeKind::DnsAccount01,
            Self::Dns(_) | Self::DnsHook(_) | Self::ForeignHook(_) | Self::Rfc2136(_) => ChallengeKind::Dns01,
            Self::DnsPersist(_) => ChallengeKind::DnsPersist01,
            Self::Http(_) | Self::Webroot(_) => ChallengeKind::Http01,
            Self::TlsAlpn(_) => ChallengeKind::TlsAlpn01,
        }
    }

    /// Looks whether this method can prove a name, as `acme::certificate_name` gives it.
    ///
    /// # Errors
    /// [`Error::CannotProve`].
    pub fn can_prove(&self, name: &str) -> Result<(), Error> {
        let kind = self.kind();
        let possible = match kind {
            // RFC 8738 section 7.
            ChallengeKind::Dns01 | ChallengeKind::DnsAccount01 | ChallengeKind::DnsPersist01 => {
                name.parse::<std::net::IpAddr>().is_err()
            }
            // RFC 8555 section 7.1.3 leaves it to the server; no public one takes less than a DNS record for a
            // wildcard (Baseline Requirements 3.2.2.4.19 and .20).
            ChallengeKind::Http01 | ChallengeKind::TlsAlpn01 => !name.starts_with("*."),
        };
        if possible { Ok(()) } else { Err(Error::CannotProve { name: name.to_owned(), kind }) }
    }

    /// Makes everything ready without telling anybody outside: binds sockets, looks at folders and files.
    ///
    /// # Errors
    /// [`Error::Bind`], [`Error::Credentials`], [`Error::HookUnusable`], [`Error::NoFile`],
    /// [`Error::UpdateSettings`], [`Error::Webroot`].
    pub fn prepare(&self) -> Result<ReadySolver, Error> {
        Ok(match self {
            Self::Embedded(Embedded(solver)) => ReadySolver::Solver(Arc::clone(solver)),
            Self::DnsAccount(method) => match method.prepare()? {
                ReadySolver::Solver(solver) => ReadySolver::Solver(Arc::new(AccountScoped(solver))),
                // Only what answers dns-01 is in there.
                other => other,
            },
            Self::DnsHook(command) => ReadySolver::Solver(Arc::new(DnsHook::new(command)?)),
            Self::DnsPersist(resolver) => ReadySolver::Solver(Arc::new(DnsPersist::new(*resolver))),
            Self::Dns(provider) => ReadySolver::Solver(provider.prepare()?),
            Self::ForeignHook(hook) => ReadySolver::Solver(Arc::new(hook.prepare()?)),
            Self::Http(address) => ReadySolver::Http(Sockets::bind(ChallengeKind::Http01, *address)?),
            Self::Rfc2136(file) => ReadySolver::Solver(Arc::new(Rfc2136::new(file)?)),
            Self::TlsAlpn(address) => {
                ReadySolver::TlsAlpn(Sockets::bind(ChallengeKind::TlsAlpn01, *address)?)
            }
            Self::Webroot(folder) => ReadySolver::Solver(Arc::new(Webroot::new(folder)?)),
        })
    }

    /// The file with its credentials or settings, if it has one.
    pub(super) fn secret_file(&self) -> Option<&Path> {
        match self {
            Self::Dns(provider) => Some(&provider.credentials),
            Self::Rfc2136(file) => Some(file),
            _ => None,
        }
    }

    /// Puts its credentials or settings into this file, if it has any.
    pub(super) fn use_file(&mut self, path: &Path) {
        match self {
            Self::Dns(provider) => path.clone_into(&mut provider.credentials),
            Self::Rfc2136(file) => path.clone_into(file),
            _ => {}
        }
    }

    /// Looks whether a text could be in that file.
    ///
    /// # Errors
    /// As [`Self::prepare`].
    pub(super) fn check_settings(&self, text: &str) -> Result<(), Error> {
        match self {
            Self::Dns(provider) => provider.check_settings(text),
            Self::Rfc2136(file) => Rfc2136::check_settings(text, file),
            _ => Ok(()),
        }
    }

    /// The same with absolute paths, because the next run may start in another folder; `None` when it cannot be
    /// kept.
    pub fn to_keep(&self) -> Option<Self> {
        let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
        Some(match self {
            Self::Embedded(_) => return None,
            Self::DnsAccount(method) => Self::DnsAccount(Box::new(method.to_keep()?)),
            Self::DnsPersist(_) | Self::Http(_) | Self::TlsAlpn(_) => self.clone(),
            Self::Dns(provider) => {
                Self::Dns(DnsProvider { credentials: absolute(&provider.credentials), ..provider.clone() })
            }
            Self::DnsHook(command) => Self::DnsHook(hook_process::absolute(command)),
            Self::ForeignHook(hook) => Self::ForeignHook(hook.to_keep()),
            Self::Rfc2136(file) => Self::Rfc2136(absolute(file)),
            Self::Webroot(folder) => Self::Webroot(absolute(folder)),
        })
    }
}

impl ReadySolver {
    /// Begins to answer. Needs a tokio runtime with time and I/O.
    ///
    /// # Errors
    /// [`Error::Bind`] when the runtime refuses the sockets.
    pub fn start(self) -> Result<Arc<dyn Solver>, Error> {
        Ok(match self {
            Self::Http(sockets) => Arc::new(Http01::start(sockets)?),
            Self::TlsAlpn(sockets) => Arc::new(TlsAlpn01::start(sockets)?),
            Self::Solver(solver) => solver,
        })
    }
}

impl ChallengeAnswer {
    /// The hash of the key authorization, which dns-01 and tls-alpn-01 show in its place.
    pub fn digest(&self) -> [u8; 32] {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, self.key_authorization.as_bytes());
        let mut bytes = [0; 32];
        for (to, from) in bytes.iter_mut().zip(digest.as_ref()) {
            *to = *from;
        }
        bytes
    }

    /// The name of the TXT record that the server looks for, without a dot at its end.
    pub fn record_name(&self) -> String {
        match &self.scope {
            RecordScope::Name => format!("_acme-challenge.{}", self.host),
            RecordScope::Account(label) => format!("{label}._acme-challenge.{}", self.host),
            RecordScope::Persistent(_) => format!("{PERSISTENT_LABEL}.{}", self.host),
        }
    }

    /// The text of that record.
    pub fn record_value(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.digest())
    }
}

impl PartialEq for Embedded {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Embedded {}

impl fmt::Display for ChallengeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dns01 => "dns-01",
            Self::DnsAccount01 => "dns-account-01",
            Self::DnsPersist01 => "dns-persist-01",
            Self::Http01 => "http-01",
            Self::TlsAlpn01 => "tls-alpn-01",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_kept_and_read_back() {
        for (method, text) in [
            (ChallengeMethod::Http(ListenAddress::Everywhere(80)), r#"{"http":":80"}"#),
            (
                ChallengeMethod::Rfc2136("/etc/certkit/dns.toml".into()),
                r#"{"rfc2136":"/etc/certkit/dns.toml"}"#,
            ),
            (ChallengeMethod::TlsAlpn("127.0.0.1:443".parse().unwrap()), r#"{"tls_alpn":"127.0.0.1:443"}"#),
            (
                ChallengeMethod::DnsHook("certkit-hook --zone 'a b'".into()),
                r#"{"dns_hook":"certkit-hook --zone 'a b'"}"#,
            ),
            (ChallengeMethod::Webroot("/srv/www".into()), r#"{"webroot":"/srv/www"}"#),
            (ChallengeMethod::DnsPersist(None), r#"{"dns_persist":null}"#),
            (
                ChallengeMethod::DnsAccount(Box::new(ChallengeMethod::Rfc2136("/etc/dns.toml".into()))),
                r#"{"dns_account":{"rfc2136":"/etc/dns.toml"}}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&method.to_keep().unwrap()).unwrap(), text);
            assert_eq!(serde_json::from_str::<ChallengeMethod>(text).unwrap(), method);
        }
        let Some(ChallengeMethod::Webroot(kept)) = ChallengeMethod::Webroot("www".into()).to_keep() else {
            panic!()
        };
        assert!(kept.is_absolute());
        assert!(serde_json::from_str::<ChallengeMethod>(r#"{"http":"nowhere"}"#).is_err());
    }

    #[test]
    fn wildcards_need_a_dns_record() {
        let http = ChallengeMethod::Http(ListenAddress::Everywhere(80));
        assert!(http.can_prove("a.test").is_ok());
        assert!(http.can_prove("192.0.2.7").is_ok());
        assert!(matches!(
            http.can_prove("*.a.test"),
            Err(Error::CannotProve { kind: ChallengeKind::Http01, .. })
        ));
        let dns = ChallengeMethod::DnsHook("true".into());
        assert!(dns.can_prove("*.a.test").is_ok());
        for address in ["192.0.2.7", "2001:db8::7"] {
            assert!(matches!(
                dns.can_prove(address),
                Err(Error::CannotProve { kind: ChallengeKind::Dns01, .. })
            ));
        }
    }
}
