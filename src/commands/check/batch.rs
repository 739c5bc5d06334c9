//! `certkit check --batch`: one JSON object a line, answered in the same order by one JSON object a line.

use crate::advice::chain::{batch_error, case_reason};
use crate::chain::{BatchInput, BatchVerdict, CaseAnswer, judge_batch};
use crate::commands::{Context, Result};
use crate::console::{BatchOutput, batch_line};
use crate::operands::case_files::LocalFiles;
use crate::operands::read::open;
use crate::report::{Outcome, Report};

pub(super) fn run(file: &str, context: &Context<'_>) -> Result {
    let lines = open(file)?;
    let mut answers = BatchOutput::lock();
    let input = BatchInput { lines, files: &LocalFiles, now: context.clock.now() };
    let status = match judge_batch(input, &encode, &mut |bytes| answers.write(bytes)) {
        BatchVerdict::AllHold => 0,
        BatchVerdict::SomeDoNotHold => 1,
        BatchVerdict::SomeNotJudged => 2,
    };
    Ok(Report::new(Outcome::Answered { status }))
}

fn encode(answer: &CaseAnswer) -> Vec<u8> {
    match &answer.verdict {
        Ok(reasons) => {
            let findings: Vec<_> = reasons.iter().map(case_reason).collect();
            batch_line(&answer.id, Ok(&findings))
        }
        Err(error) => batch_line(&answer.id, Err(&batch_error(error))),
    }
}
