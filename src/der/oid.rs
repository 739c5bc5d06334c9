//! Object identifiers and what they are called: the one table of them.

use super::tag::OID;
use super::writer::element;

/// An object identifier that certkit knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Oid {
    /// As `2.5.4.3`.
    pub text: &'static str,
    /// As reports name it: the word of its standard, or what a cipher or hash is called in prose.
    pub name: &'static str,
    der: &'static [u8],
}

impl Oid {
    pub const fn der(self) -> &'static [u8] {
        self.der
    }

    /// The element without its header.
    pub const fn contents(self) -> &'static [u8] {
        self.der.split_at(2).1
    }

    /// Whether these are its contents.
    pub fn is(self, contents: &[u8]) -> bool {
        self.contents() == contents
    }
}

/// The identifier with these contents, if the table has it.
pub fn find(contents: &[u8]) -> Option<Oid> {
    TABLE.iter().copied().find(|known| known.is(contents))
}

/// The identifier that is written like this, if the table has it.
pub fn find_text(text: &str) -> Option<Oid> {
    TABLE.iter().copied().find(|known| known.text == text)
}

/// The name of the identifier that is written like this; the text itself where the table does not have it.
pub fn name_of(text: &str) -> &str {
    find_text(text).map_or(text, |known| known.name)
}

/// The contents of an object identifier in figures, as `1.2.840.113549.1.7.2`.
pub fn to_text(contents: &[u8]) -> String {
    let mut arcs: Vec<u64> = Vec::new();
    let mut arc = 0u64;
    for &octet in contents {
        arc = arc << 7 | u64::from(octet & 0x7f);
        if octet & 0x80 == 0 {
            if arcs.is_empty() {
                let top = (arc / 40).min(2);
                arcs.extend([top, arc - top * 40]);
            } else {
                arcs.push(arc);
            }
            arc = 0;
        }
    }
    arcs.iter().map(u64::to_string).collect::<Vec<_>>().join(".")
}

/// The whole element of the identifier that is written like this; `None` when the text is not one.
pub fn from_text(text: &str) -> Option<Vec<u8>> {
    let arcs: Vec<u64> = text.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
    let (&top, rest) = arcs.split_first()?;
    let (&second, rest) = rest.split_first()?;
    if top > 2 || (top < 2 && second > 39) || second > 1 << 32 {
        return None;
    }
    let mut contents = Vec::new();
    for arc in std::iter::once(top * 40 + second).chain(rest.iter().copied()) {
        for index in (0..sevens(arc)).rev() {
            contents.push(seven(arc, index));
        }
    }
    Some(element(OID, &[&contents]))
}

/// How many octets an arc takes, of seven bits each.
const fn sevens(arc: u64) -> u32 {
    let bits = 64 - arc.leading_zeros();
    if bits == 0 { 1 } else { bits.div_ceil(7) }
}

/// Seven bits of an arc, counted from the lowest; all octets but the last have the highest bit set.
const fn seven(arc: u64, index: u32) -> u8 {
    let bits = (arc >> (index * 7)) as u8 & 0x7f;
    if index == 0 { bits } else { bits | 0x80 }
}

/// Writes an identifier of the table when certkit is compiled: the element, and how much of `out` it takes.
const fn encode<const LENGTH: usize>(text: &str) -> ([u8; LENGTH], usize) {
    let text = text.as_bytes();
    let mut out = [0; LENGTH];
    let (mut at, mut used, mut number, mut arc) = (0, 2, 0, 0);
    while at <= text.len() {
        if at < text.len() && text[at] != b'.' {
            assert!(text[at].is_ascii_digit());
            arc = arc * 10 + (text[at] - b'0') as u64;
        } else {
            number += 1;
            // The first two arcs share an octet.
            if number == 1 {
                arc *= 40;
                at += 1;
                let mut second = 0;
                while text[at] != b'.' {
                    second = second * 10 + (text[at] - b'0') as u64;
                    at += 1;
                }
                arc += second;
            }
            let mut left = sevens(arc);
            while left > 0 {
                left -= 1;
                if used < LENGTH {
                    out[used] = seven(arc, left);
                }
                used += 1;
            }
            arc = 0;
        }
        at += 1;
    }
    if LENGTH > 1 {
        out[0] = OID;
        out[1] = (used - 2) as u8;
    }
    (out, used)
}

