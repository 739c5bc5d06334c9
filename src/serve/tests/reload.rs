//! Reloading: a whole new snapshot, or none.

use super::*;

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
        Running::start(&["http:127.0.0.1:0"], |config| config.folders.push(("/files".into(), path))).await;
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
