"""The program itself."""


def main():
    """Loads the application, says so, serves until the queue ends."""
    kind, target, name, threads, workers, address_space = sys.argv[1:7]
    threads, workers = int(threads), int(workers)
    paths = sys.argv[7:]
    sys.argv = [target]
    limit_address_space(int(address_space))
    # Buffered output of a process that may be killed would be lost, and print() is how people debug.
    sys.stdout.reconfigure(line_buffering=True)
    for descriptor in range(3, FIRST_STREAM + threads):
        os.set_inheritable(descriptor, False)
    os.close(3)
    close_foreign(FIRST_STREAM + threads)
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
    control.sendall(b"L" + VERSION.to_bytes(2, "little"))
    try:
        for thread in others:
            thread.start()
        lanes[0].serve(application)
        for thread in others:
            thread.join()
    except KeyboardInterrupt:
        # SIGINT was sent to this process while it was idle; the front starts another.
        pass


def limit_address_space(limit):
    """Bytes, for this process and those that it starts; 0 for no limit. It cannot be raised again."""
    if limit:
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_AS)
        limit = limit if most == resource.RLIM_INFINITY else min(limit, most)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def close_foreign(first):
    """Closes what the front had inherited itself and did not mean for workers."""
    try:
        descriptors = os.listdir("/proc/self/fd")
    except OSError:
        return
    for descriptor in map(int, descriptors):
        try:
            # What Python itself has opened by now, for a sitecustomize perhaps, is not inheritable (PEP 446).
            if descriptor >= first and os.get_inheritable(descriptor):
                os.close(descriptor)
        except OSError:
            # The descriptor of the listing itself.
            pass


def watch(control, lanes):
    """Unburdens threads when the front asks for it, and ends this process with the front, even when it is busy."""
    try:
        while True:
            head = control.recv(4, _socket.MSG_WAITALL)
            length = int.from_bytes(head, "little")
            word = control.recv(length, _socket.MSG_WAITALL)
            if len(head) < 4 or len(word) < length:
                return
            if word[:1] == b"S":
                lanes[int.from_bytes(word[1:], "little")].unburden(control)
    finally:
        os._exit(1)


class Source:
    """Lets tracebacks show lines of this program, which is not a file (`linecache` asks a module's loader)."""

    @staticmethod
    def get_source(_name):
        return SOURCE.decode()  # noqa: F821 (given by the one line that starts this program)


__loader__ = Source
main()
