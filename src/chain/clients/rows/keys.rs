//! Key identifiers, key usages, purposes, anchors, keys and algorithms, validity.

use super::super::client::Client::*;
use super::super::row::{ALL, Defect, NONE, OPENSSL, Row, STRICT, defects, list, or, refuses};
use crate::finding::Code;

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
    AuthorityKeyBelowRoot = "authority_key_below_root", KeyIdentifier,
        "the authority key identifier differs from the root's subject key identifier",
        OPENSSL.and(&[Gnutls, Java]);
    AuthoritySerialBelowRoot = "authority_serial_below_root", KeyIdentifier,
        "the authority key identifier names another serial number of the root",
        OPENSSL.and(&[Java]);
    AuthorityWithoutKey = "authority_without_key", KeyIdentifier,
        "an authority key identifier without key identifier",
        STRICT;
    AuthorityWithoutKeyOfCa = "authority_without_key_of_ca", KeyIdentifier,
        "an authority key identifier of an intermediate without key identifier",
        STRICT.and(&[Pyca]);
    NoAuthorityKey = "no_authority_key", KeyIdentifier,
        "no authority key identifier",
        STRICT.and(&[Pyca]);
    NoAuthorityKeyOfCa = "no_authority_key_of_ca", KeyIdentifier,
        "an intermediate without authority key identifier",
        STRICT;
    NoSubjectKey = "no_subject_key", KeyIdentifier,
        "a CA without subject key identifier",
        STRICT;
    RootAuthorityKey = "root_authority_key", KeyIdentifier,
        "a root whose authority key identifier is not its own",
        OPENSSL.except(&[Curl, Python313]);
    RootAuthoritySerial = "root_authority_serial", KeyIdentifier,
        "a root whose authority key identifier names another serial number or issuer",
        OPENSSL.except(&[Curl, Python313]);
    RootAuthorityWithoutKey = "root_authority_without_key", KeyIdentifier,
        "a root with an authority key identifier that names no key",
        NONE.and(&[Pyca]);
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
    CaUsageEmpty = "ca_usage_empty", KeyUsage,
        "a CA whose key usage has no bit",
        ALL.except(&[Go, Rustls]),
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
    RootAnyPurpose = "root_any_purpose", WrongUsage,
        "a root whose extended key usage is anyExtendedKeyUsage without serverAuth",
        OPENSSL;
    RootStepUp = "root_step_up", WrongUsage,
        "a root whose extended key usage is Microsoft's or Netscape's step-up alone",
        NONE.and(&[Chromium, Go, Pyca]);
    RootWithoutAPurpose = "root_without_a_purpose", WrongUsage,
        "a root whose extended key usage names no purpose",
        OPENSSL.and(&[Chromium, Pyca]);
    IntermediatePurpose = "intermediate_purpose", WrongUsage,
        "an intermediate whose extended key usage names another purpose",
        ALL.except(&[Java]);
    IntermediateStepUp = "intermediate_step_up", WrongUsage,
        "an intermediate whose extended key usage is Microsoft's step-up alone",
        NONE.and(&[Chromium, Gnutls, Go, Pyca, Rustls]);
    IntermediateNetscapeStepUp = "intermediate_netscape_step_up", WrongUsage,
        "an intermediate whose extended key usage is Netscape's step-up alone",
        NONE.and(&[Chromium, Go, Pyca, Rustls]);
    IntermediateWithoutAPurpose = "intermediate_without_a_purpose", WrongUsage,
        "an intermediate whose extended key usage names no purpose",
        OPENSSL.and(&[Chromium, Pyca, Rustls]);
    IntermediateAnyPurpose = "intermediate_any_purpose", WrongUsage,
        "an intermediate whose extended key usage is anyExtendedKeyUsage alone",
        OPENSSL.and(&[Gnutls, Rustls]),
        Some("OpenSSL, curl and rustls refuse it"), &[];
    LeafOtherPurpose = "leaf_other_purpose", WrongUsage,
        "a certificate whose extended key usage names another purpose",
        ALL,
        None, &[refuses(Apple, "https://support.apple.com/103769"), refuses(Windows, "CERT_TRUST_IS_NOT_VALID_FOR_USAGE")];
    LeafStepUp = "leaf_step_up", WrongUsage,
        "a certificate whose extended key usage is Microsoft's or Netscape's step-up alone",
        NONE.and(&[Chromium, Gnutls, Go, Pyca, Rustls]);
    LeafWithoutAPurpose = "leaf_without_a_purpose", WrongUsage,
        "a certificate whose extended key usage names no purpose",
        OPENSSL.and(&[Chromium, Java, Pyca, Rustls]);
    NetscapeTypeForClients = "netscape_type_for_clients", WrongUsage,
        "a Netscape certificate type that is not for servers",
        OPENSSL.and(&[Java]);
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
        NONE.and(&[Chromium]);
    PinnedLeafWithoutAuthority = "pinned_leaf_without_authority", PartialChain,
        "the same without authority key identifier",
        NONE.and(&[Chromium, Pyca]);
    PinnedLeafWithoutSubject = "pinned_leaf_without_subject", EmptyName,
        "a trusted self-signed certificate of the server without subject",
        NONE.and(&[Chromium, Curl, Java, Pyca]);
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
    LeafCompressedPoint = "leaf_compressed_point", WeakKey,
        "a compressed point as the server's key",
        NONE.and(&[Gnutls, Go, Java]);
    CaCompressedPoint = "ca_compressed_point", WeakKey,
        "a compressed point as a CA's key",
        NONE.and(&[Gnutls, Go, Java]);
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
}
