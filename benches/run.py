"""Speed and memory of certkit beside its peers, in one run, so that the ratios hold on any machine.

    make bench                    all of it, in about ten minutes
    python3 benches/run.py serve  one part: commands, check, batch, merge, limbo, serve, bodies, acme

The part `limbo` wants the file of x509-limbo (JSON, also gzipped) in CERTKIT_LIMBO; it is no part of this repository.

A peer that is not installed is left out, aloud. Everything listens on 127.0.0.1, and every process started here is
ended by its id. A figure beyond its target is marked and does not fail the run: machines differ.
"""
import base64
import gzip
import json
import os
import random
import re
import shutil
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
CERTKIT = os.environ.get("CERTKIT_BIN") or str(HERE.parent / "target/release/certkit")
PYTHON = Path(sys.executable)
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "7"))
SECONDS = 2
UWSGI_PLUGINS = Path("/usr/lib/uwsgi/plugins/python3_plugin.so")
GIB = 1024**3


def main():
    parts = {part.__name__: part for part in (commands, check, batch, merge, limbo, serve, bodies, acme)}
    chosen = sys.argv[1:] or list(parts)
    os.environ["PATH"] += ":/usr/sbin:/sbin:" + str(PYTHON.parent)
    with tempfile.TemporaryDirectory(prefix="certkit-bench-") as folder:
        os.chdir(folder)
        run([CERTKIT, "mkca"])
        run([CERTKIT, "mkcert", "localhost", "127.0.0.1"])
        print("%s, %d cores, Python %s" % (run([CERTKIT, "--version"]), os.cpu_count(), sys.version.split()[0]))
        for name in chosen:
            parts[name]()


# --- whole commands ---------------------------------------------------------------------------------------------


def commands():
    """Wall time of whole processes, from start to end."""
    openssl = (
        "openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out o.key && "
        "openssl req -new -key o.key -subj /CN=a.example -addext subjectAltName=DNS:a.example -out o.csr && "
        "openssl x509 -req -in o.csr -CA ca.crt -CAkey ca.key -days 397 -copy_extensions copy -out o.crt"
    ).replace("-quiet ", "")
    environment = dict(os.environ, CAROOT=os.getcwd() + "/mkcert")
    os.mkdir("mkcert")
    table = [
        ("--help", 3.0, [("certkit --help", [CERTKIT, "--help"]), ("openssl help", ["openssl", "help"])]),
        (
            "a certificate from an existing CA",
            6.0,
            [
                ("certkit mkcert", [CERTKIT, "mkcert", "a.example", "-o", "c", "-q"]),
                ("openssl genpkey, req, x509", ["sh", "-c", openssl]),
                ("mkcert", ["mkcert", "-cert-file", "m.crt", "-key-file", "m.key", "a.example"]),
            ],
        ),
    ]
    pair = "{0} mkca -q -o c.new && cd c.new && {0} mkcert a.example -q && cd .. && rm -r c.new".format(CERTKIT)
    table.append(("a new CA and its first certificate, with a shell around", 10.0, [("certkit mkca, mkcert", ["sh", "-c", pair])]))
    compare(table, environment)
    bulk(20_000)


def bulk(count):
    """Certificates in bulk into a file system in memory: each read back, its key beside it, all in the ledger."""
    memory = Path("/dev/shm")
    if not memory.is_dir():
        print("no /dev/shm: certificates in bulk left out")
        return
    with tempfile.TemporaryDirectory(prefix="certkit-bench-", dir=memory) as folder:
        Path(folder, "names").write_text("".join("h%d.example\n" % number for number in range(count)))
        run([CERTKIT, "mkca", "-q", "-o", folder])
        words = [CERTKIT, "mkcert", "-q", "--from", folder + "/names", "-o", folder + "/out"]
        words += ["--ca", folder + "/ca.crt", "--ca-key", folder + "/ca.key"]
        before = os.times()
        run(words)
        after = os.times()
        # Processor time of all cores: what one core does in a second.
        seconds = after.children_user + after.children_system - before.children_user - before.children_system
        print("\n%d certificates in bulk: %.0f each second and core (target 5000)" % (count, count / seconds))


