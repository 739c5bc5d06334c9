//! `certkit acme obtain`.

use std::fs::{self, DirBuilder};
use std::future::pending;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use tokio::signal::unix::{SignalKind, signal};
use zeroize::Zeroizing;

use super::failure::failure;
use super::user::User;
use super::{challenge, hook_finding, runtime, storage};
use crate::acme::storage::{LiveFiles, Storage};
use crate::acme::{self, Due, ExternalAccount, LETS_ENCRYPT, LETS_ENCRYPT_STAGING, Plan, Prepared};
use crate::chain::Located;
use crate::cli::ObtainArgs;
use crate::commands::{Context, Result};
use crate::finding::{Code, Finding, Location};
use crate::operands::output::shell_word;
use crate::report::{Created, CreatedFile, Failure, FileRole, Outcome, Report, Role};
use crate::sys::clock::date;
use crate::sys::fs::{plain, read_limited};
use crate::sys::hook::HookRun;
use crate::x509::Certificate;

/// Servers give secrets of 32 or 64 bytes.
const MAX_SECRET_BYTES: u64 = 4096;

pub(super) fn run(args: &ObtainArgs, context: &Context<'_>) -> Result {
    let storage = storage(&args.state)?;
    let plan = plan(args, &storage)?;
    let name = plan.names.first().cloned().unwrap_or_default();
    let user = User::about(context, &name, args.agree_tos);
    if args.dry_run {
        return rehearse(plan, &storage, &user, context);
    }
    let failure = |error| failure(error, context.clock.now());
    match acme::prepare(plan, &storage, &user, context.clock.now()).map_err(failure)? {
        Prepared::HookOnly(hook) => {
            let (current, run) = hook.run(&user).map_err(failure)?;
            Ok(with_hook(report(&current.files, &current.chain, "unchanged"), run.as_ref()))
        }
        Prepared::Needed(work) => {
            let obtained = runtime()?.block_on(work.run(&user)).map_err(failure)?;
            let mut report = report(&obtained.files, &obtained.chain, "new");
            report.findings = obtained.remarks;
            Ok(with_hook(report, obtained.hook.as_ref()))
        }
        Prepared::NotDue(current) => {
            let Due { at, by_server } = current.due;
            let until = current.chain.first().map_or(at, |leaf| leaf.not_after);
            let word = if by_server { ", as the server wishes," } else { "" };
            context.talk.say(&format!(
                "{name}: nothing to do, the certificate is good until {} and due for renewal{word} from {} on \
                 (--force gets a new one now)",
                date(until),
                date(at),
            ));
            Ok(report(&current.files, &current.chain, "unchanged"))
        }
    }
}

fn with_hook(mut report: Report, hook: Option<&HookRun>) -> Report {
    report.findings.extend(hook.and_then(hook_finding));
    report
}

fn plan(args: &ObtainArgs, storage: &Storage) -> Result<Plan> {
    let mut names = Vec::with_capacity(args.names.len());
    for name in &args.names {
        let name = acme::certificate_name(name)
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
    if let Some(email) = &args.email {
        check_mail_address(email)?;
    }
    // One that cannot be read is told of when it is needed.
    let before = names.first().and_then(|name| storage.certificate(name).record().ok().flatten());
    let challenge = challenge::method(&args.challenge, before.and_then(|record| record.challenge))?;
    Ok(Plan {
        names,
        server,
        ca_roots: args.ca_roots.clone(),
        email: args.email.clone(),
        external_account: external_account(args)?,
        key_kind: args.key_kind,
        profile: args.profile.clone(),
        preferred_chain: args.preferred_chain.clone(),
        deploy_hook: args.deploy_hook.clone(),
        key_group: args.key_group.clone(),
        force: args.force,
        ..Plan::new(challenge)
    })
}

fn external_account(args: &ObtainArgs) -> Result<Option<ExternalAccount>> {
    let (Some(kid), Some(path)) = (&args.eab_kid, &args.eab_hmac_file) else { return Ok(None) };
    let at = |finding: Finding| Failure::new(finding.at(Location::file(path.display().to_string())));
    let text = read_limited(path, MAX_SECRET_BYTES).map(Zeroizing::new).map_err(|error| {
        let code = if error.kind() == std::io::ErrorKind::NotFound { Code::NotFound } else { Code::Io };
        at(Finding::error(code, format!("cannot read the secret of the account: {}", plain(&error))))
    })?;
    // RFC 8555 section 7.3.4: "the MAC key in base64url-encoded form"; some sites pad it.
    let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let decoded = GeneralPurpose::new(&URL_SAFE, lenient).decode(text.trim_ascii()).ok();
    let Some(secret) = decoded.filter(|secret| !secret.is_empty()).map(Zeroizing::new) else {
        return Err(at(Finding::error(Code::InvalidSetting, "there is no secret in base64url in it")
            .fix("put the HMAC key there as the server's site shows it, on one line")));
    };
    Ok(Some(ExternalAccount { kid: kid.clone(), secret }))
}

/// Tries everything and keeps nothing.
fn rehearse(mut plan: Plan, storage: &Storage, user: &User<'_>, context: &Context<'_>) -> Result {
    let failure = |error| failure(error, context.clock.now());
    let place = ThrowAway::new()?;
    let state = Storage::new(place.0.join("state"));
    let counterpart = counterpart(&plan.server);
    if let Some(counterpart) = counterpart {
        plan.server = counterpart.to_owned();
    }
    let server = plan.server.clone();
    let is_known = copy_account(storage, &state, &server).map_err(failure)?;
    // Nobody is told of a certificate that is thrown away.
    plan.deploy_hook = None;
    plan.key_group = None;
    let prepared = acme::prepare(plan, &state, user, context.clock.now()).map_err(failure)?;
    let rehearsal = async {
        match prepared {
            Prepared::Needed(work) if counterpart.is_some() => work.run(user).await.map(drop)?,
            Prepared::Needed(work) => work.rehearse(user).await?,
            Prepared::HookOnly(_) | Prepared::NotDue(_) => {}
        }
        if !is_known {
            // Best effort: an account that nobody has the key of any more harms nobody.
            let _ = acme::deactivate(&state, Some(&server), user).await;
        }
        Ok(())
    };
    runtime()?.block_on(async {
        tokio::select! {
            done = rehearsal => done.map_err(failure),
            // The copy of the account's key must not stay behind.
            () = stopped() => Err(Failure::new(Finding::error(
                Code::AcmeFailed,
                "the dry run was stopped; an answer to a challenge may be left behind",
            ))),
        }
    })?;
    let how_far = if counterpart.is_some() {
        "the test server gave a certificate"
    } else {
        "the server validated all names, and no certificate was asked for"
    };
    context.talk.say(&format!("dry run: {how_far}; nothing is kept"));
    Ok(Report::new(Outcome::Created(Created::default())))
}

/// Waits until somebody wants this program to end.
async fn stopped() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return pending().await };
    tokio::select! {
        Ok(()) = tokio::signal::ctrl_c() => {}
        Some(()) = terminate.recv() => {}
        else => pending().await,
    }
}

