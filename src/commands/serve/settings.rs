//! The layers of settings for `serve`: flags and environment over `uwsgi.ini` or `certkit.toml` over the user's file.

use std::path::{Path, PathBuf};

use super::super::Result;
use crate::cli::{Listen, ServeArgs};
use crate::config::{self, PartialServe};
use crate::finding::{Code, Finding, Location};
use crate::operands::input::cannot_read;
use crate::sys::fs::read_limited;

/// The project's own settings, in the current folder.
pub(super) const PROJECT_FILE: &str = "certkit.toml";
/// uWSGI's, taken when nothing else names an application.
pub(super) const UWSGI_FILE: &str = "uwsgi.ini";
/// More than anybody writes by hand.
const LARGEST: u64 = 1 << 20;

/// All layers, combined.
pub(super) struct Settings {
    pub(super) serve: PartialServe,
    /// Which file named the application, if it was a file.
    pub(super) named_by: Option<String>,
    /// What was passed over.
    pub(super) warnings: Vec<Finding>,
}

/// Reads every layer there is.
///
/// # Errors
/// A file that cannot be read, or a value in it that cannot be used.
pub(super) fn read(args: &ServeArgs) -> Result<Settings> {
    let mut flags = flags(args);
    let mut warnings = Vec::new();
    let mut named_by = None;
    let ini = flags.app.take_if(|app| is_ini(app));
    if let Some(ini) = &ini {
        flags = flags.combine(read_ini(Path::new(ini), &mut warnings)?);
        named_by = Some(ini.clone());
    }
    let by_flags = flags.names_application();
    let project = read_toml(Path::new(PROJECT_FILE))?;
    if !by_flags && project.names_application() {
        named_by = Some(PROJECT_FILE.to_owned());
    }
    let mut serve = flags.combine(project);
    if !serve.names_application() && ini.is_none() && Path::new(UWSGI_FILE).exists() {
        serve = serve.combine(read_ini(Path::new(UWSGI_FILE), &mut warnings)?);
        named_by = Some(UWSGI_FILE.to_owned());
    }
    if let Some(user_file) = user_file() {
        serve = serve.combine(read_toml(&user_file)?);
    }
    Ok(Settings { serve: absolute(serve), named_by, warnings })
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

fn flags(args: &ServeArgs) -> PartialServe {
    let mut listen = Vec::new();
    let mut backlog = args.backlog;
    for value in &args.listen {
        match value {
            Listen::Address(address) => listen.push(address.clone()),
            Listen::Backlog(length) => backlog = backlog.or(Some(*length)),
        }
    }
    PartialServe {
        app: args.app.clone(),
        wsgi_file: args.wsgi_file.clone(),
        module: args.module.clone(),
        callable: args.callable.clone(),
        listen: some(&listen),
        redirect_http: args.redirect_http.clone(),
        socket_mode: args.socket_mode,
        backlog,
        max_connections: args.max_connections,
        cert: some(&args.cert),
        key: some(&args.key),
        acme: some(&args.acme),
        acme_server: args.acme_server.clone(),
        acme_email: args.acme_email.clone(),
        acme_ca_roots: args.acme_ca_roots.clone(),
        acme_state: args.acme_state.clone(),
        acme_missing: args.acme_missing,
        agree_tos: args.agree_tos.then_some(true),
        tls_min: args.tls_min,
        hsts: args.hsts,
        workers: args.workers,
        threads: args.threads,
        python: args.python.clone(),
        virtualenv: args.virtualenv.clone(),
        chdir: args.chdir.clone(),
        pythonpath: some(&args.pythonpath),
        env: some(&args.env),
        graceful_timeout: args.graceful_timeout,
        script_name: args.script_name.clone(),
        manage_script_name: args.manage_script_name.then_some(true),
        folders: some(&args.folders),
        limit_post: args.limit_post,
        post_buffering: args.post_buffering,
        header_timeout: args.header_timeout,
        body_timeout: args.body_timeout,
        keepalive: args.keepalive,
        access_log: args.access_log.clone(),
    }
}

/// A flag that was not given leaves the lower layers alone.
fn some<T: Clone>(values: &[T]) -> Option<Vec<T>> {
    (!values.is_empty()).then(|| values.to_vec())
}

/// `$XDG_CONFIG_HOME/certkit/config.toml`, or `~/.config/certkit/config.toml`.
fn user_file() -> Option<PathBuf> {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let config = absolute("XDG_CONFIG_HOME").or_else(|| absolute("HOME").map(|home| home.join(".config")))?;
    Some(config.join("certkit/config.toml"))
}

/// A file that is not there says nothing.
fn read_toml(path: &Path) -> Result<PartialServe> {
    if !path.exists() {
        return Ok(PartialServe::default());
    }
    let (file, text) = read_text(path)?;
    Ok(config::toml::read(&text).map_err(|error| cannot_use(&file, &error))?)
}

fn read_ini(path: &Path, warnings: &mut Vec<Finding>) -> Result<PartialServe> {
    let (file, text) = read_text(path)?;
    let place = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let ini = config::uwsgi_ini::read(&text, &place).map_err(|error| cannot_use(&file, &error))?;
    warnings.extend(ini.unknown.into_iter().map(|(line, word)| {
        Finding::warning(Code::InvalidSetting, format!("`{word}` has no effect here"))
            .at(Location::line(&file, line))
    }));
    Ok(ini.settings)
}

fn read_text(path: &Path) -> Result<(String, String)> {
    let file = path.display().to_string();
    let bytes = read_limited(path, LARGEST).map_err(|error| cannot_read(&file, error))?;
    let text = String::from_utf8(bytes).map_err(|_| {
        Finding::error(Code::InvalidSetting, format!("{file} is no UTF-8 text")).at(Location::file(&file))
    })?;
    Ok((file, text))
}

fn cannot_use(file: &str, error: &config::Error) -> Finding {
    let location = match error.line {
        Some(line) => Location::line(file, line),
        None => Location::file(file),
    };
    Finding::error(Code::InvalidSetting, format!("{file}: {error}"))
        .at(location)
        .fix("certkit serve --help lists the settings and what they take")
}
