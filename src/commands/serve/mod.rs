//! `certkit serve`: settings, certificates and content are decided, then the server runs until a
//! signal stops it.

mod announcement;
mod flags;
mod signals;
mod start_page;

use std::io::IsTerminal;
use std::time::Duration;

use tracing_subscriber::EnvFilter;

use self::signals::Signals;
use super::{Context, Result};
use crate::advice;
use crate::advice::serve::{CertificateError, no_event_loop};
use crate::cli::{Color, GlobalArgs, ServeArgs};
use crate::config::values::AcmeMissing;
use crate::config::{self, PartialServe, Settings};
use crate::report::{Outcome, Report};
use crate::serve::Server;
use crate::serve::address::{Endpoint, ListenAddress, Scheme};
use crate::serve::config::{AccessLogTarget, Root};
use crate::serve::discover::Content;
use crate::serve::open_files::fit_connections;
use crate::serve::worker::Application;
use crate::sources::{AcmeRequest, CertificateChoice, OpenedCertificates, ServerIdentity};
use crate::tls::policy;

/// At the end the runtime waits at most for a log on a blocked terminal.
const END_OF_RUNTIME: Duration = Duration::from_millis(500);

pub(super) fn run(args: &ServeArgs, context: &Context<'_>) -> Result {
    log_to_stderr(context.global);
    policy::prepare_random();
    let Settings { serve: mut settings, named_by, ignored } = config::read(flags::settings(args))?;
    if context.global.quiet && settings.access_log.is_none() {
        settings.access_log = Some(AccessLogTarget::Off);
    }
    context.console.findings(&ignored.iter().map(advice::config::ignored_option).collect::<Vec<_>>());
    let (certificates, identity, watch) = match certificate_choice(&settings, args)? {
        Some(choice) => {
            let OpenedCertificates { certificates, identity, watch } = choice.open(context.console)?;
            (Some(certificates), identity, watch)
        }
        None => (None, ServerIdentity::default(), None),
    };
    let content = settings.content();
    let root = match &content {
        Content::Application(application) => {
            Root::Application(Box::new(settings.workers(application.clone())))
        }
        Content::Folder(folder) => Root::Folder(folder.clone()),
        Content::Nothing => Root::StartPage(start_page(&settings, &identity)),
    };
    let mut config = settings.decide(root, default_listener());
    if let Some(fewer) = fit_connections(&mut config) {
        context.console.say(&format!("certkit: {fewer}"));
    }
    let what = announcement::what(&content, &config, named_by.as_deref());
    let loading = loading(&content);

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| no_event_loop(&error))?;
    let result = runtime.block_on(async {
        let mut signals = Signals::listen().map_err(|error| no_event_loop(&error))?;
        let starting = Server::start(config, certificates);
        let Some(server) = signals.until_stopped(starting, &loading, &context.console).await else {
            // The workers that load are children of tasks, which end with the runtime.
            context.console.say("certkit: stopped before the server was ready");
            return Ok(Report::new(Outcome::Nothing));
        };
        let server = server?;
        announcement::print(&context.console, &what, &server.addresses(), &identity);
        if let Some(watch) = watch {
            watch.start().map_err(|error| no_event_loop(&error))?;
        }
        signals.serve(server, context.console).await;
        Ok(Report::new(Outcome::Nothing))
    });
    runtime.shutdown_timeout(END_OF_RUNTIME);
    result
}

/// What https listeners need; `None` if there is none.
fn certificate_choice(settings: &PartialServe, args: &ServeArgs) -> Result<Option<CertificateChoice>> {
    let listens_by = |scheme| move |address: &ListenAddress| address.scheme == scheme;
    let listen = settings.listen.as_deref();
    if !listen.is_none_or(|addresses| addresses.iter().any(listens_by(Scheme::Https))) {
        return match settings.acme {
            Some(_) => Err(CertificateError::AcmeWithoutHttps.into()),
            None => Ok(None),
        };
    }
    Ok(Some(match (&settings.acme, &settings.cert, &settings.key) {
        (Some(names), ..) => CertificateChoice::Acme(AcmeRequest {
            names: names.clone(),
            server: settings.acme_server.clone(),
            email: settings.acme_email.clone(),
            agrees_to_terms: settings.agree_tos.unwrap_or(false),
            ca_roots: settings.acme_ca_roots.clone(),
            state: settings.acme_state.clone(),
            has_placeholder: settings.acme_missing.unwrap_or_default() == AcmeMissing::Local,
            has_http: settings.redirect_http.is_some()
                || listen.unwrap_or_default().iter().any(listens_by(Scheme::Http)),
        }),
        (None, Some(certificates), keys) => CertificateChoice::Files {
            certificates: certificates.clone(),
            keys: keys.clone().unwrap_or_default(),
            force: args.force,
        },
        (None, None, Some(_)) => return Err(CertificateError::KeyWithoutCertificate.into()),
        (None, None, None) => CertificateChoice::Localhost,
    }))
}

fn start_page(settings: &PartialServe, identity: &ServerIdentity) -> String {
    let listeners = settings.listen.clone().unwrap_or_else(|| vec![default_listener()]);
    let curl = announcement::next(&listeners, identity).unwrap_or_default();
    start_page::html(identity.ca.as_deref(), &curl)
}

/// What is being loaded, in messages.
fn loading(content: &Content) -> String {
    match content {
        Content::Application(Application::File { path, .. }) => path.display().to_string(),
        Content::Application(Application::Module { module, .. }) => module.clone(),
        Content::Folder(_) | Content::Nothing => "the server".to_owned(),
    }
}

/// Reachable from this machine only.
fn default_listener() -> ListenAddress {
    ListenAddress {
        scheme: Scheme::Https,
        endpoint: Endpoint::Tcp { host: "127.0.0.1".to_owned(), port: 8443 },
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
