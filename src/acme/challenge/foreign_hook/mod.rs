//! dns-01 by hooks that were written for other ACME clients, unchanged.
//!
//! | hook | called as | documented |
//! |---|---|---|
//! | `lego:PROG` | `PROG present|cleanup FQDN VALUE`; with `EXEC_MODE=RAW`, `PROG present|cleanup -- NAME TOKEN KEY` | lego, provider `exec` |
//! | `httpreq:URL` | `POST URL/present|cleanup` with a JSON object | lego, provider `httpreq` |
//! | `acmesh:dns_xx` | `dns_xx_add|rm FQDN VALUE` of a script for acme.sh, in a shell with acme.sh's functions | acme.sh, DNS API Dev Guide |
//! | `certbot:AUTH,CLEANUP` | `AUTH`, then `CLEANUP`, with `CERTBOT_*` variables | certbot, pre and post validation hooks |
//!
//! Their secrets are variables of the environment, from `--dns-credentials` or of this process. The first three set the
//! record where CNAMEs lead and may return before it is visible, so the name servers are asked until it is.

mod acmesh;
mod http_request;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use self::acmesh::AcmeSh;
use self::http_request::HttpRequestHook;
use super::credentials::Credentials;
use super::dns_view::DnsView;
use super::exclusive::HeldExclusive;
use super::hook_process::{HookCall, HookCommand, TIME_LIMIT, absolute};
use super::propagation::{DnsTeller, TxtRecord};
use super::redaction::plain_url;
use super::{ChallengeAnswer, ChallengeKind, Error, Solver};

/// A hook of another client, as options say it and `renew.json` keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignHook {
    /// Its kind, a colon, and what that kind needs.
    pub hook: String,
    /// A file with variables for its environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<PathBuf>,
    /// Who is asked whether the record is visible.
    #[serde(flatten)]
    pub view: DnsView,
}

/// The kinds of hooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Client {
    Lego,
    HttpRequest,
    AcmeSh,
    Certbot,
}

const CLIENTS: [(&str, Client); 4] = [
    ("lego:", Client::Lego),
    ("httpreq:", Client::HttpRequest),
    ("acmesh:", Client::AcmeSh),
    ("certbot:", Client::Certbot),
];

/// A hook that can be called.
#[derive(Debug)]
pub(super) struct ForeignSolver {
    protocol: Protocol,
    credentials: Credentials,
    view: DnsView,
    time_limit: Duration,
    /// What the hook was called for; `None` while it was not called, when only a killed run can have left something.
    presented: Mutex<Option<Vec<Presented>>>,
    /// What it was made of.
    hook: ForeignHook,
    exclusive: HeldExclusive,
}

/// A call of the hook.
#[derive(Debug)]
struct Presented {
    answer: ChallengeAnswer,
    record: TxtRecord,
    /// What the program said.
    said: String,
}

/// How it is called.
#[derive(Debug)]
enum Protocol {
    Lego(HookCommand),
    HttpRequest(HttpRequestHook),
    AcmeSh(AcmeSh),
    Certbot { auth: HookCommand, cleanup: Option<HookCommand> },
}

/// What one call is about.
struct Subject<'a> {
    answer: &'a ChallengeAnswer,
    record: &'a TxtRecord,
    /// The record's name, with its dot at the end.
    fqdn: String,
    /// What the program said when the answer was presented.
    said: &'a str,
    /// How many answers come after this one.
    remaining: usize,
    /// All names of the certificate whose answers are presented.
    names: &'a str,
}

impl ForeignHook {
    /// Whether the text of `--dns-hook` names a hook of another client.
    pub fn is_meant(hook: &str) -> bool {
        split(hook).is_some()
    }

    /// The same with absolute paths.
    pub(super) fn to_keep(&self) -> Self {
        let hook = match split(&self.hook) {
            Some((Client::Lego, rest)) => format!("lego:{}", absolute(rest)),
            Some((Client::AcmeSh, rest)) => format!("acmesh:{}", acmesh::absolute(rest)),
            Some((Client::Certbot, rest)) => {
                let commands: Vec<_> = rest.splitn(2, ',').map(absolute).collect();
                format!("certbot:{}", commands.join(","))
            }
            Some((Client::HttpRequest, _)) | None => self.hook.clone(),
        };
        let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
        Self { hook, credentials: self.credentials.as_ref().map(absolute), view: self.view.clone() }
    }

