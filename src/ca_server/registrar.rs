//! The one thread that signs and writes the ledger.
//!
//! What waits is done together, with one sync for all. A certificate is safe in the state file before its line goes
//! into the ledger, and in the ledger before its client hears of it: whenever the process is killed, the next one knows
//! which line is missing, and no order gets a second certificate.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Instant;

use time::{Duration, OffsetDateTime};
use tokio::sync::oneshot;

use super::ledger_watch::LedgerWatch;
use super::own_certificate::OwnCertificate;
use super::settings::{IssuanceSettings, Log};
use super::state::SharedState;
use crate::acme_server::{IssuanceOrder, Reply, RevocationOrder};
use crate::ca::{
    self, CaAbove, CertificateFiles, End, Filed, Issuance, Issued, LeafProfile, ListFiles, ListRequest,
    RevocationRequest, RevocationTarget, SigningCa, SubjectKey,
};
use crate::pem;
use crate::sys::clock::{Clock, SystemClock};
use crate::x509::{Certificate, CertifiedKey, Purpose};

/// No more jobs than these are done together.
const MOST_TOGETHER: usize = 128;
/// How often the ledger and the CA's certificate are looked at, when there is nothing else to do.
const LOOK_EVERY: std::time::Duration = std::time::Duration::from_secs(60);
/// The pause after a revocation list could not be made.
const LIST_PAUSE: Duration = Duration::seconds(30);

pub(super) enum Job {
    Issue(Box<IssuanceOrder>, oneshot::Sender<Reply>),
    Revoke(Box<RevocationOrder>, oneshot::Sender<Reply>),
    /// Everything written so far must be on disk; `false`: it is not.
    Sync(oneshot::Sender<bool>),
    /// The revocation list, as DER.
    List(oneshot::Sender<Option<Arc<RevocationList>>>),
    /// A new certificate for the server itself.
    Own(oneshot::Sender<Option<CertifiedKey>>),
}

/// A revocation list in use.
pub(super) struct RevocationList {
    pub(super) der: Vec<u8>,
    pub(super) made: OffsetDateTime,
    pub(super) next_update: OffsetDateTime,
}

pub(super) struct Registrar {
    pub(super) ca: SigningCa,
    pub(super) state: SharedState,
    pub(super) settings: IssuanceSettings,
    pub(super) own: OwnCertificate,
    pub(super) log: Log,
    files: CaFiles,
    watch: LedgerWatch,
    list: Option<Arc<RevocationList>>,
    /// Whether something was revoked since it was made.
    is_list_old: bool,
    /// When another one may be tried, after one could not be made.
    list_again: Option<OffsetDateTime>,
    /// Why the CA's certificate on disk is not the one in use.
    not_taken: Option<String>,
}

/// Reads the files of a CA again; the error is a sentence.
type ReadAgain = Box<dyn Fn(&SigningCa) -> Result<SigningCa, String> + Send>;

/// What lists and revocations have to look at.
pub struct CaFiles {
    pub certificates: Box<dyn CertificateFiles + Send>,
    pub lists: Box<dyn ListFiles + Send>,
    /// Reads a CA again whose certificate has changed on disk.
    pub again: ReadAgain,
    /// The CAs above the one that issues, whose lists belong into the file of lists.
    pub above: Vec<CaAbove>,
}

/// Takes jobs until the last of these is gone.
#[derive(Clone)]
pub(super) struct Desk(Sender<Job>);

impl Desk {
    pub(super) async fn ask<T>(&self, job: impl FnOnce(oneshot::Sender<T>) -> Job) -> Option<T> {
        let (sender, receiver) = oneshot::channel();
        self.0.send(job(sender)).ok()?;
        receiver.await.ok()
    }
}

impl Registrar {
    /// `read_to`: up to where the state knows the ledger.
    pub(super) fn new(
        (ca, files, read_to): (SigningCa, CaFiles, u64),
        state: SharedState,
        settings: IssuanceSettings,
        own: OwnCertificate,
        log: Log,
    ) -> Self {
        let watch = LedgerWatch::new(&ca, read_to);
        let (list, is_list_old, list_again, not_taken) = (None, false, None, None);
        Self { watch, ca, state, settings, own, log, files, list, is_list_old, list_again, not_taken }
    }

