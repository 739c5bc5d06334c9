//! The requests that wait for a worker, in order.

use std::collections::VecDeque;

use http::Response;
use tokio::sync::oneshot;

use super::{CallError, ResponseBody, WorkerRequest};

/// Requests that may wait for a worker; more are refused rather than kept.
const WAITING_LIMIT: usize = 8192;

/// When so many wait, those whose clients have left are looked for once in so many requests: each
/// pays for a look at eight others.
const SWEEP_EVERY: usize = WAITING_LIMIT / 8;

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
    /// Requests that came since the last look for clients that have left.
    unswept: usize,
    /// What becomes of all that come, when no worker will ever take any.
    closed: Option<CallError>,
}

impl Waiting {
    /// Adds a request; refuses it when too many wait, or when it is [closed](Self::close).
    pub(super) fn push(&mut self, call: Call) -> Result<(), CallError> {
        if let Some(error) = self.closed {
            return Err(error);
        }
        self.unswept += 1;
        if self.calls.len() >= WAITING_LIMIT && self.unswept >= SWEEP_EVERY {
            self.unswept = 0;
            self.calls.retain(|call| !call.reply.is_closed());
        }
        if self.calls.len() >= WAITING_LIMIT {
            return Err(CallError::Unavailable);
        }
        self.calls.push_back(call);
        Ok(())
    }

    /// These wait before all others, however many they are.
    pub(super) fn put_first(&mut self, calls: impl DoubleEndedIterator<Item = Call>) {
        for call in calls.rev() {
            match self.closed {
                Some(error) => drop(call.reply.send(Err(error))),
                None => self.calls.push_front(call),
            }
        }
    }

    /// From now on every request that comes gets this answer at once.
    pub(super) fn close(&mut self, error: CallError) {
        self.closed = Some(error);
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

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    fn call() -> (Call, oneshot::Receiver<Result<Response<ResponseBody>, CallError>>) {
        let (reply, answer) = oneshot::channel();
        let request = WorkerRequest {
            method: Method::GET,
            uri: "/".into(),
            path: "/".into(),
            query: "".into(),
            remote_port: 1,
            repeated: b"{0".to_vec(),
            changing: None,
            body: "".into(),
            rest: None,
        };
        (Call { request, reply }, answer)
    }

    /// Adds requests until one is taken; how many were not.
    fn refused(waiting: &mut Waiting) -> usize {
        let refused = |_: &usize| waiting.push(call().0) == Err(CallError::Unavailable);
        (0..2 * WAITING_LIMIT).take_while(refused).count()
    }

    #[test]
    fn those_that_wait_are_not_looked_through_for_each_that_comes() {
        let mut waiting = Waiting::default();
        let mut answers = Vec::new();
        for _ in 0..WAITING_LIMIT {
            let (call, answer) = call();
            waiting.push(call).unwrap();
            answers.push(answer);
        }
        assert_eq!(waiting.push(call().0), Err(CallError::Unavailable));
        answers.truncate(WAITING_LIMIT - 2);
        assert_eq!(refused(&mut waiting), SWEEP_EVERY - 1);
        assert_eq!(waiting.len(), WAITING_LIMIT - 1);
        answers.clear();
        waiting.push(call().0).unwrap();
        assert_eq!(refused(&mut waiting), SWEEP_EVERY - 2);
        assert_eq!(waiting.len(), 1);
    }
}
