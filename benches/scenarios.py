"""serve beside granian and nginx, one kind of load after the other, each with its target as a ratio.

Three rows are in every table: certkit; what stands for the network and TLS alone (nginx `return 200`, for static files nginx
itself); and granian, where it can do the same. With CERTKIT_BEFORE, the path of an older certkit, a fourth row shows what
changed. Starts are interleaved, and in turn first and last: a busy moment of the machine hits all alike.
"""
import os
import re
import socket
import ssl
import statistics
import time
from pathlib import Path

from processes import CERTKIT, HERE, PYTHON, ROUNDS, SECONDS, Tree, free_port, heading, nginx, run, show, there

APPS = HERE / "apps"
BEFORE = os.environ.get("CERTKIT_BEFORE")
IDLE = 2000
HANDSHAKES = 300


def scenarios():
    """Everything that a client can notice, one table each."""
    if not there("wrk") or not there("nginx"):
        return
    Path("files").mkdir(exist_ok=True)
    Path("files/small").write_bytes(os.urandom(1024))
    Path("files/large").write_bytes(os.urandom(10 << 20))
    # The file has a media type, and is text.
    Path("files/page.txt").write_bytes((HERE.parent / "docs/settings.md").read_bytes()[: 32 << 10])
    Path("echo.lua").write_text('wrk.method = "POST"\nwrk.body = string.rep("x", 65536)\n')
    Path("paced.lua").write_text("function delay() return 10 end\n")
    hello = application("hello")
    # Title, servers, the measure, and the targets: at most so many times the figure of that server.
    compare("hello, 2 x 1", hello(2, 1), per_request(), {"nginx": 1.5, "granian": 0.75})
    compare("hello, 2 x 4", hello(2, 4), per_request(), {"granian": 0.85})
    for framework in "bottle", "flask", "django":
        compare(framework, application(framework + "_hello")(2, 1), per_request(), {"granian": 0.85})
    compare("hello, one connection", hello(2, 1), per_request(connections=1), {"granian": 1.1})
    compare("one request in 2,000 sleeps 0.2 s", application("sleeper")(2, 4), per_request(), {"granian": 0.9})
    compare("echo of 64 KiB", application("bodies")(2, 1), per_request("-s", "echo.lua"), {"granian": 1.0})
    compare("stream of 1 MiB", application("bodies")(2, 1), per_request(), {"granian": 1.0})
    compare("static file of 1 KiB", files(), per_request(page="/small"), {"nginx": 1.0})
    compare("static file of 10 MiB", files(), per_request(page="/large", connections=4), {"nginx": 0.95})
    gzip = per_request("-H", "Accept-Encoding: gzip", page="/page.txt")
    compare("32 KiB of text with gzip", files(["--gzip"], "gzip on; gzip_types text/plain; gzip_comp_level 5;"), gzip, {"nginx": 1.0})
    zstd = per_request("-H", "Accept-Encoding: zstd", page="/page.txt")
    compare("32 KiB of text with zstd (nginx: gzip above)", files(["--zstd"])[:1], zstd, {})
    reverse_proxy()
    compare("full handshake", hello(2, 1), per_handshake, {"granian": 1.0, "nginx": 0.55})
    compare("idle connection", hello(2, 1), per_idle_connection, {"nginx": 1.5}, rounds=3)
    compare("99th percentile at 4,000 a second", hello(2, 1), slowest, {"granian": 1.0})


def compare(title, servers, measure, targets, rounds=ROUNDS):
    figures = {name: [] for name, _ in servers}
    for number in range(rounds):
        for name, start in servers if number % 2 == 0 else reversed(servers):
            port = free_port()
            with Tree([start(port)], port, getattr(measure, "page", "/")) as tree:
                figures[name].append(measure(tree, port))
    medians = {name: statistics.median(values) for name, values in figures.items()}
    heading("%s, %s" % (title, getattr(measure, "unit", "CPU us")))
    for name, values in figures.items():
        show(name, medians[name], min(values), max(values), medians[name] / medians["certkit"])
    for name, limit in targets.items():
        if name in medians:
            ratio = medians["certkit"] / medians[name]
            word = "reached" if ratio <= limit else "NOT reached"
            print("  target %.2f of %s: %s, %.2f" % (limit, name, word, ratio), flush=True)


def per_request(*more, page="/", connections=32):
    """CPU time of the whole process tree per request, in microseconds."""

    def measure(tree, port):
        load = ["wrk", "-t1", "-c%d" % connections, "-d%ds" % SECONDS, *more, "https://127.0.0.1:%d%s" % (port, page)]
        before = tree.cpu()
        said = run(load)
        used = tree.cpu() - before
        errors = [line.strip() for line in said.splitlines() if "Socket errors" in line or "Non-2xx" in line]
        if errors:
            print("  %s" % "; ".join(errors))
        return used / int(re.search(r"(\d+) requests in", said).group(1)) * 1e6

    measure.page = page
    return measure


