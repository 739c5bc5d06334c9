//! The emperor: one server for each option file of a folder.

use std::path::PathBuf;
use std::time::Duration;

/// Which option files are served, and how.
#[derive(Clone, Debug)]
pub struct EmperorSettings {
    /// Folders of option files, and patterns of paths.
    pub places: Vec<String>,
    /// Each server runs as the owner of its file.
    pub is_tyrant: bool,
    /// How often the files are looked at.
    pub frequency: Duration,
    /// How much longer each pause is than the one before, when a server does not start.
    pub throttle: Duration,
    pub longest_pause: Duration,
    /// The modification time of a symbolic link counts, not that of its file.
    pub is_nofollow: bool,
    /// The owner of a symbolic link counts.
    pub is_tyrant_nofollow: bool,
    /// Where it says what it knows of its servers: an address with a port, or the absolute path of a socket.
    pub stats: Option<String>,
    /// Placeholders for all files, `NAME=VALUE`.
    pub placeholders: Vec<String>,
    /// Files that all inherit from.
    pub inherited: Vec<PathBuf>,
    /// Files that all include.
    pub included: Vec<PathBuf>,
}

impl Default for EmperorSettings {
    /// Those of uWSGI.
    fn default() -> Self {
        Self {
            places: Vec::new(),
            is_tyrant: false,
            frequency: Duration::from_secs(3),
            throttle: Duration::from_secs(1),
            longest_pause: Duration::from_secs(180),
            is_nofollow: false,
            is_tyrant_nofollow: false,
            stats: None,
            placeholders: Vec::new(),
            inherited: Vec::new(),
            included: Vec::new(),
        }
    }
}

/// A folder or pattern, absolute.
///
/// # Errors
/// It is one of uWSGI's other monitors, such as `pg://`.
pub fn folder_or_pattern(text: &str) -> Result<String, String> {
    let path = text.strip_prefix("dir://").or_else(|| text.strip_prefix("glob://")).unwrap_or(text);
    if path.contains("://") {
        return Err("certkit reads option files from folders only; expected a folder or a pattern".to_owned());
    }
    if path.is_empty() {
        return Err("expected a folder or a pattern".to_owned());
    }
    let absolute = std::path::absolute(path).map_err(|error| error.to_string())?;
    absolute.into_os_string().into_string().map_err(|_| "expected text in UTF-8".to_owned())
}

/// An address with a port, or the path of a socket, absolute then.
///
/// # Errors
/// It is empty, or not text.
pub fn stats_address(text: &str) -> Result<String, String> {
    match text.rsplit_once(':').filter(|_| !text.starts_with('/')) {
        Some((_, port)) if port.parse::<u16>().is_ok() => Ok(text.to_owned()),
        Some(_) => Err("expected ADDRESS:PORT, or the path of a socket".to_owned()),
        None => {
            folder_or_pattern(text).map_err(|_| "expected ADDRESS:PORT, or the path of a socket".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_statistics() {
        for (text, expected) in [(":1717", ":1717"), ("[::1]:5", "[::1]:5"), ("/run/a:b", "/run/a:b")] {
            assert_eq!(stats_address(text).as_deref(), Ok(expected));
        }
        assert!(stats_address("a.sock").unwrap().ends_with("/a.sock"));
        assert!(stats_address("a:b").is_err() && stats_address("").is_err());
    }

    #[test]
    fn folders_and_patterns() {
        assert_eq!(folder_or_pattern("/etc/vassals"), Ok("/etc/vassals".to_owned()));
        assert_eq!(folder_or_pattern("glob:///etc/*/a.ini"), Ok("/etc/*/a.ini".to_owned()));
        assert!(folder_or_pattern("vassals").unwrap().starts_with('/'));
        assert!(
            folder_or_pattern("pg://host=a").is_err()
                && folder_or_pattern("").is_err()
                && folder_or_pattern("dir://").is_err()
        );
    }
}
