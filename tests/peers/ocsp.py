"""Makes an OCSP response that is valid from one number of seconds to another, counted from now: openssl knows no others.

    python ocsp.py CERTIFICATE ISSUER ISSUER-KEY FROM TO OUTPUT
"""

import datetime
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp


def main():
    certificate, issuer = (x509.load_pem_x509_certificate(Path(path).read_bytes()) for path in sys.argv[1:3])
    key = serialization.load_pem_private_key(Path(sys.argv[3]).read_bytes(), None)
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None, microsecond=0)
    begin, end = (now + datetime.timedelta(seconds=int(seconds)) for seconds in sys.argv[4:6])
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=certificate,
        issuer=issuer,
        algorithm=hashes.SHA256(),
        cert_status=ocsp.OCSPCertStatus.GOOD,
        this_update=begin,
        next_update=end,
        revocation_time=None,
        revocation_reason=None,
    )
    response = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, issuer).sign(key, hashes.SHA256())
    Path(sys.argv[6]).write_bytes(response.public_bytes(serialization.Encoding.DER))


main()