def per_handshake(tree, port):
    """The same for connecting, a full handshake and leaving, without a request."""
    context = ssl.create_default_context(cafile="ca.crt")
    before = tree.cpu()
    for _ in range(HANDSHAKES):
        with socket.create_connection(("127.0.0.1", port)) as plain:
            context.wrap_socket(plain, server_hostname="localhost").close()
    time.sleep(0.1)
    return (tree.cpu() - before) / HANDSHAKES * 1e6


def per_idle_connection(tree, port):
    """Memory of a connection that has made one request and waits, in KiB."""
    context = ssl.create_default_context(cafile="ca.crt")
    before = tree.pss()
    idle = []
    for _ in range(IDLE):
        plain = socket.create_connection(("127.0.0.1", port))
        secure = context.wrap_socket(plain, server_hostname="localhost")
        secure.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        secure.recv(4096)
        idle.append(secure)
    time.sleep(0.5)
    used = tree.pss() - before
    for secure in idle:
        secure.close()
    return used / IDLE / 1024


def slowest(tree, port):
    said = run(["wrk", "-t1", "-c40", "-d%ds" % (2 * SECONDS), "-s", "paced.lua", "--latency", "https://127.0.0.1:%d/" % port])
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", said).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


per_idle_connection.unit = "KiB"
slowest.unit = "ms"


def application(name):
    """The servers that run an application of `apps/`, and the one that only answers."""

    def servers(workers, threads):
        def certkit(program):
            words = ["--workers", str(workers), "--threads", str(threads), "--python", str(PYTHON)]
            return lambda port: [*listening(program, port), *words, str(APPS / (name + ".py"))]

        def granian(port):
            words = ["granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--workers", str(workers)]
            words += ["--ssl-certificate", "server.crt", "--ssl-keyfile", "server.key", "--working-dir", str(APPS)]
            if threads > 1:
                words += ["--blocking-threads", str(threads)]
            return [*words, name + ":application"]

        rows = [("certkit", certkit(CERTKIT))]
        if BEFORE:
            rows.append(("certkit before", certkit(BEFORE)))
        if there("granian"):
            rows.append(("granian", granian))
        return [*rows, ("nginx", nginx_alone('return 200 "Hello, World!\\n";'))]

    return servers


def files(more=(), nginx_more=""):
    """The servers of a folder; an older certkit does not know the options of `more`."""
    folder = str(Path("files").resolve())
    programs = [("certkit", CERTKIT)] + ([("certkit before", BEFORE)] if BEFORE and not more else [])
    words = ["--static", "/=" + folder, *more]
    rows = [(name, lambda port, program=program: [*listening(program, port), *words]) for name, program in programs]
    return [*rows, ("nginx", nginx_alone("root %s; %s" % (folder, nginx_more)))]


def reverse_proxy():
    """What it costs to pass a request on, by HTTP over kept connections; the server behind does not count."""
    behind = free_port()
    with Tree([nginx(behind, 'return 200 "Hello, World!\\n";', connections=8192, tls=False)], behind, tls=False):
        address = "127.0.0.1:%d" % behind
        programs = [("certkit", CERTKIT)] + ([("certkit before", BEFORE)] if BEFORE else [])
        upstream = ["--upstream", "/=http://" + address]
        rows = [(name, lambda port, program=program: [*listening(program, port), *upstream]) for name, program in programs]
        pool = "upstream behind { server %s; keepalive 64; }" % address
        pass_on = 'proxy_pass http://behind; proxy_http_version 1.1; proxy_set_header Connection "";'
        rows.append(("nginx", lambda port: nginx(port, pass_on, connections=8192, before=pool)))
        if there("haproxy"):
            rows.append(("haproxy", lambda port: haproxy(port, address)))
        compare("reverse proxy", rows, per_request(), {"nginx": 1.2})


def haproxy(port, address):
    pair = Path("server.pem").resolve()
    pair.write_bytes(Path("server.crt").read_bytes() + Path("server.key").read_bytes())
    Path("haproxy.cfg").write_text(
        "global\n  nbthread 2\n  maxconn 4096\ndefaults\n  mode http\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n"
        "frontend front\n  bind 127.0.0.1:%d ssl crt %s\n  default_backend behind\n"
        "backend behind\n  http-reuse always\n  server one %s\n" % (port, pair, address)
    )
    return ["haproxy", "-db", "-f", "haproxy.cfg"]


def listening(program, port):
    words = [program, "serve", "--listen", "https:127.0.0.1:%d" % port]
    return [*words, "--cert", "server.crt", "--key", "server.key", "--access-log", "off"]


def nginx_alone(location):
    # Enough for "idle connection".
    return lambda port: nginx(port, location, connections=8192)
