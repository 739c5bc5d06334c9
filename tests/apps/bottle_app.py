"""A small Bottle application as beginners write it: its own server when run by hand, `application` for others."""
from bottle import default_app, request, route, run


@route("/")
def index():
    return "Bottle says hello\n"


@route("/form", method="POST")
def form():
    return "%s from %s\n" % (request.forms.getunicode("name"), request.urlparts.scheme)


if __name__ == "__main__":
    run(host="localhost", port=8080)
else:
    application = default_app()
