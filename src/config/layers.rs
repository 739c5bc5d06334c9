//! The layers of settings for `serve`: flags and environment over `uwsgi.ini` or `certkit.toml`
//! over the user's file.

use std::path::{Path, PathBuf};

use super::error::SettingsError;
use super::partial::PartialServe;
use super::{toml, uwsgi_ini};
use crate::sys::fs::read_limited;

/// The project's own settings, in the current folder.
const PROJECT_FILE: &str = "certkit.toml";
/// uWSGI's, read when nothing else names an application.
const UWSGI_FILE: &str = "uwsgi.ini";
/// Bytes: far more than a file written by hand.
pub const MAX_FILE_BYTES: u64 = 1 << 20;

pub struct Settings {
    pub serve: PartialServe,
    /// The file that names the application, if a file does.
    pub named_by: Option<String>,
    pub ignored: Vec<IgnoredOption>,
}

/// An option of a uWSGI file that has no effect here.
pub struct IgnoredOption {
    pub file: String,
    pub line: usize,
    pub option: String,
}

/// Reads every file of settings and combines them below `flags`.
///
/// # Errors
/// A file that cannot be read, or an invalid value in it.
pub fn read(mut flags: PartialServe) -> Result<Settings, SettingsError> {
    let mut ignored = Vec::new();
    let mut named_by = None;
    let ini = flags.app.take_if(|app| is_ini(app));
    if let Some(ini) = &ini {
        flags = flags.combine(read_ini(Path::new(ini), &mut ignored)?);
        named_by = Some(ini.clone());
    }
    let by_flags = flags.names_application();
    let project = read_toml(Path::new(PROJECT_FILE))?;
    if !by_flags && project.names_application() {
        named_by = Some(PROJECT_FILE.to_owned());
    }
    let mut serve = flags.combine(project);
    if !serve.names_application() && ini.is_none() && Path::new(UWSGI_FILE).exists() {
        serve = serve.combine(read_ini(Path::new(UWSGI_FILE), &mut ignored)?);
        named_by = Some(UWSGI_FILE.to_owned());
    }
    if let Some(user_file) = user_file() {
        serve = serve.combine(read_toml(&user_file)?);
    }
    Ok(Settings { serve: absolute(serve), named_by, ignored })
}

fn is_ini(app: &str) -> bool {
    Path::new(app).extension().is_some_and(|ending| ending == "ini")
}

/// Workers may run in another folder (`--chdir`): what is named from this one must stay what it is.
fn absolute(mut serve: PartialServe) -> PartialServe {
    let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
    serve.virtualenv = serve.virtualenv.map(absolute);
    serve.pythonpath = serve.pythonpath.map(|paths| paths.into_iter().map(absolute).collect());
    // A name without a folder is looked for on the PATH.
    serve.python = serve
        .python
        .map(|program| if program.components().count() > 1 { absolute(program) } else { program });
    serve
}

/// `$XDG_CONFIG_HOME/certkit/config.toml`, or `~/.config/certkit/config.toml`.
fn user_file() -> Option<PathBuf> {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let config = absolute("XDG_CONFIG_HOME").or_else(|| absolute("HOME").map(|home| home.join(".config")))?;
    Some(config.join("certkit/config.toml"))
}

/// A file that does not exist makes an empty layer.
fn read_toml(path: &Path) -> Result<PartialServe, SettingsError> {
    if !path.exists() {
        return Ok(PartialServe::default());
    }
    let (file, text) = read_text(path)?;
    toml::read(&text).map_err(|error| SettingsError::Syntax { file, error })
}

fn read_ini(path: &Path, ignored: &mut Vec<IgnoredOption>) -> Result<PartialServe, SettingsError> {
    let (file, text) = read_text(path)?;
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let ini = uwsgi_ini::read(&text, &absolute)
        .map_err(|error| SettingsError::Syntax { file: file.clone(), error })?;
    let unknown = ini.unknown.into_iter();
    ignored.extend(unknown.map(|(line, option)| IgnoredOption { file: file.clone(), line, option }));
    Ok(ini.settings)
}

fn read_text(path: &Path) -> Result<(String, String), SettingsError> {
    let file = path.display().to_string();
    let bytes = read_limited(path, MAX_FILE_BYTES)
        .map_err(|source| SettingsError::Read { file: file.clone(), source })?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok((file, text)),
        Err(_) => Err(SettingsError::NotUtf8 { file }),
    }
}
