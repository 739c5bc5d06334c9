//! uWSGI's ini files, as far as `serve` understands their options: the section `[uwsgi]`, with
//! uWSGI's rules for lines, repeated keys and placeholders.
//!
//! In uWSGI every unknown key is a placeholder for `%(key)`, so misspelt options pass silently.
//! They are accepted here too, with a warning.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::Path;
use std::str::FromStr;

use super::error::{SyntaxError, SyntaxProblem};
use super::partial::PartialServe;
use super::values::{Mode, Size};
use crate::serve::address::ListenAddress;

/// The settings of an ini file, and which of its options are not understood.
#[derive(Debug)]
pub struct Ini {
    pub settings: PartialServe,
    /// Options without effect here, with their line.
    pub unknown: Vec<(usize, String)>,
}

/// Options that ask for what certkit always does, or that have no meaning here.
const ALWAYS: &[&str] = &[
    "auto-procname",
    "die-on-term",
    "enable-threads",
    "lazy",
    "lazy-apps",
    "master",
    "memory-report",
    "need-app",
    "no-orphans",
    "plugin",
    "plugins",
    "procname",
    "procname-prefix",
    "single-interpreter",
    "strict",
    "thunder-lock",
    "vacuum",
];

/// Bytes of a value with its placeholders replaced. Without a limit thirty short lines, each naming
/// the one before it twice, would fill any memory.
const MAX_VALUE: usize = 64 << 10;

/// Reads the section `[uwsgi]` of a file; `path` is for its placeholders.
///
/// # Errors
/// A value that cannot be used, or a file without the section: uWSGI would silently start with
/// nothing.
pub fn read(text: &str, path: &Path) -> Result<Ini, SyntaxError> {
    let mut ini = Ini { settings: PartialServe::default(), unknown: Vec::new() };
    let mut seen = BTreeMap::new();
    let mut in_section = false;
    let mut found = false;
    for (index, line) in text.strip_prefix('\u{feff}').unwrap_or(text).lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with([';', '#']) {
            continue;
        }
        if let Some(section) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            in_section = section == "uwsgi";
            found |= in_section;
            continue;
        }
        if !in_section {
            continue;
        }
        // A key alone is true. uWSGI has no comments behind values.
        let (key, value) =
            line.split_once('=').map_or((line, "true"), |(key, value)| (key.trim(), value.trim()));
        let value = expand(value, path, &seen).ok_or_else(|| SyntaxError {
            problem: SyntaxProblem::TooLong { key: key.to_owned(), limit: MAX_VALUE },
            line: Some(index + 1),
        })?;
        let known = apply(&mut ini.settings, key, &value).map_err(|reason| SyntaxError {
            problem: SyntaxProblem::Value { key: key.to_owned(), value: value.clone(), reason },
            line: Some(index + 1),
        })?;
        if !known {
            ini.unknown.push((index + 1, key.to_owned()));
        }
        seen.insert(key.to_owned(), value);
    }
    if !found {
        return Err(SyntaxError { problem: SyntaxProblem::NoSection, line: None });
    }
    Ok(ini)
}

