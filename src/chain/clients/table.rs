//! The table: one row for each defect, in it who refuses a chain that has this defect and no other.

use super::client::Client::{self, *};
use super::client::Clients;
use crate::finding::{Code, Severity};

/// A row of the table.
#[derive(Debug)]
pub(in crate::chain) struct Row {
    /// The name of the chain that shows it, in `tests/peers/chains.py`.
    #[cfg(test)]
    pub(in crate::chain) id: &'static str,
    /// What is wrong, as the head of the row.
    #[cfg(test)]
    pub(in crate::chain) what: &'static str,
    pub(in crate::chain) code: Code,
    /// Of the clients that were asked, those that refuse.
    pub(in crate::chain) refused_by: Clients,
    /// Why it is an error although a family of clients accepts it.
    pub(in crate::chain) error_by: Option<&'static str>,
    pub(in crate::chain) documents: &'static [Document],
}

/// A maker says that its client refuses it.
#[derive(Debug)]
pub(in crate::chain) struct Document {
    pub(in crate::chain) client: Client,
    /// An address, or the name of the status by which an interface says so.
    #[cfg(test)]
    pub(in crate::chain) source: &'static str,
}

const NONE: Clients = Clients::NONE;
const ALL: Clients = Clients::ASKED;
/// Everything that verifies with OpenSSL.
const OPENSSL: Clients = Clients::of(&[OpenSsl, OpenSslStrict, Curl, Python312, Python313]);
/// OpenSSL with `X509_V_FLAG_X509_STRICT`.
const STRICT: Clients = Clients::of(&[OpenSslStrict, Python313]);
/// Clients whose common refusal is an error, besides that of the everyday ones.
const WITH_BROWSER: Clients = Clients::of(&[Curl, Rustls, Chromium]);

impl Row {
    /// What the defect is under the profile `tls`: an error where everyday clients refuse it, or by a standard that
    /// outweighs one that does not; otherwise a warning.
    pub(in crate::chain) const fn severity(&self) -> Severity {
        let is_common = self.refused_by.has_all(WITH_BROWSER) || self.refused_by.has_every_everyday_one();
        if is_common || self.error_by.is_some() { Severity::Error } else { Severity::Warning }
    }
}

impl Defect {
    pub(in crate::chain) const fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }
}

const fn refuses(
    client: Client,
    #[cfg_attr(not(test), expect(unused, reason = "for the page"))] source: &'static str,
) -> Document {
    Document {
        client,
        #[cfg(test)]
        source,
    }
}

macro_rules! or {
    () => {
        None
    };
    ($given:expr) => {
        $given
    };
}

macro_rules! list {
    () => {
        &[]
    };
    ($given:expr) => {
        $given
    };
}

macro_rules! defects {
    ($($variant:ident = $id:literal, $code:ident, $what:literal, $refused_by:expr $(, $error_by:expr, $documents:expr)?;)*) => {
        /// What may be wrong with a chain.
        #[allow(dead_code, reason = "rules report most of them; the others are there to be looked up")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(in crate::chain) enum Defect {
            $($variant,)*
        }

        pub(in crate::chain) const TABLE: &[Row] = &[$(Row {
            #[cfg(test)]
            id: $id,
            #[cfg(test)]
            what: $what,
            code: Code::$code,
            refused_by: $refused_by,
            error_by: or!($($error_by)?),
            documents: list!($($documents)?),
        },)*];
    };
}

