"""The worker of `certkit serve`: one process that runs one WSGI application (PEP 3333) for the front process.

The front (Rust) owns the network, TLS and HTTP; the key is never in this process. The front starts this program by
descriptor and hands over, beside the standard streams (everything printed goes to standard error):

    3 this source   4 control stream   5 queue   6 claims (8 bytes per thread)   7... one stream per thread

Control: this process writes `L` when the application is loaded, `F` and a traceback when loading fails, `U` and a line
when there is no application. Later the front may write the number of a thread (u32) whose message takes long: this process
then sends, as frames over this stream too, what of that message need not wait for the running request (`R` and `N` below).
Its end of file means that the front has ended: the process ends at once, whatever it is doing.

Queue (SEQPACKET, shared by the threads: a free one takes the next message): one marshalled list of requests,

    (id, repeated, method, uri, path, query, port, changing, body)

with `id` 8 bytes, `repeated` a marshalled dict (as bytes) of the environ entries that come back unchanged, so that
it can be looked up instead of decoded, `changing` a dict of the others or None, and `body` bytes or None: None means
that the body is asked for piece by piece. Its end of file means: finish what is running, then leave.

A thread writes the id of a request into its claim before it begins, so that after a crash the front knows what was
started. All else goes over the thread's own stream, as frames `u32 length | kind | ...` (little endian):

    to the front     `R` list                a marshalled list of whole answers (id, status, headers, body)
                     `F` id list             the same, perhaps empty; the thread is done with the message that begins
                                             with this request
                     `H` id (status, headers)  head of an answer that comes in pieces, marshalled
                     `D` id bytes            a piece of its body, at most CHUNK
                     `E` id                  its end
                     `X` id                  the application failed: before the head 500, after it a broken message
                     `P` id u32              give me at most so many bytes of the request's body
                     `N` id                  this request, and all after it in its message, are not begun and never
                                             will be here: give them to others
    to the worker    `B` id bytes            the bytes asked for; none: the body has ended
                     `A` id                  the client is gone

Imports are few on purpose: they decide how fast a server starts.
"""

import _signal
import _socket
import _thread
import io
import marshal
import mmap
import os
import sys

CONTROL, QUEUE, CLAIMS, FIRST_STREAM = 4, 5, 6, 7
# The largest message the front sends is 192 KiB; a shorter buffer would lose the rest without a word.
MESSAGE_LIMIT = 256 * 1024
# The largest frame the front takes, and the size of the pieces of a streamed body.
FRAME_LIMIT = 1024 * 1024
CHUNK = 128 * 1024
# Bodies up to this size travel as whole answers, several to a frame.
WHOLE_LIMIT = 64 * 1024
# No application needs so many headers, and the front treats ten times as many as an attack.
HEADER_COUNT = 1000
# Clients choose the bytes of `repeated`: keep only short ones, and not too many.
CACHED_LENGTH = 4096
CACHED_COUNT = 512

FILE = "certkit_worker.py"
NO_BODY = {"204", "304"}
# PEP 3333: "it is a fatal error for an application to attempt" to set hop-by-hop headers (RFC 9110 section 7.6.1).
HOP_BY_HOP = {
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
    "trailers", "transfer-encoding", "upgrade",
}
TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")

dumps, loads = marshal.dumps, marshal.loads
NO_ANSWERS = dumps([], 2)


