//! The settings files of other clients: certbot's, which configobj writes, and acme.sh's, which a shell reads.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// Names with values, by section; the file's own order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForeignSettings {
    values: Vec<Setting>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Setting {
    /// Empty before the first section.
    section: String,
    name: String,
    value: String,
}

/// What acme.sh puts around values that it encodes.
const BASE64_BEGIN: &str = "__ACME_BASE64__START_";
const BASE64_END: &str = "__ACME_BASE64__END_";

impl ForeignSettings {
    /// Reads a file of configobj: `name = value`, `[section]`, `[[subsection]]`, comments after `#`, which a value with one
    /// keeps out by quotation marks.
    /// What does not fit is passed over: certbot has read it before.
    pub fn of_configobj(text: &str) -> Self {
        let mut settings = Self::default();
        let mut section = String::new();
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
            if line.starts_with('[') {
                section = line.trim_matches(['[', ']']).trim().to_owned();
            } else if let Some((name, value)) = line.split_once('=') {
                settings.push(&section, name.trim(), uncommented(value.trim()).to_owned());
            }
        }
        settings
    }

    /// Reads the assignments of a shell script, `NAME='value'`, one a line as acme.sh writes them. Nothing is expanded.
    pub fn of_shell(text: &str) -> Self {
        let mut settings = Self::default();
        for line in text.lines().map(str::trim) {
            let Some((name, value)) = line.split_once('=') else { continue };
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
                continue;
            }
            let value = unquoted(value);
            let encoded = value.strip_prefix(BASE64_BEGIN).and_then(|value| value.strip_suffix(BASE64_END));
            let decoded = encoded.and_then(|text| String::from_utf8(BASE64_STANDARD.decode(text).ok()?).ok());
            settings.push("", name, decoded.unwrap_or_else(|| value.to_owned()));
        }
        settings
    }

    /// The last value of a name before the first section, unless it is empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.of("", name)
    }

    /// The last value of a name in a section, unless it is empty.
    pub fn of(&self, section: &str, name: &str) -> Option<&str> {
        let mut values = self.section(section).filter(|(known, _)| *known == name);
        values.next_back().map(|(_, value)| value).filter(|value| !value.is_empty())
    }

    /// All names and values of a section.
    pub fn section(&self, section: &str) -> impl DoubleEndedIterator<Item = (&str, &str)> {
        let section = section.to_owned();
        let values = self.values.iter().filter(move |setting| setting.section == section);
        values.map(|setting| (setting.name.as_str(), setting.value.as_str()))
    }

    fn push(&mut self, section: &str, name: &str, value: String) {
        self.values.push(Setting { section: section.to_owned(), name: name.to_owned(), value });
    }
}

/// The parts of a list as both clients write it, `a, b,`.
pub fn list(text: &str) -> Vec<&str> {
    text.split(',').map(|part| unquoted(part.trim())).filter(|part| !part.is_empty()).collect()
}

/// A value of configobj without the comment after it.
fn uncommented(text: &str) -> &str {
    let is_end = |after: &str| {
        let after = after.trim_start();
        after.is_empty() || after.starts_with('#')
    };
    // What has quotation marks of both kinds stands between three of one kind: up to the first three that end the value
    // (`_single_line_single` and `_single_line_double` of configobj), as one that ends in such a mark has four.
    for three in ["'''", "\"\"\""] {
        let Some(rest) = text.strip_prefix(three) else { continue };
        let mut ends = rest.char_indices().filter_map(|(end, _)| {
            let (inside, after) = rest.split_at(end);
            after.strip_prefix(three).is_some_and(is_end).then_some(inside)
        });
        if let Some(inside) = ends.next() {
            return inside;
        }
    }
    for quote in ['\'', '"'] {
        let Some(rest) = text.strip_prefix(quote) else { continue };
        for (end, _) in rest.match_indices(quote) {
            let (inside, after) = rest.split_at(end);
            if is_end(after.trim_start_matches(quote)) {
                return inside;
            }
        }
    }
    text.split_once('#').map_or(text, |(value, _)| value.trim_end())
}

