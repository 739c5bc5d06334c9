//! The options of `check` as words of another command: what a fix prints judges by the same roots and time.

use std::collections::HashSet;
use std::path::Path;

use time::format_description::well_known::Rfc3339;

use crate::chain::{TypedOptions, fixed_file, fixed_server_file};
use crate::cli::CheckArgs;
use crate::operands::server_target::{FileOrServer, ServerOptions, file_or_server};
use crate::sys::shell::{STANDARD_INPUT, input_word, path_word, shell_word};

/// Files that `merge` may write where one file is checked, in the order of choice.
const OUTPUTS: [&str; 4] = ["chain.pem", "fixed.pem", "chain.fixed.pem", "chain.new.pem"];

/// The options that were typed, each with a blank in front.
pub(super) struct Typed {
    at: String,
    key: String,
    output: String,
    roots: String,
    /// `--password-file`, as `merge` calls it.
    pub(super) password: String,
}

impl Typed {
    /// The options of a check; `output` is the file that `merge` should write.
    pub(super) fn new(args: &CheckArgs, output: &str) -> Self {
        let at = args.at.and_then(|at| at.format(&Rfc3339).ok()).map(|at| format!(" --at {at}"));
        let roots =
            args.roots.iter().map(|roots| format!(" --roots {}", input_word(&roots.display().to_string())));
        // What came through standard input is not there a second time.
        let password = args.key_password_file.as_deref().filter(|file| *file != Path::new("-"));
        let password =
            password.map(|file| format!(" --password-file {}", path_word(file))).unwrap_or_default();
        let key = args.key.as_deref().map(|key| key.display().to_string());
        let key = key.map(|key| format!(" --key {}{password}", input_word(&key)));
        Self {
            at: at.unwrap_or_default(),
            key: key.unwrap_or_default(),
            output: shell_word(output),
            roots: roots.collect(),
            password,
        }
    }

    pub(super) fn options(&self) -> TypedOptions<'_> {
        TypedOptions { at: &self.at, key: &self.key, output: &self.output, roots: &self.roots }
    }
}

/// The file that `merge` should write where `file` alone is checked.
pub(super) fn output_of(file: &str) -> &'static str {
    let is_free = |output: &&&str| **output != file && Path::new(output).symlink_metadata().is_err();
    OUTPUTS.iter().find(is_free).unwrap_or(&OUTPUTS[1])
}

/// The files that `merge` should write for several files or servers: each its own.
pub(super) fn outputs_of(names: &[String], options: &ServerOptions) -> Vec<String> {
    let mut taken = HashSet::new();
    let output = |name: &String| {
        let base = match file_or_server(name, options) {
            Ok(FileOrServer::Server(target)) => fixed_server_file(&target.label()),
            _ if name == "-" => fixed_file(STANDARD_INPUT),
            _ => fixed_file(name),
        };
        let stem = base.strip_suffix(".fixed.pem").unwrap_or(&base);
        let numbered = (2..1000).map(|number| fixed_file(&format!("{stem}-{number}")));
        let is_free =
            |output: &String| Path::new(output).symlink_metadata().is_err() && taken.insert(output.clone());
        std::iter::once(base.clone()).chain(numbered).find(is_free).unwrap_or(base)
    };
    names.iter().map(output).collect()
}
