"""The HTTP APIs of four DNS providers as their documentation describes them, and a name server that shows their records.

usage: dns_apis.py DNS_PORT PROXY_PORT CERTIFICATE KEY ZONE

Clients reach the APIs through an HTTP proxy (HTTPS_PROXY) on PROXY_PORT: whatever server they ask it for, they get
one with CERTIFICATE. All have the zone ZONE, whose one name server is 127.0.0.1 at DNS_PORT. Every request is a line on
standard output. The secret of each provider is `tops3cret`.

| host | documented at |
|---|---|
| api.cloudflare.com | https://developers.cloudflare.com/api/ |
| desec.io | https://desec.readthedocs.io/en/latest/dns/rrsets.html |
| api.digitalocean.com | https://docs.digitalocean.com/reference/api/ |
| api.hetzner.cloud | https://docs.hetzner.cloud/reference/cloud |
"""

import http.server
import json
import socketserver
import ssl
import struct
import sys
import threading
import urllib.parse

TXT, SOA, NS, A = 16, 6, 2, 1


class Zone:
    """TXT records with ids, by full name."""

    def __init__(self, name):
        self.name = name
        self.lock = threading.Lock()
        self.next_id = 1
        self.records = []
        # Somebody else's, which must stay.
        self.add("_acme-challenge.a." + name, "keep")

    def add(self, name, value):
        record = {"id": self.next_id, "name": name, "value": value}
        self.next_id += 1
        self.records.append(record)
        return record

    def at(self, name):
        return [record for record in self.records if record["name"] == name]

    def remove(self, record):
        self.records.remove(record)

    def absolute(self, name):
        return self.name if name in ("", "@") else f"{name}.{self.name}"


def quoted(value):
    return f'"{value}"'


def unquoted(text):
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        raise Refused(422, {"detail": "Data for TXT records must be given using quotation marks."})
    return text[1:-1]


class Refused(Exception):
    def __init__(self, status, body):
        super().__init__(status)
        self.status, self.body = status, body