    /// # Errors
    /// When the system gives no thread.
    pub(super) fn start(mut self) -> std::io::Result<(Desk, JoinHandle<()>)> {
        let (sender, receiver) = channel();
        let thread =
            std::thread::Builder::new().name("registrar".to_owned()).spawn(move || self.run(&receiver))?;
        Ok((Desk(sender), thread))
    }

    fn run(&mut self, jobs: &Receiver<Job>) {
        self.watch.look_at_end(&self.ca, SystemClock.now(), &self.log);
        let mut looked = Instant::now();
        loop {
            let mut batch = match jobs.recv_timeout(LOOK_EVERY) {
                Ok(first) => vec![first],
                Err(RecvTimeoutError::Timeout) => Vec::new(),
                Err(RecvTimeoutError::Disconnected) => return,
            };
            if self.watch.read(&mut self.ca, &self.state, &self.log) {
                self.is_list_old = true;
            }
            let is_time = looked.elapsed() >= LOOK_EVERY;
            // One that was not taken may become valid, or readable, while its file stays as it is.
            if self.watch.has_changed(&self.ca) || (is_time && self.not_taken.is_some()) {
                self.take_renewed();
            }
            if is_time {
                looked = Instant::now();
                self.watch.look_at_end(&self.ca, SystemClock.now(), &self.log);
            }
            while batch.len() < MOST_TOGETHER
                && let Ok(next) = jobs.try_recv()
            {
                batch.push(next);
            }
            self.work(batch);
            if let Err(error) = self.state.lock().tidy() {
                self.log.say(&format!(
                    "certkit: the file of accounts and orders cannot be written anew: {error}"
                ));
            }
        }
    }

    /// Continues with the renewed certificate of the CA. Another CA is not taken: clients have to trust it, and its
    /// certificates are in another part of the ledger.
    fn take_renewed(&mut self) {
        let path = self.ca.path.display();
        let renewed = (self.files.again)(&self.ca).and_then(|renewed| {
            let (old, new) = (self.ca.certified.leaf(), renewed.certified.leaf());
            continues(old, new, SystemClock.now()).map(|()| renewed)
        });
        match renewed {
            Ok(renewed) => {
                let end = renewed.certified.leaf().not_after.date();
                self.log
                    .say(&format!("certkit: {path} was renewed, and is used from now on; it ends on {end}"));
                self.ca = renewed;
                self.not_taken = None;
                let issuer = self.ca.certified.leaf().clone();
                self.state.lock().core.renew_issuer(issuer, sent_chain(&self.ca));
            }
            Err(error) => {
                if self.not_taken.as_ref() != Some(&error) {
                    self.log.say(&format!(
                        "certkit: {path} has changed, and the server stays with the old one: {error}"
                    ));
                }
                self.not_taken = Some(error);
            }
        }
    }

    fn work(&mut self, batch: Vec<Job>) {
        let now = SystemClock.now();
        let (mut issued, mut revoked, mut later) = (Vec::new(), Vec::new(), Vec::new());
        let (mut events, mut synced) = (Vec::new(), Vec::new());
        for job in batch {
            match job {
                Job::Issue(order, client) => match self.issue(&order, now) {
                    Ok(made) => {
                        events.push(made.event.replacing(order.replaces.as_deref()));
                        issued.push((order, made.certificate, client));
                    }
                    Err(failure) => self.refuse(&order, failure, client, now),
                },
                Job::Revoke(order, client) => {
                    revoked.push((order, client));
                }
                Job::Sync(client) => synced.push(client),
                job @ (Job::List(_) | Job::Own(_)) => later.push(job),
            }
        }
        let is_synced =
            (issued.is_empty() && synced.is_empty()) || self.succeeds(self.state.sync(), "synced");
        for client in synced {
            let _ = client.send(is_synced);
        }
        let is_written =
            is_synced && (events.is_empty() || self.succeeds(self.ca.ledger.append(&events), "written"));
        for (order, certificate, client) in issued {
            if is_written {
                self.publish(&order, &certificate, client, now);
            } else {
                self.refuse(&order, None, client, now);
            }
        }
        for (order, client) in revoked {
            let is_written = self.revoke(&order, now);
            let _ = client.send(self.state.lock().core.revoked(&order, is_written));
        }
        for job in later {
            match job {
                Job::List(client) => drop(client.send(self.list(now))),
                Job::Own(client) => drop(client.send(self.renew_own(now))),
                _ => {}
            }
        }
    }

