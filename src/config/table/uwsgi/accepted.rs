//! Words that ask for what certkit always does, or for what it has no need of.

use crate::config::option_word::{OptionWord, Support};

const fn accepted(words: &'static str, why: &'static str) -> OptionWord {
    OptionWord { words, support: Support::Accepted(why) }
}

pub(super) const ACCEPTED: &[OptionWord] = &[
    accepted(
        "cheaper-algo cheaper-busyness-backlog-alert cheaper-busyness-backlog-multiplier \
         cheaper-busyness-backlog-nonzero cheaper-busyness-backlog-step cheaper-busyness-max cheaper-busyness-min \
         cheaper-busyness-multiplier cheaper-busyness-penalty cheaper-busyness-verbose! cheaper-idle cheaper-overload",
        "one rule starts and ends workers between `cheaper` and `processes`",
    ),
    accepted("drop-after-init! drop-after-apps!", "rights are given up before the application is loaded"),
    accepted("harakiri-verbose!", "the stacks of a worker that is ended are always logged"),
    accepted(
        "master! no-orphans! log-master! threaded-logger!",
        "the server always watches over its workers",
    ),
    accepted(
        "stats-no-metrics! memory-report2",
        "the JSON of `stats` has memory always, and no metrics beside",
    ),
    accepted("enable-threads! no-threads-wait!", "threads always run"),
    accepted("die-on-term!", "TERM always stops; HUP reloads"),
    accepted(
        "harakiri-no-arh! no-harakiri-arh! no-harakiri-after-req-hook! gevent-wait-for-hub!",
        "a worker has nothing but requests that could take long",
    ),
    accepted(
        "tcp-nodelay! tcp-fast-open-client! tcp-fastopen-client! so-send-timeout! so-write-timeout! \
         socket-send-timeout! socket-write-timeout!",
        "responses are sent without delay, and clients that read too slowly are disconnected",
    ),
    accepted("vacuum!", "sockets are removed at the end"),
    accepted(
        "single-interpreter! lazy! lazy-apps! need-app? no-site!",
        "each worker loads its one application itself, and a start without it fails",
    ),
    accepted(
        "thunder-lock! lock-engine ftok use-abort! persistent-ipcsem!",
        "workers take requests from one queue: there is nothing to lock",
    ),
    accepted(
        "auto-procname! procname procname-prefix procname-prefix-spaced procname-append procname-master \
         memory-report! mem-collector-freq cpu-affinity prio check-interval",
        "names, priorities and measurements of processes are left to the system",
    ),
    accepted(
        "locks sharedarea signal-bufsize signals-bufsize queue queue-blocksize",
        "nothing has to be reserved",
    ),
    accepted("vhost! vhost-host!", "no application is chosen by host"),
    accepted(
        "plugins-dir plugin-dir autoload! pcre-jit! allowed-modifiers max-apps max-vars",
        "certkit has no plugins and no fixed tables",
    ),
    accepted(
        "http-processes http-workers http-events http-cheap! http-buffer-size http-gracetime http-quiet \
         http-websockets! http-raw-body! http-chunked-input! http-auto-chunked! http-manage-expect? \
         http-manage-source! http-var http-connect-timeout http-headers-timeout http-modifier1 http-modifier2 \
         http-socket-modifier1 http-socket-modifier2 https-socket-modifier1 https-socket-modifier2 \
         fastcgi-modifier1 fastcgi-modifier2 scgi-modifier1 scgi-modifier2 chunked-input-limit \
         chunked-input-timeout force-gateway! no-fd-passing! no-defer-accept!",
        "there is no router between clients and workers",
    ),
    accepted(
        "offload-threads offload-thread file-serve-mode fileserve-mode disable-sendfile! static-cache-paths \
         static-cache-paths-name",
        "files never hold a worker",
    ),
    accepted(
        "ignore-sigpipe! ignore-write-errors! disable-write-exception! write-errors-tolerance \
         write-errors-exception-only! wsgi-accept-buffer! wsgi-accept-buffers! start_response-nodelay! \
         skip-atexit! skip-atexit-teardown! skip-zero! close-on-exec! close-on-exec2! honour-stdin!",
        "a client that goes away is not an error",
    ),
    accepted(
        "https-session-context ssl-sessions-use-cache? ssl-session-use-cache? ssl-sessions-timeout \
         ssl-session-timeout ssl-verbose! ssl-tmp-dir ssl-option!",
        "sessions are resumed with tickets",
    ),
    accepted("backtrace-depth log-micros! log-prefix?", "the log has all of it"),
    accepted("log-format-strftime! logformat-strftime!", "`%(ftime)` is written as `log-date` says"),
    accepted(
        "log-x-forwarded-for!",
        "the log has the client that a front server names, where `--trust-proxy` says that it is believed",
    ),
    accepted("log-ioerror log-sendfile", "uWSGI does nothing for it either"),
    accepted("py-call-uwsgi-fork-hooks! py-call-osafterfork!", "workers are not forked from Python"),
    accepted("honour-range!", "ranges of files are always honoured"),
    accepted("post-buffering-bufsize", "bodies are read in pieces of up to 64 KiB"),
    accepted("body-read-warning", "a body that is larger than `limit-post` is refused"),
    accepted("response-headers-limit", "the head of a response may have up to 1 MiB"),
    accepted("wsgi-env-behavior wsgi-env-behaviour", "each request has a dictionary of its own"),
    accepted("wsgi-strict!", "PEP 3333 is always followed"),
    accepted(
        "wsgi-disable-file-wrapper!",
        "the wrapper reads a file from where it is, as an application's own loop does",
    ),
    accepted(
        "thread-stacksize threads-stacksize thread-stack-size threads-stack-size",
        "Python's default is kept",
    ),
];
