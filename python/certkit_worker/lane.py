"""One thread of the worker: its requests and its stream."""


# What every environ has from the start; filled by main().
BASE = {}
# Iterators whose chunks exist already: no application code runs between two of them.
ALL_THERE = (type(iter([])), type(iter(())))
# Marshalled dicts that were seen before -> environs made of them, ready to be copied.
READY = {}


def prepare(repeated):
    environ = loads(repeated)
    environ.update(BASE)
    # The keys of every request: a copy has room for them, and only changes values.
    for key in ("REQUEST_METHOD", "REQUEST_URI", "RAW_URI", "PATH_INFO", "QUERY_STRING", "wsgi.input"):
        environ[key] = None
    if len(repeated) <= CACHED_LENGTH:
        if len(READY) >= CACHED_COUNT:
            READY.clear()
        READY[repeated] = environ
    return environ


def give_up(error):
    """The stream is broken, so the front has given this process up."""
    sys.stderr.write("certkit worker: %s\n" % error)
    os._exit(1)


class Lane:
    """One thread: takes messages from the queue, runs the requests, answers on its own stream.

    Whole answers of one message are kept and sent together, so that front and worker wake each other up once per
    message. Whatever may take its time (a streamed answer, asking for a body) sends the finished ones first, and hands
    back what is not begun; when the application just takes its time, `watch` does that for it. So two threads take from
    `answers` and `pending`: by `pop`, which gives each item to one of them. `handing` is held by the one that hands
    back, until that is sent.
    """

    __slots__ = ("stream", "queue", "claims", "slot", "answers", "size", "pending", "alone", "handing",
                 "thread", "greenlet", "ended")

    def __init__(self, stream, queue, claims, slot):
        self.stream = stream
        self.queue = queue
        self.claims = claims
        self.slot = slice(8 * slot, 8 * slot + 8)
        self.answers = []
        self.size = 0
        # Requests of the message that are not begun.
        self.pending = []
        # No other request of the message waits for the running one.
        self.alone = True
        self.handing = allocate_lock()
        self.thread = None
        # The greenlet that runs a message, with gevent.
        self.greenlet = None
        # Held while it serves.
        self.ended = allocate_lock()
        self.ended.acquire()

    def serve(self, application):
        receive = self.queue.recv_into
        self.thread = get_ident()
        message = memoryview(bytearray(MESSAGE_LIMIT))
        try:
            while True:
                try:
                    length = receive(message)
                except BlockingIOError:
                    # The application has made the descriptor non-blocking.
                    os.set_blocking(self.queue.fileno(), True)
                    continue
                if not length:
                    # The process may end now, but not while `watch` has answers that are not sent.
                    with self.handing:
                        return
                self.work(application, loads(message[:length]))
        except Exception as error:
            give_up(error)
        finally:
            self.ended.release()

    def work(self, application, pending):
        """Runs the requests of a message."""
        claims, slot = self.claims, self.slot
        first = pending[0][0]
        self.alone = len(pending) == 1
        # From here on `watch` may take from it.
        self.pending = pending
        while pending:
            try:
                request = pending.pop(0)
            except IndexError:
                # `watch` was faster.
                break
            claims[slot] = request[0]
            run(application, self, request)
        self.finish(first)

    def answer(self, number, status, headers, body):
        """A whole answer, to be sent soon."""
        self.answers.append((number, status, headers, body))
        self.size += len(body)
        if self.size > WHOLE_LIMIT:
            self.flush()

    def finish(self, first):
        """Sends the last answers of a message, and says that it is done."""
        self.size = 0
        data = encode(take(self.answers)) if self.answers else NO_ANSWERS
        if len(data) > FRAME_LIMIT - 9:
            self.send(pack(loads(data)))
            data = NO_ANSWERS
        head = (len(data) + 9).to_bytes(4, "little") + b"F" + first
        if len(data) < JOINED_LIMIT:
            self.stream.sendall(head + data)
        else:
            self.send(head, data)

    def flush(self):
        """Sends the finished answers."""
        if self.answers:
            self.size = 0
            answers = take(self.answers)
            if answers:
                self.send(pack(answers))

    def clear(self):
        """Before the running request waits for its client: the others must not wait with it."""
        if self.answers or self.pending:
            self.size = 0
            self.unburden(self.stream)

    def unburden(self, stream):
        """Sends the finished answers and hands back what is not begun, over this stream."""
        with self.handing:
            data = self.take()
            if data:
                stream.sendall(data)

    def take(self):
        """Takes the finished answers and what is not begun, and gives the frames that tell the front."""
        answers = take(self.answers)
        data = pack(answers) if answers else b""
        first = None
        pending = self.pending
        try:
            # From the end, so that it is the end of the message that is handed back.
            while pending:
                first = pending.pop()[0]
        except IndexError:
            pass
        self.alone = True
        return data if first is None else data + frame(b"N", first)

    def send(self, *parts):
        """Sends the bytes of all parts."""
        sent = self.stream.sendmsg(parts)
        for part in parts:
            if sent >= len(part):
                sent -= len(part)
            else:
                self.stream.sendall(memoryview(part)[sent:])
                sent = 0

    def receive(self, flags=0):
        """The next frame's kind, id and length of what follows; None when there is none and flags say not to wait."""
        try:
            head = self.stream.recv(13, flags)
        except BlockingIOError:
            return None
        while len(head) < 13:
            more = self.stream.recv(13 - len(head))
            if not more:
                raise ConnectionError("the front has closed the connection")
            head += more
        return head[4:5], head[5:], int.from_bytes(head[:4], "little") - 9

    def number(self):
        """The number that a frame holds."""
        return int.from_bytes(self.stream.recv(4, _socket.MSG_WAITALL), "little")

    def skip(self, length):
        while length > 0:
            skipped = len(self.stream.recv(length, _socket.MSG_WAITALL))
            if not skipped:
                raise ConnectionError("the front has closed the connection")
            length -= skipped


