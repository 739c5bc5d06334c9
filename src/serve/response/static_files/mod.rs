//! Files of a folder. Never one outside of it, whatever symbolic links it contains, and never one
//! whose name begins with a dot.

mod body;
mod file;
mod media_type;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Version, header};
use http_body_util::BodyExt;
use rustix::io::Errno;

use self::body::FileBody;
use self::file::{Directory, FilePath, FileReader, PathContent};
use self::media_type::media_type;
use super::body::OutgoingBody;
use super::pages::error_page;
use crate::serve::request::Request;
use crate::serve::request::target::RequestTarget;

/// Bytes read before the response begins; a file up to this size is sent whole.
const BEGINNING: usize = 64 * 1024;
/// The same on HTTP/2, where a client may ask for 128 files and take none: about as much as the stream itself costs.
const STREAM_BEGINNING: usize = 4 * 1024;
const INDEX: &str = "index.html";

/// A folder whose files are served.
#[derive(Debug)]
pub(in crate::serve) struct Folder {
    directory: Arc<Directory>,
}

impl Folder {
    /// # Errors
    /// What the system says.
    pub(in crate::serve) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { directory: Arc::new(Directory::open(path)?) })
    }

    /// Answers a request for `path`, which begins with a slash, or is empty for the folder itself.
    pub(in crate::serve) async fn answer(&self, request: &Request, path: &[u8]) -> Response<OutgoingBody> {
        if request.method != Method::GET && request.method != Method::HEAD {
            let mut response =
                error_page(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are allowed for files");
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        let Some(relative) = relative(path) else {
            return not_found();
        };
        let is_folder = path.ends_with(b"/");
        let wanted = if is_folder { join(&relative, INDEX) } else { relative };
        let result = match self.find(&wanted).await {
            Ok(PathContent::File(file)) => answer_file(file, request, media_type(&wanted)).await,
            Ok(PathContent::Directory) if !is_folder => return with_slash(&request.target),
            Ok(PathContent::Directory) => return not_found(),
            Err(error) => Err(error),
        };
        result.unwrap_or_else(|error| failure(&error, &wanted))
    }

    async fn find(&self, wanted: &str) -> io::Result<PathContent> {
        if wanted.is_empty() {
            return Ok(PathContent::Directory);
        }
        let path = FilePath { directory: Arc::clone(&self.directory), relative: wanted.into() };
        match path.open_now() {
            Some(result) => result,
            None => tokio::task::spawn_blocking(move || path.open()).await?,
        }
    }
}

async fn answer_file(
    mut file: FileReader,
    request: &Request,
    media_type: &'static str,
) -> io::Result<Response<OutgoingBody>> {
    let version = file.version();
    let mut response = Response::new(OutgoingBody::Empty);
    let headers = response.headers_mut();
    let ((seconds, nanoseconds), length) = (version.modified, version.length);
    let etag = format!("\"{seconds:x}.{nanoseconds:x}-{length:x}\"");
    insert(headers, header::ETAG, &etag);
    insert(headers, header::LAST_MODIFIED, &httpdate::fmt_http_date(version.modified_time()));
    if is_known(&request.fields, &etag, version.modified_time()) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(response);
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_LENGTH, length.into());
    if request.method == Method::HEAD {
        return Ok(response);
    }
    let whole = usize::try_from(length).unwrap_or(usize::MAX);
    let beginning = match request.version {
        Version::HTTP_2 if whole > STREAM_BEGINNING => 0,
        _ => whole.min(BEGINNING),
    };
    let mut piece = Vec::new();
    if beginning > 0 {
        piece = match file.read_now(0, beginning) {
            Some(piece) => piece,
            None => {
                let (reader, piece) = file.read_later(0, beginning).await??;
                file = reader;
                piece
            }
        };
    }
    *response.body_mut() = if piece.len() == whole {
        OutgoingBody::text(piece)
    } else {
        OutgoingBody::Stream(FileBody::new(file, piece).boxed_unsync())
    };
    Ok(response)
}

