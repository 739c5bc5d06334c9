"""A small Pyramid application: routes with names in them, JSON, a session cookie, an error that a view answers."""
from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPFound
from pyramid.response import Response
from pyramid.session import JSONSerializer, SignedCookieSessionFactory


def greet(request):
    return {"name": request.matchdict["name"], "url": request.url, "peer": request.client_addr}


def count(request):
    request.session["count"] = request.session.get("count", 0) + 1
    return Response(str(request.session["count"]))


def away(request):
    return HTTPFound(request.route_url("greet", name="Zoë"))


def broken(request):
    raise ValueError("on purpose")


def on_error(error, request):
    return Response("caught %s" % error, status=500)


def make():
    session = SignedCookieSessionFactory("only for tests", secure=True, serializer=JSONSerializer())
    with Configurator(session_factory=session) as config:
        for name, path, view, options in [
            ("greet", "/greet/{name}", greet, {"renderer": "json"}),
            ("count", "/count", count, {}),
            ("away", "/away", away, {}),
            ("broken", "/broken", broken, {}),
        ]:
            config.add_route(name, path)
            config.add_view(view, route_name=name, **options)
        config.add_exception_view(on_error, context=ValueError)
    return config.make_wsgi_app()


application = make()
