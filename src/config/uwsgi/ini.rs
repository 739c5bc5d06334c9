//! uWSGI's ini files: sections, and lines of `word = value`. A `;` or `#` begins a comment at the start of a line only.

use super::option_line::{OptionLine, OptionLines, ReadProblem, SECTION};

/// What uWSGI removes at both ends of lines, names and values.
const BLANK: &[char] = &[' ', '\t', '\r'];

/// The options of a section, in their order.
///
/// # Errors
/// A text without the section.
pub(super) fn read(text: &str, section: Option<&str>) -> OptionLines {
    let asked = section.unwrap_or(SECTION);
    let mut options = Vec::new();
    let mut is_asked = false;
    let mut has_section = false;
    for (index, line) in text.split('\n').enumerate() {
        let line = line.trim_matches(BLANK);
        if line.is_empty() || line.starts_with([';', '#']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[') {
            // The last character goes, whatever it is.
            let end = name.char_indices().next_back().map_or(0, |(at, _)| at);
            is_asked = name.get(..end) == Some(asked);
            has_section |= is_asked;
        } else if is_asked {
            let (word, value) = line.split_once('=').unwrap_or((line, ""));
            let word = word.trim_end_matches(BLANK).to_owned();
            let value = value.trim_matches(BLANK).to_owned();
            options.push(OptionLine { line: index + 1, word, value });
        }
    }
    if has_section { Ok(options) } else { Err(ReadProblem::no_section(asked)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, section: Option<&str>) -> Vec<String> {
        let options = read(text, section).unwrap();
        options.iter().map(|OptionLine { line, word, value }| format!("{line} {word}={value}")).collect()
    }

    #[test]
    fn lines_of_one_section() {
        let text = "; comment\n[other]\nprocesses = 9\n[uwsgi]\r\n  chdir\t=  /srv \r\nmaster\n\n# x\nenv=A=b ; c\n[b]\n\
                    z = 1\n[uwsgi]\nlast = 1";
        assert_eq!(shown(text, None), ["5 chdir=/srv", "6 master=", "9 env=A=b ; c", "13 last=1"]);
        assert_eq!(shown(text, Some("b")), ["11 z=1"]);
        assert_eq!(shown("[uwsgi é\n=\n==\n", Some("uwsgi ")), ["2 =", "3 ==".trim_end()]);
    }

    #[test]
    fn a_missing_section_is_an_error() {
        let error = read("processes = 1\n[é", None).unwrap_err();
        assert_eq!(error.problem.to_string(), "there is no section [uwsgi]");
        assert!(read("[\n[]\n", Some("base")).is_err());
    }
}