def main():
    """Loads the application, says so, serves until the queue ends."""
    kind, target, name, threads, workers = sys.argv[1:6]
    threads, workers = int(threads), int(workers)
    paths = sys.argv[6:]
    sys.argv = [target]
    # Buffered output of a process that may be killed would be lost, and print() is how people debug.
    sys.stdout.reconfigure(line_buffering=True)
    for descriptor in range(3, FIRST_STREAM + threads):
        os.set_inheritable(descriptor, False)
    os.close(3)
    control = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM, 0, CONTROL)
    queue = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET, 0, QUEUE)
    claims = mmap.mmap(CLAIMS, 8 * threads)
    os.close(CLAIMS)
    lanes = []
    for slot in range(threads):
        stream = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM, 0, FIRST_STREAM + slot)
        lanes.append(Lane(stream, queue, claims, slot))

    def forget():
        # A child that the application forked must neither take requests nor keep a dead worker's streams open.
        for one in [control, queue] + [lane.stream for lane in lanes]:
            one.close()

    os.register_at_fork(after_in_child=forget)
    _thread.start_new_thread(watch, (control, lanes))
    # A service manager that stops the service sends SIGTERM to each of its processes, yet running requests are to be
    # finished: the front decides. (A handler, not SIG_IGN, because programs started from here would inherit that.)
    _signal.signal(_signal.SIGTERM, lambda *_: None)
    # Shells start background jobs with SIGINT ignored, and children inherit that: Python then installs no handler, and
    # SIGINT could not end this process.
    _signal.signal(_signal.SIGINT, _signal.default_int_handler)
    try:
        application = load(kind, target, name, paths)
    except LoadError as error:
        fail_to_load(control, b"U", str(error))
    except BaseException:
        fail_to_load(control, b"F", traceback_text())
    BASE.update({
        "wsgi.version": (1, 0),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": threads > 1,
        "wsgi.multiprocess": workers > 1,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": FileWrapper,
        # The input ends where the body ends, so reading to the end is safe without a Content-Length.
        "wsgi.input_terminated": True,
    })
    others = []
    if threads > 1:
        import threading

        for lane in lanes[1:]:
            others.append(threading.Thread(target=lane.serve, args=(application,), daemon=True))
    control.sendall(b"L")
    try:
        for thread in others:
            thread.start()
        lanes[0].serve(application)
        for thread in others:
            thread.join()
    except KeyboardInterrupt:
        # SIGINT was sent to this process while it was idle; the front starts another.
        pass


def watch(control, lanes):
    """Unburdens threads when the front asks for it, and ends this process with the front, even when it is busy."""
    try:
        while True:
            slot = control.recv(4, _socket.MSG_WAITALL)
            if len(slot) < 4:
                return
            data = lanes[int.from_bytes(slot, "little")].unburden()
            if data:
                control.sendall(data)
    finally:
        os._exit(1)


class LoadError(Exception):
    """The file, module or callable does not exist; a traceback would not help."""


def load(kind, target, name, paths):
    """Imports the application: a file (any name) or a module, and in it the callable."""
    if sys.path and sys.path[0] == "":
        del sys.path[0]
    if kind == "file":
        target = os.path.abspath(target)
        sys.path[:0] = paths + [os.path.dirname(target)]
        module = load_file(target)
    else:
        sys.path[:0] = paths + [os.getcwd()]
        __import__(target)
        module = sys.modules[target]
    value = module
    for part in (name or "application").split("."):
        try:
            value = getattr(value, part)
        except AttributeError:
            raise LoadError(missing_callable(module, target, name)) from None
    if not callable(value):
        raise LoadError("%s: `%s` is %r, which is not callable" % (target, name or "application", value))
    return value


def load_file(path):
    """Runs a file as the module of its name, as if it had been imported."""
    # importlib.util would do the same, and cost a millisecond of imports.
    import _frozen_importlib as importlib
    import _frozen_importlib_external as external

    if not os.path.isfile(path):
        raise LoadError("%s: no such file" % path)
    name = os.path.splitext(os.path.basename(path))[0]
    # `code.py` or `site.py` must not take the place of Python's own.
    if not name.isidentifier() or name in sys.modules:
        name = "certkit_application"
    loader = external.SourceFileLoader(name, path)
    spec = external.spec_from_file_location(name, path, loader=loader)
    module = importlib.module_from_spec(spec)
    sys.modules[name] = module
    loader.exec_module(module)
    return module


def missing_callable(module, target, name):
    text = "%s has no `%s`" % (target, name or "application")
    if name is None or name == "":
        if callable(getattr(module, "app", None)):
            return text + ", but it has `app`: name it as %s:app" % target
    return text


def fail_to_load(control, kind, text):
    control.sendall(kind + text.encode("utf-8", "backslashreplace"))
    os._exit(1)


# What every environ has from the start; filled by main().
BASE = {}
# Marshalled dicts that were seen before -> environs made of them, ready to be copied.
READY = {}


def prepare(repeated):
    environ = loads(repeated)
    environ.update(BASE)
    if len(repeated) <= CACHED_LENGTH:
        if len(READY) >= CACHED_COUNT:
            READY.clear()
        READY[repeated] = environ
    return environ