/// Applies one option; `false` if it is unknown.
fn apply(settings: &mut PartialServe, key: &str, value: &str) -> Result<bool, String> {
    match key {
        "socket" | "uwsgi-socket" | "s" => listen(settings, "uwsgi", value)?,
        "http" | "http-socket" => listen(settings, "http", value)?,
        "https" => {
            let mut parts = value.split(',');
            listen(settings, "https", parts.next().unwrap_or_default())?;
            for (list, path) in [&mut settings.cert, &mut settings.key].into_iter().zip(parts) {
                list.get_or_insert_default().push(path.into());
            }
        }
        "module" | "wsgi" | "w" => set(&mut settings.module, value)?,
        "wsgi-file" | "file" => set(&mut settings.wsgi_file, value)?,
        "callable" => set(&mut settings.callable, value)?,
        "processes" | "workers" | "p" => set(&mut settings.workers, value)?,
        "threads" => set(&mut settings.threads, value)?,
        "chdir" => set(&mut settings.chdir, value)?,
        "virtualenv" | "home" | "venv" | "H" | "pyhome" => set(&mut settings.virtualenv, value)?,
        "pythonpath" | "python-path" | "pp" => push(&mut settings.pythonpath, value)?,
        "env" => push(&mut settings.env, value)?,
        "chmod-socket" | "chmod" if value == "true" => settings.socket_mode = Some(Mode(0o666)),
        "chmod-socket" | "chmod" => set(&mut settings.socket_mode, value)?,
        "listen" | "l" => set(&mut settings.backlog, value)?,
        "limit-post" => set(&mut settings.limit_post, value)?,
        "post-buffering" => set::<Size>(&mut settings.post_buffering, value)?,
        "static-map" => push(&mut settings.folders, value)?,
        "manage-script-name" => settings.manage_script_name = Some(value != "false"),
        "http-to-https" => set(&mut settings.redirect_http, value)?,
        "http-timeout" | "socket-timeout" => set(&mut settings.body_timeout, value)?,
        "http-keepalive" => set(&mut settings.keepalive, value)?,
        "reload-mercy" | "worker-reload-mercy" => set(&mut settings.graceful_timeout, value)?,
        "disable-logging" | "L" => settings.access_log = Some(crate::serve::config::AccessLogTarget::Off),
        _ => return Ok(ALWAYS.contains(&key)),
    }
    Ok(true)
}

fn set<T: FromStr<Err: Display>>(setting: &mut Option<T>, value: &str) -> Result<(), String> {
    *setting = Some(value.parse().map_err(|error: T::Err| error.to_string())?);
    Ok(())
}

fn push<T: FromStr<Err: Display>>(setting: &mut Option<Vec<T>>, value: &str) -> Result<(), String> {
    let value = value.parse().map_err(|error: T::Err| error.to_string())?;
    setting.get_or_insert_default().push(value);
    Ok(())
}

/// An address without scheme: with a colon TCP, else the path of a unix socket.
fn listen(settings: &mut PartialServe, scheme: &str, value: &str) -> Result<(), String> {
    let address = if value.contains(':') && !value.starts_with('/') {
        format!("{scheme}://{value}")
    } else {
        format!("{scheme}+unix:{value}")
    };
    push::<ListenAddress>(&mut settings.listen, &address)
}

