"""The program itself."""


class Output(io.FileIO):
    """Where output goes. When a disk is full, or a reader has left, output is lost; the application serves on."""

    def write(self, data):
        try:
            written = super().write(data)
        except OSError:
            written = None
        return len(data) if written is None else written


def output(stream, descriptor):
    # Buffered output of a process that may be killed would be lost, and print() is how people debug: by lines.
    buffer = io.BufferedWriter(Output(descriptor, "wb", closefd=False))
    return io.TextIOWrapper(buffer, stream.encoding, stream.errors, line_buffering=True)


def main():
    """Loads the application, says so, serves until the queue ends."""
    begun = now()
    kind, target, name, threads, workers, place, more = sys.argv[1:8]
    threads, workers, place = int(threads), int(workers), int(place)
    more = dict(word.partition("=")[::2] for word in more.split())
    paths = sys.argv[8:]
    sys.argv = [target]
    limit_address_space(int(more.get("address-space", 0)))
    sys.stdout, sys.stderr = output(sys.stdout, 1), output(sys.stderr, 2)
    for descriptor in range(3, FIRST_STREAM + threads):
        os.set_inheritable(descriptor, False)
    # All workers have this file, so its locks are those of all.
    locks = os.dup(3) if "uwsgi" in more else None
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
    speaking = allocate_lock()

    is_loaded = []

    def ask(why):
        # What the application asks for while it is loaded has no meaning: this is the newest code.
        if is_loaded:
            ask_for_reload(control, speaking, why)

    if "trace" in more:
        SHOWS_EXCEPTIONS.append(True)
    run_hooks = None
    if "uwsgi" in more:
        run_hooks = install_uwsgi(receive_list(control), place, workers, ask, locks)
    actions = receive_list(control) if "hooks" in more else []
    start_new_thread(watch, (control, speaking, lanes))
    # A service manager that stops the service sends SIGTERM to each of its processes, yet running requests are to be
    # finished: the front decides. (A handler, not SIG_IGN, because programs started from here would inherit that.)
    _signal.signal(_signal.SIGTERM, lambda *_: None)
    # Shells start background jobs with SIGINT ignored, and children inherit that: Python then installs no handler, and
    # SIGINT could not end this process.
    _signal.signal(_signal.SIGINT, _signal.default_int_handler)
    try:
        if "gevent" in more:
            import_gevent("monkey" in more)
        application = load(kind, target, name, paths)
        if "chdir" in more:
            change_folder(bytes.fromhex(more["chdir"]))
        if run_hooks is not None:
            application = with_env(application)
            run_hooks()
        for action in actions:
            run_action(os.fsdecode(action))
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
    with speaking:
        control.sendall(b"L" + VERSION.to_bytes(2, "little"))
    is_loaded.append(True)
    if "change" in more:
        start_new_thread(watch_files, (ask, begun, float(more["change"]), set(more["ignore"].split(","))))
    try:
        if "gevent" in more:
            serve_greenlets(application, queue, lanes)
            return
        # Native threads also where the application has put others in the place of `threading`'s.
        warm_up_gevent()
        for lane in lanes[1:]:
            start_new_thread(lane.serve, (application,))
        lanes[0].serve(application)
        for lane in lanes[1:]:
            lane.ended.acquire()
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


def receive_list(control):
    """What the front writes first, where there is any: the options of uWSGI and their values, as pairs; then hooks."""
    length = int.from_bytes(control.recv(4, _socket.MSG_WAITALL), "little")
    return loads(control.recv(length, _socket.MSG_WAITALL))


def watch(control, speaking, lanes):
    """Unburdens threads when the front asks for it, and ends this process with the front, even when it is busy."""
    try:
        while True:
            head = control.recv(4, _socket.MSG_WAITALL)
            length = int.from_bytes(head, "little")
            word = control.recv(length, _socket.MSG_WAITALL)
            if len(head) < 4 or len(word) < length:
                return
            if word[:1] == b"S":
                with speaking:
                    lanes[int.from_bytes(word[1:], "little")].unburden(control)
            elif word[:1] == b"T":
                write_stacks(lanes[int.from_bytes(word[1:], "little")])
    finally:
        os._exit(1)


def write_stacks(lane):
    """Writes where each thread is, that of this lane first."""
    import traceback

    frames = sys._current_frames()
    frames.pop(get_ident(), None)
    stacks = [("thread %d" % thread, frames[thread]) for thread in sorted(frames, key=lambda one: one != lane.thread)]
    waiting = getattr(lane.greenlet, "gr_frame", None)
    if waiting is not None:
        stacks.insert(0, ("greenlet", waiting))
    lines = ["certkit worker: process %d: what its threads do, the one that takes too long first\n" % os.getpid()]
    for name, frame in stacks:
        # What is above the application's first line is this program's.
        stack = [line for line in traceback.extract_stack(frame) if line.filename != FILE]
        lines.append(name + "\n")
        lines.extend(traceback.format_list(stack) or ["  waits for requests\n"])
    sys.stderr.write("".join(lines))
    sys.stderr.flush()


def warm_up_gevent():
    """gevent imports more of itself when a thread first waits; several that do so at once would wait for each other."""
    make_hub = getattr(sys.modules.get("gevent"), "get_hub", None)
    if make_hub is not None:
        make_hub()


class Source:
    """Lets tracebacks show lines of this program, which is not a file (`linecache` asks a module's loader)."""

    @staticmethod
    def get_source(_name):
        return SOURCE.decode()  # noqa: F821 (given by the one line that starts this program)


__loader__ = Source
main()
