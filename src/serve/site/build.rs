//! A site as its settings describe it: folders opened, upstreams ready, rules compiled.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::HeaderValue;
use rustls::ClientConfig;

use super::access::{Reach, SiteAccess};
use super::edge::{SiteEdge, TriedRoute};
use super::router::{AppId, Route, RouteTarget, Scripts, Site};
use super::rules::SiteRules;
use crate::serve::config::{Limits, Root, SiteConfig, UpstreamConfig};
use crate::serve::error::Error;
use crate::serve::file_options::TriedFolder;
use crate::serve::response::compression::Compression;
use crate::serve::response::error_pages::ErrorPages;
use crate::serve::response::headers::FieldEdits;
use crate::serve::response::static_files::{FileSettings, Folder, ScriptFolder};
use crate::serve::upstream::Upstream;
use crate::sys::opener::Opener;
use crate::tls;

/// Opens what the settings name: each folder anew, since a release may have replaced it. The first of its
/// applications has the id `first`.
///
/// `opener` opens what only root may read; what lasts of the site that this one replaces is taken over from `previous`.
///
/// # Errors
/// A file or folder cannot be opened, or a rule cannot be used.
pub(super) fn site(
    config: &SiteConfig,
    limits: Limits,
    first: usize,
    opener: &dyn Opener,
    previous: Option<&Site>,
) -> Result<Site, Error> {
    let limits = config.limits.unwrap_or(limits);
    let files = FileSettings::open(&config.files);
    let previous = previous.and_then(|site| site.edge.access.as_deref());
    let error_pages = ErrorPages::open(&config.access.error_pages, opener)?;
    let reach = Reach { timeout: config.upstream_timeout, tls: client_tls(config)? };
    let access = SiteAccess::new(&config.access, opener, &reach, previous)?;
    let mut routes = config
        .folders
        .iter()
        .map(|(prefix, path)| Ok(Route::new(prefix, limits, open_folder(path, &files)?)))
        .collect::<Result<Vec<_>, Error>>()?;
    routes.extend(upstreams(config, limits, &files, reach.tls.as_ref())?);
    let root = match &config.root {
        Root::Application(_) => RouteTarget::Application(AppId(first)),
        Root::NotFound => RouteTarget::NotFound,
        Root::Folder(path) => {
            let folder =
                Folder::open(path, &files).map_err(|source| Error::Folder { path: path.clone(), source })?;
            RouteTarget::Folder(Arc::new(folder.with_fallback(config.files.fallback.clone())))
        }
        Root::StartPage(html) => RouteTarget::Page(html.clone()),
    };
    let root = Route::new("/", limits, root);
    Ok(Site::new(SiteEdge { access, error_pages, ..edge(config, &files)? }, routes, root)
        .with_applications(config, limits, first))
}

/// What verifies the servers that are reached by https, if there are any.
fn client_tls(config: &SiteConfig) -> Result<Option<Arc<ClientConfig>>, Error> {
    let upstreams = config.upstreams.iter().flat_map(|upstream| &upstream.servers);
    let mut servers = upstreams.chain(config.access.forward_auth.iter().map(|auth| &auth.server));
    let is_tls = servers.any(|server| server.scheme.is_tls());
    Ok(is_tls.then(|| tls::client_config(config.upstream_ca.as_deref())).transpose()?)
}

/// The routes to servers behind this one.
fn upstreams(
    config: &SiteConfig,
    limits: Limits,
    files: &Arc<FileSettings>,
    tls: Option<&Arc<ClientConfig>>,
) -> Result<Vec<Route>, Error> {
    let route = |upstream: &UpstreamConfig| {
        let target = Upstream::new(upstream, config.upstream_timeout, tls);
        Route::new(&upstream.prefix, limits, RouteTarget::Upstream(Arc::new(target)))
    };
    let mut routes: Vec<_> = config.upstreams.iter().map(route).collect();
    for (prefix, path) in &config.upstream_roots {
        let is_meant = |upstream: &UpstreamConfig| upstream.prefix == *prefix && upstream.speaks_fastcgi();
        let mut meant = routes.iter_mut().zip(&config.upstreams).filter(|(_, upstream)| is_meant(upstream));
        let Some((route, upstream)) = meant.next() else {
            return Err(Error::UpstreamRoot(format!("{prefix}/")));
        };
        let folder = ScriptFolder::open(path, files, config.files.fallback.clone())
            .map_err(|source| Error::Folder { path: path.clone(), source })?;
        route.has_scripts(Scripts { folder, are_below: upstream.removes_prefix });
    }
    Ok(routes)
}

fn open_folder(path: &Path, files: &Arc<FileSettings>) -> Result<RouteTarget, Error> {
    Folder::open(path, files)
        .map(|folder| RouteTarget::Folder(Arc::new(folder)))
        .map_err(|source| Error::Folder { path: path.to_owned(), source })
}

/// What requests pass before their route, and responses behind it.
fn edge(config: &SiteConfig, files: &Arc<FileSettings>) -> Result<SiteEdge, Error> {
    let hsts =
        config.hsts_seconds.and_then(|seconds| HeaderValue::try_from(format!("max-age={seconds}")).ok());
    let mut tried = Vec::new();
    for TriedFolder { prefix, path, keeps_prefix } in &config.files.tried {
        match Folder::for_application(path, files) {
            Ok(folder) => {
                tried.push(TriedRoute { prefix: prefix.clone(), keeps_prefix: *keeps_prefix, folder });
            }
            // As in uWSGI: all of it is left to the application.
            Err(source) if source.kind() == ErrorKind::NotFound => {
                tracing::warn!(
                    "there is no folder {}; its paths are left to the application",
                    path.display()
                );
            }
            Err(source) => return Err(Error::Folder { path: path.clone(), source }),
        }
    }
    if let (Some(path), Root::Application(_)) = (&config.files.root, &config.root) {
        let folder = Folder::for_application(path, files)
            .map_err(|source| Error::Folder { path: path.clone(), source })?;
        let folder = folder.with_own_indexes();
        tried.push(TriedRoute { prefix: String::new(), keeps_prefix: false, folder });
    }
    let removed = config.removed_fields.iter().map(|field| field.0.clone()).collect();
    let name = Some(config.name()).filter(|name| !name.is_empty());
    Ok(SiteEdge {
        name: name.map(Arc::from),
        canonical_host: config.canonical_host.as_ref().map(ToString::to_string),
        manages_script_name: config.script_name.manage,
        unbuffered: config.unbuffered.clone(),
        hsts,
        access: None,
        error_pages: ErrorPages::default(),
        secure_headers: config.access.secure_headers,
        rules: SiteRules::new(&config.rules, folder_of_the_application(config), files)?,
        fields: FieldEdits::new(&config.added_fields, removed),
        collected: config.collected_fields.clone(),
        compression: Compression::new(config.compression),
        tried,
    })
}

/// Where the application runs, which is where relative paths of rules begin.
fn folder_of_the_application(config: &SiteConfig) -> PathBuf {
    let start = std::env::current_dir().unwrap_or_default();
    let chdir = config.applications().find_map(|(_, workers)| workers.chdir.as_ref());
    chdir.map_or_else(|| start.clone(), |chdir| start.join(chdir))
}
