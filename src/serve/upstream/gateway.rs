//! uwsgi, SCGI, FastCGI and AJP to an upstream: the request as bytes, and who reads the response.

use std::sync::Arc;
use std::time::Duration;

use ::http::Response;
use bytes::Bytes;
use http_body_util::BodyExt;
use tokio::io::{AsyncRead, AsyncWriteExt, WriteHalf};
use tokio::task::JoinHandle;

use super::ajp::AjpExchange;
use super::body::SentBody;
use super::connect::Duplex;
use super::error::UpstreamError;
use super::fastcgi::StdoutReader;
use super::response::{PlainReader, ResponseSource, respond};
use super::server::{Busy, Server};
use super::{Failed, Forwarded, UpstreamBody, connect};
use crate::protocol::fastcgi::{BeginRequest, ParamsWriter, RecordType};
use crate::protocol::{ajp, fastcgi, scgi, uwsgi};
use crate::serve::address::Scheme;
use crate::serve::request::body::Buffered;

/// The number of the one request on a FastCGI connection.
const ID: u16 = 1;

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
                tls_cipher: tls.map(|tls| tls.cipher.as_bytes()),
                ..ajp::Attributes::default()
            },
        };
        let payload = ajp::front::forward(&forward);
        // Servers take no longer packets unless they are told to.
        if payload.len() > ajp::LONGEST_PACKET - ajp::PACKET_HEADER {
            return Err(UpstreamError::TooLarge);
        }
        Ok(ajp::front::packet(&payload))
    }
}

/// Sends a request over a new connection, which ends with the response.
pub(super) async fn call(
    server: Arc<Server>,
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
        return AjpExchange::begin(stream, head, SentBody::new(body), busy, timeout).await;
    }
    let is_fastcgi = protocol == Scheme::Fcgi;
    let (read, write) = tokio::io::split(stream);
    let sending = Sending(tokio::spawn(async move {
        // What is wrong shows in the response, which may have come before the whole body was sent.
        if let Err(error) = send(write, head, SentBody::new(body), is_fastcgi, timeout).await {
            tracing::debug!("a request was not sent to its end: {error}");
        }
    }));
    let source = if is_fastcgi {
        ResponseSource::FastCgi(StdoutReader::new(read, timeout))
    } else {
        ResponseSource::Plain(PlainReader { stream: read, timeout, protocol })
    };
    respond(source, (Some(sending), busy)).await
}

/// Ends when the response is read, or nobody wants it.
pub(super) struct Sending(JoinHandle<()>);

impl Drop for Sending {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn send<S: AsyncRead + tokio::io::AsyncWrite>(
    mut stream: WriteHalf<S>,
    head: Vec<u8>,
    mut body: SentBody,
    is_fastcgi: bool,
    timeout: Duration,
) -> std::io::Result<()> {
    let mut record = Vec::new();
    write(&mut stream, &head, timeout).await?;
    while let Some(frame) = body.frame().await {
        // A body that breaks off is not ended: what comes is not a request then.
        let Ok(data) = frame?.into_data() else { continue };
        if !is_fastcgi {
            write(&mut stream, &data, timeout).await?;
            continue;
        }
        for piece in data.chunks(fastcgi::LONGEST_ALIGNED) {
            record.clear();
            fastcgi::encode_record(&mut record, RecordType::Stdin, ID, piece);
            write(&mut stream, &record, timeout).await?;
        }
    }
    if is_fastcgi {
        record.clear();
        fastcgi::encode_record(&mut record, RecordType::Stdin, ID, &[]);
        write(&mut stream, &record, timeout).await?;
    }
    stream.flush().await
}

/// Writes all, while some of it is taken now and then.
async fn write<W: tokio::io::AsyncWrite + Unpin>(
    stream: &mut W,
    bytes: &[u8],
    timeout: Duration,
) -> std::io::Result<()> {
    let mut rest = Bytes::copy_from_slice(bytes);
    while !rest.is_empty() {
        tokio::time::timeout(timeout, stream.write_buf(&mut rest)).await??;
    }
    Ok(())
}
