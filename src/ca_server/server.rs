//! Start, run, stop.

use std::collections::HashSet;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::error::Error;
use super::ledger_watch::known;
use super::listener::{accept, bind, connections, validations};
use super::own_certificate::OwnCertificate;
use super::registrar::{CaFiles, Desk, Job, Registrar, sent_chain};
use super::service::{LIST_PATH, Service};
use super::settings::{Log, Settings, authority};
use super::state::SharedState;
use super::state_file::StateFile;
use crate::acme_server::{Config, Core, KnownCertificate, Policy, Unpublished, Validation};
use crate::ca::{self, Event, Filed, IssuedRecord, SigningCa};
use crate::sys::clock::{Clock, SystemClock};
use crate::sys::open_files::raise;
use crate::tls::{AlpnChallenges, CertificateSet, Resolver, TlsOptions, server_config};
use crate::x509::{Certificate, CertifiedKey};

/// How long connections may finish what they began, when the server stops.
const STOP_LIMIT: Duration = Duration::from_secs(10);
/// How often the server looks whether its own certificate is due.
const LOOK_EVERY: Duration = Duration::from_secs(3600);

/// A server that is bound and has read its state.
pub struct Server {
    sockets: Vec<(TcpListener, bool)>,
    tls: Arc<ServerConfig>,
    resolver: Arc<Resolver>,
    own: CertifiedKey,
    service: Parts,
    validations: Vec<Validation>,
    thread: JoinHandle<()>,
    directory: String,
    lists: Vec<String>,
}

/// What the service is made of once there is a runtime.
struct Parts {
    state: SharedState,
    desk: Desk,
    policy: Policy,
    settings: Settings,
    log: Log,
}

impl Server {
    /// Binds, reads ledger and state, heals what a killed process has left, and issues the server's own certificate.
    ///
    /// # Errors
    /// What keeps it from starting; nothing listens then.
    pub fn start(ca: SigningCa, files: CaFiles, settings: Settings, log: Log) -> Result<Self, Error> {
        let now = SystemClock.now();
        let mut sockets = Vec::new();
        for address in &settings.listen {
            sockets.push((bind(*address)?, address.is_https));
        }
        let bound = |is_https: bool| -> Vec<SocketAddr> {
            let sockets = sockets.iter().filter(|(_, https)| *https == is_https);
            sockets.filter_map(|(socket, _)| socket.local_addr().ok()).collect()
        };
        let own = OwnCertificate { hosts: settings.hosts(), named: settings.named_hosts().len() };
        let ports: Vec<u16> = bound(true).iter().map(SocketAddr::port).collect();
        let (authorities, named) = settings.authorities(&ports);
        let first = authorities.first().ok_or(Error::NoHttps)?;
        let directory = format!("https://{first}/directory");
        let host = own.hosts.first().map_or("localhost", String::as_str);
        let lists = bound(false)
            .iter()
            .map(|address| match address.port() {
                80 => format!("http://{}{LIST_PATH}", authority(host, 443)),
                port => format!("http://{}{LIST_PATH}", authority(host, port)),
            })
            .collect();

        let (file, records) = StateFile::open(&settings.state)?;
        let policy = Policy::new(&settings.allow);
        let issuer = ca.certified.leaf().clone();
        let config = Config {
            authorities,
            named,
            policy: policy.clone(),
            issuer: issuer.clone(),
            chain: sent_chain(&ca),
            external_accounts: settings.external_accounts.clone(),
            orders_per_hour: settings.orders_per_hour,
        };
        let mut secret = [0; 32];
        aws_lc_rs::rand::fill(&mut secret).map_err(|_| ca::Error::Random)?;
        let mut core = Core::new(config, &secret);
        let validations = core.restore(records, now);
        let (missing, read_to) = read_ledger(&mut core, &ca, now)?;
        ca.ledger.append(&missing.iter().map(|(_, _, event)| event.clone()).collect::<Vec<_>>())?;
        for (order, certificate, _) in &missing {
            core.published(order, certificate, now);
        }
        let state = SharedState::new(core, file);
        let begun = state.lock().begin_anew();
        begun.map_err(|source| Error::State { action: "write", path: settings.state.clone(), source })?;

        let pair = own.make(&ca, now)?;
        let resolver = Arc::new(Resolver::new(CertificateSet::new([&pair])?, AlpnChallenges::default()));
        let mut tls = (*server_config(Arc::clone(&resolver), TlsOptions::default(), None)?).clone();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let registrar =
            Registrar::new((ca, files, read_to), state.clone(), settings.issuance.clone(), own, log.clone());
        let (desk, thread) = registrar.start().map_err(Error::Start)?;
        let service = Parts { state, desk, policy, settings, log };
        Ok(Self {
            sockets,
            tls: Arc::new(tls),
            resolver,
            own: pair,
            service,
            validations,
            thread,
            directory,
            lists,
        })
    }

