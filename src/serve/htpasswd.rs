//! Users and their passwords, in the format of Apache's `htpasswd`: `NAME:HASH`, one a line.
//!
//! Hashes are those of bcrypt alone. The others of that program (MD5, SHA-1, crypt) are fast, which makes a stolen file
//! worth as much as its passwords.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::str::FromStr;

use bcrypt::HashParts;
use zeroize::Zeroizing;

use crate::sys::fs::plain;

/// That of `htpasswd -C`. Each more doubles the time for a password; this one takes many seconds.
const LARGEST_COST: u32 = 17;

/// The users of a file.
pub struct Htpasswd {
    hashes: Vec<Zeroizing<String>>,
    /// By name: the place of a hash.
    users: HashMap<Vec<u8>, usize>,
}

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HtpasswdError {
    #[error("{}", plain(.0))]
    Read(#[source] io::Error),
    #[error("line {line}: {problem}")]
    Line { line: usize, problem: UserProblem },
    #[error("there is no user in it")]
    Empty,
}

/// What is wrong with a line. It quotes nothing of it: that may be a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserProblem {
    #[error("there is no `:` between a name and a hash")]
    NoPassword,
    #[error("there is no name before the `:`")]
    NoName,
    #[error("the password is hashed with {0}, and certkit takes bcrypt alone")]
    Format(&'static str),
    #[error("the hash of bcrypt is damaged")]
    Broken,
    #[error("the cost of the hash is {0}, and the largest is {LARGEST_COST}")]
    Cost(u32),
}

impl Htpasswd {
    /// Reads the text of a file. Of several lines for one user the first one counts, and fields behind the hash are
    /// ignored, as in Apache.
    ///
    /// # Errors
    /// The first line that cannot be used, or no user.
    pub fn parse(text: &[u8]) -> Result<Self, HtpasswdError> {
        let mut file = Self { hashes: Vec::new(), users: HashMap::new() };
        for (number, line) in text.split(|&byte| byte == b'\n').enumerate() {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.trim_ascii().is_empty() || line.starts_with(b"#") {
                continue;
            }
            let (name, hash) =
                user(line).map_err(|problem| HtpasswdError::Line { line: number + 1, problem })?;
            let place = file.hashes.len();
            if *file.users.entry(name.to_vec()).or_insert(place) == place {
                file.hashes.push(hash);
            }
        }
        if file.hashes.is_empty() { Err(HtpasswdError::Empty) } else { Ok(file) }
    }

    /// The hash of a user's password; for a name that is not one of theirs `None`, and another hash, always the same one
    /// for the same `number`: comparing with it takes as long.
    pub fn hash(&self, name: &[u8], number: usize) -> Result<&str, &str> {
        let hash = |place: usize| self.hashes.get(place).map_or("", |hash| hash.as_str());
        match self.users.get(name) {
            Some(place) => Ok(hash(*place)),
            None => Err(hash(number % self.hashes.len().max(1))),
        }
    }
}

impl fmt::Debug for Htpasswd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Htpasswd({} users)", self.users.len())
    }
}

/// Name and hash of a line.
fn user(line: &[u8]) -> Result<(&[u8], Zeroizing<String>), UserProblem> {
    let mut fields = line.split(|&byte| byte == b':');
    let name = fields.next().unwrap_or_default();
    let hash = fields.next().ok_or(UserProblem::NoPassword)?;
    if name.is_empty() {
        return Err(UserProblem::NoName);
    }
    if ![&b"$2y$"[..], b"$2a$", b"$2b$"].iter().any(|version| hash.starts_with(version)) {
        return Err(UserProblem::Format(format(hash)));
    }
    let hash = Zeroizing::new(String::from_utf8(hash.to_vec()).map_err(|_| UserProblem::Broken)?);
    let parts = HashParts::from_str(&hash).map_err(|_| UserProblem::Broken)?;
    match parts.get_cost() {
        ..4 => Err(UserProblem::Broken),
        4..=LARGEST_COST => Ok((name, hash)),
        cost => Err(UserProblem::Cost(cost)),
    }
}

