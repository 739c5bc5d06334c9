//! Reading a unix socket so that its last byte stays in the system's queue.

use std::io;
use std::task::{Context, Poll, ready};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{RecvFlags, recv};
use tokio::io::{Interest, ReadBuf};
use tokio::net::UnixStream;

/// Bytes at a time.
const SPACE: usize = 16 * 1024;

/// Reads what has come since the last time. Of that, `unread` bytes stay in the queue.
///
/// Waiting for more takes the last byte too, unless the request `is_complete`: then only the end is waited for. (The
/// system counts a message as long as a byte of it is left, and lets nobody write behind a large one.)
pub(super) fn poll_read(
    socket: &UnixStream,
    unread: &mut usize,
    is_complete: bool,
    cx: &mut Context<'_>,
    out: &mut ReadBuf<'_>,
) -> Poll<io::Result<()>> {
    if out.remaining() == 0 {
        return Poll::Ready(Ok(()));
    }
    take(socket, unread, usize::from(is_complete))?;
    loop {
        ready!(socket.poll_read_ready(cx))?;
        match socket.try_io(Interest::READABLE, || read(socket, unread, out)) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            result => return Poll::Ready(result),
        }
    }
}

fn read(socket: &UnixStream, unread: &mut usize, out: &mut ReadBuf<'_>) -> io::Result<()> {
    let mut space = [0; SPACE];
    let wanted = (out.remaining() + *unread).min(SPACE);
    let mut has_ended = false;
    let new = loop {
        let (seen, _) = recv(socket, space.get_mut(..wanted).unwrap_or_default(), RecvFlags::PEEK)?;
        if seen > *unread {
            break space.get(*unread..seen).unwrap_or_default();
        }
        if seen == 0 || has_ended {
            return Ok(());
        }
        // The byte that is left hides the end. More may have come just before it.
        has_ended = sends_no_more(socket)?;
        if !has_ended {
            return Err(io::ErrorKind::WouldBlock.into());
        }
    };
    out.put_slice(new);
    let new = new.len();
    take(socket, unread, 0)?;
    *unread = new;
    Ok(())
}

/// Takes bytes out of the queue that were read before, all but `left` of them.
pub(super) fn take(socket: &UnixStream, unread: &mut usize, left: usize) -> io::Result<()> {
    let mut space = [0; SPACE];
    while let Some(wanted @ 1..) = unread.checked_sub(left) {
        let (taken, _) =
            recv(socket, space.get_mut(..wanted.min(SPACE)).unwrap_or_default(), RecvFlags::empty())?;
        if taken == 0 {
            break;
        }
        *unread = unread.saturating_sub(taken);
    }
    Ok(())
}

fn sends_no_more(socket: &UnixStream) -> io::Result<bool> {
    let mut asked = [PollFd::new(socket, PollFlags::RDHUP)];
    poll(&mut asked, Some(&Timespec::default()))?;
    let ends = PollFlags::RDHUP | PollFlags::HUP | PollFlags::ERR;
    Ok(asked.iter().any(|socket| socket.revents().intersects(ends)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// What is there to read.
    async fn next(socket: &UnixStream, unread: &mut usize, is_complete: bool) -> io::Result<Vec<u8>> {
        let mut space = vec![0; 4];
        let mut out = ReadBuf::new(&mut space);
        std::future::poll_fn(|cx| poll_read(socket, unread, is_complete, cx, &mut out)).await?;
        Ok(out.filled().to_vec())
    }

    #[tokio::test]
    async fn every_byte_is_read_once_and_the_last_stays() {
        let (mut front, back) = UnixStream::pair().unwrap();
        let mut unread = 0;
        front.write_all(b"abcdef").await.unwrap();
        assert_eq!(next(&back, &mut unread, false).await.unwrap(), b"abcd");
        assert_eq!(next(&back, &mut unread, false).await.unwrap(), b"ef");
        for is_complete in [true, true, false] {
            let wait = next(&back, &mut unread, is_complete);
            assert!(
                tokio::time::timeout(Duration::from_millis(5), wait).await.is_err(),
                "it was read already"
            );
            assert_eq!(unread, usize::from(is_complete));
        }
        front.write_all(b"gh").await.unwrap();
        assert_eq!(next(&back, &mut unread, true).await.unwrap(), b"gh");
        front.write_all(b"i").await.unwrap();
        drop(front);
        assert_eq!(next(&back, &mut unread, true).await.unwrap(), b"i");
        for is_complete in [true, true, false, false] {
            assert_eq!(next(&back, &mut unread, is_complete).await.unwrap(), b"", "the end stays the end");
        }
    }

    #[tokio::test]
    async fn nobody_is_kept_from_writing() {
        let (mut front, back) = UnixStream::pair().unwrap();
        let large: Vec<u8> = (0..3_000_000).map(|at| (at % 251) as u8).collect();
        let send = async {
            // Waits until the system says that there is room.
            for piece in large.chunks(1_000_000) {
                front.write_all(piece).await.unwrap();
            }
            drop(front);
        };
        let receive = async {
            let (mut unread, mut received) = (0, Vec::new());
            let mut space = vec![0; 100_000];
            loop {
                let mut out = ReadBuf::new(&mut space);
                std::future::poll_fn(|cx| poll_read(&back, &mut unread, false, cx, &mut out)).await.unwrap();
                if out.filled().is_empty() {
                    return received;
                }
                received.extend_from_slice(out.filled());
            }
        };
        let ((), received) = tokio::join!(send, receive);
        assert!(received == large);
    }

    #[tokio::test]
    async fn only_what_is_left_unread_resets_the_other_end() {
        for is_good in [true, false] {
            let (mut front, mut back) = UnixStream::pair().unwrap();
            let mut unread = 0;
            front.write_all(b"req").await.unwrap();
            assert_eq!(next(&back, &mut unread, false).await.unwrap(), b"req");
            back.write_all(b"response").await.unwrap();
            if is_good {
                take(&back, &mut unread, 0).unwrap();
            }
            drop(back);
            let mut said = Vec::new();
            let result = front.read_to_end(&mut said).await;
            assert_eq!((said.as_slice(), result.is_ok()), (&b"response"[..], is_good), "{result:?}");
        }
    }
}
