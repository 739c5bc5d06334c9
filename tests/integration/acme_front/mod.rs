//! A front before an ACME server: it sees every request, and does harm where a test wants it.
//!
//! ```text
//! certkit ──https──> Front ──https──> Pebble
//! ```
//!
//! Pebble builds the addresses in its answers from the `Host` that it is called by, and compares them with the
//! signed ones. So the front passes on its own, and certkit comes back here with every request. What Debian's Pebble
//! lacks is added on the way: renewal information (RFC 9773), profiles, `replaces`.
//!
//! ```text
//! let front = Front::start(&test, &pebble);
//! front.on(Class::Finalize, Fault::Lose);
//! front.obtain(&["a.test"]).exits(0);
//! assert_eq!(front.count(Class::Finalize), 2);
//! ```
//!
//! When it goes it holds that no nonce and no signed request came twice (RFC 8555 section 6.5).

mod exchange;
mod extras;
mod proxy;
mod rules;

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;
use tokio::sync::oneshot;

pub(crate) use self::exchange::{Class, Exchange};
use self::extras::Extras;
pub(crate) use self::extras::RenewalInfo;
use self::proxy::Proxy;
use self::rules::Rule;
pub(crate) use self::rules::{Fault, LocationForm};
use crate::harness::{Program, Ran, Test, certkit, eventually};
use crate::pebble::Pebble;
use crate::process::Process;

/// A running front. It ends with the value.
pub(crate) struct Front<'a> {
    test: &'a Test,
    args: Vec<String>,
    directory: String,
    state: Arc<Mutex<State>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What the test and the connections share.
#[derive(Default)]
struct State {
    rules: Vec<Rule>,
    seen: exchange::Seen,
    extras: Extras,
    /// Requests that wait in a [`Fault::HoldRequest`] or [`Fault::HoldAnswer`].
    held: usize,
}

impl<'a> Front<'a> {
    /// Starts one before Pebble, with the same https certificate and the same challenge port.
    pub(crate) fn start(test: &'a Test, pebble: &Pebble<'_>) -> Self {
        let args = pebble.args();
        Self::before(test, &pebble.directory(), &pebble.https_ca(), "pebble/server", args)
    }

    /// Starts one before any ACME server, whose own https certificate `ca` vouches for. The front's own is
    /// `CERTIFICATE.pem` with `CERTIFICATE.key`. `args` are what certkit needs beside `--server`.
    pub(crate) fn before(
        test: &'a Test,
        directory: &str,
        ca: &Path,
        certificate: &str,
        mut args: Vec<String>,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let authority = format!("localhost:{}", listener.local_addr().unwrap().port());
        let upstream = reqwest::Url::parse(directory).unwrap();
        let own_directory = format!("https://{authority}{}", upstream.path());
        args.retain(|arg| !arg.starts_with("--server="));
        args.push(format!("--server={own_directory}"));

        let state = Arc::new(Mutex::new(State::default()));
        locked(&state).seen.learn(upstream.path(), Class::Directory);
        let chain = CertificateDer::from_pem_file(test.path(format!("{certificate}.pem"))).unwrap();
        let key = PrivateKeyDer::from_pem_file(test.path(format!("{certificate}.key"))).unwrap();
        let proxy = Proxy::new(&upstream, ca, authority, Arc::clone(&state));
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn(move || proxy.run(listener, chain, key, stopped));
        test.note(&format!("a front at {own_directory} before {directory}"));
        Self { test, args, directory: own_directory, state, stop: Some(stop), thread: Some(thread) }
    }

    /// The directory's address here.
    pub(crate) fn directory(&self) -> &str {
        &self.directory
    }

    /// What every certkit command with this server needs: challenge port, `--server`, `--ca-roots`, `--state`.
    pub(crate) fn args(&self) -> Vec<String> {
        self.args.clone()
    }

