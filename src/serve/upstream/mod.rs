//! Servers behind this one: requests are forwarded to them, by HTTP or a gateway protocol.
//!
//! | file | what it does |
//! |---|---|
//! | `mod` | what the pipeline sees: [`Upstream`] |
//! | `server` | one address: whether it works, how busy it is, its idle connections |
//! | `connect` | opening a connection: TCP, unix, TLS |
//! | `fields` | the header fields and the target that a server behind this one is sent |
//! | `http` | HTTP/1.1 |
//! | `idle` | connections by HTTP that are kept |
//! | `gateway` | uwsgi, SCGI, FastCGI and AJP: their requests as bytes |
//! | `fastcgi`, `ajp` | the records and packets of their responses |
//! | `reading`, `sending` | bytes, within the time that an upstream has |
//! | `response` | pieces of bytes from any of them to a `http::Response` |
//! | `tunnel` | a WebSocket, after its handshake |
//! | `script` | the file that a FastCGI server runs |
//! | `body` | the body of a request on its way out |

mod ajp;
mod body;
mod connect;
mod error;
mod fastcgi;
mod fields;
mod gateway;
mod http;
mod idle;
mod reading;
mod response;
mod script;
mod sending;
mod server;
mod tunnel;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ::http::{HeaderName, HeaderValue, Method, Response};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body_util::combinators::UnsyncBoxBody;
use rustls::ClientConfig;

pub(in crate::serve) use self::error::UpstreamError;
pub(in crate::serve) use self::script::Script;
use self::server::UpstreamServer;
use super::address::{ListenAddress, Scheme};
use super::config::UpstreamConfig;
use super::connection::Connection;
use super::request::Request;
use super::request::body::Buffered;

/// The body of a response from an upstream. An error means that it broke off.
pub(in crate::serve) type UpstreamBody = UnsyncBoxBody<Bytes, std::io::Error>;

/// Servers that do the same work.
#[derive(Debug)]
pub(in crate::serve) struct Upstream {
    servers: Vec<Arc<UpstreamServer>>,
    /// Who is asked first among equals.
    next: AtomicUsize,
    /// The beginning of the path that they do not get to see; no slash at its end.
    removed_prefix: String,
    timeout: Duration,
}

/// What of a request goes to an upstream, whatever its protocol.
#[derive(Clone, Copy)]
struct Forwarded<'a> {
    request: &'a Request,
    connection: &'a Arc<Connection>,
    removed_prefix: &'a str,
    script: Option<&'a Script>,
    /// Fields of our own besides.
    added: &'a [(HeaderName, HeaderValue)],
}

impl Upstream {
    /// Servers at the addresses of `config`; `tls` verifies those of https.
    pub(in crate::serve) fn new(
        config: &UpstreamConfig,
        timeout: Duration,
        tls: Option<&Arc<ClientConfig>>,
    ) -> Self {
        let server = |address: &ListenAddress| Arc::new(UpstreamServer::new(address.clone(), tls.cloned()));
        Self {
            servers: config.servers.iter().map(server).collect(),
            next: AtomicUsize::new(0),
            removed_prefix: if config.removes_prefix { config.prefix.clone() } else { String::new() },
            timeout,
        }
    }

    /// Forwards a request. A server that cannot be reached is passed over, and for some seconds not asked
    /// first. A request that a server may have begun to work on goes to another one only if that does no harm
    /// (RFC 9110 section 9.2.2). `script` is what a FastCGI server is to run.
    ///
    /// # Errors
    /// The last server's trouble.
    pub(in crate::serve) async fn call(
        &self,
        request: &Request,
        connection: &Arc<Connection>,
        script: Option<&Script>,
        body: Buffered,
    ) -> Result<Response<UpstreamBody>, UpstreamError> {
        let removed_prefix = &self.removed_prefix;
        self.forward(Forwarded { request, connection, removed_prefix, script, added: &[] }, body).await
    }

    /// Asks about a request that has not passed yet, by another one without a body and with these fields besides.
    ///
    /// # Errors
    /// The last server's trouble.
    pub(in crate::serve) async fn ask_about(
        &self,
        request: &Request,
        connection: &Arc<Connection>,
        added: &[(HeaderName, HeaderValue)],
    ) -> Result<Response<UpstreamBody>, UpstreamError> {
        let forwarded = Forwarded { request, connection, removed_prefix: "", script: None, added };
        self.forward(forwarded, Buffered::whole(Bytes::new())).await
    }

    async fn forward(
        &self,
        forwarded: Forwarded<'_>,
        mut body: Buffered,
    ) -> Result<Response<UpstreamBody>, UpstreamError> {
        if forwarded.is_ambiguous() {
            return Err(UpstreamError::Target);
        }
        let may_repeat = is_idempotent(&forwarded.request.method) && body.rest.is_none();
        let mut trouble = UpstreamError::None;
        for server in self.in_turn() {
            let spare = may_repeat.then(|| body.first.clone());
            match self.ask(Arc::clone(&server), forwarded, body).await {
                Ok(response) => {
                    server.works();
                    return Ok(response);
                }
                Err(failed) => {
                    if failed.error.is_the_servers() {
                        server.fails();
                    }
                    tracing::warn!("upstream {}: {}", server.address, failed.error);
                    trouble = failed.error;
                    body = match (failed.unsent, spare) {
                        (Some(body), _) => body,
                        (None, Some(first)) if trouble.is_the_servers() => Buffered::whole(first),
                        _ => return Err(trouble),
                    };
                }
            }
        }
        Err(trouble)
    }

    /// Whether a WebSocket can pass.
    pub(in crate::serve) fn speaks_http(&self) -> bool {
        self.servers.iter().all(|server| matches!(server.address.scheme, Scheme::Http | Scheme::Https))
    }

    /// Every server once: those that work before those that failed lately, the least busy first.
    fn in_turn(&self) -> Vec<Arc<UpstreamServer>> {
        let count = self.servers.len().max(1);
        let first = self.next.fetch_add(1, Ordering::Relaxed) % count;
        let (before, from) = self.servers.split_at_checked(first).unwrap_or_default();
        let mut servers: Vec<_> = from.iter().chain(before).cloned().collect();
        servers.sort_by_cached_key(|server| (server.has_failed(), server.running()));
        servers
    }

    /// Makes the request for `server`, and what is to be done with it.
    fn ask(
        &self,
        server: Arc<UpstreamServer>,
        forwarded: Forwarded<'_>,
        body: Buffered,
    ) -> BoxFuture<'static, Result<Response<UpstreamBody>, Failed>> {
        let busy = server.begin();
        let timeout = self.timeout;
        match server.address.scheme {
            Scheme::Http | Scheme::Https => match http::request(forwarded, body) {
                Ok(request) => {
                    let websocket = forwarded.websocket();
                    Box::pin(http::call(server, busy, request, websocket, timeout))
                }
                Err(failed) => Box::pin(std::future::ready(Err(failed))),
            },
            protocol => match gateway::encode(protocol, forwarded, body.length) {
                Ok(head) => Box::pin(gateway::call(server, busy, head, body, timeout)),
                Err(error) => Box::pin(std::future::ready(Err(Failed { error, unsent: Some(body) }))),
            },
        }
    }
}

/// A call without a response.
struct Failed {
    error: UpstreamError,
    /// The body, if nothing of the request was sent.
    unsent: Option<Buffered>,
}

/// RFC 9110 section 9.2.2.
fn is_idempotent(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::OPTIONS, Method::PUT, Method::DELETE, Method::TRACE].contains(method)
}
