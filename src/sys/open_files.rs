//! The limit of open files, which connections count against.

use std::io;

use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Whether this process, or the system, has no file or memory left for a socket (accept(2), socket(2)): it may have some in
/// a moment.
pub fn is_shortage(error: &io::Error) -> bool {
    let shortages = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
    error.raw_os_error().is_some_and(|number| shortages.contains(&Errno::from_raw_os_error(number)))
}

/// Raises it as far as the system allows. The limit now; `None` if there is none. `wanted` takes the place of what the
/// system allows.
pub fn raise(wanted: Option<u64>) -> Option<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if let Some(wanted) = wanted {
        // Only root may raise the maximum.
        let most = Rlimit { current: Some(wanted), maximum: maximum.map(|most| most.max(wanted)) };
        if setrlimit(Resource::Nofile, most).is_ok() {
            return Some(wanted);
        }
        let allowed = maximum.map_or(wanted, |most| most.min(wanted));
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(allowed), maximum });
        return Some(allowed);
    }
    if current == maximum || setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_err() {
        return current;
    }
    maximum
}
