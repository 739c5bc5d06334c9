"""Asks the clients of docs/clients.md about chains: what chains.py prints on the standard input, one line for each chain
in the answer.

Libraries are asked as oracle.py does; curl and Chromium connect to a server here that sends the chain which belongs to
the name that they ask for. An answer is an object of client and reason, an empty text where it accepts the chain; a client
is missing where it is not installed, or where OpenSSL, which sends the chain, cannot read it.
"""

import base64
import http.server
import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading

import oracle

HERE = pathlib.Path(__file__).parent
# oracle.py's names, and those of the page.
COLUMNS = {
    "openssl": "OpenSSL",
    "openssl -x509_strict": "OpenSSL strict",
    "Python 3.12": "Python 3.12",
    "Python 3.13": "Python 3.13",
    "GnuTLS": "GnuTLS",
    "pyca": "pyca",
    "Go": "Go",
    "Java": "Java",
}
PAGE = """<script>
(async () => {
    const hosts = HOSTS, answers = {};
    for (const chain in hosts) {
        try {
            await fetch('https://' + hosts[chain] + ':PORT/');
            answers[chain] = '';
        } catch (error) {
            answers[chain] = String(error);
        }
    }
    await fetch('/answers', {method: 'POST', body: JSON.stringify(answers)});
})();
</script>"""


def main():
    cases = {}
    for line in sys.stdin:
        case = json.loads(line)
        cases[case.pop("id")] = case
    answers = {chain: {} for chain in cases}
    folder = pathlib.Path(tempfile.mkdtemp(prefix="certkit-clients-"))
    try:
        ask_libraries(cases, answers)
        ask_programs(cases, answers)
        server = Server(cases, folder)
        ask_curl(cases, answers, server, folder)
        ask_chromium(cases, answers, server, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(answers))


def ask_libraries(cases, answers):
    for library in (oracle.OpenSsl, oracle.PythonSsl, oracle.GnuTls, oracle.Pyca):
        judge = library()
        for chain, case in cases.items():
            decoded = {part: [base64.b64decode(text) for text in case[part]] for part in ("sent", "trusted")}
            add(answers[chain], judge.judge({**case, **decoded}))


def add(answer, said):
    answer.update((COLUMNS[client], why) for client, why in said.items() if client in COLUMNS)


def ask_programs(cases, answers):
    if shutil.which("go"):
        lines = (json.dumps(case) for case in cases.values())
        ask(["go", "run", str(HERE / "oracle.go")], lines, cases, answers)
    if shutil.which("java"):
        lines = (
            " ".join([str(case["at"]), case["host"], str(len(case["sent"])), *case["sent"], *case["trusted"]])
            for case in cases.values()
        )
        ask(["java", str(HERE / "Oracle.java")], lines, cases, answers)


def ask(command, lines, cases, answers):
    text = "".join(line + "\n" for line in lines)
    ran = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    # The first line names the version.
    for chain, line in zip(cases, ran.stdout.splitlines()[1:], strict=True):
        add(answers[chain], json.loads(line))


class Server:
    """Sends the chain of the name that is asked for, and a short answer."""

    def __init__(self, cases, folder):
        self.contexts, self.hosts = {}, {}
        for chain, case in cases.items():
            file = folder / f"{chain}.pem"
            file.write_text(case["key"] + "".join(oracle.pem(base64.b64decode(text)) for text in case["sent"]))
            context = self.context()
            try:
                context.load_cert_chain(file)
            except ssl.SSLError:
                continue
            self.contexts[case["host"]] = context
            self.hosts[chain] = case["host"]
        self.front = self.context()
        self.front.load_cert_chain(folder / "sound.pem")
        self.front.sni_callback = self.choose
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    @staticmethod
    def context():
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # It may have any key: the client is to refuse it.
        context.set_ciphers("ALL:@SECLEVEL=0")
        return context

    def choose(self, connection, name, _):
        connection.context = self.contexts.get(name, self.front)

    def run(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def answer(self, connection):
        try:
            connection.settimeout(10)
            with self.front.wrap_socket(connection, server_side=True) as tls:
                tls.recv(65536)
                tls.sendall(
                    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nAccess-Control-Allow-Origin: *\r\n"
                    b"Connection: close\r\n\r\nok"
                )
        except OSError:
            pass


def write_roots(case, folder, chain):
    files = []
    for number, text in enumerate(case["trusted"]):
        files.append(folder / f"{chain}-root{number}.crt")
        files[-1].write_text(oracle.pem(base64.b64decode(text)))
    return files


def ask_curl(cases, answers, server, folder):
    curl = shutil.which("curl")
    for chain, host in server.hosts.items() if curl else ():
        [root] = write_roots(cases[chain], folder, chain)
        command = [curl, "--silent", "--show-error", "--max-time", "20", "--noproxy", "*", "--cacert", str(root)]
        command += ["--resolve", f"{host}:{server.port}:127.0.0.1", f"https://{host}:{server.port}/"]
        ran = subprocess.run(command, capture_output=True, text=True)
        answers[chain]["curl"] = "" if ran.returncode == 0 else ran.stderr.strip() or str(ran.returncode)


def ask_chromium(cases, answers, server, folder):
    chromium, certutil = shutil.which("chromium"), shutil.which("certutil")
    if not (chromium and certutil):
        return
    database = folder / ".pki/nssdb"
    database.mkdir(parents=True)
    subprocess.run([certutil, "-N", "-d", f"sql:{database}", "--empty-password"], check=True)
    unusable = set()
    for chain in server.hosts:
        for number, root in enumerate(write_roots(cases[chain], folder, chain)):
            trust = [certutil, "-A", "-d", f"sql:{database}", "-n", f"{chain}{number}", "-t", "C,,", "-i", str(root)]
            # A root that NSS cannot read says nothing of Chromium.
            if subprocess.run(trust, capture_output=True).returncode != 0:
                unusable.add(chain)
    hosts = {chain: host for chain, host in server.hosts.items() if chain not in unusable}
    page = PAGE.replace("HOSTS", json.dumps(hosts)).replace("PORT", str(server.port))
    said, done = {}, threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.respond(page.encode())

        def do_POST(self):
            said.update(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.respond(b"")
            done.set()

        def respond(self, body):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    command = [chromium, "--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
    command += ["--disable-background-networking", "--disable-component-update", f"--user-data-dir={folder}/profile"]
    command += ["--host-resolver-rules=MAP *.test 127.0.0.1, MAP *.co.uk 127.0.0.1"]
    if os.geteuid() == 0:
        command.append("--no-sandbox")
    log = open(folder / "chromium.log", "w")
    browser = subprocess.Popen(
        [*command, f"http://127.0.0.1:{web.server_port}/"],
        env={**os.environ, "HOME": str(folder)},
        stdout=log,
        stderr=log,
    )
    try:
        if not done.wait(300):
            sys.exit("Chromium did not answer:\n" + (folder / "chromium.log").read_text()[-3000:])
    finally:
        browser.terminate()
        browser.wait()
    for chain in hosts:
        answers[chain]["Chromium"] = said[chain]


if __name__ == "__main__":
    main()