def run(application, lane, request):
    """Runs one request from its environ to close() and its answer. Only a broken stream raises."""
    number, repeated, method, uri, path, query, port, changing, body = request
    environ = (READY.get(repeated) or prepare(repeated)).copy()
    environ["REQUEST_METHOD"] = method
    environ["REQUEST_URI"] = environ["RAW_URI"] = uri
    environ["PATH_INFO"] = path
    environ["QUERY_STRING"] = query
    if port:
        environ["REMOTE_PORT"] = port
    if changing is not None:
        environ.update(changing)
    exchange = Exchange(lane, number, method == "HEAD")
    if body is None:
        environ["wsgi.input"] = io.BufferedReader(Pull(exchange), WHOLE_LIMIT)
    else:
        environ["wsgi.input"] = io.BytesIO(body)
    # Before the application changes the environ.
    shows = bool(SHOWS_EXCEPTIONS) and is_local(environ)
    try:
        result = application(environ, exchange.start_response)
        kind = type(result)
        if kind is list:
            # All of it is there: one answer, and a list has no close().
            if len(result) == 1 and exchange.takes(result[0]):
                return
            exchange.all(result)
            exchange.end()
            return
        try:
            if kind is FileWrapper:
                result.enlarge()
            chunks = iter(result)
            if type(chunks) in ALL_THERE:
                # So it is with an iterator over a list, such as Django's responses give.
                exchange.all(list(chunks))
            else:
                exchange.iterate(chunks)
            exchange.end()
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()
    except ClientGone:
        exchange.abandon()
    except BaseException:
        # Also SystemExit and KeyboardInterrupt: one request must not take the worker's other requests with it.
        exchange.fail("%s %s" % (method, path), shows)
    finally:
        exchange.over = True
        if exchange.streamed:
            # Credit that came too late must not fill the stream.
            exchange.client_gone()
