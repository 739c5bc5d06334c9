//! Applies [rules](crate::serve::rules) to requests and their responses.

use std::borrow::Cow;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use percent_encoding::{percent_decode, percent_encode};

use crate::serve::error::Error;
use crate::serve::request::Request;
use crate::serve::request::named::{IN_LOCATION, IN_PATH};
use crate::serve::response::body::OutgoingBody;
use crate::serve::response::headers::FieldEdits;
use crate::serve::response::pages::{ErrorPage, error_page, page};
use crate::serve::response::static_files::{FileSettings, Folder};
use crate::serve::rules::{
    Condition, FileTest, Groups, Rule, RuleAction, RuleList, RulePhase, RuleStep, RuleTest, Subject,
    Template, TemplatePiece, TemplateVariable,
};
use crate::sys::clock::{Clock, SystemClock};

/// The rules of a site.
#[derive(Debug, Default)]
pub(in crate::serve) struct SiteRules {
    requests: Vec<SiteRule>,
    responses: Vec<SiteRule>,
    /// Where relative paths begin.
    base: PathBuf,
}

#[derive(Debug)]
struct SiteRule {
    step: RuleStep,
    /// Of `static:`.
    folder: Option<Folder>,
}

/// How the path of a request is cut into SCRIPT_NAME and PATH_INFO, by its route.
pub(in crate::serve) type PathSplit<'s> = &'s (dyn Fn(&Request) -> (Bytes, Bytes) + Sync);

/// What conditions and templates see.
struct Scope<'a> {
    request: &'a Request,
    split: PathSplit<'a>,
    /// Of the response.
    status: Option<StatusCode>,
}

/// What follows a rule.
enum Next {
    Rule,
    Jump(usize),
    /// No further rules.
    End,
    Respond(Response<OutgoingBody>),
}

impl SiteRules {
    /// Opens the folders that rules name. `base` is where relative paths begin.
    ///
    /// # Errors
    /// A folder that cannot be opened, or a `goto` without its label.
    pub(in crate::serve) fn new(
        rules: &[Rule],
        base: PathBuf,
        files: &Arc<FileSettings>,
    ) -> Result<Self, Error> {
        let of = |phase| -> Result<Vec<SiteRule>, Error> {
            let list = RuleList::new(rules, phase).map_err(Error::Rules)?;
            let opened = list.steps.into_iter().map(|step| {
                let folder = match &step.action {
                    RuleAction::Static { folder, .. } => {
                        let path = base.join(folder);
                        let opened = Folder::for_application(&path, files);
                        Some(opened.map_err(|source| Error::Folder { path, source })?)
                    }
                    _ => None,
                };
                Ok(SiteRule { step, folder })
            });
            opened.collect()
        };
        Ok(Self { requests: of(RulePhase::Request)?, responses: of(RulePhase::Response)?, base })
    }

    /// Whether there is anything to do before a request is answered.
    pub(in crate::serve) fn has_requests(&self) -> bool {
        !self.requests.is_empty()
    }

    /// Whether there is anything to do with responses.
    pub(in crate::serve) fn has_responses(&self) -> bool {
        !self.responses.is_empty()
    }

    /// Applies the rules for requests: they may answer it, change it, and say what its response is to have.
    ///
    /// # Errors
    /// A rule made a path that leads above the root.
    pub(in crate::serve) async fn before(
        &self,
        request: &mut Request,
        split: PathSplit<'_>,
        edits: &mut FieldEdits,
    ) -> Result<Option<Response<OutgoingBody>>, ErrorPage> {
        self.apply(&self.requests, request, split, None, edits).await
    }

    /// Applies the rules for responses.
    pub(in crate::serve) async fn after(
        &self,
        request: &mut Request,
        split: PathSplit<'_>,
        status: StatusCode,
        edits: &mut FieldEdits,
    ) {
        // What could end a request is refused at the start.
        let _ = self.apply(&self.responses, request, split, Some(status), edits).await;
    }

    async fn apply(
        &self,
        rules: &[SiteRule],
        request: &mut Request,
        split: PathSplit<'_>,
        status: Option<StatusCode>,
        edits: &mut FieldEdits,
    ) -> Result<Option<Response<OutgoingBody>>, ErrorPage> {
        let mut number = 0;
        while let Some(rule) = rules.get(number) {
            number += 1;
            let scope = Scope { request, split, status };
            let Some(groups) = scope.holds(&rule.step.condition, &self.base).await else { continue };
            match rule.run(request, split, status, &groups, edits).await? {
                Next::Rule => {}
                Next::Jump(target) => number = target,
                Next::End => return Ok(None),
                Next::Respond(response) => return Ok(Some(response)),
            }
        }
        Ok(None)
    }
}

