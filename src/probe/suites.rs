//! Versions, cipher suites and groups by number and name, and how strong each suite is.

use std::fmt;

/// A version of SSL or TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// SSL 3.0 (1996).
    Ssl3,
    /// TLS 1.0 (1999).
    Tls10,
    /// TLS 1.1 (2006).
    Tls11,
    /// TLS 1.2 (2008).
    Tls12,
    /// TLS 1.3 (2018).
    Tls13,
}

impl Version {
    /// The number on the wire.
    pub(super) const fn number(self) -> u16 {
        match self {
            Self::Ssl3 => 0x0300,
            Self::Tls10 => 0x0301,
            Self::Tls11 => 0x0302,
            Self::Tls12 => 0x0303,
            Self::Tls13 => 0x0304,
        }
    }

    /// The version of a number on the wire.
    pub(super) fn of(number: u16) -> Option<Self> {
        [Self::Ssl3, Self::Tls10, Self::Tls11, Self::Tls12, Self::Tls13]
            .into_iter()
            .find(|version| version.number() == number)
    }

    /// OpenSSL's name, which is what configuration files have.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ssl3 => "SSLv3",
            Self::Tls10 => "TLSv1",
            Self::Tls11 => "TLSv1.1",
            Self::Tls12 => "TLSv1.2",
            Self::Tls13 => "TLSv1.3",
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ssl3 => "SSL 3.0",
            Self::Tls10 => "TLS 1.0",
            Self::Tls11 => "TLS 1.1",
            Self::Tls12 => "TLS 1.2",
            Self::Tls13 => "TLS 1.3",
        })
    }
}

/// A cipher suite of TLS 1.2 or older.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suite {
    /// The number on the wire.
    pub code: u16,
    pub name: &'static str,
}

/// How strong a cipher suite is, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// Anyone on the path can read it, or the server does not prove who it is: no encryption, no authentication, the
    /// export ciphers of the nineties, DES, RC4.
    Broken,
    /// 3DES: secrets of long sessions can be recovered (Sweet32).
    TripleDes,
    /// The key exchange with the certificate's own RSA key: anyone who gets that key later can decrypt recorded sessions.
    StaticRsa,
    /// Encryption and integrity apart from each other (CBC), or a finite-field key exchange; not in Mozilla's guideline.
    Outdated,
    /// Forward secrecy and authenticated encryption by ciphers that Mozilla's guideline does not have: CCM, ARIA, Camellia.
    Unusual,
    /// Forward secrecy and authenticated encryption, as in Mozilla's guideline 6.0.
    Good,
}

impl Suite {
    /// The suite with this number.
    pub(super) fn of(code: u16) -> Option<Self> {
        SUITES.iter().chain(TLS13).copied().find(|suite| suite.code == code)
    }

    /// OpenSSL's name of a number; the number itself where the table has none.
    pub(super) fn name_of(code: u16) -> String {
        Self::of(code).map_or_else(|| format!("0x{code:04x}"), |suite| suite.name.to_owned())
    }

    /// OpenSSL's names say what a suite is made of.
    pub fn strength(self) -> Strength {
        let has = |part: &str| self.name.contains(part);
        let is_authenticated = has("GCM") || has("POLY1305") || has("CCM");
        if has("EXP-") || has("NULL") || has("ADH-") || has("AECDH-") || has("RC4") || has("DES-CBC-") {
            Strength::Broken
        } else if has("DES-CBC3") {
            Strength::TripleDes
        } else if has("CCM") && self.name.starts_with("TLS_") {
            Strength::Unusual
        } else if self.name.starts_with("TLS_") {
            Strength::Good
        } else if has("ECDHE-") && is_authenticated {
            let is_usual = !(has("CCM") || has("ARIA") || has("CAMELLIA"));
            if is_usual { Strength::Good } else { Strength::Unusual }
        } else if has("DHE-") {
            Strength::Outdated
        } else {
            Strength::StaticRsa
        }
    }

    /// Whether it is of the nineties, with keys of 40 bits.
    pub(super) fn is_export(self) -> bool {
        self.name.starts_with("EXP-")
    }

    /// Whether its key exchange is the one over finite fields, whose size the server chooses.
    pub(super) fn is_finite_field(self) -> bool {
        let is_dhe = self.name.contains("DHE-") || self.name.contains("EDH-") || self.name.contains("ADH-");
        is_dhe && !self.name.contains("ECDHE-")
    }

