"""A body comes back, or a megabyte comes in pieces."""
PIECES = [b"x" * 16384] * 64


def application(environ, start_response):
    if environ["REQUEST_METHOD"] == "POST":
        body = environ["wsgi.input"].read()
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return (piece for piece in PIECES)
