//! Certificates and settings that are replaced under load, in all ways that programs have to replace files: no request and
//! no handshake fails.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::version::{TLS12, TLS13};

use super::{Client, Connection, Failed, HTTP1, HTTP2, block_on};
use crate::harness::{DEADLINE, Test, eventually};
use crate::process::Server;

/// `make soak` has sixty.
fn duration() -> Duration {
    let seconds = std::env::var("CERTKIT_SWAP_SECONDS").unwrap_or_else(|_| "4".to_owned());
    Duration::from_secs(seconds.parse().unwrap())
}

const EVERY: Duration = Duration::from_millis(200);
/// Certificates of each name.
const GENERATIONS: usize = 3;
/// The names; each has another way to be replaced.
const NAMES: [&str; 4] = ["written.example", "renamed.example", "linked.example", "mounted.example"];

/// The files that the server reads for a name.
fn files(name: &str) -> [String; 2] {
    match name {
        "linked.example" => ["live/fullchain.pem".into(), "live/privkey.pem".into()],
        "mounted.example" => ["mounted/tls.crt".into(), "mounted/tls.key".into()],
        _ => [format!("{name}.pem"), format!("{name}.key")],
    }
}

/// The files of a certificate of a name.
fn sources(name: &str, generation: usize) -> [String; 2] {
    [format!("made/{name}-{generation}.pem"), format!("made/{name}-{generation}.key")]
}

fn made() -> Test {
    let test = Test::new();
    test.certkit(&["mkca", "--intermediate"]).exits(0);
    for folder in ["made", "live", "mounted"] {
        fs::create_dir(test.path(folder)).unwrap();
    }
    for (number, name) in NAMES.into_iter().enumerate() {
        for generation in 0..GENERATIONS {
            let base = format!("made/{name}-{generation}");
            // Keys of several kinds, also in the place of one of another.
            let kind = ["p256", "rsa2048", "p384"][(number + generation) % 3];
            test.certkit(&["mkcert", name, "-o", &base, "-k", kind]).exits(0);
            let [chain, _] = sources(name, generation);
            test.certkit(&["merge", &format!("{base}.crt"), "made/ca-bundle.ca", "-o", &chain]).exits(0);
        }
    }
    test
}

fn relink(target: &Path, link: &Path) {
    let new = link.with_file_name("new-link");
    symlink(target, &new).unwrap();
    fs::rename(new, link).unwrap();
}

/// Puts a certificate in place; `half_way` runs where a key and its certificate are replaced one after the other.
fn replace(test: &Test, name: &str, generation: usize, half_way: impl Fn()) {
    let (from, to) = (sources(name, generation), files(name));
    let (from, to) = (from.map(|file| test.path(file)), to.map(|file| test.path(file)));
    match name {
        "written.example" => {
            fs::copy(&from[0], &to[0]).unwrap();
            half_way();
            fs::copy(&from[1], &to[1]).unwrap();
        }
        "renamed.example" => {
            for (from, to) in from.iter().zip(&to) {
                let new = to.with_extension("new");
                fs::copy(from, &new).unwrap();
                fs::rename(new, to).unwrap();
                half_way();
            }
        }
        // As certbot does: links into an archive, one after the other.
        "linked.example" => {
            relink(&from[1], &to[1]);
            half_way();
            relink(&from[0], &to[0]);
        }
        // As Kubernetes does: the link to a folder is replaced, to which the links of all files lead.
        _ => {
            let folder = test.path(format!("mounted/..{generation}"));
            if !folder.exists() {
                fs::create_dir(&folder).unwrap();
                fs::copy(&from[0], folder.join("tls.crt")).unwrap();
                fs::copy(&from[1], folder.join("tls.key")).unwrap();
            }
            relink(Path::new(&format!("..{generation}")), &test.path("mounted/..data"));
            for file in ["tls.crt", "tls.key"] {
                let link = test.path(format!("mounted/{file}"));
                if !link.is_symlink() {
                    symlink(format!("..data/{file}"), link).unwrap();
                }
            }
        }
    }
}

const APP: &str = "def application(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [b'an answer']
";

fn settings(number: usize) -> String {
    format!(
        "[serve]\nheader = [\"X-Settings: {number}\"]\nkeepalive = {}\nstatic = [\"/files=www\"]\n",
        30 + number % 30
    )
}

/// What the clients saw.
#[derive(Default)]
struct Seen {
    stop: AtomicBool,
    requests: AtomicUsize,
    handshakes: AtomicUsize,
    failures: Mutex<Vec<String>>,
}

impl Seen {
    async fn connect(&self, client: &Client, number: usize) -> Option<Connection> {
        self.handshakes.fetch_add(1, Relaxed);
        let name = NAMES[number % NAMES.len()];
        self.kept(&format!("handshake for {name}"), client.connect(name).await)
    }

    async fn get(&self, connection: &mut Connection, number: usize) -> Option<()> {
        self.requests.fetch_add(1, Relaxed);
        let (path, body) = [("/", "an answer"), ("/files/a.txt", "a file")][number % 2];
        let received = self.kept(path, connection.get(path).await)?;
        let is_right =
            received.status == 200 && received.body == body && received.headers.contains_key("x-settings");
        if !is_right {
            self.failed(format!("{path}: {} {:?} {:?}", received.status, received.headers, received.body));
        }
        Some(())
    }

