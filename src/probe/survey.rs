//! What a server would agree to besides what it chose: old versions, bad cipher suites, the new groups.
//!
//! Each question is a connection of its own with one hello made by hand. [`Depth::Usual`] asks eight; [`Depth::Deep`] has
//! the server name everything it has, one after the other, which takes some dozens.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::client_hello::ClientHello;
use super::fetch::HelloOutcome;
use super::flight::ServerFlight;
use super::suites::{
    CURVES, GROUPS, Group, SUITE_CODES, SUITES, Strength, Suite, TLS13_CODES, Version, X25519MLKEM768,
};
use super::{Error, Peer, Server};

/// Questions asked at the same time; more look like an attack to some servers.
const AT_ONCE: usize = 4;
/// Answers that are waited for when a server is to name all it has.
const MAX_NAMED: usize = 100;

/// How much to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Eight connections at most.
    Usual,
    /// Dozens: every cipher suite and group by name.
    Deep,
}

/// What a server would agree to.
#[derive(Debug, Default)]
pub struct Survey {
    /// The versions that it speaks, oldest first.
    pub versions: Vec<Version>,
    /// Cipher suites that it accepted though they are not good; one of each kind, or with [`Depth::Deep`] all.
    pub poor_suites: Vec<Suite>,
    /// Whether it supports secure renegotiation; `None` when it speaks TLS 1.3 only, which has none.
    pub is_renegotiation_safe: Option<bool>,
    pub is_compressed: bool,
    /// Whether it accepts the hybrid group; `None` without TLS 1.3.
    pub is_hybrid: Option<bool>,
    /// The smallest finite-field group that it used, in bits.
    pub dh_bits: Option<usize>,
    /// All its cipher suites by version, in its order of preference; empty unless [`Depth::Deep`].
    pub suites: Vec<(Version, Vec<String>)>,
    /// Whether it answers inside TLS a command that was sent unencrypted; `None` unless [`Depth::Deep`] with a protocol of lines.
    pub is_stuffable: Option<bool>,
    /// All its groups, in its order of preference; empty unless [`Depth::Deep`].
    pub groups: Vec<String>,
    /// Why a question got no answer; then the survey is incomplete.
    pub failure: Option<Error>,
}

/// Enters what was learnt into the survey that all threads share.
type Learn<'a> = dyn Fn(&dyn Fn(&mut Survey)) + 'a;

/// One question, and what is learnt from the answer.
enum Question {
    /// Does it speak this version?
    Version(Version),
    /// Does it take one of the suites of this kind?
    Suites(&'static [Strength]),
    /// Does it take the hybrid group?
    Hybrid,
    /// What does it choose of everything, and with which old features?
    Choice,
    /// Which suites has it in this version?
    AllSuites(Version),
    /// Which groups has it?
    AllGroups,
    /// Does it answer inside TLS a command sent before?
    Stuffed,
}

impl Server {
    /// Asks what else the server would agree to than what it did agree to with `peer`.
    pub fn survey(&self, peer: &Peer, depth: Depth) -> Survey {
        let has_tls13 = peer.version == Version::Tls13;
        let mut questions = vec![
            Question::Choice,
            Question::Version(Version::Tls11),
            Question::Version(Version::Tls10),
            Question::Version(Version::Ssl3),
        ];
        match depth {
            Depth::Usual => {
                questions.push(Question::Suites(&[Strength::Broken, Strength::TripleDes]));
                questions.push(Question::Suites(&[Strength::StaticRsa]));
                questions.push(Question::Suites(&[Strength::Outdated]));
            }
            Depth::Deep => {
                let old = [Version::Tls12, Version::Tls11, Version::Tls10, Version::Ssl3];
                questions.extend(old.map(Question::AllSuites));
                if self.target.starttls.is_some_and(super::Starttls::has_lines) {
                    questions.push(Question::Stuffed);
                }
                if has_tls13 {
                    questions.extend([Question::AllSuites(Version::Tls13), Question::AllGroups]);
                }
            }
        }
        let is_hybrid = peer.group.as_deref() == Some(Group::name_of(X25519MLKEM768).as_str());
        if has_tls13 && !is_hybrid {
            questions.push(Question::Hybrid);
        }
        let mut survey = Survey { is_hybrid: has_tls13.then_some(is_hybrid), ..Survey::default() };
        survey.versions.push(peer.version);
        let survey = self.ask_all(&questions, survey);
        survey.sorted()
    }

