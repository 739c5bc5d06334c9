"""Python's ssl with strict flags as a client of a server on 127.0.0.1.

usage: connect.py PORT CA NAME
"""
import socket
import ssl
import sys

port, ca, name = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
context.verify_flags |= ssl.VERIFY_X509_STRICT
context.set_alpn_protocols(["http/1.1"])
with socket.create_connection(("127.0.0.1", int(port)), timeout=30) as plain:
    with context.wrap_socket(plain, server_hostname=name) as secure:
        secure.sendall(b"GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % name.encode())
        answer = b""
        while True:
            piece = secure.recv(65536)
            if not piece:
                break
            answer += piece
        print(secure.version(), secure.selected_alpn_protocol())
        print(answer.decode())
