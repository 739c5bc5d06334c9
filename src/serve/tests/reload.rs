//! Reloading: a whole new snapshot, or none.

use super::*;
use crate::serve::worker::WorkerConfig;

/// What the server has at `/files/name` now.
async fn file(server: &Running) -> String {
    server.ask("GET /files/name HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await
}

#[tokio::test]
async fn folders_are_opened_anew_or_stay() {
    let test = tempfile::tempdir().unwrap();
    for release in ["one", "two"] {
        std::fs::create_dir(test.path().join(release)).unwrap();
        std::fs::write(test.path().join(release).join("name"), release).unwrap();
    }
    let link = test.path().join("current");
    std::os::unix::fs::symlink("one", &link).unwrap();
    let path = link.clone();
    let server =
        Running::start(&["http:127.0.0.1:0"], |config| config.site.folders.push(("/files".into(), path)))
            .await;
    assert!(file(&server).await.ends_with("\r\n\r\none"));

    std::fs::remove_file(&link).unwrap();
    server.service.reload(server.config.clone()).await.unwrap_err();
    assert!(file(&server).await.ends_with("\r\n\r\none"), "what fails changes nothing");

    std::os::unix::fs::symlink("two", &link).unwrap();
    assert!(file(&server).await.ends_with("\r\n\r\none"), "nothing changes before it is asked for");
    server.reload.send(()).await.unwrap();
    // The reload runs beside the requests.
    while !file(&server).await.ends_with("\r\n\r\ntwo") {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    server.stop().await;
}

/// Reads until `what` has come.
async fn hear(stream: &mut TcpStream, what: &str) {
    let mut said = Vec::new();
    while !String::from_utf8_lossy(&said).ends_with(what) {
        let byte = tokio::time::timeout(Duration::from_secs(30), stream.read_u8()).await.unwrap().unwrap();
        said.push(byte);
    }
}

#[tokio::test]
async fn an_upload_ends_in_the_application_that_it_began_with() {
    if !worker::has_python() {
        return;
    }
    let test = tempfile::tempdir().unwrap();
    std::fs::create_dir(test.path().join("files")).unwrap();
    std::fs::write(test.path().join("files/name"), "of the folder").unwrap();
    let source = "
def application(environ, start_response):
    start_response('200 OK', [])
    return [b'read ', environ['wsgi.input'].read()]
";
    std::fs::write(test.path().join("app.py"), source).unwrap();
    let workers = WorkerConfig {
        chdir: Some(test.path().to_owned()),
        graceful_timeout: Duration::from_secs(30),
        ..WorkerConfig::default()
    };
    let root = Root::Application(Box::new(workers));
    let server = Running::start(&["http:127.0.0.1:0"], |config| config.site.root = root).await;
    let mut upload = server.connect().await;
    let head = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 8\r\n";
    upload.write_all(format!("{head}Expect: 100-continue\r\n\r\n").as_bytes()).await.unwrap();
    hear(&mut upload, "HTTP/1.1 100 Continue\r\n\r\n").await;
    upload.write_all(b"half").await.unwrap();
    let mut folder = server.config.clone();
    folder.site.root = Root::Folder(test.path().join("files"));
    server.service.reload(folder).await.unwrap();
    let said = server.ask("GET /name HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    assert!(said.ends_with("of the folder"), "{said}");
    upload.write_all(b"half").await.unwrap();
    let said = read_all(&mut upload).await;
    assert!(said.starts_with("HTTP/1.1 200 ") && said.ends_with("read halfhalf"), "{said}");
    server.stop().await;
}
