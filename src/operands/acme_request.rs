//! A certificate signing request for `certkit acme obtain --csr`: which names an order for it must have, and what of it
//! no ACME server issues.

use crate::acme::{self, GivenRequest};
use crate::ca::{RequestError, omitted_extensions, verify_request};
use crate::x509::{InvalidName, Purpose, Request, SubjectAltName};

/// Why no certificate can be ordered for a request.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AcmeRequestError {
    #[error("the request asks for a CA certificate, and ACME servers issue certificates for servers only")]
    Ca,
    #[error("the common name of the request is `{}`: {}", .0.text, .0.reason)]
    CommonName(InvalidName),
    #[error("the request asks for the name `{}`: {}", .0.text, .0.reason)]
    Name(InvalidName),
    #[error("the request contains no name")]
    NoNames,
    #[error("the request asks for `{0}`, and an ACME order has DNS names and IP addresses only")]
    OtherName(SubjectAltName),
    #[error(transparent)]
    Request(#[from] RequestError),
    #[error("the request cannot be read: {0}")]
    Unreadable(String),
}

/// A request that can be ordered for.
#[derive(Debug)]
pub struct OrderedRequest {
    pub request: GivenRequest,
    /// All its names; the certificate is filed under the first, its common name if it has one.
    pub names: Vec<String>,
    /// What it asks for and no ACME server issues, in words.
    pub omitted: Vec<String>,
}

impl OrderedRequest {
    /// Looks whether the server of this directory can issue a certificate for a request, given in DER.
    ///
    /// # Errors
    /// [`AcmeRequestError`].
    pub fn new(der: &[u8], request: &Request, server: &str) -> Result<Self, AcmeRequestError> {
        verify_request(request)?;
        if request.asks_for_ca {
            return Err(AcmeRequestError::Ca);
        }
        let names = names(request, server)?;
        let omitted = omitted_extensions(request, &[Purpose::Server]);
        let request = GivenRequest::new(der).map_err(AcmeRequestError::Unreadable)?;
        Ok(Self { request, names, omitted })
    }
}

/// The names of an order, which must be exactly those of the request, its common name included (RFC 8555 section 7.4).
fn names(request: &Request, server: &str) -> Result<Vec<String>, AcmeRequestError> {
    let known = |typed: &str| {
        let name = acme::certificate_name(typed)?;
        acme::check_public_name(&name, server)?;
        Ok(name)
    };
    let mut names = Vec::new();
    if let Some(common_name) = request.subject.common_name() {
        names.push(known(common_name).map_err(AcmeRequestError::CommonName)?);
    }
    for name in &request.names {
        let typed = match name {
            SubjectAltName::Dns(name) => name.clone(),
            SubjectAltName::Ip(address) => address.to_string(),
            other => return Err(AcmeRequestError::OtherName(other.clone())),
        };
        let name = known(&typed).map_err(AcmeRequestError::Name)?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() { Err(AcmeRequestError::NoNames) } else { Ok(names) }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, CustomExtension, DnType, DnValue, IsCa, KeyPair, SanType};

    use super::*;

    const SERVER: &str = "https://ca.test/dir";

    fn read(change: impl FnOnce(&mut CertificateParams)) -> Result<OrderedRequest, AcmeRequestError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        change(&mut params);
        let der = params.serialize_request(&KeyPair::generate().unwrap()).unwrap().der().to_vec();
        OrderedRequest::new(&der, &Request::from_der(&der).unwrap(), SERVER)
    }

    fn dns(name: &str) -> SanType {
        SanType::DnsName(name.try_into().unwrap())
    }

    fn common_name(params: &mut CertificateParams, name: &str) {
        params.distinguished_name.push(DnType::CommonName, DnValue::Utf8String(name.into()));
    }

    #[test]
    fn the_order_has_every_name_once_and_the_common_name_first() {
        let ordered = read(|params| {
            common_name(params, "www.a.test");
            params.subject_alt_names = vec![
                dns("A.test"),
                dns("www.a.test"),
                dns("*.a.test"),
                SanType::IpAddress([192, 0, 2, 7].into()),
            ];
        });
        assert_eq!(ordered.unwrap().names, ["www.a.test", "a.test", "*.a.test", "192.0.2.7"]);
        let ordered = read(|params| common_name(params, "a.test")).unwrap();
        assert_eq!((ordered.names, ordered.omitted), (vec!["a.test".to_owned()], Vec::<String>::new()));
    }

    #[test]
    fn what_cannot_be_ordered_is_named() {
        let mail = SanType::Rfc822Name("me@a.test".try_into().unwrap());
        for (ordered, why) in [
            (read(|_| {}), "contains no name"),
            (read(|params| common_name(params, "My Server")), "common name of the request is `My Server`"),
            (read(|params| params.subject_alt_names = vec![dns("a.test"), mail]), "asks for `me@a.test`"),
            (read(|params| params.subject_alt_names = vec![dns("*.test")]), "top-level domain"),
            (
                read(|params| {
                    params.subject_alt_names = vec![dns("a.test")];
                    params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
                }),
                "CA certificate",
            ),
        ] {
            let reason = ordered.unwrap_err().to_string();
            assert!(reason.contains(why), "{reason}");
        }
    }

    #[test]
    fn a_changed_request_is_refused() {
        let mut params = CertificateParams::default();
        params.subject_alt_names = vec![dns("a.test")];
        let mut der = params.serialize_request(&KeyPair::generate().unwrap()).unwrap().der().to_vec();
        let at = der.windows(6).position(|part| part == b"a.test").unwrap();
        der[at] = b'b';
        let refused = OrderedRequest::new(&der, &Request::from_der(&der).unwrap(), SERVER);
        assert!(matches!(refused, Err(AcmeRequestError::Request(RequestError::NotItsKey))), "{refused:?}");
    }

    #[test]
    fn what_no_server_issues_is_told() {
        let ordered = read(|params| {
            params.subject_alt_names = vec![dns("a.test")];
            // TLS feature (RFC 7633): status_request.
            let must_staple = CustomExtension::from_oid_content(
                &[1, 3, 6, 1, 5, 5, 7, 1, 24],
                vec![0x30, 0x03, 0x02, 0x01, 0x05],
            );
            params.custom_extensions = vec![must_staple];
        });
        assert_eq!(ordered.unwrap().omitted.len(), 1);
    }
}
