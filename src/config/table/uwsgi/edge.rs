//! Words for files and rules. Each rule becomes a value of one setting, so that their order stays that of the lines.

use crate::config::option_word::{Conversion, Converted, OptionFacts, OptionWord, Support};

type Conversions = Result<Converted, String>;

const fn sets(words: &'static str, convert: Conversion, means: &'static str) -> OptionWord {
    OptionWord { words, support: Support::Sets(convert, means) }
}

/// A word of the router, and the conversion that puts it before its value.
macro_rules! rule {
    ($word:literal) => {
        sets($word, |value, _| Ok(Converted::one("rule", concat!($word, " ").to_owned() + value)), "`--rule`")
    };
}

/// A word for Expires, by what its pattern is for.
macro_rules! expires {
    ($word:literal, $subject:literal) => {
        sets(
            $word,
            |value, _| Ok(Converted::one("expires", concat!($subject, " ").to_owned() + value)),
            "`--expires`",
        )
    };
}

pub(super) const EDGE: &[OptionWord] = &[
    sets("static-map", |value, facts| mapped("try-static", value, facts), "`--try-static`"),
    sets("static-map2", |value, facts| mapped("try-static-whole", value, facts), "`--try-static-whole`"),
    sets("check-static static-check", check_static, "`--try-static /=...`"),
    sets("static-gzip-all!", |_, _| Ok(Converted::one("precompressed", "all")), "`--precompressed all`"),
    sets(
        "static-gzip-dir static-gzip-prefix",
        |value, facts| Ok(Converted::one("precompressed", format!("below:{}", facts.below_chdir(value)))),
        "`--precompressed below:...`",
    ),
    sets(
        "static-gzip-ext static-gzip-suffix",
        |value, _| Ok(Converted::one("precompressed", format!("ending:{value}"))),
        "`--precompressed ending:...`",
    ),
    sets(
        "static-gzip",
        |value, _| Ok(Converted::one("precompressed", format!("matching:{value}"))),
        "`--precompressed matching:...`",
    ),
    expires!("static-expires", "file"),
    expires!("static-expires-mtime", "file-mtime"),
    expires!("static-expires-path-info", "path"),
    expires!("static-expires-path-info-mtime", "path-mtime"),
    expires!("static-expires-uri", "uri"),
    expires!("static-expires-uri-mtime", "uri-mtime"),
    expires!("static-expires-type", "type"),
    expires!("static-expires-type-mtime", "type-mtime"),
    rule!("route"),
    rule!("route-host"),
    rule!("route-uri"),
    rule!("route-qs"),
    rule!("route-remote-addr"),
    rule!("route-remote-user"),
    rule!("route-referer"),
    rule!("route-user-agent"),
    rule!("route-if"),
    rule!("route-if-not"),
    rule!("route-run"),
    rule!("route-label"),
    rule!("response-route"),
    rule!("response-route-host"),
    rule!("response-route-uri"),
    rule!("response-route-qs"),
    rule!("response-route-remote-addr"),
    rule!("response-route-remote-user"),
    rule!("response-route-referer"),
    rule!("response-route-user-agent"),
    rule!("response-route-status"),
    rule!("response-route-if"),
    rule!("response-route-if-not"),
    rule!("response-route-run"),
    rule!("response-route-label"),
];

/// `/PATH=FOLDER`, from the folder that the application runs in. In uWSGI a path without a file is the application's.
fn mapped(setting: &'static str, value: &str, facts: &OptionFacts) -> Conversions {
    let Some((path, folder)) = value.split_once('=') else {
        return Err(format!("`{value}` has no `=` between the path and its folder"));
    };
    Ok(Converted::one(setting, format!("{path}={}", facts.below_chdir(folder))))
}

fn check_static(value: &str, facts: &OptionFacts) -> Conversions {
    Ok(Converted::one("try-static", format!("/={}", facts.below_chdir(value))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_count_from_that_of_the_application() {
        let facts = OptionFacts { chdir: "/srv/site".into(), ..OptionFacts::default() };
        let one = |word, value: &str| vec![(word, value.to_owned())];
        let map = |value| mapped("try-static", value, &facts).map(|converted| converted.sets);
        assert_eq!(map("/s=public"), Ok(one("try-static", "/s=/srv/site/public")));
        assert!(map("public").is_err());
        assert_eq!(check_static("www", &facts).unwrap().sets, one("try-static", "/=/srv/site/www"));
    }

    #[test]
    fn rules_keep_their_word() {
        let row = EDGE.iter().find(|row| row.words == "route-uri").unwrap();
        let Support::Sets(convert, _) = row.support else { panic!("another row") };
        let sets = convert("^/a break:403", &OptionFacts::default()).unwrap().sets;
        assert_eq!(sets, [("rule", "route-uri ^/a break:403".to_owned())]);
    }
}
