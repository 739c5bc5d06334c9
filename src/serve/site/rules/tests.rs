//! Rules applied to requests.

use proptest::prelude::*;

use super::*;
use crate::serve::request::Client;
use crate::serve::request::environ::ScriptNameRule;
use crate::serve::request::variables::from_variables;

fn request(raw: &str) -> Request {
    let (uri, query) = raw.split_once('?').unwrap_or((raw, ""));
    let path: Vec<u8> = percent_decode(uri.as_bytes()).collect();
    let variables: [(&[u8], &[u8]); 6] = [
        (b"REQUEST_URI", raw.as_bytes()),
        (b"PATH_INFO", &path),
        (b"QUERY_STRING", query.as_bytes()),
        (b"REMOTE_ADDR", b"192.0.2.7"),
        (b"HTTP_HOST", b"A.example"),
        (b"HTTP_USER_AGENT", b"a Bot"),
    ];
    from_variables(&variables, false, Client::default()).unwrap().0
}

/// As for an application at the root.
fn split(request: &Request) -> (Bytes, Bytes) {
    let (script_name, path_info) = request.script_name_and_path_info(ScriptNameRule::AsSent);
    (Bytes::copy_from_slice(script_name), path_info)
}

fn rules(lines: &[&str], base: &Path) -> SiteRules {
    let rules: Vec<Rule> = lines.iter().map(|line| line.parse().unwrap()).collect();
    SiteRules::new(&rules, base.to_owned(), &Arc::default()).unwrap()
}

/// What becomes of a request: the status and Location of a response, or the path and query that the application gets.
async fn outcome_in(lines: &[&str], raw: &str, base: &Path) -> String {
    let mut request = request(raw);
    match rules(lines, base).before(&mut request, &split, &mut FieldEdits::default()).await {
        Ok(None) => {
            let (script_name, path_info) = split(&request);
            let parts = [&script_name[..], b"|", &path_info, b"?", &request.target.query].concat();
            String::from_utf8(parts).unwrap()
        }
        Ok(Some(response)) => {
            let location = response.headers().get(header::LOCATION);
            let location = location.map(|value| format!(" {}", value.to_str().unwrap()));
            format!("{}{}", response.status().as_u16(), location.unwrap_or_default())
        }
        Err(_) => "refused".to_owned(),
    }
}

async fn outcome(lines: &[&str], raw: &str) -> String {
    outcome_in(lines, raw, Path::new("/")).await
}

#[tokio::test]
async fn a_rule_that_denies_holds_for_every_spelling() {
    for line in ["route ^/private break:403", "route-uri ^/private(/|\\?|$) break:403"] {
        for raw in [
            "/private",
            "/a/../private",
            "//private",
            "/%70rivate",
            "/private%2f",
            "/./private/x",
            "/private?x",
            "/%2fprivate/",
            "/a%2f..%2fprivate",
        ] {
            assert_eq!(outcome(&[line], raw).await, "403", "{line} {raw}");
        }
        assert_eq!(outcome(&[line], "/public/private").await, "|/public/private?", "{line}");
    }
    // The name of a host has no case.
    assert_eq!(outcome(&["route-if equal:${HTTP_HOST};a.example break:"], "/").await, "403");
    assert_eq!(outcome(&["route-host ^a\\.EXAMPLE$ break:"], "/").await, "403");
}

#[tokio::test]
async fn conditions_are_asked_in_their_order() {
    let lines = [
        "route ^/goto goto:end",
        "route ^/goto break:500",
        "route-if equal:${REQUEST_METHOD};POST break:405",
        "route-if-not startswith:${REMOTE_ADDR};192.0.2. break:403",
        "route-if ipv4in:${REMOTE_ADDR};10.0.0.0/8 break:403",
        "route-user-agent bot break:500",
        "route-user-agent (?i)BOT addvar:KIND=bot",
        "route-if regexp:${KIND}-${QUERY_STRING};^bot-(x+)$ redirect:/found/$1",
        "route-qs ^gone return:410",
        "route-if empty:${NONE} last:",
        "route-run break:500",
        "route-label end",
        "route ^/goto return:404",
    ];
    for (raw, expected) in [("/", "|/?"), ("/goto", "404"), ("/?xx", "302 /found/xx"), ("/?gone", "410")] {
        assert_eq!(outcome(&lines, raw).await, expected, "{raw}");
    }
}

#[tokio::test]
async fn paths_and_redirects_are_what_rules_make_of_them() {
    for (line, raw, expected) in [
        (
            "route ^/old/(.*) redirect:/new/$1?q=${QUERY_STRING}",
            "/old/a%20b%3Fc?z=%201",
            "302 /new/a%20b%3Fc?q=z=%201",
        ),
        (
            "route-uri ^/old/(.*) redirect-301:https://${HTTP_HOST}/$1",
            "/old/a%20b?z",
            "301 https://a.example/a%20b?z",
        ),
        ("route ^/in/(.*) rewrite:/out/$1?a=1", "/in/x?b=2", "|/out/x?a=1&b=2"),
        ("route ^/in/(.*) rewrite:/out/$1", "/in/x%3Fy?b", "|/out/x?y?b"),
        ("route-uri ^/in/(.*) rewrite:/out/$1", "/in/x%3Fy", "|/out/x?y?"),
        ("route ^/in/(.*) rewrite:/$1", "/in/%252e%252e/x", "|/%2e%2e/x?"),
        ("route-qs (.*) rewrite:/out/$1", "/?../../x", "refused"),
        ("route ^/p setpathinfo:/a//b/../c", "/p", "|/a/c?"),
        ("route ^/p setscriptname:/app/", "/p", "/app|/p?"),
    ] {
        assert_eq!(outcome(&[line], raw).await, expected, "{line}");
    }
}