class Api(http.server.BaseHTTPRequestHandler):
    """One connection to one of the APIs."""

    protocol_version = "HTTP/1.1"

    def __init__(self, connection, address, server, host):
        self.host = host
        super().__init__(connection, address, server)

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        sent = self.rfile.read(length)
        address = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(address.query))
        parts = [urllib.parse.unquote(part) for part in address.path.strip("/").split("/")]
        print(self.host, self.command, self.path, sent.decode(), flush=True)
        apis = {
            "api.cloudflare.com": self.cloudflare,
            "desec.io": self.desec,
            "api.digitalocean.com": self.digitalocean,
            "api.hetzner.cloud": self.hetzner,
        }
        with self.server.zone.lock:
            try:
                status, body = apis[self.host](self.command, parts, query, json.loads(sent or b"null"))
            except Refused as refused:
                status, body = refused.status, refused.body
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def log_message(self, *arguments):
        pass

    def authorize(self, scheme, body):
        if self.headers["Authorization"] != f"{scheme} tops3cret":
            raise Refused(body.pop("status", 401), body)

    def cloudflare(self, method, parts, query, body):
        zone = self.server.zone

        def result(value, status=200):
            return status, {"success": True, "errors": [], "messages": [], "result": value}

        def refuse(status, code, message):
            error = {"success": False, "errors": [{"code": code, "message": message}], "messages": []}
            raise Refused(status, {**error, "result": None})

        if self.headers["Authorization"] != "Bearer tops3cret":
            refuse(403, 9109, "Invalid access token")
        match method, parts[2:]:
            case "GET", ["zones"]:
                is_ours = query.get("name") == zone.name
                return result([{"id": "023e105f4ecef8ad", "name": zone.name}] if is_ours else [])
            case "GET", ["zones", "023e105f4ecef8ad", "dns_records"]:
                found = zone.at(query["name"]) if query.get("type", "TXT") == "TXT" else []
                record = {"type": "TXT", "ttl": 120, "proxied": False}
                return result(
                    [
                        {"id": str(r["id"]), "name": r["name"], "content": quoted(r["value"]), **record}
                        for r in found
                    ]
                )
            case "POST", ["zones", "023e105f4ecef8ad", "dns_records"]:
                if body["type"] != "TXT" or not (body["ttl"] == 1 or 60 <= body["ttl"] <= 86400):
                    refuse(400, 9021, "Invalid TTL. Must be between 60 and 86400 seconds, or 1 for Automatic.")
                value = body["content"].strip('"')
                if any(r["value"] == value for r in zone.at(body["name"])):
                    refuse(400, 81058, "An identical record already exists.")
                record = zone.add(body["name"], value)
                return result({"id": str(record["id"]), **body})
            case "DELETE", ["zones", "023e105f4ecef8ad", "dns_records", record_id]:
                for record in zone.records:
                    if str(record["id"]) == record_id:
                        zone.remove(record)
                        return result({"id": record_id})
                refuse(404, 81044, "Record does not exist.")
        refuse(404, 7003, "Could not route to the path")

    def desec(self, method, parts, query, body):
        zone = self.server.zone
        self.authorize("Token", {"detail": "Invalid token."})
        missing = Refused(404, {"detail": "Not found."})

        def rrset(subname):
            records = [quoted(record["value"]) for record in zone.at(zone.absolute(subname))]
            if not records:
                raise missing
            times = {"created": "2026-01-01T00:00:00Z", "touched": "2026-01-01T00:00:00Z"}
            name = zone.absolute(subname) + "."
            known = {"domain": zone.name, "subname": subname, "name": name, "type": "TXT", "ttl": 3600}
            return {**known, **times, "records": records}

        def replace(subname, records, ttl):
            if ttl < 3600:
                raise Refused(400, {"ttl": ["Ensure this value is greater than or equal to 3600."]})
            values = [unquoted(text) for text in records]
            for record in zone.at(zone.absolute(subname)):
                zone.remove(record)
            for value in values:
                zone.add(zone.absolute(subname), value)

        match method, parts[2:]:
            case "GET", ["domains"]:
                owner = query.get("owns_qname", zone.name)
                is_ours = owner == zone.name or owner.endswith("." + zone.name)
                return 200, [{"name": zone.name, "minimum_ttl": 3600}] if is_ours else []
            case "GET", ["domains", name]:
                if name != zone.name:
                    raise missing
                return 200, {"name": zone.name, "minimum_ttl": 3600}
            case "GET", ["domains", zone.name, "rrsets", subname, "TXT"]:
                return 200, rrset(subname)
            case "PUT", ["domains", zone.name, "rrsets", subname, "TXT"]:
                rrset(subname)
                replace(subname, body["records"], body["ttl"])
                return 200, rrset(subname)
            case "POST", ["domains", zone.name, "rrsets"]:
                if zone.at(zone.absolute(body["subname"])):
                    raise Refused(400, {"non_field_errors": ["Another RRset with the same subdomain and type exists"]})
                replace(body["subname"], body["records"], body["ttl"])
                return 201, rrset(body["subname"])
            case "DELETE", ["domains", zone.name, "rrsets", subname, "TXT"]:
                replace(subname, [], 3600)
                return 204, None
        raise missing

    def digitalocean(self, method, parts, query, body):
        zone = self.server.zone
        self.authorize("Bearer", {"id": "Unauthorized", "message": "Unable to authenticate you"})

        def shown(record):
            name = record["name"].removesuffix("." + zone.name)
            return {"id": record["id"], "type": "TXT", "name": name, "data": record["value"], "ttl": 30}

        match method, parts[1:]:
            case "GET", ["domains", zone.name, "records"]:
                wanted = query.get("name")
                found = [r for r in zone.records if wanted in (None, r["name"])]
                return 200, {"domain_records": [shown(r) for r in found], "meta": {"total": len(found)}, "links": {}}
            case "POST", ["domains", zone.name, "records"]:
                if body["type"] != "TXT" or body["ttl"] < 30:
                    raise Refused(422, {"id": "unprocessable_entity", "message": "TTL must be at least 30"})
                return 201, {"domain_record": shown(zone.add(zone.absolute(body["name"]), body["data"]))}
            case "DELETE", ["domains", zone.name, "records", record_id]:
                for record in zone.records:
                    if str(record["id"]) == record_id:
                        zone.remove(record)
                        return 204, None
        raise Refused(404, {"id": "not_found", "message": "The resource you requested could not be found."})

    def hetzner(self, method, parts, query, body):
        zone = self.server.zone
        self.authorize("Bearer", {"error": {"code": "unauthorized", "message": "unable to authenticate"}})
        missing = Refused(404, {"error": {"code": "not_found", "message": "rrset not found"}})

        def done():
            return 201, {"action": {"id": 1, "status": "running", "progress": 0}}

        match method, parts[1:]:
            case "POST", ["zones", zone.name, "rrsets", name, "TXT", "actions", action]:
                name = zone.absolute(name)
                # add_records makes a set that is not there; the others refuse.
                if action != "add_records" and not zone.at(name):
                    raise missing
                if action == "change_ttl":
                    if body["ttl"] is not None and body["ttl"] < 60:
                        raise Refused(422, {"error": {"code": "invalid_input", "message": "ttl is too low"}})
                    return done()
                values = [unquoted(record["value"]) for record in body["records"]]
                if action == "set_records":
                    for record in zone.at(name):
                        zone.remove(record)
                for value in values:
                    found = [record for record in zone.at(name) if record["value"] == value]
                    if action == "remove_records":
                        for record in found:
                            zone.remove(record)
                    elif not found:
                        zone.add(name, value)
                return done()
        raise missing


