//! Java's `cacerts`, which every program on that Java trusts. `keytool` works on it.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use super::bundle;
use super::mark::certificates_in;
use super::program::{run, typed};
use super::scratch::Scratch;
use super::store::Filter;
use super::{Action, Anchor, Holding, Store, StoreError, StoreKind, StoredCertificate, Surroundings};
use crate::sys::fs::read_limited;

/// The password of every `cacerts` that was not changed. It is public, and only guards against
/// accidents.
const PASSWORD: &str = "changeit";

/// Below a Java's folder; the second is that of Java 8.
const PLACES: &[&str] = &["lib/security/cacerts", "jre/lib/security/cacerts"];

/// More than any store has.
const MAX_BYTES: u64 = 64 << 20;

/// Where Debian's Javas all link to.
const DEBIAN: &str = "/etc/ssl/certs/java/cacerts";

/// The stores that are here, each once: several Javas may share one.
pub(super) fn find(surroundings: &Surroundings) -> Vec<Box<dyn Store>> {
    keystores(surroundings).into_iter().map(|store| Box::new(store) as Box<dyn Store>).collect()
}

/// What Javas on this machine need to trust a CA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JavaTrust {
    /// There is no Java whose store was found.
    NotFound,
    /// All of their stores have the CA.
    Present,
    /// This file has what the store has, and the CA.
    Copied(PathBuf),
}

/// A copy of the store with the CA in it, where the store does not have it.
///
/// # Errors
/// When there is no keytool, or the copy cannot be made.
pub(super) fn provide(
    anchor: &Anchor,
    surroundings: &Surroundings,
    folder: &Path,
) -> Result<JavaTrust, StoreError> {
    let stores = keystores(surroundings);
    if stores.is_empty() {
        return Ok(JavaTrust::NotFound);
    }
    for store in stores {
        if store.is_quickly_found(anchor) {
            continue;
        }
        if let Some(copy) = bundle::fresh_keystore(anchor, &store.path, folder) {
            return Ok(JavaTrust::Copied(copy));
        }
        if store.holds(anchor)? != Holding::Trusted {
            let import = |path: &Path| {
                let copy = Keystore { path: path.to_path_buf(), keytool: store.keytool.clone() };
                copy.install(anchor)
            };
            return bundle::provide_keystore(anchor, &store.path, folder, import).map(JavaTrust::Copied);
        }
    }
    Ok(JavaTrust::Present)
}

fn keystores(surroundings: &Surroundings) -> Vec<Keystore> {
    let mut seen = Vec::new();
    let keytool = keytool(surroundings);
    let homes = homes(surroundings);
    let mut places: Vec<_> =
        homes.iter().flat_map(|home| PLACES.iter().map(|place| home.join(place))).collect();
    if let Some(root) = &surroundings.root {
        places.push(surroundings.below_root(DEBIAN));
        // A link of another system may lead into this one.
        let root = fs::canonicalize(root).unwrap_or_else(|_| root.clone());
        places.retain(|place| fs::canonicalize(place).is_ok_and(|path| path.starts_with(&root)));
    }
    for place in places {
        let Ok(path) = fs::canonicalize(place) else { continue };
        if path.is_file() && !seen.contains(&path) {
            seen.push(path);
        }
    }
    seen.into_iter().map(|path| Keystore { path, keytool: keytool.clone() }).collect()
}

/// The folders of Javas: the one that `$JAVA_HOME` names, else all that are found.
fn homes(surroundings: &Surroundings) -> Vec<PathBuf> {
    if let Some(home) = surroundings.java_home.as_ref().filter(|_| surroundings.root.is_none()) {
        return vec![home.clone()];
    }
    let entries = fs::read_dir(surroundings.below_root("/usr/lib/jvm")).into_iter().flatten();
    let mut homes: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    homes.sort();
    if surroundings.root.is_none() {
        homes.extend(home_of_program(surroundings, "java"));
    }
    homes
}

/// `/opt/jdk` for a link to `/opt/jdk/bin/java` on the path.
fn home_of_program(surroundings: &Surroundings, name: &str) -> Option<PathBuf> {
    let program = fs::canonicalize(surroundings.program(name)?).ok()?;
    Some(program.parent()?.parent()?.to_path_buf())
}

fn keytool(surroundings: &Surroundings) -> Option<PathBuf> {
    let of_home = surroundings.java_home.as_ref().map(|home| home.join("bin/keytool"));
    of_home.filter(|path| path.is_file()).or_else(|| surroundings.program("keytool"))
}

struct Keystore {
    path: PathBuf,
    keytool: Option<PathBuf>,
}

impl Store for Keystore {
    fn kind(&self) -> StoreKind {
        StoreKind::Java
    }

    fn path(&self) -> PathBuf {
        self.path.clone()
    }

    fn holds(&self, anchor: &Anchor) -> Result<Holding, StoreError> {
        Ok(self.entry(anchor)?.map_or(Holding::Absent, |entry| holding(entry.is_trusted)))
    }

