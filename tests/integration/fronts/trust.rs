//! What is believed of whom: the secret of AJP, forwarded headers, the PROXY protocol.

use super::apache::Apache;
use super::client::{ask, request};
use super::nginx::Nginx;
use super::{Protocol, Site};
use crate::harness::{Test, certkit, repository};
use crate::peers::peer;
use crate::process::{Process, free_port};

fn start(test: &Test, args: &[&str]) -> Process {
    let app = repository().join("tests/apps/mirror.py").display().to_string();
    let program = test.program(certkit()).args(["serve", "--workers", "1"]);
    Process::start(test, program.args(args).args([app]))
}

#[test]
fn apache_knows_the_secret_of_ajp() {
    let Some(apache) = Apache::find() else { return };
    let test = Test::new();
    test.write("secret", "swordfish\n");
    let (backend, right, wrong, none) = (free_port(), free_port(), free_port(), free_port());
    let listen = format!("ajp:127.0.0.1:{backend}");
    let _server = start(&test, &["--listen", &listen, "--ajp-secret-file", "secret"]);
    let folder = test.path("front");
    std::fs::create_dir(&folder).unwrap();
    let mut config = Apache::base(&folder, &["proxy", "proxy_ajp"]);
    for (port, secret) in [(right, "secret=swordfish"), (wrong, "secret=swordfisH"), (none, "")] {
        config += &format!(
            "Listen 127.0.0.1:{port}\n<VirtualHost 127.0.0.1:{port}>\n\
             ProxyPass / ajp://127.0.0.1:{backend}/ {secret}\n</VirtualHost>\n"
        );
    }
    let mut front = apache.run(&test, &config);
    front.wait_for(([127, 0, 0, 1], right).into());
    let get = request("GET", "/x", &[], b"");
    crate::harness::eventually("the application", || (ask(right, &get).status == 200).then_some(()));
    assert_eq!([right, wrong, none].map(|port| ask(port, &get).status), [200, 403, 403]);
}

#[test]
fn without_a_secret_ajp_stays_on_this_machine() {
    let test = Test::new();
    let port = free_port();
    for address in [format!("ajp:0.0.0.0:{port}"), format!("ajp::{port}")] {
        let mut server = start(&test, &["--listen", &address]);
        assert_eq!(server.wait().code(), Some(2), "{}", server.log());
        assert!(server.log().contains("--ajp-secret-file"), "{}", server.log());
    }
    test.write("empty", "\n");
    let mut server =
        start(&test, &["--listen", &format!("ajp:127.0.0.1:{port}"), "--ajp-secret-file", "empty"]);
    server.wait();
    assert!(server.log().contains("its first line is empty"), "{}", server.log());
}

/// What the application says of its client: the address, the scheme.
fn seen(reply: &super::client::Reply) -> (String, String) {
    let environ = &reply.json()["environ"];
    let text = |name: &str| environ[name].as_str().unwrap_or_default().to_owned();
    (text("REMOTE_ADDR"), text("wsgi.url_scheme"))
}

const FORWARDED: [&str; 2] =
    ["X-Forwarded-For: 192.0.2.9, 192.0.2.1, 10.0.0.1", "X-Forwarded-Proto: http, https"];

#[test]
fn forwarded_headers_are_believed_from_trusted_networks_only() {
    let test = Test::new();
    let socket = test.path("app.sock");
    let unix = format!("http+unix:{}", socket.display());
    let cases: [(&[&str], (&str, &str), &str); 4] = [
        (&[], ("127.0.0.1", "http"), "http"),
        (&["--trust-proxy", "10.0.0.0/8"], ("127.0.0.1", "http"), "http"),
        (
            &["--trust-proxy", "127.0.0.0/8,10.0.0.0/8", "--trust-proxy", "unix:"],
            ("192.0.2.1", "https"),
            "https",
        ),
        (&["--scheme", "https"], ("127.0.0.1", "https"), "https"),
    ];
    for (args, (address, scheme), over_unix) in cases {
        let port = free_port();
        let listen = format!("http:127.0.0.1:{port}");
        let server = start(&test, &[&["--listen", &listen, "--listen", &unix], args].concat());
        server.wait_for_log("certkit: serving");
        let reply = ask(port, &request("GET", "/", &FORWARDED, b""));
        assert_eq!(seen(&reply), (address.to_owned(), scheme.to_owned()), "{args:?}");
        let said = super::sockets::by_http_with(&socket, "/", &FORWARDED);
        assert!(said.contains(&format!("\"wsgi.url_scheme\": \"{over_unix}\"")), "{args:?}: {said}");
        drop(server);
    }
}

