//! `certkit serve`: settings, certificates and content are decided, then the server runs until a
//! signal stops it.

mod announcement;
mod certificates;
mod check;
mod control_fifo;
mod controls;
mod daemon;
mod daemons;
mod emperor;
mod end_of_orders;
mod hooks;
mod locks;
mod logs;
mod reload;
mod rights;
mod running;
mod served;
mod signals;
mod start_page;
mod touch;

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Builder;

use self::certificates::certificate_choice;
use self::controls::Controls;
use self::daemons::{DaemonSurroundings, Daemons};
use self::hooks::Hooks;
use self::logs::Logs;
use self::reload::{AfterStart, SettingsReader};
use self::rights::Rights;
use self::running::{Announcer, ControlSources};
use self::signals::Signals;
use super::{Context, Result};
use crate::advice;
use crate::advice::serve::no_event_loop;
use crate::cli::ServeArgs;
use crate::config::{self, HookPhase, Occasion};
use crate::report::{Failure, Outcome, Report};
use crate::serve::config::Root;
use crate::serve::open_files::fit_connections;
use crate::serve::{BoundServer, Server};
use crate::sources::CertificateChoice;
use crate::sys::background::Background;
use crate::sys::emperor_link::{EmperorLink, READY};
use crate::sys::pid_file::PidFile;
use crate::sys::{guard, keeper};
use crate::tls::policy;

/// At the end the runtime waits at most for a log on a blocked terminal.
const END_OF_RUNTIME: Duration = Duration::from_millis(500);

