//! Applications beside the one at the root, and how requests find theirs.

use std::fmt;
use std::str::FromStr;

use super::worker::WorkerConfig;

/// An application with workers of its own.
#[derive(Clone, Debug)]
pub struct MountedApplication {
    pub at: MountPoint,
    pub workers: WorkerConfig,
}

/// What an application is found by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MountPoint {
    /// The beginning of the path, without a slash at its end; empty for the root.
    Path(String),
    /// What front servers send as UWSGI_APPID.
    AppId(String),
}

/// What of a request chooses among the applications that have a path. UWSGI_APPID chooses before that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MountChoice {
    /// The path: it begins with that of the application, which becomes SCRIPT_NAME.
    #[default]
    Path,
    /// The same; and folders are looked for in PATH_INFO, below the application too. (uWSGI with
    /// `manage-script-name`.)
    PathInfo,
    /// SCRIPT_NAME as a front server sends it, which is exactly that path. (uWSGI without `manage-script-name`.)
    ScriptName,
    /// Nothing else. (uWSGI's `ignore-script-name`.)
    AppId,
}

impl MountChoice {
    /// Whether the path of a request chooses.
    pub fn is_by_path(self) -> bool {
        matches!(self, Self::Path | Self::PathInfo)
    }
}

impl MountPoint {
    /// What UWSGI_APPID and SCRIPT_NAME are compared with.
    pub fn name(&self) -> &str {
        match self {
            Self::Path(name) | Self::AppId(name) => name,
        }
    }
}

impl fmt::Display for MountPoint {
    /// As the settings have it: `/path`, `id:NAME`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) if path.is_empty() => f.write_str("/"),
            Self::Path(path) => f.write_str(path),
            Self::AppId(id) => write!(f, "id:{id}"),
        }
    }
}

impl FromStr for MountPoint {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_plain = |text: &str| text.trim() == text && !text.contains(char::is_control);
        if let Some(id) = text.strip_prefix("id:") {
            let is_good = !id.is_empty() && is_plain(id);
            return if is_good {
                Ok(Self::AppId(id.to_owned()))
            } else {
                Err("expected a name behind `id:`")
            };
        }
        if text == "/" {
            return Ok(Self::Path(String::new()));
        }
        let Some(below) = text.strip_prefix('/') else { return Err("a path begins with `/`") };
        let path = below.strip_suffix('/').unwrap_or(below);
        if path.contains(['?', '#', '%']) || !is_plain(path) {
            return Err("a path has no query, and is written without percent-encoding");
        }
        if path.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
            return Err("a path with `//`, `.` or `..` is never asked for");
        }
        Ok(Self::Path(format!("/{path}")))
    }
}

impl FromStr for MountChoice {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "path" => Ok(Self::Path),
            "path-info" => Ok(Self::PathInfo),
            "script-name" => Ok(Self::ScriptName),
            "appid" => Ok(Self::AppId),
            _ => Err("expected `path`, `path-info`, `script-name` or `appid`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn where_an_application_can_be() {
        let shown = |text: &str| text.parse::<MountPoint>().map(|point| point.to_string());
        for (text, expected) in [
            ("/", "/"),
            ("/a", "/a"),
            ("/a/", "/a"),
            ("/a b/ü.x", "/a b/ü.x"),
            ("/...", "/..."),
            ("id:blog.example", "id:blog.example"),
            ("id:/a", "id:/a"),
        ] {
            assert_eq!(shown(text).as_deref(), Ok(expected), "{text}");
        }
        for wrong in [
            "", "a", "a/b", " /a", "/a ", "//", "//a", "/a//b", "/a//", "/./a", "/a/..", "/a%20b", "/a?b",
            "/a#b", "/a\tb", "id:", "id: a",
        ] {
            assert!(shown(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_again(text in "(id:|/)?[a-c/.% ?]{0,8}") {
            if let Ok(point) = text.parse::<MountPoint>() {
                prop_assert_eq!(point.to_string().parse(), Ok(point));
            }
        }
    }
}
