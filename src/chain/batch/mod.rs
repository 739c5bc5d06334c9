//! Judging many chains: one JSON object a line, answered in the same order.
//!
//! The lines are judged on all cores. Only a bounded number is in progress at a time (each chunk of lines takes a
//! permit), so that memory stays the same however long the input is; a line that cannot be read gets an answer that says
//! so and stops nothing.

mod case;
mod case_words;
mod error;
mod fields;
mod lines;

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

use serde_json::Value;
use time::OffsetDateTime;

use self::case::{Case, RootStores, Shared};
pub use self::case::{CaseFiles, CaseReason, CaseServer, ReadCertificates, SeenServer};
pub use self::error::CaseError;
use self::lines::{Line, Lines};

/// Lines handed to a thread at once, if that many have arrived.
const LINES_PER_CHUNK: usize = 32;
/// Chunks in progress for each thread.
const CHUNKS_PER_THREAD: usize = 4;

/// The answer to one line.
#[derive(Debug)]
pub struct CaseAnswer {
    /// As the line has it; null where the line cannot be read.
    pub id: Value,
    /// Why the chain does not hold (nothing, if it does), or why it could not be judged.
    pub verdict: Result<Vec<CaseReason>, BatchError>,
}

/// Why a line could not be judged.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {error}")]
pub struct BatchError {
    /// Counted from 1.
    line: usize,
    error: CaseError,
}

/// The answers taken together; the worst counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BatchVerdict {
    AllHold,
    SomeDoNotHold,
    SomeNotJudged,
}

/// What a batch needs from its surroundings.
pub struct BatchInput<'a> {
    pub lines: Box<dyn Read + Send>,
    /// Where the files come from that a line names.
    pub files: &'a (dyn CaseFiles + Sync),
    /// The time to judge at where a line has none.
    pub now: OffsetDateTime,
}

/// Judges every line. `encode` turns an answer into bytes, on any thread; `write` gets these in the order of the lines,
/// and an error from it ends the work.
pub fn judge_batch(
    input: BatchInput<'_>,
    encode: &(dyn Fn(&CaseAnswer) -> Vec<u8> + Sync),
    write: &mut dyn FnMut(&[u8]) -> io::Result<()>,
) -> BatchVerdict {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut lines = Lines::new(input.lines);
    let shared = Shared::new(input.files, input.now);
    let (to_workers, from_reader) = mpsc::sync_channel::<(usize, Vec<Line>)>(threads);
    let from_reader = Mutex::new(from_reader);
    let (to_writer, from_workers) = mpsc::channel::<(usize, JudgedChunk)>();
    // One permit a chunk: taken before it is read, given back when its answers are written.
    let (give, take) = mpsc::sync_channel::<()>(threads * CHUNKS_PER_THREAD);
    for _ in 0..threads * CHUNKS_PER_THREAD {
        let _ = give.try_send(());
    }
    thread::scope(|scope| {
        let give = give; // dropped when the writer is done, which ends the reader
        scope.spawn(move || {
            for number in 0.. {
                let chunk = if take.recv().is_ok() { lines.chunk(LINES_PER_CHUNK) } else { Vec::new() };
                if chunk.is_empty() || to_workers.send((number, chunk)).is_err() {
                    return;
                }
            }
        });
        for _ in 0..threads {
            let to_writer = to_writer.clone();
            let (shared, from_reader) = (&shared, &from_reader);
            scope.spawn(move || {
                let mut stores = RootStores::default();
                loop {
                    // A thread that panicked while it held the lock cannot have left it in disorder.
                    let next = from_reader.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok((number, chunk)) = next else { return };
                    let judged = judge_chunk(&chunk, shared, &mut stores, encode);
                    if to_writer.send((number, judged)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(to_writer);
        let mut verdict = BatchVerdict::AllHold;
        let mut waiting = BTreeMap::new();
        let mut next = 0;
        for (number, judged) in from_workers {
            waiting.insert(number, judged);
            while let Some(judged) = waiting.remove(&next) {
                next += 1;
                verdict = verdict.max(judged.verdict);
                if write(&judged.answers).is_err() {
                    // The reader of the answers is gone: without permits our reader ends, and the workers after it.
                    return verdict;
                }
                let _ = give.try_send(());
            }
        }
        verdict
    })
}

/// The answers to a chunk, and their verdict.
struct JudgedChunk {
    answers: Vec<u8>,
    verdict: BatchVerdict,
}

fn judge_chunk(
    chunk: &[Line],
    shared: &Shared<'_>,
    stores: &mut RootStores,
    encode: &(dyn Fn(&CaseAnswer) -> Vec<u8> + Sync),
) -> JudgedChunk {
    let mut judged = JudgedChunk { answers: Vec::new(), verdict: BatchVerdict::AllHold };
    for answer in answers(chunk, shared, stores) {
        judged.verdict = judged.verdict.max(match &answer.verdict {
            Ok(reasons) if reasons.iter().any(CaseReason::is_error) => BatchVerdict::SomeDoNotHold,
            Ok(_) => BatchVerdict::AllHold,
            Err(_) => BatchVerdict::SomeNotJudged,
        });
        judged.answers.extend(encode(&answer));
    }
    judged
}

/// The answers to the lines of a chunk. Servers are asked at the same time, each by a thread of its own: they take long,
/// but not from this machine.
fn answers(chunk: &[Line], shared: &Shared<'_>, stores: &mut RootStores) -> Vec<CaseAnswer> {
    let read: Vec<_> = chunk.iter().map(ReadLine::new).collect();
    thread::scope(|scope| {
        let asked: Vec<_> = read
            .iter()
            .map(|line| line.waits().then(|| scope.spawn(|| line.judge(shared, &mut RootStores::default()))))
            .collect();
        let judged = read.iter().zip(asked).map(|(line, asked)| match asked {
            None => line.judge(shared, stores),
            Some(thread) => thread.join().unwrap_or(Err(CaseError::Panicked)),
        });
        let verdicts: Vec<_> = judged.collect();
        let answer = |(line, verdict): (&ReadLine, Result<_, CaseError>)| CaseAnswer {
            id: line.id.clone(),
            verdict: verdict.map_err(|error| BatchError { line: line.number, error }),
        };
        read.iter().zip(verdicts).map(answer).collect()
    })
}

/// A line that was read.
struct ReadLine {
    number: usize,
    id: Value,
    case: Result<Case, CaseError>,
}

impl ReadLine {
    fn new(line: &Line) -> Self {
        let mut id = Value::Null;
        let text = line.text.as_ref().map_err(|error| CaseError::Line(error.to_string()));
        let case = text.and_then(|text| Case::read(text, &mut id));
        Self { number: line.number, id, case }
    }

    /// Whether judging it waits for a server.
    fn waits(&self) -> bool {
        self.case.as_ref().is_ok_and(Case::waits)
    }

    fn judge(&self, shared: &Shared<'_>, stores: &mut RootStores) -> Result<Vec<CaseReason>, CaseError> {
        let case = self.case.as_ref().map_err(CaseError::clone)?;
        // A bug of certkit that one case triggers must not stop the others.
        catch_unwind(AssertUnwindSafe(|| case.judge(shared, stores))).unwrap_or(Err(CaseError::Panicked))
    }
}
