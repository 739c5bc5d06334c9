//! A certificate authority: what to issue, issuing it, and what was issued.
//!
//! ```text
//! Issuance (profile, key, proof) ──> Issuer::issue ──> Issued (certificate, key, ledger line) ──> publish
//! ```
//!
//! | file | what it does |
//! |---|---|
//! | `profile`, `validity`, `names`, `naming`, `subject` | what to issue |
//! | `issuance` | the request for a certificate and its result |
//! | `issuer` | the verb: key, certificate, comparison, proof by the chain rules |
//! | `plan`, `encode`, `serial` | a certificate before it is signed, and as bytes |
//! | `signing_ca` | the CA as its files have it |
//! | `publish` | files and ledger, in the order that no kill can break |
//! | `bulk` | many certificates at once |
//! | `existing`, `renewal` | certificates that are there already |
//! | `signing_request` | what somebody else's request may become |
//! | `crl`, `reason`, `revocation` | revocation lists |
//! | `ledger` | the file beside the CA that says what it issued and revoked |

mod bulk;
mod crl;
mod encode;
mod error;
mod existing;
mod issuance;
mod issuer;
mod ledger;
mod names;
mod naming;
mod plan;
mod profile;
mod publish;
mod reason;
mod renewal;
mod revocation;
mod serial;
mod signing_ca;
mod signing_request;
mod subject;
mod validity;

pub use bulk::{BulkError, BulkRequest, LineError, LineProblem};
pub use error::Error;
pub use existing::{CertificateFiles, ExistingCertificate};
pub use issuance::{Issuance, Issued, SubjectKey, new_key};
pub use issuer::{Issuer, make_request, make_root};
pub use ledger::{Error as LedgerError, Event, Ledger, Records};
pub use names::certificate_names;
pub use naming::{CaLevel, InvalidCaName, ca_common_name, ca_subject, check_ca_name};
pub use profile::{CaProfile, Constraint, LeafProfile};
pub use publish::{PublishError, certificate_text, publish, with_ending};
pub use reason::Reason;
pub use renewal::{RenewalError, renewed_key_kind, renewed_profile, require_renewable};
pub use revocation::RevocationError;
pub use signing_ca::{
    BUNDLE_FILE, INTERMEDIATE_FILES, NotIssuedHereError, OwnFileError, ROOT_FILES, SigningCa,
};
pub use signing_request::{
    RequestError, RequestedLeaf, key_refused_by_browsers, requested_ca, verify_request,
};
pub use subject::{InvalidSubject, Subject};
pub use validity::{End, LongValidity, ValidityError, ValidityLimit};
