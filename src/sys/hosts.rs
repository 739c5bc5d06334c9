//! The hosts file: which names this machine resolves by itself (hosts(5)), and a marked block of
//! lines that are ours.
//!
//! Everything outside the block is kept byte for byte, whatever its encoding and line ends.

use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use super::fs::{plain, read_limited};
use super::replace::Replacing;

/// More than any hosts file has; those that block advertisements have a few megabytes.
const MAX_BYTES: u64 = 64 << 20;

/// One line of the file that gives names to an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingLine {
    /// Counted from 1.
    pub line: usize,
    pub address: IpAddr,
    /// Whether it is in the marked block.
    pub is_ours: bool,
}

/// What becomes of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// It says so already.
    Nothing,
    /// All of the new file.
    Changed(Vec<u8>),
    /// Another line gives the name to another address of the same family; clients would take the
    /// first.
    Conflict(MappingLine),
}

/// Why the file could not be read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostsError {
    #[error("another line maps {name} to {}; clients would ignore a second one", .line.address)]
    Conflict { name: String, line: MappingLine },
    #[error("cannot {action} {}: {}", .path.display(), plain(.source))]
    Io {
        /// `read` or `change`.
        action: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// Whether a change is made or only planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EditMode {
    Apply,
    DryRun,
}

/// # Errors
/// What the system says.
pub fn read(path: &Path) -> Result<Vec<u8>, HostsError> {
    read_limited(path, MAX_BYTES).map_err(|source| HostsError::Io {
        action: "read",
        path: path.to_path_buf(),
        source,
    })
}

/// Changes the file in one step. Gives its contents after the change or the planned change, and
/// whether they differ from those before.
///
/// # Errors
/// When the file cannot be read or changed, or another line is in the way of `name`.
pub fn change(
    path: &Path,
    name: &str,
    mode: EditMode,
    edit: impl Fn(&[u8]) -> Edit,
) -> Result<(Vec<u8>, bool), HostsError> {
    let failed = |action| move |source| HostsError::Io { action, path: path.to_path_buf(), source };
    let mut replacing = Replacing::open(path).map_err(failed("read"))?;
    let before = replacing.read(MAX_BYTES).map_err(failed("read"))?;
    match edit(&before) {
        Edit::Nothing => Ok((before, false)),
        Edit::Changed(after) => {
            if mode == EditMode::Apply {
                replacing.write(&after).map_err(failed("change"))?;
            }
            Ok((after, true))
        }
        Edit::Conflict(line) => Err(HostsError::Conflict { name: name.to_owned(), line }),
    }
}

const BEGIN: &[u8] = b"# certkit hosts: begin";
const END: &[u8] = b"# certkit hosts: end";

/// Every line that gives an address to `name`, whatever its case.
pub fn entries(file: &[u8], name: &str) -> Vec<MappingLine> {
    let lines: Vec<&[u8]> = lines(file).collect();
    let ours = block(&lines);
    let of_name = |(index, line): (usize, &&[u8])| {
        let (address, names) = mapping(line)?;
        let is_ours = ours.is_some_and(|(begin, end)| begin < index && index < end);
        names.iter().any(|word| word.eq_ignore_ascii_case(name)).then_some(MappingLine {
            line: index + 1,
            address,
            is_ours,
        })
    };
    lines.iter().enumerate().filter_map(of_name).collect()
}

/// The file with `name` at `address`. Our own line for the name at another address of the same
/// family is replaced.
pub fn add(file: &[u8], name: &str, address: IpAddr) -> Edit {
    let found = entries(file, name);
    let same_family = |entry: &&MappingLine| entry.address.is_ipv4() == address.is_ipv4();
    if let Some(other) =
        found.iter().filter(same_family).find(|entry| !entry.is_ours && entry.address != address)
    {
        return Edit::Conflict(other.clone());
    }
    let stale: Vec<usize> = found
        .iter()
        .filter(same_family)
        .filter(|entry| entry.is_ours && entry.address != address)
        .map(|entry| entry.line)
        .collect();
    let is_there = found.iter().any(|entry| entry.address == address);
    if is_there && stale.is_empty() {
        return Edit::Nothing;
    }
    let mut out = without(file, name, &stale);
    if !is_there {
        out = with_line(&out, &format!("{address}\t{name}"));
    }
    Edit::Changed(out)
}

