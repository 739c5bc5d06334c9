"""Visits sites as a browser would. Standard input has a visit per line: SITE LISTENER URL, where LISTENER ends in -h2 for
HTTP/2. Prints `SITE by LISTENER: ok`, or what went wrong. One visit after the other for each site (their databases have
one writer), all sites at once.

usage: visit.py CA <VISITS
"""
import collections
import re
import socket
import ssl
import sys
import threading
import traceback

import httpx

# All names are on this machine.
resolve = socket.getaddrinfo
socket.getaddrinfo = lambda host, *rest, **options: resolve("127.0.0.1", *rest, **options)
output = threading.Lock()


class Browser(httpx.Client):
    def __init__(self, listener, url):
        self.listener, self.url = listener, url
        # httpx sets the protocols to offer on the context at each connection: a shared one offers what another thread wants.
        context = ssl.create_default_context(cafile=sys.argv[1])
        super().__init__(base_url=url, verify=context, http2=listener.endswith("-h2"), timeout=300, trust_env=False)

    def send(self, request, **options):
        # Over https Django checks the Referer of every form, strictly.
        request.headers.setdefault("Referer", str(request.url))
        answer = super().send(request, **options)
        assert answer.http_version == ("HTTP/2" if self.listener.endswith("-h2") else "HTTP/1.1"), answer.http_version
        return answer

    def page(self, path, status=200, method="GET", **options):
        answer = self.request(method, path, **options)
        shown = (method, path, answer.status_code, answer.headers, answer.text[:2000])
        assert answer.status_code == status, shown
        return answer

    def text(self, path, **options):
        return self.page(path, **options).text

    def redirected(self, path, status=302, **options):
        to = self.page(path, status, **options).headers["location"]
        return to.removeprefix(self.url)

    def count(self, path):
        """A session counts the visits."""
        assert [self.text(path) for _ in range(3)] == ["1", "2", "3"], path

    def is_secure(self, name):
        [cookie] = [cookie for cookie in self.cookies.jar if cookie.name == name]
        assert cookie.secure, cookie


def same(found, expected):
    assert found == expected, "%.500r, expected %.500r" % (found, expected)


def token(page):
    return re.search('name="csrfmiddlewaretoken" value="([^"]+)"', page).group(1)


def admin(browser, home):
    """Logs in at the admin of Django or Wagtail; the form is only taken with its token."""
    login = browser.redirected(home)
    assert login.startswith(home + "login/"), login
    form = {"username": "admin", "password": "correct horse", "next": home}
    browser.page(login, 403, method="POST", data=form)
    form["csrfmiddlewaretoken"] = token(browser.text(login))
    browser.is_secure("csrftoken")
    same(browser.redirected(login, method="POST", data=form), home)
    browser.is_secure("sessionid")
    return browser.text(home)


def django(browser):
    page = admin(browser, "/admin/")
    assert "Site administration" in page
    style = re.search('href="(/static/admin/css/base[^"]*.css)"', page).group(1)
    answer = browser.page(style)
    assert "--primary" in answer.text and answer.headers["content-type"].startswith("text/css"), answer
    browser.page(style, 304, headers={"If-Modified-Since": answer.headers["last-modified"]})
    # A row with letters beyond ASCII.
    name = "Gruppe für " + browser.listener
    form = {"name": name, "csrfmiddlewaretoken": token(browser.text("/admin/auth/group/add/"))}
    same(browser.redirected("/admin/auth/group/add/", method="POST", data=form), "/admin/auth/group/")
    assert name in browser.text("/admin/auth/group/?q=" + browser.listener)
    browser.count("/visits/")
    form = {"csrfmiddlewaretoken": token(browser.text("/upload/"))}
    page = browser.text("/upload/", method="POST", data=form, files={"file": bytes(3 * 1024 * 1024)})
    same(page, "3145728 bytes, secure: True")
    answer = browser.page("/pieces/")
    same(answer.text, "".join("%d\n" % number for number in range(10_000)))
    assert "content-length" not in answer.headers, answer.headers
    same(browser.page("/visits/", method="HEAD").text, "")
    browser.page("/nothing", 404)


def wagtail(browser):
    page = admin(browser, "/admin/")
    assert "Wagtail" in page
    assert "{" in browser.text(re.search('href="(/static/wagtailadmin/css/core[^"]*.css)[^"]*"', page).group(1))
    home = browser.text("/")
    assert "Welcome to your new Wagtail site" in home
    slug = "page-" + browser.listener
    form = {"title": "Seite " + browser.listener, "slug": slug, "action-publish": "1"}
    add = "/admin/pages/add/home/homepage/3/"
    form["csrfmiddlewaretoken"] = token(browser.text(add))
    for name in ["comments-TOTAL_FORMS", "comments-INITIAL_FORMS"]:
        form[name] = "0"
    browser.redirected(add, method="POST", data=form)
    same(browser.page("/%s/" % slug).status_code, 200)
    assert form["title"] in browser.text("/search/?query=Seite")


