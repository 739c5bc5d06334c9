//! Sites beside that of `[serve]`: each is a layer of settings above it.

use super::assignment::Assignment;
use super::error::{SettingsError, SiteProblem};
use super::origin::Origin;
use super::overlay::{checked, visible};
use super::setting::Scope;
use super::settings::ServeSettings;
use super::site_table::SiteTable;
use super::values::NamedApplication;

/// What the tables say, above what `[serve]` says of all sites. `serve` is that of the server.
///
/// # Errors
/// An invalid value; a site without a host, with that of another one, or with nothing to serve.
pub(super) fn sites(
    tables: &[SiteTable],
    assignments: &[Assignment],
    serve: &ServeSettings,
) -> Result<Vec<ServeSettings>, SettingsError> {
    let mut hosts: Vec<(String, String)> =
        serve.server.site.hosts.iter().map(|host| (host.to_string(), "that of [serve]".to_owned())).collect();
    let mut sites = Vec::new();
    for table in tables {
        let site = site(table, assignments, serve)?;
        for host in &site.server.site.hosts {
            let host = host.to_string();
            let refused = |other: &str| SettingsError::Site {
                origin: origin_of(table, "host", &host),
                problem: SiteProblem::HostTwice { host: host.clone(), other: other.to_owned() },
            };
            if let Some((_, other)) = hosts.iter().find(|(known, _)| *known == host) {
                return Err(refused(other));
            }
            hosts.push((host, shown(&table.origin)));
        }
        sites.push(site);
    }
    Ok(sites)
}

fn site(
    table: &SiteTable,
    assignments: &[Assignment],
    serve: &ServeSettings,
) -> Result<ServeSettings, SettingsError> {
    let inherited = assignments.iter().filter_map(|one| {
        let sets: Vec<_> =
            one.sets.iter().filter(|(setting, _)| setting.scope() == Scope::Site).cloned().collect();
        (!sets.is_empty()).then(|| Assignment { sets, ..one.clone() })
    });
    let layers = visible(vec![table.assignments.clone(), inherited.collect()]);
    let mut site = checked(&layers)?;
    let refused = |problem| SettingsError::Site { origin: table.origin.clone(), problem };
    let Some(host) = site.server.site.hosts.first().map(ToString::to_string) else {
        return Err(refused(SiteProblem::NoHost));
    };
    // Rules that it has from `[serve]` are not enough.
    if !checked(&table.assignments)?.has_content() {
        return Err(refused(SiteProblem::Nothing { host }));
    }
    if let Some((mount, reason)) = site.wrong_mount() {
        return Err(refused_mount(table, mount, reason));
    }
    // Nothing is looked for: what is named is served.
    site.only_named = true;
    site.server.graceful_timeout = serve.server.graceful_timeout;
    site.worker.uwsgi_options.clone_from(&serve.worker.uwsgi_options);
    site.worker.post_fork.clone_from(&serve.worker.post_fork);
    Ok(site)
}

/// What is wrong with a value of `mount`, where it is written.
fn refused_mount(table: &SiteTable, mount: &NamedApplication, reason: String) -> SettingsError {
    let value = format!("{}={}", mount.at, mount.app);
    let origin = origin_of(table, "mount", &value);
    SettingsError::Value { origin, word: "mount".to_owned(), value, reason }
}

/// Where a site says this, else where it begins.
fn origin_of(table: &SiteTable, word: &str, value: &str) -> Origin {
    let says_it = |one: &&Assignment| {
        let mut sets = one.sets.iter();
        sets.any(|(set, given)| set.word == word && given.eq_ignore_ascii_case(value))
    };
    // Of two that are alike, the second one is too much.
    table
        .assignments
        .iter()
        .rev()
        .find(says_it)
        .map_or_else(|| table.origin.clone(), |one| one.origin.clone())
}