/// The server to rehearse with, where a server has one for that.
fn counterpart(server: &str) -> Option<&'static str> {
    [LETS_ENCRYPT, LETS_ENCRYPT_STAGING].contains(&server).then_some(LETS_ENCRYPT_STAGING)
}

/// Lends the account at `server`, if there is one. Says whether.
fn copy_account(from: &Storage, to: &Storage, server: &str) -> std::result::Result<bool, acme::Error> {
    let (from, to) = (from.account(server), to.account(server));
    let (Some(record), Some(key)) = (from.load()?, from.key()?) else { return Ok(false) };
    let _lock = to.lock(|| {})?;
    to.save_key(&key)?;
    to.save(&record)?;
    Ok(true)
}

/// A private folder that goes when this does.
struct ThrowAway(PathBuf);

impl ThrowAway {
    fn new() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("certkit-dry-run-{}", std::process::id()));
        // A leftover of a killed run with this process number; one that is not ours stays and stops us below.
        let _ = fs::remove_dir_all(&path);
        DirBuilder::new().mode(0o700).create(&path).map_err(|error| {
            let message = format!("cannot make {}: {}", path.display(), plain(&error));
            Failure::new(Finding::error(Code::Io, message))
        })?;
        Ok(Self(path))
    }
}

impl Drop for ThrowAway {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// RFC 8555 section 6.1: https, nothing else.
pub(crate) fn server_address(url: &str) -> Result<String> {
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

/// Refuses what is no mail address.
pub(crate) fn check_mail_address(text: &str) -> Result<()> {
    if is_mail_address(text) {
        return Ok(());
    }
    let message = format!("{text:?} is no mail address");
    Err(Failure::new(Finding::error(Code::InvalidSetting, message)))
}

fn is_mail_address(text: &str) -> bool {
    let bad = |c: char| c.is_whitespace() || c.is_control() || matches!(c, ',' | '?' | '<' | '>');
    matches!(text.split_once('@'), Some((user, host)) if !user.is_empty() && !host.is_empty())
        && !text.contains(bad)
}

fn report(files: &LiveFiles, chain: &[Certificate], state: &str) -> Report {
    let shown = |path: &Path| path.display().to_string();
    let file = |path: &Path, role, what: &str| CreatedFile {
        path: shown(path),
        role,
        mode: None,
        description: format!("{what} ({state})"),
    };
    let created = Created {
        files: vec![
            file(
                &files.fullchain,
                FileRole::Chain,
                "server certificate and intermediates: give this to the server",
            ),
            file(&files.key, FileRole::PrivateKey, "private key, keep it secret"),
            file(&files.cert, FileRole::Certificate, "server certificate alone"),
            file(&files.chain, FileRole::Intermediates, "intermediates alone"),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rehearsals_are_held_where_they_cost_nothing() {
        assert_eq!(counterpart(LETS_ENCRYPT), Some(LETS_ENCRYPT_STAGING));
        assert_eq!(counterpart(LETS_ENCRYPT_STAGING), Some(LETS_ENCRYPT_STAGING));
        assert_eq!(counterpart("https://ca.test/dir"), None);
    }
}