impl SiteRule {
    async fn run(
        &self,
        request: &mut Request,
        split: PathSplit<'_>,
        status: Option<StatusCode>,
        groups: &Groups,
        edits: &mut FieldEdits,
    ) -> Result<Next, ErrorPage> {
        let scope = Scope { request, split, status };
        let condition = &self.step.condition;
        let expanded = |template: &Template| template.expand(groups, |variable| scope.variable(variable));
        match &self.step.action {
            RuleAction::Break(status) => {
                edits.closes = true;
                return Ok(Next::Respond(page(*status, "text/plain", String::new())));
            }
            RuleAction::Return(status) => {
                let reason = status.canonical_reason().unwrap_or("Unknown").to_owned();
                return Ok(Next::Respond(page(*status, "text/plain", reason)));
            }
            RuleAction::Redirect { is_permanent, location } => {
                let location = scope.location(location, groups, condition);
                return Ok(Next::Respond(moved(*is_permanent, location)));
            }
            RuleAction::Static { file, goes_on, .. } => {
                let path = [&b"/"[..], &expanded(file)].concat();
                return Ok(self.file(request, &path, *goes_on).await);
            }
            RuleAction::Last => return Ok(Next::End),
            RuleAction::Goto(_) => return Ok(self.step.target.map_or(Next::Rule, Next::Jump)),
            RuleAction::Log(text) => {
                tracing::info!(target: "certkit::rule", "{}", expanded(text).escape_ascii());
            }
            RuleAction::DoNotLog => edits.is_unlogged = true,
            RuleAction::AddVariable(name, value) => {
                let value = expanded(value);
                request.set_variable(name, value);
            }
            RuleAction::AddField(name, value) => {
                if let Ok(value) = HeaderValue::from_bytes(&expanded(value)) {
                    edits.add(name, &value);
                }
            }
            RuleAction::RemoveField(name) => edits.removed.push(name.clone()),
            RuleAction::SetPath(path) => {
                let path = expanded(path);
                set_path(request, split, &path)?;
            }
            RuleAction::Rewrite { path, query, is_last, is_encoded } => {
                let (path, query) = (expanded(path), query.as_ref().map(&expanded));
                rewrite(request, split, path, query, *is_encoded)?;
                if *is_last {
                    return Ok(Next::End);
                }
            }
            RuleAction::SetScriptName(script_name) => {
                let (script_name, path_info) = (expanded(script_name), scope.path_info());
                request.set_script_name(&script_name, &path_info);
            }
            RuleAction::SetUser(user) => {
                let mut user = expanded(user);
                // As in uWSGI: what comes before a password.
                user.truncate(memchr::memchr(b':', &user).unwrap_or(user.len()));
                request.set_variable("REMOTE_USER", user);
            }
            RuleAction::SetScheme(scheme) => {
                let is_https = expanded(scheme).eq_ignore_ascii_case(b"https");
                request.https = is_https;
            }
        }
        Ok(Next::Rule)
    }

    async fn file(&self, request: &Request, path: &[u8], goes_on: bool) -> Next {
        let Some(folder) = &self.folder else { return Next::Rule };
        match (folder.try_answer(request, path).await, goes_on) {
            (Some(response), _) => Next::Respond(response),
            (None, true) => Next::Rule,
            // uWSGI closes the connection without an answer.
            (None, false) => Next::Respond(error_page(StatusCode::NOT_FOUND, "file not found")),
        }
    }
}

impl<'a> Scope<'a> {
    /// What the groups of the condition have found, if it holds.
    async fn holds(&self, condition: &Condition, base: &Path) -> Option<Groups> {
        let (test, is_negated) = match condition {
            Condition::Always => return Some(Groups::default()),
            Condition::Matches(subject, pattern) => return pattern.groups(&self.subject(*subject)),
            Condition::Status(status) => {
                return (self.status?.as_u16() == *status).then(Groups::default);
            }
            Condition::Test { test, is_negated } => (test, *is_negated),
        };
        let expanded =
            |template: &Template| template.expand(&Groups::default(), |variable| self.variable(variable));
        let groups = match test {
            RuleTest::Compare { left, right, how } => {
                how.holds(&expanded(left), &expanded(right)).then(Groups::default)
            }
            RuleTest::Empty(text) => expanded(text).is_empty().then(Groups::default),
            RuleTest::Matches(text, pattern) => pattern.groups(&expanded(text)),
            RuleTest::In { address, network } => {
                let address = String::from_utf8(expanded(address)).ok();
                let address = address.and_then(|address| address.parse().ok());
                address.is_some_and(|address| network.contains(address)).then(Groups::default)
            }
            RuleTest::File { path, is } => is_there(base, expanded(path), *is).await.then(Groups::default),
        };
        if is_negated { groups.is_none().then(Groups::default) } else { groups }
    }

