//! What twelve clients offer, as data. Each row names the public description that it follows; GREASE values (RFC 8701) are
//! left out, because servers ignore them.

use super::super::suites::Version;
use super::RecordedClient;

const HYBRID: u16 = 0x11ec;

/// OpenSSL's default list of suites for TLS 1.2 (`openssl ciphers -V DEFAULT` of 1.1.1 and 3.x), without pre-shared keys.
const OPENSSL: &[u16] = &[
    0x1302, 0x1303, 0x1301, 0xc02c, 0xc030, 0x009f, 0xcca9, 0xcca8, 0xccaa, 0xc02b, 0xc02f, 0x009e, 0xc024,
    0xc028, 0x006b, 0xc023, 0xc027, 0x0067, 0xc00a, 0xc014, 0x0039, 0xc009, 0xc013, 0x0033, 0x009d, 0x009c,
    0x003d, 0x003c, 0x0035, 0x002f,
];
/// OpenSSL's default signature schemes (SSL_CTX_set1_sigalgs(3)).
const OPENSSL_SIGNATURES: &[u16] = &[
    0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0809, 0x080a, 0x080b, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501,
    0x0601,
];
/// BoringSSL's, as in Chrome's hello.
const CHROME_SIGNATURES: &[u16] = &[0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601];
/// The schemes of JDK 11 and later (SignatureScheme.java).
const JAVA_SIGNATURES: &[u16] = &[
    0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b, 0x0401, 0x0501, 0x0601, 0x0402,
    0x0203, 0x0201, 0x0202,
];

