//! `--emperor`: one server for each option file of a folder.

use std::fs::{self, File};
use std::io::Read;
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::UnixStream;
use std::time::{Duration, SystemTime};

use rustix::process::Signal;

use crate::harness::{Test, certkit, eventually};
use crate::peers::not_allowed_here;
use crate::process::{Process, children, free_port, is_running, send, wait_until_gone};

const USER: u32 = 54321;

/// An emperor of the folder `vassals` that looks often.
fn start(test: &Test, args: &[&str]) -> Process {
    let args =
        [&["serve", "--emperor", "vassals", "--emperor-freq", "0.1", "--emperor-throttle", "200"], args]
            .concat();
    let emperor = Process::start(test, test.program(certkit()).args(args));
    emperor.wait_for_log("serving the option files in ");
    emperor
}

/// Makes a folder with a file for each server, before the emperor starts.
fn test(vassals: &[(&str, u16)]) -> Test {
    let test = Test::new();
    fs::create_dir(test.path("vassals")).unwrap();
    test.write("public/page", "a page");
    vassals.iter().for_each(|(name, port)| write(&test, name, *port, ""));
    test
}

fn write(test: &Test, name: &str, port: u16, more: &str) {
    let public = test.path("public");
    let ini =
        format!("[uwsgi]\nhttp-socket = 127.0.0.1:{port}\nstatic-map = /={}\n{more}\n", public.display());
    test.write("new", ini);
    fs::rename(test.path("new"), test.path("vassals").join(name)).unwrap();
}

fn is_served(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
}

fn wait_for(port: u16) {
    eventually(&format!("port {port} is served"), || is_served(port).then_some(()));
}

/// A port is open before its server is ready, and one that is not ready yet is restarted instead of reloaded.
fn wait_until_ready(test: &Test, vassals: usize) {
    eventually("the servers are ready", || {
        let are_ready = |shown: &serde_json::Value| {
            shown["vassals"]
                .as_array()
                .is_some_and(|all| all.len() == vassals && all.iter().all(|vassal| vassal["ready"] == 1))
        };
        are_ready(&shown(test)).then_some(())
    });
}

