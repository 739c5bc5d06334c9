"""Lanes as greenlets of gevent in one thread, for applications that wait a lot."""


class GreenSocket:
    """As much of a socket as a lane uses; its calls let other greenlets run while they wait."""

    __slots__ = ("socket", "hub", "readable", "writable")

    def __init__(self, socket, hub):
        socket.setblocking(False)
        self.socket = socket
        self.hub = hub
        self.readable = hub.loop.io(socket.fileno(), 1)
        self.writable = hub.loop.io(socket.fileno(), 2)

    def fileno(self):
        return self.socket.fileno()

    def close(self):
        self.socket.close()

    def recv(self, size, flags=0):
        if flags & _socket.MSG_DONTWAIT:
            return self.socket.recv(size, flags)
        data = b""
        while True:
            try:
                more = self.socket.recv(size - len(data))
            except BlockingIOError:
                self.hub.wait(self.readable)
                continue
            data += more
            if not more or len(data) >= size or not flags & _socket.MSG_WAITALL:
                return data

    def recv_into(self, buffer):
        while True:
            try:
                return self.socket.recv_into(buffer)
            except BlockingIOError:
                self.hub.wait(self.readable)

    def sendmsg(self, parts):
        while True:
            try:
                return self.socket.sendmsg(parts)
            except BlockingIOError:
                self.hub.wait(self.writable)

    def sendall(self, data):
        view = memoryview(data)
        while view:
            try:
                view = view[self.socket.send(view):]
            except BlockingIOError:
                self.hub.wait(self.writable)


def import_gevent(patches):
    try:
        from gevent import monkey
    except ImportError as error:
        raise LoadError("gevent cannot be imported (%s); install it for the application's Python" % error) from None
    if patches:
        monkey.patch_all()


def serve_greenlets(application, queue, lanes):
    """Serves with a greenlet for each message, until the queue ends and all are done."""
    import gevent
    from gevent.lock import Semaphore

    hub = gevent.get_hub()
    queue = GreenSocket(queue, hub)
    for lane in lanes:
        lane.stream = GreenSocket(lane.stream, hub)
    free = list(lanes)
    places = Semaphore(len(lanes))

    def work(lane, pending):
        try:
            lane.greenlet = gevent.getcurrent()
            lane.work(application, pending)
        except Exception as error:
            give_up(error)
        finally:
            lane.greenlet = None
            free.append(lane)
            places.release()

    message = memoryview(bytearray(MESSAGE_LIMIT))
    while True:
        length = queue.recv_into(message)
        if not length:
            break
        places.acquire()
        gevent.spawn(work, free.pop(), loads(message[:length]))
    for _ in lanes:
        places.acquire()
    for lane in lanes:
        # `watch` may have answers that are not sent.
        lane.handing.acquire()
