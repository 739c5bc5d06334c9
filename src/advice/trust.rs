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

/// A root that another one replaced and that is still trusted; `command` removes it.
pub fn old_root(name: &str, command: &str) -> Finding {
    let message = format!("an older root of certkit is still trusted: `{name}`");
    Finding::warning(Code::OldRoot, message).fix(format!("Run `{command}`."))
}

/// A fingerprint that names none of certkit's CAs, or several.
pub fn not_one_of_ours(fingerprint: &str, names: &[&str]) -> Failure {
    let message = match names {
        [] => format!("no CA of certkit has a fingerprint that begins with `{fingerprint}`"),
        names => {
            format!(
                "{} CAs have a fingerprint that begins with `{fingerprint}`: {}",
                names.len(),
                names.join(", ")
            )
        }
    };
    Finding::error(Code::InvalidSetting, message).fix("Run `certkit trust list` for the fingerprints.").into()
}

/// `--all` without a yes; `command` does not ask.
pub fn uninstall_all(names: &[&str], command: &str) -> Failure {
    let cas = if names.len() == 1 { "CA" } else { "CAs" };
    let message =
        format!("nothing was removed; `--all` would remove {} {cas}: {}", names.len(), names.join(", "));
    Finding::error(Code::InvalidSetting, message).fix(format!("Run `{command}`.")).into()
}

/// A store whose way has a caution, as that of macOS.
pub fn untried(caution: &str, path: &str) -> Finding {
    Finding::note(Code::TrustStore, format!("{caution}; check the result"))
        .at(Location::file(path))
        .fix("Open Keychain Access, and search for certkit under System.")
}

/// The system has no file with all of its roots.
pub fn no_bundle() -> Finding {
    let message = "the system has no file with its public roots, so the variables that replace them are left out: their \
                   readers would refuse every public site";
    Finding::error(Code::TrustStore, message).fix("Install the package ca-certificates.")
}

/// A variable that names other roots now, which its new value does not have.
pub fn variable_replaced(name: &str, value: &str) -> Finding {
    let message = format!("{name} is set to `{value}` now, whose roots are not in what replaces it");
    let fix = match name {
        "JAVA_TOOL_OPTIONS" => "Import the CA into that store with keytool, and leave the variable as it is.",
        _ => "Add the CA to that file or folder yourself, or name a file in PEM with the variable first.",
    };
    Finding::warning(Code::TrustStore, message).fix(fix)
}

/// The file with the system's roots and the CA could not be written.
pub fn bundle_not_written(error: &StoreError) -> Failure {
    let fix = "Make the folder writable, or set XDG_DATA_HOME to another one.";
    Finding::error(Code::TrustStore, error.to_string()).fix(fix).into()
}

/// There is nowhere to write that file.
pub fn no_folder_for_bundle() -> Failure {
    let message = "neither HOME nor XDG_DATA_HOME is set, so the bundle of roots has no folder";
    Finding::error(Code::TrustStore, message).fix("Set one of them.").into()
}

/// Java's store was found, and no copy of it with the CA can be made.
pub fn java_not_covered(error: &StoreError) -> Finding {
    let fix = match error {
        StoreError::MissingProgram { install, .. } => install,
        _ => "Run `certkit trust install --store java` as root.",
    };
    Finding::error(Code::TrustStore, format!("no variable for Java: {error}")).fix(fix)
}
