//! How files are served: which names are looked for in folders, what browsers may keep, which variants there are.

use std::path::PathBuf;
use std::str::FromStr;

use super::rules::{Pattern, PatternError};

/// Settings for all folders.
#[derive(Clone, Debug, Default)]
pub struct FileOptions {
    /// Folders whose files come before the application, in the order in which they are tried.
    pub tried: Vec<TriedFolder>,
    /// The folder at the root of the site; before the application, if there is one.
    pub root: Option<PathBuf>,
    /// The path whose file answers for all that the folder at the root does not have.
    pub fallback: Option<String>,
    /// Files that stand for their folder; empty for `index.html`, and for none in tried folders.
    pub indexes: Vec<String>,
    /// Folders that symbolic links may lead to, from any folder.
    pub safe: Vec<PathBuf>,
    /// Ends of names that are not served as files.
    pub skipped_endings: Vec<String>,
    /// Which files may have a compressed variant beside them.
    pub precompressed: Vec<Precompressed>,
    /// The first one that fits a file counts.
    pub expiries: Vec<Expiry>,
    /// Files in the format of mime.types(5).
    pub media_type_files: Vec<PathBuf>,
}

/// A folder with the files below a path; what it does not have is left to the application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriedFolder {
    /// Without slash at its end.
    pub prefix: String,
    /// A folder, or the one file of this path.
    pub path: PathBuf,
    /// Whether files are looked for by the whole path, not by what comes after the prefix.
    pub keeps_prefix: bool,
}

/// Files that may have a variant beside them, as `style.css.gz`.
#[derive(Clone, Debug)]
pub enum Precompressed {
    All,
    Below(PathBuf),
    Ending(String),
    /// A pattern for the path of the file.
    Matching(Pattern),
}

/// How long clients may keep files.
#[derive(Clone, Debug)]
pub struct Expiry {
    pub subject: ExpirySubject,
    /// Whether the time counts from the last change of the file, not from the request.
    pub is_since_change: bool,
    pub seconds: u64,
}

/// Which files an [`Expiry`] is for.
#[derive(Clone, Debug)]
pub enum ExpirySubject {
    /// Those below a path of the site. Cache-Control says it as well.
    Below(String),
    /// By the path of the file.
    File(Pattern),
    Path(Pattern),
    Uri(Pattern),
    /// By media type, without parameters.
    MediaType(String),
}

/// Why a setting for files cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileOptionError {
    #[error("expected /PATH=AGE, where AGE is a number of seconds or one with a unit: 30m, 12h, 7d")]
    NotAnAge,
    #[error("expected all, below:FOLDER, ending:TEXT or matching:REGEX")]
    NotPrecompressed,
    #[error("expected PATTERN SECONDS")]
    NoPattern,
    #[error("expected TYPE=SECONDS")]
    NoType,
    #[error(transparent)]
    Pattern(#[from] PatternError),
}

impl FromStr for Precompressed {
    type Err = FileOptionError;

    fn from_str(text: &str) -> Result<Self, FileOptionError> {
        match text.split_once(':') {
            None if text == "all" => Ok(Self::All),
            Some(("below", folder)) if !folder.is_empty() => Ok(Self::Below(folder.into())),
            Some(("ending", ending)) if !ending.is_empty() => Ok(Self::Ending(ending.to_owned())),
            Some(("matching", pattern)) => Ok(Self::Matching(pattern.parse()?)),
            _ => Err(FileOptionError::NotPrecompressed),
        }
    }
}

impl FromStr for Expiry {
    type Err = FileOptionError;

    /// `/PATH=AGE`, or what uWSGI's options say: `file`, `path`, `uri` and a pattern, or `type` and a media type; with
    /// `-mtime`, seconds count from the last change.
    fn from_str(text: &str) -> Result<Self, FileOptionError> {
        if text.starts_with('/') {
            let (path, age) = text.rsplit_once('=').ok_or(FileOptionError::NotAnAge)?;
            let subject = ExpirySubject::Below(path.trim_end_matches('/').to_owned());
            return Ok(Self { subject, is_since_change: false, seconds: age_seconds(age)? });
        }
        let (name, value) = text.split_once(' ').ok_or(FileOptionError::NotAnAge)?;
        let (name, is_since_change) = match name.strip_suffix("-mtime") {
            Some(name) => (name, true),
            None => (name, false),
        };
        if name == "type" {
            let (media_type, seconds) = value.split_once('=').ok_or(FileOptionError::NoType)?;
            let subject = ExpirySubject::MediaType(media_type.to_ascii_lowercase());
            return Ok(Self { subject, is_since_change, seconds: leading_number(seconds) });
        }
        let (pattern, seconds) = value.split_once(' ').ok_or(FileOptionError::NoPattern)?;
        let pattern = pattern.parse()?;
        let subject = match name {
            "file" => ExpirySubject::File(pattern),
            "path" => ExpirySubject::Path(pattern),
            "uri" => ExpirySubject::Uri(pattern),
            _ => return Err(FileOptionError::NotAnAge),
        };
        Ok(Self { subject, is_since_change, seconds: leading_number(seconds) })
    }
}

impl Expiry {
    /// uWSGI asks its options in this order, whatever the order of their lines.
    pub fn rank(&self) -> u8 {
        let kind = match self.subject {
            ExpirySubject::Below(_) => 0,
            ExpirySubject::File(_) => 1,
            ExpirySubject::Path(_) => 2,
            ExpirySubject::Uri(_) => 3,
            ExpirySubject::MediaType(_) => 4,
        };
        kind * 2 + u8::from(self.is_since_change)
    }
}

/// As uWSGI reads it: the digits at its beginning.
fn leading_number(text: &str) -> u64 {
    let digits = text.trim_start().bytes().take_while(u8::is_ascii_digit);
    digits.fold(0, |number: u64, digit| number.saturating_mul(10).saturating_add(u64::from(digit - b'0')))
}

fn age_seconds(text: &str) -> Result<u64, FileOptionError> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit: u64 = match unit {
        "" | "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return Err(FileOptionError::NotAnAge),
    };
    let number: u64 = number.parse().map_err(|_| FileOptionError::NotAnAge)?;
    number.checked_mul(unit).ok_or(FileOptionError::NotAnAge)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_of_files() {
        let seconds = |text: &str| text.parse::<Expiry>().map(|expiry| expiry.seconds);
        assert_eq!(seconds("/static=3600"), Ok(3600));
        assert_eq!(seconds("/a=b=2d"), Ok(172_800));
        assert_eq!(seconds("file \\.css$ 60 x"), Ok(60));
        assert_eq!(seconds("uri-mtime ^/x 5"), Ok(5));
        assert_eq!(seconds("type text/css=7"), Ok(7));
        for text in
            ["/static", "/static=x", "/a=1w", "file \\.css$", "type text/css", "other a 5", "", "file ( 5"]
        {
            assert!(seconds(text).is_err(), "{text}");
        }
        let expiry: Expiry = "type-mtime Text/CSS=7".parse().unwrap();
        assert!(expiry.is_since_change && expiry.rank() == 9);
        assert!(matches!(expiry.subject, ExpirySubject::MediaType(kind) if kind == "text/css"));
    }

    #[test]
    fn variants_of_files() {
        for text in ["all", "below:/srv", "ending:.css", "matching:\\.js$"] {
            assert!(text.parse::<Precompressed>().is_ok(), "{text}");
        }
        for text in ["", "some", "below:", "matching:("] {
            assert!(text.parse::<Precompressed>().is_err(), "{text}");
        }
    }
}
