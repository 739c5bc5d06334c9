//! What to judge, and by what.

use time::OffsetDateTime;

use super::located::Located;
use super::profile::Profile;
use super::trust::TrustStore;
use crate::x509::{Certificate, Crl, HostName, PrivateKey, Purpose};

/// What to judge, and by what.
#[derive(Clone, Copy, Debug)]
pub struct CheckInput<'a> {
    /// The certificates in the order of the file; never empty, else there is nothing to judge.
    pub certificates: &'a [Located],
    pub trust: &'a TrustStore,
    /// The time to judge at; certificates know whole seconds, so a fraction is cut off.
    pub at: OffsetDateTime,
    /// The name that clients use.
    pub host: Option<&'a HostName>,
    /// Mail addresses; the certificate must be for each of them.
    pub emails: &'a [String],
    /// The key that should belong to the leaf.
    pub key: Option<&'a PrivateKey>,
    pub crls: &'a [Crl],
    /// What the CA's own files say, besides the lists.
    pub revoked: &'a [KnownRevocation],
    /// CAs that a roll-over has put aside, each with its file as a word of a command.
    pub aside: &'a [(String, Certificate)],
    /// Fail when the chain expires within this many days.
    pub min_days: Option<u32>,
    /// Fail when there are more intermediates than this; self-issued ones do not count.
    pub max_depth: Option<usize>,
    pub purpose: Purpose,
    pub profile: Profile,
    /// The file, or the server, as a word of the command of a fix.
    pub file: &'a str,
    pub typed: TypedOptions<'a>,
    /// Whether a running server sent the certificates; otherwise they are from a file for one.
    pub is_live: bool,
}

/// Options as words of a command, each with a blank in front, so that the command of a fix judges by the same.
#[derive(Clone, Copy, Debug, Default)]
pub struct TypedOptions<'a> {
    /// `--at`.
    pub at: &'a str,
    /// `--key`, with its password's file.
    pub key: &'a str,
    /// The file that `merge` should write: one that does not exist yet.
    pub output: &'a str,
    /// `--roots`.
    pub roots: &'a str,
}

impl TypedOptions<'_> {
    /// The file that `merge` should write, whose input `files` are.
    pub fn output_for(&self, files: &str) -> &str {
        match self.output {
            "" if files.split(' ').any(|file| file == "chain.pem") => "fixed.pem",
            "" => "chain.pem",
            output => output,
        }
    }

    /// The command that merges `files`, with `more` options.
    pub fn merge(&self, files: &str, more: &str) -> String {
        let output = self.output_for(files);
        format!("certkit merge {files}{more} -o {output}{}{}", self.roots, self.at)
    }
}

/// The file that a fix writes beside `file`: `a.fixed.pem` for `a.pem`.
pub fn fixed_file(file: &str) -> String {
    format!("{}.fixed.pem", file.strip_suffix(".pem").unwrap_or(file))
}

/// The file that a fix writes for the server `host:port`.
pub fn fixed_server_file(label: &str) -> String {
    fixed_file(&label.replace(|c: char| !c.is_ascii_alphanumeric() && !".-".contains(c), "_"))
}

/// A revocation that the CA's own files report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownRevocation {
    /// SHA-256 of the certificate, in hexadecimal.
    pub sha256: String,
    pub at: OffsetDateTime,
    /// As part of a sentence.
    pub reason: Option<&'static str>,
    /// The file that reports it.
    pub file: String,
}

impl<'a> CheckInput<'a> {
    /// A server's chain, judged without a host name under the profile `tls`.
    pub fn new(
        certificates: &'a [Located],
        trust: &'a TrustStore,
        at: OffsetDateTime,
        file: &'a str,
    ) -> Self {
        Self {
            certificates,
            trust,
            at,
            host: None,
            emails: &[],
            key: None,
            crls: &[],
            revoked: &[],
            aside: &[],
            min_days: None,
            max_depth: None,
            purpose: Purpose::Server,
            profile: Profile::Tls,
            file,
            typed: TypedOptions::default(),
            is_live: false,
        }
    }
}
