//! The servers that one run talks to: for each one client, whose directory is fetched once.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use crate::acme::caller::Caller;
use crate::acme::client::server::Server;
use crate::acme::error::Error;

/// The servers that were reached so far, and those that could not be.
///
/// For one run of minutes: what is kept here grows old. One thread, for one server after the other; servers side by side
/// have threads of their own, each with its own of these.
#[derive(Default)]
pub struct Connections {
    known: RefCell<Vec<(Key, Known)>>,
}

/// Address of the directory, and the file of the CA certificates to trust for it.
type Key = (String, Option<PathBuf>);

#[derive(Clone)]
enum Known {
    Reached(Rc<Server>),
    /// It was away, or wanted a pause: others in this run would only wait for it again.
    Away {
        doing: &'static str,
        reason: String,
        retry_after: Option<Duration>,
    },
}

impl Connections {
    /// The server of this directory, reached now or before.
    ///
    /// # Errors
    /// As [`Server::connect`]; what passes with time is not tried a second time.
    pub async fn server(
        &self,
        url: &str,
        ca_roots: Option<&Path>,
        caller: &dyn Caller,
    ) -> Result<Rc<Server>, Error> {
        let key = (url.to_owned(), ca_roots.map(Path::to_owned));
        let known =
            self.known.borrow().iter().find(|(known, _)| *known == key).map(|(_, known)| known.clone());
        let known = match known {
            Some(known) => known,
            None => {
                let known = match Server::connect(url, ca_roots, caller).await {
                    Ok(server) => Known::Reached(Rc::new(server)),
                    Err(Error::TryLater { doing, reason, retry_after }) => {
                        Known::Away { doing, reason, retry_after }
                    }
                    Err(error) => return Err(error),
                };
                self.known.borrow_mut().push((key, known.clone()));
                known
            }
        };
        match known {
            Known::Reached(server) => Ok(server),
            Known::Away { doing, reason, retry_after } => Err(Error::TryLater { doing, reason, retry_after }),
        }
    }
}
