//! What all folders share: names that stand for a folder, ages, variants, media types.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue, header};

use super::file::Directory;
use super::media_type::media_type;
use super::memory::FileMemory;
use crate::serve::file_options::{Expiry, ExpirySubject, FileOptions, Precompressed};
use crate::serve::request::Request;
use crate::serve::response::accept_encoding::weight;
use crate::serve::response::headers::http_date;
use crate::sys::clock::{Clock, SystemClock};
use crate::sys::read::read_regular;

/// The index where settings name none.
const INDEX: &str = "index.html";
/// Bytes of a file of media types; the usual ones have less than a tenth.
const MOST_MEDIA_TYPES: u64 = 1 << 20;

/// Codings of variants, with the endings of their files; the first one that a client accepts is taken.
const CODINGS: [(&str, &str); 3] = [("br", ".br"), ("zstd", ".zst"), ("gzip", ".gz")];

/// Settings for all folders, with what they name opened.
#[derive(Debug, Default)]
pub(in crate::serve) struct FileSettings {
    options: FileOptions,
    /// By ending, in lower case.
    media_types: HashMap<String, HeaderValue>,
    safe: Vec<SafeFolder>,
    /// Files of all folders in memory.
    pub(super) memory: Arc<FileMemory>,
}

/// A folder that links may lead to.
#[derive(Debug)]
pub(super) struct SafeFolder {
    pub(super) path: PathBuf,
    pub(super) directory: Arc<Directory>,
}

impl FileSettings {
    /// Reads and opens what the settings name. A file of media types, or a folder of links, that is not there is left
    /// out with a warning, as in uWSGI: without it there is less to serve, not more.
    pub(in crate::serve) fn open(options: &FileOptions) -> Arc<Self> {
        let mut options = options.clone();
        options.expiries.sort_by_key(Expiry::rank);
        let mut media_types = HashMap::new();
        for path in &options.media_type_files {
            match read_regular(path, MOST_MEDIA_TYPES) {
                Ok(bytes) => read_media_types(&String::from_utf8_lossy(&bytes), &mut media_types),
                Err(error) => tracing::warn!(path = %path.display(), %error, "cannot read media types"),
            }
        }
        let memory = Arc::<FileMemory>::default();
        let safe = options.safe.iter().filter_map(|path| {
            let open = || -> io::Result<SafeFolder> {
                let path = path.canonicalize()?;
                let directory = Arc::new(Directory::open(&path, &memory)?);
                Ok(SafeFolder { path, directory })
            };
            let opened = open();
            if let Err(error) = &opened {
                tracing::warn!(path = %path.display(), %error, "cannot open a folder that links may lead to");
            }
            opened.ok()
        });
        let safe = safe.collect();
        Arc::new(Self { options, media_types, safe, memory })
    }

    #[cfg(test)]
    pub(super) fn with_memory(memory: Arc<FileMemory>) -> Arc<Self> {
        Arc::new(Self { memory, ..Self::default() })
    }

    /// The indexes of folders that answer by themselves.
    pub(super) fn own_indexes(&self) -> Vec<String> {
        if self.options.indexes.is_empty() { vec![INDEX.to_owned()] } else { self.options.indexes.clone() }
    }

    /// The indexes of folders before an application, which has pages of its own for them.
    pub(super) fn indexes(&self) -> Vec<String> {
        self.options.indexes.clone()
    }

    pub(super) fn safe(&self) -> &[SafeFolder] {
        &self.safe
    }

    pub(super) fn is_skipped(&self, name: &str) -> bool {
        self.options.skipped_endings.iter().any(|ending| name.ends_with(ending.as_str()))
    }

    pub(super) fn media_type(&self, name: &str) -> HeaderValue {
        let known = if self.media_types.is_empty() {
            None
        } else {
            let name = name.rsplit('/').next().unwrap_or_default();
            let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
            ending.and_then(|ending| self.media_types.get(&ending).cloned())
        };
        known.unwrap_or_else(|| HeaderValue::from_static(media_type(name)))
    }

    /// Whether a file may have variants beside it.
    pub(super) fn has_variants(&self, path: &Path) -> bool {
        self.options.precompressed.iter().any(|one| match one {
            Precompressed::All => true,
            Precompressed::Below(folder) => path.starts_with(folder),
            Precompressed::Ending(ending) => path.as_os_str().as_encoded_bytes().ends_with(ending.as_bytes()),
            Precompressed::Matching(pattern) => pattern.is_match(path.as_os_str().as_encoded_bytes()),
        })
    }