/// The file without our lines for `name`, or only those at `address`. An empty block goes too.
pub fn remove(file: &[u8], name: &str, address: Option<IpAddr>) -> Edit {
    let ours: Vec<usize> = entries(file, name)
        .iter()
        .filter(|entry| entry.is_ours && address.is_none_or(|address| entry.address == address))
        .map(|entry| entry.line)
        .collect();
    if ours.is_empty() { Edit::Nothing } else { Edit::Changed(without(file, name, &ours)) }
}

/// Lines with their line ends.
fn lines(file: &[u8]) -> impl Iterator<Item = &[u8]> {
    file.split_inclusive(|&byte| byte == b'\n')
}

/// Address and names of a line; `None` for comments and other lines.
fn mapping(line: &[u8]) -> Option<(IpAddr, Vec<String>)> {
    let text = line.split(|&byte| byte == b'#').next()?;
    let text = String::from_utf8_lossy(text);
    let mut words = text.split_ascii_whitespace();
    // A zone, as in fe80::1%eth0, says nothing about the address.
    let address = words.next()?.split('%').next()?.parse().ok()?;
    Some((address, words.map(str::to_owned).collect()))
}

/// Where our block begins and ends: the indices of its two marks. A mark without the other is
/// damage, and the lines around it are not changed.
fn block(lines: &[&[u8]]) -> Option<(usize, usize)> {
    let mut begin = None;
    for (index, line) in lines.iter().enumerate() {
        match line.trim_ascii() {
            BEGIN => begin = Some(index),
            END => {
                if let Some(begin) = begin {
                    return Some((begin, index));
                }
            }
            _ => {}
        }
    }
    None
}

/// The file without `name` in some lines of our block; a line with no other name goes whole, and so
/// does an empty block.
fn without(file: &[u8], name: &str, numbers: &[usize]) -> Vec<u8> {
    let mut kept: Vec<Vec<u8>> = Vec::new();
    for (line, number) in lines(file).zip(1..) {
        if !numbers.contains(&number) {
            kept.push(line.to_vec());
            continue;
        }
        // A user may have added a second name to our line.
        if let Some((address, mut names)) = mapping(line) {
            names.retain(|word| !word.eq_ignore_ascii_case(name));
            if !names.is_empty() {
                kept.push([format!("{address}\t{}", names.join(" ")).as_bytes(), end_of(line)].concat());
            }
        }
    }
    let slices: Vec<&[u8]> = kept.iter().map(Vec::as_slice).collect();
    if let Some((begin, end)) = block(&slices)
        && begin + 1 == end
    {
        kept.drain(begin..=end);
        // The empty line that was put in front of the block.
        if begin == kept.len() && kept.last().is_some_and(|line| line.trim_ascii().is_empty()) {
            kept.pop();
        }
    }
    kept.concat()
}

/// The file with one more line at the end of our block, which is made at the end of the file if
/// need be.
fn with_line(file: &[u8], text: &str) -> Vec<u8> {
    let lines: Vec<&[u8]> = lines(file).collect();
    let end_of_line: &[u8] = lines.first().map_or(b"\n", |line| end_of(line));
    let end_of_line = if end_of_line.is_empty() { b"\n" } else { end_of_line };
    let new = [text.as_bytes(), end_of_line].concat();
    if let Some((_, end)) = block(&lines) {
        let (before, behind) = lines.split_at(end);
        return [before.concat(), new, behind.concat()].concat();
    }
    let mut out = file.to_vec();
    if !out.is_empty() {
        if !out.ends_with(b"\n") {
            out.extend_from_slice(end_of_line);
        }
        if lines.last().is_some_and(|line| !line.trim_ascii().is_empty()) {
            out.extend_from_slice(end_of_line);
        }
    }
    for part in [BEGIN, end_of_line, &new, END, end_of_line] {
        out.extend_from_slice(part);
    }
    out
}