    /// The URL that clients are given.
    pub fn directory(&self) -> &str {
        &self.directory
    }

    /// The URLs of the revocation list on the http listeners.
    pub fn lists(&self) -> &[String] {
        &self.lists
    }

    /// Serves until `stop` ends; then requests that have begun are finished, for a few seconds.
    ///
    /// # Errors
    /// When the runtime refuses a socket.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<(), Error> {
        let Parts { state, desk, policy, settings, log } = self.service;
        let open_files = raise(None);
        let most = validations(open_files);
        let service = Service::new(state, desk.clone(), policy, settings.challenges, most, log);
        let (stopping, stopped) = watch::channel(false);
        let most = connections(open_files, self.sockets.len());
        let mut listeners = JoinSet::new();
        for (socket, is_https) in self.sockets {
            let tls = is_https.then(|| Arc::clone(&self.tls));
            listeners.spawn(accept(socket, tls, Arc::clone(&service), most, stopped.clone()));
        }
        for validation in self.validations {
            service.begin(validation);
        }
        let renewal = tokio::spawn(renew(self.own, self.resolver, desk.clone()));
        let mut failed = None;
        tokio::select! {
            () = stop => {}
            Some(Ok(Err(error))) = listeners.join_next() => failed = Some(error),
        }
        let _ = stopping.send(true);
        let finished = async { while listeners.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(STOP_LIMIT, finished).await;
        listeners.abort_all();
        renewal.abort();
        drop((service, desk));
        // It ends when the last task that could ask it has; a validation that is still under way is not waited for.
        let thread = self.thread;
        let _ = tokio::time::timeout(
            Duration::from_secs(1),
            tokio::task::spawn_blocking(move || {
                while !thread.is_finished() {
                    std::thread::sleep(Duration::from_millis(2));
                }
            }),
        )
        .await;
        failed.map_or(Ok(()), |error| Err(Error::Start(error)))
    }
}

/// An order, its certificate, and the line that the ledger lacks.
type Unwritten = (String, Certificate, Event);

/// Tells the protocol which certificates there are. Gives the lines that a killed process did not write any more:
/// orders whose certificate was made, with the certificate; and up to where the ledger was read.
fn read_ledger(
    core: &mut Core,
    ca: &SigningCa,
    now: time::OffsetDateTime,
) -> Result<(Vec<Unwritten>, u64), Error> {
    let issuer = ca.certified.leaf();
    let (records, read_to) = ca.ledger.read_from(0)?;
    let key = issuer.spki_sha256();
    let mut missing = Vec::new();
    for Unpublished { order, account, replaces, certificate } in core.unpublished() {
        let Ok(certificate) = Certificate::from_der(certificate) else { continue };
        let serial = certificate.serial_hex();
        if records.issued.iter().any(|record| record.serial == serial) {
            core.published(&order, &certificate, now);
            continue;
        }
        let requested_by = format!("acme {account}");
        let filed = Filed { requested_by: Some(&requested_by), ..Filed::default() };
        let event = Event::issued(issuer, &certificate, filed).replacing(replaces.as_deref());
        missing.push((order, certificate, event));
    }
    let revoked = records.revoked;
    let revocation = |record: &IssuedRecord| revoked.of(&record.ca, &record.serial);
    let compromised = records
        .issued
        .iter()
        .filter(|record| revocation(record).is_some_and(|(_, reason)| reason.is_about_key()));
    core.know_compromised(compromised.filter_map(|record| record.key_sha256.clone()));
    let valid = records.issued.iter().filter(|record| record.ca == key && record.not_after >= now);
    let of_issuer = records.issued.iter().filter(|record| record.ca == key);
    let replaced: HashSet<_> = of_issuer.filter_map(|record| record.replaces.as_deref()).collect();
    let known = valid.map(|record| {
        let is_replaced = replaced.contains(record.serial.as_str());
        let (serial, certificate) = known(record.clone(), revocation(record).is_some());
        (serial, KnownCertificate { is_replaced, ..certificate })
    });
    core.know(known);
    Ok((missing, read_to))
}

async fn renew(mut pair: CertifiedKey, resolver: Arc<Resolver>, desk: Desk) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        if OwnCertificate::is_due(&pair, SystemClock.now())
            && let Some(new) = desk.ask(Job::Own).await.flatten()
            && let Ok(set) = CertificateSet::new([&new])
        {
            resolver.replace(set);
            pair = new;
        }
    }
}
