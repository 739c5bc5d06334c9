//! The options of `check` as words of another command: what a fix prints judges by the same roots and time.

use std::path::Path;

use time::format_description::well_known::Rfc3339;

use crate::chain::TypedOptions;
use crate::cli::CheckArgs;
use crate::sys::shell::path_word;

/// Files that `merge` may write, in the order of choice.
const OUTPUTS: [&str; 4] = ["chain.pem", "fixed.pem", "chain.fixed.pem", "chain.new.pem"];

/// The options that were typed, each with a blank in front.
pub(super) struct Typed {
    at: String,
    key: String,
    output: &'static str,
    roots: String,
    /// `--password-file`, as `merge` calls it.
    pub(super) password: String,
}

impl Typed {
    /// The options of a check of `file`.
    pub(super) fn new(args: &CheckArgs, file: &str) -> Self {
        let at = args.at.and_then(|at| at.format(&Rfc3339).ok()).map(|at| format!(" --at {at}"));
        let roots = args.roots.iter().map(|roots| format!(" --roots {}", path_word(roots)));
        // What came through standard input is not there a second time.
        let password = args.key_password_file.as_deref().filter(|file| *file != Path::new("-"));
        let password =
            password.map(|file| format!(" --password-file {}", path_word(file))).unwrap_or_default();
        let key = args.key.as_deref().map(|key| format!(" --key {}{password}", path_word(key)));
        let is_free = |output: &&&str| **output != file && Path::new(output).symlink_metadata().is_err();
        Self {
            at: at.unwrap_or_default(),
            key: key.unwrap_or_default(),
            output: OUTPUTS.iter().find(is_free).unwrap_or(&OUTPUTS[1]),
            roots: roots.collect(),
            password,
        }
    }

    pub(super) fn options(&self) -> TypedOptions<'_> {
        TypedOptions { at: &self.at, key: &self.key, output: self.output, roots: &self.roots }
    }
}
