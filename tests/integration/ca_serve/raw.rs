//! An ACME client over a bare TLS connection, which sends whatever a test wants; and one listener that answers http-01
//! for all of them.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::{Value, json};

/// Key authorizations by token.
pub(super) type Answers = Arc<Mutex<HashMap<String, String>>>;

/// What came back.
#[derive(Debug)]
pub(super) struct RawReply {
    pub(super) status: u16,
    head: String,
    pub(super) body: Vec<u8>,
}

impl RawReply {
    pub(super) fn header(&self, name: &str) -> Option<String> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned()).next()
    }

    #[track_caller]
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The last part of a problem's type; a panic when it is not a problem document.
    #[track_caller]
    pub(super) fn problem(&self) -> String {
        assert_eq!(self.header("content-type").as_deref(), Some("application/problem+json"), "{self:?}");
        let class = self.json()["type"].as_str().unwrap().to_owned();
        class.strip_prefix("urn:ietf:params:acme:error:").unwrap().to_owned()
    }
}

pub(super) struct RawClient {
    port: u16,
    tls: Arc<ClientConfig>,
    pair: Arc<EcdsaKeyPair>,
    pub(super) kid: Option<String>,
}

impl RawClient {
    pub(super) fn new(port: u16, root: &Path) -> Self {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(root).unwrap() {
            roots.add(certificate.unwrap()).unwrap();
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let tls = Arc::new(config.with_root_certificates(roots).with_no_client_auth());
        let pair = Arc::new(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap());
        Self { port, tls, pair, kid: None }
    }

    /// A client with an account.
    #[track_caller]
    pub(super) fn registered(port: u16, root: &Path) -> Self {
        let mut client = Self::new(port, root);
        let reply = client.post("/acme/new-account", &json!({}));
        assert_eq!(reply.status, 201, "{reply:?}");
        client.kid = reply.header("location");
        client
    }

    /// Another one with the same account.
    pub(super) fn copy(&self) -> Self {
        let (tls, pair) = (Arc::clone(&self.tls), Arc::clone(&self.pair));
        Self { port: self.port, tls, pair, kid: self.kid.clone() }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.port)
    }

    /// Sends bytes over a new connection, and reads to its end.
    pub(super) fn send(&self, request: &[u8]) -> std::io::Result<RawReply> {
        let stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        let name = ServerName::try_from("localhost").unwrap();
        let connection = ClientConnection::new(Arc::clone(&self.tls), name).map_err(std::io::Error::other)?;
        let mut stream = StreamOwned::new(connection, stream);
        // A server that refuses what is too long does not read all of it.
        let _ = stream.write_all(request);
        let _ = stream.flush();
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let end = end.ok_or_else(|| std::io::Error::other(String::from_utf8_lossy(&bytes).into_owned()))?;
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        Ok(RawReply { status, head, body: bytes[end + 4..].to_vec() })
    }

