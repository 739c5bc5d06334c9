//! Files of a folder. Never one outside of it, whatever symbolic links it contains, and never one
//! whose name begins with a dot.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};
use rustix::io::Errno;
use tokio::task::JoinHandle;

use super::body::OutgoingBody;
use super::pages::error_page;

/// Read and sent at a time; a file up to this size is sent whole.
const CHUNK: usize = 64 * 1024;
const INDEX: &str = "index.html";

/// A folder whose files are served.
#[derive(Debug)]
pub(in crate::serve) struct Folder {
    directory: Arc<std::os::fd::OwnedFd>,
}

/// What lies at a path.
enum PathContent {
    Directory,
    File(OpenedFile),
}

struct OpenedFile {
    file: File,
    length: u64,
    modified: SystemTime,
    etag: String,
    media_type: &'static str,
    /// All of it, or its beginning.
    beginning: Vec<u8>,
}

impl Folder {
    /// # Errors
    /// What the system says.
    pub(in crate::serve) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self { directory: Arc::new(openat(CWD, path, flags, Mode::empty())?) })
    }

    /// Answers a request for `path`, which begins with a slash, or is empty for the folder itself.
    pub(in crate::serve) async fn answer(&self, head: &Parts, path: &[u8]) -> Response<OutgoingBody> {
        if head.method != Method::GET && head.method != Method::HEAD {
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
        let directory = Arc::clone(&self.directory);
        let find = move || {
            find(&directory, &wanted).inspect_err(|error| {
                if failure_status(error) != StatusCode::NOT_FOUND {
                    tracing::error!(%error, file = ?wanted, "cannot read a file");
                }
            })
        };
        let found = tokio::task::spawn_blocking(find).await;
        match found {
            Ok(Ok(PathContent::File(file))) => file.answer(&head.headers),
            Ok(Ok(PathContent::Directory)) if !is_folder => with_slash(head),
            Ok(Ok(PathContent::Directory)) => not_found(),
            Ok(Err(error)) => failure(&error),
            Err(_) => error_page(StatusCode::INTERNAL_SERVER_ERROR, "the file could not be read"),
        }
    }
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

fn find(directory: &std::os::fd::OwnedFd, wanted: &str) -> io::Result<PathContent> {
    if wanted.is_empty() {
        return Ok(PathContent::Directory);
    }
    // NONBLOCK: opening a named pipe must not wait for a writer.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    let file = loop {
        match openat2(directory, wanted, flags, Mode::empty(), resolve) {
            // The kernel asks to try again when the tree changes while it looks.
            Err(Errno::AGAIN | Errno::INTR) => {}
            result => break File::from(result?),
        }
    };
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Ok(PathContent::Directory);
    }
    if !metadata.is_file() {
        return Err(io::ErrorKind::NotFound.into());
    }
    let mut beginning = Vec::new();
    (&file).take(CHUNK as u64).read_to_end(&mut beginning)?;
    Ok(PathContent::File(OpenedFile {
        length: metadata.len(),
        modified: metadata.modified()?,
        etag: format!("\"{:x}.{:x}-{:x}\"", metadata.mtime(), metadata.mtime_nsec(), metadata.len()),
        media_type: media_type(wanted),
        file,
        beginning,
    }))
}

impl OpenedFile {
    fn answer(self, request: &HeaderMap) -> Response<OutgoingBody> {
        let mut response = Response::new(OutgoingBody::Empty);
        let headers = response.headers_mut();
        let modified = httpdate::fmt_http_date(self.modified);
        insert(headers, header::ETAG, &self.etag);
        insert(headers, header::LAST_MODIFIED, &modified);
        if self.is_known(request) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }
        insert(headers, header::CONTENT_TYPE, self.media_type);
        insert(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        insert(headers, header::CONTENT_LENGTH, &self.length.to_string());
        *response.body_mut() = if self.beginning.len() as u64 == self.length {
            OutgoingBody::text(self.beginning)
        } else {
            OutgoingBody::Stream(FileBody::new(self).boxed_unsync())
        };
        response
    }

