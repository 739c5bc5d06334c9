//! docs/settings.md, made from the table. `make settings` writes it.

use std::fmt::Write as _;
use std::path::Path;

use super::option_words;
use super::setting::{Setting, Takes};
use super::settings::ServeSettings;
use super::table;

const PAGE: &str = "docs/settings.md";
/// Above this line the page is written by hand.
const MARKER: &str = "<!-- Below this line the page is made from src/config/table by `make settings`. -->\n";

/// The page below the marker.
fn generated() -> String {
    let mut page = String::new();
    let mut heading = "";
    let words = uwsgi_words();
    for setting in table::settings() {
        if setting.heading != heading {
            heading = setting.heading;
            let _ = write!(page, "\n## {heading}\n\n");
        }
        page.push_str(&described(setting, &words));
    }
    page
}

/// Each word of option files with the setting that it is for.
fn uwsgi_words() -> Vec<(&'static str, &'static str)> {
    let mut words: Vec<_> = option_words::names().map(|(word, _)| word).collect();
    words.sort_unstable();
    words.into_iter().filter_map(|word| Some((option_words::native(word)?, word))).collect()
}

fn described(setting: &Setting, words: &[(&str, &str)]) -> String {
    let mut text = format!("- {}: {}.", option(setting), escaped(setting.help));
    if !setting.more.is_empty() {
        let _ = write!(text, " {}", escaped(setting.more));
    }
    let mut add = |label: &str, what: &str| {
        if !what.is_empty() {
            let _ = write!(text, "\n  {label}: {what}.");
        }
    };
    add("Default", &escaped(setting.default));
    add("Also", &code(setting.aliases.iter().map(|alias| format!("--{alias}"))));
    add("Environment variable", &code(setting.environment));
    add(
        "uWSGI option files",
        &code(words.iter().filter(|(set, _)| *set == setting.word).map(|(_, word)| word)),
    );
    if setting.takes == Takes::Joined {
        text += "\n  The values of all files and of the command line are joined.";
    }
    if setting.only_flag {
        text += "\n  On the command line only.";
    } else if setting.needs_restart {
        text += "\n  A change takes effect after a restart.";
    }
    text + "\n"
}

fn option(setting: &Setting) -> String {
    let value = setting.value;
    match setting.takes {
        Takes::Argument => format!("`{value}`, in files `{}`", setting.word),
        Takes::Switch => format!("`--{}`", setting.word),
        Takes::Optional(_) => format!("`--{}[={value}]`", setting.word),
        Takes::One | Takes::List | Takes::Joined => {
            let short = setting.short.map(|short| format!("`-{short}`, ")).unwrap_or_default();
            format!("{short}`--{} {value}`", setting.word)
        }
    }
}

fn code(words: impl IntoIterator<Item = impl std::fmt::Display>) -> String {
    words.into_iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// Help is written for a terminal.
fn escaped(text: &str) -> String {
    text.replace('[', "\\[").replace('*', "\\*").replace('_', "\\_")
}

#[test]
fn the_settings_page_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let text = std::fs::read_to_string(&path).unwrap();
    let (by_hand, below) = text.split_once(MARKER).expect("a marker in docs/settings.md");
    let generated = generated();
    if std::env::var_os("CERTKIT_UPDATE").is_some() {
        std::fs::write(path, format!("{by_hand}{MARKER}{generated}")).unwrap();
    } else {
        assert!(below == generated, "{PAGE} is stale: run `make settings`\n{generated}");
    }
}

/// Defaults that depend on the machine, or that are not a value.
const IN_WORDS: &[&str] = &[
    "acme-server",
    "buffer-dir",
    "callable",
    "front-threads",
    "limit-as",
    "max-connections-per-address",
    "max-fd",
    "python",
    "request-grace",
    "socket-rcvbuf",
    "socket-sndbuf",
    "workers",
];

#[test]
fn the_defaults_are_those_of_the_help() {
    let shown = |mut settings: ServeSettings| {
        settings.finish();
        format!("{settings:?}")
    };
    let defaults = shown(ServeSettings::default());
    let mut seen = 0;
    for setting in table::settings().filter(|setting| !setting.default.is_empty()) {
        if IN_WORDS.contains(&setting.word) {
            continue;
        }
        let mut settings = ServeSettings::default();
        let default = setting.default.split(';').next().unwrap();
        (setting.set)(&mut settings, default.as_ref()).unwrap();
        assert_eq!(shown(settings), defaults, "{}", setting.word);
        seen += 1;
    }
    assert!(seen > 10, "{seen}");
}

#[test]
fn rows_are_whole_and_their_names_unique() {
    let mut names = Vec::new();
    for setting in table::settings() {
        let word = setting.word;
        assert!(!word.is_empty() && !setting.help.is_empty() && !setting.heading.is_empty(), "{word}");
        assert!(!setting.help.ends_with('.'), "{word}: the help ends with a full stop");
        let has_value = setting.takes != Takes::Switch;
        assert_eq!(has_value, !setting.value.is_empty(), "{word}");
        let others = setting.conflicts.iter().chain(setting.hidden_by);
        assert!(others.copied().all(|other| table::named(other).is_some()), "{word}");
        names.extend(setting.aliases.iter().copied().chain([word]));
    }
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all, "{names:?}");
}
