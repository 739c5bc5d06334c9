//! `certkit serve`: settings, certificates and application are settled, then the server runs until it is told to stop.

mod descriptors;
mod discover;
mod settings;
mod start_page;
pub(crate) mod words;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tracing_subscriber::EnvFilter;

use self::discover::Found;
use self::settings::Settings;
use self::words::Identity;
use super::{Context, Result};
use crate::chain::{Origin, TrustStore};
use crate::cli::{Color, GlobalArgs, ServeArgs};
use crate::config::PartialServe;
use crate::finding::{Code, Finding};
use crate::operands::ca_lookup::trust_local_ca;
use crate::render::Talk;
use crate::report::{Failure, Outcome, Report};
use crate::serve::address::{Endpoint, ListenAddress, Scheme};
use crate::serve::config::{AccessLogTarget, Root};
use crate::serve::shutdown::{Phase, ShutdownSender};
use crate::serve::worker::Application;
use crate::serve::{Certificates, Observer, Server};
use crate::sources::acme::{self, Keepers};
use crate::sources::files::Files;
use crate::sources::localhost::Localhost;
use crate::tls::{CertificateSet, CertificateSource, policy};
use crate::x509::{Certificate, CertifiedKey, SubjectAltName};

/// What keeps the runtime from ending is a log on a blocked terminal at most.
const END_OF_RUNTIME: std::time::Duration = std::time::Duration::from_millis(500);

/// An application that takes longer to load is talked about.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

/// Runs the command.
pub(super) fn run(args: &ServeArgs, context: &Context<'_>) -> Result {
    log_to_stderr(context.global);
    policy::prepare_random();
    let Settings { serve: mut settings, named_by, warnings } = settings::read(args)?;
    if context.global.quiet && settings.access_log.is_none() {
        settings.access_log = Some(AccessLogTarget::Off);
    }
    context.talk.findings(&warnings);
    let (certificates, identity, keepers) = certificates(&settings, args.force, context)?;
    let found = discover::find(&settings);
    let root = match &found {
        Found::Application(application) => Root::Application(Box::new(settings.workers(application.clone()))),
        Found::Folder(folder) => Root::Folder(folder.clone()),
        Found::Nothing => {
            Root::StartPage(start_page::html(identity.ca.as_deref(), &ask(&settings, &identity)))
        }
    };
    let mut config = settings.decide(root, default_listener());
    if let Some(note) = descriptors::make_do(&mut config) {
        context.talk.say(&format!("certkit: {note}"));
    }
    let what = words::what(&found, &config, named_by.as_deref());
    let loading = loading(&found);

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(cannot_run)?;
    let result = runtime.block_on(async {
        let mut signals = Signals::listen().map_err(cannot_run)?;
        let starting = Server::start(config, certificates);
        let Some(server) = signals.until_stopped(starting, &loading, &context.talk).await else {
            // The workers that load are children of tasks, which end with the runtime.
            context.talk.say("certkit: stopped before the server was ready");
            return Ok(Report::new(Outcome::Nothing));
        };
        let server = server.map_err(words::cannot_start)?;
        say_start(&context.talk, &what, &server.addresses(), &identity);
        if let Some(keepers) = keepers {
            keepers.start().map_err(cannot_run)?;
        }
        signals.serve(server, context.talk).await;
        Ok(Report::new(Outcome::Nothing))
    });
    runtime.shutdown_timeout(END_OF_RUNTIME);
    result
}

/// Loads what https listeners need: those of `--cert`, those that `--acme` keeps, else one made for localhost.
fn certificates(
    settings: &PartialServe,
    force: bool,
    context: &Context<'_>,
) -> Result<(Option<Certificates>, Identity, Option<Keepers>)> {
    let is_https = |listen: &Vec<ListenAddress>| listen.iter().any(|address| address.scheme == Scheme::Https);
    if !settings.listen.as_ref().is_none_or(is_https) {
        if settings.acme.is_some() {
            return Err(Finding::error(
                Code::InvalidSetting,
                "--acme gets certificates for https, and nothing listens there",
            )
            .fix("add --listen https:*:443")
            .into());
        }
        return Ok((None, Identity::default(), None));
    }
    if let Some(names) = &settings.acme {
        let (certificates, identity, keepers) = acme::certificates(settings, names, context.talk)?;
        return Ok((Some(certificates), identity, Some(keepers)));
    }
    let unusable = |error: crate::tls::Error| Finding::error(Code::InvalidSetting, error.to_string());
    let Some(paths) = &settings.cert else {
        if settings.key.is_some() {
            return Err(Finding::error(Code::InvalidSetting, "there is a --key and no --cert")
                .fix("name the certificate too: --cert chain.pem")
                .into());
        }
        let localhost = Localhost::new()?;
        let pair = localhost.read_or_make()?;
        let identity = Identity { name: Some("localhost".to_owned()), ca: Some(localhost.ca_file()) };
        let set = CertificateSet::new([&pair]).map_err(unusable)?;
        return Ok((Some(Certificates::new(set, Arc::new(localhost))), identity, None));
    };
    let files = Files::new(paths, settings.key.as_deref().unwrap_or_default(), force)?;
    let (pairs, remarks) = files.read()?;
    context.talk.findings(&remarks);
    let set = CertificateSet::new(&pairs).map_err(unusable)?;
    let source: Arc<dyn CertificateSource> = Arc::new(files);
    Ok((Some(Certificates::new(set, source)), pairs.first().map(identity).unwrap_or_default(), None))
}

