//! `certkit serve`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use clap::builder::FalseyValueParser;

use crate::config::values::{AcmeMissing, Age, Mode, Mount, Size, Span, Variable};
use crate::serve::address::{Endpoint, ListenAddress};
use crate::serve::config::{AccessLogTarget, MinVersion};

/// Serve a Python web application on https.
///
/// Runs any WSGI application (Flask, Django, Bottle, ...) in worker processes of your own Python.
/// Without --cert or --acme it makes a certificate for localhost. Without APP it looks in this
/// folder for certkit.toml, uwsgi.ini, manage.py, wsgi.py, app.py, index.py and main.py, then for a
/// folder named static or public.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
#[allow(rustdoc::broken_intra_doc_links, reason = "help for a terminal: brackets are not links")]
pub struct ServeArgs {
    /// The application: path.py[:callable] or pkg.mod[:callable], or a uWSGI file.ini
    #[arg(value_name = "APP")]
    pub app: Option<String>,
    /// Listen on [https|http|uwsgi[+unix]:]ADDRESS (repeatable) [default: https:127.0.0.1:8443]
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "CERTKIT_LISTEN",
        hide_env_values = true,
        value_delimiter = ' ',
        help_heading = "Listening"
    )]
    pub listen: Vec<Listen>,
    /// Redirect plain HTTP clients of this address to https
    #[arg(long, value_name = "ADDRESS", help_heading = "Listening")]
    pub redirect_http: Option<Endpoint>,
    /// Permission bits of unix sockets [default: 660]
    #[arg(long, value_name = "MODE", help_heading = "Listening")]
    pub socket_mode: Option<Mode>,
    /// Connections waiting to be accepted, per listener [default: 1024]
    #[arg(long, value_name = "N", help_heading = "Listening")]
    pub backlog: Option<u32>,
    /// Concurrent connections; further ones wait [default: 10000]
    #[arg(long, value_name = "N", help_heading = "Listening")]
    pub max_connections: Option<NonZeroUsize>,

    /// Certificate chain, server certificate first (repeatable with --key, for several names by
    /// SNI)
    #[arg(long, value_name = "FILE", env = "CERTKIT_CERT", hide_env_values = true, help_heading = "TLS")]
    pub cert: Vec<PathBuf>,
    /// Private key of the certificate
    #[arg(long, value_name = "FILE", env = "CERTKIT_KEY", hide_env_values = true, help_heading = "TLS")]
    pub key: Vec<PathBuf>,
    /// Lowest TLS version: 1.2 or 1.3 [default: 1.2]
    #[arg(long, value_name = "VERSION", help_heading = "TLS")]
    pub tls_min: Option<MinVersion>,
    /// Send Strict-Transport-Security: browsers use only https for AGE seconds [without AGE: two
    /// years]
    #[arg(
        long,
        value_name = "AGE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = Age::TWO_YEARS,
        help_heading = "TLS"
    )]
    pub hsts: Option<Age>,
    /// Start even if the certificate has expired or the chain is in the wrong order (never with a
    /// wrong key)
    #[arg(long, help_heading = "TLS")]
    pub force: bool,

    /// Obtain a certificate for NAME from an ACME server and keep it renewed (repeatable). Names
    /// separated by commas share a certificate
    #[arg(long, value_name = "NAME[,NAME]", conflicts_with_all = ["cert", "key"], help_heading = "ACME")]
    pub acme: Vec<String>,
    /// Directory URL of the ACME server [default: Let's Encrypt]
    #[arg(long, value_name = "URL", help_heading = "ACME")]
    pub acme_server: Option<String>,
    /// Mail address for messages from the ACME server
    #[arg(long, value_name = "ADDRESS", help_heading = "ACME")]
    pub acme_email: Option<String>,
    /// Trust these CA certificates for the ACME server itself, instead of the system's
    #[arg(long, value_name = "FILE", help_heading = "ACME")]
    pub acme_ca_roots: Option<PathBuf>,
    /// Folder for accounts, orders and certificates, shared with certkit acme
    #[arg(long, value_name = "DIR", help_heading = "ACME")]
    pub acme_state: Option<PathBuf>,
    /// Until the first certificate is issued, serve a temporary self-made one (local) or refuse
    /// handshakes (refuse) [default: local]
    #[arg(long, value_name = "local|refuse", help_heading = "ACME")]
    pub acme_missing: Option<AcmeMissing>,
    /// Agree to the terms of service of the ACME server (required for a new account)
    #[arg(long, env = "CERTKIT_AGREE_TOS", value_parser = FalseyValueParser::new(), hide_env_values = true, help_heading = "ACME")]
    pub agree_tos: bool,

    /// Application as a file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["app", "module"], help_heading = "Application")]
    pub wsgi_file: Option<PathBuf>,
    /// Application as a module: pkg.mod[:callable]
    #[arg(short = 'w', long, value_name = "MODULE", conflicts_with = "app", help_heading = "Application")]
    pub module: Option<String>,
    /// Name of the callable [default: application]
    #[arg(long, value_name = "NAME", help_heading = "Application")]
    pub callable: Option<String>,
    /// Worker processes [default: number of CPUs, at most 8]
    #[arg(
        short = 'p',
        long,
        visible_alias = "processes",
        value_name = "N",
        env = "CERTKIT_WORKERS",
        hide_env_values = true,
        help_heading = "Application"
    )]
    pub workers: Option<NonZeroUsize>,
    /// Threads per worker process [default: 4]
    #[arg(
        long,
        value_name = "N",
        env = "CERTKIT_THREADS",
        hide_env_values = true,
        help_heading = "Application"
    )]
    pub threads: Option<NonZeroUsize>,
    /// Python interpreter [default: from --virtualenv, then $VIRTUAL_ENV, then python3]
    #[arg(
        long,
        value_name = "PROGRAM",
        env = "CERTKIT_PYTHON",
        hide_env_values = true,
        help_heading = "Application"
    )]
    pub python: Option<PathBuf>,
    /// Virtual environment to run in
    #[arg(short = 'H', long, visible_aliases = ["home", "venv"], value_name = "FOLDER", help_heading = "Application")]
    pub virtualenv: Option<PathBuf>,
    /// Folder to run in; a file APP is relative to it
    #[arg(long, value_name = "FOLDER", help_heading = "Application")]
    pub chdir: Option<PathBuf>,
    /// Folder to import modules from, before all others (repeatable)
    #[arg(long, visible_aliases = ["pp", "python-path"], value_name = "FOLDER", help_heading = "Application")]
    pub pythonpath: Vec<PathBuf>,
    /// Environment variable for the application (repeatable)
    #[arg(long, value_name = "NAME=VALUE", help_heading = "Application")]
    pub env: Vec<Variable>,
    /// SCRIPT_NAME: the URL prefix of the application
    #[arg(long, value_name = "PREFIX", help_heading = "Application")]
    pub script_name: Option<String>,
    /// Behind a front server: remove SCRIPT_NAME from PATH_INFO
    #[arg(long, help_heading = "Application")]
    pub manage_script_name: bool,
    /// Serve the files of a folder below a path (repeatable)
    #[arg(long = "static", value_name = "/PATH=FOLDER", help_heading = "Application")]
    pub folders: Vec<Mount>,

    /// Largest request body; larger ones get status 413 [default: 1g]
    #[arg(long, value_name = "SIZE", help_heading = "Limits")]
    pub limit_post: Option<Size>,
    /// Buffer this much of a request body before the application is called [default: 64k]
    #[arg(long, value_name = "SIZE", help_heading = "Limits")]
    pub post_buffering: Option<Size>,
    /// Time to receive the request line and headers [default: 10]
    #[arg(long, value_name = "SECONDS", help_heading = "Limits")]
    pub header_timeout: Option<Span>,
    /// Longest pause within a request body [default: 10]
    #[arg(long, value_name = "SECONDS", help_heading = "Limits")]
    pub body_timeout: Option<Span>,
    /// Close idle connections after SECONDS [default: 60]
    #[arg(long, value_name = "SECONDS", help_heading = "Limits")]
    pub keepalive: Option<Span>,
    /// Time for running requests to finish when the server stops [default: 30]
    #[arg(long, value_name = "SECONDS", help_heading = "Limits")]
    pub graceful_timeout: Option<Span>,

    /// Write the access log to a file, to standard error (-), or nowhere (off) [default: -; off
    /// with --quiet]
    #[arg(
        long,
        value_name = "FILE|off",
        env = "CERTKIT_ACCESS_LOG",
        hide_env_values = true,
        help_heading = "Logs"
    )]
    pub access_log: Option<AccessLogTarget>,
}

