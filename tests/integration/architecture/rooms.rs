//! The table of rooms and arrows, and its drawing.

use std::fmt::Write as _;

/// A room of `src/`: what it does, and which rooms it may use besides the leaves.
pub(super) struct Room {
    pub(super) name: &'static str,
    does: &'static str,
    pub(super) uses: &'static [&'static str],
}

/// Every room, from top to bottom: arrows only lead down.
pub(super) const ROOMS: &[Room] = &[
    Room {
        name: "lib",
        does: "run: parses the command line, runs the command, prints its report",
        uses: &["advice", "cli", "commands", "render"],
    },
    Room {
        name: "commands",
        does: "one file per subcommand: arguments to a typed request, to one verb, to a report",
        uses: &[
            "acme",
            "advice",
            "ca",
            "ca_server",
            "chain",
            "cli",
            "config",
            "console",
            "container",
            "operands",
            "probe",
            "serve",
            "sources",
            "tls",
            "trust",
            "x509",
        ],
    },
    Room {
        name: "sources",
        does: "the running server's certificates: from files, from ACME, made for localhost",
        uses: &["acme", "advice", "ca", "chain", "console", "operands", "serve", "tls", "x509"],
    },
    Room {
        name: "advice",
        does: "what an error means to the user: code, location, fix, exit status",
        uses: &[
            "acme",
            "ca",
            "ca_server",
            "chain",
            "config",
            "container",
            "operands",
            "probe",
            "serve",
            "tls",
            "trust",
            "x509",
        ],
    },
    Room {
        name: "operands",
        does: "what users name: input files, passwords, output files, the CA, servers",
        uses: &["acme", "ca", "chain", "cli", "container", "probe", "x509"],
    },
    Room {
        name: "console",
        does: "what is printed while a command runs: lines, progress, findings, a batch's answers",
        uses: &["cli", "render"],
    },
    Room { name: "render", does: "reports as text for people or JSON for scripts", uses: &["cli"] },
    Room {
        name: "cli",
        does: "the command line as clap structs, and the help text",
        // Arguments are parsed into the types that own the values, such as kinds of keys and addresses to listen on.
        uses: &["acme", "ca", "ca_server", "chain", "config", "probe", "x509"],
    },
    Room { name: "config", does: "layered settings: certkit.toml, option files of uWSGI", uses: &["serve"] },
    Room { name: "serve", does: "the HTTPS server and its Python workers", uses: &["tls"] },
    Room {
        name: "ca_server",
        does: "the ACME server of one's own CA: listeners, validations, what is kept, certificates from the CA",
        uses: &["acme", "acme_server", "ca", "tls", "x509"],
    },
    Room {
        name: "acme_server",
        does: "the protocol of an ACME server: requests in, replies and effects out",
        uses: &["ca", "x509"],
    },
    Room {
        name: "acme",
        does: "certificates from an ACME server: account, order, challenge, state on disk, timer",
        uses: &["tls", "x509"],
    },
    Room {
        name: "probe",
        does: "looking at a live server: its chain, protocols, cipher suites, headers",
        uses: &["tls"],
    },
    Room {
        name: "ca",
        does: "making certificates: profiles, issuing, the ledger, revocation lists",
        uses: &["chain", "container", "x509"],
    },
    Room {
        name: "chain",
        does: "putting a chain in order, building and judging a path",
        uses: &["container", "x509"],
    },
    Room {
        name: "trust",
        does: "the trust stores of this machine: system, NSS, Firefox, Java",
        uses: &["x509"],
    },
    Room { name: "tls", does: "server-side TLS: policy and choice of certificate", uses: &["x509"] },
    Room {
        name: "container",
        does: "every form of file (PEM, DER, PKCS#7, PKCS#12, UTF-16) read into the same blocks",
        uses: &[],
    },
    Room { name: "x509", does: "certificates, private keys, names, validity", uses: &[] },
];

/// Rooms that every room may use; among themselves, from top to bottom as well.
pub(super) const LEAVES: &[Room] = &[
    Room { name: "report", does: "what a command did and found, as data", uses: &["finding"] },
    Room { name: "finding", does: "one thing found: code, severity, sentence, location, fix", uses: &[] },
    Room { name: "pem", does: "reading damaged PEM with line numbers, writing clean PEM", uses: &[] },
    Room { name: "der", does: "reading and writing DER, reading BER, the names of OIDs", uses: &[] },
    Room {
        name: "protocol",
        does: "pure codecs: HTTP/1.1 and HTTP/2 guards, CGI variables, uwsgi, FastCGI, SCGI, AJP, PROXY, marshal",
        uses: &[],
    },
    Room { name: "sys", does: "the clock, files that appear whole or not at all, processes", uses: &[] },
];

/// Rooms that may know an async runtime; the others are plain functions.
pub(super) const ASYNC: &[&str] =
    &["acme", "ca_server", "commands", "operands", "probe", "serve", "sources", "tls"];

/// The table as it stands in the documentation.
pub(super) fn drawing() -> String {
    let mut drawing = "```text\n".to_owned();
    for room in ROOMS {
        draw(room, &mut drawing);
    }
    drawing.push_str("\nleaves, which every room above may use:\n\n");
    for leaf in LEAVES {
        draw(leaf, &mut drawing);
    }
    drawing + "```\n"
}

fn draw(room: &Room, drawing: &mut String) {
    const WIDTH: usize = 94;
    let _ = writeln!(drawing, "{:<10} {}", room.name, room.does);
    let mut line = format!("{:<10} ->", "");
    for used in room.uses {
        if line.len() + 1 + used.len() > WIDTH {
            let _ = writeln!(drawing, "{line}");
            line = format!("{:<13}", "");
        }
        let _ = write!(line, " {used}");
    }
    if !room.uses.is_empty() {
        let _ = writeln!(drawing, "{line}");
    }
}

pub(super) fn room(name: &str) -> Option<&'static Room> {
    ROOMS.iter().chain(LEAVES).find(|room| room.name == name)
}

pub(super) fn is_leaf(name: &str) -> bool {
    LEAVES.iter().any(|leaf| leaf.name == name)
}
