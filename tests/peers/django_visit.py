"""Visits a Django site as a browser would: admin login with its CSRF token, a static file, a session, an upload.

usage: django_visit.py URL CA USER PASSWORD
"""
import http.cookiejar
import re
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request

url, ca, user, password = sys.argv[1:]
cookies = http.cookiejar.CookieJar()
browser = urllib.request.build_opener(
    urllib.request.ProxyHandler({}),
    urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=ca)),
    urllib.request.HTTPCookieProcessor(cookies),
)


def load(path, data=None, headers={}):
    # Over https Django checks the Referer of every form, strictly.
    request = urllib.request.Request(url + path, data, {"Referer": url + path, **headers})
    with browser.open(request, timeout=60) as answer:
        return answer.geturl(), answer.read().decode()


def token(page):
    return re.search('name="csrfmiddlewaretoken" value="([^"]+)"', page).group(1)


where, page = load("/admin/")
assert "/admin/login/" in where, where
form = {"username": user, "password": password, "next": "/admin/"}
try:
    load("/admin/login/", urllib.parse.urlencode(form).encode())
    raise AssertionError("a form without its token was taken")
except urllib.error.HTTPError as error:
    assert error.code == 403, error
form["csrfmiddlewaretoken"] = token(page)
where, page = load("/admin/login/?next=/admin/", urllib.parse.urlencode(form).encode())
assert where == url + "/admin/" and "Site administration" in page, where
print("logged in")

style = re.search('href="(/static/admin/css/base[^"]*.css)"', page).group(1)
assert "--primary" in load(style)[1]
print("static files")

assert load("/visits/")[1] == "1"
assert load("/visits/")[1] == "2"
print("sessions")

boundary = "certkit-test"
page = load("/upload/")[1]
size = 3 * 1024 * 1024
parts = (
    '--%s\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n%s\r\n'
    '--%s\r\nContent-Disposition: form-data; name="file"; filename="big.bin"\r\n'
    "Content-Type: application/octet-stream\r\n\r\n" % (boundary, token(page), boundary)
)
body = parts.encode() + bytes(size) + ("\r\n--%s--\r\n" % boundary).encode()
where, page = load("/upload/", body, {"Content-Type": "multipart/form-data; boundary=" + boundary})
assert page == "%d bytes, secure: True" % size, page
print("upload")
