//! The certificate as bytes: what is to be signed, and the signature around it (RFC 5280 section
//! 4.1).
//!
//! Issuer name and public key are copied byte for byte. Everything else is certkit's own profile,
//! in one order, so that two certificates differ only where they mean something else.

use std::net::IpAddr;

use time::OffsetDateTime;

use super::addresses::Addresses;
use super::profile::{AddressRange, Constraint};
use crate::der::oid::{self, Oid};
use crate::der::{
    BIT_STRING, BOOLEAN, CONTEXT_0, OCTET_STRING, SEQUENCE, bits, context, context_constructed, element,
    time, unsigned,
};
use crate::x509::{CertificateName, Purpose, Signer};

/// What is to be signed, in the order of the certificate.
pub(super) struct ToBeSigned<'a> {
    pub(super) serial: &'a [u8],
    /// The issuer's name, whole DER.
    pub(super) issuer: &'a [u8],
    pub(super) not_before: OffsetDateTime,
    pub(super) not_after: OffsetDateTime,
    /// The subject's name, whole DER.
    pub(super) subject: &'a [u8],
    pub(super) spki: &'a [u8],
    pub(super) extensions: Vec<Vec<u8>>,
}

impl ToBeSigned<'_> {
    /// The whole certificate; `None` when the key cannot sign.
    pub(super) fn sign(&self, signer: &Signer) -> Option<Vec<u8>> {
        let version = element(CONTEXT_0, &[&unsigned(&[2])]); // v3
        let validity = element(SEQUENCE, &[&time(self.not_before), &time(self.not_after)]);
        let extensions: Vec<&[u8]> = self.extensions.iter().map(Vec::as_slice).collect();
        let extensions = element(context_constructed(3), &[&element(SEQUENCE, &extensions)]);
        let parts: [&[u8]; 8] = [
            &version,
            &unsigned(self.serial),
            signer.algorithm(),
            self.issuer,
            &validity,
            self.subject,
            self.spki,
            &extensions,
        ];
        signed(&element(SEQUENCE, &parts), signer)
    }
}

/// Puts the signature behind what it signs. Certificates, requests and revocation lists all have
/// this shape.
pub(super) fn signed(part: &[u8], signer: &Signer) -> Option<Vec<u8>> {
    let signature = signer.sign(part)?;
    Some(element(SEQUENCE, &[part, signer.algorithm(), &bits(&signature)]))
}

/// An extension; `value` is DER. DEFAULT FALSE is left out, as DER wants it.
pub(super) fn extension(id: Oid, critical: bool, value: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if critical { &[BOOLEAN, 1, 0xff] } else { &[] };
    element(SEQUENCE, &[id.der(), critical, &element(OCTET_STRING, &[value])])
}

/// RFC 5280 section 4.2.1.1: the issuer's key identifier and nothing else.
pub(super) fn authority_key_id(key_id: &[u8]) -> Vec<u8> {
    extension(oid::AUTHORITY_KEY_ID, false, &element(SEQUENCE, &[&element(context(0), &[key_id])]))
}

/// RFC 5280 section 4.2.1.2.
pub(super) fn subject_key_id(key_id: &[u8]) -> Vec<u8> {
    extension(oid::SUBJECT_KEY_ID, false, &element(OCTET_STRING, &[key_id]))
}

/// RFC 5280 section 4.2.1.9, critical throughout: a CA must have it so, and the baseline
/// requirements (7.1.2.7.6) want it so on other certificates too.
pub(super) fn basic_constraints(role: BasicRole) -> Vec<u8> {
    let ca: &[u8] = &[BOOLEAN, 1, 0xff];
    let value = match role {
        BasicRole::Ca(Some(length)) => element(SEQUENCE, &[ca, &unsigned(&[length])]),
        BasicRole::Ca(None) => element(SEQUENCE, &[ca]),
        BasicRole::Leaf => element(SEQUENCE, &[]),
    };
    extension(oid::BASIC_CONSTRAINTS, true, &value)
}

/// What basic constraints say.
#[derive(Clone, Copy)]
pub(super) enum BasicRole {
    /// With the path length, if there is one.
    Ca(Option<u8>),
    Leaf,
}

/// RFC 5280 section 4.2.1.3. A bit string without the zeros at its end.
pub(super) fn key_usage(usage: KeyUsages) -> Vec<u8> {
    let (unused, byte) = match usage {
        KeyUsages::Ca => (1, 0b0000_0110),              // keyCertSign, cRLSign
        KeyUsages::Signature => (7, 0b1000_0000),       // digitalSignature
        KeyUsages::SignatureAndRsa => (5, 0b1010_0000), // and keyEncipherment
    };
    extension(oid::KEY_USAGE, true, &element(BIT_STRING, &[&[unused, byte]]))
}

/// The key usages that certkit gives.
#[derive(Clone, Copy)]
pub(super) enum KeyUsages {
    /// Certificates and revocation lists.
    Ca,
    Signature,
    /// Handshakes, and the RSA key exchange of TLS 1.2. On other keys that means nothing (RFC 8813
    /// section 3).
    SignatureAndRsa,
}