    fn kept<T>(&self, what: &str, result: Result<T, Failed>) -> Option<T> {
        result.map_err(|error| self.failed(format!("{what}: {error:?}"))).ok()
    }

    fn failed(&self, what: String) {
        self.failures.lock().unwrap().push(what);
    }

    fn goes_on(&self) -> bool {
        !self.stop.load(Relaxed)
    }
}

/// Opens a connection for every few requests.
async fn comes_anew(client: Client, seen: Arc<Seen>, requests: usize) {
    let mut number = 0;
    while seen.goes_on() {
        number += 1;
        let Some(mut connection) = seen.connect(&client, number).await else { continue };
        for request in 0..requests {
            seen.get(&mut connection, number + request).await;
        }
    }
}

/// Keeps one connection all the time.
async fn stays(client: Client, seen: Arc<Seen>, number: usize) {
    let Some(mut connection) = seen.connect(&client, number).await else { return };
    let mut request = 0;
    while seen.goes_on() && seen.get(&mut connection, request).await.is_some() {
        request += 1;
        // So that those who connect get their turn too.
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[test]
fn nothing_fails_while_certificates_and_settings_are_replaced() {
    let test = made();
    test.write("app.py", APP);
    test.write("www/a.txt", "a file");
    test.write("certkit.toml", settings(0));
    NAMES.iter().for_each(|name| replace(&test, name, 0, || ()));
    let files: Vec<_> = NAMES.iter().flat_map(|name| files(name)).collect();
    let certificates = files
        .chunks(2)
        .flat_map(|pair| ["--cert".to_owned(), pair[0].clone(), "--key".to_owned(), pair[1].clone()]);
    let mut args: Vec<_> = certificates.collect();
    let rest = ["--workers", "1", "--front-threads", "2", "--access-log", "off", "app.py"];
    args.extend(rest.map(str::to_owned));
    let server = Server::start(&test, &args.iter().map(String::as_str).collect::<Vec<_>>());

    let seen = Arc::new(Seen::default());
    let (seconds, began) = (duration(), Instant::now());
    let last = thread::scope(|scope| {
        let swapping = scope.spawn(|| {
            let mut number = 0;
            let taken = |what: &str| server.process.log().matches(what).count() > 3;
            let all_taken = || taken("certificates read again; they are in use") && taken("reloaded;");
            while seen.failures.lock().unwrap().len() < 10 {
                if began.elapsed() > seconds && (all_taken() || began.elapsed() > seconds + DEADLINE) {
                    break;
                }
                number += 1;
                let hang_up = || server.process.signal(Signal::HUP);
                // Sometimes in the middle of it, when a key and a certificate do not fit.
                let half_way = || {
                    if number % 3 == 0 {
                        hang_up()
                    }
                };
                for name in NAMES {
                    replace(&test, name, number % GENERATIONS, half_way);
                }
                test.write("certkit.new", settings(number));
                fs::rename(test.path("certkit.new"), test.path("certkit.toml")).unwrap();
                hang_up();
                thread::sleep(EVERY);
            }
            seen.stop.store(true, Relaxed);
            number
        });
        block_on(async {
            let mut clients = Vec::new();
            for (number, protocol) in [HTTP1, HTTP2, HTTP1, HTTP2].into_iter().enumerate() {
                let version = if number == 0 { &TLS12 } else { &TLS13 };
                let client = Client::new(&test, server.port, version, protocol);
                clients.push(tokio::spawn(stays(client.clone(), Arc::clone(&seen), number)));
                clients.push(tokio::spawn(comes_anew(client.never_resuming(), Arc::clone(&seen), 1)));
                clients.push(tokio::spawn(comes_anew(client, Arc::clone(&seen), 4)));
            }
            for client in clients {
                client.await.unwrap();
            }
        });
        swapping.join().unwrap()
    });
    let (requests, handshakes) = (seen.requests.load(Relaxed), seen.handshakes.load(Relaxed));
    eprintln!("{requests} requests and {handshakes} handshakes, {last} times other files");
    let failures = seen.failures.lock().unwrap();
    assert!(failures.is_empty(), "{} failed: {:#?}", failures.len(), &failures[..failures.len().min(20)]);
    // No load that hits the middle of a change is noticed by clients, but some of each must come through.
    for what in ["certificates read again; they are in use", "reloaded;"] {
        assert!(server.process.log().matches(what).count() > 3, "{what}");
    }
    assert!(requests > 50 && handshakes > 10, "{requests} requests, {handshakes} handshakes");

    // In the end the last ones are in use.
    for name in NAMES {
        let newest = CertificateDer::from_pem_file(test.path(&sources(name, last % GENERATIONS)[0])).unwrap();
        let client = Client::new(&test, server.port, &TLS13, HTTP1).never_resuming();
        eventually(&format!("the newest certificate for {name}"), || {
            let connection = block_on(client.connect(name)).unwrap();
            (connection.leaf == newest.as_ref()).then_some(())
        });
    }
}
