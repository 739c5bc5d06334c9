//! What happens while the server runs, counted for the stats server on its way to the observer.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use super::Observer;
use super::counters::{Events, count_up};
use super::site::snapshot::Service;
use crate::finding::Finding;

/// Counts what it passes on.
pub(super) struct CountedEvents {
    pub(super) observer: Arc<dyn Observer>,
    pub(super) service: Arc<Service>,
}

impl CountedEvents {
    fn one(&self, counter: fn(&Events) -> &AtomicU64) -> &dyn Observer {
        count_up(counter(&self.service.events));
        &*self.observer
    }
}

impl Observer for CountedEvents {
    fn certificates_replaced(&self) {
        self.one(|events| &events.certificate_reloads).certificates_replaced();
    }

    fn reloading(&self) {
        self.observer.reloading();
    }

    fn reloaded(&self) {
        self.one(|events| &events.reloads).reloaded();
    }

    fn code_refused(&self) {
        self.one(|events| &events.failed_reloads).code_refused();
    }

    fn settings_refused(&self, findings: &[Finding]) {
        self.one(|events| &events.failed_reloads).settings_refused(findings);
    }

    fn certificates_refused(&self, findings: &[Finding]) {
        self.one(|events| &events.failed_certificate_reloads).certificates_refused(findings);
    }

    fn certificates_unreadable(&self, limit: Duration) {
        self.one(|events| &events.failed_certificate_reloads).certificates_unreadable(limit);
    }
}
