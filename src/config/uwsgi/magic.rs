//! The letters behind a `%`, which uWSGI replaces in the text of a file before it reads the file.

use std::collections::BTreeMap;
use std::path::Path;

use super::surroundings::Machine;

/// uWSGI's version, whose behaviour this follows.
const VERSION: &str = "2.0.31";
/// Bytes of a file's text with its letters replaced.
const MAX_TEXT: usize = 4 << 20;
/// What is there for the first file as well, in upper case.
const OF_THE_FIRST: &str = "odspcenxij";

/// What each letter stands for. Others vanish, with their percent sign.
#[derive(Clone, Debug)]
pub(super) struct MagicLetters {
    letters: BTreeMap<char, String>,
    has_first: bool,
}

impl MagicLetters {
    pub(super) fn new(machine: &Machine) -> Self {
        let letters = [
            ('%', "%".to_owned()),
            ('[', "\u{1b}".to_owned()),
            ('v', machine.folder.clone()),
            ('h', machine.host.clone()),
            ('t', (machine.microseconds / 1_000_000).to_string()),
            ('T', machine.microseconds.to_string()),
            ('V', VERSION.to_owned()),
            ('k', machine.cpus.to_string()),
            ('u', machine.user.0.to_string()),
            ('U', machine.user.1.clone()),
            ('g', machine.group.0.to_string()),
            ('G', machine.group.1.clone()),
            ('b', machine.program.clone()),
        ];
        Self { letters: letters.into(), has_first: false }
    }

    /// From now on the letters are for a file, `name` as it was given, and its place if it is one on disk. Without a
    /// place it is standard input, of which uWSGI says the name only.
    pub(super) fn enter(&mut self, name: &str, section: Option<&str>, located: Option<(&Path, u64)>) {
        self.set('o', name);
        if let Some((path, inode)) = located {
            self.enter_path(path, inode);
        }
        self.set('x', section.unwrap_or_default());
        if !self.has_first {
            self.has_first = true;
            for letter in OF_THE_FIRST.chars() {
                let value = self.letters.get(&letter).cloned().unwrap_or_default();
                self.letters.insert(letter.to_ascii_uppercase(), value);
            }
        }
    }

    fn enter_path(&mut self, path: &Path, inode: u64) {
        let path = path.display().to_string();
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", &path));
        self.set('p', &path);
        self.set('j', &hash(&path));
        self.set('i', &inode.to_string());
        self.set('s', file);
        self.set('d', &format!("{folder}/"));
        self.set('c', folder.rsplit('/').next().unwrap_or_default());
        let (stem, ending) = file.rsplit_once('.').unwrap_or((file, ""));
        self.set('n', stem);
        self.set('e', ending);
        let mut parts = folder.split('/').filter(|part| !part.is_empty());
        for digit in '0'..='9' {
            self.set(digit, parts.next().unwrap_or_default());
        }
    }

    /// A value never has more than one line, so that the lines of a file keep their numbers.
    fn set(&mut self, letter: char, value: &str) {
        self.letters.insert(letter, value.replace('\n', ""));
    }

    /// The text with its letters replaced; `None` if that makes it too long. `%(` stays. (uWSGI removes a line feed
    /// behind a percent sign, and so joins two lines; that is not wanted.)
    pub(super) fn replaced(&self, text: &str) -> Option<String> {
        let mut replaced = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('%') {
            replaced.push_str(before);
            let mut letters = after.chars();
            rest = match letters.next() {
                Some('(') => {
                    replaced.push('%');
                    after
                }
                Some('\n' | '\r') | None => after,
                Some(letter) => {
                    replaced.push_str(self.letters.get(&letter).map_or("", String::as_str));
                    letters.as_str()
                }
            };
            if replaced.len() > MAX_TEXT {
                return None;
            }
        }
        replaced.push_str(rest);
        Some(replaced)
    }
}

/// The hash by D. J. Bernstein, in the variant with exclusive or; the least significant byte first.
fn hash(path: &str) -> String {
    let hash = path.bytes().fold(5381_u32, |hash, byte| (hash << 5).wrapping_add(hash) ^ u32::from(byte));
    hash.to_le_bytes().iter().map(|byte| format!("{byte:02X}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letters() -> MagicLetters {
        let machine = Machine { host: "h1".to_owned(), cpus: 2, ..Machine::default() };
        let mut letters = MagicLetters::new(&machine);
        letters.enter("a.ini", None, Some((Path::new("/srv/site/a.b.ini"), 7)));
        letters
    }

    #[test]
    fn letters_of_the_file() {
        let replaced = |text: &str| letters().replaced(text).unwrap();
        assert_eq!(
            replaced("%p %d %s %n %e %c %0 %1 %2| %i %o %x|"),
            "/srv/site/a.b.ini /srv/site/ a.b.ini a.b ini site srv site | 7 a.ini |"
        );
        assert_eq!(replaced("%h-%k %V"), "h1-2 2.0.31");
        assert_eq!(replaced("50%% %q| %(a) %%(b) %é|%\nx%"), "50% | %(a) %(b) |\nx");
        // As uWSGI prints it.
        assert_eq!(hash("/tmp/or/h.ini"), "D6B3A967");
    }

    #[test]
    fn upper_case_stays_with_the_first_file() {
        let mut letters = letters();
        letters.enter("sub/c.ini", Some("base"), Some((Path::new("/c.ini"), 8)));
        assert_eq!(letters.replaced("%P %p %X| %x %d %c|").unwrap(), "/srv/site/a.b.ini /c.ini | base / |");
    }

    #[test]
    fn a_text_that_grows_too_long_is_refused() {
        let mut letters = letters();
        letters.enter("x", None, Some((Path::new(&"/a".repeat(2000)), 1)));
        assert!(letters.replaced(&"%p".repeat(500_000)).is_none());
    }
}
