//! HTTP: a request of a client to a call, and the reply back.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, HeaderName};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use tokio::sync::Semaphore;

use super::registrar::{Desk, Job};
use super::settings::{ChallengeSettings, Log};
use super::state::SharedState;
use super::validation::validate;
use crate::acme_server::{Call, Next, Policy, Reply, Step, Validation};
use crate::sys::clock::{Clock, SystemClock};

/// No honest request is larger: a certificate signing request for 100 names has 10 KiB.
const MOST_BYTES: usize = 64 << 10;
const BODY_LIMIT: Duration = Duration::from_secs(15);
/// Validations of an account at the same time; others wait.
const MOST_VALIDATIONS_OF_ACCOUNT: usize = 4;

/// Where the revocation list is.
pub(super) const LIST_PATH: &str = "/ca.crl";

/// What all connections share.
pub(super) struct Service {
    pub(super) state: SharedState,
    pub(super) desk: Desk,
    policy: Policy,
    challenges: ChallengeSettings,
    validations: Semaphore,
    /// Of the accounts that have some under way.
    validations_of: Mutex<HashMap<String, Arc<Semaphore>>>,
    pub(super) log: Log,
}

impl Service {
    pub(super) fn new(
        state: SharedState,
        desk: Desk,
        policy: Policy,
        challenges: ChallengeSettings,
        most_validations: usize,
        log: Log,
    ) -> Arc<Self> {
        let validations = Semaphore::new(most_validations);
        let validations_of = Mutex::default();
        Arc::new(Self { state, desk, policy, challenges, validations, validations_of, log })
    }

    /// Responds to a request on an https listener.
    pub(super) async fn respond(
        self: &Arc<Self>,
        request: Request<Incoming>,
        client: IpAddr,
    ) -> Response<Full<Bytes>> {
        if request.uri().path() == LIST_PATH {
            return self.list(request.method()).await;
        }
        let (head, body) = request.into_parts();
        let body = if head.method == Method::POST {
            let read = Limited::new(body, MOST_BYTES).collect();
            match tokio::time::timeout(BODY_LIMIT, read).await {
                Ok(Ok(body)) => body.to_bytes(),
                Ok(Err(error)) if error.is::<LengthLimitError>() => {
                    let reply = self.state.lock().core.too_large();
                    return closing(response(reply));
                }
                // Nobody reads a reply any more.
                Ok(Err(_)) => return closing(plain(StatusCode::BAD_REQUEST)),
                Err(_) => return closing(plain(StatusCode::REQUEST_TIMEOUT)),
            }
        } else {
            Bytes::new()
        };
        // The absolute form names the host, too (RFC 9112 section 3.2.2), and then that one counts.
        let authority =
            head.uri.authority().map(http::uri::Authority::as_str).or_else(|| text(&head.headers, &HOST));
        let call = Call {
            method: head.method.as_str(),
            authority: authority.unwrap_or_default(),
            path: head.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str),
            content_type: text(&head.headers, &CONTENT_TYPE),
            body: &body,
            client,
        };
        response(self.handle(&call).await)
    }

    /// Responds on an http listener, which has the revocation list and nothing else: clients fetch it while they
    /// verify a certificate, so it cannot be behind one.
    pub(super) async fn respond_plain(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        if request.uri().path() == LIST_PATH {
            return self.list(request.method()).await;
        }
        plain(StatusCode::NOT_FOUND)
    }

    async fn handle(self: &Arc<Self>, call: &Call<'_>) -> Reply {
        let step = {
            let mut state = self.state.lock();
            let step = state.core.handle(call, SystemClock.now());
            if let Err(error) = state.keep(&step.records) {
                state.core.take_back();
                self.log.say(&format!("certkit: accounts and orders cannot be written: {error}"));
                return state.core.internal_error();
            }
            step
        };
        let Step { durable, validations, next, .. } = step;
        for validation in validations {
            self.begin(validation);
        }
        let failed = || self.state.lock().core.internal_error();
        match next {
            Next::Reply(reply) if durable => match self.desk.ask(Job::Sync).await {
                Some(true) => reply,
                _ => failed(),
            },
            Next::Reply(reply) => reply,
            Next::Issue(order) => {
                self.desk.ask(|client| Job::Issue(order, client)).await.unwrap_or_else(failed)
            }
            Next::Revoke(order) => {
                self.desk.ask(|client| Job::Revoke(order, client)).await.unwrap_or_else(failed)
            }
        }
    }

    /// Validates a challenge, beside everything else.
    pub(super) fn begin(self: &Arc<Self>, validation: Validation) {
        let service = Arc::clone(self);
        tokio::spawn(async move {
            let own = service.validations_of(&validation.account);
            // The semaphores are never closed. Who waits for an own one does not keep others waiting.
            let Ok(_own) = own.acquire().await else { return };
            let Ok(_permit) = service.validations.acquire().await else { return };
            if !service.state.lock().core.is_awaited(&validation, SystemClock.now()) {
                return;
            }
            let result = validate(&validation, &service.policy, &service.challenges).await;
            if let Err(problem) = &result {
                let method = validation.method.as_str();
                service.log.say(&format!("certkit: {method} failed: {}", problem.detail));
            }
            let mut state = service.state.lock();
            let now = SystemClock.now();
            let until = result.as_ref().ok().copied().flatten();
            let mut records = state.core.validated(&validation, result.map(drop), now);
            if let Some(until) = until {
                records.extend(state.core.limit_proof(&validation, until));
            }
            if let Err(error) = state.keep(&records) {
                service.log.say(&format!("certkit: accounts and orders cannot be written: {error}"));
            }
        });
    }

    fn validations_of(&self, account: &str) -> Arc<Semaphore> {
        let mut all = self.validations_of.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, permits| Arc::strong_count(permits) > 1);
        let permits = all.entry(account.to_owned());
        Arc::clone(permits.or_insert_with(|| Arc::new(Semaphore::new(MOST_VALIDATIONS_OF_ACCOUNT))))
    }

    async fn list(&self, method: &Method) -> Response<Full<Bytes>> {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return plain(StatusCode::METHOD_NOT_ALLOWED);
        }
        match self.desk.ask(Job::List).await.flatten() {
            Some(list) => {
                let mut response = Response::new(Full::new(Bytes::from(list.der.clone())));
                // RFC 5280 section 4.2.1.13.
                let kind = HeaderValue::from_static("application/pkix-crl");
                response.headers_mut().insert(CONTENT_TYPE, kind);
                response
            }
            None => plain(StatusCode::SERVICE_UNAVAILABLE),
        }
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

fn plain(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

fn closing(mut response: Response<Full<Bytes>>) -> Response<Full<Bytes>> {
    response.headers_mut().insert(http::header::CONNECTION, HeaderValue::from_static("close"));
    response
}

fn response(reply: Reply) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(reply.body)));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in reply.headers {
        // Our own names and URLs always fit.
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().append(HeaderName::from_static(name), value);
        }
    }
    response
}