/// `\n`, `\r\n` or nothing.
fn end_of(line: &[u8]) -> &[u8] {
    let length = if line.ends_with(b"\r\n") { 2 } else { usize::from(line.ends_with(b"\n")) };
    line.get(line.len() - length..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const V4: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const V6: IpAddr = IpAddr::V6(std::net::Ipv6Addr::LOCALHOST);

    fn changed(edit: Edit) -> Vec<u8> {
        match edit {
            Edit::Changed(file) => file,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_name_goes_in_and_out_and_leaves_no_trace() {
        for before in
            [&b"127.0.0.1 localhost\n"[..], b"", b"127.0.0.1 localhost\n\n", b"127.0.0.1 localhost\r\n"]
        {
            let once = changed(add(before, "a.test", V4));
            assert_eq!(add(&once, "A.Test", V4), Edit::Nothing);
            let twice = changed(add(&once, "a.test", V6));
            let thrice = changed(add(&twice, "b.test", V4));
            assert_eq!(entries(&thrice, "a.test").len(), 2);
            assert_eq!(changed(remove(&thrice, "b.test", None)), twice);
            assert_eq!(changed(remove(&twice, "a.test", Some(V6))), once);
            let after = changed(remove(&once, "a.test", None));
            assert_eq!(after.trim_ascii_end(), before.trim_ascii_end());
        }
    }

    #[test]
    fn the_block_as_it_stands() {
        let file = changed(add(b"127.0.0.1 localhost", "a.test", V4));
        let wanted =
            "127.0.0.1 localhost\n\n# certkit hosts: begin\n127.0.0.1\ta.test\n# certkit hosts: end\n";
        assert_eq!(String::from_utf8(file).unwrap(), wanted);
        let file = changed(add(b"127.0.0.1 localhost\r\n", "a.test", V4));
        assert!(lines(&file).all(|line| line.ends_with(b"\r\n")), "{file:?}");
    }

    #[test]
    fn lines_of_others_are_told_apart() {
        let file = b"10.0.0.1 x.test a.test # office\n#127.0.0.1 b.test\n";
        let Edit::Conflict(entry) = add(file, "a.test", V4) else { panic!("no conflict") };
        assert_eq!((entry.line, entry.is_ours), (1, false));
        assert_eq!(add(file, "A.test", "10.0.0.1".parse().unwrap()), Edit::Nothing);
        assert!(matches!(add(file, "a.test", V6), Edit::Changed(_)));
        assert!(matches!(add(file, "b.test", V4), Edit::Changed(_)));
        assert_eq!(remove(file, "a.test", None), Edit::Nothing);
    }

    #[test]
    fn an_address_of_ours_is_replaced() {
        let file = changed(add(b"", "a.test", V4));
        let file = changed(add(&file, "a.test", "10.0.0.7".parse().unwrap()));
        let found: Vec<_> = entries(&file, "a.test").iter().map(|entry| entry.address.to_string()).collect();
        assert_eq!(found, ["10.0.0.7"]);
    }

    #[test]
    fn a_mark_alone_protects_nothing_of_others() {
        let file = b"# certkit hosts: begin\n10.0.0.1 a.test\n";
        assert_eq!(remove(file, "a.test", None), Edit::Nothing);
        let file = changed(add(file, "b.test", V4));
        assert_eq!(remove(&file, "a.test", None), Edit::Nothing);
        assert_eq!(entries(&changed(remove(&file, "b.test", None)), "b.test"), []);
    }

    proptest! {
        #[test]
        fn what_is_not_ours_is_kept(before in proptest::collection::vec(any::<u8>(), 0..200)) {
            match add(&before, "a.test", V4) {
                Edit::Changed(after) => {
                    prop_assert!(after.starts_with(&before));
                    let back = changed(remove(&after, "a.test", None));
                    prop_assert_eq!(back.trim_ascii_end(), before.trim_ascii_end());
                }
                _ => prop_assert!(!entries(&before, "a.test").is_empty()),
            }
        }

        #[test]
        fn no_lines_panic(picks in proptest::collection::vec(0usize..8, 0..12)) {
            let pieces: [&[u8]; 8] = [BEGIN, END, b"\n", b"\r\n", b"127.0.0.1 a.test", b"::1 a.test b.test", b"#", b" "];
            let file = picks.iter().map(|&pick| pieces[pick]).collect::<Vec<_>>().concat();
            if let Edit::Changed(after) = add(&file, "a.test", V4) {
                prop_assert!(entries(&after, "a.test").iter().any(|entry| entry.address == V4));
                prop_assert_eq!(add(&after, "a.test", V4), Edit::Nothing);
            }
            if let Edit::Changed(after) = remove(&file, "a.test", None) {
                prop_assert!(entries(&after, "a.test").iter().all(|entry| !entry.is_ours));
            }
        }
    }
}
