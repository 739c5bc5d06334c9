"""Event streams as public examples send them. `/events?stream=NAME`: an event, and the next one only when the client
has said with `/seen?stream=NAME` that it has the first."""
import time
from urllib.parse import parse_qs

seen = set()


def application(environ, start_response):
    name = parse_qs(environ["QUERY_STRING"]).get("stream", [""])[0]
    if environ["PATH_INFO"] == "/seen":
        seen.add(name)
        start_response("204 No Content", [])
        return []
    start_response("200 OK", [
        ("Content-Type", "text/event-stream"), ("Cache-Control", "no-cache"), ("Connection", "keep-alive"),
        ("X-Accel-Buffering", "no"),
    ])
    return events(name)


def events(name):
    yield b"id: 1\ndata: first\n\n"
    while name not in seen:
        time.sleep(0.005)
    yield b"id: 2\ndata: second\n\n"
