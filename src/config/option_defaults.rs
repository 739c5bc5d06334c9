//! What an option file of uWSGI means by what it does not say: permission bits of its sockets, inherited sockets, and what
//! has to be there.

use super::assignment::Assignment;
use super::error::SettingsError;
use super::option_note::{OptionNote, OptionRemark};
use super::origin::Origin;
use super::settings::ServeSettings;
use super::uwsgi::OptionList;
use crate::serve::address::{Endpoint, Scheme};
use crate::sys::socket::{inherited, passed};
use crate::sys::umask;

/// Options by which a process has something to do without an application.
const WITHOUT_APPLICATION: &[&str] = &[
    "check-static",
    "docroot",
    "emperor",
    "fastrouter",
    "http-to",
    "rawrouter",
    "route",
    "static-check",
    "static-map",
    "zerg",
];
/// The same without a socket.
const WITHOUT_SOCKET: &[&str] = &["emperor", "fastrouter", "rawrouter", "zerg"];

impl ServeSettings {
    /// Fills in what uWSGI does with such options, and returns what to say of it.
    pub(super) fn as_in_uwsgi(&mut self, list: &OptionList, assignments: &[Assignment]) -> Vec<OptionNote> {
        let sets_mode =
            assignments.iter().flat_map(|one| &one.sets).any(|(set, _)| set.word == "socket-mode");
        if !sets_mode {
            self.server.socket_mode = self.mode_by_umask(list);
        }
        let mut passed = passed(|name| std::env::var_os(name)).into_iter();
        if passed.any(|number| inherited(number).is_ok()) {
            self.server.passed_scheme = Some(passed_scheme(list));
        }
        self.drop_repeated_listeners()
    }

    /// As bind(2) gives it. With `daemonize`, uWSGI has no umask then (but not with `daemonize2`, by which it is in the
    /// background later).
    fn mode_by_umask(&self, list: &OptionList) -> u32 {
        let is_daemon = list.options.iter().any(|option| option.word == "daemonize");
        let umask =
            self.process.umask.or_else(|| is_daemon.then_some(0)).unwrap_or_else(umask::of_this_process);
        0o777 & !umask
    }

    /// uWSGI binds each name once.
    fn drop_repeated_listeners(&mut self) -> Vec<OptionNote> {
        let mut notes = Vec::new();
        let mut seen: Vec<Endpoint> = Vec::new();
        self.server.listeners.retain(|listener| {
            let endpoint = &listener.endpoint;
            let is_repeated = seen.contains(endpoint) && !matches!(endpoint, Endpoint::Tcp { port: 0, .. });
            if is_repeated {
                let remark = OptionRemark::Repeated { socket: endpoint.to_string() };
                notes.push(OptionNote { origin: None, remark });
            } else {
                seen.push(endpoint.clone());
            }
            !is_repeated
        });
        notes
    }

    /// Why a server with the options of a file that was named would not be what uWSGI is with it.
    pub(super) fn lacking(&mut self, list: &OptionList) -> Option<SettingsError> {
        let has_one = |words: &[&str]| {
            let is_one = |option: &str| words.iter().any(|word| option.starts_with(word));
            list.options.iter().any(|option| is_one(&option.word))
        };
        let file = list.options.iter().find_map(|option| match &option.origin {
            Origin::File { file, .. } => Some(file.clone()),
            Origin::Flag | Origin::Environment(_) => None,
        });
        let file = file.unwrap_or_default();
        self.only_named = true;
        let has_content = self.application().is_some()
            || !self.mounts.is_empty()
            || !self.server.site.folders.is_empty()
            || !self.server.site.upstreams.is_empty()
            || self.server.site.files.root.is_some();
        if !has_content && !has_one(WITHOUT_APPLICATION) {
            return Some(SettingsError::NoApplication { file });
        }
        let has_socket = !self.server.listeners.is_empty() || self.server.passed_scheme.is_some();
        (!has_socket && !has_one(WITHOUT_SOCKET) && !self.is_managed())
            .then_some(SettingsError::NoListener { file })
    }

    /// Looks up who unix sockets are to belong to. Other sockets have no owner, so that a name which nobody has does no
    /// harm there.
    pub(super) fn resolve_socket_owner(&mut self, assignments: &[Assignment]) -> Option<SettingsError> {
        let owner = self.socket_owner.as_deref()?;
        let mut endpoints =
            self.server.listeners.iter().map(|listener| &listener.endpoint).chain(&self.server.redirect_http);
        if !endpoints.any(|endpoint| matches!(endpoint, Endpoint::Unix(_))) {
            return None;
        }
        let reason = match owner.parse() {
            Ok(owner) => {
                self.server.socket_owner = Some(owner);
                return None;
            }
            Err(reason) => reason,
        };
        let names_it = |one: &&Assignment| one.sets.iter().any(|(set, _)| set.word == "socket-owner");
        assignments.iter().rev().find(names_it).map(|one| one.refused(&one.value, reason))
    }
}

/// What sockets speak that a service manager passes: what `protocol` says, as uWSGI takes all of them.
fn passed_scheme(list: &OptionList) -> Scheme {
    let is_protocol = |word: &str| matches!(word, "protocol" | "socket-protocol");
    let last = list.options.iter().rev().find(|option| is_protocol(&option.word));
    match last.and_then(|option| option.value.as_deref()) {
        Some("http" | "http11") => Scheme::Http,
        Some("https") => Scheme::Https,
        Some("fastcgi") => Scheme::Fcgi,
        Some("scgi") => Scheme::Scgi,
        Some("suwsgi") => Scheme::Suwsgi,
        _ => Scheme::Uwsgi,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::uwsgi::{NoMachine, Reader};

    fn list(line: &str) -> OptionList {
        let files = vec![("a.ini".to_owned(), format!("[uwsgi]\n{line}\n"))];
        let machine = NoMachine { files, variables: Vec::new() };
        let mut reader = Reader::new(&machine, false);
        reader.file("a.ini").unwrap();
        reader.finish().unwrap()
    }

    #[test]
    fn sockets_have_the_bits_that_the_umask_leaves() {
        let mode = |line: &str, umask| {
            let mut settings = ServeSettings::default();
            settings.process.umask = umask;
            settings.mode_by_umask(&list(line))
        };
        // As measured with uWSGI 2.0.31.
        assert_eq!(mode("daemonize = a.log", None), 0o777);
        assert_eq!(mode("daemonize = a.log", Some(0o027)), 0o750);
        let inherited = 0o777 & !umask::of_this_process();
        assert_eq!([mode("daemonize2 = a.log", None), mode("master", None)], [inherited; 2]);
    }

    #[test]
    fn passed_sockets_speak_what_protocol_says() {
        for (line, scheme) in [
            ("master", Scheme::Uwsgi),
            ("protocol = http", Scheme::Http),
            ("protocol = http\nsocket-protocol = fastcgi", Scheme::Fcgi),
            ("protocol = scgi", Scheme::Scgi),
        ] {
            assert_eq!(passed_scheme(&list(line)), scheme, "{line}");
        }
    }
}