    fn install(&self, anchor: &Anchor) -> Result<(), StoreError> {
        self.may_write()?;
        let file = Scratch::new(&anchor.pem())?;
        let args = ["-importcert", "-noprompt", "-trustcacerts", "-alias", &anchor.name, "-file"];
        self.keytool(&[&args[..], &[&file.path().display().to_string()]].concat()).map(|_| ())
    }

    fn uninstall(&self, anchor: &Anchor) -> Result<(), StoreError> {
        while let Some(entry) = self.entry(anchor)? {
            self.may_write()?;
            self.keytool(&["-delete", "-alias", &entry.name])?;
        }
        Ok(())
    }

    fn plan(&self, anchor: &Anchor, action: Action) -> Vec<String> {
        let store = self.path.display().to_string();
        let keytool = |words: &[&str]| {
            let store = ["-keystore", &store, "-storepass", PASSWORD];
            format!("run {}", typed(&[&["keytool"], words, &store].concat()))
        };
        match action {
            Action::Install => {
                vec![keytool(&[
                    "-importcert",
                    "-noprompt",
                    "-trustcacerts",
                    "-alias",
                    &anchor.name,
                    "-file",
                    "ca.crt",
                ])]
            }
            Action::Uninstall => {
                let entry = self.entry(anchor).ok().flatten();
                entry.map(|entry| keytool(&["-delete", "-alias", &entry.name])).into_iter().collect()
            }
        }
    }

    fn certificates(&self, filter: Filter<'_>) -> Result<Vec<StoredCertificate>, StoreError> {
        let list = self.keytool(&["-list", "-rfc"])?;
        let mut stored: Vec<StoredCertificate> = Vec::new();
        for entry in entries(&list) {
            for certificate in certificates_in(entry.text.as_bytes()) {
                let is_new = stored.iter().all(|other| other.certificate != certificate);
                if is_new && filter(entry.name, &certificate) {
                    let holding = holding(entry.is_trusted());
                    stored.push(StoredCertificate { certificate, holding });
                }
            }
        }
        Ok(stored)
    }
}

const fn holding(is_trusted: bool) -> Holding {
    if is_trusted { Holding::Trusted } else { Holding::Untrusted }
}

/// The certificate in a store.
struct Entry {
    name: String,
    is_trusted: bool,
}

impl Keystore {
    fn keytool(&self, args: &[&str]) -> Result<String, StoreError> {
        let program = self.keytool.as_deref().ok_or_else(|| StoreError::MissingProgram {
            program: "keytool",
            install: "Run `apt install default-jre-headless`, or set JAVA_HOME.".to_owned(),
        })?;
        let store = self.path.display().to_string();
        // Its output is parsed below, so it must be English.
        let first = ["-J-Duser.language=en"];
        let last = ["-keystore", &store, "-storepass", PASSWORD];
        run(program, [&first[..], args, &last].concat())
    }

    /// Stores without encryption (JKS, and the `cacerts` of Java 18 and later) show their certificates as they are:
    /// keytool, which takes most of a second, need not be asked.
    fn is_quickly_found(&self, anchor: &Anchor) -> bool {
        let der = anchor.certificate.der.as_ref();
        let first = der.first().copied().unwrap_or_default();
        let bytes = read_limited(&self.path, MAX_BYTES).unwrap_or_default();
        let mut starts = bytes.iter().enumerate().filter(|(_, byte)| **byte == first);
        starts.any(|(at, _)| bytes.get(at..).is_some_and(|rest| rest.starts_with(der)))
    }

    /// Asked beforehand: keytool would read and build everything before it fails.
    fn may_write(&self) -> Result<(), StoreError> {
        access(&self.path, Access::WRITE_OK).map_err(|_| StoreError::NeedsRoot)
    }

    /// The certificate by its bytes, whatever its name.
    fn entry(&self, anchor: &Anchor) -> Result<Option<Entry>, StoreError> {
        let list = self.keytool(&["-list", "-rfc"])?;
        Ok(entries(&list)
            .find(|entry| anchor.is_in(entry.text.as_bytes()))
            .map(|entry| Entry { name: entry.name.to_owned(), is_trusted: entry.is_trusted() }))
    }
}

/// A part of what `keytool -list -rfc` prints.
struct Listed<'a> {
    name: &'a str,
    text: &'a str,
}

impl Listed<'_> {
    fn is_trusted(&self) -> bool {
        self.text.contains("Entry type: trustedCertEntry")
    }
}

fn entries(list: &str) -> impl Iterator<Item = Listed<'_>> {
    list.split("\nAlias name: ")
        .skip(1)
        .filter_map(|text| Some(Listed { name: text.lines().next()?.trim(), text }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_read() {
        let list = "Your keystore contains 2 entries\n\nAlias name: debian:a, b.pem\nEntry type: trustedCertEntry\n\nx\n\
                    \n\nAlias name: two\nEntry type: PrivateKeyEntry\n";
        let names: Vec<_> = entries(list).map(|entry| entry.name).collect();
        assert_eq!(names, ["debian:a, b.pem", "two"]);
        assert!(entries(list).next().is_some_and(|entry| entry.text.contains("trustedCertEntry")));
    }
}
