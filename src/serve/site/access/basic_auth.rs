//! `--basic-auth`: names and passwords (RFC 7617).

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use percent_encoding::percent_encode;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::serve::config::BasicAuthConfig;
use crate::serve::error::Error;
use crate::serve::htpasswd::{Htpasswd, HtpasswdError};
use crate::serve::request::named::IN_PATH;
use crate::serve::response::pages::ErrorPage;
use crate::sys::opener::Opener;
use crate::sys::read::read_regular_from;

/// Bytes of a file with users.
const LONGEST_FILE: u64 = 4 << 20;
/// Passwords that are remembered. One who knows them all fills this place at most.
const MOST_REMEMBERED: usize = 10_000;
/// Passwords that wait to be compared; further clients get status 503.
const MOST_WAITING: usize = 128;

/// The users of a path.
pub(super) struct BasicAuth {
    pub(super) config: BasicAuthConfig,
    users: Arc<Htpasswd>,
    challenge: HeaderValue,
    /// Names with their right passwords, under a key that only this process has, and only until the next reload.
    known: Mutex<HashSet<[u8; 32]>>,
    key: hmac::Key,
}

/// How many passwords are compared at a time: it takes a processor as long as the file says.
#[derive(Debug)]
pub(super) struct Comparisons {
    waiting: Arc<Semaphore>,
    running: Arc<Semaphore>,
}

/// Why a request has no user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoUser {
    /// It names none.
    Unnamed,
    /// Its name or password is wrong.
    Wrong,
    /// Too many others wait.
    Busy,
}

/// What a client sends: its name, a colon, its password.
struct Credentials {
    both: Zeroizing<Vec<u8>>,
    /// Bytes of the name.
    name: usize,
}

impl Default for Comparisons {
    fn default() -> Self {
        // The others are for requests.
        let running = std::thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(2));
        Self { waiting: Arc::new(Semaphore::new(MOST_WAITING)), running: Arc::new(Semaphore::new(running)) }
    }
}

impl BasicAuth {
    /// Reads the users.
    ///
    /// # Errors
    /// A file that cannot be used.
    pub(super) fn new(config: &BasicAuthConfig, opener: &dyn Opener) -> Result<Self, Error> {
        let read = || {
            let file = opener.read(&config.file).map_err(HtpasswdError::Read)?;
            let text = Zeroizing::new(read_regular_from(file, LONGEST_FILE).map_err(HtpasswdError::Read)?);
            Htpasswd::parse(&text)
        };
        let users = read().map_err(|source| Error::Users { path: config.file.clone(), source })?;
        let mut key = Zeroizing::new([0; 32]);
        aws_lc_rs::rand::fill(&mut *key).map_err(|_| Error::Users {
            path: config.file.clone(),
            source: HtpasswdError::Read(std::io::Error::other("the system has no random numbers")),
        })?;
        let path = if config.prefix.is_empty() { "/" } else { &config.prefix };
        let realm = percent_encode(path.as_bytes(), IN_PATH);
        let challenge = HeaderValue::try_from(format!("Basic realm=\"{realm}\", charset=\"UTF-8\""));
        Ok(Self {
            config: config.clone(),
            users: Arc::new(users),
            challenge: challenge.unwrap_or(HeaderValue::from_static("Basic realm=\"/\", charset=\"UTF-8\"")),
            known: Mutex::default(),
            key: hmac::Key::new(hmac::HMAC_SHA256, &*key),
        })
    }

    /// The name of the user that a request comes from.
    pub(super) async fn user(
        &self,
        fields: &HeaderMap,
        comparisons: &Comparisons,
    ) -> Result<Vec<u8>, NoUser> {
        let credentials = Credentials::read(fields)?;
        let tag = self.tag(&credentials);
        if self.known().contains(&tag) {
            return Ok(credentials.name().to_vec());
        }
        let place = Arc::clone(&comparisons.waiting).try_acquire_owned().map_err(|_| NoUser::Busy)?;
        // They are never closed.
        let Ok(running) = Arc::clone(&comparisons.running).acquire_owned().await else {
            return Err(NoUser::Busy);
        };
        // A browser sends many requests at once.
        if self.known().contains(&tag) {
            return Ok(credentials.name().to_vec());
        }
        let users = Arc::clone(&self.users);
        let [first, second, third, fourth, ..] = tag_of_name(&self.key, credentials.name());
        let number = u32::from_be_bytes([first, second, third, fourth]) as usize;
        // It holds its places until it has ended, whether or not the client waits for it.
        let compared = tokio::task::spawn_blocking(move || {
            let _places = (place, running);
            let (hash, is_user) = match users.hash(credentials.name(), number) {
                Ok(hash) => (hash, true),
                Err(hash) => (hash, false),
            };
            let is_right = bcrypt::verify(credentials.password(), hash).unwrap_or(false);
            (is_right && is_user).then(|| credentials.name().to_vec())
        });
        let Ok(Some(name)) = compared.await else { return Err(NoUser::Wrong) };
        let mut known = self.known();
        if known.len() >= MOST_REMEMBERED {
            known.clear();
        }
        known.insert(tag);
        Ok(name)
    }

