//! Users and groups of this machine, by name or number.

use std::fs;
use std::str::FromStr;

/// Who a file belongs to: `USER`, `USER:GROUP` or `:GROUP`, each a name or a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    pub user: Option<u32>,
    pub group: Option<u32>,
}

impl FromStr for Owner {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (user, group) = text.split_once(':').unwrap_or((text, ""));
        if user.is_empty() && group.is_empty() {
            return Err("expected USER, USER:GROUP or :GROUP".to_owned());
        }
        let number = |name: &str, file, what| {
            let found =
                (!name.is_empty()).then(|| number_of(name, &fs::read_to_string(file).unwrap_or_default()));
            match found {
                Some(None) => Err(format!("there is no {what} `{name}` in {file}")),
                found => Ok(found.flatten()),
            }
        };
        Ok(Self { user: number(user, "/etc/passwd", "user")?, group: number(group, "/etc/group", "group")? })
    }
}

/// The number of a name in passwd(5) or group(5), or of one that is a number itself.
fn number_of(name: &str, file: &str) -> Option<u32> {
    let named = file.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(name)).then(|| fields.nth(1)?.parse().ok()).flatten()
    });
    // The highest number means `unchanged` to chown(2).
    named.or_else(|| name.parse().ok()).filter(|number| *number != u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers() {
        let file = "root:x:0:0:root:/root:/bin/bash\nwww-data:x:33:33::/:/bin/sh\n12:x:7:7::/:\n";
        assert_eq!(
            ["root", "www-data", "33", "12", "x", ""].map(|name| number_of(name, file)),
            [Some(0), Some(33), Some(33), Some(7), None, None]
        );
        assert_eq!(number_of("4294967295", ""), None);
        assert_eq!("0:5".parse(), Ok(Owner { user: Some(0), group: Some(5) }));
        assert_eq!(":5".parse(), Ok(Owner { user: None, group: Some(5) }));
        assert_eq!("root".parse(), Ok(Owner { user: Some(0), group: None }));
        assert!("".parse::<Owner>().is_err() && ":".parse::<Owner>().is_err());
        let missing = "no-such-user:".parse::<Owner>().unwrap_err();
        assert_eq!(missing, "there is no user `no-such-user` in /etc/passwd");
    }
}
