"""The worker of `certkit serve`: one process that runs one WSGI application (PEP 3333) for the front process.

The front (Rust) owns the network, TLS and HTTP; the key is never in this process. The front starts this program by
descriptor and hands over, beside the standard streams (everything printed goes to standard error):

    3 this source   4 control stream   5 queue   6 claims (8 bytes per thread)   7... one stream per thread

The program is several files that travel as one, in this order: wire, checks, lane, exchange, application, greenlets,
reloader, uwsgi_module, hooks, main.

Arguments: `file` or `module`, which, the callable; the numbers of threads, of workers, of this worker's place; words:
`gevent` and `monkey`, `change=SECONDS` and `ignore=MODULES`, `uwsgi`, `hooks`; folders for the module path.

Control: this process writes `L` and the version of the protocol (u16) when the application is loaded, `F` and a
traceback when loading fails, `U` and a line when there is no application. Where the settings came from options of uWSGI,
the front first writes those: `u32 length |` a marshalled list of pairs; where there are hooks for workers, those come
next, a list of texts. Later this process may ask for a reload of the
code (`u32 length | C | why`), and the front may write frames, `u32 length | kind | ...` (little endian, as everywhere);
a kind that is not known is skipped:

    `S` u32          the message of this thread takes long: send, as frames over this stream, what of it need not wait for
                     the running request (`R` and `N` below)
    `T` u32          write the stacks of all threads to standard error, that of this thread first

Its end of file means that the front has ended: the process ends at once, whatever it is doing.

Queue (SEQPACKET, shared by the threads: a free one takes the next message): one marshalled list of requests,

    (id, repeated, method, uri, path, query, port, changing, body)

with `id` 8 bytes, `repeated` a marshalled dict (as bytes) of the environ entries that come back unchanged, so that
it can be looked up instead of decoded, `changing` a dict of the others or None, and `body` bytes or None: None means
that the body is asked for piece by piece. Its end of file means: finish what is running, then leave.

A thread writes the id of a request into its claim before it begins, so that after a crash the front knows what was
started. All else goes over the thread's own stream, as frames:

    to the front     `R` list                a marshalled list of whole answers (id, status, headers, body)
                     `F` id list             the same, perhaps empty; the thread is done with the message that begins
                                             with this request
                     `H` id (status, headers)  head of an answer that comes in pieces, marshalled
                     `D` id bytes            a piece of its body, at most CHUNK, and only as far as there is credit
                     `E` id                  its end
                     `X` id                  the application failed: before the head 500, after it a broken message
                     `P` id u32              give me at most so many bytes of the request's body
                     `N` id                  this request, and all after it in its message, are not begun and never
                                             will be here: give them to others
    to the worker    `B` id bytes            the bytes asked for; none: the body has ended
                     `W` id u32              so much more credit for the answer
                     `A` id                  the client is gone

Credit: an answer may send pieces that cost CREDIT, each its length and PIECE_COST; what the client has taken comes back
as `W`. A frame about a request that this process does not have, or beyond its credit, ends it.

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
from time import sleep, time as now

VERSION = 2
CONTROL, QUEUE, CLAIMS, FIRST_STREAM = 4, 5, 6, 7
# The largest message the front sends is 192 KiB; a shorter buffer would lose the rest without a word.
MESSAGE_LIMIT = 256 * 1024
# The largest frame the front takes, and the size of the pieces of a streamed body.
FRAME_LIMIT = 1024 * 1024
CHUNK = 128 * 1024
# What an answer may send before any of it is taken, and what a piece costs beside its length.
CREDIT = 512 * 1024
PIECE_COST = 64
# Bodies up to this size travel as whole answers, several to a frame.
WHOLE_LIMIT = 64 * 1024
# Shorter ones are copied behind their head, longer ones sent beside it.
JOINED_LIMIT = 8 * 1024
# No application needs so many headers, and the front treats ten times as many as an attack.
HEADER_COUNT = 1000
# Clients choose the bytes of `repeated`: keep only short ones, and not too many.
CACHED_LENGTH = 4096
CACHED_COUNT = 512

FILE = "certkit_worker.py"
NO_BODY = {"204", "304"}
# PEP 3333: an application must not set hop-by-hop headers (RFC 9110 section 7.6.1). Many do, and other servers let
# them: dropped, but for the wish to close the connection.
HOP_BY_HOP = {
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
    "trailers", "transfer-encoding", "upgrade",
}
TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")

dumps, loads = marshal.dumps, marshal.loads
# Taken before the application is loaded: `gevent.monkey` and its like put others in their place, which only work in the
# threads that they know.
allocate_lock, start_new_thread, get_ident = _thread.allocate_lock, _thread.start_new_thread, _thread.get_ident
NO_ANSWERS = dumps([], 2)


def frame(kind, number, data=b""):
    return (len(data) + 9).to_bytes(4, "little") + kind + number + data


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


def exact_headers(headers):
    return [(str.__str__(name), str.__str__(value)) for name, value in headers]
