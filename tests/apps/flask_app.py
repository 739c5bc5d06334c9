"""A small Flask application: pages, sessions, external addresses."""
from flask import Flask, redirect, request, session, url_for

app = Flask(__name__)
app.secret_key = "only for tests"


@app.route("/")
def index():
    return "Flask says hello at %s from %s\n" % (url_for("index", _external=True), request.remote_addr)


@app.route("/count")
def count():
    session["count"] = session.get("count", 0) + 1
    return "%d\n" % session["count"]


@app.route("/away")
def away():
    return redirect(url_for("index", _external=True))


@app.route("/upload", methods=["POST"])
def upload():
    return "%d\n" % len(request.files["file"].read())
