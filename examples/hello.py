"""The smallest WSGI application: certkit serve examples/hello.py"""


def application(environ, start_response):
    body = b"Hello from certkit\n"
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
