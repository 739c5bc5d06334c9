//! A year of certificates that are valid for six days, with the time as a parameter: what goes wrong in a year goes wrong,
//! and no certificate ever ends.
//!
//! The server that renews is this process; on the days when it is killed it is a child, since SIGKILL spares nothing.

mod server;

use std::env;
use std::fs;
use std::sync::Arc;

use async_trait::async_trait;
use certkit::internals::acme::challenge::{
    self, ChallengeAnswer, ChallengeKind, ChallengeMethod, Embedded, Solver,
};
use certkit::internals::acme::storage::Storage;
use certkit::internals::acme::{self, Plan, RenewalOutcome, Renewer, Urgency};
use rustix::process::Signal;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use self::server::Server;
use crate::acme_schedule::{Agreeable, renew_if_due};
use crate::disk::SmallDisk;
use crate::harness::{Program, Test, eventually};
use crate::process::Process;

const BEGIN: OffsetDateTime = datetime!(2026-12-01 00:00 UTC);
/// A server that waits looks at its schedule this often at least.
const LONGEST_SLEEP: Duration = Duration::hours(1);
const SHORTEST_SLEEP: Duration = Duration::minutes(1);

/// Set for a child: the folder of the test, the directory of the server, and the time.
const CHILD: [&str; 3] = ["CERTKIT_YEAR_FOLDER", "CERTKIT_YEAR_DIRECTORY", "CERTKIT_YEAR_NOW"];

/// What a child does: one check. Without its variables, as in every other run, nothing.
#[test]
fn one_check() {
    let [Ok(folder), Ok(directory), Ok(now)] = CHILD.map(env::var) else { return };
    let folder = std::path::PathBuf::from(folder);
    let renewer = renewer(&folder.join("state"), &folder.join("pebble/ca.pem"), &directory);
    let now = OffsetDateTime::from_unix_timestamp(now.parse().unwrap()).unwrap();
    // How it went is in the state.
    let _ = renew_if_due(&renewer, now, Urgency::default());
}

#[test]
fn no_certificate_ends_in_a_year_of_trouble() {
    let test = Test::new();
    let disk = SmallDisk::new(&test, "state", 1024);
    let server = Server::start(&test, BEGIN);
    let mut year = Year::new(&test, &disk, &server);
    year.until_day(10);

    // The server is away for twelve hours, from the moment when it is needed.
    year.until_due();
    server.state().is_away = true;
    year.pass(Duration::hours(12));
    server.state().is_away = false;
    let orders = server.state().orders.len();
    year.pass(Duration::hours(1));
    assert_eq!(server.state().orders.len(), orders + 1, "renewed within the hour after the server was back");

    // DNS is broken for a day.
    year.until_day(40);
    year.until_due();
    server.state().dns_is_broken = true;
    year.pass(Duration::DAY);
    assert!(server.state().failed_validations.len() > 15, "tried every hour");
    server.state().dns_is_broken = false;
    let issued = server.state().issued.len();
    year.pass(Duration::hours(1));
    assert_eq!(server.state().issued.len(), issued + 1);

    // Somebody closes the account at the server.
    year.until_day(80);
    year.close_account();
    year.until_due();
    year.pass(Duration::hours(12));
    // Only a person makes another account, who has read why: half a day later.
    assert!(server.state().new_accounts.len() == 1 && year.is_due());
    year.force();
    assert_eq!(server.state().new_accounts.len(), 2);

    // The issuer changes, and the server has forgotten the certificates.
    year.until_day(120);
    server.state().change_issuer();

    // The clock jumps ahead by three years for an hour, and back by two days for another.
    year.until_day(160);
    let issued = server.state().issued.len();
    year.clock_is_ahead = Duration::days(3 * 365);
    year.pass(Duration::HOUR);
    year.clock_is_ahead = Duration::ZERO;
    let more = server.state().issued.len() - issued;
    assert!(more <= 5, "{more} certificates while the clock was wrong");
    year.until_day(170);
    year.clock_is_ahead = Duration::days(-2);
    year.pass(Duration::HOUR);
    year.clock_is_ahead = Duration::ZERO;

    // The disk is full for an hour, from the moment when a new certificate is to be kept.
    year.until_day(200);
    year.until_due();
    disk.leave_kib(0);
    year.disk_is_full = true;
    year.pass(Duration::HOUR);
    year.disk_is_full = false;
    disk.make_room();

    // A server without renewal information: the lifetime says when.
    year.until_day(240);
    server.state().hides_renewal_info = true;
    year.until_day(365);
    year.keeps_limits();
    let state = server.state();
    test.note(&format!(
        "{} checks, {} killed, {} requests, {} orders, {} certificates, {} failed validations; at least {} left",
        year.checks,
        year.killed,
        state.requests,
        state.orders.len(),
        state.issued.len(),
        state.failed_validations.len(),
        year.least_left,
    ));
    assert!((75..=130).contains(&state.issued.len()), "{} certificates", state.issued.len());
    assert!(year.killed > 250, "{} were killed", year.killed);
    assert!(year.least_left > Duration::hours(12), "{} were left", year.least_left);
}

