//! What a server shows to a client that sends no name (SNI, RFC 6066 section 3), or one that the server does not have.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConnection;
use rustls::pki_types::ServerName;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use super::{Error, Server};
use crate::tls::policy;

/// A name that no server has (RFC 6761 section 6.4).
const UNKNOWN: &str = "not-served.invalid";
/// Names of a certificate that are listed.
const MAX_NAMES: usize = 8;

/// What is shown to a client that does not name the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unnamed {
    /// The same certificate.
    Same,
    /// Another certificate, which is for these names.
    Other(Vec<String>),
    /// No handshake; why not.
    Refused(String),
}

/// What a server shows where it is not called by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnnamedAnswers {
    /// To a client that sends no name.
    pub without: Unnamed,
    /// To a client that asks for a name that the server does not have.
    pub wrong: Unnamed,
}

impl Server {
    /// Asks without a name, and for a name that the server does not have; nothing where no name is sent in any case.
    /// `leaf` is the certificate that it shows under its name.
    ///
    /// # Errors
    /// When the server does not answer.
    pub(super) fn unnamed(&self, leaf: &[u8]) -> Result<Option<UnnamedAnswers>, Error> {
        if self.server_name().is_none() {
            return Ok(None);
        }
        let without = self.shown_to(None, leaf)?;
        let wrong = self.shown_to(Some(UNKNOWN), leaf)?;
        Ok(Some(UnnamedAnswers { without, wrong }))
    }

    fn shown_to(&self, name: Option<&'static str>, leaf: &[u8]) -> Result<Unnamed, Error> {
        let (mut config, recorder) = self.client_config(policy::provider())?;
        config.enable_sni = name.is_some();
        let name = name.and_then(|name| ServerName::try_from(name).ok());
        let name = name.unwrap_or_else(|| self.rustls_name());
        let mut connection = ClientConnection::new(Arc::new(config), name).map_err(Error::Setup)?;
        let mut wire = self.open(false, self.time.share(Duration::from_secs(4)))?;
        let done = connection.complete_io(&mut wire);
        let shown = recorder.shown();
        match (shown.certificates.first(), done) {
            (Some(first), _) if first == leaf => Ok(Unnamed::Same),
            (Some(first), _) => Ok(Unnamed::Other(names(first))),
            (None, Err(error)) if error.kind() == io::ErrorKind::TimedOut => Err(Error::Broken(error)),
            (None, Err(error)) => Ok(Unnamed::Refused(self.reason(&error))),
            (None, Ok(_)) => Ok(Unnamed::Refused("it shows no certificate".to_owned())),
        }
    }
}

/// The names that a certificate is for.
fn names(certificate: &[u8]) -> Vec<String> {
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else { return Vec::new() };
    let Ok(Some(alternative)) = certificate.subject_alternative_name() else { return Vec::new() };
    let dns = alternative.value.general_names.iter().filter_map(|name| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        _ => None,
    });
    dns.take(MAX_NAMES).collect()
}
