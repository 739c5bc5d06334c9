//! Option files at random.

use proptest::prelude::*;

use super::{FILE, list_of};
use crate::config::SettingsError;
use crate::config::origin::Origin;

/// What files are made of, and what looks like it.
fn fragments() -> impl Strategy<Value = String> {
    let fragment = prop::sample::select(vec![
        "[uwsgi]\n",
        "[",
        "]",
        "\n",
        " = ",
        "a",
        "b",
        "%(a)",
        "%(b + 1)",
        "%(",
        ")",
        "%",
        "$(MODE)",
        "@(f)",
        ";",
        "uwsgi:\n",
        "  a: ",
        "- ",
        "{\"uwsgi\": {",
        "\"a\": ",
        "}",
        "<uwsgi>",
        "<a>",
        "</a>",
        "</uwsgi>",
        "ini = :x",
        "include = uwsgi.ini",
        "if-env = MODE\n",
        "for = x y\n",
        "endif\n",
        "é",
        "5",
        "set = ",
        "inherit = uwsgi.ini",
    ]);
    prop::collection::vec(fragment, 0..40).prop_map(|fragments| fragments.concat())
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_with_a_line_that_it_has(text in fragments(), name in prop::sample::select(vec![
        "uwsgi.ini", "uwsgi.yaml", "uwsgi.json", "uwsgi.xml",
    ])) {
        let lines = 1..=text.lines().count().max(1);
        let start = format!("[uwsgi]\ninclude = {name}\n");
        let files = if name == FILE { vec![(FILE, text.as_str())] } else { vec![(FILE, start.as_str()), (name, &text)] };
        let origins = match list_of(&files) {
            Ok(list) => list.options.into_iter().map(|option| option.origin).collect(),
            Err(SettingsError::Option { origin, .. }) => vec![origin],
            Err(SettingsError::Syntax { error, .. }) => {
                prop_assert!(error.line.is_none_or(|line| lines.contains(&line)), "{}", error);
                Vec::new()
            }
            Err(other) => return Err(TestCaseError::fail(other.to_string())),
        };
        for origin in origins {
            let is_there = |file: &str, line| file != name || lines.contains(&line);
            prop_assert!(!matches!(&origin, Origin::File { file, line } if !is_there(file, *line)), "{:?}", origin);
        }
    }

    #[test]
    fn what_an_ini_file_has_is_what_is_read(
        options in prop::collection::vec(("[a-z]{6,9}x", "[A-Za-z0-9/:;#=. -]{0,20}"), 0..10),
    ) {
        let lines = options.iter().map(|(word, value)| format!("  {word}\t= {value} \r\n"));
        let text = format!("[uwsgi]\n{}", lines.collect::<String>());
        let read = list_of(&[(FILE, &text)]).unwrap().options;
        let read = read.into_iter().map(|option| (option.word, option.value.unwrap()));
        let expected = options.iter().map(|(word, value)| (word.clone(), value.trim_matches(' ').to_owned()));
        prop_assert!(read.eq(expected), "{}", text);
    }
}
