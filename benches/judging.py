"""check, check --batch and merge, beside openssl and certtool.
"""
import base64
import gzip
import json
import os
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path

from processes import (
    CERTKIT,
    ROUNDS,
    compare,
    heading,
    measured,
    process_time,
    run,
    show,
    there,
    verdict,
)


SYSTEM_STORE = Path("/etc/ssl/certs/ca-certificates.crt")
OPENSSL_VERIFY = ["openssl", "verify", "-verify_hostname", "localhost", "server.crt"]
CERTKIT_CHECK = [CERTKIT, "check", "server.crt", "--host", "localhost"]


def check():
    """One chain judged, by the roots of a file and by those of the system."""
    certtool = ["certtool", "--verify", "--verify-hostname=localhost", "--infile=server.crt", "--load-ca-certificate"]
    rows = [
        ("certkit check --roots", [*CERTKIT_CHECK, "--roots", "ca.crt"]),
        ("openssl verify", [*OPENSSL_VERIFY[:2], "-CAfile", "ca.crt", *OPENSSL_VERIFY[2:]]),
        ("certtool --verify", [*certtool, "ca.crt"]),
    ]
    compare([("a chain judged by a root in a file", 3.0, rows)])
    if not SYSTEM_STORE.exists():
        print("left out: there is no %s" % SYSTEM_STORE)
        return
    # The system's roots and ours in one file, so that all read the same and the answer is yes.
    Path("store.pem").write_bytes(SYSTEM_STORE.read_bytes() + Path("ca.crt").read_bytes())
    rows = [
        ("certkit check", CERTKIT_CHECK),
        ("openssl verify", OPENSSL_VERIFY),
        ("certtool --verify", [*certtool, "store.pem"]),
    ]
    environment = dict(os.environ, SSL_CERT_FILE="store.pem", SSL_CERT_DIR="/nonexistent")
    compare([("a chain judged by the system's store", 15.0, rows)], environment)


def batch():
    """Many chains of several CAs, under right and wrong names, in one file and in one process."""
    cases, openssl = [], []
    for number in range(20):
        run([CERTKIT, "mkca", "--intermediate", "-o", "batch%d" % number])
        ca, intermediate = ("batch%d/%s" % (number, name) for name in ("ca.crt", "intermediate.crt"))
        for leaf in range(5):
            host, made = "host%d.example" % leaf, "batch%d/%d" % (number, leaf)
            run([CERTKIT, "mkcert", host, "-o", made, "--ca", intermediate, "--ca-key", "batch%d/intermediate.key" % number])
            chain = [Path(made + ".crt").read_text(), Path(intermediate).read_text()]
            for asked in (host, "other.example"):
                cases.append({"chain_pem": chain, "roots_pem": [Path(ca).read_text()], "host": asked})
            openssl.append(["openssl", "verify", "-CAfile", ca, "-untrusted", intermediate, made + ".crt"])
    cases *= 25
    random.Random(1).shuffle(cases)
    with open("cases.jsonl", "w") as file:
        file.writelines(json.dumps(dict(case, id=number)) + "\n" for number, case in enumerate(cases))
    rates, costs, memory = [], [], 0
    for _ in range(ROUNDS):
        took, cpu, peak, answers = measured([CERTKIT, "check", "--batch", "cases.jsonl"], 1)
        rates.append(len(cases) / took)
        costs.append(cpu / len(cases) * 1e6)
        memory = max(memory, peak)
        valid = [json.loads(line)["result"]["valid"] for line in answers.splitlines()]
        if len(valid) != len(cases) or sum(valid) * 2 != len(cases):
            sys.exit("%d answers, %d of them yes, to %d cases" % (len(valid), sum(valid), len(cases)))
    heading("%d cases in one file, cases/s on %d cores (target 5000)" % (len(cases), os.cpu_count()))
    median = statistics.median(rates)
    show("certkit check --batch", median, min(rates), max(rates), 1, "%.0f us CPU each, peak %.1f MiB" % (statistics.median(costs), memory / 2**20))
    if there("openssl"):
        times = [process_time(words, os.environ) for words in openssl]
        rates = [1 / took for took in times]
        peer = statistics.median(rates)
        show("openssl verify, a process a case", peer, min(rates), max(rates), peer / median)
    print("  target 5000 cases/s: %s" % ("reached" if median >= 5000 else "NOT reached, %.0f" % median), flush=True)