def compare(table, environment=os.environ):
    """Each row's commands in turn, and how their times stand to that of the first."""
    for title, target, rows in table:
        rows = [row for row in rows if there(row[1][0])]
        times = {name: [] for name, _ in rows}
        for _ in range(31):
            for name, words in rows:
                times[name].append(process_time(words, environment))
            # Nothing is overwritten: the next one needs a clear place.
            for made in Path().glob("c.*"):
                made.unlink()
        medians = {name: statistics.median(values) for name, values in times.items()}
        heading("%s, ms of the whole process (target %g)" % (title, target))
        for name, values in times.items():
            show(name, medians[name] * 1e3, min(values) * 1e3, max(values) * 1e3, medians[name] / medians[rows[0][0]])
        verdict(medians[rows[0][0]] * 1e3, target, "ms")


def process_time(words, environment, limit=None):
    """Seconds from start to end; a process that takes longer than `limit` is ended, and the limit is its time."""
    program = shutil.which(words[0])
    null = os.open(os.devnull, os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, null, number) for number in (0, 1, 2)]
    start = time.perf_counter()
    child = os.posix_spawn(program, words, environment, file_actions=actions)
    ender = threading.Timer(limit, os.kill, (child, signal.SIGKILL)) if limit else None
    if ender:
        ender.start()
    _, status = os.waitpid(child, 0)
    took = time.perf_counter() - start
    os.close(null)
    if ender:
        ender.cancel()
    if ender and took >= limit:
        return took
    if status != 0:
        sys.exit("%s ended with %d" % (" ".join(words), os.waitstatus_to_exitcode(status)))
    return took


# --- judging ----------------------------------------------------------------------------------------------------


SYSTEM_STORE = Path("/etc/ssl/certs/ca-certificates.crt")
OPENSSL_VERIFY = ["openssl", "verify", "-verify_hostname", "localhost", "server.crt"]
CERTKIT_CHECK = [CERTKIT, "check", "server.crt", "--host", "localhost"]


def check():
    """One chain judged, by the roots of a file and by those of the system."""
    certtool = ["certtool", "--verify", "--verify-hostname=localhost", "--infile=server.crt", "--load-ca-certificate"]
    rows = [
        ("certkit check --roots", [*CERTKIT_CHECK, "--roots", "ca.crt"]),
        ("openssl verify", [*OPENSSL_VERIFY[:2], "-CAfile", "ca.crt", *OPENSSL_VERIFY[2:]]),
        ("certtool --verify", [*certtool, "ca.crt"]),
    ]
    compare([("a chain judged by a root in a file", 3.0, rows)])
    if not SYSTEM_STORE.exists():
        print("left out: there is no %s" % SYSTEM_STORE)
        return
    # The system's roots and ours in one file, so that all read the same and the answer is yes.
    Path("store.pem").write_bytes(SYSTEM_STORE.read_bytes() + Path("ca.crt").read_bytes())
    rows = [
        ("certkit check", CERTKIT_CHECK),
        ("openssl verify", OPENSSL_VERIFY),
        ("certtool --verify", [*certtool, "store.pem"]),
    ]
    environment = dict(os.environ, SSL_CERT_FILE="store.pem", SSL_CERT_DIR="/nonexistent")
    compare([("a chain judged by the system's store", 15.0, rows)], environment)