macro_rules! table {
    ($($(#[$source:meta])* $constant:ident = $text:literal, $name:literal;)*) => {
        $(
            $(#[$source])*
            pub const $constant: Oid = Oid {
                text: $text,
                name: $name,
                der: {
                    const LENGTH: usize = encode::<0>($text).1;
                    const DER: [u8; LENGTH] = encode::<LENGTH>($text).0;
                    &DER
                },
            };
        )*

        const TABLE: &[Oid] = &[$($constant,)*];
    };
}

table! {
    // Attributes of names (RFC 5280 appendix A.1, RFC 4519).
    COMMON_NAME = "2.5.4.3", "CN";
    SURNAME = "2.5.4.4", "surname";
    SERIAL_NUMBER = "2.5.4.5", "serialNumber";
    COUNTRY = "2.5.4.6", "C";
    LOCALITY = "2.5.4.7", "L";
    STATE_OR_PROVINCE = "2.5.4.8", "ST";
    STREET_ADDRESS = "2.5.4.9", "streetAddress";
    ORGANIZATION = "2.5.4.10", "O";
    ORGANIZATIONAL_UNIT = "2.5.4.11", "OU";
    TITLE = "2.5.4.12", "title";
    GIVEN_NAME = "2.5.4.42", "givenName";
    USER_ID = "0.9.2342.19200300.100.1.1", "uid";
    DOMAIN_COMPONENT = "0.9.2342.19200300.100.1.25", "domainComponent";
    EMAIL_ADDRESS = "1.2.840.113549.1.9.1", "emailAddress";

    // Extensions (RFC 5280 sections 4.2 and 5.2).
    SUBJECT_KEY_ID = "2.5.29.14", "subjectKeyIdentifier";
    KEY_USAGE = "2.5.29.15", "keyUsage";
    SUBJECT_ALT_NAME = "2.5.29.17", "subjectAltName";
    ISSUER_ALT_NAME = "2.5.29.18", "issuerAltName";
    BASIC_CONSTRAINTS = "2.5.29.19", "basicConstraints";
    CRL_NUMBER = "2.5.29.20", "cRLNumber";
    REASON_CODE = "2.5.29.21", "reasonCode";
    DELTA_CRL_INDICATOR = "2.5.29.27", "deltaCRLIndicator";
    ISSUING_DISTRIBUTION_POINT = "2.5.29.28", "issuingDistributionPoint";
    NAME_CONSTRAINTS = "2.5.29.30", "nameConstraints";
    CRL_DISTRIBUTION_POINTS = "2.5.29.31", "cRLDistributionPoints";
    CERTIFICATE_POLICIES = "2.5.29.32", "certificatePolicies";
    POLICY_MAPPINGS = "2.5.29.33", "policyMappings";
    AUTHORITY_KEY_ID = "2.5.29.35", "authorityKeyIdentifier";
    POLICY_CONSTRAINTS = "2.5.29.36", "policyConstraints";
    EXTENDED_KEY_USAGE = "2.5.29.37", "extKeyUsage";
    INHIBIT_ANY_POLICY = "2.5.29.54", "inhibitAnyPolicy";
    /// RFC 7633.
    TLS_FEATURE = "1.3.6.1.5.5.7.1.24", "TLS feature (must-staple)";
    AUTHORITY_INFO_ACCESS = "1.3.6.1.5.5.7.1.1", "authorityInfoAccess";
    /// RFC 2985 section 5.4.2.
    EXTENSION_REQUEST = "1.2.840.113549.1.9.14", "extensionRequest";
    /// What Windows wrote before there was a standard.
    MICROSOFT_EXTENSION_REQUEST = "1.3.6.1.4.1.311.2.1.14", "Microsoft's extensionRequest";

    // Purposes (RFC 5280 section 4.2.1.12) and access methods (section 4.2.2.1).
    ANY_PURPOSE = "2.5.29.37.0", "any";
    SERVER_AUTH = "1.3.6.1.5.5.7.3.1", "serverAuth";
    CLIENT_AUTH = "1.3.6.1.5.5.7.3.2", "clientAuth";
    CODE_SIGNING = "1.3.6.1.5.5.7.3.3", "codeSigning";
    EMAIL_PROTECTION = "1.3.6.1.5.5.7.3.4", "emailProtection";
    TIME_STAMPING = "1.3.6.1.5.5.7.3.8", "timeStamping";
    OCSP_SIGNING = "1.3.6.1.5.5.7.3.9", "OCSPSigning";
    OCSP = "1.3.6.1.5.5.7.48.1", "OCSP";
    OCSP_BASIC = "1.3.6.1.5.5.7.48.1.1", "id-pkix-ocsp-basic";
    CA_ISSUERS = "1.3.6.1.5.5.7.48.2", "caIssuers";

    // Public keys (RFC 8017, RFC 3279, RFC 5480, RFC 8410) and curves (RFC 5480 section 2.1.1.1).
    RSA_ENCRYPTION = "1.2.840.113549.1.1.1", "RSA";
    DSA = "1.2.840.10040.4.1", "DSA";
    EC_PUBLIC_KEY = "1.2.840.10045.2.1", "EC";
    P192 = "1.2.840.10045.3.1.1", "P-192";
    P224 = "1.3.132.0.33", "P-224";
    P256 = "1.2.840.10045.3.1.7", "P-256";
    P384 = "1.3.132.0.34", "P-384";
    P521 = "1.3.132.0.35", "P-521";
    /// SEC 2, section 2.4.1.
    SECP256K1 = "1.3.132.0.10", "secp256k1";
    // RFC 5639 section 4.1.
    BRAINPOOL_P256R1 = "1.3.36.3.3.2.8.1.1.7", "brainpoolP256r1";
    BRAINPOOL_P384R1 = "1.3.36.3.3.2.8.1.1.11", "brainpoolP384r1";
    BRAINPOOL_P512R1 = "1.3.36.3.3.2.8.1.1.13", "brainpoolP512r1";
    X25519 = "1.3.101.110", "X25519";
    ED25519 = "1.3.101.112", "Ed25519";
    ED448 = "1.3.101.113", "Ed448";

    // Keys and signatures alike (RFC 9881 section 2).
    ML_DSA_44 = "2.16.840.1.101.3.4.3.17", "ML-DSA-44";
    ML_DSA_65 = "2.16.840.1.101.3.4.3.18", "ML-DSA-65";
    ML_DSA_87 = "2.16.840.1.101.3.4.3.19", "ML-DSA-87";

    // Signatures (RFC 8017 appendix A.2, RFC 3279 section 2.2.2, RFC 5758 section 3).
    RSA_MD2 = "1.2.840.113549.1.1.2", "RSA with MD2";
    RSA_MD5 = "1.2.840.113549.1.1.4", "RSA with MD5";
    RSA_SHA1 = "1.2.840.113549.1.1.5", "RSA with SHA-1";
    RSA_PSS = "1.2.840.113549.1.1.10", "RSA-PSS";
    RSA_SHA256 = "1.2.840.113549.1.1.11", "RSA with SHA-256";
    RSA_SHA384 = "1.2.840.113549.1.1.12", "RSA with SHA-384";
    RSA_SHA512 = "1.2.840.113549.1.1.13", "RSA with SHA-512";
    RSA_SHA224 = "1.2.840.113549.1.1.14", "RSA with SHA-224";
    DSA_SHA1 = "1.2.840.10040.4.3", "DSA with SHA-1";
    DSA_SHA256 = "2.16.840.1.101.3.4.3.2", "DSA with SHA-256";
    ECDSA_SHA224 = "1.2.840.10045.4.3.1", "ECDSA with SHA-224";
    ECDSA_SHA1 = "1.2.840.10045.4.1", "ECDSA with SHA-1";
    ECDSA_SHA256 = "1.2.840.10045.4.3.2", "ECDSA with SHA-256";
    ECDSA_SHA384 = "1.2.840.10045.4.3.3", "ECDSA with SHA-384";
    ECDSA_SHA512 = "1.2.840.10045.4.3.4", "ECDSA with SHA-512";

    // Hashes (RFC 8017 appendix B.1).
    MD5 = "1.2.840.113549.2.5", "MD5";
    SHA1 = "1.3.14.3.2.26", "SHA-1";
    SHA256 = "2.16.840.1.101.3.4.2.1", "SHA-256";
    SHA384 = "2.16.840.1.101.3.4.2.2", "SHA-384";
    SHA512 = "2.16.840.1.101.3.4.2.3", "SHA-512";
    SHA224 = "2.16.840.1.101.3.4.2.4", "SHA-224";
    SHA512_224 = "2.16.840.1.101.3.4.2.5", "SHA-512/224";
    SHA512_256 = "2.16.840.1.101.3.4.2.6", "SHA-512/256";

    // Kinds of PKCS#7 messages (RFC 5652).
    DATA = "1.2.840.113549.1.7.1", "data";
    SIGNED_DATA = "1.2.840.113549.1.7.2", "signedData";
    ENVELOPED_DATA = "1.2.840.113549.1.7.3", "envelopedData";
    ENCRYPTED_DATA = "1.2.840.113549.1.7.6", "encryptedData";

    // PKCS#12 (RFC 7292 section 4.2 and appendix D) and its attributes (RFC 2985).
    KEY_BAG = "1.2.840.113549.1.12.10.1.1", "keyBag";
    SHROUDED_KEY_BAG = "1.2.840.113549.1.12.10.1.2", "pkcs8ShroudedKeyBag";
    CERT_BAG = "1.2.840.113549.1.12.10.1.3", "certBag";
    SECRET_BAG = "1.2.840.113549.1.12.10.1.5", "secretBag";
    X509_CERTIFICATE = "1.2.840.113549.1.9.22.1", "x509Certificate";
    FRIENDLY_NAME = "1.2.840.113549.1.9.20", "friendlyName";
    LOCAL_KEY_ID = "1.2.840.113549.1.9.21", "localKeyId";
    /// Marks an entry of a Java trust store.
    ORACLE_TRUSTED_KEY_USAGE = "2.16.840.1.113894.746875.1.1", "trustedKeyUsage";

    // Encryption by password: PKCS#5 (RFC 8018 appendix A), RFC 7914, RFC 9579.
    PBES2 = "1.2.840.113549.1.5.13", "PBES2";
    PBMAC1 = "1.2.840.113549.1.5.14", "PBMAC1";
    SCRYPT = "1.3.6.1.4.1.11591.4.11", "scrypt";
    PBE_MD2_DES = "1.2.840.113549.1.5.1", "DES and MD2";
    PBE_MD5_DES = "1.2.840.113549.1.5.3", "DES and MD5";
    PBE_MD2_RC2 = "1.2.840.113549.1.5.4", "RC2 and MD2";
    PBE_MD5_RC2 = "1.2.840.113549.1.5.6", "RC2 and MD5";
    PBE_SHA1_DES = "1.2.840.113549.1.5.10", "DES and SHA-1";
    PBE_SHA1_RC2 = "1.2.840.113549.1.5.11", "RC2 and SHA-1";
    // The schemes of PKCS#12 (RFC 7292 appendix C), all with SHA-1.
    PBE_RC4_128 = "1.2.840.113549.1.12.1.1", "128-bit RC4";
    PBE_RC4_40 = "1.2.840.113549.1.12.1.2", "40-bit RC4";
    PBE_TRIPLE_DES = "1.2.840.113549.1.12.1.3", "triple DES";
    PBE_TWO_KEY_TRIPLE_DES = "1.2.840.113549.1.12.1.4", "two-key triple DES";
    PBE_RC2_128 = "1.2.840.113549.1.12.1.5", "128-bit RC2";
    PBE_RC2_40 = "1.2.840.113549.1.12.1.6", "40-bit RC2";
    // Ciphers inside PBES2.
    RC2 = "1.2.840.113549.3.2", "RC2";
    TRIPLE_DES = "1.2.840.113549.3.7", "triple DES";
    DES = "1.3.14.3.2.7", "DES";
    AES_128_CBC = "2.16.840.1.101.3.4.1.2", "AES-128";
    AES_128_GCM = "2.16.840.1.101.3.4.1.6", "AES-128 in GCM mode";
    AES_192_CBC = "2.16.840.1.101.3.4.1.22", "AES-192";
    AES_256_CBC = "2.16.840.1.101.3.4.1.42", "AES-256";
    AES_256_GCM = "2.16.840.1.101.3.4.1.46", "AES-256 in GCM mode";
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_table_is_written_and_read_the_same_way() {
        for (index, oid) in TABLE.iter().enumerate() {
            assert_eq!(from_text(oid.text).unwrap(), oid.der(), "{}", oid.text);
            assert_eq!(to_text(oid.contents()), oid.text);
            assert!(oid.der().len() < 0x80);
            let is_same = |other: &&Oid| other.text == oid.text;
            assert_eq!(TABLE.iter().position(|other| is_same(&other)), Some(index), "{}", oid.text);
        }
        assert_eq!(find(&[0x55, 4, 3]), Some(COMMON_NAME));
        assert_eq!(find(&[0x55, 4]), None);
        assert_eq!((name_of("2.5.29.17"), name_of("1.2.3")), ("subjectAltName", "1.2.3"));
    }

    #[test]
    fn figures() {
        assert_eq!(to_text(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02]), "1.2.840.113549.1.7.2");
        assert_eq!(to_text(&[0x60, 0x86, 0x48, 1, 0x65]), "2.16.840.1.101");
        assert_eq!(to_text(&[]), "");
        assert_eq!(from_text("2.5.4.3").unwrap(), [6, 3, 0x55, 4, 3]);
        assert_eq!(from_text("1.2.840.113549.1").unwrap(), [6, 7, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1]);
        for bad in ["", "1", "3.1", "1.40", "1.x", "1.2.-3", "a.b"] {
            assert_eq!(from_text(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn every_identifier_comes_back(
            top in 0u64..3,
            second in 0u64..40,
            rest in proptest::collection::vec(any::<u64>(), 0..6),
        ) {
            let arcs: Vec<_> = [top, second].into_iter().chain(rest).map(|arc| arc.to_string()).collect();
            let text = arcs.join(".");
            let der = from_text(&text).unwrap();
            prop_assert_eq!(to_text(&der[2..]), text);
        }

        #[test]
        fn no_contents_panic(contents in proptest::collection::vec(any::<u8>(), 0..40)) {
            to_text(&contents);
        }
    }
}
