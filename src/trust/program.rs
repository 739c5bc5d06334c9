//! Running the tools of trust stores: no shell, no input, what they say kept.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use super::StoreError;
use crate::sys::fs::plain;
use crate::sys::shell::shell_word;

/// Runs a program to its end and gives its standard output.
///
/// # Errors
/// [`StoreError::Failed`] with what it said, when it does not start or does not end well.
pub(super) fn run<S: AsRef<OsStr>>(
    program: &Path,
    args: impl IntoIterator<Item = S>,
) -> Result<String, StoreError> {
    let name = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy();
    let output = Command::new(program)
        .args(args)
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| StoreError::Failed(format!("{name} does not start: {}", plain(&error))))?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(stdout);
    }
    // keytool complains on standard output, the others on standard error. The last line says it
    // best.
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let said = [&stderr, &stdout]
        .into_iter()
        .flat_map(|text| text.lines().rev())
        .find(|line| !line.trim().is_empty());
    Err(StoreError::Failed(format!("{name} says: {}", said.unwrap_or("nothing").trim())))
}

/// A command as it would be typed.
pub(super) fn typed(words: &[&str]) -> String {
    words.iter().map(|word| shell_word(word)).collect::<Vec<_>>().join(" ")
}
