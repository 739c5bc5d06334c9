//! A request as every listener makes it before the pipeline, whatever it came by; its body; and what of it a
//! worker is given.

pub(super) mod body;
mod check;
pub(super) mod environ;
pub(super) mod forwarded;
pub(super) mod host;
pub(super) mod named;
mod sent_target;
pub(super) mod target;
pub(super) mod variables;
mod websocket;

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, StatusCode, Version};
use hyper::upgrade::OnUpgrade;

use self::check::MessageError;
use self::host::{HostError, RequestHost};
use self::target::{RequestTarget, TargetError};
use super::connection::Connection;
use crate::tls::Session;

/// A request without its body. The listener's protocol is no longer visible in it: behind a front server,
/// what that server says of its client is here.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) client: Client,
    pub(super) server: NamedServer,
    pub(super) https: bool,
    pub(super) host: RequestHost,
    pub(super) method: Method,
    /// SERVER_PROTOCOL: what the client speaks.
    pub(super) protocol: Bytes,
    /// What is spoken on this connection.
    pub(super) version: Version,
    pub(super) target: RequestTarget,
    /// The beginning of the path that a front server assigned to the application; no slash at its end.
    pub(super) script_name: Bytes,
    /// Whether the path still begins with the prefix below which the application is. (A front server may have
    /// removed it.)
    pub(super) has_prefix: bool,
    pub(super) fields: HeaderMap,
    /// Those of them that a rule has set.
    pub(super) set_fields: Vec<HeaderName>,
    /// Further variables of a front server, passed on as they are, such as REMOTE_USER and DOCUMENT_ROOT.
    pub(super) variables: Vec<(Bytes, Bytes)>,
    /// The client's connection, or its stream, once it is to be a WebSocket.
    pub(super) websocket: Option<OnUpgrade>,
    /// The client's TLS, where it ends here.
    pub(super) tls: Option<Arc<Session>>,
    /// Why it is refused. The rest is for the log then.
    pub(super) fault: Option<RequestError>,
}

/// Who makes a request.
#[derive(Clone, Debug, Default)]
pub(super) struct Client {
    /// As text; empty on a unix socket.
    pub(super) address: Bytes,
    /// 0 if there is none.
    pub(super) port: u16,
}

/// Whom a request was made to.
#[derive(Clone, Debug, Default)]
pub(super) struct NamedServer {
    /// SERVER_NAME; `None` for the host of the request.
    pub(super) name: Option<Bytes>,
    pub(super) port: Bytes,
}

/// Why a request is refused, whatever it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum RequestError {
    #[error(transparent)]
    Host(#[from] HostError),
    #[error(transparent)]
    Message(#[from] MessageError),
    #[error(transparent)]
    Target(#[from] TargetError),
}

impl RequestError {
    /// The status to answer with.
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::Host(_) | Self::Target(_) => StatusCode::BAD_REQUEST,
            Self::Message(error) => error.status(),
        }
    }
}

impl Request {
    /// The request that came by HTTP.
    pub(super) fn from_http(connection: &Connection, mut head: http::request::Parts) -> Self {
        let websocket = websocket::wanted(&mut head);
        let (target, resolved) = RequestTarget::from_uri(&head.uri);
        let (host, named) = match host::required(&head) {
            Ok(host) => (host, Ok(())),
            Err(error) => (RequestHost::default(), Err(error)),
        };
        let fault = check::message(&head, connection.tls.is_some())
            .map_err(RequestError::from)
            .and_then(|()| named.map_err(RequestError::from))
            .and_then(|()| resolved.map_err(RequestError::from))
            .err();
        let protocol: &'static [u8] = match head.version {
            Version::HTTP_10 => b"HTTP/1.0",
            Version::HTTP_2 => b"HTTP/2.0",
            _ => b"HTTP/1.1",
        };
        Self {
            client: Client::peer(connection),
            server: NamedServer { name: None, port: connection.server_port.clone() },
            https: connection.tls.is_some(),
            host,
            method: head.method,
            protocol: Bytes::from_static(protocol),
            version: head.version,
            target,
            script_name: Bytes::new(),
            has_prefix: true,
            fields: head.headers,
            set_fields: Vec::new(),
            variables: Vec::new(),
            websocket,
            tls: connection.tls.clone(),
            fault,
        }
    }

    /// UWSGI_APPID: the application that a front server chooses.
    pub(super) fn application_id(&self) -> Option<&[u8]> {
        let is_id = |(name, value): &&(Bytes, Bytes)| name.as_ref() == b"UWSGI_APPID" && !value.is_empty();
        self.variables.iter().find(is_id).map(|(_, id)| id.as_ref())
    }

    /// The name of the host that it is for: a front server may name it in SERVER_NAME alone.
    pub(super) fn host_name(&self) -> &[u8] {
        match &self.server.name {
            Some(name) if self.host.name().is_empty() => name,
            _ => self.host.name(),
        }
    }

    /// SERVER_NAME, which is never empty.
    pub(super) fn server_name(&self) -> &[u8] {
        match &self.server.name {
            Some(name) => name,
            None if self.host.name().is_empty() => b"localhost",
            None => self.host.name(),
        }
    }
}

impl Client {
    /// The other end of the connection.
    pub(super) fn peer(connection: &Connection) -> Self {
        Self { address: connection.peer_address.clone(), port: connection.peer_port }
    }
}
