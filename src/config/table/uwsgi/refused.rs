//! Words for what certkit does not do, with what to use instead.

use crate::config::option_word::{OptionWord, Support};

const fn refused(words: &'static str, way_out: &'static str) -> OptionWord {
    OptionWord { words, support: Support::Refused(way_out) }
}

const fn protects(words: &'static str, way_out: &'static str) -> OptionWord {
    OptionWord { words, support: Support::Protects(way_out) }
}

const SYSTEMD: &str = "set it in the systemd unit or in the container";
const QUEUE: &str = "use a task queue, for example Celery, RQ or Huey";

pub(super) const REFUSED: &[OptionWord] = &[
    protects(
        "limit-nproc cap unshare unshare2 setns setns-preopen! setns-skip setns-socket setns-socket-skip pivot-root \
         pivot_root cgroup cgroup-opt cgroup-dir-mode namespace namespace-keep-mount namespace-net ns ns-net \
         never-swap! jail jail2 jail-attach jail-ip4 jail-ip6 jailed! jid-file jidfile \
         libjail master-as-root! forkbomb-delay ksm? re-fork! refork! re-fork-as-root! refork-as-root! \
         re-fork-post-jail! refork-post-jail! reaper! privileged-binary-patch privileged-binary-patch-arg \
         unprivileged-binary-patch unprivileged-binary-patch-arg vassal-cap vassals-cap emperor-cap",
        SYSTEMD,
    ),
    protects(
        "blacklist end-blacklist! whitelist end-whitelist!",
        "remove it, and check the included files by hand",
    ),
    protects("ssl-enable-sslv3! ssl-enable3! ssl-enable-tlsv1!", "remove it; TLS 1.2 is the lowest version"),
    protects(
        "sni-dir sni-dir-ciphers sni-regexp",
        "name each certificate with `--cert` and `--key`; the name asked for chooses",
    ),
    protects("https-export-cert!", "remove it; the application is not given the certificate of the client"),
    protects("umount-asap umount-pre-jail umount-post-jail umount-in-jail umount-as-root", SYSTEMD),
    protects(
        "final-route final-route-host final-route-if final-route-if-not final-route-label final-route-qs \
         final-route-run final-route-status final-route-uri final-route-referer final-route-remote-addr \
         final-route-remote-user final-route-user-agent",
        "use `response-route`, whose rules run when the head of the response is there",
    ),
    protects(
        "check-static-docroot!",
        "name the folder with `check-static`; front servers do not decide which files are served",
    ),
    protects(
        "error-route error-route-host error-route-if error-route-if-not error-route-label error-route-qs \
         error-route-referer error-route-remote-addr error-route-remote-user error-route-run error-route-status \
         error-route-uri error-route-user-agent log-req-route",
        "put the rule into the front server, or into the application",
    ),
    refused(
        "cron cron2 cron-harakiri unique-cron legion-cron cron-legion unique-legion-cron unique-cron-legion timer \
         rbtimer signal-timer signal-rbtimer",
        "use cron or a systemd timer",
    ),
    refused("http-to", "forward requests with `--upstream /=uwsgi://ADDRESS`"),
    refused("mule? mules mule-harakiri mule-msg-size? mule-reload-mercy farm touch-mules-reload", QUEUE),
    refused(
        "spooler spooler-chdir spooler-external spooler-freq spooler-frequency spooler-harakiri spooler-import \
         spooler-max-tasks spooler-ordered! spooler-processes spooler-py-import spooler-pyimport \
         spooler-python-import spooler-quiet! touch-spoolers-reload",
        QUEUE,
    ),
    refused(
        "legion legion-attach-daemon legion-death legion-death-on-lord-error legion-freq legion-join legion-lord \
         legion-mcast legion-node legion-node-joined legion-node-left legion-quorum legion-scroll \
         legion-scroll-list-max-size legion-scroll-max-size legion-setup legion-skew-tolerance \
         legion-smart-attach-daemon legion-smart-attach-daemon2 legion-tolerance legion-unlord",
        "choose the active machine with keepalived or the orchestrator",
    ),
    refused(
        "fastrouter fastrouter-buffer-size fastrouter-cheap! fastrouter-events fastrouter-fallback \
         fastrouter-fallback-on-no-key! fastrouter-gid fastrouter-gracetime fastrouter-harakiri \
         fastrouter-post-buffering fastrouter-post-buffering-dir fastrouter-processes fastrouter-quiet \
         fastrouter-resubscribe fastrouter-resubscribe-bind fastrouter-ss fastrouter-stats fastrouter-stats-server \
         fastrouter-subscription-fallback-key fastrouter-subscription-server fastrouter-subscription-slot \
         fastrouter-timeout fastrouter-to fastrouter-uid fastrouter-use-base fastrouter-use-cache? \
         fastrouter-use-code-string fastrouter-use-pattern fastrouter-use-socket? fastrouter-workers fastrouter-zerg \
         rawrouter rawrouter-buffer-size rawrouter-cheap! rawrouter-events rawrouter-fallback rawrouter-gracetime \
         rawrouter-harakiri rawrouter-max-retries rawrouter-processes rawrouter-quiet rawrouter-ss rawrouter-stats \
         rawrouter-stats-server rawrouter-subscription-server rawrouter-subscription-slot rawrouter-timeout \
         rawrouter-to rawrouter-use-base rawrouter-use-cache? rawrouter-use-code-string rawrouter-use-pattern \
         rawrouter-use-socket? rawrouter-workers rawrouter-xclient! rawrouter-zerg sslrouter sslrouter2 \
         sslrouter-buffer-size sslrouter-cheap! sslrouter-events sslrouter-fallback sslrouter-gracetime \
         sslrouter-harakiri sslrouter-max-retries sslrouter-processes sslrouter-quiet sslrouter-session-context \
         sslrouter-sni! sslrouter-ss sslrouter-stats sslrouter-stats-server sslrouter-subscription-server \
         sslrouter-timeout sslrouter-to sslrouter-use-base sslrouter-use-cache? sslrouter-use-code-string \
         sslrouter-use-pattern sslrouter-use-socket? sslrouter-workers sslrouter-zerg httprouter http-fallback \
         http-use-base http-use-cache? http-use-code-string http-use-pattern http-use-socket? http-zerg \
         http-stud-prefix http-manage-rtsp! http-server-name-as-http-host http-ss http-stats http-stats-server \
         http-harakiri http-uid http-gid",
        "use nginx, haproxy or Caddy as the router",
    ),
    refused(
        "subscribe subscribe2 subscribe-to subscribe-freq subscribe-with-modifier1 start-unsubscribed! \
         subscription-algo subscription-dotsplit! subscription-notify-socket subscription-tolerance \
         subscriptions-credentials-check subscriptions-sign-check subscriptions-sign-check-tolerance \
         subscriptions-sign-skip-uid subscriptions-use-credentials! unsubscribe-on-graceful-reload! \
         http-subscription-server http-subscription-fallback-key http-resubscribe auto-weight weight",
        "name the servers in the front server's configuration",
    ),
    protects("zerg zerg-fallback! zerg-server zergpool zerg-pool", "reload with HUP, which loses no request"),
    refused(
        "vassal-sos vassal-sos-backlog vassals-include-before \
         vassals-inherit-before vassals-start-hook vassals-stop-hook early-emperor! emperor-broodlord \
         emperor-curse-tolerance emperor-extra-ext emperor-extra-extension emperor-graceful-shutdown! \
         emperor-magic-exec! emperor-no-blacklist! emperor-on-demand-dir \
         emperor-on-demand-directory emperor-on-demand-exec emperor-on-demand-ext emperor-on-demand-extension \
         emperor-pidfile emperor-procname emperor-proxy-socket emperor-required-heartbeat \
         emperor-use-clone emperor-wrapper emperor-wrapper-fallback emperor-wrapper-override heartbeat \
         call-as-emperor call-as-emperor1 call-as-emperor2 call-as-emperor4 call-as-vassal call-as-vassal1 \
         call-as-vassal3 exec-as-emperor exec-as-vassal hook-as-emperor hook-as-vassal hook-emperor-lost \
         hook-emperor-reload hook-emperor-start hook-emperor-stop mount-as-emperor mount-as-vassal \
         umount-as-emperor umount-as-vassal imperial-monitor-list! imperial-monitors-list!",
        "start one service per site, for example from a systemd template unit",
    ),
    refused(
        "hook-accepting hook-accepting-once hook-accepting1 hook-accepting1-once hook-as-gateway hook-as-mule \
         hook-touch touch-exec touch-signal after-request-hook after-request-call call-as-root call-as-user \
         call-as-user-atexit call-asap call-in-jail call-post-app call-post-jail call-pre-app call-pre-jail \
         mount-asap mount-pre-jail mount-post-jail mount-in-jail mount-as-root worker-exec2 file-write \
         wait-for-dir wait-for-file wait-for-fs wait-for-fs-timeout wait-for-iface wait-for-iface-timeout \
         wait-for-interface wait-for-interface-timeout wait-for-mountpoint wait-for-socket wait-for-socket-timeout \
         wait-iface wait-iface-timeout wait-interface wait-interface-timeout mountpoint-check check-mount \
         check-mountpoint mount-check",
        "run it before the server, in the unit (`ExecStartPre=`) or in a script",
    ),
    refused(
        "import shared-import shared-py-import shared-pyimport shared-python-import pyimport py-import python-import \
         eval pyrun pyshell? pyshell-oneshot? pymodule-alias post-pymodule-alias py-sharedarea python-raw \
         python-worker-override py-tracebacker profiler exception-handler reload-on-exception-type \
         reload-on-exception-value reload-on-exception-repr symcall symcall-post-fork symcall-register-rpc \
         symcall-use-next! dlopen binsh test",
        "import it in the application's module",
    ),
    refused("worker-exec", "run other programs beside the server with `attach-daemon`"),
    refused(
        "ini-paste ini-paste-logged paste paste-logger! pecan web3 pump wsgi-lite",
        "name a WSGI callable with `module` or `wsgi-file`",
    ),
    refused(
        "pyargv py py-programname py-program-name py-executable py-sys-executable python",
        "use `--python`",
    ),
    refused(
        "async ugreen! ugreen-stacksize greenlet! asyncio loop loop-list! loops-list! tornado tornado3",
        "use `threads`, or a server for ASGI",
    ),
    refused(
        "cache cache2 cache-blocksize cache-expire-freq cache-no-expire! cache-report-freed-items! cache-store \
         cache-store-sync cache-sync cache-udp-node cache-udp-server cache-use-last-modified! check-cache? \
         add-cache-item load-file-in-cache load-file-in-cache-gzip queue-store queue-store-sync",
        "use Redis or memcached",
    ),
    refused(
        "alarm alarm-backlog alarm-cheap alarm-fd alarm-freq alarm-list! alarm-listen-queue alarm-log alarm-lq \
         alarm-metric alarm-msg-size alarm-segfault alarms-list! backlog-alarm listen-queue-alarm lq-alarm log-alarm \
         not-alarm-log not-log-alarm segfault-alarm metric metric-alarm metric-dir metric-dir-restore! \
         metric-threshold metrics-dir metrics-dir-restore! metrics-no-cores! enable-metrics! carbon carbon-freq \
         carbon-hostname-dots carbon-id carbon-idle-avg carbon-max-retry carbon-name-resolve! carbon-no-workers! \
         carbon-resolve-names! carbon-retry-delay carbon-root carbon-timeout carbon-use-metrics! snmp? \
         snmp-community rrdtool rrdtool-freq rrdtool-lib stats-push stats-pusher-default-freq \
         stats-pushers-default-freq nagios! ping ping-timeout",
        "let Prometheus or the log watcher do it",
    ),
    refused(
        "log-encoder log-req-encoder log-filter log-drain log-route log-master-bufsize log-master-stream! \
         log-master-req-stream! logger-list! loggers-list! rsyslog-packet-size rsyslog-split-messages!",
        "let the log collector do it",
    ),
    protects(
        "raw-socket raw-modifier1 raw-modifier2 puwsgi-socket udp multicast multicast-loop multicast-ttl \
         upload-progress map-socket notify-socket abstract-socket! remap-modifier",
        "use a socket that speaks http, uwsgi, fastcgi or scgi",
    ),
    refused(
        "psgi psgi-enable-psgix-io! perl-args perl-arg perl-exec perl-exec-post-fork perl-auto-reload perl-local-lib \
         rack rails ruby-gc-freq rb-gc-freq rb-lib ruby-lib rb-require ruby-require rbrequire rubyrequire rbshell? \
         rbthreads! rb-threads! rbthreads-use-native! rvm-path gem gemset rvm php-ini php-config php-ini-append \
         php-config-append php-set php-index php-docroot php-allowed-docroot php-allowed-ext php-allowed-script \
         php-server-software php-app php-app-qs php-app-bypass php-var php-dump-config! php-exec-before php-exec-begin \
         php-exec-after php-exec-end php-sapi-name php-fallback php-fallback2 php-fallback-qs pypy-lib pypy-setup \
         pypy-home pypy-wsgi pypy-wsgi-file pypy-ini-paste pypy-paste pypy-eval pypy-eval-post-fork pypy-exec \
         pypy-exec-post-fork pypy-pp pypy-python-path pypy-pythonpath cgi cgi-map-helper cgi-helper cgi-from-docroot! \
         cgi-buffer-size cgi-timeout cgi-index cgi-allowed-ext cgi-unset cgi-loadlib cgi-optimize! cgi-path-info! \
         cgi-do-not-kill-on-error! cgi-async-max-attempts cgi-close-stdin-on-eof! cgi-safe lua lua-load lua-shell! \
         luashell! lua-gc-freq jvm-main-class jvm-opt jvm-class jvm-classpath jwsgi ring-load clojure-load ring-app \
         servlet-directory v8-load v8-preemptive v8-gc-freq v8-module-path v8-jsgi mono-app mono-gc-freq mono-key \
         mono-version mono-config mono-assembly mono-exec mono-index go-module go-module2 gccgo gccgo-load go-args \
         gccgo-args",
        "it serves Python applications only",
    ),
    refused(
        "http-auto-gzip!",
        "`--gzip` and `--zstd` compress all text, without a header field that asks for it",
    ),
    refused("error-page-403 error-page-404 error-page-500", "make the page in the front server"),
    refused(
        "websocket-max-size websocket-ping-freq websocket-pong-tolerance websockets-max-size websockets-ping-freq \
         websockets-pong-tolerance rpc-max",
        "the Python module `uwsgi` has no WebSockets and no RPC here",
    ),
    refused(
        "resolve inject-before inject-after extract binary-append-data envdir2 early-envdir fallback-config mode \
         command-mode! force-cwd reload-os-env!",
        "write the value into the file",
    ),
    refused(
        "stop reload pause suspend resume connect-and-read signal fs-brutal-reload fs-signal brutal-reload-on-fd \
         reload-on-fd safe-fd fd-safe propagate-touch! shutdown-sockets!",
        "send the signal with `kill` or `systemctl`",
    ),
    refused(
        "get usage! print-sym print-symbol dump-options! cflags! dot-h! config-py! build-plugin plugin-list! \
         plugins-list! router-list! routers-list! cheaper-algo-list! cheaper-algos-list! cheaper-list! clock \
         clock-list! clocks-list! python-version! cgi-mode! binary-path",
        "it belongs to uWSGI's own program; see `certkit serve --help`",
    ),
];
