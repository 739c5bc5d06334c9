//! Commands that reports print: with the paths that were typed, and beside the files that are there.

use std::path::{Path, PathBuf};

use crate::ca::{ROOT_FILES, SigningCa, with_ending};
use crate::operands::ca_lookup::CaChoice;
use crate::sys::shell::{path_word, shell_word};
use crate::x509::{CertificateName, WildcardReach};

/// A prefix whose files are not there yet: `server`, or `server-2`.
fn free_prefix(prefix: &Path, endings: &[&str]) -> PathBuf {
    let is_free = |prefix: &PathBuf| {
        endings.iter().all(|ending| with_ending(prefix, ending).symlink_metadata().is_err())
    };
    let numbered = (2..1000_u32).map(|number| {
        let mut name = prefix.as_os_str().to_owned();
        name.push(format!("-{number}"));
        PathBuf::from(name)
    });
    std::iter::once(prefix.to_path_buf())
        .chain(numbered)
        .find(is_free)
        .unwrap_or_else(|| prefix.to_path_buf())
}

/// ` -o FILE`, where the default is taken: a file of the same kind that is not there yet.
pub(super) fn output_option(default: &Path) -> String {
    if default.symlink_metadata().is_err() {
        return String::new();
    }
    let ending = default.extension().unwrap_or_default().to_string_lossy().into_owned();
    let free = free_prefix(&default.with_extension(""), &[&ending, "key"]);
    format!(" -o {}", path_word(&with_ending(&free, &ending)))
}

/// `certkit mkcert NAME`; `options` name the CA.
pub(super) fn mkcert(name: &str, options: &str) -> String {
    let prefix = free_prefix(Path::new("server"), &["crt", "key"]);
    let output =
        if prefix == Path::new("server") { String::new() } else { format!(" -o {}", path_word(&prefix)) };
    format!("certkit mkcert {}{output}{options}", shell_word(name))
}

/// `certkit merge CERTIFICATE BUNDLE`.
pub(super) fn merge(certificate: &Path, bundle: &Path, roots: &str) -> String {
    let (certificate, bundle) = (path_word(certificate), path_word(bundle));
    format!("certkit merge {certificate} {bundle}{roots}{}", output_option(Path::new("chain.pem")))
}

/// `certkit serve --cert CERTIFICATE --key KEY`, words of a shell, with [`password_option`].
pub(super) fn serve(certificate: &str, key: &str, password: &str) -> String {
    format!("certkit serve --cert {certificate} --key {key}{password}")
}

/// ` --key-password-file FILE`, where a file was named that can be read again.
pub(super) fn password_option(file: Option<&Path>) -> String {
    match file {
        Some(file) if file != Path::new("-") => format!(" --key-password-file {}", path_word(file)),
        _ => String::new(),
    }
}

/// ` --roots FILE`, where the CA was named and so is not found by itself: its root, or the CA where no root is beside
/// it.
pub(super) fn roots_option(choice: &CaChoice, ca: &SigningCa) -> String {
    if choice.files.is_none() {
        return String::new();
    }
    let beside = ca.path.with_file_name(ROOT_FILES.0);
    let root = if ca.bundle.is_empty() || !beside.exists() { &ca.path } else { &beside };
    format!(" --roots {}", path_word(root))
}

/// The option with which `certkit check` asks for one of these names: ` --host NAME` or ` --email NAME`; empty where
/// there is none to ask for, `None` where only a wildcard is there that clients refuse.
pub(super) fn asked_name(names: &[CertificateName]) -> Option<String> {
    let asked = |name: &CertificateName| match name {
        CertificateName::Dns(dns) => match (dns.strip_prefix("*."), WildcardReach::of(name)) {
            (Some(parent), Some(WildcardReach::Domain)) => Some(format!(" --host www.{parent}")),
            (Some(_), _) => None,
            (None, _) => Some(format!(" --host {dns}")),
        },
        CertificateName::Ip(address) => Some(format!(" --host {address}")),
        CertificateName::Mail(mail) => Some(format!(" --email {}", shell_word(mail))),
        CertificateName::Uri(_) => None,
    };
    let is_wildcard = |name: &CertificateName| WildcardReach::of(name).is_some();
    let exact = names.iter().filter(|name| !is_wildcard(name)).find_map(asked);
    match exact.or_else(|| names.iter().find_map(asked)) {
        None if names.iter().any(is_wildcard) => None,
        option => Some(option.unwrap_or_default()),
    }
}
