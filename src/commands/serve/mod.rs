//! `certkit serve`: settings, certificates and content are decided, then the server runs until a
//! signal stops it.

mod announcement;
mod reload;
mod signals;
mod start_page;

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use tracing_subscriber::EnvFilter;

use self::reload::SettingsReader;
use self::signals::Signals;
use super::{Context, Result};
use crate::advice;
use crate::advice::serve::{CertificateError, no_event_loop};
use crate::cli::{Color, GlobalArgs, ServeArgs};
use crate::config::values::AcmeMissing;
use crate::config::{self, ServeSettings};
use crate::report::{Outcome, Report};
use crate::serve::Server;
use crate::serve::address::Scheme;
use crate::serve::config::Root;
use crate::serve::discover::Content;
use crate::serve::open_files::fit_connections;
use crate::serve::worker::Application;
use crate::sources::{AcmeRequest, CertificateChoice, OpenedCertificates, ServerIdentity};
use crate::tls::policy;

/// At the end the runtime waits at most for a log on a blocked terminal.
const END_OF_RUNTIME: Duration = Duration::from_millis(500);

pub(super) fn run(args: &ServeArgs, context: &Context<'_>) -> Result {
    log_to_stderr(context.global);
    let settings = config::read(&args.settings, context.global.quiet)?;
    let ignored = settings.ignored.iter().map(advice::config::ignored_option);
    context.console.findings(&ignored.collect::<Vec<_>>());
    if let Some(format) = settings.serve.show_config {
        return Ok(Report::new(Outcome::Text(settings.shown(format))));
    }
    let _random = policy::prepare_random();
    let content = settings.serve.content();
    if rustix::process::geteuid().is_root() {
        context.console.findings(&[advice::serve::runs_as_root(&content)]);
    }
    let (certificates, identity, watch) = match certificate_choice(&settings.serve)? {
        Some(choice) => {
            let OpenedCertificates { certificates, identity, watch } = choice.open(context.console)?;
            (Some(certificates), identity, watch)
        }
        None => (None, ServerIdentity::default(), None),
    };
    let root = reload::root(&content, &settings.serve)
        .unwrap_or_else(|| Root::StartPage(start_page(&settings.serve, &identity)));
    let reader = Arc::new(SettingsReader::new(context.console, &args.settings, &settings, &root));
    let mut config = settings.serve.decide(root);
    if let Some(fewer) = fit_connections(&mut config) {
        context.console.say(&format!("certkit: {fewer}"));
    }
    let what = announcement::what(&content, &config, settings.named_by.as_deref());
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
        signals.serve(server, reader, context.console).await;
        Ok(Report::new(Outcome::Nothing))
    });
    runtime.shutdown_timeout(END_OF_RUNTIME);
    result
}

/// What https listeners need; `None` if there is none.
fn certificate_choice(settings: &ServeSettings) -> Result<Option<CertificateChoice>> {
    let ServeSettings { acme, cert, key, .. } = settings;
    let listens_by = |scheme| settings.server.listeners.iter().any(|address| address.scheme == scheme);
    if !listens_by(Scheme::Https) {
        return if acme.names.is_empty() { Ok(None) } else { Err(CertificateError::AcmeWithoutHttps.into()) };
    }
    if !acme.names.is_empty() {
        return Ok(Some(CertificateChoice::Acme(AcmeRequest {
            names: acme.names.clone(),
            server: acme.server.clone(),
            email: acme.email.clone(),
            agrees_to_terms: acme.agree_tos,
            ca_roots: acme.ca_roots.clone(),
            state: acme.state.clone(),
            has_placeholder: acme.missing == AcmeMissing::Local,
            has_http: settings.server.redirect_http.is_some() || listens_by(Scheme::Http),
        })));
    }
    match (cert.is_empty(), key.is_empty()) {
        (true, true) => Ok(Some(CertificateChoice::Localhost)),
        (true, false) => Err(CertificateError::KeyWithoutCertificate.into()),
        (false, _) => Ok(Some(CertificateChoice::Files {
            certificates: cert.clone(),
            keys: key.clone(),
            force: settings.force,
        })),
    }
}

fn start_page(settings: &ServeSettings, identity: &ServerIdentity) -> String {
    let curl = announcement::next(&settings.server.listeners, identity).unwrap_or_default();
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
