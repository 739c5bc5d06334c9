//! A certificate authority: what to issue, issuing it, and what was issued.
//!
//! ```text
//! Issuance (profile, key, proof) ──> Issuer::issue ──> Issued (certificate, key, ledger line) ──> publish
//! ```
//!
//! | file | what it does |
//! |---|---|
//! | `profile`, `validity`, `names`, `typed_names`, `naming`, `subject`, `addresses` | what to issue |
//! | `issuance` | the request for a certificate and its result |
//! | `issuer` | the verb: key, certificate, comparison, proof by the chain rules |
//! | `plan`, `encode`, `serial` | a certificate before it is signed, and as bytes |
//! | `signing_ca` | the CA as its files have it |
//! | `publish` | files and ledger, in the order that no kill can break |
//! | `bulk` | many certificates at once |
//! | `existing`, `renewal` | certificates that are there already |
//! | `ca_renewal`, `family` | the CA itself again, and the CAs before it |
//! | `signing_request` | what somebody else's request may become |
//! | `selection`, `revocation`, `reason` | revoking |
//! | `crl`, `lists` | revocation lists |
//! | `ledger` | the file beside the CA that says what it issued and revoked |

mod addresses;
mod bulk;
mod ca_renewal;
mod crl;
mod encode;
mod error;
mod existing;
mod family;
mod issuance;
mod issuer;
mod ledger;
mod lists;
mod names;
mod naming;
mod plan;
mod profile;
mod publish;
mod reason;
mod renewal;
mod revocation;
mod selection;
mod serial;
mod signing_ca;
mod signing_request;
mod subject;
mod typed_names;
mod validity;

pub use addresses::{Addresses, http_address};
pub use bulk::{BulkError, BulkRequest, LineError, LineProblem};
pub use ca_renewal::{CaRenewalError, allows_below, renew_root};
pub use error::Error;
pub use existing::{CertificateFiles, ExistingCertificate};
pub use family::{named_by_serial, old_path, put_aside, root_beside};
pub use issuance::{Issuance, Issued, SubjectKey, new_key};
pub use issuer::{Issuer, make_ca_request, make_request, make_root};
pub use ledger::{
    BrokenLine, Error as LedgerError, Event, Filed, IssuedRecord, Ledger, Records, announce_waits,
};
pub use lists::{CaAbove, ListFiles, ListRequest, ListsInPlace, MadeList, is_list_of};
pub use names::certificate_names;
pub use naming::{CaLevel, InvalidCaName, ca_common_name, ca_subject, check_ca_name, successor_name};
pub use profile::{CaProfile, Constraint, LeafProfile, example_name};
pub use publish::{FULL_CHAIN_ENDING, PublishError, certificate_text, create_files, publish, with_ending};
pub use reason::Reason;
pub use renewal::{RenewalError, renewed_key_kind, renewed_profile, require_renewable};
pub use revocation::{RevocationError, RevocationRequest, RevocationTarget};
pub use selection::{Candidate, Selection, SelectionError};
pub use signing_ca::{
    BUNDLE_FILE, CROSS_FILE, INTERMEDIATE_FILES, NotIssuedHereError, OwnFileError, ROOT_FILES, SigningCa,
};
pub use signing_request::{
    RequestError, RequestedLeaf, key_refused_by_browsers, omitted_extensions, requested_ca, verify_request,
};
pub use subject::{InvalidSubject, Subject};
pub use typed_names::{NameRemark, TypedNames};
pub use validity::{End, InvalidLength, LongValidity, ValidityError, ValidityLimit};