    /// Whether the client has this version (RFC 9110 section 13.2.2: If-None-Match before
    /// If-Modified-Since).
    fn is_known(&self, request: &HeaderMap) -> bool {
        let text = |name| request.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        if let Some(tags) = text(header::IF_NONE_MATCH) {
            let is_same = |tag: &str| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == self.etag;
            return tags.split(',').map(str::trim).any(is_same);
        }
        let since = text(header::IF_MODIFIED_SINCE).and_then(|date| httpdate::parse_http_date(date).ok());
        // HTTP dates have whole seconds.
        since.is_some_and(|since| self.modified < since + Duration::from_secs(1))
    }
}

/// A file, read chunk by chunk as the client takes it. A blocking thread is used only while a chunk
/// is read: there are few of them, and a client may be slow.
struct FileBody {
    next: Next,
    /// Bytes that the client has not got, of those promised.
    left: u64,
}

/// Where the next chunk is.
enum Next {
    /// Here: all of the promise that is not in it is still in the file.
    Ready(File, Vec<u8>),
    Reading(JoinHandle<io::Result<(File, Vec<u8>)>>),
    /// Nowhere: everything was handed over, or reading failed.
    Nothing,
}

impl FileBody {
    fn new(opened: OpenedFile) -> Self {
        Self { next: Next::Ready(opened.file, opened.beginning), left: opened.length }
    }
}

