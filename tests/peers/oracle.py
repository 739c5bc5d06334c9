"""Judges chains as a client would: one JSON object a line, one answer a line.

usage: oracle.py openssl|python|gnutls|pyca

A line has `sent` and `trusted` (lists of DER in base64, the leaf first), `host`, `at` (seconds since 1970) and `key` (the
private key of the leaf in PEM). An answer is an object of client and reason: an empty text where it accepts the chain. The
first line that is printed names the versions.
"""

import base64
import ctypes
import ctypes.util
import ipaddress
import json
import os
import sys
import warnings


def is_address(host):
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def pem(der, label="CERTIFICATE"):
    text = base64.b64encode(der).decode()
    lines = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n"


class OpenSsl:
    """X509_verify_cert as `openssl verify` and TLS clients call it, for servers.

    The level of security is 2, as in Debian's OpenSSL and in OpenSSL since 3.2.
    """

    STRICT, PARTIAL = 0x20, 0x80000
    NO_PARTIAL_WILDCARDS = 4
    CLIENTS = (("openssl", 0), ("openssl -x509_strict", STRICT), ("openssl -partial_chain", PARTIAL))

    def __init__(self):
        import ssl

        self.version = " ".join(ssl.OPENSSL_VERSION.split()[:2])
        lib = ctypes.CDLL("libcrypto.so.3")
        self.lib = lib
        pointer = ctypes.c_void_p
        for name, result, *arguments in (
            ("d2i_X509", pointer, pointer, pointer, ctypes.c_long),
            ("X509_free", None, pointer),
            ("X509_STORE_new", pointer),
            ("X509_STORE_free", None, pointer),
            ("X509_STORE_add_cert", ctypes.c_int, pointer, pointer),
            ("OPENSSL_sk_new_null", pointer),
            ("OPENSSL_sk_push", ctypes.c_int, pointer, pointer),
            ("OPENSSL_sk_free", None, pointer),
            ("X509_STORE_CTX_new", pointer),
            ("X509_STORE_CTX_free", None, pointer),
            ("X509_STORE_CTX_init", ctypes.c_int, pointer, pointer, pointer, pointer),
            ("X509_STORE_CTX_set_default", ctypes.c_int, pointer, ctypes.c_char_p),
            ("X509_STORE_CTX_get0_param", pointer, pointer),
            ("X509_STORE_CTX_get_error", ctypes.c_int, pointer),
            ("X509_STORE_CTX_get_error_depth", ctypes.c_int, pointer),
            ("X509_verify_cert", ctypes.c_int, pointer),
            ("X509_verify_cert_error_string", ctypes.c_char_p, ctypes.c_long),
            ("X509_VERIFY_PARAM_set_flags", ctypes.c_int, pointer, ctypes.c_ulong),
            ("X509_VERIFY_PARAM_set_time", None, pointer, ctypes.c_int64),
            ("X509_VERIFY_PARAM_set_auth_level", None, pointer, ctypes.c_int),
            ("X509_VERIFY_PARAM_set_hostflags", None, pointer, ctypes.c_uint),
            ("X509_VERIFY_PARAM_set1_host", ctypes.c_int, pointer, ctypes.c_char_p, ctypes.c_size_t),
            ("X509_VERIFY_PARAM_set1_ip_asc", ctypes.c_int, pointer, ctypes.c_char_p),
            ("ERR_clear_error", None),
        ):
            function = getattr(lib, name)
            function.restype, function.argtypes = result, arguments

    def judge(self, case):
        return {client: self.verify(case, flags) for client, flags in self.CLIENTS}

    def read(self, der):
        buffer = ctypes.create_string_buffer(der, len(der))
        place = ctypes.c_void_p(ctypes.addressof(buffer))
        found = self.lib.d2i_X509(None, ctypes.byref(place), len(der))
        rest = len(der) - (place.value - ctypes.addressof(buffer)) if found else 0
        if found and rest:
            self.lib.X509_free(found)
            return None
        return found

    def verify(self, case, flags):
        lib = self.lib
        sent = [self.read(der) for der in case["sent"]]
        trusted = [self.read(der) for der in case["trusted"]]
        store, stack, context = lib.X509_STORE_new(), lib.OPENSSL_sk_new_null(), lib.X509_STORE_CTX_new()
        try:
            if None in sent:
                return "cannot be parsed"
            if None in trusted:
                return "the trusted certificate cannot be parsed"
            for one in trusted:
                lib.X509_STORE_add_cert(store, one)
            for one in sent[1:]:
                lib.OPENSSL_sk_push(stack, one)
            lib.X509_STORE_CTX_init(context, store, sent[0], stack)
            lib.X509_STORE_CTX_set_default(context, b"ssl_server")
            parameters = lib.X509_STORE_CTX_get0_param(context)
            lib.X509_VERIFY_PARAM_set_flags(parameters, flags)
            lib.X509_VERIFY_PARAM_set_time(parameters, case["at"])
            lib.X509_VERIFY_PARAM_set_auth_level(parameters, 2)
            if flags == self.PARTIAL:
                # curl, for which this stands, knows no wildcards within a label.
                lib.X509_VERIFY_PARAM_set_hostflags(parameters, self.NO_PARTIAL_WILDCARDS)
            host = case["host"].encode()
            if is_address(case["host"]):
                lib.X509_VERIFY_PARAM_set1_ip_asc(parameters, host)
            else:
                lib.X509_VERIFY_PARAM_set1_host(parameters, host, 0)
            if lib.X509_verify_cert(context) == 1:
                return ""
            error = lib.X509_STORE_CTX_get_error(context)
            depth = lib.X509_STORE_CTX_get_error_depth(context)
            return f"error {error} at {depth}: {lib.X509_verify_cert_error_string(error).decode()}"
        finally:
            lib.ERR_clear_error()
            lib.X509_STORE_CTX_free(context)
            lib.OPENSSL_sk_free(stack)
            lib.X509_STORE_free(store)
            for one in sent + trusted:
                if one:
                    lib.X509_free(one)