class Lane:
    """One thread: takes messages from the queue, runs the requests, answers on its own stream.

    Whole answers of one message are kept and sent together, so that front and worker wake each other up once per
    message. Whatever may take its time (a streamed answer, asking for a body) sends the finished ones first, and hands
    back what is not begun; when an application takes its time without a word, `watch` does that for it. So two threads
    take from `answers` and `pending`: by `pop`, which gives each item to one of them.
    """

    __slots__ = ("stream", "queue", "claims", "slot", "answers", "size", "pending", "alone")

    def __init__(self, stream, queue, claims, slot):
        self.stream = stream
        self.queue = queue
        self.claims = claims
        self.slot = slice(8 * slot, 8 * slot + 8)
        self.answers = []
        self.size = 0
        # Requests of the message that are not begun.
        self.pending = []
        # The running request is the last one of its message.
        self.alone = True

    def serve(self, application):
        receive, claims, slot = self.queue.recv_into, self.claims, self.slot
        message = memoryview(bytearray(MESSAGE_LIMIT))
        try:
            while True:
                try:
                    length = receive(message)
                except BlockingIOError:
                    # The application has found this descriptor and changed it.
                    os.set_blocking(self.queue.fileno(), True)
                    continue
                if not length:
                    return
                pending = self.pending = loads(message[:length])
                first = pending[0][0]
                self.alone = len(pending) == 1
                while pending:
                    try:
                        request = pending.pop(0)
                    except IndexError:
                        # `watch` was faster.
                        break
                    claims[slot] = request[0]
                    run(application, self, request)
                self.finish(first)
        except Exception as error:
            # The stream is broken, so the front has given this process up.
            sys.stderr.write("certkit worker: %s\n" % error)
            os._exit(1)

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
        self.send((len(data) + 9).to_bytes(4, "little") + b"F" + first + data)

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
            self.send(self.unburden())

    def unburden(self):
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
        """Sends the bytes; waits while the front (that is, a slow client) does not take them."""
        sent = self.stream.sendmsg(parts)
        if sent != sum(map(len, parts)):
            self.stream.sendall(b"".join(parts)[sent:])

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

    def skip(self, length):
        while length > 0:
            length -= len(self.stream.recv(length, _socket.MSG_WAITALL))

    def client_gone(self, number):
        """Whether the front has said so; never waits."""
        while True:
            found = self.receive(_socket.MSG_DONTWAIT)
            if found is None:
                return False
            kind, whose, length = found
            self.skip(length)
            # Anything for another request came too late for that one.
            if whose == number and kind == b"A":
                return True


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
    try:
        result = application(environ, exchange.start_response)
        if type(result) is list:
            # All of it is there: one answer, and a list has no close().
            exchange.all(result)
            exchange.end()
            return
        try:
            exchange.iterate(result)
            exchange.end()
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()
    except ClientGone:
        exchange.abandon()
    except BaseException:
        # Also SystemExit and KeyboardInterrupt: one request must not take the worker's other requests with it.
        exchange.fail("%s %s" % (method, path))
    finally:
        exchange.over = True


class Exchange:
    """One request's way through PEP 3333: start_response, write, the head's journey, Content-Length."""

    __slots__ = ("lane", "number", "head_only", "status", "headers", "bodiless", "length", "sent", "begun", "done",
                 "gone", "over")

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
        # The front has, or will get with the next flush, everything it needs.
        self.done = False
        self.gone = False
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
        for item in headers:
            if type(item) is not tuple or len(item) != 2:
                raise TypeError("a header must be a tuple (name, value), not %r (PEP 3333)" % (item,))
            name, value = item
            is_length = NAMES.get(name)
            if is_length is None:
                is_length = check_name(name)
            if not isinstance(value, str) or not value.isascii() or not value.isprintable():
                check_value(name, value)
            if is_length:
                length = check_length(value, length)
        self.status = status
        # A copy: the application may use its list again before the answer is sent.
        self.headers = headers[:]
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
            if self.gone or self.begun and not self.done and self.lane.client_gone(self.number):
                self.gone = True
                raise ClientGone("the client disconnected")

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
            # What GET would say (RFC 9110 section 9.3.2); an empty body is no evidence of that.
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

    def iterate(self, result):
        """Sends every chunk before it asks for the next one."""
        if type(result) is FileWrapper:
            result.enlarge()
        for chunk in result:
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
            elif self.gone or self.lane.client_gone(self.number):
                self.gone = True
                return

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
            self.begun = True
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
                self.begun = True
                self.lane.flush()
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

    def fail(self, what):
        sys.stderr.write("certkit worker: %s: the application failed\n%s" % (what, traceback_text()))
        sys.stderr.flush()
        self.abandon()


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
            if whose != number:
                lane.skip(length)
            elif kind == b"A":
                exchange.gone = True
                raise ClientGone("the client disconnected before its request body was complete")
            else:
                break
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


