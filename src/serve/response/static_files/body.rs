//! The body of a response that is a large file.

use std::collections::VecDeque;
use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::file::{FileReader, PieceRead};

/// Bytes of the first piece where nothing was read before. hyper takes one piece of each HTTP/2 stream, even if the client
/// has no room for any.
const FIRST_PIECE: usize = 4 * 1024;
/// Bytes of the largest piece.
const LARGEST_PIECE: usize = 128 * 1024;

/// A file, or parts of it, read piece by piece when the client has room. A piece is twice the one before: a client that
/// takes little holds little memory.
pub(super) struct FileBody {
    state: ReadState,
    /// What follows the range that is being read.
    parts: VecDeque<BodyPart>,
    /// Where the next byte is in the file.
    offset: u64,
    /// Where the range ends in the file.
    end: u64,
    /// Bytes of the whole body that were not handed over.
    left: u64,
    piece: usize,
}

/// A part of a body.
pub(super) enum BodyPart {
    Text(Bytes),
    /// Bytes of the file.
    File(Range<u64>),
}

/// Where the next piece is.
enum ReadState {
    /// Here: the beginning, read before the head of the response was sent.
    Ready(FileReader, Vec<u8>),
    InFile(FileReader),
    Reading(PieceRead),
    /// Nowhere: everything was handed over, or reading failed.
    Nothing,
}

impl FileBody {
    /// A body that begins with `beginning`, which is empty if nothing was read yet.
    pub(super) fn new(reader: FileReader, beginning: Vec<u8>) -> Self {
        let length = reader.version().length;
        let piece = FIRST_PIECE.max(beginning.len().saturating_mul(2)).min(LARGEST_PIECE);
        let state = if beginning.is_empty() {
            ReadState::InFile(reader)
        } else {
            ReadState::Ready(reader, beginning)
        };
        let mut body = Self { state, parts: VecDeque::new(), offset: 0, end: length, left: length, piece };
        body.wait();
        body
    }

    /// A body of these parts, one after the other.
    pub(super) fn of_parts(reader: FileReader, parts: VecDeque<BodyPart>) -> Self {
        let length = |part: &BodyPart| match part {
            BodyPart::Text(text) => text.len() as u64,
            BodyPart::File(range) => range.end.saturating_sub(range.start),
        };
        let left = parts.iter().map(length).sum();
        let state = ReadState::InFile(reader);
        let mut body = Self { state, parts, offset: 0, end: 0, left, piece: FIRST_PIECE };
        body.wait();
        body
    }

    /// Bytes of all that is still to be handed over.
    pub(super) fn length(&self) -> u64 {
        self.left
    }

    fn wait(&mut self) {
        if let ReadState::Ready(reader, _) | ReadState::InFile(reader) = &mut self.state {
            reader.wait();
        }
    }

    fn hand_over(&mut self, reader: FileReader, mut piece: Vec<u8>) -> Frame<Bytes> {
        // A file that has grown is not sent further than was promised.
        piece.truncate(usize::try_from(self.end.saturating_sub(self.offset)).unwrap_or(usize::MAX));
        self.offset += piece.len() as u64;
        self.send(reader, piece.into())
    }

    fn send(&mut self, reader: FileReader, piece: Bytes) -> Frame<Bytes> {
        self.left = self.left.saturating_sub(piece.len() as u64);
        if self.left > 0 {
            self.state = ReadState::InFile(reader);
            self.wait();
        }
        Frame::data(piece)
    }
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        let mut reading = match std::mem::replace(&mut this.state, ReadState::Nothing) {
            ReadState::Ready(reader, piece) => return Poll::Ready(Some(Ok(this.hand_over(reader, piece)))),
            ReadState::InFile(mut reader) => {
                while this.offset >= this.end {
                    match this.parts.pop_front() {
                        Some(BodyPart::Text(text)) => return Poll::Ready(Some(Ok(this.send(reader, text)))),
                        Some(BodyPart::File(range)) => (this.offset, this.end) = (range.start, range.end),
                        None => return Poll::Ready(None),
                    }
                }
                let left = this.end.saturating_sub(this.offset);
                let length = this.piece.min(usize::try_from(left).unwrap_or(usize::MAX));
                this.piece = this.piece.saturating_mul(2).min(LARGEST_PIECE);
                match reader.read_now(this.offset, length) {
                    Some(piece) => return Poll::Ready(Some(Ok(this.hand_over(reader, piece)))),
                    None => reader.read_later(this.offset, length),
                }
            }
            ReadState::Reading(reading) => reading,
            ReadState::Nothing => return Poll::Ready(None),
        };
        match Pin::new(&mut reading).poll(cx) {
            Poll::Ready(read) => {
                let read = read.unwrap_or_else(|error| Err(io::Error::other(error)));
                Poll::Ready(Some(read.map(|(reader, piece)| this.hand_over(reader, piece))))
            }
            Poll::Pending => {
                this.state = ReadState::Reading(reading);
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;
    use std::time::Duration;

    use http_body_util::BodyExt;
    use tokio::sync::Semaphore;

    use super::super::file::{Directory, FilePath, PathContent};
    use super::*;

    /// A folder with a file whose bytes all differ from their neighbours.
    struct Downloads {
        folder: tempfile::TempDir,
        large: Vec<u8>,
        waiting: &'static Semaphore,
    }

    impl Downloads {
        fn new(may_stay_open: usize) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let large: Vec<u8> = (0..1_000_000_u32).map(|number| (number % 251) as u8).collect();
            std::fs::write(folder.path().join("large"), &large).unwrap();
            Self { folder, large, waiting: Box::leak(Box::new(Semaphore::new(may_stay_open))) }
        }

        fn begin(&self) -> FileBody {
            let directory = Directory::with_limit(self.folder.path(), self.waiting, &Arc::default()).unwrap();
            let path = FilePath { directory: directory.into(), relative: "large".into() };
            match path.open() {
                Ok(PathContent::File(file)) => FileBody::new(file, Vec::new()),
                _ => panic!("it is there"),
            }
        }

        fn path(&self) -> std::path::PathBuf {
            self.folder.path().join("large")
        }
    }

    /// The pages of a file are given back to the system, if that can be had.
    fn forget(path: &Path) {
        let file = std::fs::File::open(path).unwrap();
        file.sync_all().unwrap();
        rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).unwrap();
    }

