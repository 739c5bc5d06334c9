"""A WSGI application that does on request what applications do: answer, stream, wait, fail, crash.

Each path is a function below. Every request with `id=` in its query is noted as started in the file that
PROBE_STARTED names, so that a test can tell which requests an application had begun.
"""
import hashlib
import json
import os
import sys
import time
from urllib.parse import parse_qs

PATTERN = bytes(range(256)) * 256


def application(environ, start_response):
    query = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
    if "id" in query:
        note(query["id"])
    name = environ["PATH_INFO"].strip("/") or "hello"
    page = globals().get("page_" + name)
    if page is None:
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return [b"no such page\n"]
    return page(environ, start_response, query)


def note(word):
    file = os.open(os.environ["PROBE_STARTED"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.write(file, word.encode() + b"\n")
    os.close(file)


def plain(start_response, body, status="200 OK"):
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


def page_hello(environ, start_response, query):
    return plain(start_response, b"Hello, World!\n")


def page_pid(environ, start_response, query):
    return plain(start_response, str(os.getpid()).encode())


def page_environ(environ, start_response, query):
    shown = {name: value if isinstance(value, (str, bool, tuple)) else str(type(value)) for name, value in environ.items()}
    return plain(start_response, json.dumps(shown).encode())


def page_sleep(environ, start_response, query):
    time.sleep(float(query["seconds"]))
    return plain(start_response, b"rested\n")


def page_digest(environ, start_response, query):
    """Reads the whole body in pieces and says its length and digest."""
    digest, length = hashlib.sha256(), 0
    while True:
        piece = environ["wsgi.input"].read(100_000)
        if not piece:
            break
        digest.update(piece)
        length += len(piece)
    return plain(start_response, ("%d %s" % (length, digest.hexdigest())).encode())


def page_unread(environ, start_response, query):
    """Answers without having read the body."""
    return plain(start_response, b"not interested\n")


def page_stream(environ, start_response, query):
    """As many bytes as asked for, in pieces of 64 KiB, without Content-Length."""
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    left = int(query["bytes"])
    while left:
        piece = PATTERN[:left]
        left -= len(piece)
        yield piece


def page_steps(environ, start_response, query):
    """A piece, and the next one only when the client says that it has the first: it must reach the client at once."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"one\n"
    while not os.path.exists(query["until"]):
        time.sleep(0.01)
    yield b"two\n"


def page_write(environ, start_response, query):
    write = start_response("200 OK", [("Content-Type", "text/plain")])
    write(b"written, ")
    write(b"twice, ")
    return [b"returned\n"]


def page_file(environ, start_response, query):
    file = open(__file__, "rb")
    file.seek(int(query.get("from", 0)))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return environ["wsgi.file_wrapper"](file)


def page_nothing(environ, start_response, query):
    start_response("204 No Content", [])
    return []


def page_close(environ, start_response, query):
    """An answer whose close() is noted."""

    class Answer:
        def __init__(self):
            self.pieces = iter([b"one\n", b"two\n"])

        def __iter__(self):
            return self.pieces

        def close(self):
            note("closed")

    start_response("200 OK", [("Content-Type", "text/plain")])
    return Answer()


def page_raise(environ, start_response, query):
    raise ValueError("on purpose")


def page_raise_started(environ, start_response, query):
    start_response("200 OK", [("Content-Type", "text/plain")])
    raise ValueError("on purpose, after start_response")


def page_raise_late(environ, start_response, query):
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"the first half\n"
    raise ValueError("on purpose, after output")


def page_recover(environ, start_response, query):
    """An error that the application itself turns into an answer, as PEP 3333 describes with exc_info."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    try:
        raise ValueError("noticed")
    except ValueError:
        start_response("503 Service Unavailable", [("Content-Type", "text/plain")], sys.exc_info())
        return [b"recovered\n"]


def page_twice(environ, start_response, query):
    start_response("200 OK", [("Content-Type", "text/plain")])
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"never\n"]


def page_str(environ, start_response, query):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return "text instead of bytes\n"


def page_split(environ, start_response, query):
    start_response("200 OK", [("X-Split", "a\r\nX-Injected: yes")])
    return [b"never\n"]


def page_exit(environ, start_response, query):
    os._exit(7)


def page_system_exit(environ, start_response, query):
    sys.exit(3)


def page_endless(environ, start_response, query):
    """Pieces without end, until close() is called, which is noted."""
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    try:
        while True:
            time.sleep(0.001)
            yield PATTERN[:16384]
    finally:
        note("closed")


def page_events(environ, start_response, query):
    """An event stream without end that notes each MiB."""
    start_response("200 OK", [("Content-Type", "text/event-stream"), ("X-Accel-Buffering", "no")])
    while True:
        for _ in range(16):
            yield PATTERN
        note("a MiB")


def page_whole(environ, start_response, query):
    """As many bytes as asked for, at once."""
    return plain(start_response, (PATTERN * 2)[:int(query["bytes"])])
