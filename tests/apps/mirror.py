"""A WSGI application that says what it was asked: its environ and what it read of the body, as JSON.

The query can ask for something else: `do=stream`, `do=break`, `do=endless`, `do=unread`, `do=late`.
"""
import hashlib
import json
import os
import time


def application(environ, start_response):
    words = dict(word.split("=", 1) for word in environ["QUERY_STRING"].split("&") if "=" in word)
    action = globals().get("do_" + words.get("do", "mirror"))
    return action(environ, start_response, words)


def do_mirror(environ, start_response, words):
    body = environ["wsgi.input"].read()
    shown = {name: value if isinstance(value, (str, bool)) else str(type(value)) for name, value in environ.items()}
    answer = {"environ": shown, "length": len(body), "sha256": hashlib.sha256(body).hexdigest()}
    text = json.dumps(answer).encode()
    start_response("200 OK", [
        ("Content-Type", "application/json"), ("Content-Length", str(len(text))), ("X-Twice", "1"), ("X-Twice", "2"),
    ])
    return [text]


def do_stream(environ, start_response, words):
    """So many pieces of 1000 bytes, without Content-Length."""
    start_response("203 Mirrored", [("Content-Type", "application/octet-stream")])
    for number in range(int(words["pieces"])):
        yield bytes([number % 256]) * 1000


def do_unread(environ, start_response, words):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "15")])
    return [b"not interested\n"]


def do_break(environ, start_response, words):
    """Two pieces, and then an error."""
    environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"one\n"
    yield b"two\n"
    raise ValueError("on purpose")


def do_late(environ, start_response, words):
    """Nothing until a file is there."""
    while not os.path.exists(words["until"]):
        time.sleep(0.01)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"late\n"]


def do_endless(environ, start_response, words):
    """Pieces without end, until close() is called, which is noted in a file."""
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    try:
        while True:
            time.sleep(0.001)
            yield b"x" * 16384
    finally:
        with open(words["note"], "a") as note:
            note.write("closed\n")