    /// Whether the client encrypts the secret for the certificate's RSA key, which is not one of the nineties.
    pub(super) fn is_static_rsa(self) -> bool {
        !self.name.contains("DH") && !self.is_export() && !self.name.starts_with("TLS_")
    }

    /// Whether its key exchange is the one over elliptic curves.
    pub(super) fn is_elliptic(self) -> bool {
        self.name.starts_with("ECDHE-") || self.name.starts_with("AECDH-")
    }
}

/// The suites of TLS 1.2 and older that are asked for, the good ones first. Kerberos, SRP and pre-shared keys are
/// left out: they need an agreement with each client. Where OpenSSL has no name, it is formed like the others.
pub(super) const SUITES: &[Suite] = &[
    suite(0xc02b, "ECDHE-ECDSA-AES128-GCM-SHA256"),
    suite(0xc02f, "ECDHE-RSA-AES128-GCM-SHA256"),
    suite(0xc02c, "ECDHE-ECDSA-AES256-GCM-SHA384"),
    suite(0xc030, "ECDHE-RSA-AES256-GCM-SHA384"),
    suite(0xcca9, "ECDHE-ECDSA-CHACHA20-POLY1305"),
    suite(0xcca8, "ECDHE-RSA-CHACHA20-POLY1305"),
    suite(0xc0ac, "ECDHE-ECDSA-AES128-CCM"),
    suite(0xc0ad, "ECDHE-ECDSA-AES256-CCM"),
    suite(0xc0ae, "ECDHE-ECDSA-AES128-CCM8"),
    suite(0xc0af, "ECDHE-ECDSA-AES256-CCM8"),
    suite(0xc05c, "ECDHE-ECDSA-ARIA128-GCM-SHA256"),
    suite(0xc05d, "ECDHE-ECDSA-ARIA256-GCM-SHA384"),
    suite(0xc060, "ECDHE-ARIA128-GCM-SHA256"),
    suite(0xc061, "ECDHE-ARIA256-GCM-SHA384"),
    suite(0xc086, "ECDHE-ECDSA-CAMELLIA128-GCM-SHA256"),
    suite(0xc087, "ECDHE-ECDSA-CAMELLIA256-GCM-SHA384"),
    suite(0xc08a, "ECDHE-RSA-CAMELLIA128-GCM-SHA256"),
    suite(0xc08b, "ECDHE-RSA-CAMELLIA256-GCM-SHA384"),
    suite(0x009e, "DHE-RSA-AES128-GCM-SHA256"),
    suite(0x009f, "DHE-RSA-AES256-GCM-SHA384"),
    suite(0xccaa, "DHE-RSA-CHACHA20-POLY1305"),
    suite(0xc09e, "DHE-RSA-AES128-CCM"),
    suite(0xc09f, "DHE-RSA-AES256-CCM"),
    suite(0xc0a2, "DHE-RSA-AES128-CCM8"),
    suite(0xc0a3, "DHE-RSA-AES256-CCM8"),
    suite(0xc052, "DHE-RSA-ARIA128-GCM-SHA256"),
    suite(0xc053, "DHE-RSA-ARIA256-GCM-SHA384"),
    suite(0xc07c, "DHE-RSA-CAMELLIA128-GCM-SHA256"),
    suite(0xc07d, "DHE-RSA-CAMELLIA256-GCM-SHA384"),
    suite(0x00a2, "DHE-DSS-AES128-GCM-SHA256"),
    suite(0x00a3, "DHE-DSS-AES256-GCM-SHA384"),
    suite(0xc056, "DHE-DSS-ARIA128-GCM-SHA256"),
    suite(0xc057, "DHE-DSS-ARIA256-GCM-SHA384"),
    suite(0xc080, "DHE-DSS-CAMELLIA128-GCM-SHA256"),
    suite(0xc081, "DHE-DSS-CAMELLIA256-GCM-SHA384"),
    suite(0xc023, "ECDHE-ECDSA-AES128-SHA256"),
    suite(0xc027, "ECDHE-RSA-AES128-SHA256"),
    suite(0xc024, "ECDHE-ECDSA-AES256-SHA384"),
    suite(0xc028, "ECDHE-RSA-AES256-SHA384"),
    suite(0xc009, "ECDHE-ECDSA-AES128-SHA"),
    suite(0xc013, "ECDHE-RSA-AES128-SHA"),
    suite(0xc00a, "ECDHE-ECDSA-AES256-SHA"),
    suite(0xc014, "ECDHE-RSA-AES256-SHA"),
    suite(0xc072, "ECDHE-ECDSA-CAMELLIA128-SHA256"),
    suite(0xc073, "ECDHE-ECDSA-CAMELLIA256-SHA384"),
    suite(0xc076, "ECDHE-RSA-CAMELLIA128-SHA256"),
    suite(0xc077, "ECDHE-RSA-CAMELLIA256-SHA384"),
    suite(0x0067, "DHE-RSA-AES128-SHA256"),
    suite(0x006b, "DHE-RSA-AES256-SHA256"),
    suite(0x0033, "DHE-RSA-AES128-SHA"),
    suite(0x0039, "DHE-RSA-AES256-SHA"),
    suite(0x0045, "DHE-RSA-CAMELLIA128-SHA"),
    suite(0x0088, "DHE-RSA-CAMELLIA256-SHA"),
    suite(0x00be, "DHE-RSA-CAMELLIA128-SHA256"),
    suite(0x00c4, "DHE-RSA-CAMELLIA256-SHA256"),
    suite(0x009a, "DHE-RSA-SEED-SHA"),
    suite(0x0040, "DHE-DSS-AES128-SHA256"),
    suite(0x006a, "DHE-DSS-AES256-SHA256"),
    suite(0x0032, "DHE-DSS-AES128-SHA"),
    suite(0x0038, "DHE-DSS-AES256-SHA"),
    suite(0x00bd, "DHE-DSS-CAMELLIA128-SHA256"),
    suite(0x00c3, "DHE-DSS-CAMELLIA256-SHA256"),
    suite(0x0044, "DHE-DSS-CAMELLIA128-SHA"),
    suite(0x0087, "DHE-DSS-CAMELLIA256-SHA"),
    suite(0x0099, "DHE-DSS-SEED-SHA"),
    suite(0x009c, "AES128-GCM-SHA256"),
    suite(0x009d, "AES256-GCM-SHA384"),
    suite(0xc09c, "AES128-CCM"),
    suite(0xc09d, "AES256-CCM"),
    suite(0xc0a0, "AES128-CCM8"),
    suite(0xc0a1, "AES256-CCM8"),
    suite(0xc050, "ARIA128-GCM-SHA256"),
    suite(0xc051, "ARIA256-GCM-SHA384"),
    suite(0xc07a, "CAMELLIA128-GCM-SHA256"),
    suite(0xc07b, "CAMELLIA256-GCM-SHA384"),
    suite(0x003c, "AES128-SHA256"),
    suite(0x003d, "AES256-SHA256"),
    suite(0x002f, "AES128-SHA"),
    suite(0x0035, "AES256-SHA"),
    suite(0x0041, "CAMELLIA128-SHA"),
    suite(0x0084, "CAMELLIA256-SHA"),
    suite(0x00ba, "CAMELLIA128-SHA256"),
    suite(0x00c0, "CAMELLIA256-SHA256"),
    suite(0x0096, "SEED-SHA"),
    suite(0x0007, "IDEA-CBC-SHA"),
    suite(0xc008, "ECDHE-ECDSA-DES-CBC3-SHA"),
    suite(0xc012, "ECDHE-RSA-DES-CBC3-SHA"),
    suite(0x0016, "DHE-RSA-DES-CBC3-SHA"),
    suite(0x0013, "DHE-DSS-DES-CBC3-SHA"),
    suite(0x000a, "DES-CBC3-SHA"),
    suite(0xc007, "ECDHE-ECDSA-RC4-SHA"),
    suite(0xc011, "ECDHE-RSA-RC4-SHA"),
    suite(0x0005, "RC4-SHA"),
    suite(0x0004, "RC4-MD5"),
    suite(0x0015, "DHE-RSA-DES-CBC-SHA"),
    suite(0x0012, "DHE-DSS-DES-CBC-SHA"),
    suite(0x0009, "DES-CBC-SHA"),
    suite(0xc018, "AECDH-AES128-SHA"),
    suite(0xc019, "AECDH-AES256-SHA"),
    suite(0xc017, "AECDH-DES-CBC3-SHA"),
    suite(0xc016, "AECDH-RC4-SHA"),
    suite(0x00a6, "ADH-AES128-GCM-SHA256"),
    suite(0x00a7, "ADH-AES256-GCM-SHA384"),
    suite(0x006c, "ADH-AES128-SHA256"),
    suite(0x006d, "ADH-AES256-SHA256"),
    suite(0x0034, "ADH-AES128-SHA"),
    suite(0x003a, "ADH-AES256-SHA"),
    suite(0x0046, "ADH-CAMELLIA128-SHA"),
    suite(0x0089, "ADH-CAMELLIA256-SHA"),
    suite(0x00bf, "ADH-CAMELLIA128-SHA256"),
    suite(0x00c5, "ADH-CAMELLIA256-SHA256"),
    suite(0xc084, "ADH-CAMELLIA128-GCM-SHA256"),
    suite(0xc085, "ADH-CAMELLIA256-GCM-SHA384"),
    suite(0x009b, "ADH-SEED-SHA"),
    suite(0x001a, "ADH-DES-CBC-SHA"),
    suite(0x001b, "ADH-DES-CBC3-SHA"),
    suite(0x0018, "ADH-RC4-MD5"),
    suite(0x0014, "EXP-DHE-RSA-DES-CBC-SHA"),
    suite(0x0008, "EXP-DES-CBC-SHA"),
    suite(0x0006, "EXP-RC2-CBC-MD5"),
    suite(0x0003, "EXP-RC4-MD5"),
    suite(0x0019, "EXP-ADH-DES-CBC-SHA"),
    suite(0x0017, "EXP-ADH-RC4-MD5"),
    suite(0xc006, "ECDHE-ECDSA-NULL-SHA"),
    suite(0xc010, "ECDHE-RSA-NULL-SHA"),
    suite(0xc015, "AECDH-NULL-SHA"),
    suite(0x003b, "NULL-SHA256"),
    suite(0x0002, "NULL-SHA"),
    suite(0x0001, "NULL-MD5"),
];

