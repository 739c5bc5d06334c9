//! Reads environment, command line and option files into one ordered list, as uWSGI does: included files take the place
//! of the line that names them, `inherit` comes last, and placeholders are replaced once everything is read.

use std::collections::BTreeSet;

use super::block::{BY_PATTERN, Block, BlockFacts, is_end};
use super::declared::Declared;
use super::exported_option::ExportedOption;
use super::magic::MagicLetters;
use super::option_line::OptionLines;
use super::surroundings::{MAX_FILE_BYTES, Surroundings, unreadable};
use super::{ini, json, placeholders, xml, yaml};
use crate::config::assignment::Assignment;
use crate::config::error::{SettingsError, SyntaxError};
use crate::config::file_format::{FileFormat, split_section};
use crate::config::option_error::OptionError;
use crate::config::origin::Origin;

/// Files that include each other.
const MOST_LEVELS: usize = 32;
/// Files and options of one start together, with what loops make.
const MOST_OPTIONS: usize = 20_000;
/// Bytes of files and values of one start together.
const MOST_BYTES: usize = 16 << 20;
/// Variables that uWSGI sets for itself.
const NOT_OPTIONS: &[&str] = &[
    "UWSGI_BROODLORD_NUM",
    "UWSGI_EMPEROR_FD",
    "UWSGI_EMPEROR_FD_CONFIG",
    "UWSGI_EMPEROR_PROXY",
    "UWSGI_JAIL_PID",
    "UWSGI_ORIGINAL_PROC_NAME",
    "UWSGI_RELOADS",
    "UWSGI_VASSALS_DIR",
];

/// What has been read, and what the next line means.
pub struct Reader<'a> {
    around: &'a dyn Surroundings,
    is_reload: bool,
    letters: MagicLetters,
    options: Vec<ExportedOption>,
    declared: Vec<Declared>,
    block: Option<Block>,
    /// The files that are being read, the outermost first.
    files: Vec<String>,
    files_read: usize,
    bytes: usize,
}

/// The options of all sources, in uWSGI's order.
#[derive(Debug, Default)]
pub struct OptionList {
    pub options: Vec<ExportedOption>,
    /// The names of options that the files declare themselves.
    pub declared: Vec<String>,
    /// The words that values refer to: those of placeholders.
    pub referenced: BTreeSet<String>,
}

impl<'a> Reader<'a> {
    pub fn new(around: &'a dyn Surroundings, is_reload: bool) -> Self {
        Self {
            around,
            is_reload,
            letters: MagicLetters::new(&around.machine()),
            options: Vec::new(),
            declared: Vec::new(),
            block: None,
            files: Vec::new(),
            files_read: 0,
            bytes: 0,
        }
    }

    /// Adds the variables `UWSGI_WORD`.
    ///
    /// # Errors
    /// As [`file`](Self::file).
    pub fn environment(&mut self) -> Result<(), SettingsError> {
        for (variable, value) in self.around.variables() {
            let Some(name) = variable.strip_prefix("UWSGI_") else { continue };
            if NOT_OPTIONS.contains(&variable.as_str()) {
                continue;
            }
            let word = name.to_ascii_lowercase().replace('_', "-");
            self.add(ExportedOption::new(word, Some(value), Origin::Environment(variable)))?;
        }
        Ok(())
    }

    /// Adds the words of the command line; an APP that is an option file comes last, as in uWSGI.
    ///
    /// # Errors
    /// As [`file`](Self::file).
    pub fn command_line(&mut self, words: &[Assignment]) -> Result<(), SettingsError> {
        let is_file = |word: &&Assignment| word.option_file().is_some();
        for word in words.iter().filter(|word| !is_file(word)) {
            let value = word.value.to_str().map(str::to_owned);
            let mut option = ExportedOption::new(word.word.clone(), value, word.origin.clone());
            option.setting = word.given_for();
            option.typed = word.value.clone();
            self.add(option)?;
        }
        words.iter().filter_map(Assignment::option_file).try_for_each(|file| self.file(file))
    }

    /// Adds an option file, `FILE` or `FILE:SECTION`.
    ///
    /// # Errors
    /// A file that cannot be read or understood, files that include each other without end, and whatever a line means
    /// that takes effect at once.
    pub fn file(&mut self, name: &str) -> Result<(), SettingsError> {
        let format = FileFormat::of(split_section(name).0).unwrap_or(FileFormat::Ini);
        self.load(name, format, &Origin::Flag)
    }

