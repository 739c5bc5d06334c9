"""Breaks the rules of HTTP/2, one connection for each case, at /up/bad and /files/a.txt of a server: `frames.py PORT CA`.
While the connection of a case is still open, another one is served. Prints what was not as expected.

What may happen: `refused` (the stream is reset, answered 4xx, or the connection ends with GOAWAY), `ended` (the connection
is closed, with or without GOAWAY), or a status.
"""
import socket
import ssl
import struct
import sys

port, ca = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
context.set_alpn_protocols(["h2"])
HEADERS, PRIORITY, RESET, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = 1, 2, 3, 4, 5, 6, 7, 8, 9
DATA, END_STREAM, END_HEADERS = 0, 1, 4
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def string(text):
    """RFC 7541 section 5.2, without Huffman coding."""
    text = text.encode("latin-1") if isinstance(text, str) else text
    return integer(len(text), 7) + text


def integer(number, bits):
    most = (1 << bits) - 1
    if number < most:
        return bytes([number])
    coded, number = [most], number - most
    while number >= 128:
        coded.append(number % 128 + 128)
        number //= 128
    return bytes(coded + [number])


def block(*fields):
    """Literals without indexing."""
    return b"".join(b"\0" + string(name) + string(value) for name, value in fields)


def pseudo(method="POST", path="/up/bad", **more):
    fields = {":method": method, ":scheme": "https", ":authority": "localhost", ":path": path}
    fields.update((":" + name, value) for name, value in more.items())
    return [(name, value) for name, value in fields.items() if value is not None]


def request(*fields, flags=END_STREAM | END_HEADERS, stream=1, **named):
    return frame(HEADERS, flags, stream, block(*pseudo(**named), *fields))


def body(*pieces, fields=(), last=END_STREAM):
    frames = [request(*fields, flags=END_HEADERS)]
    frames += [frame(DATA, 0, 1, piece) for piece in pieces[:-1]] + [frame(DATA, last, 1, pieces[-1])]
    return b"".join(frames)


def parts(fields):
    """A block that does not fit into one frame."""
    pieces = [fields[at:at + 16_000] for at in range(0, len(fields), 16_000)]
    frames = [frame(CONTINUATION if at else HEADERS, 0 if at else END_STREAM, 1, pieces[at]) for at in range(len(pieces) - 1)]
    return b"".join(frames) + frame(CONTINUATION, END_HEADERS, 1, pieces[-1])


def streams(count, *behind):
    """So many requests, with frames behind each."""
    return b"".join(
        request(path="/up/bad", flags=END_HEADERS, stream=number) + b"".join(make(number) for make in behind)
        for number in range(1, 2 * count, 2))


