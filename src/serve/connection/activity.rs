//! What a connection is doing, and how long it may continue.
//!
//! The parts of a connection note here what they wait for; the connection's task keeps one timer
//! for the earliest deadline. A timer per wait would cost more than the request it guards.

use std::collections::HashMap;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_util::task::AtomicWaker;

use super::send_window::SendWindow;
use super::write_rate::WriteRate;
use crate::serve::config::Limits;
use crate::sys::socket;

/// Time for an idle connection to close when its place is needed.
const PARTING: Duration = Duration::from_secs(1);

const NEVER: u64 = u64::MAX;

/// For the next byte in either direction after an upgrade, when what is spoken has its own signs of
/// life: those of WebSocket servers come every 20 to 60 seconds.
const TUNNEL_TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// Shared by all parts of one connection. Times are milliseconds since its beginning.
#[derive(Debug)]
pub(in crate::serve) struct Activity {
    beginning: Instant,
    keepalive: Duration,
    header_timeout: Duration,
    write_timeout: Duration,
    tunnel_timeout: Duration,
    /// Requests that have begun and not ended.
    open: AtomicUsize,
    /// Requests that were ended: the answer is handed over for sending, or given up.
    ended: AtomicUsize,
    idle_until: AtomicU64,
    head_until: AtomicU64,
    write_until: AtomicU64,
    write_rate: WriteRate,
    send_window: SendWindow,
    /// The descriptor of the client's socket; -1 if there is none.
    socket: AtomicI32,
    /// Bytes in the socket's queue when the client was last looked at.
    queued: AtomicU64,
    /// Streams whose client lets them wait, each with its deadline. (On HTTP/1.1 the socket shows
    /// that, but HTTP/2 has flow control for each stream.)
    streams: Mutex<HashMap<u64, u64>>,
    /// No later than the earliest of them.
    streams_until: AtomicU64,
    /// Its place is needed for another.
    closing: AtomicBool,
    /// The connection's task, for what other tasks want of it.
    task: AtomicWaker,
    /// Something else than HTTP is spoken from here on.
    upgraded: AtomicBool,
    /// The socket is closed.
    gone: AtomicBool,
    /// A response was cut off: the client must not take it as complete.
    broken: AtomicBool,
    /// The request that is running was received whole.
    received: AtomicBool,
    /// The status with which the guard rejected the client.
    rejected_with: OnceLock<u16>,
}

/// Which wait has lasted too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::serve) enum Overdue {
    Idle,
    /// A head is not complete.
    Head,
    /// The client takes nothing of its answer, or too little.
    Write,
}

impl Activity {
    /// A connection that has just begun: the first head must come within the header timeout.
    pub(in crate::serve) fn new(limits: &Limits) -> Self {
        let activity = Self {
            beginning: Instant::now(),
            keepalive: limits.keepalive,
            header_timeout: limits.header_timeout,
            write_timeout: limits.write_timeout,
            tunnel_timeout: TUNNEL_TIMEOUT,
            open: AtomicUsize::new(0),
            ended: AtomicUsize::new(0),
            idle_until: AtomicU64::new(NEVER),
            head_until: AtomicU64::new(NEVER),
            write_until: AtomicU64::new(NEVER),
            write_rate: WriteRate::new(limits.write_timeout),
            send_window: SendWindow::new(),
            socket: AtomicI32::new(-1),
            queued: AtomicU64::new(0),
            streams: Mutex::default(),
            streams_until: AtomicU64::new(NEVER),
            closing: AtomicBool::new(false),
            task: AtomicWaker::new(),
            upgraded: AtomicBool::new(false),
            gone: AtomicBool::new(false),
            broken: AtomicBool::new(false),
            received: AtomicBool::new(false),
            rejected_with: OnceLock::new(),
        };
        activity.set(&activity.idle_until, limits.header_timeout);
        activity
    }

    /// The request's number on this connection.
    pub(in crate::serve) fn request_begins(&self) -> u64 {
        let open = self.open.fetch_add(1, Relaxed);
        self.idle_until.store(NEVER, Relaxed);
        (open + self.ended()) as u64
    }

