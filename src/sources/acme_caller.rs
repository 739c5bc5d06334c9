//! The user of the ACME room, for commands and for the server alike: progress as lines, consent, and
//! the judgement of `certkit check` on new chains.

use super::new_chain;
use crate::acme::{Caller, Candidate, Progress, Remark};
use crate::chain::TrustStore;
use crate::finding::Finding;
use crate::operands::input::certificates_if_any;
use crate::sys::clock::Clock;

/// Prints through `say`, which puts what the lines are about in front of them.
pub struct AcmeCaller<'a> {
    say: Box<dyn Fn(&str) + 'a>,
    consent: Consent<'a>,
    clock: &'a dyn Clock,
}

/// Who agrees to a server's terms of service.
pub enum Consent<'a> {
    /// The user, if this question after the printed address gets a yes.
    Asked(Box<dyn Fn() -> bool + 'a>),
    /// The user agreed in advance, with `--agree-tos`.
    Given,
    /// Nobody can be asked.
    Missing,
}

impl<'a> AcmeCaller<'a> {
    pub fn new(say: impl Fn(&str) + 'a, consent: Consent<'a>, clock: &'a dyn Clock) -> Self {
        Self { say: Box::new(say), consent, clock }
    }

    pub fn say(&self, line: &str) {
        (self.say)(line);
    }
}

impl Caller for AcmeCaller<'_> {
    fn progress(&self, progress: Progress<'_>) {
        self.say(&progress.to_string());
    }

    fn agrees_to(&self, url: &str) -> bool {
        self.say(&format!("terms of service: {url}"));
        match &self.consent {
            Consent::Asked(ask) => ask(),
            Consent::Given => true,
            Consent::Missing => false,
        }
    }

    fn judge(&self, candidate: &Candidate<'_>) -> Result<Vec<Remark>, Vec<Finding>> {
        let Candidate { chain, key, names, ca_roots } = candidate;
        let roots = ca_roots.map(certificates_if_any).unwrap_or_default();
        new_chain::judge(chain, *key, names, &roots, TrustStore::system(), self.clock.now())
    }
}
