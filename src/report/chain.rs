//! What `check` judged and `merge` put together.

use std::net::SocketAddr;

use time::OffsetDateTime;

use super::CertificateSummary;
use crate::finding::{Code, Finding};

/// What `check` judged.
#[derive(Debug)]
pub struct Checked {
    /// The file, as it was typed.
    pub file: String,
    /// The name it was judged for.
    pub host: Option<String>,
    /// The server that sent it; none for a file.
    pub server: Option<ServerSummary>,
    /// Whether no finding about the chain is an error.
    pub does_chain_hold: bool,
    /// The state of that server besides its chain.
    pub server_state: ServerState,
    /// How good that server is; none for a file.
    pub verdict: Option<ServerVerdict>,
    /// The time it was judged at.
    pub at: OffsetDateTime,
    /// The path, leaf first, as far as it could be built.
    pub path: Vec<CertificateSummary>,
    /// The issuer that the path lacks, where it ends nowhere.
    pub missing_issuer: Option<String>,
    /// Where the trust at the end of the path comes from, such as `the system store`.
    pub trusted_by: Option<String>,
    /// The chain of a server for clients that know only another kind of key.
    pub other_chain: Option<OtherChainSummary>,
}

/// The chain of a server for clients that know only another kind of key.
#[derive(Debug)]
pub struct OtherChainSummary {
    /// `RSA` or `ECDSA`.
    pub kind: &'static str,
    /// Whether no finding about it is an error.
    pub does_hold: bool,
    /// The path, leaf first, as far as it could be built.
    pub path: Vec<CertificateSummary>,
}

/// The state of a server besides its chain, from good to bad.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ServerState {
    /// Nothing worse than notes was found, or it is a file.
    #[default]
    Good,
    /// There are warnings.
    Weak,
    /// It accepts what protects nobody.
    Insecure,
    /// Current clients cannot connect.
    Refused,
}

/// How good a server is.
#[derive(Debug)]
pub struct ServerVerdict {
    /// From `A+` to `F`.
    pub grade: &'static str,
    /// What keeps the grade from being better.
    pub because: Vec<&'static str>,
    /// The configuration of Mozilla's guideline that it meets: `modern` or `intermediate`.
    pub guideline: Option<&'static str>,
    /// What it lacks for the intermediate one.
    pub missing: Vec<String>,
    /// The findings to fix first.
    pub fix_first: Vec<Code>,
    /// What becomes of the hellos of well-known clients; empty unless that was asked.
    pub clients: Vec<ClientConnection>,
}

/// What a client and a server agree on, by OpenSSL's names, or why they do not.
#[derive(Debug)]
pub struct ClientConnection {
    /// The client, with its version.
    pub client: &'static str,
    pub protocol: Option<&'static str>,
    pub cipher: Option<String>,
    pub group: Option<String>,
    /// Why it cannot connect.
    pub reason: Option<String>,
}

/// A server that was looked at.
#[derive(Debug)]
pub struct ServerSummary {
    /// The name or address that it was found by.
    pub name: String,
    pub port: u16,
    /// The address that answered.
    pub address: SocketAddr,
    /// The name that was asked for in the handshake.
    pub sni: Option<String>,
    /// The protocol that TLS began in the middle of.
    pub starttls: Option<&'static str>,
    /// The version that was agreed upon, by OpenSSL's name.
    pub protocol: &'static str,
    /// The cipher suite, by OpenSSL's name.
    pub cipher: String,
    /// The group of the key exchange, by OpenSSL's name.
    pub group: Option<String>,
    /// Every version that it was seen to speak, oldest first.
    pub protocols: Vec<&'static str>,
    /// Whether an OCSP answer came along.
    pub is_stapled: bool,
    /// Whether it asked for a certificate of the client.
    pub wants_client_certificate: bool,
    /// Whether it proved that it has the key of its certificate; `None` where that could not be verified.
    pub is_key_proved: Option<bool>,
    pub hsts: Option<String>,
    /// All its cipher suites by version, newest first; only when every one was asked for.
    pub suites: Vec<(&'static str, Vec<String>)>,
    /// Whose order decides among them, by version: `client`, `server` or `server_except_chacha20`.
    pub cipher_order: Vec<(&'static str, &'static str)>,
    /// All its groups; likewise.
    pub groups: Vec<String>,
    /// What was asked without an answer.
    pub unanswered: Vec<String>,
    /// The protocol chosen of HTTP/2 and HTTP/1.1; only when everything was asked, like the next five.
    pub alpn: Option<String>,
    pub resumes_sessions: Option<bool>,
    pub accepts_early_data: Option<bool>,
    /// Whether it refuses a client that fell back to TLS 1.2.
    pub refuses_fallback: Option<bool>,
    /// Whether it supports the extended master secret.
    pub has_extended_master_secret: Option<bool>,
    /// What a client gets that sends no name, and one that asks for a name that the server does not have.
    pub unnamed: Option<(UnnamedSummary, UnnamedSummary)>,
    /// What its ports answer without TLS, where that was asked.
    pub plain: Vec<PlainSummary>,
    /// The renegotiation that clients may start: `secure`, `insecure` or `none`.
    pub client_renegotiation: Option<&'static str>,
}

/// What a port answers without TLS.
#[derive(Debug)]
pub struct PlainSummary {
    pub port: u16,
    /// `http`, `refused`, `silent` or `closed`.
    pub answer: &'static str,
    /// Of an HTTP response.
    pub status: Option<u16>,
    pub location: Option<String>,
}

/// What a client gets that does not call a server by its name.
#[derive(Debug)]
pub enum UnnamedSummary {
    /// The same certificate as others.
    Same,
    /// Another certificate, for these names.
    Other(Vec<String>),
    /// No handshake; why not.
    Refused(String),
}

/// What `merge` put together.
#[derive(Debug)]
pub struct Merged {
    /// The file that was written; `-` is standard output.
    pub output: String,
    /// Its permission bits; `None` on standard output.
    pub mode: Option<u32>,
    /// The time that days are counted from.
    pub at: OffsetDateTime,
    /// The new file's blocks in order, with their lines there.
    pub certificates: Vec<CertificateSummary>,
    /// What was left out.
    pub dropped: Vec<Dropped>,
    /// The new file's text, when it goes to standard output.
    pub stdout: Option<Vec<u8>>,
}

/// A certificate that `merge` left out.
#[derive(Debug)]
pub struct Dropped {
    pub finding: Finding,
    pub certificate: CertificateSummary,
}
