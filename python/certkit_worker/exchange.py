"""One request: PEP 3333 between the application and the lane."""


class Exchange:
    """One request's way through PEP 3333: start_response, write, the head's journey, Content-Length."""

    __slots__ = ("lane", "number", "head_only", "status", "headers", "bodiless", "length", "sent", "begun", "done",
                 "gone", "over", "credit", "streamed")

    def __init__(self, lane, number, head_only):
        self.lane = lane
        self.number = number
        self.head_only = head_only
        self.status = None
        self.headers = None
        # Whether the status forbids a body, or the method does.
        self.bodiless = head_only
        # The declared Content-Length, and how much of it was sent.
        self.length = None
        self.sent = 0
        # The head can no longer be changed.
        self.begun = False
        # It came in pieces.
        self.streamed = False
        # The front has, or will get with the next flush, everything it needs.
        self.done = False
        self.gone = False
        # What may be sent before the client has taken some.
        self.credit = CREDIT
        # The request has ended; what the application kept of it must not touch the stream any more.
        self.over = False

    def start_response(self, status, headers, exc_info=None):
        if exc_info is not None:
            try:
                if self.begun:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None
        elif self.status is not None:
            raise AssertionError("start_response() was called a second time without exc_info (PEP 3333)")
        bodiless = STATUSES.get(status)
        if bodiless is None:
            bodiless = check_status(status)
        if type(headers) is not list:
            raise TypeError("start_response() takes a list of headers, not %r (PEP 3333)" % type(headers).__name__)
        if len(headers) > HEADER_COUNT:
            raise ValueError("start_response() got %d headers; at most %d are allowed" % (len(headers), HEADER_COUNT))
        length = None
        drops = False
        for item in headers:
            try:
                found = HEADERS.get(item)
            except TypeError:
                found = None
            if found is None:
                found = check_header(item)
            if found != PLAIN:
                if found < PLAIN:
                    drops = True
                    continue
                if length is not None:
                    raise ValueError("there are two Content-Length headers")
                length = found
        self.status = status
        # A copy: the application may use its list again before the answer is sent.
        self.headers = without_hop_by_hop(headers) if drops else headers[:]
        self.bodiless = bodiless or self.head_only
        self.length = length
        return self.write

    def write(self, data):
        if not isinstance(data, bytes):
            raise TypeError("write() takes bytes, not %s (PEP 3333)" % type(data).__name__)
        if self.over:
            raise ValueError("write() was called after the request had ended")
        if data:
            self.output(data)
            self.lane.flush()
            if self.gone or self.begun and not self.done and self.client_gone():
                raise ClientGone("the client disconnected")

    def takes(self, body):
        """Whether this body, as all there is, makes the common answer; then it is sent soon."""
        if type(body) is not bytes or self.begun or self.bodiless or self.status is None:
            return False
        length = len(body)
        if length > WHOLE_LIMIT or self.length is not None and self.length != length:
            return False
        # The front adds the Content-Length itself.
        self.begun = self.done = True
        self.lane.answer(self.number, self.status, self.headers, body)
        return True

    def all(self, chunks):
        """The body as a list."""
        if len(chunks) == 1:
            body = chunks[0]
        else:
            body = b"".join(map(checked, chunks))
        if type(body) is not bytes:
            body = checked(body)
        if self.status is None:
            raise AssertionError("the application returned without calling start_response()")
        if self.begun:
            if body:
                self.output(body)
        elif self.bodiless:
            # The Content-Length that GET would get (RFC 9110 section 9.3.2). An empty body does not tell it: many
            # applications give none for HEAD.
            if self.length is None and self.head_only and body:
                self.headers.append(("Content-Length", str(len(body))))
            self.whole(b"")
        elif self.length is None:
            self.length = len(body)
            # The front counts the bytes of a whole answer and adds the Content-Length itself.
            if self.length > WHOLE_LIMIT:
                self.headers.append(("Content-Length", str(self.length)))
            self.output(body)
        elif body:
            self.output(body)

    def iterate(self, chunks):
        """Sends every chunk before it asks for the next one."""
        for chunk in chunks:
            if not isinstance(chunk, bytes):
                checked(chunk)
            if not chunk:
                continue
            if self.done:
                # Past the Content-Length, or the body of a HEAD request.
                return
            self.output(chunk)
            if self.done:
                if self.bodiless:
                    return
                if self.lane.alone:
                    # The rest of the generator may take its time; the client has no reason to wait.
                    self.lane.flush()
            elif self.gone or self.client_gone():
                return

    def client_gone(self):
        """Takes what the front has said, without waiting: more credit, and whether the client is gone."""
        while True:
            found = self.lane.receive(_socket.MSG_DONTWAIT)
            if found is None:
                return self.gone
            self.hear(*found)

    def hear(self, kind, number, length):
        """A frame that may come at any time. Anything for another request came too late for that one."""
        if number == self.number and kind == b"W":
            self.credit += self.lane.number()
        else:
            self.lane.skip(length)
            if number == self.number and kind == b"A":
                self.gone = True

    def wait_for_credit(self, cost):
        """Waits until the client has taken enough; false if it is gone."""
        while self.credit < cost and not self.gone:
            self.hear(*self.lane.receive())
        return not self.gone

    def output(self, chunk):
        """Sends a chunk that is not empty, or an empty one that is the whole body; the head goes with the first."""
        if not self.begun:
            if self.status is None:
                raise AssertionError("the application sent a body before it called start_response()")
            if self.bodiless:
                self.whole(b"")
                return
            length = self.length
            if length is not None and len(chunk) >= length and length <= WHOLE_LIMIT:
                self.sent = length
                self.whole(exact_bytes(chunk) if len(chunk) == length else bytes(chunk[:length]))
                return
            head = head_frame(self.number, self.status, self.headers)
            self.lane.clear()
            self.begun = self.streamed = True
            parts = [head]
        elif self.done:
            return
        else:
            parts = []
        if self.length is not None:
            left = self.length - self.sent
            if len(chunk) > left:
                chunk = memoryview(chunk)[:left]
        self.sent += len(chunk)
        view = chunk if len(chunk) <= CHUNK else memoryview(chunk)
        for start in range(0, len(chunk), CHUNK):
            piece = view if view is chunk else view[start:start + CHUNK]
            cost = len(piece) + PIECE_COST
            if cost > self.credit:
                if parts:
                    self.lane.send(*parts)
                    parts.clear()
                if not self.wait_for_credit(cost):
                    return
            self.credit -= cost
            parts.append((len(piece) + 9).to_bytes(4, "little") + b"D" + self.number)
            parts.append(piece)
            if start + CHUNK >= len(chunk) and self.sent == self.length:
                self.done = True
                parts.append(frame(b"E", self.number))
            self.lane.send(*parts)
            parts.clear()

    def whole(self, body):
        self.begun = self.done = True
        self.lane.answer(self.number, self.status, self.headers, body)

    def end(self):
        """The application has given all it has."""
        if self.done:
            return
        if self.gone:
            self.abandon()
            return
        if self.status is None:
            raise AssertionError("the application returned without calling start_response()")
        if not self.begun and (self.bodiless or not self.length):
            self.whole(b"")
            return
        if self.length is not None and self.sent < self.length:
            if not self.begun:
                self.lane.flush()
                self.begun = self.streamed = True
                self.lane.send(head_frame(self.number, self.status, self.headers))
            raise AssertionError("the body ended after %d of %d bytes (Content-Length)" % (self.sent, self.length))
        self.done = True
        self.lane.send(frame(b"E", self.number))

    def abandon(self):
        """The response has no receiver; the front only needs to know that the thread is free."""
        if not self.done:
            self.done = True
            self.lane.flush()
            self.lane.send(frame(b"X", self.number))

    def fail(self, what, shows):
        text = traceback_text()
        sys.stderr.write("certkit worker: %s: the application failed\n%s" % (what, text))
        sys.stderr.flush()
        if shows and not self.begun and not self.gone:
            body = text.encode("utf-8", "replace")[-WHOLE_LIMIT:]
            self.status = "500 Internal Server Error"
            self.headers = [("Content-Type", "text/plain; charset=utf-8")]
            self.whole(b"" if self.head_only else body)
            return
        self.abandon()