    pub(super) fn request(
        &self,
        method: &str,
        path: &str,
        fields: &str,
        body: &[u8],
    ) -> std::io::Result<RawReply> {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost:{}\r\nConnection: close\r\nContent-Length: {}\r\n{fields}\r\n",
            self.port,
            body.len()
        );
        self.send(&[head.as_bytes(), body].concat())
    }

    pub(super) fn nonce(&self) -> std::io::Result<String> {
        let reply = self.request("HEAD", "/acme/new-nonce", "", &[])?;
        Ok(reply.header("replay-nonce").unwrap_or_default())
    }

    fn jwk(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        json!({
            "crv": "P-256", "kty": "EC",
            "x": BASE64URL.encode(&point[1..33]), "y": BASE64URL.encode(&point[33..]),
        })
    }

    /// The hash of the key, in its place behind tokens.
    pub(super) fn thumbprint(&self) -> String {
        BASE64URL.encode(digest(&SHA256, self.jwk().to_string().as_bytes()))
    }

    pub(super) fn header(&self, path: &str) -> std::io::Result<Value> {
        let mut header = json!({"alg": "ES256", "nonce": self.nonce()?, "url": self.url(path)});
        match &self.kid {
            Some(kid) => header["kid"] = kid.as_str().into(),
            None => header["jwk"] = self.jwk(),
        }
        Ok(header)
    }

    /// A JWS with exactly this header; `Null` is the empty payload of POST-as-GET.
    pub(super) fn sign(&self, header: &Value, payload: &Value) -> String {
        let text = if payload.is_null() { String::new() } else { payload.to_string() };
        let (protected, payload) = (BASE64URL.encode(header.to_string()), BASE64URL.encode(text));
        let signature =
            self.pair.sign(&SystemRandom::new(), format!("{protected}.{payload}").as_bytes()).unwrap();
        json!({"protected": protected, "payload": payload, "signature": BASE64URL.encode(signature.as_ref())})
            .to_string()
    }

    pub(super) fn post_body(&self, path: &str, body: &str) -> std::io::Result<RawReply> {
        self.request("POST", path, "Content-Type: application/jose+json\r\n", body.as_bytes())
    }

    /// An honest request; the error is a connection that ended.
    pub(super) fn try_post(&self, path: &str, payload: &Value) -> std::io::Result<RawReply> {
        let header = self.header(path)?;
        self.post_body(path, &self.sign(&header, payload))
    }

    #[track_caller]
    pub(super) fn post(&self, path: &str, payload: &Value) -> RawReply {
        self.try_post(path, payload).unwrap()
    }

    pub(super) fn path(&self, url: &Value) -> String {
        url.as_str().unwrap_or_default().replacen(&self.url(""), "", 1)
    }

    /// From the order to the certificate, by http-01 for an address; the error says where it ended.
    pub(super) fn obtain(&self, address: &str, answers: &Answers) -> Result<String, String> {
        let order = self.order(address)?;
        let order_path = order.header("location").ok_or_else(|| format!("order: {order:?}"))?;
        let order_path = self.path(&order_path.into());
        self.prove(&self.path(&order.json()["authorizations"][0]), answers)?;
        self.wait(&order_path, "ready")?;
        self.finalize(&order_path, address)
    }

    fn order(&self, address: &str) -> Result<RawReply, String> {
        let payload = json!({"identifiers": [{"type": "ip", "value": address}]});
        self.try_post("/acme/new-order", &payload).map_err(|error| format!("order: {error}"))
    }

    /// The path of a new order.
    pub(super) fn new_order(&self, address: &str) -> Result<String, String> {
        let order = self.order(address)?;
        let location = order.header("location").ok_or_else(|| format!("order: {order:?}"))?;
        Ok(self.path(&location.into()))
    }

    /// Answers the http-01 challenge of an authorization, and says so.
    pub(super) fn prove(&self, authorization: &str, answers: &Answers) -> Result<(), String> {
        let ended = |at: &'static str| move |error: std::io::Error| format!("{at}: {error}");
        let read = self.try_post(authorization, &Value::Null).map_err(ended("authorization"))?.json();
        let challenges = read["challenges"].as_array().cloned().unwrap_or_default();
        let challenge = challenges.iter().find(|one| one["type"] == "http-01").ok_or("no http-01")?.clone();
        let token = challenge["token"].as_str().unwrap_or_default().to_owned();
        answers.lock().unwrap().insert(token.clone(), format!("{token}.{}", self.thumbprint()));
        self.try_post(&self.path(&challenge["url"]), &json!({})).map_err(ended("challenge"))?;
        Ok(())
    }

    /// Finalizes a ready order and downloads its certificate.
    pub(super) fn finalize(&self, order: &str, address: &str) -> Result<String, String> {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec![address.to_owned()]).unwrap();
        let csr = BASE64URL.encode(params.serialize_request(&key).unwrap().der());
        let payload = json!({"csr": csr});
        let finalized = self.try_post(&format!("{order}/finalize"), &payload);
        let finalized = finalized.map_err(|error| format!("finalize: {error}"))?.json();
        let url = finalized["certificate"].as_str().ok_or_else(|| format!("finalize: {finalized}"))?;
        let chain = self.try_post(&self.path(&url.into()), &Value::Null);
        Ok(String::from_utf8_lossy(&chain.map_err(|error| format!("download: {error}"))?.body).into_owned())
    }

    /// Polls an order until it has this status.
    pub(super) fn wait(&self, order: &str, status: &str) -> Result<(), String> {
        for _ in 0..600 {
            let state = self.try_post(order, &Value::Null).map_err(|error| format!("poll: {error}"))?.json();
            match state["status"].as_str() {
                Some(known) if known == status => return Ok(()),
                Some("invalid") => return Err(format!("invalid: {state}")),
                _ => std::thread::sleep(Duration::from_millis(50)),
            }
        }
        Err(format!("never {status}"))
    }
}

/// Answers http-01 on all addresses of this machine until the test ends.
pub(super) fn answer_http(port: u16, answers: &Answers) {
    let listener = TcpListener::bind(("0.0.0.0", port)).unwrap();
    let answers = Arc::clone(answers);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let answers = Arc::clone(&answers);
            std::thread::spawn(move || {
                let mut head = [0; 2048];
                let count = stream.read(&mut head).unwrap_or_default();
                let head = String::from_utf8_lossy(&head[..count]).into_owned();
                let token =
                    head.split(' ').nth(1).and_then(|path| path.rsplit('/').next()).unwrap_or_default();
                let body = answers.lock().unwrap().get(token).cloned().unwrap_or_default();
                let reply = format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                    body.len()
                );
                let _ = stream.write_all(reply.as_bytes());
            });
        }
    });
}
