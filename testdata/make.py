#!/usr/bin/env python3
"""Makes every file in files/ and the manifest of what certkit must say to each.

    python3 testdata/make.py [FOLDER]        (FOLDER: where to write, default: this one)

Needs: openssl 3, certtool (GnuTLS), keytool (Java), pk12util and certutil (NSS), Python's `cryptography`.
Keys are new at every run; the dates are fixed, and the manifest judges at a fixed time.
"""
import base64
import datetime
import ipaddress
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import urllib.parse

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HERE = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__)))
FILES = HERE / "files"
AT = "2026-06-01T00:00:00Z"
PASSWORD = "correct horse"
PEM = serialization.Encoding.PEM
DER = serialization.Encoding.DER
PKCS8 = serialization.PrivateFormat.PKCS8
OLD = serialization.PrivateFormat.TraditionalOpenSSL
PLAIN = serialization.NoEncryption()

cases = []


# --- writing -----------------------------------------------------------------------------------------------------

def put(name, data):
    (FILES / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    return name


def case(name, why, args, status=0, **more):
    cases.append({"id": name, "why": why, "args": args.split() if isinstance(args, str) else args, "exit": status, **more})


def merged(name, data, why, status=0, chain=("server.crt", "issuing.crt"), extra="", **more):
    """A file that holds both certificates in some form, given to merge."""
    put(name, data)
    if status == 0:
        more["chain"] = list(chain)
    case(name, why, f"merge {name} {extra}".strip(), status, **more)


def run(*args, data=None, cwd=None):
    return subprocess.run(args, input=data, cwd=cwd or FILES, check=True, capture_output=True).stdout


# --- certificates ------------------------------------------------------------------------------------------------

def day(text):
    return datetime.datetime.fromisoformat(text)


def name(cn, **parts):
    return x509.Name([x509.NameAttribute(getattr(NameOID, kind.upper()), value) for kind, value in parts.items()]
                     + [x509.NameAttribute(NameOID.COMMON_NAME, cn)])


def certify(subject, key, issuer, issuer_key, ca=False, names=(), begin="2026-01-01", end="2027-01-31", aia=None):
    builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
               .serial_number(x509.random_serial_number()).not_valid_before(day(begin)).not_valid_after(day(end))
               .add_extension(x509.BasicConstraints(ca, None), critical=True)
               .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
               .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
               .add_extension(x509.KeyUsage(not ca, False, isinstance(key, rsa.RSAPrivateKey) and not ca, False, False, ca, ca, False, False), critical=True))
    if not ca:
        builder = (builder.add_extension(x509.SubjectAlternativeName(list(names)), critical=False)
                   .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False))
    if aia:
        address = x509.AccessDescription(x509.AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(aia))
        builder = builder.add_extension(x509.AuthorityInformationAccess([address]), critical=False)
    return builder.sign(issuer_key, None if isinstance(issuer_key, ed25519.Ed25519PrivateKey) else hashes.SHA256())


def new_key():
    return ec.generate_private_key(ec.SECP256R1())


def pem(certificate):
    return certificate.public_bytes(PEM).decode()


def der(certificate):
    return certificate.public_bytes(DER)


def base64_lines(data, width=64):
    text = base64.b64encode(data).decode()
    return "".join(text[at:at + width] + "\n" for at in range(0, len(text), width))


def armour(label, data, width=64):
    return f"-----BEGIN {label}-----\n{base64_lines(data, width)}-----END {label}-----\n"


# --- the files ---------------------------------------------------------------------------------------------------

def main():
    shutil.rmtree(FILES, ignore_errors=True)
    FILES.mkdir(parents=True)
    root_key, issuing_key, server_key = new_key(), new_key(), new_key()
    rsa_key = rsa.generate_private_key(65537, 2048)
    root_name = name("Meadow Root", country_name="NL", organization_name="Meadow Trust")
    issuing_name = name("Meadow Issuing CA", country_name="NL", organization_name="Meadow Trust")
    root = certify(root_name, root_key, root_name, root_key, ca=True, begin="2025-01-01", end="2035-01-01")
    issuing = certify(issuing_name, issuing_key, root_name, root_key, ca=True, begin="2025-01-01", end="2034-01-01")
    dns = x509.DNSName
    server = certify(name("barn.example"), server_key, issuing_name, issuing_key,
                     names=[dns("barn.example"), dns("www.barn.example")])
    rsa_server = certify(name("rsa.example"), rsa_key, issuing_name, issuing_key, names=[dns("rsa.example")])
    put("root.crt", pem(root))
    put("issuing.crt", pem(issuing))
    put("server.crt", pem(server))
    put("rsa.crt", pem(rsa_server))
    put("password.txt", PASSWORD + "\n")
    put("password-windows.txt", "\ufeff" + PASSWORD + "\r\n")
    put("wrong.txt", "incorrect donkey\n")
    put("chain.pem", pem(server) + pem(issuing))
    put("rsa-chain.pem", pem(rsa_server) + pem(issuing))
    text_damages(pem(server), pem(issuing))
    armour_damages(server, issuing)
    binaries(server, issuing)
    pkcs7_files(server, issuing)
    pkcs12_files(server, issuing, server_key)
    keys(server_key, rsa_key, issuing, issuing_name, issuing_key)
    others(server_key, issuing_name, issuing_key)
    shown(root, issuing, server, issuing_name, issuing_key)
    (HERE / "manifest.json").write_text(json.dumps({"at": AT, "cases": cases}, indent=1, ensure_ascii=False) + "\n")
    print(f"{len(list(FILES.iterdir()))} files, {len(cases)} cases")