class Proxy(http.server.BaseHTTPRequestHandler):
    """Takes CONNECT and is the server itself."""

    def do_CONNECT(self):
        self.send_response(200)
        self.end_headers()
        host = self.path.rpartition(":")[0]
        try:
            with self.server.tls.wrap_socket(self.connection, server_side=True) as connection:
                Api(connection, self.client_address, self.server, host)
        except OSError:
            pass
        self.close_connection = True

    def log_message(self, *arguments):
        pass


class Proxies(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


def encoded(name):
    parts = [part for part in name.split(".") if part]
    return b"".join(bytes([len(part)]) + part.encode() for part in parts) + b"\0"


def resource(name, kind, data):
    return encoded(name) + struct.pack("!HHIH", kind, 1, 0, len(data)) + data


def dns_answer(zone, message):
    """What the zone's name server says (RFC 1035 section 4.1)."""
    position, labels = 12, []
    while message[position]:
        length = message[position]
        labels.append(message[position + 1 : position + 1 + length].decode().lower())
        position += length + 1
    question = message[12 : position + 5]
    kind = struct.unpack("!H", message[position + 1 : position + 3])[0]
    name = ".".join(labels)
    server = "ns." + zone.name
    soa = resource(
        zone.name,
        SOA,
        encoded(server) + encoded("nobody." + zone.name) + struct.pack("!5I", 1, 60, 60, 60, 0),
    )
    answers = []
    with zone.lock:
        if kind == TXT:
            for record in zone.at(name):
                value = record["value"].encode()
                answers.append(resource(name, TXT, bytes([len(value)]) + value))
    if kind == SOA and name == zone.name:
        answers.append(soa)
    if kind == NS and name == zone.name:
        answers.append(resource(name, NS, encoded(server)))
    if kind == A:
        answers.append(resource(name, A, bytes([127, 0, 0, 1])))
    authority = [] if answers else [soa]
    head = message[:2] + struct.pack("!HHHHH", 0x8480, 1, len(answers), len(authority), 0)
    return head + question + b"".join(answers + authority)


class OverUdp(socketserver.BaseRequestHandler):
    def handle(self):
        message, connection = self.request
        connection.sendto(dns_answer(self.server.zone, message), self.client_address)


class OverTcp(socketserver.StreamRequestHandler):
    def handle(self):
        while length := self.rfile.read(2):
            answer = dns_answer(self.server.zone, self.rfile.read(struct.unpack("!H", length)[0]))
            self.wfile.write(struct.pack("!H", len(answer)) + answer)


class UdpServers(socketserver.ThreadingMixIn, socketserver.UDPServer):
    daemon_threads = True


class TcpServers(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    allow_reuse_address = True


def main():
    dns_port, proxy_port, certificate, key, name = sys.argv[1:]
    zone = Zone(name)
    proxy = Proxies(("127.0.0.1", int(proxy_port)), Proxy)
    proxy.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    proxy.tls.load_cert_chain(certificate, key)
    dns = ("127.0.0.1", int(dns_port))
    servers = [proxy, UdpServers(dns, OverUdp), TcpServers(dns, OverTcp)]
    for server in servers:
        server.zone = zone
        threading.Thread(target=server.serve_forever, daemon=True).start()
    threading.Event().wait()


main()
