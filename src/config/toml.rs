//! `certkit.toml`: the options of `serve` as keys of the table `[serve]`.

use serde::Deserialize;

use super::error::{SyntaxError, SyntaxProblem};
use super::partial::PartialServe;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    serve: Option<PartialServe>,
}

/// # Errors
/// Text that is not TOML, or an invalid value. Unknown keys are errors too: most are misspelt.
pub fn read(text: &str) -> Result<PartialServe, SyntaxError> {
    let document: Document = ::toml::from_str(text).map_err(|error| SyntaxError {
        problem: SyntaxProblem::Toml(error.message().to_owned()),
        line: error
            .span()
            .map(|span| 1 + text.bytes().take(span.start).filter(|&byte| byte == b'\n').count()),
    })?;
    Ok(document.serve.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_as_on_the_command_line_or_as_they_are() {
        let settings = read(
            "[serve]\napp = 'app.py'\nlisten = ['https://*:443', 'uwsgi+unix:a.sock']\ncert = 'chain.pem'\n\
             workers = 2\nkeepalive = 1.5\nlimit-post = '10m'\nhsts = true\nmanage-script-name = true\n\
             static = '/s=public'\ntls-min = '1.3'\nsocket-mode = '600'\n",
        )
        .unwrap();
        assert_eq!(settings.app.as_deref(), Some("app.py"));
        let listen: Vec<_> = settings.listen.unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(listen, ["https://*:443", "uwsgi+unix:a.sock"]);
        assert_eq!(settings.cert, Some(vec!["chain.pem".into()]));
        assert_eq!(settings.workers.map(Into::into), Some(2usize));
        assert_eq!(settings.keepalive.map(|span| span.0.as_millis()), Some(1500));
        assert_eq!(settings.limit_post.map(|size| size.0), Some(10 << 20));
        assert_eq!(settings.hsts.map(|age| age.0), Some(63_072_000));
        assert_eq!(settings.manage_script_name, Some(true));
        assert_eq!(read("").unwrap(), PartialServe::default());
    }

    #[test]
    fn errors_name_the_line() {
        for (text, line, part) in [
            ("[serve]\nworkers = 0\n", 2, "zero"),
            ("[serve]\n\nwokers = 1\n", 3, "wokers"),
            ("[serv]\n", 1, "serv"),
            ("[serve]\nlisten = 'ftp://a:1'\n", 2, "ftp"),
            ("[serve]\nworkers = [1]\n", 2, "one value"),
            ("[serve\n", 1, ""),
        ] {
            let error = read(text).unwrap_err();
            assert_eq!(error.line, Some(line), "{text}: {error}");
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}