cases = {
    # Fields, RFC 9113 section 8.2 and 8.3.
    "an upper-case name": (request(("X-Y", "1")), "refused"),
    "an empty name": (request(("", "1")), "refused"),
    "a space in a name": (request(("x y", "1")), "refused"),
    "a line break in a value": (request(("x", "1\r\ny: 2")), "refused"),
    "NUL in a value": (request(("x", "1\0")), "refused"),
    "a connection field": (request(("connection", "close")), "refused"),
    "keep-alive": (request(("keep-alive", "1")), "refused"),
    "upgrade": (request(("upgrade", "h2c")), "refused"),
    "a transfer coding": (request(("transfer-encoding", "chunked")), "refused"),
    "te other than trailers": (request(("te", "gzip")), "refused"),
    "two hosts": (request(("host", "other")), "refused"),
    "an empty path": (request(path=""), "refused"),
    "no path": (request(path=None), "refused"),
    "no method": (request(method=None), "refused"),
    "no scheme": (request(scheme=None), "refused"),
    "a space in the path": (request(path="/up/b ad"), "refused"),
    "a line break in the path": (request(path="/up/bad HTTP/1.1\r\nX: y"), "refused"),
    "a path that is none": (request(path="up/bad"), "refused"),
    # h2 drops it, and nobody sees it.
    "a fragment": (request(path="/up/good#x"), 200),
    "NUL in the path": (request(path="/up/bad%00"), "refused"),
    "a method that is none": (request(method="G T"), "refused"),
    "a host that is none": (request(authority="a b"), "refused"),
    "an unknown pseudo field": (request(what="x"), "refused"),
    "a pseudo field of responses": (request(status="200"), "refused"),
    "a pseudo field at the end": (request(("x", "1"), (":path", "/up/bad")), "refused"),
    "the same pseudo field twice": (frame(HEADERS, 5, 1, block(*pseudo(), (":path", "/up/bad"))), "refused"),
    "CONNECT": (frame(HEADERS, 5, 1, block((":method", "CONNECT"), (":authority", "a:443"))), "refused"),
    "too many fields": (request(*[("x%d" % number, "y") for number in range(200)]), "refused"),
    "a path that is too long": (parts(block(*pseudo(path="/up/" + "x" * 20_000))), "refused"),
    "fields that are too large": (parts(block(*pseudo(), *[("x", "y" * 1000)] * 70)), "refused"),
    # Bodies, section 8.1.1.
    "less than its length": (body(b"half", fields=[("content-length", "9")]), "refused"),
    "more than its length": (body(b"half", b"more", fields=[("content-length", "5")]), "refused"),
    "two lengths": (body(b"half", fields=[("content-length", "4"), ("content-length", "5")]), "refused"),
    "a length with a sign": (body(b"half", fields=[("content-length", "+4")]), "refused"),
    "a length without a body": (request(("content-length", "4")), "refused"),
    "more than the limit": (body(fields=[("content-length", str(2 << 20))], last=0, *[b"x"]), "refused"),
    # h2 drops them, and nobody sees them.
    "pseudo fields in trailers": (
        request(path="/up/good", flags=END_HEADERS) + frame(DATA, 0, 1, b"x") + frame(HEADERS, 5, 1, block((":path", "/"))),
        200),
    # Frames, sections 4 to 6.
    "garbage for fields": (frame(HEADERS, 5, 1, b"\xff" * 100), "ended"),
    "a table that is too large": (frame(HEADERS, 5, 1, b"\x3f\xff\xff\xff\x7f"), "ended"),
    "data on no stream": (frame(DATA, 0, 0, b"x"), "ended"),
    "data on an idle stream": (frame(DATA, 0, 1, b"x"), "ended"),
    "fields on no stream": (frame(HEADERS, 5, 0, block(*pseudo())), "ended"),
    "an even stream": (request(stream=2), "ended"),
    "an older stream": (request(path="/files/a.txt", stream=5) + request(stream=3), "ended"),
    "padding that is too long": (frame(DATA, 8, 1, b"\xff"), "ended"),
    "a push": (frame(PUSH, 4, 1, b"\0\0\0\2" + block(*pseudo())), "ended"),
    "a frame that is too long": (struct.pack(">I", 1 << 20)[1:] + b"\0\0\0\0\0\1" + b"x" * 20_000, "ended"),
    "another frame within fields": (request(flags=0) + frame(PING, 0, 0, b"x" * 8), "ended"),
    "the rest of nothing": (frame(CONTINUATION, 4, 1, block(*pseudo())), "ended"),
    "settings of a stream": (frame(SETTINGS, 0, 1), "ended"),
    "settings of a wrong length": (frame(SETTINGS, 0, 0, b"x" * 5), "ended"),
    "a window that is too large": (frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 1 << 31)), "ended"),
    "a window that grows too large": (frame(WINDOW, 0, 0, struct.pack(">I", 0x7FFFFFFF)) * 2, "ended"),
    "a window that does not grow": (frame(WINDOW, 0, 0, b"\0\0\0\0"), "ended"),
    "a ping of a wrong length": (frame(PING, 0, 0, b"x"), "ended"),
    "no frames": (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "ended"),
    # Floods: CVE-2023-44487 (rapid reset), CVE-2024-27316 (CONTINUATION), CVE-2019-9511 and those that follow it.
    "rapid resets": (streams(5000, lambda number: frame(RESET, 0, number, b"\0\0\0\x08")), "ended"),
    "fields without end": (request(flags=0) + frame(CONTINUATION, 0, 1, block(("x", "y" * 10_000))) * 1000, "ended"),
    "empty fields without end": (request(flags=0) + frame(CONTINUATION, 0, 1) * 20_000, "ended"),
    "pings without end": (frame(PING, 0, 0, b"x" * 8) * 20_000, "ended"),
    "settings without end": (frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 65535)) * 20_000, "ended"),
    "empty data without end": (request(flags=END_HEADERS) + frame(DATA, 0, 1) * 50_000, "ended"),
    "priorities without end": (frame(PRIORITY, 0, 1, b"\0\0\0\0\x10") * 50_000, "ended"),
}


