//! Which files are served, and how.

use std::time::Duration;

use http::Version;
use http_body_util::BodyExt;

use super::*;
use crate::serve::file_options::FileOptions;
use crate::serve::request::Client;
use crate::serve::request::variables::from_variables;

async fn contents(folder: &Path, wanted: &str) -> Option<Vec<u8>> {
    let folder = Folder::open(folder, &Arc::default()).unwrap();
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
    let opened = Folder::open(folder.path(), &Arc::default()).unwrap();
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
    let opened = Folder::open(folder.path(), &Arc::default()).unwrap();
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

/// A request of this method for a path, with header fields.
fn request(method: &str, path: &str, fields: &[(&'static str, &str)]) -> Request {
    let (mut request, _) = from_variables(
        &[(b"REQUEST_URI", path.as_bytes()), (b"PATH_INFO", path.as_bytes())],
        false,
        Client::default(),
    )
    .unwrap();
    request.method = method.parse().unwrap();
    for (name, value) in fields {
        request.fields.append(*name, HeaderValue::from_str(value).unwrap());
    }
    request
}

async fn body(response: Response<OutgoingBody>) -> Vec<u8> {
    match response.into_body() {
        OutgoingBody::Empty => Vec::new(),
        OutgoingBody::Full(body) => body.collect().await.unwrap().to_bytes().into(),
        OutgoingBody::Stream(body) => body.collect().await.unwrap().to_bytes().into(),
        _ => panic!("the body of a worker"),
    }
}

fn header(response: &Response<OutgoingBody>, name: &str) -> String {
    response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

#[tokio::test]
async fn parts_of_files() {
    let folder = tempfile::tempdir().unwrap();
    let large: Vec<u8> = (0..300_000_u32).map(|number| (number % 251) as u8).collect();
    std::fs::write(folder.path().join("large"), &large).unwrap();
    let opened = Folder::open(folder.path(), &Arc::default()).unwrap();
    let get = async |method: &str, fields: &[(&'static str, &str)]| {
        opened.answer(&request(method, "/large", fields), b"/large").await
    };
    let whole = get("GET", &[]).await;
    assert_eq!((whole.status().as_u16(), header(&whole, "accept-ranges")), (200, "bytes".into()));
    let etag = header(&whole, "etag");

    let part = get("GET", &[("range", "bytes=1000-250999")]).await;
    assert_eq!((part.status().as_u16(), header(&part, "content-length")), (206, "250000".into()));
    assert_eq!(header(&part, "content-range"), "bytes 1000-250999/300000");
    assert_eq!(body(part).await, large[1000..251_000]);

    let part = get("GET", &[("range", "bytes=-5"), ("if-range", &etag)]).await;
    assert_eq!(body(part).await, large[299_995..]);
    for (method, fields, status) in [
        ("GET", [("range", "bytes=300000-"), ("x", "")], 416),
        ("GET", [("range", "bytes=0-1"), ("if-range", "\"other\"")], 200),
        ("GET", [("range", "bytes=0-1"), ("if-none-match", "*")], 304),
        ("HEAD", [("range", "bytes=0-1"), ("x", "")], 200),
    ] {
        let response = get(method, &fields).await;
        assert_eq!(response.status().as_u16(), status, "{method} {fields:?}");
        let expected = if status == 416 { "bytes */300000" } else { "" };
        assert_eq!(header(&response, "content-range"), expected);
    }
}

#[tokio::test]
async fn several_parts_are_one_multipart_body() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.txt"), "0123456789").unwrap();
    let opened = Folder::open(folder.path(), &Arc::default()).unwrap();
    let response =
        opened.answer(&request("GET", "/a.txt", &[("range", "bytes=0-1,4-5,-1")]), b"/a.txt").await;
    let kind = header(&response, "content-type");
    let boundary = kind.strip_prefix("multipart/byteranges; boundary=").unwrap().to_owned();
    let length: usize = header(&response, "content-length").parse().unwrap();
    let part = |range: &str, text: &str| {
        format!(
            "\r\n--{boundary}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-range: bytes {range}/10\r\n\r\n{text}"
        )
    };
    let expected =
        part("0-1", "01") + &part("4-5", "45") + &part("9-9", "9") + &format!("\r\n--{boundary}--\r\n");
    let sent = body(response).await;
    assert_eq!((String::from_utf8(sent.clone()).unwrap(), sent.len()), (expected, length));
}

/// A folder before an application with these files, and what they are served with.
struct Site {
    folder: tempfile::TempDir,
}

impl Site {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join("www").join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn get(
        &self,
        options: FileOptions,
        path: &str,
        fields: &[(&'static str, &str)],
    ) -> Option<Response<OutgoingBody>> {
        let opened = Folder::for_application(&self.path("www"), &FileSettings::open(&options)).unwrap();
        opened.try_answer(&request("GET", path, fields), path.as_bytes()).await
    }

    async fn status(&self, options: FileOptions, path: &str) -> Option<u16> {
        self.get(options, path, &[]).await.map(|response| response.status().as_u16())
    }
}

#[tokio::test]
async fn what_is_not_a_file_is_left_to_the_application() {
    let site = Site::new(&[
        ("a.css", "a"),
        ("x.py", "x"),
        ("docs/index.html", "i"),
        ("docs/b.htm", "b"),
        (".env", "e"),
    ]);
    let none = FileOptions::default;
    for path in ["/none", "/", "/docs", "/docs/", "/.env", "/a.css/x", ""] {
        assert_eq!(site.status(none(), path).await, None, "{path}");
    }
    assert_eq!(site.status(none(), "/a.css").await, Some(200));
    let indexes = || FileOptions { indexes: vec!["none".into(), "b.htm".into()], ..none() };
    let index = site.get(indexes(), "/docs/", &[]).await.unwrap();
    assert_eq!(body(index).await, b"b");
    assert_eq!(site.status(indexes(), "/docs").await, Some(308));
    assert_eq!(site.status(indexes(), "/").await, None);
    let skips = || FileOptions { skipped_endings: vec![".py".into(), ".htm".into()], ..indexes() };
    assert_eq!(site.status(skips(), "/x.py").await, None);
    assert_eq!(site.status(skips(), "/docs/").await, None);
    let opened = Folder::for_application(&site.path("www"), &Arc::default()).unwrap();
    assert!(opened.try_answer(&request("POST", "/a.css", &[]), b"/a.css").await.is_none());
    // A map to one file.
    let only = Folder::for_application(&site.path("www/a.css"), &Arc::default()).unwrap();
    for (path, status) in [("", Some(200)), ("/", None), ("/x", None)] {
        let response = only.try_answer(&request("GET", path, &[]), path.as_bytes()).await;
        assert_eq!(response.map(|response| response.status().as_u16()), status, "{path}");
    }
}

#[tokio::test]
async fn one_page_answers_for_what_is_missing() {
    let site = Site::new(&[("index.html", "page"), ("a.css", "a"), (".env", "e")]);
    let opened = Folder::open(&site.path("www"), &Arc::default()).unwrap();
    let opened = opened.with_fallback(Some("/index.html".to_owned()));
    for (path, status, text) in [
        ("/", 200, "page"),
        ("/a.css", 200, "a"),
        ("/deep/link", 200, "page"),
        ("/deep/link/", 200, "page"),
        ("/a.css/x", 200, "page"),
        ("/.env", 404, "404 Not Found: file not found\n"),
    ] {
        let response = opened.answer(&request("GET", path, &[]), path.as_bytes()).await;
        assert_eq!(response.status().as_u16(), status, "{path}");
        assert_eq!(String::from_utf8(body(response).await).unwrap(), text, "{path}");
    }
    // Before an application folders have their index only where settings name one.
    let before = Folder::for_application(&site.path("www"), &Arc::default()).unwrap();
    assert!(before.try_answer(&request("GET", "/", &[]), b"/").await.is_none());
    let before = before.with_own_indexes();
    assert!(before.try_answer(&request("GET", "/", &[]), b"/").await.is_some());
}

#[tokio::test]
async fn links_lead_to_safe_folders_only() {
    let site = Site::new(&[("a", "a")]);
    for (name, text) in [("safe/b", "b"), ("safe/.c", "c"), ("safer/d", "d"), ("secret", "s")] {
        std::fs::create_dir_all(site.path(name).parent().unwrap()).unwrap();
        std::fs::write(site.path(name), text).unwrap();
    }
    for (target, link) in
        [("../safe/b", "b"), ("../safe/.c", "c"), ("../safer/d", "d"), ("../secret", "s"), ("../safe", "f")]
    {
        std::os::unix::fs::symlink(target, site.path("www").join(link)).unwrap();
    }
    std::os::unix::fs::symlink("../secret", site.path("safe/e")).unwrap();
    let options = || FileOptions { safe: vec![site.path("safe")], ..FileOptions::default() };
    for (path, status) in [
        ("/a", Some(200)),
        ("/b", Some(200)),
        ("/f/b", Some(200)),
        ("/c", None),
        ("/d", None),
        ("/s", None),
        ("/f/e", None),
        ("/f/../../secret", None),
    ] {
        assert_eq!(site.status(options(), path).await, status, "{path}");
    }
    assert_eq!(site.status(FileOptions::default(), "/b").await, None);
}

#[tokio::test]
async fn variants_that_clients_accept() {
    let site = Site::new(&[
        ("a.css", "plain"),
        ("a.css.gz", "gzip"),
        ("a.css.br", "br"),
        ("b.css", "only"),
        ("c.js", "js"),
        ("c.js.gz", "z"),
    ]);
    let options =
        || FileOptions { precompressed: vec!["ending:.css".parse().unwrap()], ..FileOptions::default() };
    for (path, accepts, text, coding, varies) in [
        ("/a.css", "gzip", "gzip", "gzip", true),
        ("/a.css", "gzip, br", "br", "br", true),
        ("/a.css", "gzip;q=0", "plain", "", true),
        ("/a.css", "identity", "plain", "", true),
        ("/b.css", "gzip", "only", "", true),
        ("/c.js", "gzip", "js", "", false),
    ] {
        let response = site.get(options(), path, &[("accept-encoding", accepts)]).await.unwrap();
        assert_eq!(header(&response, "content-encoding"), coding, "{path} {accepts}");
        assert_eq!(!header(&response, "vary").is_empty(), varies, "{path} {accepts}");
        assert_eq!(body(response).await, text.as_bytes(), "{path} {accepts}");
    }
    let all = || FileOptions { precompressed: vec!["all".parse().unwrap()], ..FileOptions::default() };
    let with = site.get(all(), "/c.js", &[("accept-encoding", "gzip")]).await.unwrap();
    let without = site.get(all(), "/c.js", &[]).await.unwrap();
    assert_eq!(header(&with, "content-type"), header(&without, "content-type"));
    assert_ne!(header(&with, "etag"), header(&without, "etag"));
}

#[tokio::test]
async fn ages_of_files_by_what_names_them() {
    let site = Site::new(&[("a.css", "a"), ("b.txt", "b"), ("c", "c")]);
    std::fs::write(site.path("types"), "text/x-b txt\n").unwrap();
    let changed = std::fs::File::open(site.path("www/b.txt")).unwrap();
    changed.set_modified(std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(60)).unwrap();
    let options = |lines: &[&str]| FileOptions {
        expiries: lines.iter().map(|line| line.parse().unwrap()).collect(),
        media_type_files: vec![site.path("types"), site.path("none")],
        ..FileOptions::default()
    };
    let age = async |lines: &[&str], path: &str| {
        let response = site.get(options(lines), path, &[]).await.unwrap();
        (header(&response, "expires"), header(&response, "cache-control"))
    };
    let since_change = |seconds: u64| {
        httpdate::fmt_http_date(std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
    };
    for line in
        ["file-mtime /www/b\\.txt$ 40", "path-mtime ^/b 40", "uri-mtime ^/b 40", "type-mtime text/x-b=40"]
    {
        assert_eq!(age(&[line], "/b.txt").await, (since_change(100), String::new()), "{line}");
        assert_eq!(age(&[line], "/c").await, (String::new(), String::new()), "{line}");
    }
    let (expires, cache_control) = age(&["/=2m"], "/c").await;
    assert!(httpdate::parse_http_date(&expires).is_ok() && cache_control == "max-age=120", "{expires}");
    // The order of the groups is uWSGI's.
    assert_eq!(age(&["type-mtime text/x-b=1", "file-mtime b 2"], "/b.txt").await.0, since_change(62));
    let known = [("if-none-match", "*")];
    let response = site.get(options(&["file-mtime b 2"]), "/b.txt", &known).await.unwrap();
    assert_eq!((response.status().as_u16(), header(&response, "expires")), (304, since_change(62)));
}

#[tokio::test]
async fn small_files_come_from_memory_between_two_looks() {
    let outer = tempfile::tempdir().unwrap();
    let path = outer.path().join("files");
    std::fs::create_dir(&path).unwrap();
    std::fs::write(outer.path().join("secret"), "secret").unwrap();
    let medium = vec![b'x'; 65536];
    let write = |text: &str| {
        std::fs::write(path.join("a.txt"), text).unwrap();
        std::fs::write(path.join("medium"), &medium).unwrap();
    };
    let opened = |fresh| {
        write("0123456789");
        Folder::open(&path, &FileSettings::with_memory(memory::tests::eager(fresh))).unwrap()
    };
    let get = async |folder: &Folder, method: &str, path: &str, fields: &[(&'static str, &str)]| {
        let mut request = request(method, path, fields);
        request.version = Version::HTTP_2;
        folder.answer(&request, path.as_bytes()).await
    };

    let folder = opened(Duration::MAX);
    let first = get(&folder, "GET", "/a.txt", &[]).await;
    let (etag, fields) = (header(&first, "etag"), first.headers().clone());
    assert_eq!(body(first).await, b"0123456789");
    // Also for HTTP/2: it takes no memory of the connection.
    let whole = get(&folder, "GET", "/medium", &[]).await;
    assert!(matches!(whole.body(), OutgoingBody::Full(_)));
    std::fs::remove_dir_all(&path).unwrap();
    let again = get(&folder, "GET", "/a.txt", &[]).await;
    assert_eq!(again.headers(), &fields);
    assert_eq!(body(again).await, b"0123456789");
    assert_eq!(body(get(&folder, "GET", "/medium", &[]).await).await, medium);
    let part = get(&folder, "GET", "/a.txt", &[("range", "bytes=2-4")]).await;
    assert_eq!(
        (part.status(), header(&part, "content-range").as_str()),
        (StatusCode::PARTIAL_CONTENT, "bytes 2-4/10")
    );
    assert_eq!(body(part).await, b"234");
    let parts = get(&folder, "GET", "/a.txt", &[("range", "bytes=0-1,9-")]).await;
    assert!(body(parts).await.windows(3).any(|three| three == b"9\r\n"));
    assert_eq!(get(&folder, "HEAD", "/a.txt", &[]).await.headers(), &fields);
    for (fields, status) in [
        (&[("if-none-match", &*etag)][..], 304),
        (&[("range", "bytes=10-")], 416),
        (&[("range", "bytes=0-0"), ("if-range", "\"other\"")], 200),
    ] {
        assert_eq!(get(&folder, "GET", "/a.txt", fields).await.status(), status);
    }
    assert_eq!(get(&folder, "GET", "/b.txt", &[]).await.status(), 404);

    std::fs::create_dir(&path).unwrap();
    let folder = opened(Duration::ZERO);
    let at = async |folder: &Folder| match get(folder, "GET", "/a.txt", &[]).await.into_body() {
        OutgoingBody::Full(body) => body.collect().await.unwrap().to_bytes().as_ptr(),
        _ => panic!("it is small"),
    };
    assert_eq!(at(&folder).await, at(&folder).await, "it is as it was, and not read again");
    write("another");
    assert_eq!(body(get(&folder, "GET", "/a.txt", &[]).await).await, b"another");
    std::fs::remove_file(path.join("a.txt")).unwrap();
    std::os::unix::fs::symlink("../secret", path.join("a.txt")).unwrap();
    assert_eq!(get(&folder, "GET", "/a.txt", &[]).await.status(), 404);
}
