//! `--user`, `--group`, `--chroot`: what root is needed for is done first, then the rights are given up.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::Mode;

use super::hooks::Hooks;
use crate::advice::serve::{no_keeper, no_socket_owner};
use crate::config::{HookPhase, ServeSettings};
use crate::report::Failure;
use crate::serve::address::Endpoint;
use crate::serve::config::AccessLogTarget;
use crate::sources::localhost_files;
use crate::sys::keeper::{Access, Grant, Keeper};
use crate::sys::opener::{FileIdentity, Opener, OwnRights};
use crate::sys::privileges::Privileges;
use crate::sys::service_manager;

/// The rights of this process until they are given up.
pub(super) struct Rights {
    /// `None` to keep those that there are.
    privileges: Option<Privileges>,
    opener: Arc<dyn Opener>,
    /// Whether this process cannot open again what it has opened.
    lose_files: bool,
    was_root: bool,
}

impl Rights {
    /// Finds out who the process is to become, runs the hooks that need the rights of the start, and starts what opens
    /// files for it then. Sets the umask, which all have.
    ///
    /// # Errors
    /// This process is not root, or a name is not known: then it must not run as who it is. Or a hook failed.
    pub(super) fn new(settings: &ServeSettings, hooks: &Hooks) -> Result<Self, Failure> {
        if let Some(umask) = settings.process.umask {
            rustix::process::umask(Mode::from_raw_mode(umask));
        }
        let privileges = Privileges::resolve(&settings.process.privileges)?;
        let was_root = rustix::process::geteuid().is_root();
        hooks.run(HookPhase::PreJail)?;
        hooks.run(HookPhase::InJail)?;
        // They make folders for logs and sockets, which are opened next. Those of a new root folder must wait for it.
        if was_root && !privileges.as_ref().is_some_and(Privileges::change_root) {
            hooks.run(HookPhase::AsRoot)?;
        }
        let lose_files = privileges.as_ref().is_some_and(Privileges::lose_files);
        let opener = if lose_files {
            Arc::new(Keeper::start(&grants(settings)).map_err(|error| no_keeper(&error))?)
        } else {
            OwnRights::shared()
        };
        Ok(Self { privileges, opener, lose_files, was_root })
    }

    /// Opens files before and after.
    pub(super) fn opener(&self) -> &Arc<dyn Opener> {
        &self.opener
    }

    pub(super) fn lose_files(&self) -> bool {
        self.lose_files
    }

    /// Becomes who the settings say. Unix sockets are this user's then (uWSGI binds them as this user), unless they
    /// `have_owner` by the settings, and are removed by the value. No thread exists yet.
    ///
    /// # Errors
    /// What the system says, or a hook that failed; the process must end then.
    pub(super) fn give_up(
        self,
        socket_files: Vec<PathBuf>,
        have_owner: bool,
        hooks: &Hooks,
    ) -> Result<SocketFiles, Failure> {
        let Self { privileges, opener, was_root, .. } = self;
        let mut sockets = SocketFiles { files: Vec::new(), opener };
        let Some(privileges) = privileges else {
            return if was_root { hooks.run(HookPhase::AsUser).map(|()| sockets) } else { Ok(sockets) };
        };
        for path in socket_files {
            let owned = privileges.own_socket(&path, have_owner);
            let identity = owned.map_err(|error| no_socket_owner(&path, &error))?;
            sockets.files.push((path, identity));
        }
        if let Err(error) = service_manager::connect() {
            tracing::warn!(%error, "cannot reach the service manager");
        }
        privileges.enter_root()?;
        if privileges.change_root() {
            hooks.run(HookPhase::AsRoot)?;
        }
        privileges.assume()?;
        hooks.run(HookPhase::AsUser)?;
        Ok(sockets)
    }
}

/// Files of unix sockets, in folders that perhaps only root may write to. Removed at the end.
pub(super) struct SocketFiles {
    files: Vec<(PathBuf, FileIdentity)>,
    opener: Arc<dyn Opener>,
}

impl Drop for SocketFiles {
    fn drop(&mut self) {
        for (path, identity) in &self.files {
            // It may be gone already.
            let _ = self.opener.remove(path, *identity);
        }
    }
}

/// Every path that a running server opens again, or removes at its end.
fn grants(settings: &ServeSettings) -> Vec<Grant> {
    let ServeSettings { process, server, .. } = settings;
    let grant = |path: &Path, access| Grant { path: path.to_owned(), access };
    let with_sites = std::iter::once(settings).chain(&settings.sites);
    let named = with_sites.flat_map(|site| {
        site.cert.iter().chain(&site.key).chain(&site.key_password_file).chain(&site.ocsp_staples)
    });
    let mut grants: Vec<_> = named.map(|path| grant(path, Access::Read)).collect();
    if grants.is_empty() {
        grants.extend(localhost_files().into_iter().map(|path| Grant { path, access: Access::Read }));
    }
    if let Some(log) = process.daemonize.as_ref().or(process.log_file.as_ref()) {
        grants.push(grant(log, Access::Log { backup: process.log_backup.clone() }));
    }
    if let AccessLogTarget::File(log) = &server.access_log {
        grants.push(grant(log, Access::Log { backup: None }));
    }
    grants.extend(server.ajp_secret_file.iter().map(|path| grant(path, Access::Read)));
    let sites = std::iter::once(server).chain(settings.sites.iter().map(|site| &site.server));
    grants.extend(sites.flat_map(|server| server.site.access.files()).map(|path| grant(path, Access::Read)));
    grants.extend(process.all_pid_files().into_iter().map(|path| grant(path, Access::Remove)));
    let sockets = server.listeners.iter().map(|listener| &listener.endpoint).chain(&server.redirect_http);
    let sockets = sockets.chain(&server.stats.address);
    grants.extend(sockets.filter_map(|endpoint| match endpoint {
        Endpoint::Unix(path) => Some(grant(path, Access::Remove)),
        Endpoint::Tcp { .. } | Endpoint::Fd(_) => None,
    }));
    grants
}
