"""So many requests of every kind by every listener, on kept and on fresh connections, a part of them broken off by the
client. The application is tests/apps/probe.py. Prints the resident memory of the server after the first tenth and at the
end, in KiB, and what was not as expected.

usage: mixed.py CA PID REQUESTS HTTPS HTTP UWSGI FCGI SCGI      (the last five are ports)
"""
import collections
import itertools
import os
import random
import socket
import ssl
import struct
import sys
import threading
import time

import h2.config
import h2.connection
import h2.events

ca, pid, requests, *ports = sys.argv[1:]
pid, requests = int(pid), int(requests)
ports = dict(zip(["https", "http", "uwsgi", "fcgi", "scgi"], map(int, ports)))
ports["h2"] = ports["https"]
BODY = b"b" * 3000
DIGEST = b"3000 "
CLIENTS = 8


def context(protocol):
    made = ssl.create_default_context(cafile=ca)
    made.set_alpn_protocols([protocol])
    return made


contexts = {"https": context("http/1.1"), "h2": context("h2")}

# Method, path, query, body, chunked (else with a length), the status, how the body begins.
KINDS = [
    ("GET", "/hello", "", b"", False, 200, b"Hello"),
    ("GET", "/hello", "", b"", False, 200, b"Hello"),
    ("GET", "/environ", "a=%C3%A9", b"", False, 200, b"{"),
    ("HEAD", "/hello", "", b"", False, 200, b""),
    ("POST", "/digest", "", BODY, False, 200, DIGEST),
    ("POST", "/digest", "", BODY, True, 200, DIGEST),
    ("POST", "/unread", "", BODY, False, 200, b"not interested"),
    ("GET", "/stream", "bytes=100000", b"", False, 200, b"\0\1\2"),
    ("GET", "/nothing", "", b"", False, 204, b""),
    ("GET", "/missing", "", b"", False, 404, b"no such page"),
    ("GET", "/raise", "", b"", False, 500, b""),
]


def connect(scheme):
    plain = socket.create_connection(("127.0.0.1", ports[scheme]), 60)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return contexts[scheme].wrap_socket(plain, server_hostname="localhost") if scheme in contexts else plain


