//! The likely cause of a refusal or a failed validation and its fix: by the server's kind of problem
//! (RFC 8555 section 6.7), and by what this machine sees where the server looked.

use crate::acme::challenge::{ChallengeKind, Clue};
use crate::acme::{FailedValidation, ProtocolError};

/// What likely made a validation fail.
pub(super) fn of_validation(failed: &FailedValidation) -> Option<String> {
    // The server is sure of these.
    let is_certain = matches!(failed.refusal.kind.as_str(), "caa" | "rejectedIdentifier");
    if !is_certain
        && failed.asked != Some(true)
        && let Some(cause) = of_clues(failed)
    {
        return Some(cause);
    }
    of_kind(&failed.refusal.kind, failed.challenge, failed.asked == Some(true))
}

/// What likely made the server refuse a request of the account's, which no validation has to do with.
pub(super) fn of_refusal(refusal: &ProtocolError) -> Option<String> {
    Some(match refusal.kind.as_str() {
        "accountDoesNotExist" => {
            "The server does not know this account any more. Run `certkit acme obtain NAME --force`, \
                                  which makes a new one."
                .to_owned()
        }
        "alreadyRevoked" => "Nothing is left to do: the certificate is revoked.".to_owned(),
        "badSignatureAlgorithm" => {
            "Give the account another key: `certkit acme account rollover`.".to_owned()
        }
        "invalidProfile" => "Choose another --profile, or omit it.".to_owned(),
        "orderNotReady" => "Run it again; it places a new order.".to_owned(),
        "unauthorized" => {
            "Run `certkit acme account show` to see how the account stands. If it is in order, \
                           the server does not allow it these names or this request: ask its operator."
                .to_owned()
        }
        "userActionRequired" => user_action(refusal),
        kind => return of_every_kind(kind),
    })
}

/// RFC 8555 section 7.3.3: `instance` is a page for people.
fn user_action(refusal: &ProtocolError) -> String {
    match (&refusal.instance, &refusal.terms) {
        (Some(_), Some(_)) => "Read the new terms of service and agree to them on the server's page, whose \
                               addresses are above. Then run this again."
            .to_owned(),
        (Some(_), None) => {
            "Do what the server's page asks for, whose address is above. Then run this again.".to_owned()
        }
        (None, _) => {
            "Log in to your account on the server's website and do what it asks for there. Then run \
                      this again."
                .to_owned()
        }
    }
}

fn of_clues(failed: &FailedValidation) -> Option<String> {
    let bad: Vec<_> = failed.seen.iter().filter(|clue| !is_good(clue)).collect();
    let worst = bad.first()?;
    let is_reached = bad.len() < failed.seen.len();
    Some(match worst {
        Clue::NoAddress => {
            format!("Add an A or AAAA record for {}; this machine sees none.", failed.name)
        }
        // Right at one address and wrong at another: servers prefer IPv6.
        Clue::Closed { address, .. } | Clue::OtherServer { address, .. } if is_reached => {
            let record = if address.is_ipv6() { "AAAA" } else { "A" };
            format!(
                "Correct or remove the {record} record {}, which likely leads to another machine.",
                address.ip()
            )
        }
        Clue::Closed { address, reason } => format!(
            "Open port {} of {} in the firewall, or have the router forward it to this machine. \
             Seen from here: {reason}.",
            address.port(),
            address.ip(),
        ),
        Clue::OtherServer { address, status } => {
            let seen = status.map_or_else(
                || "something that does not speak HTTP".to_owned(),
                |status| format!("HTTP status {status}"),
            );
            format!(
                "Check which server answers on port {} of {} (seen from here: {seen}). Use its \
                 folder with `--webroot DIR`, or correct the A and AAAA records of the name.",
                address.port(),
                address.ip(),
            )
        }
        Clue::Open { .. } | Clue::Reached { .. } => return None,
    })
}

fn is_good(clue: &Clue) -> bool {
    matches!(clue, Clue::Open { .. } | Clue::Reached { .. })
}

fn of_kind(kind: &str, challenge: ChallengeKind, asked: bool) -> Option<String> {
    let is_dns = matches!(challenge, ChallengeKind::Dns01 | ChallengeKind::DnsAccount01);
    let is_persistent = challenge == ChallengeKind::DnsPersist01;
    let is_tls = challenge == ChallengeKind::TlsAlpn01;
    let port = if is_tls { 443 } else { 80 };
    Some(match kind {
        "connection" => format!(
            "Make port {port} of the name's address reach this machine: check the firewall, the \
             router's port forwarding, and the A and AAAA records."
        ),
        "dns" | "incorrectResponse" | "unauthorized" if is_dns => {
            "Check the NS, CNAME and TXT records of _acme-challenge. All name servers of the zone \
             must show the TXT record before the validation."
                .to_owned()
        }
        "dns" | "incorrectResponse" | "malformed" | "unauthorized" if is_persistent => {
            "Compare the TXT record of _validation-persist with what `certkit acme dns-record NAME` prints."
                .to_owned()
        }
        "dns" => "Check the A and AAAA records of the name; they are missing, or the name server \
                  does not answer."
            .to_owned(),
        "incorrectResponse" | "unauthorized" if asked => {
            "Check the proxies in front of this machine; one of them changed the answer.".to_owned()
        }
        "incorrectResponse" | "unauthorized" => format!(
            "Check the A and AAAA records of the name, and what listens on port {port} there; \
             another server answers for it."
        ),
        "tls" if is_tls => "Check port 443 of the name's address: another TLS server answers there, \
                            or a proxy in front of this machine terminates TLS."
            .to_owned(),
        "tls" => "Check port 80 of the name's address: a TLS server answers there.".to_owned(),
        kind => return of_every_kind(kind),
    })
}

