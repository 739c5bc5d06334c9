//! Options that a file declares itself: `declare-option = NAME=WORD=VALUE;...` with `$1`, `$2` for the parts of a value.

/// A declaration.
#[derive(Clone, Debug)]
pub(super) struct Declared {
    pub name: String,
    template: String,
}

impl Declared {
    /// `None` without an equals sign.
    pub(super) fn new(declaration: &str) -> Option<Self> {
        let (name, template) = declaration.split_once('=')?;
        Some(Self { name: name.to_owned(), template: template.to_owned() })
    }

    /// What the option with this value stands for: words with values.
    pub(super) fn options(&self, value: &str) -> Vec<(String, String)> {
        let parts: Vec<_> = value.split(' ').filter(|part| !part.is_empty()).collect();
        let filled = |text: &str| {
            let numbered = parts.iter().enumerate();
            numbered
                .fold(text.to_owned(), |text, (index, part)| text.replace(&format!("${}", index + 1), part))
        };
        let pairs = self.template.split(';').filter_map(|pair| pair.split_once('='));
        pairs.map(|(word, value)| (filled(word), filled(value))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_take_their_places() {
        let declared = Declared::new("app=module=$1.wsgi;env=NAME=$1;processes=$2;nothing").unwrap();
        let pair = |word: &str, value: &str| (word.to_owned(), value.to_owned());
        let expected = [pair("module", "shop.wsgi"), pair("env", "NAME=shop"), pair("processes", "4")];
        assert_eq!(declared.options("shop 4"), expected);
        assert_eq!(declared.name, "app");
        assert!(Declared::new("app").is_none());
    }
}