    fn subject(&self, subject: Subject) -> Cow<'a, [u8]> {
        let named = |name| self.request.variable(name).unwrap_or_default();
        match subject {
            Subject::Path => Cow::Owned(self.path_info().into()),
            Subject::Uri => Cow::Owned(self.request.one_uri()),
            Subject::Host => named("HTTP_HOST"),
            Subject::Query => named("QUERY_STRING"),
            Subject::RemoteAddress => named("REMOTE_ADDR"),
            Subject::RemoteUser => named("REMOTE_USER"),
            Subject::Referer => named("HTTP_REFERER"),
            Subject::UserAgent => named("HTTP_USER_AGENT"),
        }
    }

    fn path_info(&self) -> Bytes {
        (self.split)(self.request).1
    }

    fn variable(&self, variable: &TemplateVariable) -> Option<Cow<'a, [u8]>> {
        let now = || SystemTime::from(SystemClock.now());
        match variable {
            TemplateVariable::Named(name) => match name.as_str() {
                "PATH_INFO" => Some(Cow::Owned(self.path_info().into())),
                "SCRIPT_NAME" => Some(Cow::Owned((self.split)(self.request).0.into())),
                name => self.request.variable(name),
            },
            TemplateVariable::Cookie(name) => self.request.cookie(name).map(Cow::Borrowed),
            TemplateVariable::Parameter(name) => self.request.parameter(name).map(Cow::Borrowed),
            TemplateVariable::Time => {
                Some(Cow::Owned(SystemClock.now().unix_timestamp().to_string().into_bytes()))
            }
            TemplateVariable::HttpDate(seconds) => {
                let span = Duration::from_secs(seconds.unsigned_abs());
                let then = if *seconds < 0 { now().checked_sub(span) } else { now().checked_add(span) };
                then.map(|then| Cow::Owned(crate::serve::response::headers::http_date(then).into_bytes()))
            }
            TemplateVariable::Status => {
                let status = self.status.map_or(0, |status| status.as_u16());
                Some(Cow::Owned(status.to_string().into_bytes()))
            }
        }
    }

    /// The value of a Location, in which whatever a client has sent is encoded.
    fn location(&self, template: &Template, groups: &Groups, condition: &Condition) -> String {
        let is_decoded = matches!(condition, Condition::Matches(Subject::Path, _));
        let mut location = String::new();
        for piece in &template.pieces {
            let (value, set) = match piece {
                TemplatePiece::Text(text) => {
                    location.push_str(text);
                    continue;
                }
                TemplatePiece::Group(number) => {
                    (groups.text(*number), if is_decoded { IN_PATH } else { IN_LOCATION })
                }
                TemplatePiece::Variable(variable) => {
                    let is_path = matches!(variable, TemplateVariable::Named(name) if name == "PATH_INFO" || name == "SCRIPT_NAME");
                    (self.variable(variable).unwrap_or_default(), if is_path { IN_PATH } else { IN_LOCATION })
                }
            };
            location.extend(percent_encode(&value, set));
        }
        location
    }
}

/// Whether something is at a path. Asked by a thread that may wait for a disk.
async fn is_there(base: &Path, path: Vec<u8>, is: FileTest) -> bool {
    let Ok(path) = String::from_utf8(path) else { return false };
    if path.is_empty() || path.contains('\0') {
        return false;
    }
    let path = base.join(path);
    let asked = tokio::task::spawn_blocking(move || match is {
        FileTest::Anything => path.metadata().is_ok(),
        FileTest::Directory => path.metadata().is_ok_and(|metadata| metadata.is_dir()),
        FileTest::File => path.metadata().is_ok_and(|metadata| metadata.is_file()),
        FileTest::Link => path.symlink_metadata().as_ref().is_ok_and(Metadata::is_symlink),
    });
    asked.await.unwrap_or(false)
}

fn moved(is_permanent: bool, location: String) -> Response<OutgoingBody> {
    let (status, text) = if is_permanent {
        (StatusCode::MOVED_PERMANENTLY, "Moved Permanently")
    } else {
        (StatusCode::FOUND, "Moved")
    };
    let mut response = page(status, "text/plain", text.to_owned());
    let name: HeaderName = header::LOCATION;
    match HeaderValue::try_from(location) {
        Ok(location) => {
            response.headers_mut().insert(name, location);
            response
        }
        Err(_) => error_page(StatusCode::INTERNAL_SERVER_ERROR, "a rule made an invalid Location"),
    }
}

fn set_path(request: &mut Request, split: PathSplit<'_>, path: &[u8]) -> Result<(), ErrorPage> {
    let (_, old) = split(request);
    let changed = request.set_path_info(&old, path);
    changed
        .map_err(|_| ErrorPage::new(StatusCode::BAD_REQUEST, "a rule made a path that leads above the root"))
}

/// Another path; `query` comes before that of the request, which is all there is without it.
fn rewrite(
    request: &mut Request,
    split: PathSplit<'_>,
    mut path: Vec<u8>,
    mut query: Option<Vec<u8>>,
    is_encoded: bool,
) -> Result<(), ErrorPage> {
    if is_encoded {
        // What a pattern for REQUEST_URI has found may contain the query.
        if let Some(at) = memchr::memchr(b'?', &path) {
            query = query.or_else(|| path.get(at + 1..).map(<[u8]>::to_vec));
            path.truncate(at);
        }
        path = percent_decode(&path).collect();
    }
    if path.iter().any(|byte| b"\0\r\n".contains(byte)) {
        return Err(ErrorPage::new(StatusCode::BAD_REQUEST, "a rule made an invalid path"));
    }
    set_path(request, split, &path)?;
    if let Some(mut query) = query {
        if !request.target.query.is_empty() {
            query.push(b'&');
            query.extend_from_slice(&request.target.query);
        }
        request.set_query(query);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
