//! Files of a folder. Never one outside of it, whatever symbolic links it contains (other than those that lead to a
//! folder that settings call safe), and never one whose name begins with a dot.

mod body;
mod file;
mod file_response;
pub(super) mod media_type;
mod memory;
mod ranges;
mod scripts;
mod settings;
mod version;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use rustix::io::Errno;

use self::file::{Directory, FilePath, FileReader, PathContent};
use self::file_response::{FileHead, respond};
pub(in crate::serve) use self::scripts::{ScriptFolder, ScriptMatch};
pub(in crate::serve) use self::settings::FileSettings;
use self::settings::accepted_codings;
use super::body::OutgoingBody;
use super::pages::error_page;
use crate::serve::request::Request;
use crate::serve::request::target::RequestTarget;

/// A folder whose files are served, or one file of it.
#[derive(Debug)]
pub(in crate::serve) struct Folder {
    directory: Arc<Directory>,
    /// Where it is.
    path: PathBuf,
    settings: Arc<FileSettings>,
    indexes: Vec<String>,
    /// The one file that is served.
    only: Option<String>,
    /// Whether an application has the paths that are not files.
    is_before_application: bool,
    /// The file that answers for all that are missing.
    fallback: Option<String>,
}

impl Folder {
    /// A folder that answers everything below its path.
    ///
    /// # Errors
    /// What the system says.
    pub(in crate::serve) fn open(path: &Path, settings: &Arc<FileSettings>) -> io::Result<Self> {
        Ok(Self {
            directory: Arc::new(Directory::open(path, &settings.memory)?),
            path: real_path(path),
            settings: Arc::clone(settings),
            indexes: settings.own_indexes(),
            only: None,
            is_before_application: false,
            fallback: None,
        })
    }

    /// A folder, or a file, before an application: see [`Folder::try_answer`].
    ///
    /// # Errors
    /// What the system says.
    pub(in crate::serve) fn for_application(path: &Path, settings: &Arc<FileSettings>) -> io::Result<Self> {
        let path = real_path(path);
        let (folder, only) =
            match (path.is_file(), path.parent(), path.file_name().and_then(|name| name.to_str())) {
                (true, Some(folder), Some(name)) => (folder.to_owned(), Some(name.to_owned())),
                _ => (path, None),
            };
        Ok(Self {
            directory: Arc::new(Directory::open(&folder, &settings.memory)?),
            path: folder,
            settings: Arc::clone(settings),
            indexes: settings.indexes(),
            only,
            is_before_application: true,
            fallback: None,
        })
    }

    /// Folders are answered by their index even where settings name none.
    pub(in crate::serve) fn with_own_indexes(self) -> Self {
        Self { indexes: self.settings.own_indexes(), ..self }
    }

    /// A file, by its path, answers for what is missing: the one page of an application that runs in browsers.
    pub(in crate::serve) fn with_fallback(self, fallback: Option<String>) -> Self {
        Self { fallback, ..self }
    }

