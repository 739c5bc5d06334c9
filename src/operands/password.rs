//! Passwords: from a file, from a variable, from the terminal; never from the command line, where others see them.

use std::collections::HashMap;
use std::path::Path;

use zeroize::Zeroizing;

use super::input::cannot_read;
use crate::finding::{Code, Finding};
use crate::report::Failure;
use crate::sys::fs::{read_limited, read_limited_from};
use crate::sys::terminal::ask_password;

/// The variable that holds a password where no file does.
const VARIABLE: &str = "CERTKIT_PASSWORD";
/// More than anybody types.
const MAX_BYTES: u64 = 64 << 10;

/// Where the passwords of one command come from. Nothing is read or asked before a file needs one.
pub struct Passwords {
    /// The file that the user named.
    file: Option<String>,
    /// The option that names it, for the words of findings.
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

    /// From the variable only, for work that nobody watches.
    pub fn unattended() -> Self {
        Self { may_ask: false, ..Self::new("CERTKIT_PASSWORD", None) }
    }

    /// Whether standard input is taken for the password.
    pub fn uses_stdin(&self) -> bool {
        self.file.as_deref() == Some("-")
    }

    /// The password for `what`, as `site.pfx`; `None` when there is none to be had.
    ///
    /// # Errors
    /// When the password's file cannot be read, or the terminal.
    pub fn of(&mut self, what: &str) -> Result<Option<Zeroizing<String>>, Failure> {
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

    /// The password for something that is being made. On the terminal it is asked for twice, since nobody sees what is
    /// typed; an empty one protects nothing and is refused.
    ///
    /// # Errors
    /// When there is none to be had, it is empty, or both answers differ.
    pub fn fresh(&mut self, what: &str) -> Result<Zeroizing<String>, Failure> {
        let given = matches!(self.given, Some(Some(_)))
            || self.file.is_some()
            || std::env::var_os(VARIABLE).is_some();
        let first = if given || !self.may_ask {
            self.of(what)?
        } else {
            let first = self.ask(&format!("New password of {what}: "))?;
            let again = if first.is_some() { self.ask("The same again: ")? } else { None };
            if first != again {
                return Err(Finding::error(Code::WrongPassword, "the two passwords differ")
                    .fix("run the command again")
                    .into());
            }
            first
        };
        let Some(password) = first else {
            return Err(Finding::error(
                Code::PasswordNeeded,
                format!("{what} needs a password, and there is none"),
            )
            .fix(format!("write it into a file and name that: {} FILE; or set {VARIABLE}", self.option))
            .into());
        };
        if password.is_empty() {
            return Err(Finding::error(Code::InvalidSetting, format!("the password of {what} is empty"))
                .fix("write one into the first line of the file")
                .into());
        }
        Ok(password)
    }

    fn ask(&self, question: &str) -> Result<Option<Zeroizing<String>>, Failure> {
        ask_password(question).map_err(|error| {
            Finding::error(Code::Io, format!("cannot ask for the password: {error}"))
                .fix(format!("write it into a file and name that: {} FILE", self.option))
                .into()
        })
    }

    /// What the user gave beforehand.
    fn read(&self) -> Result<Option<Zeroizing<String>>, Failure> {
        let Some(file) = &self.file else {
            return Ok(std::env::var(VARIABLE).ok().map(Zeroizing::new));
        };
        let bytes = if file == "-" {
            read_limited_from(std::io::stdin().lock(), MAX_BYTES)
        } else {
            read_limited(Path::new(file), MAX_BYTES)
        };
        let bytes = Zeroizing::new(bytes.map_err(|error| cannot_read(file, &error))?);
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