    /// Whether anything depends on the path of a file.
    pub(super) fn needs_paths(&self) -> bool {
        !self.options.precompressed.is_empty() || !self.options.expiries.is_empty()
    }

    /// Says how long the client may keep a file.
    pub(super) fn set_expiry(
        &self,
        headers: &mut HeaderMap,
        request: &Request,
        path: &Path,
        media_type: &HeaderValue,
        modified: SystemTime,
    ) {
        let target = &request.target;
        let fits = |expiry: &&Expiry| match &expiry.subject {
            ExpirySubject::Below(prefix) => {
                crate::protocol::cgi_vars::below(prefix.as_bytes(), &target.path).is_some()
            }
            ExpirySubject::File(pattern) => pattern.is_match(path.as_os_str().as_encoded_bytes()),
            ExpirySubject::Path(pattern) => pattern.is_match(&target.path),
            ExpirySubject::Uri(pattern) => pattern.is_match(&request.one_uri()),
            ExpirySubject::MediaType(kind) => {
                let bare = media_type.as_bytes().split(|&byte| byte == b';').next().unwrap_or_default();
                bare.trim_ascii().eq_ignore_ascii_case(kind.as_bytes())
            }
        };
        let Some(expiry) = self.options.expiries.iter().find(fits) else { return };
        let span = Duration::from_secs(expiry.seconds);
        let since = if expiry.is_since_change { modified } else { SystemClock.now().into() };
        if let Some(time) = since.checked_add(span)
            && let Ok(date) = HeaderValue::try_from(http_date(time))
        {
            headers.insert(header::EXPIRES, date);
        }
        if matches!(expiry.subject, ExpirySubject::Below(_))
            && let Ok(age) = HeaderValue::try_from(format!("max-age={}", expiry.seconds))
        {
            headers.insert(header::CACHE_CONTROL, age);
        }
    }
}

/// The codings of variants that a client accepts (RFC 9110 section 12.5.3), each with the ending of its files, the best
/// first.
pub(super) fn accepted_codings(request: &HeaderMap) -> Vec<(&'static str, &'static str)> {
    let weight = |coding: &str| match coding {
        "gzip" => weight(request, &["gzip", "x-gzip"]),
        coding => weight(request, &[coding]),
    };
    let mut accepted: Vec<_> = CODINGS.into_iter().map(|coding| (weight(coding.0), coding)).collect();
    accepted.retain(|(weight, _)| *weight > 0);
    accepted.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    accepted.into_iter().map(|(_, coding)| coding).collect()
}

/// Lines of `TYPE ENDING ENDING`; the first line of an ending counts, as in uWSGI.
fn read_media_types(text: &str, types: &mut HashMap<String, HeaderValue>) {
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default();
        let mut parts = line.split_whitespace();
        let Some(media_type) = parts.next().and_then(|name| HeaderValue::from_str(name).ok()) else {
            continue;
        };
        for ending in parts {
            types.entry(ending.to_ascii_lowercase()).or_insert_with(|| media_type.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codings_by_weight() {
        let accepted = |value: &str| {
            let mut fields = HeaderMap::new();
            fields.insert(header::ACCEPT_ENCODING, HeaderValue::from_str(value).unwrap());
            accepted_codings(&fields).into_iter().map(|(coding, _)| coding).collect::<Vec<_>>()
        };
        for (value, expected) in [
            ("gzip", &["gzip"][..]),
            ("gzip, deflate, br", &["br", "gzip"]),
            ("br;q=0.5, gzip", &["gzip", "br"]),
            ("gzip;q=0", &[]),
            ("*", &["br", "zstd", "gzip"]),
            ("*;q=0.1, br;q=0", &["zstd", "gzip"]),
            ("identity", &[]),
            ("x-gzip", &["gzip"]),
            ("gzip;q=x", &[]),
            ("gzip; q=0.001", &["gzip"]),
            ("", &[]),
        ] {
            assert_eq!(accepted(value), expected, "{value}");
        }
    }

    #[test]
    fn media_types_of_a_file() {
        let mut types = HashMap::new();
        read_media_types("# a\ntext/x-a a aa # b\n\ntext/x-b\nbad\u{7f}type q\ntext/x-c A c", &mut types);
        assert_eq!(types.len(), 3, "{types:?}");
        assert_eq!(types["a"], "text/x-a");
        let settings = FileSettings { media_types: types, ..FileSettings::default() };
        assert_eq!(settings.media_type("x/y.C"), "text/x-c");
        assert_eq!(settings.media_type("x/y.css"), "text/css; charset=utf-8");
        assert_eq!(settings.media_type("a"), "application/octet-stream");
    }
}