def merge():
    """Files that are far too large, and files that are none."""
    name = "bench 00000"
    run([CERTKIT, "mkca", name, "--intermediate", "-o", "large"])
    run([CERTKIT, "mkcert", "localhost", "-o", "large/server", "--ca", "large/intermediate.crt", "--ca-key", "large/intermediate.key"])
    pem = Path("large/intermediate.crt").read_text()
    der = base64.b64decode("".join(pem.splitlines()[1:-1]))
    with open("bundle.pem", "w") as file:
        # Other CAs, as far as anybody can tell who does not check their signatures; the right one comes last.
        for number in range(1, 10_000):
            other = base64.encodebytes(der.replace(name.encode(), b"bench %05d" % number)).decode()
            file.write("-----BEGIN CERTIFICATE-----\n%s-----END CERTIFICATE-----\n" % other)
        file.write(pem)
    noise = random.Random(1)
    with open("garbage", "wb") as file:
        for _ in range(100):
            file.write(noise.randbytes(1_000_000))
    Path("begins").write_text("-----BEGIN CERTIFICATE-----\n" * 200_000)
    rows = [("a bundle of 10,000 certificates", "bundle.pem", 0), ("100 MB of garbage", "garbage", 2), ("200,000 BEGIN lines", "begins", 2)]
    heading("certkit merge, s (target 1)")
    worst = 0
    for title, file, status in rows:
        words = [CERTKIT, "merge", "large/server.crt", file, "-o", "merged.pem", "--force", "-q"]
        runs = [measured(words, status) for _ in range(3)]
        times = [took for took, *_ in runs]
        median = statistics.median(times)
        worst = max(worst, median)
        more = "peak %.0f MiB" % (max(peak for _, _, peak, _ in runs) / 2**20)
        show(title, median, min(times), max(times), median / 1, more)
    verdict(worst, 1, "s")


def limbo():
    """Chains made to lead validators astray: the slowest, asked one at a time."""
    path = os.environ.get("CERTKIT_LIMBO")
    if not path:
        print("\nleft out: limbo, since CERTKIT_LIMBO does not name the file of x509-limbo")
        return
    with (gzip.open if path.endswith(".gz") else open)(path, "rb") as file:
        cases = json.load(file)["testcases"]
    times = []
    batch = subprocess.Popen([CERTKIT, "check", "--batch", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    for case in cases:
        line = json.dumps(limbo_case(case)).encode() + b"\n"
        start = time.perf_counter()
        batch.stdin.write(line)
        batch.stdin.flush()
        answer = json.loads(batch.stdout.readline())
        times.append((time.perf_counter() - start, case["id"]))
        if answer["result"].get("valid") != (case["expected_result"] == "SUCCESS"):
            print("  wrong: %s" % case["id"])
    batch.communicate()
    times.sort()
    slowest, name = times[-1]
    heading("x509-limbo, %d cases, ms from question to answer (target of the slowest 100)" % len(cases))
    median = statistics.median(took for took, _ in times)
    show("certkit check --batch", median * 1e3, times[0][0] * 1e3, slowest * 1e3, 1, "slowest: " + name)
    verdict(slowest * 1e3, 100, "ms")


def limbo_case(case):
    """As tests/integration/limbo.rs has it."""
    by_the_baseline = case["id"].split("::")[0] in ("webpki", "online", "cve")
    line = {
        "chain_pem": [case["peer_certificate"], *case["untrusted_intermediates"]],
        "roots_pem": case["trusted_certs"],
        "crls_pem": case.get("crls") or [],
        "emails": [name["value"] for name in case.get("expected_peer_names") or []],
        "profile": "webpki" if by_the_baseline else "rfc5280",
        "purpose": "client" if case["validation_kind"] == "CLIENT" else "server",
        "host": (case.get("expected_peer_name") or {}).get("value"),
        "at": case.get("validation_time"),
        "max_depth": case.get("max_chain_depth"),
    }
    return {name: value for name, value in line.items() if value is not None}


# A small process in between: what a child has held at most includes its parent's memory at the start.
