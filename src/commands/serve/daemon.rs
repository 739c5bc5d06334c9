//! `--daemonize`: the command returns when the server is ready, and shows what the log says when it is not.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::advice::serve::not_in_background;
use crate::console::Console;
use crate::report::{Failure, Outcome, Report};
use crate::sys::background::{self, Started};

/// Of the log after a start that failed.
const SHOWN: u64 = 64 * 1024;

/// Starts the server in the background, with its output in `log`, and waits until it serves.
///
/// # Errors
/// It cannot be started.
pub(super) fn start(log: &Path, console: &Console) -> Result<Report, Failure> {
    let before = log.metadata().map_or(0, |log| log.len());
    match background::start().map_err(|error| not_in_background(&error))? {
        Started::Ready { process } => {
            console.say(&format!("certkit: serving in the background, as process {process}"));
            Ok(Report::new(Outcome::Nothing))
        }
        Started::Failed(status) => {
            let said = said_since(log, before).unwrap_or_default();
            // A closed pipe ends quietly.
            let _ = io::stderr().write_all(&said);
            let status = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(2);
            Ok(Report::new(Outcome::Failed { status }))
        }
    }
}

/// What the log holds behind this position.
fn said_since(log: &Path, position: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(log)?;
    file.seek(SeekFrom::Start(position))?;
    let mut said = Vec::new();
    file.take(SHOWN).read_to_end(&mut said)?;
    Ok(said)
}
