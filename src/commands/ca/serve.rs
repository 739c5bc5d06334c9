//! `certkit ca serve`: arguments to settings, the first lines, and the signals that end it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use crate::advice::ca_server::{invalid_external_account, no_external_account};
use crate::advice::serve::no_event_loop;
use crate::ca::{CaAbove, Constraint, ROOT_FILES, SigningCa};
use crate::ca_server::{CaFiles, ChallengeSettings, IssuanceSettings, Log, Server, Settings};
use crate::cli::CaServeArgs;
use crate::commands::{Context, Result};
use crate::operands::ca_folder::{CaFolder, ListsOnDisk};
use crate::operands::ca_lookup::{CaChoice, read_again};
use crate::operands::input::ReadFiles;
use crate::operands::password::Passwords;
use crate::operands::read::read;
use crate::report::{Outcome, Report};
use crate::sys::shell::path_word;

/// The folder next to the CA where accounts and orders are kept.
const STATE: &str = "acme-server";
/// The longest wait at the end for what cannot be ended.
const END_OF_RUNTIME: Duration = Duration::from_millis(500);
const MOST_BYTES: u64 = 1 << 20;

pub(super) fn run(args: &CaServeArgs, context: &Context<'_>) -> Result {
    let ca = CaChoice::from(&args.ca).find()?;
    let settings = settings(args, &ca)?;
    let root = ca.path.with_file_name(ROOT_FILES.0);
    let root = if root.exists() { root } else { ca.path.clone() };
    let console = context.console;
    let log = Log(Arc::new(move |line: &str| console.say(line)));
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| no_event_loop(&error))?;
    let (mut interrupt, mut terminate) = {
        let _entered = runtime.enter();
        let listen = |kind| signal(kind).map_err(|error| no_event_loop(&error));
        (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?)
    };
    let files = files(args, &ca);
    let server = Server::start(ca, files, settings, log)?;
    for line in announcement(args, &server, &root) {
        console.say(&line);
    }
    let result = runtime.block_on(server.run(async {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }));
    runtime.shutdown_timeout(END_OF_RUNTIME);
    result?;
    Ok(Report::new(Outcome::Nothing))
}

/// The key of a CA above has no place in a server that strangers talk to: its list is taken as it is.
fn files(args: &CaServeArgs, ca: &SigningCa) -> CaFiles {
    let mut passwords = Passwords::new("--password-file", args.ca.password_file.as_deref()).without_asking();
    let above = CaFolder::of(&ca.path, ca.ledger.clone()).above(ca, &mut passwords);
    let without_key = |above| match above {
        CaAbove::WithKey(certified) => CaAbove::Certificate(Box::new(certified.leaf().clone())),
        above => above,
    };
    let above = above.into_iter().map(without_key).collect();
    let again = |ca: &SigningCa| read_again(ca).map_err(|error| error.to_string());
    CaFiles { certificates: Box::new(ReadFiles), lists: Box::new(ListsOnDisk), again: Box::new(again), above }
}

fn settings(args: &CaServeArgs, ca: &SigningCa) -> Result<Settings> {
    let external_accounts = args.eab_file.as_deref().map(external_accounts).transpose()?;
    Ok(Settings {
        listen: args.listen.clone(),
        names: args.name.clone(),
        allow: args.allow.clone(),
        external_accounts,
        orders_per_hour: args.rate_limit,
        issuance: IssuanceSettings {
            validity: args.days,
            addresses: (&args.addresses).into(),
            list_days: args.crl_days,
        },
        challenges: ChallengeSettings {
            http_port: args.http_01_port,
            tls_port: args.tls_alpn_01_port,
            resolver: args.dns,
        },
        state: args.state.clone().unwrap_or_else(|| ca.path.with_file_name(STATE)),
    })
}

/// The accounts of a file: key identifier and MAC key, a line each.
fn external_accounts(path: &Path) -> Result<HashMap<String, Vec<u8>>> {
    let text = read(&path.display().to_string(), MOST_BYTES)?;
    let text = String::from_utf8_lossy(&text);
    let mut accounts = HashMap::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        let invalid = || invalid_external_account(path, index + 1);
        let (kid, key) = line.split_once(char::is_whitespace).ok_or_else(invalid)?;
        let key = BASE64URL.decode(key.trim().trim_end_matches('=')).map_err(|_| invalid())?;
        // RFC 2104 section 3: shorter keys than the hash are weak.
        if key.len() < 16 {
            return Err(invalid());
        }
        accounts.insert(kid.to_owned(), key);
    }
    if accounts.is_empty() {
        return Err(no_external_account(path));
    }
    Ok(accounts)
}

/// What clients have to type; names are those of `--allow`, where there are some.
fn announcement(args: &CaServeArgs, server: &Server, root: &Path) -> Vec<String> {
    let directory = server.directory();
    let domain = args.allow.iter().find_map(|constraint| match constraint {
        Constraint::Domain(domain) => Some(domain.as_str()),
        Constraint::Addresses(_) => None,
    });
    let name = domain.map_or_else(|| "\"$(hostname)\"".to_owned(), |domain| format!("www.{domain}"));
    let root = path_word(&std::path::absolute(root).unwrap_or_else(|_| PathBuf::from(root)));
    let eab = |option: &str| if args.eab_file.is_some() { option.to_owned() } else { String::new() };
    let port = |option: &str| match args.http_01_port {
        80 => String::new(),
        port => format!("{option}{port}"),
    };
    let mut lines = vec![
        format!("certkit: ACME server at {directory}"),
        "a machine with a copy of the root gets its certificate by".to_owned(),
        format!(
            "  certkit acme obtain {name} --server {directory} --ca-roots {root} --http{}{}",
            port("=:"),
            eab(" --eab-kid KID --eab-hmac-file FILE")
        ),
        "or with certbot".to_owned(),
        format!(
            "  REQUESTS_CA_BUNDLE={root} certbot certonly --standalone --server {directory} -d {name} \
             --agree-tos --register-unsafely-without-email{}{}",
            port(" --http-01-port "),
            eab(" --eab-kid KID --eab-hmac-key KEY")
        ),
    ];
    lines.extend(server.lists().iter().map(|url| format!("certkit: revocation list at {url}")));
    lines
}