struct Year<'a> {
    test: &'a Test,
    disk: &'a SmallDisk<'a>,
    server: &'a Server,
    renewer: Renewer,
    /// The right time.
    now: OffsetDateTime,
    clock_is_ahead: Duration,
    disk_is_full: bool,
    /// The day on which the process was killed last.
    killed_on: i64,
    /// At which request it is killed next.
    kill_at: usize,
    killed: usize,
    checks: usize,
    least_left: Duration,
}

impl<'a> Year<'a> {
    fn new(test: &'a Test, disk: &'a SmallDisk<'a>, server: &'a Server) -> Self {
        let renewer = renewer(&test.path("state"), &test.path("pebble/ca.pem"), &server.directory);
        assert!(matches!(renew_if_due(&renewer, BEGIN, Urgency::default()), Ok(RenewalOutcome::Renewed(_))));
        Self {
            test,
            disk,
            server,
            renewer,
            now: BEGIN,
            clock_is_ahead: Duration::ZERO,
            disk_is_full: false,
            killed_on: 0,
            kill_at: 0,
            killed: 0,
            checks: 0,
            least_left: Duration::MAX,
        }
    }

    fn until_day(&mut self, day: i64) {
        self.until(BEGIN + Duration::days(day));
    }

    /// Up to the moment when the certificate in use is due.
    fn until_due(&mut self) {
        while !self.is_due() {
            self.step(self.now + Duration::DAY);
        }
    }

    fn is_due(&self) -> bool {
        let due = self.renewer.current().unwrap().unwrap().due.at;
        // The next step would renew.
        due <= self.now || self.renewer.next_check().unwrap() >= due && due <= self.now + LONGEST_SLEEP
    }

    fn pass(&mut self, time: Duration) {
        self.until(self.now + time);
    }

    fn until(&mut self, end: OffsetDateTime) {
        while self.now < end {
            self.step(end);
        }
    }

    /// Sleeps as a server does, at most until `end`, and checks.
    fn step(&mut self, end: OffsetDateTime) {
        let clock = self.now + self.clock_is_ahead;
        let sleep = self.renewer.next_check().unwrap() - clock;
        let sleep = sleep.clamp(SHORTEST_SLEEP, LONGEST_SLEEP);
        self.now = (self.now + sleep).min(end);
        self.server.state().now = self.now;
        let clock = self.now + self.clock_is_ahead;
        // A server checks whenever it wakes up; what is done below is when that leads to something. A schedule that is far
        // ahead is one of a wrong clock.
        let next = self.renewer.next_check().unwrap();
        if next <= clock || next > clock + Duration::days(8) {
            self.checks += 1;
            self.check(clock);
        }
        let left = self.renewer.current().unwrap().unwrap().chain[0].not_after - self.now;
        assert!(left.is_positive(), "the certificate has ended at {}", self.now);
        self.least_left = self.least_left.min(left);
    }

    /// What `certkit acme renew --force` does.
    fn force(&self) {
        let force = Urgency { force: true, ..Urgency::default() };
        let forced = renew_if_due(&self.renewer, self.now, force);
        assert!(matches!(forced, Ok(RenewalOutcome::Renewed(_))), "{forced:?}");
    }