def connect():
    plain = socket.create_connection(("127.0.0.1", int(port)), 30)
    return context.wrap_socket(plain, server_hostname="localhost")


def read(connection):
    """The frames that come, to the end of the connection."""
    received = b""
    while True:
        while len(received) < 9 or len(received) < 9 + int.from_bytes(received[:3], "big"):
            try:
                piece = connection.recv(65536)
            except (ConnectionError, ssl.SSLError):
                return
            if not piece:
                return
            received += piece
        length = int.from_bytes(received[:3], "big")
        yield received[3], received[4], int.from_bytes(received[5:9], "big"), received[9:9 + length]
        received = received[9 + length:]


def status_of(payload):
    """Of the first field, which is one of the static table (RFC 7541 appendix A), or a literal."""
    known = {0x88: 200, 0x89: 204, 0x8a: 206, 0x8b: 304, 0x8c: 400, 0x8d: 404, 0x8e: 500}
    if payload[0] in known:
        return known[payload[0]]
    text = payload[2:2 + (payload[1] & 127)]
    if not payload[1] & 128:
        return int(text)
    # Huffman: digits are 5 bits (0, 1, 2) or 6 bits.
    bits = "".join("{:08b}".format(byte) for byte in text)
    short, digits = {"00000": "0", "00001": "1", "00010": "2"}, ""
    while len(digits) < 3:
        if bits[:5] in short:
            digits, bits = digits + short[bits[:5]], bits[5:]
        else:
            digits, bits = digits + str(int(bits[:6], 2) - 0b011001 + 3), bits[6:]
    return int(digits)


def good():
    connection = connect()
    connection.sendall(PREFACE + frame(SETTINGS, 0, 0) + request(method="GET", path="/up/good"))
    for kind, _, stream, payload in read(connection):
        if kind == HEADERS:
            connection.close()
            return status_of(payload)
    return 0


def outcome(connection):
    for kind, flags, stream, payload in read(connection):
        if kind == GOAWAY:
            return "ended"
        if kind == RESET:
            return "reset"
        if kind == HEADERS:
            return status_of(payload)
    return "ended"


def ask(sent, expected):
    connection = connect()
    try:
        connection.sendall(PREFACE + frame(SETTINGS, 0, 0) + sent)
    except (ConnectionError, ssl.SSLError):
        pass
    found = outcome(connection)
    # The connection is still open.
    others = good()
    connection.close()
    is_refused = found in ("reset", "ended") or isinstance(found, int) and 400 <= found < 600
    if others != 200:
        return "%s, and another client then gets %s" % (found, others)
    return None if found == expected or expected == "refused" and is_refused else found


failed = False
for name, (sent, expected) in cases.items():
    found = ask(sent, expected)
    if found is not None:
        failed = True
        print("%s: %s, expected: %s" % (name, found, expected), flush=True)
print("some were not" if failed else "all as expected")
