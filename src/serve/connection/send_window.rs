//! How much of a response hyper gets before it is sent.
//!
//! hyper takes as much as its buffer holds, and TLS as much again, whether the client takes any or not. So a
//! response waits until what was handed over is in the socket: much at a time for a client that keeps up, little
//! for one that lets the server wait. All of it happens on the connection's task.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;

/// Bytes for a client that lets the server wait: a TLS record.
const SMALLEST: usize = 16 * 1024;

/// Bytes for one that does not: what rustls encrypts at a time by default.
const LARGEST: usize = 64 * 1024;

/// `usize::MAX` bytes, until somebody says what is sent.
#[derive(Debug)]
pub(super) struct SendWindow {
    size: AtomicUsize,
    /// Bytes that were handed over since everything was sent.
    handed: AtomicUsize,
    /// The client let the server wait since then.
    is_blocked: AtomicBool,
    /// A response waits.
    is_waiting: AtomicBool,
    waiting: AtomicWaker,
}

impl SendWindow {
    pub(super) fn new() -> Self {
        Self {
            size: AtomicUsize::new(usize::MAX),
            handed: AtomicUsize::new(0),
            is_blocked: AtomicBool::new(false),
            is_waiting: AtomicBool::new(false),
            waiting: AtomicWaker::new(),
        }
    }

    /// From now on somebody says what is sent.
    pub(super) fn close(&self) {
        self.size.store(LARGEST, Relaxed);
    }

    /// Bytes of the next piece, when there is room for it.
    pub(super) fn poll_next(&self, cx: &Context<'_>) -> Poll<usize> {
        let size = self.size.load(Relaxed);
        if self.handed.load(Relaxed) < size {
            return Poll::Ready(size);
        }
        self.waiting.register(cx.waker());
        self.is_waiting.store(true, Relaxed);
        Poll::Pending
    }

    pub(super) fn hand_over(&self, bytes: usize) {
        self.handed.store(self.handed.load(Relaxed).saturating_add(bytes), Relaxed);
    }

    /// The client lets the server wait.
    pub(super) fn block(&self) {
        self.is_blocked.store(true, Relaxed);
    }

    /// Everything was sent: wakes a response that waits for that.
    pub(super) fn sent(&self) {
        let handed = self.handed.load(Relaxed);
        if handed == 0 {
            return;
        }
        self.handed.store(0, Relaxed);
        let size = self.size.load(Relaxed);
        if self.is_blocked.swap(false, Relaxed) {
            self.size.store(SMALLEST, Relaxed);
        } else if handed >= size {
            self.size.store(size.saturating_mul(2).min(LARGEST), Relaxed);
        }
        if self.is_waiting.swap(false, Relaxed) {
            self.waiting.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::task::{Wake, Waker};

    use super::*;

    /// Counts how often it is woken.
    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    fn next(window: &SendWindow, woken: &Arc<Woken>) -> Poll<usize> {
        window.poll_next(&Context::from_waker(&Waker::from(Arc::clone(woken))))
    }

    /// Hands over what it may, in one piece, which is sent after the client let the server wait, or not.
    fn send(window: &SendWindow, is_blocked: bool) -> usize {
        let woken = Arc::<Woken>::default();
        let Poll::Ready(size) = next(window, &woken) else { panic!("nothing was handed over") };
        window.hand_over(size);
        assert_eq!(next(window, &woken), Poll::Pending);
        if is_blocked {
            window.block();
        }
        window.sent();
        window.sent();
        assert_eq!(woken.0.load(Relaxed), 1);
        size
    }

    #[test]
    fn who_keeps_up_gets_much_and_who_lets_wait_little() {
        let window = SendWindow::new();
        window.close();
        for _ in 0..3 {
            assert_eq!(send(&window, false), LARGEST);
            assert_eq!(send(&window, true), LARGEST);
            assert_eq!(send(&window, true), SMALLEST);
            assert_eq!(send(&window, false), SMALLEST);
            assert_eq!(send(&window, false), 2 * SMALLEST);
        }
    }

    #[test]
    fn small_pieces_change_nothing() {
        let (window, woken) = (SendWindow::new(), Arc::<Woken>::default());
        window.close();
        for _ in 0..100 {
            for _ in 0..3 {
                window.hand_over(100);
                assert_eq!(next(&window, &woken), Poll::Ready(LARGEST));
            }
            window.sent();
        }
        assert_eq!(woken.0.load(Relaxed), 0);
    }

    #[test]
    fn nothing_waits_where_nobody_says_what_is_sent() {
        let (window, woken) = (SendWindow::new(), Arc::<Woken>::default());
        for _ in 0..3 {
            assert_eq!(next(&window, &woken), Poll::Ready(usize::MAX));
            window.hand_over(1 << 40);
        }
    }
}
