//! YAML option files: a mapping below the section's key. Lists give one option for each item.

use saphyr_parser::{Event, Parser, ScanError};

use super::option_line::{OptionLine, OptionLines, ReadProblem, SECTION};
use crate::config::error::SyntaxProblem;

/// The options below the key `section`, in their order.
///
/// # Errors
/// A text that is not YAML, or without the key.
pub(super) fn read(text: &str, section: Option<&str>) -> OptionLines {
    let asked = section.unwrap_or(SECTION);
    let mut options = Vec::new();
    let mut has_section = false;
    // The keys of the mappings that are open; `None` where a key comes next. Lists count as part of their key.
    let mut keys: Vec<Option<String>> = Vec::new();
    let mut lists = 0_usize;
    for event in Parser::new_from_str(&without_tabs(text)) {
        let (event, span) = event.map_err(|error| wrong(&error))?;
        let line = span.start.line();
        let is_asked = keys.first().is_some_and(|key| key.as_deref() == Some(asked));
        match event {
            Event::Scalar(value, ..) => {
                let depth = keys.len();
                let Some(key) = keys.last_mut() else { continue };
                let Some(word) = key.clone() else {
                    *key = Some(value.into_owned());
                    continue;
                };
                if is_asked && depth == 2 {
                    options.push(OptionLine { line, word, value: value.into_owned() });
                }
                if lists == 0 {
                    *key = None;
                }
            }
            Event::SequenceStart(..) => lists += 1,
            Event::SequenceEnd => {
                lists = lists.saturating_sub(1);
                close(&mut keys, lists);
            }
            Event::MappingStart(..) => {
                if is_asked && keys.len() > 1 {
                    let key = keys.into_iter().flatten().next_back().unwrap_or_default();
                    let problem = SyntaxProblem::NotAValue { key, expected: EXPECTED, given: "mapping" };
                    return Err(ReadProblem::at(line, problem));
                }
                has_section |= is_asked;
                keys.push(None);
            }
            Event::MappingEnd => {
                keys.pop();
                close(&mut keys, lists);
            }
            Event::Alias(_) => {
                let problem = SyntaxProblem::Yaml("certkit does not read aliases (`*name`)".to_owned());
                return Err(ReadProblem::at(line, problem));
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => {}
        }
    }
    if has_section { Ok(options) } else { Err(ReadProblem::no_section(asked)) }
}

/// uWSGI's own reader takes tabs between a key and its value, which YAML 1.2 forbids (section 6.1). What a line has before
/// its first colon stays, so that no value changes.
fn without_tabs(text: &str) -> String {
    let line = |line: &str| {
        let Some((key, behind)) = line.split_once(':') else { return line.to_owned() };
        let value = behind.trim_start_matches([' ', '\t']);
        let blank = behind.get(..behind.len() - value.len()).unwrap_or_default();
        let is_key = !key.contains(['"', '\'', '#']);
        if is_key && blank.contains('\t') { format!("{key}: {value}") } else { line.to_owned() }
    };
    text.split_inclusive('\n').map(line).collect()
}

pub(super) const EXPECTED: &str = "a value or a list of values";

/// The value of a key has ended.
fn close(keys: &mut [Option<String>], lists: usize) {
    if lists == 0
        && let Some(key) = keys.last_mut()
    {
        *key = None;
    }
}

fn wrong(error: &ScanError) -> ReadProblem {
    ReadProblem::at(error.marker().line().max(1), SyntaxProblem::Yaml(error.info().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_lists_below_the_key() {
        let text = "# remark\nother:\n  a: 1\n  deep: {b: [c, {d: e}]}\nuwsgi:\n  socket: 127.0.0.1:3031\n  master: true\n\
                    \x20 module: \"a:b\"   # remark\n  env:\n    - A=1\n    - B=2\n  mount: [/a=a, /b=b]\n  empty:\n  n: 5\n\
                    last:\n  z: 1\n";
        let shown = |section| {
            let options = read(text, section).unwrap();
            let line = |OptionLine { line, word, value }| format!("{line} {word}={value}");
            options.into_iter().map(line).collect::<Vec<_>>()
        };
        let expected = [
            "6 socket=127.0.0.1:3031",
            "7 master=true",
            "8 module=a:b",
            "10 env=A=1",
            "11 env=B=2",
            "12 mount=/a=a",
            "12 mount=/b=b",
            "13 empty=",
            "14 n=5",
        ];
        assert_eq!(shown(None), expected);
        assert_eq!(shown(Some("last")), ["16 z=1"]);
    }

    #[test]
    fn tabs_separate_keys_from_values() {
        let text = "uwsgi:\n  master:\t1\n  socket: \t:80\n  module:\t\t a:b\n  env: \"A:\t1\"\n";
        let options = read(text, None).unwrap();
        let shown: Vec<_> = options.iter().map(|one| format!("{}={}", one.word, one.value)).collect();
        assert_eq!(shown, ["master=1", "socket=:80", "module=a:b", "env=A:\t1"]);
    }

    #[test]
    fn errors_name_the_line() {
        for (text, line) in [
            ("uwsgi:\n  a: [1\n b: 2\n", Some(3)),
            ("uwsgi:\n  a:\n    b: 1\n", Some(3)),
            ("uwsgi:\n  a: &x 1\n  b: *x\n", Some(3)),
            ("other: 1\n", None),
            ("", None),
        ] {
            let error = read(text, None).unwrap_err();
            assert_eq!(error.line, line, "{text}: {:?}", error.problem);
        }
    }
}