fn unquoted(text: &str) -> &str {
    let inside = |quote| text.strip_prefix(quote).and_then(|text: &str| text.strip_suffix(quote));
    inside('\'').or_else(|| inside('"')).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn configobj_has_sections() {
        let text = "# comment = no\nversion = 2.1.0\n[renewalparams]\nauthenticator = webroot\n\
                    webroot_path = /var/www, /srv\nrenew_hook = \"a 'b' = c\"\n[[webroot_map]]\na.test = /var/www\n";
        let settings = ForeignSettings::of_configobj(text);
        assert_eq!(settings.get("version"), Some("2.1.0"));
        assert_eq!(settings.get("comment"), None);
        assert_eq!(settings.of("renewalparams", "renew_hook"), Some("a 'b' = c"));
        assert_eq!(list(settings.of("renewalparams", "webroot_path").unwrap()), ["/var/www", "/srv"]);
        let map: Vec<_> = settings.section("webroot_map").collect();
        assert_eq!(map, [("a.test", "/var/www")]);
    }

    #[test]
    fn values_of_configobj_end_before_a_comment() {
        for (written, value) in [
            ("a # note", Some("a")),
            ("a#b", Some("a")),
            ("\"a # b\"", Some("a # b")),
            ("'a' # it's", Some("a")),
            ("it's", Some("it's")),
            ("# all", None),
            ("'''echo \"it's\" # b'''", Some("echo \"it's\" # b")),
            ("'''say \"it's\"''' # 'note'", Some("say \"it's\"")),
            ("'''a 'b' \"c\"''' # not '''", Some("a 'b' \"c\"")),
            ("\"\"\"it's so # \"now\" b\"\"\"", Some("it's so # \"now\" b")),
            ("\"\"\"it's \"so\"\"\"\"", Some("it's \"so\"")),
            ("\"\"\"it's \"so\"\"\"\" # \"note\"", Some("it's \"so\"")),
            ("\"\" # none", None),
        ] {
            let settings = ForeignSettings::of_configobj(&format!("name = {written}"));
            assert_eq!(settings.get("name"), value, "{written}");
        }
    }

    #[test]
    fn a_shell_assigns() {
        let text = "#LOG=1\nLe_Domain='a.test'\nLe_Alt=\"no\"\nLe_PreHook=''\n\
                    Le_ReloadCmd='__ACME_BASE64__START_c3lzdGVtY3RsIHJlbG9hZCBuZ2lueA==__ACME_BASE64__END_'\n\
                    echo x=1\nLe_Domain='b.test'\n";
        let settings = ForeignSettings::of_shell(text);
        assert_eq!(settings.get("Le_Domain"), Some("b.test"));
        assert_eq!(settings.get("Le_Alt"), Some("no"));
        assert_eq!(settings.get("Le_PreHook"), None);
        assert_eq!(settings.get("Le_ReloadCmd"), Some("systemctl reload nginx"));
        assert_eq!(settings.get("LOG"), None);
        assert_eq!(settings.section("").count(), 5);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(name in "[A-Za-z_][A-Za-z0-9_]{0,8}", value in "[^'\\r\\n]{0,20}") {
            prop_assume!(!value.starts_with(BASE64_BEGIN));
            let settings = ForeignSettings::of_shell(&format!("{name}='{value}'\n"));
            prop_assert_eq!(settings.get(&name), Some(value.as_str()).filter(|value| !value.is_empty()));
        }

        #[test]
        fn anything_is_read_without_a_panic(text in ".*", other in "\\PC*") {
            for text in [&text, &other] {
                let _ = (ForeignSettings::of_configobj(text), ForeignSettings::of_shell(text), list(text));
            }
        }
    }
}
