"""Bottle's hello."""
import bottle

application = bottle.Bottle()


@application.get("/")
def hello():
    bottle.response.content_type = "text/plain"
    return "Hello, World!\n"
