//! Laying layers over each other, and filling in what none of them says.

use std::num::NonZeroUsize;
use std::time::Duration;

use super::partial::PartialServe;
use crate::serve::address::ListenAddress;
use crate::serve::config::{Buffers, Limits, Root, ScriptName, ServeConfig, default_front_threads};
use crate::serve::worker::{Application, WorkerConfig};

const BACKLOG: u32 = 1024;
const MAX_CONNECTIONS: usize = 10_000;
/// Group members may connect: the front server usually runs as another user.
const SOCKET_MODE: u32 = 0o660;
const GRACEFUL_TIMEOUT: Duration = Duration::from_secs(30);
/// More than one lets an application wait for a database without holding up others, and costs
/// little.
const THREADS: usize = 4;
const LARGEST_DEFAULT_WORKERS: usize = 8;

impl PartialServe {
    /// This layer over a `lower` one: what it leaves open is taken from there.
    #[must_use]
    pub fn combine(self, lower: Self) -> Self {
        // An application that is named here hides all of the one below.
        let hidden = self.names_application();
        let below = |value: Option<String>| value.filter(|_| !hidden);
        // A certificate from here with a key from there would not fit.
        let (cert, key) = if self.cert.is_some() || self.acme.is_some() {
            (self.cert, self.key)
        } else {
            (lower.cert, self.key.or(lower.key))
        };
        // Who says where certificates come from, says it alone.
        let lower_acme = lower.acme.filter(|_| cert.is_none());
        Self {
            app: self.app.or_else(|| below(lower.app)),
            wsgi_file: self.wsgi_file.or_else(|| lower.wsgi_file.filter(|_| !hidden)),
            module: self.module.or_else(|| below(lower.module)),
            callable: self.callable.or_else(|| below(lower.callable)),
            listen: self.listen.or(lower.listen),
            redirect_http: self.redirect_http.or(lower.redirect_http),
            socket_mode: self.socket_mode.or(lower.socket_mode),
            backlog: self.backlog.or(lower.backlog),
            max_connections: self.max_connections.or(lower.max_connections),
            cert,
            key,
            acme: self.acme.or(lower_acme),
            acme_server: self.acme_server.or(lower.acme_server),
            acme_email: self.acme_email.or(lower.acme_email),
            acme_ca_roots: self.acme_ca_roots.or(lower.acme_ca_roots),
            acme_state: self.acme_state.or(lower.acme_state),
            acme_missing: self.acme_missing.or(lower.acme_missing),
            agree_tos: self.agree_tos.or(lower.agree_tos),
            tls_min: self.tls_min.or(lower.tls_min),
            hsts: self.hsts.or(lower.hsts),
            workers: self.workers.or(lower.workers),
            threads: self.threads.or(lower.threads),
            python: self.python.or(lower.python),
            virtualenv: self.virtualenv.or(lower.virtualenv),
            chdir: self.chdir.or(lower.chdir),
            pythonpath: self.pythonpath.or(lower.pythonpath),
            env: joined(lower.env, self.env),
            graceful_timeout: self.graceful_timeout.or(lower.graceful_timeout),
            script_name: self.script_name.or(lower.script_name),
            manage_script_name: self.manage_script_name.or(lower.manage_script_name),
            folders: self.folders.or(lower.folders),
            limit_post: self.limit_post.or(lower.limit_post),
            post_buffering: self.post_buffering.or(lower.post_buffering),
            header_timeout: self.header_timeout.or(lower.header_timeout),
            body_timeout: self.body_timeout.or(lower.body_timeout),
            keepalive: self.keepalive.or(lower.keepalive),
            access_log: self.access_log.or(lower.access_log),
        }
    }

    /// How an application is to be run.
    pub fn workers(&self, application: Application) -> WorkerConfig {
        WorkerConfig {
            application,
            workers: self.workers.map_or_else(default_workers, NonZeroUsize::get),
            threads: self.threads.map_or(THREADS, NonZeroUsize::get),
            python: self.python.clone(),
            virtualenv: self.virtualenv.clone(),
            chdir: self.chdir.clone(),
            pythonpath: self.pythonpath.clone().unwrap_or_default(),
            env: self.env.iter().flatten().cloned().map(|variable| (variable.name, variable.value)).collect(),
            graceful_timeout: self.graceful_timeout(),
        }
    }