    fn ask_all(&self, questions: &[Question], survey: Survey) -> Survey {
        let survey = Mutex::new(survey);
        let next = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..AT_ONCE.min(questions.len()) {
                scope.spawn(|| {
                    while let Some(question) = questions.get(next.fetch_add(1, Ordering::Relaxed)) {
                        self.ask_one(question, &survey);
                    }
                });
            }
        });
        survey.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn ask_one(&self, question: &Question, survey: &Mutex<Survey>) {
        let learn = |learn: &dyn Fn(&mut Survey)| {
            learn(&mut survey.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        };
        let result = match question {
            Question::Version(version) => self.try_suites(*version, &SUITE_CODES).map(|answer| {
                let spoken = answer.and_then(|answer| Some(answer.hello?.version));
                learn(&|survey| survey.versions.extend(spoken));
            }),
            Question::Suites(kinds) => {
                let wanted = SUITES.iter().filter(|suite| kinds.contains(&suite.strength()));
                let wanted: Vec<_> = wanted.map(|suite| suite.code).collect();
                self.try_suites(Version::Tls12, &wanted).map(|answer| {
                    if let Some(answer) = answer {
                        learn(&|survey| survey.take(&answer));
                    }
                })
            }
            Question::Choice => {
                let hello = ClientHello { compression: true, ..self.hello(Version::Tls12, &SUITE_CODES) };
                self.tried(&hello).map(|answer| {
                    let Some(answer) = answer else { return };
                    learn(&|survey| {
                        if let Some(hello) = &answer.hello {
                            survey.is_renegotiation_safe = Some(hello.is_renegotiation_safe);
                            survey.is_compressed = hello.is_compressed;
                        }
                        survey.take(&answer);
                    });
                })
            }
            Question::Hybrid => {
                let hello =
                    ClientHello { groups: &[X25519MLKEM768], ..self.hello(Version::Tls13, &TLS13_CODES) };
                self.tried(&hello).map(|answer| learn(&|survey| survey.is_hybrid = Some(answer.is_some())))
            }
            Question::Stuffed => self.answers_stuffed_command().map(|is_answered| {
                learn(&|survey| survey.is_stuffable = Some(is_answered));
            }),
            Question::AllSuites(version) => self.all_suites(*version, &learn),
            Question::AllGroups => self.all_groups().map(|groups| {
                learn(&|survey| survey.groups.clone_from(&groups));
            }),
        };
        if let Err(error) = result {
            let mut survey = survey.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            survey.failure.get_or_insert(error);
        }
    }

    /// The server chooses, what it chose is taken from the offer, and so on until it refuses.
    fn all_suites(&self, version: Version, learn: &Learn<'_>) -> Result<(), Error> {
        let mut offer = if version == Version::Tls13 { TLS13_CODES.to_vec() } else { SUITE_CODES.to_vec() };
        let mut named = Vec::new();
        while !offer.is_empty() && named.len() < MAX_NAMED {
            let Some(answer) = self.try_suites(version, &offer)? else { break };
            let Some(hello) = &answer.hello else { break };
            // A server that speaks only older versions is asked for those by other questions. One that chooses what was
            // not offered would go on for ever.
            if hello.version != version || !offer.contains(&hello.suite) {
                break;
            }
            offer.retain(|code| *code != hello.suite);
            named.push(Suite::name_of(hello.suite));
            learn(&|survey| survey.take(&answer));
        }
        if !named.is_empty() {
            learn(&|survey| survey.suites.push((version, named.clone())));
        }
        Ok(())
    }

    fn all_groups(&self) -> Result<Vec<String>, Error> {
        let mut offer: Vec<_> = GROUPS.iter().map(|group| group.code).collect();
        let mut named = Vec::new();
        while !offer.is_empty() {
            let hello = ClientHello { groups: &offer, ..self.hello(Version::Tls13, &TLS13_CODES) };
            let answer = self.tried(&hello)?;
            let Some(group) = answer.and_then(|answer| answer.hello?.group) else { break };
            if !offer.contains(&group) {
                break;
            }
            offer.retain(|code| *code != group);
            named.push(Group::name_of(group));
        }
        Ok(named)
    }

    fn try_suites(&self, version: Version, suites: &[u16]) -> Result<Option<ServerFlight>, Error> {
        self.tried(&self.hello(version, suites))
    }

    fn tried(&self, hello: &ClientHello<'_>) -> Result<Option<ServerFlight>, Error> {
        Ok(match self.say(hello)? {
            HelloOutcome::Answered(answer) => Some(answer),
            HelloOutcome::Refused => None,
        })
    }

    fn hello<'a>(&'a self, version: Version, suites: &'a [u16]) -> ClientHello<'a> {
        const ALL: [u16; 8] = [29, 23, 30, 24, 25, 256, 257, 258];
        // TLS 1.2 and older choose among the curves only; the finite-field groups are of RFC 7919.
        let groups = if version == Version::Tls13 { &ALL[..] } else { &CURVES[..] };
        ClientHello { version, suites, groups, server_name: self.server_name(), compression: false }
    }
}

impl Survey {
    /// Enters what an answer shows.
    fn take(&mut self, answer: &ServerFlight) {
        let Some(hello) = &answer.hello else { return };
        self.versions.push(hello.version);
        if let Some(suite) = Suite::of(hello.suite).filter(|suite| suite.strength() != Strength::Good) {
            self.poor_suites.push(suite);
        }
        self.dh_bits = [self.dh_bits, answer.dh_bits].into_iter().flatten().min();
    }

    fn sorted(mut self) -> Self {
        self.versions.sort_unstable();
        self.versions.dedup();
        self.poor_suites.sort_by_key(|suite| (suite.strength(), suite.code));
        self.poor_suites.dedup();
        self.suites.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
        self
    }
}
