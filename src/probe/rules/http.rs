//! What the answer to one request over https shows besides Strict-Transport-Security: cookies, headers that protect a page,
//! versions that it names, and the server's clock.

use std::time::{Duration, SystemTime};

use super::server_rule::{ServerDiagnostic, ServerFacts, ServerRule};
use crate::finding::{Code, Finding};
use crate::probe::{Depth, HttpAnswer, ServerProgram};

/// A clock that is further off breaks certificates' dates, tokens and one-time passwords.
const MAX_SKEW: Duration = Duration::from_secs(300);

const NOT_SECURE: ServerDiagnostic = ServerDiagnostic::warning(Code::CookieNotSecure);
const UNPROTECTED: ServerDiagnostic = ServerDiagnostic::note(Code::SecurityHeaders);
const BANNER: ServerDiagnostic = ServerDiagnostic::note(Code::VersionBanner);
const SKEWED: ServerDiagnostic = ServerDiagnostic::warning(Code::ClockSkew);

/// RFC 6265 section 4.1.2.5.
pub(super) const COOKIES: ServerRule =
    ServerRule { diagnostics: &[NOT_SECURE], judge: |facts| of_answer(facts, cookies) };

pub(super) const PAGE: ServerRule =
    ServerRule { diagnostics: &[UNPROTECTED], judge: |facts| of_deep_answer(facts, page) };

pub(super) const VERSIONS: ServerRule =
    ServerRule { diagnostics: &[BANNER], judge: |facts| of_deep_answer(facts, versions) };

pub(super) const CLOCK: ServerRule = ServerRule { diagnostics: &[SKEWED], judge: clock };

fn of_answer(facts: &ServerFacts<'_>, judge: fn(&HttpAnswer) -> Option<Finding>) -> Vec<Finding> {
    let Some(Ok(answer)) = &facts.peer.http else { return Vec::new() };
    judge(answer).into_iter().collect()
}

/// What is about the page rather than about TLS is only looked for when everything is to be named.
fn of_deep_answer(facts: &ServerFacts<'_>, judge: fn(&HttpAnswer) -> Option<Finding>) -> Vec<Finding> {
    if facts.depth == Depth::Deep { of_answer(facts, judge) } else { Vec::new() }
}

fn cookies(answer: &HttpAnswer) -> Option<Finding> {
    let is_open = |cookie: &&str| {
        !cookie.split(';').skip(1).any(|attribute| attribute.trim().eq_ignore_ascii_case("secure"))
    };
    let names = answer.all("set-cookie").filter(is_open);
    let names: Vec<_> = names.map(|cookie| cookie.split('=').next().unwrap_or_default().trim()).collect();
    if names.is_empty() {
        return None;
    }
    let message = format!(
        "cookies without the attribute Secure: {}; browsers also send them over unencrypted HTTP, where an on-path \
         attacker reads them",
        names.join(", ")
    );
    let fix = "In the application: add Secure (Django: SESSION_COOKIE_SECURE and CSRF_COOKIE_SECURE = True; Flask: \
               SESSION_COOKIE_SECURE=True).";
    Some(NOT_SECURE.finding(message).fix(fix))
}

/// Of a page for browsers: what OWASP's cheat sheet for HTTP headers lists first.
fn page(answer: &HttpAnswer) -> Option<Finding> {
    let is_page = answer.header("content-type").is_some_and(|kind| kind.trim().starts_with("text/html"));
    if !is_page || answer.status != 200 {
        return None;
    }
    let policy = answer.header("content-security-policy").unwrap_or_default();
    let missing: Vec<_> = [
        ("X-Content-Type-Options: nosniff", answer.header("x-content-type-options").is_some()),
        (
            "Content-Security-Policy: frame-ancestors 'self'",
            policy.contains("frame-ancestors") || answer.header("x-frame-options").is_some(),
        ),
        ("Referrer-Policy: strict-origin-when-cross-origin", answer.header("referrer-policy").is_some()),
    ]
    .into_iter()
    .filter(|(_, is_there)| !is_there)
    .map(|(header, _)| header)
    .collect();
    if missing.is_empty() {
        return None;
    }
    let message =
        format!("the page lacks headers that limit what other sites can do with it: {}", missing.join("; "));
    let fix = "Add them in the server or the application; `certkit serve --secure-headers` does.";
    Some(UNPROTECTED.finding(message).fix(fix))
}