# Not empty if clients on this machine get tracebacks.
SHOWS_EXCEPTIONS = []


def is_local(environ):
    """Whether the client is on this machine, and not a proxy for others."""
    if any(name in environ for name in ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA")):
        return False
    return environ["REMOTE_ADDR"] == "::1" or environ["REMOTE_ADDR"].startswith("127.")


class ClientGone(OSError):
    """The client disconnected."""


class Pull(io.RawIOBase):
    """A request's body that is asked for piece by piece; an io.BufferedReader around it makes it wsgi.input."""

    def __init__(self, exchange):
        self.exchange = exchange
        self.ended = False

    def readable(self):
        return True

    def readinto(self, buffer):
        exchange = self.exchange
        if self.ended or not len(buffer):
            return 0
        if exchange.over:
            raise ValueError("wsgi.input was read after the request had ended")
        if exchange.gone:
            raise ClientGone("the client disconnected before its request body was complete")
        lane, number = exchange.lane, exchange.number
        lane.clear()
        lane.send(frame(b"P", number, min(len(buffer), FRAME_LIMIT).to_bytes(4, "little")))
        while True:
            kind, whose, length = lane.receive()
            if whose == number and kind == b"B":
                break
            exchange.hear(kind, whose, length)
            if exchange.gone:
                raise ClientGone("the client disconnected before its request body was complete")
        if not length:
            self.ended = True
            return 0
        filled = 0
        with memoryview(buffer) as view:
            while filled < length:
                got = lane.stream.recv_into(view[filled:length])
                if not got:
                    raise ConnectionError("the front has closed the connection")
                filled += got
        return length


class FileWrapper:
    """wsgi.file_wrapper: a file from its current position, in blocks; big ones if it is a regular file."""

    def __init__(self, filelike, blksize=8192):
        self.filelike = filelike
        self.blksize = blksize
        if hasattr(filelike, "close"):
            self.close = filelike.close

    def enlarge(self):
        try:
            is_regular = os.fstat(self.filelike.fileno()).st_mode & 0o170000 == 0o100000
        except (AttributeError, OSError, TypeError, ValueError):
            return
        if is_regular:
            self.blksize = max(self.blksize, CHUNK)

    def __iter__(self):
        read, size = self.filelike.read, self.blksize
        while True:
            block = read(size)
            if not block:
                return
            yield block
