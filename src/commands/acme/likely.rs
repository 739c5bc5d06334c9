//! The likely cause of a refusal or a failed validation, and what mends it: by the server's kind of problem (RFC 8555
//! section 6.7), and by what was seen from here at the place where the server looked.

use crate::acme::FailedValidation;
use crate::acme::challenge::{ChallengeKind, Clue};

/// What likely made a validation fail.
pub(super) fn of_validation(failed: &FailedValidation) -> Option<String> {
    // The server says these with certainty.
    let is_certain = matches!(failed.refusal.kind.as_str(), "caa" | "rejectedIdentifier");
    if !is_certain
        && failed.asked != Some(true)
        && let Some(cause) = of_clues(failed)
    {
        return Some(cause);
    }
    of_kind(&failed.refusal.kind, failed.challenge, failed.asked == Some(true))
}

/// What likely made the server refuse a request.
pub(super) fn of_refusal(kind: &str) -> Option<String> {
    of_kind(kind, ChallengeKind::Http01, false)
}

fn of_clues(failed: &FailedValidation) -> Option<String> {
    let closed: Vec<_> = failed.seen.iter().filter(|clue| !is_good(clue)).collect();
    let worst = closed.first()?;
    let is_reached = closed.len() < failed.seen.len();
    Some(match worst {
        Clue::NoAddress => {
            format!("likely {} has no A or AAAA record, as seen from here: add one", failed.name)
        }
        // What is right at one address and wrong at another: servers prefer IPv6.
        Clue::Closed { address, .. } | Clue::OtherServer { address, .. }
            if is_reached && address.is_ipv6() =>
        {
            format!("likely the AAAA record {} leads elsewhere: mend or remove it", address.ip())
        }
        Clue::Closed { address, .. } | Clue::OtherServer { address, .. } if is_reached => {
            format!("likely the A record {} leads elsewhere: mend or remove it", address.ip())
        }
        Clue::Closed { address, reason } => format!(
            "likely port {} of {} is closed ({reason}, as seen from here): open it in the firewall, or have the router \
             pass it on to this machine",
            address.port(),
            address.ip(),
        ),
        Clue::OtherServer { address, status } => {
            let how = status
                .map_or_else(|| "it speaks no HTTP".to_owned(), |status| format!("HTTP status {status}"));
            format!(
                "likely another server answers on port {} of {} ({how}, as seen from here): answer with its folder, as \
                 --webroot DIR, or correct the name's A and AAAA records",
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
    let port = if challenge == ChallengeKind::TlsAlpn01 { 443 } else { 80 };
    Some(match kind {
        "badCSR" | "badPublicKey" => {
            "the server does not take this kind of key: try -k p256 or -k rsa2048".to_owned()
        }
        "caa" => "a CAA record of the domain names other CAs: add this one there".to_owned(),
        "connection" => format!(
            "port {port} of the name's address must lead here: look for a firewall, a router that does not pass it on, \
             or an old A or AAAA record"
        ),
        "dns" | "incorrectResponse" | "unauthorized" if challenge == ChallengeKind::Dns01 => {
            "likely a name server of the zone did not show the TXT record of _acme-challenge yet: it must be visible \
             at all of them before the validation; look at its NS, CNAME and TXT records"
                .to_owned()
        }
        "dns" => {
            "look at the name's A and AAAA records: they are missing or the name server does not answer".to_owned()
        }
        "externalAccountRequired" => {
            "get an account at the server's site and give it as --eab-kid KID --eab-hmac-file FILE".to_owned()
        }
        "incorrectResponse" | "unauthorized" if asked => {
            "the answer was changed on its way: look at proxies before this machine".to_owned()
        }
        "incorrectResponse" | "unauthorized" => format!(
            "another server answers for this name: look at its A and AAAA records, and at what listens on port {port} \
             there"
        ),
        "invalidContact" | "unsupportedContact" => {
            "the server does not take this mail address: leave --email out".to_owned()
        }
        "rejectedIdentifier" | "unsupportedIdentifier" => {
            "this server gives no certificates for this name".to_owned()
        }
        "tls" if challenge == ChallengeKind::TlsAlpn01 => {
            "another TLS server answers on port 443 of the name's address, or a proxy before this machine ends TLS: it \
             must pass connections on untouched"
                .to_owned()
        }
        "tls" => "the name's port 80 leads to a TLS server".to_owned(),
        _ => return None,
    })
}

/// Which proxy variables are set; a wrong one keeps the server from being reached. Their values may hold passwords.
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
        let refusal = ProtocolError { kind: kind.into(), detail: "no".into(), parts: Vec::new() };
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
    fn what_was_seen_says_the_likely_cause() {
        let (v4, v6) = ("192.0.2.7:80".parse().unwrap(), "[2001:db8::7]:80".parse().unwrap());
        let closed = |address| Clue::Closed { address, reason: "connection refused".into() };
        let other = |address| Clue::OtherServer { address, status: Some(404) };
        let http = |seen: &[Clue]| likely(ChallengeKind::Http01, "connection", seen);
        assert!(http(&[Clue::NoAddress]).contains("no A or AAAA record"));
        assert!(http(&[closed(v4)]).contains("likely port 80 of 192.0.2.7 is closed (connection refused"));
        assert!(http(&[closed(v6), Clue::Reached { address: v4 }]).contains("AAAA record 2001:db8::7"));
        assert!(http(&[Clue::Reached { address: v6 }, other(v4)]).contains("the A record 192.0.2.7"));
        assert!(
            http(&[other(v4)]).contains("another server answers on port 80 of 192.0.2.7 (HTTP status 404")
        );
        // Nothing is wrong as seen from here: then the server's words count.
        assert!(http(&[Clue::Reached { address: v4 }]).contains("firewall"));
        assert!(likely(ChallengeKind::Http01, "caa", &[closed(v4)]).contains("CAA"));
    }

    #[test]
    fn each_challenge_has_its_own_places_to_look_at() {
        assert!(likely(ChallengeKind::TlsAlpn01, "connection", &[]).contains("port 443"));
        assert!(likely(ChallengeKind::TlsAlpn01, "tls", &[]).contains("port 443"));
        assert!(likely(ChallengeKind::Dns01, "unauthorized", &[]).contains("TXT record of _acme-challenge"));
    }
}
