"""Speed and memory of certkit beside its peers, in one run, so that the ratios hold on any machine.

    make bench                    all of it, in about half an hour
    python3 benches/run.py serve  one part: commands, check, batch, merge, limbo, live, serve, scenarios, bodies, acme,
                                  ca_server (BENCH_ORDERS=20000 shows its memory over many orders)

CERTKIT_BIN names another program than target/release/certkit, for example target/debug/certkit to see that a part still
works; BENCH_ROUNDS=1 measures once.

The part `limbo` wants the file of x509-limbo (JSON, also gzipped) in CERTKIT_LIMBO; it is no part of this repository.

A peer that is not installed is left out, aloud. Everything listens on 127.0.0.1, and every process started here is
ended by its id. A figure beyond its target is marked and does not fail the run: machines differ.
"""
import os
import sys
import tempfile

from acme import acme
from ca_server import ca_server
from commands import commands
from judging import batch, check, limbo, merge
from live import live
from processes import CERTKIT, PYTHON, run
from scenarios import scenarios
from servers import bodies, serve


def main():
    every = (commands, check, batch, merge, limbo, live, serve, scenarios, bodies, acme, ca_server)
    parts = {part.__name__: part for part in every}
    chosen = sys.argv[1:] or list(parts)
    os.environ["PATH"] += ":/usr/sbin:/sbin:" + str(PYTHON.parent)
    with tempfile.TemporaryDirectory(prefix="certkit-bench-") as folder:
        os.chdir(folder)
        run([CERTKIT, "mkca"])
        run([CERTKIT, "mkcert", "localhost", "127.0.0.1"])
        print("%s, %d cores, Python %s" % (run([CERTKIT, "--version"]), os.cpu_count(), sys.version.split()[0]))
        for name in chosen:
            parts[name]()


if __name__ == "__main__":
    main()
