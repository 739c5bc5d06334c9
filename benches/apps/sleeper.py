"""One request in 2,000 waits 0.2 s, as for a database."""
import itertools
import time

count = itertools.count(1)


def application(environ, start_response):
    if next(count) % 2000 == 0:
        time.sleep(0.2)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "14")])
    return [b"Hello, World!\n"]
