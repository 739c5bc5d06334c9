//! What is known of a request once it is finished: who asked for what, what came of it, and when. Logs read it;
//! it is made only where there is one.

use std::time::Instant;

use bytes::Bytes;
use http::{HeaderValue, Method, header};

use crate::serve::request::{Client, Request};

/// One request, from its head to the last byte of its response.
#[derive(Debug)]
pub(in crate::serve) struct Record {
    pub(in crate::serve) client: Client,
    pub(in crate::serve) method: Method,
    /// The target as it came.
    pub(in crate::serve) target: Bytes,
    pub(in crate::serve) protocol: Bytes,
    pub(in crate::serve) referer: Option<HeaderValue>,
    pub(in crate::serve) user_agent: Option<HeaderValue>,
    pub(in crate::serve) status: u16,
    /// Bytes of the response's body that were handed over.
    pub(in crate::serve) sent: u64,
    /// Where somebody wants to know.
    times: Option<Times>,
}

#[derive(Debug)]
struct Times {
    begun: Instant,
    head_sent: Option<Instant>,
}

impl Record {
    /// A request that begins now; `None` if nobody will read of it.
    pub(in crate::serve) fn begin(request: &Request, is_logged: bool) -> Option<Self> {
        let is_timed = tracing::enabled!(tracing::Level::DEBUG);
        (is_logged || is_timed).then(|| Self {
            client: request.client.clone(),
            method: request.method.clone(),
            target: request.target.raw.clone(),
            protocol: request.protocol.clone(),
            referer: request.fields.get(header::REFERER).cloned(),
            user_agent: request.fields.get(header::USER_AGENT).cloned(),
            // As in nginx: the client disconnected before there was a response.
            status: 499,
            sent: 0,
            times: is_timed.then(|| Times { begun: Instant::now(), head_sent: None }),
        })
    }

    /// The head of the response is handed over.
    pub(in crate::serve) fn answered(&mut self, status: u16) {
        self.status = status;
        if let Some(times) = &mut self.times {
            times.head_sent = Some(Instant::now());
        }
    }

    /// The response has ended, with so many bytes of body.
    pub(in crate::serve) fn end(&mut self, sent: u64) {
        self.sent = sent;
        if let Some(Times { begun, head_sent }) = &self.times {
            let since_begun = |at: &Instant| at.saturating_duration_since(*begun);
            tracing::debug!(
                method = %self.method,
                target = %self.target.escape_ascii(),
                status = self.status,
                bytes = sent,
                head = ?head_sent.as_ref().map(since_begun),
                whole = ?begun.elapsed(),
                "request"
            );
        }
    }
}
