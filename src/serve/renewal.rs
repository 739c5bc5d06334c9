//! The certificates in use, and later ones in their place.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::Observer;
use crate::finding::Finding;
use crate::sys::clock::{Clock, SystemClock, date, date_time};
use crate::tls::{CertificateSet, CertificateSource, Resolver, Validity};

/// How long reading certificates may take: a file system that hangs (a network is down) must not end reloading.
const LOAD_TIME: Duration = Duration::from_secs(10);

/// From when on the log mentions that a certificate expires...
const WARN_BEFORE: time::Duration = time::Duration::days(30);
/// ...and how often: once in so many hours.
const HOURS: u32 = 24;
/// OCSP responses are valid for days, some for hours: that one has expired is looked for this often.
const HOUR: Duration = Duration::from_secs(60 * 60);

type Load = JoinHandle<Result<CertificateSet, Vec<Finding>>>;

/// The certificates in use.
#[derive(Clone)]
pub(super) struct Renewal {
    pub(super) resolver: Arc<Resolver>,
    source: Arc<dyn CertificateSource>,
    load_time: Duration,
}

impl Renewal {
    pub(super) fn new(resolver: Arc<Resolver>, source: Arc<dyn CertificateSource>) -> Self {
        Self { resolver, source, load_time: LOAD_TIME }
    }

    /// Reloads them when the source or `reload` asks for it, for ever.
    pub(super) async fn keep_fresh(&self, reload: &mut mpsc::Receiver<()>, observer: &dyn Observer) {
        let mut changed = self.source.changed();
        // A thread that waits for a file system cannot be stopped, and no second one is to wait beside it.
        let mut hanging: Option<Load> = None;
        // Why the last ones were refused. A source that tries again by itself does not repeat it.
        let mut refused = Vec::new();
        loop {
            tokio::select! {
                () = &mut changed => changed = self.source.changed(),
                Some(()) = reload.recv() => {
                    self.source.refresh();
                    refused.clear();
                }
                // What it has read is as old as its beginning.
                () = end(&mut hanging) => hanging = None,
            }
            if hanging.is_some() {
                observer.certificates_unreadable(self.load_time);
                continue;
            }
            // Reading files and keys would hold up every client.
            let source = Arc::clone(&self.source);
            let mut load = tokio::task::spawn_blocking(move || source.load());
            match tokio::time::timeout(self.load_time, &mut load).await {
                Ok(Ok(Ok(set))) => {
                    let known = self.resolver.validities();
                    self.resolver.replace(set);
                    refused.clear();
                    observer.certificates_replaced();
                    self.warn_of_expiry_except(&known);
                }
                Ok(Ok(Err(findings))) => {
                    if findings != refused {
                        observer.certificates_refused(&findings);
                    }
                    refused = findings;
                }
                Ok(Err(_)) => {}
                Err(_) => {
                    observer.certificates_unreadable(self.load_time);
                    hanging = Some(load);
                }
            }
        }
    }
}

impl Renewal {
    /// Says once a day which certificates in use expire soon and which OCSP responses have expired, for ever.
    pub(super) async fn warn_of_expiry(&self) {
        let mut said = Vec::new();
        for hour in (0..HOURS).cycle() {
            if hour == 0 {
                self.warn_of_expiry_except(&[]);
                said.clear();
            }
            let expired = self.resolver.expired_staples(SystemClock.now());
            for staple in expired.iter().filter(|staple| !said.contains(*staple)) {
                tracing::warn!("{}", expired_staple(staple));
            }
            said = expired;
            tokio::time::sleep(HOUR).await;
        }
    }

    /// Says it once, of those that are not `known`.
    fn warn_of_expiry_except(&self, known: &[Validity]) {
        let now = SystemClock.now();
        // There may be thousands.
        let known: HashSet<_> = known.iter().collect();
        let validities = self.resolver.validities();
        for validity in validities.iter().filter(|validity| !known.contains(validity)) {
            if let Some(warning) = expiry(validity, now) {
                tracing::warn!("{warning}");
            }
        }
    }
}

