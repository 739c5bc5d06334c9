"""An application under wsgiref.validate, which raises when a server bends PEP 3333 by a hair."""
from wsgiref.validate import validator


def pages(environ, start_response):
    body = b""
    while True:
        piece = environ["wsgi.input"].read(1000)
        if not piece:
            break
        body += piece
    environ["wsgi.errors"].write("seen %s %s\n" % (environ["REQUEST_METHOD"], environ["PATH_INFO"]))
    environ["wsgi.errors"].flush()
    if environ["PATH_INFO"] == "/nothing":
        start_response("204 No Content", [])
        return []
    start_response("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"] == "/pieces":
        return iter([b"a ", b"b ", b"c\n"])
    return [b"%d bytes\n" % len(body)]


application = validator(pages)