    /// Makes the certificate of an order, and keeps it in the state. The error says what is wrong with the request;
    /// `None`: nothing, and the log has the reason.
    fn issue(&self, order: &IssuanceOrder, now: OffsetDateTime) -> Result<Issued, Option<String>> {
        let names = order.names.iter().map(|name| name.to_certificate_name()).collect();
        let mut profile = LeafProfile::new(names, Purpose::Server, 0);
        profile.end = End::Until(now + self.settings.validity - Duration::SECOND);
        profile.addresses = self.settings.addresses.clone();
        let requested_by = format!("acme {}", order.account);
        let filed = Filed { requested_by: Some(&requested_by), ..Filed::default() };
        let request = Issuance { filed, ..Issuance::leaf(&profile, SubjectKey::Public(&order.spki), now) };
        let issued =
            self.ca.issuer(now).and_then(|issuer| issuer.issue(request)).map_err(|error| match error {
                ca::Error::Refused(findings) => Some(
                    findings.iter().map(|finding| finding.message.clone()).collect::<Vec<_>>().join("; "),
                ),
                error => {
                    self.log.say(&format!("certkit: no certificate was issued: {error}"));
                    None
                }
            })?;
        let mut state = self.state.lock();
        let record = state.core.certificate_made(&order.order, &issued.certificate);
        let kept = record.is_some_and(|record| self.succeeds(state.keep(&[record]), "written"));
        if kept { Ok(issued) } else { Err(None) }
    }

    fn publish(
        &self,
        order: &IssuanceOrder,
        certificate: &Certificate,
        client: oneshot::Sender<Reply>,
        now: OffsetDateTime,
    ) {
        let mut state = self.state.lock();
        let records = state.core.published(&order.order, certificate, now);
        // If this is lost, the next process compares the order with the ledger.
        let _ = self.succeeds(state.keep(&records), "written");
        let reply = state.core.finalized(order);
        drop(state);
        self.log.say(&format!("certkit: issued {} to account {}", certificate.label(), order.account));
        let _ = client.send(reply);
    }

    fn refuse(
        &self,
        order: &IssuanceOrder,
        fault: Option<String>,
        client: oneshot::Sender<Reply>,
        now: OffsetDateTime,
    ) {
        let mut state = self.state.lock();
        let (records, reply) = state.core.not_issued(order, fault, now);
        let _ = self.succeeds(state.keep(&records), "written");
        let _ = client.send(reply);
    }

    /// Enters a revocation into the ledger; `false`: the log says why not. With a compromised key all valid certificates
    /// of that key are revoked.
    fn revoke(&mut self, order: &RevocationOrder, now: OffsetDateTime) -> bool {
        let label = order.certificate.label();
        let request = RevocationRequest {
            target: RevocationTarget::File { certificate: &order.certificate, file: "the sent certificate" },
            reason: order.reason,
            at: now,
            all: false,
            same_names: false,
            files: &*self.files.certificates,
        };
        match self.ca.revoke(&request) {
            Ok(revoked) => {
                self.is_list_old = true;
                let mut state = self.state.lock();
                for one in &revoked.certificates {
                    state.core.know_revoked(&one.certificate.serial);
                }
                drop(state);
                self.log.say(&format!("certkit: revoked {label} ({})", order.reason));
                true
            }
            Err(error) => {
                self.log.say(&format!("certkit: {label} was not revoked: {error}"));
                false
            }
        }
    }

