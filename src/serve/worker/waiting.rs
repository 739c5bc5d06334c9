//! The requests that wait for a worker, in order.

use std::collections::VecDeque;

use http::Response;
use tokio::sync::oneshot;

use super::{CallError, ResponseBody, WorkerRequest};

/// Requests that may wait for a worker; more are refused rather than kept.
const WAITING_LIMIT: usize = 8192;

/// Where an answer goes.
pub(super) type Reply = oneshot::Sender<Result<Response<ResponseBody>, CallError>>;

/// A request and where its answer goes.
pub(super) struct Call {
    pub(super) request: WorkerRequest,
    pub(super) reply: Reply,
}

/// The requests that wait for a worker.
#[derive(Default)]
pub(super) struct Waiting {
    calls: VecDeque<Call>,
}

impl Waiting {
    /// Adds a request; refuses it when too many wait.
    pub(super) fn push(&mut self, call: Call) -> Result<(), CallError> {
        if self.calls.len() >= WAITING_LIMIT {
            self.calls.retain(|call| !call.reply.is_closed());
            if self.calls.len() >= WAITING_LIMIT {
                return Err(CallError::Unavailable);
            }
        }
        self.calls.push_back(call);
        Ok(())
    }

    /// These wait before all others.
    pub(super) fn put_first(&mut self, calls: impl DoubleEndedIterator<Item = Call>) {
        for call in calls.rev() {
            self.calls.push_front(call);
        }
    }

    /// The first one whose client is still there.
    pub(super) fn pop(&mut self) -> Option<Call> {
        std::iter::from_fn(|| self.calls.pop_front()).find(|call| !call.reply.is_closed())
    }

    /// Gives all of them up, in order.
    pub(super) fn take(&mut self) -> VecDeque<Call> {
        std::mem::take(&mut self.calls)
    }

    pub(super) fn len(&self) -> usize {
        self.calls.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    #[cfg(test)]
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Call> {
        self.calls.iter()
    }
}