    /// Whether all of the request is here, where there is one at a time.
    pub(in crate::serve) fn receives(&self, is_whole: bool) {
        self.received.store(is_whole, Relaxed);
    }

    pub(in crate::serve) fn is_received(&self) -> bool {
        self.received.load(Relaxed)
    }

    pub(in crate::serve) fn request_ends(&self) {
        self.ended.fetch_add(1, Relaxed);
        if self.open.fetch_sub(1, Relaxed) == 1 {
            self.set(&self.idle_until, self.keepalive);
        }
    }

    /// Requests that were ended so far.
    pub(in crate::serve) fn ended(&self) -> usize {
        self.ended.load(Relaxed)
    }

    /// A head has begun and is not complete.
    pub(in crate::serve) fn head_waits(&self) {
        if self.head_until.load(Relaxed) == NEVER {
            self.set(&self.head_until, self.header_timeout);
            self.idle_until.store(NEVER, Relaxed);
        }
    }

    /// A head is complete.
    pub(in crate::serve) fn head_came(&self) {
        self.head_until.store(NEVER, Relaxed);
    }

    /// The socket whose queue tells how much the client takes.
    pub(in crate::serve) fn watches(&self, socket: RawFd) {
        self.socket.store(socket, Relaxed);
    }

    fn unacknowledged(&self) -> Option<u64> {
        socket::unacknowledged(self.socket.load(Relaxed))
    }

    /// Whether the client takes enough although nothing can be written: the system says that there is
    /// room only when a third of the socket's buffer is free, which can be a megabyte. `now` is in
    /// milliseconds.
    fn still_takes(&self, now: u64) -> bool {
        let Some(queued) = self.unacknowledged() else { return false };
        let taken = self.queued.swap(queued, Relaxed).saturating_sub(queued);
        self.write_rate.goes_on(now, usize::try_from(taken).unwrap_or(usize::MAX));
        let until = self.write_rate.waits(now);
        self.write_until.store(until, Relaxed);
        until > now
    }

    /// The client takes nothing.
    pub(in crate::serve) fn write_waits(&self) {
        if self.write_until.load(Relaxed) == NEVER {
            self.write_until.store(self.write_rate.waits(self.after(Duration::ZERO)), Relaxed);
            self.queued.store(self.unacknowledged().unwrap_or(0), Relaxed);
        }
    }

    /// The client took so many bytes.
    pub(in crate::serve) fn write_goes_on(&self, bytes: usize) {
        if self.write_until.load(Relaxed) != NEVER {
            self.write_until.store(NEVER, Relaxed);
            self.write_rate.goes_on(self.after(Duration::ZERO), bytes);
        } else {
            self.write_rate.takes(bytes);
        }
    }

    /// [`sends_wait`](Self::sends_wait) and [`all_sent`](Self::all_sent) are called from now on.
    pub(in crate::serve) fn notes_sends(&self) {
        self.send_window.close();
    }

    /// On HTTP/1: bytes of the next piece of a response, when what was handed over is sent.
    pub(in crate::serve) fn poll_next_piece(&self, cx: &Context<'_>) -> Poll<usize> {
        self.send_window.poll_next(cx)
    }

    /// On HTTP/1: a piece of a response was handed over.
    pub(in crate::serve) fn hand_over(&self, bytes: usize) {
        self.send_window.hand_over(bytes);
    }

    /// The client takes nothing, and what was handed over waits.
    pub(in crate::serve) fn sends_wait(&self) {
        self.send_window.block();
    }

    /// What was handed over is in the socket.
    pub(in crate::serve) fn all_sent(&self) {
        self.send_window.sent();
    }

    /// A piece of a response was handed over on a stream; the client has to take it in time.
    pub(in crate::serve) fn stream_waits(&self, stream: u64) {
        let until = self.after(self.write_timeout);
        self.streams().insert(stream, until);
        self.streams_until.fetch_min(until, Relaxed);
    }

    /// The client took it, or the stream has ended.
    pub(in crate::serve) fn stream_goes_on(&self, stream: u64) {
        self.streams().remove(&stream);
    }

