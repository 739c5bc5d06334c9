"""serve beside other servers: CPU per request, memory, large bodies.
"""
import os
import re
import statistics
import sys
import time
from pathlib import Path

from processes import (
    CERTKIT,
    GIB,
    HERE,
    PYTHON,
    ROUNDS,
    SECONDS,
    UWSGI_PLUGINS,
    free_port,
    heading,
    nginx,
    run,
    show,
    there,
    Tree,
    verdict,
)


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
    return [certkit_serve(port, "--workers", "2", str(HERE / "apps/hello.py"))]


def certkit_serve(port, *args):
    listen = "https:127.0.0.1:%d" % port
    words = [CERTKIT, "serve", "--listen", listen, "--cert", "server.crt", "--key", "server.key", "--access-log", "off"]
    # The same interpreter for all: what differs is the server.
    return words + ["--python", str(PYTHON), *args]


def granian(workers):
    def start(port, application="hello:application"):
        words = ["granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--workers", str(workers)]
        words += ["--ssl-certificate", "server.crt", "--ssl-keyfile", "server.key", "--working-dir", str(HERE / "apps")]
        return [[*words, application]]

    return start


def gunicorn(port):
    words = ["gunicorn", "-k", "gthread", "-w", "2", "--threads", "16", "-b", "127.0.0.1:%d" % port]
    return [[*words, "--certfile", os.path.abspath("server.crt"), "--keyfile", os.path.abspath("server.key"), "--chdir", str(HERE / "apps"), "hello:application"]]


def uwsgi(*listen):
    words = ["uwsgi-core", "--plugins-dir", str(UWSGI_PLUGINS.parent), "--plugin", "http,python3", "--master", "-p", "2"]
    return [*words, "--disable-logging", "--wsgi-file", str(HERE / "apps/hello.py"), *listen]


def uwsgi_https(port):
    return [uwsgi("--http-keepalive", "--https", "127.0.0.1:%d,server.crt,server.key" % port)]


def nginx_uwsgi(port):
    back = free_port()
    pass_on = "include /etc/nginx/uwsgi_params; uwsgi_pass 127.0.0.1:%d;" % back
    return [uwsgi("--socket", "127.0.0.1:%d" % back), nginx(port, pass_on)]


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
