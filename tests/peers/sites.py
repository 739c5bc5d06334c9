"""Makes the sites that tests serve: stock projects of Django and Wagtail, a Trac environment, a folder for WebDAV.
Each gets a folder below FOLDER, with its database and an administrator `admin`, password `correct horse`.

usage: sites.py APPS FOLDER
"""
import os
import shutil
import subprocess
import sys
import threading

apps, folder = map(os.path.abspath, sys.argv[1:])
programs = os.path.dirname(sys.executable)
administrator = ["createsuperuser", "--noinput", "--username=admin", "--email=a@test.example"]
# Behind a front server the scheme comes with the request. Hashes that take their time would only slow the tests.
settings = """
ALLOWED_HOSTS = ["*"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
"""
# Static files by the application itself, as the development server does it.
handler = """
from django.contrib.staticfiles.handlers import StaticFilesHandler

application = StaticFilesHandler(application)
"""


def run(site, *command, **variables):
    environment = {**os.environ, "DJANGO_SUPERUSER_PASSWORD": "correct horse", **variables}
    result = subprocess.run(
        command, cwd=os.path.join(folder, site), env=environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )
    if result.returncode:
        raise SystemExit("%s in %s: %s" % (command, site, result.stdout))


def add(path, text):
    with open(os.path.join(folder, path), "a") as file:
        file.write(text)


def django():
    run("django", sys.executable, "-m", "django", "startproject", "mysite", ".")
    shutil.copy(os.path.join(apps, "django_views.py"), os.path.join(folder, "django/mysite/urls.py"))
    add("django/mysite/settings.py", settings)
    add("django/mysite/wsgi.py", handler)
    run("django", sys.executable, "manage.py", "migrate", "-v0")
    run("django", sys.executable, "manage.py", *administrator)


def wagtail():
    run("wagtail", os.path.join(programs, "wagtail"), "start", "shop", ".")
    # The development settings are those that a stock project runs with; they read local.py if there is one.
    add("wagtail/shop/settings/local.py", settings)
    add("wagtail/shop/wsgi.py", handler)
    run("wagtail", sys.executable, "manage.py", "migrate", "-v0")
    run("wagtail", sys.executable, "manage.py", *administrator)


def trac():
    tool = os.path.join(programs, "trac-admin")
    run("trac", tool, "env", "initenv", "Test project", "sqlite:db/trac.db")
    run("trac", tool, "env", "permission", "add", "anonymous", "TRAC_ADMIN")


def webdav():
    os.mkdir(os.path.join(folder, "webdav/share"))


def make(site):
    try:
        site()
    except BaseException as error:
        failed.append("%s: %s" % (site.__name__, error))


failed = []
sites = [django, wagtail, trac, webdav]
for site in sites:
    os.makedirs(os.path.join(folder, site.__name__))
threads = [threading.Thread(target=make, args=(site,)) for site in sites]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
if failed:
    sys.exit("\n".join(failed))