defects! {
    AuthorityIssuer = "authority_issuer", KeyIdentifier,
        "the authority key identifier names another issuer of the CA certificate",
        OPENSSL;
    AuthoritySerial = "authority_serial", KeyIdentifier,
        "the authority key identifier names another serial number of the CA certificate",
        OPENSSL;
    AuthorityKey = "authority_key", KeyIdentifier,
        "the authority key identifier differs from the CA's subject key identifier",
        OPENSSL.and(&[Gnutls]);
    NoAuthorityKey = "no_authority_key", KeyIdentifier,
        "no authority key identifier",
        STRICT.and(&[Pyca]);
    NoSubjectKey = "no_subject_key", KeyIdentifier,
        "a CA without subject key identifier",
        STRICT;
    RootAuthorityKey = "root_authority_key", KeyIdentifier,
        "a root whose authority key identifier is not its own",
        OPENSSL.except(&[Curl, Python313]);
    CaWithoutKeyUsage = "ca_without_key_usage", KeyUsage,
        "a CA without key usage",
        STRICT.and(&[Pyca]);
    CaMayNotSign = "ca_may_not_sign", KeyUsage,
        "an intermediate CA whose key usage lacks keyCertSign",
        ALL.except(&[Rustls]),
        Some("RFC 5280 section 4.2.1.3"), &[];
    RootMayNotSign = "root_may_not_sign", KeyUsage,
        "a root whose key usage lacks keyCertSign",
        ALL.except(&[Rustls]),
        Some("RFC 5280 section 4.2.1.3"), &[];
    LeafSignsCertificates = "leaf_signs_certificates", KeyUsage,
        "a key usage with keyCertSign, not a CA",
        STRICT.and(&[Pyca]);
    NoDigitalSignature = "no_digital_signature", KeyUsage,
        "an ECDSA key whose usage lacks digitalSignature",
        NONE.and(&[Chromium, Java]);
    RsaNoDigitalSignature = "rsa_no_digital_signature", KeyUsage,
        "an RSA key whose usage lacks digitalSignature",
        NONE.and(&[Chromium, Java]);
    NoTlsUsage = "no_tls_usage", KeyUsage,
        "a key usage without digitalSignature, keyEncipherment and keyAgreement",
        OPENSSL.and(&[Chromium, Java]),
        Some("OpenSSL, curl and browsers refuse it"), &[];
    RootPurpose = "root_purpose", WrongUsage,
        "a root whose extended key usage names another purpose",
        OPENSSL.and(&[Chromium, Go, Pyca]);
    IntermediatePurpose = "intermediate_purpose", WrongUsage,
        "an intermediate whose extended key usage names another purpose",
        ALL.except(&[Java]);
    IntermediateAnyPurpose = "intermediate_any_purpose", WrongUsage,
        "an intermediate whose extended key usage is anyExtendedKeyUsage alone",
        OPENSSL.and(&[Gnutls, Rustls]),
        Some("OpenSSL, curl and rustls refuse it"), &[];
    LeafOtherPurpose = "leaf_other_purpose", WrongUsage,
        "a certificate whose extended key usage names another purpose",
        ALL,
        None, &[refuses(Apple, "https://support.apple.com/103769"), refuses(Windows, "CERT_TRUST_IS_NOT_VALID_FOR_USAGE")];
    LeafAnyPurpose = "leaf_any_purpose", WrongUsage,
        "a certificate whose extended key usage is anyExtendedKeyUsage alone",
        OPENSSL.and(&[Pyca, Rustls]),
        Some("OpenSSL, curl and rustls refuse it"), &[refuses(Apple, "https://support.apple.com/103769")];
    LeafWithoutPurpose = "leaf_without_purpose", WrongUsage,
        "a certificate without extended key usage",
        NONE,
        None, &[refuses(Apple, "https://support.apple.com/103769")];
    AnchorNotSelfSigned = "anchor_not_self_signed", PartialChain,
        "a trusted certificate that is not self-signed",
        OPENSSL.except(&[Curl, Python313]);
    PinnedLeaf = "pinned_leaf", PartialChain,
        "a trusted self-signed certificate of the server, which is not a CA",
        NONE.and(&[Chromium, Pyca]);
    PinnedIssuedLeaf = "pinned_issued_leaf", PartialChain,
        "a trusted certificate of the server, which a CA issued",
        ALL.except(&[Curl, Gnutls, Go, Java, Pyca, Python313]);
    LeafEd25519 = "leaf_ed25519", BrowserUnsupported,
        "an Ed25519 key of the server",
        NONE.and(&[Chromium]);
    LeafP521 = "leaf_p521", BrowserUnsupported,
        "a P-521 key of the server",
        NONE.and(&[Chromium]);
    LeafEd448 = "leaf_ed448", BrowserUnsupported,
        "an Ed448 key of the server",
        NONE.and(&[Chromium, Go, Rustls]);
    CaEd25519 = "ca_ed25519", BrowserUnsupported,
        "an Ed25519 key of a CA",
        NONE.and(&[Chromium, Pyca]);
    CaEd448 = "ca_ed448", BrowserUnsupported,
        "an Ed448 key of a CA",
        NONE.and(&[Chromium, Go, Pyca, Rustls]),
        Some("certkit cannot verify its signatures"), &[];
    LeafP224 = "leaf_p224", WeakKey,
        "a P-224 key of the server",
        NONE.and(&[Chromium, Curl, Python312, Python313, Rustls]);
    LeafSecp256k1 = "leaf_secp256k1", WeakKey,
        "a secp256k1 key of the server",
        ALL.except(&[Java, OpenSsl, OpenSslStrict, Pyca]);
    CaP224 = "ca_p224", WeakKey,
        "a P-224 key of a CA",
        NONE.and(&[Chromium, Java, Pyca, Rustls]),
        Some("TLS BR 6.1.5"), &[];
    CaSecp256k1 = "ca_secp256k1", WeakKey,
        "a secp256k1 key of a CA",
        NONE.and(&[Chromium, Gnutls, Go, Java, Pyca, Rustls]),
        Some("TLS BR 6.1.5"), &[];
    LeafRsa1024 = "leaf_rsa1024", WeakKey,
        "an RSA key of 1024 bits of the server",
        OPENSSL.and(&[Rustls]),
        Some("curl, OpenSSL and rustls refuse it"), &[refuses(Apple, "https://support.apple.com/103769")];
    LeafRsa2040 = "leaf_rsa2040", WeakKey,
        "an RSA key of 2040 bits of the server",
        NONE.and(&[Rustls]);
    CaRsa1024 = "ca_rsa1024", WeakKey,
        "an RSA key of 1024 bits of a CA",
        OPENSSL.and(&[Pyca, Rustls]),
        Some("curl, OpenSSL and rustls refuse it"), &[refuses(Apple, "https://support.apple.com/103769")];
    Sha1Leaf = "sha1_leaf", WeakSignature,
        "a certificate signed with SHA-1",
        ALL.except(&[Java]),
        None, &[refuses(Apple, "https://support.apple.com/103769")];
    Sha1Intermediate = "sha1_intermediate", WeakSignature,
        "an intermediate signed with SHA-1",
        ALL.except(&[Java]),
        None, &[refuses(Apple, "https://support.apple.com/103769")];
    Valid399Days = "valid_399_days", ValidityTooLong,
        "valid for 399 days",
        NONE;
    Valid826Days = "valid_826_days", ValidityTooLong,
        "valid for 826 days",
        NONE,
        None, &[refuses(Apple, "https://support.apple.com/103769")];
    CriticalAuthorityKey = "critical_authority_key", ExtensionCriticality,
        "a critical authority key identifier",
        ALL.except(&[Gnutls, Go]);
    CriticalSubjectKey = "critical_subject_key", ExtensionCriticality,
        "a critical subject key identifier",
        ALL.except(&[Gnutls, Go]);
    CriticalAuthorityAccess = "critical_authority_access", ExtensionCriticality,
        "a critical authority information access",
        ALL.except(&[Gnutls, Go]);
    PolicyConstraintsNotCritical = "policy_constraints_not_critical", ExtensionCriticality,
        "policy constraints that are not critical",
        NONE;
    InhibitAnyNotCritical = "inhibit_any_not_critical", ExtensionCriticality,
        "inhibitAnyPolicy that is not critical",
        NONE;
    ConstraintsNotCritical = "constraints_not_critical", ExtensionCriticality,
        "name constraints that are not critical",
        NONE;
    NamesNotCriticalWithoutSubject = "names_not_critical_without_subject", ExtensionCriticality,
        "no subject, and alternative names that are not critical",
        STRICT.and(&[Chromium, Java, Pyca]);
    CriticalNames = "critical_names", ExtensionCriticality,
        "a subject, and alternative names that are critical",
        NONE.and(&[Pyca]);
    CriticalPurpose = "critical_purpose", ExtensionCriticality,
        "a critical extended key usage",
        NONE.and(&[Pyca]);
    CriticalCrlPoints = "critical_crl_points", CriticalExtension,
        "critical CRL distribution points",
        NONE.and(&[Chromium, Java, Pyca]);
    CriticalPolicies = "critical_policies", CriticalExtension,
        "critical certificate policies",
        NONE.and(&[Pyca, Rustls]);
    CriticalPolicyMappings = "critical_policy_mappings", CriticalExtension,
        "critical policy mappings",
        NONE.and(&[Gnutls, Go, Pyca, Rustls]);
    PolicyConstraints = "policy_constraints", CriticalExtension,
        "critical policy constraints, which the path keeps",
        NONE.and(&[Gnutls, Go, Pyca, Rustls]);
    InhibitAnyPolicy = "inhibit_any_policy", CriticalExtension,
        "critical inhibitAnyPolicy, which the path keeps",
        NONE.and(&[Go, Pyca, Rustls]);
    UnknownCritical = "unknown_critical", CriticalExtension,
        "an unknown critical extension",
        ALL,
        None, &[refuses(Windows, "CERT_TRUST_HAS_NOT_SUPPORTED_CRITICAL_EXT")];
    PolicyRequired = "policy_required", Policy,
        "a required certificate policy that the path does not have",
        NONE.and(&[Chromium, Gnutls, Go, Java, Pyca, Rustls]);
    ConstraintsViolated = "constraints_violated", NameConstraint,
        "a name that the constraints of an intermediate forbid",
        ALL,
        None, &[refuses(Windows, "CERT_TRUST_INVALID_NAME_CONSTRAINTS")];
    ConstraintsOfRootViolated = "constraints_of_root_violated", NameConstraint,
        "a name that the constraints of the root forbid",
        ALL.except(&[Java]),
        Some("RFC 5280 section 4.2.1.10"), &[];
    ConstraintsWithDot = "constraints_with_dot", NameConstraint,
        "a constraint on DNS names that begins with a dot",
        NONE.and(&[Pyca]);
    ConstraintsOfLeaf = "constraints_of_leaf", NameConstraint,
        "name constraints of a certificate that is not a CA",
        NONE.and(&[Pyca]);
    ConstraintsEmpty = "constraints_empty", NameConstraint,
        "name constraints without a constraint",
        NONE.and(&[Chromium, Go, Pyca]);
    ConstraintsOnSubjects = "constraints_on_subjects", NameConstraint,
        "constraints on distinguished names, which the path keeps",
        NONE.and(&[Go, Pyca, Rustls]);
    ConstraintsOnMail = "constraints_on_mail", NameConstraint,
        "constraints on mail addresses, which the path keeps",
        NONE;
    SerialZero = "serial_zero", SerialNumber,
        "the serial number 0",
        NONE;
    SerialNegative = "serial_negative", SerialNumber,
        "a negative serial number",
        NONE.and(&[Pyca]);
    SerialLong = "serial_long", SerialNumber,
        "a serial number of 21 bytes",
        NONE;
    CaWithoutSubject = "ca_without_subject", EmptyName,
        "a CA without subject",
        STRICT.and(&[Curl, Java, Pyca]);
    BasicConstraintsNotCritical = "basic_constraints_not_critical", BasicConstraints,
        "basic constraints of a CA that are not critical",
        STRICT.and(&[Pyca]);
    PathLengthOfLeaf = "path_length_of_leaf", BasicConstraints,
        "a path length of a certificate that is not a CA",
        STRICT;
    PathLengthExceeded = "path_length_exceeded", PathLength,
        "more intermediates than the root's path length allows",
        ALL.except(&[Java, Rustls]),
        Some("RFC 5280 section 4.2.1.9"), &[];
    PathLengthExceededBelow = "path_length_exceeded_below", PathLength,
        "more intermediates than the path length of an intermediate allows",
        ALL,
        None, &[refuses(Windows, "CERT_TRUST_INVALID_BASIC_CONSTRAINTS")];
    SevenIntermediates = "seven_intermediates", PathLength,
        "seven intermediates",
        NONE.and(&[Rustls]);
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
    DotAtEnd = "dot_at_end", HostMismatch,
        "a name with a dot at its end",
        ALL.except(&[Chromium, Curl]),
        Some("RFC 5280 section 4.2.1.6"), &[];
    PartialWildcard = "partial_wildcard", HostMismatch,
        "a wildcard that is a part of a label",
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
    LeafOfVersion1WithExtensions = "leaf_of_version_1_with_extensions", CertificateVersion,
        "a certificate of version 1 with extensions",
        ALL.except(&[Curl, OpenSsl, Python312]);
    IntermediateOfVersion1 = "intermediate_of_version_1", CertificateVersion,
        "an intermediate of version 1",
        ALL;
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
    IssuerStringType = "issuer_string_type", IssuerName,
        "the issuer's name in another string type",
        NONE.and(&[Go, Pyca, Rustls]);
    IssuerCase = "issuer_case", IssuerName,
        "the issuer's name in another case",
        NONE.and(&[Gnutls, Go, Pyca, Rustls]);
    IssuerBlanks = "issuer_blanks", IssuerName,
        "the issuer's name with more blanks",
        NONE.and(&[Gnutls, Go, Pyca, Rustls]);
    SubjectUniqueId = "subject_unique_id", UniqueId,
        "a subjectUniqueID",
        NONE.and(&[Rustls]);
    TimeFraction = "time_fraction", DerMalformed,
        "a time with fractions of a second",
        ALL.except(&[Java]);
    TimeOffset = "time_offset", DerMalformed,
        "a time with an offset instead of Z",
        ALL.except(&[Java]);
    TimeWithoutSeconds = "time_without_seconds", DerMalformed,
        "a time without seconds",
        ALL.except(&[Gnutls, Go, Java]);
    TimeGeneralizedBefore2050 = "time_generalized_before_2050", DerMalformed,
        "a GeneralizedTime before 2050",
        NONE.and(&[Pyca]);
    LongLengthOfSerial = "long_length_of_serial", DerMalformed,
        "a length with more octets than needed",
        NONE.and(&[Chromium, Go, Pyca, Rustls]);
    LongLengthOfExtension = "long_length_of_extension", DerMalformed,
        "a length with more octets than needed in an extension",
        NONE.and(&[Chromium, Go, Pyca, Rustls]);
    CriticalFalseWritten = "critical_false_written", DerMalformed,
        "`critical` written although it is FALSE",
        NONE.and(&[Chromium, Pyca]);
    CaFalseWritten = "ca_false_written", DerMalformed,
        "`cA` written although it is FALSE",
        NONE.and(&[Pyca]);
    Version1Written = "version_1_written", DerMalformed,
        "version 1 written although it is the default, with extensions",
        ALL.except(&[Curl, OpenSsl, Python312]);
    SerialPadded = "serial_padded", DerMalformed,
        "a serial number with more octets than needed",
        OPENSSL.and(&[Chromium, Go, Pyca]);
    TrueAs1 = "true_as_1", DerMalformed,
        "a BOOLEAN that is neither 00 nor FF",
        NONE.and(&[Chromium, Go, Pyca, Rustls]);
    PathLengthPadded = "path_length_padded", DerMalformed,
        "a path length with more octets than needed",
        ALL.except(&[Gnutls, Java]);
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
    SerialEmpty = "serial_empty", SerialNumber,
        "a serial number without octets",
        ALL.except(&[Gnutls, Rustls]);
}
