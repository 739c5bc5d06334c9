#!/usr/bin/env bash
# Makes the OCSP responses of this folder by openssl, with keys that are thrown away: of the issuer itself, of a
# responder that it has authorized, and one for a certificate that was revoked.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

issue() { # NAME SERIAL EXTENSIONS
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/$1.key" -subj "/CN=$1" -out "$work/$1.csr"
    openssl x509 -req -in "$work/$1.csr" -CA ca.pem -CAkey "$work/ca.key" -set_serial "$2" -days 3650 \
        -extfile <(printf '%s\n' "$3") -out "$work/$1.pem"
}

respond() { # INDEX-LINE OUTPUT OPTIONS
    printf "$1\n" >"$work/index"
    openssl ocsp -index "$work/index" -CA ca.pem -issuer ca.pem -cert leaf.pem -ndays 7 -no_nonce -respout "$2" "${@:3}"
}

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/ca.key" -subj '/CN=ocsp test CA' \
    -days 3650 -out ca.pem
issue leaf 0x7001 'subjectAltName=DNS:leaf.example'
issue responder 0x7002 'extendedKeyUsage=OCSPSigning'
cp "$work/leaf.pem" leaf.pem
valid='V\t360101000000Z\t\t7001\tunknown\t/CN=leaf'
respond "$valid" by-issuer.der -rsigner ca.pem -rkey "$work/ca.key"
respond "$valid" by-responder.der -rsigner "$work/responder.pem" -rkey "$work/responder.key"
respond 'R\t360101000000Z\t260101000000Z\t7001\tunknown\t/CN=leaf' revoked.der -rsigner ca.pem -rkey "$work/ca.key"