    /// The list, with all placeholders replaced.
    ///
    /// # Errors
    /// A value that grows too long, and as [`file`](Self::file).
    pub fn finish(mut self) -> Result<OptionList, SettingsError> {
        let referenced = self.options.iter().flat_map(|option| option.value.as_deref()).flat_map(references);
        let referenced = referenced.map(str::to_owned).collect();
        if let Err((at, error)) = placeholders::replace_all(&mut self.options, self.around) {
            let origin = self.options.get(at).map_or(Origin::Flag, |option| option.origin.clone());
            return Err(SettingsError::Option { origin, error });
        }
        let mut at = 0;
        while let Some(option) = self.options.get(at).cloned() {
            // uWSGI reads these when everything else is known. Their placeholders stay as they are.
            if option.word == "inherit"
                && let Some(file) = &option.value
            {
                self.include(&option, file, None)?;
            }
            at += 1;
        }
        let declared = self.declared.iter().map(|declared| declared.name.clone()).collect();
        Ok(OptionList { options: self.with_declared(), declared, referenced })
    }

    /// Behind each option that a file declares, what it stands for.
    fn with_declared(self) -> Vec<ExportedOption> {
        if self.declared.is_empty() {
            return self.options;
        }
        let mut options = Vec::with_capacity(self.options.len());
        for option in self.options {
            let declared = self.declared.iter().find(|declared| declared.name == option.word);
            let means =
                declared.map(|declared| declared.options(option.value.as_deref().unwrap_or_default()));
            let origin = option.origin.clone();
            options.push(option);
            options.extend(means.into_iter().flatten().map(|(word, value)| ExportedOption {
                is_shown: false,
                ..ExportedOption::new(word, Some(value), origin.clone())
            }));
        }
        options
    }

    fn add(&mut self, option: ExportedOption) -> Result<(), SettingsError> {
        let Some(block) = &self.block else { return self.push(option) };
        if is_end(&option.word) {
            self.block = None;
            return self.push(option);
        }
        let facts = BlockFacts { around: self.around, options: &self.options, is_reload: self.is_reload };
        let rounds = block.rounds(&facts);
        let value = option.value.clone().unwrap_or_default();
        rounds.into_iter().try_for_each(|replacement| {
            let value =
                replacement.map_or_else(|| value.clone(), |replacement| value.replace("%(_)", &replacement));
            self.push(ExportedOption { value: Some(value), ..option.clone() })
        })
    }

    /// Puts it at the end of the list, and does what it says if that is to be done at once.
    fn push(&mut self, option: ExportedOption) -> Result<(), SettingsError> {
        self.bytes += option.value.as_deref().map_or(0, str::len);
        self.options.push(option.clone());
        if self.options.len() + self.files_read > MOST_OPTIONS {
            return Err(wrong(&option, OptionError::TooMany { limit: MOST_OPTIONS }));
        }
        if self.bytes > MOST_BYTES {
            return Err(wrong(&option, OptionError::TooLarge { limit: MOST_BYTES }));
        }
        let word = option.word.as_str();
        let value = option.value.as_deref().unwrap_or_default();
        let format = match word {
            "ini" => Some(FileFormat::Ini),
            "yaml" | "yml" => Some(FileFormat::Yaml),
            "json" | "js" => Some(FileFormat::Json),
            "xml" | "xmlconfig" => Some(FileFormat::Xml),
            _ => None,
        };
        let is_immediate = match word {
            _ if format.is_some() || matches!(word, "include" | "config") => {
                self.settle();
                return self.include(&option, value, format);
            }
            "set" | "set-placeholder" | "set-ph" => {
                self.settle();
                return self.set(&option, value);
            }
            "declare-option" | "declare-option2" => {
                let Some(declared) = Declared::new(value) else {
                    return Err(wrong(&option, OptionError::NotAPair { word: word.to_owned() }));
                };
                self.declared.push(declared);
                true
            }
            "exit" => return Err(wrong(&option, OptionError::Exit)),
            _ if BY_PATTERN.contains(&word) => {
                let way_out = "name the host with `if-hostname`".to_owned();
                return Err(wrong(
                    &option,
                    OptionError::Unsupported { word: word.to_owned(), way_out, is_lenient: false },
                ));
            }
            _ => match Block::beginning(word, value) {
                Some(_) if self.block.is_some() => {
                    return Err(wrong(&option, OptionError::NestedBlock { word: word.to_owned() }));
                }
                Some(block) => {
                    self.block = Some(block);
                    true
                }
                None => matches!(word, "iprint" | "plugin" | "plugins" | "strict" | "umask") || is_end(word),
            },
        };
        if is_immediate {
            self.settle();
        }
        Ok(())
    }

    fn settle(&mut self) {
        if let Some(option) = self.options.last_mut() {
            option.is_settled = true;
        }
    }

