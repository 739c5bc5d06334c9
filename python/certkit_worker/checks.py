"""What an application may say: statuses, headers, chunks (PEP 3333)."""


def exact_bytes(chunk):
    return chunk if type(chunk) is bytes else bytes(memoryview(chunk))


def checked(chunk):
    if isinstance(chunk, bytes):
        return exact_bytes(chunk)
    raise TypeError("the body must be bytes, not %s (PEP 3333)" % type(chunk).__name__)


# Statuses that were found good -> whether they forbid a body.
STATUSES = {}
# Headers that were found good -> the Content-Length that they declare, or -1.
HEADERS = {}
# Names that were found good -> whether they are Content-Length.
NAMES = {}
# Longer values seldom come twice.
REMEMBERED_LENGTH = 200


def check_header(item):
    """The Content-Length that a header declares, or -1."""
    if type(item) is not tuple or len(item) != 2:
        raise TypeError("a header must be a tuple (name, value), not %r (PEP 3333)" % (item,))
    name, value = item
    is_length = NAMES.get(name)
    if is_length is None:
        is_length = check_name(name)
    if not isinstance(value, str) or not value.isascii() or not value.isprintable():
        check_value(name, value)
    length = check_length(value) if is_length else -1
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
