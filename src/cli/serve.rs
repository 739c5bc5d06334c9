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
/// Runs WSGI applications (Flask, Django, Bottle and all others) in worker processes of your own Python. Without a
/// certificate it makes one for localhost. Without APP it takes what is here: certkit.toml, uwsgi.ini, manage.py,
/// wsgi.py, app.py, index.py or main.py, or the folder static or public.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
#[allow(rustdoc::broken_intra_doc_links, reason = "help for a terminal: brackets are no links")]
pub struct ServeArgs {
    /// The application: path.py[:callable] or pkg.mod[:callable], or a uWSGI file.ini
    #[arg(value_name = "APP")]
    pub app: Option<String>,
    /// Where to listen: [https|http|uwsgi[+unix]:]ADDRESS; may be repeated [default: https:127.0.0.1:8443]
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "CERTKIT_LISTEN",
        hide_env_values = true,
        value_delimiter = ' ',
        help_heading = "Listening"
    )]
    pub listen: Vec<Listen>,
    /// Send plain-HTTP clients of this address on to https
    #[arg(long, value_name = "ADDRESS", help_heading = "Listening")]
    pub redirect_http: Option<Endpoint>,
    /// Permission bits of unix sockets [default: 660]
    #[arg(long, value_name = "MODE", help_heading = "Listening")]
    pub socket_mode: Option<Mode>,
    /// Connections that the system keeps waiting [default: 1024]
    #[arg(long, value_name = "N", help_heading = "Listening")]
    pub backlog: Option<u32>,
    /// Connections at a time; more wait [default: 10000]
    #[arg(long, value_name = "N", help_heading = "Listening")]
    pub max_connections: Option<NonZeroUsize>,

    /// The certificate chain, server certificate first; repeat it with --key for several names (SNI)
    #[arg(long, value_name = "FILE", env = "CERTKIT_CERT", hide_env_values = true, help_heading = "TLS")]
    pub cert: Vec<PathBuf>,
    /// The private key of the certificate
    #[arg(long, value_name = "FILE", env = "CERTKIT_KEY", hide_env_values = true, help_heading = "TLS")]
    pub key: Vec<PathBuf>,
    /// The lowest version of TLS: 1.2 or 1.3 [default: 1.2]
    #[arg(long, value_name = "VERSION", help_heading = "TLS")]
    pub tls_min: Option<MinVersion>,
    /// Tell browsers to insist on https for so many seconds [without a number: two years]
    #[arg(
        long,
        value_name = "AGE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = Age::TWO_YEARS,
        help_heading = "TLS"
    )]
    pub hsts: Option<Age>,
    /// Start although the certificate has expired or the chain is in wrong order (never with a wrong key)
    #[arg(long, help_heading = "TLS")]
    pub force: bool,

    /// Get a certificate for NAME from an ACME server, and renew it for good; may be repeated. Names with commas between
    /// them share a certificate
    #[arg(long, value_name = "NAME[,NAME]", conflicts_with_all = ["cert", "key"], help_heading = "ACME")]
    pub acme: Vec<String>,
    /// Directory address of the ACME server [default: Let's Encrypt]
    #[arg(long, value_name = "URL", help_heading = "ACME")]
    pub acme_server: Option<String>,
    /// Mail address that the ACME server may write to
    #[arg(long, value_name = "ADDRESS", help_heading = "ACME")]
    pub acme_email: Option<String>,
    /// Trust these CA certificates for the ACME server itself, in place of the system's
    #[arg(long, value_name = "FILE", help_heading = "ACME")]
    pub acme_ca_roots: Option<PathBuf>,
    /// Where accounts, orders and certificates are kept, as for certkit acme
    #[arg(long, value_name = "DIR", help_heading = "ACME")]
    pub acme_state: Option<PathBuf>,
    /// What clients get before the first certificate is there: one made here, which they must not trust, or a refusal
    /// [default: local]
    #[arg(long, value_name = "local|refuse", help_heading = "ACME")]
    pub acme_missing: Option<AcmeMissing>,
    /// Agree to the ACME server's terms of service, which a new account needs
    #[arg(long, env = "CERTKIT_AGREE_TOS", value_parser = FalseyValueParser::new(), hide_env_values = true, help_heading = "ACME")]
    pub agree_tos: bool,

    /// The application as a file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["app", "module"], help_heading = "Application")]
    pub wsgi_file: Option<PathBuf>,
    /// The application as a module: pkg.mod[:callable]
    #[arg(short = 'w', long, value_name = "MODULE", conflicts_with = "app", help_heading = "Application")]
    pub module: Option<String>,
    /// The name of the callable [default: application]
    #[arg(long, value_name = "NAME", help_heading = "Application")]
    pub callable: Option<String>,
    /// Worker processes [default: as many as CPUs, at most 8]
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
    /// Threads in each of them [default: 4]
    #[arg(
        long,
        value_name = "N",
        env = "CERTKIT_THREADS",
        hide_env_values = true,
        help_heading = "Application"
    )]
    pub threads: Option<NonZeroUsize>,
    /// The interpreter [default: that of the virtual environment, $VIRTUAL_ENV's, else python3]
    #[arg(
        long,
        value_name = "PROGRAM",
        env = "CERTKIT_PYTHON",
        hide_env_values = true,
        help_heading = "Application"
    )]
    pub python: Option<PathBuf>,
    /// A virtual environment
    #[arg(short = 'H', long, visible_aliases = ["home", "venv"], value_name = "FOLDER", help_heading = "Application")]
    pub virtualenv: Option<PathBuf>,
    /// The folder to run in; an APP that is a file is looked for there
    #[arg(long, value_name = "FOLDER", help_heading = "Application")]
    pub chdir: Option<PathBuf>,
    /// A folder to import from, before all others; may be repeated
    #[arg(long, visible_aliases = ["pp", "python-path"], value_name = "FOLDER", help_heading = "Application")]
    pub pythonpath: Vec<PathBuf>,
    /// An environment variable for the application; may be repeated
    #[arg(long, value_name = "NAME=VALUE", help_heading = "Application")]
    pub env: Vec<Variable>,
    /// SCRIPT_NAME: the prefix below which the application is seen
    #[arg(long, value_name = "PREFIX", help_heading = "Application")]
    pub script_name: Option<String>,
    /// Behind a front server: take SCRIPT_NAME off PATH_INFO
    #[arg(long, help_heading = "Application")]
    pub manage_script_name: bool,
    /// A folder of files below a path; may be repeated
    #[arg(long = "static", value_name = "/PATH=FOLDER", help_heading = "Application")]
    pub folders: Vec<Mount>,

    /// Largest request body; more is answered 413 [default: 1g]
    #[arg(long, value_name = "SIZE", help_heading = "Limits")]
    pub limit_post: Option<Size>,
    /// Bytes of a body that are collected before the application is called [default: 64k]
    #[arg(long, value_name = "SIZE", help_heading = "Limits")]
    pub post_buffering: Option<Size>,
    /// Seconds for the head of a request [default: 10]
    #[arg(long, value_name = "SECONDS", help_heading = "Limits")]
    pub header_timeout: Option<Span>,
    /// Seconds between two pieces of a request body [default: 10]
    #[arg(long, value_name = "SECONDS", help_heading = "Limits")]
    pub body_timeout: Option<Span>,
    /// Seconds that an idle connection is kept [default: 60]
    #[arg(long, value_name = "SECONDS", help_heading = "Limits")]
    pub keepalive: Option<Span>,
    /// Seconds that running requests get when the server stops [default: 30]
    #[arg(long, value_name = "SECONDS", help_heading = "Limits")]
    pub graceful_timeout: Option<Span>,

    /// Where requests are logged: a file, - for standard error, or off [default: -, with --quiet off]
    #[arg(
        long,
        value_name = "FILE|off",
        env = "CERTKIT_ACCESS_LOG",
        hide_env_values = true,
        help_heading = "Logs"
    )]
    pub access_log: Option<AccessLogTarget>,
}

/// What `--listen` takes: an address, or, as uWSGI's option of that name, the length of the waiting queue.
#[derive(Clone, Debug)]
pub enum Listen {
    /// Where to listen.
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
Settings may also stand in ./certkit.toml or $XDG_CONFIG_HOME/certkit/config.toml, under the same names:
  [serve]
  app = \"app.py\"
  listen = [\"https:*:443\"]

Signals: TERM and INT stop and let running requests finish, QUIT (or a second INT) stops at once, HUP reads the
certificates again, and with --acme asks when to renew and tries again what has failed.

EXAMPLES
  certkit serve app.py                                     https://localhost:8443/ with a certificate of its own
  certkit serve --cert chain.pem --key server.key app.py   with yours
  certkit serve --listen https:*:443 --redirect-http *:80 mysite.wsgi
  certkit serve --listen https:*:443 --redirect-http *:80 --acme www.example.com --agree-tos app.py
                                                           with one from Let's Encrypt, renewed for good
  certkit serve --listen uwsgi+unix:/run/app.sock app.py   behind nginx's uwsgi_pass

EXIT STATUS
  0  stopped as it was told to
  1  the application or the certificates are wrong in a way the report explains
  2  wrong usage, or the server could not start: a taken port, a missing file or interpreter";
