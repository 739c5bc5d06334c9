"""Makes one chain for each row of docs/clients.md: sound except for that row's defect. Times are relative to now.

The certificates are written here byte by byte, since libraries do not make what is wrong with some of them.
"""

import base64
import datetime
import hashlib
import json

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

DAY = datetime.timedelta(days=1)
NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)

SEQUENCE, SET, UTF8, PRINTABLE, UTC, GENERALIZED = 0x30, 0x31, 0x0C, 0x13, 0x17, 0x18
BASIC, KEY_USAGE, EKU, SAN = "2.5.29.19", "2.5.29.15", "2.5.29.37", "2.5.29.17"
SKI, AKI, CONSTRAINTS, AIA = "2.5.29.14", "2.5.29.35", "2.5.29.30", "1.3.6.1.5.5.7.1.1"
POLICY_CONSTRAINTS, INHIBIT_ANY, CRL_POINTS = "2.5.29.36", "2.5.29.54", "2.5.29.31"
SERVER_AUTH, CLIENT_AUTH, ANY = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2", "2.5.29.37.0"
CODE_SIGNING = "1.3.6.1.5.5.7.3.3"


def tlv(tag, *parts, long=False):
    content = b"".join(parts)
    size = len(content)
    octets = size.to_bytes((size.bit_length() + 7) // 8 or 1, "big")
    if long:
        octets = (b"\0" if size > 127 else b"") + octets
    elif size < 128:
        return bytes([tag, size]) + content
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def seq(*parts, long=False):
    return tlv(SEQUENCE, *parts, long=long)


def oid(text):
    first, second, *rest = map(int, text.split("."))
    out = b""
    for arc in [first * 40 + second, *rest]:
        group = [arc & 0x7F]
        while arc := arc >> 7:
            group.insert(0, 0x80 | arc & 0x7F)
        out += bytes(group)
    return tlv(6, out)


def octets(content):
    return tlv(4, content)


TRUE, FALSE = tlv(1, b"\xff"), tlv(1, b"\0")


def name(text, tag=UTF8, kind="2.5.4.3"):
    if text is None:
        return seq()
    return seq(tlv(SET, seq(oid(kind), tlv(tag, text.encode()))))


def when(moment):
    if moment.year < 2050:
        return tlv(UTC, moment.strftime("%y%m%d%H%M%SZ").encode())
    return tlv(GENERALIZED, moment.strftime("%Y%m%d%H%M%SZ").encode())


def generalized(moment, rest="Z"):
    return tlv(GENERALIZED, (moment.strftime("%Y%m%d%H%M%S") + rest).encode())


KEYS = {}


def key(kind, slot):
    if (kind, slot) not in KEYS:
        make = {
            "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
            "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
            "p521": lambda: ec.generate_private_key(ec.SECP521R1()),
            "p224": lambda: ec.generate_private_key(ec.SECP224R1()),
            "secp256k1": lambda: ec.generate_private_key(ec.SECP256K1()),
            "ed25519": ed25519.Ed25519PrivateKey.generate,
            "ed448": ed448.Ed448PrivateKey.generate,
            "rsa1024": lambda: rsa.generate_private_key(65537, 1024),
            "rsa2040": lambda: rsa.generate_private_key(65537, 2040),
            "rsa2048": lambda: rsa.generate_private_key(65537, 2048),
        }
        KEYS[kind, slot] = make[kind]()
    return KEYS[kind, slot]


def spki(private):
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return private.public_key().public_bytes(serialization.Encoding.DER, form)


def pem_of(private):
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return private.private_bytes(encoding, form, serialization.NoEncryption()).decode()


def key_id(private):
    return hashlib.sha1(spki(private)).digest()


HANDSHAKE = b"a handshake"


def sign(private, message):
    """As in a handshake of TLS 1.3."""
    if isinstance(private, rsa.RSAPrivateKey):
        return private.sign(message, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    if isinstance(private, ec.EllipticCurvePrivateKey):
        by_size = {384: hashes.SHA384(), 521: hashes.SHA512()}
        return private.sign(message, ec.ECDSA(by_size.get(private.curve.key_size, hashes.SHA256())))
    return private.sign(message)


class Certificate:
    """What a certificate will be. `issuer` is another one, or itself."""

    def __init__(self, label, issuer, kind="p256", slot=None):
        self.label, self.issuer = label, issuer or self
        self.subject, self.issuer_name = name(label), None
        self.key = key(kind, slot or label)
        self.signer = None
        self.serial = hashlib.sha256(label.encode()).digest()[:8]
        self.serial = bytes([self.serial[0] & 0x3F | 0x40]) + self.serial[1:]
        self.version = 2
        self.not_before, self.not_after = NOW - 10 * DAY, NOW + 80 * DAY
        self.validity = None
        self.extensions = {}
        self.critical = {}
        self.hash = hashes.SHA256()
        self.unique_id = b""
        self.long = None
        self.break_signature = False
        self.other_inner = False
        self.compressed = False
        self.null = None
        self.twice = None
        self.made = None

    def put(self, kind, value, critical=None):
        self.extensions[kind] = value
        if critical is not None:
            self.critical[kind] = critical

    def drop(self, *kinds):
        for kind in kinds:
            self.extensions.pop(kind, None)

    def spki(self):
        if not self.compressed:
            return spki(self.key)
        form = serialization.PublicFormat.CompressedPoint
        point = self.key.public_key().public_bytes(serialization.Encoding.X962, form)
        return seq(seq(oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7")), tlv(3, b"\0", point))

    def algorithm(self, private):
        if isinstance(private, rsa.RSAPrivateKey):
            kind = oid({"sha1": "1.2.840.113549.1.1.5", "sha256": "1.2.840.113549.1.1.11"}[self.hash.name])
            return seq(kind, tlv(5) if self.null is None else self.null)
        if isinstance(private, ec.EllipticCurvePrivateKey):
            kind = oid({"sha1": "1.2.840.10045.4.1", "sha256": "1.2.840.10045.4.3.2"}[self.hash.name])
            return seq(kind, self.null or b"")
        return seq(oid("1.3.101.112" if isinstance(private, ed25519.Ed25519PrivateKey) else "1.3.101.113"))

    def der(self):
        if self.made is None:
            self.made = self.make()
        return self.made

    def make(self):
        signer = self.signer or self.issuer.key
        algorithm = self.algorithm(signer)
        parts = [] if self.version is None else [tlv(0xA0, tlv(2, bytes([self.version])))]
        inner = seq(oid("1.2.840.10045.4.3.3")) if self.other_inner else algorithm
        parts += [tlv(2, self.serial, long=self.long == "serial"), inner]
        parts.append(self.issuer.subject if self.issuer_name is None else self.issuer_name)
        validity = self.validity or when(self.not_before) + when(self.not_after)
        parts += [seq(validity, long=self.long == "validity"), self.subject, self.spki(), self.unique_id]
        if self.extensions:
            extensions = []
            for kind, value in self.extensions.items():
                mark = {None: b"", False: b"", True: TRUE, "false": FALSE, "one": tlv(1, b"\1")}[self.critical.get(kind)]
                extension = seq(oid(kind), mark, tlv(4, value, long=self.long == "extension"))
                extensions += [extension] * (2 if kind == self.twice else 1)
            parts.append(tlv(0xA3, seq(*extensions)))
        body = seq(*parts, long=self.long == "tbs")
        if isinstance(signer, rsa.RSAPrivateKey):
            signature = signer.sign(body, padding.PKCS1v15(), self.hash)
        elif isinstance(signer, ec.EllipticCurvePrivateKey):
            signature = signer.sign(body, ec.ECDSA(self.hash))
        else:
            signature = signer.sign(body)
        if self.break_signature:
            signature = signature[:-1] + bytes([signature[-1] ^ 1])
        return seq(body, algorithm, tlv(3, b"\0", signature), long=self.long == "certificate")


def ca(label, issuer=None, **more):
    made = Certificate(label, issuer, **more)
    made.not_before, made.not_after = NOW - 500 * DAY, NOW + 3000 * DAY
    made.put(BASIC, seq(TRUE), True)
    made.put(KEY_USAGE, tlv(3, b"\1\6"), True)
    made.put(SKI, octets(key_id(made.key)))
    made.put(AKI, seq(tlv(0x80, key_id(made.issuer.key))))
    return made


def usages(*kinds):
    return seq(*map(oid, kinds))


def dns(*names):
    return seq(*(tlv(0x82, one.encode()) for one in names))


class Chain:
    """Leaf, intermediate and root. `host` is the name that clients ask for."""

    def __init__(self, host, kind="p256"):
        self.host = host
        self.root = ca(f"{host} root")
        self.middle = ca(f"{host} intermediate", self.root)
        self.leaf = Certificate(host, self.middle, kind=kind)
        self.leaf.put(KEY_USAGE, tlv(3, b"\7\x80"), True)
        self.leaf.put(EKU, usages(SERVER_AUTH))
        self.leaf.put(AKI, seq(tlv(0x80, key_id(self.middle.key))))
        self.leaf.put(SAN, dns(host))
        self.leaf.put("2.5.29.32", seq(seq(oid("2.23.140.1.2.1"))))
        self.sent = [self.leaf, self.middle]
        self.trusted = [self.root]

    def case(self):
        text = lambda certificates: [base64.b64encode(one.der()).decode() for one in certificates]
        return {
            "sent": text(self.sent),
            "trusted": text(self.trusted),
            "host": self.host,
            "at": int(NOW.timestamp()),
            "key": pem_of(self.leaf.key),
            "signature": base64.b64encode(sign(self.leaf.key, HANDSHAKE)).decode(),
        }


CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


@case
def sound(c):
    pass


@case
def authority_issuer(c):
    c.leaf.put(AKI, seq(tlv(0x80, key_id(c.middle.key)), tlv(0xA1, tlv(0xA4, name("somebody else"))), tlv(0x82, c.middle.serial)))


@case
def authority_serial(c):
    c.leaf.put(AKI, seq(tlv(0x80, key_id(c.middle.key)), tlv(0xA1, tlv(0xA4, c.root.subject)), tlv(0x82, b"\x12\x34")))


@case
def authority_key(c):
    c.leaf.put(AKI, seq(tlv(0x80, b"\x77" * 20)))


@case
def no_authority_key(c):
    c.leaf.drop(AKI)


@case
def no_subject_key(c):
    c.middle.drop(SKI)
    c.leaf.put(AKI, seq(tlv(0x80, key_id(c.middle.key))))


@case
def root_authority_key(c):
    c.root.put(AKI, seq(tlv(0x80, b"\x77" * 20)))


@case
def ca_without_key_usage(c):
    c.middle.drop(KEY_USAGE)


@case
def root_purpose(c):
    c.root.put(EKU, usages(CODE_SIGNING))


@case
def intermediate_purpose(c):
    c.middle.put(EKU, usages(CODE_SIGNING))


@case
def intermediate_any_purpose(c):
    c.middle.put(EKU, usages(ANY))


@case
def leaf_other_purpose(c):
    c.leaf.put(EKU, usages(CLIENT_AUTH))


@case
def leaf_any_purpose(c):
    c.leaf.put(EKU, usages(ANY))


@case
def leaf_without_purpose(c):
    c.leaf.drop(EKU)


@case
def anchor_not_self_signed(c):
    c.trusted = [c.middle]
    c.sent = [c.leaf]


@case
def pinned_leaf(c):
    c.leaf.issuer = c.leaf
    c.leaf.put(AKI, seq(tlv(0x80, key_id(c.leaf.key))))
    c.sent = c.trusted = [c.leaf]


@case
def pinned_issued_leaf(c):
    c.sent = c.trusted = [c.leaf]


def with_key(c, who, kind, label):
    old = getattr(c, who)
    old.key = key(kind, label)
    if who != "leaf":
        old.put(SKI, octets(key_id(old.key)))
        below = c.leaf if who == "middle" else c.middle
        below.put(AKI, seq(tlv(0x80, key_id(old.key))))
        if who == "root":
            old.put(AKI, seq(tlv(0x80, key_id(old.key))))


def keys_of(kind):
    def leaf_key(c):
        with_key(c, "leaf", kind, f"{c.host} leaf")

    def ca_key(c):
        with_key(c, "middle", kind, f"{c.host} middle")

    CASES[f"leaf_{kind}"], CASES[f"ca_{kind}"] = leaf_key, ca_key


for kind in ("ed25519", "ed448", "p521", "p224", "secp256k1", "rsa1024"):
    keys_of(kind)
del CASES["ca_p521"]


@case
def valid_826_days(c):
    c.leaf.not_before, c.leaf.not_after = NOW - 10 * DAY, NOW + 816 * DAY


@case
def valid_399_days(c):
    c.leaf.not_before, c.leaf.not_after = NOW - 10 * DAY, NOW + 389 * DAY


@case
def critical_crl_points(c):
    c.leaf.put(CRL_POINTS, seq(seq(tlv(0xA0, tlv(0xA0, tlv(0x86, b"http://a.test/crl"))))), True)


@case
def critical_authority_key(c):
    c.leaf.critical[AKI] = True


@case
def critical_subject_key(c):
    c.middle.critical[SKI] = True


@case
def critical_authority_access(c):
    access = seq(seq(oid("1.3.6.1.5.5.7.48.2"), tlv(0x86, b"http://a.test/ca")))
    c.leaf.put(AIA, access, True)


@case
def critical_policy_mappings(c):
    c.middle.put("2.5.29.33", seq(seq(oid("1.2.3.4"), oid("1.2.3.5"))), True)


@case
def unknown_critical(c):
    c.leaf.put("1.3.6.1.4.1.99999.1", tlv(5), True)


@case
def critical_policies(c):
    c.leaf.critical["2.5.29.32"] = True


@case
def critical_purpose(c):
    c.leaf.critical[EKU] = True


@case
def critical_names(c):
    c.leaf.critical[SAN] = True


@case
def policy_constraints_not_critical(c):
    c.middle.put(POLICY_CONSTRAINTS, seq(tlv(0x81, b"\0")))


@case
def policy_constraints(c):
    c.middle.put(POLICY_CONSTRAINTS, seq(tlv(0x81, b"\0")), True)


@case
def inhibit_any_policy(c):
    c.middle.put(INHIBIT_ANY, tlv(2, b"\0"), True)


@case
def inhibit_any_not_critical(c):
    c.middle.put(INHIBIT_ANY, tlv(2, b"\0"))


@case
def policy_required(c):
    c.middle.put(POLICY_CONSTRAINTS, seq(tlv(0x80, b"\0")), True)


@case
def constraints_not_critical(c):
    c.middle.put(CONSTRAINTS, seq(tlv(0xA0, seq(tlv(0x82, b"test")))))


@case
def constraints_violated(c):
    c.middle.put(CONSTRAINTS, seq(tlv(0xA0, seq(tlv(0x82, b"other.example")))), True)


@case
def constraints_of_root_violated(c):
    c.root.put(CONSTRAINTS, seq(tlv(0xA0, seq(tlv(0x82, b"other.example")))), True)


@case
def constraints_with_dot(c):
    c.middle.put(CONSTRAINTS, seq(tlv(0xA0, seq(tlv(0x82, b".test")))), True)


@case
def constraints_of_leaf(c):
    c.leaf.put(CONSTRAINTS, seq(tlv(0xA0, seq(tlv(0x82, b"test")))), True)


@case
def constraints_empty(c):
    c.middle.put(CONSTRAINTS, seq(), True)


@case
def constraints_on_subjects(c):
    c.middle.put(CONSTRAINTS, seq(tlv(0xA0, seq(tlv(0xA4, c.leaf.subject)))), True)


@case
def constraints_on_mail(c):
    c.middle.put(CONSTRAINTS, seq(tlv(0xA0, seq(tlv(0x81, b"a.test")))), True)


@case
def serial_zero(c):
    c.leaf.serial = b"\0"


@case
def serial_negative(c):
    c.leaf.serial = b"\x85\x01\x02"


@case
def serial_long(c):
    c.leaf.serial = b"\x51" * 21


@case
def ca_without_subject(c):
    c.middle.subject = name(None)


@case
def names_not_critical_without_subject(c):
    c.leaf.subject = name(None)


@case
def basic_constraints_not_critical(c):
    c.middle.critical[BASIC] = False


@case
def path_length_of_leaf(c):
    c.leaf.put(BASIC, seq(tlv(2, b"\0")), True)


@case
def path_length_exceeded(c):
    c.root.put(BASIC, seq(TRUE, tlv(2, b"\0")), True)


@case
def path_length_exceeded_below(c):
    lower = ca(f"{c.host} lower", c.middle)
    c.middle.put(BASIC, seq(TRUE, tlv(2, b"\0")), True)
    c.leaf.issuer = lower
    c.leaf.put(AKI, seq(tlv(0x80, key_id(lower.key))))
    c.sent = [c.leaf, lower, c.middle]


@case
def seven_intermediates(c):
    issuer, more = c.middle, []
    for number in range(6):
        issuer = ca(f"{c.host} {number}", issuer)
        more.insert(0, issuer)
    c.leaf.issuer = issuer
    c.leaf.put(AKI, seq(tlv(0x80, key_id(issuer.key))))
    c.sent = [c.leaf, *more, c.middle]


@case
def no_names(c):
    c.leaf.drop(SAN)


@case
def other_host(c):
    c.leaf.put(SAN, dns("other.test"))


@case
def underscore(c):
    c.host = c.host.replace("underscore", "under_score")
    c.leaf.put(SAN, dns(c.host))


@case
def dot_at_end(c):
    c.leaf.put(SAN, dns(c.host + "."))


@case
def dot_at_end_beside(c):
    c.leaf.put(SAN, dns(c.host, "other.test."))


@case
def partial_wildcard(c):
    c.host = f"www.{c.host}"
    c.leaf.put(SAN, dns(f"w*{c.host[3:]}"))


@case
def wildcard_in_the_middle(c):
    c.host = f"www.{c.host}"
    c.leaf.put(SAN, dns("www.*.test"))


@case
def names_only_mail(c):
    c.leaf.put(SAN, seq(tlv(0x81, b"me@a.test")))


@case
def authority_without_key_of_ca(c):
    c.middle.put(AKI, seq())


@case
def malformed_name_beside(c):
    c.leaf.put(SAN, dns(c.host, "a b.test", "-x-.test"))


@case
def wildcard_below_suffix(c):
    c.leaf.put(SAN, dns("*.test"))


@case
def wildcard_over_suffix(c):
    c.host = "wildcard-suffix.co.uk"
    c.leaf.put(SAN, dns("*.co.uk"))


@case
def empty_names(c):
    c.leaf.put(SAN, seq())


@case
def ca_as_leaf(c):
    c.leaf.put(BASIC, seq(TRUE), True)
    c.leaf.put(SKI, octets(key_id(c.leaf.key)))
    c.leaf.put(KEY_USAGE, tlv(3, b"\1\x86"), True)


@case
def leaf_signs_certificates(c):
    c.leaf.put(KEY_USAGE, tlv(3, b"\2\x84"), True)


@case
def no_digital_signature(c):
    c.leaf.put(KEY_USAGE, tlv(3, b"\3\x08"), True)


@case
def rsa_no_digital_signature(c):
    with_key(c, "leaf", "rsa2048", f"{c.host} leaf")
    c.leaf.put(KEY_USAGE, tlv(3, b"\5\x20"), True)


@case
def no_tls_usage(c):
    c.leaf.put(KEY_USAGE, tlv(3, b"\6\x40"), True)


@case
def ca_as_leaf_only_signs(c):
    ca_as_leaf(c)
    c.leaf.put(KEY_USAGE, tlv(3, b"\1\6"), True)


@case
def ca_may_not_sign(c):
    c.middle.put(KEY_USAGE, tlv(3, b"\7\x80"), True)


@case
def root_may_not_sign(c):
    c.root.put(KEY_USAGE, tlv(3, b"\7\x80"), True)


@case
def not_a_ca(c):
    c.middle.put(BASIC, seq(), True)


@case
def without_basic_constraints(c):
    c.middle.drop(BASIC)


@case
def root_without_basic_constraints(c):
    c.root.drop(BASIC)


@case
def root_of_version_1(c):
    c.root.version = None
    c.root.extensions = {}
    c.middle.put(AKI, seq(tlv(0x80, key_id(c.root.key))))


@case
def leaf_of_version_1_with_extensions(c):
    c.leaf.version = None


@case
def intermediate_of_version_1(c):
    c.middle.version = None
    c.middle.extensions = {}


@case
def expired(c):
    c.leaf.not_after = NOW - DAY


@case
def expired_intermediate(c):
    c.middle.not_after = NOW - DAY


@case
def expired_root(c):
    c.root.not_after = NOW - DAY


@case
def not_yet_valid(c):
    c.leaf.not_before = NOW + DAY


@case
def root_not_yet_valid(c):
    c.root.not_before = NOW + DAY


@case
def signature_broken(c):
    c.leaf.break_signature = True


@case
def algorithms_differ(c):
    c.leaf.other_inner = True


@case
def sha1_leaf(c):
    c.leaf.hash = hashes.SHA1()


@case
def sha1_intermediate(c):
    c.middle.hash = hashes.SHA1()


@case
def issuer_string_type(c):
    c.leaf.issuer_name = name(c.middle.label, PRINTABLE)


@case
def issuer_case(c):
    c.leaf.issuer_name = name(c.middle.label.upper())


@case
def issuer_blanks(c):
    c.leaf.issuer_name = name(c.middle.label.replace(" ", "   "))


@case
def subject_unique_id(c):
    c.leaf.unique_id = tlv(0x82, b"\0\x55\xaa")


@case
def time_fraction(c):
    c.leaf.validity = when(c.leaf.not_before) + generalized(NOW + 80 * DAY, ".5Z")


@case
def time_generalized_before_2050(c):
    c.leaf.validity = when(c.leaf.not_before) + generalized(NOW + 80 * DAY)


@case
def time_offset(c):
    c.leaf.validity = when(c.leaf.not_before) + tlv(UTC, (NOW + 80 * DAY).strftime("%y%m%d%H%M%S+0100").encode())


@case
def time_without_seconds(c):
    c.leaf.validity = when(c.leaf.not_before) + tlv(UTC, (NOW + 80 * DAY).strftime("%y%m%d%H%MZ").encode())


@case
def long_length_of_extension(c):
    c.leaf.long = "extension"


@case
def long_length_of_serial(c):
    c.leaf.long = "serial"


@case
def critical_false_written(c):
    c.leaf.critical[EKU] = "false"


@case
def ca_false_written(c):
    c.leaf.put(BASIC, seq(FALSE), True)


@case
def version_1_written(c):
    c.leaf.version = 0


@case
def serial_padded(c):
    c.leaf.serial = b"\0\0" + c.leaf.serial


@case
def leaf_rsa2040(c):
    with_key(c, "leaf", "rsa2040", f"{c.host} leaf")


@case
def true_as_1(c):
    c.middle.put(BASIC, seq(tlv(1, b"\1")), True)


@case
def path_length_padded(c):
    c.middle.put(BASIC, seq(TRUE, tlv(2, b"\0\1")), True)


@case
def path_length_300(c):
    c.middle.put(BASIC, seq(TRUE, tlv(2, b"\1\x2c")), True)


@case
def constraint_with_dot_at_end(c):
    c.middle.put(CONSTRAINTS, seq(tlv(0xA0, seq(tlv(0x82, b"test.")))), True)


@case
def root_long_length(c):
    c.root.long = "serial"


@case
def names_with_trailing_bytes(c):
    c.leaf.put(SAN, dns(c.host) + b"\0\0")


@case
def serial_empty(c):
    c.leaf.serial = b""


NETSCAPE_TYPE, SIA = "2.16.840.1.113730.1.1", "1.3.6.1.5.5.7.1.11"
STEP_UP = {"microsoft": "1.3.6.1.4.1.311.10.3.3", "netscape": "2.16.840.1.113730.4.1"}


def raw_name(content, tag):
    return seq(tlv(SET, seq(oid("2.5.4.3"), tlv(tag, content))))


@case
def authority_key_below_root(c):
    c.middle.put(AKI, seq(tlv(0x80, b"\x77" * 20)))


@case
def authority_serial_below_root(c):
    c.middle.put(AKI, seq(tlv(0x80, key_id(c.root.key)), tlv(0xA1, tlv(0xA4, c.root.subject)), tlv(0x82, b"\x12\x34")))


@case
def authority_without_key(c):
    c.leaf.put(AKI, seq())


@case
def no_authority_key_of_ca(c):
    c.middle.drop(AKI)


@case
def root_authority_serial(c):
    c.root.put(AKI, seq(tlv(0x80, key_id(c.root.key)), tlv(0xA1, tlv(0xA4, c.root.subject)), tlv(0x82, b"\x12\x34")))


@case
def root_authority_without_key(c):
    c.root.put(AKI, seq())


@case
def ca_usage_empty(c):
    c.middle.put(KEY_USAGE, tlv(3, b"\0"), True)


@case
def root_any_purpose(c):
    c.root.put(EKU, usages(ANY))


@case
def root_step_up(c):
    c.root.put(EKU, usages(STEP_UP["microsoft"]))


@case
def root_without_a_purpose(c):
    c.root.put(EKU, seq())


@case
def intermediate_step_up(c):
    c.middle.put(EKU, usages(STEP_UP["microsoft"]))


@case
def intermediate_netscape_step_up(c):
    c.middle.put(EKU, usages(STEP_UP["netscape"]))


@case
def intermediate_without_a_purpose(c):
    c.middle.put(EKU, seq())


@case
def leaf_step_up(c):
    c.leaf.put(EKU, usages(STEP_UP["netscape"]))


@case
def leaf_without_a_purpose(c):
    c.leaf.put(EKU, seq())


@case
def netscape_type_for_clients(c):
    c.leaf.put(NETSCAPE_TYPE, tlv(3, b"\7\x80"))


@case
def pinned_leaf_without_authority(c):
    c.leaf.issuer = c.leaf
    c.leaf.drop(AKI)
    c.sent = c.trusted = [c.leaf]


@case
def pinned_leaf_without_subject(c):
    c.leaf.issuer = c.leaf
    c.leaf.subject = name(None)
    c.leaf.put(AKI, seq(tlv(0x80, key_id(c.leaf.key))))
    c.leaf.critical[SAN] = True
    c.sent = c.trusted = [c.leaf]


@case
def self_signed_copy_first(c):
    copy = ca(c.middle.label)
    copy.key = c.middle.key
    copy.serial = b"\x55" * 8
    copy.put(AKI, seq(tlv(0x80, key_id(copy.key))))
    copy.put(SKI, octets(key_id(copy.key)))
    c.sent = [c.leaf, copy, c.middle]


@case
def leaf_critical_subject_key(c):
    c.leaf.put(SKI, octets(key_id(c.leaf.key)), True)


@case
def root_critical_subject_key(c):
    c.root.critical[SKI] = True


@case
def root_critical_authority_key(c):
    c.root.critical[AKI] = True


@case
def critical_purpose_of_ca(c):
    c.middle.put(EKU, usages(SERVER_AUTH), True)


@case
def critical_netscape_type(c):
    c.leaf.put(NETSCAPE_TYPE, tlv(3, b"\6\x40"), True)


@case
def root_critical_netscape_type(c):
    c.root.put(NETSCAPE_TYPE, tlv(3, b"\0\x47"), True)


@case
def critical_issuer_names(c):
    c.leaf.put("2.5.29.18", seq(tlv(0x81, b"ca@a.test")), True)


@case
def root_critical_issuer_names(c):
    c.root.put("2.5.29.18", seq(tlv(0x81, b"ca@a.test")), True)


@case
def critical_ocsp_no_check(c):
    c.leaf.put("1.3.6.1.5.5.7.48.1.5", tlv(5), True)


@case
def critical_tls_feature(c):
    c.leaf.put("1.3.6.1.5.5.7.1.24", seq(tlv(2, b"\5")), True)


@case
def root_unknown_critical(c):
    c.root.put("1.3.6.1.4.1.99999.1", tlv(5), True)


@case
def root_critical_policies(c):
    c.root.put("2.5.29.32", seq(seq(oid("2.5.29.32.0"))), True)


@case
def root_critical_crl_points(c):
    c.root.put(CRL_POINTS, seq(seq(tlv(0xA0, tlv(0xA0, tlv(0x86, b"http://a.test/crl"))))), True)


@case
def root_policy_mappings(c):
    c.root.put("2.5.29.33", seq(seq(oid("1.2.3.4"), oid("1.2.3.5"))), True)


@case
def root_policy_constraints(c):
    c.root.put(POLICY_CONSTRAINTS, seq(tlv(0x81, b"\0")), True)


@case
def root_inhibit_any_policy(c):
    c.root.put(INHIBIT_ANY, tlv(2, b"\0"), True)


@case
def constraints_on_other_names(c):
    c.middle.put(CONSTRAINTS, seq(tlv(0xA0, seq(tlv(0x88, b"\x2a\3\4")))), True)


@case
def constraints_exclude_subjects(c):
    c.middle.put(CONSTRAINTS, seq(tlv(0xA1, seq(tlv(0xA4, name("other"))))), True)


@case
def constraints_of_every_name(c):
    c.middle.put(CONSTRAINTS, seq(tlv(0xA0, seq(tlv(0x82)))), True)


@case
def root_constraints_of_every_name(c):
    c.root.put(CONSTRAINTS, seq(tlv(0xA0, seq(tlv(0x82)))), True)


@case
def constraints_and_own_name(c):
    c.middle.put(CONSTRAINTS, seq(tlv(0xA0, seq(tlv(0x82, b"test")))), True)
    c.middle.put(SAN, dns("ca.other.example"))


@case
def serial_of_40_bytes(c):
    c.leaf.serial = b"\x71" * 40


@case
def names_of_other_kinds(c):
    c.leaf.put(SAN, seq(tlv(0x86, b"https://www.a.test/")))


@case
def uri_malformed_beside(c):
    c.leaf.put(SAN, seq(tlv(0x82, c.host.encode()), tlv(0x86, b"::not a uri")))


@case
def kind_unknown_beside(c):
    c.leaf.put(SAN, seq(tlv(0x82, c.host.encode()), tlv(0x89, b"\1")))


@case
def address_malformed_beside(c):
    c.leaf.put(SAN, seq(tlv(0x82, c.host.encode()), tlv(0x87, b"\xc0\0\2\1\x09")))


@case
def utf8_beside(c):
    c.leaf.put(SAN, seq(tlv(0x82, c.host.encode()), tlv(0x82, "bücher.test".encode())))


@case
def empty_beside(c):
    c.leaf.put(SAN, dns(c.host, ""))


@case
def version_4(c):
    c.leaf.version = 3


@case
def intermediate_of_version_1_with_extensions(c):
    c.middle.version = None


@case
def intermediate_of_version_4(c):
    c.middle.version = 3


@case
def root_of_version_1_with_extensions(c):
    c.root.version = None


@case
def root_of_version_2(c):
    c.root.version = 1
    c.root.extensions = {}


@case
def root_of_version_4(c):
    c.root.version = 3


@case
def root_not_a_ca(c):
    c.root.put(BASIC, seq(), True)


@case
def root_unique_id(c):
    c.root.unique_id = tlv(0x82, b"\0\x55\xaa")


@case
def root_algorithms_differ(c):
    c.root.other_inner = True


@case
def issuer_string_type_of_root(c):
    c.middle.issuer_name = name(c.root.label, PRINTABLE)


@case
def issuer_case_of_root(c):
    c.middle.issuer_name = name(c.root.label.upper())


@case
def valid_since_1951(c):
    c.middle.validity = tlv(UTC, b"510101000000Z") + when(c.middle.not_after)


@case
def root_time_fraction(c):
    c.root.validity = when(c.root.not_before) + generalized(NOW + 9000 * DAY, ".5Z")


@case
def root_time_offset(c):
    c.root.validity = when(c.root.not_before) + tlv(UTC, (NOW + 80 * DAY).strftime("%y%m%d%H%M%S+0100").encode())


@case
def root_time_without_seconds(c):
    c.root.validity = when(c.root.not_before) + tlv(UTC, (NOW + 80 * DAY).strftime("%y%m%d%H%MZ").encode())


@case
def root_true_as_1(c):
    c.root.put(BASIC, seq(tlv(1, b"\1")), True)


@case
def root_path_length_padded(c):
    c.root.put(BASIC, seq(TRUE, tlv(2, b"\0\3")), True)


@case
def root_version_1_written(c):
    c.root.version = 0
    c.root.extensions = {}
    c.middle.put(AKI, seq(tlv(0x80, key_id(c.root.key))))


@case
def long_length_of_body(c):
    c.leaf.long = "tbs"


@case
def printable_string_characters(c):
    c.middle.subject = raw_name(b"oracle@test", PRINTABLE)


@case
def utf8_string_broken(c):
    c.middle.subject = raw_name(b"oracle \xff\xfe", UTF8)


@case
def authority_access_broken(c):
    c.leaf.put(AIA, tlv(5))


@case
def authority_access_empty(c):
    c.leaf.put(AIA, seq())


@case
def policies_broken(c):
    c.leaf.put("2.5.29.32", tlv(5))


@case
def authority_key_broken(c):
    c.leaf.put(AKI, tlv(5))


@case
def subject_key_broken(c):
    c.leaf.put(SKI, tlv(5))


@case
def timestamps_broken(c):
    c.leaf.put("1.3.6.1.4.1.11129.2.4.2", b"\1\2\3")


@case
def extension_twice(c):
    c.leaf.put("1.3.6.1.4.1.99999.1", tlv(5))
    c.leaf.twice = "1.3.6.1.4.1.99999.1"


@case
def rsa_without_null(c):
    with_key(c, "middle", "rsa2048", f"{c.host} middle")
    c.leaf.null = b""


@case
def ecdsa_with_null(c):
    c.leaf.null = tlv(5)


@case
def leaf_compressed_point(c):
    c.leaf.compressed = True


@case
def ca_compressed_point(c):
    c.middle.compressed = True
    c.middle.put(SKI, octets(hashlib.sha1(c.middle.spki()).digest()))
    c.leaf.put(AKI, seq(tlv(0x80, hashlib.sha1(c.middle.spki()).digest())))


def chain(which):
    made = Chain(which.replace("_", "-") + ".test")
    CASES[which](made)
    return made


if __name__ == "__main__":
    for which in CASES:
        print(json.dumps({"id": which, **chain(which).case()}))
