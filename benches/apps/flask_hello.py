"""Flask's hello."""
from flask import Flask, Response

application = Flask(__name__)


@application.get("/")
def hello():
    return Response("Hello, World!\n", mimetype="text/plain")
