//! curl as the client of a test's server: the chain verified, the name resolved to 127.0.0.1.

use std::fs;
use std::path::PathBuf;

use crate::harness::{Program, Ran, Test};
use crate::peers::peer;
use crate::process::Server;

/// curl that trusts `ca.crt` of the test's folder.
pub(crate) struct Curl<'a> {
    test: &'a Test,
    program: PathBuf,
    name: &'static str,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status; 0 when the connection broke before one.
    pub(crate) status: u16,
    /// `1.1` or `2`.
    pub(crate) version: String,
    /// All header lines of the last answer, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// The body, as far as it came.
    pub(crate) body: Vec<u8>,
    /// Whether curl saw a whole answer.
    pub(crate) whole: bool,
}

impl<'a> Curl<'a> {
    /// curl that calls the server by `name`.
    #[track_caller]
    pub(crate) fn new(test: &'a Test, name: &'static str) -> Option<Self> {
        Some(Self { test, program: peer("curl")?, name })
    }

    /// Gets a page.
    #[track_caller]
    pub(crate) fn get(&self, server: &Server, path: &str) -> Answer {
        self.fetch(server, path, &[])
    }

    /// Gets a page with more options of curl.
    #[track_caller]
    pub(crate) fn fetch(&self, server: &Server, path: &str, options: &[&str]) -> Answer {
        let (head, body) = (self.test.home().join("curl-head"), self.test.home().join("curl-body"));
        for file in [&head, &body] {
            let _ = fs::remove_file(file);
        }
        let ran = self
            .program(server, path)
            .args(options)
            .args(["-w", "%{http_code} %{http_version}"])
            .args([&"-D".into(), &head, &"-o".into(), &body])
            .run();
        Answer::read(&ran, &fs::read(head).unwrap_or_default(), fs::read(body).unwrap_or_default())
    }

    /// The program with what every request needs, to be run by the test itself.
    pub(crate) fn program(&self, server: &Server, path: &str) -> Program<'a> {
        let (resolve, url) = (server.resolve(self.name), server.url(self.name, path));
        self.test.program(&self.program).args([
            "-sS",
            "--max-time",
            "80",
            "--cacert",
            "ca.crt",
            "--resolve",
            &resolve,
            &url,
        ])
    }
}

impl Answer {
    fn read(ran: &Ran, head: &[u8], body: Vec<u8>) -> Self {
        let said = ran.stdout();
        let (status, version) = said.split_once(' ').unwrap_or(("0", ""));
        let head = String::from_utf8_lossy(head);
        // After a 100 or a redirect that was followed the last head counts.
        let last = head.trim_end().split("\r\n\r\n").last().unwrap_or_default();
        let headers = last
            .lines()
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        Self {
            status: status.parse().unwrap_or(0),
            version: version.to_owned(),
            headers,
            body,
            whole: ran.succeeded(),
        }
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The first header of this name, in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The status must be this.
    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }
}
