"""The ACME server of one's own CA: whole orders, from the order to the downloaded certificate.
"""
import base64
import hashlib
import ipaddress
import json
import os
import socket
import ssl
import tempfile
import threading
import time
from pathlib import Path

from processes import CERTKIT, free_port, heading, run, Tree, verdict

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, utils
except ImportError:
    x509 = None

# 20,000 show whether memory stays flat: orders are kept for an hour, at most 8192 of them.
ORDERS = int(os.environ.get("BENCH_ORDERS", "400"))
CLIENTS = 4


def ca_server():
    """Orders with http-01 into a file system in memory; the server's time on a CPU, so the client may be slow."""
    memory = Path("/dev/shm")
    if x509 is None or not memory.is_dir():
        print("ca_server left out: it needs Python's cryptography, and /dev/shm")
        return
    with tempfile.TemporaryDirectory(prefix="certkit-bench-", dir=memory) as folder:
        run([CERTKIT, "mkca", "-q", "-o", folder])
        port, http = free_port(), free_port()
        line = [CERTKIT, "ca", "serve", "--listen", "https:127.0.0.1:%d" % port, "--rate-limit", "1000000"]
        line += ["--http-01-port", str(http), "--ca", folder + "/ca.crt", "--ca-key", folder + "/ca.key"]
        own = Path("ca.crt").read_bytes()
        # Whoever waits for the server trusts this CA.
        Path("ca.crt").write_bytes(Path(folder, "ca.crt").read_bytes())
        try:
            with Tree([line], port, "/ca.crl") as server:
                orders(server, port, http, folder)
        finally:
            Path("ca.crt").write_bytes(own)


def orders(server, port, http, folder):
    clients = [Client(port, folder + "/ca.crt") for _ in range(CLIENTS)]
    responder = Responder(http, clients)
    marks = sorted({max(ORDERS // 10, 1), ORDERS // 2, ORDERS})
    sizes, done = [("before", server.pss())], 0
    cpu, start = server.cpu(), time.perf_counter()
    for mark in marks:
        parts = [range(done + index, mark, CLIENTS) for index in range(CLIENTS)]
        threads = [threading.Thread(target=clients[index].obtain_all, args=(parts[index],)) for index in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        done = mark
        sizes.append((str(mark), server.pss()))
    took, used = time.perf_counter() - start, server.cpu() - cpu
    responder.close()
    assert sum(client.got for client in clients) == ORDERS, "certificates are missing"
    issued = Path(folder, "ledger.jsonl").read_text().count('"requested_by":"acme ')
    assert issued == ORDERS, issued
    heading("ca serve: %d orders with http-01, %.1f s with a client in Python" % (ORDERS, took))
    rate = ORDERS / used
    print("  %.0f orders each second and core (target 300): %s" % (rate, "reached" if rate >= 300 else "NOT reached"))
    print("  memory: " + ", ".join("%s: %.1f MiB" % (name, size / 2**20) for name, size in sizes))
    verdict((sizes[-1][1] - sizes[0][1]) / 2**20, 64, "MiB more at the end")


class Responder:
    """Answers http-01 for all clients: which of them a token belongs to, each says when it has one."""

    def __init__(self, port, clients):
        self.socket = socket.create_server(("0.0.0.0", port), backlog=512)
        self.answers = {}
        for client in clients:
            client.answers = self.answers
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            with client:
                token = client.recv(2048).split(b" ")[1].rsplit(b"/", 1)[1].decode()
                answer = self.answers[token].encode()
                head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(answer)
                client.sendall(head + answer)

    def close(self):
        self.socket.close()


class Client:
    """An account over one connection."""

    def __init__(self, port, root):
        context = ssl.create_default_context(cafile=root)
        plain = socket.create_connection(("127.0.0.1", port))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection = context.wrap_socket(plain, server_hostname="localhost")
        self.base, self.got, self.kid, self.answers = "https://localhost:%d" % port, 0, None, None
        self.key = ec.generate_private_key(ec.SECP256R1())
        numbers = self.key.public_key().public_numbers()
        self.jwk = {"crv": "P-256", "kty": "EC", "x": encoded(numbers.x.to_bytes(32, "big")), "y": encoded(numbers.y.to_bytes(32, "big"))}
        canonical = json.dumps(self.jwk, separators=(",", ":"), sort_keys=True)
        self.thumbprint = encoded(hashlib.sha256(canonical.encode()).digest())
        self.nonce = None
        self.send("HEAD", "/acme/new-nonce", b"")
        self.kid = self.post(self.base + "/acme/new-account", {})[0]["location"]
        # One key for all certificates: making keys is not the server's work.
        self.leaf = ec.generate_private_key(ec.SECP256R1())

    def obtain_all(self, numbers):
        for number in numbers:
            self.obtain("127.%d.%d.%d" % (100 + number // 62500, number // 250 % 250, number % 250 + 1))

    def obtain(self, address):
        head, order = self.post(self.base + "/acme/new-order", {"identifiers": [{"type": "ip", "value": address}]})
        url = head["location"]
        _, authorization = self.post(order["authorizations"][0])
        challenge = next(one for one in authorization["challenges"] if one["type"] == "http-01")
        self.answers[challenge["token"]] = challenge["token"] + "." + self.thumbprint
        self.post(challenge["url"], {})
        while order["status"] == "pending":
            time.sleep(0.005)
            _, order = self.post(url)
        _, order = self.post(order["finalize"], {"csr": self.request(address)})
        _, chain = self.post(order["certificate"])
        assert chain.startswith("-----BEGIN CERTIFICATE-----"), chain
        del self.answers[challenge["token"]]
        self.got += 1

    def request(self, address):
        name = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).add_extension(name, critical=True)
        return encoded(builder.sign(self.leaf, hashes.SHA256()).public_bytes(serialization.Encoding.DER))

    def post(self, url, payload=None):
        """Fields and body of the response; without a payload it is POST-as-GET."""
        header = {"alg": "ES256", "nonce": self.nonce, "url": url}
        header.update({"kid": self.kid} if self.kid else {"jwk": self.jwk})
        protected = encoded(json.dumps(header).encode())
        text = "" if payload is None else encoded(json.dumps(payload).encode())
        der = self.key.sign(("%s.%s" % (protected, text)).encode(), ec.ECDSA(hashes.SHA256()))
        r, s = utils.decode_dss_signature(der)
        signature = encoded(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
        body = json.dumps({"protected": protected, "payload": text, "signature": signature}).encode()
        status, fields, reply = self.send("POST", url[len(self.base) :], body)
        assert status < 300, (url, status, reply)
        return fields, json.loads(reply) if "json" in fields.get("content-type", "") else reply.decode()

    def send(self, method, path, body):
        head = "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/jose+json\r\nContent-Length: %d\r\n\r\n"
        self.connection.sendall((head % (method, path, self.base[8:], len(body))).encode() + body)
        received = b""
        while b"\r\n\r\n" not in received:
            received += self.connection.recv(65536)
        head, rest = received.split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        fields = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:])}
        length = 0 if method == "HEAD" else int(fields.get("content-length", "0"))
        while len(rest) < length:
            rest += self.connection.recv(65536)
        self.nonce = fields.get("replay-nonce", self.nonce)
        return int(lines[0].split(" ")[1]), fields, rest


def encoded(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
