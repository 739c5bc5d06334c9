//! This program, to be started once more while a server runs.

use std::path::Path;
use std::process::Command;

/// What runs here, also when a new version has taken the place of its file (proc_pid_exe(5)).
const RUNNING: &str = "/proc/self/exe";

/// A command that starts this program, under the name that `ps` shows.
///
/// # Errors
/// It is out of reach.
pub fn command(name: &str) -> std::io::Result<Command> {
    let path = Path::new(RUNNING);
    let mut command = if path.exists() { Command::new(path) } else { Command::new(std::env::current_exe()?) };
    std::os::unix::process::CommandExt::arg0(&mut command, name);
    Ok(command)
}
