//! An ACME server whose clock the test moves: the protocol of `certkit ca serve` over https, with a CA of its own, and
//! harm where a test wants it. Validations succeed at once, or fail while DNS is broken.

use std::convert::Infallible;
use std::future::pending;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use certkit::internals::acme_server::{
    Call, Config, Core, IssuanceOrder, Next, Policy, Problem, ProblemType, Record, Reply,
};
use certkit::internals::x509::Certificate;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose, SerialNumber};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;
use time::{Duration, OffsetDateTime};
use tokio::sync::oneshot;

use crate::harness::Test;
use crate::pebble::write_https_certificate;

/// As Let's Encrypt's short-lived certificates.
const VALIDITY: Duration = Duration::hours(160);

/// A running server. It ends with the value.
pub(super) struct Server {
    state: Arc<Mutex<State>>,
    pub(super) directory: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Server and CA, and what they have seen.
pub(super) struct State {
    pub(super) now: OffsetDateTime,
    core: Core,
    authority: String,
    ca: Ca,
    kept: Vec<Record>,
    /// Answers 503 to everything.
    pub(super) is_away: bool,
    /// No validation succeeds.
    pub(super) dns_is_broken: bool,
    /// The directory does not name renewal information.
    pub(super) hides_renewal_info: bool,
    /// So many requests are answered; the one after them is acted on, and its answer never comes.
    pub(super) answers_before_silence: Option<usize>,
    pub(super) is_silent: bool,
    pub(super) requests: usize,
    /// New orders, and whether they replace a certificate (RFC 9773 section 5).
    pub(super) orders: Vec<(OffsetDateTime, bool)>,
    /// Certificates, and whether their orders replaced one.
    pub(super) issued: Vec<(OffsetDateTime, bool)>,
    pub(super) failed_validations: Vec<OffsetDateTime>,
    pub(super) new_accounts: Vec<OffsetDateTime>,
}

/// A CA that signs with any validity.
struct Ca {
    issuer: Issuer<'static, KeyPair>,
    certificate: Certificate,
    serial: u64,
}

impl Ca {
    fn new(number: u64) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.distinguished_name.push(rcgen::DnType::CommonName, format!("CA {number} of the year"));
        let certificate = params.self_signed(&key).unwrap();
        let certificate = Certificate::from_der(certificate.der().to_vec()).unwrap();
        Self { issuer: Issuer::new(params, key), certificate, serial: number << 32 }
    }

    fn issue(&mut self, order: &IssuanceOrder, now: OffsetDateTime) -> Certificate {
        let names: Vec<_> = order.names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).unwrap();
        self.serial += 1;
        params.serial_number = Some(SerialNumber::from(self.serial));
        params.use_authority_key_identifier_extension = true;
        (params.not_before, params.not_after) = (now - Duration::HOUR, now + VALIDITY - Duration::HOUR);
        let key = rcgen::SubjectPublicKeyInfo::from_der(&order.spki).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Certificate::from_der(certificate.der().to_vec()).unwrap()
    }
}

impl Server {
    pub(super) fn start(test: &Test, now: OffsetDateTime) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let authority = format!("localhost:{}", listener.local_addr().unwrap().port());
        write_https_certificate(test);
        let chain = CertificateDer::from_pem_file(test.path("pebble/server.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(test.path("pebble/server.key")).unwrap();
        let ca = Ca::new(1);
        let core = core(&authority, &ca, 1);
        let directory = format!("https://{authority}/directory");
        let state = State {
            now,
            core,
            authority,
            ca,
            kept: Vec::new(),
            is_away: false,
            dns_is_broken: false,
            hides_renewal_info: false,
            answers_before_silence: None,
            is_silent: false,
            requests: 0,
            orders: Vec::new(),
            issued: Vec::new(),
            failed_validations: Vec::new(),
            new_accounts: Vec::new(),
        };
        let state = Arc::new(Mutex::new(state));
        let (stop, stopped) = oneshot::channel();
        let served = Arc::clone(&state);
        let thread = thread::spawn(move || serve(&served, listener, chain, key, stopped));
        Self { state, directory, stop: Some(stop), thread: Some(thread) }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        let ended = self.thread.take().map(JoinHandle::join);
        if !thread::panicking() {
            assert!(matches!(ended, Some(Ok(()))), "the server has ended by a panic");
        }
    }
}

impl State {
    /// Another CA signs from now on, and the server has lost what it knew of certificates.
    pub(super) fn change_issuer(&mut self) {
        self.ca = Ca::new(2);
        self.core = core(&self.authority, &self.ca, 2);
        self.core.restore(std::mem::take(&mut self.kept), self.now);
    }

