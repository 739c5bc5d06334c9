"""Asking the front for a reload when a file of the code has changed."""


def watch_files(ask, begun, every, ignored):
    """Looks at the files of all loaded modules, and asks for a reload when one has changed since it was seen first. What
    has changed since this process began, while it loaded the application perhaps, counts too at the first look."""
    seen = {}
    is_first = True
    while True:
        sleep(every)
        for path, time in module_files(ignored):
            before = seen.setdefault(path, time)
            if before != time or is_first and begun < time <= now():
                ask("%s has changed" % path)
            seen[path] = time
        is_first = False


def module_files(ignored):
    """The files of all loaded modules but the ignored ones, with the times at which they were changed in seconds."""
    for name, module in list(sys.modules.items()):
        if name in ignored:
            continue
        # Modules that make their attributes up as they are asked for may do anything here.
        try:
            path = module.__file__
            if path.endswith(".pyc"):
                path = path[:-1]
            yield path, os.stat(path).st_mtime
        except Exception:
            continue


def ask_for_reload(control, speaking, why):
    data = b"C" + why.encode("utf-8", "backslashreplace")[:4096]
    with speaking:
        control.sendall(len(data).to_bytes(4, "little") + data)
