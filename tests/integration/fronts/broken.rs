//! Answers that break off: the client of each front server must see it, every time.

use super::apache::Apache;
use super::client::{ask, request};
use super::haproxy::Haproxy;
use super::itself::Certkit;
use super::lighttpd::Lighttpd;
use super::nginx::Nginx;
use super::{Backend, FrontServer, Site};
use crate::harness::Test;

/// Times that each way is tried: what depends on an instant goes well sometimes.
const TIMES: usize = 10;

#[test]
fn behind_nginx() {
    if let Some(front) = Nginx::find() {
        breaks(&front, &[]);
    }
}

#[test]
fn behind_apache() {
    if let Some(front) = Apache::find() {
        breaks(&front, &[]);
    }
}

#[test]
fn behind_lighttpd() {
    if let Some(front) = Lighttpd::find() {
        breaks(&front, &[]);
    }
}

#[test]
fn behind_certkit() {
    breaks(&Certkit, &[]);
}

/// (Caddy hides all breaks.)
#[test]
fn behind_haproxy() {
    if let Some(front) = Haproxy::find() {
        breaks(&front, &[]);
    }
}

fn breaks<F: FrontServer>(front: &F, hidden: &[&str]) {
    let test = Test::new();
    let site = Site::start(&test, front, &[]);
    let mut looks_whole = Vec::new();
    for way in &site.ways {
        for method in ["GET", "POST"] {
            let body: &[u8] = if method == "POST" { b"a body" } else { b"" };
            let sent = request(method, "/?do=break", &[], body);
            let whole = (0..TIMES).filter(|_| {
                let reply = ask(way.port, &sent);
                reply.is_whole && reply.status < 500
            });
            let whole = whole.count();
            if whole > 0 && !hidden.contains(&way.name().as_str()) {
                looks_whole.push(format!("{method} by {}: {whole} of {TIMES}", way.name()));
            }
            // What is whole is still taken for that.
            let reply = ask(way.port, &request(method, "/?do=stream&pieces=2", &[], body));
            assert!(reply.is_whole && reply.body.len() == 2000, "{}: {reply:?}", way.name());
        }
    }
    assert!(looks_whole.is_empty(), "answers that broke off look complete: {looks_whole:?}");
    assert!(site.ways.iter().any(|way| matches!(way.backend, Backend::Unix(_))));
}