pub(super) const CLIENTS: &[RecordedClient] = &[
    // JA4 t13d1516h2_8daaf6152771_d8a2da3f94cd in FoxIO's ja4plus-mapping; X25519MLKEM768 since Chrome 131 (Chrome Platform
    // Status 5257822742249472).
    RecordedClient {
        name: "Chrome 131",
        newest: Version::Tls13,
        suites: &[
            0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c,
            0x009d, 0x002f, 0x0035,
        ],
        groups: &[HYBRID, 29, 23, 24],
        signatures: CHROME_SIGNATURES,
        min_dh_bits: None,
    },
    // security/nss/lib/ssl/sslenum.c and the defaults of security.ssl3.* in Firefox 132; the hybrid since 132.
    RecordedClient {
        name: "Firefox 132",
        newest: Version::Tls13,
        suites: &[
            0x1301, 0x1303, 0x1302, 0xc02b, 0xc02f, 0xcca9, 0xcca8, 0xc02c, 0xc030, 0xc00a, 0xc009, 0xc013,
            0xc014, 0x009c, 0x009d, 0x002f, 0x0035,
        ],
        groups: &[HYBRID, 29, 23, 24, 25, 256, 257],
        signatures: &[0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201],
        min_dh_bits: None,
    },
    // JA3 773906b0efdefa24a7f2b8eb6985bf37 (Safari 15.6 to 17); Apple has refused TLS 1.0 and 1.1 since 2020.
    RecordedClient {
        name: "Safari 17",
        newest: Version::Tls13,
        suites: &[
            0x1301, 0x1302, 0x1303, 0xc02c, 0xc02b, 0xcca9, 0xc030, 0xc02f, 0xcca8, 0xc00a, 0xc009, 0xc014,
            0xc013, 0x009d, 0x009c, 0x0035, 0x002f, 0xc008, 0xc012, 0x000a,
        ],
        groups: &[29, 23, 24, 25],
        signatures: &[0x0403, 0x0804, 0x0401, 0x0503, 0x0203, 0x0805, 0x0501, 0x0806, 0x0601, 0x0201],
        min_dh_bits: None,
    },
    // OpenSSL 1.1.1's s_client and SSL_CTX_set1_groups(3) of that version; Diffie-Hellman by security level 1.
    RecordedClient {
        name: "curl with OpenSSL 1.1.1",
        newest: Version::Tls13,
        suites: OPENSSL,
        groups: &[29, 23, 30, 25, 24],
        signatures: OPENSSL_SIGNATURES,
        min_dh_bits: Some(1024),
    },
    // OpenSSL 3.0's s_client; security level 1 refuses less than 1024 bits, Debian's level 2 less than 2048.
    RecordedClient {
        name: "curl with OpenSSL 3.0",
        newest: Version::Tls13,
        suites: OPENSSL,
        groups: &[29, 23, 30, 25, 24, 256, 257, 258, 259, 260],
        signatures: OPENSSL_SIGNATURES,
        min_dh_bits: Some(2048),
    },
    // The JDK Providers documentation of Java 8, "SunJSSE default cipher suites" (8u161 and later), without DSS and ECDH.
    RecordedClient {
        name: "Java 8",
        newest: Version::Tls12,
        suites: &[
            0xc024, 0xc028, 0x003d, 0x006b, 0xc00a, 0xc014, 0x0035, 0x0039, 0xc023, 0xc027, 0x003c, 0x0067,
            0xc009, 0xc013, 0x002f, 0x0033, 0xc02c, 0xc02b, 0xc030, 0x009d, 0x009f, 0xc02f, 0x009c, 0x009e,
        ],
        groups: &[23, 24, 25],
        signatures: &[0x0603, 0x0601, 0x0503, 0x0501, 0x0403, 0x0401, 0x0203, 0x0201, 0x0202],
        min_dh_bits: Some(1024),
    },
    // The same page of Java 11; X25519 came with Java 13 (JDK-8171279).
    RecordedClient {
        name: "Java 11",
        newest: Version::Tls13,
        suites: &[
            0x1301, 0x1302, 0xc02c, 0xc02b, 0xc030, 0x009d, 0x009f, 0xc02f, 0x009c, 0x009e, 0xc024, 0xc028,
            0x003d, 0x006b, 0xc00a, 0xc014, 0x0035, 0x0039, 0xc023, 0xc027, 0x003c, 0x0067, 0xc009, 0xc013,
            0x002f, 0x0033,
        ],
        groups: &[23, 24, 25, 256, 257, 258, 259, 260],
        signatures: JAVA_SIGNATURES,
        min_dh_bits: Some(1024),
    },
    // The same page of Java 17.
    RecordedClient {
        name: "Java 17",
        newest: Version::Tls13,
        suites: &[
            0x1302, 0x1301, 0x1303, 0xc02c, 0xc02b, 0xcca9, 0xc030, 0xcca8, 0xc02f, 0x009f, 0xccaa, 0x009e,
            0xc024, 0xc028, 0xc023, 0xc027, 0x006b, 0x0067, 0xc00a, 0xc014, 0xc009, 0xc013, 0x0039, 0x0033,
            0x009d, 0x009c, 0x003d, 0x003c, 0x0035, 0x002f,
        ],
        groups: &[29, 23, 24, 25, 30, 256, 257, 258, 259, 260],
        signatures: JAVA_SIGNATURES,
        min_dh_bits: Some(1024),
    },
    // Modules/_ssl.c of CPython 3.10 and later: PY_SSL_DEFAULT_CIPHER_STRING and a minimum of TLS 1.2, on OpenSSL 3.0.
    RecordedClient {
        name: "Python 3.12",
        newest: Version::Tls13,
        suites: &[
            0x1302, 0x1303, 0x1301, 0xc02c, 0xc030, 0xc02b, 0xc02f, 0xcca9, 0xcca8, 0xc024, 0xc028, 0xc023,
            0xc027, 0x009f, 0x009e, 0x006b, 0x0067,
        ],
        groups: &[29, 23, 30, 25, 24, 256, 257, 258, 259, 260],
        signatures: OPENSSL_SIGNATURES,
        min_dh_bits: Some(2048),
    },
    // crypto/tls/cipher_suites.go and defaults.go of Go 1.24 (no RSA key exchange since 1.22).
    RecordedClient {
        name: "Go 1.24",
        newest: Version::Tls13,
        suites: &[
            0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc009, 0xc013, 0xc00a, 0xc014, 0x1301, 0x1302,
            0x1303,
        ],
        groups: &[HYBRID, 29, 23, 24, 25],
        signatures: &[0x0804, 0x0403, 0x0807, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0503, 0x0603],
        min_dh_bits: None,
    },
    // rustls 0.23 with aws-lc-rs: crypto/aws_lc_rs/mod.rs, DEFAULT_CIPHER_SUITES and DEFAULT_KX_GROUPS.
    RecordedClient {
        name: "Rust (rustls 0.23)",
        newest: Version::Tls13,
        suites: &[0x1302, 0x1301, 0x1303, 0xc02c, 0xc02b, 0xcca9, 0xc030, 0xc02f, 0xcca8],
        groups: &[HYBRID, 29, 23, 24],
        signatures: &[0x0503, 0x0403, 0x0603, 0x0807, 0x0806, 0x0805, 0x0804, 0x0601, 0x0501, 0x0401],
        min_dh_bits: None,
    },
    // BoringSSL of Android 7.0; it offers P-256 alone (issue 37122132 of Android's tracker).
    RecordedClient {
        name: "Android 7.0",
        newest: Version::Tls12,
        suites: &[
            0xcca9, 0xcca8, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xc009, 0xc013, 0xc00a, 0xc014, 0x009c, 0x009d,
            0x002f, 0x0035,
        ],
        groups: &[23],
        signatures: &[0x0601, 0x0603, 0x0501, 0x0503, 0x0401, 0x0403, 0x0201, 0x0203],
        min_dh_bits: None,
    },
];
