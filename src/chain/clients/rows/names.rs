//! Names and hosts, and the part that a certificate plays in the chain.

use super::super::client::Client::*;
use super::super::row::{ALL, Defect, NONE, OPENSSL, Row, STRICT, defects, list, or, refuses};
use crate::finding::Code;

defects! {
    NoNames = "no_names", NoSan,
        "a host name in the common name only",
        NONE.and(&[Chromium, Go, Pyca, Rustls]),
        Some("RFC 9525 section 2"), &[refuses(Android, "https://developer.android.com/about/versions/pie/android-9.0-changes-all"), refuses(Apple, "https://support.apple.com/103769")];
    EmptyNames = "empty_names", NoSan,
        "alternative names without a name",
        STRICT.and(&[Chromium, Go, Pyca, Rustls]),
        Some("RFC 5280 section 4.2.1.6"), &[];
    OtherHost = "other_host", HostMismatch,
        "a certificate for another host",
        ALL,
        None, &[refuses(Windows, "CERT_E_CN_NO_MATCH")];
    NamesOfOtherKinds = "names_of_other_kinds", HostMismatch,
        "alternative names without a host, and the host in the common name",
        NONE.and(&[Chromium, Gnutls, Go, Pyca, Rustls]),
        Some("RFC 9525 section 2"), &[];
    NamesOnlyMail = "names_only_mail", HostMismatch,
        "a mail address as the only alternative name, and the host in the common name",
        NONE.and(&[Chromium, Go, Pyca, Rustls]),
        Some("RFC 9525 section 2"), &[];
    DotAtEnd = "dot_at_end", HostMismatch,
        "a name with a dot at its end",
        ALL.except(&[Chromium, Curl]),
        Some("RFC 5280 section 4.2.1.6"), &[];
    PartialWildcard = "partial_wildcard", HostMismatch,
        "a wildcard that is a part of a label",
        ALL.except(&[Java, OpenSsl, OpenSslStrict]),
        Some("RFC 9525 section 6.3"), &[];
    WildcardInTheMiddle = "wildcard_in_the_middle", HostMismatch,
        "a wildcard in another label than the first",
        ALL.except(&[Java]),
        Some("RFC 9525 section 6.3"), &[];
    WildcardBelowSuffix = "wildcard_below_suffix", PublicSuffix,
        "a wildcard below a single label, such as *.test",
        ALL.except(&[Go, Java, Pyca]);
    WildcardOverSuffix = "wildcard_over_suffix", PublicSuffix,
        "a wildcard over a public suffix, such as *.co.uk",
        NONE.and(&[Chromium]);
    Underscore = "underscore", InvalidName,
        "a DNS name with an underscore",
        NONE.and(&[Java, Pyca]);
    DotAtEndBeside = "dot_at_end_beside", InvalidName,
        "a name with a dot at its end, beside the one that is asked for",
        NONE;
    MalformedNameBeside = "malformed_name_beside", InvalidName,
        "a malformed name, beside the one that is asked for",
        NONE;
    UriMalformedBeside = "uri_malformed_beside", InvalidName,
        "a malformed URI, beside the name that is asked for",
        NONE.and(&[Go]);
    KindUnknownBeside = "kind_unknown_beside", InvalidName,
        "a kind of name that does not exist, beside the name that is asked for",
        OPENSSL.and(&[Gnutls, Pyca]);
    AddressMalformedBeside = "address_malformed_beside", InvalidName,
        "an address of 5 bytes, beside the name that is asked for",
        NONE.and(&[Chromium, Go]);
    Utf8Beside = "utf8_beside", InvalidName,
        "a DNS name that is not ASCII, beside the one that is asked for",
        NONE.and(&[Chromium, Go]);
    EmptyBeside = "empty_beside", InvalidName,
        "an empty DNS name, beside the one that is asked for",
        NONE.and(&[Gnutls]);
    CaAsLeaf = "ca_as_leaf", CaAsLeaf,
        "a CA certificate as a server's",
        NONE.and(&[Pyca, Rustls]);
    CaAsLeafOnlySigns = "ca_as_leaf_only_signs", KeyUsage,
        "a CA certificate as a server's, whose key usage is for certificates alone",
        ALL.except(&[Gnutls, Go]);
    NotACa = "not_a_ca", NotACa,
        "an issuer whose basic constraints lack CA:TRUE",
        ALL,
        None, &[refuses(Windows, "CERT_TRUST_INVALID_BASIC_CONSTRAINTS")];
    RootNotACa = "root_not_a_ca", NotACa,
        "a root whose basic constraints lack CA:TRUE",
        ALL.except(&[Rustls]),
        Some("RFC 5280 section 6.1.4 (k)"), &[];
    WithoutBasicConstraints = "without_basic_constraints", NotACa,
        "an intermediate without basic constraints",
        ALL;
    RootWithoutBasicConstraints = "root_without_basic_constraints", NotACa,
        "a root of version 3 without basic constraints",
        STRICT.and(&[Go, Java, Pyca]),
        Some("RFC 5280 section 6.1.4 (k)"), &[];
    RootOfVersion1 = "root_of_version_1", CertificateVersion,
        "a root of version 1",
        STRICT.and(&[Pyca]);
    RootOfVersion1WithExtensions = "root_of_version_1_with_extensions", CertificateVersion,
        "a root of version 1 with extensions",
        STRICT.and(&[Chromium, Gnutls, Java, Pyca, Rustls]);
    RootOfVersion2 = "root_of_version_2", CertificateVersion,
        "a root of version 2",
        OPENSSL.and(&[Pyca, Rustls]);
    RootOfVersion4 = "root_of_version_4", CertificateVersion,
        "a root of version 4",
        NONE.and(&[Chromium, Go, Java, Pyca, Rustls]);
    LeafOfVersion1WithExtensions = "leaf_of_version_1_with_extensions", CertificateVersion,
        "a certificate of version 1 with extensions",
        ALL.except(&[Curl, OpenSsl, Python312]);
    Version4 = "version_4", CertificateVersion,
        "a certificate of version 4",
        NONE.and(&[Chromium, Go, Java, Pyca, Rustls]);
    IntermediateOfVersion1 = "intermediate_of_version_1", CertificateVersion,
        "an intermediate of version 1",
        ALL;
    IntermediateOfVersion1WithExtensions = "intermediate_of_version_1_with_extensions", CertificateVersion,
        "an intermediate of version 1 with extensions",
        ALL.except(&[Curl, OpenSsl, Python312]);
    IntermediateOfVersion4 = "intermediate_of_version_4", CertificateVersion,
        "an intermediate of version 4",
        NONE.and(&[Chromium, Go, Java, Pyca, Rustls]);
    SelfSignedCopyFirst = "self_signed_copy_first", WrongOrder,
        "a self-signed certificate of an issuer's name and key before the one that leads to trust",
        OPENSSL;
}
