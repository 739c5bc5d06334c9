"""A Django application in one file, with links, a redirect, and the variables that say where it is."""

import os

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import path, reverse

settings.configure(
    ALLOWED_HOSTS=["*"],
    INSTALLED_APPS=["django.contrib.staticfiles"],
    FORCE_SCRIPT_NAME=os.environ.get("BLOG_PREFIX"),
    ROOT_URLCONF=__name__,
    # Below the prefix of the application, because it does not begin with a slash.
    STATIC_URL="static/",
)
django.setup()


def home(request):
    return HttpResponse(f"{request.META['SCRIPT_NAME']} home\n", content_type="text/plain")


def links(request):
    return JsonResponse({
        "static": static("site.css"),
        "home": reverse("home"),
        "absolute": request.build_absolute_uri(reverse("home")),
        "script_name": request.META["SCRIPT_NAME"],
        "path_info": request.META["PATH_INFO"],
        "pid": os.getpid(),
    })


urlpatterns = [
    path("", home, name="home"),
    path("go", lambda request: redirect("home")),
    path("links", links),
]
application = get_wsgi_application()
