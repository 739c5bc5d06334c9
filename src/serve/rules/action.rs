//! What a rule does.

use http::{HeaderName, StatusCode};

use super::RulePhase;
use super::condition::Subject;
use super::template::{Template, TemplateError, TemplatePiece};
use crate::serve::field_name::{self, FieldNameError};

/// Statuses that a request ends with.
const FIRST_FINAL: u16 = 200;

/// An action of a rule.
#[derive(Clone, Debug)]
pub enum RuleAction {
    /// `break:STATUS`: an answer without a body, and the connection is closed.
    Break(StatusCode),
    /// `return:STATUS`: an answer with the words of the status.
    Return(StatusCode),
    Redirect {
        is_permanent: bool,
        location: Template,
    },
    /// `static:FILE`, `static-next:FILE`: a file below `folder`; the next rule if there is none and `goes_on`.
    Static {
        folder: String,
        file: Template,
        goes_on: bool,
    },
    /// `last:`, `continue:`: no further rules.
    Last,
    Goto(String),
    Log(Template),
    /// `donotlog:`
    DoNotLog,
    AddVariable(String, Template),
    AddField(HeaderName, Template),
    RemoveField(HeaderName),
    SetPath(Template),
    /// `rewrite:PATH`, `rewrite:PATH?QUERY`
    Rewrite {
        path: Template,
        query: Option<Template>,
        is_last: bool,
        is_encoded: bool,
    },
    SetScriptName(Template),
    SetUser(Template),
    SetScheme(Template),
}

