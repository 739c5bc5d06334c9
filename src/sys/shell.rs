//! Words of commands as a shell reads them.

use std::path::Path;

/// A word in quotes, where it needs them.
pub fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/:@%+=,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// The word of a command for a file with what came through standard input, which is not there a second time.
pub const STANDARD_INPUT: &str = "INPUT";

/// A file that was read (`-` is standard input) as a word of another command that reads it.
pub fn input_word(file: &str) -> String {
    if file == "-" { STANDARD_INPUT.to_owned() } else { shell_word(file) }
}

/// A path as a word.
pub fn path_word(path: &Path) -> String {
    shell_word(&path.display().to_string())
}
