//! uwsgi, SCGI, FastCGI and AJP to an upstream: the request as bytes, and who reads the response.

use std::sync::Arc;
use std::time::Duration;

use ::http::Response;
use bytes::Bytes;

use super::ajp::AjpExchange;
use super::body::SentBody;
use super::connect::Duplex;
use super::error::UpstreamError;
use super::fastcgi::StdoutReader;
use super::reading::PlainReader;
use super::response::{ResponseSource, respond, response};
use super::sending::{ID, Sending};
use super::server::{Busy, UpstreamServer};
use super::{Failed, Forwarded, Script, UpstreamBody, connect};
use crate::protocol::fastcgi::{BeginRequest, ParamsWriter, RecordType};
use crate::protocol::{ajp, fastcgi, scgi, uwsgi};
use crate::serve::address::Scheme;
use crate::serve::request::body::Buffered;

/// What is sent before the body. `length` is that of the body, if it is known.
///
/// # Errors
/// [`UpstreamError::TooLarge`], [`UpstreamError::NoLength`].
pub(super) fn encode(
    protocol: Scheme,
    forwarded: Forwarded<'_>,
    length: Option<u64>,
) -> Result<Vec<u8>, UpstreamError> {
    match protocol {
        Scheme::Fcgi => {
            let mut params = ParamsWriter::default();
            forwarded.variables(length, |name, value| params.insert(name, value));
            let mut head = Vec::with_capacity(1024);
            let begin = BeginRequest { role: BeginRequest::RESPONDER, keep_connection: false };
            fastcgi::encode_record(&mut head, RecordType::BeginRequest, ID, &begin.encode());
            fastcgi::encode_stream(&mut head, RecordType::Params, ID, &params.finish());
            Ok(head)
        }
        Scheme::Scgi => {
            let mut head = scgi::RequestWriter::new(length.ok_or(UpstreamError::NoLength)?);
            forwarded.variables(length, |name, value| head.insert(name, value));
            head.finish().map_err(|_| UpstreamError::TooLarge)
        }
        Scheme::Ajp => forwarded.ajp(length),
        // HTTP has its own way.
        Scheme::Uwsgi | Scheme::Suwsgi | Scheme::Http | Scheme::Https => {
            length.ok_or(UpstreamError::NoLength)?;
            let mut pairs = Vec::with_capacity(40);
            forwarded.variables(length, |name, value| pairs.push((name.to_vec(), value.to_vec())));
            let pairs = pairs.iter().map(|(name, value)| (&name[..], &value[..]));
            uwsgi::encode_request(pairs).map_err(|_| UpstreamError::TooLarge)
        }
    }
}

impl Forwarded<'_> {
    /// Visits the variables of the request. The removed prefix is its SCRIPT_NAME.
    fn variables(&self, length: Option<u64>, mut visit: impl FnMut(&[u8], &[u8])) {
        if let Some(script) = self.script {
            let name = format!("{}{}", self.removed_prefix, script.name);
            self.request.gateway_variables(
                &name,
                &script.path_info,
                &self.fields(),
                length,
                |name, value| {
                    if !Script::replaces(name) {
                        visit(name, value);
                    }
                },
            );
            return script.variables(visit);
        }
        self.request.gateway_variables(self.removed_prefix, &self.path(), &self.fields(), length, &mut visit);
    }

    /// The packet of a request by AJP.
    fn ajp(&self, length: Option<u64>) -> Result<Vec<u8>, UpstreamError> {
        let mut fields = self.fields();
        if let Some(length) = length.filter(|&length| length > 0) {
            fields.insert(::http::header::CONTENT_LENGTH, length.into());
        }
        let target = self.target();
        let (uri, query) =
            target.split_once('?').map_or((&target[..], None), |(uri, query)| (uri, Some(query)));
        let request = self.request;
        let port = str::from_utf8(&request.server.port).ok().and_then(|port| port.parse().ok());
        let tls = request.tls.as_ref();
        let (user, auth_type) = (request.variable("REMOTE_USER"), request.variable("AUTH_TYPE"));
        let forward = ajp::ForwardRequest {
            method: request.method.as_str().as_bytes(),
            protocol: &request.protocol,
            uri: uri.as_bytes(),
            remote_address: &request.client.address,
            remote_host: None,
            server_name: request.server_name(),
            server_port: port.unwrap_or(0),
            is_tls: request.https,
            fields: fields.iter().map(|(name, value)| (name.as_str().as_bytes(), value.as_bytes())).collect(),
            attributes: ajp::Attributes {
                query: query.map(str::as_bytes),
                remote_user: user.as_deref(),
                auth_type: auth_type.as_deref(),
                tls_cipher: tls.map(|tls| tls.cipher.as_bytes()),
                ..ajp::Attributes::default()
            },
        };
        let payload = ajp::front::forward(&forward);
        // Servers take longer packets only if their configuration allows it.
        if payload.len() > ajp::LONGEST_PACKET - ajp::PACKET_HEADER {
            return Err(UpstreamError::TooLarge);
        }
        Ok(ajp::front::packet(&payload))
    }
}

/// Sends a request over a new connection, which ends with the response.
pub(super) async fn call(
    server: Arc<UpstreamServer>,
    busy: Busy,
    head: Vec<u8>,
    body: Buffered,
    timeout: Duration,
) -> Result<Response<UpstreamBody>, Failed> {
    let stream = match connect::open(&server, timeout).await {
        Ok(stream) => stream,
        Err(error) => return Err(Failed { error, unsent: Some(body) }),
    };
    let response = exchange(server.address.scheme, stream, head, body, busy, timeout).await;
    response.map_err(|error| Failed { error, unsent: None })
}

async fn exchange(
    protocol: Scheme,
    stream: Box<dyn Duplex>,
    head: Vec<u8>,
    body: Buffered,
    busy: Busy,
    timeout: Duration,
) -> Result<Response<UpstreamBody>, UpstreamError> {
    if protocol == Scheme::Ajp {
        let (head, exchange) = AjpExchange::begin(stream, head, SentBody::new(body), timeout).await?;
        return Ok(response(head, Bytes::new(), ResponseSource::Ajp(exchange), (None, busy)));
    }
    let is_fastcgi = protocol == Scheme::Fcgi;
    let (read, write) = tokio::io::split(stream);
    let sending = Sending::start(write, head, SentBody::new(body), is_fastcgi, timeout);
    let source = if is_fastcgi {
        ResponseSource::FastCgi(StdoutReader::new(read, timeout))
    } else {
        ResponseSource::Plain(PlainReader { stream: read, timeout, protocol })
    };
    respond(source, (Some(sending), busy)).await
}
