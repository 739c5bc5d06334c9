//! certbot's folder of hooks, `renewal-hooks`: programs that it runs at every renewal, before the commands of a
//! certificate, in the order of their names.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::error::ImportError;
use super::foreign_file::{check_owner, inside};
use super::{ForeignCertificate, Omission};
use crate::acme::storage::absolute;

/// The variables that certbot(1) has for deploy hooks; ours have other names.
pub(super) const VARIABLES: &str =
    "export RENEWED_LINEAGE=\"${CERTKIT_FULLCHAIN%/*}\" RENEWED_DOMAINS=\"$CERTKIT_NAMES\";";

/// The programs of the folder that certbot runs.
#[derive(Debug, Default)]
pub(super) struct HookFolder {
    pre: Vec<PathBuf>,
    deploy: Vec<PathBuf>,
    post: Vec<PathBuf>,
    /// Those that it does not run, or that certkit must not.
    pub omissions: Vec<Omission>,
}

impl HookFolder {
    /// Looks what is there.
    ///
    /// # Errors
    /// [`ImportError`].
    pub(super) fn read(folder: &Path) -> Result<Self, ImportError> {
        let mut found = Self::default();
        for kind in ["pre", "deploy", "post"] {
            for program in inside(&absolute(folder).join("renewal-hooks").join(kind))? {
                match usable(&program) {
                    Ok(()) => match kind {
                        "pre" => found.pre.push(program),
                        "deploy" => found.deploy.push(program),
                        _ => found.post.push(program),
                    },
                    Err(_) if is_no_program(&program) => {}
                    Err(reason) => found.omissions.push(Omission::new(format!(
                        "the hook {} is not run by certkit: {reason}",
                        program.display()
                    ))),
                }
            }
        }
        if !(found.pre.is_empty() && found.deploy.is_empty() && found.post.is_empty()) {
            let what = "certkit runs the programs in renewal-hooks where they are, for every certificate";
            found.omissions.push(Omission::new(what).instead("Keep that folder."));
        }
        Ok(found)
    }

    /// Adds them to the commands of a certificate, which come after them.
    pub(super) fn add_to(&self, certificate: &mut ForeignCertificate) {
        let life = &mut certificate.life;
        // certbot orders even if one fails.
        life.pre_hook = with(&self.pre, "", " || true", life.pre_hook.take());
        life.post_hook = with(&self.post, "", "", life.post_hook.take());
        certificate.deploy_hook = with(&self.deploy, VARIABLES, "", certificate.deploy_hook.take());
    }
}

/// certbot runs regular files that may be executed, but no backups of editors.
fn usable(program: &Path) -> Result<(), String> {
    let may_run = program.metadata().is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0);
    if !may_run || program.to_str().is_none_or(|name| name.ends_with('~')) {
        return Err("certbot does not run it either".to_owned());
    }
    check_owner(program)
}

/// Whether nobody means it to be run: a folder, a hidden file such as of git, a backup, or a text such as a README.
fn is_no_program(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    if name.starts_with(b".") || name.ends_with(b"~") || path.is_dir() {
        return true;
    }
    let may_run = path.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0);
    let mut start = [0; 2];
    let has_start = File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok();
    !(may_run || (has_start && start == *b"#!"))
}

/// Programs and a command, each on a line of its own. One that is named as a command too runs once.
fn with(programs: &[PathBuf], before: &str, after: &str, command: Option<String>) -> Option<String> {
    let words = programs.iter().filter_map(|program| {
        let path = program.to_str()?;
        if command.as_deref().is_some_and(|command| command.ends_with(path)) {
            return None;
        }
        Some(format!("{}{after}", shlex::try_quote(path).ok()?))
    });
    let words: Vec<_> = words.collect();
    if words.is_empty() {
        return command;
    }
    let first = Some(before.to_owned()).filter(|before| !before.is_empty());
    let lines: Vec<_> = first.into_iter().chain(words).chain(command).collect();
    Some(lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_come_before_the_command_and_once() {
        let programs = [PathBuf::from("/etc/le/a b"), PathBuf::from("/etc/le/c")];
        let with = |programs: &[PathBuf], before, command: Option<&str>| {
            with(programs, before, "", command.map(str::to_owned)).unwrap_or_default()
        };
        assert_eq!(with(&[], "x", Some("own")), "own");
        assert_eq!(with(&programs, "", None), "'/etc/le/a b'\n/etc/le/c");
        assert_eq!(with(&programs, "V=1;", Some("own")), "V=1;\n'/etc/le/a b'\n/etc/le/c\nown");
        assert_eq!(with(&programs[1..], "", Some("/etc/le/c")), "/etc/le/c");
        let stop = super::with(&programs[1..], "", " || true", None);
        assert_eq!(stop.as_deref(), Some("/etc/le/c || true"));
    }
}