/// The suites of TLS 1.3.
pub(super) const TLS13: &[Suite] = &[
    suite(0x1301, "TLS_AES_128_GCM_SHA256"),
    suite(0x1302, "TLS_AES_256_GCM_SHA384"),
    suite(0x1303, "TLS_CHACHA20_POLY1305_SHA256"),
    suite(0x1304, "TLS_AES_128_CCM_SHA256"),
    suite(0x1305, "TLS_AES_128_CCM_8_SHA256"),
];

/// The numbers of [`SUITES`].
pub(super) const SUITE_CODES: [u16; SUITES.len()] = codes(SUITES);
/// The numbers of [`TLS13`].
pub(super) const TLS13_CODES: [u16; TLS13.len()] = codes(TLS13);

const fn codes<const COUNT: usize>(suites: &[Suite]) -> [u16; COUNT] {
    let mut codes = [0; COUNT];
    let mut index = 0;
    while index < COUNT {
        codes[index] = suites[index].code;
        index += 1;
    }
    codes
}

const fn suite(code: u16, name: &'static str) -> Suite {
    Suite { code, name }
}

/// A group for the key exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Group {
    /// The number on the wire.
    pub(super) code: u16,
    pub(super) name: &'static str,
}

impl Group {
    /// OpenSSL's name of a number; the number itself where the table has none.
    pub(super) fn name_of(code: u16) -> String {
        GROUPS
            .iter()
            .find(|group| group.code == code)
            .map_or_else(|| format!("0x{code:04x}"), |group| group.name.to_owned())
    }
}

