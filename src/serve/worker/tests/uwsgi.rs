//! What applications have of uWSGI: its modules, and a reload when the code has changed.

use super::*;

/// Answers with what an expression gives.
const EVALUATE: &str = "
import os, sys
import helper
try:
    import uwsgi, uwsgidecorators
    @uwsgidecorators.postfork
    def after_fork():
        global forked
        forked = uwsgi.worker_id()
except ImportError as error:
    uwsgi = error
def application(environ, start_response):
    start_response('200 OK', [])
    try:
        return [repr(eval(environ['QUERY_STRING'])).encode()]
    except BaseException as error:
        return [repr(error).encode()]
";

async fn evaluating(
    options: Option<&[(&str, &str)]>,
    change: impl FnOnce(&mut WorkerConfig),
) -> Option<Served> {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(&folder, EVALUATE)?;
    fs::write(folder.path().join("helper.py"), "value = 1\n").unwrap();
    let pair = |(word, value): &(&str, &str)| ((*word).to_owned(), (*value).to_owned());
    config.uwsgi_options = options.map(|options| options.iter().map(pair).collect());
    change(&mut config);
    let pool = WorkerPool::start(config).await.unwrap();
    Some(Served { pool, folder })
}

impl Served {
    /// What an expression gives; spaces must not be in it.
    async fn value(&self, expression: &str) -> String {
        self.get(&format!("/?{expression}")).await.1
    }
}

#[tokio::test]
async fn there_is_no_uwsgi_where_its_words_were_not_used() {
    let Some(served) = evaluating(None, |_| {}).await else { return };
    let value = served.value("uwsgi").await;
    assert!(value.starts_with("ModuleNotFoundError"), "{value}");
}

#[tokio::test]
async fn the_module_uwsgi() {
    let options = [
        ("processes", "2"),
        ("static-map", "/a=b"),
        ("static-map", "/c=d"),
        ("master", ""),
        ("z\u{e9}", "\u{e9}"),
    ];
    let Some(served) = evaluating(Some(&options), |config| config.threads = 2).await else { return };
    let parent = std::process::id().to_string();
    for (expression, expected) in [
        (
            "uwsgi.opt",
            "{'processes': b'2', 'static-map': [b'/a=b', b'/c=d'], 'master': True, 'z\u{e9}': b'\\xc3\\xa9'}",
        ),
        ("uwsgi.version", "b'2.0.31'"),
        ("uwsgi.numproc", "1"),
        ("uwsgi.worker_id()", "1"),
        ("uwsgi.masterpid()", &parent),
        ("forked", "1"),
        ("uwsgi.env['PATH_INFO']", "'/'"),
        ("uwsgi.workers()[0]['pid']==os.getpid()", "True"),
        ("uwsgi.log('logged')", "True"),
        ("uwsgi.cache_get('key')", "None"),
        ("uwsgi.cache_set('key',b'value')", "True"),
        ("uwsgi.cache_set('key',b'other')", "None"),
        ("uwsgi.cache_get(b'key')", "b'value'"),
        ("uwsgi.cache_exists('key')", "True"),
        ("uwsgi.cache_del('key')", "True"),
        ("uwsgi.cache_exists('key')", "None"),
        ("uwsgi.cache_set('key','value',-1)", "True"),
        ("uwsgi.cache_get('key')", "None"),
        ("uwsgi.lock()", "None"),
        ("uwsgi.is_locked()", "True"),
        ("uwsgi.unlock()", "None"),
        ("uwsgi.is_locked()", "False"),
        // The file whose locks they are is the program of the workers that start later.
        ("os.pwrite(uwsgi.lock.__self__.descriptor,b'x',0)", "PermissionError(1, 'Operation not permitted')"),
        ("uwsgidecorators.thread(lambda:helper.__dict__.update(value=2))().join()", "None"),
        ("helper.value", "2"),
        ("uwsgi.spool({})", "NotImplementedError('uwsgi.spool is not available under certkit serve')"),
        (
            "uwsgidecorators.timer(3)",
            "NotImplementedError('uwsgidecorators.timer is not available under certkit serve')",
        ),
        ("hasattr(uwsgi,'nothing')", "False"),
    ] {
        assert_eq!(served.value(expression).await, expected, "{expression}");
    }
}

#[tokio::test]
async fn a_lock_is_that_of_all_workers() {
    let Some(served) = evaluating(Some(&[]), |config| config.workers = 2).await else { return };
    assert_eq!(served.value("uwsgi.lock()").await, "None");
    // Each of the two workers answers sooner or later.
    let mut workers = std::collections::BTreeSet::new();
    let deadline = Instant::now() + Duration::from_secs(60);
    while workers.len() < 2 {
        let (one, other) = tokio::join!(
            served.value("(uwsgi.worker_id(),uwsgi.is_locked(),__import__('time').sleep(0.05))"),
            served.value("(uwsgi.worker_id(),uwsgi.is_locked(),__import__('time').sleep(0.05))"),
        );
        workers.extend([one, other]);
        assert!(Instant::now() < deadline, "{workers:?}");
    }
    assert!(workers.iter().all(|worker| worker.contains("True")), "{workers:?}");
}

#[tokio::test]
async fn an_application_asks_for_a_reload() {
    let Some(served) = evaluating(Some(&[]), |_| {}).await else { return };
    assert_eq!(served.value("uwsgi.reload()").await, "True");
    tokio::time::timeout(Duration::from_secs(60), served.pool.reload_asked()).await.unwrap();
}

#[tokio::test]
async fn a_reload_is_asked_for_when_a_file_of_the_code_has_changed() {
    let change = |config: &mut WorkerConfig| {
        config.workers = 2;
        config.reload_on_change = Duration::from_millis(20);
    };
    let Some(served) = evaluating(None, change).await else { return };
    assert_eq!(served.value("helper.value").await, "1");
    let asked = tokio::time::timeout(Duration::from_millis(300), served.pool.reload_asked()).await;
    assert!(asked.is_err(), "nothing has changed");
    for value in ["20", "300"] {
        fs::write(served.folder.path().join("helper.py"), format!("value = {value}\n")).unwrap();
        tokio::time::timeout(Duration::from_secs(60), served.pool.reload_asked()).await.unwrap();
        let current = served.pool.shared.current().config.clone();
        served.pool.reload(current).await.unwrap();
        assert_eq!(served.value("helper.value").await, value);
    }
}