def batch():
    """Many chains of several CAs, under right and wrong names, in one file and in one process."""
    cases, openssl = [], []
    for number in range(20):
        run([CERTKIT, "mkca", "--intermediate", "-o", "batch%d" % number])
        ca, intermediate = ("batch%d/%s" % (number, name) for name in ("ca.crt", "intermediate.crt"))
        for leaf in range(5):
            host, made = "host%d.example" % leaf, "batch%d/%d" % (number, leaf)
            run([CERTKIT, "mkcert", host, "-o", made, "--ca", intermediate, "--ca-key", "batch%d/intermediate.key" % number])
            chain = [Path(made + ".crt").read_text(), Path(intermediate).read_text()]
            for asked in (host, "other.example"):
                cases.append({"chain_pem": chain, "roots_pem": [Path(ca).read_text()], "host": asked})
            openssl.append(["openssl", "verify", "-CAfile", ca, "-untrusted", intermediate, made + ".crt"])
    cases *= 25
    random.Random(1).shuffle(cases)
    with open("cases.jsonl", "w") as file:
        file.writelines(json.dumps(dict(case, id=number)) + "\n" for number, case in enumerate(cases))
    rates, costs, memory = [], [], 0
    for _ in range(ROUNDS):
        took, cpu, peak, answers = measured([CERTKIT, "check", "--batch", "cases.jsonl"], 1)
        rates.append(len(cases) / took)
        costs.append(cpu / len(cases) * 1e6)
        memory = max(memory, peak)
        valid = [json.loads(line)["valid"] for line in answers.splitlines()]
        if len(valid) != len(cases) or sum(valid) * 2 != len(cases):
            sys.exit("%d answers, %d of them yes, to %d cases" % (len(valid), sum(valid), len(cases)))
    heading("%d cases in one file, cases/s on %d cores (target 5000)" % (len(cases), os.cpu_count()))
    median = statistics.median(rates)
    show("certkit check --batch", median, min(rates), max(rates), 1, "%.0f us CPU each, peak %.1f MiB" % (statistics.median(costs), memory / 2**20))
    if there("openssl"):
        times = [process_time(words, os.environ) for words in openssl]
        rates = [1 / took for took in times]
        peer = statistics.median(rates)
        show("openssl verify, a process a case", peer, min(rates), max(rates), peer / median)
    print("  target 5000 cases/s: %s" % ("reached" if median >= 5000 else "NOT reached, %.0f" % median), flush=True)


def merge():
    """Files that are far too large, and files that are none."""
    name = "bench 00000"
    run([CERTKIT, "mkca", name, "--intermediate", "-o", "large"])
    run([CERTKIT, "mkcert", "localhost", "-o", "large/server", "--ca", "large/intermediate.crt", "--ca-key", "large/intermediate.key"])
    pem = Path("large/intermediate.crt").read_text()
    der = base64.b64decode("".join(pem.splitlines()[1:-1]))
    with open("bundle.pem", "w") as file:
        # Other CAs, as far as anybody can tell who does not check their signatures; the right one comes last.
        for number in range(1, 10_000):
            other = base64.encodebytes(der.replace(name.encode(), b"bench %05d" % number)).decode()
            file.write("-----BEGIN CERTIFICATE-----\n%s-----END CERTIFICATE-----\n" % other)
        file.write(pem)
    noise = random.Random(1)
    with open("garbage", "wb") as file:
        for _ in range(100):
            file.write(noise.randbytes(1_000_000))
    Path("begins").write_text("-----BEGIN CERTIFICATE-----\n" * 200_000)
    rows = [("a bundle of 10,000 certificates", "bundle.pem", 0), ("100 MB of garbage", "garbage", 2), ("200,000 BEGIN lines", "begins", 2)]
    heading("certkit merge, s (target 1)")
    worst = 0
    for title, file, status in rows:
        words = [CERTKIT, "merge", "large/server.crt", file, "-o", "merged.pem", "--force", "-q"]
        runs = [measured(words, status) for _ in range(3)]
        times = [took for took, *_ in runs]
        median = statistics.median(times)
        worst = max(worst, median)
        more = "peak %.0f MiB" % (max(peak for _, _, peak, _ in runs) / 2**20)
        show(title, median, min(times), max(times), median / 1, more)
    verdict(worst, 1, "s")


