//! The layers of settings for `serve`: flags over option files over `certkit.toml` over the user's file over the
//! environment of uWSGI (`UWSGI_WORD`).

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::assignment::Assignment;
use super::error::SettingsError;
use super::option_note::{OptionNote, OptionRemark};
use super::option_words::is_known;
use super::origin::Origin;
use super::overlay::{checked, visible};
use super::setting::Setting;
use super::settings::ServeSettings;
use super::site_settings;
use super::site_table::SiteTable;
use super::toml::TomlFile;
use super::uwsgi::{ExportedOption, Interpretation, MAX_FILE_BYTES, OptionList, Reader, ThisMachine};
use super::values::{NamedApplication, VhostFile};
use super::{table, toml};
use crate::serve::config::HostPattern;
use crate::sys::read::read_regular;

/// The project's own settings, in the current folder.
const PROJECT_FILE: &str = "certkit.toml";
/// uWSGI's, read when nothing else names an application.
const UWSGI_FILE: &str = "uwsgi.ini";

/// Why settings are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    Start,
    Reload,
}

/// All that the layers say together.
pub struct Settings {
    pub serve: ServeSettings,
    /// What counts, from the lowest layer to the highest: later ones override or append.
    pub assignments: Vec<Assignment>,
    /// What files say of sites other than that of `[serve]`.
    pub sites: Vec<SiteTable>,
    /// Words and values as their sources have them, in uWSGI's order.
    pub written: Vec<(String, String)>,
    /// The file that names the application, if a file does.
    pub named_by: Option<String>,
    pub notes: Vec<OptionNote>,
    /// Options without which the server does not start.
    pub refused: Vec<SettingsError>,
    /// Lines that option files ask to print.
    pub printed: Vec<String>,
}

/// Reads every file of settings and lays `flags` over them, the words of the command line and its environment.
/// A server that `is_quiet` has no access log unless a layer names one.
///
/// # Errors
/// A file that cannot be read, or an invalid value.
pub fn read(flags: &[Assignment], is_quiet: bool, occasion: Occasion) -> Result<Settings, SettingsError> {
    let TomlFile { serve: project, sites: mut tables } = read_toml(Path::new(PROJECT_FILE))?;
    let mut list = option_list(flags, None, occasion)?;
    let mut meaning = Interpretation::of(&list);
    let sources = [&meaning.flags, &meaning.files, &meaning.environment, &project];
    let names_one = |one: &Assignment| one.names_application() || one.has_route();
    let names_application = sources.into_iter().flatten().any(names_one);
    // Options that are typed are a configuration by themselves, as in uWSGI.
    let has_options = flags.iter().any(|one| table::named(&one.word).is_none());
    let is_fallback = !names_application
        && tables.is_empty()
        && !has_options
        && meaning.files.is_empty()
        && Path::new(UWSGI_FILE).exists();
    if is_fallback {
        list = option_list(flags, Some(UWSGI_FILE), occasion)?;
        meaning = Interpretation::of(&list);
    }
    let mut notes = std::mem::take(&mut meaning.notes);
    notes.extend(order_note(&meaning));
    let has_option_file = !meaning.files.is_empty();
    // From the highest to the lowest.
    let mut layers = vec![meaning.flags];
    if is_fallback {
        layers.extend([project, meaning.files]);
    } else {
        layers.extend([meaning.files, project]);
    }
    if let Some(user_file) = user_file() {
        let TomlFile { serve, sites } = read_toml(&user_file)?;
        layers.push(serve);
        tables.extend(sites);
    }
    layers.push(meaning.environment);
    layers.push(defaults(is_quiet, has_option_file));
    // What is hidden must be valid too.
    for layer in layers.iter().rev() {
        checked(layer)?;
    }
    let assignments = visible(layers);
    let mut serve = checked(&assignments)?;
    let mut refused = std::mem::take(&mut meaning.refused);
    if has_option_file {
        notes.extend(serve.as_in_uwsgi(&list, &assignments));
        // What is refused already may be what is missing.
        if !is_fallback && refused.is_empty() {
            refused.extend(serve.lacking(&list));
        }
    }
    refused.extend(serve.resolve_socket_owner(&assignments));
    serve.finish();
    if let Some((mount, reason)) = serve.wrong_mount() {
        return Err(refused_mount(&assignments, mount, reason));
    }
    for VhostFile { host, file } in &serve.vhosts {
        let mut site = read_site(Path::new(file))?;
        let named = named_host(host, &assignments).into_iter();
        site.assignments.splice(..0, named);
        tables.push(site);
    }
    // Applications find out by importing whether they run under uWSGI.
    let has_uwsgi_words =
        list.options.iter().any(|option| option.setting.is_none() && is_known(&option.word));
    serve.worker.uwsgi_options = (has_option_file || has_uwsgi_words).then(|| {
        let shown = list.options.iter().filter(|option| option.is_shown);
        shown.map(|option| (option.word.clone(), option.value.clone().unwrap_or_default())).collect()
    });
    serve.sites = site_settings::sites(&tables, &assignments, &serve)?;
    // Sites are something to serve already.
    serve.only_named |= !serve.sites.is_empty();
    let named_by =
        assignments.iter().rev().find(|one| one.names_application()).and_then(|one| match &one.origin {
            Origin::File { file, .. } => Some(file.clone()),
            Origin::Flag | Origin::Environment(_) => None,
        });
    let written = written(&assignments, &list.options);
    let printed = meaning.printed;
    Ok(Settings { serve, assignments, sites: tables, written, named_by, notes, refused, printed })
}

