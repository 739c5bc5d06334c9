//! `certkit acme`: arguments to a plan, the journey's steps to lines, its errors to findings.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Duration;

use instant_acme::Problem;
use time::OffsetDateTime;
use time::macros::format_description;

use super::{Context, Result};
use crate::acme::storage::{LiveFiles, Storage};
use crate::acme::{
    self, Caller, Candidate, Error, FailedValidation, LETS_ENCRYPT, LETS_ENCRYPT_STAGING, Plan, Prepared,
    Progress, problem_kind,
};
use crate::cli::{AcmeArgs, AcmeCommand, ObtainArgs};
use crate::finding::{Code, Finding, Location};
use crate::render::Talk;
use crate::report::{Created, CreatedFile, Failure, Outcome, Report};
use crate::sys::clock::Clock;
use crate::sys::fs::plain;

/// EX_TEMPFAIL of sysexits.h: the same command may work later.
const TRY_LATER: u8 = 75;
const AGREE_FIX: &str = "read them, then run it again with --agree-tos (or CERTKIT_AGREE_TOS=1)";

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
    let user = User {
        talk: context.talk,
        clock: context.clock,
        agree: args.agree_tos,
        roots: plan.ca_roots.clone(),
    };
    let failure = |error| failure(error, context.clock.now());

    let name = plan.names.first().cloned().unwrap_or_default();
    let work = match acme::prepare(plan, &storage, &user, context.clock.now()).map_err(failure)? {
        Prepared::Needed(work) => work,
        Prepared::NotDue(current) => {
            let until = current.chain.first().map_or(current.due_at, |leaf| leaf.not_after);
            context.talk.say(&format!(
                "{name}: nothing to do, the certificate is good until {} and due for renewal from {} on (--force \
                 gets a new one now)",
                day(until),
                day(current.due_at),
            ));
            return Ok(report(&current.files, "unchanged"));
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
        Failure::new(Finding::error(Code::Io, format!("cannot start the event loop: {}", plain(&error))))
    })?;
    let obtained = runtime.block_on(work.run(&user)).map_err(failure)?;
    let mut report = report(&obtained.files, "new");
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

fn report(files: &LiveFiles, state: &str) -> Report {
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
        certificate: None,
    };
    let mut report = Report::new(Outcome::Created(created));
    report.next =
        vec![format!("certkit serve --cert {} --key {}", shown(&files.fullchain), shown(&files.key))];
    report
}

/// The person or script at the other end.
struct User<'a> {
    talk: Talk,
    clock: &'a dyn Clock,
    agree: bool,
    roots: Option<PathBuf>,
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
        let _ = candidate;
        Ok(Vec::new())
    }
}

fn count(names: usize) -> String {
    if names == 1 { "one name".to_owned() } else { format!("{names} names") }
}

/// What went wrong, as a finding with its mend and the right status.
fn failure(error: Error, now: OffsetDateTime) -> Failure {
    match error {
        Error::BadAnswer { doing, reason } => Failure::new(Finding::error(
            Code::AcmeFailed,
            format!("{doing}: the server's answer makes no sense: {reason}"),
        )),
        Error::Bind { address, source } => Failure::new(bind_finding(&address, &source)),
        Error::CaRoots { path, reason } => Failure::new(
            Finding::error(
                Code::NoCertificate,
                format!("no CA certificates to trust for the ACME server: {reason}"),
            )
            .at(Location::file(path.display().to_string()))
            .fix("give its CA certificates in PEM, as --ca-roots FILE"),
        ),
        Error::NoChallenge { name, offered } => Failure::new(Finding::error(
            Code::AcmeFailed,
            format!("the server offers no http-01 challenge for {name}, only {}", offered.join(", ")),
        ))
        .status(1),
        Error::NotAcme { url, reason } => Failure::new(
            Finding::error(Code::InvalidSetting, format!("{url} is no ACME directory: {reason}"))
                .fix("give the address of the directory itself, as --server https://ca.example/directory"),
        ),
        Error::Refused { doing, problem } => refused(doing, &problem),
        Error::Rejected(findings) => Failure { findings: rejected(findings), status: 1 },
        Error::Storage(error) => Failure::new(storage_finding(&error)),
        Error::TermsNotAgreed { url } => Failure::new(
            Finding::error(
                Code::InvalidSetting,
                format!("a new account needs a yes to the server's terms of service: {url}"),
            )
            .fix(AGREE_FIX),
        ),
        Error::TryLater { doing, reason, retry_after } => try_later(doing, &reason, retry_after, now),
        Error::Untrusted { url, reason } => Failure::new(
            Finding::error(
                Code::UnknownIssuer,
                format!("the ACME server's own certificate is not trusted ({url}): {reason}"),
            )
            .fix("for a private ACME server give its CA: --ca-roots FILE"),
        ),
        Error::Validation(failed) => {
            Failure { findings: failed.iter().map(validation_finding).collect(), status: 1 }
        }
        error => Failure::new(Finding::error(Code::AcmeFailed, error.to_string())),
    }
}

