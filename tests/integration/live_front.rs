//! Small servers for the tests of live checks: they say a few words in clear and then hand the connection to a real TLS
//! server, or fall silent. Each counts its connections.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// The Diffie-Hellman group of 1024 bits of RFC 2409 section 6.2, as OpenSSL reads it.
pub(crate) const DH_1024: &str = "\
    -----BEGIN DH PARAMETERS-----\n\
    MIGHAoGBAP//////////yQ/aoiFowjTExmKLgNwc0SkCTgiKZ8x0Agu+pjsTmyJR\n\
    Sgh5jjQE3e+VGbPNOkMbMCsKbfJfFDdP4TVtbVHCReSFtXZiXn7G9ExC6aY37WsL\n\
    /1y29Aa37e44a/taiZ+lrp8kEXxLH+ZJKGZR7OZTgf//////////AgEC\n\
    -----END DH PARAMETERS-----\n";

/// A listener that answers every connection in the same way, until the test process ends.
pub(crate) struct Front {
    /// Its port on 127.0.0.1.
    pub(crate) port: u16,
    connections: Arc<AtomicUsize>,
}

/// What a connection is led through.
#[derive(Clone)]
pub(crate) enum Step {
    /// Says this.
    Say(Vec<u8>),
    /// Waits for a line that begins so.
    Line(&'static str),
    /// Waits for these bytes.
    Bytes(Vec<u8>),
    /// Waits for a packet that begins so, and forgets what else is in it.
    Packet(&'static str),
}

/// What stands at the end.
#[derive(Clone, Copy)]
pub(crate) enum End {
    /// A server at this port of 127.0.0.1 takes over.
    Relay(u16),
    /// Nothing more is said, and the connection stays.
    Silence,
    /// The connection is closed.
    Close,
}

/// Says a text.
pub(crate) fn say(text: &str) -> Step {
    Step::Say(text.into())
}

impl Front {
    /// Starts it.
    pub(crate) fn start(steps: &[Step], end: End) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = connections.clone();
        let steps = steps.to_vec();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                counter.fetch_add(1, Ordering::SeqCst);
                let steps = steps.clone();
                // A client that goes away early is none of our business.
                thread::spawn(move || drop(serve(stream, &steps, end)));
            }
        });
        Self { port, connections }
    }

    /// How many connections it has had.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

fn serve(mut stream: TcpStream, steps: &[Step], end: End) -> std::io::Result<()> {
    for step in steps {
        match step {
            Step::Say(bytes) => stream.write_all(bytes)?,
            Step::Line(start) => {
                let mut line = Vec::new();
                while !line.ends_with(b"\n") {
                    let mut byte = [0];
                    stream.read_exact(&mut byte)?;
                    line.extend(byte);
                }
                if !line.starts_with(start.as_bytes()) {
                    return stream.write_all(b"500 what?\r\n");
                }
            }
            Step::Packet(start) => {
                let mut packet = [0; 4096];
                let count = stream.read(&mut packet)?;
                if !packet[..count].starts_with(start.as_bytes()) {
                    return Ok(());
                }
            }
            Step::Bytes(wanted) => {
                let mut found = vec![0; wanted.len()];
                stream.read_exact(&mut found)?;
                if found != *wanted {
                    return Ok(());
                }
            }
        }
    }
    match end {
        End::Close => {}
        End::Silence => thread::sleep(Duration::from_secs(60)),
        End::Relay(port) => relay(stream, TcpStream::connect((Ipv4Addr::LOCALHOST, port))?)?,
    }
    Ok(())
}

/// Carries bytes both ways until both sides have closed.
fn relay(client: TcpStream, server: TcpStream) -> std::io::Result<()> {
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    let forth = thread::spawn(move || {
        let _ = std::io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Write);
    });
    let (mut from_server, mut to_client) = (server, client);
    let _ = std::io::copy(&mut from_server, &mut to_client);
    let _ = to_client.shutdown(Shutdown::Both);
    let _ = forth.join();
    Ok(())
}
