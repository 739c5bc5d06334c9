"""The smallest application: what is measured is the server."""


def application(environ, start_response):
    body = b"Hello, World!\n"
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "14")])
    return [body]
