# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_certkit_global_optspecs
    string join \n format= q/quiet v/verbose color= h/help V/version
end

function __fish_certkit_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_certkit_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_certkit_using_subcommand
    set -l cmd (__fish_certkit_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c certkit -n "__fish_certkit_needs_command" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_needs_command" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_needs_command" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_needs_command" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_needs_command" -s V -l version -d 'Print version'
complete -c certkit -n "__fish_certkit_needs_command" -f -a "mkca" -d 'Make your own certificate authority (CA)'
complete -c certkit -n "__fish_certkit_needs_command" -f -a "mkcert" -d 'Make a server certificate signed by your CA'
complete -c certkit -n "__fish_certkit_needs_command" -f -a "csr" -d 'Make a certificate signing request (CSR) for another CA'
complete -c certkit -n "__fish_certkit_needs_command" -f -a "sign" -d 'Sign a certificate signing request with your CA'
complete -c certkit -n "__fish_certkit_needs_command" -f -a "renew" -d 'Renew certificates of your CA: same names, same key, a new validity of the same length'
complete -c certkit -n "__fish_certkit_needs_command" -f -a "revoke" -d 'Revoke certificates of your CA'
complete -c certkit -n "__fish_certkit_needs_command" -f -a "crl" -d 'Make the certificate revocation list (CRL) of your CA'
complete -c certkit -n "__fish_certkit_needs_command" -f -a "list" -d 'List the certificates of your CA, those that expire first on top'
complete -c certkit -n "__fish_certkit_needs_command" -f -a "export" -d 'Write a certificate from the CA\'s ledger again, for example when its file is lost'
complete -c certkit -n "__fish_certkit_needs_command" -f -a "merge" -d 'Put a server certificate and its CA bundle together, in the right order'
complete -c certkit -n "__fish_certkit_needs_command" -f -a "check" -d 'Check a certificate chain: does it hold, and if not, why and how to fix it'
complete -c certkit -n "__fish_certkit_needs_command" -f -a "show" -d 'Describe a file (certificate, key, request, revocation list, PKCS#7, PKCS#12) or what a running server sends'
complete -c certkit -n "__fish_certkit_needs_command" -f -a "key" -d 'Make, show, encrypt, decrypt and compare private keys'
complete -c certkit -n "__fish_certkit_needs_command" -f -a "convert" -d 'Convert certificates and keys: PEM, DER, PKCS#12, PKCS#7, PKCS#8, PKCS#1, SEC1'
complete -c certkit -n "__fish_certkit_needs_command" -f -a "trust" -d 'Make this machine trust your CA: system, browsers, Java'
complete -c certkit -n "__fish_certkit_needs_command" -f -a "hosts" -d 'Point names to this machine for development, in the hosts file'
complete -c certkit -n "__fish_certkit_needs_command" -f -a "acme" -d 'Get certificates from Let\'s Encrypt or another ACME server'
complete -c certkit -n "__fish_certkit_needs_command" -f -a "ca" -d 'Run your CA as a service'
complete -c certkit -n "__fish_certkit_needs_command" -f -a "serve" -d 'Serve a Python web application on https'
complete -c certkit -n "__fish_certkit_needs_command" -f -a "completions" -d 'Print shell completions'
complete -c certkit -n "__fish_certkit_needs_command" -f -a "man" -d 'Print the manual page, or write one per command into a folder'
complete -c certkit -n "__fish_certkit_needs_command" -f -a "options" -d 'The options and variables of every command'
complete -c certkit -n "__fish_certkit_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c certkit -n "__fish_certkit_using_subcommand mkca" -s o -l output -d 'Folder for the files' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand mkca" -s k -l key-type -d 'Key type' -r -f -a "p256\t''
p384\t''
p521\t''
ed25519\t''
rsa2048\t''
rsa3072\t''
rsa4096\t''"
complete -c certkit -n "__fish_certkit_using_subcommand mkca" -l days -d 'Days until the CA expires' -r
complete -c certkit -n "__fish_certkit_using_subcommand mkca" -l permit -d 'Allow only these names: a domain or an address range; may be repeated' -r
complete -c certkit -n "__fish_certkit_using_subcommand mkca" -l exclude -d 'Forbid these names: a domain or an address range; may be repeated' -r
complete -c certkit -n "__fish_certkit_using_subcommand mkca" -l subject -d 'The whole subject, such as \'O=Our team,OU=A,OU=B,CN=Our CA\'; without a CN the default one is appended' -r
complete -c certkit -n "__fish_certkit_using_subcommand mkca" -l crl-url -d 'Address of the CA\'s revocation list, which the certificate then names; may be repeated' -r
complete -c certkit -n "__fish_certkit_using_subcommand mkca" -l issuer-url -d 'Address of the CA\'s certificate, for clients of servers that do not send it; may be repeated' -r
complete -c certkit -n "__fish_certkit_using_subcommand mkca" -l password-file -d 'File whose first line is the password for --encrypt, and of keys that are there already; - is standard input' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand mkca" -l take -d 'Take the certificate that was issued for intermediate.csr, after comparing it with the key and ca.crt' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand mkca" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand mkca" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand mkca" -l global -d 'Write to $XDG_DATA_HOME/certkit, where mkcert finds the CA from every folder'
complete -c certkit -n "__fish_certkit_using_subcommand mkca" -l intermediate -d 'Also make an intermediate CA, which then signs certificates: intermediate.crt and intermediate.key; beside a root that is there already, make only that'
complete -c certkit -n "__fish_certkit_using_subcommand mkca" -l throwaway-root -d 'Make a root and an intermediate, and never write the root\'s key: nobody can add another CA below it'
complete -c certkit -n "__fish_certkit_using_subcommand mkca" -l encrypt -d 'Encrypt the private keys with a password (PKCS#8, AES-256)'
complete -c certkit -n "__fish_certkit_using_subcommand mkca" -l rollover -d 'Make a new root with a new key, certified by the old one too (ca.cross.crt), for clients that trust only the old one; the old files are kept as ca.old-DATE.crt and .key'
complete -c certkit -n "__fish_certkit_using_subcommand mkca" -l csr -d 'Where the root\'s key is on another machine: write intermediate.key and intermediate.csr, to be signed there'
complete -c certkit -n "__fish_certkit_using_subcommand mkca" -l force -d 'Replace existing files; existing keys and certificates are kept as .bak'
complete -c certkit -n "__fish_certkit_using_subcommand mkca" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand mkca" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand mkca" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand mkcert" -s o -l output -d 'File name prefix: writes BASE.key, BASE.crt, BASE.csr; with --from, the folder' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand mkcert" -l from -d 'Make many certificates: each line of FILE has the names of one (# starts a comment; - is standard input)' -r
complete -c certkit -n "__fish_certkit_using_subcommand mkcert" -l crl-url -d 'Address of the CA\'s revocation list, which the certificate then names; may be repeated' -r
complete -c certkit -n "__fish_certkit_using_subcommand mkcert" -l issuer-url -d 'Address of the CA\'s certificate, for clients of servers that do not send it; may be repeated' -r
complete -c certkit -n "__fish_certkit_using_subcommand mkcert" -l ca -d 'The CA\'s certificate' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand mkcert" -l ca-key -d 'The CA\'s key [default: the file of --ca with .key]' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand mkcert" -l password-file -d 'File whose first line is the password of the CA\'s key; - is standard input' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand mkcert" -l ledger -d 'Record what is issued and revoked in this file [default: ledger.jsonl next to the CA]; none: record nothing' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand mkcert" -s k -l key-type -d 'Key type' -r -f -a "p256\t''
p384\t''
p521\t''
ed25519\t''
rsa2048\t''
rsa3072\t''
rsa4096\t''"
complete -c certkit -n "__fish_certkit_using_subcommand mkcert" -l days -d 'Days until the certificate expires, or hours (8h); never later than its CA' -r
complete -c certkit -n "__fish_certkit_using_subcommand mkcert" -l until -d 'Day or time at which the certificate expires: 2027-01-31 or 2027-01-31T12:00:00Z' -r
complete -c certkit -n "__fish_certkit_using_subcommand mkcert" -l key -d 'Use this private key instead of a new one' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand mkcert" -l key-password-file -d 'File whose first line is the password of --key; - is standard input' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand mkcert" -l subject -d 'The whole subject, such as \'C=DE,O=Our team\'; without a CN the first NAME is used' -r
complete -c certkit -n "__fish_certkit_using_subcommand mkcert" -l p12-password-file -d 'File whose first line is the password for --p12; - is standard input' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand mkcert" -l bundle -d 'Also write certificate, intermediates and key into one file, BASE.pem, as HAProxy reads them' -r -f -a "pem\t'PEM: certificate, intermediates, key'"
complete -c certkit -n "__fish_certkit_using_subcommand mkcert" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand mkcert" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand mkcert" -l if-needed -d 'Do nothing if the certificate exists, has the same names, matches its key and has more than a third of its lifetime left; otherwise replace it, if the same CA issued it'
complete -c certkit -n "__fish_certkit_using_subcommand mkcert" -l client -d 'Make a certificate for client authentication instead of a server. The first NAME, such as \'Alice Smith\', is the common name as typed'
complete -c certkit -n "__fish_certkit_using_subcommand mkcert" -l server -d 'With --client: one certificate for servers and clients, as the members of a cluster use it'
complete -c certkit -n "__fish_certkit_using_subcommand mkcert" -l legacy -d 'With --p12: encrypt it with triple DES and SHA-1, for old versions of Windows, macOS and Java'
complete -c certkit -n "__fish_certkit_using_subcommand mkcert" -l csr -d 'Also write the certificate signing request, BASE.csr'
complete -c certkit -n "__fish_certkit_using_subcommand mkcert" -l p12 -d 'Also write key and certificates as PKCS#12, BASE.p12, for browsers and Windows; needs a password'
complete -c certkit -n "__fish_certkit_using_subcommand mkcert" -l force -d 'Replace existing files (an existing key is kept as .bak), and allow more than 825 days'
complete -c certkit -n "__fish_certkit_using_subcommand mkcert" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand mkcert" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand mkcert" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand csr" -s o -l output -d 'Output file; - is standard output and needs --key. A new key is written next to it' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand csr" -l key -d 'Use this private key instead of a new one' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand csr" -l key-password-file -d 'File whose first line is the password of --key; - is standard input' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand csr" -s k -l key-type -d 'Key type' -r -f -a "p256\t''
p384\t''
p521\t''
ed25519\t''
rsa2048\t''
rsa3072\t''
rsa4096\t''"
complete -c certkit -n "__fish_certkit_using_subcommand csr" -l subject -d 'The whole subject, such as \'C=DE,O=Our team\'; without a CN the first NAME is used' -r
complete -c certkit -n "__fish_certkit_using_subcommand csr" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand csr" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand csr" -l force -d 'Replace existing files; an existing key is kept as .bak'
complete -c certkit -n "__fish_certkit_using_subcommand csr" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand csr" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand csr" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand sign" -l san -d 'Certify this name too, in addition to those in the request; may be repeated' -r
complete -c certkit -n "__fish_certkit_using_subcommand sign" -l profile -d 'What the certificate is for' -r -f -a "server\t'A server'
client\t'Client authentication'
ca\t'A CA below yours that signs server and client certificates'"
complete -c certkit -n "__fish_certkit_using_subcommand sign" -l days -d 'Days until the certificate expires, or hours (8h); never later than its CA [default: 397, for a CA 3650]' -r
complete -c certkit -n "__fish_certkit_using_subcommand sign" -l until -d 'Day or time at which the certificate expires: 2027-01-31 or 2027-01-31T12:00:00Z' -r
complete -c certkit -n "__fish_certkit_using_subcommand sign" -l crl-url -d 'Address of the CA\'s revocation list, which the certificate then names; may be repeated' -r
complete -c certkit -n "__fish_certkit_using_subcommand sign" -l issuer-url -d 'Address of the CA\'s certificate, for clients of servers that do not send it; may be repeated' -r
complete -c certkit -n "__fish_certkit_using_subcommand sign" -l ca -d 'The CA\'s certificate' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand sign" -l ca-key -d 'The CA\'s key [default: the file of --ca with .key]' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand sign" -l password-file -d 'File whose first line is the password of the CA\'s key; - is standard input' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand sign" -l ledger -d 'Record what is issued and revoked in this file [default: ledger.jsonl next to the CA]; none: record nothing' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand sign" -s o -l output -d 'Output file; - is standard output [default: the request\'s name with .crt, or standard output]' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand sign" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand sign" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand sign" -l force -d 'Replace existing files, and allow more than 825 days'
complete -c certkit -n "__fish_certkit_using_subcommand sign" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand sign" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand sign" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand renew" -l if-within -d 'Renew only if this much or less is left: a share of the lifetime (33%), a number of days (30d) or hours (8h)' -r
complete -c certkit -n "__fish_certkit_using_subcommand renew" -l key-password-file -d 'File whose first line is the password of encrypted keys (with --rekey) and PKCS#12 files; - is standard input' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand renew" -l install-timer -d 'Install a timer that runs this command every hour, with the other options, and makes the next revocation list when it is due. Without a value: systemd. It is not started: certkit prints the commands for that. With --dry-run the files are printed' -r -f -a "systemd\t'A systemd timer and its service'
cron\t'A file for /etc/cron.d, or a line for a user\'s crontab'"
complete -c certkit -n "__fish_certkit_using_subcommand renew" -l root -d 'Write the timer below this folder instead of /, for example for an image' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand renew" -l deploy-hook -l exec -d 'Run this shell command after something was renewed. CERTKIT_RENEWED holds the certificates\' files, one per line, and CERTKIT_NOT_RENEWED the files that still hold an old one' -r
complete -c certkit -n "__fish_certkit_using_subcommand renew" -l exit-code-if-renewed -d 'Exit with this status if something was renewed' -r
complete -c certkit -n "__fish_certkit_using_subcommand renew" -l ca -d 'The CA\'s certificate' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand renew" -l ca-key -d 'The CA\'s key [default: the file of --ca with .key]' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand renew" -l password-file -d 'File whose first line is the password of the CA\'s key; - is standard input' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand renew" -l ledger -d 'Record what is issued and revoked in this file [default: ledger.jsonl next to the CA]; none: record nothing' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand renew" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand renew" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand renew" -l rekey -d 'Make new keys too, in the files of the old ones, which are kept as .bak. A key that is not here, as after `certkit sign`, stays'
complete -c certkit -n "__fish_certkit_using_subcommand renew" -l dry-run -d 'Say what would be renewed, and change nothing'
complete -c certkit -n "__fish_certkit_using_subcommand renew" -l crl -d 'Also make the CA\'s next revocation list, if there is one that is in the last third of its time'
complete -c certkit -n "__fish_certkit_using_subcommand renew" -l force -d 'Replace files of a timer that have other contents'
complete -c certkit -n "__fish_certkit_using_subcommand renew" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand renew" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand renew" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand revoke" -l key -d 'Revoke every valid certificate of this key: a private key, a public key or a certificate' -r
complete -c certkit -n "__fish_certkit_using_subcommand revoke" -l reason -d 'Reason for the revocation' -r -f -a "unspecified\t''
keyCompromise\t''
caCompromise\t''
affiliationChanged\t''
superseded\t''
cessationOfOperation\t''
certificateHold\t''
privilegeWithdrawn\t''"
complete -c certkit -n "__fish_certkit_using_subcommand revoke" -l ca -d 'The CA\'s certificate' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand revoke" -l ca-key -d 'The CA\'s key [default: the file of --ca with .key]' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand revoke" -l password-file -d 'File whose first line is the password of the CA\'s key; - is standard input' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand revoke" -l ledger -d 'Record what is issued and revoked in this file [default: ledger.jsonl next to the CA]; none: record nothing' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand revoke" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand revoke" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand revoke" -l all -d 'If there are several valid certificates for NAME, revoke them all'
complete -c certkit -n "__fish_certkit_using_subcommand revoke" -l same-names -d 'Also revoke every valid certificate with the same names'
complete -c certkit -n "__fish_certkit_using_subcommand revoke" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand revoke" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand revoke" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand crl" -s o -l output -d 'Output file; - is standard output [default: the CA\'s file with .crl]' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand crl" -l days -d 'Days until the next list is due' -r
complete -c certkit -n "__fish_certkit_using_subcommand crl" -l ca -d 'The CA\'s certificate' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand crl" -l ca-key -d 'The CA\'s key [default: the file of --ca with .key]' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand crl" -l password-file -d 'File whose first line is the password of the CA\'s key; - is standard input' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand crl" -l ledger -d 'Record what is issued and revoked in this file [default: ledger.jsonl next to the CA]; none: record nothing' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand crl" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand crl" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand crl" -l force -d 'Replace an existing file that is not a list of this CA'
complete -c certkit -n "__fish_certkit_using_subcommand crl" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand crl" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand crl" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand list" -l expiring -d 'Only those with this much or less left: a share of the lifetime (33%) or a number of days (30d)' -r
complete -c certkit -n "__fish_certkit_using_subcommand list" -l ca -d 'The CA\'s certificate: only what this CA issued' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand list" -l ledger -d 'The ledger [default: ledger.jsonl next to the CA]' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand list" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand list" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand list" -l revoked -d 'Only those that were revoked'
complete -c certkit -n "__fish_certkit_using_subcommand list" -l all -d 'Also those that are expired or revoked'
complete -c certkit -n "__fish_certkit_using_subcommand list" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand list" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand export" -s o -l output -d 'Output file; - is standard output [default: -]' -r
complete -c certkit -n "__fish_certkit_using_subcommand export" -l ca -d 'The CA\'s certificate: only what this CA issued' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand export" -l ledger -d 'The ledger [default: ledger.jsonl next to the CA]' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand export" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand export" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand export" -l chain -d 'Add the intermediates, as a server sends them'
complete -c certkit -n "__fish_certkit_using_subcommand export" -l force -d 'Replace an existing file'
complete -c certkit -n "__fish_certkit_using_subcommand export" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand export" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand merge" -s o -l output -d 'The file to write; - is standard output' -r
complete -c certkit -n "__fish_certkit_using_subcommand merge" -l key -d 'The private key: chooses among several server certificates; it must belong to one of them' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand merge" -l password-file -d 'The password of PKCS#12 files and of the key: the first line of this file; - is standard input' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand merge" -l roots -d 'Trust only the roots in this file, instead of the system\'s and your own CA; may be repeated' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand merge" -l at -d 'Check as of this time (RFC 3339, such as 2026-11-20T12:00:00Z)' -r
complete -c certkit -n "__fish_certkit_using_subcommand merge" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand merge" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand merge" -l fetch -d 'Download a missing intermediate from the address that the certificate names'
complete -c certkit -n "__fish_certkit_using_subcommand merge" -l include-root -d 'Keep the root at the end (most servers should not send it)'
complete -c certkit -n "__fish_certkit_using_subcommand merge" -l force -d 'Replace an existing file'
complete -c certkit -n "__fish_certkit_using_subcommand merge" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand merge" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand merge" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand check" -l host -d 'The name that clients will use: DNS name or IP address (a URL or host:port works too); it is also sent to a running server' -r
complete -c certkit -n "__fish_certkit_using_subcommand check" -l email -d 'A mail address that the certificate must be for; may be repeated' -r
complete -c certkit -n "__fish_certkit_using_subcommand check" -l roots -d 'Trust these CA certificates and no others; may be repeated' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand check" -l key -d 'The private key; it must belong to the server certificate' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand check" -l key-password-file -d 'The password of the key, or of a PKCS#12 file: the first line of this file; - is standard input' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand check" -l crl -d 'A revocation list (PEM or DER) to check the certificates against; may be repeated' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand check" -l purpose -d 'What the certificate is for' -r -f -a "server\t'A server'
client\t'Client authentication'"
complete -c certkit -n "__fish_certkit_using_subcommand check" -l profile -d 'Which rules to apply: what clients do, those of the public web, or RFC 5280 alone' -r -f -a "tls\t'What browsers, openssl and rustls all refuse is an error; what one family refuses is a warning that names it'
webpki\t'RFC 5280 and the CA/Browser Forum\'s baseline requirements: for certificates of public CAs'
rfc5280\t'RFC 5280 alone, with its optional checks'"
complete -c certkit -n "__fish_certkit_using_subcommand check" -l max-depth -d 'Fail when there are more intermediates than this; self-issued ones do not count' -r
complete -c certkit -n "__fish_certkit_using_subcommand check" -l at -d 'Check as of this time (RFC 3339, such as 2026-11-20T12:00:00Z)' -r
complete -c certkit -n "__fish_certkit_using_subcommand check" -l min-days -d 'Fail when the chain expires within this many days' -r
complete -c certkit -n "__fish_certkit_using_subcommand check" -l starttls -d 'The server starts with this protocol unencrypted, and TLS begins after its STARTTLS command' -r -f -a "smtp\t'Mail servers and mail submission; port 587 unless another is named'
imap\t'Port 143'
pop3\t'Port 110'
ldap\t'Port 389'
postgres\t'PostgreSQL, port 5432'"
complete -c certkit -n "__fish_certkit_using_subcommand check" -l timeout -d 'Give up SECONDS after the start, whatever the server does [default: 10; with --deep 60]' -r
complete -c certkit -n "__fish_certkit_using_subcommand check" -l http-port -d 'Ask an https server for its page without TLS too, on this port: it must redirect to https [with --deep and port 443: 80]' -r
complete -c certkit -n "__fish_certkit_using_subcommand check" -l min-grade -d 'Fail when the server\'s grade is below this one: A+, A, B, C, D or F (docs/server-grade.md)' -r
complete -c certkit -n "__fish_certkit_using_subcommand check" -l server -d 'The program of the server, whose configuration the fixes are for; recognised by its answer over https where it names itself' -r -f -a "apache\t''
caddy\t''
certkit\t''
dovecot\t''
granian\t''
gunicorn\t''
haproxy\t''
lighttpd\t''
nginx\t''
postfix\t''
uwsgi\t''"
complete -c certkit -n "__fish_certkit_using_subcommand check" -l jobs -d 'Of several files or servers, check N at a time' -r
complete -c certkit -n "__fish_certkit_using_subcommand check" -l batch -d 'Check many chains: one JSON object per line in, one per line out; - is standard input' -r
complete -c certkit -n "__fish_certkit_using_subcommand check" -l explain -d 'Explain a finding code: what it means, why it matters, which clients care, how to fix it' -r
complete -c certkit -n "__fish_certkit_using_subcommand check" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand check" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand check" -l deep -d 'List every protocol, cipher suite and group that the server accepts, with some dozens of connections'
complete -c certkit -n "__fish_certkit_using_subcommand check" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand check" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand show" -l password-file -d 'The password of a PKCS#12 file or an encrypted key: the first line of this file; - is standard input' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand show" -l host -d 'The name to ask the server for, if it is not the HOST of HOST:PORT' -r
complete -c certkit -n "__fish_certkit_using_subcommand show" -l starttls -d 'The server starts with this protocol unencrypted, and TLS begins after its STARTTLS command' -r -f -a "smtp\t'Mail servers and mail submission; port 587 unless another is named'
imap\t'Port 143'
pop3\t'Port 110'
ldap\t'Port 389'
postgres\t'PostgreSQL, port 5432'"
complete -c certkit -n "__fish_certkit_using_subcommand show" -l timeout -d 'Give up SECONDS after the start, whatever the server does [default: 10; with --deep 60]' -r
complete -c certkit -n "__fish_certkit_using_subcommand show" -l at -d 'Count the days left from this time (RFC 3339, such as 2026-11-20T12:00:00Z)' -r
complete -c certkit -n "__fish_certkit_using_subcommand show" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand show" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand show" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand show" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand key; and not __fish_seen_subcommand_from new show encrypt decrypt match help" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand key; and not __fish_seen_subcommand_from new show encrypt decrypt match help" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand key; and not __fish_seen_subcommand_from new show encrypt decrypt match help" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand key; and not __fish_seen_subcommand_from new show encrypt decrypt match help" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand key; and not __fish_seen_subcommand_from new show encrypt decrypt match help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand key; and not __fish_seen_subcommand_from new show encrypt decrypt match help" -f -a "new" -d 'Make a new private key'
complete -c certkit -n "__fish_certkit_using_subcommand key; and not __fish_seen_subcommand_from new show encrypt decrypt match help" -f -a "show" -d 'Show the kind of key in a file and the fingerprint of its public key'
complete -c certkit -n "__fish_certkit_using_subcommand key; and not __fish_seen_subcommand_from new show encrypt decrypt match help" -f -a "encrypt" -d 'Encrypt a key with a password'
complete -c certkit -n "__fish_certkit_using_subcommand key; and not __fish_seen_subcommand_from new show encrypt decrypt match help" -f -a "decrypt" -d 'Remove the password from a key'
complete -c certkit -n "__fish_certkit_using_subcommand key; and not __fish_seen_subcommand_from new show encrypt decrypt match help" -f -a "match" -d 'Check which certificates and requests belong to a key'
complete -c certkit -n "__fish_certkit_using_subcommand key; and not __fish_seen_subcommand_from new show encrypt decrypt match help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from new" -s k -l key-type -d 'Key type' -r -f -a "p256\t''
p384\t''
p521\t''
ed25519\t''
rsa2048\t''
rsa3072\t''
rsa4096\t''"
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from new" -s o -l output -d 'Where to write; - is standard output' -r
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from new" -l password-file -d 'The password: the first line of this file; - is standard input' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from new" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from new" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from new" -l encrypt -d 'Encrypt it with a password from --password-file, CERTKIT_PASSWORD or the terminal'
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from new" -l force -d 'Replace an existing file (the old key is kept as .bak)'
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from new" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from new" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from new" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from show" -l password-file -d 'The password of the key: the first line of this file; - is standard input' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from show" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from show" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from encrypt" -s o -l output -d 'Where to write; - is standard output, which is also the default unless that is a terminal' -r
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from encrypt" -l password-file -d 'The password: the first line of this file; - is standard input' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from encrypt" -l new-password-file -d 'The new password of a key that has one already; --password-file then names the old one' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from encrypt" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from encrypt" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from encrypt" -l force -d 'Replace an existing file (it is kept as .bak)'
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from encrypt" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from encrypt" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from encrypt" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from decrypt" -s o -l output -d 'Where to write; - is standard output, which is also the default unless that is a terminal' -r
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from decrypt" -l password-file -d 'The password: the first line of this file; - is standard input' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from decrypt" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from decrypt" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from decrypt" -l force -d 'Replace an existing file (it is kept as .bak)'
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from decrypt" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from decrypt" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from decrypt" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from match" -l password-file -d 'The password of the key and of PKCS#12 files: the first line of this file; - is standard input' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from match" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from match" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from match" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from match" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from match" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "new" -d 'Make a new private key'
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show the kind of key in a file and the fingerprint of its public key'
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "encrypt" -d 'Encrypt a key with a password'
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "decrypt" -d 'Remove the password from a key'
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "match" -d 'Check which certificates and requests belong to a key'
complete -c certkit -n "__fish_certkit_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c certkit -n "__fish_certkit_using_subcommand convert" -s o -l output -d 'Where to write; - is standard output, which is also the default. Nothing binary or secret goes to a terminal' -r
complete -c certkit -n "__fish_certkit_using_subcommand convert" -l to -d 'The form to write' -r -f -a "pem\t'Text with BEGIN and END lines, everything in it'
der\t'Binary, one object'
p12\t'PKCS#12 (.p12, .pfx): key and certificates, encrypted with a password'
p7b\t'PKCS#7 (.p7b): certificates without keys'
pkcs8\t'PKCS#8: the key, of any kind'
pkcs1\t'PKCS#1: the key in the older form for RSA'
sec1\t'SEC1: the key in the older form for elliptic curves'"
complete -c certkit -n "__fish_certkit_using_subcommand convert" -l key -d 'Add the private key of this file' -r
complete -c certkit -n "__fish_certkit_using_subcommand convert" -l chain -d 'Add the certificates of this file' -r
complete -c certkit -n "__fish_certkit_using_subcommand convert" -l password-file -d 'The password of the input, and of the new file unless --new-password-file names another: the first line of this file; - is standard input' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand convert" -l new-password-file -d 'The password of the new file: the first line of this file' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand convert" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand convert" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand convert" -l legacy -d 'Encrypt PKCS#12 with triple DES and SHA-1, for old versions of Windows, macOS and Java (before 8u301)'
complete -c certkit -n "__fish_certkit_using_subcommand convert" -l force -d 'Replace an existing file (one with a key is kept as .bak)'
complete -c certkit -n "__fish_certkit_using_subcommand convert" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand convert" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand convert" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand trust; and not __fish_seen_subcommand_from install uninstall list status env export help" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand trust; and not __fish_seen_subcommand_from install uninstall list status env export help" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand trust; and not __fish_seen_subcommand_from install uninstall list status env export help" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand trust; and not __fish_seen_subcommand_from install uninstall list status env export help" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand trust; and not __fish_seen_subcommand_from install uninstall list status env export help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand trust; and not __fish_seen_subcommand_from install uninstall list status env export help" -f -a "install" -d 'Install the CA into the trust stores'
complete -c certkit -n "__fish_certkit_using_subcommand trust; and not __fish_seen_subcommand_from install uninstall list status env export help" -f -a "uninstall" -d 'Remove exactly this CA from the trust stores'
complete -c certkit -n "__fish_certkit_using_subcommand trust; and not __fish_seen_subcommand_from install uninstall list status env export help" -f -a "list" -d 'List every CA of certkit that a store trusts or a CA folder holds'
complete -c certkit -n "__fish_certkit_using_subcommand trust; and not __fish_seen_subcommand_from install uninstall list status env export help" -f -a "status" -d 'Ask each trust store whether it trusts the CA'
complete -c certkit -n "__fish_certkit_using_subcommand trust; and not __fish_seen_subcommand_from install uninstall list status env export help" -f -a "env" -d 'Print variables for programs that do not ask the stores: Node, pip, requests, git, Java'
complete -c certkit -n "__fish_certkit_using_subcommand trust; and not __fish_seen_subcommand_from install uninstall list status env export help" -f -a "export" -d 'Write the CA certificate to a file for another device'
complete -c certkit -n "__fish_certkit_using_subcommand trust; and not __fish_seen_subcommand_from install uninstall list status env export help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from install" -l ca -d 'The same as FILE' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from install" -l store -d 'Which stores; may be repeated' -r -f -a "all\t'Every store on this machine'
system\t'The operating system\'s: curl, Python, Go'
nss\t'The user\'s NSS database: Chromium, Chrome'
firefox\t'Every profile of Firefox'
java\t'Java\'s cacerts'"
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from install" -l root -d 'Use this folder as /, such as a mounted system image; its own commands are printed, not run' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from install" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from install" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from install" -l dry-run -d 'Print what would be done without doing it'
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from install" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from install" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from install" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from uninstall" -l ca -d 'The CA certificate' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from uninstall" -l store -d 'Which stores; may be repeated' -r -f -a "all\t'Every store on this machine'
system\t'The operating system\'s: curl, Python, Go'
nss\t'The user\'s NSS database: Chromium, Chrome'
firefox\t'Every profile of Firefox'
java\t'Java\'s cacerts'"
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from uninstall" -l root -d 'Use this folder as /, such as a mounted system image; its own commands are printed, not run' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from uninstall" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from uninstall" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from uninstall" -l all -d 'Remove every CA that certkit made; it asks first'
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from uninstall" -l yes -d 'Do not ask'
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from uninstall" -l dry-run -d 'Print what would be done without doing it'
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from uninstall" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from uninstall" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from uninstall" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from list" -l store -d 'Which stores; may be repeated' -r -f -a "all\t'Every store on this machine'
system\t'The operating system\'s: curl, Python, Go'
nss\t'The user\'s NSS database: Chromium, Chrome'
firefox\t'Every profile of Firefox'
java\t'Java\'s cacerts'"
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from list" -l root -d 'Use this folder as /, such as a mounted system image; its own commands are printed, not run' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from list" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from list" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from status" -l ca -d 'The same as FILE' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from status" -l store -d 'Which stores; may be repeated' -r -f -a "all\t'Every store on this machine'
system\t'The operating system\'s: curl, Python, Go'
nss\t'The user\'s NSS database: Chromium, Chrome'
firefox\t'Every profile of Firefox'
java\t'Java\'s cacerts'"
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from status" -l root -d 'Use this folder as /, such as a mounted system image; its own commands are printed, not run' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from status" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from status" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from status" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from status" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from env" -l ca -d 'The same as FILE' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from env" -l shell -d 'How to print them' -r -f -a "sh\t'sh, bash, zsh'
fish\t'fish'
powershell\t'PowerShell'
dotenv\t'NAME=value, for docker --env-file, compose, systemd and .env files'
dockerfile\t'Lines that make an image trust the CA'"
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from env" -l root -d 'Use this folder as /, such as a mounted system image' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from env" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from env" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from env" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from env" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from env" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from export" -l ca -d 'The same as FILE' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from export" -s o -l output -d 'Output file; - is standard output. The ending .der or .cer selects DER (for Android), .mobileconfig a profile [default: ca.crt, with --mobileconfig ca.mobileconfig]' -r
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from export" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from export" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from export" -l mobileconfig -d 'Write a configuration profile for iPhone, iPad and Mac'
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from export" -l force -d 'Replace an existing file'
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from export" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from export" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from help" -f -a "install" -d 'Install the CA into the trust stores'
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from help" -f -a "uninstall" -d 'Remove exactly this CA from the trust stores'
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from help" -f -a "list" -d 'List every CA of certkit that a store trusts or a CA folder holds'
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from help" -f -a "status" -d 'Ask each trust store whether it trusts the CA'
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from help" -f -a "env" -d 'Print variables for programs that do not ask the stores: Node, pip, requests, git, Java'
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from help" -f -a "export" -d 'Write the CA certificate to a file for another device'
complete -c certkit -n "__fish_certkit_using_subcommand trust; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c certkit -n "__fish_certkit_using_subcommand hosts; and not __fish_seen_subcommand_from add remove check help" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand hosts; and not __fish_seen_subcommand_from add remove check help" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand hosts; and not __fish_seen_subcommand_from add remove check help" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand hosts; and not __fish_seen_subcommand_from add remove check help" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand hosts; and not __fish_seen_subcommand_from add remove check help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand hosts; and not __fish_seen_subcommand_from add remove check help" -f -a "add" -d 'Add a name'
complete -c certkit -n "__fish_certkit_using_subcommand hosts; and not __fish_seen_subcommand_from add remove check help" -f -a "remove" -d 'Remove a name that was added'
complete -c certkit -n "__fish_certkit_using_subcommand hosts; and not __fish_seen_subcommand_from add remove check help" -f -a "check" -d 'Check whether a name is there'
complete -c certkit -n "__fish_certkit_using_subcommand hosts; and not __fish_seen_subcommand_from add remove check help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c certkit -n "__fish_certkit_using_subcommand hosts; and __fish_seen_subcommand_from add" -l file -d 'The hosts file' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand hosts; and __fish_seen_subcommand_from add" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand hosts; and __fish_seen_subcommand_from add" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand hosts; and __fish_seen_subcommand_from add" -l dry-run -d 'Print what would be done without doing it'
complete -c certkit -n "__fish_certkit_using_subcommand hosts; and __fish_seen_subcommand_from add" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand hosts; and __fish_seen_subcommand_from add" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand hosts; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand hosts; and __fish_seen_subcommand_from remove" -l file -d 'The hosts file' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand hosts; and __fish_seen_subcommand_from remove" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand hosts; and __fish_seen_subcommand_from remove" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand hosts; and __fish_seen_subcommand_from remove" -l dry-run -d 'Print what would be done without doing it'
complete -c certkit -n "__fish_certkit_using_subcommand hosts; and __fish_seen_subcommand_from remove" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand hosts; and __fish_seen_subcommand_from remove" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand hosts; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand hosts; and __fish_seen_subcommand_from check" -l file -d 'The hosts file' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand hosts; and __fish_seen_subcommand_from check" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand hosts; and __fish_seen_subcommand_from check" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand hosts; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand hosts; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand hosts; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand hosts; and __fish_seen_subcommand_from help" -f -a "add" -d 'Add a name'
complete -c certkit -n "__fish_certkit_using_subcommand hosts; and __fish_seen_subcommand_from help" -f -a "remove" -d 'Remove a name that was added'
complete -c certkit -n "__fish_certkit_using_subcommand hosts; and __fish_seen_subcommand_from help" -f -a "check" -d 'Check whether a name is there'
complete -c certkit -n "__fish_certkit_using_subcommand hosts; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and not __fish_seen_subcommand_from obtain renew revoke delete import list account dns-record dns-providers install-timer help" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand acme; and not __fish_seen_subcommand_from obtain renew revoke delete import list account dns-record dns-providers install-timer help" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand acme; and not __fish_seen_subcommand_from obtain renew revoke delete import list account dns-record dns-providers install-timer help" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and not __fish_seen_subcommand_from obtain renew revoke delete import list account dns-record dns-providers install-timer help" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and not __fish_seen_subcommand_from obtain renew revoke delete import list account dns-record dns-providers install-timer help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and not __fish_seen_subcommand_from obtain renew revoke delete import list account dns-record dns-providers install-timer help" -f -a "obtain" -d 'Get a certificate, unless the current one is still valid'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and not __fish_seen_subcommand_from obtain renew revoke delete import list account dns-record dns-providers install-timer help" -f -a "renew" -d 'Renew the certificates that are due, or those named'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and not __fish_seen_subcommand_from obtain renew revoke delete import list account dns-record dns-providers install-timer help" -f -a "revoke" -d 'Revoke a certificate'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and not __fish_seen_subcommand_from obtain renew revoke delete import list account dns-record dns-providers install-timer help" -f -a "delete" -d 'Delete a certificate: it is not renewed any more'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and not __fish_seen_subcommand_from obtain renew revoke delete import list account dns-record dns-providers install-timer help" -f -a "import" -d 'Take over accounts and certificates of certbot, lego or acme.sh'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and not __fish_seen_subcommand_from obtain renew revoke delete import list account dns-record dns-providers install-timer help" -f -a "list" -d 'List the certificates: names, server, days left, next renewal, last failure'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and not __fish_seen_subcommand_from obtain renew revoke delete import list account dns-record dns-providers install-timer help" -f -a "account" -d 'Show, change or close an account at a server'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and not __fish_seen_subcommand_from obtain renew revoke delete import list account dns-record dns-providers install-timer help" -f -a "dns-record" -d 'Print the TXT records that let this account have certificates for names, by dns-persist-01'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and not __fish_seen_subcommand_from obtain renew revoke delete import list account dns-record dns-providers install-timer help" -f -a "dns-providers" -d 'List the DNS providers that --dns takes, with the fields that each needs in its file of credentials'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and not __fish_seen_subcommand_from obtain renew revoke delete import list account dns-record dns-providers install-timer help" -f -a "install-timer" -d 'Install a timer that runs `certkit acme renew` every hour, at a minute that differs from machine to machine'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and not __fish_seen_subcommand_from obtain renew revoke delete import list account dns-record dns-providers install-timer help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from obtain" -l csr -d 'Take names and key from this certificate signing request, PEM or DER; - is standard input. The private key stays where it is: certkit writes certificate and chain only, and renews with the same request' -r
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from obtain" -l http -d 'Answer http-01 with certkit\'s own server (default: port 80 on all addresses, IPv4 and IPv6)' -r
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from obtain" -l webroot -d 'Answer http-01 with files below DIR, the root folder of a running web server' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from obtain" -l tls-alpn -d 'Answer tls-alpn-01 with certkit\'s own TLS listener (default: port 443 on all addresses)' -r
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from obtain" -l dns -d 'Answer dns-01 with the API of a DNS provider; `certkit acme dns-providers` lists them' -r
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from obtain" -l dns-hook -d 'Answer dns-01 with a program: CMD present|cleanup FQDN VALUE. FQDN is _acme-challenge.NAME. with a dot at its end. The record must be visible when present returns, within ten minutes. The program follows CNAMEs itself. No shell is involved. Hooks for other clients work unchanged as lego:PROG, httpreq:URL, acmesh:dns_NAME and certbot:AUTH,CLEANUP; see below' -r
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from obtain" -l rfc2136 -d 'Answer dns-01 with dynamic updates (RFC 2136). FILE names the server and the key; see below' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from obtain" -l dns-persist -d 'Answer dns-persist-01 with a TXT record that stays. `certkit acme dns-record` prints it; it is only read here, through RESOLVER (default: the system\'s). For servers that offer it' -r
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from obtain" -l dns-credentials -d 'File with the secrets for --dns or for a hook of another client, one NAME = "VALUE" per line. Only its owner may be able to read it' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from obtain" -l dns-resolver -d 'Ask this resolver for CNAMEs, zones and name servers instead of the system\'s' -r
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from obtain" -l dns-wait -d 'How long to wait at most until all name servers of the zone show the record (default: 120)' -r
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from obtain" -l server -d 'The ACME server: letsencrypt (the default), letsencrypt-staging, zerossl, google, or the address of a directory. Given twice, the second one is used after the first has failed for a day' -r
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from obtain" -l ca-roots -d 'Trust these CA certificates for the ACME server itself, instead of the system\'s' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from obtain" -l email -d 'Mail address for the account' -r
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from obtain" -l eab-kid -d 'Key identifier of an external account, for servers that require one' -r
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from obtain" -l eab-hmac-file -d 'File with the secret of the external account, in base64url as the server shows it' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from obtain" -s k -l key-type -d 'Key type' -r -f -a "p256\t''
p384\t''
p521\t''
ed25519\t''
rsa2048\t''
rsa3072\t''
rsa4096\t''"
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from obtain" -l profile -d 'Certificate profile, by the server\'s name for it, such as shortlived' -r
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from obtain" -l preferred-chain -d 'Choose the chain that leads to the root with this common name, if the server offers several' -r
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from obtain" -l deploy-hook -l exec -d 'Run this shell command after a new certificate is in place, for five minutes at most. It gets CERTKIT_NAME, CERTKIT_NAMES, CERTKIT_FULLCHAIN, CERTKIT_KEY, CERTKIT_CERT and CERTKIT_CHAIN' -r
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from obtain" -l pre-hook -d 'Run this shell command before each order; nothing is ordered if it fails' -r
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from obtain" -l post-hook -d 'Run this shell command after each order, also after one that failed' -r
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from obtain" -l failure-hook -d 'Run this shell command, once a day, while renewals fail and a tenth of the certificate\'s life is left. It gets CERTKIT_NAME, CERTKIT_NAMES, CERTKIT_NOT_AFTER, CERTKIT_HOURS_LEFT and CERTKIT_FAILURES' -r
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from obtain" -l reuse-key -d 'Keep the key at each renewal, for TLSA records or pins that name it' -r -f -a "true\t''
false\t''"
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from obtain" -l prepare-key -d 'Make the key of the next renewal now, so that TLSA records can name it before; certkit prints them' -r -f -a "true\t''
false\t''"
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from obtain" -l key-group -d 'Let this group, a name or a number, read the private key' -r
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from obtain" -l state -d 'Where accounts, orders and certificates are kept' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from obtain" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from obtain" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from obtain" -l dns-account -d 'Answer dns-account-01 instead of dns-01: FQDN has a label of the account in front, so that several accounts can prove the same name at the same time. For servers that offer it'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from obtain" -l staging -d 'Use Let\'s Encrypt\'s test server, which has high limits and issues certificates that no client trusts'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from obtain" -l agree-tos -d 'Agree to the server\'s terms of service, as a new account requires'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from obtain" -l dry-run -d 'Try everything, keep nothing. Let\'s Encrypt: on its test server. Other servers: up to the validation'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from obtain" -l force -d 'Get a new certificate even if the current one is still valid or the server\'s limits may be reached'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from obtain" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from obtain" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from obtain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from renew" -l exit-code-if-renewed -d 'Exit with this status instead of 0 if anything was renewed' -r
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from renew" -l state -d 'Where accounts, orders and certificates are kept' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from renew" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from renew" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from renew" -l force -d 'Also renew certificates that are not due or have just failed'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from renew" -l refresh-ari -d 'Ask the server when to renew, even if it asked to wait'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from renew" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from renew" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from renew" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from revoke" -l reason -d 'Reason, by its RFC 5280 name or number, such as keyCompromise or 1' -r
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from revoke" -l state -d 'Where accounts, orders and certificates are kept' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from revoke" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from revoke" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from revoke" -l with-certificate-key -d 'Sign with the certificate\'s own key, for example if another account ordered it'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from revoke" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from revoke" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from revoke" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from delete" -l state -d 'Where accounts, orders and certificates are kept' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from delete" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from delete" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from delete" -s y -l yes -d 'Do not ask'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from delete" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from import" -l http -d 'Answer http-01 with certkit\'s own server (default: port 80 on all addresses, IPv4 and IPv6)' -r
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from import" -l webroot -d 'Answer http-01 with files below DIR, the root folder of a running web server' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from import" -l tls-alpn -d 'Answer tls-alpn-01 with certkit\'s own TLS listener (default: port 443 on all addresses)' -r
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from import" -l dns -d 'Answer dns-01 with the API of a DNS provider; `certkit acme dns-providers` lists them' -r
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from import" -l dns-hook -d 'Answer dns-01 with a program: CMD present|cleanup FQDN VALUE. FQDN is _acme-challenge.NAME. with a dot at its end. The record must be visible when present returns, within ten minutes. The program follows CNAMEs itself. No shell is involved. Hooks for other clients work unchanged as lego:PROG, httpreq:URL, acmesh:dns_NAME and certbot:AUTH,CLEANUP; see below' -r
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from import" -l rfc2136 -d 'Answer dns-01 with dynamic updates (RFC 2136). FILE names the server and the key; see below' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from import" -l dns-persist -d 'Answer dns-persist-01 with a TXT record that stays. `certkit acme dns-record` prints it; it is only read here, through RESOLVER (default: the system\'s). For servers that offer it' -r
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from import" -l dns-credentials -d 'File with the secrets for --dns or for a hook of another client, one NAME = "VALUE" per line. Only its owner may be able to read it' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from import" -l dns-resolver -d 'Ask this resolver for CNAMEs, zones and name servers instead of the system\'s' -r
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from import" -l dns-wait -d 'How long to wait at most until all name servers of the zone show the record (default: 120)' -r
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from import" -l server -d 'Address of the ACME server\'s directory, where the other client does not keep it: lego at a private server' -r
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from import" -l ca-roots -d 'Trust these CA certificates for the ACME server itself, instead of the system\'s' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from import" -l deploy-hook -l exec -d 'Run this shell command after each new certificate, instead of the other client\'s hooks' -r
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from import" -l state -d 'Where accounts, orders and certificates are kept' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from import" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from import" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from import" -l dry-run -d 'Say what would be taken over, and write nothing'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from import" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from import" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from list" -l state -d 'Where accounts, orders and certificates are kept' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from list" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from list" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from account" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from account" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from account" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from account" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from account" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from account" -f -a "show" -d 'Show the account as the server knows it'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from account" -f -a "update" -d 'Set the account\'s mail address'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from account" -f -a "rollover" -d 'Replace the account\'s key'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from account" -f -a "deactivate" -d 'Close the account for good; the next order makes a new one'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from account" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from dns-record" -l days -d 'Let the record end after so many days' -r
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from dns-record" -l server -d 'The ACME server: letsencrypt (the default), letsencrypt-staging, zerossl, google, or the address of a directory' -r
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from dns-record" -l ca-roots -d 'Trust these CA certificates for the ACME server itself, instead of the system\'s' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from dns-record" -l email -d 'Mail address for the account' -r
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from dns-record" -l eab-kid -d 'Key identifier of an external account, for servers that require one' -r
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from dns-record" -l eab-hmac-file -d 'File with the secret of the external account, in base64url as the server shows it' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from dns-record" -l state -d 'Where accounts, orders and certificates are kept' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from dns-record" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from dns-record" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from dns-record" -l one-value -d 'Make one value for all names, so that records of several names show that they are of one account'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from dns-record" -l staging -d 'Use Let\'s Encrypt\'s test server'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from dns-record" -l agree-tos -d 'Agree to the server\'s terms of service, as a new account requires'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from dns-record" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from dns-record" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from dns-record" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from dns-providers" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from dns-providers" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from dns-providers" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from dns-providers" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from dns-providers" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from install-timer" -l on-failure -d 'Have systemd start this unit when a run fails, for example one that sends a mail; for what passes by itself only in the last tenth of a lifetime' -r
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from install-timer" -l root -d 'Write below this folder instead of /, for example for an image' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from install-timer" -l state -d 'Where accounts, orders and certificates are kept' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from install-timer" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from install-timer" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from install-timer" -l systemd -d 'A systemd timer and its service'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from install-timer" -l cron -d 'A file for /etc/cron.d, or a line for a user\'s crontab'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from install-timer" -l dry-run -d 'Print the files instead of writing them'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from install-timer" -l force -d 'Replace files that have other contents'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from install-timer" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from install-timer" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from install-timer" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from help" -f -a "obtain" -d 'Get a certificate, unless the current one is still valid'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from help" -f -a "renew" -d 'Renew the certificates that are due, or those named'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from help" -f -a "revoke" -d 'Revoke a certificate'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from help" -f -a "delete" -d 'Delete a certificate: it is not renewed any more'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from help" -f -a "import" -d 'Take over accounts and certificates of certbot, lego or acme.sh'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the certificates: names, server, days left, next renewal, last failure'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from help" -f -a "account" -d 'Show, change or close an account at a server'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from help" -f -a "dns-record" -d 'Print the TXT records that let this account have certificates for names, by dns-persist-01'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from help" -f -a "dns-providers" -d 'List the DNS providers that --dns takes, with the fields that each needs in its file of credentials'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from help" -f -a "install-timer" -d 'Install a timer that runs `certkit acme renew` every hour, at a minute that differs from machine to machine'
complete -c certkit -n "__fish_certkit_using_subcommand acme; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c certkit -n "__fish_certkit_using_subcommand ca; and not __fish_seen_subcommand_from serve help" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand ca; and not __fish_seen_subcommand_from serve help" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand ca; and not __fish_seen_subcommand_from serve help" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand ca; and not __fish_seen_subcommand_from serve help" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand ca; and not __fish_seen_subcommand_from serve help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand ca; and not __fish_seen_subcommand_from serve help" -f -a "serve" -d 'Run an ACME server that issues certificates from your CA'
complete -c certkit -n "__fish_certkit_using_subcommand ca; and not __fish_seen_subcommand_from serve help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c certkit -n "__fish_certkit_using_subcommand ca; and __fish_seen_subcommand_from serve" -l listen -d 'Listen here: https:ADDRESS:PORT, * for all addresses; may be repeated. http:ADDRESS:PORT has the revocation list at /ca.crl and nothing else' -r
complete -c certkit -n "__fish_certkit_using_subcommand ca; and __fish_seen_subcommand_from serve" -l name -d 'Name by which clients reach this server, with the port where another one is mapped to that of --listen; may be repeated [default: localhost and the address of --listen]' -r
complete -c certkit -n "__fish_certkit_using_subcommand ca; and __fish_seen_subcommand_from serve" -l allow -d 'Issue for names in this domain only, or connect to addresses of this range only (CIDR); may be repeated [default: every name, loopback and private addresses]' -r
complete -c certkit -n "__fish_certkit_using_subcommand ca; and __fish_seen_subcommand_from serve" -l eab-file -d 'Require an external account (EAB): each line of FILE has a key identifier and its MAC key in base64url' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand ca; and __fish_seen_subcommand_from serve" -l days -d 'How long certificates are valid: days, or hours as 8h; never longer than the CA' -r
complete -c certkit -n "__fish_certkit_using_subcommand ca; and __fish_seen_subcommand_from serve" -l crl-url -d 'Address of the CA\'s revocation list, which the certificate then names; may be repeated' -r
complete -c certkit -n "__fish_certkit_using_subcommand ca; and __fish_seen_subcommand_from serve" -l issuer-url -d 'Address of the CA\'s certificate, for clients of servers that do not send it; may be repeated' -r
complete -c certkit -n "__fish_certkit_using_subcommand ca; and __fish_seen_subcommand_from serve" -l crl-days -d 'Days until the next revocation list is due' -r
complete -c certkit -n "__fish_certkit_using_subcommand ca; and __fish_seen_subcommand_from serve" -l rate-limit -d 'Orders of one account in an hour; a tenth of it for one name, for failed validations of a name and for new accounts from one address' -r
complete -c certkit -n "__fish_certkit_using_subcommand ca; and __fish_seen_subcommand_from serve" -l state -d 'Folder of accounts and orders [default: acme-server next to the CA]' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand ca; and __fish_seen_subcommand_from serve" -l dns -d 'Name server that validations ask, instead of the system\'s' -r
complete -c certkit -n "__fish_certkit_using_subcommand ca; and __fish_seen_subcommand_from serve" -l http-01-port -d 'Port that http-01 connects to' -r
complete -c certkit -n "__fish_certkit_using_subcommand ca; and __fish_seen_subcommand_from serve" -l tls-alpn-01-port -d 'Port that tls-alpn-01 connects to' -r
complete -c certkit -n "__fish_certkit_using_subcommand ca; and __fish_seen_subcommand_from serve" -l ca -d 'The CA\'s certificate' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand ca; and __fish_seen_subcommand_from serve" -l ca-key -d 'The CA\'s key [default: the file of --ca with .key]' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand ca; and __fish_seen_subcommand_from serve" -l password-file -d 'File whose first line is the password of the CA\'s key; - is standard input' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand ca; and __fish_seen_subcommand_from serve" -l ledger -d 'Record what is issued and revoked in this file [default: ledger.jsonl next to the CA]; none: record nothing' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand ca; and __fish_seen_subcommand_from serve" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand ca; and __fish_seen_subcommand_from serve" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand ca; and __fish_seen_subcommand_from serve" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand ca; and __fish_seen_subcommand_from serve" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand ca; and __fish_seen_subcommand_from serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand ca; and __fish_seen_subcommand_from help" -f -a "serve" -d 'Run an ACME server that issues certificates from your CA'
complete -c certkit -n "__fish_certkit_using_subcommand ca; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l listen -d 'Listen on [SCHEME[+unix|+fd]:]ADDRESS (repeatable); SCHEME is https, http, uwsgi, suwsgi, fcgi, scgi or ajp [default: https:127.0.0.1:8443]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l redirect-http -d 'Redirect plain HTTP clients of this address to https' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l socket-mode -d 'Permission bits of unix sockets [default: 660; in option files of uWSGI what the umask leaves of 777]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l socket-owner -d 'Owner of unix sockets; :GROUP alone is possible too' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l ajp-secret-file -d 'File with the secret that requests by AJP must contain; without it, AJP listens on this machine only' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand serve" -s l -l backlog -d 'Connections waiting to be accepted, per listener [default: 1024]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l socket-sndbuf -d 'Send buffer of connections (SO_SNDBUF) [default: that of the system]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l socket-rcvbuf -d 'Receive buffer of connections (SO_RCVBUF) [default: that of the system]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l max-connections -d 'Concurrent connections; when all are taken, the longest idle ones are closed, and further ones wait [default: 10000]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l max-connections-per-address -d 'Concurrent connections from one client address (IPv6: from one /64 network); further ones are closed [default: no limit]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l front-threads -d 'Threads that handle connections and TLS [default: a quarter of the CPUs, at least 1]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l cert -d 'Certificate chain, server certificate first (repeatable with --key, for several names by SNI)' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l key -d 'Private key of the certificate' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l key-password-file -d 'The password of an encrypted key: the first line of this file' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l ocsp-staple -d 'Send this OCSP response along with the certificate that it is for (repeatable)' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l tls-min -d 'Lowest TLS version: 1.2 or 1.3 [default: 1.2]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l client-ca -d 'Ask clients for a certificate that leads to one of these CA certificates' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l client-auth -d 'Whether a client without a certificate may connect (request) or not (require) [default: require; with --client-ca]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l client-crl -d 'Refuse the certificates of clients that this revocation list contains (repeatable)' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l hsts -d 'Send Strict-Transport-Security: browsers use only https for AGE seconds [without AGE: two years]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l acme -d 'Obtain a certificate for NAME from an ACME server and keep it renewed (repeatable). Names separated by commas share a certificate' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l acme-server -d 'The ACME server: letsencrypt, letsencrypt-staging, zerossl, google, or the address of a directory (repeatable) [default: Let\'s Encrypt]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l acme-email -d 'Mail address for messages from the ACME server' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l acme-eab-kid -d 'Key identifier of an external account, for servers that require one, as zerossl and google do' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l acme-eab-hmac-file -d 'Secret of the external account, in base64url as the server shows it' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l acme-ca-roots -d 'Trust these CA certificates for the ACME server itself, instead of the system\'s' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l acme-state -d 'Folder for accounts, orders and certificates, shared with certkit acme' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l acme-dns -d 'Answer dns-01 with the API of a DNS provider, which `certkit acme dns-providers` lists; for wildcards, and where no port is reachable' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l acme-dns-credentials -d 'Secrets for --acme-dns or for a hook of another client, one NAME = "VALUE" per line' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l acme-dns-resolver -d 'Ask this resolver for CNAMEs, zones and name servers instead of the system\'s' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l acme-dns-wait -d 'Wait at most SECONDS, instead of 120, until all name servers of the zone show the record' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l acme-dns-hook -d 'Answer dns-01 with a program, as certkit acme obtain --dns-hook does; for wildcards, and where no port is reachable' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l acme-rfc2136 -d 'Answer dns-01 with dynamic updates (RFC 2136), with the file of certkit acme obtain --rfc2136' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l acme-dns-persist -d 'Answer dns-persist-01 with the TXT record that certkit acme dns-record prints; it is read through RESOLVER [without RESOLVER: the system\'s]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l acme-missing -d 'Until the first certificate is issued, serve a temporary self-made one (local) or refuse handshakes (refuse) [default: local]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l acme-on-demand -d 'With --acme: obtain a certificate for NAME when a client first asks for it (repeatable)' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l acme-ask -d 'With --acme: obtain a certificate for any name that a client asks for, if URL?domain=NAME answers 2xx' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l acme-on-demand-limit -d 'Most certificates that are ordered on demand in an hour, by all servers on the state together [default: 10]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l wsgi-file -d 'Application as a file' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand serve" -s w -l module -d 'Application as a module: pkg.mod[:callable]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l callable -d 'Name of the callable [default: application]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l mount -d 'Serve another application below a path, which becomes its SCRIPT_NAME (repeatable)' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l mount-by -d 'What chooses an application of --mount: its prefix in the `path`; the `script-name` that a front server sends, which must be the prefix; or its UWSGI_APPID alone, `appid` [default: path]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -s p -l workers -l processes -d 'Worker processes [default: number of CPUs, at most 8]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l threads -d 'Threads per worker process [default: 4]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l request-timeout -l harakiri -d 'Longest time that the application may hold a thread for a request: then the client gets status 504, and the worker is replaced [default: 0; no limit]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l request-grace -d 'With --request-timeout: time for the other requests of the worker to finish [default: that of --graceful-timeout]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l max-requests -d 'Replace a worker when it has had N requests; its successor has loaded the application before it stops [default: 0; no limit]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l max-requests-delta -d 'Each worker has N requests more than the one before, so that not all are replaced at once [default: 0]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l max-worker-lifetime -d 'Replace a worker when it has served for SECONDS [default: 0; no limit]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l max-worker-lifetime-delta -d 'Each worker serves SECONDS longer than the one before, so that not all are replaced at once [default: 0]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l min-worker-lifetime -d 'Do not replace a worker before it has served for SECONDS, whatever --max-requests, --max-worker-lifetime and --reload-on-rss say [default: 60]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l reload-on-rss -d 'Replace a worker whose resident memory has reached MIB [default: 0; no limit]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l evil-reload-on-rss -d 'Kill a worker whose resident memory has reached MIB, with the requests that it has, and start another [default: 0; no limit]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l reload-on-as -d 'Replace a worker whose address space has reached MIB [default: 0; no limit]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l evil-reload-on-as -d 'Kill a worker whose address space has reached MIB, with the requests that it has, and start another [default: 0; no limit]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l cheaper -d 'Least number of workers: as many as the requests need are there, between N and --workers [default: 0; as many as --workers]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l cheaper-initial -d 'Number of workers at the start, with --cheaper [default: 0; that of --cheaper]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l cheaper-step -d 'Number of workers that are started at once, with --cheaper [default: 1]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l gevent -d 'Run up to N requests at once in each worker, as greenlets of gevent in one thread (the application\'s Python must have it)' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l reload-on-change -d 'For development: look every SECONDS whether a file of a loaded module has changed, and reload then [without a number: 1] [default: 0; never]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l reload-ignore -d 'With --reload-on-change: a module whose changes do not count (repeatable)' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l python -d 'Python interpreter [default: from --virtualenv, then $VIRTUAL_ENV, then python3]' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand serve" -s H -l virtualenv -l home -l venv -d 'Virtual environment to run in' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l chdir -d 'Folder to run in; a file APP is relative to it' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l chdir2 -d 'Folder to change to once the application is loaded' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l pythonpath -l pp -l python-path -d 'Folder to import modules from, before all others (repeatable)' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l env -d 'Environment variable for the application (repeatable)' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l envdir -d 'Environment variables for the application from a folder (repeatable): each file is one, an empty file removes one' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l unenv -d 'Environment variable that the application does not get (repeatable)' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l script-name -d 'SCRIPT_NAME: the URL prefix of the application' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l upstream -d 'Forward requests below a path to other servers: http, https, uwsgi, suwsgi, fcgi, scgi, ajp (repeatable)' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l upstream-timeout -d 'How long an upstream may take to begin a response, and between two pieces of one [default: 60]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l upstream-ca -d 'Roots that verify upstreams by https, instead of the system\'s' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l upstream-root -d 'Where the upstream by fcgi at this path has its PHP files (repeatable): those that are in the folder are run, index.php for a folder, and other files are served; --try-files /index.php answers for what is missing' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l allow -d 'Let clients from an address, from a network such as 10.0.0.0/8, or `all` ask for a path and what is below it (repeatable; of all --allow and --deny the first one that covers path and client decides)' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l deny -d 'Answer clients from there with status 403 (repeatable, in one order with --allow)' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l access -d 'The same as rules: \'allow /PATH=NETWORK\' or \'deny /PATH=NETWORK\', for lists in files (repeatable, in one order with --allow and --deny)' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l limit-rate -d 'Requests of one client address (IPv6: of one /64) for a path and what is below it, for example /login=10/m or /=50/s,burst=200; more get status 429 (repeatable, the longest path counts)' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l basic-auth -d 'Ask for a name and a password of this file, as `htpasswd -B` makes it, below a path (repeatable, the longest path counts)' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l forward-auth -d 'Ask this server (http, https, http+unix:SOCKET:/PATH) whether a request below a path may pass: it does with a status 2xx, else its response is the client\'s (repeatable, the longest path counts)' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l forward-auth-header -d 'Field of that server\'s response that the application gets, such as Remote-User; clients cannot send it (repeatable)' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l redirect -d 'Redirect a path and what is below it to a URL or another path, with the rest of the path and the query behind it; status 308, or another one as in \'/old=302 /new\' (repeatable, the longest path counts)' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l error-page -d 'Page for errors of the server itself, such as 502=sorry.html or 404,410=gone.html; those of applications stay as they are (repeatable)' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l static -d 'Serve the files of a folder below a path (repeatable)' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l try-static -d 'As --static, but what is not a file there is left to the application; FOLDER may be one file (repeatable)' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l try-static-whole -d 'As --try-static, but the whole path is looked for in FOLDER, with /PATH at its beginning (repeatable)' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l static-root -d 'Serve the files of a folder at the root; with an application, what is not a file there is left to it' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l try-files -d 'Without an application: the file that answers for all that are missing, as the page of a single-page application [without a value: /index.html]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l index -d 'File that is served for its folder (repeatable: the first one that is there); without this option index.html, and none with --try-static' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l static-safe -d 'Serve what symbolic links lead to below this folder; no other link may leave its folder (repeatable)' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l static-skip-ext -d 'Do not serve files whose name ends with this (repeatable)' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l precompressed -d 'Files with a compressed variant beside them (style.css.br, .zst, .gz), which clients that accept it get: all, below:FOLDER, ending:TEXT or matching:REGEX (repeatable)' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l expires -d 'Let clients keep files below a path for AGE: seconds, or 30m, 12h, 7d (repeatable)' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l media-types -d 'Media types by the endings of files, in the format of mime.types (repeatable)' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l header -d 'Add a header field to every response (repeatable); `Connection: close` closes the connection behind it' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l remove-header -d 'Remove a header field of applications and files from every response (repeatable)' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l collect-header -d 'Let rules for responses read a header field as a variable (repeatable)' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l pull-header -d 'As --collect-header, and clients do not get the field (repeatable)' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l rule -d 'Rule of uWSGI\'s router, with its name and value: \'route ^/private break:403\' (repeatable, in this order)' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l host -d 'Name of the site: www.example.com, or *.example.com for names with one label more (repeatable)' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l vhost -d 'Serve another site to HOST: FILE has the keys of one [[site]] table of certkit.toml (repeatable)' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l canonical-host -d 'The one host of the site: requests for its others are redirected there, path and query kept' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l unknown-host -d 'Whether hosts that no site names, and no certificate, get the site of [serve] (serve), or no TLS handshake and status 421 or 400 (refuse) [default: serve]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l daemonize -d 'Run in the background and write all output to FILE; the command returns when the application is loaded' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l pidfile -d 'Write the process id to FILE and lock it, so that no second server uses it; it is removed at the end' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l pidfile2 -d 'Write the process id to FILE too (repeatable)' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l control-fifo -d 'Take commands from a named pipe (repeatable): r, R, w, W or c reload, q stop, Q stop at once, l or L open the log files again' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l touch-reload -d 'Reload when the modification time of FILE changes (repeatable)' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l user -d 'Started as root: bind sockets, open logs and keys, then become USER with its groups (name or number)' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l group -d 'Started as root: run as this group instead of the one that --user has (name or number)' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l add-group -d 'Started as root: run as a member of this group too (repeatable)' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l chroot -d 'Started as root: make DIR the root folder once sockets, logs and keys are open' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l umask -d 'Permission bits that new files of the server and of the application do not get, in octal' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l limit-as -d 'Largest address space of each worker, in MiB; what needs more gets MemoryError [default: no limit]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l max-fd -d 'Open files that the server and each worker may have [default: as many as the system allows]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l flock -d 'Lock FILE before anything else (repeatable); do not start if another process has locked it' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l flock-wait -d 'The same, and wait until it is free' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l log-file -d 'Append everything that certkit and the application print to a file; USR1 opens it again after it was moved away' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l log-max-size -d 'Move log files away when they have reached SIZE, each to its own name with a dot and the time in seconds' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l log-backup-name -d 'Move the file of --log-file to FILE instead, replacing what is there' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l touch-logreopen -d 'Open the log files again when the modification time of FILE changes (repeatable)' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l touch-logrotate -d 'Move the log files away, as --log-max-size does, when the modification time of FILE changes (repeatable)' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l log-slow -d 'Log requests that take TIME or longer in spite of --disable-logging' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l log-big -d 'Log requests whose responses have SIZE bytes of body or more in spite of --disable-logging' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l log-date -d 'How %(ftime) in --log-format is written, as in strftime(3), for example \'%d/%b/%Y %H:%M:%S\'' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l stats -d 'Tell clients that connect here how the server is doing: JSON as uwsgitop reads it, and by HTTP also /metrics for Prometheus' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l attach-daemon -d 'Run COMMAND beside the server (repeatable): as the user of --user, started again when it ends, ended with the server' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l attach-control-daemon -d 'As --attach-daemon, and the server stops when COMMAND ends' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l attach-daemon2 -d 'As --attach-daemon, in detail: cmd, pidfile, freq, control, daemonize, touch, stopsignal, reloadsignal, stdin, uid, gid, chdir, max_throttle, notifypid' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l smart-attach-daemon -d 'Run COMMAND unless the process in PIDFILE runs; it goes into the background by itself, and goes on when the server ends' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l smart-attach-daemon2 -d 'The same for a COMMAND that stays in the foreground: certkit writes PIDFILE' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l hook -d 'Do something at a moment of the server\'s life (repeatable), for example `pre-app exec:./migrate`; the server does not start when it fails' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l emperor -d 'Start one server for each option file of a folder or pattern (repeatable), and serve nothing else' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l emperor-freq -d 'How often the files are looked at [default: 3]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l emperor-throttle -d 'How much longer each pause is than the one before, while a server does not start [default: 1000]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l emperor-max-throttle -d 'The longest of these pauses [default: 180]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l emperor-stats -d 'Show what the emperor knows of its servers: JSON for each connection to ADDRESS:PORT or to a unix socket' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l vassal-set -d 'A placeholder for all files of the emperor (repeatable)' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l vassals-inherit -d 'An option file that all files of the emperor inherit from (repeatable)' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l vassals-include -d 'An option file that all files of the emperor include (repeatable)' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l trust-proxy -d 'Believe X-Forwarded-For and X-Forwarded-Proto from here: an address, a network such as 10.0.0.0/8, or unix: for unix sockets (repeatable)' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l allow-uwsgi-vars -d 'Pass this variable UWSGI_... of a front server on to the application (repeatable)' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l scheme -d 'All requests came by http, or all by https, whatever a front server says' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l limit-post -d 'Largest request body; larger ones get status 413; 0 for no limit [default: 1g]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l post-buffering -d 'Request bodies are complete before the application is called; what is beyond this size waits in a temporary file [default: 64k]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -s b -l buffer-size -d 'Behind a front server: largest request head (all variables together); larger ones get status 431 [default: 65535]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l header-timeout -d 'Time to receive the request line and headers [default: 10]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l body-timeout -d 'Longest pause within a request body [default: 10]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l keepalive -d 'Close idle connections after SECONDS [default: 60]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l graceful-timeout -d 'Time for running requests to finish when the server stops, or in old workers after HUP [default: 30]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l buffer-memory -d 'Memory for all request and response bodies together that wait for slow clients or for workers [default: 64m]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l buffer-file -d 'Space for one response in the temporary file, when its client is slower than the application; beyond it, the application waits [default: 1g]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l buffer-dir -d 'Folder of the temporary file for request and response bodies. On a tmpfs, as /tmp often is, they take memory [default: $TMPDIR, then /tmp]' -r -F
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l no-buffering -d 'Do not buffer below this path (repeatable): responses are sent as they are made, and request bodies beyond --post-buffering are read from the client. Responses with text/event-stream or X-Accel-Buffering: no are never buffered' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l access-log -d 'Write the access log to a file, to standard error (-), or nowhere (off); also to what --log-file can name [default: -; off with --quiet]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l log-format -l logformat -d 'Format of the access log: combined, json, or text with uWSGI\'s variables, such as \'%(addr) %(method) %(uri) %(status) %(msecs)\' [default: combined]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l show-config -d 'Print the settings in use and exit: as uWSGI prints them (ini), or as a certkit.toml with the same settings (toml) [without a word: ini]' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l ini -d 'Read an option file of uWSGI, or `-` for standard input (repeatable). Every option of uWSGI can also be typed, as --WORD VALUE' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l yaml -d 'Read an option file in YAML (repeatable)' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l json -d 'Read an option file in JSON (repeatable)' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l xml -d 'Read an option file in XML (repeatable)' -r
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l reuse-port -d 'Share TCP addresses with other servers that do the same (SO_REUSEPORT)'
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l freebind -d 'Listen on addresses that this machine does not have yet (IP_FREEBIND)'
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l so-keepalive -d 'Probe TCP connections on which nothing is sent (SO_KEEPALIVE)'
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l no-session-tickets -d 'Resume no TLS session: each connection begins with a whole handshake'
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l force -d 'Start even if the certificate has expired, the chain is in the wrong order or an OCSP response cannot be used (never with a wrong key)'
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l acme-dns-account -d 'Answer dns-account-01 instead of dns-01, by the same means: several accounts can prove a name at a time'
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l agree-tos -d 'Agree to the terms of service of the ACME server (required for a new account)'
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l default-mount -d 'Without APP, the first application of --mount also gets what is for none of them, as in uWSGI'
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l reload-on-exception -d 'Replace a worker when the application has raised an exception'
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l gevent-monkey-patch -d 'With --gevent: call gevent.monkey.patch_all() before the application is loaded'
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l catch-exceptions -d 'For development: show clients on this machine the traceback of an exception'
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l manage-script-name -d 'Behind a front server: remove SCRIPT_NAME from PATH_INFO'
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l secure-headers -d 'Add X-Content-Type-Options: nosniff, Referrer-Policy: strict-origin-when-cross-origin and X-Frame-Options: SAMEORIGIN to responses that lack them'
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l gzip -d 'Compress text of 1 KiB or more with gzip for clients that accept it'
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l zstd -d 'Compress text of 1 KiB or more with Zstandard for clients that accept it; with --gzip too, clients get what they prefer, and Zstandard if they have no preference'
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l check -d 'Judge the settings and what they name (certificates, folders, files of applications), say what holds or what is wrong with file and line, and end'
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l no-initgroups -d 'Without the supplementary groups of --user'
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l exit-on-reload -d 'Stop where a reload is asked for; a service manager starts the server again'
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l log-truncate -d 'Empty the file of --log-file at the start'
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l log-reopen -d 'Open the log files again on HUP too'
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l disable-logging -d 'Leave requests out of the access log, except those that --log-4xx and its like choose'
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l log-4xx -d 'Log requests with a status from 400 to 499 in spite of --disable-logging'
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l log-5xx -d 'Log requests with a status from 500 to 599 in spite of --disable-logging'
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l log-zero -d 'Log requests whose responses have no body in spite of --disable-logging'
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l stats-http -d 'Expect HTTP of every client of --stats, also of one that is slow to ask'
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l stats-min -d 'Write the JSON of --stats without white space'
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l stats-no-cores -d 'Leave the threads of workers out of the JSON of --stats'
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l daemons-honour-stdin -d 'Commands beside the server read the server\'s standard input instead of /dev/null'
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l emperor-tyrant -d 'Started as root: each server runs as the owner and group of its file; files of root\'s are left alone'
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l emperor-nofollow -d 'A file that is a symbolic link is touched when the link is'
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l emperor-tyrant-nofollow -d 'With --emperor-tyrant: a symbolic link is served as the owner of the link'
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l trust-forwarded -d 'Believe them on uwsgi, fcgi, scgi and ajp listeners too'
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l proxy-protocol -d 'Connections from --trust-proxy begin with a PROXY header, which names the client'
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l strict -d 'Refuse to start with options that uWSGI does not know either'
complete -c certkit -n "__fish_certkit_using_subcommand serve" -l lenient -d 'Start without what certkit cannot do, except where that protects'
complete -c certkit -n "__fish_certkit_using_subcommand serve" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand serve" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand completions" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand completions" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand completions" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand completions" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand man" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand man" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand man" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand man" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand options" -l format -d 'Report as text for people or as one JSON object for scripts' -r -f -a "human\t'Text'
json\t'One object with `schema`'"
complete -c certkit -n "__fish_certkit_using_subcommand options" -l color -d 'When to use colour; the variable NO_COLOR turns it off' -r -f -a "always\t'Always'
auto\t'On a terminal'
never\t'Never'"
complete -c certkit -n "__fish_certkit_using_subcommand options" -s q -l quiet -d 'Print errors only'
complete -c certkit -n "__fish_certkit_using_subcommand options" -s v -l verbose -d 'Log more (serve; -vv: debug)'
complete -c certkit -n "__fish_certkit_using_subcommand options" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certkit -n "__fish_certkit_using_subcommand help; and not __fish_seen_subcommand_from mkca mkcert csr sign renew revoke crl list export merge check show key convert trust hosts acme ca serve completions man options help" -f -a "mkca" -d 'Make your own certificate authority (CA)'
complete -c certkit -n "__fish_certkit_using_subcommand help; and not __fish_seen_subcommand_from mkca mkcert csr sign renew revoke crl list export merge check show key convert trust hosts acme ca serve completions man options help" -f -a "mkcert" -d 'Make a server certificate signed by your CA'
complete -c certkit -n "__fish_certkit_using_subcommand help; and not __fish_seen_subcommand_from mkca mkcert csr sign renew revoke crl list export merge check show key convert trust hosts acme ca serve completions man options help" -f -a "csr" -d 'Make a certificate signing request (CSR) for another CA'
complete -c certkit -n "__fish_certkit_using_subcommand help; and not __fish_seen_subcommand_from mkca mkcert csr sign renew revoke crl list export merge check show key convert trust hosts acme ca serve completions man options help" -f -a "sign" -d 'Sign a certificate signing request with your CA'
complete -c certkit -n "__fish_certkit_using_subcommand help; and not __fish_seen_subcommand_from mkca mkcert csr sign renew revoke crl list export merge check show key convert trust hosts acme ca serve completions man options help" -f -a "renew" -d 'Renew certificates of your CA: same names, same key, a new validity of the same length'
complete -c certkit -n "__fish_certkit_using_subcommand help; and not __fish_seen_subcommand_from mkca mkcert csr sign renew revoke crl list export merge check show key convert trust hosts acme ca serve completions man options help" -f -a "revoke" -d 'Revoke certificates of your CA'
complete -c certkit -n "__fish_certkit_using_subcommand help; and not __fish_seen_subcommand_from mkca mkcert csr sign renew revoke crl list export merge check show key convert trust hosts acme ca serve completions man options help" -f -a "crl" -d 'Make the certificate revocation list (CRL) of your CA'
complete -c certkit -n "__fish_certkit_using_subcommand help; and not __fish_seen_subcommand_from mkca mkcert csr sign renew revoke crl list export merge check show key convert trust hosts acme ca serve completions man options help" -f -a "list" -d 'List the certificates of your CA, those that expire first on top'
complete -c certkit -n "__fish_certkit_using_subcommand help; and not __fish_seen_subcommand_from mkca mkcert csr sign renew revoke crl list export merge check show key convert trust hosts acme ca serve completions man options help" -f -a "export" -d 'Write a certificate from the CA\'s ledger again, for example when its file is lost'
complete -c certkit -n "__fish_certkit_using_subcommand help; and not __fish_seen_subcommand_from mkca mkcert csr sign renew revoke crl list export merge check show key convert trust hosts acme ca serve completions man options help" -f -a "merge" -d 'Put a server certificate and its CA bundle together, in the right order'
complete -c certkit -n "__fish_certkit_using_subcommand help; and not __fish_seen_subcommand_from mkca mkcert csr sign renew revoke crl list export merge check show key convert trust hosts acme ca serve completions man options help" -f -a "check" -d 'Check a certificate chain: does it hold, and if not, why and how to fix it'
complete -c certkit -n "__fish_certkit_using_subcommand help; and not __fish_seen_subcommand_from mkca mkcert csr sign renew revoke crl list export merge check show key convert trust hosts acme ca serve completions man options help" -f -a "show" -d 'Describe a file (certificate, key, request, revocation list, PKCS#7, PKCS#12) or what a running server sends'
complete -c certkit -n "__fish_certkit_using_subcommand help; and not __fish_seen_subcommand_from mkca mkcert csr sign renew revoke crl list export merge check show key convert trust hosts acme ca serve completions man options help" -f -a "key" -d 'Make, show, encrypt, decrypt and compare private keys'
complete -c certkit -n "__fish_certkit_using_subcommand help; and not __fish_seen_subcommand_from mkca mkcert csr sign renew revoke crl list export merge check show key convert trust hosts acme ca serve completions man options help" -f -a "convert" -d 'Convert certificates and keys: PEM, DER, PKCS#12, PKCS#7, PKCS#8, PKCS#1, SEC1'
complete -c certkit -n "__fish_certkit_using_subcommand help; and not __fish_seen_subcommand_from mkca mkcert csr sign renew revoke crl list export merge check show key convert trust hosts acme ca serve completions man options help" -f -a "trust" -d 'Make this machine trust your CA: system, browsers, Java'
complete -c certkit -n "__fish_certkit_using_subcommand help; and not __fish_seen_subcommand_from mkca mkcert csr sign renew revoke crl list export merge check show key convert trust hosts acme ca serve completions man options help" -f -a "hosts" -d 'Point names to this machine for development, in the hosts file'
complete -c certkit -n "__fish_certkit_using_subcommand help; and not __fish_seen_subcommand_from mkca mkcert csr sign renew revoke crl list export merge check show key convert trust hosts acme ca serve completions man options help" -f -a "acme" -d 'Get certificates from Let\'s Encrypt or another ACME server'
complete -c certkit -n "__fish_certkit_using_subcommand help; and not __fish_seen_subcommand_from mkca mkcert csr sign renew revoke crl list export merge check show key convert trust hosts acme ca serve completions man options help" -f -a "ca" -d 'Run your CA as a service'
complete -c certkit -n "__fish_certkit_using_subcommand help; and not __fish_seen_subcommand_from mkca mkcert csr sign renew revoke crl list export merge check show key convert trust hosts acme ca serve completions man options help" -f -a "serve" -d 'Serve a Python web application on https'
complete -c certkit -n "__fish_certkit_using_subcommand help; and not __fish_seen_subcommand_from mkca mkcert csr sign renew revoke crl list export merge check show key convert trust hosts acme ca serve completions man options help" -f -a "completions" -d 'Print shell completions'
complete -c certkit -n "__fish_certkit_using_subcommand help; and not __fish_seen_subcommand_from mkca mkcert csr sign renew revoke crl list export merge check show key convert trust hosts acme ca serve completions man options help" -f -a "man" -d 'Print the manual page, or write one per command into a folder'
complete -c certkit -n "__fish_certkit_using_subcommand help; and not __fish_seen_subcommand_from mkca mkcert csr sign renew revoke crl list export merge check show key convert trust hosts acme ca serve completions man options help" -f -a "options" -d 'The options and variables of every command'
complete -c certkit -n "__fish_certkit_using_subcommand help; and not __fish_seen_subcommand_from mkca mkcert csr sign renew revoke crl list export merge check show key convert trust hosts acme ca serve completions man options help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c certkit -n "__fish_certkit_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "new" -d 'Make a new private key'
complete -c certkit -n "__fish_certkit_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "show" -d 'Show the kind of key in a file and the fingerprint of its public key'
complete -c certkit -n "__fish_certkit_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "encrypt" -d 'Encrypt a key with a password'
complete -c certkit -n "__fish_certkit_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "decrypt" -d 'Remove the password from a key'
complete -c certkit -n "__fish_certkit_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "match" -d 'Check which certificates and requests belong to a key'
complete -c certkit -n "__fish_certkit_using_subcommand help; and __fish_seen_subcommand_from trust" -f -a "install" -d 'Install the CA into the trust stores'
complete -c certkit -n "__fish_certkit_using_subcommand help; and __fish_seen_subcommand_from trust" -f -a "uninstall" -d 'Remove exactly this CA from the trust stores'
complete -c certkit -n "__fish_certkit_using_subcommand help; and __fish_seen_subcommand_from trust" -f -a "list" -d 'List every CA of certkit that a store trusts or a CA folder holds'
complete -c certkit -n "__fish_certkit_using_subcommand help; and __fish_seen_subcommand_from trust" -f -a "status" -d 'Ask each trust store whether it trusts the CA'
complete -c certkit -n "__fish_certkit_using_subcommand help; and __fish_seen_subcommand_from trust" -f -a "env" -d 'Print variables for programs that do not ask the stores: Node, pip, requests, git, Java'
complete -c certkit -n "__fish_certkit_using_subcommand help; and __fish_seen_subcommand_from trust" -f -a "export" -d 'Write the CA certificate to a file for another device'
complete -c certkit -n "__fish_certkit_using_subcommand help; and __fish_seen_subcommand_from hosts" -f -a "add" -d 'Add a name'
complete -c certkit -n "__fish_certkit_using_subcommand help; and __fish_seen_subcommand_from hosts" -f -a "remove" -d 'Remove a name that was added'
complete -c certkit -n "__fish_certkit_using_subcommand help; and __fish_seen_subcommand_from hosts" -f -a "check" -d 'Check whether a name is there'
complete -c certkit -n "__fish_certkit_using_subcommand help; and __fish_seen_subcommand_from acme" -f -a "obtain" -d 'Get a certificate, unless the current one is still valid'
complete -c certkit -n "__fish_certkit_using_subcommand help; and __fish_seen_subcommand_from acme" -f -a "renew" -d 'Renew the certificates that are due, or those named'
complete -c certkit -n "__fish_certkit_using_subcommand help; and __fish_seen_subcommand_from acme" -f -a "revoke" -d 'Revoke a certificate'
complete -c certkit -n "__fish_certkit_using_subcommand help; and __fish_seen_subcommand_from acme" -f -a "delete" -d 'Delete a certificate: it is not renewed any more'
complete -c certkit -n "__fish_certkit_using_subcommand help; and __fish_seen_subcommand_from acme" -f -a "import" -d 'Take over accounts and certificates of certbot, lego or acme.sh'
complete -c certkit -n "__fish_certkit_using_subcommand help; and __fish_seen_subcommand_from acme" -f -a "list" -d 'List the certificates: names, server, days left, next renewal, last failure'
complete -c certkit -n "__fish_certkit_using_subcommand help; and __fish_seen_subcommand_from acme" -f -a "account" -d 'Show, change or close an account at a server'
complete -c certkit -n "__fish_certkit_using_subcommand help; and __fish_seen_subcommand_from acme" -f -a "dns-record" -d 'Print the TXT records that let this account have certificates for names, by dns-persist-01'
complete -c certkit -n "__fish_certkit_using_subcommand help; and __fish_seen_subcommand_from acme" -f -a "dns-providers" -d 'List the DNS providers that --dns takes, with the fields that each needs in its file of credentials'
complete -c certkit -n "__fish_certkit_using_subcommand help; and __fish_seen_subcommand_from acme" -f -a "install-timer" -d 'Install a timer that runs `certkit acme renew` every hour, at a minute that differs from machine to machine'
complete -c certkit -n "__fish_certkit_using_subcommand help; and __fish_seen_subcommand_from ca" -f -a "serve" -d 'Run an ACME server that issues certificates from your CA'
