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

/// A path as a word.
pub fn path_word(path: &Path) -> String {
    shell_word(&path.display().to_string())
}
