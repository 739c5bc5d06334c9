"""Asks tests/apps/backend.py behind certkit, below each prefix, over HTTP/1.1 and HTTP/2: `backends.py CA URL PREFIX...`
prints `PREFIX by VERSION: ok`, or what went wrong. All prefixes at once.
"""
import hashlib
import secrets
import ssl
import sys
import threading
import traceback
import urllib.parse

import httpx

ca, url, *prefixes = sys.argv[1:]
output = threading.Lock()
# What servers make of a path, whoever is in front of them: flup does not decode it for AJP, and gunicorn takes the one of
# uwsgi for text in Latin-1 and encodes that.
quirks = {
    "/flup/ajp": lambda path: urllib.parse.unquote(path, "latin-1"),
    "/gunicorn/uwsgi": lambda path: path.encode("latin-1").decode(),
}


def same(found, expected):
    assert found == expected, "%.500r, expected %.500r" % (found, expected)


def ask(client, prefix):
    def page(path, status=200, method="GET", **options):
        answer = client.request(method, prefix + path, **options)
        assert answer.status_code == status, (method, path, answer.status_code, answer.headers, answer.text[:2000])
        return answer

    here, quirk = url + prefix + "/", quirks.get(prefix, str)
    # Links and redirects of the application lead to where it is.
    same(page("/").text, here + " " + prefix + "/")
    for path, status, to in [("/go", 302, here), ("/away", 302, here + "echo/x%20y"), ("/folder", 308, here + "folder/")]:
        same(str(client.base_url.join(page(path, status).headers["location"])), to)
    same(page("/folder/").text, "in the folder")

    # What was asked arrives as it was.
    long = "y" * 3000
    headers = {"Cookie": "a=1; b=2", "X-Long": long, "Proxy": "http://evil", "Forwarded": "for=192.0.2.1",
               "X-Forwarded-For": "192.0.2.2", "X-Real-IP": "192.0.2.3", "X-Forwarded-Proto": "http"}
    for path, info in [("/echo", "/echo"), ("/echo/a%20b;c/%C3%A9", "/echo/a b;c/\xc3\xa9"), ("/echo/a%2Fb", "/echo/a/b"),
                       ("/echo/%25%3F", "/echo/%?"), ("/x/../echo", "/echo"), ("//echo", "/echo")]:
        echo = page(path + "?x=%20&y=a+b&z", headers=headers).json()
        same((echo["SCRIPT_NAME"], quirk(echo["PATH_INFO"]), echo["QUERY_STRING"]), (prefix, info, "x=%20&y=a+b&z"))
        same((echo["HTTP_COOKIE"], echo["HTTP_X_LONG"], echo["wsgi.url_scheme"]), ("a=1; b=2", long, "https"))
        same((echo["REMOTE_ADDR"], echo["HTTP_X_REAL_IP"], echo["HTTP_X_FORWARDED_PROTO"]), ("127.0.0.1", "127.0.0.1", "https"))
        same((url + prefix).split("/")[2], echo["HTTP_HOST"])
    body = bytes(range(256)) * 4096
    for method, sent in [("POST", body), ("PUT", b"x"), ("PATCH", b"x" * 8186), ("DELETE", b""), ("POST", b"")]:
        # flup has no PATCH by AJP.
        method = "POST" if (prefix, method) == ("/flup/ajp", "PATCH") else method
        echo = page("/echo", method=method, content=sent, headers={"Content-Type": "text/x-of-ours"}).json()
        same((echo["REQUEST_METHOD"], echo["length"], echo["CONTENT_TYPE"]), (method, len(sent), "text/x-of-ours"))
        same(echo["sha256"], hashlib.sha256(sent).hexdigest())
    # Chunks, or no length in HTTP/2.
    echo = page("/echo", method="POST", content=(body[at:at + 50_000] for at in range(0, len(body), 50_000))).json()
    same((echo["length"], echo["sha256"]), (len(body), hashlib.sha256(body).hexdigest()))

    # And what is answered.
    head = page("/folder/", method="HEAD")
    same((head.content, head.headers.get("content-length", "13")), (b"", "13"))
    assert "not found" in page("/missing", 404).text.lower()
    same(page("/nothing", 204).content, b"")
    cached = page("/cached")
    same([value.split(";")[0] for value in cached.headers.get_list("set-cookie")], ["a=1", "b=2"])
    same(page("/cached", 304, headers={"If-None-Match": cached.headers["etag"]}).content, b"")
    large = page("/large?pieces=2000").content
    same(large, b"".join(bytes([number % 251]) * 1000 for number in range(2000)))
    events(client, prefix)


def events(client, prefix):
    """Each event arrives before the next one is made."""
    name = secrets.token_hex(8)
    with client.stream("GET", prefix + "/events?stream=" + name) as answer:
        same((answer.status_code, answer.headers["content-type"].split(";")[0]), (200, "text/event-stream"))
        pieces = answer.iter_text()
        same(next(pieces), "data: first\n\n")
        same(client.get(prefix + "/seen?stream=" + name).status_code, 204)
        same("".join(pieces), "data: second\n\n")


def visit(prefix, version):
    # Of its own: it also says which version is wanted.
    context = ssl.create_default_context(cafile=ca)
    client = httpx.Client(base_url=url, verify=context, http2=version == "2", timeout=60, trust_env=False)
    try:
        with client:
            same(client.get(prefix + "/").http_version, "HTTP/2" if version == "2" else "HTTP/1.1")
            ask(client, prefix)
        result = "ok"
    except Exception:
        result = traceback.format_exc()
    with output:
        print("%s by HTTP/%s: %s" % (prefix, version, result), flush=True)


threads = [threading.Thread(target=visit, args=(prefix, version)) for prefix in prefixes for version in ("1.1", "2")]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
