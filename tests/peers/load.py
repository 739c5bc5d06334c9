"""Requests over HTTPS connections that last for twenty of them, until a file appears; one line per request: its number
and what came back.

usage: load.py PORT CA CONNECTIONS PATH STOP-FILE [NAME]
"""
import http.client
import os
import socket
import ssl
import sys
import threading

port, ca, connections, path, stop = sys.argv[1:6]
name = sys.argv[6] if len(sys.argv) > 6 else "localhost"
context = ssl.create_default_context(cafile=ca)
lines = []


class Connection(http.client.HTTPSConnection):
    """To this machine, whatever the name."""

    def connect(self):
        plain = socket.create_connection(("127.0.0.1", self.port), self.timeout)
        self.sock = context.wrap_socket(plain, server_hostname=self.host)


def run(first):
    connection = Connection(name, int(port), context=context, timeout=60)
    number = first
    asked = 0
    while not os.path.exists(stop):
        try:
            connection.request("GET", "%s&id=%d" % (path, number))
            answer = connection.getresponse()
            answer.read()
            lines.append("%d %d" % (number, answer.status))
        except (OSError, http.client.HTTPException) as error:
            lines.append("%d %r" % (number, error))
            connection.close()
        number += int(connections)
        asked += 1
        if asked % 20 == 0:
            connection.close()


threads = [threading.Thread(target=run, args=(number,)) for number in range(int(connections))]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("\n".join(lines))