#[test]
fn nginx_passes_on_what_its_clients_forward_and_is_believed_if_told() {
    let Some(front) = Nginx::find() else { return };
    let cases: [(&[&str], (&str, &str)); 3] = [
        (&[], ("127.0.0.1", "http")),
        (&["--trust-proxy", "127.0.0.1,10.0.0.0/8"], ("127.0.0.1", "http")),
        (&["--trust-proxy", "127.0.0.1,unix:,10.0.0.0/8", "--trust-forwarded"], ("192.0.2.1", "https")),
    ];
    for (args, (address, scheme)) in cases {
        let test = Test::new();
        let site = Site::start(&test, &front, args);
        for way in site.ways.iter().filter(|way| way.protocol != Protocol::Http) {
            let reply = ask(way.port, &request("GET", "/", &FORWARDED, b""));
            assert_eq!(seen(&reply), (address.to_owned(), scheme.to_owned()), "{}: {args:?}", way.name());
        }
    }
}

#[test]
fn uwsgi_inside_tls_behind_nginx() {
    let Some(nginx) = peer("nginx") else { return };
    let test = Test::with_certificate("backend.example");
    let (backend, port) = (free_port(), free_port());
    let listen = format!("suwsgi:127.0.0.1:{backend}");
    let mut server = start(&test, &["--listen", &listen, "--cert", "server.crt", "--key", "server.key"]);
    server.wait_for(([127, 0, 0, 1], backend).into());
    std::fs::create_dir(test.path("front")).unwrap();
    let folder = test.path("front").display().to_string();
    test.write(
        "front/nginx.conf",
        format!(
            "daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n\
             client_body_temp_path {folder}/a;\nproxy_temp_path {folder}/b;\nfastcgi_temp_path {folder}/c;\n\
             uwsgi_temp_path {folder}/d;\nscgi_temp_path {folder}/e;\n\
             server {{ listen 127.0.0.1:{port}; location / {{ include /etc/nginx/uwsgi_params;\n\
             uwsgi_pass suwsgi://127.0.0.1:{backend}; uwsgi_ssl_verify on; uwsgi_ssl_name backend.example;\n\
             uwsgi_ssl_trusted_certificate {ca}; }} }}\n}}\n",
            ca = test.path("ca.crt").display(),
        ),
    );
    let config = format!("{folder}/nginx.conf");
    let mut front =
        Process::start(&test, test.program(&nginx).args(["-c", &config, "-p", &folder, "-e", "stderr"]));
    front.wait_for(([127, 0, 0, 1], port).into());
    for length in [0, 1, 300_000] {
        let reply = ask(port, &request("POST", "/a%20b", &[], &vec![b'x'; length]));
        assert_eq!((reply.status, &reply.json()["length"]), (200, &length.into()), "{reply:?}");
        assert_eq!(reply.fields("strict-transport-security"), [""; 0]);
        assert_eq!(reply.json()["environ"]["wsgi.url_scheme"], "http", "the client came by http");
    }
    for _ in 0..10 {
        let reply = ask(port, &request("GET", "/?do=break", &[], b""));
        assert!(!reply.is_whole, "{reply:?}");
    }
    // uwsgi without TLS is not what is spoken here.
    let mut plain = std::net::TcpStream::connect(("127.0.0.1", backend)).unwrap();
    std::io::Write::write_all(&mut plain, b"\0\0\0\0").unwrap();
    let _ = plain.shutdown(std::net::Shutdown::Write);
    let mut said = Vec::new();
    let _ = std::io::Read::read_to_end(&mut plain, &mut said);
    assert!(!said.starts_with(b"HTTP"), "{}", said.escape_ascii());
}

