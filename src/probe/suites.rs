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
    /// Forward secrecy and authenticated encryption.
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
        } else if self.name.starts_with("TLS_") || (has("ECDHE-") && is_authenticated) {
            Strength::Good
        } else if has("DHE-") {
            Strength::Outdated
        } else {
            Strength::StaticRsa
        }
    }

    /// Whether its key exchange is the one over finite fields, whose size the server chooses.
    pub(super) fn is_finite_field(self) -> bool {
        let is_dhe = self.name.contains("DHE-") || self.name.contains("EDH-") || self.name.contains("ADH-");
        is_dhe && !self.name.contains("ECDHE-")
    }

    /// Whether its key exchange is the one over elliptic curves.
    pub(super) fn is_elliptic(self) -> bool {
        self.name.starts_with("ECDHE-") || self.name.starts_with("AECDH-")
    }
}

/// The suites of TLS 1.2 and older that are asked for, the good ones first. DSS, Kerberos, SRP and pre-shared keys are
/// left out: web and mail servers do not have them.
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
    suite(0x009e, "DHE-RSA-AES128-GCM-SHA256"),
    suite(0x009f, "DHE-RSA-AES256-GCM-SHA384"),
    suite(0xccaa, "DHE-RSA-CHACHA20-POLY1305"),
    suite(0xc09e, "DHE-RSA-AES128-CCM"),
    suite(0xc09f, "DHE-RSA-AES256-CCM"),
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
    suite(0x009c, "AES128-GCM-SHA256"),
    suite(0x009d, "AES256-GCM-SHA384"),
    suite(0xc09c, "AES128-CCM"),
    suite(0xc09d, "AES256-CCM"),
    suite(0x003c, "AES128-SHA256"),
    suite(0x003d, "AES256-SHA256"),
    suite(0x002f, "AES128-SHA"),
    suite(0x0035, "AES256-SHA"),
    suite(0x0041, "CAMELLIA128-SHA"),
    suite(0x0084, "CAMELLIA256-SHA"),
    suite(0x0096, "SEED-SHA"),
    suite(0x0007, "IDEA-CBC-SHA"),
    suite(0xc008, "ECDHE-ECDSA-DES-CBC3-SHA"),
    suite(0xc012, "ECDHE-RSA-DES-CBC3-SHA"),
    suite(0x0016, "DHE-RSA-DES-CBC3-SHA"),
    suite(0x000a, "DES-CBC3-SHA"),
    suite(0xc007, "ECDHE-ECDSA-RC4-SHA"),
    suite(0xc011, "ECDHE-RSA-RC4-SHA"),
    suite(0x0005, "RC4-SHA"),
    suite(0x0004, "RC4-MD5"),
    suite(0x0015, "DHE-RSA-DES-CBC-SHA"),
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
            .into_iter()
            .find(|group| group.code == code)
            .map_or_else(|| format!("0x{code:04x}"), |group| group.name.to_owned())
    }
}

/// The groups of TLS 1.2 and older: elliptic curves.
pub(super) const CURVES: [u16; 5] = [29, 23, 24, 25, 30];
/// The hybrid of ML-KEM and X25519, safe from quantum computers to come.
pub(super) const X25519MLKEM768: u16 = 0x11ec;

/// Those that are asked for.
pub(super) const GROUPS: [Group; 11] = [
    Group { code: X25519MLKEM768, name: "X25519MLKEM768" },
    Group { code: 0x11eb, name: "SecP256r1MLKEM768" },
    Group { code: 0x11ed, name: "SecP384r1MLKEM1024" },
    Group { code: 29, name: "X25519" },
    Group { code: 23, name: "prime256v1" },
    Group { code: 30, name: "X448" },
    Group { code: 24, name: "secp384r1" },
    Group { code: 25, name: "secp521r1" },
    Group { code: 256, name: "ffdhe2048" },
    Group { code: 257, name: "ffdhe3072" },
    Group { code: 258, name: "ffdhe4096" },
];

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
        let mut codes: Vec<_> = SUITES.iter().chain(TLS13).map(|suite| suite.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), SUITES.len() + TLS13.len());
    }
}
