"""Finding and loading the application."""


class LoadError(Exception):
    """The file, module or callable does not exist; a traceback would not help."""


def load(kind, target, name, paths):
    """Imports the application: a file (any name) or a module, and in it the callable."""
    if sys.path and sys.path[0] == "":
        del sys.path[0]
    if kind == "file":
        target = os.path.abspath(target)
        # The modules of a project, as in `shop/wsgi.py`, count from the current folder, as in uWSGI.
        folders = [os.path.dirname(target), os.getcwd()]
        sys.path[:0] = paths + list(dict.fromkeys(folders))
        module = load_file(target)
    else:
        sys.path[:0] = paths + [os.getcwd()]
        __import__(target)
        module = sys.modules[target]
    value = module
    # As in uWSGI: `get_wsgi_application()` is called for the application.
    name, is_factory = (name[:-2], True) if name and name.endswith("()") else (name, False)
    for part in (name or "application").split("."):
        try:
            value = getattr(value, part)
        except AttributeError:
            raise LoadError(missing_callable(module, target, name)) from None
    if is_factory:
        value = value()
    if not callable(value):
        raise LoadError("%s: `%s` is %r, which is not callable" % (target, name or "application", value))
    if is_asynchronous(value):
        raise LoadError("%s: `%s` is asynchronous, an ASGI application perhaps; WSGI (PEP 3333) is what is served here. "
                        "Use the framework's WSGI callable, or an adapter such as a2wsgi" % (target, name or "application"))
    return value


def is_asynchronous(value):
    """Whether a call would give a coroutine or an asynchronous generator, which no server of WSGI can use."""
    while hasattr(value, "func") and type(value).__name__ == "partial":
        value = value.func
    if isinstance(value, type):
        return False
    code = getattr(value, "__code__", None) or getattr(type(value).__call__, "__code__", None)
    # CO_COROUTINE and CO_ASYNC_GENERATOR of `inspect`.
    return code is not None and bool(getattr(code, "co_flags", 0) & 0x280)


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


def change_folder(folder):
    """As uWSGI's chdir2, after the application is loaded."""
    try:
        os.chdir(folder)
    except OSError as error:
        raise LoadError("cannot change to the folder %s: %s" % (os.fsdecode(folder), error.strerror)) from None


def missing_callable(module, target, name):
    text = "%s has no `%s`" % (target, name or "application")
    if name is None or name == "":
        if callable(getattr(module, "app", None)):
            return text + ", but it has `app`: name it as %s:app" % target
    return text


def fail_to_load(control, kind, text):
    control.sendall(kind + text.encode("utf-8", "backslashreplace"))
    os._exit(1)
