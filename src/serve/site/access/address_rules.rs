//! `--allow` and `--deny`: from where a path may be asked for.

use std::net::IpAddr;

use super::covers;
use crate::serve::config::AccessRule;

/// Whether the first rule for path and client denies. Of a client without an address (one of a unix socket that no front
/// server vouches for) it is not known where it is: `all` covers it, and each `deny` does.
pub(super) fn is_denied(rules: &[AccessRule], path: &[u8], client: Option<IpAddr>) -> bool {
    let covers_client = |rule: &AccessRule| match (rule.network, client) {
        (None, _) => true,
        (Some(network), Some(client)) => network.contains(client),
        (Some(_), None) => !rule.is_allowed,
    };
    let first = rules.iter().find(|rule| covers(&rule.prefix, path) && covers_client(rule));
    first.is_some_and(|rule| !rule.is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denied(rules: &[&str], path: &str, client: &str) -> bool {
        let rules: Vec<AccessRule> = rules.iter().map(|rule| rule.parse().unwrap()).collect();
        is_denied(&rules, path.as_bytes(), client.parse().ok())
    }

    #[test]
    fn the_first_rule_decides() {
        let rules = ["allow /private=10.0.0.0/8", "allow /private=2001:db8::/32", "deny /private=all"];
        for (path, client, expected) in [
            ("/private", "10.1.2.3", false),
            ("/private/", "10.1.2.3", false),
            ("/private", "2001:db8::1", false),
            ("/private", "::ffff:10.1.2.3", false),
            ("/private", "192.0.2.1", true),
            ("/private/x", "192.0.2.1", true),
            ("/private/", "::ffff:192.0.2.1", true),
            ("/privateer", "192.0.2.1", false),
            ("/", "192.0.2.1", false),
            ("*", "192.0.2.1", false),
        ] {
            assert_eq!(denied(&rules, path, client), expected, "{path} {client}");
        }
        let turned = ["deny /private=all", "allow /private=10.0.0.0/8"];
        assert!(denied(&turned, "/private", "10.1.2.3"), "their order counts");
        assert!(denied(&["deny /=all"], "*", "192.0.2.1"), "OPTIONS *");
        assert!(!denied(&[], "/private", "192.0.2.1"));
    }

    #[test]
    fn a_client_without_an_address_is_outside() {
        for (rules, expected) in [
            (&["allow /=10.0.0.0/8", "deny /=all"][..], true),
            (&["deny /=192.0.2.0/24"], true),
            (&["allow /=all", "deny /=192.0.2.0/24"], false),
            (&["allow /=10.0.0.0/8"], false),
        ] {
            assert_eq!(denied(rules, "/x", "unix:"), expected, "{rules:?}");
        }
    }
}
