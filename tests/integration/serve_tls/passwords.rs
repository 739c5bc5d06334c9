//! `--key-password-file`: keys that are encrypted, and passwords that change with them.

use std::fs::{self, OpenOptions, Permissions};
use std::os::unix::fs::PermissionsExt;

use rustix::process::Signal;

use crate::curl::Curl;
use crate::harness::{Ran, Test, certkit, eventually};
use crate::peers::peer;
use crate::process::Server;
use crate::serve_privileges::{self, FILES, IDS, is_root, log_has, replace_certificate};

const LOCKED: [&str; 4] = ["--cert", "chain.pem", "--key", "locked.key"];
const PASSWORD: [&str; 2] = ["--key-password-file", "pw"];
const PAGES: [&str; 2] = ["--static-root", "www"];

/// A site whose key is in `locked.key`, with the password in `pw`.
fn test() -> Test {
    let test = Test::with_chain("test.example");
    test.write("www/index.html", "a page");
    write_password(&test, "pw", "correct horse");
    encrypt(&test, "server.key", "locked.key", "pw");
    fs::remove_file(test.path("server.key")).unwrap();
    test
}

/// A file that only its owner may read, with a line after the password.
fn write_password(test: &Test, file: &str, password: &str) {
    test.write(file, format!("{password}\r\nnot the password\n"));
    fs::set_permissions(test.path(file), Permissions::from_mode(0o600)).unwrap();
}

fn encrypt(test: &Test, key: &str, to: &str, password: &str) {
    test.certkit(&["key", "encrypt", key, "-o", to, "--password-file", password]).exits(0);
    assert!(test.text(to).contains("BEGIN ENCRYPTED PRIVATE KEY"));
}

/// A start that fails.
fn refused(test: &Test, args: &[&str], status: i32) -> Ran {
    let serve = ["serve", "--listen", "https:127.0.0.1:0", "--static-root", "www"];
    test.certkit(&[&serve[..], args].concat()).exits(status)
}

/// Makes a chain for another name, whose key has another password, and puts them into `new.pem`, `new.key` and `new.pw`.
fn make_new(test: &Test, name: &str, password: &str) {
    test.certkit(&["mkcert", name, "-o", name]).exits(0);
    test.certkit(&["merge", &format!("{name}.crt"), "ca-bundle.ca", "-o", "new.pem", "--force"]).exits(0);
    write_password(test, "new.pw", password);
    let _ = fs::remove_file(test.path("new.key"));
    encrypt(test, &format!("{name}.key"), "new.key", "new.pw");
}

fn rename(test: &Test, from: &str, to: &str) {
    fs::rename(test.path(from), test.path(to)).unwrap();
}

#[test]
fn an_encrypted_key_is_opened_with_the_password_of_a_file() {
    let test = test();
    let (Some(curl), Some(openssl)) = (Curl::new(&test, "test.example"), peer("openssl")) else { return };
    let server = Server::start(&test, &[&LOCKED[..], &PASSWORD, &PAGES].concat());
    assert_eq!(curl.get(&server, "/").is(200).text(), "a page");
    assert!(!server.process.log().contains("users other"), "{}", server.process.log());

    // Keys that openssl encrypted: PKCS#8, and in its older form. Files that others may read are named.
    fs::set_permissions(test.path("pw"), Permissions::from_mode(0o644)).unwrap();
    let open = ["-passin", "pass:correct horse", "-passout", "pass:correct horse"];
    for form in [&["pkey", "-aes256"][..], &["pkey", "-traditional", "-aes128"]] {
        let files = ["-in", "locked.key", "-out", "theirs.key"];
        test.run(&openssl, &[form, &files, &open].concat()).exits(0);
        let args = ["--cert", "chain.pem", "--key", "theirs.key"];
        let server = Server::start(&test, &[&args[..], &PASSWORD, &PAGES].concat());
        curl.get(&server, "/").is(200);
        server.process.wait_for_log("users other than the owner can read the password in `pw` (mode 644)");
        server.process.wait_for_log("chmod 600 pw");
    }
}