    /// Reads the credentials and looks for the programs.
    ///
    /// # Errors
    /// [`Error::HookUnusable`], [`Error::Credentials`].
    pub(super) fn prepare(&self) -> Result<ForeignSolver, Error> {
        let credentials = match &self.credentials {
            Some(path) => Credentials::read(path)?,
            None => Credentials::default(),
        };
        let unusable =
            |reason: &str| Error::HookUnusable { command: shown(&self.hook), reason: reason.to_owned() };
        let (client, rest) = split(&self.hook).ok_or_else(|| unusable("no such kind of hook"))?;
        let protocol = match client {
            Client::Lego => Protocol::Lego(HookCommand::parse(rest)?),
            Client::HttpRequest => {
                Protocol::HttpRequest(HttpRequestHook::new(rest).map_err(|reason| unusable(&reason))?)
            }
            Client::AcmeSh => Protocol::AcmeSh(AcmeSh::find(rest).map_err(|reason| unusable(&reason))?),
            Client::Certbot => {
                let (auth, cleanup) = match rest.split_once(',') {
                    Some((auth, cleanup)) => (auth, Some(cleanup)),
                    None => (rest, None),
                };
                Protocol::Certbot {
                    auth: HookCommand::parse(auth)?,
                    cleanup: cleanup.map(HookCommand::parse).transpose()?,
                }
            }
        };
        Ok(ForeignSolver {
            protocol,
            credentials,
            view: self.view.clone(),
            time_limit: TIME_LIMIT,
            presented: Mutex::default(),
            hook: self.clone(),
            exclusive: HeldExclusive::default(),
        })
    }
}

impl ForeignSolver {
    fn presented(&self) -> MutexGuard<'_, Option<Vec<Presented>>> {
        // No code that holds the lock can panic half-way through a change.
        self.presented.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls the hook; gives what it said.
    async fn call(&self, verb: &'static str, subject: &Subject<'_>) -> Result<String, Error> {
        let (command, arguments, mut variables) = match &self.protocol {
            Protocol::HttpRequest(hook) => {
                let called = hook.call(verb, subject, &self.credentials, |text| self.redact(text)).await;
                return called.map(|()| String::new()).map_err(|error| self.told(error));
            }
            Protocol::AcmeSh(script) => {
                return self
                    .run(&script.command(), script.arguments(verb, subject), Vec::new(), verb, subject)
                    .await;
            }
            Protocol::Lego(command) => (command, self.lego_arguments(verb, subject), Vec::new()),
            Protocol::Certbot { auth, cleanup } => {
                let command = if verb == "present" { Some(auth) } else { cleanup.as_ref() };
                let Some(command) = command else { return Ok(String::new()) };
                (command, Vec::new(), certbot_variables(subject))
            }
        };
        if verb == "cleanup" && matches!(self.protocol, Protocol::Certbot { .. }) {
            variables.push(("CERTBOT_AUTH_OUTPUT".to_owned(), subject.said.to_owned()));
        }
        self.run(command, arguments, variables, verb, subject).await
    }

    async fn run(
        &self,
        command: &HookCommand,
        arguments: Vec<OsString>,
        variables: Vec<(String, String)>,
        verb: &'static str,
        subject: &Subject<'_>,
    ) -> Result<String, Error> {
        let variables: Vec<_> = self.credentials.variables().into_iter().chain(variables).collect();
        let given = command.arguments.iter().map(OsString::from);
        let redact = |text: &str| self.redact(text);
        let call = HookCall {
            program: &command.program,
            arguments: given.chain(arguments).collect(),
            variables: &variables,
            verb,
            fqdn: &subject.fqdn,
            time_limit: self.time_limit,
            keeps_stdout: matches!(self.protocol, Protocol::Certbot { .. }),
            redact: &redact,
        };
        call.run().await.map_err(|error| self.told(error))
    }

    /// Not the shell is to blame, but the script.
    fn told(&self, error: Error) -> Error {
        match error {
            Error::HookFailed { program, verb, fqdn, reason, output } => {
                let program = match &self.protocol {
                    Protocol::AcmeSh(script) => script.script.clone(),
                    _ => program,
                };
                Error::HookFailed { program, verb, fqdn, reason: self.redact(&reason), output }
            }
            error => error,
        }
    }

    /// A message without secrets: a program that fails may print its environment, a server what it was sent.
    fn redact(&self, text: &str) -> String {
        let others = match &self.protocol {
            Protocol::HttpRequest(_) => http_request::secrets(&self.credentials),
            _ => Vec::new(),
        };
        let others: Vec<&str> = others.iter().map(|secret| secret.as_str()).collect();
        self.credentials.redact(text, &others)
    }

    fn lego_arguments(&self, verb: &'static str, subject: &Subject<'_>) -> Vec<OsString> {
        let answer = subject.answer;
        let words = if is_raw("EXEC_MODE", &self.credentials) {
            vec![
                verb.to_owned(),
                "--".to_owned(),
                answer.host.to_string(),
                answer.token.clone(),
                answer.key_authorization.clone(),
            ]
        } else {
            vec![verb.to_owned(), subject.fqdn.clone(), subject.record.value.clone()]
        };
        words.into_iter().map(OsString::from).collect()
    }

