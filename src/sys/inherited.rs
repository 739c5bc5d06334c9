//! What was open when this process was started.

use std::fs;
use std::os::fd::RawFd;

/// Closes it, but for the standard streams. To be called before anything else is opened.
pub fn close_all() {
    let Ok(folder) = fs::read_dir("/proc/self/fd") else { return };
    let numbers: Vec<RawFd> = folder.filter_map(|one| one.ok()?.file_name().to_str()?.parse().ok()).collect();
    for number in numbers {
        if number > 2 {
            // The descriptor of the listing itself is closed already.
            let _ = nix::unistd::close(number);
        }
    }
}
