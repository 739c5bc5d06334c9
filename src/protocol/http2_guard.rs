//! What an HTTP/2 client sends besides requests and their bodies, weighed against them.
//!
//! A client may send PING, SETTINGS, PRIORITY, WINDOW_UPDATE, unknown and empty frames at any time,
//! and each costs the server work and often an answer; RFC 9113 section 10.5 leaves the limit to
//! the server. Here such frames are paid for, in bytes: requests, what the server sends, and time
//! earn as much as any client needs that is after something.

use std::time::Duration;

/// RFC 9113 section 3.4.
const PREFACE: usize = 24;
const HEADER: usize = 9;
/// A control frame costs this and its length.
const FRAME: i64 = 128;
/// What a connection has at its beginning: about a thousand frames.
const START: i64 = 128 * 1024;
/// The most that it can have.
const MOST: i64 = 1024 * 1024;
/// What a request earns.
const REQUEST: i64 = 16 * 1024;
/// What a second earns: about a hundred frames.
const SECOND: i64 = 16 * 1024;

const PADDED: u8 = 0x8;

/// Reads the frame headers of one connection's input, in pieces of any size.
#[derive(Debug)]
pub struct Http2Guard {
    awaited: Awaited,
    header: [u8; HEADER],
    last_stream: u32,
    balance: i64,
    /// Up to when time has been paid for.
    paid_until: Duration,
}

/// What comes next, and how many bytes of it.
#[derive(Clone, Copy, Debug)]
enum Awaited {
    Preface(usize),
    /// Of a frame's header.
    Header(usize),
    /// The length of the padding, before this many bytes of a DATA frame.
    Padding(usize),
    Payload(usize),
}

/// The client sends more control frames than its requests are worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the client floods the connection with control frames")]
pub struct ControlFlood;

impl Default for Http2Guard {
    fn default() -> Self {
        Self {
            awaited: Awaited::Preface(PREFACE),
            header: [0; HEADER],
            last_stream: 0,
            balance: START,
            paid_until: Duration::ZERO,
        }
    }
}

impl Http2Guard {
    /// Weighs the next bytes from the client. `elapsed` is the time since the connection began,
    /// which is asked for only when it matters.
    ///
    /// # Errors
    /// When they are too many; the connection is to be closed.
    pub fn received(&mut self, mut bytes: &[u8], elapsed: impl Fn() -> Duration) -> Result<(), ControlFlood> {
        while let Some(&first) = bytes.first() {
            let taken = match &mut self.awaited {
                Awaited::Preface(left) | Awaited::Payload(left) => {
                    let taken = bytes.len().min(*left);
                    *left -= taken;
                    if *left == 0 {
                        self.awaited = Awaited::Header(HEADER);
                    }
                    taken
                }
                Awaited::Header(left) => {
                    let taken = bytes.len().min(*left);
                    let free = self.header.iter_mut().skip(HEADER - *left);
                    free.zip(bytes).for_each(|(to, from)| *to = *from);
                    *left -= taken;
                    if *left == 0 {
                        self.frame();
                    }
                    taken
                }
                Awaited::Padding(length) => {
                    let length = *length;
                    if length <= 1 + usize::from(first) {
                        self.balance -= FRAME;
                    }
                    self.payload(length - 1);
                    1
                }
            };
            bytes = bytes.get(taken..).unwrap_or_default();
        }
        if self.balance < 0 {
            self.pay_time(elapsed());
        }
        if self.balance < 0 { Err(ControlFlood) } else { Ok(()) }
    }

    /// Bytes that the server has sent: a client that gets something has windows to update.
    pub fn sent(&mut self, bytes: usize) {
        self.earn(i64::try_from(bytes).unwrap_or(MOST));
    }

    /// A frame's header is complete.
    fn frame(&mut self) {
        let [high, middle, low, kind, flags, stream @ ..] = self.header;
        let length = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
        // The first bit is reserved.
        let stream = u32::from_be_bytes(stream) & (u32::MAX >> 1);
        match kind {
            // DATA: what is in it is the body's business.
            0 if flags & PADDED != 0 && length > 0 => return self.awaited = Awaited::Padding(length),
            0 if length > 0 => {}
            // HEADERS of a new stream.
            1 if stream > self.last_stream => {
                self.last_stream = stream;
                self.earn(REQUEST);
            }
            // Empty DATA. CONTINUATION: its length is limited with that of the head that it belongs to.
            0 | 9 => self.balance -= FRAME,
            _ => self.balance -= FRAME + i64::try_from(length).unwrap_or(MOST),
        }
        self.payload(length);
    }

    fn payload(&mut self, length: usize) {
        self.awaited = if length == 0 { Awaited::Header(HEADER) } else { Awaited::Payload(length) };
    }

    fn pay_time(&mut self, elapsed: Duration) {
        let milliseconds = elapsed.saturating_sub(self.paid_until).as_millis();
        self.paid_until = elapsed;
        self.earn(i64::try_from(milliseconds).unwrap_or(MOST).saturating_mul(SECOND) / 1000);
    }