def take(answers):
    """Empties a list that another thread may be emptying too."""
    taken = []
    try:
        while answers:
            taken.append(answers.pop())
    except IndexError:
        pass
    return taken


def pack(answers):
    """Frames of whole answers; a single one, unless that would be too large."""
    data = encode(answers)
    if len(data) < FRAME_LIMIT:
        return (len(data) + 1).to_bytes(4, "little") + b"R" + data
    if len(answers) > 1:
        # One response has enormous headers; the others must not suffer.
        return b"".join(pack([answer]) for answer in answers)
    sys.stderr.write("certkit worker: the headers of a response are too large\n")
    return frame(b"X", answers[0][0])


def encode(answers):
    try:
        return dumps(answers, 2)
    except ValueError:
        # marshal refuses subclasses of str; rare, so only now made exact.
        return dumps([(number, str.__str__(status), exact_headers(headers), body)
                      for number, status, headers, body in answers], 2)


def head_frame(number, status, headers):
    try:
        data = dumps((status, headers), 2)
    except ValueError:
        data = dumps((str.__str__(status), exact_headers(headers)), 2)
    if len(data) > FRAME_LIMIT - 9:
        raise ValueError("the headers of the response are too large")
    return frame(b"H", number, data)


def frame(kind, number, data=b""):
    return (len(data) + 9).to_bytes(4, "little") + kind + number + data


def exact_headers(headers):
    return [(str.__str__(name), str.__str__(value)) for name, value in headers]


def exact_bytes(chunk):
    return chunk if type(chunk) is bytes else bytes(memoryview(chunk))


def checked(chunk):
    if isinstance(chunk, bytes):
        return exact_bytes(chunk)
    raise TypeError("the body must be bytes, not %s (PEP 3333)" % type(chunk).__name__)


# Statuses and header names that were found good -> whether they forbid a body, or are Content-Length.
STATUSES = {}
NAMES = {}


def check_status(status):
    if not isinstance(status, str):
        raise TypeError("the status must be a str, not %s (PEP 3333)" % type(status).__name__)
    code = status[:3]
    if len(status) < 4 or not (code.isascii() and code.isdigit()) or status[3] != " " or code < "200":
        raise ValueError("a status must be three digits (200 or more), a space and a reason, not %r (PEP 3333)" % status)
    check_text("the status", status)
    if len(STATUSES) >= CACHED_COUNT:
        STATUSES.clear()
    STATUSES[str.__str__(status)] = code in NO_BODY
    return code in NO_BODY


def check_name(name):
    if not isinstance(name, str):
        raise TypeError("a header's name must be a str, not %s (PEP 3333)" % type(name).__name__)
    if not name or not TOKEN.issuperset(name):
        raise ValueError("%r is not a valid header name (RFC 9110 section 5.1)" % name)
    lower = name.lower()
    if lower in HOP_BY_HOP:
        raise AssertionError("only the server may set the header %s (PEP 3333)" % name)
    if len(NAMES) >= CACHED_COUNT:
        NAMES.clear()
    NAMES[str.__str__(name)] = lower == "content-length"
    return lower == "content-length"


def check_value(name, value):
    if not isinstance(value, str):
        raise TypeError("the value of %s must be a str, not %s (PEP 3333)" % (name, type(value).__name__))
    check_text(name, value)


def check_text(what, text):
    for character in text:
        number = ord(character)
        if number > 255:
            raise ValueError("%s: %r contains a character outside latin-1 (PEP 3333)" % (what, text))
        if number < 32 and character != "\t" or number == 127:
            raise ValueError("%s: %r contains a control character (PEP 3333)" % (what, text))


def check_length(value, earlier):
    if not (value.isascii() and value.isdigit()) or len(value) > 18:
        raise ValueError("the Content-Length %r is not a number" % value)
    if earlier is not None:
        raise ValueError("there are two Content-Length headers")
    return int(value)


def traceback_text():
    """The error being handled, with the traceback from the application's first line on."""
    import traceback

    kind, error, trace = sys.exc_info()
    while trace is not None and trace.tb_frame.f_code.co_filename == FILE:
        trace = trace.tb_next
    return "".join(traceback.format_exception(kind, error, trace))


class Source:
    """Lets tracebacks show lines of this program, which is not a file (`linecache` asks a module's loader)."""

    @staticmethod
    def get_source(_name):
        return SOURCE.decode()  # noqa: F821 (given by the one line that starts this program)


__loader__ = Source
main()
