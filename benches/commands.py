"""Whole commands: wall time of a process from start to end.
"""
import os
import tempfile
from pathlib import Path

from processes import CERTKIT, compare, run


def commands():
    """Wall time of whole processes, from start to end."""
    openssl = (
        "openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out o.key && "
        "openssl req -new -key o.key -subj /CN=a.example -addext subjectAltName=DNS:a.example -out o.csr && "
        "openssl x509 -req -in o.csr -CA ca.crt -CAkey ca.key -days 397 -copy_extensions copy -out o.crt"
    ).replace("-quiet ", "")
    environment = dict(os.environ, CAROOT=os.getcwd() + "/mkcert")
    os.mkdir("mkcert")
    table = [
        ("--help", 3.0, [("certkit --help", [CERTKIT, "--help"]), ("openssl help", ["openssl", "help"])]),
        (
            "a certificate from an existing CA",
            6.0,
            [
                ("certkit mkcert", [CERTKIT, "mkcert", "a.example", "-o", "c", "-q"]),
                ("openssl genpkey, req, x509", ["sh", "-c", openssl]),
                # Like with like: both make a P-256 key. Its default is RSA.
                ("mkcert -ecdsa", ["mkcert", "-ecdsa", "-cert-file", "m.crt", "-key-file", "m.key", "a.example"]),
            ],
        ),
    ]
    pair = "{0} mkca -q -o c.new && cd c.new && {0} mkcert a.example -q && cd .. && rm -r c.new".format(CERTKIT)
    table.append(("a new CA and its first certificate, with a shell around", 10.0, [("certkit mkca, mkcert", ["sh", "-c", pair])]))
    medians = compare(table, environment)["a certificate from an existing CA"]
    if "mkcert -ecdsa" in medians:
        ratio = medians["certkit mkcert"] / medians["mkcert -ecdsa"]
        print("  target 1.00 of mkcert -ecdsa: %s, %.2f" % ("reached" if ratio <= 1 else "NOT reached", ratio), flush=True)
    bulk(20_000)
    renewals(20_000, 2_000)


def bulk(count):
    """Certificates in bulk into a file system in memory: each read back, its key beside it, all in the ledger."""
    memory = Path("/dev/shm")
    if not memory.is_dir():
        print("no /dev/shm: certificates in bulk left out")
        return
    with tempfile.TemporaryDirectory(prefix="certkit-bench-", dir=memory) as folder:
        Path(folder, "names").write_text("".join("h%d.example\n" % number for number in range(count)))
        run([CERTKIT, "mkca", "-q", "-o", folder])
        words = [CERTKIT, "mkcert", "-q", "--from", folder + "/names", "-o", folder + "/out"]
        words += ["--ca", folder + "/ca.crt", "--ca-key", folder + "/ca.key"]
        before = os.times()
        run(words)
        after = os.times()
        # Processor time of all cores: what one core does in a second.
        seconds = after.children_user + after.children_system - before.children_user - before.children_system
        print("\n%d certificates in bulk: %.0f each second and core (target 5000)" % (count, count / seconds))


def renewals(count, due):
    """Some of many certificates in one folder are renewed, in a file system in memory."""
    memory = Path("/dev/shm")
    if not memory.is_dir():
        print("no /dev/shm: renewals left out")
        return
    with tempfile.TemporaryDirectory(prefix="certkit-bench-", dir=memory) as folder:
        run([CERTKIT, "mkca", "-q", "-o", folder])
        ca = ["--ca", folder + "/ca.crt", "--ca-key", folder + "/ca.key"]
        for first, last, days in [(0, due, "30"), (due, count, "397")]:
            Path(folder, "names").write_text("".join("h%d.example\n" % number for number in range(first, last)))
            run([CERTKIT, "mkcert", "-q", "--from", folder + "/names", "-o", folder + "/out", "--days", days] + ca)
        issued = lambda: Path(folder, "ledger.jsonl").read_bytes().count(b'"issued"')
        issued_before = issued()
        before = os.times()
        run([CERTKIT, "renew", "-q", "--if-within", "60d"] + ca)
        after = os.times()
        seconds = after.children_user + after.children_system - before.children_user - before.children_system
        assert issued() == issued_before + due, issued()
        print("%d certificates of a folder of %d files renewed: %.1f s of one core (target 2.0)" % (due, 2 * count, seconds))