/// Whether the client has this version (RFC 9110 section 13.2.2: If-None-Match before
/// If-Modified-Since).
fn is_known(request: &HeaderMap, etag: &str, modified: SystemTime) -> bool {
    let text = |name| request.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if let Some(tags) = text(header::IF_NONE_MATCH) {
        let is_same = |tag: &str| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag;
        return tags.split(',').map(str::trim).any(is_same);
    }
    let since = text(header::IF_MODIFIED_SINCE).and_then(|date| httpdate::parse_http_date(date).ok());
    // HTTP dates have whole seconds.
    since.is_some_and(|since| modified < since + Duration::from_secs(1))
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
fn failure(error: &io::Error, wanted: &str) -> Response<OutgoingBody> {
    match failure_status(error) {
        StatusCode::NOT_FOUND => not_found(),
        status => {
            tracing::error!(%error, file = ?wanted, "cannot read a file");
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
mod tests {
    use super::*;
    use crate::serve::request::Client;
    use crate::serve::request::variables::from_variables;

    async fn contents(folder: &Path, wanted: &str) -> Option<Vec<u8>> {
        let folder = Folder::open(folder).unwrap();
        let relative = relative(wanted.as_bytes())?;
        match folder.find(&relative).await {
            Ok(PathContent::File(file)) => {
                let length = usize::try_from(file.version().length).unwrap();
                Some(file.read_later(0, length).await.unwrap().unwrap().1)
            }
            _ => None,
        }
    }

    #[tokio::test]
    async fn nothing_outside_and_no_dot_files() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("public");
        std::fs::create_dir_all(folder.join(".git")).unwrap();
        std::fs::create_dir_all(folder.join(".well-known")).unwrap();
        for (name, text) in
            [("secret", "s"), ("public/a.txt", "a"), ("public/.env", "e"), ("public/.git/config", "c")]
        {
            std::fs::write(outer.path().join(name), text).unwrap();
        }
        std::fs::write(folder.join(".well-known/x"), "x").unwrap();
        std::os::unix::fs::symlink("../secret", folder.join("out")).unwrap();
        std::os::unix::fs::symlink(outer.path().join("secret"), folder.join("absolute")).unwrap();
        std::os::unix::fs::symlink("a.txt", folder.join("inside")).unwrap();
        assert_eq!(contents(&folder, "/a.txt").await.as_deref(), Some(&b"a"[..]));
        assert_eq!(contents(&folder, "//inside").await.as_deref(), Some(&b"a"[..]));
        assert_eq!(contents(&folder, "/.well-known/x").await.as_deref(), Some(&b"x"[..]));
        for wanted in
            ["/.env", "/.git/config", "/../secret", "/out", "/absolute", "/a.txt/../../secret", "/b", ""]
        {
            assert_eq!(contents(&folder, wanted).await, None, "{wanted}");
        }
    }

    #[tokio::test]
    async fn what_is_missing_and_what_fails() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), "a").unwrap();
        std::os::unix::fs::symlink("loop", folder.path().join("loop")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
        let fifo = folder.path().join("fifo");
        rustix::fs::mkfifoat(rustix::fs::CWD, fifo, rustix::fs::Mode::RUSR).unwrap();
        let opened = Folder::open(folder.path()).unwrap();
        let long = "x".repeat(300);
        // The second time the system knows the names.
        for wanted in ["none", "a/b", "loop", "../a", "socket", "fifo", &long].repeat(2) {
            let Err(error) = opened.find(wanted).await else { panic!("{wanted} is there") };
            assert_eq!(failure_status(&error), StatusCode::NOT_FOUND, "{wanted}: {error}");
        }
        let status = |errno: Errno| failure_status(&errno.into()).as_u16();
        assert_eq!((status(Errno::MFILE), status(Errno::IO)), (503, 500));
    }

    #[tokio::test]
    async fn how_much_is_read_before_the_response() {
        let folder = tempfile::tempdir().unwrap();
        for (name, length) in [("small", 4096), ("medium", 65536), ("large", 200_000)] {
            std::fs::write(folder.path().join(name), vec![b'x'; length]).unwrap();
        }
        let opened = Folder::open(folder.path()).unwrap();
        let respond = async |method: &str, version, path: &str| {
            let (mut request, _) = from_variables(&[], false, Client::default()).unwrap();
            (request.method, request.version) = (method.parse().unwrap(), version);
            opened.answer(&request, path.as_bytes()).await
        };
        for (version, path, is_whole) in [
            (Version::HTTP_11, "/medium", true),
            (Version::HTTP_11, "/large", false),
            (Version::HTTP_2, "/small", true),
            (Version::HTTP_2, "/medium", false),
        ] {
            let response = respond("GET", version, path).await;
            assert_eq!(matches!(response.body(), OutgoingBody::Full(_)), is_whole, "{version:?} {path}");
        }
        let response = respond("HEAD", Version::HTTP_11, "/medium").await;
        assert!(matches!(response.body(), OutgoingBody::Empty));
        assert_eq!(response.headers()[header::CONTENT_LENGTH], "65536");
    }
}
