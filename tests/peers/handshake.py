"""A TLS handshake between Python's ssl and itself, in memory: does a strict client take this certificate?

usage: handshake.py CA CHAIN KEY NAME [strict|plain]
"""
import ssl
import sys

ca, chain, key, name = sys.argv[1:5]
server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server_context.load_cert_chain(chain, key)
client_context = ssl.create_default_context(cafile=ca)
# What Python 3.13 switched on for everybody.
if sys.argv[5:] != ["plain"]:
    client_context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN

to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
server = server_context.wrap_bio(to_server, to_client, server_side=True)
client = client_context.wrap_bio(to_client, to_server, server_hostname=name)
done = set()
while done != {client, server}:
    for side in (client, server):
        try:
            side.do_handshake()
            done.add(side)
        except ssl.SSLWantReadError:
            pass
print("taken:", client.version(), client.getpeercert()["subjectAltName"])
