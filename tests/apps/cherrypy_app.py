"""CherryPy as a tree of WSGI applications, without its own server: sessions, an upload, an answer in pieces."""
import cherrypy


class Root:
    @cherrypy.expose
    def index(self):
        return "CherryPy says hello at %s\n" % cherrypy.url("/")

    @cherrypy.expose
    def count(self):
        cherrypy.session["count"] = cherrypy.session.get("count", 0) + 1
        return str(cherrypy.session["count"])

    @cherrypy.expose
    def upload(self, file):
        return str(len(file.file.read()))

    @cherrypy.expose
    def pieces(self):
        def content():
            for number in range(100):
                yield "%d\n" % number

        return content()

    pieces._cp_config = {"response.stream": True}

    @cherrypy.expose
    def away(self):
        raise cherrypy.HTTPRedirect("/")


cherrypy.config.update({"environment": "embedded", "log.screen": False})
cherrypy.tree.mount(Root(), "/", {"/": {"tools.sessions.on": True}})
application = cherrypy.tree