    fn check(&mut self, clock: OffsetDateTime) {
        let day = (self.now - BEGIN).whole_days();
        if self.disk_is_full {
            self.child(clock).run().exits(0);
        } else if day > self.killed_on {
            self.killed_on = day;
            self.check_and_kill(clock);
        } else {
            // Failures are kept in the state, and what counts is that no certificate ends.
            let _ = renew_if_due(&self.renewer, clock, Urgency::default());
        }
    }

    /// Kills the process at one of its requests, another each day.
    fn check_and_kill(&mut self, clock: OffsetDateTime) {
        // A day on which nothing is due has the directory and the question when to renew.
        let requests = if self.is_due() { 10 } else { 2 };
        self.kill_at = (self.kill_at + 1) % requests;
        {
            let mut state = self.server.state();
            state.answers_before_silence = Some(self.kill_at);
            state.is_silent = false;
        }
        let mut child = Process::start(self.test, self.child(clock));
        let is_held = eventually("a request is held, or the child ends", || {
            let is_held = self.server.state().is_silent;
            (is_held || child.ended().is_some()).then_some(is_held)
        });
        if is_held {
            self.killed += 1;
            child.signal(Signal::KILL);
            child.wait();
        }
        self.server.state().answers_before_silence = None;
    }

    fn child(&self, clock: OffsetDateTime) -> Program<'a> {
        let program = self.disk.program().args([env::current_exe().unwrap()]);
        let [folder, directory, now] = CHILD;
        program
            .args(["acme_year::one_check", "--exact"])
            .env(folder, self.test.folder())
            .env(directory, &self.server.directory)
            .env(now, clock.unix_timestamp().to_string())
    }

    /// Closes the account with a copy of its key, of which the state knows nothing.
    fn close_account(&self) {
        let copy = self.test.path("copy");
        let accounts = self.test.path("state/accounts");
        for account in fs::read_dir(&accounts).unwrap() {
            let account = account.unwrap();
            let to = copy.join("accounts").join(account.file_name());
            fs::create_dir_all(&to).unwrap();
            for file in ["account.json", "key.pem"] {
                fs::copy(account.path().join(file), to.join(file)).unwrap();
            }
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(acme::deactivate(&Storage::new(copy), None, &Agreeable)).unwrap();
    }

    /// Let's Encrypt's limits (letsencrypt.org/docs/rate-limits). Orders that replace a certificate are exempt from the
    /// limits of certificates.
    fn keeps_limits(&self) {
        let state = self.server.state();
        let times = |all: &[(OffsetDateTime, bool)], replacing: bool| {
            let counted = all.iter().filter(|(_, replaces)| replacing || !replaces);
            counted.map(|(at, _)| *at).collect::<Vec<_>>()
        };
        at_most(300, Duration::hours(3), &times(&state.orders, true), "orders of an account");
        at_most(5, Duration::days(7), &times(&state.issued, false), "certificates for the same names");
        at_most(5, Duration::HOUR, &state.failed_validations, "failed validations of a name");
        at_most(10, Duration::hours(3), &state.new_accounts, "accounts from an address");
    }
}

/// Whether at most so many are within any such time.
#[track_caller]
fn at_most(most: usize, within: Duration, times: &[OffsetDateTime], what: &str) {
    for (index, begin) in times.iter().enumerate() {
        let count = times[index..].iter().take_while(|at| **at < *begin + within).count();
        assert!(count <= most, "{count} {what} within {within} from {begin} on");
    }
}

fn renewer(state: &std::path::Path, ca: &std::path::Path, directory: &str) -> Renewer {
    let plan = Plan {
        names: vec!["a.test".into()],
        server: directory.to_owned(),
        ca_roots: Some(ca.to_owned()),
        ..Plan::new(ChallengeMethod::Embedded(Embedded(Arc::new(Nothing))))
    };
    Renewer::new(plan, Storage::new(state))
}

/// Shows nothing: the server of the year does not look.
#[derive(Debug)]
struct Nothing;

#[async_trait]
impl Solver for Nothing {
    fn kind(&self) -> ChallengeKind {
        ChallengeKind::Http01
    }

    async fn present(&self, _answers: &[ChallengeAnswer]) -> Result<(), challenge::Error> {
        Ok(())
    }

    async fn withdraw(&self, _answers: &[ChallengeAnswer]) -> Result<(), challenge::Error> {
        Ok(())
    }
}
