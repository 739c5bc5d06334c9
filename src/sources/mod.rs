//! Where the certificates of the running server come from: files, an ACME server, or a CA made for
//! localhost. Each is a [`CertificateSource`](crate::tls::CertificateSource), and the server knows
//! no more of it.

mod acme;
pub mod acme_accounts;
pub mod acme_caller;
mod acme_certificates;
mod acme_http;
mod acme_leftovers;
mod acme_reach;
mod acme_request;
mod acme_shared;
mod acme_watch;
mod files;
mod judge;
mod last_pairs;
mod localhost;
mod named_file;
mod new_chain;
mod on_demand;
mod on_demand_certificates;
mod on_demand_memory;
mod on_demand_permission;
mod staples;
mod watched;

use std::path::PathBuf;
use std::sync::Arc;

pub use self::acme::AcmeWatch;
pub use self::acme_request::{AcmeRequest, StateReader};
use self::files::Files;
pub use self::files::{PreparedFiles, ServedFiles};
use self::localhost::Localhost;
pub use self::on_demand::OnDemandRequest;
pub use self::watched::CertificateFiles;
use crate::advice::certificate::CertificateError;
use crate::chain::{Origin, TrustStore};
use crate::console::Console;
use crate::operands::ca_lookup::trust_local_ca;
use crate::report::Failure;
use crate::serve::Certificates;
use crate::sys::opener::Opener;
use crate::tls::CertificateSet;
use crate::x509::{Certificate, CertifiedKey, SubjectAltName};

/// Which certificates the server is to use.
pub enum CertificateChoice {
    /// `--acme`: obtained and renewed while the server runs.
    Acme(Box<AcmeRequest>),
    /// `--cert`, `--key` and `--ocsp-staple`.
    Files {
        /// Of each site.
        named: Vec<CertificateFiles>,
        /// Serve them although they have expired or are in the wrong order, or an OCSP response does not hold.
        force: bool,
        /// Opens them, also when they are read again.
        opener: Arc<dyn Opener>,
    },
    /// One made here, for localhost.
    Localhost {
        /// Opens what was made, also when it is read again.
        opener: Arc<dyn Opener>,
    },
}

/// Certificates that are ready to be served.
pub struct OpenedCertificates {
    pub certificates: Certificates,
    pub identity: ServerIdentity,
    /// What renews them, to be started once the server listens.
    pub watch: Option<AcmeWatch>,
    /// Which files they are from.
    pub files: Option<ServedFiles>,
}

/// How clients reach the server, and what they must trust.
#[derive(Debug, Default)]
pub struct ServerIdentity {
    /// A name of the first certificate.
    pub name: Option<String>,
    /// The private CA that issued it.
    pub ca: Option<PathBuf>,
}

impl CertificateChoice {
    /// Reads or makes the first certificates.
    ///
    /// # Errors
    /// When there is nothing to serve: a file is missing or wrong, or a certificate can never be
    /// obtained.
    pub fn open(self, console: Console) -> Result<OpenedCertificates, Failure> {
        match self {
            Self::Acme(request) => acme::open(*request, console),
            Self::Files { named, force, opener } => {
                let files = Arc::new(Files::new(&named, force, &opener)?.reporting_to(console));
                let (pairs, remarks) = files.read()?;
                console.findings(&remarks);
                let set = CertificateSet::new(&pairs).map_err(CertificateError::Unusable)?;
                Ok(OpenedCertificates {
                    files: Some(ServedFiles(Arc::clone(&files))),
                    certificates: Certificates::new(set, files),
                    identity: pairs.first().map(ServerIdentity::of).unwrap_or_default(),
                    watch: None,
                })
            }
            Self::Localhost { opener } => {
                let localhost = Localhost::new(opener)?;
                let pair = localhost.read_or_make()?;
                let set = CertificateSet::new([&pair]).map_err(CertificateError::Unusable)?;
                let identity =
                    ServerIdentity { name: Some("localhost".to_owned()), ca: Some(localhost.ca_file()) };
                let certificates = Certificates::new(set, Arc::new(localhost));
                Ok(OpenedCertificates { certificates, identity, watch: None, files: None })
            }
        }
    }
}

/// The files of a certificate for localhost.
pub fn localhost_files() -> Vec<PathBuf> {
    localhost::server_files()
}

impl ServerIdentity {
    fn of(pair: &CertifiedKey) -> Self {
        let names = pair.leaf().subject_alt_names.iter().flatten();
        let mut names = names.filter_map(|name| match name {
            SubjectAltName::Dns(name) => Some(name.replace("*.", "www.")),
            SubjectAltName::Ip(address) if address.is_ipv6() => Some(format!("[{address}]")),
            SubjectAltName::Ip(address) => Some(address.to_string()),
            _ => None,
        });
        Self { name: names.next(), ca: pair.chain().last().and_then(private_ca) }
    }
}

/// The CA of the CA lookup that issued this certificate.
fn private_ca(last: &Certificate) -> Option<PathBuf> {
    let mut trust = TrustStore::default();
    trust_local_ca(&mut trust);
    trust.named(&last.issuer).find_map(|anchor| match &anchor.origin {
        Origin::LocalCa(file) | Origin::OldCa(file) => Some(PathBuf::from(file)),
        _ => None,
    })
}