/// What a hash is that is not one of bcrypt.
fn format(hash: &[u8]) -> &'static str {
    let known: [(&[u8], &str); 7] = [
        (b"$apr1$", "MD5 (apr1)"),
        (b"$1$", "MD5 (crypt)"),
        (b"{SHA}", "SHA-1"),
        (b"$5$", "SHA-256 (crypt)"),
        (b"$6$", "SHA-512 (crypt)"),
        (b"$argon2", "Argon2"),
        (b"$2", "an old bcrypt with an error in it"),
    ];
    let prefix = known.iter().find(|(prefix, _)| hash.starts_with(prefix));
    prefix.map_or("crypt or not at all", |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Of the password `open sesame`, with the least cost.
    const HASH: &str = "$2y$04$abcdefghijklmnopqrstuuKBDCEvCN7WzgcjQfDrGqDqWNAhVvWS.";

    #[test]
    fn users_of_a_file() {
        let hash = bcrypt::hash("open sesame", 4).unwrap();
        let text = format!(
            "# users\r\n\r\nanna:{hash}\r\n \nb\u{e4}r:{hash}:ignored\nanna:{}\n",
            hash.replace("$2b$", "$2y$")
        );
        let file = Htpasswd::parse(text.as_bytes()).unwrap();
        assert_eq!(file.hash(b"anna", 0), Ok(hash.as_str()));
        assert_eq!(file.hash("b\u{e4}r".as_bytes(), 0), Ok(hash.as_str()));
        assert_eq!(file.hash(b"carl", 7), Err(hash.as_str()));
        assert_eq!(format!("{file:?}"), "Htpasswd(2 users)");
    }

    #[test]
    fn what_is_refused() {
        let problem = |text: &str| match Htpasswd::parse(text.as_bytes()).unwrap_err() {
            HtpasswdError::Line { line, problem } => {
                let said = problem.to_string();
                assert!(!said.contains("secret"), "{said}");
                (line, problem)
            }
            other => panic!("{text}: {other}"),
        };
        assert_eq!(problem("#\na:$apr1$secret$x"), (2, UserProblem::Format("MD5 (apr1)")));
        assert_eq!(problem("a:{SHA}secret="), (1, UserProblem::Format("SHA-1")));
        assert_eq!(problem("a:secret"), (1, UserProblem::Format("crypt or not at all")));
        assert_eq!(problem("a:$2x$10$secret"), (1, UserProblem::Format("an old bcrypt with an error in it")));
        assert_eq!(problem("secret"), (1, UserProblem::NoPassword));
        assert_eq!(problem(":secret"), (1, UserProblem::NoName));
        assert_eq!(problem("a:$2y$10$secret"), (1, UserProblem::Broken));
        assert_eq!(problem(&format!("a:{}", HASH.replace("$04$", "$18$"))), (1, UserProblem::Cost(18)));
        assert_eq!(problem(&format!("a:{}", HASH.replace("$04$", "$03$"))), (1, UserProblem::Broken));
        assert!(matches!(Htpasswd::parse(b"\n# nobody\n"), Err(HtpasswdError::Empty)));
    }

    proptest! {
        #[test]
        fn every_user_that_is_read_has_a_hash(text in "([ab]?:?(\\$2[yabx]\\$(04|31)\\$[a-z.]{53}|x)?:?\r?\n){0,4}") {
            if let Ok(file) = Htpasswd::parse(text.as_bytes()) {
                for name in file.users.keys() {
                    prop_assert_eq!(file.hash(name, 0).unwrap().len(), 60);
                }
                prop_assert!(file.hash(b"nobody", usize::MAX).is_err_and(|hash| hash.len() == 60));
            }
        }
    }
}
