//! Words that certkit is going to do: until then the server starts without those that only make it comfortable.

use crate::config::option_word::{OptionWord, Support};

const fn not_yet(words: &'static str) -> OptionWord {
    OptionWord { words, support: Support::NotYet }
}

const fn refused(words: &'static str) -> OptionWord {
    OptionWord { words, support: Support::NotYetRefused }
}

pub(super) const NOT_YET: &[OptionWord] = &[
    // Users and limits.
    not_yet("max-fd"),
    // The life of workers.
    refused("harakiri-graceful-timeout harakiri-no-arh! no-harakiri-arh! no-harakiri-after-req-hook!"),
    not_yet("harakiri-graceful-signal harakiri-queue-threshold"),
    refused("max-worker-lifetime-delta"),
    refused("reload-on-as evil-reload-on-as"),
    not_yet("exit-on-reload! reload-on-exception! worker-exec optimize"),
    not_yet("touch-logrotate"),
    not_yet("py-auto-reload-ignore"),
    not_yet("cheaper-rss-limit-soft cheaper-rss-limit-hard"),
    not_yet("idle cheap! die-on-idle! flock flock2 flock-wait flock-wait2"),
    refused("gevent-early-monkey-patch! gevent-wait-for-hub!"),
    not_yet("emperor-stats emperor-stats-server"),
    // The process.
    not_yet("logger log-reopen! log-truncate! log-syslog? log-socket"),
    not_yet("log-4xx! log-5xx! log-slow log-format-strftime! logformat-strftime!"),
    not_yet("log-x-forwarded-for! log-ioerror log-sendfile logfile-chown! logfile-chmod"),
    not_yet("envdir unenv"),
    // Requests.
    refused("http-to"),
    // Sockets.
    refused("sni ssl-verify-depth? enable-proxy-protocol! http-enable-proxy-protocol?"),
    not_yet(
        "reuse-port! tcp-nodelay! so-keepalive! freebind! tcp-fast-open tcp-fastopen tcp-fast-open-client!",
    ),
    not_yet("tcp-fastopen-client! socket-sndbuf socket-rcvbuf"),
    not_yet("so-send-timeout! so-write-timeout! socket-send-timeout! socket-write-timeout!"),
];
