"""A WebSocket over HTTP/2 (RFC 8441): `websocket_h2.py PORT CA HOST PATH TEXT` prints what comes back for TEXT."""
import socket
import ssl
import struct
import sys

import h2.config
import h2.connection
import h2.events
import h2.settings

port, ca, host, path, text = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
context.set_alpn_protocols(["h2"])
stream = context.wrap_socket(socket.create_connection(("127.0.0.1", int(port)), 20), server_hostname=host)
connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
connection.initiate_connection()
stream.sendall(connection.data_to_send())


def events():
    while True:
        received = stream.recv(65536)
        if not received:
            sys.exit("the connection ended")
        yield from connection.receive_data(received)
        stream.sendall(connection.data_to_send())


def frame(opcode, payload):
    key = b"\x01\x02\x03\x04"
    masked = bytes(byte ^ key[at % 4] for at, byte in enumerate(payload))
    length = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + struct.pack("!H", len(payload))
    return bytes([0x80 | opcode]) + length + key + masked


incoming = events()
for event in incoming:
    if isinstance(event, h2.events.RemoteSettingsChanged):
        break
if not connection.remote_settings.enable_connect_protocol:
    sys.exit("the server does not offer extended CONNECT")
number = connection.get_next_available_stream_id()
connection.send_headers(number, [
    (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "https"), (":authority", host), (":path", path),
    ("sec-websocket-version", "13"), ("origin", "https://" + host),
])
stream.sendall(connection.data_to_send())
received = b""
for event in incoming:
    if isinstance(event, h2.events.ResponseReceived):
        status = dict(event.headers)[":status"]
        print("status", status)
        if status != "200":
            sys.exit(0)
        connection.send_data(number, frame(1, text.encode()))
        stream.sendall(connection.data_to_send())
    elif isinstance(event, (h2.events.StreamEnded, h2.events.StreamReset)):
        sys.exit("the stream ended")
    elif isinstance(event, h2.events.DataReceived):
        received += event.data
        connection.acknowledge_received_data(event.flow_controlled_length, number)
        # Frames of a server are not masked.
        length, start = (received[1], 2) if len(received) > 1 and received[1] < 126 else (0, 0)
        if len(received) > 3 and received[1] == 126:
            length, start = struct.unpack("!H", received[2:4])[0], 4
        if start and len(received) >= start + length:
            opcode = received[0] & 15
            if opcode == 8:
                print("closed")
                break
            print("echo", received[start:start + length].decode())
            received = received[start + length:]
            connection.send_data(number, frame(8, struct.pack("!H", 1000)))
            stream.sendall(connection.data_to_send())