/// What an emperor with `--emperor-stats stats` says.
fn shown(test: &Test) -> serde_json::Value {
    let mut text = String::new();
    UnixStream::connect(test.path("stats")).unwrap().read_to_string(&mut text).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Empty for a process that has ended.
fn uid_of(id: u32) -> String {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let uids = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    uids.and_then(|uids| uids.split_whitespace().next()).unwrap_or_default().to_owned()
}

fn touch(test: &Test, name: &str, seconds: u64) {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    File::options().append(true).open(test.path("vassals").join(name)).unwrap().set_modified(time).unwrap();
}

#[test]
fn servers_follow_their_files() {
    let [a, b, other] = [free_port(), free_port(), free_port()];
    let test = test(&[("a.ini", a), (".hidden.ini", other), ("a.ini~", other), ("note.txt", other)]);
    let mut emperor = start(&test, &["--emperor-stats", "stats"]);
    wait_for(a);
    let first = children(emperor.id());
    assert_eq!(first.len(), 1);

    write(&test, "b.ini", b, "");
    wait_for(b);
    assert!(!is_served(other));

    // A touch is a reload of the same process.
    wait_until_ready(&test, 2);
    touch(&test, "a.ini", 1000);
    emperor.wait_for_log("reloaded");
    assert!(children(emperor.id()).contains(&first[0]));
    // New sockets need another one.
    let moved = free_port();
    write(&test, "a.ini", moved, "");
    wait_for(moved);
    emperor.wait_for_log("a.ini: its server is restarted for the new settings");
    assert!(!is_running(first[0]));

    fs::remove_file(test.path("vassals/b.ini")).unwrap();
    eventually("the server of a file that is gone ends", || (!is_served(b)).then_some(()));
    let left = children(emperor.id());
    emperor.signal(Signal::TERM);
    assert!(emperor.wait().success());
    assert!(!left.is_empty() && left.iter().all(|id| !is_running(*id)));
}

#[test]
fn a_server_that_does_not_start_holds_up_no_other() {
    let (port, later) = (free_port(), free_port());
    let test = test(&[("good.ini", port)]);
    write(&test, "bad.ini", later, "hook-asap = rpc:x");
    let mut emperor = start(&test, &[]);
    wait_for(port);
    emperor.wait_for_log("bad.ini: its server has ended (exit status: 2); starting it again in 0.2 s");
    emperor.wait_for_log("bad.ini: its server has ended (exit status: 2); starting it again in 0.4 s");
    write(&test, "bad.ini", later, "");
    wait_for(later);
    // Those that have served are started again soon.
    for id in children(emperor.id()) {
        send(id, Signal::KILL);
    }
    eventually("both are back", || {
        let now = children(emperor.id());
        (now.len() == 2 && is_served(port) && is_served(later)).then_some(())
    });
    emperor.signal(Signal::TERM);
    assert!(emperor.wait().success());
}

#[test]
fn no_server_is_left_when_the_emperor_is_killed() {
    let ports = [free_port(), free_port()];
    let test = test(&[("a.ini", ports[0])]);
    let public = test.path("public");
    let yaml =
        format!("uwsgi:\n  http-socket: 127.0.0.1:{}\n  static-map: /={}\n", ports[1], public.display());
    test.write("vassals/b.yml", yaml);
    let mut emperor = start(&test, &["--emperor-stats", "stats"]);
    ports.into_iter().for_each(wait_for);
    wait_until_ready(&test, 2);
    let vassals = children(emperor.id());
    emperor.signal(Signal::HUP);
    eventually("both reload", || (emperor.log().matches("reloaded").count() >= 2).then_some(()));
    assert_eq!(children(emperor.id()), vassals);
    emperor.signal(Signal::KILL);
    emperor.wait();
    wait_until_gone(&vassals);
}

#[test]
fn an_emperor_shows_what_it_knows() {
    let port = free_port();
    let test = test(&[("a.ini", port)]);
    write(&test, "bad.ini", free_port(), "hook-asap = rpc:x");
    let emperor = start(&test, &["--emperor-stats", "stats"]);
    wait_for(port);
    let now = eventually("one is ready, and one is throttled", || {
        let now = shown(&test);
        (now["vassals"][0]["ready"] == 1 && now["blacklist"][0].is_object()).then_some(now)
    });
    assert_eq!(
        (now["pid"].as_u64(), now["vassals"].as_array().unwrap().len()),
        (Some(emperor.id().into()), 2)
    );
    let vassal = &now["vassals"][0];
    assert!(vassal["id"].as_str().unwrap().ends_with("/vassals/a.ini"), "{now}");
    assert!(children(emperor.id()).contains(&u32::try_from(vassal["pid"].as_u64().unwrap()).unwrap()));
    assert_eq!((&vassal["respawns"], &now["vassals"][1]["ready"]), (&0.into(), &0.into()));
    drop(emperor);
    assert!(!test.path("stats").exists());
}

#[test]
fn all_files_share_what_the_emperor_names() {
    let port = free_port();
    let test = test(&[]);
    test.write("common.ini", "[uwsgi]\nhttp-socket = 127.0.0.1:%(port)\n");
    test.write("inherited.ini", format!("[uwsgi]\nstatic-map = /={}\n", test.path("public").display()));
    test.write("vassals/a.ini", "[uwsgi]\nprint = this is %n\n");
    let set = format!("port={port}");
    let options =
        ["--vassal-set", &set, "--vassals-include", "common.ini", "--vassals-inherit", "inherited.ini"];
    let emperor = start(&test, &options);
    wait_for(port);
    emperor.wait_for_log("this is a");
}

#[test]
fn what_an_emperor_does_not_do() {
    let test = test(&[]);
    test.write("app.py", "");
    for (args, part) in [
        (&["--listen", "http:127.0.0.1:1"][..], "--listen is set too"),
        (&["app.py"], "an application is set too"),
        (&["--attach-daemon", "true"], "--attach-daemon is set too"),
        (&["--chroot", "."], "--chroot is set too"),
        (&["--mount", "/a=app.py"], "--mount is set too"),
        (&["--upstream", "/=http://127.0.0.1:1"], "--upstream is set too"),
        (&["--static", "/a=vassals"], "a folder is set too"),
        (&["--emperor", "pg://x"], "folders only"),
        (&["--emperor-broodlord", "3"], "emperor-broodlord"),
        (&["--emperor-on-demand-extension", ".s"], "emperor-on-demand-extension"),
    ] {
        test.certkit(&[&["serve", "--emperor", "vassals"], args].concat()).exits(2).says(part);
    }
}

fn open_to_all(test: &Test) {
    for folder in [test.folder().parent().unwrap(), &test.folder()] {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

#[test]
fn a_tyrant_serves_each_file_as_its_owner() {
    if !rustix::process::geteuid().is_root() {
        not_allowed_here("becoming another user without root");
        return;
    }
    let ports = [free_port(), free_port()];
    let test = test(&[("a.ini", ports[0]), ("root.ini", ports[1])]);
    open_to_all(&test);
    chown(test.path("vassals/a.ini"), Some(USER), Some(USER)).unwrap();
    // Root's group is not enough.
    chown(test.path("vassals/root.ini"), Some(USER), Some(0)).unwrap();
    let emperor = start(&test, &["--emperor-tyrant"]);
    wait_for(ports[0]);
    emperor.wait_for_log("root.ini: not served: with --emperor-tyrant");
    let vassals = children(emperor.id());
    assert_eq!(vassals.iter().map(|id| uid_of(*id)).collect::<Vec<_>>(), [USER.to_string()]);
    let groups = fs::read_to_string(format!("/proc/{}/status", vassals[0])).unwrap();
    assert!(groups.lines().any(|line| line.trim_end() == "Groups:"), "{groups}");
    // Another owner is another user.
    chown(test.path("vassals/a.ini"), Some(USER + 1), Some(USER)).unwrap();
    eventually("the new owner's server", || {
        let now = children(emperor.id());
        (now.len() == 1 && uid_of(now[0]) == (USER + 1).to_string()).then_some(())
    });
    assert!(!is_served(ports[1]));

    let id = USER.to_string();
    let args = ["serve", "--emperor", "vassals", "--emperor-tyrant", "--user", &id, "--group", &id];
    test.certkit(&args).exits(2).says("--emperor-tyrant needs root");
}

#[test]
fn an_emperor_gives_up_its_rights() {
    if !rustix::process::geteuid().is_root() {
        not_allowed_here("becoming another user without root");
        return;
    }
    let port = free_port();
    let test = test(&[("a.ini", port)]);
    open_to_all(&test);
    let ini = format!(
        "[uwsgi]\nemperor = {}\nemperor-freq = 1\nuid = {USER}\ngid = {USER}\npidfile = pid\nlogto = log\n",
        test.path("vassals").display()
    );
    test.write("emperor.ini", ini);
    let mut emperor = Process::start(&test, test.program(certkit()).args(["serve", "emperor.ini"]));
    wait_for(port);
    let is_vassal = |id: &u32| {
        fs::read(format!("/proc/{id}/cmdline")).is_ok_and(|line| !line.starts_with(b"certkit-keeper"))
    };
    let vassals: Vec<_> = children(emperor.id()).into_iter().filter(is_vassal).collect();
    assert_eq!(vassals.iter().map(|id| uid_of(*id)).collect::<Vec<_>>(), [USER.to_string()]);
    assert_eq!(uid_of(emperor.id()), USER.to_string());
    emperor.signal(Signal::TERM);
    assert!(emperor.wait().success());
    assert!(!test.path("pid").exists() && !is_served(port));
    assert!(test.text("log").contains("serving the option files in"));
}
