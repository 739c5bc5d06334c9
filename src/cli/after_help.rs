//! The part of a help below the options, fitted to the terminal: clap would break its lines without regard to the
//! column that their explanations begin in.

/// As clap's limit (`max_term_width`).
const MAX_WIDTH: usize = 100;
/// A column of explanations that leaves less than this begins on a line of its own instead.
const MIN_COLUMN: usize = 24;

/// The text with its longer lines broken. A line that has two columns continues in the second one.
pub(super) fn fitted(text: &str, columns: Option<usize>) -> String {
    let width = columns.map_or(MAX_WIDTH, |columns| columns.clamp(40, MAX_WIDTH));
    let mut lines = Vec::new();
    for line in text.lines() {
        fit(line, width, &mut lines);
    }
    lines.join("\n")
}

fn fit(line: &str, width: usize, lines: &mut Vec<String>) {
    let is_short = line.chars().count() <= width;
    let text = line.trim_start();
    let indent = line.len() - text.len();
    match text.find("  ").filter(|_| !is_short) {
        None if is_short || text.starts_with("certkit ") => lines.push(line.to_owned()),
        None => wrap(&" ".repeat(indent), text, indent, width, lines),
        Some(gap) => {
            let (first, second) = line.split_at(indent + gap);
            let explanation = second.trim_start();
            let column = line.chars().count() - explanation.chars().count();
            if column + MIN_COLUMN <= width {
                wrap(&format!("{first:column$}"), explanation, column, width, lines);
            } else {
                lines.push(first.to_owned());
                wrap(&" ".repeat(indent + 4), explanation, indent + 4, width, lines);
            }
        }
    }
}

/// Appends `text` in lines of at most `width`, the first after `start`, the others moved in by `indent`.
fn wrap(start: &str, text: &str, indent: usize, width: usize, lines: &mut Vec<String>) {
    let mut current = start.to_owned();
    let mut is_empty = true;
    for word in text.split_whitespace() {
        if !is_empty && current.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::replace(&mut current, " ".repeat(indent)));
            is_empty = true;
        }
        if !is_empty {
            current.push(' ');
        }
        current.push_str(word);
        is_empty = false;
    }
    lines.push(current);
}

#[cfg(test)]
mod tests {
    use super::fitted;

    #[test]
    fn explanations_continue_in_their_column() {
        let text = "EXAMPLES\n  certkit mkca    makes a certificate authority of your own\n\n  0  done";
        let expected = "EXAMPLES\n  certkit mkca    makes a certificate\n                  authority of your own\n\n  0  done";
        assert_eq!(fitted(text, Some(42)), expected);
        assert_eq!(fitted(text, None), text);
    }

    #[test]
    fn an_explanation_without_room_goes_below_its_command() {
        let text = "  certkit check chain.pem --host a.example    the running server";
        assert_eq!(
            fitted(text, Some(50)),
            "  certkit check chain.pem --host a.example\n      the running server"
        );
    }

    #[test]
    fn paragraphs_are_filled_and_commands_stay_whole() {
        let text = "  one two three four five six seven eight nine ten\n  certkit acme obtain a.example b.example c.example";
        assert_eq!(
            fitted(text, Some(40)),
            "  one two three four five six seven\n  eight nine ten\n  certkit acme obtain a.example b.example c.example"
        );
    }
}