class Http:
    """A connection of HTTP/1.1."""

    def __init__(self, scheme):
        self.socket = connect(scheme)
        self.file = self.socket.makefile("rb")

    def close(self):
        self.file.close()
        self.socket.close()

    def message(self, kind):
        method, path, query, body, is_chunked = kind[:5]
        head = "%s %s%s HTTP/1.1\r\nHost: localhost\r\n" % (method, path, "?" + query if query else "")
        if is_chunked:
            content = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:7], body[7:])) + b"0\r\n\r\n"
            return (head + "Transfer-Encoding: chunked\r\n\r\n").encode() + content
        if body:
            head += "Content-Length: %d\r\n" % len(body)
        return (head + "\r\n").encode() + body

    def ask(self, kind):
        """The status, the body, and whether the connection can be used again."""
        self.socket.sendall(self.message(kind))
        line = self.file.readline()
        if not line:
            raise EOFError("no answer")
        status = int(line.split()[1])
        fields = {}
        while (line := self.file.readline().strip()):
            name, _, value = line.decode("latin-1").partition(":")
            fields[name.lower()] = value.strip()
        body = b""
        if kind[0] != "HEAD" and status != 204:
            if "content-length" in fields:
                body = self.file.read(int(fields["content-length"]))
            else:
                assert fields["transfer-encoding"] == "chunked", fields
                while (size := int(self.file.readline(), 16)):
                    body += self.file.read(size)
                    self.file.readline()
                self.file.readline()
        return status, body, fields.get("connection") != "close"

    def give_up(self, kind):
        """Half of a request, or a whole one whose answer is not read to its end."""
        message = self.message(kind)
        self.socket.sendall(message[:random.choice([len(message) // 2, len(message)])])


class Http2:
    """A connection of HTTP/2 with one stream at a time."""

    def __init__(self, scheme):
        self.socket = connect(scheme)
        self.http = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self.http.initiate_connection()
        self.http.increment_flow_control_window(1 << 30)

    def close(self):
        self.socket.close()

    def begin(self, kind):
        method, path, query, body = kind[:4]
        stream = self.http.get_next_available_stream_id()
        fields = [(":method", method), (":path", path + "?" + query if query else path), (":scheme", "https")]
        self.http.send_headers(stream, fields + [(":authority", "localhost")], end_stream=not body)
        if body:
            self.http.send_data(stream, body, end_stream=True)
        self.socket.sendall(self.http.data_to_send())
        return stream

    def ask(self, kind):
        stream = self.begin(kind)
        status, body = 0, b""
        while True:
            received = self.socket.recv(65536)
            if not received:
                raise EOFError("no answer")
            for event in self.http.receive_data(received):
                if isinstance(event, h2.events.ConnectionTerminated):
                    raise EOFError("the connection was ended: %s" % event)
                if getattr(event, "stream_id", None) != stream:
                    continue
                if isinstance(event, h2.events.ResponseReceived):
                    status = int(dict(event.headers)[":status"])
                elif isinstance(event, h2.events.DataReceived):
                    body += event.data
                    self.http.acknowledge_received_data(event.flow_controlled_length, stream)
                elif isinstance(event, h2.events.StreamReset):
                    # What the application does not read need not be sent.
                    if kind[1] == "/unread" and status:
                        return status, body, False
                    raise EOFError("the stream was reset: %s" % event)
                elif isinstance(event, h2.events.StreamEnded):
                    self.socket.sendall(self.http.data_to_send())
                    return status, body, stream < 1000
            self.socket.sendall(self.http.data_to_send())

    def give_up(self, kind):
        """A stream that is reset, and the connection with it."""
        stream = self.begin(kind)
        if random.random() < 0.5:
            self.http.reset_stream(stream, 8)
            self.socket.sendall(self.http.data_to_send())


class Gateway:
    """A connection of uwsgi, SCGI or FastCGI."""

    def __init__(self, scheme):
        self.scheme = scheme
        self.socket = connect(scheme)

    def close(self):
        self.socket.close()

    def message(self, kind):
        method, path, query, body = kind[:4]
        variables = {
            "CONTENT_LENGTH": str(len(body)), "REQUEST_METHOD": method, "QUERY_STRING": query, "PATH_INFO": path,
            "REQUEST_URI": path, "SERVER_PROTOCOL": "HTTP/1.1", "SERVER_NAME": "localhost", "SERVER_PORT": "80",
            "REMOTE_ADDR": "192.0.2.1", "SCGI": "1",
        }
        pairs = [(name.encode(), value.encode()) for name, value in variables.items()]
        if self.scheme == "scgi":
            block = b"".join(name + b"\0" + value + b"\0" for name, value in pairs)
            return b"%d:%s," % (len(block), block) + body
        if self.scheme == "uwsgi":
            block = b"".join(struct.pack("<H", len(word)) + word for pair in pairs for word in pair)
            return struct.pack("<BHB", 0, len(block), 0) + block + body
        block = b"".join(bytes([len(name), len(value)]) + name + value for name, value in pairs)
        record = lambda number, content: struct.pack(">BBHHBB", 1, number, 1, len(content), 0, 0) + content
        # The connection is kept (FCGI_KEEP_CONN).
        begin = record(1, b"\0\1\1\0\0\0\0\0")
        return begin + record(4, block) + record(4, b"") + (record(5, body) if body else b"") + record(5, b"")

    def ask(self, kind):
        self.socket.sendall(self.message(kind))
        answer = self.fastcgi() if self.scheme == "fcgi" else self.to_the_end()
        head, _, body = answer.partition(b"\r\n\r\n")
        if not head:
            raise EOFError("no answer")
        return int(head.split()[1]), body, self.scheme == "fcgi"

    def exactly(self, size):
        received = b""
        while len(received) < size:
            piece = self.socket.recv(size - len(received))
            if not piece:
                raise EOFError("no answer")
            received += piece
        return received

    def fastcgi(self):
        answer = b""
        while True:
            _, number, _, size, padding, _ = struct.unpack(">BBHHBB", self.exactly(8))
            content = self.exactly(size + padding)[:size]
            if number == 6:
                answer += content
            elif number == 3:
                return answer

    def to_the_end(self):
        pieces = []
        while (piece := self.socket.recv(65536)):
            pieces.append(piece)
        return b"".join(pieces)

    def give_up(self, kind):
        message = self.message(kind)
        self.socket.sendall(message[:random.choice([len(message) // 2, len(message)])])


CONNECTIONS = {"https": Http, "http": Http, "h2": Http2, "uwsgi": Gateway, "fcgi": Gateway, "scgi": Gateway}


def memory():
    """Of the process in front, and of its workers together."""
    def resident(process):
        try:
            [line] = [line for line in open("/proc/%d/status" % process) if line.startswith("VmRSS:")]
            return int(line.split()[1])
        except (OSError, ValueError):
            return 0

    children = open("/proc/%d/task/%d/children" % (pid, pid)).read().split()
    return resident(pid), sum(resident(int(child)) for child in children)


def run():
    kept = {}
    while (number := next(numbers)) < requests:
        scheme, kind = random.choice(list(CONNECTIONS)), random.choice(KINDS)
        try:
            gives_up, is_fresh = random.random() < 0.05, random.random() < 0.2
            connection = None if gives_up or is_fresh else kept.pop(scheme, None)
            connection = connection or CONNECTIONS[scheme](scheme)
            if gives_up:
                connection.give_up(kind)
                connection.close()
                continue
            status, body, is_kept = connection.ask(kind)
            if kind[0] == "HEAD":
                body = b""
            if status != kind[5] or not body.startswith(kind[6]):
                raise ValueError((status, body[:100]))
            if kind[1] == "/stream" and len(body) != 100_000:
                raise ValueError("%d bytes" % len(body))
            if is_kept:
                kept[scheme] = connection
            else:
                connection.close()
        except Exception as error:
            wrong["%s %s by %s: %r" % (*kind[:2], scheme, error)] += 1
        finally:
            if number == requests // 10:
                first.append(memory())


numbers, first, wrong = itertools.count(), [], collections.Counter()
threads = [threading.Thread(target=run) for _ in range(CLIENTS)]
began = time.monotonic()
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("%d requests, %d a second" % (requests, requests / (time.monotonic() - began)), file=sys.stderr)
for name, (front, workers) in [("tenth", first[0]), ("end", memory())]:
    print(name, front, workers)
for what, count in wrong.most_common(20):
    print("wrong:", count, what)