/// RFC 5280 section 4.2.1.12.
pub(super) fn extended_key_usage(purposes: impl Iterator<Item = Purpose>) -> Vec<u8> {
    let id = |purpose| match purpose {
        Purpose::Client => oid::CLIENT_AUTH.der(),
        Purpose::Server => oid::SERVER_AUTH.der(),
    };
    let ids: Vec<_> = purposes.map(id).collect();
    extension(oid::EXTENDED_KEY_USAGE, false, &element(SEQUENCE, &ids))
}

/// RFC 5280 section 4.2.1.6: critical where the subject is empty.
pub(super) fn subject_alt_names(names: &[CertificateName], critical: bool) -> Vec<u8> {
    extension(oid::SUBJECT_ALT_NAME, critical, &general_names(names))
}

fn general_names(names: &[CertificateName]) -> Vec<u8> {
    let names: Vec<_> = names.iter().map(general_name).collect();
    let parts: Vec<&[u8]> = names.iter().map(Vec::as_slice).collect();
    element(SEQUENCE, &parts)
}

fn general_name(name: &CertificateName) -> Vec<u8> {
    match name {
        CertificateName::Mail(mail) => element(context(1), &[mail.as_bytes()]),
        CertificateName::Dns(name) => element(context(2), &[name.as_bytes()]),
        CertificateName::Uri(uri) => element(context(6), &[uri.as_bytes()]),
        CertificateName::Ip(address) => element(context(7), &[&octets(*address)]),
    }
}

/// cRLDistributionPoints (RFC 5280 section 4.2.1.13) and authorityInfoAccess (section 4.2.2.1). The addresses of a list
/// are in one distribution point: "each name describes a different mechanism to obtain the same CRL".
pub(super) fn addresses(addresses: &Addresses) -> Vec<Vec<u8>> {
    let mut extensions = Vec::new();
    let uri = |uri: &String| element(context(6), &[uri.as_bytes()]);
    if !addresses.crl.is_empty() {
        let names: Vec<u8> = addresses.crl.iter().flat_map(uri).collect();
        let name = element(context_constructed(0), &[&element(context_constructed(0), &[&names])]);
        let points = element(SEQUENCE, &[&element(SEQUENCE, &[&name])]);
        extensions.push(extension(oid::CRL_DISTRIBUTION_POINTS, false, &points));
    }
    if !addresses.issuer.is_empty() {
        let access = |address| element(SEQUENCE, &[oid::CA_ISSUERS.der(), &uri(address)]);
        let access: Vec<u8> = addresses.issuer.iter().flat_map(access).collect();
        extensions.push(extension(oid::AUTHORITY_INFO_ACCESS, false, &element(SEQUENCE, &[&access])));
    }
    extensions
}

/// RFC 5280 section 4.2.1.10: critical.
pub(super) fn name_constraints(permitted: &[Constraint], excluded: &[Constraint]) -> Vec<u8> {
    let subtrees = |number, constraints: &[Constraint]| {
        let subtrees: Vec<_> = constraints.iter().map(subtree).collect();
        let parts: Vec<&[u8]> = subtrees.iter().map(Vec::as_slice).collect();
        if parts.is_empty() { Vec::new() } else { element(context_constructed(number), &parts) }
    };
    let value = element(SEQUENCE, &[&subtrees(0, permitted), &subtrees(1, excluded)]);
    extension(oid::NAME_CONSTRAINTS, true, &value)
}

fn subtree(constraint: &Constraint) -> Vec<u8> {
    let base = match constraint {
        Constraint::Domain(name) => element(context(2), &[name.as_bytes()]),
        Constraint::Addresses(range) => element(context(7), &[&network(*range), &mask(*range)]),
    };
    element(SEQUENCE, &[&base])
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// The address with the bits that do not count set to zero.
fn network(range: AddressRange) -> Vec<u8> {
    octets(range.address).iter().zip(mask(range)).map(|(octet, mask)| octet & mask).collect()
}

fn mask(range: AddressRange) -> Vec<u8> {
    let bytes = if range.address.is_ipv4() { 4 } else { 16 };
    let octet = |index: u32| {
        let bits = u32::from(range.prefix).saturating_sub(index * 8).min(8);
        !(0xff_u16 >> bits) as u8
    };
    (0..bytes).map(octet).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_and_networks() {
        let range = |text: &str| match Constraint::parse(text).unwrap() {
            Constraint::Addresses(range) => range,
            Constraint::Domain(_) => unreachable!(),
        };
        assert_eq!(mask(range("10.0.0.0/8")), [255, 0, 0, 0]);
        assert_eq!(mask(range("10.0.0.0/0")), [0; 4]);
        assert_eq!(mask(range("10.0.0.0/19")), [255, 255, 0xe0, 0]);
        assert_eq!(network(range("10.9.255.1/12")), [10, 0, 0, 0]);
        assert_eq!(mask(range("::1")), [255; 16]);
        assert_eq!(mask(range("2001:db8::/33"))[..5], [255, 255, 255, 255, 0x80]);
    }

    #[test]
    fn usages_without_zeros_at_their_end() {
        let value = |usage| key_usage(usage).split_off(key_usage(usage).len() - 4);
        assert_eq!(value(KeyUsages::Ca), [3, 2, 1, 6]);
        assert_eq!(value(KeyUsages::Signature), [3, 2, 7, 0x80]);
        assert_eq!(value(KeyUsages::SignatureAndRsa), [3, 2, 5, 0xa0]);
    }
}
