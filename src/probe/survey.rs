//! Asks what a server would agree to besides what it chose: old versions, bad cipher suites, the new groups.
//!
//! Each question is a connection of its own with one hello made by hand. [`Depth::Usual`] asks nine; [`Depth::Deep`] has
//! the server name everything it has, one after the other, which takes some dozens.
//!
//! A server that closes the connection, or says nothing, may refuse what was asked or may limit connections. Such
//! questions are asked again one at a time, and each is followed by a hello that the server has answered before: only if
//! it still answers that was the question refused. Otherwise it counts as not answered, and the report names it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::cipher_order::{CipherOrder, backwards, chacha_first, is_chacha};
use super::client_hello::ClientHello;
use super::fetch::HelloOutcome;
use super::flight::ServerFlight;
use super::suites::{
    CURVES, FINITE_FIELDS, GROUPS, Group, SUITE_CODES, SUITES, Strength, Suite, TLS13_CODES, Version,
    X25519MLKEM768,
};
use super::surveyed::{Depth, Survey};
use super::weaknesses::Weakness;
use super::{Error, Peer, Server};

/// Questions asked at the same time; more look like an attack to some servers.
const AT_ONCE: usize = 4;
/// TLS_FALLBACK_SCSV (RFC 7507).
const FALLBACK_SCSV: u16 = 0x5600;
/// Answers that are waited for when a server is to name all it has.
const MAX_NAMED: usize = 100;

/// How patiently to ask.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// Several questions at a time. What is not answered is asked again later.
    First,
    /// One question at a time; what is not answered is followed by a hello that the server has answered before.
    Second,
}

/// Enters what was learnt into the survey that all threads share.
type Learn<'a> = dyn Fn(&dyn Fn(&mut Survey)) + 'a;

/// One question, and what is learnt from the answer.
enum Question {
    /// Does it speak this version?
    Version(Version),
    /// Does it take one of the suites of this kind?
    Suites(&'static [Strength]),
    /// Does it take a key exchange over finite fields, and of which size?
    FiniteField,
    /// Does it take the hybrid group?
    Hybrid,
    /// What does it choose of everything, and with which old features?
    Choice,
    /// Which suites has it in this version?
    AllSuites(Version),
    /// Which groups has it, with TLS 1.3, or with TLS 1.2?
    AllGroups(Version),
    /// Does it answer inside TLS a command sent before?
    Stuffed,
    /// Does it refuse a client that says it fell back to the version below its newest?
    Fallback,
    /// May a client start renegotiation?
    Renegotiation,
    /// What does it show without its name?
    Unnamed,
    /// Has it a certificate with another kind of key?
    OtherChain,
    /// What do these ports answer without TLS?
    Plain(Vec<u16>),
    /// Does it resume sessions, and the like?
    Sessions,
    /// Has it this weakness?
    Weakness(Weakness),
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
                questions.push(Question::Suites(&[Strength::Outdated, Strength::Unusual]));
                questions.push(Question::FiniteField);
            }
            Depth::Deep => {
                let old = [Version::Tls12, Version::Tls11, Version::Tls10, Version::Ssl3];
                questions.extend(old.map(Question::AllSuites));
                if self.target.starttls.is_some_and(super::Starttls::has_lines) {
                    questions.push(Question::Stuffed);
                }
                questions.extend([Question::FiniteField, Question::AllGroups(Version::Tls12)]);
                questions.extend(Weakness::ALL.map(Question::Weakness));
                questions.extend([Question::Sessions, Question::Renegotiation]);
                // Of a server that rustls cannot speak with, nothing more would be learnt.
                if !peer.is_by_hand {
                    questions.extend([Question::Unnamed, Question::OtherChain]);
                }
                questions.push(Question::Fallback);
                if has_tls13 {
                    questions
                        .extend([Question::AllSuites(Version::Tls13), Question::AllGroups(Version::Tls13)]);
                }
            }
        }
        let own = self.page_port().filter(|_| depth == Depth::Deep);
        let plain: Vec<_> = own.into_iter().chain(self.target.http_port).collect();
        if !plain.is_empty() {
            questions.push(Question::Plain(plain));
        }
        let is_hybrid = peer.group.as_deref() == Some(Group::name_of(X25519MLKEM768).as_str());
        if has_tls13 && !is_hybrid {
            questions.push(Question::Hybrid);
        }
        let mut survey = Survey { is_hybrid: has_tls13.then_some(is_hybrid), ..Survey::default() };
        survey.versions.push(peer.version);
        let leaf = peer.certificates.first().map(Vec::as_slice).unwrap_or_default();
        let asked = Asked { server: self, known: peer.version, leaf };
        let survey = asked.all(&questions, survey);
        let has_static_rsa = survey.poor_suites.iter().any(|suite| suite.is_static_rsa());
        let more = [Question::Weakness(Weakness::Robot)];
        let more = if depth == Depth::Deep && has_static_rsa { &more[..] } else { &[] };
        asked.all(more, survey).sorted()
    }
}

