//! docs/uwsgi.md, made from the tables. `make settings` writes it.

use std::fmt::Write as _;
use std::path::Path;

use super::option_word::{OptionWord, Support};
use super::table;

const PAGE: &str = "docs/uwsgi.md";
/// Above this line the page is written by hand.
const MARKER: &str = "<!-- Below this line the page is made from src/config/table by `make settings`. -->\n";

/// The page below the marker: every word once.
fn generated() -> String {
    let mut page = "\n## Native\n\nOptions with the same name and meaning in certkit.\n\n".to_owned();
    let (mut native, mut alias) = (Vec::new(), Vec::new());
    for setting in table::settings() {
        let (same, other): (Vec<_>, Vec<_>) =
            setting.uwsgi.iter().copied().partition(|word| setting.is_named(word));
        let means = format!("`--{}`", setting.word);
        native.push((code(same), format!("{means}: {}", setting.help)));
        alias.push((code(other), format!("{means}: {}", setting.help)));
    }
    page += &lines(native);
    page += "\n## Alias\n\nOptions that are settings of certkit by another name, or several of them.\n\n";
    page += &lines(alias);
    page += &rows(|support| match support {
        Support::Sets(_, means) => Some((*means).to_owned()),
        _ => None,
    });
    page += "\n## Obeyed while files are read\n\n";
    page += &rows(|support| matches!(support, Support::Reading).then(String::new));
    page += "\n## Accepted\n\nNothing is to be done for these; one line at the start names those that a file has.\n\n";
    page += &rows(|support| match support {
        Support::Accepted(why) => Some((*why).to_owned()),
        _ => None,
    });
    page += "\n## Not yet\n\nThe server starts without them, with a warning for each.\n\n";
    page += &rows(|support| matches!(support, Support::NotYet).then(String::new));
    page += "\nThese protect, or decide what is served: until certkit does what they ask for, it does not start.\n\n";
    page += &rows(|support| matches!(support, Support::NotYetRefused).then(String::new));
    page += "\n## Refused\n\nThe start ends with status 2. With `--lenient` certkit starts without them.\n\n";
    page += &rows(|support| match support {
        Support::Refused(way_out) => Some((*way_out).to_owned()),
        _ => None,
    });
    page += "\nThese protect, and `--lenient` does not accept them.\n\n";
    page += &rows(|support| match support {
        Support::Protects(way_out) => Some((*way_out).to_owned()),
        _ => None,
    });
    page
}

/// A line for each row that `text` has something for.
fn rows(text: impl Fn(&Support) -> Option<String>) -> String {
    let names = |row: &OptionWord| code(row.names().map(|(name, _)| name));
    lines(table::option_words().filter_map(|row| Some((names(row), text(&row.support)?))).collect())
}

fn lines(rows: Vec<(String, String)>) -> String {
    let mut text = String::new();
    for (words, means) in rows.into_iter().filter(|(words, _)| !words.is_empty()) {
        let colon = if means.is_empty() { "" } else { ": " };
        let _ = writeln!(text, "- {words}{colon}{}.", means.replace('[', "\\[").replace('*', "\\*"));
    }
    text
}

fn code(words: impl IntoIterator<Item = impl std::fmt::Display>) -> String {
    words.into_iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

#[test]
fn the_uwsgi_page_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let text = std::fs::read_to_string(&path).unwrap();
    let (by_hand, below) = text.split_once(MARKER).expect("a marker in docs/uwsgi.md");
    let generated = generated();
    if std::env::var_os("CERTKIT_UPDATE").is_some() {
        std::fs::write(path, format!("{by_hand}{MARKER}{generated}")).unwrap();
    } else {
        assert!(below == generated, "{PAGE} is stale: run `make settings`\n{generated}");
    }
}

#[test]
fn every_word_is_on_the_page() {
    let page = generated();
    for (word, _) in super::option_words::names() {
        assert_eq!(page.matches(&format!("`{word}`")).count().min(1), 1, "{word}");
    }
}
