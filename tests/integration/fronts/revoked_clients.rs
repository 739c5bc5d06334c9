//! `certkit crl` under an intermediate: nginx, HAProxy and Apache read the one file, refuse a revoked client and take
//! another.

use std::fs;

use super::apache::Apache;
use crate::harness::{Test, certkit};
use crate::peers::peer;
use crate::process::{Process, free_port};

/// A site, two clients of which one is revoked, and the list.
fn site() -> Test {
    let test = Test::with_chain("test.example");
    for name in ["alice", "mallory"] {
        test.certkit(&["mkcert", "--client", &format!("{name}@test.example"), "-o", name]).exits(0);
        // Clients send their intermediate along.
        let chain = test.text(&format!("{name}.crt")) + &test.text("intermediate.crt");
        test.write(&format!("{name}.pem"), chain);
    }
    test.write("site.pem", test.text("chain.pem") + &test.text("server.key"));
    test.certkit(&["revoke", "mallory.crt", "--reason", "keyCompromise"]).exits(0);
    test.certkit(&["crl"]).exits(0).says("and of `");
    fs::create_dir(test.path("front")).unwrap();
    test
}

/// Whether a client gets a page.
fn is_taken(test: &Test, port: u16, client: &str) -> bool {
    let url = format!("https://test.example:{port}/");
    let resolve = format!("test.example:{port}:127.0.0.1");
    let (chain, key) = (format!("{client}.pem"), format!("{client}.key"));
    let args = ["-s", "-o", "page", "-w", "%{http_code}", "--cacert", "ca.crt", "--resolve", &resolve];
    let ran = test.run("curl", &[&args[..], &["--cert", &chain, "--key", &key, &url]].concat());
    ran.stdout().starts_with('2')
}

fn nginx(test: &Test, port: u16) -> Option<Process> {
    let folder = test.folder().display().to_string();
    let mut config = format!(
        "daemon off;\nmaster_process off;\npid {folder}/front/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\n\
         access_log off;\n"
    );
    for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        config += &format!("{kind}_temp_path {folder}/front/{kind};\n");
    }
    config += &format!(
        "server {{ listen 127.0.0.1:{port} ssl; server_name test.example; ssl_certificate {folder}/chain.pem;\n\
         ssl_certificate_key {folder}/server.key; ssl_client_certificate {folder}/ca.crt; ssl_verify_client on;\n\
         ssl_verify_depth 3; ssl_crl {folder}/intermediate.crl; location / {{ return 204; }} }} }}"
    );
    test.write("front/nginx.conf", config);
    let (file, prefix) = (format!("{folder}/front/nginx.conf"), format!("{folder}/front"));
    let program = test.program(peer("nginx")?).args(["-c", &file, "-p", &prefix, "-e", "stderr"]);
    Some(started(test, program, port))
}

fn haproxy(test: &Test, port: u16) -> Option<Process> {
    let folder = test.folder().display().to_string();
    let config = format!(
        "global\n    log stderr local0 warning\ndefaults\n    mode http\n    timeout connect 10s\n    timeout client \
         60s\n    timeout server 60s\nfrontend site\n    bind 127.0.0.1:{port} ssl crt {folder}/site.pem ca-file \
         {folder}/ca.crt verify required crl-file {folder}/intermediate.crl\n    http-request return status 204\n"
    );
    test.write("front/haproxy.cfg", config);
    let file = format!("{folder}/front/haproxy.cfg");
    Some(started(test, test.program(peer("haproxy")?).args(["-db", "-f", &file]), port))
}

fn apache(test: &Test, port: u16) -> Option<Process> {
    let apache = Apache::find()?;
    let folder = test.folder().display().to_string();
    let mut config = Apache::base(&test.path("front"), &["ssl", "alias"]);
    config += &format!(
        "Listen 127.0.0.1:{port}\n<VirtualHost 127.0.0.1:{port}>\nServerName test.example\nSSLEngine on\n\
         SSLCertificateFile {folder}/chain.pem\nSSLCertificateKeyFile {folder}/server.key\n\
         SSLCACertificateFile {folder}/ca.crt\nSSLVerifyClient require\nSSLVerifyDepth 3\n\
         SSLCARevocationFile {folder}/intermediate.crl\nSSLCARevocationCheck chain\nRedirect 204 /\n</VirtualHost>\n"
    );
    let mut process = apache.run(test, &config);
    process.wait_for((std::net::Ipv4Addr::LOCALHOST, port).into());
    Some(process)
}

fn started(test: &Test, program: crate::harness::Program<'_>, port: u16) -> Process {
    let mut process = Process::start(test, program);
    process.wait_for((std::net::Ipv4Addr::LOCALHOST, port).into());
    process
}

#[test]
fn nginx_refuses_a_revoked_client_and_takes_another() {
    let test = site();
    let port = free_port();
    let Some(_server) = nginx(&test, port) else { return };
    assert!(is_taken(&test, port, "alice") && !is_taken(&test, port, "mallory"));
}

#[test]
fn haproxy_refuses_a_revoked_client_and_takes_another() {
    let test = site();
    let port = free_port();
    let Some(_server) = haproxy(&test, port) else { return };
    assert!(is_taken(&test, port, "alice") && !is_taken(&test, port, "mallory"));
}

#[test]
fn apache_refuses_a_revoked_client_and_takes_another() {
    let test = site();
    let port = free_port();
    let Some(_server) = apache(&test, port) else { return };
    assert!(is_taken(&test, port, "alice") && !is_taken(&test, port, "mallory"));
}

#[test]
fn a_list_from_where_the_roots_key_is_makes_the_file_whole() {
    let test = site();
    // The root's key goes offline, and its list with it.
    fs::create_dir(test.path("offline")).unwrap();
    fs::copy(test.path("ca.crt"), test.path("offline/ca.crt")).unwrap();
    fs::rename(test.path("ca.key"), test.path("offline/ca.key")).unwrap();
    let whole = test.text("intermediate.crl");
    fs::remove_file(test.path("intermediate.crl")).unwrap();
    let missing = test.certkit(&["crl"]).exits(0).says("crl_invalid").says("is missing");
    missing.says("certkit crl --ca ca.crt --ca-key ca.key");
    let port = free_port();
    let Some(server) = nginx(&test, port) else { return };
    assert!(!is_taken(&test, port, "alice"), "nginx does not need the root's list");
    drop(server);
    // The printed commands.
    let offline =
        test.program(certkit()).args(["crl", "--ca", "offline/ca.crt", "--ca-key", "offline/ca.key"]);
    offline.run().exits(0);
    fs::copy(test.path("offline/ca.crl"), test.path("ca.crl")).unwrap();
    test.certkit(&["crl"]).exits(0).keeps_quiet_about("crl_invalid");
    let port = free_port();
    let Some(server) = nginx(&test, port) else { return };
    assert!(is_taken(&test, port, "alice") && !is_taken(&test, port, "mallory"));
    drop(server);
    // The root's list is also taken from the file that is replaced.
    fs::remove_file(test.path("ca.crl")).unwrap();
    test.certkit(&["crl"]).exits(0).keeps_quiet_about("crl_invalid");
    assert_eq!(test.text("intermediate.crl").matches("BEGIN X509 CRL").count(), 2);
    assert_eq!(whole.matches("BEGIN X509 CRL").count(), 2);
}
