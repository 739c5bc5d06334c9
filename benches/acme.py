"""ACME clients against Pebble.
"""
import json
import os
import statistics
from pathlib import Path

from processes import CERTKIT, ROUNDS, free_port, heading, process_time, show, there, Tree, verdict


def acme():
    """Wall time of whole processes against Pebble on loopback, which validates for real but never waits on purpose."""
    if not there("pebble"):
        return
    acme_port, management, http, tls, dns, control = (free_port() for _ in range(6))
    config = {
        "listenAddress": "127.0.0.1:%d" % acme_port,
        "managementListenAddress": "127.0.0.1:%d" % management,
        "certificate": os.path.abspath("server.crt"),
        "privateKey": os.path.abspath("server.key"),
        "httpPort": http,
        "tlsPort": tls,
        "ocspResponderURL": "",
    }
    Path("pebble.json").write_text(json.dumps({"pebble": config}))
    knobs = {"PEBBLE_WFE_NONCEREJECT": "0", "PEBBLE_VA_NOSLEEP": "1", "PEBBLE_VA_ALWAYS_VALID": "0", "PEBBLE_AUTHZREUSE": "0"}
    os.environ.update(knobs)
    stub = ["pebble-challtestsrv", "-defaultIPv6", "", "-dns01", "127.0.0.1:%d" % dns]
    stub += ["-management", "127.0.0.1:%d" % control, "-http01", "", "-https01", "", "-tlsalpn01", ""]
    server = ["pebble", "-config", "pebble.json", "-dnsserver", "127.0.0.1:%d" % dns]
    url = "https://localhost:%d/dir" % acme_port
    with Tree([stub, server], acme_port, "/dir"):
        clients = [client for client in acme_clients(url, http) if there(client[0])]
        one_name(clients)
        hundred_names([client for client in clients if client[0] != "certbot"])
        not_due(clients[0])


def acme_clients(url, http):
    """Program, and its command line for names and an empty folder for its state."""
    ca = os.path.abspath("ca.crt")
    # How the peers learn what to trust for the server's own https.
    os.environ.update(REQUESTS_CA_BUNDLE=ca, LEGO_CA_CERTIFICATES=ca)
    listen = "127.0.0.1:%d" % http

    def certkit(names, state):
        words = [CERTKIT, "acme", "obtain", "--http=" + listen, "--server", url, "--ca-roots", ca]
        return [*words, "--agree-tos", "--state", state, *names]

    def lego(names, state):
        words = ["lego", "--server", url, "--accept-tos", "--email", "ops@example.com", "--path", state]
        return [*words, "--http", "--http.port", listen, *(word for name in names for word in ("-d", name)), "run"]

    def certbot(names, state):
        words = ["certbot", "certonly", "--standalone", "-n", "--agree-tos", "--register-unsafely-without-email"]
        words += ["--server", url, "--http-01-address", "127.0.0.1", "--http-01-port", str(http)]
        folders = [word for kind in ("config", "work", "logs") for word in ("--%s-dir" % kind, state + "/" + kind)]
        return [*words, *folders, *(word for name in names for word in ("-d", name))]

    return [(CERTKIT, certkit), ("certbot", certbot), ("lego", lego)]


def one_name(clients):
    medians = acme_table("one name and a new account, ms (target 300, and 0.15 of certbot)", clients, 1)
    verdict(medians[CERTKIT], 300, "ms")
    if "certbot" in medians:
        verdict(medians[CERTKIT] / medians["certbot"], 0.15, "of certbot")


def hundred_names(clients):
    # Where the server says nothing of Retry-After, as Debian's Pebble, lego 4.9 waits five seconds for each name.
    limit = 30
    medians = acme_table("100 names and a new account, ms (target: not above lego)", clients, 100, {"lego": 1}, limit)
    if "lego" in medians:
        if medians["lego"] >= limit * 1e3:
            print("  lego was ended after %d s" % limit)
        verdict(medians[CERTKIT] / medians["lego"], 1, "of lego")


def acme_table(title, clients, count, fewer_rounds={}, limit=60):
    times = {program: [] for program, _ in clients}
    for number in range(ROUNDS):
        for program, line in clients if number % 2 == 0 else reversed(clients):
            if number >= fewer_rounds.get(program, ROUNDS):
                continue
            # A folder and names of this run alone: nothing is to be had twice.
            run_name = "%s-%d-%d" % (os.path.basename(program), count, number)
            names = ["n%d.%s.test" % (index, run_name) for index in range(count)]
            times[program].append(process_time(line(names, os.path.abspath(run_name)), os.environ, limit) * 1e3)
    medians = {program: statistics.median(values) for program, values in times.items()}
    heading(title)
    for program, values in times.items():
        ratio = medians[program] / medians[CERTKIT]
        show(os.path.basename(program), medians[program], min(values), max(values), ratio)
    return medians


def not_due(client):
    words = client[1](["a.test"], "not-due")
    process_time(words, os.environ)
    times = [process_time(words, os.environ) * 1e3 for _ in range(31)]
    heading("a certificate that is not due, ms (target 50)")
    median = statistics.median(times)
    show("certkit acme obtain", median, min(times), max(times), 1)
    verdict(median, 50, "ms")
