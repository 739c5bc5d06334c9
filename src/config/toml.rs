//! `certkit.toml`: the options of `serve` as keys of the table `[serve]` and of a table `[[site]]` for each further site,
//! every value also as text, as on the command line.

use ::toml::de::{DeTable, DeValue};

use super::assignment::Assignment;
use super::error::{SyntaxError, SyntaxProblem};
use super::site_table::{self, ROUTE, SiteTable};
use super::table;
use super::toml_source::{Source, in_order, parse, unknown, values};

/// What a file says.
#[derive(Clone, Debug, Default)]
pub struct TomlFile {
    /// The values of `[serve]`, in their order.
    pub serve: Vec<Assignment>,
    pub sites: Vec<SiteTable>,
}

/// The values in the text of a `file`. Whether settings accept them is not looked at.
///
/// # Errors
/// Text that is not TOML. Unknown keys are errors too: most are misspelt.
pub fn read(text: &str, file: &str) -> Result<TomlFile, SyntaxError> {
    let source = Source { file, text };
    let document = parse(&source)?;
    tables(&source, document.get_ref()).map_err(|wrong| source.wrong(wrong))
}

/// The same of a file whose keys are those of one `[[site]]`.
///
/// # Errors
/// As [`read`].
pub fn read_site(text: &str, file: &str) -> Result<SiteTable, SyntaxError> {
    let source = Source { file, text };
    let document = parse(&source)?;
    site_table::site(&source, 0, document.get_ref()).map_err(|wrong| source.wrong(wrong))
}

fn tables(source: &Source<'_>, document: &DeTable<'_>) -> Result<TomlFile, (usize, SyntaxProblem)> {
    let mut read = TomlFile::default();
    for (name, content) in in_order(document) {
        let at = name.span().start;
        let table = name.get_ref().to_string();
        match (table.as_str(), content.get_ref()) {
            ("serve", DeValue::Table(keys)) => read.serve = serve(source, keys)?,
            ("site", DeValue::Array(tables)) => {
                for table in tables {
                    let at = table.span().start;
                    let DeValue::Table(keys) = table.get_ref() else {
                        return Err((at, SyntaxProblem::NoTables { key: "site".to_owned() }));
                    };
                    read.sites.push(site_table::site(source, at, keys)?);
                }
            }
            ("site", _) => return Err((at, SyntaxProblem::NoTables { key: table })),
            (_, DeValue::Table(_)) => return Err((at, SyntaxProblem::UnknownTable { table })),
            _ => {
                let known =
                    table::named(&table).map(|_| SyntaxProblem::UnknownTable { table: table.clone() });
                return Err((at, known.unwrap_or_else(|| unknown(&table))));
            }
        }
    }
    Ok(read)
}

fn serve(source: &Source<'_>, keys: &DeTable<'_>) -> Result<Vec<Assignment>, (usize, SyntaxProblem)> {
    let mut assignments = Vec::new();
    for (key, value) in in_order(keys) {
        let at = key.span().start;
        let key = key.get_ref().as_ref();
        if key == ROUTE {
            assignments.extend(site_table::routes(source, at, value)?);
            continue;
        }
        let Some(setting) = table::named(key).filter(|setting| !setting.only_flag) else {
            return Err((at, unknown(key)));
        };
        for (at, value) in values(setting, key, value).map_err(|problem| (at, problem))? {
            let word = key.to_owned();
            assignments
                .push(Assignment { word, ..Assignment::new(setting, value.into(), source.origin(at)) });
        }
    }
    Ok(assignments)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::origin::Origin;
    use crate::config::overlay::checked;
    use crate::config::settings::ServeSettings;

    fn read_text(text: &str) -> ServeSettings {
        checked(&read(text, "certkit.toml").unwrap().serve).unwrap()
    }

    #[test]
    fn values_as_on_the_command_line_or_as_they_are() {
        let settings = read_text(
            "[serve]\napp = 'app.py'\nlisten = ['https://*:443', 'uwsgi+unix:a.sock']\ncert = 'chain.pem'\n\
             workers = 2\nkeepalive = 1.5\nlimit-post = '10m'\nhsts = true\nmanage-script-name = true\n\
             static = '/s=public'\ntry-files = true\ntls-min = '1.3'\nsocket-mode = '600'\nbacklog = 1_000\n",
        );
        assert_eq!(settings.app.as_deref(), Some("app.py"));
        assert_eq!(settings.server.site.files.fallback.as_deref(), Some("/index.html"));
        let listen: Vec<_> = settings.server.listeners.iter().map(ToString::to_string).collect();
        assert_eq!(listen, ["https://*:443", "uwsgi+unix:a.sock"]);
        assert_eq!(settings.cert, ["chain.pem".into()] as [std::path::PathBuf; 1]);
        assert_eq!(settings.worker.workers, 2);
        assert_eq!(settings.server.limits.keepalive.as_millis(), 1500);
        assert_eq!(settings.server.limits.limit_post, 10 << 20);
        assert_eq!(settings.server.site.hsts_seconds, Some(63_072_000));
        assert!(settings.server.site.script_name.manage);
        assert_eq!(settings.server.socket_mode, 0o600);
        assert_eq!(settings.server.backlog, 1000);
        assert!(read("", "certkit.toml").unwrap().serve.is_empty());
    }

    #[test]
    fn values_keep_their_order_and_know_their_line() {
        let text = "[serve]\nworkers = 2\nlisten = [\n  'http:*:1',\n  'http:*:2',\n]\nenv = 'A=1'\n";
        let read = read(text, "certkit.toml").unwrap().serve;
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
            let error =
                checked(&read(&format!("[serve]\n{text}\n"), "certkit.toml").unwrap().serve).unwrap_err();
            let crate::config::SettingsError::Value { origin, .. } = &error else { panic!("{error}") };
            assert_eq!(*origin, Origin::File { file: "certkit.toml".to_owned(), line: 2 });
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}
