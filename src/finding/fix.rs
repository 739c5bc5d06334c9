//! A fix as lines: sentences, and commands on lines of their own, ready to be copied.
//!
//! Rooms write a fix as text with commands between backquotes. A command that cannot be run as it stands, because a word
//! in capitals stands for a name, stays in its sentence.

/// A line of a fix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FixLine {
    /// To be typed as it is, without backquotes.
    Command(String),
    Sentence(String),
}

/// Programs that a fix names.
const PROGRAMS: &[&str] = &[
    "apt",
    "certkit",
    "chmod",
    "cp",
    "curl",
    "keytool",
    "kill",
    "ls",
    "mkdir",
    "openssl",
    "ss",
    "ssh-keygen",
    "sudo",
];

/// What needs arguments: without them it is the name of a command.
const NEEDS_ARGUMENTS: &[&str] = &[
    "certkit check",
    "certkit convert",
    "certkit csr",
    "certkit merge",
    "certkit mkcert",
    "certkit show",
    "certkit sign",
    "certkit acme obtain",
    "certkit acme",
];

/// The lines of a fix.
pub fn fix_lines(fix: &str) -> Vec<FixLine> {
    let mut lines = Vec::new();
    for line in fix.lines() {
        add_line(line, &mut lines);
    }
    lines
}

fn add_line(line: &str, lines: &mut Vec<FixLine>) {
    let mut sentence = String::new();
    let mut commands = Vec::new();
    let mut rest = line;
    while let Some((before, (span, after))) = next_span(rest) {
        sentence.push_str(before);
        if is_command(span) {
            commands.push(FixLine::Command(span.to_owned()));
            // A full stop after the command belongs to nothing any more.
            rest = after.strip_prefix('.').filter(|after| after.is_empty()).unwrap_or(after);
            if !rest.is_empty() {
                sentence.push_str("this command");
            }
        } else {
            sentence.push_str(&format!("`{span}`"));
            rest = after;
        }
    }
    sentence.push_str(rest);
    if commands.is_empty() {
        return lines.push(FixLine::Sentence(line.to_owned()));
    }
    let sentence = sentence.trim_end_matches([' ', '.', ':', ',']);
    if !matches!(sentence, "Run" | "") {
        lines.push(FixLine::Sentence(format!("{sentence}:")));
    }
    lines.append(&mut commands);
}

/// What stands before the next span between backquotes, the span, and what follows it.
fn next_span(text: &str) -> Option<(&str, (&str, &str))> {
    let (before, rest) = text.split_once('`')?;
    Some((before, rest.split_once('`')?))
}

/// Whether this can be typed as it stands.
fn is_command(span: &str) -> bool {
    let is_known = span.split(' ').next().is_some_and(|program| PROGRAMS.contains(&program));
    let stands_for_another = |word: &str| {
        word.trim_end_matches('.').split([':', '=']).any(|part| {
            part.len() > 1
                && part.starts_with(|c: char| c.is_ascii_uppercase())
                && part.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-')
        })
    };
    is_known
        && span.contains(' ')
        && !NEEDS_ARGUMENTS.contains(&span)
        && !span.split(' ').skip(1).any(stands_for_another)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(fix: &str) -> Vec<String> {
        let line = |line| match line {
            FixLine::Command(command) => format!("$ {command}"),
            FixLine::Sentence(sentence) => sentence,
        };
        fix_lines(fix).into_iter().map(line).collect()
    }

    #[test]
    fn commands_have_lines_of_their_own() {
        assert_eq!(lines("Run `certkit mkca`."), ["$ certkit mkca"]);
        assert_eq!(lines("Wait."), ["Wait."]);
        assert_eq!(
            lines("Run `certkit merge a.crt --fetch`, which downloads it.\nElse ask the CA."),
            ["Run this command, which downloads it:", "$ certkit merge a.crt --fetch", "Else ask the CA."]
        );
        assert_eq!(
            lines("Have one issued: `certkit mkcert 'a b' -o c`."),
            ["Have one issued:", "$ certkit mkcert 'a b' -o c"]
        );
        assert_eq!(
            lines("For curl alone, use `curl --cacert ca.crt`."),
            ["For curl alone, use:", "$ curl --cacert ca.crt"]
        );
        assert_eq!(lines("Run `kill -HUP 7`."), ["$ kill -HUP 7"]);
    }

    #[test]
    fn what_cannot_be_typed_stays_in_its_sentence() {
        for fix in [
            "Run `certkit mkcert NAME` to make a new one.",
            "Type `certkit show HOST:443`.",
            "As `certkit mkcert` does.",
            "Name the certificate of `certkit intermediate CA me@host 2026-11-20 0123abcd`.",
            "Set `ssl_protocols TLSv1.2`.",
            "It has a line `-----BEGIN CERTIFICATE-----`.",
            "An open ` backquote",
        ] {
            assert_eq!(lines(fix), [fix]);
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(`|certkit | |[a-z.:]|NAME|\n){0,30}") {
            let lines = fix_lines(&text);
            prop_assert!(lines.iter().all(|line| matches!(line, FixLine::Sentence(_)) || *line != FixLine::Command(String::new())));
        }
    }
}