/// A value of `--listen`: an address, or, as in uWSGI, the length of the accept queue.
#[derive(Clone, Debug)]
pub enum Listen {
    Address(ListenAddress),
    /// Digits only: the backlog.
    Backlog(u32),
}

impl std::str::FromStr for Listen {
    type Err = crate::serve::address::AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(number) => Ok(Self::Backlog(number)),
            Err(_) => text.parse().map(Self::Address),
        }
    }
}

const AFTER_HELP: &str = "\
The same settings can be in ./certkit.toml or $XDG_CONFIG_HOME/certkit/config.toml:
  [serve]
  app = \"app.py\"
  listen = [\"https:*:443\"]

Signals: TERM and INT stop the server after running requests have finished, QUIT (or a second INT) stops it at \
once. HUP reloads the certificates; with --acme it also checks for renewal and retries what has failed.

EXAMPLES
  certkit serve app.py                                     https://localhost:8443/ with a certificate made for it
  certkit serve --cert chain.pem --key server.key app.py   with your certificate
  certkit serve --listen https:*:443 --redirect-http *:80 mysite.wsgi
  certkit serve --listen https:*:443 --redirect-http *:80 \\
      --acme www.example.com --agree-tos app.py            with a certificate from Let's Encrypt
  certkit serve --listen uwsgi+unix:/run/app.sock app.py   behind nginx's uwsgi_pass

EXIT STATUS
  0  stopped by a signal
  1  the application does not load, or the certificates cannot be used
  2  wrong usage, or the server could not start: port in use, file or interpreter missing";