fn shown(origin: &Origin) -> String {
    match origin {
        Origin::File { file, line } => format!("in {file}, line {line}"),
        Origin::Flag | Origin::Environment(_) => "on the command line".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::table;
    use crate::config::toml::read;
    use crate::serve::config::{Limits, Root, SiteConfig};

    fn sites_of(text: &str) -> Result<Vec<ServeSettings>, SettingsError> {
        let file = read(text, "certkit.toml").unwrap();
        sites(&file.sites, &file.serve, &checked(&file.serve)?)
    }

    #[test]
    fn a_site_has_what_serve_says_of_all() {
        let text = "
            [serve]
            app = 'main.py'
            host = 'main.example'
            hsts = true
            workers = 3
            threads = 7
            graceful-timeout = 5
            mount = '/x=x.py'
            static = '/s=public'
            static-skip-ext = '.bak'
            rule = 'route ^/private break:403'
            header = 'X-All: 1'
            env = 'A=1'
            cert = 'main.pem'

            [[site]]
            host = ['shop.example', 'www.shop.example']
            app = 'shop.py'
            threads = 2
            rule = 'route ^/own break:404'
            header = 'X-Own: 1'
            env = 'B=2'
            cert = 'shop.pem'

            [[site]]
            host = '*.files.example'
            static-root = 'public'
            static-skip-ext = '.tmp'
            hsts = 7
        ";
        let sites = sites_of(text).unwrap();
        let shop = &sites[0];
        assert_eq!((shop.worker.workers, shop.worker.threads), (3, 2));
        assert_eq!(shop.app.as_deref(), Some("shop.py"));
        assert!(shop.mounts.is_empty() && shop.server.site.folders.is_empty());
        assert_eq!(shop.server.site.hsts_seconds, Some(63_072_000));
        assert_eq!((shop.server.site.rules.len(), shop.server.site.added_fields.len()), (2, 2));
        let fields = format!("{:?}", shop.server.site.added_fields).to_lowercase();
        assert!(fields.find("x-all") < fields.find("x-own"), "{fields}");
        assert_eq!(shop.worker.env.len(), 2);
        assert_eq!(shop.cert, [std::path::PathBuf::from("shop.pem")]);
        let files = &sites[1];
        assert_eq!(files.server.site.hsts_seconds, Some(7));
        assert_eq!(files.server.site.files.skipped_endings, [".tmp"]);
        assert!(files.cert.is_empty() && files.app.is_none());

        let serve = ServeSettings { sites, ..ServeSettings::default() };
        let config = serve.decide(Root::NotFound);
        let [shop, files] = &config.sites[..] else { panic!("{:?}", config.sites) };
        assert_eq!((shop.name(), files.name()), ("shop.example".to_owned(), "*.files.example".to_owned()));
        let Root::Application(workers) = &shop.root else { panic!("{:?}", shop.root) };
        assert_eq!(workers.graceful_timeout.as_secs(), 5);
        assert!(matches!(files.root, Root::Folder(_)), "{:?}", files.root);
        let places: Vec<_> = config.applications().map(|(site, at, _)| (site.name(), at.cloned())).collect();
        assert_eq!(places, [("shop.example".to_owned(), None)]);
    }

    #[test]
    fn routes_say_the_path_once() {
        let routes = "
            [[site.route]]
            path = '/shop/'
            app = 'shop.py:app'
            expires = '7d'

            [[site.route]]
            path = '/'
            upstream = 'http://127.0.0.1:8000'
            try-static = ['a', 'b']
        ";
        let text = format!("[[site]]\nhost = 'a.example'\n{routes}");
        let sites = sites_of(&text).unwrap();
        let values = |word: &str| {
            let assignments = read(&text, "certkit.toml").unwrap().sites.remove(0).assignments;
            let sets = assignments.into_iter().flat_map(|one| one.sets);
            let values =
                sets.filter(|(set, _)| set.word == word).map(|(_, value)| value.into_string().unwrap());
            values.collect::<Vec<_>>()
        };
        assert_eq!(values("mount"), ["/shop=shop.py:app"]);
        assert_eq!(values("expires"), ["/shop=7d"]);
        assert_eq!(values("upstream"), ["/=http://127.0.0.1:8000"]);
        assert_eq!(values("try-static"), ["/=a", "/=b"]);
        assert_eq!((sites[0].mounts.len(), sites[0].server.site.upstreams.len()), (1, 1));
        // The same in the table of the server.
        let serve =
            read(&format!("[serve]\n{}", routes.replace("site.route", "serve.route")), "c.toml").unwrap();
        assert_eq!(checked(&serve.serve).unwrap().server.site.files.tried.len(), 2);
    }

    #[test]
    fn errors_name_the_line_and_what_to_do() {
        for (text, line, part) in [
            ("\nhost = 'a'\napp = 'a.py'\nlisten = 'https:*:1'", 4, "write it into [serve]"),
            ("\nhost = 'a'\napp = 'a.py'\naccess-log = 'off'", 4, "write it into [serve]"),
            ("\nhost = 'a'\nap = 'a.py'", 3, "did you mean `app`?"),
            ("\nhost = 'a'\nforce = true", 3, "unknown"),
            ("\nhost = 'a'\n\n[[site.route]]\npath = '/x'\nworkers = 2", 6, "does not belong to a path"),
            ("\nhost = 'a'\n\n[[site.route]]\nstatic = 'x'", 4, "needs a `path`"),
            ("\nhost = 'a'\n\n[[site.route]]\npath = 'x'\nstatic = 'x'", 4, "needs a `path`"),
            ("\nhost = 'a'\nroute = 1", 3, "[[site.route]]"),
        ] {
            let error = read(&format!("[[site]]{text}\n"), "certkit.toml").unwrap_err();
            assert_eq!(error.line, Some(line), "{text}: {error}");
            assert!(error.to_string().contains(part), "{error}");
        }
        let error = read("[site]\nhost = 'a'\n", "certkit.toml").unwrap_err();
        assert!(error.to_string().contains("[[site]]"), "{error}");
        for (text, line, part) in [
            ("[[site]]\napp = 'a.py'\n", 1, "no `host`"),
            ("[serve]\n\n[[site]]\nhost = 'a'\n", 3, "the site a has nothing to serve"),
            ("[[site]]\nhost = 'a'\napp = 'a.py'\n[[site]]\nhost = ['b', 'A.']\napp = 'b.py'\n", 4, "line 1"),
            ("[[site]]\nhost = 'a'\napp = 'a.py'\n[[site]]\nhost = ['b',\n'a']\napp = 'b.py'\n", 6, "`a`"),
            ("[serve]\nhost = 'a'\n[[site]]\nhost = 'a'\napp = 'a.py'\n", 4, "[serve]"),
            ("[[site]]\nhost = 'a:80'\napp = 'a.py'\n", 2, "without a port"),
            ("[[site]]\nhost = 'a'\nmount = ['/a=a.py', '/a=b.py']\n", 3, "already"),
            ("[[site]]\nhost = 'a'\napp = 'a.py'\nworkers = 0\n", 4, "zero"),
        ] {
            let error = sites_of(text).unwrap_err();
            let (SettingsError::Site { origin, .. } | SettingsError::Value { origin, .. }) = &error else {
                panic!("{error}")
            };
            assert_eq!(*origin, Origin::File { file: "certkit.toml".to_owned(), line }, "{text}");
            assert!(error.to_string().contains(part), "{error}");
        }
    }

    /// What many settings accept.
    const SAMPLES: [&str; 12] = [
        "true",
        "1",
        "a",
        "/a",
        "/a=b",
        "/a=1/s",
        "/a=127.0.0.1",
        "/a=http://127.0.0.1:1",
        "a: b",
        "A=1",
        "route ^/ break:403",
        "502=a",
    ];

    #[test]
    fn what_is_set_in_a_site_is_set_for_it_alone() {
        let of_site = |s: &ServeSettings| {
            let Limits { limit_post, post_buffering, body_timeout, .. } = s.server.limits;
            format!("{:?}", (&s.server.site, &s.worker, limit_post, post_buffering, body_timeout))
        };
        let of_server = |mut s: ServeSettings| {
            s.server.site = SiteConfig::default();
            let Limits { limit_post, post_buffering, body_timeout, .. } = Limits::default();
            s.server.limits = Limits { limit_post, post_buffering, body_timeout, ..s.server.limits };
            format!("{:?}", (s.server, s.process, s.acme, s.client, s.vhosts))
        };
        let default = ServeSettings::default;
        let (mut lack_scope, mut have_no_effect) = (Vec::new(), Vec::new());
        for setting in table::settings() {
            for sample in SAMPLES {
                let mut settings = default();
                if (setting.set)(&mut settings, sample.as_ref()).is_err() {
                    continue;
                }
                if setting.scope() != Scope::Server {
                    if of_server(settings) != of_server(default()) {
                        have_no_effect.push(setting.word);
                    }
                } else if of_site(&settings) != of_site(&default()) {
                    lack_scope.push(setting.word);
                }
            }
        }
        lack_scope.dedup();
        assert!(lack_scope.is_empty(), "of a site, so that the row needs a `scope`: {lack_scope:?}");
        assert!(have_no_effect.is_empty(), "without effect in a site: {have_no_effect:?}");
        let scope = |word: &str| table::named(word).unwrap().scope();
        assert_eq!(
            [scope("listen"), scope("rule"), scope("static")],
            [Scope::Server, Scope::Site, Scope::Content]
        );
    }
}
