//! The limit of open files, which connections count against.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

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
