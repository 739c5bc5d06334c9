//! Commands that run beside the server, and hooks, as options write them.
//!
//! What is understood keeps its command as it was written, and is understood the same way again.
#![no_main]

use certkit::internals::config::{AttachedDaemon, PhasedHook};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let escaped: String = text.chars().flat_map(|letter| ['\\', letter]).collect();
    match format!("freq=3,cmd={escaped}").parse::<AttachedDaemon>() {
        Ok(daemon) => assert_eq!((daemon.command.as_str(), daemon.frequency), (text, 3)),
        Err(_) => assert!(text.trim().is_empty(), "{text:?}"),
    }
    if let Ok(daemon) = text.parse::<AttachedDaemon>() {
        assert!(!daemon.command.trim().is_empty());
    }
    if let Ok(daemon) = AttachedDaemon::smart(text) {
        assert!(text.ends_with(&daemon.command) && daemon.pid_file.is_some());
    }
    if let Ok(hook) = text.parse::<PhasedHook>() {
        let again = format!("{} {}", hook.phase, hook.action);
        assert_eq!(again.parse::<PhasedHook>().as_ref(), Ok(&hook));
    }
});