    fn earn(&mut self, bytes: i64) {
        self.balance = self.balance.saturating_add(bytes).min(MOST);
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    const DATA: u8 = 0;
    const HEADERS: u8 = 1;
    const SETTINGS: u8 = 4;
    const PING: u8 = 6;
    const WINDOW_UPDATE: u8 = 8;
    const CONTINUATION: u8 = 9;

    fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut bytes = vec![length[1], length[2], length[3], kind, flags];
        bytes.extend(stream.to_be_bytes());
        bytes.extend(payload);
        bytes
    }

    fn begun() -> Http2Guard {
        let mut guard = Http2Guard::default();
        let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        guard.received(preface, || Duration::ZERO).unwrap();
        guard
    }

    /// How many of these frames are taken at once, up to 100,000.
    fn taken(guard: &mut Http2Guard, frame: &[u8]) -> usize {
        (0..100_000).take_while(|_| guard.received(frame, || Duration::ZERO).is_ok()).count()
    }

    #[test]
    fn frames_without_end_are_a_flood_whatever_they_are() {
        for flood in [
            frame(PING, 0, 0, &[0; 8]),
            frame(SETTINGS, 0, 0, &[]),
            frame(SETTINGS, 0, 0, &[0; 600]),
            frame(2, 0, 3, &[0; 5]),
            frame(3, 0, 1, &[0; 4]),
            frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]),
            frame(0xee, 0, 0, &[]),
            frame(0xee, 0, 0, &[0; 16384]),
            frame(DATA, 0, 1, &[]),
            frame(DATA, 1, 1, &[]),
            frame(DATA, PADDED, 1, &[0]),
            frame(DATA, PADDED, 1, &[3, 0, 0, 0]),
            frame(CONTINUATION, 0, 1, &[]),
            frame(HEADERS, 0, 1, &[]),
        ] {
            let mut guard = begun();
            guard.received(&frame(HEADERS, 0, 1, &[0x82]), || Duration::ZERO).unwrap();
            let taken = taken(&mut guard, &flood);
            assert!((5..1500).contains(&taken), "{taken} of {flood:?}");
        }
    }

    #[test]
    fn bodies_and_requests_are_none() {
        for whole in [frame(DATA, 0, 1, b"x"), frame(DATA, PADDED, 1, &[1, b'x', 0])] {
            assert_eq!(taken(&mut begun(), &whole), 100_000);
        }
        let mut guard = begun();
        for stream in 0..50_000 {
            guard.received(&frame(HEADERS, 4, 2 * stream + 1, &[0x82; 40]), || Duration::ZERO).unwrap();
            for _ in 0..50 {
                guard.received(&frame(WINDOW_UPDATE, 0, 0, &[0, 0, 1, 0]), || Duration::ZERO).unwrap();
            }
        }
    }

    #[test]
    fn who_downloads_may_update_windows() {
        let mut guard = begun();
        let update = frame(WINDOW_UPDATE, 0, 1, &[0, 0, 1, 0]);
        for _ in 0..100_000 {
            guard.sent(512);
            guard.received(&update, || Duration::ZERO).unwrap();
            guard.received(&update, || Duration::ZERO).unwrap();
        }
        // The answers to pings earn too little.
        let ping = frame(PING, 0, 0, &[0; 8]);
        let floods = (0..100_000).any(|_| {
            guard.sent(17);
            guard.received(&ping, || Duration::ZERO).is_err()
        });
        assert!(floods);
    }

    proptest! {
        /// A hundred frames a second may go on for ever.
        #[test]
        fn a_slow_rate_never_trips(kinds in vec((2_u8..20, 0_usize..=30), 1..3000)) {
            let mut guard = begun();
            for (now, (kind, length)) in kinds.into_iter().enumerate() {
                let bytes = frame(if kind == CONTINUATION { PING } else { kind }, 0, 1, &vec![0; length]);
                let now = Duration::from_millis(10 * now as u64);
                prop_assert_eq!(guard.received(&bytes, || now), Ok(()));
            }
        }

        /// Where the input is cut makes no difference.
        #[test]
        fn pieces_of_any_size_weigh_the_same(
            frames in vec((0_u8..12, any::<u8>(), 0_u32..9, vec(any::<u8>(), 0..40)), 0..200),
            size in 1_usize..60,
        ) {
            let bytes: Vec<u8> = frames
                .iter()
                .flat_map(|(kind, flags, stream, payload)| frame(*kind, *flags, *stream, payload))
                .collect();
            let (mut whole, mut pieces) = (begun(), begun());
            let _ = whole.received(&bytes, || Duration::ZERO);
            for piece in bytes.chunks(size) {
                let _ = pieces.received(piece, || Duration::ZERO);
            }
            prop_assert_eq!(whole.balance, pieces.balance);
            prop_assert!(matches!(whole.awaited, Awaited::Header(HEADER)));
        }
    }
}
