//! `certkit check --batch`: one JSON object a line, answered in the same order by one JSON object a line.
//!
//! The lines are judged on all cores. Only so many are under way at a time (each chunk of lines takes a permit), so that memory stays the same
//! however long the input is; a line that cannot be read gets an answer that says so and stops nothing.

mod case;
mod lines;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, mpsc};
use std::thread;

use time::OffsetDateTime;

use self::case::{Case, Shared, Store};
use self::lines::{Line, Lines};
use crate::commands::{Context, Result};
use crate::finding::{Code, Finding};
use crate::operands::input::cannot_read;
use crate::render::{Answers, batch_line};
use crate::report::{Outcome, Report};

/// Lines handed to a thread at once, if so many have come already.
const LINES_PER_CHUNK: usize = 32;
/// Chunks under way for each thread.
const CHUNKS_PER_THREAD: usize = 4;

/// Runs the command.
pub(super) fn run(file: &str, context: &Context<'_>) -> Result {
    let input: Box<dyn Read + Send> = if file == "-" {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(file).map_err(|error| cannot_read(file, error))?)
    };
    let status = judge_all(Lines::new(input), &mut Answers::new(), context.clock.now());
    Ok(Report::new(Outcome::Answered { status }))
}

/// Judges every line; gives the exit status.
fn judge_all(mut lines: Lines, answers: &mut Answers, now: OffsetDateTime) -> u8 {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let shared = Shared::new(now);
    let (to_workers, from_reader) = mpsc::sync_channel::<(usize, Vec<Line>)>(threads);
    let from_reader = Mutex::new(from_reader);
    let (to_writer, from_workers) = mpsc::channel::<(usize, Judged)>();
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
                let mut store = Store::default();
                loop {
                    // A thread that panicked while it held the lock cannot have left it in disorder.
                    let next = from_reader.lock().unwrap_or_else(std::sync::PoisonError::into_inner).recv();
                    let Ok((number, chunk)) = next else { return };
                    if to_writer.send((number, judge_chunk(&chunk, shared, &mut store))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(to_writer);
        let mut status = 0;
        let mut waiting = BTreeMap::new();
        let mut next = 0;
        for (number, judged) in from_workers {
            waiting.insert(number, judged);
            while let Some(judged) = waiting.remove(&next) {
                next += 1;
                status = status.max(judged.status);
                if answers.write(&judged.answers).is_err() {
                    // Nobody reads any more: without permits the reader ends, and the others after it.
                    return status;
                }
                let _ = give.try_send(());
            }
        }
        status
    })
}

/// The answers to a chunk, and the exit status that they make.
struct Judged {
    answers: Vec<u8>,
    status: u8,
}

fn judge_chunk(chunk: &[Line], shared: &Shared, store: &mut Store) -> Judged {
    let mut judged = Judged { answers: Vec::new(), status: 0 };
    for line in chunk {
        let (id, result) = judge_line(line, shared, store);
        let (line, status) = match &result {
            Ok(reasons) => (batch_line(&id, Ok(reasons)), u8::from(!reasons.is_empty())),
            Err(error) => {
                let finding = Finding::error(Code::InvalidSetting, error);
                (batch_line(&id, Err(&finding)), 2)
            }
        };
        judged.answers.extend(line);
        judged.status = judged.status.max(status);
    }
    judged
}

type LineResult = std::result::Result<Vec<Finding>, String>;

fn judge_line(line: &Line, shared: &Shared, store: &mut Store) -> (serde_json::Value, LineResult) {
    let number = line.number;
    let text = match &line.text {
        Ok(text) => text,
        Err(error) => return (serde_json::Value::Null, Err(format!("line {number}: {error}"))),
    };
    let mut case = match Case::read(text) {
        Ok(case) => case,
        Err(error) => return (serde_json::Value::Null, Err(format!("line {number}: {error}"))),
    };
    // A fault of certkit's own in one case must not take the others with it.
    let result = catch_unwind(AssertUnwindSafe(|| case.judge(shared, store)))
        .unwrap_or_else(|_| Err("certkit failed on this case; please report it".into()));
    (std::mem::take(&mut case.id), result.map_err(|error| format!("line {number}: {error}")))
}