def trac(browser):
    name = "Page" + "".join(part.capitalize() for part in browser.listener.split("-"))
    page = browser.text("/wiki/%s?action=edit" % name)
    form = {
        "__FORM_TOKEN": re.search('name="__FORM_TOKEN" value="([^"]+)"', page).group(1),
        "action": "edit", "version": "0", "save": "Submit changes", "text": "= Größe =\n\n * one\n", "comment": "",
    }
    browser.redirected("/wiki/" + name, 303, method="POST", data=form)
    page = browser.text("/wiki/" + name)
    assert "Größe</h1>" in page and "<li>one" in page, page
    form = {
        "__FORM_TOKEN": form["__FORM_TOKEN"], "field_summary": "by " + browser.listener, "field_type": "defect",
        "field_priority": "major", "field_component": "component1", "submit": "Create ticket",
    }
    to = browser.redirected("/newticket", 303, method="POST", data=form)
    assert "by " + browser.listener in browser.text(to)
    assert "body" in browser.text("/chrome/common/css/trac.css")
    assert browser.text("/timeline?format=rss&ticket=on").startswith("<?xml")


def flask(browser):
    same(browser.text("/"), "Flask says hello at %s/ from 127.0.0.1\n" % browser.url)
    same(browser.page("/away", 302).headers["location"], browser.url + "/")
    same([browser.text("/count") for _ in range(2)], ["1\n", "2\n"])
    same(browser.text("/upload", method="POST", files={"file": bytes(3 * 1024 * 1024)}), "3145728\n")
    browser.page("/missing", 404)


def bottle(browser):
    same(browser.text("/"), "Bottle says hello\n")
    same(browser.text("/form", method="POST", data={"name": "Zoë"}), "Zoë from https\n")
    browser.page("/missing", 404)


def pyramid(browser):
    same(browser.page("/greet/Zo%C3%AB?x=y%20z").json(), {
        "name": "Zoë", "url": browser.url + "/greet/Zo%C3%AB?x=y%20z", "peer": "127.0.0.1",
    })
    browser.count("/count")
    same(browser.page("/away", 302).headers["location"], browser.url + "/greet/Zo%C3%AB")
    same(browser.text("/broken", status=500), "caught on purpose")
    browser.page("/missing", 404)


def cherrypy(browser):
    same(browser.text("/"), "CherryPy says hello at %s/\n" % browser.url)
    browser.count("/count")
    same(browser.text("/upload", method="POST", files={"file": bytes(1024 * 1024)}), "1048576")
    same(browser.text("/pieces"), "".join("%d\n" % number for number in range(100)))
    same(browser.page("/away", 303).headers["location"], browser.url + "/")


def webdav(browser):
    folder = "/%s/" % browser.listener
    browser.page(folder, 201, method="MKCOL")
    content = bytes(range(256)) * 4096
    browser.page(folder + "a%20file", 201, method="PUT", content=content)
    # By pieces, whose sum nobody knows before.
    browser.page(folder + "pieces", 201, method="PUT", content=iter([content[:1000], content[1000:]]))
    same(browser.page(folder + "pieces").content, content)
    part = browser.page(folder + "a%20file", 206, headers={"Range": "bytes=1000-1999"})
    same((part.content, part.headers["content-range"]), (content[1000:2000], "bytes 1000-1999/1048576"))
    request = '<propfind xmlns="DAV:"><prop><getcontentlength/></prop></propfind>'
    found = browser.text(folder, status=207, method="PROPFIND", content=request, headers={"Depth": "1"})
    same(found.count("1048576<"), 2)
    to = {"Destination": browser.url + folder + "moved", "Overwrite": "F"}
    browser.page(folder + "pieces", 201, method="MOVE", headers=to)
    browser.page(folder + "pieces", 404)
    assert "PROPFIND" in browser.page(folder, method="OPTIONS").headers["allow"]
    browser.page(folder, 204, method="DELETE")
    browser.page(folder, 404)


def patched(browser):
    def visit():
        try:
            same(browser.text("/", method="POST", content=b"x" * 1000), "0123456789 1000")
            ended.append(True)
        except Exception as error:
            failed.append(error)

    ended, failed = [], []
    threads = [threading.Thread(target=visit) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed and len(ended) == 8, failed


def events(browser):
    # The second event is only made when the first one has come: nobody on the way may keep it back.
    with browser.stream("GET", "/events?stream=" + browser.listener) as answer:
        same((answer.status_code, answer.headers["content-type"]), (200, "text/event-stream"))
        lines = answer.iter_lines()
        same([next(lines) for _ in range(3)], ["id: 1", "data: first", ""])
        browser.page("/seen?stream=" + browser.listener, 204)
        same([next(lines) for _ in range(3)], ["id: 2", "data: second", ""])
        same(list(lines), [])


def visits(site, rows):
    for listener, url in rows:
        try:
            with Browser(listener, url) as browser:
                globals()[site.partition("-")[0]](browser)
            said = "ok"
        except BaseException:
            said = traceback.format_exc()
        with output:
            print("%s by %s: %s" % (site, listener, said), flush=True)


sites = collections.defaultdict(list)
for line in sys.stdin:
    name, *row = line.split()
    sites[name].append(row)
threads = [threading.Thread(target=visits, args=item) for item in sites.items()]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
