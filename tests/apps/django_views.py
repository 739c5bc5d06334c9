"""What a test adds to the project that `django-admin startproject` makes: a session, an upload form, pieces."""
from django.contrib import admin
from django.http import HttpResponse, StreamingHttpResponse
from django.middleware.csrf import get_token
from django.urls import path


def visits(request):
    request.session["visits"] = request.session.get("visits", 0) + 1
    return HttpResponse(str(request.session["visits"]))


def upload(request):
    if request.method == "POST":
        size = sum(len(piece) for piece in request.FILES["file"].chunks())
        return HttpResponse("%d bytes, secure: %s" % (size, request.is_secure()))
    return HttpResponse('<input name="csrfmiddlewaretoken" value="%s">' % get_token(request))


def pieces(request):
    return StreamingHttpResponse("%d\n" % number for number in range(10_000))


urlpatterns = [
    path("admin/", admin.site.urls),
    path("visits/", visits),
    path("upload/", upload),
    path("pieces/", pieces),
]
