//! Sites that come, change and go while the server runs.

use std::io::Read;
use std::net::{Ipv4Addr, TcpStream};
use std::thread;

use rustix::process::Signal;

use super::{SITES, ask_host, get, serve, text, two_sites};
use crate::harness::eventually;
use crate::peers::peer;
use crate::process::free_port;

#[test]
fn sites_come_change_and_go_without_a_restart() {
    let test = two_sites();
    if peer("curl").is_none() {
        return;
    }
    let log = ["--access-log", "access.log"];
    let start = SITES.split("[[site]]").next().unwrap().to_owned();
    let server = serve(&test, &start, &log);
    let reload = |settings: &str, says: &str| {
        let before = server.process.log().matches(says).count();
        test.write("certkit.toml", settings);
        server.process.signal(Signal::HUP);
        eventually(says, || (server.process.log().matches(says).count() > before).then_some(()));
    };
    let said = |host: &'static str| get(&test, &server, host, "/x", &["-k"]).is(200).text();
    assert_eq!(said("shop.example"), "main  /x blue");
    let first = server.workers(2);
    reload(SITES, "reloaded");
    assert_eq!(said("shop.example"), "shop  /x blue");
    assert_eq!(said("blog.example"), "blog  /x green");
    eventually("the certificates of the new sites", || {
        (get(&test, &server, "shop.example", "/x", &[]).status == 200).then_some(())
    });
    // A request that has begun ends in the site that it began with.
    let all = server.workers(5);
    assert!(all.iter().filter(|id| first.contains(id)).count() <= 2);
    // One that cannot be served changes nothing.
    let wrong = SITES.replace("app = \"blog.py\"", "app = \"missing.py\"");
    reload(&wrong, "reload failed");
    assert_eq!(said("blog.example"), "blog  /x green");
    let wrong = SITES.replace("shop.example.key", "blog.example.key");
    reload(&wrong, "the settings cannot be used");
    assert_eq!(get(&test, &server, "shop.example", "/x", &[]).is(200).text(), "shop  /x blue");
    // What is a site of its own today may be of the default one tomorrow.
    let changed = SITES.replace("host = \"blog.example\"", "host = \"news.example\"");
    reload(&changed.replace("COLOUR=green", "COLOUR=red"), "reloaded");
    assert_eq!(said("news.example"), "blog  /x red");
    assert_eq!(said("blog.example"), "main  /x blue");
    reload(&start, "reloaded");
    assert_eq!(said("shop.example"), "main  /x blue");
    server.workers(2);
}

/// Says that it has begun, and goes on when the file `go` is there.
const SLOW: &str = "
import os, time
def application(environ, start_response):
    start_response('200 OK', [])
    open('begun', 'w').close()
    while environ['PATH_INFO'] == '/hold' and not os.path.exists('go'):
        time.sleep(0.005)
    return [b'the old site']
";

#[test]
fn a_request_ends_in_the_site_that_it_began_with() {
    let test = two_sites();
    test.write("blog.py", SLOW);
    let plain = free_port();
    let listen = format!("http:127.0.0.1:{plain}");
    let server = serve(&test, SITES, &["--listen", &listen]);
    thread::scope(|scope| {
        let held = scope.spawn(|| ask_host(plain, "blog.example", "/hold"));
        eventually("the request has begun", || test.path("begun").exists().then_some(()));
        test.write("certkit.toml", SITES.split("[[site]]").next().unwrap());
        server.process.signal(Signal::HUP);
        server.process.wait_for_log("reloaded");
        assert_eq!(text(&ask_host(plain, "blog.example", "/x")), "main  /x blue");
        // The reload after that is not held up.
        test.write("certkit.toml", SITES);
        server.process.signal(Signal::HUP);
        eventually("a second reload", || {
            (server.process.log().matches("reloaded").count() == 2).then_some(())
        });
        assert_eq!(text(&ask_host(plain, "blog.example", "/x")), "the old site");
        assert_eq!(text(&ask_host(plain, "shop.example", "/x")), "shop  /x blue");
        test.write("go", "");
        let reply = held.join().unwrap();
        assert_eq!((reply.status, text(&reply), reply.is_whole), (200, "the old site".to_owned(), true));
    });
}

#[test]
fn a_waiting_request_is_not_for_the_application_of_another_site() {
    let test = two_sites();
    test.write("blog.py", SLOW);
    let (plain, stats) = (free_port(), free_port());
    let listen = format!("http:127.0.0.1:{plain}");
    let settings = SITES.replace("workers = 1", "workers = 1\nthreads = 1");
    let server = serve(&test, &settings, &["--listen", &listen, "--stats", &format!("127.0.0.1:{stats}")]);
    thread::scope(|scope| {
        let held = scope.spawn(|| ask_host(plain, "blog.example", "/hold"));
        eventually("the request has begun", || test.path("begun").exists().then_some(()));
        let waiting = scope.spawn(|| ask_host(plain, "blog.example", "/x"));
        // The two sites change their hosts.
        let swapped = settings
            .replace("[\"shop.example\", \"*.shop.example\"]", "\"swap.example\"")
            .replace("blog.example\"\ncert", "shop.example\"\ncert")
            .replace("swap.example", "blog.example");
        test.write("certkit.toml", swapped);
        eventually("the second request waits", || {
            let mut shown = Vec::new();
            TcpStream::connect((Ipv4Addr::LOCALHOST, stats)).unwrap().read_to_end(&mut shown).unwrap();
            let shown: serde_json::Value = serde_json::from_slice(&shown).unwrap();
            (shown["listen_queue"] == 1).then_some(())
        });
        server.process.signal(Signal::HUP);
        server.process.wait_for_log("reloaded");
        assert_eq!(text(&ask_host(plain, "blog.example", "/x")), "shop  /x blue");
        test.write("go", "");
        assert_eq!(text(&held.join().unwrap()), "the old site");
        assert_eq!(text(&waiting.join().unwrap()), "the old site");
    });
}
