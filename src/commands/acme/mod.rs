//! `certkit acme`: arguments to a plan, the journey's steps to lines, its errors to findings.

mod failure;
mod judge;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use self::failure::failure;
use super::output::shell_word;
use super::{Context, Result};
use crate::acme::storage::{LiveFiles, Storage};
use crate::acme::{self, Caller, Candidate, LETS_ENCRYPT, LETS_ENCRYPT_STAGING, Plan, Prepared, Progress};
use crate::chain::{Located, TrustStore};
use crate::cli::{AcmeArgs, AcmeCommand, ObtainArgs};
use crate::finding::{Code, Finding};
use crate::render::Talk;
use crate::report::{Created, CreatedFile, Failure, Outcome, Report, Role};
use crate::sys::clock::{Clock, date};
use crate::sys::fs::plain;
use crate::x509::Certificate;

/// Runs the command.
pub(super) fn run(args: &AcmeArgs, context: &Context<'_>) -> Result {
    match &args.command {
        AcmeCommand::Obtain(args) => obtain(args, context),
    }
}

fn obtain(args: &ObtainArgs, context: &Context<'_>) -> Result {
    let plan = plan(args)?;
    let state = match &args.state {
        Some(state) => state.clone(),
        None => default_state()?,
    };
    let storage = Storage::new(state);
    let user = User { talk: context.talk, clock: context.clock, agree: args.agree_tos };
    let failure = |error| failure(error, context.clock.now());

    let name = plan.names.first().cloned().unwrap_or_default();
    let work = match acme::prepare(plan, &storage, &user, context.clock.now()).map_err(failure)? {
        Prepared::Needed(work) => work,
        Prepared::NotDue(current) => {
            let until = current.chain.first().map_or(current.due_at, |leaf| leaf.not_after);
            context.talk.say(&format!(
                "{name}: nothing to do, the certificate is good until {} and due for renewal from {} on (--force \
                 gets a new one now)",
                date(until),
                date(current.due_at),
            ));
            return Ok(report(&current.files, &current.chain, "unchanged"));
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
        Failure::new(Finding::error(Code::Io, format!("cannot start the event loop: {}", plain(&error))))
    })?;
    let obtained = runtime.block_on(work.run(&user)).map_err(failure)?;
    let mut report = report(&obtained.files, &obtained.chain, "new");
    report.findings = obtained.remarks;
    Ok(report)
}

