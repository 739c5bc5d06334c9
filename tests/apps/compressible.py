"""Pages that a server may compress, and pages that it must leave as they are."""

import os
import time

TEXT = "".join(f"line {number} of a page that is text\n" for number in range(60)).encode()


def events(folder):
    """Each event when the test has seen the one before."""
    for number in range(3):
        yield f"data: event {number}\n\n".encode()
        while not os.path.exists(f"{folder}/seen-{number}"):
            time.sleep(0.01)


def application(environ, start_response):
    path = environ["PATH_INFO"]
    fields = {"Content-Type": "text/html; charset=utf-8"}
    body = [TEXT]
    if path == "/page":
        fields["ETag"] = '"page"'
        fields["Content-Length"] = str(len(TEXT))
    elif path == "/short":
        body = [b"short"]
    elif path == "/large":
        body = (TEXT for _ in range(2000))
    elif path == "/image":
        fields["Content-Type"] = "image/png"
    elif path == "/untouched":
        fields["Cache-Control"] = "private, no-transform"
    elif path == "/coded":
        fields["Content-Encoding"] = "x-own"
    elif path == "/broken":

        def broken():
            yield TEXT
            raise OSError("in the middle")

        body = broken()
    elif path.startswith("/events/"):
        fields["Content-Type"] = "text/event-stream"
        body = events(os.path.join(os.environ["EVENTS"], path[8:]))
    start_response("200 OK", list(fields.items()))
    return body
