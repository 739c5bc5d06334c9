//! What is known of a request once it is finished: who asked for what, who answered, what came of it, and when.
//! Logs read it; where there is none, it is not made, and no clock is read.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderValue, Method, header};

use super::encoder::Encoded;
use crate::serve::log_format::LogFormat;
use crate::serve::request::host::RequestHost;
use crate::serve::request::{Client, Request};
use crate::tls::Session;

/// One request, from its head to the last byte of its response.
#[derive(Debug)]
pub(in crate::serve) struct Record {
    pub(in crate::serve) client: Client,
    pub(in crate::serve) method: Method,
    /// The target as it came.
    pub(in crate::serve) target: Bytes,
    pub(in crate::serve) protocol: Bytes,
    pub(in crate::serve) https: bool,
    /// The client's TLS, where it ends here.
    pub(in crate::serve) tls: Option<Arc<Session>>,
    /// The first host of the site that it is for; `None` for the default site.
    pub(in crate::serve) site: Option<Arc<str>>,
    /// Without its port.
    pub(in crate::serve) host: RequestHost,
    /// REMOTE_USER.
    pub(in crate::serve) user: Option<Bytes>,
    pub(in crate::serve) length: Option<HeaderValue>,
    pub(in crate::serve) referer: Option<HeaderValue>,
    pub(in crate::serve) user_agent: Option<HeaderValue>,
    /// Further fields that the log's format names, in its order.
    pub(in crate::serve) fields: Vec<Option<HeaderValue>>,
    pub(in crate::serve) status: u16,
    /// Bytes of the response's body that were handed over.
    pub(in crate::serve) sent: u64,
    /// How the body was compressed.
    pub(in crate::serve) encoded: Option<Encoded>,
    /// The process id of the worker that answered; `None` for files and the server's own pages.
    pub(in crate::serve) worker: Option<u32>,
    /// When its head had come.
    begun: Instant,
    /// From then until the head of the response was handed over; `None` if there was none.
    pub(in crate::serve) until_head: Option<Duration>,
    /// From then until the last byte of the response was handed over, or the client had disconnected.
    pub(in crate::serve) until_end: Duration,
    /// From the call of the application or upstream until the head of its response; `None` where neither was called.
    pub(in crate::serve) in_backend: Option<Duration>,
}

impl Record {
    /// A request that begins now, for a log of this format; `None` if nobody will read of it.
    pub(in crate::serve) fn begin(request: &Request, format: Option<&LogFormat>) -> Option<Self> {
        let fields =
            |format: &LogFormat| format.fields().map(|name| request.fields.get(name).cloned()).collect();
        (format.is_some() || tracing::enabled!(tracing::Level::DEBUG)).then(|| Self {
            client: request.client.clone(),
            method: request.method.clone(),
            target: request.target.raw.clone(),
            protocol: request.protocol.clone(),
            https: request.https,
            tls: request.tls.clone(),
            site: None,
            host: request.host.clone(),
            user: user(request),
            length: request.fields.get(header::CONTENT_LENGTH).cloned(),
            referer: request.fields.get(header::REFERER).cloned(),
            user_agent: request.fields.get(header::USER_AGENT).cloned(),
            fields: format.map(fields).unwrap_or_default(),
            // As in nginx: the client disconnected before there was a response.
            status: 499,
            sent: 0,
            encoded: None,
            worker: None,
            begun: Instant::now(),
            until_head: None,
            until_end: Duration::ZERO,
            in_backend: None,
        })
    }

    /// Rules and passwords may have said who the client is.
    pub(in crate::serve) fn is_from_user_of(&mut self, request: &Request) {
        if !request.variables.is_empty() {
            self.user = user(request);
        }
    }

    /// The head of the response is handed over.
    pub(in crate::serve) fn answered(&mut self, status: u16) {
        self.status = status;
        self.until_head = Some(self.begun.elapsed());
    }

    /// The response has ended, with so many bytes of body.
    pub(in crate::serve) fn end(&mut self, sent: u64) {
        self.sent = sent;
        self.until_end = self.begun.elapsed();
        tracing::debug!(
            method = %self.method,
            target = %self.target.escape_ascii(),
            site = self.site.as_deref(),
            status = self.status,
            bytes = sent,
            worker = self.worker,
            head = ?self.until_head,
            whole = ?self.until_end,
            "request"
        );
    }
}

/// REMOTE_USER; an empty one, as nginx sends it, is nobody.
fn user(request: &Request) -> Option<Bytes> {
    let is_user = |(name, _): &&(Bytes, Bytes)| name.as_ref() == b"REMOTE_USER";
    let user = request.variables.iter().rfind(is_user).map(|(_, user)| user);
    user.filter(|user| !user.is_empty()).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::request::Client;
    use crate::serve::request::variables::from_variables;

    #[test]
    fn times_count_from_the_head_of_the_request() {
        let variables: [(&[u8], &[u8]); 1] = [(b"REQUEST_URI", b"/")];
        let (request, _) = from_variables(&variables, false, Client::default()).unwrap();
        let pause = || std::thread::sleep(Duration::from_millis(1));
        let mut record = Record::begin(&request, Some(&LogFormat::Combined)).unwrap();
        pause();
        record.answered(200);
        pause();
        record.end(5);
        let until_head = record.until_head.unwrap();
        assert!(until_head >= Duration::from_millis(1));
        assert!(record.until_end >= until_head + Duration::from_millis(1));

        let mut left = Record::begin(&request, Some(&LogFormat::Combined)).unwrap();
        left.end(0);
        assert_eq!((left.status, left.worker, left.until_head), (499, None, None));
    }
}
