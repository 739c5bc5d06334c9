//! Java's `cacerts`, which every program on that Java trusts. `keytool` works on it.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use super::program::{run, typed};
use super::{Action, Anchor, Holding, Store, StoreError, StoreKind, Surroundings};
use crate::sys::fs::plain;

/// The password of every `cacerts` that was not changed. It is public, and only guards against
/// accidents.
const PASSWORD: &str = "changeit";

/// Below a Java's folder; the second is that of Java 8.
const PLACES: &[&str] = &["lib/security/cacerts", "jre/lib/security/cacerts"];

/// Where Debian's Javas all link to.
const DEBIAN: &str = "/etc/ssl/certs/java/cacerts";

/// The stores that are here, each once: several Javas may share one.
pub(super) fn find(surroundings: &Surroundings) -> Vec<Box<dyn Store>> {
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
    seen.into_iter()
        .map(|path| Box::new(Keystore { path, keytool: keytool.clone() }) as Box<dyn Store>)
        .collect()
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
        Ok(match self.entry(anchor)? {
            Some(entry) if entry.is_trusted => Holding::Trusted,
            Some(_) => Holding::Untrusted,
            None => Holding::Absent,
        })
    }

    fn install(&self, anchor: &Anchor) -> Result<(), StoreError> {
        self.may_write()?;
        let file = Scratch::new(&anchor.pem())?;
        let args = ["-importcert", "-noprompt", "-trustcacerts", "-alias", &anchor.name, "-file"];
        self.keytool(&[&args[..], &[&file.0.display().to_string()]].concat()).map(|_| ())
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

    /// Asked beforehand: keytool would read and build everything before it fails.
    fn may_write(&self) -> Result<(), StoreError> {
        access(&self.path, Access::WRITE_OK).map_err(|_| StoreError::NeedsRoot)
    }

    /// The certificate by its bytes, whatever its name.
    fn entry(&self, anchor: &Anchor) -> Result<Option<Entry>, StoreError> {
        let list = self.keytool(&["-list", "-rfc"])?;
        Ok(entries(&list).find(|entry| anchor.is_in(entry.text.as_bytes())).map(|entry| Entry {
            name: entry.name.to_owned(),
            is_trusted: entry.text.contains("Entry type: trustedCertEntry"),
        }))
    }
}

/// A part of what `keytool -list -rfc` prints.
struct Listed<'a> {
    name: &'a str,
    text: &'a str,
}

fn entries(list: &str) -> impl Iterator<Item = Listed<'_>> {
    list.split("\nAlias name: ")
        .skip(1)
        .filter_map(|text| Some(Listed { name: text.lines().next()?.trim(), text }))
}

/// A file that keytool reads, gone when it is dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new(text: &str) -> Result<Self, StoreError> {
        let mut random = [0; 8];
        aws_lc_rs::rand::fill(&mut random)
            .map_err(|_| StoreError::Failed("the system gives no random bytes".into()))?;
        let name = format!("certkit-{:016x}.crt", u64::from_be_bytes(random));
        let path = std::env::temp_dir().join(name);
        Self::write(&path, text).map_err(|error| {
            StoreError::Failed(format!("cannot write {}: {}", path.display(), plain(&error)))
        })?;
        Ok(Self(path))
    }

    /// A new file only: another user may have put a link there.
    fn write(path: &Path, text: &str) -> std::io::Result<()> {
        use std::io::Write;
        fs::OpenOptions::new().write(true).create_new(true).open(path)?.write_all(text.as_bytes())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
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