/// The groups of TLS 1.2 and older: elliptic curves, the usual ones first.
pub(super) const CURVES: [u16; 30] = [
    29, 23, 24, 25, 30, 26, 27, 28, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3,
    2, 1,
];
/// The groups of RFC 7919, which TLS 1.2 also has for finite fields.
pub(super) const FINITE_FIELDS: [u16; 5] = [256, 257, 258, 259, 260];
/// The groups that browsers, OpenSSL, Java, Go and rustls have in common, and the hybrid.
pub(super) const USUAL_GROUPS: [u16; 4] = [X25519MLKEM768, 29, 23, 24];
pub(super) const SECP521R1: u16 = 25;
/// The hybrid of ML-KEM and X25519, safe from quantum computers to come.
pub(super) const X25519MLKEM768: u16 = 0x11ec;

/// Those that are asked for (IANA's registry of TLS supported groups).
pub(super) const GROUPS: &[Group] = &[
    group(X25519MLKEM768, "X25519MLKEM768"),
    group(0x11eb, "SecP256r1MLKEM768"),
    group(0x11ed, "SecP384r1MLKEM1024"),
    group(0x6399, "X25519Kyber768Draft00"),
    group(0x0200, "MLKEM512"),
    group(0x0201, "MLKEM768"),
    group(0x0202, "MLKEM1024"),
    group(29, "X25519"),
    group(23, "prime256v1"),
    group(30, "X448"),
    group(24, "secp384r1"),
    group(25, "secp521r1"),
    group(31, "brainpoolP256r1tls13"),
    group(32, "brainpoolP384r1tls13"),
    group(33, "brainpoolP512r1tls13"),
    group(256, "ffdhe2048"),
    group(257, "ffdhe3072"),
    group(258, "ffdhe4096"),
    group(259, "ffdhe6144"),
    group(260, "ffdhe8192"),
    // Of TLS 1.2 only (RFC 8446 appendix B.3.1.4 calls the rest obsolete).
    group(26, "brainpoolP256r1"),
    group(27, "brainpoolP384r1"),
    group(28, "brainpoolP512r1"),
    group(22, "secp256k1"),
    group(21, "secp224r1"),
    group(20, "secp224k1"),
    group(19, "prime192v1"),
    group(18, "secp192k1"),
    group(17, "secp160r2"),
    group(16, "secp160r1"),
    group(15, "secp160k1"),
    group(14, "sect571r1"),
    group(13, "sect571k1"),
    group(12, "sect409r1"),
    group(11, "sect409k1"),
    group(10, "sect283r1"),
    group(9, "sect283k1"),
    group(8, "sect239k1"),
    group(7, "sect233r1"),
    group(6, "sect233k1"),
    group(5, "sect193r2"),
    group(4, "sect193r1"),
    group(3, "sect163r2"),
    group(2, "sect163r1"),
    group(1, "sect163k1"),
];