def text_damages(server, issuing):
    both = server + issuing
    merged("clean.pem", both, "nothing to mend", absent=["pem_mended", "not_pem", "reordered"])
    merged("lines-windows.pem", both.replace("\n", "\r\n"), "CR LF", codes=["pem_mended"])
    merged("lines-old-mac.pem", both.replace("\n", "\r"), "CR alone", codes=["pem_mended"])
    lines = both.splitlines()
    ends = ["\n", "\r\n", "\r"]
    merged("lines-mixed.pem", "".join(line + ends[at % 3] for at, line in enumerate(lines)), "all three line ends in one file")
    merged("no-last-newline.pem", both.rstrip("\n"), "an editor left the last newline out")
    merged("glued.pem", server.rstrip("\n") + issuing, "cat of a file without last newline", codes=["pem_glued"])
    merged("glued-windows.pem", (server.rstrip("\n") + issuing).replace("\n", "\r\n"), "the same with CR LF", codes=["pem_glued"])
    merged("mark.pem", "\ufeff" + both, "byte order mark of an editor")
    merged("mark-inside.pem", "\ufeff" + server + "\ufeff" + issuing, "two marked files put together")
    merged("utf16-little.pem", "\ufeff".encode("utf-16-le") + both.encode("utf-16-le"), "Windows calls it Unicode", codes=["not_pem"])
    merged("utf16-big.pem", "\ufeff".encode("utf-16-be") + both.replace("\n", "\r\n").encode("utf-16-be"), "the other byte order", codes=["not_pem"])
    merged("utf16-little-unmarked.pem", both.encode("utf-16-le"), "without the mark")
    merged("utf16-big-unmarked.pem", both.encode("utf-16-be"), "without the mark")
    merged("utf16-appended.pem", server.encode() + b"\xff\xfe" + issuing.encode("utf-16-le"), "PowerShell's >> onto a plain file")
    merged("utf16-text.pem", ("Grüße, 您好 😀\n" + both).encode("utf-16"), "with words in three scripts")
    merged("indented.yaml", "tls:\n  certificate: |\n" + "".join(f"    {line}\n" for line in lines), "a YAML block")
    merged("indented-tabs.pem", "".join(f"\t\t{line}\n" for line in lines), "tabs in front")
    merged("blanks-behind.pem", "".join(f"{line}  \t\n" for line in lines), "blanks at the line ends")
    merged("blanks-between.pem", both.replace("\n", "\n\n"), "each line followed by an empty one")
    merged("blank-first-line.pem", both.replace("-----\nM", "-----\n\nM"), "an empty line after BEGIN")
    merged("wide.pem", "".join(armour("CERTIFICATE", base64.b64decode("".join(block.splitlines()[1:-1])), 76) for block in (server, issuing)), "76 columns, as mail has")
    merged("one-line-base64.pem", "".join(armour("CERTIFICATE", base64.b64decode("".join(block.splitlines()[1:-1])), 10**6) for block in (server, issuing)), "base64 on one line")
    merged("one-line-all.pem", both.replace("\n", " "), "a web form made blanks of line ends")
    merged("literal-newlines.env", "CERT=" + both.replace("\n", "\\n") + "\n", "from an .env file")
    merged("literal-newlines-windows.env", 'CERT="' + both.replace("\n", "\\r\\n") + '"\n', "the same from Windows, in quotes")
    merged("value.json", json.dumps({"certificate": both, "more": 1}), "a JSON value")
    merged("value-slashes.json", json.dumps({"certificate": both}).replace("/", "\\/"), "JSON as PHP writes it: \\/")
    merged("value-unicode.json", json.dumps({"certificate": both}).replace("=", "\\u003d").replace("+", "\\u002b"), "JSON with escaped letters")
    merged("value-twice.json", json.dumps(json.dumps({"certificate": both})), "JSON in JSON")
    merged("string.h", "const char *chain =\n" + "".join(f'  "{line}\\n"\n' for line in lines) + "  ;\n", "strings of a C program")
    merged("string.py", "CHAIN = (\n" + "".join(f"    '{line}\\n'\n" for line in lines) + ")\n", "strings of a Python program")
    merged("list.json", json.dumps({"x5c": server.splitlines() + issuing.splitlines()}), "a list of lines in JSON")
    merged("list-lines.json", json.dumps(both.splitlines(), indent=2), "the same, a line each")
    merged("reply.txt", "On Monday they wrote:\n" + "".join(f"> {line}\n" for line in lines), "quoted in a reply")
    merged("reply-twice.txt", "".join(f">> {line}\n" for line in lines), "quoted in the reply to a reply")
    merged("reply-spaced.txt", "".join(f"> > {line}\n" for line in lines), "the same with blanks")
    merged("reply-bar.txt", "".join(f"| {line}\n" for line in lines), "quoted with a bar")
    merged("no-break.pem", both.replace("BEGIN ", "BEGIN\u00a0").replace("\n", "\u00a0\n"), "no-break spaces from a web page")
    merged("invisible.pem", "".join(f"\u200b{line[:10]}\u2060{line[10:]}\n" for line in lines), "characters without width")
    merged("entities.html", "<pre>" + both.replace("+", "&#43;").replace("=", "&#x3D;").replace("/", "&#x2F;") + "</pre>", "from a page's source")
    merged("breaks.html", "<p>" + both.replace("\n", "<br/>\n") + "</p>", "the same with breaks")
    merged("header-url.txt", urllib.parse.quote(both, safe="/"), "as nginx passes it in a header")
    merged("header-form.txt", urllib.parse.quote_plus(both), "as a form sends it")
    merged("quoted-printable.eml", both.replace("=", "=3D"), "the source of a mail")
    merged("padded.pem", both.encode() + bytes(512), "padded with zero bytes")
    merged("ctrl-z.pem", both + "\x1a", "the end of file of DOS")
    merged("mail.txt", "Dear customer,\n\nyour certificate:\n" + server + "\nand the intermediate - keep both together:\n" + issuing + "\n-- \nMeadow Trust\n", "words around")
    merged("latin1.txt", "für München\n".encode("latin-1") + both.encode() + "Grüße\n".encode("latin-1"), "words in Latin-1 around")
    signed = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n" + both.replace("-----BEGIN C", "- -----BEGIN C").replace("-----END C", "- -----END C")
    signed += "-----BEGIN PGP SIGNATURE-----\n\niHUEARYKAB0WIQ\n=AbCd\n-----END PGP SIGNATURE-----\n"
    merged("signed-mail.asc", signed, "in a mail signed with PGP")
    listing = run("openssl", "x509", "-text", "-in", "server.crt").decode()
    merged("listing.pem", listing + issuing, "with openssl's listing in front")
    bag = "Bag Attributes\n    localKeyID: 0A 0B\nsubject=CN = barn.example\nissuer=CN = Meadow Issuing CA\n"
    merged("bag-attributes.pem", bag + server + "Bag Attributes: <No Attributes>\n" + issuing, "out of openssl pkcs12")


