//! Certkit talks as its field does: phrases that sound translated or riddling are refused in what users read (docs, help,
//! messages) and in the comments of the code.
//!
//! A phrase is words in lower case; `*` stands for up to five words of one sentence, `~` for the beginning of a word.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::architecture::lexer::{TokenClass, tokens};
use crate::architecture::rust_files;
use crate::harness::{Test, repository};

/// A phrase, what to write instead, and the words before and after it that make it good English.
struct Avoided {
    phrases: &'static [&'static str],
    instead: &'static str,
    unless_before: &'static [&'static str],
    unless_after: &'static [&'static str],
}

const fn avoided(phrases: &'static [&'static str], instead: &'static str) -> Avoided {
    Avoided { phrases, instead, unless_before: &[], unless_after: &[] }
}

const AVOIDED: &[Avoided] = &[
    Avoided {
        phrases: &["is no", "are no"],
        instead: "is not a, is not valid",
        unless_before: &["answer", "there"],
        unless_after: &["different", "exception", "longer", "match", "more"],
    },
    Avoided {
        phrases: &["is told", "are told", "be told", "was told"],
        instead: "sees, gets, is set with",
        unless_before: &[],
        unless_after: &["to"],
    },
    avoided(&["makes no sense", "make no sense"], "cannot be combined, is not valid"),
    avoided(&["comes about", "come about", "came about", "coming about"], "fails, succeeds, happens"),
    avoided(&["shall"], "must, is to, will"),
    avoided(&["whoever"], "anyone who"),
    avoided(&["mend", "mends", "mended", "mending"], "fix"),
    avoided(&["go on with", "goes on with", "gone on with", "went on with"], "continue"),
    avoided(&["at work"], "running, in use"),
    avoided(&["bear", "bears"], "accept, limit"),
    avoided(&["live of", "lives of"], "are built on"),
    avoided(&["take * words", "takes * words", "~'s words"], "understands the options of"),
    avoided(&["leave * away", "leaves * away", "leaving * away", "left * away"], "omit"),
    avoided(&["take * away", "takes * away", "taken * away", "taking * away", "took * away"], "remove"),
    avoided(&["nonsense"], "invalid, a protocol error"),
    avoided(&["in trouble"], "unavailable"),
    avoided(&["lets itself", "let itself"], "can be"),
    avoided(&["as meant"], "as requested"),
    avoided(&["good until"], "valid until"),
    avoided(&["commonest"], "most common"),
    avoided(&["tell of", "tells of", "told of", "speak of", "speaks of"], "report, name"),
    avoided(&["speak for", "speaks for"], "issue for, stand for"),
    avoided(
        &["is said", "are said", "was said", "not said", "said aloud", "says aloud"],
        "given, set, printed",
    ),
    avoided(&["is begun", "are begun", "was begun", "were begun"], "started"),
    avoided(&["wishes"], "option, setting, asks for"),
    avoided(&["unasked"], "without --force, without being asked"),
    avoided(&["of itself"], "by itself"),
    avoided(&["rights needed"], "needs root"),
    avoided(&["second and core"], "per second per core"),
    avoided(&["the same again"], "repeat"),
    avoided(&["no beginning", "no name for"], "is not a valid"),
    avoided(&["look into", "looks into"], "check, read"),
    Avoided {
        phrases: &["stand in", "stands in", "stood in", "stands below", "stands beside"],
        instead: "is in, is next to",
        unless_before: &[],
        unless_after: &["for"],
    },
    avoided(&["lie in", "lies in", "lies below", "lies beside"], "is in, is next to"),
    avoided(&["so long"], "for N s"),
    avoided(&["being done", "is being made"], "progress, is issued"),
];

/// Where a phrase stays: the file, the phrase (`*`: all), and why.
const ALLOWED: &[(&str, &str, &str)] = &[
    ("docs/words.md", "*", "the page that names the phrases"),
    ("CHANGELOG.md", "mend", "the name of a label that was"),
];

const WHY: &str =
    "phrases that do not sound like English of the field (the table is in tests/integration/words.rs):";

#[track_caller]
fn none(found: &BTreeMap<String, Vec<String>>) {
    let wrong: String = found
        .iter()
        .filter(|(_, lines)| !lines.is_empty())
        .map(|(file, lines)| format!("{file}\n    {}\n", lines.join("\n    ")))
        .collect();
    assert!(wrong.is_empty(), "{WHY}\n{wrong}");
}

#[test]
fn the_code_talks_plainly() {
    let files = rust_files("src");
    let counts = files.iter().map(|path| (relative(path), wrong_in_code(path)));
    none(&counts.collect());
}

#[test]
fn the_documents_talk_plainly() {
    let mut counts = BTreeMap::new();
    for folder in [".", "completions", "completions/man", "docs", "examples"] {
        for entry in fs::read_dir(repository().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let read = path.is_file() && (folder != "." || name.ends_with(".md"));
            if read {
                let text = fs::read_to_string(&path).unwrap().replace("\\-", "-");
                counts.insert(relative(&path), wrong(&relative(&path), &[(1, text)]));
            }
        }
    }
    assert!(counts.len() > 30, "{} documents", counts.len());
    none(&counts);
}