/// Why an action cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActionError {
    #[error("`addvar:{0}`: the server sets this variable itself{1}")]
    ComputedVariable(String, &'static str),
    #[error(transparent)]
    FieldName(#[from] FieldNameError),
    #[error("`static:{0}`: certkit serves files below a folder that no request decides")]
    NoFolder(String),
    #[error("`{0}`: expected NAME=VALUE")]
    NotAPair(String),
    #[error("`{0}` is not a status that a request can end with")]
    NotAStatus(String),
    #[error("`{0}` is not an action: expected `ACTION:VALUE`")]
    NoValue(String),
    #[error("`{0}` cannot be used for responses")]
    OnlyForRequests(String),
    #[error("the value of `{0}` must not depend on the request")]
    MustBeConstant(String),
    #[error(transparent)]
    Template(#[from] TemplateError),
    #[error("certkit does not have the action `{0}`")]
    Unknown(String),
}

impl RuleAction {
    /// `NAME:VALUE`. What `$1` stands for is a part of `subject`.
    pub(super) fn parse(text: &str, phase: RulePhase, subject: Subject) -> Result<Self, ActionError> {
        let (name, value) = text.split_once(':').ok_or_else(|| ActionError::NoValue(text.to_owned()))?;
        let action = match name {
            "break" => Self::Break(break_status(value)?),
            "return" | "break-with-status" => Self::Return(status(value)?),
            "redirect" | "redirect-302" => {
                Self::Redirect { is_permanent: false, location: Template::parse(value)? }
            }
            "redirect-permanent" | "redirect-301" => {
                Self::Redirect { is_permanent: true, location: Template::parse(value)? }
            }
            "static" => Self::static_file(value, false)?,
            "static-next" => Self::static_file(value, true)?,
            "last" | "continue" => Self::Last,
            "goto" => Self::Goto(constant(value, name)?),
            "log" => Self::Log(Template::parse(value)?),
            "donotlog" => Self::DoNotLog,
            "addvar" => Self::add_variable(value)?,
            "addheader" => {
                let (field, value) =
                    value.split_once(':').ok_or_else(|| FieldNameError::NoColon(value.to_owned()))?;
                Self::AddField(field_name::settable(field)?, Template::parse(value.trim_start())?)
            }
            "delheader" | "remheader" => Self::RemoveField(field_name::any(&constant(value, name)?)?),
            "setpathinfo" => Self::SetPath(Template::parse(value)?),
            "rewrite" => Self::rewrite(value, false, subject)?,
            "rewrite-last" => Self::rewrite(value, true, subject)?,
            "setscriptname" => Self::SetScriptName(Template::parse(value)?),
            "setuser" => Self::SetUser(Template::parse(value)?),
            "setscheme" => Self::SetScheme(Template::parse(value)?),
            _ => return Err(ActionError::Unknown(name.to_owned())),
        };
        if phase == RulePhase::Response && !action.is_for_responses() {
            return Err(ActionError::OnlyForRequests(name.to_owned()));
        }
        Ok(action)
    }

    fn is_for_responses(&self) -> bool {
        use RuleAction::{AddField, AddVariable, DoNotLog, Goto, Last, Log, RemoveField};
        matches!(self, AddField(..) | AddVariable(..) | DoNotLog | Goto(_) | Last | Log(_) | RemoveField(_))
    }

    /// The folder is everything up to the last slash before the first variable.
    fn static_file(value: &str, goes_on: bool) -> Result<Self, ActionError> {
        let mut template = Template::parse(value)?;
        let no_folder = || ActionError::NoFolder(value.to_owned());
        let Some(TemplatePiece::Text(text)) = template.pieces.first_mut() else { return Err(no_folder()) };
        let (folder, rest) = text.rsplit_once('/').ok_or_else(no_folder)?;
        let folder = if folder.is_empty() { "/" } else { folder }.to_owned();
        *text = rest.to_owned();
        Ok(Self::Static { folder, file: template, goes_on })
    }

    /// The query begins where the rule says it, not at a question mark that a client has encoded into its path.
    fn rewrite(value: &str, is_last: bool, subject: Subject) -> Result<Self, ActionError> {
        let (path, query) = match value.split_once('?') {
            Some((path, query)) => (path, Some(Template::parse(query)?)),
            None => (value, None),
        };
        let is_encoded = subject == Subject::Uri;
        Ok(Self::Rewrite { path: Template::parse(path)?, query, is_last, is_encoded })
    }

    fn add_variable(value: &str) -> Result<Self, ActionError> {
        let (name, value) = value.split_once('=').ok_or_else(|| ActionError::NotAPair(value.to_owned()))?;
        let computed = |instead| Err(ActionError::ComputedVariable(name.to_owned(), instead));
        match name {
            "PATH_INFO" => computed("; use `setpathinfo`"),
            "SCRIPT_NAME" => computed("; use `setscriptname`"),
            "QUERY_STRING" => computed("; use `rewrite`"),
            "UWSGI_SCHEME" | "REQUEST_SCHEME" => computed("; use `setscheme`"),
            "CONTENT_LENGTH" | "GATEWAY_INTERFACE" | "REMOTE_ADDR" | "REMOTE_PORT" | "REQUEST_METHOD"
            | "REQUEST_URI" | "SERVER_NAME" | "SERVER_PORT" | "SERVER_PROTOCOL" | "HTTP_HOST" | "" => {
                computed("")
            }
            // Those with a dot belong to WSGI; what uWSGI obeys is not obeyed here.
            name if name.contains('.') || name.starts_with("UWSGI_") || name.starts_with("CERTKIT_") => {
                computed("")
            }
            name if name.len() > 255 || !name.bytes().all(|byte| byte.is_ascii_graphic()) => {
                Err(ActionError::NotAPair(format!("{name}={value}")))
            }
            _ => Ok(Self::AddVariable(name.to_owned(), Template::parse(value)?)),
        }
    }
}

/// `403`, `403 Forbidden`; 403 where no status is given, for which uWSGI closes the connection without an answer.
fn break_status(value: &str) -> Result<StatusCode, ActionError> {
    match value.split_once(' ').map_or(value, |(status, _)| status) {
        "" => Ok(StatusCode::FORBIDDEN),
        number => status(number),
    }
}

fn status(value: &str) -> Result<StatusCode, ActionError> {
    let status = value.parse::<StatusCode>().ok();
    let is_final = |status: &StatusCode| status.as_u16() >= FIRST_FINAL && status.as_u16() < 600;
    status.filter(is_final).ok_or_else(|| ActionError::NotAStatus(value.to_owned()))
}

fn constant(value: &str, name: &str) -> Result<String, ActionError> {
    let template = Template::parse(value)?;
    let text = template.constant().map(str::to_owned);
    text.ok_or_else(|| ActionError::MustBeConstant(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action(text: &str) -> Result<RuleAction, ActionError> {
        RuleAction::parse(text, RulePhase::Request, Subject::Path)
    }

    #[test]
    fn statuses_are_those_of_answers() {
        for (text, status) in [
            ("break:403 Forbidden", 403),
            ("break:", 403),
            ("return:410", 410),
            ("break-with-status:404", 404),
        ] {
            let found = match action(text).unwrap() {
                RuleAction::Break(status) | RuleAction::Return(status) => status.as_u16(),
                other => panic!("{other:?}"),
            };
            assert_eq!(found, status, "{text}");
        }
        for text in ["break:x", "break:100", "return:", "return:999", "return:600"] {
            assert!(matches!(action(text), Err(ActionError::NotAStatus(_))), "{text}");
        }
    }

    #[test]
    fn files_are_below_a_folder_of_the_rule() {
        let RuleAction::Static { folder, file, goes_on } = action("static:/srv/www/x-$1").unwrap() else {
            panic!("another action")
        };
        assert_eq!((folder.as_str(), goes_on), ("/srv/www", false));
        assert_eq!(file.pieces, [TemplatePiece::Text("x-".into()), TemplatePiece::Group(1)]);
        assert!(matches!(action("static-next:/a").unwrap(), RuleAction::Static { goes_on: true, .. }));
        for text in ["static:$1", "static:${DOCUMENT_ROOT}/x", "static:x"] {
            assert!(matches!(action(text), Err(ActionError::NoFolder(_))), "{text}");
        }
    }

    #[test]
    fn variables_and_fields_of_the_server_are_not_set() {
        for text in
            ["addvar:PATH_INFO=/", "addvar:wsgi.url_scheme=https", "addvar:UWSGI_FILE=/x", "addvar:=a"]
        {
            assert!(matches!(action(text), Err(ActionError::ComputedVariable(..))), "{text}");
        }
        assert!(matches!(action("addvar:A"), Err(ActionError::NotAPair(_))));
        assert!(action("addvar:HTTPS=on").is_ok() && action("addvar:HTTP_X_A=b").is_ok());
        for text in
            ["addheader:Content-Length: 5", "addheader:Transfer-Encoding: x", "addheader:X", "delheader:a b"]
        {
            assert!(matches!(action(text), Err(ActionError::FieldName(_))), "{text}");
        }
        assert!(matches!(action("goto:$1"), Err(ActionError::MustBeConstant(_))));
    }

    #[test]
    fn responses_have_fewer_actions() {
        for (text, is_there) in
            [("addheader:A: b", true), ("log:x", true), ("break:403", false), ("rewrite:/", false)]
        {
            let action = RuleAction::parse(text, RulePhase::Response, Subject::Path);
            assert_eq!(action.is_ok(), is_there, "{text}");
        }
    }
}
