//! The same for Prometheus, in its text format (version 0.0.4).
//!
//! Names follow its conventions: base units, `_total` for what only grows. Labels have few values: a status, the number
//! of an application or worker, the first name in a certificate.

use std::fmt::{Display, Write};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::{Observed, memory};
use crate::serve::counters::{BOUNDS, Totals};
use crate::serve::worker::{PoolStatus, WorkerActivity, WorkerStatus};

/// Text that grows by one metric after the other.
#[derive(Default)]
struct Exposition(String);

impl Exposition {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// One sample, whose labels are `name="value"`s.
    fn sample(&mut self, name: &str, labels: &[(&str, &dyn Display)], value: impl Display) {
        self.0.push_str(name);
        for (place, (label, value)) in labels.iter().enumerate() {
            let _ = write!(self.0, "{}{label}=\"", if place == 0 { '{' } else { ',' });
            for character in value.to_string().chars() {
                match character {
                    '\\' => self.0.push_str("\\\\"),
                    '"' => self.0.push_str("\\\""),
                    '\n' => self.0.push_str("\\n"),
                    other => self.0.push(other),
                }
            }
            self.0.push('"');
        }
        let end = if labels.is_empty() { " " } else { "} " };
        let _ = writeln!(self.0, "{end}{value}");
    }

    fn counter(&mut self, name: &str, help: &str, value: impl Display) {
        self.head(name, "counter", help);
        self.sample(name, &[], value);
    }

    fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.head(name, "gauge", help);
        self.sample(name, &[], value);
    }
}

/// All metrics.
pub(super) fn text(observed: &Observed) -> String {
    let mut text = Exposition::default();
    let totals = Totals::of(observed.counters());
    requests(&mut text, &totals);
    connections(&mut text, observed, &totals);
    let snapshot = observed.service.current();
    let pools: Vec<_> = snapshot.applications().iter().map(|pool| pool.status()).collect();
    workers(&mut text, &pools);
    events(&mut text, observed);
    certificates(&mut text, observed);
    process(&mut text, observed);
    text.0
}

fn requests(text: &mut Exposition, totals: &Totals) {
    let name = "certkit_requests_total";
    text.head(name, "counter", "Requests that were answered, by status; 499 is a client that left before.");
    for (status, count) in &totals.requests {
        text.sample(name, &[("status", status)], count);
    }
    let name = "certkit_refusals_total";
    text.head(name, "counter", "Clients that were refused before they had made a request, by status.");
    for (status, count) in &totals.refusals {
        text.sample(name, &[("status", status)], count);
    }
    let name = "certkit_requests_refused_total";
    text.head(name, "counter", "Requests that were refused before their route, by what refused them.");
    for (by, count) in &totals.refused {
        text.sample(name, &[("by", &by.as_str())], count);
    }
    let name = "certkit_request_duration_seconds";
    text.head(name, "histogram", "Time from the head of a request to the last byte of its response.");
    let mut count = 0;
    let bucket = "certkit_request_duration_seconds_bucket";
    for (bound, more) in BOUNDS.iter().zip(&totals.durations) {
        count += more;
        text.sample(bucket, &[("le", bound)], count);
    }
    count += totals.durations.last().copied().unwrap_or_default();
    text.sample(bucket, &[("le", &"+Inf")], count);
    text.sample("certkit_request_duration_seconds_sum", &[], totals.seconds);
    text.sample("certkit_request_duration_seconds_count", &[], count);
    text.counter("certkit_response_body_bytes_total", "Bytes of the bodies of responses.", totals.sent);
}

fn connections(text: &mut Exposition, observed: &Observed, totals: &Totals) {
    text.gauge("certkit_connections_open", "Connections that are open.", observed.open_connections());
    text.counter("certkit_connections_total", "Connections that were accepted.", totals.connections);
    let events = observed.events();
    text.counter(
        "certkit_connections_refused_total",
        "Connections that were closed because their address had too many.",
        events.too_many_of_address.load(Relaxed),
    );
    text.counter(
        "certkit_accept_failures_total",
        "How often the system gave an error instead of a connection.",
        events.failed_accepts.load(Relaxed),
    );
    text.counter("certkit_tls_handshakes_total", "TLS handshakes that were completed.", totals.handshakes);
    text.counter(
        "certkit_tls_handshake_failures_total",
        "TLS handshakes that were not completed.",
        totals.failed_handshakes.iter().map(|(_, count)| count).sum::<u64>(),
    );
    let name = "certkit_tls_handshake_failure_reasons_total";
    text.head(name, "counter", "TLS handshakes that were not completed, by reason.");
    for (failure, count) in &totals.failed_handshakes {
        text.sample(name, &[("reason", &failure.as_str())], count);
    }
}

