//! Databases of NSS: the user's own, which Chromium reads, and one in every profile of Firefox.
//! `certutil` works on them.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::mark::certificates_in;
use super::program::{run, typed};
use super::store::Filter;
use super::{Action, Anchor, Holding, Store, StoreError, StoreKind, StoredCertificate, Surroundings, Wanted};
use crate::sys::fs::plain;
use crate::x509::Certificate;

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
        Ok(self.holding(&entry.name, &entry.trust))
    }

    fn install(&self, anchor: &Anchor) -> Result<(), StoreError> {
        self.create()?;
        if let Some(entry) = self.entry(anchor)? {
            return self.certutil(&["-M", "-n", &entry.name, "-t", TRUST]).map(|_| ());
        }
        let result = self.add(anchor, &anchor.name, TRUST);
        if result.is_err() {
            // A database with a password takes the certificate and then refuses to trust it: out
            // with it.
            if let Ok(Some(entry)) = self.entry(anchor) {
                let _ = self.certutil(&["-D", "-n", &entry.name]);
            }
        }
        result
    }

    fn uninstall(&self, anchor: &Anchor) -> Result<(), StoreError> {
        // certutil takes names only, and finds by a name every certificate of the same subject, such as a root and the
        // one that it was renewed from. What goes with it comes back.
        let mut others: Vec<(Certificate, Entry)> = Vec::new();
        while let Some(entry) = self.entry(anchor)? {
            let text = self.certutil(&["-L", "-n", &entry.name, "-a"])?;
            self.certutil(&["-D", "-n", &entry.name])?;
            for other in certificates_in(text.as_bytes()) {
                if other != anchor.certificate && others.iter().all(|(known, _)| *known != other) {
                    others.push((other, Entry { name: entry.name.clone(), trust: entry.trust.clone() }));
                }
            }
        }
        for (other, entry) in others {
            let other = Anchor::new(other);
            if self.entry(&other)?.is_none() {
                self.add(&other, &entry.name, &format!("{},,", entry.trust))?;
            }
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

    fn certificates(&self, filter: Filter<'_>) -> Result<Vec<StoredCertificate>, StoreError> {
        if !self.folder.join(DATABASE_FILE).is_file() {
            return Ok(Vec::new());
        }
        let mut stored: Vec<StoredCertificate> = Vec::new();
        for (name, trust) in rows(&self.certutil(&["-L"])?) {
            let text = self.certutil(&["-L", "-n", name, "-a"])?;
            for certificate in certificates_in(text.as_bytes()) {
                let is_new = stored.iter().all(|other| other.certificate != certificate);
                if is_new && filter(name, &certificate) {
                    let holding = self.holding(name, trust);
                    stored.push(StoredCertificate { certificate, holding });
                }
            }
        }
        Ok(stored)
    }
}

/// Trusted to issue certificates of servers, and nothing else.
const TRUST: &str = "C,,";

/// The certificate in a database.
struct Entry {
    name: String,
    trust: String,
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

    fn add(&self, anchor: &Anchor, name: &str, trust: &str) -> Result<(), StoreError> {
        // certutil reads files only; its own neighbour is as private as the database.
        let file = self.folder.join(format!(".certkit-{}.crt", std::process::id()));
        let write = fs::write(&file, anchor.pem()).map_err(|error| {
            StoreError::Failed(format!("cannot write {}: {}", file.display(), plain(&error)))
        });
        let result = write.and_then(|()| {
            self.certutil(&["-A", "-n", name, "-t", trust, "-i", &file.display().to_string()])
        });
        let _ = fs::remove_file(&file);
        result.map(|_| ())
    }

    /// How a certificate of this name is trusted.
    fn holding(&self, name: &str, trust: &str) -> Holding {
        // C: a trusted CA for servers. Whether that is in force, NSS says itself.
        let is_trusted = trust.contains('C') && self.certutil(&["-V", "-n", name, "-u", "L"]).is_ok();
        if is_trusted { Holding::Trusted } else { Holding::Untrusted }
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
                return Ok(Some(Entry { name: name.to_owned(), trust: trust.to_owned() }));
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