    /// The decided settings: with `root` at the root, and on `default_listener` if no layer names
    /// one.
    pub fn decide(self, root: Root, default_listener: ListenAddress) -> ServeConfig {
        let defaults = Limits::default();
        let graceful_timeout = self.graceful_timeout();
        ServeConfig {
            listeners: self.listen.unwrap_or_else(|| vec![default_listener]),
            redirect_http: self.redirect_http,
            socket_mode: self.socket_mode.map_or(SOCKET_MODE, |mode| mode.0),
            backlog: self.backlog.unwrap_or(BACKLOG),
            max_connections: self.max_connections.map_or(MAX_CONNECTIONS, NonZeroUsize::get),
            max_connections_per_address: None,
            front_threads: default_front_threads(),
            tls_min: self.tls_min.unwrap_or_default(),
            hsts_seconds: self.hsts.map(|age| age.0),
            limits: Limits {
                header_timeout: self.header_timeout.map_or(defaults.header_timeout, |span| span.0),
                body_timeout: self.body_timeout.map_or(defaults.body_timeout, |span| span.0),
                keepalive: self.keepalive.map_or(defaults.keepalive, |span| span.0),
                write_timeout: defaults.write_timeout,
                limit_post: self.limit_post.map_or(defaults.limit_post, |size| size.0),
                post_buffering: self
                    .post_buffering
                    .map_or(defaults.post_buffering, |size| usize::try_from(size.0).unwrap_or(usize::MAX)),
            },
            buffers: Buffers::default(),
            script_name: ScriptName {
                forced: self.script_name,
                manage: self.manage_script_name.unwrap_or(false),
            },
            folders: self
                .folders
                .unwrap_or_default()
                .into_iter()
                .map(|mount| (mount.prefix, mount.folder))
                .collect(),
            root,
            access_log: self.access_log.unwrap_or_default(),
            graceful_timeout,
        }
    }

    fn graceful_timeout(&self) -> Duration {
        self.graceful_timeout.map_or(GRACEFUL_TIMEOUT, |span| span.0)
    }
}

/// Both lists, so that the second has the last word on a name.
fn joined<T>(first: Option<Vec<T>>, second: Option<Vec<T>>) -> Option<Vec<T>> {
    match (first, second) {
        (Some(mut first), Some(second)) => {
            first.extend(second);
            Some(first)
        }
        (first, second) => first.or(second),
    }
}

fn default_workers() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get).min(LARGEST_DEFAULT_WORKERS)
}

#[cfg(test)]
mod tests {
    use super::super::toml;

    fn combined(upper: &str, lower: &str) -> super::PartialServe {
        let read = |text: &str| toml::read(&format!("[serve]\n{text}")).unwrap();
        read(upper).combine(read(lower))
    }

    #[test]
    fn the_upper_layer_counts() {
        let settings = combined("workers = 2", "workers = 3\nthreads = 5");
        assert_eq!(settings.workers.unwrap().get(), 2);
        assert_eq!(settings.threads.unwrap().get(), 5);
    }

    #[test]
    fn what_belongs_together_stays_together() {
        let settings = combined("cert = 'a'", "cert = 'b'\nkey = 'c'");
        assert_eq!((settings.cert, settings.key), (Some(vec!["a".into()]), None));
        let settings = combined("app = 'a.py'", "module = 'b'\ncallable = 'c'");
        assert_eq!((settings.module, settings.callable), (None, None));
        let settings = combined("callable = 'd'", "module = 'b'\ncallable = 'c'");
        assert_eq!(settings.module.as_deref(), Some("b"));
        assert_eq!(settings.callable.as_deref(), Some("d"));
    }

    #[test]
    fn certificates_come_from_one_place() {
        let settings = combined("acme = 'a.test'", "cert = 'a'\nkey = 'b'");
        assert_eq!((settings.acme, settings.cert, settings.key), (Some(vec!["a.test".into()]), None, None));
        let settings = combined("cert = 'a'", "acme = 'a.test'");
        assert_eq!((settings.acme, settings.cert), (None, Some(vec!["a".into()])));
    }

    #[test]
    fn the_environment_is_joined() {
        let settings = combined("env = ['A=1']", "env = ['A=2', 'B=3']");
        let names: Vec<_> = settings.env.unwrap().into_iter().map(|variable| variable.value).collect();
        assert_eq!(names, ["2", "3", "1"]);
    }
}