class PythonSsl:
    """Handshakes of Python's ssl module in memory, with its own flags (3.10 to 3.12 have the same) and with those of 3.13.

    ssl has no way to set the time, so it is set in OpenSSL's object behind the context.
    """

    STRICT, PARTIAL = 0x20, 0x80000

    def __init__(self):
        import ssl

        self.ssl = ssl
        self.version = "Python " + sys.version.split()[0]
        self.lib = ctypes.CDLL("libssl.so.3")
        self.crypto = ctypes.CDLL("libcrypto.so.3")
        self.lib.SSL_CTX_get0_param.restype = ctypes.c_void_p
        self.lib.SSL_CTX_get0_param.argtypes = [ctypes.c_void_p]
        self.crypto.X509_VERIFY_PARAM_set_time.argtypes = [ctypes.c_void_p, ctypes.c_int64]

    def judge(self, case):
        try:
            server = self.server(case)
        except self.ssl.SSLError as error:
            # Its server reads certificates as its client does.
            said = "cannot be loaded: " + str(error.reason or error)
            return {"Python 3.12": said, "Python 3.13": said}
        return {
            "Python 3.12": self.handshake(case, server, 0),
            "Python 3.13": self.handshake(case, server, self.STRICT | self.PARTIAL),
        }

    def server(self, case):
        context = self.ssl.SSLContext(self.ssl.PROTOCOL_TLS_SERVER)
        # It may have any key: the client is to refuse it.
        context.set_ciphers("ALL:@SECLEVEL=0")
        text = case["key"] + "".join(map(pem, case["sent"]))
        file = os.memfd_create("chain")
        try:
            os.write(file, text.encode())
            context.load_cert_chain(f"/proc/self/fd/{file}")
        finally:
            os.close(file)
        return context

    def handshake(self, case, server_context, flags):
        ssl = self.ssl
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.verify_flags |= flags
        try:
            for der in case["trusted"]:
                context.load_verify_locations(cadata=der)
        except (ssl.SSLError, ValueError) as error:
            return f"the trusted certificate cannot be loaded: {error}"
        # The C structure begins with Python's head of two words; the next is the SSL_CTX.
        inner = ctypes.c_void_p.from_address(id(context) + 2 * ctypes.sizeof(ctypes.c_void_p)).value
        self.crypto.X509_VERIFY_PARAM_set_time(self.lib.SSL_CTX_get0_param(inner), case["at"])
        to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = context.wrap_bio(to_client, to_server, server_hostname=case["host"])
        server = server_context.wrap_bio(to_server, to_client, server_side=True)
        failed = ""
        for _ in range(6):
            for end in (client, server):
                try:
                    end.do_handshake()
                except ssl.SSLWantReadError:
                    continue
                except ssl.SSLCertVerificationError as error:
                    return f"{error.verify_code} {error.verify_message}"
                except ssl.SSLError as error:
                    failed = failed or str(error.reason or error)
                else:
                    if end is client:
                        return ""
        return failed or "the handshake does not end"


