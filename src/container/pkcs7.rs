//! PKCS#7 (.p7b, .p7c, .spc): the envelope in which Windows CAs and AIA addresses hand out certificates.
//!
//! Only the certificates and revocation lists are taken out (RFC 5652 section 5.1). The signature around them, where
//! there is one, is not looked at: the certificates are signed themselves.

use crate::der::{self, CONTEXT_0, CONTEXT_1, Element, OID, SEQUENCE, oid};

/// What is in the envelope, each as it stands there.
#[derive(Debug, Default)]
pub(super) struct SignedContents {
    pub(super) certificates: Vec<Vec<u8>>,
    pub(super) crls: Vec<Vec<u8>>,
}

/// Why nothing can be taken out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The structure does not parse.
    #[error("the PKCS#7 file is damaged or cut off")]
    Damaged,
    /// Another kind of message than one that carries certificates.
    #[error("this PKCS#7 file is an {0}, which holds no certificates to read")]
    OtherContent(&'static str),
}

/// Opens an envelope, in DER or BER.
pub(super) fn read(input: &[u8]) -> Result<SignedContents, Error> {
    let (definite, _) = der::to_definite(input).ok_or(Error::Damaged)?;
    let signed_data = signed_data(&definite)?;
    let mut contents = SignedContents::default();
    for element in der::elements(signed_data) {
        match element.tag {
            // CertificateSet: besides certificates only attribute certificates under tags of their own.
            CONTEXT_0 => contents.certificates.extend(sequences(element)),
            CONTEXT_1 => contents.crls.extend(sequences(element)),
            _ => {}
        }
    }
    Ok(contents)
}

/// What stands inside the SignedData.
fn signed_data(input: &[u8]) -> Result<&[u8], Error> {
    let inside = |input, tag| match der::first(input) {
        Some((element, rest)) if element.tag == tag => Ok((element.contents, rest)),
        _ => Err(Error::Damaged),
    };
    let (info, _) = inside(input, SEQUENCE)?;
    let (kind, rest) = inside(info, OID)?;
    match oid::find(kind) {
        Some(oid::SIGNED_DATA) => {}
        Some(oid::DATA) => return Err(Error::OtherContent("envelope around plain data")),
        Some(oid::ENVELOPED_DATA | oid::ENCRYPTED_DATA) => {
            return Err(Error::OtherContent("encrypted message"));
        }
        _ => return Err(Error::OtherContent("unknown kind of message")),
    }
    let (content, _) = inside(rest, CONTEXT_0)?;
    let (signed, _) = inside(content, SEQUENCE)?;
    Ok(signed)
}

fn sequences(set: Element<'_>) -> impl Iterator<Item = Vec<u8>> {
    der::elements(set.contents)
        .filter(|element| element.tag == SEQUENCE)
        .map(|element| element.whole.to_vec())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::container::identify::identify;
    use crate::der::element;

    /// A PKCS#7 envelope around certificates that are any sequences.
    fn envelope(certificates: &[Vec<u8>]) -> Vec<u8> {
        let signed = [
            element(der::INTEGER, &[&[1]]),
            element(0x31, &[]),
            element(SEQUENCE, &[oid::DATA.der()]),
            element(CONTEXT_0, &[&certificates.concat()]),
            element(0x31, &[]),
        ]
        .concat();
        let content = element(CONTEXT_0, &[&element(SEQUENCE, &[&signed])]);
        element(SEQUENCE, &[oid::SIGNED_DATA.der(), &content])
    }

    #[test]
    fn other_messages_are_named() {
        let encrypted =
            element(SEQUENCE, &[oid::ENVELOPED_DATA.der(), &element(CONTEXT_0, &[&element(SEQUENCE, &[])])]);
        assert_eq!(read(&encrypted).unwrap_err(), Error::OtherContent("encrypted message"));
        assert_eq!(read(&encrypted[..9]).unwrap_err(), Error::Damaged);
    }

    proptest! {
        #[test]
        fn certificates_come_out_as_they_went_in(
            bodies in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..5)) {
            // Inside a certificate there is DER, so the bodies are octet strings here.
            let certificates: Vec<_> =
                bodies.iter().map(|body| element(SEQUENCE, &[&element(der::OCTET_STRING, &[body])])).collect();
            let der = envelope(&certificates);
            prop_assert_eq!(identify(&der), Some(crate::container::BlockKind::Pkcs7));
            prop_assert_eq!(read(&der).unwrap().certificates, certificates);
        }

        #[test]
        fn no_damage_panics(place in 0usize..60, byte: u8) {
            let mut der = envelope(&[element(SEQUENCE, &[&[2, 1, 1]])]);
            let place = place % der.len();
            der[place] = byte;
            let _ = read(&der);
        }
    }
}
