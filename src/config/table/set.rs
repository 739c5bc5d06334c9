//! How rows of the table take their values over.

use std::ffi::OsStr;
use std::fmt::Display;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::config::values::{Size, Span};

/// Replaces what was there.
pub(super) fn put<T>(field: &mut T, value: Result<T, String>) -> Result<(), String> {
    *field = value?;
    Ok(())
}

/// Replaces what was there, or nothing.
pub(super) fn put_some<T>(field: &mut Option<T>, value: Result<T, String>) -> Result<(), String> {
    put(field, value.map(Some))
}

/// Puts it behind what was there.
pub(super) fn add<T>(list: &mut Vec<T>, value: Result<T, String>) -> Result<(), String> {
    list.push(value?);
    Ok(())
}

pub(super) fn text(value: &OsStr) -> Result<String, String> {
    value.to_str().map(str::to_owned).ok_or_else(|| "expected text in UTF-8".to_owned())
}

pub(super) fn parsed<T: FromStr<Err: Display>>(value: &OsStr) -> Result<T, String> {
    text(value)?.parse().map_err(|error: T::Err| error.to_string())
}

pub(super) fn path(value: &OsStr) -> Result<PathBuf, String> {
    if value.is_empty() { Err("expected a path".to_owned()) } else { Ok(value.into()) }
}

/// A path that stays what it is when workers run in another folder (`--chdir`).
pub(super) fn absolute(value: &OsStr) -> Result<PathBuf, String> {
    path(value).map(|path| std::path::absolute(&path).unwrap_or(path))
}

/// A program: a name without a folder is looked for on the PATH.
pub(super) fn program(value: &OsStr) -> Result<PathBuf, String> {
    path(value).and_then(|path| if path.components().count() > 1 { absolute(value) } else { Ok(path) })
}

/// Without trailing slash; empty for all paths.
pub(super) fn path_prefix(value: &OsStr) -> Result<String, String> {
    let text = text(value)?;
    if !text.starts_with('/') {
        return Err("expected a path that begins with `/`".to_owned());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

pub(super) fn switch(value: &OsStr) -> Result<bool, String> {
    parsed(value).map_err(|_| "expected true or false".to_owned())
}

pub(super) fn number(value: &OsStr) -> Result<u32, String> {
    parsed(value).map_err(|_| "expected a whole number".to_owned())
}

pub(super) fn count(value: &OsStr) -> Result<usize, String> {
    let count: NonZeroUsize =
        parsed(value).map_err(|_| "expected a whole number greater than zero".to_owned())?;
    Ok(count.get())
}

pub(super) fn span(value: &OsStr) -> Result<Duration, String> {
    parsed::<Span>(value).map(|span| span.0)
}

pub(super) fn size(value: &OsStr) -> Result<u64, String> {
    parsed::<Size>(value).map(|size| size.0)
}

/// A size; 0 is any.
pub(super) fn size_or_any(value: &OsStr) -> Result<u64, String> {
    size(value).map(|size| if size == 0 { u64::MAX } else { size })
}

/// A size of something in memory.
pub(super) fn memory(value: &OsStr) -> Result<usize, String> {
    size(value).map(|size| usize::try_from(size).unwrap_or(usize::MAX))
}
