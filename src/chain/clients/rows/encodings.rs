//! Times, signatures, names of issuers, and what is not DER.

use super::super::client::Client::*;
use super::super::row::{ALL, Defect, NONE, OPENSSL, Row, STRICT, defects, list, or, refuses};
use crate::finding::Code;

defects! {
    Expired = "expired", Expired,
        "an expired certificate",
        ALL,
        None, &[refuses(Apple, "https://support.apple.com/103769"), refuses(Windows, "CERT_TRUST_IS_NOT_TIME_VALID")];
    ExpiredIntermediate = "expired_intermediate", Expired,
        "an expired intermediate",
        ALL,
        None, &[refuses(Windows, "CERT_TRUST_IS_NOT_TIME_VALID")];
    ExpiredRoot = "expired_root", Expired,
        "an expired root",
        ALL.except(&[Java, Rustls]),
        Some("curl and browsers refuse it"), &[refuses(Windows, "CERT_TRUST_IS_NOT_TIME_VALID")];
    NotYetValid = "not_yet_valid", NotYetValid,
        "a certificate that is not valid yet",
        ALL,
        None, &[refuses(Windows, "CERT_TRUST_IS_NOT_TIME_VALID")];
    RootNotYetValid = "root_not_yet_valid", NotYetValid,
        "a root that is not valid yet",
        ALL.except(&[Java, Rustls]),
        Some("curl and browsers refuse it"), &[refuses(Windows, "CERT_TRUST_IS_NOT_TIME_VALID")];
    SignatureBroken = "signature_broken", BadSignature,
        "a signature that does not verify",
        ALL,
        None, &[refuses(Windows, "CERT_TRUST_IS_NOT_SIGNATURE_VALID")];
    AlgorithmsDiffer = "algorithms_differ", BadSignature,
        "two different signature algorithms",
        ALL;
    RootAlgorithmsDiffer = "root_algorithms_differ", BadSignature,
        "two different signature algorithms in a root",
        STRICT.and(&[Gnutls, Go, Java, Pyca, Rustls]);
    IssuerStringType = "issuer_string_type", IssuerName,
        "the issuer's name in another string type",
        NONE.and(&[Go, Pyca, Rustls]);
    IssuerCase = "issuer_case", IssuerName,
        "the issuer's name in another case",
        NONE.and(&[Gnutls, Go, Pyca, Rustls]);
    IssuerBlanks = "issuer_blanks", IssuerName,
        "the issuer's name with more blanks",
        NONE.and(&[Gnutls, Go, Pyca, Rustls]);
    IssuerStringTypeOfRoot = "issuer_string_type_of_root", IssuerName,
        "the root's name in another string type",
        NONE.and(&[Chromium, Gnutls, Go, Pyca, Rustls]);
    IssuerCaseOfRoot = "issuer_case_of_root", IssuerName,
        "the root's name in another case",
        NONE.and(&[Chromium, Gnutls, Go, Pyca, Rustls]);
    SubjectUniqueId = "subject_unique_id", UniqueId,
        "a subjectUniqueID",
        NONE.and(&[Rustls]);
    RootUniqueId = "root_unique_id", UniqueId,
        "a subjectUniqueID of a root",
        NONE.and(&[Rustls]);
    TimeFraction = "time_fraction", DerMalformed,
        "a time with fractions of a second",
        ALL.except(&[Java]);
    TimeOffset = "time_offset", DerMalformed,
        "a time with an offset instead of Z",
        ALL.except(&[Go, Java]);
    TimeWithoutSeconds = "time_without_seconds", DerMalformed,
        "a time without seconds",
        ALL.except(&[Gnutls, Go, Java]);
    TimeGeneralizedBefore2050 = "time_generalized_before_2050", DerMalformed,
        "a GeneralizedTime before 2050",
        NONE.and(&[Pyca]);
    ValidSince1951 = "valid_since_1951", DerMalformed,
        "valid since a day before 1970",
        NONE.and(&[Rustls]);
    RootTimeFraction = "root_time_fraction", DerMalformed,
        "a time with fractions of a second in a root",
        ALL.except(&[Java, Rustls]),
        Some("RFC 5280 section 4.1.2.5"), &[];
    RootTimeOffset = "root_time_offset", DerMalformed,
        "a time with an offset instead of Z in a root",
        ALL.except(&[Go, Java, Rustls]),
        Some("RFC 5280 section 4.1.2.5"), &[];
    RootTimeWithoutSeconds = "root_time_without_seconds", DerMalformed,
        "a time without seconds in a root",
        ALL.except(&[Gnutls, Go, Java, Rustls]),
        Some("RFC 5280 section 4.1.2.5"), &[];
    LongLengthOfSerial = "long_length_of_serial", DerMalformed,
        "a length with more octets than needed",
        NONE.and(&[Chromium, Go, Pyca, Rustls]);
    LongLengthOfExtension = "long_length_of_extension", DerMalformed,
        "a length with more octets than needed in an extension",
        NONE.and(&[Chromium, Go, Pyca, Rustls]);
    LongLengthOfBody = "long_length_of_body", DerMalformed,
        "a length of the signed part with more octets than needed",
        NONE.and(&[Chromium, Go, Java, Pyca, Rustls]);
    CriticalFalseWritten = "critical_false_written", DerMalformed,
        "`critical` written although it is FALSE",
        NONE.and(&[Chromium, Pyca]);
    CaFalseWritten = "ca_false_written", DerMalformed,
        "`cA` written although it is FALSE",
        NONE.and(&[Pyca]);
    Version1Written = "version_1_written", DerMalformed,
        "version 1 written although it is the default, with extensions",
        ALL.except(&[Curl, OpenSsl, Python312]);
    RootVersion1Written = "root_version_1_written", DerMalformed,
        "version 1 written although it is the default, in a root",
        STRICT.and(&[Chromium, Pyca, Rustls]);
    SerialPadded = "serial_padded", DerMalformed,
        "a serial number with more octets than needed",
        OPENSSL.and(&[Chromium, Go, Pyca]);
    TrueAs1 = "true_as_1", DerMalformed,
        "a BOOLEAN that is neither 00 nor FF",
        NONE.and(&[Chromium, Go, Pyca, Rustls]);
    RootTrueAs1 = "root_true_as_1", DerMalformed,
        "a BOOLEAN that is neither 00 nor FF in a root",
        NONE.and(&[Chromium, Go, Pyca]);
    PathLengthPadded = "path_length_padded", DerMalformed,
        "a path length with more octets than needed",
        ALL.except(&[Gnutls, Java]);
    RootPathLengthPadded = "root_path_length_padded", DerMalformed,
        "a path length with more octets than needed in a root",
        ALL.except(&[Gnutls, Java, Rustls]),
        Some("X.690 section 8.3.2"), &[];
    PathLength300 = "path_length_300", PathLength,
        "a path length of more than 255",
        NONE.and(&[Chromium, Rustls]);
    ConstraintWithDotAtEnd = "constraint_with_dot_at_end", NameConstraint,
        "a constraint on DNS names that ends with a dot",
        ALL.except(&[Chromium, Gnutls]);
    RootLongLength = "root_long_length", DerMalformed,
        "a length with more octets than needed in a root",
        NONE.and(&[Go, Pyca, Rustls]);
    NamesWithTrailingBytes = "names_with_trailing_bytes", DerMalformed,
        "bytes behind the alternative names",
        NONE.and(&[Chromium, Gnutls, Pyca, Rustls]);
    PrintableStringCharacters = "printable_string_characters", DerMalformed,
        "characters in a PrintableString that it does not have, such as @",
        NONE.and(&[Chromium, Go, Pyca]);
    Utf8StringBroken = "utf8_string_broken", DerMalformed,
        "a UTF8String that is not UTF-8",
        OPENSSL.and(&[Go]);
    AuthorityAccessBroken = "authority_access_broken", DerMalformed,
        "an authority information access that cannot be read",
        NONE.and(&[Chromium, Go, Pyca]);
    AuthorityAccessEmpty = "authority_access_empty", DerMalformed,
        "an authority information access without an address",
        NONE.and(&[Chromium]);
    PoliciesBroken = "policies_broken", DerMalformed,
        "certificate policies that cannot be read",
        NONE.and(&[Chromium, Go]);
    AuthorityKeyBroken = "authority_key_broken", DerMalformed,
        "an authority key identifier that cannot be read",
        OPENSSL.and(&[Go]);
    SubjectKeyBroken = "subject_key_broken", DerMalformed,
        "a subject key identifier that cannot be read",
        OPENSSL.and(&[Go]);
    TimestampsBroken = "timestamps_broken", DerMalformed,
        "timestamps of certificate transparency that cannot be read",
        NONE;
    ExtensionTwice = "extension_twice", DerMalformed,
        "an unknown extension twice",
        NONE.and(&[Chromium, Gnutls, Go, Java, Pyca]);
    RsaWithoutNull = "rsa_without_null", DerMalformed,
        "an RSA signature algorithm without its NULL",
        NONE.and(&[Pyca]);
    EcdsaWithNull = "ecdsa_with_null", DerMalformed,
        "an ECDSA signature algorithm with a NULL",
        NONE.and(&[Chromium, Pyca, Rustls]);
    SerialEmpty = "serial_empty", SerialNumber,
        "a serial number without octets",
        ALL.except(&[Gnutls, Rustls]);
}
