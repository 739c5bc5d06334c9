"""An application that calls gevent.monkey.patch_all() when it is loaded: greenlets, sockets and locks of gevent."""
from gevent import monkey

monkey.patch_all()

import socket
import threading
import time

import gevent


def application(environ, start_response):
    # A lock of its own: gevent raises LoopExit now and then when several native threads hold one in turn (and gunicorn
    # with threads hangs).
    lock = threading.Lock()
    with lock:
        time.sleep(0.001)
    ends = socket.socketpair()
    pieces = [gevent.spawn(slowly, number) for number in range(10)]
    gevent.joinall(pieces)
    ends[0].sendall(b"".join(piece.value for piece in pieces))
    said = ends[1].recv(100)
    for end in ends:
        end.close()
    length = len(environ["wsgi.input"].read())
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [said, b" %d" % length]


def slowly(number):
    gevent.sleep(0.01)
    return b"%d" % number
