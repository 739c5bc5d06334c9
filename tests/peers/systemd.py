"""Runs a service as systemd does, with requests all the while: sockets passed, readiness, watchdog, reloads, a restart with
the signal of the unit to each process. Prints what it saw; any failed request or missing message ends it with an error.

usage: systemd.py UNIT RELEASE-FILE PROGRAM ARGUMENTS...      (ADDRESS in the arguments is the socket's)
"""
import collections
import configparser
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time

unit, release_file, *command = sys.argv[1:]
parser = configparser.ConfigParser(interpolation=None, strict=False)
parser.optionxform = str
parser.read(unit)
service = parser["Service"]
assert service["Type"] == "notify"
watchdog = int(service["WatchdogSec"])
limit = 60

# The number of the first socket that is passed (sd_listen_fds(3)).
listener = socket.create_server(("127.0.0.1", 0))
os.dup2(listener.fileno(), 3)
port = listener.getsockname()[1]
command = [word.replace("ADDRESS", "127.0.0.1:%d" % port) for word in command]
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.bind("notify")
notify.settimeout(limit)
messages = collections.deque()


def start():
    environment = {
        **os.environ, "NOTIFY_SOCKET": os.path.abspath("notify"), "LISTEN_FDS": "1", "LISTEN_FDNAMES": "web",
        # A fiftieth of what the unit says: the test need not wait for it.
        "WATCHDOG_USEC": str(watchdog * 20_000),
    }
    shell = 'LISTEN_PID=$$ WATCHDOG_PID=$$ exec "$@"'
    return subprocess.Popen(["sh", "-c", shell, "sh", *command], env=environment, pass_fds=[3])


def told(name):
    """Waits for a message that sets `name`; all others that come before must be the watchdog's or a status."""
    while True:
        fields = dict(line.partition("=")[::2] for line in notify.recv(4096).decode().splitlines())
        if name in fields:
            return fields
        assert not {"READY", "RELOADING", "STOPPING"} & set(fields), (name, fields)


def release(number):
    with open(release_file + ".new", "w") as file:
        file.write("RELEASE = %d\n" % number)
    os.rename(release_file + ".new", release_file)


def processes(parent):
    """A control group: the process and all below it."""
    found = [parent]
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and int(open("/proc/%s/stat" % name).read().rpartition(")")[2].split()[1]) == parent:
                found += processes(int(name))
        except OSError:
            pass
    return found


def ask():
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=limit)
    connection.request("GET", "/", headers={"Connection": "close"})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    assert answer.status == 200, (answer.status, text)
    return text.split()


def load():
    while not stopped.is_set():
        try:
            asked = time.monotonic()
            answers.append((asked, time.monotonic(), *ask()))
        except Exception as error:
            failed.append(repr(error))


answers, failed, stopped = [], [], threading.Event()
release(1)
main = start()
fields = told("READY")
assert fields["READY"] == "1" and fields["STATUS"], fields
for _ in range(3):
    told("WATCHDOG")
clients = [threading.Thread(target=load, daemon=True) for _ in range(4)]
for client in clients:
    client.start()

for number in (2, 3, 4):
    seen = len(answers)
    release(number)
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    main.send_signal(signal.SIGHUP)
    fields = told("RELOADING")
    assert before <= int(fields["MONOTONIC_USEC"]) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000, fields
    told("READY")
    ready = time.monotonic()
    # What was asked after the message is the new release's.
    while not [answer for answer in answers[seen:] if answer[0] > ready]:
        time.sleep(0.01)
    old = [answer for answer in answers[seen:] if answer[0] > ready and answer[2] != str(number)]
    assert not old, (number, old)
print("reloaded")


def stop(number):
    """To each process of the control group, which are all gone afterwards."""
    group = processes(main.pid)
    assert len(group) > 2, group
    for pid in group:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass
    told("STOPPING")
    assert main.wait(limit) == 0, main.returncode
    until = time.monotonic() + limit
    while any(os.path.exists("/proc/%d" % pid) for pid in group):
        assert time.monotonic() < until, group
        time.sleep(0.01)


for _ in range(2):
    stop(getattr(signal, service.get("KillSignal", "SIGTERM")))
    main = start()
    told("READY")
    ask()
print("restarted")

stopped.set()
for client in clients:
    client.join()
# As in uWSGI's own unit.
stop(signal.SIGQUIT)
assert not failed, (len(failed), failed[:5])
assert len({answer[3] for answer in answers}) >= 12, answers[-1]
print("%d requests, none failed" % len(answers))
