//! Conditions and loops: the lines up to `endif` or `endfor` are added once, several times, or not at all.

use super::exported_option::ExportedOption;
use super::surroundings::Surroundings;
use crate::config::option_value::integer;

/// A condition or loop whose end has not been read.
#[derive(Clone, Debug)]
pub(super) struct Block {
    word: String,
    argument: String,
}

/// A condition that needs regular expressions.
pub(super) const BY_PATTERN: &[&str] = &["if-hostname-match", "if-not-hostname-match"];
/// Rounds of a loop: more are a mistake.
const MOST_ROUNDS: i64 = 10_000;

const BLOCKS: &[&str] = &[
    "for",
    "for-glob",
    "for-readline",
    "for-times",
    "if-dir",
    "if-directory",
    "if-env",
    "if-exists",
    "if-file",
    "if-hostname",
    "if-not-dir",
    "if-not-env",
    "if-not-exists",
    "if-not-file",
    "if-not-hostname",
    "if-not-opt",
    "if-not-plugin",
    "if-not-reload",
    "if-opt",
    "if-plugin",
    "if-reload",
    "ifdir",
    "ifenv",
    "ifexists",
    "ifplugin",
];

pub(super) fn is_end(word: &str) -> bool {
    matches!(word, "end" | "endif" | "end-if" | "endfor" | "end-for")
}

/// What conditions look at.
pub(super) struct BlockFacts<'a> {
    pub around: &'a dyn Surroundings,
    /// What has been read so far.
    pub options: &'a [ExportedOption],
    pub is_reload: bool,
}

impl Block {
    /// The block that begins with this option, if one does.
    pub(super) fn beginning(word: &str, argument: &str) -> Option<Self> {
        let block = || Self { word: word.to_owned(), argument: argument.to_owned() };
        BLOCKS.contains(&word).then(block)
    }

    /// What `%(_)` stands for in a line inside the block, once for each time that the line counts; `None` leaves it as it
    /// is. Conditions are judged at each line anew, as in uWSGI.
    pub(super) fn rounds(&self, facts: &BlockFacts<'_>) -> Vec<Option<String>> {
        match self.judged(facts) {
            Rounds::None => Vec::new(),
            Rounds::Unchanged => vec![None],
            Rounds::With(replacements) => replacements.into_iter().map(Some).collect(),
        }
    }

    fn judged(&self, facts: &BlockFacts<'_>) -> Rounds {
        let around = facts.around;
        let argument = self.argument.as_str();
        let words = |separated: &str, separator| {
            separated.split(separator).filter(|word| !word.is_empty()).map(str::to_owned).collect()
        };
        let option = |word: &str| {
            facts.options.iter().find(|option| option.word == word).and_then(|option| option.value.clone())
        };
        let exists =
            || around.is_file(argument) || around.is_folder(argument) || around.located(argument).is_some();
        match self.word.as_str() {
            "for" => Rounds::With(words(argument, ' ')),
            "for-glob" => Rounds::With(around.matching(argument)),
            "for-times" => {
                let rounds = 1..=integer(argument).min(MOST_ROUNDS);
                Rounds::With(rounds.map(|round| round.to_string()).collect())
            }
            "for-readline" => {
                let bytes = around.read(argument).unwrap_or_default();
                Rounds::With(String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect())
            }
            "if-env" | "ifenv" => with_value(argument, |name| around.variable(name)),
            "if-not-env" => without_value(argument, |name| around.variable(name)),
            "if-opt" => with_value(argument, option),
            "if-not-opt" => without_value(argument, option),
            "if-reload" => unchanged_if(facts.is_reload),
            "if-not-reload" => unchanged_if(!facts.is_reload),
            "if-file" => self.once_if(around.is_file(argument)),
            "if-not-file" => self.once_if(!around.is_file(argument)),
            "if-dir" | "if-directory" | "ifdir" => self.once_if(around.is_folder(argument)),
            "if-not-dir" => self.once_if(!around.is_folder(argument)),
            "if-exists" | "ifexists" => self.once_if(exists()),
            "if-not-exists" => self.once_if(!exists()),
            "if-hostname" => self.once_if(around.machine().host == argument),
            "if-not-hostname" => self.once_if(around.machine().host != argument),
            "if-plugin" | "ifplugin" => self.once_if(is_python(argument)),
            "if-not-plugin" => self.once_if(!is_python(argument)),
            _ => Rounds::None,
        }
    }

