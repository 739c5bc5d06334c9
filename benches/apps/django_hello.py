"""Django's hello, in one file."""
import sys

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path

settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY="a bench has no secrets", MIDDLEWARE=[])
urlpatterns = [path("", lambda request: HttpResponse("Hello, World!\n", content_type="text/plain"))]
sys.modules.setdefault("django_hello", sys.modules[__name__])
application = get_wsgi_application()