#[tokio::test]
async fn files_of_rules_are_below_their_folder() {
    let outer = tempfile::tempdir().unwrap();
    std::fs::create_dir(outer.path().join("www")).unwrap();
    for name in ["www/a.txt", "www/.env", "secret", "up"] {
        std::fs::write(outer.path().join(name), name).unwrap();
    }
    std::os::unix::fs::symlink("up", outer.path().join("link")).unwrap();
    let www = outer.path().join("www");
    let of = |action: &str| format!("route-qs (.*) {action}:{}/$1", www.display());
    let (only, next) = (of("static"), of("static-next"));
    for (line, query, expected) in [
        (&only, "a.txt", "200"),
        (&only, "none", "404"),
        (&only, ".env", "404"),
        (&only, "../secret", "404"),
        (&only, "x/../../secret", "404"),
        (&next, "a.txt", "200"),
        (&next, "../secret", "|/?../secret"),
    ] {
        assert_eq!(outcome(&[line], &format!("/?{query}")).await, expected, "{line} {query}");
    }
    for (test, holds) in [
        ("exists:up", true),
        ("isfile:up", true),
        ("isfile:www", false),
        ("isdir:www", true),
        ("islink:link", true),
        ("islink:up", false),
        ("exists:", false),
        ("exists:${QUERY_STRING}", false),
    ] {
        let line = format!("route-if {test} break:503");
        let expected = if holds { "503" } else { "|/?" };
        assert_eq!(outcome_in(&[&line], "/", outer.path()).await, expected, "{test}");
    }
}

#[tokio::test]
async fn variables_fields_and_statuses() {
    let base = Path::new("/");
    let before = rules(
        &[
            "route ^/x/(.*) addvar:FOO=${REQUEST_METHOD}-$1",
            "route-if equal:${FOO};GET-y addheader:X-Foo: <${FOO}>",
            "route-run addheader:Connection: close",
            "route-run delheader:X-Drop",
            "route-run setuser:somebody:password",
            "route-run setscheme:https",
            "route-run donotlog:",
        ],
        base,
    );
    let (mut asked, mut edits) = (request("/x/y"), FieldEdits::default());
    assert!(before.before(&mut asked, &split, &mut edits).await.is_ok_and(|response| response.is_none()));
    assert_eq!(asked.variable("REMOTE_USER").as_deref(), Some(&b"somebody"[..]));
    assert!(asked.https && edits.is_unlogged && edits.closes);
    assert_eq!((edits.added[0].value.to_str().unwrap(), edits.removed[0].as_str()), ("<GET-y>", "x-drop"));

    let after = rules(
        &[
            "response-route-status 404 addheader:X-Status: ${uwsgi[status]}",
            "response-route ^/x addheader:X-B: b",
        ],
        base,
    );
    for (status, count) in [(StatusCode::NOT_FOUND, 2), (StatusCode::OK, 1)] {
        let mut edits = FieldEdits::default();
        after.after(&mut asked, &split, status, &mut edits).await;
        assert_eq!(edits.added.len(), count, "{status}");
        assert_eq!(edits.added[0].value, if count == 2 { "404" } else { "b" });
    }
}

proptest! {
    /// Whatever a client sends as a path, a Location is one value of printable ASCII.
    #[test]
    fn a_location_is_one_line(path in "/[ -~\u{e9}\u{7f}]{0,20}") {
        let encoded = percent_encode(path.as_bytes(), IN_PATH).to_string();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let found = runtime.block_on(outcome(&["route (.*) redirect:$1"], &encoded));
        let is_plain = found.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
        prop_assert!(found == "refused" || (found.starts_with("302 /") && is_plain), "{}", found);
        prop_assert!(found.matches(' ').count() <= 1, "{}", found);
    }

    /// What a rule denies stays denied, however the path is spelled.
    #[test]
    fn no_spelling_passes(parts in prop::collection::vec("/|/\\./|/x/\\.\\./|//", 1..4), encoded in any::<[bool; 7]>()) {
        let name: String = "private"
            .bytes()
            .zip(encoded)
            .map(|(byte, is_encoded)| if is_encoded { format!("%{byte:02x}") } else { char::from(byte).to_string() })
            .collect();
        let raw = format!("{}{name}", parts.concat());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for line in ["route ^/private$ break:403", "route-uri ^/private$ break:403"] {
            prop_assert_eq!(runtime.block_on(outcome(&[line], &raw)), "403", "{} {}", line, &raw);
        }
    }
}
