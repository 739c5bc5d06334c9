"""Clients that are slow on purpose, over HTTPS: each sends its request, then a line says that all wait. Once a file
appears they end as they should, and a line for each says how.

usage: slow.py PORT CA KIND COUNT PATH STOP-FILE

read    reads 80 KiB a second of its answer until the file appears, then all of it: `whole LENGTH`, or `broken` if a
        byte is not the right one of the pattern 0, 1, ... 255
post    sends 64 KiB of a body of 1,000,000 bytes, then 2 KiB a second, and the rest when the file appears: the answer
window  an HTTP/2 connection with 100 streams that have no window, all of which wait with their heads answered; it is
        closed when the file appears
"""
import os
import socket
import ssl
import struct
import sys
import threading
import time

port, ca, kind, count, path, stop = sys.argv[1:7]
context = ssl.create_default_context(cafile=ca)
BODY = bytes(range(250)) * 4000
waiting = threading.Semaphore(0)


def connect(protocol):
    context.set_alpn_protocols([protocol])
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
    plain.settimeout(120)
    plain.connect(("127.0.0.1", int(port)))
    return context.wrap_socket(plain, server_hostname="localhost")


def is_over():
    return os.path.exists(stop)


def read_all(connection):
    pieces = []
    while True:
        piece = connection.recv(65536 if is_over() else 4096)
        if not piece:
            return b"".join(pieces).partition(b"\r\n\r\n")[2]
        pieces.append(piece)
        if not is_over():
            time.sleep(0.05)


def read(connection):
    connection.sendall(b"GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n" % path.encode())
    waiting.release()
    body = read_all(connection)
    pattern = bytes(range(256)) * (len(body) // 256 + 1)
    return "whole %d" % len(body) if body == pattern[:len(body)] else "broken"


def post(connection):
    head = "POST %s HTTP/1.0\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % (path, len(BODY))
    connection.sendall(head.encode() + BODY[:65536])
    waiting.release()
    sent = 65536
    while not is_over() and sent < len(BODY):
        connection.sendall(BODY[sent:sent + 1024])
        sent += 1024
        time.sleep(0.5)
    connection.sendall(BODY[sent:])
    return read_all(connection).decode()


def window(connection):
    def frame(kind, flags, stream, payload):
        return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload

    # RFC 9113: SETTINGS_INITIAL_WINDOW_SIZE (4) is 0. RFC 7541: GET, https, then literals without indexing.
    connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, struct.pack(">HI", 4, 0)))
    fields = b"\x82\x87\x04" + bytes([len(path)]) + path.encode() + b"\x01\x09localhost"
    for stream in range(1, 201, 2):
        connection.sendall(frame(1, 5, stream, fields))
    connection.settimeout(0.05)
    received, heads = b"", 0
    while not is_over():
        # Heads and pings must not fill the socket.
        try:
            piece = connection.recv(65536)
        except TimeoutError:
            continue
        if not piece:
            break
        received += piece
        while len(received) >= 9 and len(received) >= 9 + int.from_bytes(received[:3], "big"):
            if received[3] == 1:
                heads += 1
                if heads == 100:
                    waiting.release()
            received = received[9 + int.from_bytes(received[:3], "big"):]
    return "closed after %d heads" % heads


def run(number):
    try:
        lines[number] = globals()[kind](connection=connections[number])
    except OSError as error:
        lines[number] = repr(error)


lines = [""] * int(count)
protocol = "h2" if kind == "window" else "http/1.1"
connections = [connect(protocol) for _ in lines]
threads = [threading.Thread(target=run, args=(number,)) for number in range(len(lines))]
for thread in threads:
    thread.start()
for _ in threads:
    waiting.acquire()
print("all wait", flush=True)
for thread in threads:
    thread.join()
print("\n".join(lines), flush=True)
