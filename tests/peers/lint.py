"""pkilint over many certificates in one process, since it takes seconds to start. Prints what is wrong.

usage: lint.py CERTIFICATE...
"""
import sys

from pkilint.bin import lint_pkix_cert

wrong = 0
for path in sys.argv[1:]:
    print(path, flush=True)
    wrong += lint_pkix_cert.main(["lint", "-s", "WARNING", path])
sys.exit(wrong > 0)
