//! Databases of NSS: the user's own, which Chromium reads, and one in every profile of Firefox.
//! `certutil` works on them.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::program::{run, typed};
use super::{Action, Anchor, Holding, Store, StoreError, StoreKind, Surroundings, Wanted};
use crate::sys::fs::plain;

/// Chromium's databases below the user's folder: everybody's, and that of its snap.
const DATABASES: &[&str] = &[".pki/nssdb", "snap/chromium/current/.pki/nssdb"];

/// Folders of Firefox profiles below the user's folder: the usual one, the newer one, snap, flatpak
/// in both ways.
const PROFILES: &[&str] = &[
    ".mozilla/firefox",
    ".config/mozilla/firefox",
    "snap/firefox/common/.mozilla/firefox",
    ".var/app/org.mozilla.firefox/.mozilla/firefox",
    ".var/app/org.mozilla.firefox/config/mozilla/firefox",
];

/// The databases that are here. The user's own is made where it is asked for by name.
pub(super) fn find(kind: StoreKind, surroundings: &Surroundings, wanted: Wanted) -> Vec<Box<dyn Store>> {
    let Some(home) = &surroundings.home else { return Vec::new() };
    let mut folders: Vec<PathBuf> = if kind == StoreKind::Nss {
        DATABASES.iter().map(|folder| home.join(folder)).collect()
    } else {
        PROFILES.iter().flat_map(|folder| subfolders(&home.join(folder))).collect()
    };
    folders.retain(|folder| folder.join(DATABASE_FILE).is_file());
    if folders.is_empty() && kind == StoreKind::Nss && wanted == Wanted::Named {
        folders.extend(DATABASES.first().map(|folder| home.join(folder)));
    }
    let certutil = surroundings.program("certutil");
    let package = package(surroundings);
    folders
        .into_iter()
        .map(|folder| {
            Box::new(Database { kind, folder, certutil: certutil.clone(), package }) as Box<dyn Store>
        })
        .collect()
}

/// The file of today's databases, which are in the form of SQLite.
const DATABASE_FILE: &str = "cert9.db";

fn subfolders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut folders: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    folders.sort();
    folders
}

/// What installs certutil here.
fn package(surroundings: &Surroundings) -> &'static str {
    let has = |name| surroundings.program(name).is_some();
    if has("dnf") || has("yum") {
        "dnf install nss-tools"
    } else if has("zypper") {
        "zypper install mozilla-nss-tools"
    } else if has("pacman") {
        "pacman -S nss"
    } else if has("apk") {
        "apk add nss-tools"
    } else {
        "apt install libnss3-tools"
    }
}

struct Database {
    kind: StoreKind,
    folder: PathBuf,
    certutil: Option<PathBuf>,
    package: &'static str,
}

impl Store for Database {
    fn kind(&self) -> StoreKind {
        self.kind
    }

    fn path(&self) -> PathBuf {
        self.folder.clone()
    }

    fn holds(&self, anchor: &Anchor) -> Result<Holding, StoreError> {
        let Some(entry) = self.entry(anchor)? else { return Ok(Holding::Absent) };
        // C: a trusted CA for servers. Whether that is in force, NSS says itself.
        let verified = self.certutil(&["-V", "-n", &entry.name, "-u", "L"]);
        Ok(if entry.trust.contains('C') && verified.is_ok() { Holding::Trusted } else { Holding::Untrusted })
    }

    fn install(&self, anchor: &Anchor) -> Result<(), StoreError> {
        self.create()?;
        if let Some(entry) = self.entry(anchor)? {
            return self.certutil(&["-M", "-n", &entry.name, "-t", TRUST]).map(|_| ());
        }
        // certutil reads files only; its own neighbour is as private as the database.
        let file = self.folder.join(format!(".certkit-{}.crt", std::process::id()));
        let write = fs::write(&file, anchor.pem()).map_err(|error| {
            StoreError::Failed(format!("cannot write {}: {}", file.display(), plain(&error)))
        });
        let result = write.and_then(|()| {
            self.certutil(&["-A", "-n", &anchor.name, "-t", TRUST, "-i", &file.display().to_string()])
        });
        let _ = fs::remove_file(&file);
        if result.is_err() {
            // A database with a password takes the certificate and then refuses to trust it: out
            // with it.
            if let Ok(Some(entry)) = self.entry(anchor) {
                let _ = self.certutil(&["-D", "-n", &entry.name]);
            }
        }
        result.map(|_| ())
    }

