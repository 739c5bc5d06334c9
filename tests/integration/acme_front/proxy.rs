//! The https server of the front and its way to the real one.

use std::convert::Infallible;
use std::io;
use std::net::TcpListener;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName, LINK, LOCATION, RETRY_AFTER};
use http::{Method, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;
use tokio::sync::oneshot;

use super::exchange::Class;
use super::extras::{Own, problem};
use super::rules::{Fault, Rule};
use super::{State, locked};

/// What comes with the demand to agree to other terms.
const TERMS: &str = "<https://ca.test/terms-2>;rel=\"terms-of-service\"";
const REPLAY_NONCE: HeaderName = HeaderName::from_static("replay-nonce");

/// Everything that a connection needs.
#[derive(Clone)]
pub(super) struct Proxy {
    client: reqwest::Client,
    /// The real server, without a path.
    upstream: reqwest::Url,
    /// The front's own name and port.
    authority: String,
    state: Arc<Mutex<State>>,
}

impl Proxy {
    pub(super) fn new(
        upstream: &reqwest::Url,
        ca: &Path,
        authority: String,
        state: Arc<Mutex<State>>,
    ) -> Self {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(ca).unwrap()).unwrap();
        let tls = rustls::ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let client = reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().build().unwrap();
        Self { client, upstream: upstream.clone(), authority, state }
    }

    /// Serves until told to stop; what is under way then ends with it.
    pub(super) fn run(
        self,
        listener: TcpListener,
        certificate: CertificateDer<'static>,
        key: PrivateKeyDer<'static>,
        stopped: oneshot::Receiver<()>,
    ) {
        let mut tls = rustls::ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let tls = tokio_rustls::TlsAcceptor::from(Arc::new(tls));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            listener.set_nonblocking(true).unwrap();
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let accept = async {
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    tokio::spawn(self.clone().connection(stream, tls.clone()));
                }
            };
            tokio::select! {
                () = accept => {}
                _ = stopped => {}
            }
        });
    }

    /// Serves one connection. How it ends is the client's matter, or harm that was wanted.
    async fn connection(self, stream: tokio::net::TcpStream, tls: tokio_rustls::TlsAcceptor) {
        let Ok(stream) = tls.accept(stream).await else { return };
        let is_h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        let service = service_fn(|request| self.clone().exchange(request));
        let stream = TokioIo::new(stream);
        if is_h2 {
            let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            let _ = server.serve_connection(stream, service).await;
        } else {
            let server = hyper::server::conn::http1::Builder::new();
            let _ = server.serve_connection(stream, service).await;
        }
    }

    /// One request and its answer. An error breaks the connection, or over HTTP/2 the one stream.
    async fn exchange(self, request: Request<Incoming>) -> Result<Response<Body>, io::Error> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let path = parts.uri.path().to_owned();
        let (number, class, payload, fault) = {
            let mut state = locked(&self.state);
            let number = state.seen.add(parts.method.as_str(), &path, &body);
            let exchange = &state.seen.exchanges[number];
            let (class, payload) = (exchange.class, exchange.payload.clone());
            let fault = Rule::pick(&mut state.rules, class, &path);
            state.seen.exchanges[number].fault = fault.is_some();
            (number, class, payload, fault)
        };
        match &fault {
            Some(Fault::Delay(pause)) => tokio::time::sleep(*pause).await,
            Some(Fault::HoldRequest) => self.hold().await,
            _ => {}
        }
        let own = match fault.clone() {
            Some(Fault::Answer { status, content_type, body, retry_after }) => {
                Some(Own { status, content_type, body, retry_after })
            }
            Some(Fault::Problem { status, kind, detail, retry_after }) => {
                Some(Own { retry_after, ..problem(status, kind, &detail) })
            }
            _ => locked(&self.state).extras.answer(class, &path, &payload),
        };
        let (status, mut headers, mut body) = match own {
            Some(own) => self.own(own, class).await,
            None => self.forward(parts.method, &parts.headers, class, (&path, &payload), body).await?,
        };
        locked(&self.state).seen.exchanges[number].status = Some(status.as_u16());
        match &fault {
            Some(Fault::Edit(edit)) if status.is_success() => {
                let mut json = serde_json::from_slice(&body).unwrap_or_default();
                edit(&mut json);
                body = json.to_string().into();
            }
            Some(Fault::Location(form)) => {
                let location = headers.get(LOCATION).and_then(|value| value.to_str().ok());
                if let Some(location) = location.map(|url| form.write(url)) {
                    headers.insert(LOCATION, location.parse().unwrap());
                }
            }
            _ => {}
        }
        let body = match fault {
            Some(Fault::HoldAnswer) => {
                self.hold().await;
                Body::whole(body)
            }
            Some(Fault::Halve) => Body::whole(body.slice(..body.len() / 2)),
            Some(Fault::Lose) => return Err(io::Error::other("lost, as the test wanted")),
            Some(Fault::Truncate) => Body::cut(&body),
            _ => Body::whole(body),
        };
        let length = body.announced.into();
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response.headers_mut().insert(CONTENT_LENGTH, length);
        Ok(response)
    }

    /// Waits for ever: the client goes and takes this future with it, or the whole front ends.
    async fn hold(&self) {
        struct Held<'a>(&'a Mutex<State>);
        impl Drop for Held<'_> {
            fn drop(&mut self) {
                locked(self.0).held -= 1;
            }
        }
        locked(&self.state).held += 1;
        let _held = Held(&self.state);
        match std::future::pending::<Infallible>().await {}
    }

    /// An answer of the front's own. As from a real server a nonce comes with problems (RFC 8555 section 6.5).
    async fn own(&self, own: Own, class: Class) -> (StatusCode, HeaderMap, Bytes) {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, own.content_type.parse().unwrap());
        if own.body.contains("userActionRequired") {
            // RFC 8555 section 7.3.3.
            headers.insert(LINK, TERMS.parse().unwrap());
        }
        if let Some(pause) = own.retry_after {
            headers.insert(RETRY_AFTER, pause.parse().unwrap());
        }
        let takes_nonce = !matches!(class, Class::Directory | Class::NewNonce | Class::RenewalInfo);
        if takes_nonce
            && own.content_type.contains("json")
            && let Some(nonce) = self.nonce().await
        {
            headers.insert(REPLAY_NONCE, nonce);
        }
        (StatusCode::from_u16(own.status).unwrap(), headers, own.body.into())
    }

    async fn nonce(&self) -> Option<http::HeaderValue> {
        let path = locked(&self.state).seen.path(Class::NewNonce)?;
        let request = self.client.head(self.url(&path)).header(HOST, &self.authority);
        let mut answer = request.header("user-agent", "front").send().await.ok()?;
        answer.headers_mut().remove(REPLAY_NONCE)
    }

    /// Asks the real server, learns from its answer, and adds what it lacks.
    async fn forward(
        &self,
        method: Method,
        headers: &HeaderMap,
        class: Class,
        request: (&str, &Value),
        body: Bytes,
    ) -> Result<(StatusCode, HeaderMap, Bytes), io::Error> {
        let mut passed = HeaderMap::new();
        for name in ["accept", "accept-language", "content-type", "user-agent"] {
            if let Some(value) = headers.get(name) {
                passed.insert(name, value.clone());
            }
        }
        passed.insert(HOST, self.authority.parse().unwrap());
        let request_up = self.client.request(method, self.url(request.0)).headers(passed).body(body);
        let answer = request_up.send().await.map_err(io::Error::other)?;
        let status = answer.status();
        let mut headers = answer.headers().clone();
        for name in ["connection", "content-length", "transfer-encoding", "keep-alive"] {
            headers.remove(name);
        }
        let body = answer.bytes().await.map_err(io::Error::other)?;

        let mut json: Value = serde_json::from_slice(&body).unwrap_or_default();
        let location = headers.get(LOCATION).and_then(|value| value.to_str().ok());
        let links: Vec<_> = headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok()).collect();
        let mut state = locked(&self.state);
        let is_changed =
            status.is_success() && state.extras.add(class, request, location, &self.authority, &mut json);
        state.seen.learn_from(class, location, &links, &json);
        let body = if is_changed { json.to_string().into() } else { body };
        Ok((status, headers, body))
    }

    fn url(&self, path: &str) -> reqwest::Url {
        self.upstream.join(path).unwrap()
    }
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// An answer's body, whole or broken off.
struct Body {
    data: Option<Bytes>,
    /// The length in the head.
    announced: usize,
    breaks_off: Option<Break>,
}

/// The data is only sent once the body had to wait, so it waits once before it breaks.
#[derive(Clone, Copy)]
enum Break {
    AfterAPause,
    Now,
}

impl Body {
    fn whole(data: Bytes) -> Self {
        Self { announced: data.len(), data: Some(data), breaks_off: None }
    }

    fn cut(data: &Bytes) -> Self {
        let half = data.slice(..data.len() / 2);
        Self { announced: data.len().max(1), data: Some(half), breaks_off: Some(Break::AfterAPause) }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(data) = self.data.take().filter(|data| !data.is_empty()) {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        match self.breaks_off {
            None => Poll::Ready(None),
            Some(Break::AfterAPause) => {
                self.breaks_off = Some(Break::Now);
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Some(Break::Now) => Poll::Ready(Some(Err(io::Error::other("cut, as the test wanted")))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.breaks_off.is_none() && self.data.as_ref().is_none_or(Bytes::is_empty)
    }
}
