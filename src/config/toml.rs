//! `certkit.toml`: the options of `serve` as keys of the table `[serve]`, every value also as text, as on the command
//! line.

use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue};

use super::assignment::Assignment;
use super::error::{SyntaxError, SyntaxProblem};
use super::origin::Origin;
use super::setting::Setting;
use super::similar::similar;
use super::{option_words, table};

/// The values in the text of a `file`, in their order. Whether settings accept them is not looked at.
///
/// # Errors
/// Text that is not TOML. Unknown keys are errors too: most are misspelt.
pub fn read(text: &str, file: &str) -> Result<Vec<Assignment>, SyntaxError> {
    let line_of = |at: usize| 1 + text.bytes().take(at).filter(|&byte| byte == b'\n').count();
    let wrong = |at: usize, problem| SyntaxError { problem, line: Some(line_of(at)) };
    let document = DeTable::parse(text).map_err(|error| SyntaxError {
        problem: SyntaxProblem::Toml(error.message().to_owned()),
        line: error.span().map(|span| line_of(span.start)),
    })?;
    let mut assignments = Vec::new();
    for (name, content) in document.get_ref() {
        let at = name.span().start;
        let table = name.get_ref().to_string();
        let DeValue::Table(keys) = content.get_ref() else {
            let known = table::named(&table).map(|_| SyntaxProblem::UnknownTable { table: table.clone() });
            return Err(wrong(at, known.unwrap_or_else(|| unknown(&table))));
        };
        if table != "serve" {
            return Err(wrong(at, SyntaxProblem::UnknownTable { table }));
        }
        // The table is sorted by its keys; the file counts.
        let mut keys: Vec<_> = keys.iter().collect();
        keys.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in keys {
            let at = key.span().start;
            let key = key.get_ref().as_ref();
            let Some(setting) = table::named(key).filter(|setting| !setting.only_flag) else {
                return Err(wrong(at, unknown(key)));
            };
            for (at, value) in values(setting, key, value).map_err(|problem| wrong(at, problem))? {
                let origin = Origin::File { file: file.to_owned(), line: line_of(at) };
                let word = key.to_owned();
                assignments.push(Assignment { word, ..Assignment::new(setting, value.into(), origin) });
            }
        }
    }
    Ok(assignments)
}

/// The values of a key as text, with where they begin. One alone needs no brackets.
fn values(
    setting: &Setting,
    key: &str,
    value: &Spanned<DeValue<'_>>,
) -> Result<Vec<(usize, String)>, SyntaxProblem> {
    let one = |value: &Spanned<DeValue<'_>>| match value.get_ref() {
        DeValue::String(text) => Ok((value.span().start, text.to_string())),
        DeValue::Integer(number) => Ok((value.span().start, decimal(number.as_str(), number.radix()))),
        DeValue::Float(number) => Ok((value.span().start, number.as_str().to_owned())),
        DeValue::Boolean(is_on) => Ok((value.span().start, is_on.to_string())),
        other => Err(SyntaxProblem::NotAValue {
            key: key.to_owned(),
            expected: if setting.is_list() { "a value or a list of values" } else { "a value" },
            given: other.type_str(),
        }),
    };
    match value.get_ref() {
        DeValue::Array(_) if !setting.is_list() => Err(SyntaxProblem::NotAList { key: key.to_owned() }),
        DeValue::Array(items) => items.iter().map(one).collect(),
        _ => one(value).map(|value| vec![value]),
    }
}

/// A number without the prefix of its base; the digits as they are where they are not one.
fn decimal(digits: &str, radix: u32) -> String {
    i64::from_str_radix(digits, radix).map_or_else(|_| digits.to_owned(), |number| number.to_string())
}

fn unknown(key: &str) -> SyntaxProblem {
    let known = table::settings().filter(|setting| !setting.only_flag);
    let similar = option_words::native(key).or_else(|| {
        similar(key, known.flat_map(|setting| setting.aliases.iter().copied().chain([setting.word])))
    });
    SyntaxProblem::UnknownKey { key: key.to_owned(), similar }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::layers::checked;
    use crate::config::settings::ServeSettings;

    fn read_text(text: &str) -> ServeSettings {
        checked(&read(text, "certkit.toml").unwrap()).unwrap()
    }

    #[test]
    fn values_as_on_the_command_line_or_as_they_are() {
        let settings = read_text(
            "[serve]\napp = 'app.py'\nlisten = ['https://*:443', 'uwsgi+unix:a.sock']\ncert = 'chain.pem'\n\
             workers = 2\nkeepalive = 1.5\nlimit-post = '10m'\nhsts = true\nmanage-script-name = true\n\
             static = '/s=public'\ntls-min = '1.3'\nsocket-mode = '600'\nbacklog = 1_000\n",
        );
        assert_eq!(settings.app.as_deref(), Some("app.py"));
        let listen: Vec<_> = settings.server.listeners.iter().map(ToString::to_string).collect();
        assert_eq!(listen, ["https://*:443", "uwsgi+unix:a.sock"]);
        assert_eq!(settings.cert, ["chain.pem".into()] as [std::path::PathBuf; 1]);
        assert_eq!(settings.worker.workers, 2);
        assert_eq!(settings.server.limits.keepalive.as_millis(), 1500);
        assert_eq!(settings.server.limits.limit_post, 10 << 20);
        assert_eq!(settings.server.hsts_seconds, Some(63_072_000));
        assert!(settings.server.script_name.manage);
        assert_eq!(settings.server.socket_mode, 0o600);
        assert_eq!(settings.server.backlog, 1000);
        assert!(read("", "certkit.toml").unwrap().is_empty());
    }

    #[test]
    fn values_keep_their_order_and_know_their_line() {
        let text = "[serve]\nworkers = 2\nlisten = [\n  'http:*:1',\n  'http:*:2',\n]\nenv = 'A=1'\n";
        let read = read(text, "certkit.toml").unwrap();
        let lines: Vec<_> = read
            .iter()
            .map(|one| match &one.origin {
                Origin::File { line, .. } => (*line, one.word.as_str(), one.value.to_str().unwrap()),
                other => panic!("{other:?}"),
            })
            .collect();
        let expected =
            [(2, "workers", "2"), (4, "listen", "http:*:1"), (5, "listen", "http:*:2"), (7, "env", "A=1")];
        assert_eq!(lines, expected);
    }

    #[test]
    fn errors_name_the_line() {
        for (text, line, part) in [
            ("[serve]\n\nwokers = 1\n", 3, "did you mean `workers`?"),
            ("[serve]\nsocket = 1\n", 2, "did you mean `listen`?"),
            ("[serve]\nforce = true\n", 2, "`force` is unknown"),
            ("[serv]\n", 1, "serv"),
            ("workers = 1\n", 1, "[serve]"),
            ("[serve]\nworkers = [1]\n", 2, "one value"),
            ("[serve]\nworkers = {}\n", 2, "table"),
            ("[serve]\nlisten = [[]]\n", 2, "array"),
            ("[serve\n", 1, ""),
        ] {
            let error = read(text, "certkit.toml").unwrap_err();
            assert_eq!(error.line, Some(line), "{text}: {error}");
            assert!(error.to_string().contains(part), "{error}");
        }
        for (text, part) in [("workers = 0", "zero"), ("listen = 'ftp://a:1'", "ftp")] {
            let error = checked(&read(&format!("[serve]\n{text}\n"), "certkit.toml").unwrap()).unwrap_err();
            let crate::config::SettingsError::Value { origin, .. } = &error else { panic!("{error}") };
            assert_eq!(*origin, Origin::File { file: "certkit.toml".to_owned(), line: 2 });
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}