    fn once_if(&self, holds: bool) -> Rounds {
        if holds { Rounds::With(vec![self.argument.clone()]) } else { Rounds::None }
    }
}

enum Rounds {
    None,
    Unchanged,
    With(Vec<String>),
}

fn unchanged_if(holds: bool) -> Rounds {
    if holds { Rounds::Unchanged } else { Rounds::None }
}

/// `NAME`, or `NAME=VALUE`, has that value.
fn with_value(argument: &str, value_of: impl FnOnce(&str) -> Option<String>) -> Rounds {
    let (name, wanted) = split(argument);
    match value_of(name) {
        Some(value) if wanted.is_none_or(|wanted| wanted == value) => Rounds::With(vec![value]),
        _ => Rounds::None,
    }
}

fn without_value(argument: &str, value_of: impl FnOnce(&str) -> Option<String>) -> Rounds {
    let (name, wanted) = split(argument);
    match value_of(name) {
        None => Rounds::Unchanged,
        Some(value) if wanted.is_some_and(|wanted| wanted != value) => Rounds::With(vec![value]),
        Some(_) => Rounds::None,
    }
}

fn split(argument: &str) -> (&str, Option<&str>) {
    argument.split_once('=').map_or((argument, None), |(name, wanted)| (name, Some(wanted)))
}

/// What certkit has without a plugin.
fn is_python(plugin: &str) -> bool {
    plugin.starts_with("python") || plugin == "http"
}

#[cfg(test)]
mod tests {
    use super::super::surroundings::NoMachine;
    use super::*;
    use crate::config::origin::Origin;

    #[test]
    fn blocks_repeat_their_lines() {
        let around = NoMachine {
            files: vec![("f".to_owned(), "x\ny\n".to_owned())],
            variables: vec![("MODE".to_owned(), "live".to_owned())],
        };
        let options = [ExportedOption::new("a".to_owned(), Some("1".to_owned()), Origin::Flag)];
        let facts = BlockFacts { around: &around, options: &options, is_reload: false };
        for (word, argument, expected) in [
            ("for", " a  b ", "<a> <b>"),
            ("for-times", "3 ; x", "<1> <2> <3>"),
            ("for-times", "-1", ""),
            ("for-readline", "f", "<x> <y>"),
            ("for-readline", "missing", ""),
            ("if-env", "MODE", "<live>"),
            ("if-env", "MODE=live", "<live>"),
            ("if-env", "MODE=test", ""),
            ("if-env", "NO", ""),
            ("if-not-env", "MODE", ""),
            ("if-not-env", "MODE=test", "<live>"),
            ("if-not-env", "NO", "<%(_)>"),
            ("if-opt", "a", "<1>"),
            ("if-opt", "a=2", ""),
            ("if-not-opt", "b", "<%(_)>"),
            ("if-file", "f", "<f>"),
            ("if-not-file", "f", ""),
            ("if-dir", "/srv/site", "</srv/site>"),
            ("if-exists", "missing", ""),
            ("if-not-exists", "missing", "<missing>"),
            ("if-hostname", "host", "<host>"),
            ("if-not-hostname", "host", ""),
            ("if-plugin", "python3", "<python3>"),
            ("if-plugin", "php", ""),
            ("if-reload", "", ""),
            ("if-not-reload", "", "<%(_)>"),
        ] {
            let block = Block::beginning(word, argument).unwrap();
            let rounds = block.rounds(&facts).into_iter();
            let shown = rounds.map(|round| format!("<{}>", round.as_deref().unwrap_or("%(_)")));
            assert_eq!(shown.collect::<Vec<_>>().join(" "), expected, "{word} = {argument}");
        }
        assert!(Block::beginning("else", "").is_none());
    }
}
