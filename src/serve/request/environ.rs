//! From a request to what a worker is given: the variables of PEP 3333, split into those that
//! repeat between the requests of one client (workers remember them) and those that change.

use bytes::Bytes;
use http::header;

use super::Request;
use super::body::Buffered;
use crate::protocol::cgi_vars;
use crate::protocol::marshal::DictWriter;
use crate::serve::config::ScriptName;
use crate::serve::worker::WorkerRequest;

/// Whether the value of a variable repeats between the requests of one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Recurrence {
    Repeated,
    Changing,
}

impl Request {
    /// The request for a worker.
    pub(in crate::serve) fn worker_request(&self, settings: &ScriptName, body: Buffered) -> WorkerRequest {
        let (script_name, path_info) = self.script_name_and_path_info(settings);
        let mut repeated = DictWriter::new();
        let mut changing = DictWriter::new();
        self.variables(script_name, |recurrence, name, value| match recurrence {
            Recurrence::Repeated => repeated.insert(name, value),
            Recurrence::Changing => changing.insert(name, value),
        });
        // A chunked body that is here as a whole has a length now, which many applications need.
        if body.rest.is_none() && !body.first.is_empty() && !self.fields.contains_key(header::CONTENT_LENGTH)
        {
            changing.insert(b"CONTENT_LENGTH", body.first.len().to_string().as_bytes());
        }
        WorkerRequest {
            method: self.method.clone(),
            uri: self.target.raw.clone(),
            path: path_info,
            query: self.target.query.clone(),
            remote_port: self.client.port,
            repeated: repeated.finish(),
            changing: (!changing.is_empty()).then(|| changing.finish()),
            body: body.first,
            rest: body.rest,
        }
    }

    /// Visits every variable but those of the request line (method, path, query, target) and REMOTE_PORT,
    /// which differ from request to request and have places of their own in a worker's message.
    fn variables(&self, script_name: &[u8], mut visit: impl FnMut(Recurrence, &[u8], &[u8])) {
        use Recurrence::{Changing, Repeated};
        visit(Repeated, b"GATEWAY_INTERFACE", b"CGI/1.1");
        visit(Repeated, b"SERVER_SOFTWARE", concat!("certkit/", env!("CARGO_PKG_VERSION")).as_bytes());
        visit(Repeated, b"SCRIPT_NAME", script_name);
        visit(Repeated, b"SERVER_NAME", self.server_name());
        visit(Repeated, b"SERVER_PORT", &self.server.port);
        visit(Repeated, b"SERVER_PROTOCOL", &self.protocol);
        visit(Repeated, b"REMOTE_ADDR", &self.client.address);
        let scheme: &[u8] = if self.https { b"https" } else { b"http" };
        visit(Repeated, b"wsgi.url_scheme", scheme);
        visit(Repeated, b"REQUEST_SCHEME", scheme);
        if self.https {
            visit(Repeated, b"HTTPS", b"on");
        }
        if let Some(tls) = &self.tls {
            visit(Repeated, b"SSL_PROTOCOL", tls.protocol.as_bytes());
            visit(Repeated, b"SSL_CIPHER", tls.cipher.as_bytes());
            if let Some(name) = &tls.server_name {
                visit(Repeated, b"SSL_SERVER_NAME", name.as_bytes());
            }
        }
        self.variables.iter().for_each(|(name, value)| visit(Changing, name, value));
        if !self.host.value().is_empty() {
            visit(Repeated, b"HTTP_HOST", self.host.value());
        }
        cgi_vars::header_variables(&self.fields, |variable| {
            if *variable.header == header::HOST {
                return; // the target may have named another, which counts (RFC 9112 section 3.2.2)
            }
            let recurrence = if variable.is_changing() { Changing } else { Repeated };
            visit(recurrence, variable.name, variable.value);
        });
    }

    /// What the application gets: together they are the path of the target, unless the settings force
    /// another SCRIPT_NAME.
    fn script_name_and_path_info<'s>(&'s self, settings: &'s ScriptName) -> (&'s [u8], Bytes) {
        let path = &self.target.path[..];
        let below = cgi_vars::below(&self.script_name, path);
        let (script_name, path_info) = match &settings.forced {
            None => below.map_or((&b""[..], path), |below| (&self.script_name[..], below)),
            Some(forced) => {
                let forced = forced.strip_suffix('/').unwrap_or(forced).as_bytes();
                let path = below.unwrap_or(path);
                let path_info = self.has_prefix.then(|| cgi_vars::below(forced, path)).flatten();
                (forced, path_info.unwrap_or(path))
            }
        };
        match (script_name, path_info) {
            ([], []) => (script_name, Bytes::from_static(b"/")),
            // It is what the path ends with.
            _ => (script_name, self.target.path.slice(path.len() - path_info.len()..)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::request::Client;
    use crate::serve::request::variables::from_variables;

    #[test]
    fn script_name_and_path_info_are_the_path() {
        // The settings; SCRIPT_NAME and PATH_INFO as sent; as the application gets them.
        for (forced, manage, sent, expected) in [
            (None, false, ("", "/x"), ("", "/x")),
            (None, false, ("/app", "/x"), ("/app", "/x")),
            (None, false, ("/app", ""), ("/app", "")),
            (None, false, ("/app", "/app/x"), ("/app", "/app/x")),
            (None, true, ("/app", "/app/x"), ("/app", "/x")),
            (None, true, ("/app", "/app"), ("/app", "")),
            (None, true, ("/app", "/apple"), ("/app", "/apple")),
            (None, false, ("/app", "/../x"), ("", "/x")),
            (None, false, ("", ""), ("", "/")),
            (Some("/new"), false, ("", "/x"), ("/new", "/x")),
            (Some("/new"), false, ("/old", "/x"), ("/new", "/x")),
            (Some("/new"), false, ("", "/new/x"), ("/new", "/new/x")),
            (Some("/new/"), true, ("", "/new/x"), ("/new", "/x")),
            (Some(""), false, ("/old", ""), ("", "/")),
        ] {
            let settings = ScriptName { forced: forced.map(str::to_owned), manage };
            let variables: [(&[u8], &[u8]); 2] =
                [(b"SCRIPT_NAME", sent.0.as_bytes()), (b"PATH_INFO", sent.1.as_bytes())];
            let (request, _) = from_variables(&variables, manage, Client::default()).unwrap();
            let (script_name, path_info) = request.script_name_and_path_info(&settings);
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            assert_eq!(
                (text(script_name), text(&path_info)),
                (expected.0.into(), expected.1.into()),
                "{sent:?}"
            );
        }
    }
}
