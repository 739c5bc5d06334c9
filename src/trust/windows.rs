//! Windows around a Linux of WSL: its browsers read the store of Windows, which is changed by its own program.

use std::path::Path;

use super::{Action, Anchor, Surroundings};
use crate::sys::fs::read_limited;
use crate::sys::shell::path_word;

/// Whether this Linux runs under Windows: the kernel of WSL 1 and 2 has Microsoft in its version.
pub fn is_wsl(surroundings: &Surroundings) -> bool {
    let version = read_limited(&surroundings.below_root("/proc/version"), 4096).unwrap_or_default();
    String::from_utf8_lossy(&version).to_lowercase().contains("microsoft")
}

/// The command, typed in WSL, that changes the store of the Windows user. Windows asks before it trusts a root.
pub fn windows_command(anchor: &Anchor, file: &Path, action: Action) -> String {
    match action {
        Action::Install => {
            format!("certutil.exe -user -addstore Root \"$(wslpath -w {})\"", path_word(file))
        }
        Action::Uninstall => format!("certutil.exe -user -delstore Root {}", anchor.sha1()),
    }
}
