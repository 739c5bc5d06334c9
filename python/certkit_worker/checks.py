"""What an application may say: statuses, headers, chunks (PEP 3333)."""


def exact_bytes(chunk):
    return chunk if type(chunk) is bytes else bytes(memoryview(chunk))


def checked(chunk):
    if isinstance(chunk, bytes):
        return exact_bytes(chunk)
    raise TypeError("the body must be bytes, not %s (PEP 3333)" % type(chunk).__name__)


# Statuses that were found good -> whether they forbid a body.
STATUSES = {}
# Headers that were found good -> the Content-Length that they declare, or one of these.
PLAIN, DROPPED, CLOSES = -1, -2, -3
HEADERS = {}
# Names that were found good -> what they are.
NAMES = {}
ORDINARY, LENGTH, HOP = 0, 1, 2
# Longer values seldom come twice.
REMEMBERED_LENGTH = 200


def check_header(item):
    """The Content-Length that a header declares, PLAIN, or that it is dropped."""
    if type(item) is not tuple or len(item) != 2:
        raise TypeError("a header must be a tuple (name, value), not %r (PEP 3333)" % (item,))
    name, value = item
    kind = NAMES.get(name)
    if kind is None:
        kind = check_name(name)
    if not isinstance(value, str) or not value.isascii() or not value.isprintable():
        check_value(name, value)
    if kind == ORDINARY:
        length = PLAIN
    elif kind == LENGTH:
        length = check_length(value)
    else:
        tokens = [token.strip().lower() for token in value.split(",")]
        length = CLOSES if name.lower() == "connection" and "close" in tokens else DROPPED
    if type(name) is str and type(value) is str and len(value) <= REMEMBERED_LENGTH:
        if len(HEADERS) >= CACHED_COUNT:
            HEADERS.clear()
        HEADERS[item] = length
    return length


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
    kind = HOP if lower in HOP_BY_HOP else LENGTH if lower == "content-length" else ORDINARY
    if len(NAMES) >= CACHED_COUNT:
        NAMES.clear()
    NAMES[str.__str__(name)] = kind
    return kind


# The names of the first headers that were dropped: one warning is enough.
WARNED = []


def without_hop_by_hop(headers):
    """A copy without the headers that belong to the connection; whether it is to be closed stays said."""
    kept, closes = [], False
    for item in headers:
        kind = check_header(item)
        if kind >= PLAIN:
            kept.append(item)
            continue
        closes = closes or kind == CLOSES
        if not WARNED and kind == DROPPED:
            WARNED.append(item[0])
            sys.stderr.write("certkit worker: the header %s of the application is dropped, because only the server may "
                             "set it (PEP 3333)\n" % item[0])
    if closes:
        kept.append(("Connection", "close"))
    return kept


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


def check_length(value):
    if not (value.isascii() and value.isdigit()) or len(value) > 18:
        raise ValueError("the Content-Length %r is not a number" % value)
    return int(value)


def traceback_text():
    """The error being handled, with the traceback from the application's first line on."""
    import traceback

    kind, error, trace = sys.exc_info()
    while trace is not None and trace.tb_frame.f_code.co_filename == FILE:
        trace = trace.tb_next
    return "".join(traceback.format_exception(kind, error, trace))