/// Begins to read at most `length` bytes.
fn read_chunk(file: File, length: u64) -> JoinHandle<io::Result<(File, Vec<u8>)>> {
    tokio::task::spawn_blocking(move || {
        let mut chunk = Vec::new();
        (&file).take(length.min(CHUNK as u64)).read_to_end(&mut chunk)?;
        // The file was truncated after its length was sent: the client must see an error.
        if chunk.is_empty() { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok((file, chunk)) }
    })
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        let (file, mut chunk) = match std::mem::replace(&mut this.next, Next::Nothing) {
            Next::Ready(file, chunk) => (file, chunk),
            Next::Reading(mut reading) => match Pin::new(&mut reading).poll(cx) {
                Poll::Ready(read) => match read.unwrap_or_else(|error| Err(io::Error::other(error))) {
                    Ok(read) => read,
                    Err(error) => return Poll::Ready(Some(Err(error))),
                },
                Poll::Pending => {
                    this.next = Next::Reading(reading);
                    return Poll::Pending;
                }
            },
            Next::Nothing => return Poll::Ready(None),
        };
        // A file that has grown is not sent further than was promised.
        chunk.truncate(usize::try_from(this.left).unwrap_or(usize::MAX));
        this.left = this.left.saturating_sub(chunk.len() as u64);
        // The next one is read while the client takes this one.
        if this.left > 0 {
            this.next = Next::Reading(read_chunk(file, this.left));
        }
        Poll::Ready(Some(Ok(Frame::data(chunk.into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// Answers for a file that cannot be had.
fn failure(error: &io::Error) -> Response<OutgoingBody> {
    match failure_status(error) {
        StatusCode::NOT_FOUND => not_found(),
        status => error_page(status, "the file could not be read"),
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
fn with_slash(head: &Parts) -> Response<OutgoingBody> {
    let mut response = error_page(StatusCode::PERMANENT_REDIRECT, "the URL of a folder ends with a slash");
    // `//host/` would be another host.
    let path = format!("/{}/", head.uri.path().trim_matches('/'));
    let target = head.uri.query().map_or_else(|| path.clone(), |query| format!("{path}?{query}"));
    insert(response.headers_mut(), header::LOCATION, &target);
    response
}

fn insert(headers: &mut HeaderMap, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}

fn media_type(path: &str) -> &'static str {
    let ending =
        path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map_or("", |(_, ending)| ending);
    match ending.to_ascii_lowercase().as_str() {
        "avif" => "image/avif",
        "css" => "text/css; charset=utf-8",
        "csv" => "text/csv; charset=utf-8",
        "gif" => "image/gif",
        "htm" | "html" => "text/html; charset=utf-8",
        "ico" => "image/x-icon",
        "jpeg" | "jpg" => "image/jpeg",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" | "map" => "application/json",
        "md" | "txt" => "text/plain; charset=utf-8",
        "mp3" => "audio/mpeg",
        "mp4" => "video/mp4",
        "otf" => "font/otf",
        "pdf" => "application/pdf",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "ttf" => "font/ttf",
        "wasm" => "application/wasm",
        "wav" => "audio/wav",
        "webm" => "video/webm",
        "webmanifest" => "application/manifest+json",
        "webp" => "image/webp",
        "woff" => "font/woff",
        "woff2" => "font/woff2",
        "xml" => "application/xml",
        "zip" => "application/zip",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(folder: &Path, wanted: &str) -> Option<Vec<u8>> {
        let folder = Folder::open(folder).unwrap();
        let relative = relative(wanted.as_bytes())?;
        match find(&folder.directory, &relative) {
            Ok(PathContent::File(file)) => Some(file.beginning),
            _ => None,
        }
    }

    #[test]
    fn nothing_outside_and_no_dot_files() {
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
        assert_eq!(contents(&folder, "/a.txt").as_deref(), Some(&b"a"[..]));
        assert_eq!(contents(&folder, "//inside").as_deref(), Some(&b"a"[..]));
        assert_eq!(contents(&folder, "/.well-known/x").as_deref(), Some(&b"x"[..]));
        for wanted in
            ["/.env", "/.git/config", "/../secret", "/out", "/absolute", "/a.txt/../../secret", "/b", ""]
        {
            assert_eq!(contents(&folder, wanted), None, "{wanted}");
        }
    }

    #[test]
    fn unfinished_downloads_hold_no_threads() {
        let folder = tempfile::tempdir().unwrap();
        let large: Vec<u8> = (0..1_000_000_u32).map(|number| number as u8).collect();
        std::fs::write(folder.path().join("large"), &large).unwrap();
        let directory = Folder::open(folder.path()).unwrap().directory;
        let download = || match find(&directory, "large") {
            Ok(PathContent::File(opened)) => FileBody::new(opened),
            _ => panic!("it is there"),
        };
        // With one thread for everything that blocks.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .max_blocking_threads(1)
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut unfinished: Vec<_> = (0..4).map(|_| download()).collect();
            for body in &mut unfinished {
                assert!(body.frame().await.unwrap().is_ok());
            }
            let whole = tokio::time::timeout(Duration::from_secs(30), download().collect()).await;
            assert_eq!(whole.expect("a thread is free").unwrap().to_bytes(), large);
        });
    }

    #[tokio::test]
    async fn a_file_that_is_cut_breaks_its_download() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large");
        std::fs::write(&path, vec![b'x'; 3 * CHUNK]).unwrap();
        let directory = Folder::open(folder.path()).unwrap().directory;
        let Ok(PathContent::File(opened)) = find(&directory, "large") else { panic!("it is there") };
        std::fs::write(&path, "").unwrap();
        let error = FileBody::new(opened).collect().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn what_is_missing_and_what_fails() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), "a").unwrap();
        std::os::unix::fs::symlink("loop", folder.path().join("loop")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
        let directory = Folder::open(folder.path()).unwrap().directory;
        let long = "x".repeat(300);
        for wanted in ["none", "a/b", "loop", "../a", "socket", &long] {
            let Err(error) = find(&directory, wanted) else { panic!("{wanted} is there") };
            assert_eq!(failure_status(&error), StatusCode::NOT_FOUND, "{wanted}: {error}");
        }
        let status = |errno: Errno| failure_status(&errno.into()).as_u16();
        assert_eq!((status(Errno::MFILE), status(Errno::IO)), (503, 500));
    }

    #[test]
    fn kinds_by_ending() {
        assert_eq!(media_type("a/b.CSS"), "text/css; charset=utf-8");
        assert_eq!(media_type("a.b/c"), "application/octet-stream");
    }
}
