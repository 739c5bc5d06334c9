//! Bodies between sources that give all and readers that take little.

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::FutureExt;
use http_body_util::BodyExt;
use proptest::prelude::*;
use tokio::sync::mpsc;

use super::*;
use crate::serve::config::Buffers;

/// A source, from its other end.
struct Source(mpsc::Receiver<io::Result<Bytes>>);

impl Body for Source {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.0.poll_recv(cx).map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}

type Pieces = mpsc::Sender<io::Result<Bytes>>;

fn source() -> (Pieces, Source) {
    let (pieces, source) = mpsc::channel(1000);
    (pieces, Source(source))
}

fn spool(folder: &Path, memory: usize, file: u64) -> Arc<Spool> {
    let folder: Option<PathBuf> = Some(folder.to_owned());
    Spool::new(&Buffers { memory, file, folder })
}

/// A piece of `length` bytes, none like the other.
fn piece(number: u8, length: usize) -> Bytes {
    (0..length).map(|index| number.wrapping_mul(31).wrapping_add(index as u8)).collect()
}

async fn eventually(mut is_so: impl FnMut() -> bool) {
    let wait = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), wait).await.expect("it happens");
}

async fn next(body: &mut SpooledBody<Source>) -> Option<io::Result<Bytes>> {
    let frame = tokio::time::timeout(Duration::from_secs(60), body.frame()).await.expect("a piece comes");
    frame.map(|frame| frame.map(|frame| frame.into_data().unwrap()))
}

fn queue(body: &SpooledBody<Source>) -> MutexGuard<'_, PieceQueue<Source>> {
    match &body.form {
        Form::Shared(reader) => reader.shared.queue(),
        Form::Whole(_) => panic!("it is whole"),
    }
}

#[tokio::test]
async fn short_bodies_are_whole_and_cost_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let spool = spool(folder.path(), 1 << 20, 1 << 20);
    let (pieces, source) = source();
    pieces.try_send(Ok("hello".into())).unwrap();
    drop(pieces);
    let mut body = SpooledBody::new(&spool, source, 3);
    assert!(matches!(&body.form, Form::Whole(_)));
    assert_eq!((body.size_hint().exact(), spool.memory.used()), (Some(5), 0));
    assert_eq!(next(&mut body).await.unwrap().unwrap(), "hel");
    assert_eq!(next(&mut body).await.unwrap().unwrap(), "lo");
    assert!(body.is_end_stream() && next(&mut body).await.is_none());
}

#[tokio::test]
async fn pieces_are_passed_on_as_they_come() {
    let folder = tempfile::tempdir().unwrap();
    let spool = spool(folder.path(), 1 << 20, 1 << 20);
    let (pieces, source) = source();
    let mut body = SpooledBody::new(&spool, source, usize::MAX);
    for number in 0..100 {
        pieces.try_send(Ok(piece(number, 10))).unwrap();
        assert_eq!(next(&mut body).await.unwrap().unwrap(), piece(number, 10));
    }
    assert!(!body.is_end_stream());
    pieces.try_send(Err(io::Error::other("broken"))).unwrap();
    assert_eq!(next(&mut body).await.unwrap().unwrap_err().to_string(), "broken");
    assert!(next(&mut body).await.is_none() && body.is_end_stream());
}

#[tokio::test]
async fn what_the_reader_does_not_take_is_taken_from_the_source() {
    let folder = tempfile::tempdir().unwrap();
    let spool = spool(folder.path(), 1 << 20, 1 << 30);
    let (pieces, source) = source();
    let mut body = SpooledBody::new(&spool, source, 16 * 1024);
    for number in 0..100 {
        pieces.try_send(Ok(piece(number, 100_000))).unwrap();
    }
    pieces.try_send(Err(io::Error::other("broken"))).unwrap();
    drop(pieces);
    eventually(|| queue(&body).is_complete()).await;
    assert!(spool.memory.used() <= 1 << 20, "{}", spool.memory.used());
    let mut taken = Vec::new();
    let error = loop {
        match next(&mut body).await.unwrap() {
            Ok(piece) => taken.extend_from_slice(&piece),
            Err(error) => break error,
        }
    };
    assert_eq!(error.to_string(), "broken");
    assert!(taken == (0..100).map(|number| piece(number, 100_000)).collect::<Vec<_>>().concat());
    assert_eq!(spool.memory.used(), 0);
}

#[tokio::test]
async fn who_takes_little_from_the_file_holds_little() {
    let folder = tempfile::tempdir().unwrap();
    let spool = spool(folder.path(), 0, 1 << 30);
    let (pieces, source) = source();
    let mut body = SpooledBody::new(&spool, source, 1 << 20);
    pieces.try_send(Ok(piece(1, 1_000_000))).unwrap();
    drop(pieces);
    eventually(|| queue(&body).is_complete()).await;
    let mut taken = 0;
    while let Some(piece) = next(&mut body).await {
        let piece = piece.unwrap().len();
        assert!(piece <= taken + FIRST_COPY, "{piece} after {taken}");
        taken += piece;
    }
    assert_eq!(taken, 1_000_000);
}

