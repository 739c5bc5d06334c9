//! `--check` and `--show-config`: what is to be learned of a configuration without a server.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::certificates::{certificate_choice, no_acme_option_alone};
use super::served;
use crate::advice;
use crate::commands::Result;
use crate::config::{Assignment, Origin, Settings};
use crate::console::Console;
use crate::finding::{Finding, Location};
use crate::report::{Failure, Outcome, Report};
use crate::serve::config::{Root, ServeConfig};
use crate::serve::worker::{Application, WorkerConfig};
use crate::serve::{Error, obstacles};
use crate::sources::{CertificateChoice, StateReader};
use crate::sys::clock::date;
use crate::sys::opener::{Opener, OwnRights};
use crate::sys::privileges::PrivilegeOptions;

/// The result where no server is wanted, or none can be.
pub(super) fn without_server(settings: &mut Settings, console: &Console) -> Option<Result> {
    let refused = advice::config::refused(settings);
    if let Some(format) = settings.serve.show_config {
        if let Some(failure) = refused {
            console.findings(&failure.findings);
        }
        return Some(Ok(Report::new(Outcome::Text(settings.shown(format)))));
    }
    if let Some(failure) = refused {
        return Some(Err(failure));
    }
    if let Err(failure) = no_acme_option_alone(settings) {
        return Some(Err(failure));
    }
    settings.serve.check.then(|| check(settings, console))
}

/// Judges what the settings name: certificates, folders, files of applications, rules. Sockets are not bound, Python is
/// not started, no server is asked, nothing is written.
///
/// # Errors
/// All that would keep the server from starting.
fn check(settings: &Settings, console: &Console) -> Result {
    let opener: Arc<dyn Opener> = OwnRights::shared();
    let Settings { serve, assignments, sites, named_by, .. } = settings;
    let serve = serve.clone();
    let said = || assignments.iter().chain(sites.iter().flat_map(|site| &site.assignments));
    let mut failures = Vec::new();
    let reader = state_reader(&serve.process.privileges);
    let choice = certificate_choice(&serve, &opener);
    let certificates = match choice.and_then(|choice| open(choice, &reader, *console)) {
        Ok(certificates) => certificates,
        Err(failure) => {
            failures.push(failure);
            Vec::new()
        }
    };
    let content = serve.content();
    let root = serve.root(&content).unwrap_or_else(|| Root::StartPage(String::new()));
    let config = serve.decide(root);
    failures.extend(obstacles(&config, &*opener).into_iter().map(|error| of_folder(error, said())));
    failures.extend(missing_applications(&config).map(|path| {
        let failure = advice::serve::no_application_file(&path);
        located(failure, &path, said())
    }));
    if let Some(first) = failures.first() {
        let status = first.status;
        let mut findings: Vec<Finding> = Vec::new();
        // What a site has from `[serve]` is found in each.
        for finding in failures.into_iter().flat_map(|failure| failure.findings) {
            if !findings.contains(&finding) {
                findings.push(finding);
            }
        }
        return Err(Failure { findings, status });
    }
    let mut text = "the configuration holds\n".to_owned();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "  {}", served::what(&content, &config, named_by.as_deref()));
    for listener in &config.listeners {
        let _ = writeln!(text, "  listening on {listener}");
    }
    for certificate in certificates {
        let _ = writeln!(text, "  {certificate}");
    }
    Ok(Report::new(Outcome::Text(text)))
}

/// What is to be said of each certificate. Those that are not there yet are not made.
fn open(choice: Option<CertificateChoice>, reader: &StateReader, console: Console) -> Result<Vec<String>> {
    Ok(match choice {
        None => Vec::new(),
        Some(CertificateChoice::Acme(request)) => request.check(reader)?,
        Some(CertificateChoice::Localhost { .. }) => {
            vec!["a certificate for localhost, which is made at the start if there is none".to_owned()]
        }
        Some(choice @ CertificateChoice::Files { .. }) => {
            let certificates = choice.open(console)?.certificates;
            let validities = certificates.set.validities();
            validities
                .map(|one| format!("a certificate for {}, until {}", one.name, date(one.not_after)))
                .collect()
        }
    })
}

/// Who looks at the state of ACME when the server starts.
fn state_reader(privileges: &PrivilegeOptions) -> StateReader {
    let PrivilegeOptions { user, chroot, .. } = privileges;
    let user = user.as_deref().filter(|user| !matches!(*user, "root" | "0"));
    if !rustix::process::geteuid().is_root() || (user.is_none() && chroot.is_none()) {
        return StateReader::Own;
    }
    let name = user.unwrap_or("root");
    match chroot {
        Some(root) => {
            StateReader::Other { name: format!("{name} in {}", root.display()), changes_root: true }
        }
        None => StateReader::Other { name: name.to_owned(), changes_root: false },
    }
}

/// The files of applications that do not exist.
fn missing_applications(config: &ServeConfig) -> impl Iterator<Item = PathBuf> {
    config.applications().filter_map(|(_, _, workers)| {
        let WorkerConfig { application: Application::File { path, .. }, chdir, .. } = workers else {
            return None;
        };
        let folder = chdir.as_deref().unwrap_or_else(|| Path::new(""));
        (!folder.join(path).exists()).then(|| path.clone())
    })
}

/// An obstacle, where the settings name the folder or the file.
fn of_folder<'a>(error: Error, assignments: impl Iterator<Item = &'a Assignment>) -> Failure {
    let path = match &error {
        Error::Folder { path, .. }
        | Error::AjpSecret { path, .. }
        | Error::Users { path, .. }
        | Error::PageFile { path, .. } => Some(path.clone()),
        _ => None,
    };
    let failure = Failure::from(error);
    match path {
        Some(path) => located(failure, &path, assignments),
        None => failure,
    }
}

/// The same failure at the line that names `path`.
fn located<'a>(
    mut failure: Failure,
    path: &Path,
    assignments: impl Iterator<Item = &'a Assignment>,
) -> Failure {
    let names_it = |one: &&Assignment| {
        one.sets.iter().any(|(setting, value)| {
            let value = value.to_string_lossy();
            let named = match value.split_once('=') {
                Some((_, named)) if setting.is_by_path() => named,
                _ => &value,
            };
            // An application may be followed by its callable.
            let file = named.rsplit_once(':').map_or(named, |(file, _)| file);
            let is_it = |named: &str| {
                Path::new(named) == path || std::path::absolute(named).is_ok_and(|named| named == path)
            };
            is_it(named) || is_it(file)
        })
    };
    let mut named = assignments.filter(names_it).map(|one| &one.origin);
    if let (Some(Origin::File { file, line }), Some(first)) = (named.next(), failure.findings.first_mut()) {
        first.location = Some(Location::line(file, *line));
    }
    failure
}