/// What is wrong with a value of `mount`, where it is written.
fn refused_mount(assignments: &[Assignment], mount: &NamedApplication, reason: String) -> SettingsError {
    let is_it = |one: &&Assignment| {
        one.sets.iter().any(|(setting, value)| {
            let value = value.to_str().unwrap_or_default();
            setting.word == "mount" && value.parse().is_ok_and(|named: NamedApplication| named == *mount)
        })
    };
    // Of two that are alike, the second one is too much.
    match assignments.iter().rev().find(is_it) {
        Some(one) => one.refused(&one.value, reason),
        None => {
            let value = format!("{}={}", mount.at, mount.app);
            SettingsError::Value { origin: Origin::Flag, word: "--mount".to_owned(), value, reason }
        }
    }
}

/// Environment, command line and the option files that they name, with one more file at the end.
fn option_list(
    flags: &[Assignment],
    file: Option<&str>,
    occasion: Occasion,
) -> Result<OptionList, SettingsError> {
    let mut reader = Reader::new(&ThisMachine, occasion == Occasion::Reload);
    reader.environment()?;
    reader.command_line(flags)?;
    if let Some(file) = file {
        reader.file(file)?;
    }
    reader.finish()
}

/// What holds where no layer says anything, other than the defaults of every server.
fn defaults(is_quiet: bool, has_option_file: bool) -> Vec<Assignment> {
    let mut words = Vec::new();
    if is_quiet {
        words.push(("access-log", "off"));
    }
    if has_option_file {
        // uWSGI has no limit by itself, and an application may rely on being alone.
        words.extend([("limit-post", "0"), ("workers", "1"), ("threads", "1")]);
    }
    let known = words.into_iter().filter_map(|(word, value)| table::named(word).zip(Some(value)));
    known.map(|(setting, value)| Assignment::new(setting, value.into(), Origin::Flag)).collect()
}

/// What `--show-config` prints: what counts of the files of certkit, and all of uWSGI's list.
fn written(assignments: &[Assignment], options: &[ExportedOption]) -> Vec<(String, String)> {
    let of_certkit = assignments.iter().filter(|one| one.is_of_certkit_file());
    let of_certkit = of_certkit.map(|one| (one.word.clone(), one.value.display().to_string()));
    let listed = options.iter().filter(|option| option.is_shown);
    let listed = listed.map(|option| {
        // What was typed by a name of certkit has one in uWSGI.
        let names = option.setting.map_or(&[][..], |setting| setting.uwsgi);
        let is_foreign = !names.contains(&option.word.as_str());
        let word = names
            .first()
            .filter(|_| is_foreign)
            .map_or_else(|| option.word.clone(), |name| (*name).to_owned());
        (word, option.value.clone().unwrap_or_default())
    });
    of_certkit.chain(listed).collect()
}

