//! Handshakes that come one after the other.

use super::*;

/// ClientHellos that come so close together are answered on a thread of their own.
#[tokio::test]
async fn handshakes_in_a_row_are_answered_elsewhere() {
    let (certificates, roots) = certificates();
    let server = Running::start_with(&["https:127.0.0.1:0"], Some(certificates), |_| {}).await;
    let (connector, name) = connector(roots, &[]);
    // Whether a thread computes is for the clock to say: until one has done so, more clients come.
    while !has_thread("certkit-hellos") {
        let ask = async || {
            let mut stream = connector.connect(name.clone(), server.connect().await).await.unwrap();
            stream.write_all(LAST.as_bytes()).await.unwrap();
            read_all(&mut stream).await
        };
        let answers = tokio::join!(ask(), ask(), ask(), ask(), ask(), ask());
        for said in <[String; 6]>::from(answers) {
            assert!(said.starts_with("HTTP/1.1 200 OK\r\n") && said.ends_with("the page"), "{said}");
        }
    }
    // Anything else gets an alert, wherever it is looked at.
    let refused = async || {
        let mut stream = server.connect().await;
        stream.write_all(b"\x16\x03\x01\x00\x04\x01\x00\x00\x00").await.unwrap();
        let mut said = Vec::new();
        stream.read_to_end(&mut said).await.unwrap();
        // RFC 8446 section 5.1: content type 21 is an alert.
        assert_eq!(said.first(), Some(&21), "{said:?}");
    };
    tokio::join!(refused(), refused(), refused(), refused(), refused(), refused());
    server.stop().await;
}

/// Whether this process has a thread of this name.
fn has_thread(name: &str) -> bool {
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    threads.flatten().any(|thread| {
        let found = std::fs::read_to_string(thread.path().join("comm"));
        found.is_ok_and(|found| found.trim_end() == name)
    })
}
