//! The key of a certificate that is ordered: ours, or one whose public half came in a signing request.

use crate::acme::error::Error;
use crate::acme::order::signing_request;
use crate::acme::plan::given_request::GivenRequest;
use crate::x509::PrivateKey;

/// Whom the certificate is for.
#[derive(Debug)]
pub enum OrderKey {
    Given(GivenRequest),
    Ours(PrivateKey),
}

impl OrderKey {
    pub fn spki(&self) -> &[u8] {
        match self {
            Self::Given(request) => request.spki(),
            Self::Ours(key) => key.spki(),
        }
    }

    /// The key, where it is here.
    pub fn private(&self) -> Option<&PrivateKey> {
        match self {
            Self::Given(_) => None,
            Self::Ours(key) => Some(key),
        }
    }

    /// The request that an order for these names is finalized with, as DER.
    ///
    /// # Errors
    /// [`Error::Key`].
    pub fn request(&self, names: &[String]) -> Result<Vec<u8>, Error> {
        match self {
            Self::Given(request) => Ok(request.der().to_vec()),
            Self::Ours(key) => signing_request::for_names(key, names),
        }
    }
}