/// A setting that certkit takes from the command line, and uWSGI from a file that comes later.
fn order_note(meaning: &Interpretation) -> Option<OptionNote> {
    let sets = |layer: &[Assignment]| {
        layer
            .iter()
            .flat_map(|one| one.sets.clone())
            // The files themselves are read from both.
            .filter(|(set, _)| !set.only_flag)
            .map(|(set, value)| (set.word, value))
            .collect::<Vec<_>>()
    };
    let (flags, files) = (sets(&meaning.flags), sets(&meaning.files));
    let last = |sets: &[(&'static str, std::ffi::OsString)], word: &str| {
        sets.iter().rev().find(|(set, _)| *set == word).map(|(_, value)| value.clone())
    };
    let differs = |word: &str| match (last(&flags, word), last(&files, word)) {
        (Some(flag), Some(file)) => flag != file,
        _ => false,
    };
    let mut words = flags.iter().map(|(word, _)| *word);
    let word = words.find(|word| differs(word))?;
    Some(OptionNote { origin: None, remark: OptionRemark::Order { word } })
}

impl Settings {
    /// The settings that differ from what `running` says and that a running server cannot change.
    pub fn needing_restart(&self, running: &[Assignment]) -> Vec<&'static str> {
        let differs =
            |setting: &&Setting| values_of(setting, &self.assignments) != values_of(setting, running);
        let lasting = table::settings().filter(|setting| setting.needs_restart && !setting.only_flag);
        lasting.filter(differs).map(|setting| setting.word).collect()
    }
}

/// The values that count.
fn values_of<'a>(setting: &Setting, assignments: &'a [Assignment]) -> Vec<&'a OsStr> {
    let sets = assignments.iter().flat_map(|one| &one.sets);
    let mut values: Vec<_> =
        sets.filter(|(set, _)| set.word == setting.word).map(|(_, value)| value.as_os_str()).collect();
    if setting.is_list() { values } else { values.pop().into_iter().collect() }
}

impl Assignment {
    /// Whether it is from `certkit.toml` or the user's file.
    fn is_of_certkit_file(&self) -> bool {
        let is_file = matches!(&self.origin, Origin::File { file, .. } if file.ends_with(".toml"));
        is_file && !self.sets.is_empty()
    }

    fn has_route(&self) -> bool {
        self.sets.iter().any(|(setting, _)| matches!(setting.word, "mount" | "upstream"))
    }

    fn names_application(&self) -> bool {
        self.sets
            .iter()
            .any(|(setting, _)| matches!(setting.word, "app" | "module" | "wsgi-file" | "emperor"))
    }
}

/// `$XDG_CONFIG_HOME/certkit/config.toml`, or `~/.config/certkit/config.toml`.
fn user_file() -> Option<PathBuf> {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let config = absolute("XDG_CONFIG_HOME").or_else(|| absolute("HOME").map(|home| home.join(".config")))?;
    Some(config.join("certkit/config.toml"))
}

/// A file that does not exist makes an empty layer.
fn read_toml(path: &Path) -> Result<TomlFile, SettingsError> {
    if !path.exists() {
        return Ok(TomlFile::default());
    }
    let (file, text) = read_text(path)?;
    toml::read(&text, &file).map_err(|error| SettingsError::Syntax { file, error })
}

/// The file of a `--vhost`.
fn read_site(path: &Path) -> Result<SiteTable, SettingsError> {
    let (file, text) = read_text(path)?;
    toml::read_site(&text, &file).map_err(|error| SettingsError::Syntax { file, error })
}

/// The host of a `--vhost`, where that is written.
fn named_host(host: &HostPattern, assignments: &[Assignment]) -> Option<Assignment> {
    let host = host.to_string();
    let is_it = |one: &&Assignment| {
        let mut sets = one.sets.iter();
        sets.any(|(set, value)| {
            set.word == "vhost"
                && value
                    .to_str()
                    .is_some_and(|text| text.split_once('=').is_some_and(|(name, _)| name == host))
        })
    };
    let origin = assignments.iter().find(is_it).map_or(Origin::Flag, |one| one.origin.clone());
    table::named("host").map(|setting| Assignment::new(setting, host.into(), origin))
}

