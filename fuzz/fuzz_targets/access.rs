//! Settings that say who may ask for what, and files with users: read or refused, and what is read is what it says.
#![no_main]

use certkit::internals::serve::config::{
    AccessRule, BasicAuthConfig, ErrorPageConfig, ForwardAuthConfig, RateLimitConfig, RedirectConfig,
};
use certkit::internals::serve::htpasswd::Htpasswd;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(users) = Htpasswd::parse(data) {
        for number in [0, usize::MAX] {
            let hash = users.hash(b"\0", number).unwrap_or_else(|other| other);
            assert_eq!(hash.len(), 60);
        }
    }
    for line in String::from_utf8_lossy(data).lines() {
        if let Ok(rule) = line.parse::<AccessRule>() {
            is_a_prefix(&rule.prefix);
        }
        if let Ok(limit) = line.parse::<RateLimitConfig>() {
            is_a_prefix(&limit.prefix);
        }
        if let Ok(users) = line.parse::<BasicAuthConfig>() {
            is_a_prefix(&users.prefix);
        }
        if let Ok(server) = line.parse::<ForwardAuthConfig>() {
            is_a_prefix(&server.prefix);
            assert!(server.target.starts_with('/'));
        }
        if let Ok(redirect) = line.parse::<RedirectConfig>() {
            is_a_prefix(&redirect.prefix);
            assert!(!redirect.to.starts_with("//") && redirect.to.is_ascii());
        }
        if let Ok(page) = line.parse::<ErrorPageConfig>() {
            assert!(page.statuses.iter().all(|status| (400..600).contains(&status.as_u16())));
        }
    }
});

/// A path in the one spelling that requests have here.
fn is_a_prefix(prefix: &str) {
    let mut segments = prefix.split('/');
    assert_eq!(segments.next(), Some(""));
    assert!(segments.all(|segment| !matches!(segment, "" | "." | "..") && !segment.contains('%')));
}
