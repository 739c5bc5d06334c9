//! What tells a file from a later one of the same name.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime};

/// The last second of the year 9999. HTTP dates have four digits for the year (RFC 9110 section 5.6.7).
const LAST_HTTP_DATE: i64 = 253_402_300_799;

/// What tells a file from a later one of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileVersion {
    pub(super) device: u64,
    pub(super) inode: u64,
    /// Seconds and nanoseconds since 1970.
    pub(super) modified: (i64, i64),
    /// Bytes.
    pub(super) length: u64,
}

/// The same, and what tells it from itself before any change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileState {
    pub(super) version: FileVersion,
    /// The last change of its inode (ctime): seconds and nanoseconds since 1970. No program can set it, unlike the time of
    /// the last change of its contents.
    pub(super) changed: (i64, i64),
}

impl FileState {
    pub(super) fn of(metadata: &Metadata) -> Self {
        let version = FileVersion {
            device: metadata.dev(),
            inode: metadata.ino(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            length: metadata.len(),
        };
        Self { version, changed: (metadata.ctime(), metadata.ctime_nsec()) }
    }
}

impl FileVersion {
    /// The last change, as near as an HTTP date can say.
    pub(super) fn modified_time(&self) -> SystemTime {
        let (seconds, nanoseconds) = self.modified;
        let seconds = seconds.clamp(0, LAST_HTTP_DATE).unsigned_abs();
        SystemTime::UNIX_EPOCH + Duration::new(seconds, u32::try_from(nanoseconds).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_of_a_file_has_its_http_date() {
        for (seconds, date) in [
            (i64::MIN, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (1_600_000_000, "Sun, 13 Sep 2020 12:26:40 GMT"),
            (i64::MAX, "Fri, 31 Dec 9999 23:59:59 GMT"),
        ] {
            let version = FileVersion { device: 1, inode: 1, modified: (seconds, 999_999_999), length: 0 };
            assert_eq!(httpdate::fmt_http_date(version.modified_time()), date);
        }
    }
}