#[test]
fn every_help_talks_plainly() {
    let test = Test::new();
    let mut counts = BTreeMap::new();
    let mut commands = vec![Vec::new()];
    while let Some(command) = commands.pop() {
        let arguments: Vec<&str> = command.iter().map(String::as_str).chain(["--help"]).collect();
        let help = test.certkit(&arguments).exits(0).stdout();
        let below = help.lines().skip_while(|line| *line != "Commands:").skip(1);
        for line in below.take_while(|line| !line.is_empty()).filter(|line| !line.starts_with("   ")) {
            let name = line.split_whitespace().next().unwrap();
            if name != "help" {
                commands.push(command.iter().cloned().chain([name.to_owned()]).collect());
            }
        }
        let key = format!("certkit {}", arguments.join(" "));
        counts.insert(key.clone(), wrong(&key, &[(1, help)]));
    }
    assert!(counts.len() > 30, "{} commands", counts.len());
    none(&counts);
}

/// The wrong phrases in the comments and strings of a file.
fn wrong_in_code(path: &Path) -> Vec<String> {
    let mut passages: Vec<(usize, String)> = Vec::new();
    let mut end = 0;
    for token in tokens(&fs::read_to_string(path).unwrap()) {
        match token.class {
            // A sentence goes on over the lines of a comment.
            TokenClass::Comment if end + 1 == token.line && !passages.is_empty() => {
                let (_, passage) = passages.last_mut().unwrap();
                passage.push('\n');
                passage.push_str(&token.text);
                end = token.line;
            }
            TokenClass::Comment => {
                end = token.line;
                passages.push((token.line, token.text));
            }
            TokenClass::Text => passages.push((token.line, token.text.replace("\\n", ". "))),
            _ => {}
        }
        if token.class != TokenClass::Comment {
            end = 0;
        }
    }
    wrong(&relative(path), &passages)
}

/// Each wrong phrase of a file's passages with its line.
fn wrong(file: &str, passages: &[(usize, String)]) -> Vec<String> {
    let mut found = Vec::new();
    for (line, passage) in passages {
        let words = words(passage, *line);
        for avoided in AVOIDED {
            for phrase in avoided.phrases {
                let allowed =
                    |(of, which, _): &&(&str, &str, &str)| *of == file && (which == phrase || *which == "*");
                if ALLOWED.iter().any(|one| allowed(&one)) {
                    continue;
                }
                for start in 0..words.len() {
                    if let Some(end) =
                        matches(phrase, &words, start).filter(|end| !avoided.excused(&words, start, *end))
                    {
                        let said =
                            words[start..end].iter().map(|(word, _)| word.as_str()).collect::<Vec<_>>();
                        let mut line = format!("line {}: `{}`", words[start].1, said.join(" "));
                        let _ = write!(line, " (rather: {})", avoided.instead);
                        found.push(line);
                    }
                }
            }
        }
    }
    found
}

impl Avoided {
    fn excused(&self, words: &[(String, usize)], start: usize, end: usize) -> bool {
        let before = start.checked_sub(1).map(|at| words[at].0.as_str());
        let after = words.get(end).map(|(word, _)| word.as_str());
        before.is_some_and(|word| self.unless_before.contains(&word))
            || after.is_some_and(|word| self.unless_after.contains(&word))
    }
}

/// Where the phrase ends that begins at `start`.
fn matches(phrase: &str, words: &[(String, usize)], start: usize) -> Option<usize> {
    let mut at = start;
    let mut parts = phrase.split(' ').peekable();
    while let Some(part) = parts.next() {
        if part == "*" {
            let next = parts.peek()?;
            let skipped = words[at..].iter().take(6).take_while(|(word, _)| word != ".");
            at += skipped.take_while(|(word, _)| word != next).count();
            continue;
        }
        let word = words.get(at)?;
        let fits = part.strip_prefix('~').map_or(word.0 == part, |end| word.0.ends_with(end));
        if !fits {
            return None;
        }
        at += 1;
    }
    Some(at)
}

/// The words in lower case with their lines; `.` for the end of a sentence or paragraph, `{}` for what is put in.
fn words(text: &str, first_line: usize) -> Vec<(String, usize)> {
    let mut found: Vec<(String, usize)> = Vec::new();
    for (line, text) in (first_line..).zip(text.lines()) {
        if text.trim().is_empty() {
            found.push((".".to_owned(), line));
        }
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let length = if c == '{' {
                let length = rest.find('}').map_or(1, |end| end + 1);
                found.push(("{}".to_owned(), line));
                length
            } else if c.is_alphanumeric() || c == '-' {
                let within = |c: char| c.is_alphanumeric() || matches!(c, '\'' | '-' | '_');
                let length = rest.find(|c| !within(c)).unwrap_or(rest.len());
                found.push((rest[..length].trim_end_matches('\'').to_lowercase(), line));
                length
            } else {
                if matches!(c, '.' | ';' | ':' | '!' | '?' | '|') {
                    found.push((".".to_owned(), line));
                }
                c.len_utf8()
            };
            rest = &rest[length..];
        }
    }
    found
}

fn relative(path: &Path) -> String {
    path.strip_prefix(repository()).unwrap().display().to_string()
}

#[test]
fn phrases_are_found_and_good_english_is_not() {
    let found = |text: &str| wrong("x", &[(1, text.to_owned())]).len();
    for text in [
        "`{0}` is no CA",
        "which is\nno name",
        "leave --days away",
        "leave {} away (397)",
        "the client is told why",
        "takes uWSGI's words",
        "Whoever has ca.key",
        "to mend it",
    ] {
        assert!(found(text) > 0, "{text}");
    }
    for text in [
        "there is no CA",
        "it is no longer valid",
        "curl is told to trust ca.crt",
        "I recommend it. No name is",
        "leave it. Go away",
        "the forbearing client",
        "an internal-marshal format",
    ] {
        assert_eq!(found(text), 0, "{text}");
    }
}
