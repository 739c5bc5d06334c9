//! Trust stores that cannot be asked or changed, and CAs that cannot be trusted.

use crate::finding::{Code, Finding, Location};
use crate::report::Failure;
use crate::trust::{AnchorError, StoreError, StoreKind};

/// `path` is the store's; `as_root` is the command for root.
pub fn store_failed(error: &StoreError, path: &str, kind: StoreKind, as_root: Option<&str>) -> Finding {
    let message = format!("trust store {path}: {error}");
    if let (StoreError::NeedsRoot, Some(command)) = (error, as_root) {
        return Finding::error(Code::Permission, message).fix(format!("Run `{command}`."));
    }
    let is_browser = matches!(kind, StoreKind::Nss | StoreKind::Firefox);
    let fix = match error {
        StoreError::MissingProgram { install, .. } => install,
        StoreError::NeedsRoot => "Run the command as the owner of that folder.",
        StoreError::SharedName(..) => {
            "Remove it in the browser, under Settings, Privacy and Security, Certificates."
        }
        _ if is_browser => {
            "Close the browser and try again; if a primary password protects the store, import the \
             certificate in the browser's settings."
        }
        _ => "Correct what the program reports, then run `certkit trust status`.",
    };
    Finding::error(Code::TrustStore, message).at(Location::file(path)).fix(fix)
}

/// A kind of store that was named and is not on this machine.
pub fn store_missing(kind: StoreKind) -> Finding {
    let (message, fix) = match kind {
        StoreKind::System => (
            "the system's trust store was not found in any known folder",
            "Install the package ca-certificates, or import the file of `certkit trust export` by \
             hand.",
        ),
        StoreKind::Nss => ("there is no home folder for an NSS database", "Set HOME."),
        StoreKind::Firefox => {
            ("no Firefox profile was found", "Start Firefox once, so that it creates a profile.")
        }
        StoreKind::Java => (
            "no Java with a cacerts file was found",
            "Set JAVA_HOME to the folder of the Java \
                                                       installation.",
        ),
    };
    Finding::error(Code::TrustStore, message).fix(fix)
}

pub fn no_store() -> Failure {
    let message = "no trust store was found: no known system store, no browser, no Java";
    Finding::error(Code::TrustStore, message)
        .fix(
            "Run `certkit trust export`, and import the file \
                                                   by hand.",
        )
        .into()
}

/// `paths` are those of the stores, `install` the command that installs it there.
pub fn not_trusted(label: &str, paths: &[String], install: &str) -> Finding {
    let message = format!("`{label}` is not trusted by these stores: {}", paths.join(", "));
    Finding::error(Code::UntrustedRoot, message).fix(format!("Run `{install}`."))
}

/// `file` is the one that was to name a CA.
pub fn cannot_trust(error: &AnchorError, file: &str) -> Failure {
    let (code, fix) = match error {
        AnchorError::Intermediate { issuer, .. } => {
            (Code::NotACa, format!("Name the root, the certificate of `{issuer}`."))
        }
        AnchorError::NotACa(_) => (Code::NotACa, "Name the CA certificate, for example ca.crt.".to_owned()),
        AnchorError::NotOne(_) => (Code::InvalidSetting, "Name a file with this one certificate.".to_owned()),
    };
    Finding::error(code, error.to_string()).at(Location::file(file)).fix(fix).into()
}