fn refused(doing: &str, problem: &Problem) -> Failure {
    let mut message = format!("{doing}: the server refuses");
    if let Some(detail) = &problem.detail {
        message.push_str(": ");
        message.push_str(detail);
    }
    for sub in &problem.subproblems {
        message.push('\n');
        message.push_str(&sub.to_string());
    }
    let mut finding = Finding::error(Code::AcmeFailed, message);
    finding.fix = likely_cause(problem_kind(problem), false).map(str::to_owned);
    Failure::new(finding).status(1)
}

fn rejected(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.insert(
        0,
        Finding::error(
            Code::AcmeFailed,
            "the server sent a chain that does not hold; it was not put in place",
        )
        .fix("mend what is said below and run it again: the same chain is judged again; --force orders anew"),
    );
    findings
}

fn try_later(doing: &str, reason: &str, retry_after: Option<Duration>, now: OffsetDateTime) -> Failure {
    let mut finding = Finding::error(Code::TryLater, format!("{doing}: {reason}"));
    let then = retry_after.and_then(|pause| now.checked_add(pause.try_into().ok()?));
    finding.fix = Some(match then {
        Some(then) => format!("run it again after {}; it goes on where this run stopped", minute(then)),
        None => "run it again later; it goes on where this run stopped".to_owned(),
    });
    Failure::new(finding).status(TRY_LATER)
}

fn validation_finding(failed: &FailedValidation) -> Finding {
    let asked = if failed.asked {
        "The server did reach certkit's answer here."
    } else {
        "No request for the answer came here."
    };
    let mut finding = Finding::error(
        Code::AcmeFailed,
        format!("{}: the validation failed: {}\n{asked}", failed.name, failed.detail),
    );
    finding.fix = likely_cause(&failed.kind, failed.asked).map(str::to_owned);
    finding
}

/// The likely cause of a problem by its kind (RFC 8555 section 6.7), and what mends it.
fn likely_cause(kind: &str, asked: bool) -> Option<&'static str> {
    Some(match kind {
        "badCSR" | "badPublicKey" => "the server does not take this kind of key: try -k p256 or -k rsa2048",
        "caa" => "a CAA record of the domain names other CAs: add this one there",
        "connection" => {
            "port 80 of the name's address must lead here: look for a firewall, a router that does not pass it \
             on, or an old A or AAAA record"
        }
        "dns" => "look at the name's A and AAAA records: they are missing or the name server does not answer",
        "externalAccountRequired" => {
            "this server wants an account made beforehand, which certkit cannot give yet"
        }
        "incorrectResponse" | "unauthorized" if asked => {
            "the answer was changed on its way: look at proxies before this machine"
        }
        "incorrectResponse" | "unauthorized" => {
            "another server answers for this name: look at its A and AAAA records, and at what listens on port 80 \
             there"
        }
        "invalidContact" | "unsupportedContact" => {
            "the server does not take this mail address: leave --email out"
        }
        "rejectedIdentifier" | "unsupportedIdentifier" => "this server gives no certificates for this name",
        "tls" => "the name's port 80 leads to a TLS server",
        _ => return None,
    })
}

fn bind_finding(address: &str, source: &std::io::Error) -> Finding {
    let (code, fix) = match source.kind() {
        std::io::ErrorKind::AddrInUse => (
            Code::AddressInUse,
            "stop the server on that port, or let it pass /.well-known/acme-challenge/ on to another port and say \
             which, as --http=127.0.0.1:5002",
        ),
        std::io::ErrorKind::PermissionDenied => (
            Code::Permission,
            "ports below 1024 belong to root: run it as root, or `setcap cap_net_bind_service=+ep` the program, \
             or answer on another port that port 80 is passed on to, as --http=:8080",
        ),
        _ => (Code::Io, "choose another address, as --http=127.0.0.1:5002"),
    };
    Finding::error(
        code,
        format!("cannot answer challenges on {address}: {}; nothing was ordered", plain(source)),
    )
    .fix(fix)
}

fn storage_finding(error: &acme::storage::Error) -> Finding {
    use acme::storage::Error as StorageError;
    let (code, path, fix) = match error {
        StorageError::Damaged { path, .. } => {
            (Code::Io, Some(path), "restore the file, or move it out of the way to begin anew")
        }
        StorageError::Io { source, path, .. } if source.kind() == std::io::ErrorKind::PermissionDenied => (
            Code::Permission,
            Some(path),
            "run it as the owner of the state directory, or choose one: --state DIR",
        ),
        StorageError::Io { path, .. } => {
            (Code::Io, Some(path), "choose another state directory: --state DIR")
        }
        _ => (Code::Io, None, "choose another state directory: --state DIR"),
    };
    let finding = Finding::error(code, error.to_string()).fix(fix);
    match path {
        Some(path) => finding.at(Location::file(path.display().to_string())),
        None => finding,
    }
}

fn day(time: OffsetDateTime) -> String {
    time.format(format_description!("[year]-[month]-[day]")).unwrap_or_else(|_| time.to_string())
}

fn minute(time: OffsetDateTime) -> String {
    time.format(format_description!("[year]-[month]-[day] [hour]:[minute]:[second] UTC"))
        .unwrap_or_else(|_| time.to_string())
}