    /// Calls the hook for each of these answers.
    async fn present_all(&self, answers: &[ChallengeAnswer]) -> Result<Vec<TxtRecord>, Error> {
        self.presented().get_or_insert_default();
        self.hold().await;
        let records = self.view.records(answers).await?;
        let names = names_of(answers);
        for (index, (answer, record)) in answers.iter().zip(&records).enumerate() {
            // Before the call: one that fails half-way has left something.
            let call = Presented { answer: answer.clone(), record: record.clone(), said: String::new() };
            self.presented().get_or_insert_default().push(call);
            let remaining = answers.len() - index - 1;
            let said = self.call("present", &Subject::new(answer, record, "", remaining, &names)).await?;
            if let Some(last) = self.presented().as_mut().and_then(|all| all.last_mut()) {
                last.said = said;
            }
        }
        Ok(records)
    }

    /// Calls the hook for what it was asked to present, and at the records where that was; after a killed run for all.
    async fn clean_up(&self, answers: &[ChallengeAnswer]) -> Result<(), Error> {
        let before = self.presented().take();
        self.hold().await;
        let names = names_of(answers);
        let mut result = Ok(());
        for (index, answer) in answers.iter().enumerate() {
            let remaining = answers.len() - index - 1;
            let presented = before.iter().flatten().find(|presented| presented.answer == *answer);
            let cleaned = match (&before, presented) {
                (_, Some(Presented { record, said, .. })) => {
                    self.call("cleanup", &Subject::new(answer, record, said, remaining, &names)).await
                }
                // After a failure the program need not clean up what it was never asked to present.
                (Some(_), None) => continue,
                (None, None) => match self.view.record(answer).await {
                    Ok(record) => {
                        self.call("cleanup", &Subject::new(answer, &record, "", remaining, &names)).await
                    }
                    Err(error) => Err(error),
                },
            };
            // The first failure is reported; the others are cleaned up all the same.
            let cleaned = cleaned.map(|_| ());
            result = result.and(cleaned);
        }
        self.exclusive.release();
        result
    }

    /// Until the clean-up nobody else calls the same hook.
    async fn hold(&self) {
        self.exclusive.hold(&self.hook.hook, self.hook.credentials.as_deref()).await;
    }
}

impl<'a> Subject<'a> {
    fn new(
        answer: &'a ChallengeAnswer,
        record: &'a TxtRecord,
        said: &'a str,
        remaining: usize,
        names: &'a str,
    ) -> Self {
        Self { answer, record, fqdn: record.name.to_ascii(), said, remaining, names }
    }
}

#[async_trait]
impl Solver for ForeignSolver {
    fn kind(&self) -> ChallengeKind {
        ChallengeKind::Dns01
    }

    async fn present(&self, answers: &[ChallengeAnswer]) -> Result<(), Error> {
        self.present_all(answers).await.map(|_| ())
    }

    async fn present_and_tell(&self, answers: &[ChallengeAnswer], teller: &DnsTeller) -> Result<(), Error> {
        let records = self.present_all(answers).await?;
        self.view.confirm(&records, teller).await
    }

    async fn withdraw(&self, answers: &[ChallengeAnswer]) -> Result<(), Error> {
        self.clean_up(answers).await
    }

    fn outlives_process(&self) -> bool {
        true
    }
}

fn split(hook: &str) -> Option<(Client, &str)> {
    CLIENTS.iter().find_map(|(prefix, client)| Some((*client, hook.strip_prefix(prefix)?)))
}

/// The hook in a message: a URL without what may be secret.
fn shown(hook: &str) -> String {
    match split(hook) {
        Some((Client::HttpRequest, url)) => format!("httpreq:{}", plain_url(url)),
        _ => hook.to_owned(),
    }
}

/// Whether a hook of lego wants token and key authorization instead of the record.
fn is_raw(variable: &str, credentials: &Credentials) -> bool {
    variable_of(variable, credentials).is_some_and(|mode| mode == "RAW")
}

/// A variable from the file, else of this process.
fn variable_of(name: &str, credentials: &Credentials) -> Option<String> {
    credentials.get(name).map(str::to_owned).or_else(|| std::env::var(name).ok())
}

/// The names that are proved, with commas between.
fn names_of(answers: &[ChallengeAnswer]) -> String {
    answers.iter().map(|answer| answer.host.to_string()).collect::<Vec<_>>().join(",")
}

fn certbot_variables(subject: &Subject<'_>) -> Vec<(String, String)> {
    [
        ("CERTBOT_DOMAIN", subject.answer.host.to_string()),
        ("CERTBOT_VALIDATION", subject.record.value.clone()),
        ("CERTBOT_REMAINING_CHALLENGES", subject.remaining.to_string()),
        ("CERTBOT_ALL_DOMAINS", subject.names.to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}