class GnuTls:
    """gnutls_x509_trust_list_verify_crt2, as gnutls-cli calls it."""

    def __init__(self):
        lib = ctypes.CDLL("libgnutls.so.30")
        lib.gnutls_check_version.restype = ctypes.c_char_p
        self.version = "GnuTLS " + lib.gnutls_check_version(None).decode()
        self.lib = lib
        self.at = 0
        time_function = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)
        self.clock = time_function(self.clock)
        lib.gnutls_global_set_time_function(self.clock)

    def clock(self, place):
        if place:
            ctypes.c_int64.from_address(place).value = self.at
        return self.at

    class Datum(ctypes.Structure):
        _fields_ = [("data", ctypes.c_char_p), ("size", ctypes.c_uint)]

    class Known(ctypes.Structure):
        _fields_ = [("type", ctypes.c_int), ("data", ctypes.c_void_p), ("size", ctypes.c_uint)]

    def read(self, der):
        certificate = ctypes.c_void_p()
        self.lib.gnutls_x509_crt_init(ctypes.byref(certificate))
        datum = self.Datum(der, len(der))
        if self.lib.gnutls_x509_crt_import(certificate, ctypes.byref(datum), 0) < 0:
            self.lib.gnutls_x509_crt_deinit(certificate)
            return None
        return certificate

    def judge(self, case):
        return {"GnuTLS": self.verify(case)}

    def verify(self, case):
        lib = self.lib
        self.at = case["at"]
        sent = [self.read(der) for der in case["sent"]]
        trusted = [self.read(der) for der in case["trusted"]]
        store = ctypes.c_void_p()
        lib.gnutls_x509_trust_list_init(ctypes.byref(store), 0)
        try:
            if None in sent:
                return "cannot be parsed"
            if None in trusted:
                return "the trusted certificate cannot be parsed"
            anchors = (ctypes.c_void_p * len(trusted))(*(one.value for one in trusted))
            lib.gnutls_x509_trust_list_add_cas(store, anchors, len(trusted), 0)
            chain = (ctypes.c_void_p * len(sent))(*(one.value for one in sent))
            host = case["host"].encode()
            purpose = b"1.3.6.1.5.5.7.3.1"
            names = (self.Known * 2)()
            host_buffer, purpose_buffer = ctypes.create_string_buffer(host), ctypes.create_string_buffer(purpose)
            names[0] = self.Known(1, ctypes.addressof(host_buffer), 0)
            names[1] = self.Known(2, ctypes.addressof(purpose_buffer), 0)
            status = ctypes.c_uint()
            # The profile of the priority NORMAL; see GNUTLS_PROFILE_TO_VFLAGS.
            flags = PROFILE << 24
            result = lib.gnutls_x509_trust_list_verify_crt2(
                store, chain, len(sent), names, 2, flags, ctypes.byref(status), None
            )
            if result < 0:
                return f"failed with {result}"
            if status.value == 0:
                return ""
            text = self.Datum()
            lib.gnutls_certificate_verification_status_print(status, 1, ctypes.byref(text), 0)
            return f"{status.value:#x} " + text.data.decode()
        finally:
            # The list owns what it trusts; deinit(.., 0) leaves the certificates alone.
            lib.gnutls_x509_trust_list_deinit(store, 0)
            for one in sent + trusted:
                if one:
                    lib.gnutls_x509_crt_deinit(one)


# GNUTLS_PROFILE_LOW.
PROFILE = 2


class Pyca:
    """cryptography.x509.verification, the policy for servers."""

    def __init__(self):
        import datetime

        import cryptography
        from cryptography import x509
        from cryptography.x509 import verification

        # It says so of every serial number that is not positive.
        warnings.simplefilter("ignore")
        self.datetime, self.x509, self.verification = datetime, x509, verification
        self.version = f"cryptography {cryptography.__version__}"

    def judge(self, case):
        return {"pyca": self.verify(case)}

    def verify(self, case):
        x509, verification = self.x509, self.verification
        try:
            sent = [x509.load_der_x509_certificate(der) for der in case["sent"]]
            store = verification.Store([x509.load_der_x509_certificate(der) for der in case["trusted"]])
        except Exception as error:
            return f"cannot be parsed: {error}"
        host = case["host"]
        try:
            subject = x509.IPAddress(ipaddress.ip_address(host)) if is_address(host) else x509.DNSName(host)
            at = self.datetime.datetime.fromtimestamp(case["at"], self.datetime.timezone.utc).replace(tzinfo=None)
            builder = verification.PolicyBuilder().store(store).time(at)
            builder.build_server_verifier(subject).verify(sent[0], sent[1:])
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        return ""


def main(kind):
    judge = {"openssl": OpenSsl, "python": PythonSsl, "gnutls": GnuTls, "pyca": Pyca}[kind]()
    print(json.dumps(judge.version), flush=True)
    for line in sys.stdin:
        case = json.loads(line)
        for part in ("sent", "trusted"):
            case[part] = [base64.b64decode(text) for text in case[part]]
        print(json.dumps(judge.judge(case)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