#[test]
fn a_missing_or_wrong_password_stops_the_start_and_says_what_to_type() {
    let test = test();
    let missing = refused(&test, &LOCKED, 2);
    missing.says("error[key_encrypted]").says("locked.key").says("`--key-password-file FILE`");
    write_password(&test, "wrong", "battery staple");
    let wrong = ["--key-password-file", "wrong"];
    refused(&test, &[&LOCKED[..], &wrong].concat(), 2).says("error[wrong_password]").says("locked.key");
    test.write("empty", "");
    let empty = ["--key-password-file", "empty"];
    refused(&test, &[&LOCKED[..], &empty].concat(), 2).says("error[wrong_password]");
    let nowhere = ["--key-password-file", "nowhere"];
    refused(&test, &[&LOCKED[..], &nowhere].concat(), 2).says("there is no file `nowhere`");
    let both = ["--cert", "chain.pem", "--key", "-", "--key-password-file", "-"];
    refused(&test, &both, 2).says("standard input cannot be both");
    refused(&test, &PASSWORD, 2).says("--key-password-file is given without --cert");
    refused(&test, &["--acme", "test.example", "--key-password-file", "pw"], 2).says("cannot be used with");
    refused(&test, &[&LOCKED[..], &PASSWORD, &["--check"]].concat(), 0)
        .says("a certificate for test.example");
    // An open key needs none.
    test.certkit(&["key", "decrypt", "locked.key", "-o", "open.key", "--password-file", "pw"]).exits(0);
    let open = ["--cert", "chain.pem", "--key", "open.key", "--check"];
    refused(&test, &[&open[..], &wrong].concat(), 0);
}

#[test]
fn commands_that_are_printed_name_the_password() {
    let test = test();
    let key = ["--key", "locked.key", "--key-password-file", "pw"];
    let serve = "certkit serve --cert chain.pem --key locked.key --key-password-file pw";
    test.certkit(&[&["check", "chain.pem"][..], &key].concat()).exits(0).says(serve);
    let words: Vec<_> = serve.split(' ').skip(1).chain(["--check"]).collect();
    test.certkit(&words).exits(0);
    test.certkit(&["mkca", "-o", "alone"]).exits(0);
    let ca = ["--ca", "alone/ca.crt", "--ca-key", "alone/ca.key"];
    let made = test.certkit(&[&["mkcert", "b.example", "-o", "b"][..], &key, &ca].concat()).exits(0);
    let serve = "certkit serve --cert b.crt --key locked.key --key-password-file pw";
    made.says(serve);
    let words: Vec<_> = serve.split(' ').skip(1).chain(["--check"]).collect();
    test.certkit(&words).exits(0);
}

#[test]
fn keys_and_passwords_change_while_the_server_runs() {
    let test = test();
    let names = ["test.example", "b.example", "c.example"];
    let [Some(curl), Some(other), Some(third)] = names.map(|name| Curl::new(&test, name)) else { return };
    let server = Server::start(&test, &[&LOCKED[..], &PASSWORD, &PAGES].concat());
    curl.get(&server, "/").is(200);

    // Certificate and key first: the old ones stay, until the password comes.
    make_new(&test, "b.example", "second");
    rename(&test, "new.pem", "chain.pem");
    rename(&test, "new.key", "locked.key");
    server.process.signal(Signal::HUP);
    server.process.wait_for_log("error[wrong_password]");
    curl.get(&server, "/").is(200);
    rename(&test, "new.pw", "pw");
    server.process.wait_for_log("certificates read again; they are in use");
    other.get(&server, "/").is(200);

    // All at once, by HUP.
    make_new(&test, "c.example", "third");
    for (from, to) in [("new.pem", "chain.pem"), ("new.key", "locked.key"), ("new.pw", "pw")] {
        rename(&test, from, to);
    }
    server.process.signal(Signal::HUP);
    eventually("the third certificate", || (third.get(&server, "/").status == 200).then_some(()));
    for secret in ["correct horse", "second", "third"] {
        assert!(!server.process.log().contains(secret));
    }
}

