//! How a CA of certkit is recognised in a store, also when no folder has its file any more.

use super::Anchor;
use crate::pem;
use crate::x509::Certificate;

/// Whether certkit made this root, or put it into a store. `name` is what the store calls it.
///
/// A name alone is not a proof, so each mark repeats a digest of the certificate that carries it: the file
/// `certkit-…` of the system, the name `… […]` in NSS and Java (see [`Anchor::new`]), and the end of the common name,
/// which `mkca` takes from the public key.
pub fn is_ours(name: &str, certificate: &Certificate) -> bool {
    certificate.is_self_issued()
        && certificate.is_ca()
        && (names_fingerprint(name, certificate) || ends_with_key(certificate))
}

/// `certkit-` and 16 digits of the fingerprint, or 12 of them in brackets. Java keeps names in lower case.
fn names_fingerprint(name: &str, certificate: &Certificate) -> bool {
    let sha256 = certificate.sha256();
    let (file, name) = (Anchor::file_stem(certificate), name.to_lowercase());
    name.contains(&file) || sha256.get(..12).is_some_and(|digits| name.ends_with(&format!("[{digits}]")))
}

/// `… 2026-11-28 1a2b3c4d`: a date, and the beginning of the public key's SHA-256.
fn ends_with_key(certificate: &Certificate) -> bool {
    let Some(name) = certificate.subject.common_name() else { return false };
    let mut words = name.rsplitn(3, ' ');
    let (Some(digits), Some(date), Some(_)) = (words.next(), words.next(), words.next()) else {
        return false;
    };
    let is_date = date.len() == 10
        && date.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    is_date && digits.len() == 8 && certificate.spki_sha256().starts_with(digits)
}

/// The certificates in a file: PEM, or one in DER. What is damaged is left out.
pub fn certificates_in(bytes: &[u8]) -> Vec<Certificate> {
    if !pem::has_block(bytes) {
        return Certificate::from_der(bytes).into_iter().collect();
    }
    let blocks = pem::scan(bytes).blocks;
    let certificates = blocks.iter().filter(|block| block.is_certificate());
    certificates.filter_map(|block| Certificate::from_der(block.der.to_vec()).ok()).collect()
}

/// What stays the same in the common names of the CAs that one user makes on one machine: all but the date and the
/// digits of the key. `None` where the name is not of this form.
pub fn name_without_date(certificate: &Certificate) -> Option<&str> {
    let name = certificate.subject.common_name().filter(|_| ends_with_key(certificate))?;
    name.rsplitn(3, ' ').nth(2)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{root, root_named};
    use super::*;

    #[test]
    fn a_mark_repeats_a_digest_of_its_certificate() {
        let made = root_named(|spki| format!("certkit CA me@host 2026-11-28 {}", &spki[..8]));
        assert!(is_ours("", &made));
        assert_eq!(name_without_date(&made), Some("certkit CA me@host"));
        for copied in [
            root("certkit CA me@host 2026-11-28 12345678"),
            root_named(|spki| format!("certkit CA me@host yesterday {}", &spki[..8])),
            root_named(|spki| format!("2026-11-28 {}", &spki[..8])),
        ] {
            assert!(!is_ours("", &copied), "{copied:?}");
            assert!(!is_ours("certkit-0123456789abcdef", &copied));
            assert_eq!(name_without_date(&copied), None);
            let anchor = Anchor::new(copied.clone());
            for name in [anchor.name.clone(), anchor.name.to_lowercase(), Anchor::file_stem(&copied)] {
                assert!(is_ours(&name, &copied), "{name}");
                assert!(!is_ours(&name, &root("other")), "{name}");
            }
            let debian = format!("debian:{}.pem", Anchor::file_stem(&copied));
            assert!(is_ours(&debian, &copied));
        }
    }

    #[test]
    fn certificates_are_read_in_both_forms() {
        let (one, other) = (root("one"), root("other"));
        let text = format!("# two\n{}{}", Anchor::new(one.clone()).pem(), Anchor::new(other.clone()).pem());
        assert_eq!(certificates_in(text.as_bytes()), [one.clone(), other]);
        assert_eq!(certificates_in(&one.der.clone()), [one]);
        assert!(certificates_in(b"hello").is_empty());
    }
}