fn workers(text: &mut Exposition, pools: &[PoolStatus]) {
    let states = [
        ("idle", WorkerActivity::Idle),
        ("busy", WorkerActivity::Busy),
        ("starting", WorkerActivity::Starting),
        ("cheap", WorkerActivity::Cheap),
    ];
    let name = "certkit_application_info";
    text.head(name, "gauge", "Always 1; the labels are the number and the name of an application.");
    for (application, pool) in pools.iter().enumerate() {
        text.sample(name, &[("application", &application), ("name", &pool.application)], 1);
    }
    let name = "certkit_workers";
    text.head(name, "gauge", "Workers, by the number of their application and what they do.");
    for (application, pool) in pools.iter().enumerate() {
        for (state, activity) in states {
            let count = pool.workers.iter().filter(|worker| worker.activity == activity).count();
            text.sample(name, &[("application", &application), ("state", &state)], count);
        }
        text.sample(name, &[("application", &application), ("state", &"leaving")], pool.leaving);
    }
    let name = "certkit_requests_waiting";
    text.head(name, "gauge", "Requests that wait for a worker.");
    for (application, pool) in pools.iter().enumerate() {
        text.sample(name, &[("application", &application)], pool.waiting);
    }
    let mut each = |name, kind, help, value: &dyn Fn(&WorkerStatus) -> String| {
        text.head(name, kind, help);
        for (application, pool) in pools.iter().enumerate() {
            for (place, worker) in pool.workers.iter().enumerate() {
                let labels: [(&str, &dyn Display); 2] =
                    [("application", &application), ("worker", &(place + 1))];
                text.sample(name, &labels, value(worker));
            }
        }
    };
    each("certkit_worker_requests_total", "counter", "Requests that workers have finished.", &|worker| {
        worker.work().requests.to_string()
    });
    each(
        "certkit_worker_exceptions_total",
        "counter",
        "Requests in which the application failed.",
        &|worker| worker.work().exceptions.to_string(),
    );
    each("certkit_worker_timeouts_total", "counter", "Requests that took too long.", &|worker| {
        worker.past.timeouts.to_string()
    });
    each("certkit_worker_restarts_total", "counter", "How often a worker was started again.", &|worker| {
        worker.past.spawns.saturating_sub(1).to_string()
    });
    each("certkit_worker_resident_memory_bytes", "gauge", "Resident memory of a worker.", &|worker| {
        let memory = worker.pid.and_then(memory::of_process).unwrap_or_default();
        memory.resident.to_string()
    });
}

fn events(text: &mut Exposition, observed: &Observed) {
    let events = observed.events();
    let mut both = |name, help, done: &AtomicU64, failed: &AtomicU64| {
        text.head(name, "counter", help);
        text.sample(name, &[("outcome", &"done")], done.load(Relaxed));
        text.sample(name, &[("outcome", &"failed")], failed.load(Relaxed));
    };
    both(
        "certkit_reloads_total",
        "Reloads of settings and code; after one that failed, the previous ones are in use.",
        &events.reloads,
        &events.failed_reloads,
    );
    both(
        "certkit_certificate_reloads_total",
        "Reloads of certificates; after one that failed, the previous ones are in use.",
        &events.certificate_reloads,
        &events.failed_certificate_reloads,
    );
}

fn certificates(text: &mut Exposition, observed: &Observed) {
    let Some(renewal) = &observed.renewal else { return };
    let name = "certkit_certificate_not_after_seconds";
    text.head(name, "gauge", "When a certificate in use expires, in seconds since 1970.");
    for (number, validity) in renewal.resolver.validities().iter().enumerate() {
        let labels: [(&str, &dyn Display); 2] = [("certificate", &(number + 1)), ("name", &validity.name)];
        text.sample(name, &labels, validity.not_after.unix_timestamp());
    }
}

fn process(text: &mut Exposition, observed: &Observed) {
    let memory = memory::of_process(std::process::id()).unwrap_or_default();
    // Their names are those of Prometheus' client libraries.
    text.gauge("process_resident_memory_bytes", "Resident memory of the server.", memory.resident);
    text.gauge("process_virtual_memory_bytes", "Address space of the server.", memory.address_space);
    text.gauge(
        "process_start_time_seconds",
        "When the server was started, in seconds since 1970.",
        observed.started,
    );
    let name = "certkit_build_info";
    text.head(name, "gauge", "Always 1; the label is the version.");
    text.sample(name, &[("version", &env!("CARGO_PKG_VERSION"))], 1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_label_ends_early() {
        let mut text = Exposition::default();
        text.sample("a", &[("b", &"x\"\\\ny"), ("c", &1)], 2);
        text.gauge("d", "What it is.", 0.5);
        assert_eq!(text.0, "a{b=\"x\\\"\\\\\\ny\",c=\"1\"} 2\n# HELP d What it is.\n# TYPE d gauge\nd 0.5\n");
    }
}
