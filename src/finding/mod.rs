//! Findings: what certkit has to say about its input, as data.
//!
//! Every room returns findings and none prints them; `render` turns them into text or JSON, and the exit status
//! follows from the most severe one. A [`Code`] is one word for the code, the JSON and `docs/findings.md`.

mod fix;
mod listed;
mod similar;

use std::collections::HashSet;
use std::fmt;

pub use self::fix::{FixLine, fix_lines};
pub use self::listed::listed;
pub use self::similar::{did_you_mean, similar};

/// One thing found: what is wrong, where, and what fixes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The stable name of this kind of finding.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence (or a few lines) in plain words, values included.
    pub message: String,
    /// Where it was seen, if it has a place.
    pub location: Option<Location>,
    /// What fixes it: sentences, with commands between backquotes; see [`fix_lines`].
    pub fix: Option<String>,
    /// The line of the file that is wrong.
    pub snippet: Option<Snippet>,
}

/// A line of a file, and which part of it is wrong. Never a line of a private key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snippet {
    /// The line's number, from 1.
    pub line: usize,
    /// The line, or as much of it as is worth showing.
    pub text: String,
    /// Where the wrong part begins, in characters from 0.
    pub column: usize,
    /// How many characters are wrong.
    pub length: usize,
}

impl Finding {
    /// A finding that makes the answer "no".
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, message)
    }

    /// A finding that somebody will be hurt by, though the answer stays "yes".
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, message)
    }

    /// A finding that is only worth knowing, such as something that was fixed.
    pub fn note(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Note, message)
    }

    fn new(code: Code, severity: Severity, message: impl Into<String>) -> Self {
        Self { code, severity, message: message.into(), location: None, fix: None, snippet: None }
    }

    /// The same finding with its place.
    #[must_use]
    pub fn at(mut self, location: Location) -> Self {
        self.location = Some(location);
        self
    }

    /// The same finding with the line that is wrong.
    #[must_use]
    pub fn quoting(mut self, snippet: Option<Snippet>) -> Self {
        self.snippet = snippet;
        self
    }

    /// The same finding with what fixes it.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// Adds to the fix what those of these words stand for that its commands have.
    pub fn explain<'a>(&mut self, words: impl IntoIterator<Item = (&'a str, &'a str)>) {
        let Some(fix) = &mut self.fix else { return };
        for (word, meaning) in words {
            if fix.split([' ', '`', '\n']).any(|part| part == word) {
                fix.push_str(&format!("\n{word} stands for {meaning}."));
            }
        }
    }
}

/// The findings without those that say the same of the same place again.
pub fn without_repeats(mut findings: Vec<Finding>) -> Vec<Finding> {
    let mut seen = HashSet::new();
    findings.retain(|finding| seen.insert((finding.code, finding.message.clone(), finding.location.clone())));
    findings
}

/// How bad a finding is; the order is from harmless to fatal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Note,
    /// The answer is "yes", but somebody will be hurt.
    Warning,
    /// The answer is "no".
    Error,
}

/// Where something stands: a file, a block in it (counted from 1), its lines (counted from 1, inclusive); or a server
/// and which of the certificates it sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Location {
    /// The file as it was typed; `-` is standard input. Of a server `host:port`.
    pub file: String,
    /// The number of the PEM block in the file.
    pub block: Option<u32>,
    /// The number of the certificate among those that a server sent, counted from 1.
    pub certificate: Option<u32>,
    /// First and last line of the block or of the damage.
    pub lines: Option<(usize, usize)>,
}

impl Location {
    pub fn file(file: impl Into<String>) -> Self {
        Self { file: file.into(), ..Self::default() }
    }

    /// A certificate that a server sent.
    pub fn sent(server: impl Into<String>, certificate: u32) -> Self {
        Self { certificate: Some(certificate), ..Self::file(server) }
    }

    /// A block of a file.
    pub fn block(file: impl Into<String>, block: usize, lines: (usize, usize)) -> Self {
        Self { block: u32::try_from(block).ok(), lines: Some(lines), ..Self::file(file) }
    }

