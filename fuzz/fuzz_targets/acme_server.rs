//! Requests to the ACME server: bare bodies, and such that an account has signed. Each gets a reply, no request leads to
//! a certificate without a validation, and a problem is a problem document.
//!
//! The input is lines, one request each: `b PATH BODY` sends BODY as it is, `s PATH PAYLOAD` signs PAYLOAD, `h PATH HEADER`
//! signs with HEADER in place of the honest one.
#![no_main]

use std::net::{IpAddr, Ipv4Addr};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use certkit::internals::acme_server::{Call, Config, Core, Next, Policy, Reply};
use certkit::internals::x509::Certificate;
use certkit_fuzz::chains;
use libfuzzer_sys::fuzz_target;
use time::macros::datetime;

const HOST: &str = "ca.test";

fuzz_target!(|data: &[u8]| {
    let Ok(issuer) = Certificate::from_der(chains::leaf(Vec::new())) else { return };
    let Ok(pair) = Ed25519KeyPair::from_seed_unchecked(&[7; 32]) else { return };
    let config = Config {
        authorities: vec![HOST.to_owned()],
        named: 1,
        policy: Policy::new(&[]),
        issuer,
        chain: Vec::new(),
        external_accounts: None,
        orders_per_hour: 1000,
    };
    let mut core = Core::new(config, &[1; 32]);
    let jwk =
        format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{}"}}"#, BASE64URL.encode(pair.public_key().as_ref()));
    let nonce = nonce(&mut core);
    let header =
        format!(r#"{{"alg":"EdDSA","nonce":"{nonce}","url":"https://{HOST}/acme/new-account","jwk":{jwk}}}"#);
    let made = send(&mut core, "/acme/new-account", &sign(&pair, header.as_bytes(), b"{}"));
    let Some(kid) = made.header("location").map(str::to_owned) else { panic!("no account") };

    for line in data.split(|&byte| byte == b'\n').take(50) {
        let mut parts = line.splitn(3, |&byte| byte == b' ');
        let (Some(kind), Some(path), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        let Ok(path) = std::str::from_utf8(path) else { continue };
        let body = match kind {
            b"b" => rest.to_vec(),
            b"h" => sign(&pair, rest, b""),
            _ => {
                let nonce = self::nonce(&mut core);
                let header = format!(
                    r#"{{"alg":"EdDSA","nonce":"{nonce}","url":"https://{HOST}{path}","kid":"{kid}"}}"#
                );
                sign(&pair, header.as_bytes(), rest)
            }
        };
        let reply = send(&mut core, path, &body);
        let is_problem = reply.header("content-type") == Some("application/problem+json");
        assert_eq!(reply.status >= 400, is_problem, "{}", reply.status);
        assert!(reply.status < 500 && reply.status >= 200);
    }
});

fn nonce(core: &mut Core) -> String {
    let call = call("HEAD", "/acme/new-nonce", &[]);
    match core.handle(&call, datetime!(2026-11-28 12:00 UTC)).next {
        Next::Reply(reply) => reply.header("replay-nonce").unwrap_or_default().to_owned(),
        _ => panic!("a nonce is a reply"),
    }
}

fn send(core: &mut Core, path: &str, body: &[u8]) -> Reply {
    match core.handle(&call("POST", path, body), datetime!(2026-11-28 12:00 UTC)).next {
        Next::Reply(reply) => reply,
        Next::Issue(_) => panic!("nothing was validated"),
        Next::Revoke(_) => panic!("nothing was issued"),
    }
}

fn call<'a>(method: &'a str, path: &'a str, body: &'a [u8]) -> Call<'a> {
    let client = IpAddr::V4(Ipv4Addr::LOCALHOST);
    Call { method, authority: HOST, path, content_type: Some("application/jose+json"), body, client }
}

fn sign(pair: &Ed25519KeyPair, header: &[u8], payload: &[u8]) -> Vec<u8> {
    let (protected, payload) = (BASE64URL.encode(header), BASE64URL.encode(payload));
    let signature = BASE64URL.encode(pair.sign(format!("{protected}.{payload}").as_bytes()).as_ref());
    format!(r#"{{"protected":"{protected}","payload":"{payload}","signature":"{signature}"}}"#).into_bytes()
}