    fn uninstall(&self, anchor: &Anchor) -> Result<(), StoreError> {
        while let Some(entry) = self.entry(anchor)? {
            // NSS gives one name to all certificates of one subject, and certutil takes names only.
            if entry.sharing > 1 {
                return Err(StoreError::SharedName(entry.sharing, entry.name));
            }
            self.certutil(&["-D", "-n", &entry.name])?;
        }
        Ok(())
    }

    fn plan(&self, anchor: &Anchor, action: Action) -> Vec<String> {
        let database = self.database();
        let certutil =
            |words: &[&str]| format!("run {}", typed(&[&["certutil", "-d", &database], words].concat()));
        match action {
            Action::Install => {
                let is_new = !self.folder.join(DATABASE_FILE).is_file();
                let create = is_new.then(|| certutil(&["-N", "--empty-password"]));
                let add = certutil(&["-A", "-n", &anchor.name, "-t", TRUST, "-i", "ca.crt"]);
                create.into_iter().chain([add]).collect()
            }
            Action::Uninstall => {
                let entry = self.entry(anchor).ok().flatten();
                entry.map(|entry| certutil(&["-D", "-n", &entry.name])).into_iter().collect()
            }
        }
    }
}

/// Trusted to issue certificates of servers, and nothing else.
const TRUST: &str = "C,,";

/// The certificate in a database.
struct Entry {
    name: String,
    trust: String,
    /// How many certificates have this name.
    sharing: usize,
}

impl Database {
    fn database(&self) -> String {
        format!("sql:{}", self.folder.display())
    }

    fn certutil(&self, args: &[&str]) -> Result<String, StoreError> {
        let program = self.certutil.as_deref().ok_or_else(|| StoreError::MissingProgram {
            program: "certutil",
            install: format!("Run `{}`.", self.package),
        })?;
        // An empty password file: otherwise certutil would ask on the terminal.
        let database = self.database();
        run(program, [&["-d", &database, "-f", "/dev/null"], args].concat())
    }

    /// Makes a database where there is none.
    fn create(&self) -> Result<(), StoreError> {
        if self.folder.join(DATABASE_FILE).is_file() {
            return Ok(());
        }
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder).map_err(|error| {
            StoreError::Failed(format!("cannot make {}: {}", self.folder.display(), plain(&error)))
        })?;
        self.certutil(&["-N", "--empty-password"]).map(|_| ())
    }

    /// The certificate by its bytes, whatever its name.
    fn entry(&self, anchor: &Anchor) -> Result<Option<Entry>, StoreError> {
        if !self.folder.join(DATABASE_FILE).is_file() {
            return Ok(None);
        }
        let table = self.certutil(&["-L"])?;
        for (name, trust) in rows(&table) {
            let text = self.certutil(&["-L", "-n", name, "-a"])?;
            if anchor.is_in(text.as_bytes()) {
                let sharing = text.matches("-----BEGIN").count();
                return Ok(Some(Entry { name: name.to_owned(), trust: trust.to_owned(), sharing }));
            }
        }
        Ok(None)
    }
}

/// Names and trust for servers in the table that `certutil -L` prints: `NAME   C,,`.
fn rows(table: &str) -> impl Iterator<Item = (&str, &str)> {
    table.lines().filter_map(|line| {
        let (name, trust) = line.trim_end().rsplit_once(' ')?;
        let (servers, others) = trust.split_once(',')?;
        let is_flags = |text: &str| text.chars().all(|c| "pPcCTuwg,".contains(c));
        let is_row = is_flags(servers) && is_flags(others) && others.matches(',').count() == 1;
        is_row.then(|| (name.trim(), servers))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read() {
        let table = "\nCertificate Nickname                     Trust Attributes\n                   SSL,S/MIME,JAR/XPI\n\n\
                     certkit CA [ab12]                              C,,  \nuser                    u,u,u\n";
        assert_eq!(rows(table).collect::<Vec<_>>(), [("certkit CA [ab12]", "C"), ("user", "u")]);
    }
}
