//! `--forward-auth`: another server says whether a request may pass.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use rustls::ClientConfig;

use crate::serve::config::{ForwardAuthConfig, UpstreamConfig};
use crate::serve::connection::Connection;
use crate::serve::request::Request;
use crate::serve::request::target::RequestTarget;
use crate::serve::response::body::OutgoingBody;
use crate::serve::response::pages::ErrorPage;
use crate::serve::upstream::{Upstream, UpstreamBody};

const METHOD: HeaderName = HeaderName::from_static("x-forwarded-method");
const URI: HeaderName = HeaderName::from_static("x-forwarded-uri");

/// What is about the body, or asks for less than a whole response.
const NOT_ASKED: [HeaderName; 12] = [
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::EXPECT,
    header::IF_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_NONE_MATCH,
    header::IF_RANGE,
    header::IF_UNMODIFIED_SINCE,
    header::RANGE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// The body of a yes is of no use: it is read so that the connection is, for no longer than this.
const LONGEST_YES: usize = 64 * 1024;
const SLOWEST_YES: Duration = Duration::from_secs(1);

/// A server that says who may pass.
#[derive(Debug)]
pub(super) struct ForwardAuth {
    pub(super) config: ForwardAuthConfig,
    server: Upstream,
}

/// What it says.
pub(super) enum Verdict {
    /// The request passes, with these fields.
    Pass(HeaderMap),
    /// This is the response.
    Respond(Response<OutgoingBody>),
}

impl ForwardAuth {
    pub(super) fn new(
        config: &ForwardAuthConfig,
        timeout: Duration,
        tls: Option<&Arc<ClientConfig>>,
    ) -> Self {
        let upstream = UpstreamConfig {
            prefix: String::new(),
            servers: vec![config.server.clone()],
            removes_prefix: false,
        };
        Self { config: config.clone(), server: Upstream::new(&upstream, timeout, tls) }
    }

    /// Asks about a request.
    ///
    /// # Errors
    /// There is no answer, or it says that the server has failed: the request does not pass.
    pub(super) async fn ask(
        &self,
        request: &Request,
        connection: &Arc<Connection>,
    ) -> Result<Verdict, ErrorPage> {
        let (question, told) = self.question(request);
        let response = self.server.ask_about(&question, connection, &told).await.map_err(|error| {
            self.complain(&error.to_string());
            let status = error.status();
            let status = if status == StatusCode::GATEWAY_TIMEOUT { status } else { StatusCode::BAD_GATEWAY };
            ErrorPage::new(status, "the server that knows who may see this does not answer")
        })?;
        let status = response.status();
        if status.is_server_error() {
            self.complain(&format!("it answers with status {}", status.as_u16()));
            return Err(ErrorPage::new(
                StatusCode::BAD_GATEWAY,
                "the server that knows who may see this has failed",
            ));
        }
        if !status.is_success() {
            return Ok(Verdict::Respond(response.map(OutgoingBody::Stream)));
        }
        let (head, body) = response.into_parts();
        read_to_the_end(body).await;
        Ok(Verdict::Pass(head.headers))
    }

    fn complain(&self, reason: &str) {
        let path = if self.config.prefix.is_empty() { "/" } else { &self.config.prefix };
        tracing::error!(
            "--forward-auth {path}: {}: {reason}; nobody can see {path} until it works",
            self.config.server
        );
    }

    /// The request that asks, and what it says of the one that it is about.
    fn question(&self, request: &Request) -> (Request, Vec<(HeaderName, HeaderValue)>) {
        let mut question = request.clone();
        question.method = Method::GET;
        (question.target, _) = RequestTarget::parse(Bytes::copy_from_slice(self.config.target.as_bytes()));
        question.websocket = None;
        for name in NOT_ASKED {
            question.fields.remove(name);
        }
        // RFC 8441: over HTTP/2 a WebSocket is a CONNECT.
        let method = if request.method == Method::CONNECT { &Method::GET } else { &request.method };
        let uri = request.one_uri();
        let values = [(METHOD, method.as_str().as_bytes()), (URI, &uri[..])];
        let told =
            values.into_iter().filter_map(|(name, value)| Some((name, HeaderValue::from_bytes(value).ok()?)));
        (question, told.collect())
    }
}

async fn read_to_the_end(body: UpstreamBody) {
    let whole = Limited::new(body, LONGEST_YES).collect();
    // If it cannot be read, the connection is closed.
    let _ = tokio::time::timeout(SLOWEST_YES, whole).await;
}
