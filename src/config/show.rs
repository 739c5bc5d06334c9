//! `--show-config`: the settings in use, as text.

use std::fmt::Write as _;

use super::assignment::Assignment;
use super::layers::Settings;
use super::setting::{Setting, Takes};
use super::site_table::SiteTable;
use super::table;
use super::values::ConfigFormat;

/// What is for the command line only, and no option of uWSGI.
const OF_THIS_START: &[&str] = &["check", "force", "lenient", "show-config"];

impl Settings {
    /// The settings that count. As uWSGI prints them: each word as it was written, in order. As `certkit.toml`: what
    /// they set, which gives the same settings again.
    pub fn shown(&self, format: ConfigFormat) -> String {
        match format {
            ConfigFormat::Ini => ini(&self.written),
            ConfigFormat::Toml => toml(&self.assignments, &self.sites),
        }
    }
}

fn ini(written: &[(String, String)]) -> String {
    let mut text = ";uWSGI instance configuration\n[uwsgi]\n".to_owned();
    for (word, value) in written.iter().filter(|(word, _)| !OF_THIS_START.contains(&word.as_str())) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{word} = {value}");
    }
    text + ";end of configuration\n"
}

fn toml(assignments: &[Assignment], sites: &[SiteTable]) -> String {
    let mut text = format!("[serve]\n{}", keys(assignments));
    for site in sites {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n[[site]]\n{}", keys(&site.assignments));
    }
    text
}

fn keys(assignments: &[Assignment]) -> String {
    let mut text = String::new();
    // What the files of `vhost` say is among the sites.
    let shown = |setting: &&Setting| !setting.only_flag && setting.word != "vhost";
    for setting in table::settings().filter(shown) {
        let mut values: Vec<_> = assignments
            .iter()
            .flat_map(|one| &one.sets)
            .filter(|(set, _)| set.word == setting.word)
            .map(|(_, value)| literal(setting, &value.to_string_lossy()))
            .collect();
        let Some(last) = values.pop() else { continue };
        let _ = if setting.is_list() && !values.is_empty() {
            writeln!(text, "{} = [{}, {last}]", setting.word, values.join(", "))
        } else {
            writeln!(text, "{} = {last}", setting.word)
        };
    }
    text
}

fn literal(setting: &Setting, value: &str) -> String {
    let is_number = value.parse::<i64>().is_ok_and(|number| number.to_string() == value);
    if is_number || setting.takes == Takes::Switch {
        value.to_owned()
    } else {
        ::toml::Value::from(value).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::overlay::checked;
    use crate::config::toml::{TomlFile, read};

    #[test]
    fn toml_gives_the_same_settings_again() {
        let text = "[serve]\nlisten = ['http:*:1', 'https:*:2']\nworkers = 2\nagree-tos = true\nenv = 'A=\"\\\\ü'\n\
                    keepalive = 0.5\nsocket-mode = '060'\n[[site]]\nhost = ['a.example', '*.b.example']\napp = 'a.py'\n\
                    [[site.route]]\npath = '/x'\nstatic = 'x'\n[[site]]\nhost = 'c'\nrule = ['route ^/a break:403', 'route ^/b break:404']\n";
        let settings = |text: &str| {
            let TomlFile { serve, sites } = read(text, "certkit.toml").unwrap();
            let applied = serve.iter().chain(sites.iter().flat_map(|site| &site.assignments));
            let applied: Vec<_> = applied.cloned().collect();
            (format!("{:?}", checked(&applied).unwrap()), toml(&serve, &sites))
        };
        let (first, shown) = settings(text);
        assert_eq!(settings(&shown), (first, shown.clone()), "{shown}");
    }
}
