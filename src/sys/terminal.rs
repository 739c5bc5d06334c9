//! Asking for a password on a terminal, without showing it.

use std::io::{self, IsTerminal, Read, Write};
use std::os::fd::AsFd;

use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetwinsize, tcsetattr,
};
use zeroize::Zeroizing;

/// Whether standard output is a terminal.
pub fn is_stdout() -> bool {
    io::stdout().is_terminal()
}

/// How many columns there are to write in: `COLUMNS` where it is set, else those of the terminal `stream`; `None` where
/// it is none.
pub fn columns(stream: impl AsFd) -> Option<usize> {
    if let Some(columns) = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok()) {
        return Some(columns);
    }
    let size = tcgetwinsize(stream).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

/// Asks on standard error and reads from standard input, up to the end of the line. `None` when standard input is not
/// a terminal, or the user gives up (Ctrl-C, Ctrl-D on an empty line).
///
/// # Errors
/// When the terminal cannot be read or set.
pub fn ask_password(prompt: &str) -> io::Result<Option<Zeroizing<String>>> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return Ok(None);
    }
    let mut stderr = io::stderr();
    let answer = {
        // Before the question, so that an answer typed at once is not shown either.
        let _quiet = Quiet::new()?;
        write!(stderr, "{prompt}")?;
        stderr.flush()?;
        read_line(stdin.lock())
    };
    writeln!(stderr)?;
    answer
}

/// The terminal without echo. Signals are off as well: Ctrl-C comes as a character, so that the terminal is always put
/// back as it was.
struct Quiet {
    before: Termios,
}

impl Quiet {
    fn new() -> io::Result<Self> {
        let stdin = io::stdin();
        let before = tcgetattr(&stdin)?;
        let mut quiet = before.clone();
        quiet.local_modes &= !(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        quiet.special_codes[SpecialCodeIndex::VMIN] = 1;
        quiet.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(&stdin, OptionalActions::Drain, &quiet)?;
        Ok(Self { before })
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // Nobody is left to tell when even this fails.
        let _ = tcsetattr(io::stdin(), OptionalActions::Drain, &self.before);
    }
}

/// Reads up to the end of the line, with the keys that edit it.
fn read_line(mut input: impl Read) -> io::Result<Option<Zeroizing<String>>> {
    // Room enough that the text is not moved, which would leave a copy behind.
    let mut line = Zeroizing::new(Vec::with_capacity(1024));
    let mut byte = [0];
    loop {
        if input.read(&mut byte)? == 0 {
            break;
        }
        match byte[0] {
            b'\n' | b'\r' => break,
            CTRL_C => return Ok(None),
            CTRL_D if line.is_empty() => return Ok(None),
            CTRL_D => break,
            CTRL_U => line.clear(),
            BACKSPACE | DELETE => {
                // A character of UTF-8 goes as a whole.
                while line.pop().is_some_and(|last| last & 0xc0 == 0x80) {}
            }
            letter => line.push(letter),
        }
    }
    let text = String::from_utf8_lossy(&line).into_owned();
    Ok(Some(Zeroizing::new(text)))
}

const CTRL_C: u8 = 3;
const CTRL_D: u8 = 4;
const BACKSPACE: u8 = 8;
const CTRL_U: u8 = 21;
const DELETE: u8 = 127;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_edited_as_on_any_terminal() {
        let read = |keys: &[u8]| read_line(keys).unwrap().map(|line| line.as_str().to_owned());
        assert_eq!(read(b"secret\nmore").as_deref(), Some("secret"));
        assert_eq!(read(b"secx\x7fret\r").as_deref(), Some("secret"));
        assert_eq!(read("sé\x7fecret\n".as_bytes()).as_deref(), Some("secret"));
        assert_eq!(read(b"wrong\x15right\n").as_deref(), Some("right"));
        assert_eq!(read(b"\n").as_deref(), Some(""));
        assert_eq!(read(b"secret\x03"), None);
        assert_eq!(read(b"\x04"), None);
    }
}