#[test]
fn haproxy_names_its_clients_by_the_proxy_protocol() {
    let Some(haproxy) = peer("haproxy") else { return };
    let test = Test::new();
    let (http, uwsgi) = (free_port(), free_port());
    let (listen, listen_uwsgi) = (format!("http:127.0.0.1:{http}"), format!("uwsgi:127.0.0.1:{uwsgi}"));
    let args =
        ["--listen", &listen, "--listen", &listen_uwsgi, "--proxy-protocol", "--trust-proxy", "127.0.0.1"];
    let server = start(&test, &args);
    server.wait_for_log("certkit: serving");
    let ports = [free_port(), free_port(), free_port()];
    let mut config =
        "defaults\n    mode tcp\n    timeout connect 10s\n    timeout client 60s\n    timeout server 60s\n"
            .to_owned();
    for (port, option) in ports.iter().zip(["send-proxy", "send-proxy-v2 proxy-v2-options crc32c", ""]) {
        config +=
            &format!("listen l{port}\n    bind 127.0.0.1:{port}\n    server s 127.0.0.1:{http} {option}\n");
    }
    test.write("haproxy.cfg", config);
    let mut front = Process::start(&test, test.program(&haproxy).args(["-db", "-f", "haproxy.cfg"]));
    front.wait_for(([127, 0, 0, 1], ports[0]).into());
    for port in &ports[..2] {
        let reply = ask(*port, &request("GET", "/", &[], b""));
        let environ = &reply.json()["environ"];
        assert_eq!(environ["REMOTE_ADDR"], "127.0.0.1", "{reply:?}");
        assert_eq!(environ["SERVER_PORT"], port.to_string(), "where the client connected: {reply:?}");
    }
    // Without the header it is refused, and said why.
    assert_eq!(ask(ports[2], &request("GET", "/", &[], b"")).status, 0);
    server.wait_for_log("does not begin with a PROXY header");
    // By hand, with other addresses.
    let get = request("GET", "/", &["X-Forwarded-For: 192.0.2.99"], b"");
    let environ = ask(http, &sent_line(&get)).json()["environ"].clone();
    let found =
        ["REMOTE_ADDR", "REMOTE_PORT", "SERVER_PORT"].map(|name| environ[name].as_str().unwrap().to_owned());
    assert_eq!(found, ["192.0.2.7", "4711", "8080"], "the client is not believed");
    let local = ask(http, &[b"PROXY UNKNOWN\r\n", &get[..]].concat());
    assert_eq!(local.status, 200);
    let packet = b"\0\x0e\0\0\x09\0PATH_INFO\x01\0/";
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", uwsgi)).unwrap();
    let sent = [b"PROXY TCP4 192.0.2.8 198.51.100.1 1 2\r\n", &packet[..]].concat();
    std::io::Write::write_all(&mut stream, &sent).unwrap();
    let mut said = String::new();
    std::io::Read::read_to_string(&mut stream, &mut said).unwrap();
    assert!(said.contains("\"REMOTE_ADDR\": \"192.0.2.8\""), "{said}");
    drop(server);

    let mut server = start(&test, &["--listen", &listen, "--proxy-protocol"]);
    assert_eq!(server.wait().code(), Some(2));
    assert!(server.log().contains("--trust-proxy"), "{}", server.log());
    // From others it is no header, but a malformed request.
    let server = start(&test, &["--listen", &listen, "--proxy-protocol", "--trust-proxy", "192.0.2.0/24"]);
    server.wait_for_log("certkit: serving");
    assert_eq!(ask(http, &sent_line(&get)).status, 400);
    assert_eq!(ask(http, &get).status, 200);
}

fn sent_line(request: &[u8]) -> Vec<u8> {
    [b"PROXY TCP4 192.0.2.7 198.51.100.1 4711 8080\r\n", request].concat()
}
