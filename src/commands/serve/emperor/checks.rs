//! Whether an emperor can do what the settings say.

use crate::advice::serve::{emperor_with, tyrant_without_root};
use crate::config::{EmperorSettings, ServeSettings};
use crate::report::Failure;

/// The settings of the emperor, if there is one.
///
/// # Errors
/// Something else is to be served by the same process.
pub(in crate::commands::serve) fn asked_for(
    settings: &ServeSettings,
) -> Result<Option<EmperorSettings>, Failure> {
    let emperor = &settings.process.emperor;
    if emperor.places.is_empty() {
        return Ok(None);
    }
    let server = &settings.server;
    let is_named = [&settings.app, &settings.module].into_iter().any(Option::is_some);
    let other = if is_named || settings.wsgi_file.is_some() {
        "an application"
    } else if !settings.mounts.is_empty() {
        "--mount"
    } else if !server.site.upstreams.is_empty() {
        "--upstream"
    } else if !server.site.folders.is_empty() || server.site.files.root.is_some() {
        "a folder"
    } else if !server.listeners.is_empty() {
        "--listen"
    } else if !settings.process.daemons.is_empty() {
        "--attach-daemon"
    } else if settings.process.privileges.chroot.is_some() {
        "--chroot"
    } else {
        return Ok(Some(emperor.clone()));
    };
    Err(emperor_with(other))
}

/// Whether this process can start servers as other users.
///
/// # Errors
/// It must, and is not root.
pub(in crate::commands::serve) fn check_rights(settings: &EmperorSettings) -> Result<(), Failure> {
    if settings.is_tyrant && !rustix::process::geteuid().is_root() {
        Err(tyrant_without_root())
    } else {
        Ok(())
    }
}
