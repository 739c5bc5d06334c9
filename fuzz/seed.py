"""Puts seeds for each fuzz target into a folder: the files of testdata in the form that the target reads.

    python3 seed.py corpus

With CERTKIT_LIMBO (the file of x509-limbo, JSON or gzipped), its chains as well.
"""
import base64
import gzip
import hashlib
import json
import os
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
FILES = sorted((HERE.parent / "testdata/files").iterdir())
BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----\s*([A-Za-z0-9+/=\s]+?)-----END")
# What the target `der` takes its input for, by its first byte.
KINDS = {"CERTIFICATE": b"c", "CERTIFICATE REQUEST": b"r", "X509 CRL": b"l"}

HOSTS = """a.test|WWW.Example.TEST.|www.example.test:443|https://user@www.example.test:8443/x?y#z|bücher.example|
xn--bcher-kva.example|192.0.2.7:80|[2001:DB8::7]:443|2001:db8:0:0::7|::ffff:10.0.0.1|a_b.test|*.a.test|me@a.test|.test|
https://a.test/|10.0.0.0|faß.de|a.b.c.d.e""".replace("\n", "").split("|")

REQUESTS = [
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST /x?y HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;q=\"a\"\r\nabc\r\n0\r\nX: y\r\n\r\n",
    "OPTIONS * HTTP/1.0\r\nConnection: close\r\n\r\nCONNECT a:443 HTTP/1.1\r\nHost: a:443\r\nExpect: 100-continue\r\n\r\n",
]

LEDGER = [
    '{"event":"issued","ca":"aa","serial":"0a","names":["a.test"],"not_before":"2026-11-20T12:00:00Z",'
    '"not_after":"2026-11-21T12:00:00.5+01:00","sha256":"00","file":"/x/a.crt"}',
    '{"event":"issued","ca":"aa","serial":"0b","names":[],"not_before":"0000-01-01T00:00:00Z","not_after":"9999-12-31T23:59:59Z",'
    '"sha256":"","key_sha256":"kk","key_file":"a.key","other_files":["a.p12"],"requested_by":"mkcert","replaces":"0a",'
    '"certificate":"MAA="}',
    '{"event":"revoked","ca":"aa","serial":"0b","at":"2026-11-20T12:00:00Z","reason":"keyCompromise","imported":true}',
    '{"event":"discarded","ca":"aa","serial":"0a"}',
    '{"event":"listed","ca":"aa","number":7,"at":"2026-11-20T12:00:00Z"}',
]

ACME = [
    's /acme/new-order {"identifiers":[{"type":"dns","value":"*.a.test"},{"type":"ip","value":"::1"}],"replaces":"AA.AA"}',
    's /acme/revoke-cert {"certificate":"MAA","reason":1}',
    's /acme/key-change {"protected":"e30","payload":"e30","signature":""}',
    's /acme/account/x {"contact":["mailto:a@b.test"],"status":"valid"}',
    's /acme/order/x/finalize {"csr":"MAA"}',
    's /acme/challenge/x/0/http-01 {}',
    'b /acme/new-account {"protected":"eyJhbGciOiJub25lIn0","payload":"","signature":""}',
    'h /directory {"alg":"EdDSA","nonce":"AA","url":"https://ca.test/directory","kid":"https://ca.test/acme/account/x"}',
    'b /acme/renewal-info/AAAA.AAAA x',
]

INI = """[uwsgi]
project = shop
module = %(project).wsgi:application
chdir = %d
processes = 4
threads=2
socket = 127.0.0.1:3031
socket = /run/%(project).sock
https = :443,chain.pem,server.key
chmod-socket = 664
env = A=$(HOME)
limit-post = 10m
post-buffering = 4096
static-map = /static=/srv
http-to-https = :80
listen = 100
"""


