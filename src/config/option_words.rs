//! What a word of uWSGI is here: a setting of its own, or a row of the table of words.

use super::option_word::{OptionArgument, OptionWord, Support};
use super::setting::{Setting, Takes};
use super::similar::similar;
use super::table;

/// What a word means.
#[derive(Clone, Copy)]
pub(super) enum OptionMeaning {
    Setting(&'static Setting),
    Word(&'static OptionWord),
    /// A placeholder.
    Unknown,
}

impl OptionMeaning {
    pub(super) fn of(word: &str) -> Self {
        let has_word = |row: &&OptionWord| row.names().any(|(name, _)| name == word);
        match table::settings().find(|setting| setting.uwsgi.contains(&word)) {
            Some(setting) => Self::Setting(setting),
            None => table::option_words().find(has_word).map_or(Self::Unknown, Self::Word),
        }
    }
}

/// Whether uWSGI has an option with this name.
pub(super) fn is_known(word: &str) -> bool {
    !matches!(OptionMeaning::of(word), OptionMeaning::Unknown)
}

/// The word that was meant.
pub(super) fn similar_word(word: &str) -> Option<&'static str> {
    similar(word, names().map(|(name, _)| name))
}

/// The option of the command line that was meant.
pub fn similar_option(word: &str) -> Option<&'static str> {
    let settings =
        table::settings().flat_map(|setting| setting.aliases.iter().copied().chain([setting.word]));
    similar(word, settings.chain(names().map(|(name, _)| name)))
}

/// The setting that a word is for, where it is another name only.
pub(super) fn native(word: &str) -> Option<&'static str> {
    match OptionMeaning::of(word) {
        OptionMeaning::Setting(setting) => Some(setting.word),
        OptionMeaning::Word(OptionWord { support: Support::Sets(convert, _), .. }) => {
            let converted = convert("/a=:1", &super::option_word::OptionFacts::default()).ok()?;
            converted.sets.first().map(|(setting, _)| *setting)
        }
        OptionMeaning::Word(_) | OptionMeaning::Unknown => None,
    }
}

/// Every word, each with whether it takes a value.
pub fn names() -> impl Iterator<Item = (&'static str, OptionArgument)> {
    let of_settings = table::settings().flat_map(|setting| {
        let argument =
            if setting.takes == Takes::Switch { OptionArgument::None } else { OptionArgument::Required };
        setting.uwsgi.iter().map(move |word| (*word, argument))
    });
    of_settings.chain(table::option_words().flat_map(OptionWord::names))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_has_two_meanings() {
        let mut words: Vec<_> = names().map(|(name, _)| name).collect();
        words.sort_unstable();
        let twice: Vec<_> = words.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
        assert_eq!(twice, [] as [&str; 0]);
        assert!(words.len() > 1000, "{}", words.len());
    }

    #[test]
    fn other_names_of_settings() {
        assert_eq!(native("processes"), Some("workers"));
        assert_eq!(native("http-socket"), Some("listen"));
        assert_eq!(native("static-map"), Some("try-static"));
        assert_eq!(native("master"), None);
        assert_eq!(similar_word("vaccum"), Some("vacuum"));
        assert_eq!(similar_word("chmod_socket"), Some("chmod-socket"));
        assert_eq!(similar_word("project"), None);
    }
}
