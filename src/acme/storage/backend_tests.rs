//! What every form of the state must do, held against a plain map.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use proptest::prelude::*;

use super::backend::Backend;
use super::files::FileBackend;
use super::memory::MemoryBackend;

/// Deadline of waits that end at once on a machine that is not busy.
const LONG: Duration = Duration::from_secs(60);

/// Calls `check` with each form.
fn each_form(check: impl Fn(Arc<dyn Backend>)) {
    let dir = tempfile::tempdir().unwrap();
    check(Arc::new(FileBackend::new(dir.path().join("state"))));
    check(Arc::new(MemoryBackend::default()));
}

#[derive(Clone, Debug)]
enum Call {
    Get(String),
    Put(String, Vec<u8>),
    /// The value that is there, or another one, is expected.
    Swap(String, bool, Vec<u8>),
    Remove(String),
    Rename(String, String),
    List(String),
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let key = prop::sample::select(vec!["a", "f/a", "f/b", "f/g/a", "g/.hidden"]).prop_map(str::to_owned);
    let folder = prop::sample::select(vec!["", "f", "f/g", "g", "none"]).prop_map(str::to_owned);
    let value = prop::collection::vec(any::<u8>(), 0..4);
    let call = prop_oneof![
        key.clone().prop_map(Call::Get),
        (key.clone(), value.clone()).prop_map(|(key, value)| Call::Put(key, value)),
        (key.clone(), any::<bool>(), value).prop_map(|(key, fits, value)| Call::Swap(key, fits, value)),
        key.clone().prop_map(Call::Remove),
        (key.clone(), key).prop_map(|(from, to)| Call::Rename(from, to)),
        folder.prop_map(Call::List),
    ];
    prop::collection::vec(call, 0..24)
}

/// The names below a folder, as the map has them.
fn names_below(model: &BTreeMap<String, Vec<u8>>, folder: &str) -> Vec<String> {
    let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let below = model.keys().filter_map(|key| key.strip_prefix(&prefix)?.split('/').next());
    let mut names: Vec<_> = below.filter(|name| !name.starts_with('.')).map(str::to_owned).collect();
    names.dedup();
    names
}

fn run(backend: &dyn Backend, calls: &[Call]) {
    let mut model: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for call in calls {
        match call {
            Call::Get(key) => assert_eq!(backend.get(key).unwrap(), model.get(key).cloned()),
            Call::Put(key, value) => {
                backend.put(key, value).unwrap();
                model.insert(key.clone(), value.clone());
            }
            Call::Swap(key, fits, value) => {
                let there = model.get(key).cloned();
                let other = if there.is_some() { None } else { Some(vec![7; 9]) };
                let old = if *fits { there } else { other };
                assert_eq!(backend.compare_and_swap(key, old.as_deref(), value).unwrap(), *fits);
                if *fits {
                    model.insert(key.clone(), value.clone());
                }
            }
            Call::Remove(key) => {
                backend.remove(key).unwrap();
                model.remove(key);
            }
            Call::Rename(from, to) => {
                assert_eq!(backend.rename(from, to).is_ok(), model.contains_key(from));
                if let Some(value) = model.remove(from) {
                    model.insert(to.clone(), value);
                }
            }
            Call::List(folder) => {
                // A folder that was emptied may be listed as long as it has been there.
                let shown = backend.list(folder).unwrap();
                let wanted = names_below(&model, folder);
                assert!(wanted.iter().all(|name| shown.contains(name)), "{shown:?} {wanted:?}");
                let is_value = |name: &&String| {
                    let key = if folder.is_empty() { (*name).clone() } else { format!("{folder}/{name}") };
                    backend.get(&key).is_ok_and(|value| value.is_some())
                };
                assert!(shown.iter().filter(is_value).all(|name| wanted.contains(name)), "{shown:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_form_does_what_a_map_does(calls in calls()) {
        each_form(|backend| run(&*backend, &calls));
    }
}

#[test]
fn a_lease_has_one_holder() {
    each_form(|backend| {
        let first = backend.lease("orders/a.lock").unwrap().unwrap();
        assert!(backend.lease("orders/a.lock").unwrap().is_none());
        assert!(backend.lease("orders/b.lock").unwrap().is_some());
        let waiting = std::thread::spawn({
            let backend = Arc::clone(&backend);
            move || backend.wait_for_lease("orders/a.lock").map(drop)
        });
        drop(first);
        waiting.join().unwrap().unwrap();
        assert!(backend.lease("orders/a.lock").unwrap().is_some());
    });
}

#[test]
fn of_many_that_swap_at_once_one_succeeds() {
    each_form(|backend| {
        let successes = Arc::new(AtomicUsize::new(0));
        let add = || {
            let (backend, successes) = (Arc::clone(&backend), Arc::clone(&successes));
            std::thread::spawn(move || {
                for _ in 0..10 {
                    let old = backend.get("count").unwrap();
                    let new = old.as_deref().map_or(1, |old| old[0] + 1);
                    if backend.compare_and_swap("count", old.as_deref(), &[new]).unwrap() {
                        successes.fetch_add(1, Relaxed);
                    }
                }
            })
        };
        let threads: Vec<_> = (0..4).map(|_| add()).collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let count = backend.get("count").unwrap().unwrap()[0];
        assert_eq!(usize::from(count), successes.load(Relaxed));
    });
}

#[test]
fn a_watch_sees_what_is_made_changed_and_removed() {
    each_form(|backend| {
        let mut watch = backend.watch("challenges").unwrap();
        assert!(!watch.wait(Duration::ZERO));
        let changes: [&dyn Fn(); 4] = [
            &|| backend.put("challenges/a", b"1").unwrap(),
            &|| backend.put("challenges/a", b"2").unwrap(),
            &|| backend.rename("challenges/a", "challenges/b").unwrap(),
            &|| backend.remove("challenges/b").unwrap(),
        ];
        for change in changes {
            change();
            assert!(watch.wait(LONG));
        }
        // What others look at while it waits.
        let other = Arc::clone(&backend);
        let making = std::thread::spawn(move || other.put("challenges/c", b"3").unwrap());
        assert!(watch.wait(LONG));
        making.join().unwrap();
    });
}
