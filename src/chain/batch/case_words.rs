//! The files of a case as words of a command: what a fix prints is about this case, and judges by its roots and its time.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::chain::check_input::{TypedOptions, fixed_file, fixed_server_file};
use crate::finding::{Finding, listed};
use crate::sys::shell::shell_word;

/// Words for files where the case has texts.
const CHAIN: &str = "CHAIN";
const KEY: &str = "KEY";
const ROOTS: &str = "ROOTS";

/// Words of a case; those of options have a blank in front.
#[derive(Default)]
pub(super) struct CaseWords {
    /// The file with the chain, or the server.
    pub(super) chain: String,
    at: String,
    key: String,
    output: String,
    roots: String,
    /// The words in capitals, and what each stands for.
    stand_ins: Vec<(&'static str, String)>,
}

impl CaseWords {
    /// Of a chain that is in this file, or in all of these together.
    pub(super) fn of_files(files: &[String]) -> Self {
        if let [file] = files {
            let output = shell_word(&fixed_file(file));
            return Self { chain: shell_word(file), output, ..Self::default() };
        }
        Self::standing_in(format!("one file with {}, in this order", listed(files)))
    }

    /// Of a chain that is in the case itself.
    pub(super) fn of_text() -> Self {
        Self::standing_in("a file with the certificates of the case".into())
    }

    /// Of a server, with the words of its own command.
    pub(super) fn of_server(words: String, label: &str) -> Self {
        Self { chain: words, output: fixed_server_file(label), ..Self::default() }
    }

    fn standing_in(meaning: String) -> Self {
        let stand_ins = vec![(CHAIN, meaning)];
        Self { chain: CHAIN.into(), output: fixed_file(CHAIN), stand_ins, ..Self::default() }
    }

    pub(super) fn set_time(&mut self, at: Option<OffsetDateTime>) {
        let at = at.and_then(|at| at.format(&Rfc3339).ok());
        self.at = at.map(|at| format!(" --at {at}")).unwrap_or_default();
    }

    /// `roots` are files; `has_text` says that the case has roots in itself.
    pub(super) fn set_roots(&mut self, roots: &[String], has_text: bool) {
        self.roots = roots.iter().map(|file| format!(" --roots {}", shell_word(file))).collect();
        if has_text {
            self.roots = format!(" --roots {ROOTS}");
            self.stand_ins.push((ROOTS, "a file with the roots of the case".into()));
        }
    }

    /// `key` is a file; `has_text` says that the case has a key in itself.
    pub(super) fn set_key(&mut self, key: Option<&str>, has_text: bool) {
        self.key = key.map(|file| format!(" --key {}", shell_word(file))).unwrap_or_default();
        if has_text {
            self.key = format!(" --key {KEY}");
            self.stand_ins.push((KEY, "a file with the private key of the case".into()));
        }
    }

    pub(super) fn typed(&self) -> TypedOptions<'_> {
        TypedOptions { at: &self.at, key: &self.key, output: &self.output, roots: &self.roots }
    }

    /// The finding, with what the words in its fix stand for.
    pub(super) fn explained(&self, mut finding: Finding) -> Finding {
        finding.explain(self.stand_ins.iter().map(|(word, meaning)| (*word, meaning.as_str())));
        finding
    }
}