    fn runtime_with_one_thread_that_waits() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_time().max_blocking_threads(1).build().unwrap()
    }

    #[test]
    fn unfinished_downloads_hold_no_threads() {
        let downloads = Downloads::new(9);
        runtime_with_one_thread_that_waits().block_on(async {
            let mut unfinished: Vec<_> = (0..4).map(|_| downloads.begin()).collect();
            for body in &mut unfinished {
                forget(&downloads.path());
                assert!(body.frame().await.unwrap().is_ok());
            }
            forget(&downloads.path());
            let whole = tokio::time::timeout(Duration::from_secs(30), downloads.begin().collect()).await;
            assert_eq!(whole.expect("a thread is free").unwrap().to_bytes(), downloads.large);
            for body in unfinished {
                let rest = body.collect().await.unwrap().to_bytes();
                assert_eq!(rest, downloads.large[FIRST_PIECE..]);
            }
        });
    }

    #[tokio::test]
    async fn few_files_stay_open_while_clients_are_waited_for() {
        let downloads = Downloads::new(2);
        let open = || {
            let of_this = std::fs::canonicalize(downloads.path()).unwrap();
            let descriptors = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
            descriptors.filter(|link| std::fs::read_link(link.path()).is_ok_and(|to| to == of_this)).count()
        };
        let mut bodies: Vec<_> = (0..8).map(|_| downloads.begin()).collect();
        assert_eq!(open(), 2, "before the first piece");
        for body in &mut bodies {
            assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap().len(), FIRST_PIECE);
        }
        assert_eq!(open(), 2, "after it");
        for body in bodies {
            let rest = body.collect().await.unwrap().to_bytes();
            assert_eq!(rest, downloads.large[FIRST_PIECE..]);
        }
        assert_eq!((open(), downloads.waiting.available_permits()), (0, 2));
    }

    #[tokio::test]
    async fn a_file_that_changes_breaks_its_download() {
        for may_stay_open in [1, 0] {
            let cut = Downloads::new(may_stay_open);
            let body = cut.begin();
            std::fs::write(cut.path(), "").unwrap();
            let error = body.collect().await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        }
        let replaced = Downloads::new(0);
        let mut body = replaced.begin();
        assert!(body.frame().await.unwrap().is_ok());
        let new = replaced.folder.path().join("new");
        std::fs::write(&new, &replaced.large).unwrap();
        std::fs::rename(new, replaced.path()).unwrap();
        let error = body.frame().await.unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        assert!(body.frame().await.is_none());
    }

    #[tokio::test]
    async fn a_file_that_grows_is_sent_as_promised() {
        let downloads = Downloads::new(1);
        let body = downloads.begin();
        std::fs::write(downloads.path(), vec![b'y'; 2_000_000]).unwrap();
        assert_eq!(body.collect().await.unwrap().to_bytes().len(), 1_000_000);
    }

    #[tokio::test]
    async fn pieces_grow_with_what_the_client_takes() {
        let mut body = Downloads::new(1).begin();
        let mut taken = 0;
        while let Some(piece) = body.frame().await {
            let piece = piece.unwrap().into_data().unwrap().len();
            assert!(piece <= LARGEST_PIECE && piece <= taken + FIRST_PIECE, "{piece} after {taken}");
            taken += piece;
            assert_eq!(body.size_hint().exact(), Some(1_000_000 - taken as u64));
        }
        assert_eq!(taken, 1_000_000);
        assert!(body.is_end_stream());
    }
}