/// Replaces `%(key)` by a key seen before, `$(NAME)` by the environment, and uWSGI's letters for
/// parts of the path; `None` when that makes it longer than [`MAX_VALUE`].
fn expand(value: &str, path: &Path, seen: &BTreeMap<String, String>) -> Option<String> {
    let text = |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
    let mut expanded = String::new();
    let mut rest = value;
    while let Some(at) = rest.find(['%', '$']) {
        if expanded.len() > MAX_VALUE {
            return None;
        }
        let (before, found) = rest.split_at(at);
        expanded.push_str(before);
        let mark = found.get(..1).unwrap_or_default();
        let after = found.get(1..).unwrap_or_default();
        if let Some((name, behind)) = after.strip_prefix('(').and_then(|after| after.split_once(')')) {
            let replacement = if mark == "%" { seen.get(name).cloned() } else { std::env::var(name).ok() };
            match replacement {
                Some(replacement) => expanded.push_str(&replacement),
                // Unknown ones stay as they are.
                None => expanded.push_str(found.strip_suffix(behind).unwrap_or(found)),
            }
            rest = behind;
            continue;
        }
        if mark == "$" {
            expanded.push('$');
            rest = after;
            continue;
        }
        let mut letters = after.chars();
        match letters.next() {
            Some('%') => expanded.push('%'),
            Some('d') => {
                let folder = path.parent().unwrap_or_else(|| Path::new("")).display().to_string();
                expanded.push_str(&folder);
                expanded.push('/');
            }
            Some('n') => expanded.push_str(&text(path.file_stem())),
            Some('s') => expanded.push_str(&text(path.file_name())),
            Some('p') => expanded.push_str(&path.display().to_string()),
            Some('c') => expanded.push_str(&text(path.parent().and_then(Path::file_name))),
            // An unknown letter and a percent sign at the end vanish in uWSGI.
            _ => {}
        }
        rest = letters.as_str();
    }
    expanded.push_str(rest);
    (expanded.len() <= MAX_VALUE).then_some(expanded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Ini, SyntaxError> {
        read(text, Path::new("/srv/site/uwsgi.ini"))
    }

    #[test]
    fn a_usual_file() {
        let ini = read_text(
            "\u{feff}; comment\n[other]\nprocesses = 9\n[uwsgi]\r\nchdir = %d\nproject = shop\n\
             module = %(project).wsgi:application\nmaster = true\nprocesses=4\nthreads = 2\n\
             socket = 127.0.0.1:3031\nsocket = /run/%(project).sock\nchmod-socket = 664\nenv = A=b=c\n\
             env = D=%n\nvaccum = true\nvacuum\n",
        )
        .unwrap();
        let settings = ini.settings;
        assert_eq!(settings.chdir, Some("/srv/site/".into()));
        assert_eq!(settings.module.as_deref(), Some("shop.wsgi:application"));
        assert_eq!((settings.workers.unwrap().get(), settings.threads.unwrap().get()), (4, 2));
        let listen: Vec<_> = settings.listen.unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(listen, ["uwsgi://127.0.0.1:3031", "uwsgi+unix:/run/shop.sock"]);
        assert_eq!(settings.socket_mode, Some(Mode(0o664)));
        let values: Vec<_> = settings.env.unwrap().into_iter().map(|variable| variable.value).collect();
        assert_eq!(values, ["b=c", "uwsgi"]);
        assert_eq!(ini.unknown, [(6, "project".to_owned()), (16, "vaccum".to_owned())]);
    }

    #[test]
    fn placeholders() {
        let seen = BTreeMap::from([("a".to_owned(), "x".to_owned())]);
        let expand = |value| expand(value, Path::new("/srv/site/uwsgi.ini"), &seen).unwrap();
        assert_eq!(expand("%(a)/%(b)/%%/%q/$(CERTKIT_NO_SUCH)/$x%"), "x/%(b)/%//$(CERTKIT_NO_SUCH)/$x");
        assert_eq!(expand("%s %p %c"), "uwsgi.ini /srv/site/uwsgi.ini site");
        assert_eq!(expand("%é%(é"), "é");
    }

    #[test]
    fn values_that_double_do_not_fill_the_memory() {
        let doubled = |index| format!("a{index} = %(a{0})%(a{0})\n", index - 1);
        let text: String =
            ["[uwsgi]\na0 = 0123456789\n".to_owned()].into_iter().chain((1..60).map(doubled)).collect();
        let error = read_text(&text).unwrap_err();
        // Ten bytes, doubled on each line from the third on.
        assert_eq!(error.line, Some(15));
        assert!(error.to_string().contains("placeholders"), "{error}");
        let long = format!("[uwsgi]\na = {}\nb = {}\n", "x".repeat(60_000), "%(a)".repeat(10_000));
        assert_eq!(read_text(&long).unwrap_err().line, Some(3));
    }

    #[test]
    fn https_with_its_files() {
        let settings = read_text("[uwsgi]\nhttps = :443,chain.pem,server.key,HIGH\n").unwrap().settings;
        assert_eq!(settings.listen.unwrap().first().unwrap().to_string(), "https://*:443");
        assert_eq!(
            (settings.cert, settings.key),
            (Some(vec!["chain.pem".into()]), Some(vec!["server.key".into()]))
        );
    }

    #[test]
    fn errors_name_the_line() {
        assert_eq!(read_text("[uwsgi]\nmaster = true\nprocesses = many\n").unwrap_err().line, Some(3));
        assert_eq!(read_text("[uwsgi]\nsocket = a:b\n").unwrap_err().line, Some(2));
        assert!(read_text("processes = 1\n").unwrap_err().to_string().contains("[uwsgi]"));
    }
}
