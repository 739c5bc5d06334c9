//! The system keychain of macOS, by its program `security` (security(1)).
//!
//! Nobody has run this on a Mac yet: it is written after the manual page and tested with a program that stands for
//! `security`. What it prints says so.

use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use super::mark::certificates_in;
use super::program::{run, typed};
use super::scratch::Scratch;
use super::store::Filter;
use super::{Action, Anchor, Holding, Store, StoreError, StoreKind, StoredCertificate, Surroundings};

const SYSTEM: &str = "/Library/Keychains/System.keychain";

/// The keychain, where there is one. That of another system cannot be changed: `security` works on this one.
pub(super) fn find(surroundings: &Surroundings) -> Option<Box<dyn Store>> {
    let path = Path::new(SYSTEM);
    let is_here = surroundings.root.is_none() && path.exists();
    is_here.then(|| {
        let keychain = Keychain { path: path.to_path_buf(), security: surroundings.program("security") };
        Box::new(keychain) as Box<dyn Store>
    })
}

struct Keychain {
    path: PathBuf,
    security: Option<PathBuf>,
}

impl Store for Keychain {
    fn kind(&self) -> StoreKind {
        StoreKind::System
    }

    fn path(&self) -> PathBuf {
        self.path.clone()
    }

    fn holds(&self, anchor: &Anchor) -> Result<Holding, StoreError> {
        let list = self.security(&["find-certificate", "-a", "-p", &self.path()])?;
        if !anchor.is_in(list.as_bytes()) {
            return Ok(Holding::Absent);
        }
        self.holding(anchor)
    }

    fn install(&self, anchor: &Anchor) -> Result<(), StoreError> {
        self.may_write()?;
        let file = Scratch::new(&anchor.pem())?;
        let file = file.path().display().to_string();
        self.security(&[&ADD[..], &["-k", &self.path(), &file]].concat()).map(|_| ())
    }

    fn uninstall(&self, anchor: &Anchor) -> Result<(), StoreError> {
        self.may_write()?;
        let file = Scratch::new(&anchor.pem())?;
        // It fails where nothing but the certificate is left.
        let _ = self.security(&["remove-trusted-cert", "-d", &file.path().display().to_string()]);
        self.security(&["delete-certificate", "-Z", &anchor.sha1(), &self.path()]).map(|_| ())
    }

    fn plan(&self, anchor: &Anchor, action: Action) -> Vec<String> {
        let (path, sha1) = (self.path(), anchor.sha1());
        let security = |words: &[&str]| format!("run {}", typed(&[&["security"], words].concat()));
        match action {
            Action::Install => vec![security(&[&ADD[..], &["-k", &path, "ca.crt"]].concat())],
            Action::Uninstall => vec![
                security(&["remove-trusted-cert", "-d", "ca.crt"]),
                security(&["delete-certificate", "-Z", &sha1, &path]),
            ],
        }
    }

    fn certificates(&self, filter: Filter<'_>) -> Result<Vec<StoredCertificate>, StoreError> {
        let list = self.security(&["find-certificate", "-a", "-p", &self.path()])?;
        let mut stored = Vec::new();
        for certificate in certificates_in(list.as_bytes()) {
            if filter("", &certificate) {
                let anchor = Anchor::new(certificate);
                let holding = self.holding(&anchor)?;
                let certificate = anchor.certificate;
                stored.push(StoredCertificate { certificate, holding });
            }
        }
        Ok(stored)
    }

    fn caution(&self) -> Option<&'static str> {
        Some("certkit's way into the keychain of macOS has not been tried on a Mac yet")
    }
}

/// Trusted as a root for servers, for every user.
const ADD: [&str; 8] = ["add-trusted-cert", "-d", "-r", "trustRoot", "-p", "ssl", "-p", "basic"];

impl Keychain {
    fn path(&self) -> String {
        self.path.display().to_string()
    }

    fn security(&self, args: &[&str]) -> Result<String, StoreError> {
        let program = self.security.as_deref().ok_or_else(|| StoreError::MissingProgram {
            program: "security",
            install: "Add /usr/bin to PATH.".to_owned(),
        })?;
        run(program, args)
    }

