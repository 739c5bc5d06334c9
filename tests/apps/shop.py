"""A Flask application with links, a redirect, static files, and the variables that say where it is."""

import os

from flask import Flask, jsonify, redirect, request, url_for

app = Flask(__name__)


@app.route("/")
def home():
    return f"{request.environ['SCRIPT_NAME']} home\n"


@app.route("/go")
def go():
    return redirect(url_for("home", _external=True))


@app.route("/links")
def links():
    return jsonify(
        static=url_for("static", filename="site.css"),
        home=url_for("home"),
        absolute=url_for("home", _external=True),
        script_name=request.environ["SCRIPT_NAME"],
        path_info=request.environ["PATH_INFO"],
        pid=os.getpid(),
    )