def main():
    for path in FILES:
        put("reader", path.read_bytes())
    for kind, der in objects():
        put("der", kind + der)
        put("der", b"b" + der)
    chain = b"".join(der for kind, der in blocks("tree.pem") if kind == b"c")
    for how in range(4):
        put("path", bytes([how, 0, 1]) + chain)
        # Three of one line and two roots: names, keys and everything else from a handful of bytes.
        put("path", bytes([8 + how, 1, 2]) + bytes(range(60)))
        put("path", bytes([8 + how, 0, 0]) + b"\0" * 40)
    for host in HOSTS:
        for other in HOSTS[::3]:
            put("names", ("%s\n%s" % (host, other)).encode())
    for request in REQUESTS:
        put("http1_guard", b"\x05" + request.encode())
    for path in (b"/", b"/a/../b", b"//a", b"/%70rivate", b"/private%2f", b"/./a/%2e%2e/b", b"/%00", b"/../a", b"/%zz", b"*"):
        put("request_path", path)
    put("wire", b"\x09\x0eHTTP_HOST127.0.0.1:9090")
    put("wire", b"24:CONTENT_LENGTH\x000\x00SCGI\x001\x00,")
    put("wire", b"\x40PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\x08\x06\0\0\0\0\x0012345678")
    put("ajp", b"\x02\x02\0\x08HTTP/1.1\0\0\x02/x\0\0\x01a\0\xff\xff\0\x01a\0\0P\0\0\x02\xa0\x0b\0\x01a\0\0\x03X-Y\0\0\0\0"
               b"\x05\0\x01q\0\x0a\0\x01n\0\0\x01v\0\x0b\x01\0\xff")
    put("rules", b"route ^/old/(.*) redirect:/new/$1?q=${QUERY_STRING}\nroute-label end\nresponse-route-status 404 log:x\n")
    put("rules", b"route-if equal:${cookie[a]};b goto:end\nroute ^/f/(.*) static:/srv/$1\nroute-label end\n")
    put("rules", b"file \\.css$ 60\ntype text/css=7\n/static=7d\nmatching:[a-z]+\nroute-if ipv4in:${REMOTE_ADDR};10.0.0.0/8 break:403\n")
    put("access", b"allow /a=10.0.0.0/8\ndeny /=all\n/login=10/m,burst=5\n/=http://127.0.0.1:9000/verify?a\n/old=302 /new\n404,410=/x\n")
    put("access", b"# users\nanna:$2y$04$0123456789012345678901uuKBDCEvCN7WzgcjQfDrGqDqWNAhVvWS.\nbob:$apr1$x$y\n")
    put("journal", b"server.key\0server.key.certkit-1-1.tmp\0server.key.bak\0kp\0old\0new\0/etc/a\0a.certkit-1-1.tmp\0\0\0\0new\0")
    for line in LEDGER:
        put("ledger", line.encode())
    put("ledger", "\n".join(LEDGER).encode())
    for path in sorted((HERE.parent / "testdata/ocsp").glob("*.der")):
        put("ocsp", path.read_bytes())
    put("proxy_header", b"PROXY TCP4 192.0.2.1 192.0.2.2 40000 443\r\n")
    put("proxy_header", b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x11\xc0\0\x02\x01\xc0\0\x02\x02\x9c\x40\x01\xbb\x04\0\x02\0\0")
    put("ajp", b"\x12\x34\0\x05\0\x03abc")
    put("uwsgi", b"\x09\0HTTP_HOST\x0e\x00127.0.0.1:9090")
    put("marshal", b"\x04\0\x11\2\3[\1\0\0\0(\4\0\0\0s\1\0\0\0az\1b")
    put("uwsgi_ini", INI.encode())
    for path in sorted((HERE.parent / "testdata/uwsgi").iterdir()):
        put("uwsgi_ini", path.read_bytes())
    put("keeper_message", b"G\x02\4\0/log/old")
    for text in ["cmd=run -a,pidfile=/run/x,freq=3,stopsignal=2,touch=/a;/b", "/run/x,5 run", "asap exec:true"]:
        put("beside", text.encode())
    put("foreign_settings", b"version = 2.1.0\n[renewalparams]\nserver = https://ca.test/dir\nwebroot_path = /srv,\n"
                            b"[[webroot_map]]\na.test = /srv\n")
    put("foreign_settings", b"Le_Webroot='dns_cf'\nLe_ReloadCmd='__ACME_BASE64__START_ZWNobw==__ACME_BASE64__END_'\n")
    put("persistent_record", b"ca.example; accounturi=https://ca.example/acct/1; policy=wildcard; persistUntil=1767225600")
    put("persistent_record", b"other.example; x\0CA.example.;accounturi=u;policy=none")
    for line in ACME:
        put("acme_server", line.encode())
    put("acme_server", "\n".join(ACME).encode())
    limbo()


def objects():
    """What is in testdata, as DER, with the byte for its kind."""
    for path in FILES:
        if path.suffix in (".der", ".p7b", ".p12", ".pfx", ".crl"):
            kind = {"server.der": b"c", "server-csr.der": b"r", "issuing.crl": b"l"}.get(path.name, b"f")
            yield b"k" if kind == b"f" and "key-" in path.name else kind, path.read_bytes()
        else:
            yield from blocks(path.name)


def blocks(name):
    for label, text in BLOCK.findall((HERE.parent / "testdata/files" / name).read_bytes()):
        label = label.decode()
        kind = b"k" if label.endswith("PRIVATE KEY") else KINDS.get(label, b"f")
        try:
            yield kind, base64.b64decode(text)
        except ValueError:
            continue


def limbo():
    path = os.environ.get("CERTKIT_LIMBO")
    if not path:
        return
    with (gzip.open if path.endswith(".gz") else open)(path, "rb") as file:
        cases = json.load(file)["testcases"]
    for case in cases:
        pems = [case["peer_certificate"], *case["untrusted_intermediates"], *case["trusted_certs"]]
        ders = [base64.b64decode(text) for pem in pems for _, text in BLOCK.findall(pem.encode())]
        put("path", bytes([2, len(case["trusted_certs"]) - 1 & 3, 0]) + b"".join(ders))
        put("der", b"c" + ders[0])


def put(target, seed):
    folder = Path(sys.argv[1]) / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / hashlib.sha1(seed).hexdigest()).write_bytes(seed)


if __name__ == "__main__":
    main()
