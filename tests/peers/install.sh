#!/usr/bin/env bash
# Installs the peers that tests (or benches) compare certkit with: programs from Debian packages, Python packages into
# an environment of their own under target/peers/venv. What is there already is not installed again. Only root can install
# Debian packages; for anybody else, the command to type is printed.
#
# usage: install.sh test|bench
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# Debian package and a program or file of it (or a pattern for one).
packages='
apache2-bin apache2
apache2-utils htpasswd
bind9 named
bind9-dnsutils nsupdate
ca-certificates update-ca-certificates
caddy caddy
certbot certbot
chromium chromium
bsdutils script
curl curl
default-jre-headless keytool
dovecot-imapd /usr/lib/dovecot/imap-login
easy-rsa make-cadir
gcc cc
git git
gnutls-bin certtool
golang-go go
haproxy haproxy
lego lego
libapache2-mod-fcgid /usr/lib/apache2/modules/mod_fcgid.so
libc6-dev /usr/include/stdio.h
libnss3-tools certutil
lighttpd lighttpd
lighttpd-mod-openssl /usr/lib/lighttpd/mod_openssl.so
litmus litmus
nginx-light nginx
nodejs node
openssl openssl
pdns-backend-lmdb /usr/lib/*/pdns/liblmdbbackend.so
pdns-server pdns_server
pebble pebble
php-fpm /usr/sbin/php-fpm*
postfix postconf
python3 /usr/bin/python3
spawn-fcgi spawn-fcgi
sslscan sslscan
strace strace
systemd systemd-analyze
testssl.sh testssl
util-linux setpriv
uwsgi-core uwsgi
uwsgi-plugin-python3 /usr/lib/uwsgi/plugins/python3_plugin.so
wget wget
'
requirements=(tests/peers/requirements.txt)
if [ "${1:-test}" = bench ]; then
    packages+='
mkcert mkcert
wrk wrk
'
    requirements+=(tests/peers/requirements-bench.txt)
fi

PATH=$PATH:/usr/sbin:/sbin
venv=target/peers/venv
# sslyze needs an older cryptography than the rest, so it has an environment of its own.
sslyze_venv=target/peers/sslyze

main() {
    if ! command -v cargo >/dev/null; then
        echo "tests: cargo is missing. Install Rust (https://rustup.rs) and run this again." >&2
        exit 1
    fi
    local missing=()
    while read -r package program; do
        if [ -n "$package" ] && ! compgen -G "$program" >/dev/null && ! command -v "$program" >/dev/null; then
            missing+=("$package")
        fi
    done <<<"$packages"
    if [ -z "$(python_with_venv)" ] && ! { "$venv/bin/python" -c pass && "$sslyze_venv/bin/python" -c pass; } 2>/dev/null; then
        missing+=(python3-venv)
    fi
    if [ ${#missing[@]} -gt 0 ]; then
        install_packages "${missing[@]}"
    fi
    install_python_packages "$venv" target/peers/installed.txt "${requirements[@]}"
    install_python_packages "$sslyze_venv" target/peers/installed-sslyze.txt tests/peers/requirements-sslyze.txt
}

install_packages() {
    if ! command -v apt-get >/dev/null; then
        echo "tests: missing programs, and no apt-get to install them. Their names in Debian: $*" >&2
        exit 1
    fi
    if [ "$(id -u)" != 0 ]; then
        echo "tests: missing programs. Install them and run this again:" >&2
        echo "    sudo apt-get install --no-install-recommends $*" >&2
        exit 1
    fi
    echo "tests: installing $*"
    forbid_service_starts
    export DEBIAN_FRONTEND=noninteractive
    # Postfix wants no configuration of its own, for which it would need the name of this machine.
    echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections
    apt-get update -qq </dev/null
    apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 "$@" </dev/null >/dev/null
    allow_service_starts
}

# Packages such as nginx start their server at installation unless this policy forbids it.
policy=/usr/sbin/policy-rc.d
forbid_service_starts() {
    # A saved policy of a run that was killed is the real one.
    if [ -e "$policy" ] && [ ! -e "$policy.before-certkit" ]; then
        mv "$policy" "$policy.before-certkit"
    fi
    trap allow_service_starts EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
}
allow_service_starts() {
    rm -f "$policy"
    if [ -e "$policy.before-certkit" ]; then
        mv "$policy.before-certkit" "$policy"
    fi
    trap - EXIT INT TERM HUP
}

# The first interpreter that can make an environment: Debian splits that off into python3-venv.
python_with_venv() {
    local python
    for python in python3 /usr/bin/python3; do
        if "$python" -c 'import ensurepip, venv, sys; sys.exit(sys.version_info < (3, 8))' 2>/dev/null; then
            echo "$python"
            return
        fi
    done
}

# usage: install_python_packages ENVIRONMENT LIST-OF-WHAT-IS-INSTALLED REQUIREMENTS...
install_python_packages() {
    local environment=$1 installed=$2
    shift 2
    if "$environment/bin/python" -c pass 2>/dev/null; then
        # The longer list (benches) covers the shorter one.
        if [ -e "$installed" ] && ! grep -vxF -f "$installed" -q "$@" --no-filename; then
            return
        fi
    else
        rm -rf "$environment"
        mkdir -p target/peers
        "$(python_with_venv)" -m venv "$environment"
    fi
    echo "tests: installing Python packages into $environment"
    "$environment/bin/python" -m pip install --quiet --disable-pip-version-check "${@/#/--requirement=}" </dev/null
    cat "$@" >"$installed"
}

main
