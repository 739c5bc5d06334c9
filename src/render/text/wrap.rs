//! Lines that fit the terminal. What stands between backquotes is kept on one line, so that a command can be copied.

use super::style::printable;

/// Longer lines are hard to read, however wide the terminal is.
const MAX_WIDTH: usize = 100;
/// Narrower than this, breaking lines makes them worse.
const MIN_WIDTH: usize = 40;

/// How wide the text may be, in columns; `None` leaves lines as they are, as in a pipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::render) struct Width(Option<usize>);

impl Width {
    /// From the columns of the terminal.
    pub(in crate::render) fn new(columns: Option<usize>) -> Self {
        Self(columns.map(|columns| columns.clamp(MIN_WIDTH, MAX_WIDTH)))
    }

    /// How many there are; `None` where nothing limits them.
    pub(super) fn columns(self) -> Option<usize> {
        self.0
    }

    /// The text, printable, each line broken where it would reach the edge. The first line begins in column `start`,
    /// all others are moved in by `indent`.
    pub(super) fn wrap(self, text: &str, start: usize, indent: usize) -> String {
        let gap = format!("\n{}", " ".repeat(indent));
        let mut column = start;
        let mut lines = Vec::new();
        for line in text.lines().map(printable) {
            lines.extend(self.broken(&line, column, indent));
            column = indent;
        }
        lines.join(&gap)
    }

    fn broken(self, line: &str, start: usize, indent: usize) -> Vec<String> {
        let Some(width) = self.0 else { return vec![line.to_owned()] };
        if start + line.chars().count() <= width {
            return vec![line.to_owned()];
        }
        // A line that was moved in goes on below its text.
        let own_indent: String = line.chars().take_while(|c| *c == ' ').collect();
        let mut lines = Vec::new();
        let mut current = own_indent.clone();
        let mut column = start + own_indent.len();
        for piece in pieces(line.trim_start()) {
            let length = piece.chars().count();
            let is_first = current.len() == own_indent.len();
            if !is_first && column + 1 + length > width {
                lines.push(std::mem::replace(&mut current, own_indent.clone()));
                column = indent + own_indent.len();
            } else if !is_first {
                current.push(' ');
                column += 1;
            }
            current.push_str(piece);
            column += length;
        }
        lines.push(current);
        lines
    }
}

/// The words of a line; a span between backquotes is one word, with what adjoins it.
fn pieces(line: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut is_quoted = false;
    for (index, c) in line.char_indices() {
        match c {
            '`' => is_quoted = !is_quoted,
            // Where a backquote is never closed, the rest is broken as usual.
            ' ' if !is_quoted || !line[index..].contains('`') => {
                if start < index {
                    pieces.push(&line[start..index]);
                }
                start = index + 1;
            }
            _ => {}
        }
    }
    if start < line.len() {
        pieces.push(&line[start..]);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_end_before_the_edge() {
        let width = Width::new(Some(40));
        let text = "The certificate is for other names: www.test.example, test.example";
        assert_eq!(
            width.wrap(text, 10, 2),
            "The certificate is for other\n  names: www.test.example, test.example"
        );
        assert_eq!(Width::new(None).wrap(text, 10, 2), text);
    }

    #[test]
    fn commands_stay_on_one_line() {
        let width = Width::new(Some(40));
        assert_eq!(
            width.wrap("Run `certkit merge server.crt ca-bundle.ca`, then look again", 0, 4),
            "Run\n    `certkit merge server.crt ca-bundle.ca`,\n    then look again"
        );
        assert_eq!(width.wrap("an open ` and forty columns of text that follow", 0, 0).lines().count(), 2);
    }

    #[test]
    fn lines_that_were_moved_in_stay_so() {
        let width = Width::new(Some(40));
        assert_eq!(
            width.wrap("one\n  two that is long enough to be broken once", 0, 4),
            "one\n      two that is long enough to be\n      broken once"
        );
    }

    proptest! {
        #[test]
        fn nothing_is_lost(text in "[a-z `é\n]{0,200}", columns in 0_usize..120, start in 0_usize..10) {
            let wrapped = Width::new(Some(columns)).wrap(&text, start, 3);
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            prop_assert_eq!(words(&wrapped), words(&text));
        }
    }
}