    /// Answers a request for `path`, which begins with a slash, or is empty for the folder itself.
    pub(in crate::serve) async fn answer(&self, request: &Request, path: &[u8]) -> Response<OutgoingBody> {
        if !asks_for_files(request) {
            let mut response =
                error_page(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are allowed for files");
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        let mut result = self.response(request, path).await;
        let is_missing = match &result {
            Ok(response) => response.is_none(),
            Err(error) => failure_status(error) == StatusCode::NOT_FOUND,
        };
        // Not for names that are hidden.
        if let (true, Some(fallback), Some(_)) = (is_missing, &self.fallback, relative(path)) {
            result = self.response(request, fallback.as_bytes()).await;
        }
        match result {
            Ok(response) => response.unwrap_or_else(not_found),
            Err(error) => failure(&error, path),
        }
    }

    /// The same if there is a file, and if it is asked for; `None` leaves the request to the application.
    pub(in crate::serve) async fn try_answer(
        &self,
        request: &Request,
        path: &[u8],
    ) -> Option<Response<OutgoingBody>> {
        if !asks_for_files(request) {
            return None;
        }
        match self.response(request, path).await {
            Ok(response) => response,
            Err(error) if failure_status(&error) == StatusCode::NOT_FOUND => None,
            Err(error) => Some(failure(&error, path)),
        }
    }

    async fn response(&self, request: &Request, path: &[u8]) -> io::Result<Option<Response<OutgoingBody>>> {
        if let Some(only) = &self.only {
            return if path.is_empty() { self.file(request, only).await } else { Ok(None) };
        }
        let Some(relative) = relative(path) else { return Ok(None) };
        if path.ends_with(b"/") {
            return self.index(request, &relative).await;
        }
        match self.find(&relative).await? {
            PathContent::File(file) => self.respond(file, &relative, request).await,
            PathContent::Directory if self.has_index(&relative).await => {
                Ok(Some(with_slash(&request.target)))
            }
            PathContent::Directory => Ok(None),
        }
    }

    async fn file(&self, request: &Request, wanted: &str) -> io::Result<Option<Response<OutgoingBody>>> {
        match self.find(wanted).await? {
            PathContent::File(file) => self.respond(file, wanted, request).await,
            PathContent::Directory => Ok(None),
        }
    }

    /// The first index of a folder that is there.
    async fn index(&self, request: &Request, folder: &str) -> io::Result<Option<Response<OutgoingBody>>> {
        for index in &self.indexes {
            match self.file(request, &join(folder, index)).await {
                Ok(None) => {}
                Err(error) if failure_status(&error) == StatusCode::NOT_FOUND => {}
                result => return result,
            }
        }
        Ok(None)
    }

    /// Whether a folder's name without a slash means the folder: an application may have a page of that name.
    async fn has_index(&self, folder: &str) -> bool {
        if !self.is_before_application {
            return true;
        }
        for index in &self.indexes {
            if matches!(self.find(&join(folder, index)).await, Ok(PathContent::File(_))) {
                return true;
            }
        }
        false
    }

    /// The response with a file, or with a variant of it.
    async fn respond(
        &self,
        mut file: FileReader,
        wanted: &str,
        request: &Request,
    ) -> io::Result<Option<Response<OutgoingBody>>> {
        if self.settings.is_skipped(wanted) {
            return Ok(None);
        }
        let mut head = FileHead { media_type: self.settings.media_type(wanted), ..FileHead::default() };
        if self.settings.needs_paths() {
            let path = self.path.join(wanted);
            if self.settings.has_variants(&path) {
                head.varies = true;
                for (coding, ending) in accepted_codings(&request.fields) {
                    if let Ok(PathContent::File(variant)) = self.find(&format!("{wanted}{ending}")).await {
                        (file, head.coding) = (variant, Some(coding));
                        break;
                    }
                }
            }
            let modified = file.version().modified_time();
            let (fields, media_type) = (&mut head.fields, &head.media_type);
            self.settings.set_expiry(fields, request, &path, media_type, modified);
        }
        respond(file, request, head).await.map(Some)
    }

    async fn find(&self, wanted: &str) -> io::Result<PathContent> {
        if wanted.is_empty() {
            return Ok(PathContent::Directory);
        }
        if let Some(file) = self.directory.fresh(wanted) {
            return Ok(PathContent::File(file));
        }
        let path = FilePath { directory: Arc::clone(&self.directory), relative: wanted.into() };
        let result = match path.open_now() {
            Some(result) => result,
            None => tokio::task::spawn_blocking(move || path.open()).await?,
        };
        match result {
            Err(error)
                if Errno::from_io_error(&error) == Some(Errno::XDEV) && !self.settings.safe().is_empty() =>
            {
                self.find_safe(wanted, error).await
            }
            result => result,
        }
    }

    /// What a link leads to, if that is below a folder that settings call safe.
    async fn find_safe(&self, wanted: &str, refused: io::Error) -> io::Result<PathContent> {
        let (path, settings) = (self.path.join(wanted), Arc::clone(&self.settings));
        let open = move || {
            let real = path.canonicalize()?;
            for safe in settings.safe() {
                let below = real.strip_prefix(&safe.path).ok().and_then(Path::to_str);
                if let Some(below) = below.and_then(|below| relative(below.as_bytes())) {
                    let directory = Arc::clone(&safe.directory);
                    return FilePath { directory, relative: below.into() }.open();
                }
            }
            Err(refused)
        };
        tokio::task::spawn_blocking(open).await?
    }
}

/// With links resolved, as far as that can be done.
fn real_path(path: &Path) -> PathBuf {
    path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned())
}

fn asks_for_files(request: &Request) -> bool {
    request.method == Method::GET || request.method == Method::HEAD
}

/// The path without its first slash. `None` for names that are never served: dot files, `..`, and
/// no text.
fn relative(path: &[u8]) -> Option<String> {
    let path = std::str::from_utf8(path).ok()?;
    let segments: Vec<_> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    // RFC 8615: the one dot folder that is meant to be seen.
    let is_hidden = |segment: &&str| segment.starts_with('.') && *segment != ".well-known";
    (!segments.iter().any(is_hidden)).then(|| segments.join("/"))
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// Answers for a file that cannot be had.
fn failure(error: &io::Error, path: &[u8]) -> Response<OutgoingBody> {
    match failure_status(error) {
        StatusCode::NOT_FOUND => not_found(),
        status => {
            tracing::error!(%error, path = %path.escape_ascii(), "cannot read a file");
            error_page(status, "the file could not be read")
        }
    }
}

/// A path without a file that may be served is 404; all other errors are the server's and may be
/// temporary.
fn failure_status(error: &io::Error) -> StatusCode {
    match Errno::from_io_error(error) {
        Some(
            Errno::NOENT
            | Errno::NOTDIR
            | Errno::LOOP
            | Errno::XDEV
            | Errno::ACCESS
            | Errno::PERM
            | Errno::NAMETOOLONG
            // A unix socket.
            | Errno::NXIO,
        ) => StatusCode::NOT_FOUND,
        Some(Errno::MFILE | Errno::NFILE | Errno::NOMEM) => StatusCode::SERVICE_UNAVAILABLE,
        None if error.kind() == io::ErrorKind::NotFound => StatusCode::NOT_FOUND,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn not_found() -> Response<OutgoingBody> {
    error_page(StatusCode::NOT_FOUND, "file not found")
}

/// A folder was requested without its slash; relative links in its page would be resolved wrongly.
fn with_slash(target: &RequestTarget) -> Response<OutgoingBody> {
    let mut response = error_page(StatusCode::PERMANENT_REDIRECT, "the URL of a folder ends with a slash");
    let raw_path = target.raw_path();
    let path = format!("{}/", String::from_utf8_lossy(&raw_path).trim_end_matches('/'));
    let query = String::from_utf8_lossy(&target.query);
    let target = if query.is_empty() { path } else { format!("{path}?{query}") };
    insert(response.headers_mut(), header::LOCATION, &target);
    response
}

fn insert(headers: &mut HeaderMap, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests;
