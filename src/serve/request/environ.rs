//! From a request to what a worker is given: the variables of PEP 3333, split into those that
//! repeat between the requests of one client (workers remember them) and those that change.

use bytes::Bytes;
use http::{Version, header};

use super::body::Buffered;
use super::host::RequestHost;
use super::variables::GatewayRequest;
use crate::serve::config::ScriptName;
use crate::serve::connection::Connection;

use crate::protocol::cgi_vars;
use crate::protocol::marshal::DictWriter;
use crate::serve::worker::WorkerRequest;

/// A request as the pipeline has it once its head is accepted.
pub(in crate::serve) struct EnvironSource<'a> {
    pub(in crate::serve) connection: &'a Connection,
    pub(in crate::serve) head: &'a http::request::Parts,
    pub(in crate::serve) host: RequestHost<'a>,
    /// The target's path, decoded once.
    pub(in crate::serve) path: &'a [u8],
    /// The front server's variables, on a gateway listener.
    pub(in crate::serve) gateway: Option<&'a GatewayRequest>,
}

impl EnvironSource<'_> {
    /// The request for a worker.
    pub(in crate::serve) fn worker_request(&self, settings: &ScriptName, body: Buffered) -> WorkerRequest {
        let (script_name, path_info) = self.script_name_and_path_info(settings);
        let mut repeated = DictWriter::new();
        let mut changing = DictWriter::new();
        repeated.insert(b"GATEWAY_INTERFACE", b"CGI/1.1");
        repeated.insert(b"SERVER_SOFTWARE", concat!("certkit/", env!("CARGO_PKG_VERSION")).as_bytes());
        repeated.insert(b"SCRIPT_NAME", script_name);
        self.connection_variables(&mut repeated);
        if let Some(gateway) = self.gateway {
            gateway.other.iter().for_each(|(name, value)| changing.insert(name, value));
        }
        if !self.host.value.is_empty() {
            repeated.insert(b"HTTP_HOST", self.host.value);
        }
        cgi_vars::header_variables(&self.head.headers, |variable| {
            if *variable.header == header::HOST {
                return; // the target may have named another, which counts (RFC 9112 section 3.2.2)
            }
            let part = if variable.is_changing() { &mut changing } else { &mut repeated };
            part.insert(variable.name, variable.value);
        });
        // A chunked body that is here as a whole has a length now, which many applications need.
        if body.rest.is_none()
            && !body.first.is_empty()
            && !self.head.headers.contains_key(header::CONTENT_LENGTH)
        {
            changing.insert(b"CONTENT_LENGTH", body.first.len().to_string().as_bytes());
        }
        let target = self.head.uri.path_and_query().map_or("/", |target| target.as_str());
        let (uri, query, remote_port) = match self.gateway {
            Some(gateway) => (gateway.target.clone(), gateway.query.clone(), gateway.remote_port),
            None => (
                Bytes::copy_from_slice(target.as_bytes()),
                Bytes::copy_from_slice(self.head.uri.query().unwrap_or_default().as_bytes()),
                self.connection.peer_port,
            ),
        };
        WorkerRequest {
            method: self.head.method.clone(),
            uri,
            path: Bytes::copy_from_slice(path_info),
            query,
            remote_port,
            repeated: repeated.finish(),
            changing: (!changing.is_empty()).then(|| changing.finish()),
            body: body.first,
            rest: body.rest,
        }
    }

    /// The variables of connection and host. Behind a front server, the front's values count.
    fn connection_variables(&self, variables: &mut DictWriter) {
        if let Some(gateway) = self.gateway {
            variables.insert(b"SERVER_NAME", &gateway.server_name);
            variables.insert(b"SERVER_PORT", &gateway.server_port);
            variables.insert(b"SERVER_PROTOCOL", &gateway.protocol);
            variables.insert(b"REMOTE_ADDR", &gateway.remote_address);
            scheme_variables(variables, if gateway.https { b"https" } else { b"http" });
            return;
        }
        let name = if self.host.name.is_empty() { b"localhost" } else { self.host.name };
        variables.insert(b"SERVER_NAME", name);
        variables.insert(b"SERVER_PORT", self.connection.server_port.as_bytes());
        let protocol: &[u8] = match self.head.version {
            Version::HTTP_10 => b"HTTP/1.0",
            Version::HTTP_2 => b"HTTP/2.0",
            _ => b"HTTP/1.1",
        };
        variables.insert(b"SERVER_PROTOCOL", protocol);
        variables.insert(b"REMOTE_ADDR", self.connection.peer_address.as_bytes());
        let is_tls = self.connection.tls.is_some();
        scheme_variables(variables, if is_tls { b"https" } else { b"http" });
        if let Some(tls) = &self.connection.tls {
            variables.insert(b"SSL_PROTOCOL", tls.protocol.as_bytes());
            variables.insert(b"SSL_CIPHER", tls.cipher.as_bytes());
            if let Some(name) = &tls.server_name {
                variables.insert(b"SSL_SERVER_NAME", name.as_bytes());
            }
        }
    }

    /// SCRIPT_NAME + PATH_INFO is the decoded path, unless a front server has cut it already.
    fn script_name_and_path_info<'s>(&'s self, settings: &'s ScriptName) -> (&'s [u8], &'s [u8]) {
        let forced = settings.forced.as_deref().map(str::as_bytes);
        let (script_name, path, cut) = match self.gateway {
            Some(gateway) => {
                let script_name = forced.unwrap_or(&gateway.script_name);
                (script_name, &gateway.path_info[..], settings.manage || gateway.under_script_name)
            }
            None => (forced.unwrap_or_default(), self.path, true),
        };
        let script_name = script_name.strip_suffix(b"/").unwrap_or(script_name);
        let path_info = if cut { cgi_vars::below(script_name, path).unwrap_or(path) } else { path };
        match (script_name, path_info) {
            ([], []) => (script_name, b"/"),
            _ => (script_name, path_info),
        }
    }
}

fn scheme_variables(variables: &mut DictWriter, scheme: &[u8]) {
    variables.insert(b"wsgi.url_scheme", scheme);
    variables.insert(b"REQUEST_SCHEME", scheme);
    if scheme == b"https" {
        variables.insert(b"HTTPS", b"on");
    }
}