    /// `certkit acme obtain ARGS...` through this front, not started yet.
    pub(crate) fn program(&self, args: &[&str]) -> Program<'a> {
        let program = self.test.program(certkit()).args(["acme", "obtain", "--agree-tos"]);
        program.args(args).args(self.args())
    }

    /// Runs `certkit acme obtain ARGS...` through this front.
    pub(crate) fn obtain(&self, args: &[&str]) -> Ran {
        self.program(args).run()
    }

    // --- harm ---

    /// Does harm to the next request of a class.
    pub(crate) fn on(&self, class: Class, fault: Fault) {
        self.on_times(class, 1, fault);
    }

    /// Does harm to the `nth` request of a class from now on, counted from 1.
    pub(crate) fn on_nth(&self, class: Class, nth: usize, fault: Fault) {
        self.state().rules.push(Rule { class, path: None, skip: nth - 1, times: 1, fault });
    }

    /// Does harm to the next so many requests of a class.
    pub(crate) fn on_times(&self, class: Class, times: usize, fault: Fault) {
        self.state().rules.push(Rule { class, path: None, skip: 0, times, fault });
    }

    /// Does harm to every request of a class.
    pub(crate) fn always(&self, class: Class, fault: Fault) {
        self.on_times(class, usize::MAX, fault);
    }

    /// Does harm to every request of a class for the address that the last one was for.
    #[track_caller]
    pub(crate) fn always_there(&self, class: Class, fault: Fault) {
        let mut state = self.state();
        let last = state.seen.exchanges.iter().rev().find(|exchange| exchange.class == class);
        let path = Some(last.expect("a request of the class").path.clone());
        state.rules.push(Rule { class, path, skip: 0, times: usize::MAX, fault });
    }

    /// No harm any more. Requests that are held stay held.
    pub(crate) fn be_kind(&self) {
        self.state().rules.clear();
    }

    /// Waits until a request is held by [`Fault::HoldRequest`] or [`Fault::HoldAnswer`]: the place to kill a client.
    #[track_caller]
    pub(crate) fn wait_until_held(&self) {
        eventually("a request is held", || (self.state().held > 0).then_some(()));
    }

    /// Waits until a request is held, or the client ends without one; whether one is held.
    #[track_caller]
    pub(crate) fn holds_before_the_end(&self, client: &mut Process) -> bool {
        eventually("a request is held, or the client ends", || {
            let is_held = self.state().held > 0;
            (is_held || client.ended().is_some()).then_some(is_held)
        })
    }

    // --- what Pebble lacks ---

    /// Answers for every certificate's renewal information (RFC 9773), and names it in the directory.
    pub(crate) fn set_renewal_info(&self, info: RenewalInfo) {
        self.state().extras.renewal_info = Some(info);
    }

    /// Names these profiles in the directory, with words for people; orders for others are refused.
    pub(crate) fn offer_profiles(&self, profiles: &[(&str, &str)]) {
        self.state().extras.offer_profiles(profiles);
    }

    /// Refuses `replaces` in every order as `alreadyReplaced`, as if another order had taken the place.
    pub(crate) fn all_are_replaced(&self) {
        self.state().extras.all_are_replaced = true;
    }

    /// Refuses every order with `replaces` with this status, kind and words.
    pub(crate) fn refuse_replaces(&self, status: u16, kind: &'static str, detail: &'static str) {
        self.state().extras.replaces_refused = Some((status, kind, detail));
    }

    // --- what was seen ---

    /// How many requests of a class came.
    pub(crate) fn count(&self, class: Class) -> usize {
        self.state().seen.exchanges.iter().filter(|exchange| exchange.class == class).count()
    }

    /// How many requests came.
    pub(crate) fn requests(&self) -> usize {
        self.state().seen.exchanges.len()
    }

    /// To how many requests harm was done.
    pub(crate) fn faults(&self) -> usize {
        self.state().seen.exchanges.iter().filter(|exchange| exchange.fault).count()
    }

    /// All requests so far.
    pub(crate) fn exchanges(&self) -> Vec<Exchange> {
        self.state().seen.exchanges.clone()
    }

    /// What the requests of a class said: the decoded payloads, `null` for a POST-as-GET.
    pub(crate) fn payloads(&self, class: Class) -> Vec<Value> {
        let of_class = |exchange: Exchange| (exchange.class == class).then_some(exchange.payload);
        self.exchanges().into_iter().filter_map(of_class).collect()
    }

    /// Something did come twice, as the test wanted.
    #[track_caller]
    pub(crate) fn seen_twice(&self, what: &str) {
        let repeated = std::mem::take(&mut self.state().seen.repeated);
        assert!(repeated.iter().any(|one| one.contains(what)), "not twice: {what}");
    }

    fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }
}

impl Drop for Front<'_> {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        let ended = self.thread.take().map(JoinHandle::join);
        let seen = &self.state().seen;
        if thread::panicking() {
            for exchange in &seen.exchanges {
                eprintln!("{exchange}");
            }
        } else {
            assert!(matches!(ended, Some(Ok(()))), "the front has ended by a panic");
            assert!(seen.repeated.is_empty(), "{:#?}", seen.repeated);
        }
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