const fn group(code: u16, name: &'static str) -> Group {
    Group { code, name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suites_are_what_their_names_say() {
        let strength =
            |name: &str| SUITES.iter().chain(TLS13).find(|suite| suite.name == name).expect(name).strength();
        for (name, wanted) in [
            ("TLS_AES_128_GCM_SHA256", Strength::Good),
            ("ECDHE-RSA-CHACHA20-POLY1305", Strength::Good),
            ("ECDHE-RSA-AES128-SHA", Strength::Outdated),
            ("DHE-RSA-AES256-GCM-SHA384", Strength::Outdated),
            ("AES128-GCM-SHA256", Strength::StaticRsa),
            ("IDEA-CBC-SHA", Strength::StaticRsa),
            ("DES-CBC3-SHA", Strength::TripleDes),
            ("ECDHE-ARIA128-GCM-SHA256", Strength::Unusual),
            ("TLS_AES_128_CCM_SHA256", Strength::Unusual),
            ("AES128-CCM8", Strength::StaticRsa),
            ("ECDHE-RSA-DES-CBC3-SHA", Strength::TripleDes),
            ("DES-CBC-SHA", Strength::Broken),
            ("ADH-AES256-GCM-SHA384", Strength::Broken),
            ("AECDH-DES-CBC3-SHA", Strength::Broken),
            ("ECDHE-ECDSA-NULL-SHA", Strength::Broken),
            ("EXP-RC2-CBC-MD5", Strength::Broken),
            ("ECDHE-RSA-RC4-SHA", Strength::Broken),
        ] {
            assert_eq!(strength(name), wanted, "{name}");
        }
        assert!(SUITES.iter().all(|suite| !(suite.is_elliptic() && suite.is_finite_field())));
    }

    #[test]
    fn every_number_is_unique() {
        let unique = |mut codes: Vec<u16>| {
            let count = codes.len();
            codes.sort_unstable();
            codes.dedup();
            assert_eq!(codes.len(), count);
        };
        unique(SUITES.iter().chain(TLS13).map(|suite| suite.code).collect());
        unique(GROUPS.iter().map(|group| group.code).collect());
        let is_named = |code: &u16| GROUPS.iter().any(|group| group.code == *code);
        assert!(CURVES.iter().chain(&FINITE_FIELDS).all(is_named));
    }
}