    /// `set = KEY=VALUE`.
    fn set(&mut self, option: &ExportedOption, pair: &str) -> Result<(), SettingsError> {
        let Some((key, value)) = pair.split_once('=') else {
            return Err(wrong(option, OptionError::NotAPair { word: option.word.clone() }));
        };
        let is_placeholder = option.word != "set";
        if is_placeholder && crate::config::option_words::is_known(key) {
            return Err(wrong(option, OptionError::NotAPlaceholder { key: key.to_owned() }));
        }
        self.push(ExportedOption {
            is_settled: is_placeholder,
            ..ExportedOption::new(key.to_owned(), Some(value.to_owned()), option.origin.clone())
        })
    }

    /// Reads the file that an option names.
    fn include(
        &mut self,
        option: &ExportedOption,
        name: &str,
        format: Option<FileFormat>,
    ) -> Result<(), SettingsError> {
        if name.contains("://") {
            return Err(wrong(option, OptionError::Scheme { value: name.to_owned() }));
        }
        let (file, section) = split_section(name);
        let full = if file.is_empty() {
            let section = section.unwrap_or_default();
            let Some(current) = self.files.last() else {
                let section = format!(":{section}");
                return Err(wrong(option, OptionError::NoFile { section }));
            };
            format!("{current}:{section}")
        } else {
            name.to_owned()
        };
        let Some(format) = format.or_else(|| FileFormat::of(split_section(&full).0)) else {
            let reason = "its name ends with none of .ini, .yaml, .yml, .json, .js and .xml".to_owned();
            return Err(wrong(option, OptionError::Include { file: name.to_owned(), reason }));
        };
        let block = self.block.take();
        self.load(&full, format, &option.origin)?;
        self.block = block;
        Ok(())
    }

    fn load(&mut self, name: &str, format: FileFormat, origin: &Origin) -> Result<(), SettingsError> {
        let refuse = |error| Err(SettingsError::Option { origin: origin.clone(), error });
        if self.files.len() >= MOST_LEVELS {
            return refuse(OptionError::EndlessIncludes { limit: MOST_LEVELS });
        }
        let (file, section) = split_section(name);
        let text = match self.text(file) {
            Ok(text) => text,
            Err(error) if *origin == Origin::Flag => return Err(error),
            Err(SettingsError::Read { source, .. }) => {
                let reason = unreadable(&source);
                return refuse(OptionError::Include { file: file.to_owned(), reason });
            }
            Err(error) => return Err(error),
        };
        let located = self.around.located(file);
        let located = located.as_ref().map(|(path, inode)| (path.as_path(), *inode));
        self.letters.enter(file, section, located);
        let syntax = |line, problem| SettingsError::Syntax {
            file: file.to_owned(),
            error: SyntaxError { problem, line },
        };
        let Some(text) = self.letters.replaced(&text) else {
            return refuse(OptionError::TooLong { word: file.to_owned(), limit: MAX_FILE_BYTES as usize });
        };
        self.bytes += text.len();
        if self.bytes > MOST_BYTES {
            return refuse(OptionError::TooLarge { limit: MOST_BYTES });
        }
        // A parser that misses something at the end names the line behind the last one.
        let last_line = text.lines().count().max(1);
        let lines = read(format, &text, section)
            .map_err(|wrong| syntax(wrong.line.map(|line| line.min(last_line)), wrong.problem))?;
        self.files.push(file.to_owned());
        self.files_read += 1;
        for line in lines {
            let origin = Origin::File { file: file.to_owned(), line: line.line };
            // The element has become `mount`.
            let is_settled = format == FileFormat::Xml && line.word == "app" && line.value.is_empty();
            let option = ExportedOption::new(line.word, Some(line.value), origin);
            self.add(ExportedOption { is_settled, ..option })?;
        }
        self.files.pop();
        Ok(())
    }

    /// The text of a file without a byte order mark.
    fn text(&self, file: &str) -> Result<String, SettingsError> {
        let bytes =
            self.around.read(file).map_err(|source| SettingsError::Read { file: file.to_owned(), source })?;
        let text = String::from_utf8(bytes).map_err(|_| SettingsError::NotUtf8 { file: file.to_owned() })?;
        Ok(text.strip_prefix('\u{feff}').map_or_else(|| text.clone(), str::to_owned))
    }
}

/// The words in the placeholders of a value.
fn references(value: &str) -> impl Iterator<Item = &str> {
    value.split("%(").skip(1).flat_map(|rest| rest.split(')').next().unwrap_or_default().split(' '))
}

fn read(format: FileFormat, text: &str, section: Option<&str>) -> OptionLines {
    match format {
        FileFormat::Ini => ini::read(text, section),
        FileFormat::Json => json::read(text, section),
        FileFormat::Xml => xml::read(text, section),
        FileFormat::Yaml => yaml::read(text, section),
    }
}

fn wrong(option: &ExportedOption, error: OptionError) -> SettingsError {
    SettingsError::Option { origin: option.origin.clone(), error }
}
