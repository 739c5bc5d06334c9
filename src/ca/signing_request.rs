//! What a certificate signing request of somebody else may become.
//!
//! A request comes from a stranger. Its names and its key are taken, after it has proved that its
//! owner has the key; everything else is decided here.

use std::path::PathBuf;

use super::addresses::Addresses;
use super::names::certificate_name;
use super::profile::{CaProfile, LeafProfile};
use super::signing_ca::SigningCa;
use super::subject::Subject;
use super::validity::End;
use crate::der::oid;
use crate::x509::{CertificateName, P521, PublicKeyKind, Purpose, Request, SignatureCheck, SubjectAltName};

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    #[error("a CA needs a common name, so that trust stores can show which one it is")]
    CaWithoutName,
    #[error("`{0}` is the name of the CA that signs")]
    NameOfIssuer(String),
    #[error("the request contains no name")]
    NoNames,
    #[error("the request has its name `{0}` in the CN only, which current clients ignore")]
    OnlyCommonName(String),
    #[error("the CA `{}` cannot have a CA below it (path length 0)", ca.display())]
    PathLength { ca: PathBuf, is_root: bool },
    #[error("the request was not signed by its own key: it was changed, or the key in it was replaced")]
    NotItsKey,
    #[error(
        "the signature of the request ({signature}, {key}) cannot be verified, so nothing proves \
         that its owner has the key"
    )]
    UnverifiableSignature { signature: String, key: String },
    #[error("the key has {0} bits, and clients refuse RSA keys below 2048 bits")]
    WeakKey(usize),
}

/// What a request becomes, and what of it was omitted.
pub struct RequestedLeaf {
    pub profile: LeafProfile,
    /// Names of forms that certkit does not issue.
    pub omitted_names: Vec<SubjectAltName>,
    /// A common name that is not among the names to certify.
    pub omitted_common_name: Option<String>,
}

/// Refuses a request that may not be signed whatever it asks for.
///
/// # Errors
/// When its key is too weak, or nothing proves that its owner has the key.
pub fn verify_request(request: &Request) -> Result<(), RequestError> {
    let kind = PublicKeyKind::new(&request.spki);
    if let PublicKeyKind::Rsa(bits @ ..2048) = kind {
        return Err(RequestError::WeakKey(bits));
    }
    match request.proof_of_possession() {
        SignatureCheck::Valid => Ok(()),
        SignatureCheck::Invalid => Err(RequestError::NotItsKey),
        SignatureCheck::Unsupported => {
            let (signature, key) = (request.signature.clone(), kind.to_string());
            Err(RequestError::UnverifiableSignature { signature, key })
        }
    }
}

/// The kind of a key that browsers refuse; `None` for those that they accept.
pub fn key_refused_by_browsers(request: &Request) -> Option<String> {
    let kind = PublicKeyKind::new(&request.spki);
    match kind {
        PublicKeyKind::Rsa(_) => None,
        PublicKeyKind::Ec(Some(curve)) if curve != P521 => None,
        _ => Some(kind.to_string()),
    }
}

impl RequestedLeaf {
    /// Names and subject of the certificate: the request's, and `more` names.
    ///
    /// # Errors
    /// When there is no name to certify.
    pub fn new(
        request: &Request,
        more: Vec<CertificateName>,
        purpose: Purpose,
        end: End,
    ) -> Result<Self, RequestError> {
        let (mut names, mut omitted_names) = (Vec::new(), Vec::new());
        for name in &request.names {
            match certificate_name(name) {
                Some(known) if names.contains(&known) => {}
                Some(new) => names.push(new),
                None => omitted_names.push(name.clone()),
            }
        }
        for name in more {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let common_name = request.subject.common_name();
        // A client is known by its subject as well; a server is not.
        let is_known_by_subject = purpose == Purpose::Client && !request.subject.is_empty();
        if names.is_empty() && !is_known_by_subject {
            // No current client looks at the common name, so a certificate with nothing else would
            // be refused.
            return Err(match common_name.filter(|name| CertificateName::parse(name).is_ok()) {
                Some(name) => RequestError::OnlyCommonName(name.to_owned()),
                None => RequestError::NoNames,
            });
        }
        let is_among_names = common_name
            .is_some_and(|name| CertificateName::parse(name).is_ok_and(|name| names.contains(&name)));
        let keeps_subject = is_known_by_subject || is_among_names;
        let profile = LeafProfile {
            subject: keeps_subject.then(|| Subject::copied(&request.subject)),
            names,
            purpose,
            also_for: None,
            end,
            addresses: Addresses::default(),
        };
        let omitted_common_name = common_name.filter(|_| !keeps_subject).map(str::to_owned);
        Ok(Self { profile, omitted_names, omitted_common_name })
    }
}

/// What a request asks for besides names and is not granted: purposes other than `granted`, and extensions. Those that
/// every certificate of certkit has, whatever the request says of them, are not listed.
pub fn omitted_extensions(request: &Request, granted: &[Purpose]) -> Vec<String> {
    const OWN: [oid::Oid; 3] = [oid::KEY_USAGE, oid::SUBJECT_KEY_ID, oid::AUTHORITY_KEY_ID];
    let is_granted = |usage: &&String| granted.iter().any(|purpose| purpose.oid() == usage.as_str());
    let usages = request.extended_key_usage.iter().filter(|usage| !is_granted(usage));
    let others = request.other_extensions.iter().filter(|id| !OWN.iter().any(|own| own.text == id.as_str()));
    let usages = usages.map(|usage| format!("{} {}", oid::EXTENDED_KEY_USAGE.name, oid::name_of(usage)));
    usages.chain(others.map(|id| oid::name_of(id).to_owned())).collect()
}

/// A CA below `ca`: its subject is the request's.
///
/// # Errors
/// When the request has no name of its own, or the CA cannot have another one below it.
pub fn requested_ca(
    request: &Request,
    ca: &SigningCa,
    validity_days: u32,
) -> Result<CaProfile, RequestError> {
    let issuer = ca.certified.leaf();
    let name = request.subject.common_name().ok_or(RequestError::CaWithoutName)?;
    if request.subject.der == issuer.subject.der {
        return Err(RequestError::NameOfIssuer(name.to_owned()));
    }
    let path_length = issuer.basic_constraints.and_then(|constraints| constraints.path_length);
    if path_length == Some(0) {
        return Err(RequestError::PathLength { ca: ca.path.clone(), is_root: issuer.is_self_signed() });
    }
    let mut profile = CaProfile::new(Subject::copied(&request.subject), validity_days, 0);
    // Not every client holds a root's limits against what is below its intermediates.
    profile.limited_as = Some(issuer.clone());
    Ok(profile)
}