    /// Since when the connection has had no request, if it has none; `None` too when it has been told
    /// to close.
    pub(in crate::serve) fn idle_since(&self) -> Option<Instant> {
        let until = self.idle_until.load(Relaxed);
        if until == NEVER || self.is_closing() || self.is_upgraded() {
            return None;
        }
        let timeout = if self.ended() == 0 { self.header_timeout } else { self.keepalive };
        let since = until.saturating_sub(u64::try_from(timeout.as_millis()).unwrap_or(NEVER));
        self.beginning.checked_add(Duration::from_millis(since))
    }

    /// Tells an idle connection to close: at once, but properly. A request that begins meanwhile is
    /// answered first.
    pub(in crate::serve) fn close(&self) {
        let until = self.idle_until.load(Relaxed);
        let soon = self.after(PARTING).min(until);
        if until == NEVER || self.idle_until.compare_exchange(until, soon, Relaxed, Relaxed).is_err() {
            return;
        }
        self.closing.store(true, Relaxed);
        self.task.wake();
    }

    pub(in crate::serve) fn is_closing(&self) -> bool {
        self.closing.load(Relaxed)
    }

    /// Makes the task of `context` the one that is woken when the connection has to close.
    pub(in crate::serve) fn wakes(&self, context: &Context<'_>) {
        self.task.register(context.waker());
    }

