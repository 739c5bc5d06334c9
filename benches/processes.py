"""Running programs, measuring them, and the table of what came out.
"""
import os
import re
import shutil
import signal
import socket
import ssl
import statistics
import subprocess
import sys
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


def compare(table, environment=os.environ):
    """Each row's commands in turn, and how their times stand to that of the first; gives the medians by title and name."""
    all_medians = {}
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
        all_medians[title] = medians
    return all_medians


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


class Tree:
    """Servers with all their descendants; ended by id when the block ends."""

    def __init__(self, lines, port, page="/", tls=True):
        self.log = open("log", "wb")
        self.children = [
            subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log) for line in lines
        ]
        try:
            self.wait_for(port, page, tls)
        except BaseException:
            self.__exit__()
            raise

    def wait_for(self, port, page, tls):
        """Until a page comes: that is when all of a server's processes are there."""
        context = ssl.create_default_context(cafile="ca.crt")
        end = time.monotonic() + 20
        while True:
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=5) as plain:
                    with context.wrap_socket(plain, server_hostname="localhost") if tls else plain as secure:
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


def nginx(port, location, connections=512, before="", tls=True):
    """The command of an nginx whose `location /` holds these directives, and its `http` those of `before`; it serves https
    with server.crt, or plain http."""
    folder = Path("nginx" if tls else "nginx-plain").resolve()
    folder.mkdir(exist_ok=True)
    pair = "ssl_certificate %s; ssl_certificate_key %s;" % (Path("server.crt").resolve(), Path("server.key").resolve())
    temporary = "".join("%s_temp_path %s/%s; " % (kind, folder, kind) for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        "daemon off; %s worker_processes 2; pid %s/pid; error_log stderr; events { worker_connections %d; } "
        "http { access_log off; %s sendfile on; keepalive_requests 100000000; %s server { listen 127.0.0.1:%d%s "
        "default_type text/plain; location / { %s } } }\n"
        % (user, folder, connections, temporary, before, port, " ssl; " + pair if tls else ";", location)
    )
    return ["nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder), "-e", "stderr"]


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


def heading(text):
    print("\n" + text)


def show(name, median, least, most, ratio, more=""):
    print("  %-34s %8.2f  (%.2f to %.2f)   x %.2f  %s" % (name, median, least, most, ratio, more), flush=True)


def verdict(value, target, unit):
    print("  target %g %s: %s" % (target, unit, "reached" if value <= target else "NOT reached, %.2f" % value), flush=True)
