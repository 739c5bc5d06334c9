"""check of running servers, beside sslscan, sslyze and testssl.
"""
import os
import statistics
from pathlib import Path

from processes import CERTKIT, HERE, ROUNDS, Tree, free_port, heading, nginx, process_time, show, there, verdict

SSLYZE = HERE.parent / "target/peers/sslyze/bin/python"
# Without a list it compares with Mozilla's guideline, and ends with 1 where that is not met.
ASKED = """sslv2 sslv3 tlsv1 tlsv1_1 tlsv1_2 tlsv1_3 elliptic_curves certinfo compression reneg resum fallback ems early_data
    heartbleed openssl_ccs robot http_headers""".split()
HOSTS = 100
JOBS = "32"


def live():
    """One nginx, and a hundred addresses of it: the time of a whole process from start to end."""
    port = free_port()
    places = ["127.0.0.%d:%d" % (number, port) for number in range(1, HOSTS + 1)]
    pair = "ssl_certificate %s; ssl_certificate_key %s;" % (Path("server.crt").resolve(), Path("server.key").resolve())
    others = "server { %s %s location / { return 200 hello; } }" % (
        " ".join("listen %s ssl;" % place for place in places[1:]),
        pair,
    )
    # Every address has connections open at the same time.
    with Tree([nginx(port, "return 200 hello;", connections=8192, before=others)], port):
        certkit = [CERTKIT, "check", "--host", "localhost", "--roots", "ca.crt", "--jobs", JOBS]
        # What certkit asks without --deep is less than what the scanners ask.
        one = [
            ("certkit check", 0.1, [*certkit, places[0]], ROUNDS),
            ("certkit check --deep", 0.3, [*certkit, "--deep", places[0]], ROUNDS),
            *beside(places[:1]),
        ]
        many = [
            ("certkit check --jobs " + JOBS, 2.0, [*certkit, *places], ROUNDS),
            ("certkit check --deep --jobs " + JOBS, None, [*certkit, "--deep", *places], ROUNDS),
            *beside(places),
        ]
        for title, rows in [("a server on this machine", one), ("%d servers" % HOSTS, many)]:
            heading("%s, seconds of the whole process" % title)
            first = None
            for name, target, words, rounds in rows:
                times = [process_time(words, os.environ) for _ in range(rounds)]
                median = statistics.median(times)
                first = first or median
                show(name, median, min(times), max(times), median / first)
                if target:
                    verdict(median, target, "s")


def beside(places):
    """The scanners that are installed: name, no target, command, rounds. testssl is asked once, for one server."""
    rows = []
    if there("sslscan"):
        Path("targets").write_text("".join(place + "\n" for place in places))
        rows.append(("sslscan", None, ["sslscan", "--no-colour", "--targets=targets"], 1 if len(places) > 1 else ROUNDS))
    if SSLYZE.exists():
        asked = ["--" + name for name in ASKED]
        words = [str(SSLYZE), "-m", "sslyze", "--mozilla_config=disable", *asked, *places]
        rows.append(("sslyze", None, words, 1 if len(places) > 1 else ROUNDS))
    else:
        print("left out: sslyze is not installed")
    if len(places) == 1 and there("testssl"):
        words = ["testssl", "--quiet", "--color", "0", "--warnings", "off", "--openssl-timeout", "20", "-p", "-P", "-S", "-U", "-E"]
        rows.append(("testssl -p -P -S -U -E", None, [*words, places[0]], 1))
    return rows