#[tokio::test]
async fn the_source_waits_when_memory_and_file_are_full() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    for (folder, file) in [(folder.path(), 100_000), (folder.path(), 0), (missing.as_path(), 1 << 30)] {
        let spool = spool(folder, 100_000, file);
        let (pieces, source) = mpsc::channel(1);
        let mut body = SpooledBody::new(&spool, Source(source), usize::MAX);
        let sent = Arc::new(Mutex::new(0));
        let send = tokio::spawn(send_all(pieces, Arc::clone(&sent)));
        // It is still waiting after this; what is certain is that it was not all taken.
        eventually(|| *sent.lock().unwrap() > 1).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        let waiting = *sent.lock().unwrap();
        assert!(waiting < 50, "{waiting} of 100 pieces were taken");
        let mut taken = Vec::new();
        while let Some(piece) = next(&mut body).await {
            taken.extend_from_slice(&piece.unwrap());
        }
        send.await.unwrap();
        assert!(taken == (0..100).map(|number| piece(number, 10_000)).collect::<Vec<_>>().concat());
    }
}

async fn send_all(pieces: Pieces, sent: Arc<Mutex<u8>>) {
    for number in 0..100 {
        pieces.send(Ok(piece(number, 10_000))).await.unwrap();
        *sent.lock().unwrap() += 1;
    }
}

#[tokio::test]
async fn whole_bodies_go_to_the_file_when_memory_is_used_up() {
    let folder = tempfile::tempdir().unwrap();
    let spool = spool(folder.path(), 1 << 20, 1 << 30);
    let whole = |number| {
        let (pieces, source) = source();
        pieces.try_send(Ok(piece(number, 50_000))).unwrap();
        drop(pieces);
        SpooledBody::new(&spool, source, usize::MAX)
    };
    let mut bodies: Vec<_> = (0..100).map(whole).collect();
    eventually(|| spool.memory.used() <= 1 << 20).await;
    for (number, body) in bodies.iter_mut().enumerate().rev() {
        let mut taken = Vec::new();
        while let Some(piece) = next(body).await {
            taken.extend_from_slice(&piece.unwrap());
        }
        assert!(taken == piece(number as u8, 50_000), "{number}");
    }
    drop(bodies);
    eventually(|| spool.memory.used() == 0).await;
}

#[tokio::test]
async fn a_source_goes_with_its_reader() {
    let folder = tempfile::tempdir().unwrap();
    let spool = spool(folder.path(), 1 << 20, 1 << 30);
    for sent in [0, 1, 100] {
        let (pieces, source) = source();
        let body = SpooledBody::new(&spool, source, usize::MAX);
        for number in 0..sent {
            pieces.try_send(Ok(piece(number, 100_000))).unwrap();
        }
        tokio::task::yield_now().await;
        drop(body);
        assert!(pieces.is_closed(), "at once");
    }
    eventually(|| spool.memory.used() == 0).await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn nothing_is_lost_and_nothing_changes_its_order(
        lengths in prop::collection::vec(1..90_000_usize, 0..30),
        memory in 0..2_000_000_usize,
        file in 0..1_000_000_u64,
        limit in 1000..200_000_usize,
        pauses in prop::collection::vec(0..4_u8, 1..10),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let wanted: Vec<_> = lengths.iter().enumerate().map(|(number, length)| piece(number as u8, *length)).collect();
        let taken = runtime.block_on(async {
            let spool = spool(folder.path(), memory, file);
            let (pieces, source) = source();
            let mut body = SpooledBody::new(&spool, source, limit);
            let mut rest = wanted.iter();
            let mut taken = Vec::new();
            for pause in pauses.iter().cycle() {
                match pause {
                    0 => tokio::time::sleep(Duration::from_micros(200)).await,
                    1 => {
                        if let Some(frame) = body.frame().now_or_never() {
                            let Some(frame) = frame else { break };
                            let frame = frame.unwrap().into_data().unwrap();
                            assert!(frame.len() <= limit);
                            taken.extend_from_slice(&frame);
                        }
                    }
                    _ => {}
                }
                match rest.next() {
                    Some(next) => pieces.try_send(Ok(next.clone())).unwrap(),
                    None => break,
                }
            }
            rest.for_each(|next| pieces.try_send(Ok(next.clone())).unwrap());
            drop(pieces);
            while let Some(piece) = next(&mut body).await {
                taken.extend_from_slice(&piece.unwrap());
            }
            drop(body);
            eventually(|| spool.memory.used() == 0).await;
            taken
        });
        prop_assert!(taken == wanted.concat());
    }
}