    fn reply(&mut self, call: &Call<'_>) -> Reply {
        let new_order = call.path.ends_with("/new-order");
        let replaces = new_order && payload(call.body)["replaces"].is_string();
        let step = self.core.handle(call, self.now);
        if let Next::Reply(reply) = &step.next
            && reply.status == 201
        {
            if new_order {
                self.orders.push((self.now, replaces));
            } else if call.path.ends_with("/new-account") {
                self.new_accounts.push(self.now);
            }
        }
        self.kept.extend(step.records);
        for validation in step.validations {
            let result = if self.dns_is_broken {
                self.failed_validations.push(self.now);
                Err(Problem::new(ProblemType::Dns, "no name server answers"))
            } else {
                Ok(())
            };
            self.kept.extend(self.core.validated(&validation, result, self.now));
        }
        let reply = match step.next {
            Next::Reply(reply) => reply,
            Next::Issue(order) => {
                let certificate = self.ca.issue(&order, self.now);
                self.kept.extend(self.core.certificate_made(&order.order, &certificate));
                self.kept.extend(self.core.published(&order.order, &certificate, self.now));
                let replaces = self.orders.last().is_some_and(|(_, replaces)| *replaces);
                self.issued.push((self.now, replaces));
                self.core.finalized(&order)
            }
            Next::Revoke(order) => self.core.revoked(&order, true),
        };
        if call.path == "/directory" && self.hides_renewal_info {
            let mut directory: Value = serde_json::from_slice(&reply.body).unwrap();
            directory.as_object_mut().unwrap().remove("renewalInfo");
            return Reply { body: directory.to_string().into_bytes(), ..reply };
        }
        reply
    }
}

fn core(authority: &str, ca: &Ca, number: u8) -> Core {
    let config = Config {
        authorities: vec![authority.to_owned()],
        named: 1,
        policy: Policy::new(&[]),
        issuer: ca.certificate.clone(),
        chain: vec![ca.certificate.clone()],
        external_accounts: None,
        // Let's Encrypt takes 300 in three hours; what comes is counted by the test.
        orders_per_hour: 1000,
    };
    Core::new(config, &[number; 32])
}

/// The payload of a JWS.
fn payload(body: &[u8]) -> Value {
    use base64::Engine as _;
    let jws: Value = serde_json::from_slice(body).unwrap_or_default();
    let payload = jws["payload"].as_str().unwrap_or_default();
    let payload = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap_or_default();
    serde_json::from_slice(&payload).unwrap_or_default()
}

fn serve(
    state: &Arc<Mutex<State>>,
    listener: TcpListener,
    chain: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
    stopped: oneshot::Receiver<()>,
) {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![chain], key)
        .unwrap();
    let tls = tokio_rustls::TlsAcceptor::from(Arc::new(tls));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        listener.set_nonblocking(true).unwrap();
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        let accept = async {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (tls, state) = (tls.clone(), Arc::clone(state));
                tokio::spawn(async move {
                    let Ok(stream) = tls.accept(stream).await else { return };
                    let service = service_fn(|request| respond(Arc::clone(&state), request));
                    // How it ends is the client's matter.
                    let server = hyper::server::conn::http1::Builder::new();
                    let _ = server.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        };
        tokio::select! {
            () = accept => {}
            _ = stopped => {}
        }
    });
}

async fn respond(
    state: Arc<Mutex<State>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let header = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
    let reply = {
        let mut state = locked(&state);
        state.requests += 1;
        if state.is_away {
            let response = Response::builder().status(503).header("retry-after", "120");
            return Ok(response.body(Full::new(Bytes::from_static(b"<p>Back soon.</p>"))).unwrap());
        }
        let authority = header(http::header::HOST).unwrap_or_default();
        let call = Call {
            method: head.method.as_str(),
            authority,
            path: head.uri.path(),
            content_type: header(http::header::CONTENT_TYPE),
            body: &body,
            client: Ipv4Addr::LOCALHOST.into(),
        };
        let reply = state.reply(&call);
        match &mut state.answers_before_silence {
            Some(0) => {
                state.is_silent = true;
                None
            }
            Some(left) => {
                *left -= 1;
                Some(reply)
            }
            None => Some(reply),
        }
    };
    let Some(reply) = reply else { return pending().await };
    let mut response = Response::new(Full::new(Bytes::from(reply.body)));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap();
    for (name, value) in reply.headers {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    Ok(response)
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
