"""pyca/cryptography as the other side: requests of many kinds, CAs of odd kinds, a judge.

usage: pyca.py csr KIND FILE        a request and FILE.key; KIND is one of those in `requests` below
       pyca.py ca KIND FOLDER       ca.crt and ca.key; KIND is one of those in `cas` below
       pyca.py verify CA NAME LEAF [INTERMEDIATE]
       pyca.py read CERTIFICATE     prints what it holds
"""
import datetime
import ipaddress
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PEM = serialization.Encoding.PEM
DAY = datetime.timedelta(days=1)


def write_key(key, path):
    plain = serialization.NoEncryption()
    with open(path, "wb") as file:
        file.write(key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, plain))


def name(*attributes):
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes])


def csr(kind, path):
    names = [x509.DNSName("www.test.example"), x509.IPAddress(ipaddress.ip_address("10.1.2.3"))]
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        name((NameOID.ORGANIZATION_NAME, "Team"), (NameOID.COMMON_NAME, "www.test.example"))
    )
    add = builder.add_extension
    key, digest, options = ec.generate_private_key(ec.SECP256R1()), hashes.SHA256(), {}
    if kind == "p256-sha384":
        digest = hashes.SHA384()
    elif kind == "p384-sha256":
        key = ec.generate_private_key(ec.SECP384R1())
    elif kind == "p521":
        key, digest = ec.generate_private_key(ec.SECP521R1()), hashes.SHA512()
    elif kind == "ed25519":
        key, digest = ed25519.Ed25519PrivateKey.generate(), None
    elif kind == "rsa-pss":
        key = rsa.generate_private_key(65537, 2048)
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
        options = {"rsa_padding": pss}
    elif kind == "rsa1024":
        key = rsa.generate_private_key(65537, 1024)
    elif kind == "secp256k1":
        key = ec.generate_private_key(ec.SECP256K1())
    if kind != "cn-only":
        builder = add(x509.SubjectAlternativeName(names), False)
    if kind == "ca":
        builder = builder.add_extension(x509.BasicConstraints(True, None), True)
        usages = dict.fromkeys(["key_cert_sign", "crl_sign", "digital_signature"], True)
        rest = ["content_commitment", "key_encipherment", "data_encipherment", "key_agreement"]
        rest += ["encipher_only", "decipher_only"]
        builder = builder.add_extension(x509.KeyUsage(**usages, **dict.fromkeys(rest, False)), True)
    elif kind == "odd":
        # As Windows and old programs have it: a challenge password, extensions nobody knows, a wish for everything.
        builder = builder.add_attribute(x509.oid.AttributeOID.CHALLENGE_PASSWORD, b"secret")
        version = x509.ObjectIdentifier("1.3.6.1.4.1.311.13.2.3")
        builder = builder.add_attribute(version, b"10.0.19045.2")
        template = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2")
        unknown = x509.UnrecognizedExtension(template, b"\x1e\x12\x00W\x00e\x00b\x00S\x00e\x00r\x00v\x00e\x00r")
        builder = builder.add_extension(unknown, False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]), False)
        builder = builder.add_extension(x509.SubjectKeyIdentifier(b"nonsense"), False)
        builder = builder.add_extension(x509.TLSFeature([x509.TLSFeatureType.status_request]), False)
    request = builder.sign(key, digest, **options)
    with open(path, "wb") as file:
        file.write(request.public_bytes(PEM))
    write_key(key, path + ".key")


def ca(kind, folder):
    key, digest = ec.generate_private_key(ec.SECP384R1()), hashes.SHA384()
    now = datetime.datetime.now(datetime.timezone.utc)
    begin, end = now - DAY, now + 100 * DAY
    # Two of a kind, another string type, and two in one place: a program that writes the name anew loses some of it.
    printable = x509.name._ASN1Type.PrintableString
    units = [x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit, printable) for unit in ("A", "B")]
    both = [
        x509.NameAttribute(NameOID.COMMON_NAME, "Odd CA"),
        x509.NameAttribute(NameOID.SERIAL_NUMBER, "7"),
    ]
    subject = x509.Name([x509.RelativeDistinguishedName([unit]) for unit in units] + [x509.RelativeDistinguishedName(both)])
    if kind == "expired":
        begin, end = now - 30 * DAY, now - 10 * DAY
    elif kind == "ed25519":
        key, digest = ed25519.Ed25519PrivateKey.generate(), None
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(True, None), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    )
    with open(folder + "/ca.crt", "wb") as file:
        file.write(builder.sign(key, digest).public_bytes(PEM))
    write_key(key, folder + "/ca.key")


def load(path):
    with open(path, "rb") as file:
        return x509.load_pem_x509_certificates(file.read())


def verify(ca, host, leaf, *intermediates):
    subject = x509.DNSName(host)
    verifier = verification.PolicyBuilder().store(verification.Store(load(ca))).build_server_verifier(subject)
    try:
        verifier.verify(load(leaf)[0], [one for path in intermediates for one in load(path)])
    except verification.VerificationError as error:
        sys.exit("refused: %s" % error)
    print("taken")


def read(path):
    certificate = load(path)[0]
    print("subject", certificate.subject.rfc4514_string())
    print("issuer", certificate.issuer.rfc4514_string())
    for extension in certificate.extensions:
        print("critical" if extension.critical else "plain", extension.value)


if __name__ == "__main__":
    {"csr": csr, "ca": ca, "verify": verify, "read": read}[sys.argv[1]](*sys.argv[2:])
