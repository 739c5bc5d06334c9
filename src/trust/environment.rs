//! Variables for programs that do not ask the system's store.
//!
//! ```text
//! environment(anchor, file, surroundings, present, folder) ──> [Variable] ──> lines(.., Syntax)
//! ```

use std::path::{Path, PathBuf};

use super::bundle::Extended;
use super::java::{self, JavaTrust};
use super::{Anchor, StoreError, Surroundings, bundle};

/// What a variable does to the roots that its readers trust otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The CA comes in addition to them.
    Adds,
    /// They are no longer read: the file must hold them too.
    Replaces,
}

/// A variable that makes programs trust the CA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    pub name: &'static str,
    pub value: String,
    pub effect: Effect,
    pub read_by: &'static str,
}

/// What every program needs that does not ask the system.
#[derive(Debug)]
pub struct Environment {
    pub variables: Vec<Variable>,
    /// The file with the system's roots and the CA; without it the variables that replace roots are left out.
    pub bundle: Option<PathBuf>,
    pub java: Result<JavaTrust, StoreError>,
    /// Variables that name something else now, whose roots are not in what they get: names and values.
    pub replaced: Vec<(&'static str, String)>,
}

/// The variables that replace the roots with those of one file, and who reads them.
pub(super) const OF_BUNDLE: [(&str, &str); 6] = [
    ("SSL_CERT_FILE", "OpenSSL and what uses it: Python's ssl, httpx, Ruby, PHP; Go; Rust; uv"),
    ("REQUESTS_CA_BUNDLE", "Python's requests and what uses it"),
    ("CURL_CA_BUNDLE", "curl"),
    ("PIP_CERT", "pip"),
    ("GIT_SSL_CAINFO", "git"),
    // Its setting `cafile`; where that is set in a file, npm ignores the variable of Node.js.
    ("npm_config_cafile", "npm"),
];

/// The variable of Node.js, and who reads it.
pub(super) const OF_NODE: (&str, &str) = ("NODE_EXTRA_CA_CERTS", "Node.js and what runs on it");

/// The variable of Java. Its options replace the store that Java comes with.
pub(super) const OF_JAVA: (&str, &str) = ("JAVA_TOOL_OPTIONS", "Java");

/// Finds or makes the files, and names them in variables. `file` is the CA's, an absolute path; `present` gives the
/// variables as they are now, whose files are kept or copied; `folder` is where certkit keeps the files that it makes.
///
/// # Errors
/// When a file cannot be written. What hinders only Java is in the result.
pub fn environment(
    anchor: &Anchor,
    file: &Path,
    surroundings: &Surroundings,
    present: &dyn Fn(&str) -> Option<String>,
    folder: &Path,
) -> Result<Environment, StoreError> {
    let bundle = bundle::provide(anchor, surroundings, folder)?;
    let file = bundle::plain_file(anchor, file, folder)?;
    let java = java::provide(anchor, surroundings, folder);
    let keystore = match &java {
        Ok(JavaTrust::Copied(path)) => Some(path.as_path()),
        _ => None,
    };
    let mut replaced = Vec::new();
    let mut files = Vec::new();
    for name in std::iter::once(OF_NODE.0).chain(OF_BUNDLE.map(|(name, _)| name)) {
        let is_node = name == OF_NODE.0;
        let mut value = if is_node { Some(file.clone()) } else { bundle.clone() };
        if let Some(now) = present(name).filter(|now| !now.is_empty()) {
            match bundle::extend(anchor, Path::new(&now), surroundings, folder, is_node)? {
                Extended::Made(path) => value = Some(path),
                Extended::Ours if value.is_none() => value = Some(now.into()),
                Extended::Unreadable if value.is_some() => replaced.push((name, now)),
                Extended::Ours | Extended::Unreadable => {}
            }
        }
        files.push((name, value));
    }
    let of = |name: &str| files.iter().find(|(known, _)| *known == name)?.1.clone();
    let variables = listed(&of, keystore);
    if let (Some(_), Some(now)) = (keystore, present(OF_JAVA.0)) {
        let store = trust_store(&now).filter(|store| !Path::new(store).starts_with(folder));
        replaced.extend(store.map(|store| (OF_JAVA.0, store)));
    }
    Ok(Environment { variables, bundle, java, replaced })
}

/// The variables that name these files.
pub(super) fn variables(file: &Path, bundle: Option<&Path>, keystore: Option<&Path>) -> Vec<Variable> {
    let of = |name: &str| if name == OF_NODE.0 { Some(file) } else { bundle }.map(Path::to_path_buf);
    listed(&of, keystore)
}

fn listed(file: &dyn Fn(&str) -> Option<PathBuf>, keystore: Option<&Path>) -> Vec<Variable> {
    let variable = |(name, read_by), effect| {
        let value = file(name)?.display().to_string();
        Some(Variable { name, value, effect, read_by })
    };
    let node = variable(OF_NODE, Effect::Adds);
    let of_bundle = OF_BUNDLE.iter().filter_map(|&one| variable(one, Effect::Replaces));
    let java = keystore.map(|path| {
        let (name, read_by) = OF_JAVA;
        let store = quoted_option(&format!("{TRUST_STORE}={}", path.display()));
        // The password of every copy of `cacerts`; an encrypted one cannot be read without it.
        let value = format!("{store} {TRUST_STORE}Password=changeit");
        Variable { name, value, effect: Effect::Replaces, read_by }
    });
    node.into_iter().chain(of_bundle).chain(java).collect()
}

const TRUST_STORE: &str = "-Djavax.net.ssl.trustStore";

impl Variable {
    /// The same variable with what it holds already, where that is a list of options: those about other things stay.
    #[must_use]
    pub fn keeping(mut self, present: Option<&str>) -> Self {
        let present = present.filter(|_| self.name == OF_JAVA.0).unwrap_or_default();
        let others = options(present).into_iter().filter(|word| !unquoted(word).starts_with(TRUST_STORE));
        let words: Vec<_> = others.chain([self.value.as_str()]).collect();
        self.value = words.join(" ");
        self
    }
}

/// The words of JAVA_TOOL_OPTIONS as they were typed. Blanks within quotes of either kind do not end a word (The JVM Tool
/// Interface, "The JAVA_TOOL_OPTIONS Environment Variable").
fn options(text: &str) -> Vec<&str> {
    let mut open = None;
    let is_end = |c: char| {
        match open {
            None if matches!(c, '"' | '\'') => open = Some(c),
            Some(quote) if quote == c => open = None,
            _ => {}
        }
        open.is_none() && c.is_whitespace()
    };
    text.split(is_end).filter(|word| !word.is_empty()).collect()
}

/// A word as Java takes it. Within quotes of one kind the other one is a character.
fn unquoted(word: &str) -> String {
    let mut open = None;
    let is_part = |c: &char| match open {
        None if matches!(c, '"' | '\'') => {
            open = Some(*c);
            false
        }
        Some(quote) if quote == *c => {
            open = None;
            false
        }
        _ => true,
    };
    word.chars().filter(is_part).collect()
}

/// The store that options name; of two Java takes the last one.
fn trust_store(text: &str) -> Option<String> {
    let words = options(text).into_iter().rev().map(unquoted);
    words.filter_map(|word| Some(word.strip_prefix(TRUST_STORE)?.strip_prefix('=')?.to_owned())).next()
}

/// A word of JAVA_TOOL_OPTIONS, which is separated at blanks outside of quotes.
fn quoted_option(word: &str) -> String {
    match word {
        _ if !word.contains(char::is_whitespace) => word.to_owned(),
        _ if word.contains('"') => format!("'{word}'"),
        _ => format!("\"{word}\""),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::root;
    use super::*;

    #[test]
    fn options_about_other_things_stay() {
        let java = || {
            let variables = variables(Path::new("/ca.crt"), None, Some(Path::new("/my store")));
            variables.into_iter().find(|variable| variable.name == OF_JAVA.0).unwrap()
        };
        let ours = "\"-Djavax.net.ssl.trustStore=/my store\" -Djavax.net.ssl.trustStorePassword=changeit";
        assert_eq!(java().keeping(None).value, ours);
        assert_eq!(java().keeping(Some("-Xmx1g")).value, format!("-Xmx1g {ours}"));
        let before = "-Xmx1g -Djavax.net.ssl.trustStore=/x -Djavax.net.ssl.trustStorePassword=y -Dz=1";
        assert_eq!(java().keeping(Some(before)).value, format!("-Xmx1g -Dz=1 {ours}"));
        // A second `eval` changes nothing, nor does one after another CA's.
        assert_eq!(java().keeping(Some(ours)).value, ours);
        let quoted = format!("'-Da=b \"c' {ours} \"-Dd=e  f\" -D'javax.net.ssl.trustStoreType=p12'");
        assert_eq!(java().keeping(Some(&quoted)).value, format!("'-Da=b \"c' \"-Dd=e  f\" {ours}"));
        assert_eq!(trust_store(&quoted).as_deref(), Some("/my store"));
        assert_eq!(trust_store("-Djavax.net.ssl.trustStoreType=p12 \"-Dx"), None);
        let node = variables(Path::new("/ca.crt"), None, None).remove(0);
        assert_eq!(node.keeping(Some("/old.crt")).value, "/ca.crt");
    }

    #[test]
    fn files_that_variables_name_now_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let [ours, other] = ["ours", "corporate"].map(|name| Anchor::new(root(name)));
        std::fs::create_dir_all(at("image/etc/ssl")).unwrap();
        let system = at("image/etc/ssl/cert.pem");
        for (path, text) in [
            (&system, "# public\n".to_owned()),
            (&at("corporate.pem"), other.pem()),
            (&at("both.pem"), ours.pem() + &other.pem()),
        ] {
            std::fs::write(path, text).unwrap();
        }
        std::fs::write(at("ca.der"), &ours.certificate.der).unwrap();
        let surroundings =
            Surroundings { root: Some(at("image")), home: None, java_home: None, path: Vec::new() };
        let made = |set: &[(&'static str, PathBuf)]| {
            let present = |name: &str| {
                let set = set.iter().find(|(known, _)| *known == name)?;
                Some(set.1.display().to_string())
            };
            environment(&ours, &at("ca.der"), &surroundings, &present, &at("trust")).unwrap()
        };
        let value = |made: &Environment, name: &str| {
            let variable = made.variables.iter().find(|variable| variable.name == name).unwrap();
            PathBuf::from(&variable.value)
        };
        let text = |path: PathBuf| std::fs::read_to_string(path).unwrap();
        let made_of_all = made(&[
            ("REQUESTS_CA_BUNDLE", at("corporate.pem")),
            ("PIP_CERT", at("both.pem")),
            ("SSL_CERT_FILE", system),
            ("NODE_EXTRA_CA_CERTS", at("corporate.pem")),
            ("CURL_CA_BUNDLE", at("none.pem")),
        ]);
        let of = |name: &str| value(&made_of_all, name);
        assert_eq!(text(of("REQUESTS_CA_BUNDLE")), other.pem() + &ours.pem());
        assert_eq!(text(of("NODE_EXTRA_CA_CERTS")), other.pem() + &ours.pem());
        assert_eq!(of("PIP_CERT"), at("both.pem"));
        assert_eq!(text(of("SSL_CERT_FILE")), "# public\n".to_owned() + &ours.pem());
        assert_eq!(of("CURL_CA_BUNDLE"), of("GIT_SSL_CAINFO"));
        assert_eq!(made_of_all.replaced, [("CURL_CA_BUNDLE", at("none.pem").display().to_string())]);
        // A second time nothing is added.
        let again =
            made(&[("REQUESTS_CA_BUNDLE", of("REQUESTS_CA_BUNDLE")), ("PIP_CERT", of("GIT_SSL_CAINFO"))]);
        assert_eq!(value(&again, "REQUESTS_CA_BUNDLE"), of("REQUESTS_CA_BUNDLE"));
        assert_eq!(value(&again, "PIP_CERT"), of("GIT_SSL_CAINFO"));
        // Node.js reads PEM only.
        let node = value(&made(&[]), "NODE_EXTRA_CA_CERTS");
        assert_eq!(text(node), ours.pem());
        // Without public roots, too.
        std::fs::remove_dir_all(at("image/etc")).unwrap();
        let made = made(&[("PIP_CERT", at("corporate.pem"))]);
        let names: Vec<_> = made.variables.iter().map(|variable| variable.name).collect();
        assert_eq!(names, ["NODE_EXTRA_CA_CERTS", "PIP_CERT"]);
    }

    #[test]
    fn without_a_bundle_nothing_is_replaced() {
        let variables = variables(Path::new("/ca.crt"), None, None);
        assert_eq!(
            variables.iter().map(|one| (one.name, one.effect)).collect::<Vec<_>>(),
            [("NODE_EXTRA_CA_CERTS", Effect::Adds)]
        );
    }

    #[test]
    fn options_of_java_are_kept_together() {
        assert_eq!(quoted_option("-Da=/b"), "-Da=/b");
        assert_eq!(quoted_option("-Da=/b c"), "\"-Da=/b c\"");
        assert_eq!(quoted_option("-Da=/b \"c"), "'-Da=/b \"c'");
    }
}