/// A name to reach the server by, and the CA of one's own that clients need.
fn identity(pair: &CertifiedKey) -> Identity {
    let names = pair.leaf().subject_alt_names.iter().flatten();
    let name = names.filter_map(|name| match name {
        SubjectAltName::Dns(name) => Some(name.replace("*.", "www.")),
        SubjectAltName::Ip(address) if address.is_ipv6() => Some(format!("[{address}]")),
        SubjectAltName::Ip(address) => Some(address.to_string()),
        _ => None,
    });
    Identity { name: name.into_iter().next(), ca: pair.chain().last().and_then(local_ca) }
}

fn local_ca(last: &Certificate) -> Option<PathBuf> {
    let mut trust = TrustStore::default();
    trust_local_ca(&mut trust);
    trust.named(&last.issuer.der).find_map(|anchor| match &anchor.origin {
        Origin::LocalCa(file) => Some(PathBuf::from(file)),
        _ => None,
    })
}

/// A command for the start page.
fn ask(settings: &PartialServe, identity: &Identity) -> String {
    let listeners = settings.listen.clone().unwrap_or_else(|| vec![default_listener()]);
    words::next(&listeners, identity).unwrap_or_default()
}

/// What takes its time when the server does not come up, for people.
fn loading(found: &Found) -> String {
    match found {
        Found::Application(Application::File { path, .. }) => path.display().to_string(),
        Found::Application(Application::Module { module, .. }) => module.clone(),
        Found::Folder(_) | Found::Nothing => "the server".to_owned(),
    }
}

/// Where nobody but this machine can look.
fn default_listener() -> ListenAddress {
    ListenAddress {
        scheme: Scheme::Https,
        endpoint: Endpoint::Tcp { host: "127.0.0.1".to_owned(), port: 8443 },
    }
}

fn say_start(talk: &Talk, what: &str, addresses: &[ListenAddress], identity: &Identity) {
    talk.say(&format!("certkit: {what}"));
    for place in words::places(addresses, identity) {
        talk.say(&format!("  {place}"));
    }
    if let Some(ca) = &identity.ca {
        talk.say(&format!("clients must trust {}", ca.display()));
    }
    if let Some(next) = words::next(addresses, identity) {
        talk.say("next:");
        talk.say(&format!("  {next}"));
    }
}

fn log_to_stderr(global: &GlobalArgs) {
    let default = match global.verbose {
        0 => "warn",
        1 => "certkit=debug",
        _ => "debug",
    };
    let filter = EnvFilter::try_from_env("CERTKIT_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let has_colour = match global.color {
        Color::Always => true,
        Color::Auto => std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
        Color::Never => false,
    };
    // Only the first subscriber of a process counts.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(has_colour)
        .with_writer(std::io::stderr)
        .try_init();
}

fn cannot_run(error: std::io::Error) -> Failure {
    Finding::error(Code::Io, format!("cannot start the server: {}", crate::sys::fs::plain(&error))).into()
}

/// The signals that a server obeys.
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    quit: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            quit: signal(SignalKind::quit())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// The outcome of `starting`; `None` as soon as a signal says to stop. The application's own code runs in there, and
    /// may take for ever. HUP has nothing to do yet: it is obeyed once the server runs.
    async fn until_stopped<T>(
        &mut self,
        starting: impl Future<Output = T>,
        loading: &str,
        talk: &Talk,
    ) -> Option<T> {
        let mut starting = std::pin::pin!(starting);
        let mut patience = std::pin::pin!(tokio::time::sleep(PATIENCE));
        let mut is_patient = true;
        loop {
            tokio::select! {
                biased;
                _ = self.interrupt.recv() => return None,
                _ = self.terminate.recv() => return None,
                _ = self.quit.recv() => return None,
                outcome = &mut starting => return Some(outcome),
                () = &mut patience, if is_patient => {
                    is_patient = false;
                    talk.say(&format!("certkit: still loading {loading}"));
                }
            }
        }
    }

    /// Runs the server until it has stopped. INT and TERM stop it gently, a second INT and QUIT at once; HUP has the
    /// certificates read again.
    async fn serve(mut self, server: Server, talk: Talk) {
        let stop = ShutdownSender::default();
        let (reload, reloads) = mpsc::channel(1);
        let mut running = std::pin::pin!(server.run(stop.subscribe(), reloads, Arc::new(talk)));
        let mut was_interrupted = false;
        loop {
            tokio::select! {
                () = &mut running => return,
                _ = self.terminate.recv() => stop.advance(Phase::Draining),
                _ = self.quit.recv() => stop.advance(Phase::Now),
                _ = self.interrupt.recv() => {
                    stop.advance(if was_interrupted { Phase::Now } else { Phase::Draining });
                    was_interrupted = true;
                }
                // One that is waiting already does for both.
                _ = self.hangup.recv() => drop(reload.try_send(())),
            }
        }
    }
}

impl Observer for Talk {
    fn certificates_replaced(&self) {
        self.say("certkit: new certificates are in use");
    }

    fn certificates_refused(&self, findings: &[Finding]) {
        self.say("certkit: the new certificates cannot be used; the old ones stay");
        self.findings(findings);
    }
}
