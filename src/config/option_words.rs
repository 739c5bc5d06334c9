//! What the words of uWSGI's option files mean here, beside those that a row of the table names.

use std::ffi::OsString;

use super::setting::Setting;
use super::similar::similar;
use super::table;

/// A value as settings with their values.
type Conversion = fn(&str) -> Vec<(&'static str, String)>;

/// Words that become several settings, or one of several.
static CONVERTED: &[(&[&str], Conversion)] = &[
    (&["socket", "uwsgi-socket", "s"], |value| vec![listen("uwsgi", value)]),
    (&["http", "http-socket"], |value| vec![listen("http", value)]),
    (&["https"], https),
    (&["disable-logging", "L"], |_| vec![("access-log", "off".to_owned())]),
];

/// Words that ask for what certkit always does, or that have no meaning here.
const ALWAYS: &[&str] = &[
    "auto-procname",
    "die-on-term",
    "enable-threads",
    "lazy",
    "lazy-apps",
    "master",
    "memory-report",
    "need-app",
    "no-orphans",
    "plugin",
    "plugins",
    "procname",
    "procname-prefix",
    "single-interpreter",
    "strict",
    "thunder-lock",
    "vacuum",
];

/// What a word of an option file means.
pub(super) enum OptionMeaning {
    /// These settings with these values; none for what is always so.
    Sets(Vec<(&'static Setting, OsString)>),
    /// Nothing here, with the word that may have been meant.
    Unknown(Option<&'static str>),
}

impl OptionMeaning {
    pub(super) fn of(word: &str, value: &str) -> Self {
        if let Some((_, convert)) = CONVERTED.iter().find(|(words, _)| words.contains(&word)) {
            let settings = convert(value).into_iter();
            let known = settings.filter_map(|(name, value)| table::named(name).zip(Some(value.into())));
            return Self::Sets(known.collect());
        }
        match table::settings().find(|setting| setting.uwsgi.contains(&word)) {
            Some(setting) => {
                let value = setting.from_uwsgi.map_or(value, |convert| convert(value));
                Self::Sets(vec![(setting, value.into())])
            }
            None if ALWAYS.contains(&word) => Self::Sets(Vec::new()),
            None => Self::Unknown(similar(word, known())),
        }
    }
}

/// The setting that a word of an option file is for.
pub(super) fn native(word: &str) -> Option<&'static str> {
    match OptionMeaning::of(word, "") {
        OptionMeaning::Sets(sets) => sets.first().map(|(setting, _)| setting.word),
        OptionMeaning::Unknown(_) => None,
    }
}

/// The words of option files that set this.
#[cfg(test)]
pub(super) fn of(setting: &str) -> Vec<&'static str> {
    let mut words: Vec<_> = known().filter(|word| sets(word, setting)).collect();
    words.sort_unstable_by_key(|word| (word.len() < 3, *word));
    words
}

#[cfg(test)]
fn sets(word: &str, setting: &str) -> bool {
    match OptionMeaning::of(word, ",,") {
        OptionMeaning::Sets(sets) => sets.iter().any(|(set, _)| set.word == setting),
        OptionMeaning::Unknown(_) => false,
    }
}

/// Every word that has a meaning.
fn known() -> impl Iterator<Item = &'static str> {
    let direct = table::settings().flat_map(|setting| setting.uwsgi);
    let converted = CONVERTED.iter().flat_map(|(words, _)| *words);
    direct.chain(converted).chain(ALWAYS).copied()
}

/// An address without scheme: with a colon TCP, else the path of a unix socket.
fn listen(scheme: &str, value: &str) -> (&'static str, String) {
    let is_tcp = value.contains(':') && !value.starts_with('/');
    ("listen", if is_tcp { format!("{scheme}://{value}") } else { format!("{scheme}+unix:{value}") })
}

/// `ADDRESS,CHAIN,KEY,...`
fn https(value: &str) -> Vec<(&'static str, String)> {
    let mut parts = value.split(',');
    let address = listen("https", parts.next().unwrap_or_default());
    let files = ["cert", "key"].into_iter().zip(parts.map(str::to_owned));
    std::iter::once(address).chain(files).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversions_name_settings_and_no_word_has_two_meanings() {
        for (words, convert) in CONVERTED {
            for (name, _) in convert("a,b,c") {
                assert!(table::named(name).is_some(), "{words:?}: {name}");
            }
        }
        let mut words: Vec<_> = known().collect();
        words.sort_unstable();
        let all = words.len();
        words.dedup();
        assert_eq!(words.len(), all, "{words:?}");
    }
}