    /// What the system makes of a certificate that is in the keychain.
    fn holding(&self, anchor: &Anchor) -> Result<Holding, StoreError> {
        let file = Scratch::new(&anchor.pem())?;
        // -l: it is a CA itself; -L: nothing is fetched.
        let file = file.path().display().to_string();
        let verified = self.security(&["verify-cert", "-c", &file, "-p", "ssl", "-l", "-L"]);
        Ok(if verified.is_ok() { Holding::Trusted } else { Holding::Untrusted })
    }

    fn may_write(&self) -> Result<(), StoreError> {
        access(&self.path, Access::WRITE_OK).map_err(|_| StoreError::NeedsRoot)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::testing::root;
    use super::super::{ChangeMode, StoreState, change, is_ours, state};
    use super::*;
    use crate::sys::testing::write_program;

    /// A keychain that is a file of PEM, with one word beside it for trust.
    const SECURITY: &str = r#"#!/bin/sh
cd "${0%/*}" && echo "$*" >>calls
case $1 in
find-certificate) cat keychain ;;
add-trusted-cert) eval "cat \"\${$#}\"" >>keychain && echo yes >trusted ;;
verify-cert) test -e trusted ;;
remove-trusted-cert) rm trusted ;;
delete-certificate) : >keychain ;;
*) exit 2 ;;
esac
"#;

    #[test]
    fn installed_asked_and_removed() {
        let dir = tempfile::tempdir().unwrap();
        let (path, security) = (dir.path().join("keychain"), dir.path().join("security"));
        fs::write(&path, "").unwrap();
        write_program(&security, SECURITY);
        let keychain = Keychain { path, security: Some(security) };
        let (one, other) = (Anchor::new(root("one")), Anchor::new(root("other")));
        let apply = |anchor: &Anchor, action| change(&keychain, anchor, action, ChangeMode::Apply);
        assert_eq!(state(&keychain, &one), Ok(StoreState::Absent));
        assert_eq!(apply(&one, Action::Install), Ok(StoreState::Installed));
        assert_eq!(apply(&one, Action::Install), Ok(StoreState::Trusted));
        assert_eq!(state(&keychain, &other), Ok(StoreState::Absent));
        let names: Vec<_> = keychain.certificates(&|_, _| true).unwrap();
        assert_eq!(names.iter().map(|one| one.certificate.label()).collect::<Vec<_>>(), ["one"]);
        assert!(keychain.certificates(&|name, certificate| is_ours(name, certificate)).unwrap().is_empty());
        fs::remove_file(dir.path().join("trusted")).unwrap();
        assert_eq!(state(&keychain, &one), Ok(StoreState::Untrusted));
        assert_eq!(apply(&one, Action::Uninstall), Ok(StoreState::Removed));
        assert_eq!(apply(&one, Action::Uninstall), Ok(StoreState::Absent));
        let calls = fs::read_to_string(dir.path().join("calls")).unwrap();
        assert!(calls.contains("add-trusted-cert -d -r trustRoot -p ssl -p basic -k "), "{calls}");
        assert!(calls.contains(&format!("delete-certificate -Z {} ", one.sha1())), "{calls}");
        assert!(keychain.caution().is_some());
        let plan = [Action::Install, Action::Uninstall].map(|action| keychain.plan(&one, action).len());
        assert_eq!(plan, [1, 2]);
    }

    #[test]
    fn a_program_that_fails_is_quoted() {
        let dir = tempfile::tempdir().unwrap();
        let (path, security) = (dir.path().join("keychain"), dir.path().join("security"));
        fs::write(&path, "").unwrap();
        write_program(&security, "#!/bin/sh\necho 'SecKeychainOpen: no such keychain' >&2\nexit 50\n");
        let mut keychain = Keychain { path, security: Some(security) };
        let anchor = Anchor::new(root("one"));
        let said = "security says: SecKeychainOpen: no such keychain".to_owned();
        assert_eq!(state(&keychain, &anchor), Err(StoreError::Failed(said)));
        keychain.security = None;
        assert!(matches!(state(&keychain, &anchor), Err(StoreError::MissingProgram { .. })));
    }
}