fn plan(args: &ObtainArgs) -> Result<Plan> {
    let mut names = Vec::with_capacity(args.names.len());
    for name in &args.names {
        let name = acme::dns_name(name)
            .map_err(|error| Failure::new(Finding::error(Code::InvalidName, error.to_string())))?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let server = match &args.server {
        Some(url) => server_address(url)?,
        None if args.staging => LETS_ENCRYPT_STAGING.to_owned(),
        None => LETS_ENCRYPT.to_owned(),
    };
    // The command line requires it: it is the only challenge yet.
    let http = args.http.as_deref().unwrap_or(":80");
    let http = http.parse().map_err(|reason| {
        Failure::new(Finding::error(Code::InvalidSetting, format!("--http={http}: {reason}")))
    })?;
    if let Some(email) = &args.email
        && !is_mail_address(email)
    {
        let message = format!("{email:?} is no mail address");
        return Err(Failure::new(Finding::error(Code::InvalidSetting, message)));
    }
    Ok(Plan {
        names,
        server,
        ca_roots: args.ca_roots.clone(),
        email: args.email.clone(),
        key_kind: args.key_kind,
        http,
        force: args.force,
    })
}

/// RFC 8555 section 6.1: https, nothing else.
fn server_address(url: &str) -> Result<String> {
    let parsed =
        url.parse::<http::Uri>().ok().filter(|uri| uri.scheme_str() == Some("https") && uri.host().is_some());
    match parsed {
        Some(uri) => Ok(uri.to_string()),
        None => Err(Failure::new(
            Finding::error(Code::InvalidSetting, format!("{url:?} is no address of an ACME server"))
                .fix("give the address of its directory, as --server https://ca.example/directory"),
        )),
    }
}

fn is_mail_address(text: &str) -> bool {
    let bad = |c: char| c.is_whitespace() || c.is_control() || matches!(c, ',' | '?' | '<' | '>');
    matches!(text.split_once('@'), Some((user, host)) if !user.is_empty() && !host.is_empty())
        && !text.contains(bad)
}

/// `/var/lib/certkit` for root, else `$XDG_STATE_HOME/certkit`, which is `~/.local/state/certkit` by default.
fn default_state() -> Result<PathBuf> {
    if rustix::process::geteuid().is_root() {
        return Ok("/var/lib/certkit".into());
    }
    let from = |variable, below: &str| {
        std::env::var_os(variable)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
            .map(|path| path.join(below))
    };
    from("XDG_STATE_HOME", "certkit").or_else(|| from("HOME", ".local/state/certkit")).ok_or_else(|| {
        Failure::new(
            Finding::error(Code::NotFound, "no place for the state: neither XDG_STATE_HOME nor HOME is set")
                .fix("say where, as --state DIR"),
        )
    })
}

fn report(files: &LiveFiles, chain: &[Certificate], state: &str) -> Report {
    let shown = |path: &Path| path.display().to_string();
    let file =
        |path: &Path, what: &str| CreatedFile { path: shown(path), description: format!("{what} ({state})") };
    let created = Created {
        files: vec![
            file(&files.fullchain, "server certificate and intermediates: give this to the server"),
            file(&files.key, "private key, keep it secret"),
            file(&files.cert, "server certificate alone"),
            file(&files.chain, "intermediates alone"),
        ],
        certificate: chain.first().map(|leaf| Located::from(leaf.clone()).summary(Role::Leaf)),
        ..Created::default()
    };
    let mut report = Report::new(Outcome::Created(created));
    report.next = vec![format!(
        "certkit serve --cert {} --key {}",
        shell_word(&shown(&files.fullchain)),
        shell_word(&shown(&files.key))
    )];
    report
}

/// The person or script at the other end.
struct User<'a> {
    talk: Talk,
    clock: &'a dyn Clock,
    agree: bool,
}

impl Caller for User<'_> {
    fn progress(&self, progress: Progress<'_>) {
        let line = match progress {
            Progress::AccountKeySaved => "a new account is asked for".to_owned(),
            Progress::AccountReady => "the account is ready".to_owned(),
            Progress::ChallengesAnswered { names } => {
                format!("{} offered for validation; waiting for the server to look", count(names))
            }
            Progress::Connecting { server } => format!("asking {server}"),
            Progress::Downloaded => "the certificate is here".to_owned(),
            Progress::Finalized => "the certificate is being made".to_owned(),
            Progress::OrderPlaced { names } => format!("ordered a certificate for {}", count(names)),
            Progress::OrderResumed => "going on with the order of an earlier run".to_owned(),
            Progress::Reissue { why } => format!("getting a new certificate: {why}"),
            Progress::Validated => "validated".to_owned(),
            Progress::Waiting { doing, pause } => {
                format!("{doing}: the server is in trouble, trying again in {} s", pause.as_secs())
            }
            Progress::WaitingForLock => "waiting for another certkit that is at work here".to_owned(),
        };
        self.talk.say(&line);
    }

    fn agrees_to(&self, url: &str) -> bool {
        self.talk.say(&format!("terms of service: {url}"));
        if self.agree {
            return true;
        }
        if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
            return false;
        }
        self.talk.say("do you agree to them? [y/N]");
        let mut answer = String::new();
        // An unreadable answer is no yes.
        let _ = std::io::stdin().read_line(&mut answer);
        matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
    }

    fn judge(&self, candidate: &Candidate<'_>) -> std::result::Result<Vec<Finding>, Vec<Finding>> {
        let Candidate { chain, key, names } = candidate;
        judge::judge(chain, key, names, TrustStore::system(), self.clock.now())
    }
}

fn count(names: usize) -> String {
    if names == 1 { "one name".to_owned() } else { format!("{names} names") }
}