    /// The list in use, or a new one: after a revocation, and when half of its time has passed. While none can be made
    /// the old one is given until its end: clients that get none may refuse every certificate.
    fn list(&mut self, now: OffsetDateTime) -> Option<Arc<RevocationList>> {
        let is_fresh = |list: &RevocationList| now - list.made < (list.next_update - list.made) / 2;
        let is_early = self.list_again.is_some_and(|again| now < again);
        if !is_early && (self.is_list_old || !self.list.as_deref().is_some_and(is_fresh)) {
            self.make_list(now);
        }
        self.list.clone().filter(|list| now < list.next_update)
    }

    /// Makes a new list; the log says why that is not possible. It reads the whole ledger, so strangers must not make it
    /// try at once again.
    fn make_list(&mut self, now: OffsetDateTime) {
        self.list_again = Some(now + LIST_PAUSE);
        let path = self.ca.path.with_extension("crl");
        let made = self.ca.make_lists(&ListRequest {
            days: self.settings.list_days,
            now,
            output: Some(&path),
            replaces_others: false,
            files: &*self.files.lists,
            above: &self.files.above,
        });
        match made {
            Ok(made) => {
                let blocks = pem::scan(&made.text).blocks;
                // The first is this CA's own.
                let (Some(block), Some(own)) = (blocks.first(), made.lists.first()) else { return };
                let next_update = own.next_update.unwrap_or(now);
                self.list =
                    Some(Arc::new(RevocationList { der: block.der.to_vec(), made: now, next_update }));
                (self.is_list_old, self.list_again) = (false, None);
            }
            Err(error) => self.log.say(&format!("certkit: no revocation list was made: {error}")),
        }
    }

    fn renew_own(&self, now: OffsetDateTime) -> Option<CertifiedKey> {
        match self.own.make(&self.ca, now) {
            Ok(pair) => Some(pair),
            Err(error) => {
                self.log.say(&format!("certkit: the server's own certificate was not renewed: {error}"));
                None
            }
        }
    }

    fn succeeds<E: std::fmt::Display>(&self, result: Result<(), E>, what: &str) -> bool {
        if let Err(error) = &result {
            self.log.say(&format!("certkit: could not be {what}: {error}"));
        }
        result.is_ok()
    }
}

/// Whether this certificate continues that of a CA; the error says why not.
fn continues(old: &Certificate, new: &Certificate, now: OffsetDateTime) -> Result<(), String> {
    if old.subject.der != new.subject.der {
        Err("it is another CA".to_owned())
    } else if now < new.not_before {
        Err(format!("it is not valid before {}; it is tried again every minute", new.not_before))
    } else if !new.is_valid_at(now) {
        Err(format!("it ended on {}", new.not_after.date()))
    } else {
        Ok(())
    }
}

/// What goes with a certificate to its client. A root that signs by itself is among it: clients of ACME, such as certbot,
/// insist on a chain of two.
pub(super) fn sent_chain(ca: &SigningCa) -> Vec<Certificate> {
    if ca.bundle.is_empty() { vec![ca.certified.leaf().clone()] } else { ca.bundle.clone() }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::ca::{CaProfile, Subject, make_root};
    use crate::x509::{KeyKind, PrivateKey};

    #[test]
    fn a_certificate_is_not_called_another_ca_for_its_dates() {
        let now = datetime!(2026-11-20 12:00 UTC);
        let root = |name: &str, made| {
            let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
            let profile = CaProfile::root(Subject::common_name(name), 90);
            make_root(&profile, key, made).unwrap().leaf().clone()
        };
        let old = root("CA", now - Duration::days(50));
        let reason = |new: &Certificate| continues(&old, new, now).unwrap_err();
        assert_eq!(continues(&old, &root("CA", now), now), Ok(()));
        assert_eq!(reason(&root("other", now)), "it is another CA");
        let early = reason(&root("CA", now + Duration::days(2)));
        assert!(early.starts_with("it is not valid before 2026-11-2"), "{early}");
        assert!(reason(&root("CA", now - Duration::days(100))).starts_with("it ended on 2026-"));
    }
}