    /// Waits until the connection has to close.
    pub(in crate::serve) async fn closes(&self) {
        std::future::poll_fn(|context| {
            self.wakes(context);
            if self.is_closing() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// The client gets a 101 (RFC 9110 section 7.8): what it sends from now on is not HTTP.
    pub(in crate::serve) fn upgrade(&self) {
        self.upgraded.store(true, Relaxed);
    }

    pub(in crate::serve) fn is_upgraded(&self) -> bool {
        self.upgraded.load(Relaxed)
    }

    pub(in crate::serve) fn tunnel_timeout(&self) -> Duration {
        self.tunnel_timeout
    }

    /// The socket is closed.
    pub(in crate::serve) fn leave(&self) {
        self.gone.store(true, Relaxed);
        self.task.wake();
    }

    /// Waits for the end of an upgraded connection.
    pub(in crate::serve) async fn gone(&self) {
        std::future::poll_fn(|context| {
            self.wakes(context);
            if self.gone.load(Relaxed) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    #[cfg(test)]
    pub(in crate::serve) fn with_tunnel_timeout(self, tunnel_timeout: Duration) -> Self {
        Self { tunnel_timeout, ..self }
    }

    pub(in crate::serve) fn break_off(&self) {
        self.broken.store(true, Relaxed);
    }

    pub(in crate::serve) fn is_broken(&self) -> bool {
        self.broken.load(Relaxed)
    }

    pub(in crate::serve) fn reject(&self, status: u16) {
        // Nothing follows a rejection, so the first is the only one.
        let _ = self.rejected_with.set(status);
    }

    pub(in crate::serve) fn rejected_with(&self) -> Option<u16> {
        self.rejected_with.get().copied()
    }

    pub(in crate::serve) fn deadline(&self) -> Option<Instant> {
        let earliest = [&self.idle_until, &self.head_until, &self.write_until, &self.streams_until]
            .map(|until| until.load(Relaxed))
            .into_iter()
            .min()
            .filter(|&until| until != NEVER)?;
        self.beginning.checked_add(Duration::from_millis(earliest))
    }

    /// What is overdue at `now`, the most harmful first.
    pub(in crate::serve) fn overdue(&self, now: Instant) -> Option<Overdue> {
        let now = now.saturating_duration_since(self.beginning).as_millis();
        let now = u64::try_from(now).unwrap_or(NEVER);
        let is_over = |until: &AtomicU64| {
            let until = until.load(Relaxed);
            until != NEVER && until <= now
        };
        if is_over(&self.streams_until) {
            let earliest = self.streams().values().copied().min().unwrap_or(NEVER);
            self.streams_until.store(earliest, Relaxed);
        }
        if is_over(&self.streams_until) || (is_over(&self.write_until) && !self.still_takes(now)) {
            Some(Overdue::Write)
        } else if is_over(&self.head_until) {
            Some(Overdue::Head)
        } else if is_over(&self.idle_until) {
            Some(Overdue::Idle)
        } else {
            None
        }
    }

    fn set(&self, until: &AtomicU64, timeout: Duration) {
        until.store(self.after(timeout), Relaxed);
    }

    fn after(&self, timeout: Duration) -> u64 {
        let at = self.beginning.elapsed().saturating_add(timeout).as_millis();
        u64::try_from(at).unwrap_or(NEVER)
    }

    fn streams(&self) -> std::sync::MutexGuard<'_, HashMap<u64, u64>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_follow_what_happens() {
        let limits = Limits { header_timeout: Duration::from_secs(5), ..Limits::default() };
        let activity = Activity::new(&limits);
        let after = |seconds| Instant::now() + Duration::from_secs(seconds);
        assert_eq!(activity.overdue(after(4)), None);
        assert_eq!(activity.overdue(after(6)), Some(Overdue::Idle));
        activity.head_waits();
        assert_eq!(activity.overdue(after(6)), Some(Overdue::Head));
        activity.head_came();
        activity.request_begins();
        assert_eq!(activity.deadline(), None);
        activity.write_waits();
        assert_eq!(activity.overdue(after(31)), Some(Overdue::Write));
        activity.write_goes_on(1);
        assert_eq!(activity.overdue(after(31)), None);
        activity.request_ends();
        assert_eq!((activity.ended(), activity.overdue(after(59))), (1, None));
        assert_eq!(activity.overdue(after(61)), Some(Overdue::Idle));
    }

    /// The system offers room for writing only when much of it is free.
    #[test]
    fn a_client_that_takes_little_at_a_time_is_not_taken_for_one_that_takes_nothing() {
        use std::io::{Read, Write};
        use std::net::{TcpListener, TcpStream};
        use std::os::fd::AsRawFd;

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        server.set_nonblocking(true).unwrap();
        while server.write(&[0; 1 << 16]).is_ok() {}
        let activity = Activity::new(&Limits::default());
        activity.request_begins();
        activity.watches(server.as_raw_fd());
        activity.write_waits();
        let queued = socket::unacknowledged(server.as_raw_fd()).unwrap();
        let after = |seconds| Instant::now() + Duration::from_secs(seconds);
        while queued - socket::unacknowledged(server.as_raw_fd()).unwrap() < 40 * 1024 {
            client.read_exact(&mut [0; 1024]).unwrap();
        }
        assert_eq!(activity.overdue(after(31)), None, "it took 40 KiB in 31 s");
        assert_eq!(activity.overdue(after(63)), Some(Overdue::Write), "and nothing since");
    }

    #[tokio::test]
    async fn idle_connections_close_when_told() {
        let limits = Limits { header_timeout: Duration::from_secs(5), ..Limits::default() };
        let activity = Activity::new(&limits);
        let now = Instant::now();
        let near = |since: Option<Instant>| since.unwrap().duration_since(now) < Duration::from_secs(2);
        assert!(near(activity.idle_since()), "before the first request");
        activity.request_begins();
        assert_eq!(activity.idle_since(), None);
        activity.close();
        assert!(!activity.is_closing(), "not during a request");
        activity.request_ends();
        assert!(near(activity.idle_since()), "since the end of the last request");
        let told = async {
            tokio::task::yield_now().await;
            activity.close();
        };
        tokio::join!(activity.closes(), told);
        assert_eq!(activity.idle_since(), None, "it is asked once");
        assert_eq!(activity.overdue(Instant::now() + 2 * PARTING), Some(Overdue::Idle));
    }

    #[test]
    fn one_stream_that_waits_is_enough() {
        let activity =
            Activity::new(&Limits { header_timeout: Duration::from_secs(100), ..Limits::default() });
        let after = |seconds| Instant::now() + Duration::from_secs(seconds);
        activity.stream_waits(1);
        activity.stream_waits(2);
        activity.stream_goes_on(1);
        assert_eq!(activity.overdue(after(29)), None);
        assert_eq!(activity.overdue(after(31)), Some(Overdue::Write));
        activity.stream_goes_on(2);
        assert_eq!(activity.overdue(after(31)), None);
    }
}
