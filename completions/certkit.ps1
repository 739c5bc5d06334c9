
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'certkit' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'certkit'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'certkit' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('mkca', 'mkca', [CompletionResultType]::ParameterValue, 'Make your own certificate authority (CA)')
            [CompletionResult]::new('mkcert', 'mkcert', [CompletionResultType]::ParameterValue, 'Make a server certificate signed by your CA')
            [CompletionResult]::new('csr', 'csr', [CompletionResultType]::ParameterValue, 'Make a certificate signing request (CSR) for another CA')
            [CompletionResult]::new('sign', 'sign', [CompletionResultType]::ParameterValue, 'Sign a certificate signing request with your CA')
            [CompletionResult]::new('renew', 'renew', [CompletionResultType]::ParameterValue, 'Renew certificates of your CA: same names, same key, a new validity of the same length')
            [CompletionResult]::new('revoke', 'revoke', [CompletionResultType]::ParameterValue, 'Revoke certificates of your CA')
            [CompletionResult]::new('crl', 'crl', [CompletionResultType]::ParameterValue, 'Make the certificate revocation list (CRL) of your CA')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the certificates of your CA, those that expire first on top')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Write a certificate from the CA''s ledger again, for example when its file is lost')
            [CompletionResult]::new('merge', 'merge', [CompletionResultType]::ParameterValue, 'Put a server certificate and its CA bundle together, in the right order')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Check a certificate chain: does it hold, and if not, why and how to fix it')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Describe a file (certificate, key, request, revocation list, PKCS#7, PKCS#12) or what a running server sends')
            [CompletionResult]::new('key', 'key', [CompletionResultType]::ParameterValue, 'Make, show, encrypt, decrypt and compare private keys')
            [CompletionResult]::new('convert', 'convert', [CompletionResultType]::ParameterValue, 'Convert certificates and keys: PEM, DER, PKCS#12, PKCS#7, PKCS#8, PKCS#1, SEC1')
            [CompletionResult]::new('trust', 'trust', [CompletionResultType]::ParameterValue, 'Make this machine trust your CA: system, browsers, Java')
            [CompletionResult]::new('hosts', 'hosts', [CompletionResultType]::ParameterValue, 'Point names to this machine for development, in the hosts file')
            [CompletionResult]::new('acme', 'acme', [CompletionResultType]::ParameterValue, 'Get certificates from Let''s Encrypt or another ACME server')
            [CompletionResult]::new('ca', 'ca', [CompletionResultType]::ParameterValue, 'Run your CA as a service')
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Serve a Python web application on https')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print shell completions')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print the manual page, or write one per command into a folder')
            [CompletionResult]::new('options', 'options', [CompletionResultType]::ParameterValue, 'The options and variables of every command')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'certkit;mkca' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Folder for the files')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Folder for the files')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Key type')
            [CompletionResult]::new('--key-type', '--key-type', [CompletionResultType]::ParameterName, 'Key type')
            [CompletionResult]::new('--days', '--days', [CompletionResultType]::ParameterName, 'Days until the CA expires')
            [CompletionResult]::new('--permit', '--permit', [CompletionResultType]::ParameterName, 'Allow only these names: a domain or an address range; may be repeated')
            [CompletionResult]::new('--exclude', '--exclude', [CompletionResultType]::ParameterName, 'Forbid these names: a domain or an address range; may be repeated')
            [CompletionResult]::new('--subject', '--subject', [CompletionResultType]::ParameterName, 'The whole subject, such as ''O=Our team,OU=A,OU=B,CN=Our CA''; without a CN the default one is appended')
            [CompletionResult]::new('--crl-url', '--crl-url', [CompletionResultType]::ParameterName, 'Address of the CA''s revocation list, which the certificate then names; may be repeated')
            [CompletionResult]::new('--issuer-url', '--issuer-url', [CompletionResultType]::ParameterName, 'Address of the CA''s certificate, for clients of servers that do not send it; may be repeated')
            [CompletionResult]::new('--password-file', '--password-file', [CompletionResultType]::ParameterName, 'File whose first line is the password for --encrypt, and of keys that are there already; - is standard input')
            [CompletionResult]::new('--take', '--take', [CompletionResultType]::ParameterName, 'Take the certificate that was issued for intermediate.csr, after comparing it with the key and ca.crt')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('--global', '--global', [CompletionResultType]::ParameterName, 'Write to $XDG_DATA_HOME/certkit, where mkcert finds the CA from every folder')
            [CompletionResult]::new('--intermediate', '--intermediate', [CompletionResultType]::ParameterName, 'Also make an intermediate CA, which then signs certificates: intermediate.crt and intermediate.key; beside a root that is there already, make only that')
            [CompletionResult]::new('--throwaway-root', '--throwaway-root', [CompletionResultType]::ParameterName, 'Make a root and an intermediate, and never write the root''s key: nobody can add another CA below it')
            [CompletionResult]::new('--encrypt', '--encrypt', [CompletionResultType]::ParameterName, 'Encrypt the private keys with a password (PKCS#8, AES-256)')
            [CompletionResult]::new('--rollover', '--rollover', [CompletionResultType]::ParameterName, 'Make a new root with a new key, certified by the old one too (ca.cross.crt), for clients that trust only the old one; the old files are kept as ca.old-DATE.crt and .key')
            [CompletionResult]::new('--csr', '--csr', [CompletionResultType]::ParameterName, 'Where the root''s key is on another machine: write intermediate.key and intermediate.csr, to be signed there')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace existing files; existing keys and certificates are kept as .bak')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;mkcert' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'File name prefix: writes BASE.key, BASE.crt, BASE.csr; with --from, the folder')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'File name prefix: writes BASE.key, BASE.crt, BASE.csr; with --from, the folder')
            [CompletionResult]::new('--from', '--from', [CompletionResultType]::ParameterName, 'Make many certificates: each line of FILE has the names of one (# starts a comment; - is standard input)')
            [CompletionResult]::new('--crl-url', '--crl-url', [CompletionResultType]::ParameterName, 'Address of the CA''s revocation list, which the certificate then names; may be repeated')
            [CompletionResult]::new('--issuer-url', '--issuer-url', [CompletionResultType]::ParameterName, 'Address of the CA''s certificate, for clients of servers that do not send it; may be repeated')
            [CompletionResult]::new('--ca', '--ca', [CompletionResultType]::ParameterName, 'The CA''s certificate')
            [CompletionResult]::new('--ca-key', '--ca-key', [CompletionResultType]::ParameterName, 'The CA''s key [default: the file of --ca with .key]')
            [CompletionResult]::new('--password-file', '--password-file', [CompletionResultType]::ParameterName, 'File whose first line is the password of the CA''s key; - is standard input')
            [CompletionResult]::new('--ledger', '--ledger', [CompletionResultType]::ParameterName, 'Record what is issued and revoked in this file [default: ledger.jsonl next to the CA]; none: record nothing')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Key type')
            [CompletionResult]::new('--key-type', '--key-type', [CompletionResultType]::ParameterName, 'Key type')
            [CompletionResult]::new('--days', '--days', [CompletionResultType]::ParameterName, 'Days until the certificate expires, or hours (8h); never later than its CA')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'Day or time at which the certificate expires: 2027-01-31 or 2027-01-31T12:00:00Z')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'Use this private key instead of a new one')
            [CompletionResult]::new('--key-password-file', '--key-password-file', [CompletionResultType]::ParameterName, 'File whose first line is the password of --key; - is standard input')
            [CompletionResult]::new('--subject', '--subject', [CompletionResultType]::ParameterName, 'The whole subject, such as ''C=DE,O=Our team''; without a CN the first NAME is used')
            [CompletionResult]::new('--p12-password-file', '--p12-password-file', [CompletionResultType]::ParameterName, 'File whose first line is the password for --p12; - is standard input')
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'Also write certificate, intermediates and key into one file, BASE.pem, as HAProxy reads them')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('--if-needed', '--if-needed', [CompletionResultType]::ParameterName, 'Do nothing if the certificate exists, has the same names, matches its key and has more than a third of its lifetime left; otherwise replace it, if the same CA issued it')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'Make a certificate for client authentication instead of a server. The first NAME, such as ''Alice Smith'', is the common name as typed')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'With --client: one certificate for servers and clients, as the members of a cluster use it')
            [CompletionResult]::new('--legacy', '--legacy', [CompletionResultType]::ParameterName, 'With --p12: encrypt it with triple DES and SHA-1, for old versions of Windows, macOS and Java')
            [CompletionResult]::new('--csr', '--csr', [CompletionResultType]::ParameterName, 'Also write the certificate signing request, BASE.csr')
            [CompletionResult]::new('--p12', '--p12', [CompletionResultType]::ParameterName, 'Also write key and certificates as PKCS#12, BASE.p12, for browsers and Windows; needs a password')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace existing files (an existing key is kept as .bak), and allow more than 825 days')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;csr' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Output file; - is standard output and needs --key. A new key is written next to it')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Output file; - is standard output and needs --key. A new key is written next to it')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'Use this private key instead of a new one')
            [CompletionResult]::new('--key-password-file', '--key-password-file', [CompletionResultType]::ParameterName, 'File whose first line is the password of --key; - is standard input')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Key type')
            [CompletionResult]::new('--key-type', '--key-type', [CompletionResultType]::ParameterName, 'Key type')
            [CompletionResult]::new('--subject', '--subject', [CompletionResultType]::ParameterName, 'The whole subject, such as ''C=DE,O=Our team''; without a CN the first NAME is used')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace existing files; an existing key is kept as .bak')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;sign' {
            [CompletionResult]::new('--san', '--san', [CompletionResultType]::ParameterName, 'Certify this name too, in addition to those in the request; may be repeated')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'What the certificate is for')
            [CompletionResult]::new('--days', '--days', [CompletionResultType]::ParameterName, 'Days until the certificate expires, or hours (8h); never later than its CA [default: 397, for a CA 3650]')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'Day or time at which the certificate expires: 2027-01-31 or 2027-01-31T12:00:00Z')
            [CompletionResult]::new('--crl-url', '--crl-url', [CompletionResultType]::ParameterName, 'Address of the CA''s revocation list, which the certificate then names; may be repeated')
            [CompletionResult]::new('--issuer-url', '--issuer-url', [CompletionResultType]::ParameterName, 'Address of the CA''s certificate, for clients of servers that do not send it; may be repeated')
            [CompletionResult]::new('--ca', '--ca', [CompletionResultType]::ParameterName, 'The CA''s certificate')
            [CompletionResult]::new('--ca-key', '--ca-key', [CompletionResultType]::ParameterName, 'The CA''s key [default: the file of --ca with .key]')
            [CompletionResult]::new('--password-file', '--password-file', [CompletionResultType]::ParameterName, 'File whose first line is the password of the CA''s key; - is standard input')
            [CompletionResult]::new('--ledger', '--ledger', [CompletionResultType]::ParameterName, 'Record what is issued and revoked in this file [default: ledger.jsonl next to the CA]; none: record nothing')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Output file; - is standard output [default: the request''s name with .crt, or standard output]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Output file; - is standard output [default: the request''s name with .crt, or standard output]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace existing files, and allow more than 825 days')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;renew' {
            [CompletionResult]::new('--if-within', '--if-within', [CompletionResultType]::ParameterName, 'Renew only if this much or less is left: a share of the lifetime (33%), a number of days (30d) or hours (8h)')
            [CompletionResult]::new('--key-password-file', '--key-password-file', [CompletionResultType]::ParameterName, 'File whose first line is the password of encrypted keys (with --rekey) and PKCS#12 files; - is standard input')
            [CompletionResult]::new('--install-timer', '--install-timer', [CompletionResultType]::ParameterName, 'Install a timer that runs this command every hour, with the other options, and makes the next revocation list when it is due. Without a value: systemd. It is not started: certkit prints the commands for that. With --dry-run the files are printed')
            [CompletionResult]::new('--root', '--root', [CompletionResultType]::ParameterName, 'Write the timer below this folder instead of /, for example for an image')
            [CompletionResult]::new('--deploy-hook', '--deploy-hook', [CompletionResultType]::ParameterName, 'Run this shell command after something was renewed. CERTKIT_RENEWED holds the certificates'' files, one per line, and CERTKIT_NOT_RENEWED the files that still hold an old one')
            [CompletionResult]::new('--exec', '--exec', [CompletionResultType]::ParameterName, 'Run this shell command after something was renewed. CERTKIT_RENEWED holds the certificates'' files, one per line, and CERTKIT_NOT_RENEWED the files that still hold an old one')
            [CompletionResult]::new('--exit-code-if-renewed', '--exit-code-if-renewed', [CompletionResultType]::ParameterName, 'Exit with this status if something was renewed')
            [CompletionResult]::new('--ca', '--ca', [CompletionResultType]::ParameterName, 'The CA''s certificate')
            [CompletionResult]::new('--ca-key', '--ca-key', [CompletionResultType]::ParameterName, 'The CA''s key [default: the file of --ca with .key]')
            [CompletionResult]::new('--password-file', '--password-file', [CompletionResultType]::ParameterName, 'File whose first line is the password of the CA''s key; - is standard input')
            [CompletionResult]::new('--ledger', '--ledger', [CompletionResultType]::ParameterName, 'Record what is issued and revoked in this file [default: ledger.jsonl next to the CA]; none: record nothing')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('--rekey', '--rekey', [CompletionResultType]::ParameterName, 'Make new keys too, in the files of the old ones, which are kept as .bak. A key that is not here, as after `certkit sign`, stays')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Say what would be renewed, and change nothing')
            [CompletionResult]::new('--crl', '--crl', [CompletionResultType]::ParameterName, 'Also make the CA''s next revocation list, if there is one that is in the last third of its time')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace files of a timer that have other contents')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;revoke' {
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'Revoke every valid certificate of this key: a private key, a public key or a certificate')
            [CompletionResult]::new('--reason', '--reason', [CompletionResultType]::ParameterName, 'Reason for the revocation')
            [CompletionResult]::new('--ca', '--ca', [CompletionResultType]::ParameterName, 'The CA''s certificate')
            [CompletionResult]::new('--ca-key', '--ca-key', [CompletionResultType]::ParameterName, 'The CA''s key [default: the file of --ca with .key]')
            [CompletionResult]::new('--password-file', '--password-file', [CompletionResultType]::ParameterName, 'File whose first line is the password of the CA''s key; - is standard input')
            [CompletionResult]::new('--ledger', '--ledger', [CompletionResultType]::ParameterName, 'Record what is issued and revoked in this file [default: ledger.jsonl next to the CA]; none: record nothing')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'If there are several valid certificates for NAME, revoke them all')
            [CompletionResult]::new('--same-names', '--same-names', [CompletionResultType]::ParameterName, 'Also revoke every valid certificate with the same names')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;crl' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Output file; - is standard output [default: the CA''s file with .crl]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Output file; - is standard output [default: the CA''s file with .crl]')
            [CompletionResult]::new('--days', '--days', [CompletionResultType]::ParameterName, 'Days until the next list is due')
            [CompletionResult]::new('--ca', '--ca', [CompletionResultType]::ParameterName, 'The CA''s certificate')
            [CompletionResult]::new('--ca-key', '--ca-key', [CompletionResultType]::ParameterName, 'The CA''s key [default: the file of --ca with .key]')
            [CompletionResult]::new('--password-file', '--password-file', [CompletionResultType]::ParameterName, 'File whose first line is the password of the CA''s key; - is standard input')
            [CompletionResult]::new('--ledger', '--ledger', [CompletionResultType]::ParameterName, 'Record what is issued and revoked in this file [default: ledger.jsonl next to the CA]; none: record nothing')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace an existing file that is not a list of this CA')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;list' {
            [CompletionResult]::new('--expiring', '--expiring', [CompletionResultType]::ParameterName, 'Only those with this much or less left: a share of the lifetime (33%) or a number of days (30d)')
            [CompletionResult]::new('--ca', '--ca', [CompletionResultType]::ParameterName, 'The CA''s certificate: only what this CA issued')
            [CompletionResult]::new('--ledger', '--ledger', [CompletionResultType]::ParameterName, 'The ledger [default: ledger.jsonl next to the CA]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('--revoked', '--revoked', [CompletionResultType]::ParameterName, 'Only those that were revoked')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Also those that are expired or revoked')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;export' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Output file; - is standard output [default: -]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Output file; - is standard output [default: -]')
            [CompletionResult]::new('--ca', '--ca', [CompletionResultType]::ParameterName, 'The CA''s certificate: only what this CA issued')
            [CompletionResult]::new('--ledger', '--ledger', [CompletionResultType]::ParameterName, 'The ledger [default: ledger.jsonl next to the CA]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('--chain', '--chain', [CompletionResultType]::ParameterName, 'Add the intermediates, as a server sends them')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace an existing file')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;merge' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The file to write; - is standard output')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The file to write; - is standard output')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'The private key: chooses among several server certificates; it must belong to one of them')
            [CompletionResult]::new('--password-file', '--password-file', [CompletionResultType]::ParameterName, 'The password of PKCS#12 files and of the key: the first line of this file; - is standard input')
            [CompletionResult]::new('--roots', '--roots', [CompletionResultType]::ParameterName, 'Trust only the roots in this file, instead of the system''s and your own CA; may be repeated')
            [CompletionResult]::new('--at', '--at', [CompletionResultType]::ParameterName, 'Check as of this time (RFC 3339, such as 2026-11-20T12:00:00Z)')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('--fetch', '--fetch', [CompletionResultType]::ParameterName, 'Download a missing intermediate from the address that the certificate names')
            [CompletionResult]::new('--include-root', '--include-root', [CompletionResultType]::ParameterName, 'Keep the root at the end (most servers should not send it)')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace an existing file')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;check' {
            [CompletionResult]::new('--host', '--host', [CompletionResultType]::ParameterName, 'The name that clients will use: DNS name or IP address (a URL or host:port works too); it is also sent to a running server')
            [CompletionResult]::new('--email', '--email', [CompletionResultType]::ParameterName, 'A mail address that the certificate must be for; may be repeated')
            [CompletionResult]::new('--roots', '--roots', [CompletionResultType]::ParameterName, 'Trust these CA certificates and no others; may be repeated')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'The private key; it must belong to the server certificate')
            [CompletionResult]::new('--key-password-file', '--key-password-file', [CompletionResultType]::ParameterName, 'The password of the key, or of a PKCS#12 file: the first line of this file; - is standard input')
            [CompletionResult]::new('--crl', '--crl', [CompletionResultType]::ParameterName, 'A revocation list (PEM or DER) to check the certificates against; may be repeated')
            [CompletionResult]::new('--purpose', '--purpose', [CompletionResultType]::ParameterName, 'What the certificate is for')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which rules to apply: what clients do, those of the public web, or RFC 5280 alone')
            [CompletionResult]::new('--max-depth', '--max-depth', [CompletionResultType]::ParameterName, 'Fail when there are more intermediates than this; self-issued ones do not count')
            [CompletionResult]::new('--at', '--at', [CompletionResultType]::ParameterName, 'Check as of this time (RFC 3339, such as 2026-11-20T12:00:00Z)')
            [CompletionResult]::new('--min-days', '--min-days', [CompletionResultType]::ParameterName, 'Fail when the chain expires within this many days')
            [CompletionResult]::new('--starttls', '--starttls', [CompletionResultType]::ParameterName, 'The server starts with this protocol unencrypted, and TLS begins after its STARTTLS command')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Give up SECONDS after the start, whatever the server does [default: 10; with --deep 60]')
            [CompletionResult]::new('--http-port', '--http-port', [CompletionResultType]::ParameterName, 'Ask an https server for its page without TLS too, on this port: it must redirect to https [with --deep and port 443: 80]')
            [CompletionResult]::new('--min-grade', '--min-grade', [CompletionResultType]::ParameterName, 'Fail when the server''s grade is below this one: A+, A, B, C, D or F (docs/server-grade.md)')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'The program of the server, whose configuration the fixes are for; recognised by its answer over https where it names itself')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Of several files or servers, check N at a time')
            [CompletionResult]::new('--batch', '--batch', [CompletionResultType]::ParameterName, 'Check many chains: one JSON object per line in, one per line out; - is standard input')
            [CompletionResult]::new('--explain', '--explain', [CompletionResultType]::ParameterName, 'Explain a finding code: what it means, why it matters, which clients care, how to fix it')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('--deep', '--deep', [CompletionResultType]::ParameterName, 'List every protocol, cipher suite and group that the server accepts, with some dozens of connections')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;show' {
            [CompletionResult]::new('--password-file', '--password-file', [CompletionResultType]::ParameterName, 'The password of a PKCS#12 file or an encrypted key: the first line of this file; - is standard input')
            [CompletionResult]::new('--host', '--host', [CompletionResultType]::ParameterName, 'The name to ask the server for, if it is not the HOST of HOST:PORT')
            [CompletionResult]::new('--starttls', '--starttls', [CompletionResultType]::ParameterName, 'The server starts with this protocol unencrypted, and TLS begins after its STARTTLS command')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Give up SECONDS after the start, whatever the server does [default: 10; with --deep 60]')
            [CompletionResult]::new('--at', '--at', [CompletionResultType]::ParameterName, 'Count the days left from this time (RFC 3339, such as 2026-11-20T12:00:00Z)')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;key' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('new', 'new', [CompletionResultType]::ParameterValue, 'Make a new private key')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show the kind of key in a file and the fingerprint of its public key')
            [CompletionResult]::new('encrypt', 'encrypt', [CompletionResultType]::ParameterValue, 'Encrypt a key with a password')
            [CompletionResult]::new('decrypt', 'decrypt', [CompletionResultType]::ParameterValue, 'Remove the password from a key')
            [CompletionResult]::new('match', 'match', [CompletionResultType]::ParameterValue, 'Check which certificates and requests belong to a key')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'certkit;key;new' {
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Key type')
            [CompletionResult]::new('--key-type', '--key-type', [CompletionResultType]::ParameterName, 'Key type')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Where to write; - is standard output')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Where to write; - is standard output')
            [CompletionResult]::new('--password-file', '--password-file', [CompletionResultType]::ParameterName, 'The password: the first line of this file; - is standard input')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('--encrypt', '--encrypt', [CompletionResultType]::ParameterName, 'Encrypt it with a password from --password-file, CERTKIT_PASSWORD or the terminal')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace an existing file (the old key is kept as .bak)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;key;show' {
            [CompletionResult]::new('--password-file', '--password-file', [CompletionResultType]::ParameterName, 'The password of the key: the first line of this file; - is standard input')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;key;encrypt' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Where to write; - is standard output, which is also the default unless that is a terminal')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Where to write; - is standard output, which is also the default unless that is a terminal')
            [CompletionResult]::new('--password-file', '--password-file', [CompletionResultType]::ParameterName, 'The password: the first line of this file; - is standard input')
            [CompletionResult]::new('--new-password-file', '--new-password-file', [CompletionResultType]::ParameterName, 'The new password of a key that has one already; --password-file then names the old one')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace an existing file (it is kept as .bak)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;key;decrypt' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Where to write; - is standard output, which is also the default unless that is a terminal')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Where to write; - is standard output, which is also the default unless that is a terminal')
            [CompletionResult]::new('--password-file', '--password-file', [CompletionResultType]::ParameterName, 'The password: the first line of this file; - is standard input')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace an existing file (it is kept as .bak)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;key;match' {
            [CompletionResult]::new('--password-file', '--password-file', [CompletionResultType]::ParameterName, 'The password of the key and of PKCS#12 files: the first line of this file; - is standard input')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;key;help' {
            [CompletionResult]::new('new', 'new', [CompletionResultType]::ParameterValue, 'Make a new private key')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show the kind of key in a file and the fingerprint of its public key')
            [CompletionResult]::new('encrypt', 'encrypt', [CompletionResultType]::ParameterValue, 'Encrypt a key with a password')
            [CompletionResult]::new('decrypt', 'decrypt', [CompletionResultType]::ParameterValue, 'Remove the password from a key')
            [CompletionResult]::new('match', 'match', [CompletionResultType]::ParameterValue, 'Check which certificates and requests belong to a key')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'certkit;key;help;new' {
            break
        }
        'certkit;key;help;show' {
            break
        }
        'certkit;key;help;encrypt' {
            break
        }
        'certkit;key;help;decrypt' {
            break
        }
        'certkit;key;help;match' {
            break
        }
        'certkit;key;help;help' {
            break
        }
        'certkit;convert' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Where to write; - is standard output, which is also the default. Nothing binary or secret goes to a terminal')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Where to write; - is standard output, which is also the default. Nothing binary or secret goes to a terminal')
            [CompletionResult]::new('--to', '--to', [CompletionResultType]::ParameterName, 'The form to write')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'Add the private key of this file')
            [CompletionResult]::new('--chain', '--chain', [CompletionResultType]::ParameterName, 'Add the certificates of this file')
            [CompletionResult]::new('--password-file', '--password-file', [CompletionResultType]::ParameterName, 'The password of the input, and of the new file unless --new-password-file names another: the first line of this file; - is standard input')
            [CompletionResult]::new('--new-password-file', '--new-password-file', [CompletionResultType]::ParameterName, 'The password of the new file: the first line of this file')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('--legacy', '--legacy', [CompletionResultType]::ParameterName, 'Encrypt PKCS#12 with triple DES and SHA-1, for old versions of Windows, macOS and Java (before 8u301)')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace an existing file (one with a key is kept as .bak)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;trust' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('install', 'install', [CompletionResultType]::ParameterValue, 'Install the CA into the trust stores')
            [CompletionResult]::new('uninstall', 'uninstall', [CompletionResultType]::ParameterValue, 'Remove exactly this CA from the trust stores')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List every CA of certkit that a store trusts or a CA folder holds')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Ask each trust store whether it trusts the CA')
            [CompletionResult]::new('env', 'env', [CompletionResultType]::ParameterValue, 'Print variables for programs that do not ask the stores: Node, pip, requests, git, Java')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Write the CA certificate to a file for another device')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'certkit;trust;install' {
            [CompletionResult]::new('--ca', '--ca', [CompletionResultType]::ParameterName, 'The same as FILE')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Which stores; may be repeated')
            [CompletionResult]::new('--root', '--root', [CompletionResultType]::ParameterName, 'Use this folder as /, such as a mounted system image; its own commands are printed, not run')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would be done without doing it')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;trust;uninstall' {
            [CompletionResult]::new('--ca', '--ca', [CompletionResultType]::ParameterName, 'The CA certificate')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Which stores; may be repeated')
            [CompletionResult]::new('--root', '--root', [CompletionResultType]::ParameterName, 'Use this folder as /, such as a mounted system image; its own commands are printed, not run')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Remove every CA that certkit made; it asks first')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would be done without doing it')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;trust;list' {
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Which stores; may be repeated')
            [CompletionResult]::new('--root', '--root', [CompletionResultType]::ParameterName, 'Use this folder as /, such as a mounted system image; its own commands are printed, not run')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;trust;status' {
            [CompletionResult]::new('--ca', '--ca', [CompletionResultType]::ParameterName, 'The same as FILE')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Which stores; may be repeated')
            [CompletionResult]::new('--root', '--root', [CompletionResultType]::ParameterName, 'Use this folder as /, such as a mounted system image; its own commands are printed, not run')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;trust;env' {
            [CompletionResult]::new('--ca', '--ca', [CompletionResultType]::ParameterName, 'The same as FILE')
            [CompletionResult]::new('--shell', '--shell', [CompletionResultType]::ParameterName, 'How to print them')
            [CompletionResult]::new('--root', '--root', [CompletionResultType]::ParameterName, 'Use this folder as /, such as a mounted system image')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;trust;export' {
            [CompletionResult]::new('--ca', '--ca', [CompletionResultType]::ParameterName, 'The same as FILE')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Output file; - is standard output. The ending .der or .cer selects DER (for Android), .mobileconfig a profile [default: ca.crt, with --mobileconfig ca.mobileconfig]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Output file; - is standard output. The ending .der or .cer selects DER (for Android), .mobileconfig a profile [default: ca.crt, with --mobileconfig ca.mobileconfig]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('--mobileconfig', '--mobileconfig', [CompletionResultType]::ParameterName, 'Write a configuration profile for iPhone, iPad and Mac')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace an existing file')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;trust;help' {
            [CompletionResult]::new('install', 'install', [CompletionResultType]::ParameterValue, 'Install the CA into the trust stores')
            [CompletionResult]::new('uninstall', 'uninstall', [CompletionResultType]::ParameterValue, 'Remove exactly this CA from the trust stores')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List every CA of certkit that a store trusts or a CA folder holds')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Ask each trust store whether it trusts the CA')
            [CompletionResult]::new('env', 'env', [CompletionResultType]::ParameterValue, 'Print variables for programs that do not ask the stores: Node, pip, requests, git, Java')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Write the CA certificate to a file for another device')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'certkit;trust;help;install' {
            break
        }
        'certkit;trust;help;uninstall' {
            break
        }
        'certkit;trust;help;list' {
            break
        }
        'certkit;trust;help;status' {
            break
        }
        'certkit;trust;help;env' {
            break
        }
        'certkit;trust;help;export' {
            break
        }
        'certkit;trust;help;help' {
            break
        }
        'certkit;hosts' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Add a name')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Remove a name that was added')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Check whether a name is there')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'certkit;hosts;add' {
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'The hosts file')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would be done without doing it')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;hosts;remove' {
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'The hosts file')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would be done without doing it')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;hosts;check' {
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'The hosts file')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;hosts;help' {
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Add a name')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Remove a name that was added')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Check whether a name is there')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'certkit;hosts;help;add' {
            break
        }
        'certkit;hosts;help;remove' {
            break
        }
        'certkit;hosts;help;check' {
            break
        }
        'certkit;hosts;help;help' {
            break
        }
        'certkit;acme' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('obtain', 'obtain', [CompletionResultType]::ParameterValue, 'Get a certificate, unless the current one is still valid')
            [CompletionResult]::new('renew', 'renew', [CompletionResultType]::ParameterValue, 'Renew the certificates that are due, or those named')
            [CompletionResult]::new('revoke', 'revoke', [CompletionResultType]::ParameterValue, 'Revoke a certificate')
            [CompletionResult]::new('delete', 'delete', [CompletionResultType]::ParameterValue, 'Delete a certificate: it is not renewed any more')
            [CompletionResult]::new('import', 'import', [CompletionResultType]::ParameterValue, 'Take over accounts and certificates of certbot, lego or acme.sh')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the certificates: names, server, days left, next renewal, last failure')
            [CompletionResult]::new('account', 'account', [CompletionResultType]::ParameterValue, 'Show, change or close an account at a server')
            [CompletionResult]::new('dns-record', 'dns-record', [CompletionResultType]::ParameterValue, 'Print the TXT records that let this account have certificates for names, by dns-persist-01')
            [CompletionResult]::new('dns-providers', 'dns-providers', [CompletionResultType]::ParameterValue, 'List the DNS providers that --dns takes, with the fields that each needs in its file of credentials')
            [CompletionResult]::new('install-timer', 'install-timer', [CompletionResultType]::ParameterValue, 'Install a timer that runs `certkit acme renew` every hour, at a minute that differs from machine to machine')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'certkit;acme;obtain' {
            [CompletionResult]::new('--csr', '--csr', [CompletionResultType]::ParameterName, 'Take names and key from this certificate signing request, PEM or DER; - is standard input. The private key stays where it is: certkit writes certificate and chain only, and renews with the same request')
            [CompletionResult]::new('--http', '--http', [CompletionResultType]::ParameterName, 'Answer http-01 with certkit''s own server (default: port 80 on all addresses, IPv4 and IPv6)')
            [CompletionResult]::new('--webroot', '--webroot', [CompletionResultType]::ParameterName, 'Answer http-01 with files below DIR, the root folder of a running web server')
            [CompletionResult]::new('--tls-alpn', '--tls-alpn', [CompletionResultType]::ParameterName, 'Answer tls-alpn-01 with certkit''s own TLS listener (default: port 443 on all addresses)')
            [CompletionResult]::new('--dns', '--dns', [CompletionResultType]::ParameterName, 'Answer dns-01 with the API of a DNS provider; `certkit acme dns-providers` lists them')
            [CompletionResult]::new('--dns-hook', '--dns-hook', [CompletionResultType]::ParameterName, 'Answer dns-01 with a program: CMD present|cleanup FQDN VALUE. FQDN is _acme-challenge.NAME. with a dot at its end. The record must be visible when present returns, within ten minutes. The program follows CNAMEs itself. No shell is involved. Hooks for other clients work unchanged as lego:PROG, httpreq:URL, acmesh:dns_NAME and certbot:AUTH,CLEANUP; see below')
            [CompletionResult]::new('--rfc2136', '--rfc2136', [CompletionResultType]::ParameterName, 'Answer dns-01 with dynamic updates (RFC 2136). FILE names the server and the key; see below')
            [CompletionResult]::new('--dns-persist', '--dns-persist', [CompletionResultType]::ParameterName, 'Answer dns-persist-01 with a TXT record that stays. `certkit acme dns-record` prints it; it is only read here, through RESOLVER (default: the system''s). For servers that offer it')
            [CompletionResult]::new('--dns-credentials', '--dns-credentials', [CompletionResultType]::ParameterName, 'File with the secrets for --dns or for a hook of another client, one NAME = "VALUE" per line. Only its owner may be able to read it')
            [CompletionResult]::new('--dns-resolver', '--dns-resolver', [CompletionResultType]::ParameterName, 'Ask this resolver for CNAMEs, zones and name servers instead of the system''s')
            [CompletionResult]::new('--dns-wait', '--dns-wait', [CompletionResultType]::ParameterName, 'How long to wait at most until all name servers of the zone show the record (default: 120)')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'The ACME server: letsencrypt (the default), letsencrypt-staging, zerossl, google, or the address of a directory. Given twice, the second one is used after the first has failed for a day')
            [CompletionResult]::new('--ca-roots', '--ca-roots', [CompletionResultType]::ParameterName, 'Trust these CA certificates for the ACME server itself, instead of the system''s')
            [CompletionResult]::new('--email', '--email', [CompletionResultType]::ParameterName, 'Mail address for the account')
            [CompletionResult]::new('--eab-kid', '--eab-kid', [CompletionResultType]::ParameterName, 'Key identifier of an external account, for servers that require one')
            [CompletionResult]::new('--eab-hmac-file', '--eab-hmac-file', [CompletionResultType]::ParameterName, 'File with the secret of the external account, in base64url as the server shows it')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Key type')
            [CompletionResult]::new('--key-type', '--key-type', [CompletionResultType]::ParameterName, 'Key type')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Certificate profile, by the server''s name for it, such as shortlived')
            [CompletionResult]::new('--preferred-chain', '--preferred-chain', [CompletionResultType]::ParameterName, 'Choose the chain that leads to the root with this common name, if the server offers several')
            [CompletionResult]::new('--deploy-hook', '--deploy-hook', [CompletionResultType]::ParameterName, 'Run this shell command after a new certificate is in place, for five minutes at most. It gets CERTKIT_NAME, CERTKIT_NAMES, CERTKIT_FULLCHAIN, CERTKIT_KEY, CERTKIT_CERT and CERTKIT_CHAIN')
            [CompletionResult]::new('--exec', '--exec', [CompletionResultType]::ParameterName, 'Run this shell command after a new certificate is in place, for five minutes at most. It gets CERTKIT_NAME, CERTKIT_NAMES, CERTKIT_FULLCHAIN, CERTKIT_KEY, CERTKIT_CERT and CERTKIT_CHAIN')
            [CompletionResult]::new('--pre-hook', '--pre-hook', [CompletionResultType]::ParameterName, 'Run this shell command before each order; nothing is ordered if it fails')
            [CompletionResult]::new('--post-hook', '--post-hook', [CompletionResultType]::ParameterName, 'Run this shell command after each order, also after one that failed')
            [CompletionResult]::new('--failure-hook', '--failure-hook', [CompletionResultType]::ParameterName, 'Run this shell command, once a day, while renewals fail and a tenth of the certificate''s life is left. It gets CERTKIT_NAME, CERTKIT_NAMES, CERTKIT_NOT_AFTER, CERTKIT_HOURS_LEFT and CERTKIT_FAILURES')
            [CompletionResult]::new('--reuse-key', '--reuse-key', [CompletionResultType]::ParameterName, 'Keep the key at each renewal, for TLSA records or pins that name it')
            [CompletionResult]::new('--prepare-key', '--prepare-key', [CompletionResultType]::ParameterName, 'Make the key of the next renewal now, so that TLSA records can name it before; certkit prints them')
            [CompletionResult]::new('--key-group', '--key-group', [CompletionResultType]::ParameterName, 'Let this group, a name or a number, read the private key')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where accounts, orders and certificates are kept')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('--dns-account', '--dns-account', [CompletionResultType]::ParameterName, 'Answer dns-account-01 instead of dns-01: FQDN has a label of the account in front, so that several accounts can prove the same name at the same time. For servers that offer it')
            [CompletionResult]::new('--staging', '--staging', [CompletionResultType]::ParameterName, 'Use Let''s Encrypt''s test server, which has high limits and issues certificates that no client trusts')
            [CompletionResult]::new('--agree-tos', '--agree-tos', [CompletionResultType]::ParameterName, 'Agree to the server''s terms of service, as a new account requires')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Try everything, keep nothing. Let''s Encrypt: on its test server. Other servers: up to the validation')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Get a new certificate even if the current one is still valid or the server''s limits may be reached')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;acme;renew' {
            [CompletionResult]::new('--exit-code-if-renewed', '--exit-code-if-renewed', [CompletionResultType]::ParameterName, 'Exit with this status instead of 0 if anything was renewed')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where accounts, orders and certificates are kept')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Also renew certificates that are not due or have just failed')
            [CompletionResult]::new('--refresh-ari', '--refresh-ari', [CompletionResultType]::ParameterName, 'Ask the server when to renew, even if it asked to wait')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;acme;revoke' {
            [CompletionResult]::new('--reason', '--reason', [CompletionResultType]::ParameterName, 'Reason, by its RFC 5280 name or number, such as keyCompromise or 1')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where accounts, orders and certificates are kept')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('--with-certificate-key', '--with-certificate-key', [CompletionResultType]::ParameterName, 'Sign with the certificate''s own key, for example if another account ordered it')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;acme;delete' {
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where accounts, orders and certificates are kept')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;acme;import' {
            [CompletionResult]::new('--http', '--http', [CompletionResultType]::ParameterName, 'Answer http-01 with certkit''s own server (default: port 80 on all addresses, IPv4 and IPv6)')
            [CompletionResult]::new('--webroot', '--webroot', [CompletionResultType]::ParameterName, 'Answer http-01 with files below DIR, the root folder of a running web server')
            [CompletionResult]::new('--tls-alpn', '--tls-alpn', [CompletionResultType]::ParameterName, 'Answer tls-alpn-01 with certkit''s own TLS listener (default: port 443 on all addresses)')
            [CompletionResult]::new('--dns', '--dns', [CompletionResultType]::ParameterName, 'Answer dns-01 with the API of a DNS provider; `certkit acme dns-providers` lists them')
            [CompletionResult]::new('--dns-hook', '--dns-hook', [CompletionResultType]::ParameterName, 'Answer dns-01 with a program: CMD present|cleanup FQDN VALUE. FQDN is _acme-challenge.NAME. with a dot at its end. The record must be visible when present returns, within ten minutes. The program follows CNAMEs itself. No shell is involved. Hooks for other clients work unchanged as lego:PROG, httpreq:URL, acmesh:dns_NAME and certbot:AUTH,CLEANUP; see below')
            [CompletionResult]::new('--rfc2136', '--rfc2136', [CompletionResultType]::ParameterName, 'Answer dns-01 with dynamic updates (RFC 2136). FILE names the server and the key; see below')
            [CompletionResult]::new('--dns-persist', '--dns-persist', [CompletionResultType]::ParameterName, 'Answer dns-persist-01 with a TXT record that stays. `certkit acme dns-record` prints it; it is only read here, through RESOLVER (default: the system''s). For servers that offer it')
            [CompletionResult]::new('--dns-credentials', '--dns-credentials', [CompletionResultType]::ParameterName, 'File with the secrets for --dns or for a hook of another client, one NAME = "VALUE" per line. Only its owner may be able to read it')
            [CompletionResult]::new('--dns-resolver', '--dns-resolver', [CompletionResultType]::ParameterName, 'Ask this resolver for CNAMEs, zones and name servers instead of the system''s')
            [CompletionResult]::new('--dns-wait', '--dns-wait', [CompletionResultType]::ParameterName, 'How long to wait at most until all name servers of the zone show the record (default: 120)')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Address of the ACME server''s directory, where the other client does not keep it: lego at a private server')
            [CompletionResult]::new('--ca-roots', '--ca-roots', [CompletionResultType]::ParameterName, 'Trust these CA certificates for the ACME server itself, instead of the system''s')
            [CompletionResult]::new('--deploy-hook', '--deploy-hook', [CompletionResultType]::ParameterName, 'Run this shell command after each new certificate, instead of the other client''s hooks')
            [CompletionResult]::new('--exec', '--exec', [CompletionResultType]::ParameterName, 'Run this shell command after each new certificate, instead of the other client''s hooks')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where accounts, orders and certificates are kept')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Say what would be taken over, and write nothing')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;acme;list' {
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where accounts, orders and certificates are kept')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;acme;account' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show the account as the server knows it')
            [CompletionResult]::new('update', 'update', [CompletionResultType]::ParameterValue, 'Set the account''s mail address')
            [CompletionResult]::new('rollover', 'rollover', [CompletionResultType]::ParameterValue, 'Replace the account''s key')
            [CompletionResult]::new('deactivate', 'deactivate', [CompletionResultType]::ParameterValue, 'Close the account for good; the next order makes a new one')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'certkit;acme;account;show' {
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Address of the server''s directory, if there are accounts at several')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where accounts, orders and certificates are kept')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;acme;account;update' {
            [CompletionResult]::new('--email', '--email', [CompletionResultType]::ParameterName, 'The address; an empty value removes it')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Address of the server''s directory, if there are accounts at several')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where accounts, orders and certificates are kept')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;acme;account;rollover' {
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Address of the server''s directory, if there are accounts at several')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where accounts, orders and certificates are kept')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;acme;account;deactivate' {
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Address of the server''s directory, if there are accounts at several')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where accounts, orders and certificates are kept')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;acme;account;help' {
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show the account as the server knows it')
            [CompletionResult]::new('update', 'update', [CompletionResultType]::ParameterValue, 'Set the account''s mail address')
            [CompletionResult]::new('rollover', 'rollover', [CompletionResultType]::ParameterValue, 'Replace the account''s key')
            [CompletionResult]::new('deactivate', 'deactivate', [CompletionResultType]::ParameterValue, 'Close the account for good; the next order makes a new one')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'certkit;acme;account;help;show' {
            break
        }
        'certkit;acme;account;help;update' {
            break
        }
        'certkit;acme;account;help;rollover' {
            break
        }
        'certkit;acme;account;help;deactivate' {
            break
        }
        'certkit;acme;account;help;help' {
            break
        }
        'certkit;acme;dns-record' {
            [CompletionResult]::new('--days', '--days', [CompletionResultType]::ParameterName, 'Let the record end after so many days')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'The ACME server: letsencrypt (the default), letsencrypt-staging, zerossl, google, or the address of a directory')
            [CompletionResult]::new('--ca-roots', '--ca-roots', [CompletionResultType]::ParameterName, 'Trust these CA certificates for the ACME server itself, instead of the system''s')
            [CompletionResult]::new('--email', '--email', [CompletionResultType]::ParameterName, 'Mail address for the account')
            [CompletionResult]::new('--eab-kid', '--eab-kid', [CompletionResultType]::ParameterName, 'Key identifier of an external account, for servers that require one')
            [CompletionResult]::new('--eab-hmac-file', '--eab-hmac-file', [CompletionResultType]::ParameterName, 'File with the secret of the external account, in base64url as the server shows it')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where accounts, orders and certificates are kept')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('--one-value', '--one-value', [CompletionResultType]::ParameterName, 'Make one value for all names, so that records of several names show that they are of one account')
            [CompletionResult]::new('--staging', '--staging', [CompletionResultType]::ParameterName, 'Use Let''s Encrypt''s test server')
            [CompletionResult]::new('--agree-tos', '--agree-tos', [CompletionResultType]::ParameterName, 'Agree to the server''s terms of service, as a new account requires')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;acme;dns-providers' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;acme;install-timer' {
            [CompletionResult]::new('--on-failure', '--on-failure', [CompletionResultType]::ParameterName, 'Have systemd start this unit when a run fails, for example one that sends a mail; for what passes by itself only in the last tenth of a lifetime')
            [CompletionResult]::new('--root', '--root', [CompletionResultType]::ParameterName, 'Write below this folder instead of /, for example for an image')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where accounts, orders and certificates are kept')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('--systemd', '--systemd', [CompletionResultType]::ParameterName, 'A systemd timer and its service')
            [CompletionResult]::new('--cron', '--cron', [CompletionResultType]::ParameterName, 'A file for /etc/cron.d, or a line for a user''s crontab')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print the files instead of writing them')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace files that have other contents')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;acme;help' {
            [CompletionResult]::new('obtain', 'obtain', [CompletionResultType]::ParameterValue, 'Get a certificate, unless the current one is still valid')
            [CompletionResult]::new('renew', 'renew', [CompletionResultType]::ParameterValue, 'Renew the certificates that are due, or those named')
            [CompletionResult]::new('revoke', 'revoke', [CompletionResultType]::ParameterValue, 'Revoke a certificate')
            [CompletionResult]::new('delete', 'delete', [CompletionResultType]::ParameterValue, 'Delete a certificate: it is not renewed any more')
            [CompletionResult]::new('import', 'import', [CompletionResultType]::ParameterValue, 'Take over accounts and certificates of certbot, lego or acme.sh')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the certificates: names, server, days left, next renewal, last failure')
            [CompletionResult]::new('account', 'account', [CompletionResultType]::ParameterValue, 'Show, change or close an account at a server')
            [CompletionResult]::new('dns-record', 'dns-record', [CompletionResultType]::ParameterValue, 'Print the TXT records that let this account have certificates for names, by dns-persist-01')
            [CompletionResult]::new('dns-providers', 'dns-providers', [CompletionResultType]::ParameterValue, 'List the DNS providers that --dns takes, with the fields that each needs in its file of credentials')
            [CompletionResult]::new('install-timer', 'install-timer', [CompletionResultType]::ParameterValue, 'Install a timer that runs `certkit acme renew` every hour, at a minute that differs from machine to machine')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'certkit;acme;help;obtain' {
            break
        }
        'certkit;acme;help;renew' {
            break
        }
        'certkit;acme;help;revoke' {
            break
        }
        'certkit;acme;help;delete' {
            break
        }
        'certkit;acme;help;import' {
            break
        }
        'certkit;acme;help;list' {
            break
        }
        'certkit;acme;help;account' {
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show the account as the server knows it')
            [CompletionResult]::new('update', 'update', [CompletionResultType]::ParameterValue, 'Set the account''s mail address')
            [CompletionResult]::new('rollover', 'rollover', [CompletionResultType]::ParameterValue, 'Replace the account''s key')
            [CompletionResult]::new('deactivate', 'deactivate', [CompletionResultType]::ParameterValue, 'Close the account for good; the next order makes a new one')
            break
        }
        'certkit;acme;help;account;show' {
            break
        }
        'certkit;acme;help;account;update' {
            break
        }
        'certkit;acme;help;account;rollover' {
            break
        }
        'certkit;acme;help;account;deactivate' {
            break
        }
        'certkit;acme;help;dns-record' {
            break
        }
        'certkit;acme;help;dns-providers' {
            break
        }
        'certkit;acme;help;install-timer' {
            break
        }
        'certkit;acme;help;help' {
            break
        }
        'certkit;ca' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Run an ACME server that issues certificates from your CA')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'certkit;ca;serve' {
            [CompletionResult]::new('--listen', '--listen', [CompletionResultType]::ParameterName, 'Listen here: https:ADDRESS:PORT, * for all addresses; may be repeated. http:ADDRESS:PORT has the revocation list at /ca.crl and nothing else')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'Name by which clients reach this server, with the port where another one is mapped to that of --listen; may be repeated [default: localhost and the address of --listen]')
            [CompletionResult]::new('--allow', '--allow', [CompletionResultType]::ParameterName, 'Issue for names in this domain only, or connect to addresses of this range only (CIDR); may be repeated [default: every name, loopback and private addresses]')
            [CompletionResult]::new('--eab-file', '--eab-file', [CompletionResultType]::ParameterName, 'Require an external account (EAB): each line of FILE has a key identifier and its MAC key in base64url')
            [CompletionResult]::new('--days', '--days', [CompletionResultType]::ParameterName, 'How long certificates are valid: days, or hours as 8h; never longer than the CA')
            [CompletionResult]::new('--crl-url', '--crl-url', [CompletionResultType]::ParameterName, 'Address of the CA''s revocation list, which the certificate then names; may be repeated')
            [CompletionResult]::new('--issuer-url', '--issuer-url', [CompletionResultType]::ParameterName, 'Address of the CA''s certificate, for clients of servers that do not send it; may be repeated')
            [CompletionResult]::new('--crl-days', '--crl-days', [CompletionResultType]::ParameterName, 'Days until the next revocation list is due')
            [CompletionResult]::new('--rate-limit', '--rate-limit', [CompletionResultType]::ParameterName, 'Orders of one account in an hour; a tenth of it for one name, for failed validations of a name and for new accounts from one address')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Folder of accounts and orders [default: acme-server next to the CA]')
            [CompletionResult]::new('--dns', '--dns', [CompletionResultType]::ParameterName, 'Name server that validations ask, instead of the system''s')
            [CompletionResult]::new('--http-01-port', '--http-01-port', [CompletionResultType]::ParameterName, 'Port that http-01 connects to')
            [CompletionResult]::new('--tls-alpn-01-port', '--tls-alpn-01-port', [CompletionResultType]::ParameterName, 'Port that tls-alpn-01 connects to')
            [CompletionResult]::new('--ca', '--ca', [CompletionResultType]::ParameterName, 'The CA''s certificate')
            [CompletionResult]::new('--ca-key', '--ca-key', [CompletionResultType]::ParameterName, 'The CA''s key [default: the file of --ca with .key]')
            [CompletionResult]::new('--password-file', '--password-file', [CompletionResultType]::ParameterName, 'File whose first line is the password of the CA''s key; - is standard input')
            [CompletionResult]::new('--ledger', '--ledger', [CompletionResultType]::ParameterName, 'Record what is issued and revoked in this file [default: ledger.jsonl next to the CA]; none: record nothing')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;ca;help' {
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Run an ACME server that issues certificates from your CA')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'certkit;ca;help;serve' {
            break
        }
        'certkit;ca;help;help' {
            break
        }
        'certkit;serve' {
            [CompletionResult]::new('--listen', '--listen', [CompletionResultType]::ParameterName, 'Listen on [SCHEME[+unix|+fd]:]ADDRESS (repeatable); SCHEME is https, http, uwsgi, suwsgi, fcgi, scgi or ajp [default: https:127.0.0.1:8443]')
            [CompletionResult]::new('--redirect-http', '--redirect-http', [CompletionResultType]::ParameterName, 'Redirect plain HTTP clients of this address to https')
            [CompletionResult]::new('--socket-mode', '--socket-mode', [CompletionResultType]::ParameterName, 'Permission bits of unix sockets [default: 660; in option files of uWSGI what the umask leaves of 777]')
            [CompletionResult]::new('--socket-owner', '--socket-owner', [CompletionResultType]::ParameterName, 'Owner of unix sockets; :GROUP alone is possible too')
            [CompletionResult]::new('--ajp-secret-file', '--ajp-secret-file', [CompletionResultType]::ParameterName, 'File with the secret that requests by AJP must contain; without it, AJP listens on this machine only')
            [CompletionResult]::new('-l', '-l', [CompletionResultType]::ParameterName, 'Connections waiting to be accepted, per listener [default: 1024]')
            [CompletionResult]::new('--backlog', '--backlog', [CompletionResultType]::ParameterName, 'Connections waiting to be accepted, per listener [default: 1024]')
            [CompletionResult]::new('--socket-sndbuf', '--socket-sndbuf', [CompletionResultType]::ParameterName, 'Send buffer of connections (SO_SNDBUF) [default: that of the system]')
            [CompletionResult]::new('--socket-rcvbuf', '--socket-rcvbuf', [CompletionResultType]::ParameterName, 'Receive buffer of connections (SO_RCVBUF) [default: that of the system]')
            [CompletionResult]::new('--max-connections', '--max-connections', [CompletionResultType]::ParameterName, 'Concurrent connections; when all are taken, the longest idle ones are closed, and further ones wait [default: 10000]')
            [CompletionResult]::new('--max-connections-per-address', '--max-connections-per-address', [CompletionResultType]::ParameterName, 'Concurrent connections from one client address (IPv6: from one /64 network); further ones are closed [default: no limit]')
            [CompletionResult]::new('--front-threads', '--front-threads', [CompletionResultType]::ParameterName, 'Threads that handle connections and TLS [default: a quarter of the CPUs, at least 1]')
            [CompletionResult]::new('--cert', '--cert', [CompletionResultType]::ParameterName, 'Certificate chain, server certificate first (repeatable with --key, for several names by SNI)')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'Private key of the certificate')
            [CompletionResult]::new('--key-password-file', '--key-password-file', [CompletionResultType]::ParameterName, 'The password of an encrypted key: the first line of this file')
            [CompletionResult]::new('--ocsp-staple', '--ocsp-staple', [CompletionResultType]::ParameterName, 'Send this OCSP response along with the certificate that it is for (repeatable)')
            [CompletionResult]::new('--tls-min', '--tls-min', [CompletionResultType]::ParameterName, 'Lowest TLS version: 1.2 or 1.3 [default: 1.2]')
            [CompletionResult]::new('--client-ca', '--client-ca', [CompletionResultType]::ParameterName, 'Ask clients for a certificate that leads to one of these CA certificates')
            [CompletionResult]::new('--client-auth', '--client-auth', [CompletionResultType]::ParameterName, 'Whether a client without a certificate may connect (request) or not (require) [default: require; with --client-ca]')
            [CompletionResult]::new('--client-crl', '--client-crl', [CompletionResultType]::ParameterName, 'Refuse the certificates of clients that this revocation list contains (repeatable)')
            [CompletionResult]::new('--hsts', '--hsts', [CompletionResultType]::ParameterName, 'Send Strict-Transport-Security: browsers use only https for AGE seconds [without AGE: two years]')
            [CompletionResult]::new('--acme', '--acme', [CompletionResultType]::ParameterName, 'Obtain a certificate for NAME from an ACME server and keep it renewed (repeatable). Names separated by commas share a certificate')
            [CompletionResult]::new('--acme-server', '--acme-server', [CompletionResultType]::ParameterName, 'The ACME server: letsencrypt, letsencrypt-staging, zerossl, google, or the address of a directory (repeatable) [default: Let''s Encrypt]')
            [CompletionResult]::new('--acme-email', '--acme-email', [CompletionResultType]::ParameterName, 'Mail address for messages from the ACME server')
            [CompletionResult]::new('--acme-eab-kid', '--acme-eab-kid', [CompletionResultType]::ParameterName, 'Key identifier of an external account, for servers that require one, as zerossl and google do')
            [CompletionResult]::new('--acme-eab-hmac-file', '--acme-eab-hmac-file', [CompletionResultType]::ParameterName, 'Secret of the external account, in base64url as the server shows it')
            [CompletionResult]::new('--acme-ca-roots', '--acme-ca-roots', [CompletionResultType]::ParameterName, 'Trust these CA certificates for the ACME server itself, instead of the system''s')
            [CompletionResult]::new('--acme-state', '--acme-state', [CompletionResultType]::ParameterName, 'Folder for accounts, orders and certificates, shared with certkit acme')
            [CompletionResult]::new('--acme-dns', '--acme-dns', [CompletionResultType]::ParameterName, 'Answer dns-01 with the API of a DNS provider, which `certkit acme dns-providers` lists; for wildcards, and where no port is reachable')
            [CompletionResult]::new('--acme-dns-credentials', '--acme-dns-credentials', [CompletionResultType]::ParameterName, 'Secrets for --acme-dns or for a hook of another client, one NAME = "VALUE" per line')
            [CompletionResult]::new('--acme-dns-resolver', '--acme-dns-resolver', [CompletionResultType]::ParameterName, 'Ask this resolver for CNAMEs, zones and name servers instead of the system''s')
            [CompletionResult]::new('--acme-dns-wait', '--acme-dns-wait', [CompletionResultType]::ParameterName, 'Wait at most SECONDS, instead of 120, until all name servers of the zone show the record')
            [CompletionResult]::new('--acme-dns-hook', '--acme-dns-hook', [CompletionResultType]::ParameterName, 'Answer dns-01 with a program, as certkit acme obtain --dns-hook does; for wildcards, and where no port is reachable')
            [CompletionResult]::new('--acme-rfc2136', '--acme-rfc2136', [CompletionResultType]::ParameterName, 'Answer dns-01 with dynamic updates (RFC 2136), with the file of certkit acme obtain --rfc2136')
            [CompletionResult]::new('--acme-dns-persist', '--acme-dns-persist', [CompletionResultType]::ParameterName, 'Answer dns-persist-01 with the TXT record that certkit acme dns-record prints; it is read through RESOLVER [without RESOLVER: the system''s]')
            [CompletionResult]::new('--acme-missing', '--acme-missing', [CompletionResultType]::ParameterName, 'Until the first certificate is issued, serve a temporary self-made one (local) or refuse handshakes (refuse) [default: local]')
            [CompletionResult]::new('--acme-on-demand', '--acme-on-demand', [CompletionResultType]::ParameterName, 'With --acme: obtain a certificate for NAME when a client first asks for it (repeatable)')
            [CompletionResult]::new('--acme-ask', '--acme-ask', [CompletionResultType]::ParameterName, 'With --acme: obtain a certificate for any name that a client asks for, if URL?domain=NAME answers 2xx')
            [CompletionResult]::new('--acme-on-demand-limit', '--acme-on-demand-limit', [CompletionResultType]::ParameterName, 'Most certificates that are ordered on demand in an hour, by all servers on the state together [default: 10]')
            [CompletionResult]::new('--wsgi-file', '--wsgi-file', [CompletionResultType]::ParameterName, 'Application as a file')
            [CompletionResult]::new('-w', '-w', [CompletionResultType]::ParameterName, 'Application as a module: pkg.mod[:callable]')
            [CompletionResult]::new('--module', '--module', [CompletionResultType]::ParameterName, 'Application as a module: pkg.mod[:callable]')
            [CompletionResult]::new('--callable', '--callable', [CompletionResultType]::ParameterName, 'Name of the callable [default: application]')
            [CompletionResult]::new('--mount', '--mount', [CompletionResultType]::ParameterName, 'Serve another application below a path, which becomes its SCRIPT_NAME (repeatable)')
            [CompletionResult]::new('--mount-by', '--mount-by', [CompletionResultType]::ParameterName, 'What chooses an application of --mount: its prefix in the `path`; the `script-name` that a front server sends, which must be the prefix; or its UWSGI_APPID alone, `appid` [default: path]')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Worker processes [default: number of CPUs, at most 8]')
            [CompletionResult]::new('--workers', '--workers', [CompletionResultType]::ParameterName, 'Worker processes [default: number of CPUs, at most 8]')
            [CompletionResult]::new('--processes', '--processes', [CompletionResultType]::ParameterName, 'Worker processes [default: number of CPUs, at most 8]')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads per worker process [default: 4]')
            [CompletionResult]::new('--request-timeout', '--request-timeout', [CompletionResultType]::ParameterName, 'Longest time that the application may hold a thread for a request: then the client gets status 504, and the worker is replaced [default: 0; no limit]')
            [CompletionResult]::new('--harakiri', '--harakiri', [CompletionResultType]::ParameterName, 'Longest time that the application may hold a thread for a request: then the client gets status 504, and the worker is replaced [default: 0; no limit]')
            [CompletionResult]::new('--request-grace', '--request-grace', [CompletionResultType]::ParameterName, 'With --request-timeout: time for the other requests of the worker to finish [default: that of --graceful-timeout]')
            [CompletionResult]::new('--max-requests', '--max-requests', [CompletionResultType]::ParameterName, 'Replace a worker when it has had N requests; its successor has loaded the application before it stops [default: 0; no limit]')
            [CompletionResult]::new('--max-requests-delta', '--max-requests-delta', [CompletionResultType]::ParameterName, 'Each worker has N requests more than the one before, so that not all are replaced at once [default: 0]')
            [CompletionResult]::new('--max-worker-lifetime', '--max-worker-lifetime', [CompletionResultType]::ParameterName, 'Replace a worker when it has served for SECONDS [default: 0; no limit]')
            [CompletionResult]::new('--max-worker-lifetime-delta', '--max-worker-lifetime-delta', [CompletionResultType]::ParameterName, 'Each worker serves SECONDS longer than the one before, so that not all are replaced at once [default: 0]')
            [CompletionResult]::new('--min-worker-lifetime', '--min-worker-lifetime', [CompletionResultType]::ParameterName, 'Do not replace a worker before it has served for SECONDS, whatever --max-requests, --max-worker-lifetime and --reload-on-rss say [default: 60]')
            [CompletionResult]::new('--reload-on-rss', '--reload-on-rss', [CompletionResultType]::ParameterName, 'Replace a worker whose resident memory has reached MIB [default: 0; no limit]')
            [CompletionResult]::new('--evil-reload-on-rss', '--evil-reload-on-rss', [CompletionResultType]::ParameterName, 'Kill a worker whose resident memory has reached MIB, with the requests that it has, and start another [default: 0; no limit]')
            [CompletionResult]::new('--reload-on-as', '--reload-on-as', [CompletionResultType]::ParameterName, 'Replace a worker whose address space has reached MIB [default: 0; no limit]')
            [CompletionResult]::new('--evil-reload-on-as', '--evil-reload-on-as', [CompletionResultType]::ParameterName, 'Kill a worker whose address space has reached MIB, with the requests that it has, and start another [default: 0; no limit]')
            [CompletionResult]::new('--cheaper', '--cheaper', [CompletionResultType]::ParameterName, 'Least number of workers: as many as the requests need are there, between N and --workers [default: 0; as many as --workers]')
            [CompletionResult]::new('--cheaper-initial', '--cheaper-initial', [CompletionResultType]::ParameterName, 'Number of workers at the start, with --cheaper [default: 0; that of --cheaper]')
            [CompletionResult]::new('--cheaper-step', '--cheaper-step', [CompletionResultType]::ParameterName, 'Number of workers that are started at once, with --cheaper [default: 1]')
            [CompletionResult]::new('--gevent', '--gevent', [CompletionResultType]::ParameterName, 'Run up to N requests at once in each worker, as greenlets of gevent in one thread (the application''s Python must have it)')
            [CompletionResult]::new('--reload-on-change', '--reload-on-change', [CompletionResultType]::ParameterName, 'For development: look every SECONDS whether a file of a loaded module has changed, and reload then [without a number: 1] [default: 0; never]')
            [CompletionResult]::new('--reload-ignore', '--reload-ignore', [CompletionResultType]::ParameterName, 'With --reload-on-change: a module whose changes do not count (repeatable)')
            [CompletionResult]::new('--python', '--python', [CompletionResultType]::ParameterName, 'Python interpreter [default: from --virtualenv, then $VIRTUAL_ENV, then python3]')
            [CompletionResult]::new('-H', '-H ', [CompletionResultType]::ParameterName, 'Virtual environment to run in')
            [CompletionResult]::new('--virtualenv', '--virtualenv', [CompletionResultType]::ParameterName, 'Virtual environment to run in')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Virtual environment to run in')
            [CompletionResult]::new('--venv', '--venv', [CompletionResultType]::ParameterName, 'Virtual environment to run in')
            [CompletionResult]::new('--chdir', '--chdir', [CompletionResultType]::ParameterName, 'Folder to run in; a file APP is relative to it')
            [CompletionResult]::new('--chdir2', '--chdir2', [CompletionResultType]::ParameterName, 'Folder to change to once the application is loaded')
            [CompletionResult]::new('--pythonpath', '--pythonpath', [CompletionResultType]::ParameterName, 'Folder to import modules from, before all others (repeatable)')
            [CompletionResult]::new('--pp', '--pp', [CompletionResultType]::ParameterName, 'Folder to import modules from, before all others (repeatable)')
            [CompletionResult]::new('--python-path', '--python-path', [CompletionResultType]::ParameterName, 'Folder to import modules from, before all others (repeatable)')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'Environment variable for the application (repeatable)')
            [CompletionResult]::new('--envdir', '--envdir', [CompletionResultType]::ParameterName, 'Environment variables for the application from a folder (repeatable): each file is one, an empty file removes one')
            [CompletionResult]::new('--unenv', '--unenv', [CompletionResultType]::ParameterName, 'Environment variable that the application does not get (repeatable)')
            [CompletionResult]::new('--script-name', '--script-name', [CompletionResultType]::ParameterName, 'SCRIPT_NAME: the URL prefix of the application')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Forward requests below a path to other servers: http, https, uwsgi, suwsgi, fcgi, scgi, ajp (repeatable)')
            [CompletionResult]::new('--upstream-timeout', '--upstream-timeout', [CompletionResultType]::ParameterName, 'How long an upstream may take to begin a response, and between two pieces of one [default: 60]')
            [CompletionResult]::new('--upstream-ca', '--upstream-ca', [CompletionResultType]::ParameterName, 'Roots that verify upstreams by https, instead of the system''s')
            [CompletionResult]::new('--upstream-root', '--upstream-root', [CompletionResultType]::ParameterName, 'Where the upstream by fcgi at this path has its PHP files (repeatable): those that are in the folder are run, index.php for a folder, and other files are served; --try-files /index.php answers for what is missing')
            [CompletionResult]::new('--allow', '--allow', [CompletionResultType]::ParameterName, 'Let clients from an address, from a network such as 10.0.0.0/8, or `all` ask for a path and what is below it (repeatable; of all --allow and --deny the first one that covers path and client decides)')
            [CompletionResult]::new('--deny', '--deny', [CompletionResultType]::ParameterName, 'Answer clients from there with status 403 (repeatable, in one order with --allow)')
            [CompletionResult]::new('--access', '--access', [CompletionResultType]::ParameterName, 'The same as rules: ''allow /PATH=NETWORK'' or ''deny /PATH=NETWORK'', for lists in files (repeatable, in one order with --allow and --deny)')
            [CompletionResult]::new('--limit-rate', '--limit-rate', [CompletionResultType]::ParameterName, 'Requests of one client address (IPv6: of one /64) for a path and what is below it, for example /login=10/m or /=50/s,burst=200; more get status 429 (repeatable, the longest path counts)')
            [CompletionResult]::new('--basic-auth', '--basic-auth', [CompletionResultType]::ParameterName, 'Ask for a name and a password of this file, as `htpasswd -B` makes it, below a path (repeatable, the longest path counts)')
            [CompletionResult]::new('--forward-auth', '--forward-auth', [CompletionResultType]::ParameterName, 'Ask this server (http, https, http+unix:SOCKET:/PATH) whether a request below a path may pass: it does with a status 2xx, else its response is the client''s (repeatable, the longest path counts)')
            [CompletionResult]::new('--forward-auth-header', '--forward-auth-header', [CompletionResultType]::ParameterName, 'Field of that server''s response that the application gets, such as Remote-User; clients cannot send it (repeatable)')
            [CompletionResult]::new('--redirect', '--redirect', [CompletionResultType]::ParameterName, 'Redirect a path and what is below it to a URL or another path, with the rest of the path and the query behind it; status 308, or another one as in ''/old=302 /new'' (repeatable, the longest path counts)')
            [CompletionResult]::new('--error-page', '--error-page', [CompletionResultType]::ParameterName, 'Page for errors of the server itself, such as 502=sorry.html or 404,410=gone.html; those of applications stay as they are (repeatable)')
            [CompletionResult]::new('--static', '--static', [CompletionResultType]::ParameterName, 'Serve the files of a folder below a path (repeatable)')
            [CompletionResult]::new('--try-static', '--try-static', [CompletionResultType]::ParameterName, 'As --static, but what is not a file there is left to the application; FOLDER may be one file (repeatable)')
            [CompletionResult]::new('--try-static-whole', '--try-static-whole', [CompletionResultType]::ParameterName, 'As --try-static, but the whole path is looked for in FOLDER, with /PATH at its beginning (repeatable)')
            [CompletionResult]::new('--static-root', '--static-root', [CompletionResultType]::ParameterName, 'Serve the files of a folder at the root; with an application, what is not a file there is left to it')
            [CompletionResult]::new('--try-files', '--try-files', [CompletionResultType]::ParameterName, 'Without an application: the file that answers for all that are missing, as the page of a single-page application [without a value: /index.html]')
            [CompletionResult]::new('--index', '--index', [CompletionResultType]::ParameterName, 'File that is served for its folder (repeatable: the first one that is there); without this option index.html, and none with --try-static')
            [CompletionResult]::new('--static-safe', '--static-safe', [CompletionResultType]::ParameterName, 'Serve what symbolic links lead to below this folder; no other link may leave its folder (repeatable)')
            [CompletionResult]::new('--static-skip-ext', '--static-skip-ext', [CompletionResultType]::ParameterName, 'Do not serve files whose name ends with this (repeatable)')
            [CompletionResult]::new('--precompressed', '--precompressed', [CompletionResultType]::ParameterName, 'Files with a compressed variant beside them (style.css.br, .zst, .gz), which clients that accept it get: all, below:FOLDER, ending:TEXT or matching:REGEX (repeatable)')
            [CompletionResult]::new('--expires', '--expires', [CompletionResultType]::ParameterName, 'Let clients keep files below a path for AGE: seconds, or 30m, 12h, 7d (repeatable)')
            [CompletionResult]::new('--media-types', '--media-types', [CompletionResultType]::ParameterName, 'Media types by the endings of files, in the format of mime.types (repeatable)')
            [CompletionResult]::new('--header', '--header', [CompletionResultType]::ParameterName, 'Add a header field to every response (repeatable); `Connection: close` closes the connection behind it')
            [CompletionResult]::new('--remove-header', '--remove-header', [CompletionResultType]::ParameterName, 'Remove a header field of applications and files from every response (repeatable)')
            [CompletionResult]::new('--collect-header', '--collect-header', [CompletionResultType]::ParameterName, 'Let rules for responses read a header field as a variable (repeatable)')
            [CompletionResult]::new('--pull-header', '--pull-header', [CompletionResultType]::ParameterName, 'As --collect-header, and clients do not get the field (repeatable)')
            [CompletionResult]::new('--rule', '--rule', [CompletionResultType]::ParameterName, 'Rule of uWSGI''s router, with its name and value: ''route ^/private break:403'' (repeatable, in this order)')
            [CompletionResult]::new('--host', '--host', [CompletionResultType]::ParameterName, 'Name of the site: www.example.com, or *.example.com for names with one label more (repeatable)')
            [CompletionResult]::new('--vhost', '--vhost', [CompletionResultType]::ParameterName, 'Serve another site to HOST: FILE has the keys of one [[site]] table of certkit.toml (repeatable)')
            [CompletionResult]::new('--canonical-host', '--canonical-host', [CompletionResultType]::ParameterName, 'The one host of the site: requests for its others are redirected there, path and query kept')
            [CompletionResult]::new('--unknown-host', '--unknown-host', [CompletionResultType]::ParameterName, 'Whether hosts that no site names, and no certificate, get the site of [serve] (serve), or no TLS handshake and status 421 or 400 (refuse) [default: serve]')
            [CompletionResult]::new('--daemonize', '--daemonize', [CompletionResultType]::ParameterName, 'Run in the background and write all output to FILE; the command returns when the application is loaded')
            [CompletionResult]::new('--pidfile', '--pidfile', [CompletionResultType]::ParameterName, 'Write the process id to FILE and lock it, so that no second server uses it; it is removed at the end')
            [CompletionResult]::new('--pidfile2', '--pidfile2', [CompletionResultType]::ParameterName, 'Write the process id to FILE too (repeatable)')
            [CompletionResult]::new('--control-fifo', '--control-fifo', [CompletionResultType]::ParameterName, 'Take commands from a named pipe (repeatable): r, R, w, W or c reload, q stop, Q stop at once, l or L open the log files again')
            [CompletionResult]::new('--touch-reload', '--touch-reload', [CompletionResultType]::ParameterName, 'Reload when the modification time of FILE changes (repeatable)')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'Started as root: bind sockets, open logs and keys, then become USER with its groups (name or number)')
            [CompletionResult]::new('--group', '--group', [CompletionResultType]::ParameterName, 'Started as root: run as this group instead of the one that --user has (name or number)')
            [CompletionResult]::new('--add-group', '--add-group', [CompletionResultType]::ParameterName, 'Started as root: run as a member of this group too (repeatable)')
            [CompletionResult]::new('--chroot', '--chroot', [CompletionResultType]::ParameterName, 'Started as root: make DIR the root folder once sockets, logs and keys are open')
            [CompletionResult]::new('--umask', '--umask', [CompletionResultType]::ParameterName, 'Permission bits that new files of the server and of the application do not get, in octal')
            [CompletionResult]::new('--limit-as', '--limit-as', [CompletionResultType]::ParameterName, 'Largest address space of each worker, in MiB; what needs more gets MemoryError [default: no limit]')
            [CompletionResult]::new('--max-fd', '--max-fd', [CompletionResultType]::ParameterName, 'Open files that the server and each worker may have [default: as many as the system allows]')
            [CompletionResult]::new('--flock', '--flock', [CompletionResultType]::ParameterName, 'Lock FILE before anything else (repeatable); do not start if another process has locked it')
            [CompletionResult]::new('--flock-wait', '--flock-wait', [CompletionResultType]::ParameterName, 'The same, and wait until it is free')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Append everything that certkit and the application print to a file; USR1 opens it again after it was moved away')
            [CompletionResult]::new('--log-max-size', '--log-max-size', [CompletionResultType]::ParameterName, 'Move log files away when they have reached SIZE, each to its own name with a dot and the time in seconds')
            [CompletionResult]::new('--log-backup-name', '--log-backup-name', [CompletionResultType]::ParameterName, 'Move the file of --log-file to FILE instead, replacing what is there')
            [CompletionResult]::new('--touch-logreopen', '--touch-logreopen', [CompletionResultType]::ParameterName, 'Open the log files again when the modification time of FILE changes (repeatable)')
            [CompletionResult]::new('--touch-logrotate', '--touch-logrotate', [CompletionResultType]::ParameterName, 'Move the log files away, as --log-max-size does, when the modification time of FILE changes (repeatable)')
            [CompletionResult]::new('--log-slow', '--log-slow', [CompletionResultType]::ParameterName, 'Log requests that take TIME or longer in spite of --disable-logging')
            [CompletionResult]::new('--log-big', '--log-big', [CompletionResultType]::ParameterName, 'Log requests whose responses have SIZE bytes of body or more in spite of --disable-logging')
            [CompletionResult]::new('--log-date', '--log-date', [CompletionResultType]::ParameterName, 'How %(ftime) in --log-format is written, as in strftime(3), for example ''%d/%b/%Y %H:%M:%S''')
            [CompletionResult]::new('--stats', '--stats', [CompletionResultType]::ParameterName, 'Tell clients that connect here how the server is doing: JSON as uwsgitop reads it, and by HTTP also /metrics for Prometheus')
            [CompletionResult]::new('--attach-daemon', '--attach-daemon', [CompletionResultType]::ParameterName, 'Run COMMAND beside the server (repeatable): as the user of --user, started again when it ends, ended with the server')
            [CompletionResult]::new('--attach-control-daemon', '--attach-control-daemon', [CompletionResultType]::ParameterName, 'As --attach-daemon, and the server stops when COMMAND ends')
            [CompletionResult]::new('--attach-daemon2', '--attach-daemon2', [CompletionResultType]::ParameterName, 'As --attach-daemon, in detail: cmd, pidfile, freq, control, daemonize, touch, stopsignal, reloadsignal, stdin, uid, gid, chdir, max_throttle, notifypid')
            [CompletionResult]::new('--smart-attach-daemon', '--smart-attach-daemon', [CompletionResultType]::ParameterName, 'Run COMMAND unless the process in PIDFILE runs; it goes into the background by itself, and goes on when the server ends')
            [CompletionResult]::new('--smart-attach-daemon2', '--smart-attach-daemon2', [CompletionResultType]::ParameterName, 'The same for a COMMAND that stays in the foreground: certkit writes PIDFILE')
            [CompletionResult]::new('--hook', '--hook', [CompletionResultType]::ParameterName, 'Do something at a moment of the server''s life (repeatable), for example `pre-app exec:./migrate`; the server does not start when it fails')
            [CompletionResult]::new('--emperor', '--emperor', [CompletionResultType]::ParameterName, 'Start one server for each option file of a folder or pattern (repeatable), and serve nothing else')
            [CompletionResult]::new('--emperor-freq', '--emperor-freq', [CompletionResultType]::ParameterName, 'How often the files are looked at [default: 3]')
            [CompletionResult]::new('--emperor-throttle', '--emperor-throttle', [CompletionResultType]::ParameterName, 'How much longer each pause is than the one before, while a server does not start [default: 1000]')
            [CompletionResult]::new('--emperor-max-throttle', '--emperor-max-throttle', [CompletionResultType]::ParameterName, 'The longest of these pauses [default: 180]')
            [CompletionResult]::new('--emperor-stats', '--emperor-stats', [CompletionResultType]::ParameterName, 'Show what the emperor knows of its servers: JSON for each connection to ADDRESS:PORT or to a unix socket')
            [CompletionResult]::new('--vassal-set', '--vassal-set', [CompletionResultType]::ParameterName, 'A placeholder for all files of the emperor (repeatable)')
            [CompletionResult]::new('--vassals-inherit', '--vassals-inherit', [CompletionResultType]::ParameterName, 'An option file that all files of the emperor inherit from (repeatable)')
            [CompletionResult]::new('--vassals-include', '--vassals-include', [CompletionResultType]::ParameterName, 'An option file that all files of the emperor include (repeatable)')
            [CompletionResult]::new('--trust-proxy', '--trust-proxy', [CompletionResultType]::ParameterName, 'Believe X-Forwarded-For and X-Forwarded-Proto from here: an address, a network such as 10.0.0.0/8, or unix: for unix sockets (repeatable)')
            [CompletionResult]::new('--allow-uwsgi-vars', '--allow-uwsgi-vars', [CompletionResultType]::ParameterName, 'Pass this variable UWSGI_... of a front server on to the application (repeatable)')
            [CompletionResult]::new('--scheme', '--scheme', [CompletionResultType]::ParameterName, 'All requests came by http, or all by https, whatever a front server says')
            [CompletionResult]::new('--limit-post', '--limit-post', [CompletionResultType]::ParameterName, 'Largest request body; larger ones get status 413; 0 for no limit [default: 1g]')
            [CompletionResult]::new('--post-buffering', '--post-buffering', [CompletionResultType]::ParameterName, 'Request bodies are complete before the application is called; what is beyond this size waits in a temporary file [default: 64k]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Behind a front server: largest request head (all variables together); larger ones get status 431 [default: 65535]')
            [CompletionResult]::new('--buffer-size', '--buffer-size', [CompletionResultType]::ParameterName, 'Behind a front server: largest request head (all variables together); larger ones get status 431 [default: 65535]')
            [CompletionResult]::new('--header-timeout', '--header-timeout', [CompletionResultType]::ParameterName, 'Time to receive the request line and headers [default: 10]')
            [CompletionResult]::new('--body-timeout', '--body-timeout', [CompletionResultType]::ParameterName, 'Longest pause within a request body [default: 10]')
            [CompletionResult]::new('--keepalive', '--keepalive', [CompletionResultType]::ParameterName, 'Close idle connections after SECONDS [default: 60]')
            [CompletionResult]::new('--graceful-timeout', '--graceful-timeout', [CompletionResultType]::ParameterName, 'Time for running requests to finish when the server stops, or in old workers after HUP [default: 30]')
            [CompletionResult]::new('--buffer-memory', '--buffer-memory', [CompletionResultType]::ParameterName, 'Memory for all request and response bodies together that wait for slow clients or for workers [default: 64m]')
            [CompletionResult]::new('--buffer-file', '--buffer-file', [CompletionResultType]::ParameterName, 'Space for one response in the temporary file, when its client is slower than the application; beyond it, the application waits [default: 1g]')
            [CompletionResult]::new('--buffer-dir', '--buffer-dir', [CompletionResultType]::ParameterName, 'Folder of the temporary file for request and response bodies. On a tmpfs, as /tmp often is, they take memory [default: $TMPDIR, then /tmp]')
            [CompletionResult]::new('--no-buffering', '--no-buffering', [CompletionResultType]::ParameterName, 'Do not buffer below this path (repeatable): responses are sent as they are made, and request bodies beyond --post-buffering are read from the client. Responses with text/event-stream or X-Accel-Buffering: no are never buffered')
            [CompletionResult]::new('--access-log', '--access-log', [CompletionResultType]::ParameterName, 'Write the access log to a file, to standard error (-), or nowhere (off); also to what --log-file can name [default: -; off with --quiet]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Format of the access log: combined, json, or text with uWSGI''s variables, such as ''%(addr) %(method) %(uri) %(status) %(msecs)'' [default: combined]')
            [CompletionResult]::new('--logformat', '--logformat', [CompletionResultType]::ParameterName, 'Format of the access log: combined, json, or text with uWSGI''s variables, such as ''%(addr) %(method) %(uri) %(status) %(msecs)'' [default: combined]')
            [CompletionResult]::new('--show-config', '--show-config', [CompletionResultType]::ParameterName, 'Print the settings in use and exit: as uWSGI prints them (ini), or as a certkit.toml with the same settings (toml) [without a word: ini]')
            [CompletionResult]::new('--ini', '--ini', [CompletionResultType]::ParameterName, 'Read an option file of uWSGI, or `-` for standard input (repeatable). Every option of uWSGI can also be typed, as --WORD VALUE')
            [CompletionResult]::new('--yaml', '--yaml', [CompletionResultType]::ParameterName, 'Read an option file in YAML (repeatable)')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Read an option file in JSON (repeatable)')
            [CompletionResult]::new('--xml', '--xml', [CompletionResultType]::ParameterName, 'Read an option file in XML (repeatable)')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('--reuse-port', '--reuse-port', [CompletionResultType]::ParameterName, 'Share TCP addresses with other servers that do the same (SO_REUSEPORT)')
            [CompletionResult]::new('--freebind', '--freebind', [CompletionResultType]::ParameterName, 'Listen on addresses that this machine does not have yet (IP_FREEBIND)')
            [CompletionResult]::new('--so-keepalive', '--so-keepalive', [CompletionResultType]::ParameterName, 'Probe TCP connections on which nothing is sent (SO_KEEPALIVE)')
            [CompletionResult]::new('--no-session-tickets', '--no-session-tickets', [CompletionResultType]::ParameterName, 'Resume no TLS session: each connection begins with a whole handshake')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Start even if the certificate has expired, the chain is in the wrong order or an OCSP response cannot be used (never with a wrong key)')
            [CompletionResult]::new('--acme-dns-account', '--acme-dns-account', [CompletionResultType]::ParameterName, 'Answer dns-account-01 instead of dns-01, by the same means: several accounts can prove a name at a time')
            [CompletionResult]::new('--agree-tos', '--agree-tos', [CompletionResultType]::ParameterName, 'Agree to the terms of service of the ACME server (required for a new account)')
            [CompletionResult]::new('--default-mount', '--default-mount', [CompletionResultType]::ParameterName, 'Without APP, the first application of --mount also gets what is for none of them, as in uWSGI')
            [CompletionResult]::new('--reload-on-exception', '--reload-on-exception', [CompletionResultType]::ParameterName, 'Replace a worker when the application has raised an exception')
            [CompletionResult]::new('--gevent-monkey-patch', '--gevent-monkey-patch', [CompletionResultType]::ParameterName, 'With --gevent: call gevent.monkey.patch_all() before the application is loaded')
            [CompletionResult]::new('--catch-exceptions', '--catch-exceptions', [CompletionResultType]::ParameterName, 'For development: show clients on this machine the traceback of an exception')
            [CompletionResult]::new('--manage-script-name', '--manage-script-name', [CompletionResultType]::ParameterName, 'Behind a front server: remove SCRIPT_NAME from PATH_INFO')
            [CompletionResult]::new('--secure-headers', '--secure-headers', [CompletionResultType]::ParameterName, 'Add X-Content-Type-Options: nosniff, Referrer-Policy: strict-origin-when-cross-origin and X-Frame-Options: SAMEORIGIN to responses that lack them')
            [CompletionResult]::new('--gzip', '--gzip', [CompletionResultType]::ParameterName, 'Compress text of 1 KiB or more with gzip for clients that accept it')
            [CompletionResult]::new('--zstd', '--zstd', [CompletionResultType]::ParameterName, 'Compress text of 1 KiB or more with Zstandard for clients that accept it; with --gzip too, clients get what they prefer, and Zstandard if they have no preference')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Judge the settings and what they name (certificates, folders, files of applications), say what holds or what is wrong with file and line, and end')
            [CompletionResult]::new('--no-initgroups', '--no-initgroups', [CompletionResultType]::ParameterName, 'Without the supplementary groups of --user')
            [CompletionResult]::new('--exit-on-reload', '--exit-on-reload', [CompletionResultType]::ParameterName, 'Stop where a reload is asked for; a service manager starts the server again')
            [CompletionResult]::new('--log-truncate', '--log-truncate', [CompletionResultType]::ParameterName, 'Empty the file of --log-file at the start')
            [CompletionResult]::new('--log-reopen', '--log-reopen', [CompletionResultType]::ParameterName, 'Open the log files again on HUP too')
            [CompletionResult]::new('--disable-logging', '--disable-logging', [CompletionResultType]::ParameterName, 'Leave requests out of the access log, except those that --log-4xx and its like choose')
            [CompletionResult]::new('--log-4xx', '--log-4xx', [CompletionResultType]::ParameterName, 'Log requests with a status from 400 to 499 in spite of --disable-logging')
            [CompletionResult]::new('--log-5xx', '--log-5xx', [CompletionResultType]::ParameterName, 'Log requests with a status from 500 to 599 in spite of --disable-logging')
            [CompletionResult]::new('--log-zero', '--log-zero', [CompletionResultType]::ParameterName, 'Log requests whose responses have no body in spite of --disable-logging')
            [CompletionResult]::new('--stats-http', '--stats-http', [CompletionResultType]::ParameterName, 'Expect HTTP of every client of --stats, also of one that is slow to ask')
            [CompletionResult]::new('--stats-min', '--stats-min', [CompletionResultType]::ParameterName, 'Write the JSON of --stats without white space')
            [CompletionResult]::new('--stats-no-cores', '--stats-no-cores', [CompletionResultType]::ParameterName, 'Leave the threads of workers out of the JSON of --stats')
            [CompletionResult]::new('--daemons-honour-stdin', '--daemons-honour-stdin', [CompletionResultType]::ParameterName, 'Commands beside the server read the server''s standard input instead of /dev/null')
            [CompletionResult]::new('--emperor-tyrant', '--emperor-tyrant', [CompletionResultType]::ParameterName, 'Started as root: each server runs as the owner and group of its file; files of root''s are left alone')
            [CompletionResult]::new('--emperor-nofollow', '--emperor-nofollow', [CompletionResultType]::ParameterName, 'A file that is a symbolic link is touched when the link is')
            [CompletionResult]::new('--emperor-tyrant-nofollow', '--emperor-tyrant-nofollow', [CompletionResultType]::ParameterName, 'With --emperor-tyrant: a symbolic link is served as the owner of the link')
            [CompletionResult]::new('--trust-forwarded', '--trust-forwarded', [CompletionResultType]::ParameterName, 'Believe them on uwsgi, fcgi, scgi and ajp listeners too')
            [CompletionResult]::new('--proxy-protocol', '--proxy-protocol', [CompletionResultType]::ParameterName, 'Connections from --trust-proxy begin with a PROXY header, which names the client')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Refuse to start with options that uWSGI does not know either')
            [CompletionResult]::new('--lenient', '--lenient', [CompletionResultType]::ParameterName, 'Start without what certkit cannot do, except where that protects')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;completions' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;man' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;options' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Report as text for people or as one JSON object for scripts')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; the variable NO_COLOR turns it off')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log more (serve; -vv: debug)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certkit;help' {
            [CompletionResult]::new('mkca', 'mkca', [CompletionResultType]::ParameterValue, 'Make your own certificate authority (CA)')
            [CompletionResult]::new('mkcert', 'mkcert', [CompletionResultType]::ParameterValue, 'Make a server certificate signed by your CA')
            [CompletionResult]::new('csr', 'csr', [CompletionResultType]::ParameterValue, 'Make a certificate signing request (CSR) for another CA')
            [CompletionResult]::new('sign', 'sign', [CompletionResultType]::ParameterValue, 'Sign a certificate signing request with your CA')
            [CompletionResult]::new('renew', 'renew', [CompletionResultType]::ParameterValue, 'Renew certificates of your CA: same names, same key, a new validity of the same length')
            [CompletionResult]::new('revoke', 'revoke', [CompletionResultType]::ParameterValue, 'Revoke certificates of your CA')
            [CompletionResult]::new('crl', 'crl', [CompletionResultType]::ParameterValue, 'Make the certificate revocation list (CRL) of your CA')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the certificates of your CA, those that expire first on top')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Write a certificate from the CA''s ledger again, for example when its file is lost')
            [CompletionResult]::new('merge', 'merge', [CompletionResultType]::ParameterValue, 'Put a server certificate and its CA bundle together, in the right order')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Check a certificate chain: does it hold, and if not, why and how to fix it')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Describe a file (certificate, key, request, revocation list, PKCS#7, PKCS#12) or what a running server sends')
            [CompletionResult]::new('key', 'key', [CompletionResultType]::ParameterValue, 'Make, show, encrypt, decrypt and compare private keys')
            [CompletionResult]::new('convert', 'convert', [CompletionResultType]::ParameterValue, 'Convert certificates and keys: PEM, DER, PKCS#12, PKCS#7, PKCS#8, PKCS#1, SEC1')
            [CompletionResult]::new('trust', 'trust', [CompletionResultType]::ParameterValue, 'Make this machine trust your CA: system, browsers, Java')
            [CompletionResult]::new('hosts', 'hosts', [CompletionResultType]::ParameterValue, 'Point names to this machine for development, in the hosts file')
            [CompletionResult]::new('acme', 'acme', [CompletionResultType]::ParameterValue, 'Get certificates from Let''s Encrypt or another ACME server')
            [CompletionResult]::new('ca', 'ca', [CompletionResultType]::ParameterValue, 'Run your CA as a service')
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Serve a Python web application on https')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print shell completions')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print the manual page, or write one per command into a folder')
            [CompletionResult]::new('options', 'options', [CompletionResultType]::ParameterValue, 'The options and variables of every command')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'certkit;help;mkca' {
            break
        }
        'certkit;help;mkcert' {
            break
        }
        'certkit;help;csr' {
            break
        }
        'certkit;help;sign' {
            break
        }
        'certkit;help;renew' {
            break
        }
        'certkit;help;revoke' {
            break
        }
        'certkit;help;crl' {
            break
        }
        'certkit;help;list' {
            break
        }
        'certkit;help;export' {
            break
        }
        'certkit;help;merge' {
            break
        }
        'certkit;help;check' {
            break
        }
        'certkit;help;show' {
            break
        }
        'certkit;help;key' {
            [CompletionResult]::new('new', 'new', [CompletionResultType]::ParameterValue, 'Make a new private key')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show the kind of key in a file and the fingerprint of its public key')
            [CompletionResult]::new('encrypt', 'encrypt', [CompletionResultType]::ParameterValue, 'Encrypt a key with a password')
            [CompletionResult]::new('decrypt', 'decrypt', [CompletionResultType]::ParameterValue, 'Remove the password from a key')
            [CompletionResult]::new('match', 'match', [CompletionResultType]::ParameterValue, 'Check which certificates and requests belong to a key')
            break
        }
        'certkit;help;key;new' {
            break
        }
        'certkit;help;key;show' {
            break
        }
        'certkit;help;key;encrypt' {
            break
        }
        'certkit;help;key;decrypt' {
            break
        }
        'certkit;help;key;match' {
            break
        }
        'certkit;help;convert' {
            break
        }
        'certkit;help;trust' {
            [CompletionResult]::new('install', 'install', [CompletionResultType]::ParameterValue, 'Install the CA into the trust stores')
            [CompletionResult]::new('uninstall', 'uninstall', [CompletionResultType]::ParameterValue, 'Remove exactly this CA from the trust stores')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List every CA of certkit that a store trusts or a CA folder holds')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Ask each trust store whether it trusts the CA')
            [CompletionResult]::new('env', 'env', [CompletionResultType]::ParameterValue, 'Print variables for programs that do not ask the stores: Node, pip, requests, git, Java')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Write the CA certificate to a file for another device')
            break
        }
        'certkit;help;trust;install' {
            break
        }
        'certkit;help;trust;uninstall' {
            break
        }
        'certkit;help;trust;list' {
            break
        }
        'certkit;help;trust;status' {
            break
        }
        'certkit;help;trust;env' {
            break
        }
        'certkit;help;trust;export' {
            break
        }
        'certkit;help;hosts' {
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Add a name')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Remove a name that was added')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Check whether a name is there')
            break
        }
        'certkit;help;hosts;add' {
            break
        }
        'certkit;help;hosts;remove' {
            break
        }
        'certkit;help;hosts;check' {
            break
        }
        'certkit;help;acme' {
            [CompletionResult]::new('obtain', 'obtain', [CompletionResultType]::ParameterValue, 'Get a certificate, unless the current one is still valid')
            [CompletionResult]::new('renew', 'renew', [CompletionResultType]::ParameterValue, 'Renew the certificates that are due, or those named')
            [CompletionResult]::new('revoke', 'revoke', [CompletionResultType]::ParameterValue, 'Revoke a certificate')
            [CompletionResult]::new('delete', 'delete', [CompletionResultType]::ParameterValue, 'Delete a certificate: it is not renewed any more')
            [CompletionResult]::new('import', 'import', [CompletionResultType]::ParameterValue, 'Take over accounts and certificates of certbot, lego or acme.sh')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the certificates: names, server, days left, next renewal, last failure')
            [CompletionResult]::new('account', 'account', [CompletionResultType]::ParameterValue, 'Show, change or close an account at a server')
            [CompletionResult]::new('dns-record', 'dns-record', [CompletionResultType]::ParameterValue, 'Print the TXT records that let this account have certificates for names, by dns-persist-01')
            [CompletionResult]::new('dns-providers', 'dns-providers', [CompletionResultType]::ParameterValue, 'List the DNS providers that --dns takes, with the fields that each needs in its file of credentials')
            [CompletionResult]::new('install-timer', 'install-timer', [CompletionResultType]::ParameterValue, 'Install a timer that runs `certkit acme renew` every hour, at a minute that differs from machine to machine')
            break
        }
        'certkit;help;acme;obtain' {
            break
        }
        'certkit;help;acme;renew' {
            break
        }
        'certkit;help;acme;revoke' {
            break
        }
        'certkit;help;acme;delete' {
            break
        }
        'certkit;help;acme;import' {
            break
        }
        'certkit;help;acme;list' {
            break
        }
        'certkit;help;acme;account' {
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show the account as the server knows it')
            [CompletionResult]::new('update', 'update', [CompletionResultType]::ParameterValue, 'Set the account''s mail address')
            [CompletionResult]::new('rollover', 'rollover', [CompletionResultType]::ParameterValue, 'Replace the account''s key')
            [CompletionResult]::new('deactivate', 'deactivate', [CompletionResultType]::ParameterValue, 'Close the account for good; the next order makes a new one')
            break
        }
        'certkit;help;acme;account;show' {
            break
        }
        'certkit;help;acme;account;update' {
            break
        }
        'certkit;help;acme;account;rollover' {
            break
        }
        'certkit;help;acme;account;deactivate' {
            break
        }
        'certkit;help;acme;dns-record' {
            break
        }
        'certkit;help;acme;dns-providers' {
            break
        }
        'certkit;help;acme;install-timer' {
            break
        }
        'certkit;help;ca' {
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Run an ACME server that issues certificates from your CA')
            break
        }
        'certkit;help;ca;serve' {
            break
        }
        'certkit;help;serve' {
            break
        }
        'certkit;help;completions' {
            break
        }
        'certkit;help;man' {
            break
        }
        'certkit;help;options' {
            break
        }
        'certkit;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