def armour_damages(server, issuing):
    s, i = pem(server), pem(issuing)
    merged("label-x509.pem", s.replace(" CERT", " X509 CERT") + i, "a label of old")
    trusted = run("openssl", "x509", "-in", "server.crt", "-trustout", "-addtrust", "serverAuth", "-setalias", "barn")
    merged("label-trusted.pem", trusted + i.encode(), "openssl's trust settings behind the certificate")
    merged("label-odd.pem", s.replace(" CERT", " SERVER CERT") + i, "a label that nobody knows around a certificate", codes=["wrong_label"])
    merged("label-small.pem", s.replace("CERTIFICATE", "certificate") + i, "a label in small letters", 2, codes=["pem_malformed"], line=1)
    spoilt = {
        "dashes-long.pem": ("-----", "—--", "long dashes of a word processor"),
        "dashes-four.pem": ("-----", "----", "a hyphen short"),
        "dashes-spaced.pem": ("-----BEGIN CERTIFICATE-----", "----- BEGIN CERTIFICATE -----", "blanks between hyphens and words"),
        "dashes-none-behind.pem": ("-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE", "hyphens lost at the end"),
    }
    for file, (old, new, why) in spoilt.items():
        merged(file, s + i.replace(old, new), f"{why}, in the second block", 2, codes=["pem_malformed"], line=s.count("\n") + 1)
    merged("begin-lost.pem", s.split("\n", 1)[1] + i, "the first line was not copied", 2, codes=["pem_malformed"])
    merged("end-lost.pem", s.rsplit("\n", 2)[0] + "\n" + i, "an END line is missing", 2, codes=["pem_truncated"], line=1)
    merged("cut-off.pem", s + i[:200], "the download broke off", 2, codes=["pem_truncated"], line=s.count("\n") + 1)
    merged("end-of-another.pem", s.replace("END CERTIFICATE", "END PRIVATE KEY") + i, "BEGIN and END of two kinds", 2, codes=["pem_malformed"])
    lines = s.splitlines(keepends=True)
    merged("letter-lost.pem", "".join(lines[:3]) + lines[3][1:] + "".join(lines[4:]) + i, "a letter is missing", 2, codes=["pem_malformed"])
    merged("letter-foreign.pem", "".join(lines[:3]) + "é" + lines[3][1:] + "".join(lines[4:]) + i, "a letter that base64 does not have", 2, codes=["pem_malformed"], line=4)
    merged("empty-block.pem", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n" + i, "a block with nothing in it", 2, codes=["pem_malformed"])
    broken = bytearray(der(server))
    broken[1 + 3 + 4] ^= 0xff
    put("broken-inside.pem", armour("CERTIFICATE", bytes(broken)) + i)
    case("broken-inside-merge", "good armour around a broken certificate", "merge broken-inside.pem", 2, codes=["der_malformed"])
    case("broken-inside-check", "for check that is an answer", "check broken-inside.pem", 1, codes=["der_malformed"])


def binaries(server, issuing):
    s, i = der(server), der(issuing)
    merged("server.der", s, "binary, the bundle in PEM", extra="issuing.crt", codes=["not_pem"])
    merged("two.der", s + i, "two binary files put together", codes=["not_pem"])
    merged("der-then-pem.crt", s + pem(issuing).encode(), "binary, then text")
    merged("pem-then-der.crt", pem(server).encode() + i, "text, then binary")
    merged("pem-der-pem.crt", pem(issuing).encode() + s + b"\n" + pem(issuing).encode(), "binary in the middle", codes=["duplicate"])
    merged("cut.der", s[:-20], "binary and cut off", 2, codes=["der_malformed"], extra="issuing.crt")
    merged("junk-behind.der", s + b"\x01\x02\x03\x04 junk", "bytes that are nothing behind the certificate", 2, codes=["der_malformed"], extra="issuing.crt")
    merged("newline-behind.der", s + b"\r\n\0", "a newline behind the certificate", extra="issuing.crt")
    merged("bare.txt", base64_lines(s), "base64 without its BEGIN and END", extra="issuing.crt", codes=["not_pem"])
    merged("secret.txt", base64.b64encode((pem(server) + pem(issuing)).encode()), "base64 of the PEM file, as Kubernetes keeps it")
    case("check-der", "a binary chain is judged like any other", "check two.der --host barn.example", codes=["not_pem"])
    case("check-utf16", "so is one in UTF-16", "check utf16-big.pem --host barn.example", codes=["not_pem"])


def pkcs7_files(server, issuing):
    put("chain.p7b", run("openssl", "crl2pkcs7", "-nocrl", "-certfile", "chain.pem"))
    data = run("openssl", "crl2pkcs7", "-nocrl", "-certfile", "chain.pem", "-outform", "DER")
    want = {"codes": ["pkcs7"]}
    case("chain.p7b", "as Windows CAs send it", "merge chain.p7b", chain=["server.crt", "issuing.crt"], **want)
    merged("chain-binary.p7b", data, "the same in DER", **want)
    merged("chain-streamed.p7b", streamed(data), "lengths of indefinite form, as Java writes them", **want)
    merged("chain-windows.p7b", armour("PKCS7", data, 76).replace("\n", "\r\n"), "with the lines of Windows", **want)
    merged("label-pkcs7-cert.pem", armour("CERTIFICATE", data), "PKCS#7 that calls itself a certificate", codes=["pkcs7", "wrong_label"])
    merged("label-cert-pkcs7.pem", armour("PKCS7", der(server)) + pem(issuing), "a certificate that calls itself PKCS#7", codes=["wrong_label"])
    merged("label-cms.pem", armour("CMS", data), "the newer name", **want)
    merged("cut.p7b", data[:-50], "cut off", 2, codes=["der_malformed"])
    merged("cut-armoured.p7b", armour("PKCS7", data[:-50]), "cut off in good armour", 2, codes=["der_malformed"])
    key = new_key()
    recipient = rsa.generate_private_key(65537, 2048)
    me = certify(name("recipient"), recipient, name("recipient"), recipient, names=[x509.DNSName("r.example")])
    message = pkcs7.PKCS7EnvelopeBuilder().set_data(b"hello").add_recipient(me).encrypt(DER, [])
    merged("message.p7m", message, "an encrypted mail", 2, codes=["not_a_certificate"])
    signed = (pkcs7.PKCS7SignatureBuilder().set_data(b"hello")
              .add_signer(certify(name("signer"), key, name("signer"), key, names=[x509.DNSName("s.example")]), key, hashes.SHA256())
              .add_certificate(issuing).add_certificate(server).sign(DER, [pkcs7.PKCS7Options.Binary]))
    put("signed.p7s", signed)
    case("signed.p7s", "a signed message carries its certificates", "show signed.p7s", kinds=["certificate"] * 3, codes=["pkcs7"])
    put("empty.p7b", run("openssl", "crl2pkcs7", "-nocrl"))
    case("empty.p7b", "an envelope with nothing in it", "merge empty.p7b", 2, codes=["no_certificate"])


def streamed(data):
    """DER with every constructed length made indefinite (X.690 8.1.3.6), certificates left alone."""
    def element(at, depth):
        tag, length, start = data[at], data[at + 1], at + 2
        if length & 0x80:
            octets = length & 0x7f
            length, start = int.from_bytes(data[start:start + octets], "big"), start + octets
        end = start + length
        if not tag & 0x20 or depth > 3:
            return data[at:end], end
        inside, place = b"", start
        while place < end:
            part, place = element(place, depth + 1)
            inside += part
        return bytes([tag, 0x80]) + inside + b"\0\0", end
    return element(0, 0)[0]


def pkcs12_files(server, issuing, key):
    put("server.key", key.private_bytes(PEM, PKCS8, PLAIN))

    def export(file, *options, password=PASSWORD):
        run("openssl", "pkcs12", "-export", "-in", "chain.pem", "-inkey", "server.key", "-out", file, "-passout", f"pass:{password}", *options)

    both = ["server.crt", "issuing.crt"]
    with_password = "--password-file password.txt"
    found = {"chain": both, "codes": ["not_pem", "private_key_in_input"]}
    export("modern.p12")
    export("triple-des.p12", "-legacy", "-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1")
    export("rc2.pfx", "-legacy", "-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-RC2-40", "-macalg", "sha1")
    export("empty-password.pfx", password="")
    export("no-password.p12", "-keypbe", "NONE", "-certpbe", "NONE", "-nomac", password="")
    export("open-with-mac.p12", "-keypbe", "NONE", "-certpbe", "NONE")
    export("rc4.pfx", "-legacy", "-keypbe", "PBE-SHA1-RC4-128", "-certpbe", "PBE-SHA1-RC4-128", "-macalg", "sha1")
    export("accents.p12", password="pässwörd")
    put("accents.txt", "pässwörd\n")
    case("modern.p12", "PBES2 with AES", f"merge modern.p12 {with_password}", **found)
    case("modern-windows-password", "the password's file has a mark and CR LF", "merge modern.p12 --password-file password-windows.txt", **found)
    case("modern-variable", "the password in the environment", "merge modern.p12", env={"CERTKIT_PASSWORD": PASSWORD}, **found)
    case("modern-stdin", "the password on standard input", "merge modern.p12 --password-file -", stdin="password.txt", **found)
    case("modern-wrong", "a wrong password", "merge modern.p12 --password-file wrong.txt", 2, codes=["wrong_password"])
    case("modern-none", "no password", "merge modern.p12", 2, codes=["password_needed"])
    case("triple-des.p12", "as Windows wrote it for long", f"merge triple-des.p12 {with_password}", **found)
    case("rc2.pfx", "as openssl 1 wrote it", f"merge rc2.pfx {with_password}", **found)
    case("rc2-wrong", "old ciphers and a wrong password", "merge rc2.pfx --password-file wrong.txt", 2, codes=["wrong_password"])
    case("rc4.pfx", "a cipher that only openssl's legacy provider reads", f"merge rc4.pfx {with_password}", 2, codes=["unsupported_cipher"])
    case("rc4-wrong", "the same with a wrong password: that comes first", "merge rc4.pfx --password-file wrong.txt", 2, codes=["wrong_password"])
    case("empty-password.pfx", "the empty password", "merge empty-password.pfx", **found)
    case("empty-password-given", "a password given for a file that has none", f"merge empty-password.pfx {with_password}", **found)
    case("no-password.p12", "nothing encrypted at all", "merge no-password.p12", **found)
    case("open-with-mac.p12", "not encrypted, yet under a password", f"merge open-with-mac.p12 {with_password}", **found)
    case("accents.p12", "a password beyond ASCII", "merge accents.p12 --password-file accents.txt", **found)
    data = (FILES / "modern.p12").read_bytes()
    put("armoured.p12.pem", armour("PKCS12", data))
    case("armoured.p12.pem", "PKCS#12 in PEM armour", f"merge armoured.p12.pem {with_password}", **found)
    put("cut.p12", data[:-60])
    case("cut.p12", "cut off", f"merge cut.p12 {with_password}", 2, codes=["der_malformed"])
    firefox(found)
    run("keytool", "-importkeystore", "-srckeystore", "modern.p12", "-srcstoretype", "PKCS12", "-srcstorepass", PASSWORD,
        "-destkeystore", "java.p12", "-deststoretype", "PKCS12", "-deststorepass", PASSWORD, "-noprompt")
    case("java.p12", "written by keytool", f"merge java.p12 {with_password}", **found)
    run("keytool", "-importkeystore", "-srckeystore", "modern.p12", "-srcstoretype", "PKCS12", "-srcstorepass", PASSWORD,
        "-destkeystore", "old.jks", "-deststoretype", "JKS", "-deststorepass", PASSWORD, "-noprompt")
    case("old.jks", "an old Java keystore: how to change it", "merge old.jks", 2, codes=["no_certificate"])
    run("certtool", "--load-privkey", "server.key", "--load-certificate", "chain.pem", "--to-p12", "--outder", "--p12-name", "barn",
        "--password", PASSWORD, "--outfile", "gnutls.p12")
    case("gnutls.p12", "written by certtool", f"merge gnutls.p12 issuing.crt {with_password}", **found)


def firefox(found):
    with tempfile.TemporaryDirectory() as folder:
        for file in ("modern.p12", "password.txt"):
            shutil.copy(FILES / file, folder)
        store = "sql:" + folder
        run("certutil", "-N", "-d", store, "--empty-password", cwd=folder)
        run("pk12util", "-i", "modern.p12", "-d", store, "-w", "password.txt", cwd=folder)
        nickname = next(line.rsplit("  ", 1)[0].strip() for line in run("certutil", "-L", "-d", store).decode().splitlines() if "u,u,u" in line)
        run("pk12util", "-o", "firefox.p12", "-n", nickname, "-d", store, "-w", "password.txt", cwd=folder)
        shutil.copy(pathlib.Path(folder) / "firefox.p12", FILES)
    case("firefox.p12", "written as a stream (BER), as Firefox does", "merge firefox.p12 issuing.crt --password-file password.txt", **found)
    case("firefox-wrong", "the same with a wrong password", "merge firefox.p12 issuing.crt --password-file wrong.txt", 2, codes=["wrong_password"])


def keys(key, rsa_key, issuing, issuing_name, issuing_key):
    def fits(file, why, status=0, chain="chain.pem", extra="", **more):
        case(file if not extra else f"{file} {extra}", why, f"check {chain} --key {file} {extra}".strip(), status, **more)

    secret = "--key-password-file password.txt"
    put("key-sec1.key", key.private_bytes(PEM, OLD, PLAIN))
    put("key-params.key", run("openssl", "ecparam", "-name", "prime256v1") + key.private_bytes(PEM, OLD, PLAIN))
    put("key-sec1.der", key.private_bytes(DER, OLD, PLAIN))
    put("key-pkcs8.der", key.private_bytes(DER, PKCS8, PLAIN))
    put("key-utf16.key", key.private_bytes(PEM, PKCS8, PLAIN).decode().replace("\n", "\r\n").encode("utf-16"))
    put("key-label.key", armour("RSA PRIVATE KEY", key.private_bytes(DER, PKCS8, PLAIN)))
    fits("server.key", "PKCS#8")
    fits("key-sec1.key", "SEC1")
    fits("key-params.key", "EC PARAMETERS first, as openssl ecparam -genkey writes it")
    fits("key-sec1.der", "SEC1, binary")
    fits("key-pkcs8.der", "PKCS#8, binary")
    fits("key-utf16.key", "UTF-16")
    fits("key-label.key", "a wrong label: keys are told by what they are")
    fits("modern.p12", "the key in a PKCS#12 file", extra=secret)
    put("rsa-pkcs1.key", rsa_key.private_bytes(PEM, OLD, PLAIN))
    put("rsa-pkcs1.der", rsa_key.private_bytes(DER, OLD, PLAIN))
    fits("rsa-pkcs1.key", "PKCS#1", chain="rsa-chain.pem")
    fits("rsa-pkcs1.der", "PKCS#1, binary", chain="rsa-chain.pem")
    fits("rsa-pkcs1.key", "a key of another kind", 1, extra="--host barn.example", codes=["key_mismatch"])

    # Below what TLS takes, yet a key: what is wrong with it is its size.
    small = rsa.generate_private_key(65537, 1024)
    put("rsa-small.key", small.private_bytes(PEM, OLD, PLAIN))
    put("rsa-small.der", small.private_bytes(DER, PKCS8, PLAIN))
    put("rsa-small.crt", pem(certify(name("small.example"), small, issuing_name, issuing_key, names=[x509.DNSName("small.example")])) + pem(issuing))
    for file in ("rsa-small.key", "rsa-small.der"):
        fits(file, "1024 bits are read, and judged", 1, chain="rsa-small.crt", codes=["weak_key"], absent=["key_mismatch"])
    koblitz = ec.generate_private_key(ec.SECP256K1())
    put("koblitz.key", koblitz.private_bytes(PEM, PKCS8, PLAIN))
    case("koblitz.key", "a curve that TLS does not use", "show koblitz.key", kinds=["private_key"])
    fits("koblitz.key", "a curve that TLS does not use", 1, codes=["key_mismatch"])

    def encrypt(file, *options):
        run("openssl", "pkcs8", "-topk8", "-in", "server.key", "-out", file, "-passout", f"pass:{PASSWORD}", *options)

    encrypt("locked-aes.key", "-v2", "aes-256-cbc")
    encrypt("locked-aes.der", "-v2", "aes-128-cbc", "-outform", "DER")
    encrypt("locked-3des-sha1.key", "-v2", "des3", "-v2prf", "hmacWithSHA1")
    encrypt("locked-sha512.key", "-v2", "aes-192-cbc", "-v2prf", "hmacWithSHA512")
    encrypt("locked-scrypt.key", "-scrypt")
    encrypt("locked-pbes1-3des.key", "-provider", "legacy", "-provider", "default", "-v1", "PBE-SHA1-3DES")
    encrypt("locked-pbes1-des.key", "-provider", "legacy", "-provider", "default", "-v1", "PBE-MD5-DES")
    fits("locked-aes.key", "PBES2", extra=secret)
    fits("locked-aes.key", "the password in the environment", env={"CERTKIT_PASSWORD": PASSWORD})
    fits("locked-aes.key", "no password", 2, extra="--host www.barn.example", codes=["key_encrypted"])
    fits("locked-aes.key", "a wrong password", 2, extra="--key-password-file wrong.txt", codes=["wrong_password"])
    fits("locked-aes.der", "PBES2, binary", extra=secret)
    fits("locked-3des-sha1.key", "PBES2 as openssl 1 made it", extra=secret)
    fits("locked-sha512.key", "PBES2 with another hash", extra=secret)
    fits("locked-scrypt.key", "PBES2 with scrypt", extra=secret)
    fits("locked-pbes1-3des.key", "PBES1 of PKCS#12", extra=secret)
    fits("locked-pbes1-des.key", "PBES1 of 1993: told, with the command that opens it", 2, extra=secret, codes=["unsupported_cipher"])
    for cipher in ("aes128", "aes256", "des3"):
        file = f"locked-old-{cipher}.key"
        run("openssl", "ec", "-in", "server.key", f"-{cipher}", "-passout", f"pass:{PASSWORD}", "-out", file)
        fits(file, f"Proc-Type: 4,ENCRYPTED, {cipher}", extra=secret)
    fits("locked-old-aes256.key", "the same without a password", 2, codes=["key_encrypted"])
    fits("locked-old-aes256.key", "the same with a wrong password", 2, extra="--key-password-file wrong.txt", codes=["wrong_password"])
    put("openssh.key", key.private_bytes(PEM, serialization.PrivateFormat.OpenSSH, PLAIN))
    fits("openssh.key", "in the form of OpenSSH", 2, codes=["not_a_private_key"])
    put("public.key", key.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
    fits("public.key", "the public key instead", 2, codes=["not_a_private_key"])
    fits("server.crt", "the certificate instead", 2, codes=["not_a_private_key"])
    put("all.pem", (FILES / "locked-aes.key").read_text() + (FILES / "chain.pem").read_text())
    case("all.pem", "an encrypted key beside the chain needs no password", "merge all.pem", chain=["server.crt", "issuing.crt"], codes=["private_key_in_input"])


def others(key, issuing_name, issuing_key):
    request = (x509.CertificateSigningRequestBuilder().subject_name(name("barn.example"))
               .add_extension(x509.SubjectAlternativeName([x509.DNSName("barn.example"), x509.IPAddress(ipaddress.ip_address("192.0.2.9"))]), critical=False)
               .sign(key, hashes.SHA256()))
    put("server.csr", request.public_bytes(PEM))
    put("server-csr.der", request.public_bytes(DER))
    put("old-label.csr", armour("NEW CERTIFICATE REQUEST", request.public_bytes(DER)))
    put("label-csr.pem", armour("CERTIFICATE", request.public_bytes(DER)))
    for file in ("server.csr", "server-csr.der", "old-label.csr", "label-csr.pem"):
        case(file, "a request where a certificate belongs", f"merge {file} issuing.crt", 2, codes=["not_a_certificate"])
    case("show-csr", "what is asked for", "show old-label.csr", kinds=["certificate_request"], says=["192.0.2.9"])
    revoked = (x509.RevokedCertificateBuilder().serial_number(0xBEEF).revocation_date(day("2026-03-01")).build())
    crl = (x509.CertificateRevocationListBuilder().issuer_name(issuing_name).last_update(day("2026-05-01")).next_update(day("2026-07-01"))
           .add_extension(x509.CRLNumber(7), critical=False).add_revoked_certificate(revoked).sign(issuing_key, hashes.SHA256()))
    put("issuing.crl", crl.public_bytes(DER))
    put("issuing-crl.pem", crl.public_bytes(PEM))
    case("issuing.crl", "a revocation list where a certificate belongs", "check issuing.crl", 2, codes=["not_a_certificate"])
    case("show-crl", "a revocation list", "show issuing.crl", kinds=["crl"], says=["beef on 2026-03-01", "2026-07-01"])
    put("with-crl.pem", (FILES / "chain.pem").read_text() + (FILES / "issuing-crl.pem").read_text())
    case("with-crl.pem", "a revocation list in the bundle is left alone, and told", "merge with-crl.pem", chain=["server.crt", "issuing.crt"], codes=["not_a_certificate"])
    put("page.html", "<!DOCTYPE html>\n<html><title>Sign in</title></html>\n")
    case("page.html", "a login page was saved", "merge page.html issuing.crt", 2, codes=["no_certificate"])
    put("empty.crt", "")
    case("empty.crt", "an empty file", "merge empty.crt issuing.crt", 2, codes=["empty_file"])
    put("archive.zip", b"PK\x03\x04" + bytes(60))
    case("archive.zip", "the CA's archive, still packed", "merge archive.zip", 2, codes=["no_certificate"])
    put("words.txt", "The certificate follows in another mail.\n")
    case("words.txt", "words only", "check words.txt", 2, codes=["no_certificate"])


def shown(root, issuing, server, issuing_name, issuing_key):
    put("tree.pem", pem(server) + pem(issuing) + pem(root))
    case("show-tree", "a chain as a tree", "show tree.pem", kinds=["certificate"] * 3, tree=[0, 1, 2])
    case("show-key", "a key: nothing secret", "show server.key", kinds=["private_key"])
    case("show-locked", "a key without its password", "show locked-aes.key", kinds=["private_key"])
    case("show-p12", "everything in a PKCS#12 file", "show modern.p12 --password-file password.txt", kinds=["certificate", "certificate", "private_key"])
    case("show-public", "a public key", "show public.key", kinds=["public_key"])
    case("show-broken", "one broken certificate does not hide the other", "show broken-inside.pem", 1, kinds=["certificate"], codes=["der_malformed"])
    case("show-nothing", "nothing known", "show words.txt", 2, codes=["not_a_certificate"])
    key = new_key()
    foreign = certify(name("bücher.example", organization_name="Müller & Søn, Zürich", locality_name="Αθήνα"), key, issuing_name, issuing_key,
                      names=[x509.DNSName("xn--bcher-kva.example"), x509.DNSName("*.xn--bcher-kva.example"), x509.RFC822Name("post@barn.example"),
                             x509.IPAddress(ipaddress.ip_address("2001:db8::9"))])
    put("foreign.crt", pem(foreign))
    case("foreign.crt", "names beyond ASCII", "show foreign.crt", kinds=["certificate"], says=["Müller & Søn, Zürich", "Αθήνα", "bücher.example", "2001:db8::9"])


main()