    /// The response to a request without a user.
    pub(super) fn page(&self, why: NoUser) -> ErrorPage {
        let reason = match why {
            NoUser::Unnamed => "sign in with a name and a password",
            NoUser::Wrong => "the name or the password is wrong",
            NoUser::Busy => {
                let page = ErrorPage::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "too many clients are signing in; try again",
                );
                return page.inviting(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
        };
        let page = ErrorPage::new(StatusCode::UNAUTHORIZED, reason);
        page.inviting(header::WWW_AUTHENTICATE, self.challenge.clone())
    }

    fn known(&self) -> MutexGuard<'_, HashSet<[u8; 32]>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is remembered instead of name and password. (The name has no colon.)
    fn tag(&self, credentials: &Credentials) -> [u8; 32] {
        bytes_of(hmac::sign(&self.key, &credentials.both))
    }
}

impl Credentials {
    /// What the Authorization field says.
    fn read(fields: &HeaderMap) -> Result<Self, NoUser> {
        let mut values = fields.get_all(header::AUTHORIZATION).iter();
        let value = values.next().ok_or(NoUser::Unnamed)?.as_bytes();
        // Another scheme is for the application.
        let (scheme, encoded) = value.split_at_checked("Basic ".len()).ok_or(NoUser::Unnamed)?;
        if !scheme.eq_ignore_ascii_case(b"Basic ") {
            return Err(NoUser::Unnamed);
        }
        let both = Zeroizing::new(STANDARD.decode(encoded.trim_ascii()).map_err(|_| NoUser::Wrong)?);
        let name = memchr::memchr(b':', &both).ok_or(NoUser::Wrong)?;
        // RFC 7617 section 2: no control characters. (A NUL would end a password early.)
        let is_broken = both.iter().any(u8::is_ascii_control) || values.next().is_some();
        if is_broken { Err(NoUser::Wrong) } else { Ok(Self { both, name }) }
    }

    fn name(&self) -> &[u8] {
        self.both.get(..self.name).unwrap_or_default()
    }

    fn password(&self) -> &[u8] {
        self.both.get(self.name + 1..).unwrap_or_default()
    }
}

impl std::fmt::Debug for BasicAuth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BasicAuth({:?}, {:?})", self.config, self.users)
    }
}

/// A number for a name that nobody else can guess.
fn tag_of_name(key: &hmac::Key, name: &[u8]) -> [u8; 32] {
    bytes_of(hmac::sign(key, name))
}

fn bytes_of(tag: hmac::Tag) -> [u8; 32] {
    tag.as_ref().try_into().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::opener::OwnRights;

    fn users(text: &str) -> (tempfile::TempDir, BasicAuth) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("users");
        std::fs::write(&file, text).unwrap();
        let config = BasicAuthConfig { prefix: "/a \"b".to_owned(), file };
        let auth = BasicAuth::new(&config, &OwnRights).unwrap();
        (folder, auth)
    }

    fn sends(credentials: &str) -> HeaderMap {
        let value = format!("basic {}", STANDARD.encode(credentials));
        HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::try_from(value).unwrap())])
    }

    #[tokio::test]
    async fn who_has_the_password_is_a_user() {
        let (_folder, auth) = users(&format!("anna:{}\n", bcrypt::hash("pass:w\u{f6}rd", 4).unwrap()));
        let comparisons = Comparisons::default();
        for (credentials, expected) in [
            ("anna:pass:w\u{f6}rd", Ok(&b"anna"[..])),
            ("anna:pass:w\u{f6}rd", Ok(b"anna")),
            ("anna:pass", Err(NoUser::Wrong)),
            ("anna:", Err(NoUser::Wrong)),
            ("anna:pass:w\u{f6}rd\0", Err(NoUser::Wrong)),
            ("otto:pass:w\u{f6}rd", Err(NoUser::Wrong)),
            (":pass:w\u{f6}rd", Err(NoUser::Wrong)),
            ("anna", Err(NoUser::Wrong)),
        ] {
            let user = auth.user(&sends(credentials), &comparisons).await;
            assert_eq!(user.as_deref(), expected.as_deref(), "{credentials}");
        }
        assert_eq!(auth.known().len(), 1, "only what is right is remembered");
        for other in ["Bearer x", "Basic", ""] {
            let fields = HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(other))]);
            assert_eq!(auth.user(&fields, &comparisons).await, Err(NoUser::Unnamed), "{other}");
        }
        let mut twice = sends("anna:pass:w\u{f6}rd");
        twice.append(header::AUTHORIZATION, HeaderValue::from_static("Basic eDp5"));
        assert_eq!(auth.user(&twice, &comparisons).await, Err(NoUser::Wrong));
        let page = auth.page(NoUser::Unnamed).response();
        assert_eq!(page.headers()[header::WWW_AUTHENTICATE], "Basic realm=\"/a%20%22b\", charset=\"UTF-8\"");
        assert!(!format!("{auth:?}").contains("$2"), "{auth:?}");
    }

    #[tokio::test]
    async fn nobody_waits_in_an_endless_queue() {
        let (_folder, auth) = users(&format!("anna:{}\n", bcrypt::hash("right", 4).unwrap()));
        let comparisons =
            Comparisons { waiting: Arc::new(Semaphore::new(1)), running: Arc::new(Semaphore::new(0)) };
        let (right, wrong) = (sends("anna:right"), sends("anna:wrong"));
        let mut first = Box::pin(auth.user(&right, &comparisons));
        assert!(futures_util::FutureExt::now_or_never(first.as_mut()).is_none(), "it waits");
        assert_eq!(auth.user(&wrong, &comparisons).await, Err(NoUser::Busy));
        comparisons.running.add_permits(1);
        assert_eq!(first.await, Ok(b"anna".to_vec()));
        assert_eq!(comparisons.waiting.available_permits(), 1, "a place is given back");
        // What is known waits for nobody.
        let full = Comparisons { waiting: Arc::new(Semaphore::new(0)), running: Arc::new(Semaphore::new(0)) };
        assert_eq!(auth.user(&right, &full).await, Ok(b"anna".to_vec()));
    }
}
