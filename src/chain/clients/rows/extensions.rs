//! Extensions: their marks, policies, name constraints, serial numbers, basic constraints.

use super::super::client::Client::*;
use super::super::row::{ALL, Defect, NONE, OPENSSL, Row, STRICT, defects, list, or, refuses};
use crate::finding::Code;

defects! {
    CriticalAuthorityKey = "critical_authority_key", ExtensionCriticality,
        "a critical authority key identifier",
        ALL.except(&[Gnutls, Go]);
    CriticalSubjectKey = "critical_subject_key", ExtensionCriticality,
        "a critical subject key identifier",
        ALL.except(&[Gnutls, Go]);
    LeafCriticalSubjectKey = "leaf_critical_subject_key", ExtensionCriticality,
        "a critical subject key identifier of a certificate that is not a CA",
        ALL.except(&[Gnutls, Go, Pyca]);
    RootCriticalSubjectKey = "root_critical_subject_key", ExtensionCriticality,
        "a critical subject key identifier of a root",
        OPENSSL.and(&[Chromium, Pyca]);
    RootCriticalAuthorityKey = "root_critical_authority_key", ExtensionCriticality,
        "a critical authority key identifier of a root",
        OPENSSL.and(&[Chromium, Pyca]);
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
    CriticalPurposeOfCa = "critical_purpose_of_ca", ExtensionCriticality,
        "a critical extended key usage of a CA",
        NONE.and(&[Pyca]);
    CriticalCrlPoints = "critical_crl_points", CriticalExtension,
        "critical CRL distribution points",
        NONE.and(&[Chromium, Java, Pyca]);
    RootCriticalCrlPoints = "root_critical_crl_points", CriticalExtension,
        "critical CRL distribution points of a root",
        NONE.and(&[Chromium, Pyca]);
    CriticalPolicies = "critical_policies", CriticalExtension,
        "critical certificate policies",
        NONE.and(&[Pyca, Rustls]);
    RootCriticalPolicies = "root_critical_policies", CriticalExtension,
        "critical certificate policies of a root",
        NONE.and(&[Pyca]);
    CriticalPolicyMappings = "critical_policy_mappings", CriticalExtension,
        "critical policy mappings",
        NONE.and(&[Gnutls, Go, Pyca, Rustls]);
    PolicyConstraints = "policy_constraints", CriticalExtension,
        "critical policy constraints, which the path keeps",
        NONE.and(&[Gnutls, Go, Pyca, Rustls]);
    InhibitAnyPolicy = "inhibit_any_policy", CriticalExtension,
        "critical inhibitAnyPolicy, which the path keeps",
        NONE.and(&[Go, Pyca, Rustls]);
    RootPolicyMappings = "root_policy_mappings", CriticalExtension,
        "critical policy mappings of a root",
        NONE.and(&[Gnutls, Go, Pyca]);
    RootPolicyConstraints = "root_policy_constraints", CriticalExtension,
        "critical policy constraints of a root",
        NONE.and(&[Gnutls, Go, Pyca]);
    RootInhibitAnyPolicy = "root_inhibit_any_policy", CriticalExtension,
        "critical inhibitAnyPolicy of a root",
        NONE.and(&[Go, Pyca]);
    UnknownCritical = "unknown_critical", CriticalExtension,
        "an unknown critical extension",
        ALL,
        None, &[refuses(Windows, "CERT_TRUST_HAS_NOT_SUPPORTED_CRITICAL_EXT")];
    RootUnknownCritical = "root_unknown_critical", CriticalExtension,
        "an unknown critical extension of a root",
        ALL.except(&[Java, Rustls]),
        Some("RFC 5280 section 4.2"), &[];
    CriticalNetscapeType = "critical_netscape_type", CriticalExtension,
        "a critical Netscape certificate type",
        NONE.and(&[Chromium, Gnutls, Go, Java, Pyca, Rustls]);
    RootCriticalNetscapeType = "root_critical_netscape_type", CriticalExtension,
        "a critical Netscape certificate type of a root",
        NONE.and(&[Chromium, Gnutls, Go, Pyca]);
    CriticalIssuerNames = "critical_issuer_names", CriticalExtension,
        "critical alternative names of the issuer",
        ALL.except(&[Gnutls]);
    RootCriticalIssuerNames = "root_critical_issuer_names", CriticalExtension,
        "critical alternative names of the issuer of a root",
        ALL.except(&[Gnutls, Java, Rustls]),
        Some("RFC 5280 section 4.2"), &[];
    CriticalOcspNoCheck = "critical_ocsp_no_check", CriticalExtension,
        "a critical OCSP no-check",
        NONE.and(&[Chromium, Gnutls, Go, Java, Pyca, Rustls]);
    CriticalTlsFeature = "critical_tls_feature", CriticalExtension,
        "a critical TLS feature (must-staple)",
        ALL.except(&[Gnutls]);
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
    ConstraintsOnOtherNames = "constraints_on_other_names", NameConstraint,
        "constraints on registered IDs, which the path keeps",
        NONE.and(&[Gnutls, Go]);
    ConstraintsExcludeSubjects = "constraints_exclude_subjects", NameConstraint,
        "constraints that exclude distinguished names, which the path keeps",
        NONE.and(&[Gnutls, Go, Pyca, Rustls]);
    ConstraintsOfEveryName = "constraints_of_every_name", NameConstraint,
        "constraints that permit every DNS name",
        NONE.and(&[Java, Pyca]);
    RootConstraintsOfEveryName = "root_constraints_of_every_name", NameConstraint,
        "constraints of a root that permit every DNS name",
        NONE.and(&[Pyca]);
    ConstraintsAndOwnName = "constraints_and_own_name", NameConstraint,
        "constraints that the CA's own alternative names do not keep",
        NONE.and(&[Go, Pyca]);
    SerialZero = "serial_zero", SerialNumber,
        "the serial number 0",
        NONE;
    SerialNegative = "serial_negative", SerialNumber,
        "a negative serial number",
        NONE.and(&[Pyca]);
    SerialLong = "serial_long", SerialNumber,
        "a serial number of 21 bytes",
        NONE;
    SerialOf40Bytes = "serial_of_40_bytes", SerialNumber,
        "a serial number of more than 21 bytes",
        NONE.and(&[Pyca]);
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
}