fn versions(answer: &HttpAnswer) -> Option<Finding> {
    let banners = ["server", "x-powered-by", "x-aspnet-version"].into_iter().filter_map(|name| {
        let value = answer.header(name)?;
        value.bytes().any(|byte| byte.is_ascii_digit()).then(|| format!("{name}: {value}"))
    });
    let banners: Vec<_> = banners.collect();
    if banners.is_empty() {
        return None;
    }
    let message = format!("the answer names versions, by which attackers choose: {}", banners.join("; "));
    Some(BANNER.finding(message).fix(without_versions(&banners)))
}

/// How to remove them: by the program that names itself there.
fn without_versions(banners: &[String]) -> String {
    let servers = "nginx: server_tokens off;\nApache: ServerTokens Prod\nlighttpd: server.tag = \"\"";
    let of_banner = |banner: &String| match banner.split_once(": ")? {
        ("server", name) => {
            Some(ServerProgram::of_header(name).map_or(servers, |program| program.own_line(servers)))
        }
        ("x-powered-by", name) if name.starts_with("PHP") => Some("PHP: expose_php = Off"),
        _ => None,
    };
    let lines: Vec<_> = banners.iter().filter_map(of_banner).collect();
    if lines.is_empty() { "In the application: remove the header.".to_owned() } else { lines.join("\n") }
}

fn clock(facts: &ServerFacts<'_>) -> Vec<Finding> {
    let (Some(Ok(answer)), Some(now)) = (&facts.peer.http, facts.now) else { return Vec::new() };
    skew(answer, now).into_iter().collect()
}

fn skew(answer: &HttpAnswer, now: SystemTime) -> Option<Finding> {
    let date = httpdate::parse_http_date(answer.header("date")?).ok()?;
    let (difference, direction) = match date.duration_since(now) {
        Ok(ahead) => (ahead, "ahead of"),
        Err(behind) => (behind.duration(), "behind"),
    };
    if difference <= MAX_SKEW {
        return None;
    }
    let message = format!(
        "the server's clock is {} min {direction} this machine's: it may send certificates and OCSP responses that \
         are not yet valid, or refuse valid tokens",
        difference.as_secs() / 60
    );
    let fix =
        "Synchronise it, for example with chrony or systemd-timesyncd; check this machine's clock as well.";
    Some(SKEWED.finding(message).fix(fix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(headers: &[(&str, &str)]) -> HttpAnswer {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        HttpAnswer { status: 200, headers }
    }

    #[test]
    fn cookies_without_secure() {
        let found = cookies(&answer(&[
            ("set-cookie", "session=1; HttpOnly; path=/"),
            ("set-cookie", "safe=1; SECURE"),
            ("set-cookie", "other=secure"),
        ]));
        assert!(found.unwrap().message.contains("Secure: session, other;"));
        assert_eq!(cookies(&answer(&[("set-cookie", "a=1;Secure")])), None);
    }

    #[test]
    fn pages_and_banners() {
        let html = ("content-type", "text/html; charset=utf-8");
        assert!(page(&answer(&[html])).unwrap().message.contains("nosniff"));
        assert_eq!(page(&answer(&[("content-type", "application/json")])), None);
        let all = [
            html,
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
        ];
        assert_eq!(page(&answer(&all)), None);
        assert!(versions(&answer(&[("server", "nginx/1.22.1")])).is_some());
        assert_eq!(versions(&answer(&[("server", "nginx")])), None);
        let fix = |headers: &[(&str, &str)]| versions(&answer(headers)).unwrap().fix.unwrap();
        assert_eq!(fix(&[("server", "Apache/2.4.66 (Debian)")]), "Apache: ServerTokens Prod");
        assert_eq!(fix(&[("server", "cherry/1.2")]).lines().count(), 3, "one that is not known");
        assert_eq!(
            fix(&[("server", "nginx/1.22.1"), ("x-powered-by", "PHP/8.2")]),
            "nginx: server_tokens off;\nPHP: expose_php = Off"
        );
        assert_eq!(fix(&[("x-aspnet-version", "4.0")]), "In the application: remove the header.");
    }

    #[test]
    fn clocks() {
        let date = answer(&[("date", "Sun, 29 Nov 2026 10:00:00 GMT")]);
        let then = httpdate::parse_http_date("Sun, 29 Nov 2026 10:00:00 GMT").unwrap();
        assert_eq!(skew(&date, then + Duration::from_secs(299)), None);
        let behind = skew(&date, then + Duration::from_secs(3600)).unwrap();
        assert!(behind.message.contains("60 min behind"), "{}", behind.message);
        let ahead = skew(&date, then - Duration::from_secs(600)).unwrap();
        assert!(ahead.message.contains("10 min ahead of"), "{}", ahead.message);
    }
}
