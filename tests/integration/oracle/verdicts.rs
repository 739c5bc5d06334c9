//! What clients and certkit say of one chain.

use std::collections::BTreeMap;

/// Why each client refuses the chain; an empty text where it accepts it.
pub(super) type Verdicts = BTreeMap<String, String>;

/// What certkit says, under each profile.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    pub(super) tls: Verdict,
    pub(super) webpki: Verdict,
    pub(super) rfc5280: Verdict,
}

/// What it says under one of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Verdict {
    pub(super) holds: bool,
    pub(super) panicked: bool,
    pub(super) said: Vec<Said>,
}

/// A finding.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) code: String,
    pub(super) is_error: bool,
    pub(super) message: String,
}
