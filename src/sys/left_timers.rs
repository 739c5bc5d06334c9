//! Timers that were left behind: their command names a file that is not there any more.

use std::fs;
use std::path::{Path, PathBuf};

use super::timer::{Error, below, cron_folder, is_root, unit_folder};

/// A timer whose file is gone.
#[derive(Debug)]
pub struct LeftTimer {
    /// The name of the unit, and of cron's file.
    pub unit: String,
    /// The file that its command names.
    pub names: String,
    /// Its own files.
    pub files: Vec<PathBuf>,
    pub is_cron: bool,
}

/// The timers called `base` or `base-...` whose command has `option FILE` of a file that does not exist; `root` is put
/// before their paths. A user's crontab is not looked at.
///
/// # Errors
/// [`Error::NoHome`].
pub fn left_timers(base: &str, option: &str, root: &Path) -> Result<Vec<LeftTimer>, Error> {
    let mut left = Vec::new();
    let folders = [(unit_folder(is_root())?, ".service", false), (cron_folder(), "", true)];
    for (folder, ending, is_cron) in folders {
        let folder = below(root, &folder);
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let Some(unit) = name.to_str().and_then(|name| name.strip_suffix(ending)) else { continue };
            let is_ours = unit.strip_prefix(base).is_some_and(|own| own.is_empty() || own.starts_with('-'));
            if !is_ours {
                continue;
            }
            let Ok(text) = fs::read_to_string(entry.path()) else { continue };
            let command = if is_cron { command_of_cron(&text) } else { command_of_systemd(&text) };
            let names = command.and_then(|words| {
                words.iter().position(|word| word == option).and_then(|index| words.get(index + 1).cloned())
            });
            if let Some(names) = names.filter(|names| fs::symlink_metadata(names).is_err()) {
                let timer = (!is_cron).then(|| folder.join(format!("{unit}.timer")));
                let files = std::iter::once(entry.path()).chain(timer).collect();
                left.push(LeftTimer { unit: unit.to_owned(), names, files, is_cron });
            }
        }
    }
    left.sort_by(|a, b| a.unit.cmp(&b.unit));
    Ok(left)
}

/// The words of `ExecStart`, as they were written: percent and dollar signs are doubled (systemd.service(5)).
fn command_of_systemd(text: &str) -> Option<Vec<String>> {
    let line = text.lines().find_map(|line| line.strip_prefix("ExecStart="))?;
    shlex::split(&line.replace("%%", "%").replace("$$", "$"))
}

/// The words after the sleep; percent signs have a backslash in front (crontab(5)).
fn command_of_cron(text: &str) -> Option<Vec<String>> {
    let (_, command) = text.lines().find_map(|line| line.split_once(")); "))?;
    shlex::split(&command.replace("\\%", "%"))
}