#[test]
fn sites_have_passwords_of_their_own() {
    let test = test();
    let (Some(curl), Some(shop)) = (Curl::new(&test, "test.example"), Curl::new(&test, "shop.example"))
    else {
        return;
    };
    make_new(&test, "shop.example", "of the shop");
    test.write("shop/index.html", "a shop");
    let site = "[[site]]\nhost = 'shop.example'\nstatic-root = 'shop'\ncert = 'new.pem'\nkey = 'new.key'\n";
    let own =
        "[serve]\nstatic-root = 'www'\ncert = 'chain.pem'\nkey = 'locked.key'\nkey-password-file = 'pw'\n";
    // That of [serve] is not the site's.
    test.write("certkit.toml", format!("{own}{site}"));
    test.certkit(&["serve", "--listen", "https:127.0.0.1:0"])
        .exits(2)
        .says("error[key_encrypted]")
        .says("new.key");
    test.write("certkit.toml", format!("{own}{site}key-password-file = 'new.pw'\n"));
    let server = Server::start(&test, &[]);
    assert_eq!(curl.get(&server, "/").is(200).text(), "a page");
    assert_eq!(shop.get(&server, "/").is(200).text(), "a shop");
}

/// As a program that asks a vault writes it: what came through a pipe is kept for the next reading.
#[test]
fn a_password_comes_through_a_pipe_or_the_variable() {
    let test = test();
    let Some(curl) = Curl::new(&test, "test.example") else { return };
    test.run("mkfifo", &["pipe"]).exits(0);
    let pipe = test.path("pipe");
    let writer = std::thread::spawn(move || {
        let mut pipe = OpenOptions::new().write(true).open(pipe).unwrap();
        std::io::Write::write_all(&mut pipe, b"correct horse\n").unwrap();
    });
    let server = Server::start(&test, &[&LOCKED[..], &["--key-password-file", "pipe"], &PAGES].concat());
    writer.join().unwrap();
    curl.get(&server, "/").is(200);
    test.certkit(&["mkcert", "b.example", "-o", "b"]).exits(0);
    test.certkit(&["merge", "b.crt", "ca-bundle.ca", "-o", "b.pem"]).exits(0);
    encrypt(&test, "b.key", "b.locked", "pw");
    rename(&test, "b.pem", "chain.pem");
    rename(&test, "b.locked", "locked.key");
    server.process.signal(Signal::HUP);
    let Some(other) = Curl::new(&test, "b.example") else { return };
    eventually("the new certificate", || (other.get(&server, "/").status == 200).then_some(()));

    // The application does not get the variable.
    if peer("python3").is_none() {
        return;
    }
    let app = "import os\ndef application(environ, start_response):\n    start_response('200 OK', [])\n    \
               return [repr(os.environ.get('CERTKIT_PASSWORD')).encode()]\n";
    test.write("app.py", app);
    let program = test.program(certkit()).env("CERTKIT_PASSWORD", "correct horse");
    let server = Server::start_with(&test, program, &[&LOCKED[..], &["app.py"]].concat());
    assert_eq!(other.get(&server, "/").is(200).text(), "None");
}

/// A password that only root may read opens the key that root encrypted, also the next one.
#[test]
fn passwords_of_root_are_read_again() {
    if !is_root() {
        return;
    }
    let test = serve_privileges::test();
    let (Some(curl), Some(other)) = (Curl::new(&test, "test.example"), Curl::new(&test, "b.example")) else {
        return;
    };
    test.write("public/page", "a page");
    let encrypt = |password: &str| {
        write_password(&test, "private/pw", password);
        let key = ["private/server.key", "-o", "private/locked.key", "--force"];
        test.certkit(&[&["key", "encrypt"], &key[..], &["--password-file", "private/pw"]].concat()).exits(0);
        fs::rename(test.path("private/locked.key"), test.path("private/server.key")).unwrap();
    };
    encrypt("one");
    let password = ["--key-password-file", "private/pw", "--static", "/=public"];
    let server = Server::start(&test, &[&IDS[..], &FILES, &password].concat());
    curl.get(&server, "/page").is(200);
    replace_certificate(&test, "b.example");
    encrypt("another");
    server.process.signal(Signal::HUP);
    log_has(&test, "private/server.log", "certificates read again; they are in use");
    other.get(&server, "/page").is(200);
    test.write("private/pw", "wrong");
    log_has(&test, "private/server.log", "error[wrong_password]");
    other.get(&server, "/page").is(200);
}
