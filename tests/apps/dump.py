"""What an application sees of its server, as JSON: the environ, the process, the variables, the module path. It has the
names that option files call."""
import json
import os
import resource
import sys


def application(environ, start_response):
    body = environ["wsgi.input"].read()
    umask = os.umask(0)
    os.umask(umask)
    seen = {
        "environ": {name: value for name, value in environ.items() if isinstance(value, str)},
        "flags": [environ["wsgi." + name] for name in ("multithread", "multiprocess", "run_once")],
        "body": body.decode("latin-1"),
        "folder": os.getcwd(),
        "user": [os.getuid(), os.getgid()],
        "umask": umask,
        "address space": resource.getrlimit(resource.RLIMIT_AS)[0],
        "variables": dict(os.environ),
        "path": module_path(),
    }
    start_response("203 Dumped", [("Content-Type", "application/json"), ("X-Twice", "1"), ("X-Twice", "2")])
    return [json.dumps(seen, sort_keys=True).encode()]


def module_path():
    """Where modules are searched besides Python's own folders, each folder once."""
    paths = [os.path.abspath(path) for path in sys.path]
    own = [path for path in paths if path.startswith(os.environ["DUMP_ROOT"]) and "/lib/python" not in path]
    return list(dict.fromkeys(own))


app = application


def uwsgi_app():
    return application


get_wsgi_application = uwsgi_app