/// What is to be said of a certificate that has expired, or does so soon.
fn expiry(Validity { name, not_after }: &Validity, now: OffsetDateTime) -> Option<String> {
    let left = *not_after - now;
    let day = date(*not_after);
    if left.is_negative() {
        Some(format!("the certificate for {name} expired on {day}"))
    } else {
        (left < WARN_BEFORE)
            .then(|| format!("the certificate for {name} expires on {day}, in {} days", left.whole_days()))
    }
}

fn expired_staple(Validity { name, not_after }: &Validity) -> String {
    let time = date_time(*not_after);
    format!("the OCSP response for {name} expired on {time} and is no longer sent")
}

/// The end of a load that hangs; there is none without one.
async fn end(hanging: &mut Option<Load>) {
    match hanging {
        Some(load) => drop(load.await),
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use time::macros::datetime;
    use tokio::sync::mpsc::UnboundedSender;

    use super::*;
    use crate::tls::AlpnChallenges;

    /// A source whose files hang until they are let go.
    #[derive(Default)]
    struct Hanging {
        file: Arc<Mutex<()>>,
        loads: AtomicUsize,
    }

    #[async_trait::async_trait]
    impl CertificateSource for Hanging {
        fn load(&self) -> Result<CertificateSet, Vec<Finding>> {
            self.loads.fetch_add(1, Ordering::SeqCst);
            drop(self.file.lock().unwrap());
            Ok(CertificateSet::none())
        }

        async fn changed(&self) {
            std::future::pending().await
        }
    }

    /// Says what it observes.
    struct Reporter(UnboundedSender<&'static str>);

    impl Observer for Reporter {
        fn reloading(&self) {}

        fn code_refused(&self) {}

        fn reloaded(&self) {}

        fn certificates_replaced(&self) {
            self.0.send("replaced").unwrap();
        }

        fn certificates_refused(&self, _: &[Finding]) {
            self.0.send("refused").unwrap();
        }

        fn certificates_unreadable(&self, _: Duration) {
            self.0.send("unreadable").unwrap();
        }

        fn settings_refused(&self, _: &[Finding]) {}
    }

    #[test]
    fn certificates_are_mentioned_in_their_last_month() {
        let not_after = datetime!(2026-12-28 12:00 UTC);
        let validity = Validity { name: "test.example".to_owned(), not_after };
        assert_eq!(expiry(&validity, datetime!(2026-11-28 12:00 UTC)), None);
        let said = |now| expiry(&validity, now).unwrap();
        assert_eq!(
            said(datetime!(2026-11-28 12:00:01 UTC)),
            "the certificate for test.example expires on 2026-12-28, in 29 days"
        );
        assert_eq!(
            said(datetime!(2026-12-28 12:00:01 UTC)),
            "the certificate for test.example expired on 2026-12-28"
        );
    }

    #[tokio::test]
    async fn a_load_that_hangs_ends_and_is_the_only_one() {
        let source = Arc::new(Hanging::default());
        let file = Arc::clone(&source.file);
        let resolver = Arc::new(Resolver::new(CertificateSet::none(), AlpnChallenges::default()));
        let renewal = Renewal {
            load_time: Duration::from_millis(50),
            ..Renewal::new(resolver, Arc::clone(&source) as Arc<dyn CertificateSource>)
        };
        let (ask, mut asked) = mpsc::channel(1);
        let (report, mut reports) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move { renewal.keep_fresh(&mut asked, &Reporter(report)).await });

        let (let_go, wait) = std::sync::mpsc::channel::<()>();
        let (held, is_held) = std::sync::mpsc::channel();
        let holder = std::thread::spawn(move || {
            let _file = file.lock().unwrap();
            held.send(()).unwrap();
            let _ = wait.recv();
        });
        is_held.recv().unwrap();
        for _ in 0..3 {
            ask.send(()).await.unwrap();
            assert_eq!(reports.recv().await, Some("unreadable"));
        }
        assert_eq!(source.loads.load(Ordering::SeqCst), 1, "nobody waits twice");
        // As soon as the files can be read again, the newest are.
        drop(let_go);
        assert_eq!(reports.recv().await, Some("replaced"));
        assert_eq!(source.loads.load(Ordering::SeqCst), 2);
        holder.join().unwrap();
        task.abort();
    }
}
