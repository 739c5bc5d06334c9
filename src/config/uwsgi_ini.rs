//! uWSGI's ini files, as far as `serve` understands their options: the section `[uwsgi]`, with
//! uWSGI's rules for lines, repeated keys and placeholders.
//!
//! In uWSGI every unknown key is a placeholder for `%(key)`, so misspelt options pass silently.
//! They are accepted here too, with a warning.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::{SyntaxError, SyntaxProblem};

/// A line of the section.
#[derive(Debug)]
pub struct OptionLine {
    /// Counted from 1.
    pub line: usize,
    pub word: String,
    /// With its placeholders replaced; `true` for a word alone.
    pub value: String,
}

/// Bytes of a value with its placeholders replaced. Without a limit thirty short lines, each naming
/// the one before it twice, would fill any memory.
const MAX_VALUE: usize = 64 << 10;

/// The lines of the section `[uwsgi]` of a file, in their order; `path` is for its placeholders.
///
/// # Errors
/// A file without the section: uWSGI would silently start with nothing. A value that is too long.
pub fn read(text: &str, path: &Path) -> Result<Vec<OptionLine>, SyntaxError> {
    let mut options = Vec::new();
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
        let (word, value) =
            line.split_once('=').map_or((line, "true"), |(word, value)| (word.trim(), value.trim()));
        let line = index + 1;
        let value = expand(value, path, &seen).ok_or_else(|| SyntaxError {
            problem: SyntaxProblem::TooLong { key: word.to_owned(), limit: MAX_VALUE },
            line: Some(line),
        })?;
        seen.insert(word.to_owned(), value.clone());
        options.push(OptionLine { line, word: word.to_owned(), value });
    }
    if !found {
        return Err(SyntaxError { problem: SyntaxProblem::NoSection, line: None });
    }
    Ok(options)
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

    use crate::config::SettingsError;
    use crate::config::assignment::Assignment;
    use crate::config::layers::{IgnoredOption, checked, option_file};
    use crate::config::origin::Origin;
    use crate::config::settings::ServeSettings;

    const FILE: &str = "/srv/site/uwsgi.ini";

    fn read_text(text: &str) -> Result<(Vec<Assignment>, Vec<IgnoredOption>), SettingsError> {
        option_file(text, FILE, Path::new(FILE))
    }

    fn settings_of(text: &str) -> ServeSettings {
        checked(&read_text(text).unwrap().0).unwrap()
    }

    /// The line that an error names.
    fn wrong_line(text: &str) -> Option<usize> {
        match read_text(text).and_then(|(read, _)| checked(&read)).unwrap_err() {
            SettingsError::Syntax { error, .. } => error.line,
            SettingsError::Value { origin: Origin::File { line, .. }, .. } => Some(line),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn a_usual_file() {
        let (read, ignored) = read_text(
            "\u{feff}; comment\n[other]\nprocesses = 9\n[uwsgi]\r\nchdir = %d\nproject = shop\n\
             module = %(project).wsgi:application\nmaster = true\nprocesses=4\nthreads = 2\n\
             socket = 127.0.0.1:3031\nsocket = /run/%(project).sock\nchmod-socket = 664\nenv = A=b=c\n\
             env = D=%n\nvaccum = true\nvacuum\n",
        )
        .unwrap();
        let settings = checked(&read).unwrap();
        assert_eq!(settings.worker.chdir, Some("/srv/site/".into()));
        assert_eq!(settings.module.as_deref(), Some("shop.wsgi:application"));
        assert_eq!((settings.worker.workers, settings.worker.threads), (4, 2));
        let listen: Vec<_> = settings.server.listeners.iter().map(ToString::to_string).collect();
        assert_eq!(listen, ["uwsgi://127.0.0.1:3031", "uwsgi+unix:/run/shop.sock"]);
        assert_eq!(settings.server.socket_mode, 0o664);
        let values: Vec<_> = settings.worker.env.iter().map(|(_, value)| value.to_str().unwrap()).collect();
        assert_eq!(values, ["b=c", "uwsgi"]);
        let ignored: Vec<_> =
            ignored.iter().map(|one| (one.line, one.option.as_str(), one.similar)).collect();
        assert_eq!(ignored, [(6, "project", None), (16, "vaccum", Some("vacuum"))]);
    }

    #[test]
    fn words_that_mean_something_else_here() {
        let settings = settings_of(
            "[uwsgi]\nlisten = 100\nchmod-socket\nmanage-script-name = off\ndisable-logging\npp = /lib\nH = /env\n",
        );
        assert_eq!((settings.server.backlog, settings.server.socket_mode), (100, 0o666));
        assert!(!settings.server.script_name.manage);
        assert_eq!(settings.server.access_log, crate::serve::config::AccessLogTarget::Off);
        assert_eq!(settings.worker.virtualenv, Some("/env".into()));
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
        // Ten bytes, doubled on each line from the third on.
        assert_eq!(wrong_line(&text), Some(15));
        let error = read_text(&text).unwrap_err();
        assert!(error.to_string().contains("placeholders"), "{error}");
        let long = format!("[uwsgi]\na = {}\nb = {}\n", "x".repeat(60_000), "%(a)".repeat(10_000));
        assert_eq!(wrong_line(&long), Some(3));
    }

    #[test]
    fn https_with_its_files() {
        let settings = settings_of("[uwsgi]\nhttps = :443,chain.pem,server.key,HIGH\n");
        assert_eq!(settings.server.listeners.first().unwrap().to_string(), "https://*:443");
        assert_eq!((settings.cert, settings.key), (vec!["chain.pem".into()], vec!["server.key".into()]));
    }

    #[test]
    fn errors_name_the_line() {
        assert_eq!(wrong_line("[uwsgi]\nmaster = true\nprocesses = many\n"), Some(3));
        assert_eq!(wrong_line("[uwsgi]\nsocket = a:b\n"), Some(2));
        assert!(read_text("processes = 1\n").unwrap_err().to_string().contains("[uwsgi]"));
    }
}
