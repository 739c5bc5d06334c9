"""A Flask application that tests serve behind certkit, by servers of every protocol: what it was asked, links to itself,
redirects, streams. `python backend.py fcgi|scgi|ajp PORT` serves it with flup."""
import hashlib
import sys
import time

from flask import Flask, Response, jsonify, redirect, request, url_for
from werkzeug.middleware.proxy_fix import ProxyFix

flask = Flask(__name__)
seen = set()


@flask.route("/")
def index():
    return url_for("index", _external=True) + " " + url_for("index")


@flask.route("/echo", methods=["GET", "POST", "PUT", "DELETE", "PATCH"])
@flask.route("/echo/<path:rest>")
def echo(rest=None):
    body = request.get_data()
    names = ["REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "CONTENT_TYPE", "REMOTE_ADDR",
             "wsgi.url_scheme", "HTTP_HOST", "HTTP_X_REAL_IP", "HTTP_X_FORWARDED_PROTO", "HTTP_COOKIE", "HTTP_X_LONG"]
    shown = {name: request.environ.get(name) for name in names}
    shown.update(length=len(body), sha256=hashlib.sha256(body).hexdigest())
    return jsonify(shown)


@flask.route("/go")
def go():
    return redirect(url_for("index"))


@flask.route("/away")
def away():
    return redirect(url_for("echo", rest="x y", _external=True))


@flask.route("/folder/")
def folder():
    return "in the folder"


@flask.route("/nothing")
def nothing():
    return "", 204


@flask.route("/cached")
def cached():
    response = Response("cached")
    response.set_etag("one")
    response.set_cookie("a", "1")
    response.set_cookie("b", "2")
    return response.make_conditional(request)


@flask.route("/large")
def large():
    pieces = int(request.args["pieces"])
    return Response(bytes([number % 251]) * 1000 for number in range(pieces))


@flask.route("/events")
def events():
    """A second event when the client has said that it has the first."""
    name = request.args["stream"]

    def both():
        yield "data: first\n\n"
        while name not in seen:
            time.sleep(0.005)
        yield "data: second\n\n"

    return Response(both(), mimetype="text/event-stream")


@flask.route("/seen")
def has_seen():
    seen.add(request.args["stream"])
    return "", 204


behind_http = ProxyFix(flask, x_for=1, x_proto=1, x_host=1, x_port=1, x_prefix=1)


def application(environ, start_response):
    # A gateway protocol says all by itself.
    by_gateway = environ.get("SCRIPT_NAME")
    return (flask if by_gateway else behind_http)(environ, start_response)


if __name__ == "__main__":
    import importlib

    server = importlib.import_module("flup.server." + sys.argv[1])
    server.WSGIServer(application, bindAddress=("127.0.0.1", int(sys.argv[2]))).run()
