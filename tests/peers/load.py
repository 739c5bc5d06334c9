"""Requests over kept-alive HTTPS connections until a file appears; one line per request: its number and what came back.

usage: load.py PORT CA CONNECTIONS PATH STOP-FILE
"""
import http.client
import os
import ssl
import sys
import threading

port, ca, connections, path, stop = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
lines = []


def run(first):
    connection = http.client.HTTPSConnection("localhost", int(port), context=context, timeout=60)
    number = first
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


threads = [threading.Thread(target=run, args=(number,)) for number in range(int(connections))]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("\n".join(lines))
