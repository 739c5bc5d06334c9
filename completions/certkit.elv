
use builtin;
use str;

set edit:completion:arg-completer[certkit] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'certkit'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'certkit'= {
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand mkca 'Make your own certificate authority (CA)'
            cand mkcert 'Make a server certificate signed by your CA'
            cand csr 'Make a certificate signing request (CSR) for another CA'
            cand sign 'Sign a certificate signing request with your CA'
            cand renew 'Renew certificates of your CA: same names, same key, a new validity of the same length'
            cand revoke 'Revoke certificates of your CA'
            cand crl 'Make the certificate revocation list (CRL) of your CA'
            cand list 'List the certificates of your CA, those that expire first on top'
            cand export 'Write a certificate from the CA''s ledger again, for example when its file is lost'
            cand merge 'Put a server certificate and its CA bundle together, in the right order'
            cand check 'Check a certificate chain: does it hold, and if not, why and how to fix it'
            cand show 'Describe a file (certificate, key, request, revocation list, PKCS#7, PKCS#12) or what a running server sends'
            cand key 'Make, show, encrypt, decrypt and compare private keys'
            cand convert 'Convert certificates and keys: PEM, DER, PKCS#12, PKCS#7, PKCS#8, PKCS#1, SEC1'
            cand trust 'Make this machine trust your CA: system, browsers, Java'
            cand hosts 'Point names to this machine for development, in the hosts file'
            cand acme 'Get certificates from Let''s Encrypt or another ACME server'
            cand ca 'Run your CA as a service'
            cand serve 'Serve a Python web application on https'
            cand completions 'Print shell completions'
            cand man 'Print the manual page, or write one per command into a folder'
            cand options 'The options and variables of every command'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'certkit;mkca'= {
            cand -o 'Folder for the files'
            cand --output 'Folder for the files'
            cand -k 'Key type'
            cand --key-type 'Key type'
            cand --days 'Days until the CA expires'
            cand --permit 'Allow only these names: a domain or an address range; may be repeated'
            cand --exclude 'Forbid these names: a domain or an address range; may be repeated'
            cand --subject 'The whole subject, such as ''O=Our team,OU=A,OU=B,CN=Our CA''; without a CN the default one is appended'
            cand --crl-url 'Address of the CA''s revocation list, which the certificate then names; may be repeated'
            cand --issuer-url 'Address of the CA''s certificate, for clients of servers that do not send it; may be repeated'
            cand --password-file 'File whose first line is the password for --encrypt, and of keys that are there already; - is standard input'
            cand --take 'Take the certificate that was issued for intermediate.csr, after comparing it with the key and ca.crt'
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand --global 'Write to $XDG_DATA_HOME/certkit, where mkcert finds the CA from every folder'
            cand --intermediate 'Also make an intermediate CA, which then signs certificates: intermediate.crt and intermediate.key; beside a root that is there already, make only that'
            cand --throwaway-root 'Make a root and an intermediate, and never write the root''s key: nobody can add another CA below it'
            cand --encrypt 'Encrypt the private keys with a password (PKCS#8, AES-256)'
            cand --rollover 'Make a new root with a new key, certified by the old one too (ca.cross.crt), for clients that trust only the old one; the old files are kept as ca.old-DATE.crt and .key'
            cand --csr 'Where the root''s key is on another machine: write intermediate.key and intermediate.csr, to be signed there'
            cand --force 'Replace existing files; existing keys and certificates are kept as .bak'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;mkcert'= {
            cand -o 'File name prefix: writes BASE.key, BASE.crt, BASE.csr; with --from, the folder'
            cand --output 'File name prefix: writes BASE.key, BASE.crt, BASE.csr; with --from, the folder'
            cand --from 'Make many certificates: each line of FILE has the names of one (# starts a comment; - is standard input)'
            cand --crl-url 'Address of the CA''s revocation list, which the certificate then names; may be repeated'
            cand --issuer-url 'Address of the CA''s certificate, for clients of servers that do not send it; may be repeated'
            cand --ca 'The CA''s certificate'
            cand --ca-key 'The CA''s key [default: the file of --ca with .key]'
            cand --password-file 'File whose first line is the password of the CA''s key; - is standard input'
            cand --ledger 'Record what is issued and revoked in this file [default: ledger.jsonl next to the CA]; none: record nothing'
            cand -k 'Key type'
            cand --key-type 'Key type'
            cand --days 'Days until the certificate expires, or hours (8h); never later than its CA'
            cand --until 'Day or time at which the certificate expires: 2027-01-31 or 2027-01-31T12:00:00Z'
            cand --key 'Use this private key instead of a new one'
            cand --key-password-file 'File whose first line is the password of --key; - is standard input'
            cand --subject 'The whole subject, such as ''C=DE,O=Our team''; without a CN the first NAME is used'
            cand --p12-password-file 'File whose first line is the password for --p12; - is standard input'
            cand --bundle 'Also write certificate, intermediates and key into one file, BASE.pem, as HAProxy reads them'
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand --if-needed 'Do nothing if the certificate exists, has the same names, matches its key and has more than a third of its lifetime left; otherwise replace it, if the same CA issued it'
            cand --client 'Make a certificate for client authentication instead of a server. The first NAME, such as ''Alice Smith'', is the common name as typed'
            cand --server 'With --client: one certificate for servers and clients, as the members of a cluster use it'
            cand --legacy 'With --p12: encrypt it with triple DES and SHA-1, for old versions of Windows, macOS and Java'
            cand --csr 'Also write the certificate signing request, BASE.csr'
            cand --p12 'Also write key and certificates as PKCS#12, BASE.p12, for browsers and Windows; needs a password'
            cand --force 'Replace existing files (an existing key is kept as .bak), and allow more than 825 days'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;csr'= {
            cand -o 'Output file; - is standard output and needs --key. A new key is written next to it'
            cand --output 'Output file; - is standard output and needs --key. A new key is written next to it'
            cand --key 'Use this private key instead of a new one'
            cand --key-password-file 'File whose first line is the password of --key; - is standard input'
            cand -k 'Key type'
            cand --key-type 'Key type'
            cand --subject 'The whole subject, such as ''C=DE,O=Our team''; without a CN the first NAME is used'
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand --force 'Replace existing files; an existing key is kept as .bak'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;sign'= {
            cand --san 'Certify this name too, in addition to those in the request; may be repeated'
            cand --profile 'What the certificate is for'
            cand --days 'Days until the certificate expires, or hours (8h); never later than its CA [default: 397, for a CA 3650]'
            cand --until 'Day or time at which the certificate expires: 2027-01-31 or 2027-01-31T12:00:00Z'
            cand --crl-url 'Address of the CA''s revocation list, which the certificate then names; may be repeated'
            cand --issuer-url 'Address of the CA''s certificate, for clients of servers that do not send it; may be repeated'
            cand --ca 'The CA''s certificate'
            cand --ca-key 'The CA''s key [default: the file of --ca with .key]'
            cand --password-file 'File whose first line is the password of the CA''s key; - is standard input'
            cand --ledger 'Record what is issued and revoked in this file [default: ledger.jsonl next to the CA]; none: record nothing'
            cand -o 'Output file; - is standard output [default: the request''s name with .crt, or standard output]'
            cand --output 'Output file; - is standard output [default: the request''s name with .crt, or standard output]'
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand --force 'Replace existing files, and allow more than 825 days'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;renew'= {
            cand --if-within 'Renew only if this much or less is left: a share of the lifetime (33%), a number of days (30d) or hours (8h)'
            cand --key-password-file 'File whose first line is the password of encrypted keys (with --rekey) and PKCS#12 files; - is standard input'
            cand --install-timer 'Install a timer that runs this command every hour, with the other options, and makes the next revocation list when it is due. Without a value: systemd. It is not started: certkit prints the commands for that. With --dry-run the files are printed'
            cand --root 'Write the timer below this folder instead of /, for example for an image'
            cand --deploy-hook 'Run this shell command after something was renewed. CERTKIT_RENEWED holds the certificates'' files, one per line, and CERTKIT_NOT_RENEWED the files that still hold an old one'
            cand --exec 'Run this shell command after something was renewed. CERTKIT_RENEWED holds the certificates'' files, one per line, and CERTKIT_NOT_RENEWED the files that still hold an old one'
            cand --exit-code-if-renewed 'Exit with this status if something was renewed'
            cand --ca 'The CA''s certificate'
            cand --ca-key 'The CA''s key [default: the file of --ca with .key]'
            cand --password-file 'File whose first line is the password of the CA''s key; - is standard input'
            cand --ledger 'Record what is issued and revoked in this file [default: ledger.jsonl next to the CA]; none: record nothing'
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand --rekey 'Make new keys too, in the files of the old ones, which are kept as .bak. A key that is not here, as after `certkit sign`, stays'
            cand --dry-run 'Say what would be renewed, and change nothing'
            cand --crl 'Also make the CA''s next revocation list, if there is one that is in the last third of its time'
            cand --force 'Replace files of a timer that have other contents'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;revoke'= {
            cand --key 'Revoke every valid certificate of this key: a private key, a public key or a certificate'
            cand --reason 'Reason for the revocation'
            cand --ca 'The CA''s certificate'
            cand --ca-key 'The CA''s key [default: the file of --ca with .key]'
            cand --password-file 'File whose first line is the password of the CA''s key; - is standard input'
            cand --ledger 'Record what is issued and revoked in this file [default: ledger.jsonl next to the CA]; none: record nothing'
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand --all 'If there are several valid certificates for NAME, revoke them all'
            cand --same-names 'Also revoke every valid certificate with the same names'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;crl'= {
            cand -o 'Output file; - is standard output [default: the CA''s file with .crl]'
            cand --output 'Output file; - is standard output [default: the CA''s file with .crl]'
            cand --days 'Days until the next list is due'
            cand --ca 'The CA''s certificate'
            cand --ca-key 'The CA''s key [default: the file of --ca with .key]'
            cand --password-file 'File whose first line is the password of the CA''s key; - is standard input'
            cand --ledger 'Record what is issued and revoked in this file [default: ledger.jsonl next to the CA]; none: record nothing'
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand --force 'Replace an existing file that is not a list of this CA'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;list'= {
            cand --expiring 'Only those with this much or less left: a share of the lifetime (33%) or a number of days (30d)'
            cand --ca 'The CA''s certificate: only what this CA issued'
            cand --ledger 'The ledger [default: ledger.jsonl next to the CA]'
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand --revoked 'Only those that were revoked'
            cand --all 'Also those that are expired or revoked'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;export'= {
            cand -o 'Output file; - is standard output [default: -]'
            cand --output 'Output file; - is standard output [default: -]'
            cand --ca 'The CA''s certificate: only what this CA issued'
            cand --ledger 'The ledger [default: ledger.jsonl next to the CA]'
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand --chain 'Add the intermediates, as a server sends them'
            cand --force 'Replace an existing file'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;merge'= {
            cand -o 'The file to write; - is standard output'
            cand --output 'The file to write; - is standard output'
            cand --key 'The private key: chooses among several server certificates; it must belong to one of them'
            cand --password-file 'The password of PKCS#12 files and of the key: the first line of this file; - is standard input'
            cand --roots 'Trust only the roots in this file, instead of the system''s and your own CA; may be repeated'
            cand --at 'Check as of this time (RFC 3339, such as 2026-11-20T12:00:00Z)'
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand --fetch 'Download a missing intermediate from the address that the certificate names'
            cand --include-root 'Keep the root at the end (most servers should not send it)'
            cand --force 'Replace an existing file'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;check'= {
            cand --host 'The name that clients will use: DNS name or IP address (a URL or host:port works too); it is also sent to a running server'
            cand --email 'A mail address that the certificate must be for; may be repeated'
            cand --roots 'Trust these CA certificates and no others; may be repeated'
            cand --key 'The private key; it must belong to the server certificate'
            cand --key-password-file 'The password of the key, or of a PKCS#12 file: the first line of this file; - is standard input'
            cand --crl 'A revocation list (PEM or DER) to check the certificates against; may be repeated'
            cand --purpose 'What the certificate is for'
            cand --profile 'Which rules to apply: what clients do, those of the public web, or RFC 5280 alone'
            cand --max-depth 'Fail when there are more intermediates than this; self-issued ones do not count'
            cand --at 'Check as of this time (RFC 3339, such as 2026-11-20T12:00:00Z)'
            cand --min-days 'Fail when the chain expires within this many days'
            cand --starttls 'The server starts with this protocol unencrypted, and TLS begins after its STARTTLS command'
            cand --timeout 'Give up SECONDS after the start, whatever the server does [default: 10; with --deep 60]'
            cand --http-port 'Ask an https server for its page without TLS too, on this port: it must redirect to https [with --deep and port 443: 80]'
            cand --min-grade 'Fail when the server''s grade is below this one: A+, A, B, C, D or F (docs/server-grade.md)'
            cand --server 'The program of the server, whose configuration the fixes are for; recognised by its answer over https where it names itself'
            cand --jobs 'Of several files or servers, check N at a time'
            cand --batch 'Check many chains: one JSON object per line in, one per line out; - is standard input'
            cand --explain 'Explain a finding code: what it means, why it matters, which clients care, how to fix it'
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand --deep 'List every protocol, cipher suite and group that the server accepts, with some dozens of connections'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;show'= {
            cand --password-file 'The password of a PKCS#12 file or an encrypted key: the first line of this file; - is standard input'
            cand --host 'The name to ask the server for, if it is not the HOST of HOST:PORT'
            cand --starttls 'The server starts with this protocol unencrypted, and TLS begins after its STARTTLS command'
            cand --timeout 'Give up SECONDS after the start, whatever the server does [default: 10; with --deep 60]'
            cand --at 'Count the days left from this time (RFC 3339, such as 2026-11-20T12:00:00Z)'
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;key'= {
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand new 'Make a new private key'
            cand show 'Show the kind of key in a file and the fingerprint of its public key'
            cand encrypt 'Encrypt a key with a password'
            cand decrypt 'Remove the password from a key'
            cand match 'Check which certificates and requests belong to a key'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'certkit;key;new'= {
            cand -k 'Key type'
            cand --key-type 'Key type'
            cand -o 'Where to write; - is standard output'
            cand --output 'Where to write; - is standard output'
            cand --password-file 'The password: the first line of this file; - is standard input'
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand --encrypt 'Encrypt it with a password from --password-file, CERTKIT_PASSWORD or the terminal'
            cand --force 'Replace an existing file (the old key is kept as .bak)'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;key;show'= {
            cand --password-file 'The password of the key: the first line of this file; - is standard input'
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;key;encrypt'= {
            cand -o 'Where to write; - is standard output, which is also the default unless that is a terminal'
            cand --output 'Where to write; - is standard output, which is also the default unless that is a terminal'
            cand --password-file 'The password: the first line of this file; - is standard input'
            cand --new-password-file 'The new password of a key that has one already; --password-file then names the old one'
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand --force 'Replace an existing file (it is kept as .bak)'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;key;decrypt'= {
            cand -o 'Where to write; - is standard output, which is also the default unless that is a terminal'
            cand --output 'Where to write; - is standard output, which is also the default unless that is a terminal'
            cand --password-file 'The password: the first line of this file; - is standard input'
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand --force 'Replace an existing file (it is kept as .bak)'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;key;match'= {
            cand --password-file 'The password of the key and of PKCS#12 files: the first line of this file; - is standard input'
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;key;help'= {
            cand new 'Make a new private key'
            cand show 'Show the kind of key in a file and the fingerprint of its public key'
            cand encrypt 'Encrypt a key with a password'
            cand decrypt 'Remove the password from a key'
            cand match 'Check which certificates and requests belong to a key'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'certkit;key;help;new'= {
        }
        &'certkit;key;help;show'= {
        }
        &'certkit;key;help;encrypt'= {
        }
        &'certkit;key;help;decrypt'= {
        }
        &'certkit;key;help;match'= {
        }
        &'certkit;key;help;help'= {
        }
        &'certkit;convert'= {
            cand -o 'Where to write; - is standard output, which is also the default. Nothing binary or secret goes to a terminal'
            cand --output 'Where to write; - is standard output, which is also the default. Nothing binary or secret goes to a terminal'
            cand --to 'The form to write'
            cand --key 'Add the private key of this file'
            cand --chain 'Add the certificates of this file'
            cand --password-file 'The password of the input, and of the new file unless --new-password-file names another: the first line of this file; - is standard input'
            cand --new-password-file 'The password of the new file: the first line of this file'
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand --legacy 'Encrypt PKCS#12 with triple DES and SHA-1, for old versions of Windows, macOS and Java (before 8u301)'
            cand --force 'Replace an existing file (one with a key is kept as .bak)'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;trust'= {
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand install 'Install the CA into the trust stores'
            cand uninstall 'Remove exactly this CA from the trust stores'
            cand list 'List every CA of certkit that a store trusts or a CA folder holds'
            cand status 'Ask each trust store whether it trusts the CA'
            cand env 'Print variables for programs that do not ask the stores: Node, pip, requests, git, Java'
            cand export 'Write the CA certificate to a file for another device'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'certkit;trust;install'= {
            cand --ca 'The same as FILE'
            cand --store 'Which stores; may be repeated'
            cand --root 'Use this folder as /, such as a mounted system image; its own commands are printed, not run'
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand --dry-run 'Print what would be done without doing it'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;trust;uninstall'= {
            cand --ca 'The CA certificate'
            cand --store 'Which stores; may be repeated'
            cand --root 'Use this folder as /, such as a mounted system image; its own commands are printed, not run'
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand --all 'Remove every CA that certkit made; it asks first'
            cand --yes 'Do not ask'
            cand --dry-run 'Print what would be done without doing it'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;trust;list'= {
            cand --store 'Which stores; may be repeated'
            cand --root 'Use this folder as /, such as a mounted system image; its own commands are printed, not run'
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;trust;status'= {
            cand --ca 'The same as FILE'
            cand --store 'Which stores; may be repeated'
            cand --root 'Use this folder as /, such as a mounted system image; its own commands are printed, not run'
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;trust;env'= {
            cand --ca 'The same as FILE'
            cand --shell 'How to print them'
            cand --root 'Use this folder as /, such as a mounted system image'
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;trust;export'= {
            cand --ca 'The same as FILE'
            cand -o 'Output file; - is standard output. The ending .der or .cer selects DER (for Android), .mobileconfig a profile [default: ca.crt, with --mobileconfig ca.mobileconfig]'
            cand --output 'Output file; - is standard output. The ending .der or .cer selects DER (for Android), .mobileconfig a profile [default: ca.crt, with --mobileconfig ca.mobileconfig]'
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand --mobileconfig 'Write a configuration profile for iPhone, iPad and Mac'
            cand --force 'Replace an existing file'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;trust;help'= {
            cand install 'Install the CA into the trust stores'
            cand uninstall 'Remove exactly this CA from the trust stores'
            cand list 'List every CA of certkit that a store trusts or a CA folder holds'
            cand status 'Ask each trust store whether it trusts the CA'
            cand env 'Print variables for programs that do not ask the stores: Node, pip, requests, git, Java'
            cand export 'Write the CA certificate to a file for another device'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'certkit;trust;help;install'= {
        }
        &'certkit;trust;help;uninstall'= {
        }
        &'certkit;trust;help;list'= {
        }
        &'certkit;trust;help;status'= {
        }
        &'certkit;trust;help;env'= {
        }
        &'certkit;trust;help;export'= {
        }
        &'certkit;trust;help;help'= {
        }
        &'certkit;hosts'= {
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand add 'Add a name'
            cand remove 'Remove a name that was added'
            cand check 'Check whether a name is there'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'certkit;hosts;add'= {
            cand --file 'The hosts file'
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand --dry-run 'Print what would be done without doing it'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;hosts;remove'= {
            cand --file 'The hosts file'
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand --dry-run 'Print what would be done without doing it'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;hosts;check'= {
            cand --file 'The hosts file'
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;hosts;help'= {
            cand add 'Add a name'
            cand remove 'Remove a name that was added'
            cand check 'Check whether a name is there'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'certkit;hosts;help;add'= {
        }
        &'certkit;hosts;help;remove'= {
        }
        &'certkit;hosts;help;check'= {
        }
        &'certkit;hosts;help;help'= {
        }
        &'certkit;acme'= {
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand obtain 'Get a certificate, unless the current one is still valid'
            cand renew 'Renew the certificates that are due, or those named'
            cand revoke 'Revoke a certificate'
            cand delete 'Delete a certificate: it is not renewed any more'
            cand import 'Take over accounts and certificates of certbot, lego or acme.sh'
            cand list 'List the certificates: names, server, days left, next renewal, last failure'
            cand account 'Show, change or close an account at a server'
            cand dns-record 'Print the TXT records that let this account have certificates for names, by dns-persist-01'
            cand dns-providers 'List the DNS providers that --dns takes, with the fields that each needs in its file of credentials'
            cand install-timer 'Install a timer that runs `certkit acme renew` every hour, at a minute that differs from machine to machine'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'certkit;acme;obtain'= {
            cand --csr 'Take names and key from this certificate signing request, PEM or DER; - is standard input. The private key stays where it is: certkit writes certificate and chain only, and renews with the same request'
            cand --http 'Answer http-01 with certkit''s own server (default: port 80 on all addresses, IPv4 and IPv6)'
            cand --webroot 'Answer http-01 with files below DIR, the root folder of a running web server'
            cand --tls-alpn 'Answer tls-alpn-01 with certkit''s own TLS listener (default: port 443 on all addresses)'
            cand --dns 'Answer dns-01 with the API of a DNS provider; `certkit acme dns-providers` lists them'
            cand --dns-hook 'Answer dns-01 with a program: CMD present|cleanup FQDN VALUE. FQDN is _acme-challenge.NAME. with a dot at its end. The record must be visible when present returns, within ten minutes. The program follows CNAMEs itself. No shell is involved. Hooks for other clients work unchanged as lego:PROG, httpreq:URL, acmesh:dns_NAME and certbot:AUTH,CLEANUP; see below'
            cand --rfc2136 'Answer dns-01 with dynamic updates (RFC 2136). FILE names the server and the key; see below'
            cand --dns-persist 'Answer dns-persist-01 with a TXT record that stays. `certkit acme dns-record` prints it; it is only read here, through RESOLVER (default: the system''s). For servers that offer it'
            cand --dns-credentials 'File with the secrets for --dns or for a hook of another client, one NAME = "VALUE" per line. Only its owner may be able to read it'
            cand --dns-resolver 'Ask this resolver for CNAMEs, zones and name servers instead of the system''s'
            cand --dns-wait 'How long to wait at most until all name servers of the zone show the record (default: 120)'
            cand --server 'The ACME server: letsencrypt (the default), letsencrypt-staging, zerossl, google, or the address of a directory. Given twice, the second one is used after the first has failed for a day'
            cand --ca-roots 'Trust these CA certificates for the ACME server itself, instead of the system''s'
            cand --email 'Mail address for the account'
            cand --eab-kid 'Key identifier of an external account, for servers that require one'
            cand --eab-hmac-file 'File with the secret of the external account, in base64url as the server shows it'
            cand -k 'Key type'
            cand --key-type 'Key type'
            cand --profile 'Certificate profile, by the server''s name for it, such as shortlived'
            cand --preferred-chain 'Choose the chain that leads to the root with this common name, if the server offers several'
            cand --deploy-hook 'Run this shell command after a new certificate is in place, for five minutes at most. It gets CERTKIT_NAME, CERTKIT_NAMES, CERTKIT_FULLCHAIN, CERTKIT_KEY, CERTKIT_CERT and CERTKIT_CHAIN'
            cand --exec 'Run this shell command after a new certificate is in place, for five minutes at most. It gets CERTKIT_NAME, CERTKIT_NAMES, CERTKIT_FULLCHAIN, CERTKIT_KEY, CERTKIT_CERT and CERTKIT_CHAIN'
            cand --pre-hook 'Run this shell command before each order; nothing is ordered if it fails'
            cand --post-hook 'Run this shell command after each order, also after one that failed'
            cand --failure-hook 'Run this shell command, once a day, while renewals fail and a tenth of the certificate''s life is left. It gets CERTKIT_NAME, CERTKIT_NAMES, CERTKIT_NOT_AFTER, CERTKIT_HOURS_LEFT and CERTKIT_FAILURES'
            cand --reuse-key 'Keep the key at each renewal, for TLSA records or pins that name it'
            cand --prepare-key 'Make the key of the next renewal now, so that TLSA records can name it before; certkit prints them'
            cand --key-group 'Let this group, a name or a number, read the private key'
            cand --state 'Where accounts, orders and certificates are kept'
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand --dns-account 'Answer dns-account-01 instead of dns-01: FQDN has a label of the account in front, so that several accounts can prove the same name at the same time. For servers that offer it'
            cand --staging 'Use Let''s Encrypt''s test server, which has high limits and issues certificates that no client trusts'
            cand --agree-tos 'Agree to the server''s terms of service, as a new account requires'
            cand --dry-run 'Try everything, keep nothing. Let''s Encrypt: on its test server. Other servers: up to the validation'
            cand --force 'Get a new certificate even if the current one is still valid or the server''s limits may be reached'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;acme;renew'= {
            cand --exit-code-if-renewed 'Exit with this status instead of 0 if anything was renewed'
            cand --state 'Where accounts, orders and certificates are kept'
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand --force 'Also renew certificates that are not due or have just failed'
            cand --refresh-ari 'Ask the server when to renew, even if it asked to wait'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;acme;revoke'= {
            cand --reason 'Reason, by its RFC 5280 name or number, such as keyCompromise or 1'
            cand --state 'Where accounts, orders and certificates are kept'
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand --with-certificate-key 'Sign with the certificate''s own key, for example if another account ordered it'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;acme;delete'= {
            cand --state 'Where accounts, orders and certificates are kept'
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand -y 'Do not ask'
            cand --yes 'Do not ask'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;acme;import'= {
            cand --http 'Answer http-01 with certkit''s own server (default: port 80 on all addresses, IPv4 and IPv6)'
            cand --webroot 'Answer http-01 with files below DIR, the root folder of a running web server'
            cand --tls-alpn 'Answer tls-alpn-01 with certkit''s own TLS listener (default: port 443 on all addresses)'
            cand --dns 'Answer dns-01 with the API of a DNS provider; `certkit acme dns-providers` lists them'
            cand --dns-hook 'Answer dns-01 with a program: CMD present|cleanup FQDN VALUE. FQDN is _acme-challenge.NAME. with a dot at its end. The record must be visible when present returns, within ten minutes. The program follows CNAMEs itself. No shell is involved. Hooks for other clients work unchanged as lego:PROG, httpreq:URL, acmesh:dns_NAME and certbot:AUTH,CLEANUP; see below'
            cand --rfc2136 'Answer dns-01 with dynamic updates (RFC 2136). FILE names the server and the key; see below'
            cand --dns-persist 'Answer dns-persist-01 with a TXT record that stays. `certkit acme dns-record` prints it; it is only read here, through RESOLVER (default: the system''s). For servers that offer it'
            cand --dns-credentials 'File with the secrets for --dns or for a hook of another client, one NAME = "VALUE" per line. Only its owner may be able to read it'
            cand --dns-resolver 'Ask this resolver for CNAMEs, zones and name servers instead of the system''s'
            cand --dns-wait 'How long to wait at most until all name servers of the zone show the record (default: 120)'
            cand --server 'Address of the ACME server''s directory, where the other client does not keep it: lego at a private server'
            cand --ca-roots 'Trust these CA certificates for the ACME server itself, instead of the system''s'
            cand --deploy-hook 'Run this shell command after each new certificate, instead of the other client''s hooks'
            cand --exec 'Run this shell command after each new certificate, instead of the other client''s hooks'
            cand --state 'Where accounts, orders and certificates are kept'
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand --dry-run 'Say what would be taken over, and write nothing'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;acme;list'= {
            cand --state 'Where accounts, orders and certificates are kept'
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;acme;account'= {
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand show 'Show the account as the server knows it'
            cand update 'Set the account''s mail address'
            cand rollover 'Replace the account''s key'
            cand deactivate 'Close the account for good; the next order makes a new one'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'certkit;acme;account;show'= {
            cand --server 'Address of the server''s directory, if there are accounts at several'
            cand --state 'Where accounts, orders and certificates are kept'
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;acme;account;update'= {
            cand --email 'The address; an empty value removes it'
            cand --server 'Address of the server''s directory, if there are accounts at several'
            cand --state 'Where accounts, orders and certificates are kept'
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;acme;account;rollover'= {
            cand --server 'Address of the server''s directory, if there are accounts at several'
            cand --state 'Where accounts, orders and certificates are kept'
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;acme;account;deactivate'= {
            cand --server 'Address of the server''s directory, if there are accounts at several'
            cand --state 'Where accounts, orders and certificates are kept'
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;acme;account;help'= {
            cand show 'Show the account as the server knows it'
            cand update 'Set the account''s mail address'
            cand rollover 'Replace the account''s key'
            cand deactivate 'Close the account for good; the next order makes a new one'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'certkit;acme;account;help;show'= {
        }
        &'certkit;acme;account;help;update'= {
        }
        &'certkit;acme;account;help;rollover'= {
        }
        &'certkit;acme;account;help;deactivate'= {
        }
        &'certkit;acme;account;help;help'= {
        }
        &'certkit;acme;dns-record'= {
            cand --days 'Let the record end after so many days'
            cand --server 'The ACME server: letsencrypt (the default), letsencrypt-staging, zerossl, google, or the address of a directory'
            cand --ca-roots 'Trust these CA certificates for the ACME server itself, instead of the system''s'
            cand --email 'Mail address for the account'
            cand --eab-kid 'Key identifier of an external account, for servers that require one'
            cand --eab-hmac-file 'File with the secret of the external account, in base64url as the server shows it'
            cand --state 'Where accounts, orders and certificates are kept'
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand --one-value 'Make one value for all names, so that records of several names show that they are of one account'
            cand --staging 'Use Let''s Encrypt''s test server'
            cand --agree-tos 'Agree to the server''s terms of service, as a new account requires'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;acme;dns-providers'= {
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;acme;install-timer'= {
            cand --on-failure 'Have systemd start this unit when a run fails, for example one that sends a mail; for what passes by itself only in the last tenth of a lifetime'
            cand --root 'Write below this folder instead of /, for example for an image'
            cand --state 'Where accounts, orders and certificates are kept'
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand --systemd 'A systemd timer and its service'
            cand --cron 'A file for /etc/cron.d, or a line for a user''s crontab'
            cand --dry-run 'Print the files instead of writing them'
            cand --force 'Replace files that have other contents'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;acme;help'= {
            cand obtain 'Get a certificate, unless the current one is still valid'
            cand renew 'Renew the certificates that are due, or those named'
            cand revoke 'Revoke a certificate'
            cand delete 'Delete a certificate: it is not renewed any more'
            cand import 'Take over accounts and certificates of certbot, lego or acme.sh'
            cand list 'List the certificates: names, server, days left, next renewal, last failure'
            cand account 'Show, change or close an account at a server'
            cand dns-record 'Print the TXT records that let this account have certificates for names, by dns-persist-01'
            cand dns-providers 'List the DNS providers that --dns takes, with the fields that each needs in its file of credentials'
            cand install-timer 'Install a timer that runs `certkit acme renew` every hour, at a minute that differs from machine to machine'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'certkit;acme;help;obtain'= {
        }
        &'certkit;acme;help;renew'= {
        }
        &'certkit;acme;help;revoke'= {
        }
        &'certkit;acme;help;delete'= {
        }
        &'certkit;acme;help;import'= {
        }
        &'certkit;acme;help;list'= {
        }
        &'certkit;acme;help;account'= {
            cand show 'Show the account as the server knows it'
            cand update 'Set the account''s mail address'
            cand rollover 'Replace the account''s key'
            cand deactivate 'Close the account for good; the next order makes a new one'
        }
        &'certkit;acme;help;account;show'= {
        }
        &'certkit;acme;help;account;update'= {
        }
        &'certkit;acme;help;account;rollover'= {
        }
        &'certkit;acme;help;account;deactivate'= {
        }
        &'certkit;acme;help;dns-record'= {
        }
        &'certkit;acme;help;dns-providers'= {
        }
        &'certkit;acme;help;install-timer'= {
        }
        &'certkit;acme;help;help'= {
        }
        &'certkit;ca'= {
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand serve 'Run an ACME server that issues certificates from your CA'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'certkit;ca;serve'= {
            cand --listen 'Listen here: https:ADDRESS:PORT, * for all addresses; may be repeated. http:ADDRESS:PORT has the revocation list at /ca.crl and nothing else'
            cand --name 'Name by which clients reach this server, with the port where another one is mapped to that of --listen; may be repeated [default: localhost and the address of --listen]'
            cand --allow 'Issue for names in this domain only, or connect to addresses of this range only (CIDR); may be repeated [default: every name, loopback and private addresses]'
            cand --eab-file 'Require an external account (EAB): each line of FILE has a key identifier and its MAC key in base64url'
            cand --days 'How long certificates are valid: days, or hours as 8h; never longer than the CA'
            cand --crl-url 'Address of the CA''s revocation list, which the certificate then names; may be repeated'
            cand --issuer-url 'Address of the CA''s certificate, for clients of servers that do not send it; may be repeated'
            cand --crl-days 'Days until the next revocation list is due'
            cand --rate-limit 'Orders of one account in an hour; a tenth of it for one name, for failed validations of a name and for new accounts from one address'
            cand --state 'Folder of accounts and orders [default: acme-server next to the CA]'
            cand --dns 'Name server that validations ask, instead of the system''s'
            cand --http-01-port 'Port that http-01 connects to'
            cand --tls-alpn-01-port 'Port that tls-alpn-01 connects to'
            cand --ca 'The CA''s certificate'
            cand --ca-key 'The CA''s key [default: the file of --ca with .key]'
            cand --password-file 'File whose first line is the password of the CA''s key; - is standard input'
            cand --ledger 'Record what is issued and revoked in this file [default: ledger.jsonl next to the CA]; none: record nothing'
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;ca;help'= {
            cand serve 'Run an ACME server that issues certificates from your CA'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'certkit;ca;help;serve'= {
        }
        &'certkit;ca;help;help'= {
        }
        &'certkit;serve'= {
            cand --listen 'Listen on [SCHEME[+unix|+fd]:]ADDRESS (repeatable); SCHEME is https, http, uwsgi, suwsgi, fcgi, scgi or ajp [default: https:127.0.0.1:8443]'
            cand --redirect-http 'Redirect plain HTTP clients of this address to https'
            cand --socket-mode 'Permission bits of unix sockets [default: 660; in option files of uWSGI what the umask leaves of 777]'
            cand --socket-owner 'Owner of unix sockets; :GROUP alone is possible too'
            cand --ajp-secret-file 'File with the secret that requests by AJP must contain; without it, AJP listens on this machine only'
            cand -l 'Connections waiting to be accepted, per listener [default: 1024]'
            cand --backlog 'Connections waiting to be accepted, per listener [default: 1024]'
            cand --socket-sndbuf 'Send buffer of connections (SO_SNDBUF) [default: that of the system]'
            cand --socket-rcvbuf 'Receive buffer of connections (SO_RCVBUF) [default: that of the system]'
            cand --max-connections 'Concurrent connections; when all are taken, the longest idle ones are closed, and further ones wait [default: 10000]'
            cand --max-connections-per-address 'Concurrent connections from one client address (IPv6: from one /64 network); further ones are closed [default: no limit]'
            cand --front-threads 'Threads that handle connections and TLS [default: a quarter of the CPUs, at least 1]'
            cand --cert 'Certificate chain, server certificate first (repeatable with --key, for several names by SNI)'
            cand --key 'Private key of the certificate'
            cand --key-password-file 'The password of an encrypted key: the first line of this file'
            cand --ocsp-staple 'Send this OCSP response along with the certificate that it is for (repeatable)'
            cand --tls-min 'Lowest TLS version: 1.2 or 1.3 [default: 1.2]'
            cand --client-ca 'Ask clients for a certificate that leads to one of these CA certificates'
            cand --client-auth 'Whether a client without a certificate may connect (request) or not (require) [default: require; with --client-ca]'
            cand --client-crl 'Refuse the certificates of clients that this revocation list contains (repeatable)'
            cand --hsts 'Send Strict-Transport-Security: browsers use only https for AGE seconds [without AGE: two years]'
            cand --acme 'Obtain a certificate for NAME from an ACME server and keep it renewed (repeatable). Names separated by commas share a certificate'
            cand --acme-server 'The ACME server: letsencrypt, letsencrypt-staging, zerossl, google, or the address of a directory (repeatable) [default: Let''s Encrypt]'
            cand --acme-email 'Mail address for messages from the ACME server'
            cand --acme-eab-kid 'Key identifier of an external account, for servers that require one, as zerossl and google do'
            cand --acme-eab-hmac-file 'Secret of the external account, in base64url as the server shows it'
            cand --acme-ca-roots 'Trust these CA certificates for the ACME server itself, instead of the system''s'
            cand --acme-state 'Folder for accounts, orders and certificates, shared with certkit acme'
            cand --acme-dns 'Answer dns-01 with the API of a DNS provider, which `certkit acme dns-providers` lists; for wildcards, and where no port is reachable'
            cand --acme-dns-credentials 'Secrets for --acme-dns or for a hook of another client, one NAME = "VALUE" per line'
            cand --acme-dns-resolver 'Ask this resolver for CNAMEs, zones and name servers instead of the system''s'
            cand --acme-dns-wait 'Wait at most SECONDS, instead of 120, until all name servers of the zone show the record'
            cand --acme-dns-hook 'Answer dns-01 with a program, as certkit acme obtain --dns-hook does; for wildcards, and where no port is reachable'
            cand --acme-rfc2136 'Answer dns-01 with dynamic updates (RFC 2136), with the file of certkit acme obtain --rfc2136'
            cand --acme-dns-persist 'Answer dns-persist-01 with the TXT record that certkit acme dns-record prints; it is read through RESOLVER [without RESOLVER: the system''s]'
            cand --acme-missing 'Until the first certificate is issued, serve a temporary self-made one (local) or refuse handshakes (refuse) [default: local]'
            cand --acme-on-demand 'With --acme: obtain a certificate for NAME when a client first asks for it (repeatable)'
            cand --acme-ask 'With --acme: obtain a certificate for any name that a client asks for, if URL?domain=NAME answers 2xx'
            cand --acme-on-demand-limit 'Most certificates that are ordered on demand in an hour, by all servers on the state together [default: 10]'
            cand --wsgi-file 'Application as a file'
            cand -w 'Application as a module: pkg.mod[:callable]'
            cand --module 'Application as a module: pkg.mod[:callable]'
            cand --callable 'Name of the callable [default: application]'
            cand --mount 'Serve another application below a path, which becomes its SCRIPT_NAME (repeatable)'
            cand --mount-by 'What chooses an application of --mount: its prefix in the `path`; the `script-name` that a front server sends, which must be the prefix; or its UWSGI_APPID alone, `appid` [default: path]'
            cand -p 'Worker processes [default: number of CPUs, at most 8]'
            cand --workers 'Worker processes [default: number of CPUs, at most 8]'
            cand --processes 'Worker processes [default: number of CPUs, at most 8]'
            cand --threads 'Threads per worker process [default: 4]'
            cand --request-timeout 'Longest time that the application may hold a thread for a request: then the client gets status 504, and the worker is replaced [default: 0; no limit]'
            cand --harakiri 'Longest time that the application may hold a thread for a request: then the client gets status 504, and the worker is replaced [default: 0; no limit]'
            cand --request-grace 'With --request-timeout: time for the other requests of the worker to finish [default: that of --graceful-timeout]'
            cand --max-requests 'Replace a worker when it has had N requests; its successor has loaded the application before it stops [default: 0; no limit]'
            cand --max-requests-delta 'Each worker has N requests more than the one before, so that not all are replaced at once [default: 0]'
            cand --max-worker-lifetime 'Replace a worker when it has served for SECONDS [default: 0; no limit]'
            cand --max-worker-lifetime-delta 'Each worker serves SECONDS longer than the one before, so that not all are replaced at once [default: 0]'
            cand --min-worker-lifetime 'Do not replace a worker before it has served for SECONDS, whatever --max-requests, --max-worker-lifetime and --reload-on-rss say [default: 60]'
            cand --reload-on-rss 'Replace a worker whose resident memory has reached MIB [default: 0; no limit]'
            cand --evil-reload-on-rss 'Kill a worker whose resident memory has reached MIB, with the requests that it has, and start another [default: 0; no limit]'
            cand --reload-on-as 'Replace a worker whose address space has reached MIB [default: 0; no limit]'
            cand --evil-reload-on-as 'Kill a worker whose address space has reached MIB, with the requests that it has, and start another [default: 0; no limit]'
            cand --cheaper 'Least number of workers: as many as the requests need are there, between N and --workers [default: 0; as many as --workers]'
            cand --cheaper-initial 'Number of workers at the start, with --cheaper [default: 0; that of --cheaper]'
            cand --cheaper-step 'Number of workers that are started at once, with --cheaper [default: 1]'
            cand --gevent 'Run up to N requests at once in each worker, as greenlets of gevent in one thread (the application''s Python must have it)'
            cand --reload-on-change 'For development: look every SECONDS whether a file of a loaded module has changed, and reload then [without a number: 1] [default: 0; never]'
            cand --reload-ignore 'With --reload-on-change: a module whose changes do not count (repeatable)'
            cand --python 'Python interpreter [default: from --virtualenv, then $VIRTUAL_ENV, then python3]'
            cand -H 'Virtual environment to run in'
            cand --virtualenv 'Virtual environment to run in'
            cand --home 'Virtual environment to run in'
            cand --venv 'Virtual environment to run in'
            cand --chdir 'Folder to run in; a file APP is relative to it'
            cand --chdir2 'Folder to change to once the application is loaded'
            cand --pythonpath 'Folder to import modules from, before all others (repeatable)'
            cand --pp 'Folder to import modules from, before all others (repeatable)'
            cand --python-path 'Folder to import modules from, before all others (repeatable)'
            cand --env 'Environment variable for the application (repeatable)'
            cand --envdir 'Environment variables for the application from a folder (repeatable): each file is one, an empty file removes one'
            cand --unenv 'Environment variable that the application does not get (repeatable)'
            cand --script-name 'SCRIPT_NAME: the URL prefix of the application'
            cand --upstream 'Forward requests below a path to other servers: http, https, uwsgi, suwsgi, fcgi, scgi, ajp (repeatable)'
            cand --upstream-timeout 'How long an upstream may take to begin a response, and between two pieces of one [default: 60]'
            cand --upstream-ca 'Roots that verify upstreams by https, instead of the system''s'
            cand --upstream-root 'Where the upstream by fcgi at this path has its PHP files (repeatable): those that are in the folder are run, index.php for a folder, and other files are served; --try-files /index.php answers for what is missing'
            cand --allow 'Let clients from an address, from a network such as 10.0.0.0/8, or `all` ask for a path and what is below it (repeatable; of all --allow and --deny the first one that covers path and client decides)'
            cand --deny 'Answer clients from there with status 403 (repeatable, in one order with --allow)'
            cand --access 'The same as rules: ''allow /PATH=NETWORK'' or ''deny /PATH=NETWORK'', for lists in files (repeatable, in one order with --allow and --deny)'
            cand --limit-rate 'Requests of one client address (IPv6: of one /64) for a path and what is below it, for example /login=10/m or /=50/s,burst=200; more get status 429 (repeatable, the longest path counts)'
            cand --basic-auth 'Ask for a name and a password of this file, as `htpasswd -B` makes it, below a path (repeatable, the longest path counts)'
            cand --forward-auth 'Ask this server (http, https, http+unix:SOCKET:/PATH) whether a request below a path may pass: it does with a status 2xx, else its response is the client''s (repeatable, the longest path counts)'
            cand --forward-auth-header 'Field of that server''s response that the application gets, such as Remote-User; clients cannot send it (repeatable)'
            cand --redirect 'Redirect a path and what is below it to a URL or another path, with the rest of the path and the query behind it; status 308, or another one as in ''/old=302 /new'' (repeatable, the longest path counts)'
            cand --error-page 'Page for errors of the server itself, such as 502=sorry.html or 404,410=gone.html; those of applications stay as they are (repeatable)'
            cand --static 'Serve the files of a folder below a path (repeatable)'
            cand --try-static 'As --static, but what is not a file there is left to the application; FOLDER may be one file (repeatable)'
            cand --try-static-whole 'As --try-static, but the whole path is looked for in FOLDER, with /PATH at its beginning (repeatable)'
            cand --static-root 'Serve the files of a folder at the root; with an application, what is not a file there is left to it'
            cand --try-files 'Without an application: the file that answers for all that are missing, as the page of a single-page application [without a value: /index.html]'
            cand --index 'File that is served for its folder (repeatable: the first one that is there); without this option index.html, and none with --try-static'
            cand --static-safe 'Serve what symbolic links lead to below this folder; no other link may leave its folder (repeatable)'
            cand --static-skip-ext 'Do not serve files whose name ends with this (repeatable)'
            cand --precompressed 'Files with a compressed variant beside them (style.css.br, .zst, .gz), which clients that accept it get: all, below:FOLDER, ending:TEXT or matching:REGEX (repeatable)'
            cand --expires 'Let clients keep files below a path for AGE: seconds, or 30m, 12h, 7d (repeatable)'
            cand --media-types 'Media types by the endings of files, in the format of mime.types (repeatable)'
            cand --header 'Add a header field to every response (repeatable); `Connection: close` closes the connection behind it'
            cand --remove-header 'Remove a header field of applications and files from every response (repeatable)'
            cand --collect-header 'Let rules for responses read a header field as a variable (repeatable)'
            cand --pull-header 'As --collect-header, and clients do not get the field (repeatable)'
            cand --rule 'Rule of uWSGI''s router, with its name and value: ''route ^/private break:403'' (repeatable, in this order)'
            cand --host 'Name of the site: www.example.com, or *.example.com for names with one label more (repeatable)'
            cand --vhost 'Serve another site to HOST: FILE has the keys of one [[site]] table of certkit.toml (repeatable)'
            cand --canonical-host 'The one host of the site: requests for its others are redirected there, path and query kept'
            cand --unknown-host 'Whether hosts that no site names, and no certificate, get the site of [serve] (serve), or no TLS handshake and status 421 or 400 (refuse) [default: serve]'
            cand --daemonize 'Run in the background and write all output to FILE; the command returns when the application is loaded'
            cand --pidfile 'Write the process id to FILE and lock it, so that no second server uses it; it is removed at the end'
            cand --pidfile2 'Write the process id to FILE too (repeatable)'
            cand --control-fifo 'Take commands from a named pipe (repeatable): r, R, w, W or c reload, q stop, Q stop at once, l or L open the log files again'
            cand --touch-reload 'Reload when the modification time of FILE changes (repeatable)'
            cand --user 'Started as root: bind sockets, open logs and keys, then become USER with its groups (name or number)'
            cand --group 'Started as root: run as this group instead of the one that --user has (name or number)'
            cand --add-group 'Started as root: run as a member of this group too (repeatable)'
            cand --chroot 'Started as root: make DIR the root folder once sockets, logs and keys are open'
            cand --umask 'Permission bits that new files of the server and of the application do not get, in octal'
            cand --limit-as 'Largest address space of each worker, in MiB; what needs more gets MemoryError [default: no limit]'
            cand --max-fd 'Open files that the server and each worker may have [default: as many as the system allows]'
            cand --flock 'Lock FILE before anything else (repeatable); do not start if another process has locked it'
            cand --flock-wait 'The same, and wait until it is free'
            cand --log-file 'Append everything that certkit and the application print to a file; USR1 opens it again after it was moved away'
            cand --log-max-size 'Move log files away when they have reached SIZE, each to its own name with a dot and the time in seconds'
            cand --log-backup-name 'Move the file of --log-file to FILE instead, replacing what is there'
            cand --touch-logreopen 'Open the log files again when the modification time of FILE changes (repeatable)'
            cand --touch-logrotate 'Move the log files away, as --log-max-size does, when the modification time of FILE changes (repeatable)'
            cand --log-slow 'Log requests that take TIME or longer in spite of --disable-logging'
            cand --log-big 'Log requests whose responses have SIZE bytes of body or more in spite of --disable-logging'
            cand --log-date 'How %(ftime) in --log-format is written, as in strftime(3), for example ''%d/%b/%Y %H:%M:%S'''
            cand --stats 'Tell clients that connect here how the server is doing: JSON as uwsgitop reads it, and by HTTP also /metrics for Prometheus'
            cand --attach-daemon 'Run COMMAND beside the server (repeatable): as the user of --user, started again when it ends, ended with the server'
            cand --attach-control-daemon 'As --attach-daemon, and the server stops when COMMAND ends'
            cand --attach-daemon2 'As --attach-daemon, in detail: cmd, pidfile, freq, control, daemonize, touch, stopsignal, reloadsignal, stdin, uid, gid, chdir, max_throttle, notifypid'
            cand --smart-attach-daemon 'Run COMMAND unless the process in PIDFILE runs; it goes into the background by itself, and goes on when the server ends'
            cand --smart-attach-daemon2 'The same for a COMMAND that stays in the foreground: certkit writes PIDFILE'
            cand --hook 'Do something at a moment of the server''s life (repeatable), for example `pre-app exec:./migrate`; the server does not start when it fails'
            cand --emperor 'Start one server for each option file of a folder or pattern (repeatable), and serve nothing else'
            cand --emperor-freq 'How often the files are looked at [default: 3]'
            cand --emperor-throttle 'How much longer each pause is than the one before, while a server does not start [default: 1000]'
            cand --emperor-max-throttle 'The longest of these pauses [default: 180]'
            cand --emperor-stats 'Show what the emperor knows of its servers: JSON for each connection to ADDRESS:PORT or to a unix socket'
            cand --vassal-set 'A placeholder for all files of the emperor (repeatable)'
            cand --vassals-inherit 'An option file that all files of the emperor inherit from (repeatable)'
            cand --vassals-include 'An option file that all files of the emperor include (repeatable)'
            cand --trust-proxy 'Believe X-Forwarded-For and X-Forwarded-Proto from here: an address, a network such as 10.0.0.0/8, or unix: for unix sockets (repeatable)'
            cand --allow-uwsgi-vars 'Pass this variable UWSGI_... of a front server on to the application (repeatable)'
            cand --scheme 'All requests came by http, or all by https, whatever a front server says'
            cand --limit-post 'Largest request body; larger ones get status 413; 0 for no limit [default: 1g]'
            cand --post-buffering 'Request bodies are complete before the application is called; what is beyond this size waits in a temporary file [default: 64k]'
            cand -b 'Behind a front server: largest request head (all variables together); larger ones get status 431 [default: 65535]'
            cand --buffer-size 'Behind a front server: largest request head (all variables together); larger ones get status 431 [default: 65535]'
            cand --header-timeout 'Time to receive the request line and headers [default: 10]'
            cand --body-timeout 'Longest pause within a request body [default: 10]'
            cand --keepalive 'Close idle connections after SECONDS [default: 60]'
            cand --graceful-timeout 'Time for running requests to finish when the server stops, or in old workers after HUP [default: 30]'
            cand --buffer-memory 'Memory for all request and response bodies together that wait for slow clients or for workers [default: 64m]'
            cand --buffer-file 'Space for one response in the temporary file, when its client is slower than the application; beyond it, the application waits [default: 1g]'
            cand --buffer-dir 'Folder of the temporary file for request and response bodies. On a tmpfs, as /tmp often is, they take memory [default: $TMPDIR, then /tmp]'
            cand --no-buffering 'Do not buffer below this path (repeatable): responses are sent as they are made, and request bodies beyond --post-buffering are read from the client. Responses with text/event-stream or X-Accel-Buffering: no are never buffered'
            cand --access-log 'Write the access log to a file, to standard error (-), or nowhere (off); also to what --log-file can name [default: -; off with --quiet]'
            cand --log-format 'Format of the access log: combined, json, or text with uWSGI''s variables, such as ''%(addr) %(method) %(uri) %(status) %(msecs)'' [default: combined]'
            cand --logformat 'Format of the access log: combined, json, or text with uWSGI''s variables, such as ''%(addr) %(method) %(uri) %(status) %(msecs)'' [default: combined]'
            cand --show-config 'Print the settings in use and exit: as uWSGI prints them (ini), or as a certkit.toml with the same settings (toml) [without a word: ini]'
            cand --ini 'Read an option file of uWSGI, or `-` for standard input (repeatable). Every option of uWSGI can also be typed, as --WORD VALUE'
            cand --yaml 'Read an option file in YAML (repeatable)'
            cand --json 'Read an option file in JSON (repeatable)'
            cand --xml 'Read an option file in XML (repeatable)'
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand --reuse-port 'Share TCP addresses with other servers that do the same (SO_REUSEPORT)'
            cand --freebind 'Listen on addresses that this machine does not have yet (IP_FREEBIND)'
            cand --so-keepalive 'Probe TCP connections on which nothing is sent (SO_KEEPALIVE)'
            cand --no-session-tickets 'Resume no TLS session: each connection begins with a whole handshake'
            cand --force 'Start even if the certificate has expired, the chain is in the wrong order or an OCSP response cannot be used (never with a wrong key)'
            cand --acme-dns-account 'Answer dns-account-01 instead of dns-01, by the same means: several accounts can prove a name at a time'
            cand --agree-tos 'Agree to the terms of service of the ACME server (required for a new account)'
            cand --default-mount 'Without APP, the first application of --mount also gets what is for none of them, as in uWSGI'
            cand --reload-on-exception 'Replace a worker when the application has raised an exception'
            cand --gevent-monkey-patch 'With --gevent: call gevent.monkey.patch_all() before the application is loaded'
            cand --catch-exceptions 'For development: show clients on this machine the traceback of an exception'
            cand --manage-script-name 'Behind a front server: remove SCRIPT_NAME from PATH_INFO'
            cand --secure-headers 'Add X-Content-Type-Options: nosniff, Referrer-Policy: strict-origin-when-cross-origin and X-Frame-Options: SAMEORIGIN to responses that lack them'
            cand --gzip 'Compress text of 1 KiB or more with gzip for clients that accept it'
            cand --zstd 'Compress text of 1 KiB or more with Zstandard for clients that accept it; with --gzip too, clients get what they prefer, and Zstandard if they have no preference'
            cand --check 'Judge the settings and what they name (certificates, folders, files of applications), say what holds or what is wrong with file and line, and end'
            cand --no-initgroups 'Without the supplementary groups of --user'
            cand --exit-on-reload 'Stop where a reload is asked for; a service manager starts the server again'
            cand --log-truncate 'Empty the file of --log-file at the start'
            cand --log-reopen 'Open the log files again on HUP too'
            cand --disable-logging 'Leave requests out of the access log, except those that --log-4xx and its like choose'
            cand --log-4xx 'Log requests with a status from 400 to 499 in spite of --disable-logging'
            cand --log-5xx 'Log requests with a status from 500 to 599 in spite of --disable-logging'
            cand --log-zero 'Log requests whose responses have no body in spite of --disable-logging'
            cand --stats-http 'Expect HTTP of every client of --stats, also of one that is slow to ask'
            cand --stats-min 'Write the JSON of --stats without white space'
            cand --stats-no-cores 'Leave the threads of workers out of the JSON of --stats'
            cand --daemons-honour-stdin 'Commands beside the server read the server''s standard input instead of /dev/null'
            cand --emperor-tyrant 'Started as root: each server runs as the owner and group of its file; files of root''s are left alone'
            cand --emperor-nofollow 'A file that is a symbolic link is touched when the link is'
            cand --emperor-tyrant-nofollow 'With --emperor-tyrant: a symbolic link is served as the owner of the link'
            cand --trust-forwarded 'Believe them on uwsgi, fcgi, scgi and ajp listeners too'
            cand --proxy-protocol 'Connections from --trust-proxy begin with a PROXY header, which names the client'
            cand --strict 'Refuse to start with options that uWSGI does not know either'
            cand --lenient 'Start without what certkit cannot do, except where that protects'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;completions'= {
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;man'= {
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;options'= {
            cand --format 'Report as text for people or as one JSON object for scripts'
            cand --color 'When to use colour; the variable NO_COLOR turns it off'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Log more (serve; -vv: debug)'
            cand --verbose 'Log more (serve; -vv: debug)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certkit;help'= {
            cand mkca 'Make your own certificate authority (CA)'
            cand mkcert 'Make a server certificate signed by your CA'
            cand csr 'Make a certificate signing request (CSR) for another CA'
            cand sign 'Sign a certificate signing request with your CA'
            cand renew 'Renew certificates of your CA: same names, same key, a new validity of the same length'
            cand revoke 'Revoke certificates of your CA'
            cand crl 'Make the certificate revocation list (CRL) of your CA'
            cand list 'List the certificates of your CA, those that expire first on top'
            cand export 'Write a certificate from the CA''s ledger again, for example when its file is lost'
            cand merge 'Put a server certificate and its CA bundle together, in the right order'
            cand check 'Check a certificate chain: does it hold, and if not, why and how to fix it'
            cand show 'Describe a file (certificate, key, request, revocation list, PKCS#7, PKCS#12) or what a running server sends'
            cand key 'Make, show, encrypt, decrypt and compare private keys'
            cand convert 'Convert certificates and keys: PEM, DER, PKCS#12, PKCS#7, PKCS#8, PKCS#1, SEC1'
            cand trust 'Make this machine trust your CA: system, browsers, Java'
            cand hosts 'Point names to this machine for development, in the hosts file'
            cand acme 'Get certificates from Let''s Encrypt or another ACME server'
            cand ca 'Run your CA as a service'
            cand serve 'Serve a Python web application on https'
            cand completions 'Print shell completions'
            cand man 'Print the manual page, or write one per command into a folder'
            cand options 'The options and variables of every command'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'certkit;help;mkca'= {
        }
        &'certkit;help;mkcert'= {
        }
        &'certkit;help;csr'= {
        }
        &'certkit;help;sign'= {
        }
        &'certkit;help;renew'= {
        }
        &'certkit;help;revoke'= {
        }
        &'certkit;help;crl'= {
        }
        &'certkit;help;list'= {
        }
        &'certkit;help;export'= {
        }
        &'certkit;help;merge'= {
        }
        &'certkit;help;check'= {
        }
        &'certkit;help;show'= {
        }
        &'certkit;help;key'= {
            cand new 'Make a new private key'
            cand show 'Show the kind of key in a file and the fingerprint of its public key'
            cand encrypt 'Encrypt a key with a password'
            cand decrypt 'Remove the password from a key'
            cand match 'Check which certificates and requests belong to a key'
        }
        &'certkit;help;key;new'= {
        }
        &'certkit;help;key;show'= {
        }
        &'certkit;help;key;encrypt'= {
        }
        &'certkit;help;key;decrypt'= {
        }
        &'certkit;help;key;match'= {
        }
        &'certkit;help;convert'= {
        }
        &'certkit;help;trust'= {
            cand install 'Install the CA into the trust stores'
            cand uninstall 'Remove exactly this CA from the trust stores'
            cand list 'List every CA of certkit that a store trusts or a CA folder holds'
            cand status 'Ask each trust store whether it trusts the CA'
            cand env 'Print variables for programs that do not ask the stores: Node, pip, requests, git, Java'
            cand export 'Write the CA certificate to a file for another device'
        }
        &'certkit;help;trust;install'= {
        }
        &'certkit;help;trust;uninstall'= {
        }
        &'certkit;help;trust;list'= {
        }
        &'certkit;help;trust;status'= {
        }
        &'certkit;help;trust;env'= {
        }
        &'certkit;help;trust;export'= {
        }
        &'certkit;help;hosts'= {
            cand add 'Add a name'
            cand remove 'Remove a name that was added'
            cand check 'Check whether a name is there'
        }
        &'certkit;help;hosts;add'= {
        }
        &'certkit;help;hosts;remove'= {
        }
        &'certkit;help;hosts;check'= {
        }
        &'certkit;help;acme'= {
            cand obtain 'Get a certificate, unless the current one is still valid'
            cand renew 'Renew the certificates that are due, or those named'
            cand revoke 'Revoke a certificate'
            cand delete 'Delete a certificate: it is not renewed any more'
            cand import 'Take over accounts and certificates of certbot, lego or acme.sh'
            cand list 'List the certificates: names, server, days left, next renewal, last failure'
            cand account 'Show, change or close an account at a server'
            cand dns-record 'Print the TXT records that let this account have certificates for names, by dns-persist-01'
            cand dns-providers 'List the DNS providers that --dns takes, with the fields that each needs in its file of credentials'
            cand install-timer 'Install a timer that runs `certkit acme renew` every hour, at a minute that differs from machine to machine'
        }
        &'certkit;help;acme;obtain'= {
        }
        &'certkit;help;acme;renew'= {
        }
        &'certkit;help;acme;revoke'= {
        }
        &'certkit;help;acme;delete'= {
        }
        &'certkit;help;acme;import'= {
        }
        &'certkit;help;acme;list'= {
        }
        &'certkit;help;acme;account'= {
            cand show 'Show the account as the server knows it'
            cand update 'Set the account''s mail address'
            cand rollover 'Replace the account''s key'
            cand deactivate 'Close the account for good; the next order makes a new one'
        }
        &'certkit;help;acme;account;show'= {
        }
        &'certkit;help;acme;account;update'= {
        }
        &'certkit;help;acme;account;rollover'= {
        }
        &'certkit;help;acme;account;deactivate'= {
        }
        &'certkit;help;acme;dns-record'= {
        }
        &'certkit;help;acme;dns-providers'= {
        }
        &'certkit;help;acme;install-timer'= {
        }
        &'certkit;help;ca'= {
            cand serve 'Run an ACME server that issues certificates from your CA'
        }
        &'certkit;help;ca;serve'= {
        }
        &'certkit;help;serve'= {
        }
        &'certkit;help;completions'= {
        }
        &'certkit;help;man'= {
        }
        &'certkit;help;options'= {
        }
        &'certkit;help;help'= {
        }
    ]
    $completions[$command]
}