/// A server, and a version that it is known to answer.
struct Asked<'a> {
    server: &'a Server,
    known: Version,
    /// The certificate that it shows.
    leaf: &'a [u8],
}

impl Asked<'_> {
    fn all(&self, questions: &[Question], survey: Survey) -> Survey {
        let survey = Mutex::new(survey);
        let unanswered = Mutex::new(Vec::new());
        let next = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..AT_ONCE.min(questions.len()) {
                scope.spawn(|| {
                    while let Some(question) = questions.get(next.fetch_add(1, Ordering::Relaxed)) {
                        if self.one(question, Pass::First, &survey).is_err() {
                            unanswered.lock().unwrap_or_else(PoisonError::into_inner).push(question);
                        }
                    }
                });
            }
        });
        for question in unanswered.into_inner().unwrap_or_else(PoisonError::into_inner) {
            if let Err(error) = self.one(question, Pass::Second, &survey) {
                let mut survey = survey.lock().unwrap_or_else(PoisonError::into_inner);
                survey.unanswered.push(question.subject());
                survey.failure.get_or_insert(error);
            }
        }
        survey.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn one(&self, question: &Question, pass: Pass, survey: &Mutex<Survey>) -> Result<(), Error> {
        let learn = |learn: &dyn Fn(&mut Survey)| {
            learn(&mut survey.lock().unwrap_or_else(PoisonError::into_inner));
        };
        match question {
            Question::Version(version) => {
                let answer = self.try_suites(*version, &SUITE_CODES, pass)?;
                let spoken = answer.and_then(|answer| Some(answer.hello?.version));
                learn(&|survey| survey.versions.extend(spoken));
            }
            Question::Suites(kinds) => {
                let wanted = SUITES.iter().filter(|suite| kinds.contains(&suite.strength()));
                let wanted: Vec<_> = wanted.map(|suite| suite.code).collect();
                if let Some(answer) = self.try_suites(Version::Tls12, &wanted, pass)? {
                    learn(&|survey| survey.take(&answer));
                }
            }
            Question::FiniteField => {
                let wanted = SUITES.iter().filter(|suite| suite.is_finite_field() && !suite.is_export());
                let wanted: Vec<_> = wanted.map(|suite| suite.code).collect();
                if let Some(answer) = self.try_suites(Version::Tls12, &wanted, pass)? {
                    learn(&|survey| survey.take(&answer));
                }
            }
            Question::Choice => {
                let hello = ClientHello { compression: true, ..self.hello(Version::Tls12, &SUITE_CODES) };
                if let Some(answer) = self.answer(&hello, pass)? {
                    learn(&|survey| {
                        if let Some(hello) = &answer.hello {
                            survey.is_renegotiation_safe = Some(hello.is_renegotiation_safe);
                            survey.is_compressed = hello.is_compressed;
                            survey.has_extended_master_secret = Some(hello.has_extended_master_secret);
                        }
                        survey.take(&answer);
                    });
                }
            }
            Question::Hybrid => {
                let hello =
                    ClientHello { groups: &[X25519MLKEM768], ..self.hello(Version::Tls13, &TLS13_CODES) };
                let answer = self.answer(&hello, pass)?;
                learn(&|survey| survey.is_hybrid = Some(answer.is_some()));
            }
            Question::Stuffed => {
                let is_answered = self.server.answers_stuffed_command()?;
                learn(&|survey| survey.is_stuffable = Some(is_answered));
            }
            Question::Fallback => {
                let older = match self.known {
                    Version::Tls13 => Version::Tls12,
                    Version::Tls12 => Version::Tls11,
                    Version::Tls11 => Version::Tls10,
                    Version::Tls10 | Version::Ssl3 => return Ok(()),
                };
                // Without an older version there is nothing to fall back to.
                if self.try_suites(older, &SUITE_CODES, pass)?.is_some() {
                    let suites = [&SUITE_CODES[..], &[FALLBACK_SCSV]].concat();
                    let answer = self.try_suites(older, &suites, pass)?;
                    learn(&|survey| survey.refuses_fallback = Some(answer.is_none()));
                }
            }
            Question::Sessions => {
                let sessions = self.server.sessions()?;
                learn(&|survey| survey.sessions.clone_from(&sessions));
            }
            Question::Renegotiation => {
                let granted = self.server.renegotiation()?;
                learn(&|survey| survey.renegotiation = granted);
            }
            Question::Unnamed => {
                let answers = self.server.unnamed(self.leaf)?;
                learn(&|survey| survey.unnamed.clone_from(&answers));
            }
            Question::OtherChain => {
                let chain = self.server.other_chain(self.leaf)?;
                learn(&|survey| survey.other_chain.clone_from(&chain));
            }
            Question::Plain(ports) => {
                let answers = self.server.plain_http(ports)?;
                learn(&|survey| survey.plain.clone_from(&answers));
            }
            Question::Weakness(weakness) => {
                if self.server.has_weakness(*weakness)? {
                    learn(&|survey| survey.weaknesses.push(*weakness));
                }
            }
            Question::AllSuites(version) => self.all_suites(*version, pass, &learn)?,
            Question::AllGroups(version) => {
                let named = self.all_groups(*version, pass)?;
                learn(&|survey| survey.groups.extend(named.iter().map(|group| (*version, *group))));
            }
        }
        Ok(())
    }

    /// The server chooses, what it chose is taken from the offer, and so on until it refuses.
    fn all_suites(&self, version: Version, pass: Pass, learn: &Learn<'_>) -> Result<(), Error> {
        let mut offer = if version == Version::Tls13 { TLS13_CODES.to_vec() } else { SUITE_CODES.to_vec() };
        let mut named = Vec::new();
        while !offer.is_empty() && named.len() < MAX_NAMED {
            let Some(answer) = self.try_suites(version, &offer, pass)? else { break };
            let Some(hello) = &answer.hello else { break };
            // A server that speaks only older versions is asked for those by other questions. One that chooses what was
            // not offered would go on for ever.
            if hello.version != version || !offer.contains(&hello.suite) {
                break;
            }
            offer.retain(|code| *code != hello.suite);
            named.push(hello.suite);
            learn(&|survey| survey.take(&answer));
        }
        if !named.is_empty() {
            let names: Vec<_> = named.iter().map(|code| Suite::name_of(*code)).collect();
            learn(&|survey| survey.suites.push((version, names.clone())));
        }
        let order = self.cipher_order(version, &named, pass)?;
        learn(&|survey| survey.orders.extend(order.map(|order| (version, order))));
        Ok(())
    }

    /// Whose order decides among the suites that were chosen one after the other; nothing where that is not clear.
    fn cipher_order(
        &self,
        version: Version,
        chosen: &[u16],
        pass: Pass,
    ) -> Result<Option<CipherOrder>, Error> {
        let suite = |offer: &[u16]| -> Result<Option<u16>, Error> {
            Ok(self.try_suites(version, offer, pass)?.and_then(|answer| Some(answer.hello?.suite)))
        };
        let Some(offer) = backwards(chosen) else { return Ok(None) };
        let again = suite(&offer)?;
        if again.is_none() || again != chosen.first().copied() {
            return Ok((again.is_some() && again == offer.first().copied()).then_some(CipherOrder::Client));
        }
        match chacha_first(chosen) {
            Some(offer) if suite(&offer)?.is_some_and(is_chacha) => Ok(Some(CipherOrder::ServerButChaCha)),
            _ => Ok(Some(CipherOrder::Server)),
        }
    }

    /// The numbers of the groups, in the order in which the server chooses them.
    fn all_groups(&self, version: Version, pass: Pass) -> Result<Vec<u16>, Error> {
        if version == Version::Tls13 {
            let offer: Vec<_> = GROUPS
                .iter()
                .map(|group| group.code)
                .filter(|code| !matches!(code, 1..=22 | 26..=28))
                .collect();
            return self.groups_of(version, &TLS13_CODES, offer, pass);
        }
        let of_kind = |is_wanted: fn(Suite) -> bool| -> Vec<u16> {
            SUITES.iter().filter(|suite| is_wanted(**suite)).map(|suite| suite.code).collect()
        };
        let mut named = self.groups_of(version, &of_kind(Suite::is_elliptic), CURVES.to_vec(), pass)?;
        // A server that does not know RFC 7919 uses a group of its own, whatever is offered.
        let finite = of_kind(|suite| suite.is_finite_field() && !suite.is_export());
        named.extend(self.groups_of(version, &finite, FINITE_FIELDS.to_vec(), pass)?);
        Ok(named)
    }

    fn groups_of(
        &self,
        version: Version,
        suites: &[u16],
        mut offer: Vec<u16>,
        pass: Pass,
    ) -> Result<Vec<u16>, Error> {
        let mut named = Vec::new();
        while !offer.is_empty() {
            let hello = ClientHello { groups: &offer, ..self.hello(version, suites) };
            let Some(answer) = self.answer(&hello, pass)? else { break };
            let of_hello = answer.hello.as_ref().and_then(|hello| hello.group);
            let Some(group) = of_hello.or(answer.group).filter(|group| offer.contains(group)) else { break };
            offer.retain(|code| *code != group);
            named.push(group);
        }
        Ok(named)
    }

    fn try_suites(
        &self,
        version: Version,
        suites: &[u16],
        pass: Pass,
    ) -> Result<Option<ServerFlight>, Error> {
        self.answer(&self.hello(version, suites), pass)
    }

    /// What the server answers; `None` when it refuses.
    fn answer(&self, hello: &ClientHello<'_>, pass: Pass) -> Result<Option<ServerFlight>, Error> {
        let unanswered = match self.server.say(hello) {
            Ok(HelloOutcome::Answered(answer)) => return Ok(Some(answer)),
            Ok(HelloOutcome::Refused) => return Ok(None),
            Ok(HelloOutcome::Unanswered(error)) => Error::Broken(error),
            Err(error) => error,
        };
        if pass == Pass::First {
            return Err(unanswered);
        }
        let suites = if self.known == Version::Tls13 { &TLS13_CODES[..] } else { &SUITE_CODES[..] };
        match self.server.say(&self.hello(self.known, suites))? {
            HelloOutcome::Answered(_) => Ok(None),
            HelloOutcome::Refused | HelloOutcome::Unanswered(_) => Err(unanswered),
        }
    }

    fn hello<'a>(&'a self, version: Version, suites: &'a [u16]) -> ClientHello<'a> {
        const ALL: [u16; 8] = [29, 23, 30, 24, 25, 256, 257, 258];
        // TLS 1.2 and older choose among the curves only; the finite-field groups are of RFC 7919.
        let groups = if version == Version::Tls13 { &ALL[..] } else { &CURVES[..] };
        ClientHello::new(version, suites, groups, self.server.server_name())
    }
}