fn read_text(path: &Path) -> Result<(String, String), SettingsError> {
    let file = path.display().to_string();
    let bytes = read_regular(path, MAX_FILE_BYTES)
        .map_err(|source| SettingsError::Read { file: file.clone(), source })?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok((file, text)),
        Err(_) => Err(SettingsError::NotUtf8 { file }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn combined(upper: &str, lower: &str) -> ServeSettings {
        let read = |text: &str| toml::read(&format!("[serve]\n{text}"), "certkit.toml").unwrap().serve;
        let mut settings = checked(&visible(vec![read(upper), read(lower)])).unwrap();
        settings.finish();
        settings
    }

    fn paths(texts: &[&str]) -> Vec<PathBuf> {
        texts.iter().map(PathBuf::from).collect()
    }

    #[test]
    fn the_upper_layer_counts() {
        let settings = combined("workers = 2", "workers = 3\nthreads = 5");
        assert_eq!((settings.worker.workers, settings.worker.threads), (2, 5));
        let settings = combined("listen = ['http:*:1', 'http:*:2']", "listen = 'http:*:3'");
        let listen: Vec<_> = settings.server.listeners.iter().map(ToString::to_string).collect();
        assert_eq!(listen, ["http://*:1", "http://*:2"]);
        // uWSGI's meaning of a number: it does not hide the addresses below.
        let settings = combined("listen = '7'", "listen = 'http:*:3'\nbacklog = 9");
        assert_eq!((settings.server.listeners.len(), settings.server.backlog), (1, 7));
        assert_eq!(combined("", "").server.listeners.first().unwrap().to_string(), "https://127.0.0.1:8443");
    }

    #[test]
    fn what_belongs_together_stays_together() {
        let settings = combined("cert = 'a'", "cert = 'b'\nkey = 'c'");
        assert_eq!((settings.cert, settings.key), (paths(&["a"]), paths(&[])));
        let settings = combined("key = 'c'", "cert = 'a'\nkey = 'b'");
        assert_eq!((settings.cert, settings.key), (paths(&["a"]), paths(&["c"])));
        let settings = combined("app = 'a.py'", "module = 'b'\ncallable = 'c'");
        assert_eq!((settings.module, settings.callable), (None, None));
        let settings = combined("callable = 'd'", "module = 'b'\ncallable = 'c'");
        assert_eq!(settings.module.as_deref(), Some("b"));
        assert_eq!(settings.callable.as_deref(), Some("d"));
    }

    #[test]
    fn certificates_come_from_one_place() {
        let settings = combined("acme = 'a.test'", "cert = 'a'\nkey = 'b'");
        assert_eq!(
            (settings.acme.names, settings.cert, settings.key),
            (vec!["a.test".into()], vec![], vec![])
        );
        let settings = combined("cert = 'a'", "acme = 'a.test'");
        assert_eq!((settings.acme.names, settings.cert), (vec![], paths(&["a"])));
        let settings = combined("", "cert = 'a'\nacme = 'a.test'");
        assert_eq!((settings.acme.names, settings.cert), (vec![], paths(&["a"])));
    }

    #[test]
    fn changes_that_need_a_restart_are_named() {
        let read = |text: &str| {
            let assignments = toml::read(&format!("[serve]\n{text}"), "certkit.toml").unwrap().serve;
            Settings {
                serve: ServeSettings::default(),
                assignments,
                sites: Vec::new(),
                written: Vec::new(),
                named_by: None,
                notes: Vec::new(),
                refused: Vec::new(),
                printed: Vec::new(),
            }
        };
        let running = read("listen = ['http:*:1', 'http:*:2']\nworkers = 2\ncert = 'a'").assignments;
        assert!(
            read("cert = 'a'\nworkers = 3\nlisten = ['http:*:1', 'http:*:2']")
                .needing_restart(&running)
                .is_empty()
        );
        let changed = read("cert = 'a'\nlisten = 'http:*:2'\ntls-min = '1.3'");
        assert_eq!(changed.needing_restart(&running), ["listen", "tls-min"]);
    }

    #[test]
    fn the_environment_is_joined() {
        let settings = combined("env = ['A=1']", "env = ['A=2', 'B=3']");
        let values: Vec<_> = settings.worker.env.iter().map(|(_, value)| value.to_str().unwrap()).collect();
        assert_eq!(values, ["2", "3", "1"]);
    }
}
