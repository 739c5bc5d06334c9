//! Passwords: from a file, from a variable, from the terminal; never from the command line, where others see them.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use zeroize::Zeroizing;

use super::read::{ReadError, read};
use crate::sys::own_variables::PASSWORD;
use crate::sys::terminal::ask_password;

/// More than anyone types.
const MAX_BYTES: u64 = 64 << 10;

/// Why there is no password. `option` is the one that names a password's file.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    #[error("cannot ask for the password: {source}")]
    Ask { option: &'static str, source: io::Error },
    #[error("the two passwords differ")]
    Differ,
    #[error("the password of {what} is empty")]
    Empty { what: String },
    #[error("{what} needs a password, and none was given")]
    Needed { what: String, option: &'static str },
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Where the passwords of one command come from. Nothing is read or asked before a file needs one.
pub struct Passwords {
    /// The file that the user named.
    file: Option<String>,
    /// The option that names it, for error messages.
    pub option: &'static str,
    may_ask: bool,
    given: Option<Option<Zeroizing<String>>>,
    asked: HashMap<String, Option<Zeroizing<String>>>,
}

impl Passwords {
    /// From `file` (`-` is standard input), which the option `option` names; else the variable; else the terminal.
    pub fn new(option: &'static str, file: Option<&Path>) -> Self {
        let file = file.map(|file| file.display().to_string());
        Self { file, option, may_ask: true, given: None, asked: HashMap::new() }
    }

    /// From the variable only, where nobody can be asked.
    pub fn unattended() -> Self {
        Self { may_ask: false, ..Self::new(PASSWORD, None) }
    }

    /// From the bytes of a file that was read, which the option `option` named.
    pub fn in_bytes(option: &'static str, bytes: &[u8]) -> Self {
        Self { may_ask: false, given: Some(Some(first_line(bytes))), ..Self::new(option, None) }
    }

    /// The same, but nobody is asked.
    #[must_use]
    pub fn without_asking(self) -> Self {
        Self { may_ask: false, ..self }
    }

    /// Whether the password comes from standard input.
    pub fn uses_stdin(&self) -> bool {
        self.file.as_deref() == Some("-")
    }

    /// The password for `what`, as `site.pfx`; `None` when there is none.
    ///
    /// # Errors
    /// When the password's file cannot be read, or the terminal.
    pub fn of(&mut self, what: &str) -> Result<Option<Zeroizing<String>>, PasswordError> {
        if self.given.is_none() {
            self.given = Some(self.read()?);
        }
        if let Some(Some(password)) = &self.given {
            return Ok(Some(password.clone()));
        }
        if !self.may_ask {
            return Ok(None);
        }
        if let Some(answer) = self.asked.get(what) {
            return Ok(answer.clone());
        }
        let answer = self.ask(&format!("Password of {what}: "))?;
        self.asked.insert(what.to_owned(), answer.clone());
        Ok(answer)
    }

    /// The password for something new. On the terminal it is asked for twice, since it is not shown; an empty one protects
    /// nothing and is refused.
    ///
    /// # Errors
    /// When there is none, it is empty, or both answers differ.
    pub fn fresh(&mut self, what: &str) -> Result<Zeroizing<String>, PasswordError> {
        let given = matches!(self.given, Some(Some(_)))
            || self.file.is_some()
            || std::env::var_os(PASSWORD).is_some();
        let first = if given || !self.may_ask {
            self.of(what)?
        } else {
            let first = self.ask(&format!("New password of {what}: "))?;
            let again = if first.is_some() { self.ask("Repeat the password: ")? } else { None };
            if first != again {
                return Err(PasswordError::Differ);
            }
            first
        };
        let Some(password) = first else {
            return Err(PasswordError::Needed { what: what.to_owned(), option: self.option });
        };
        if password.is_empty() {
            return Err(PasswordError::Empty { what: what.to_owned() });
        }
        Ok(password)
    }

    fn ask(&self, question: &str) -> Result<Option<Zeroizing<String>>, PasswordError> {
        ask_password(question).map_err(|source| PasswordError::Ask { option: self.option, source })
    }

    /// What the user gave beforehand.
    fn read(&self) -> Result<Option<Zeroizing<String>>, PasswordError> {
        let Some(file) = &self.file else {
            return Ok(std::env::var(PASSWORD).ok().map(Zeroizing::new));
        };
        let bytes = match read(file, MAX_BYTES) {
            Err(ReadError::Empty { .. }) => Vec::new(),
            bytes => bytes?,
        };
        let bytes = Zeroizing::new(bytes);
        Ok(Some(first_line(&bytes)))
    }
}

/// The password in a file: its first line, without the line end and the mark that editors add.
fn first_line(bytes: &[u8]) -> Zeroizing<String> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let line = bytes.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    Zeroizing::new(String::from_utf8_lossy(line).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_the_password() {
        for text in ["secret", "secret\n", "secret\r\nmore\n", "\u{feff}secret\n"] {
            assert_eq!(first_line(text.as_bytes()).as_str(), "secret", "{text:?}");
        }
        assert_eq!(first_line(b" with blanks \n").as_str(), " with blanks ");
        assert_eq!(first_line(b"").as_str(), "");
    }
}