impl Question {
    /// What it is about, as part of a sentence.
    fn subject(&self) -> String {
        match self {
            Self::Version(version) => version.to_string(),
            Self::Suites([Strength::Broken, ..]) => "broken cipher suites".into(),
            Self::Suites([Strength::StaticRsa, ..]) => "RSA key exchange".into(),
            Self::Suites(_) => "outdated cipher suites".into(),
            Self::FiniteField => "finite-field Diffie-Hellman".into(),
            Self::Hybrid => "X25519MLKEM768".into(),
            Self::Choice => "compression and renegotiation".into(),
            Self::AllSuites(version) => format!("cipher suites of {version}"),
            Self::AllGroups(version) => format!("groups of {version}"),
            Self::Fallback => "fallback to an older version".into(),
            Self::Renegotiation => "renegotiation by clients".into(),
            Self::Unnamed => "no name and a wrong name".into(),
            Self::OtherChain => "another certificate".into(),
            Self::Plain(_) => "unencrypted HTTP".into(),
            Self::Sessions => "resumption and early data".into(),
            Self::Stuffed => "commands before TLS".into(),
            Self::Weakness(Weakness::CcsInjection) => "CCS injection".into(),
            Self::Weakness(Weakness::Drown) => "SSL 2.0".into(),
            Self::Weakness(Weakness::Heartbleed) => "Heartbleed".into(),
            Self::Weakness(Weakness::Robot) => "ROBOT".into(),
        }
    }
}