    /// One line of a file.
    pub fn line(file: impl Into<String>, line: usize) -> Self {
        Self { lines: Some((line, line)), ..Self::file(file) }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.file == "-" { "standard input" } else { &self.file })?;
        match self.lines {
            Some((first, last)) if first == last => write!(f, ", line {first}")?,
            Some((first, last)) => write!(f, ", lines {first}-{last}")?,
            None => {}
        }
        if let Some(certificate) = self.certificate {
            write!(f, ", certificate {certificate}")?;
        }
        match self.block {
            Some(block) => write!(f, " (block {block})"),
            None => Ok(()),
        }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// The stable name of a kind of finding, in alphabetical order.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])* $variant,)*
        }

        impl Code {
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The word users see in JSON and look up in the documentation.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

codes! {
    /// The ACME server refused, or a validation failed.
    AcmeFailed = "acme_failed",
    /// A listener's address is taken.
    AddressInUse = "address_in_use",
    /// The Python application did not start.
    ApplicationFailed = "application_failed",
    /// A signature does not verify.
    BadSignature = "bad_signature",
    /// Basic constraints that are not as they must be.
    BasicConstraints = "basic_constraints",
    /// Browsers refuse this kind of key.
    BrowserUnsupported = "browser_unsupported",
    /// A CA certificate is used as a server certificate.
    CaAsLeaf = "ca_as_leaf",
    /// No CA to issue with.
    CaNotFound = "ca_not_found",
    /// A server takes a ChangeCipherSpec before there are keys.
    CcsInjection = "ccs_injection",
    /// A certificate of an old version.
    CertificateVersion = "certificate_version",
    /// Whose order of preference decides the cipher suite of a server.
    CipherOrder = "cipher_order",
    /// A server lets clients start renegotiation.
    ClientRenegotiation = "client_renegotiation",
    /// The clock of a server is wrong.
    ClockSkew = "clock_skew",
    /// A common name that is none of the alternative names.
    CommonName = "common_name",
    /// A server cannot be reached.
    ConnectionFailed = "connection_failed",
    /// A cookie that browsers also send without encryption.
    CookieNotSecure = "cookie_not_secure",
    /// An unknown critical extension.
    CriticalExtension = "critical_extension",
    /// A revocation list that cannot be believed.
    CrlInvalid = "crl_invalid",
    /// A client that sends no name gets another certificate.
    DefaultCertificate = "default_certificate",
    /// DER that does not parse.
    DerMalformed = "der_malformed",
    /// The same certificate twice.
    Duplicate = "duplicate",
    /// A server accepts data that others can send again.
    EarlyData = "early_data",
    /// The certificate is for other mail addresses.
    EmailMismatch = "email_mismatch",
    /// A file without a byte.
    EmptyFile = "empty_file",
    /// A subject or issuer without a name.
    EmptyName = "empty_name",
    /// A certificate of the path has ended.
    Expired = "expired",
    /// An expired certificate was left out.
    ExpiredDropped = "expired_dropped",
    /// An expired certificate that the path does not need.
    ExpiredExtra = "expired_extra",
    /// The same, in the file that a server would send.
    ExpiredInFile = "expired_in_file",
    /// Ends within `--min-days`.
    ExpiresSoon = "expires_soon",
    /// An extension that must be critical and is not, or the other way round.
    ExtensionCriticality = "extension_criticality",
    /// A second server certificate was left out.
    ExtraLeaf = "extra_leaf",
    /// A missing certificate could not be fetched.
    FetchFailed = "fetch_failed",
    /// A missing certificate was fetched from the address that names it.
    Fetched = "fetched",
    /// A server's grade is below `--min-grade`.
    GradeBelow = "grade_below",
    /// A server speaks TLS, but the handshake failed.
    HandshakeFailed = "handshake_failed",
    /// A server answers heartbeats without looking at their length.
    Heartbleed = "heartbleed",
    /// The deploy hook failed; the certificate is fine.
    HookFailed = "hook_failed",
    /// The certificate is for other names.
    HostMismatch = "host_mismatch",
    /// An entry of the hosts file that is missing or says something else.
    HostsEntry = "hosts_entry",
    /// Strict-Transport-Security is missing or short.
    Hsts = "hsts",
    /// The chain does not reach a root.
    IncompleteChain = "incomplete_chain",
    /// A server without secure renegotiation.
    InsecureRenegotiation = "insecure_renegotiation",
    /// No such Python interpreter, or one that is too old.
    InterpreterNotFound = "interpreter_not_found",
    /// A name that is not a DNS name, address, mail address or URI.
    InvalidName = "invalid_name",
    /// A flag, variable or configuration value that cannot be used.
    InvalidSetting = "invalid_setting",
    /// Reading or writing failed.
    Io = "io",
    /// A directory where a file belongs.
    IsDirectory = "is_directory",
    /// An issuer whose name is written in another form.
    IssuerName = "issuer_name",
    /// An encrypted key and no password.
    KeyEncrypted = "key_encrypted",
    /// Key identifiers that are missing or do not fit together.
    KeyIdentifier = "key_identifier",
    /// Key and certificate do not belong together.
    KeyMismatch = "key_mismatch",
    /// A key usage that forbids this use.
    KeyUsage = "key_usage",
    /// Something that has no place in the new file.
    LeftOut = "left_out",
    /// The issuing intermediate is not in the file.
    MissingIntermediate = "missing_intermediate",
    /// Several server certificates and nothing to choose by.
    MultipleLeaves = "multiple_leaves",
    /// A certificate that requires a stapled OCSP response, without one.
    MustStaple = "must_staple",
    /// A name constraint forbids a name.
    NameConstraint = "name_constraint",
    /// No certificate in the file.
    NoCertificate = "no_certificate",
    /// No server certificate among the certificates.
    NoLeaf = "no_leaf",
    /// A server without a key exchange that is safe from quantum computers.
    NoPostQuantum = "no_post_quantum",
    /// No private key in the file.
    NoPrivateKey = "no_private_key",
    /// Names only in the CN, where no current client looks.
    NoSan = "no_san",
    /// What answers is not TLS.
    NoTls = "no_tls",
    /// A server without TLS 1.3.
    NoTls13 = "no_tls13",
    /// An issuer that is not a CA.
    NotACa = "not_a_ca",
    /// Something else where a certificate belongs.
    NotACertificate = "not_a_certificate",
    /// Something else where a private key belongs.
    NotAPrivateKey = "not_a_private_key",
    /// Something else where a certificate signing request belongs.
    NotARequest = "not_a_request",
    NotFound = "not_found",
    /// A file in another form than PEM was read.
    NotPem = "not_pem",
    /// Something of another program that certkit does not do.
    NotTakenOver = "not_taken_over",
    /// The validity has not begun.
    NotYetValid = "not_yet_valid",
    /// An OCSP response that a server cannot send.
    OcspInvalid = "ocsp_invalid",
    /// A file that still holds a certificate that was renewed.
    OldCertificate = "old_certificate",
    /// A server speaks SSL 3.0, TLS 1.0 or TLS 1.1.
    OldProtocol = "old_protocol",
    /// A root that was replaced and is still trusted.
    OldRoot = "old_root",
    /// An option of uWSGI without effect here, or with another one.
    OptionIgnored = "option_ignored",
    /// An output file exists.
    OutputExists = "output_exists",
    /// The trusted certificate is not a root.
    PartialChain = "partial_chain",
    /// A password is needed and none was given.
    PasswordNeeded = "password_needed",
    /// More CA certificates than a path length allows.
    PathLength = "path_length",
    /// An END line and the next BEGIN line are glued together.
    PemGlued = "pem_glued",
    /// PEM that cannot be read.
    PemMalformed = "pem_malformed",
    /// A form of PEM that strict readers refuse, and that was fixed.
    PemMended = "pem_mended",
    /// PEM that is cut off.
    PemTruncated = "pem_truncated",
    Permission = "permission",
    /// Certificates were taken out of PKCS#7.
    Pkcs7 = "pkcs7",
    /// A server gives pages over unencrypted HTTP, or leads from there to no https.
    PlainHttp = "plain_http",
    /// Certificate policies that the path does not keep.
    Policy = "policy",
    /// A private key in an input of `merge`; it never reaches the output.
    PrivateKeyInInput = "private_key_in_input",
    /// A wildcard over everybody's domains, such as `*.com`.
    PublicSuffix = "public_suffix",
    /// Certificates were put into order.
    Reordered = "reordered",
    /// A certificate that its CA has revoked.
    Revoked = "revoked",
    /// A server tells how a secret that was encrypted for it is padded.
    Robot = "robot",
    /// The root was left out.
    RootDropped = "root_dropped",
    /// The root is in the file.
    RootIncluded = "root_included",
    /// A page without headers that protect it from other sites.
    SecurityHeaders = "security_headers",
    /// A self-signed certificate that nobody trusts.
    SelfSigned = "self_signed",
    /// A serial number that is zero, negative or too long.
    SerialNumber = "serial_number",
    /// The addresses of a name do not do the same.
    ServerAddresses = "server_addresses",
    /// A server does not go over to TLS.
    StarttlsFailed = "starttls_failed",
    /// Text in clear that is taken for protected by TLS.
    StarttlsInjection = "starttls_injection",
    /// A server compresses inside TLS.
    TlsCompression = "tls_compression",
    /// More work than judging a chain is worth.
    TooComplex = "too_complex",
    /// More bytes than any such file has.
    TooLarge = "too_large",
    /// A trust store that could not be asked or changed.
    TrustStore = "trust_store",
    /// Trusted only by the CA in this folder.
    TrustedLocally = "trusted_locally",
    /// No server answers, or it asks to come back later.
    TryLater = "try_later",
    /// A unique identifier in a certificate.
    UniqueId = "unique_id",
    /// Issued by somebody unknown.
    UnknownIssuer = "unknown_issuer",
    /// A certificate that the path does not need.
    Unneeded = "unneeded",
    /// A certificate that has nothing to do with the chain.
    Unrelated = "unrelated",
    /// A cipher that is not read.
    UnsupportedCipher = "unsupported_cipher",
    /// The path ends in a root that is not trusted.
    UntrustedRoot = "untrusted_root",
    /// A server whose key exchange uses groups that current clients do not have.
    UnusualGroup = "unusual_group",
    /// Longer validity than a client family takes.
    ValidityTooLong = "validity_too_long",
    /// An answer that names the version of a program.
    VersionBanner = "version_banner",
    /// A server takes cipher suites that protect too little.
    WeakCipher = "weak_cipher",
    /// A key too small.
    WeakKey = "weak_key",
    /// MD5 or SHA-1.
    WeakSignature = "weak_signature",
    /// A block under a wrong label.
    WrongLabel = "wrong_label",
    /// Certificates in an order that clients refuse.
    WrongOrder = "wrong_order",
    /// The password is wrong.
    WrongPassword = "wrong_password",
    /// Not for this purpose (extended key usage).
    WrongUsage = "wrong_usage",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_and_snake_case() {
        let names: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert!(names.is_sorted());
        assert!(
            names
                .iter()
                .all(|name| name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'))
        );
    }

    #[test]
    fn a_finding_that_is_there_twice_is_one() {
        let at = |line| Finding::note(Code::Duplicate, "a").at(Location::line("a.pem", line));
        let kept =
            without_repeats(vec![at(1), at(2), at(1).fix("Run it."), Finding::note(Code::Duplicate, "b")]);
        assert_eq!(kept, [at(1), at(2), Finding::note(Code::Duplicate, "b")]);
    }

    #[test]
    fn location_reads_like_a_sentence() {
        assert_eq!(Location::block("a.pem", 2, (3, 9)).to_string(), "a.pem, lines 3-9 (block 2)");
        assert_eq!(Location::sent("a.example:443", 2).to_string(), "a.example:443, certificate 2");
        assert_eq!(Location::line("-", 4).to_string(), "standard input, line 4");
    }
}