pub(super) fn run(args: &ServeArgs, context: &Context<'_>) -> Result {
    if keeper::is_keeper() {
        keeper::serve().map_err(|error| no_event_loop(&error))?;
        return Ok(Report::new(Outcome::Nothing));
    }
    if guard::is_guard() {
        let status = guard::serve().map_err(|error| no_event_loop(&error))?;
        return Ok(Report::new(Outcome::Failed { status }));
    }
    let background = Background::enter().map_err(|error| no_event_loop(&error))?;
    let link = EmperorLink::enter().map_err(|error| no_event_loop(&error))?.map(Arc::new);
    let mut settings = config::read(&args.settings, context.global.quiet, Occasion::Start)?;
    // The command that started this process in the background has printed them.
    if background.is_none() {
        context.console.findings(&advice::config::notes(&settings.notes));
        settings.printed.iter().for_each(|line| context.console.say(line));
    }
    if let Some(result) = check::without_server(&mut settings, &context.console) {
        return result;
    }
    if link.is_some() {
        // As in uWSGI, the emperor is who knows its process.
        let process = &mut settings.serve.process;
        process.log_file = process.daemonize.take().or_else(|| process.log_file.take());
    }
    if let (None, Some(log)) = (&background, &settings.serve.process.daemonize) {
        return daemon::start(log, &context.console);
    }
    let _locks = locks::take(&settings.serve.process.locks)?;
    let hooks = Arc::new(Hooks::new(&settings.serve));
    hooks.run(HookPhase::Asap)?;
    // Logs, keys and sockets are opened with the rights of the start; everything else is reached with those that
    // remain. No thread runs before they are given up.
    let rights = Rights::new(&settings.serve, &hooks)?;
    let lost_files = rights.lose_files();
    let logs = Logs::open(&settings.serve, rights.opener())?;
    logs::print_to_stderr(context.global);
    // From now on others know the process, and may send it signals. No thread comes with this.
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| no_event_loop(&error))?;
    let mut signals = {
        let _entered = runtime.enter();
        Signals::listen().map_err(|error| no_event_loop(&error))?
    };
    let _pid_files = PidFile::create_all(settings.serve.process.all_pid_files(), rights.opener())?;
    if let Some(emperor) = emperor::asked_for(&settings.serve)? {
        let _nothing = rights.give_up(Vec::new(), false, &hooks)?;
        emperor::check_rights(&emperor)?;
        let _redirection = logs.redirect()?;
        runtime.block_on(async {
            hooks.wait_for(HookPhase::MasterStart).await?;
            let controls = Controls::listen(&settings.serve.process, None)?;
            emperor::run(emperor, signals, controls, &logs, &context.console, background).await
        })?;
        hooks.run_at_exit();
        return Ok(Report::new(Outcome::Nothing));
    }
    let (opened, choice) = match certificate_choice(&settings.serve, rights.opener())? {
        // What it keeps must be this user's, who writes there later.
        Some(acme @ CertificateChoice::Acme(_)) => (None, Some(acme)),
        choice => (choice.map(|choice| choice.open(context.console)).transpose()?, None),
    };
    let bound = BoundServer::bind(&settings.serve.server, rights.opener())
        .map_err(|error| advice::config::not_bound(error, &settings.assignments))?;
    let beside = DaemonSurroundings::new(&settings.serve, rights.opener())?;
    let has_owner = settings.serve.server.socket_owner.is_some();
    let _socket_files = rights.give_up(bound.socket_files(), has_owner, &hooks)?;
    let _redirection = logs.redirect()?;
    let _random = policy::prepare_random();
    let content = settings.serve.content();
    if rustix::process::geteuid().is_root() {
        context.console.findings(&[advice::serve::runs_as_root(&content)]);
    }
    let opened = match choice {
        Some(choice) => Some(choice.open(context.console)?),
        None => opened,
    };
    let (certificates, identity, watch, files) = opened.map_or_else(Default::default, |opened| {
        (Some(opened.certificates), opened.identity, opened.watch, opened.files)
    });
    let root = settings.serve.root(&content).unwrap_or_else(|| {
        Root::StartPage(announcement::start_page(&settings.serve.server.listeners, &identity))
    });
    let after_start =
        AfterStart { root: root.clone(), lost_files, files, hooks: hooks.clone(), link: link.clone() };
    let reader = Arc::new(SettingsReader::new(context.console, &args.settings, &settings, after_start));
    let process = settings.serve.process.clone();
    let has_next = settings.serve.worker.uwsgi_options.is_none() && !settings.serve.demands_certificates();
    let mut config = settings.serve.decide(root);
    if let Some(fewer) = fit_connections(&mut config) {
        context.console.say(&format!("certkit: {fewer}"));
    }
    let what = served::what(&content, &config, settings.named_by.as_deref());
    let loading = served::loading(&content);

    let result = runtime.block_on(async {
        let mut controls = Controls::listen(&process, link.as_deref())?;
        let starting = async {
            hooks.wait_for(HookPhase::PreApp).await?;
            let server = Server::start(bound, config, certificates).await?;
            hooks.wait_for(HookPhase::PostApp).await?;
            hooks.wait_for(HookPhase::MasterStart).await?;
            Ok::<_, Failure>(server)
        };
        let mut later = Vec::new();
        let sources = (&mut signals, &mut controls);
        let starting = running::until_stopped(sources, starting, &loading, &context.console, &mut later);
        let Some(server) = starting.await else {
            // The workers that load are children of tasks, which end with the runtime.
            context.console.say("certkit: stopped before the server was ready");
            return Ok(Report::new(Outcome::Nothing));
        };
        let server = server?;
        announcement::print(&context.console, &what, &server.addresses(), &identity, has_next);
        if let Some(watch) = watch {
            watch.start().map_err(|error| no_event_loop(&error))?;
        }
        if let Some(background) = background {
            // The command was ended while it waited.
            if background.ready().is_err() {
                return Ok(Report::new(Outcome::Nothing));
            }
        }
        if let Some(link) = &link {
            link.say(READY);
        }
        let daemons = Daemons::start(process.daemons, &beside);
        let announcer = Announcer {
            console: context.console,
            status: what,
            hooks: Arc::clone(&hooks),
            daemons: daemons.orders(),
        };
        let exits_on_reload = process.exits_on_reload;
        let sources = ControlSources { signals, controls, daemons, exits_on_reload };
        running::serve(server, sources, later, reader, logs, announcer).await;
        hooks.run_at_exit();
        Ok(Report::new(Outcome::Nothing))
    });
    runtime.shutdown_timeout(END_OF_RUNTIME);
    result
}