/// Causes that are the same wherever the server says them.
fn of_every_kind(kind: &str) -> Option<String> {
    Some(match kind {
        "badCSR" | "badPublicKey" => "Use another kind of key: `-k p256` or `-k rsa2048`.".to_owned(),
        "caa" => "Add this CA to the domain's CAA record, which names others.".to_owned(),
        "externalAccountRequired" => super::BIND_ACCOUNT.to_owned(),
        "invalidContact" | "unsupportedContact" => {
            "Omit --email; the server does not accept this address.".to_owned()
        }
        "rejectedIdentifier" | "unsupportedIdentifier" => {
            "Choose another server or name; this server issues no certificates for it.".to_owned()
        }
        _ => return None,
    })
}

/// The proxy variables that are set; a wrong one makes the server unreachable. Their values may hold
/// passwords.
pub(super) fn proxies() -> Vec<&'static str> {
    ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
        .into_iter()
        .filter(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acme::ProtocolError;

    fn likely(challenge: ChallengeKind, kind: &str, seen: &[Clue]) -> String {
        let refusal = ProtocolError { kind: kind.into(), detail: "no".into(), ..ProtocolError::default() };
        let failed = FailedValidation {
            name: "a.test".into(),
            refusal,
            asked: Some(false),
            challenge,
            seen: seen.to_vec(),
        };
        of_validation(&failed).unwrap()
    }

    #[test]
    fn what_this_machine_sees_says_the_likely_cause() {
        let (v4, v6) = ("192.0.2.7:80".parse().unwrap(), "[2001:db8::7]:80".parse().unwrap());
        let closed = |address| Clue::Closed { address, reason: "connection refused".into() };
        let other = |address| Clue::OtherServer { address, status: Some(404) };
        let http = |seen: &[Clue]| likely(ChallengeKind::Http01, "connection", seen);
        assert!(http(&[Clue::NoAddress]).contains("Add an A or AAAA record"));
        assert!(http(&[closed(v4)]).contains("Open port 80 of 192.0.2.7"));
        assert!(http(&[closed(v6), Clue::Reached { address: v4 }]).contains("AAAA record 2001:db8::7"));
        assert!(http(&[Clue::Reached { address: v6 }, other(v4)]).contains("the A record 192.0.2.7"));
        assert!(
            http(&[other(v4)])
                .contains("server answers on port 80 of 192.0.2.7 (seen from here: HTTP status 404")
        );
        // Nothing is wrong as seen from here: then the server's error counts.
        assert!(http(&[Clue::Reached { address: v4 }]).contains("firewall"));
        assert!(likely(ChallengeKind::Http01, "caa", &[closed(v4)]).contains("CAA"));
    }

    #[test]
    fn each_challenge_has_its_own_causes() {
        assert!(likely(ChallengeKind::TlsAlpn01, "connection", &[]).contains("port 443"));
        assert!(likely(ChallengeKind::TlsAlpn01, "tls", &[]).contains("port 443"));
        assert!(likely(ChallengeKind::Dns01, "unauthorized", &[]).contains("TXT records of _acme-challenge"));
    }

    #[test]
    fn a_refused_request_has_no_cause_in_a_validation() {
        let refused =
            |kind: &str| of_refusal(&ProtocolError { kind: kind.into(), ..ProtocolError::default() });
        for kind in ["connection", "dns", "incorrectResponse", "tls", "malformed", "serverInternal"] {
            assert_eq!(refused(kind), None, "{kind}");
        }
        let of = |kind| refused(kind).unwrap();
        assert!(of("unauthorized").contains("acme account show"));
        assert!(of("caa").contains("CAA"));
        assert!(of("rejectedIdentifier").contains("another server or name"));
        assert!(of("userActionRequired").contains("website"));
        let mut refusal = ProtocolError { kind: "userActionRequired".into(), ..ProtocolError::default() };
        refusal.instance = Some("https://ca.test/agree".into());
        assert!(of_refusal(&refusal).unwrap().contains("whose address is above"));
        refusal.terms = Some("https://ca.test/terms".into());
        assert!(of_refusal(&refusal).unwrap().contains("the new terms of service"));
    }
}