def limbo():
    """Chains made to lead validators astray: the slowest, asked one at a time."""
    path = os.environ.get("CERTKIT_LIMBO")
    if not path:
        print("\nleft out: limbo, since CERTKIT_LIMBO does not name the file of x509-limbo")
        return
    with (gzip.open if path.endswith(".gz") else open)(path, "rb") as file:
        cases = json.load(file)["testcases"]
    times = []
    batch = subprocess.Popen([CERTKIT, "check", "--batch", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    for case in cases:
        line = json.dumps(limbo_case(case)).encode() + b"\n"
        start = time.perf_counter()
        batch.stdin.write(line)
        batch.stdin.flush()
        answer = json.loads(batch.stdout.readline())
        times.append((time.perf_counter() - start, case["id"]))
        if answer.get("valid") != (case["expected_result"] == "SUCCESS"):
            print("  wrong: %s" % case["id"])
    batch.communicate()
    times.sort()
    slowest, name = times[-1]
    heading("x509-limbo, %d cases, ms from question to answer (target of the slowest 100)" % len(cases))
    median = statistics.median(took for took, _ in times)
    show("certkit check --batch", median * 1e3, times[0][0] * 1e3, slowest * 1e3, 1, "slowest: " + name)
    verdict(slowest * 1e3, 100, "ms")


def limbo_case(case):
    """As tests/integration/limbo.rs has it."""
    by_the_baseline = case["id"].split("::")[0] in ("webpki", "online", "cve")
    line = {
        "chain_pem": [case["peer_certificate"], *case["untrusted_intermediates"]],
        "roots_pem": case["trusted_certs"],
        "crls_pem": case.get("crls") or [],
        "emails": [name["value"] for name in case.get("expected_peer_names") or []],
        "profile": "webpki" if by_the_baseline else "rfc5280",
        "purpose": "client" if case["validation_kind"] == "CLIENT" else "server",
        "host": (case.get("expected_peer_name") or {}).get("value"),
        "at": case.get("validation_time"),
        "max_depth": case.get("max_chain_depth"),
    }
    return {name: value for name, value in line.items() if value is not None}


# A small process in between: what a child has held at most includes its parent's memory at the start.
MEASURE = """
import os, sys, time
start = time.perf_counter()
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, used = os.wait4(child, 0)
took = time.perf_counter() - start
with open("measured", "w") as file:
    print(took, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, os.waitstatus_to_exitcode(status), file=file)
"""


def measured(words, status):
    """Seconds, seconds of CPU, bytes at most, and the output of a process that must end with `status`."""
    words = [str(PYTHON), "-S", "-c", MEASURE, *words]
    with open("output", "wb") as output, open("errors", "wb") as errors:
        subprocess.run(words, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, timeout=300, check=True)
    took, cpu, peak, ended = Path("measured").read_text().split()
    if int(ended) != status:
        sys.exit("%s ended with %s:\n%s" % (" ".join(words[4:]), ended, Path("errors").read_text()[:2000]))
    return float(took), float(cpu), int(peak), Path("output").read_bytes()


# --- servers ----------------------------------------------------------------------------------------------------


def serve():
    """CPU time of the whole process tree per request, over kept-alive HTTP/1.1 and TLS."""
    if not there("wrk"):
        return
    servers = [(name, start) for name, start, program in SERVERS if there(program)]
    cpu = {name: [] for name, _ in servers}
    rate, memory = ({name: [] for name, _ in servers} for _ in range(2))
    for number in range(ROUNDS):
        # Interleaved, and in turn first and last: a busy moment of the machine hits all alike.
        for name, start in servers if number % 2 == 0 else reversed(servers):
            port = free_port()
            with Tree(start(port), port) as tree:
                memory[name].append(tree.pss() / 2**20)
                before = tree.cpu()
                requests, errors = wrk(port)
                cpu[name].append((tree.cpu() - before) / requests * 1e6)
                rate[name].append(requests / SECONDS)
                if errors:
                    print("%s: %s" % (name, errors))
    heading("hello, CPU us per request (target 18, and below granian), wrk -t1 -c32, access logs off")
    first = statistics.median(cpu[servers[0][0]])
    for name, _ in servers:
        median = statistics.median(cpu[name])
        more = "%7.0f requests/s" % statistics.median(rate[name])
        show(name, median, min(cpu[name]), max(cpu[name]), median / first, more)
    verdict(first, 18, "us")
    for name, _ in servers:
        if name.startswith("granian"):
            peer = statistics.median(cpu[name])
            print("  target below %s: %s" % (name, "reached" if first < peer else "NOT reached"))
    heading("idle memory of the process tree, MiB PSS (target 45)")
    first = statistics.median(memory[servers[0][0]])
    for name, _ in servers:
        median = statistics.median(memory[name])
        show(name, median, min(memory[name]), max(memory[name]), median / first)
    verdict(first, 45, "MiB")


def certkit_hello(port):
    return [certkit_serve(port, "--workers", "2", str(HERE / "hello.py"))]


def certkit_serve(port, *args):
    listen = "https:127.0.0.1:%d" % port
    words = [CERTKIT, "serve", "--listen", listen, "--cert", "server.crt", "--key", "server.key", "--access-log", "off"]
    # The same interpreter for all: what differs is the server.
    return words + ["--python", str(PYTHON), *args]


def granian(workers):
    def start(port, application="hello:application"):
        words = ["granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--workers", str(workers)]
        words += ["--ssl-certificate", "server.crt", "--ssl-keyfile", "server.key", "--working-dir", str(HERE)]
        return [[*words, application]]

    return start


def gunicorn(port):
    words = ["gunicorn", "-k", "gthread", "-w", "2", "--threads", "16", "-b", "127.0.0.1:%d" % port]
    return [[*words, "--certfile", os.path.abspath("server.crt"), "--keyfile", os.path.abspath("server.key"), "--chdir", str(HERE), "hello:application"]]


def uwsgi(*listen):
    words = ["uwsgi-core", "--plugins-dir", str(UWSGI_PLUGINS.parent), "--plugin", "http,python3", "--master", "-p", "2"]
    return [*words, "--disable-logging", "--wsgi-file", str(HERE / "hello.py"), *listen]


def uwsgi_https(port):
    return [uwsgi("--http-keepalive", "--https", "127.0.0.1:%d,server.crt,server.key" % port)]


def nginx_uwsgi(port):
    back = free_port()
    folder = Path("nginx").resolve()
    folder.mkdir(exist_ok=True)
    temporary = "".join("%s_temp_path %s/%s; " % (kind, folder, kind) for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        "daemon off; %s worker_processes 2; pid %s/pid; error_log stderr; events {} http { access_log off; %s "
        "keepalive_requests 100000000; server { listen 127.0.0.1:%d ssl; ssl_certificate %s; ssl_certificate_key %s; "
        "location / { include /etc/nginx/uwsgi_params; uwsgi_pass 127.0.0.1:%d; } } }\n"
        % (user, folder, temporary, port, Path("server.crt").resolve(), Path("server.key").resolve(), back)
    )
    nginx = ["nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder), "-e", "stderr"]
    return [uwsgi("--socket", "127.0.0.1:%d" % back), nginx]


SERVERS = [
    ("certkit serve, 2 workers", certkit_hello, CERTKIT),
    ("granian, 1 worker", granian(1), "granian"),
    ("granian, 2 workers", granian(2), "granian"),
    ("nginx + uWSGI, 2 workers", nginx_uwsgi, "uwsgi-core"),
    ("uWSGI --https, 2 workers", uwsgi_https, "uwsgi-core"),
    ("gunicorn, 2 x 16 threads", gunicorn, "gunicorn"),
]


def wrk(port):
    """How many requests were answered, and what went wrong."""
    said = run(["wrk", "-t1", "-c32", "-d%ds" % SECONDS, "https://127.0.0.1:%d/" % port])
    requests = int(re.search(r"(\d+) requests in", said).group(1))
    errors = [line.strip() for line in said.splitlines() if "Socket errors" in line or "Non-2xx" in line]
    return requests, "; ".join(errors)


# --- large bodies -----------------------------------------------------------------------------------------------


def bodies():
    """A gigabyte each way: how long, and how much the front has held at most."""
    with open("gigabyte", "wb") as file:
        file.truncate(GIB)
    probe = str(HERE.parent / "tests/apps/probe.py")
    rows = [("certkit serve", lambda port: [certkit_serve(port, "--workers", "2", probe)])]
    if there("granian"):
        words = lambda port: [*granian(2)(port, "probe:application")[0], "--working-dir", os.path.dirname(probe)]
        rows.append(("granian", lambda port: [words(port)]))
    heading("1 GiB upload and 1 GiB generator answer over TLS (target: the front below 60 MiB)")
    for name, start in rows:
        port = free_port()
        with Tree(start(port), port) as tree:
            url = "https://127.0.0.1:%d" % port
            up = curl("-T", "gigabyte", url + "/digest")
            down = curl(url + "/stream?bytes=%d" % GIB)
            peak = tree.peak() / 2**20
            print("  %-34s up %5.1f s   down %5.1f s   peak of the first process %6.1f MiB" % (name, up, down, peak))
        if name.startswith("certkit"):
            ours = peak
    verdict(ours, 60, "MiB")


def curl(*args):
    start = time.perf_counter()
    run(["curl", "-sSf", "--http1.1", "--cacert", "ca.crt", "-o", "answer", "--max-time", "100", *args], limit=110)
    took = time.perf_counter() - start
    if "-T" not in args and os.path.getsize("answer") != GIB:
        sys.exit("the answer has %d bytes" % os.path.getsize("answer"))
    return took


# --- ACME -------------------------------------------------------------------------------------------------------


def acme():
    """Wall time of whole processes against Pebble on loopback, which validates for real but never waits on purpose."""
    if not there("pebble"):
        return
    acme_port, management, http, tls, dns, control = (free_port() for _ in range(6))
    config = {
        "listenAddress": "127.0.0.1:%d" % acme_port,
        "managementListenAddress": "127.0.0.1:%d" % management,
        "certificate": os.path.abspath("server.crt"),
        "privateKey": os.path.abspath("server.key"),
        "httpPort": http,
        "tlsPort": tls,
        "ocspResponderURL": "",
    }
    Path("pebble.json").write_text(json.dumps({"pebble": config}))
    knobs = {"PEBBLE_WFE_NONCEREJECT": "0", "PEBBLE_VA_NOSLEEP": "1", "PEBBLE_VA_ALWAYS_VALID": "0", "PEBBLE_AUTHZREUSE": "0"}
    os.environ.update(knobs)
    stub = ["pebble-challtestsrv", "-defaultIPv6", "", "-dns01", "127.0.0.1:%d" % dns]
    stub += ["-management", "127.0.0.1:%d" % control, "-http01", "", "-https01", "", "-tlsalpn01", ""]
    server = ["pebble", "-config", "pebble.json", "-dnsserver", "127.0.0.1:%d" % dns]
    url = "https://localhost:%d/dir" % acme_port
    with Tree([stub, server], acme_port, "/dir"):
        clients = [client for client in acme_clients(url, http) if there(client[0])]
        one_name(clients)
        hundred_names([client for client in clients if client[0] != "certbot"])
        not_due(clients[0])


def acme_clients(url, http):
    """Program, and its command line for names and an empty folder for its state."""
    ca = os.path.abspath("ca.crt")
    # How the peers learn what to trust for the server's own https.
    os.environ.update(REQUESTS_CA_BUNDLE=ca, LEGO_CA_CERTIFICATES=ca)
    listen = "127.0.0.1:%d" % http

    def certkit(names, state):
        words = [CERTKIT, "acme", "obtain", "--http=" + listen, "--server", url, "--ca-roots", ca]
        return [*words, "--agree-tos", "--state", state, *names]

    def lego(names, state):
        words = ["lego", "--server", url, "--accept-tos", "--email", "ops@example.com", "--path", state]
        return [*words, "--http", "--http.port", listen, *(word for name in names for word in ("-d", name)), "run"]

    def certbot(names, state):
        words = ["certbot", "certonly", "--standalone", "-n", "--agree-tos", "--register-unsafely-without-email"]
        words += ["--server", url, "--http-01-address", "127.0.0.1", "--http-01-port", str(http)]
        folders = [word for kind in ("config", "work", "logs") for word in ("--%s-dir" % kind, state + "/" + kind)]
        return [*words, *folders, *(word for name in names for word in ("-d", name))]

    return [(CERTKIT, certkit), ("certbot", certbot), ("lego", lego)]


def one_name(clients):
    medians = acme_table("one name and a new account, ms (target 300, and 0.15 of certbot)", clients, 1)
    verdict(medians[CERTKIT], 300, "ms")
    if "certbot" in medians:
        verdict(medians[CERTKIT] / medians["certbot"], 0.15, "of certbot")


def hundred_names(clients):
    # Where the server says nothing of Retry-After, as Debian's Pebble, lego 4.9 waits five seconds for each name.
    limit = 30
    medians = acme_table("100 names and a new account, ms (target: not above lego)", clients, 100, {"lego": 1}, limit)
    if "lego" in medians:
        if medians["lego"] >= limit * 1e3:
            print("  lego was ended after %d s" % limit)
        verdict(medians[CERTKIT] / medians["lego"], 1, "of lego")


def acme_table(title, clients, count, fewer_rounds={}, limit=60):
    times = {program: [] for program, _ in clients}
    for number in range(ROUNDS):
        for program, line in clients if number % 2 == 0 else reversed(clients):
            if number >= fewer_rounds.get(program, ROUNDS):
                continue
            # A folder and names of this run alone: nothing is to be had twice.
            run_name = "%s-%d-%d" % (os.path.basename(program), count, number)
            names = ["n%d.%s.test" % (index, run_name) for index in range(count)]
            times[program].append(process_time(line(names, os.path.abspath(run_name)), os.environ, limit) * 1e3)
    medians = {program: statistics.median(values) for program, values in times.items()}
    heading(title)
    for program, values in times.items():
        ratio = medians[program] / medians[CERTKIT]
        show(os.path.basename(program), medians[program], min(values), max(values), ratio)
    return medians


def not_due(client):
    words = client[1](["a.test"], "not-due")
    process_time(words, os.environ)
    times = [process_time(words, os.environ) * 1e3 for _ in range(31)]
    heading("a certificate that is not due, ms (target 50)")
    median = statistics.median(times)
    show("certkit acme obtain", median, min(times), max(times), 1)
    verdict(median, 50, "ms")


# --- processes --------------------------------------------------------------------------------------------------


class Tree:
    """Servers with all their descendants; ended by id when the block ends."""

    def __init__(self, lines, port, page="/"):
        self.log = open("log", "wb")
        self.children = [
            subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log) for line in lines
        ]
        try:
            self.wait_for(port, page)
        except BaseException:
            self.__exit__()
            raise

    def wait_for(self, port, page):
        """Until a page comes: that is when all of a server's processes are there."""
        context = ssl.create_default_context(cafile="ca.crt")
        end = time.monotonic() + 20
        while True:
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=5) as plain:
                    with context.wrap_socket(plain, server_hostname="localhost") as secure:
                        secure.sendall(("GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" % page).encode())
                        if b" 200 " in secure.recv(100):
                            break
            except OSError:
                pass
            if time.monotonic() > end or any(child.poll() is not None for child in self.children):
                sys.exit("no answer from %s:\n%s" % (self.children[-1].args, Path("log").read_text(errors="replace")))
            time.sleep(0.05)
        # Every worker, not only the one that answered.
        time.sleep(0.5)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for child in reversed(self.children):
            child.send_signal(signal.SIGINT if "uwsgi" in child.args[0] else signal.SIGTERM)
        for child in reversed(self.children):
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                for pid in descendants(child.pid) + [child.pid]:
                    os.kill(pid, signal.SIGKILL)
                child.wait()
        self.log.close()

    def pids(self):
        return [pid for child in self.children for pid in [child.pid, *descendants(child.pid)]]

    def cpu(self):
        """Seconds on a CPU of all threads, from the scheduler's own count in nanoseconds."""
        files = (file for pid in self.pids() for file in Path("/proc/%d/task" % pid).glob("*/schedstat"))
        return sum(int(file.read_text().split()[0]) for file in files) / 1e9

    def pss(self):
        """Bytes of memory, what is shared counted once."""
        texts = (Path("/proc/%d/smaps_rollup" % pid).read_text() for pid in self.pids())
        return sum(int(re.search(r"^Pss:\s+(\d+)", text, re.M).group(1)) for text in texts) * 1024

    def peak(self):
        """Bytes that the first process has held at most."""
        text = Path("/proc/%d/status" % self.children[0].pid).read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", text).group(1)) * 1024


def descendants(parent):
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[1]) == parent:
                found += [int(entry.name), *descendants(int(entry.name))]
    return found


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def run(words, limit=60):
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=limit)
    if done.returncode:
        sys.exit("%s ended with %d:\n%s%s" % (" ".join(words), done.returncode, done.stdout, done.stderr))
    return done.stdout.strip()


missing = set()


def there(program):
    if shutil.which(program):
        return True
    if program not in missing:
        missing.add(program)
        print("left out: %s is not installed" % program)
    return False


# --- the table --------------------------------------------------------------------------------------------------


def heading(text):
    print("\n" + text)


def show(name, median, least, most, ratio, more=""):
    print("  %-34s %8.2f  (%.2f to %.2f)   x %.2f  %s" % (name, median, least, most, ratio, more), flush=True)


def verdict(value, target, unit):
    print("  target %g %s: %s" % (target, unit, "reached" if value <= target else "NOT reached, %.2f" % value), flush=True)


if __name__ == "__main__":
    main()
