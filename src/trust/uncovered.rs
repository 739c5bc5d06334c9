//! Programs on this machine that do not ask its stores, or are set to ignore them.

use std::fs;
use std::path::{Path, PathBuf};

use super::environment::{OF_BUNDLE, OF_JAVA, OF_NODE};
use super::program::run;
use super::{Anchor, StoreKind, Surroundings, Wanted, find};
use crate::sys::fs::read_limited;

/// A program that trusts the CA in none of the ways that certkit sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uncovered {
    pub program: &'static str,
    /// Where it reads roots from.
    pub reads: String,
    /// Whether the lines of `trust env` change that.
    pub is_set_by_environment: bool,
}

/// More than any bundle has.
const MAX_BYTES: u64 = 64 << 20;

/// Programs that have their own roots: one of the commands must be here.
const WITH_OWN_ROOTS: &[(&[&str], &str, &str)] = &[
    (&["node", "npm", "bun"], "Node.js, npm", OF_NODE.0),
    (PYTHON, "Python's requests (certifi)", "REQUESTS_CA_BUNDLE"),
    (PYTHON, "Python's httpx (certifi)", "SSL_CERT_FILE"),
    (PYTHON, "pip before 24.2", "PIP_CERT"),
];

const PYTHON: &[&str] = &["python3", "python"];

/// The programs on this machine that are not covered. `variable` gives the environment's variables.
pub fn uncovered(
    anchor: &Anchor,
    surroundings: &Surroundings,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Vec<Uncovered> {
    let machine = Machine { anchor, surroundings, variable };
    let own = WITH_OWN_ROOTS.iter().filter_map(|&(commands, program, name)| {
        let is_here = commands.iter().any(|command| surroundings.program(command).is_some());
        (is_here && !machine.is_named_by(name)).then(|| by_variable(program, name))
    });
    let mut uncovered: Vec<_> = own.collect();
    // These ask the system, unless a variable names another file.
    for (name, program) in OF_BUNDLE {
        // Besides httpx nearly everything reads this one.
        let is_listed =
            name != "SSL_CERT_FILE" && uncovered.iter().any(|one| one.reads == format!("${name}"));
        if let Some(file) = variable(name).filter(|_| !machine.is_named_by(name) && !is_listed) {
            uncovered.push(Uncovered { reads: format!("{name}={file}"), ..by_variable(program, name) });
        }
    }
    uncovered.extend(machine.git());
    uncovered.extend(machine.npm());
    uncovered.extend(machine.java());
    uncovered.extend(machine.packaged_firefox());
    uncovered
}

fn by_variable(program: &'static str, name: &str) -> Uncovered {
    Uncovered { program, reads: format!("${name}"), is_set_by_environment: true }
}

struct Machine<'a> {
    anchor: &'a Anchor,
    surroundings: &'a Surroundings,
    variable: &'a dyn Fn(&str) -> Option<String>,
}

impl Machine<'_> {
    /// Whether the file that a variable names has the CA.
    fn is_named_by(&self, name: &str) -> bool {
        (self.variable)(name).is_some_and(|file| self.is_in_file(Path::new(&file)))
    }

    fn is_in_file(&self, file: &Path) -> bool {
        read_limited(file, MAX_BYTES).is_ok_and(|bytes| self.anchor.is_in(&bytes))
    }

    /// git with a bundle of its own; the variable goes before the setting.
    fn git(&self) -> Option<Uncovered> {
        if (self.variable)("GIT_SSL_CAINFO").is_some() {
            return None;
        }
        let git = self.surroundings.program("git")?;
        let file = run(&git, ["config", "--path", "--get", "http.sslCAInfo"]).ok()?;
        let file = file.trim();
        (!file.is_empty() && !self.is_in_file(Path::new(file))).then(|| Uncovered {
            reads: format!("http.sslCAInfo={file}"),
            ..by_variable("git", "GIT_SSL_CAINFO")
        })
    }

    /// npm with a bundle of its own, which goes before the variable of Node.js; its own variable goes before both.
    fn npm(&self) -> Option<Uncovered> {
        if (self.variable)("npm_config_cafile").is_some() {
            return None;
        }
        self.surroundings.program("npm")?;
        let settings = self.surroundings.home.as_ref()?.join(".npmrc");
        let text = fs::read_to_string(&settings).ok()?;
        let mut lines = text.lines().filter_map(|line| line.split_once('='));
        let (_, file) = lines.find(|(name, _)| name.trim() == "cafile")?;
        let file = file.trim().trim_matches('"');
        (!self.is_in_file(Path::new(file))).then(|| Uncovered {
            reads: format!("cafile={file} in {}", settings.display()),
            ..by_variable("npm", "npm_config_cafile")
        })
    }

    /// A Java whose store was not found.
    fn java(&self) -> Option<Uncovered> {
        let is_named = (self.variable)(OF_JAVA.0).is_some_and(|options| options.contains("trustStore="));
        let is_here = self.surroundings.program("java").is_some();
        let has_store = !find(StoreKind::Java, self.surroundings, Wanted::Any).is_empty();
        (is_here && !has_store && !is_named).then(|| Uncovered {
            program: OF_JAVA.1,
            reads: "a cacerts file that was not found; set JAVA_HOME".to_owned(),
            is_set_by_environment: false,
        })
    }

    /// A Firefox of snap or flatpak that has no profile yet.
    fn packaged_firefox(&self) -> Option<Uncovered> {
        let home = self.surroundings.home.as_ref()?;
        let folders: [PathBuf; 2] = [home.join("snap/firefox"), home.join(".var/app/org.mozilla.firefox")];
        let folder = folders.into_iter().find(|folder| folder.is_dir())?;
        let has_profile = !find(StoreKind::Firefox, self.surroundings, Wanted::Any).is_empty();
        (!has_profile).then(|| Uncovered {
            program: "Firefox from snap or flatpak",
            reads: format!("a profile below {}; start it once, then install the CA again", folder.display()),
            is_set_by_environment: false,
        })
    }
}
