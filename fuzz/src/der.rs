//! DER as a tree: read, changed, and written again with lengths that fit.
//!
//! A fuzzer that flips bytes of a certificate breaks a length almost every time, and then nothing behind the first
//! header is reached. [`mutate`] changes the tree instead.

use libfuzzer_sys::fuzzer_mutate;

/// Elements below this depth are left as bytes.
const MAX_DEPTH: usize = 32;

/// One element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    tag: u8,
    /// What stands before the children in the contents: the count of unused bits of a BIT STRING.
    prefix: Vec<u8>,
    contents: Contents,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Contents {
    Bytes(Vec<u8>),
    Children(Vec<Node>),
}

/// Changes DER (one element or several in a row) in one place, within `max_size` bytes; `None` where it is no DER or the
/// result is too long.
pub fn mutate(data: &[u8], max_size: usize, seed: u32) -> Option<Vec<u8>> {
    let mut nodes = read_all(data, 0)?;
    let mut random = Random(seed | 1);
    let count = nodes.iter().map(Node::count).sum();
    let mut target = random.below(count);
    change(&mut nodes, &mut target, &mut random);
    let changed = write_all(&nodes);
    (changed.len() <= max_size).then_some(changed)
}

/// An element around `contents`.
pub fn wrap(tag: u8, contents: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match contents.len() {
        length @ 0..0x80 => out.push(length as u8),
        length => {
            let bytes = length.to_be_bytes();
            let bytes = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
            out.push(0x80 | bytes.len() as u8);
            out.extend_from_slice(bytes);
        }
    }
    out.extend_from_slice(contents);
    out
}

/// A SEQUENCE of these.
pub fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    wrap(0x30, &parts.concat())
}

/// The elements that stand one after another in `data`, whole, as far as there are any.
pub fn split(mut data: &[u8]) -> Vec<&[u8]> {
    let mut elements = Vec::new();
    while let Some((_, _, length)) = header(data) {
        let (element, rest) = data.split_at(length);
        elements.push(element);
        data = rest;
    }
    elements
}

/// Tag, length of the header, length of the whole element.
fn header(data: &[u8]) -> Option<(u8, usize, usize)> {
    let (&tag, &first) = (data.first()?, data.get(1)?);
    let (header, length) = match first {
        0..=0x7f => (2, usize::from(first)),
        0x81..=0x83 => {
            let bytes = data.get(2..2 + usize::from(first & 0x7f))?;
            (2 + bytes.len(), bytes.iter().fold(0, |length, &byte| length << 8 | usize::from(byte)))
        }
        _ => return None,
    };
    (tag & 0x1f != 0x1f && header + length <= data.len()).then_some((tag, header, header + length))
}

fn read_all(mut data: &[u8], depth: usize) -> Option<Vec<Node>> {
    let mut nodes = Vec::new();
    while !data.is_empty() {
        let (tag, header, length) = header(data)?;
        nodes.push(read(tag, &data[header..length], depth));
        data = &data[length..];
    }
    (!nodes.is_empty() && depth <= MAX_DEPTH).then_some(nodes)
}

fn read(tag: u8, contents: &[u8], depth: usize) -> Node {
    // Keys and extensions stand inside BIT STRING and OCTET STRING.
    let prefix = usize::from(tag == 0x03 && contents.first() == Some(&0));
    let may_hold = tag & 0x20 != 0 || tag == 0x04 || prefix == 1;
    let children = if may_hold { read_all(&contents[prefix..], depth + 1) } else { None };
    match children {
        Some(children) => {
            Node { tag, prefix: contents[..prefix].to_vec(), contents: Contents::Children(children) }
        }
        None => Node { tag, prefix: Vec::new(), contents: Contents::Bytes(contents.to_vec()) },
    }
}

fn write_all(nodes: &[Node]) -> Vec<u8> {
    nodes.iter().flat_map(Node::write).collect()
}

impl Node {
    fn count(&self) -> usize {
        match &self.contents {
            Contents::Bytes(_) => 1,
            Contents::Children(children) => 1 + children.iter().map(Self::count).sum::<usize>(),
        }
    }

    fn write(&self) -> Vec<u8> {
        let inside = match &self.contents {
            Contents::Bytes(bytes) => bytes.clone(),
            Contents::Children(children) => write_all(children),
        };
        wrap(self.tag, &[self.prefix.as_slice(), &inside].concat())
    }
}

/// Walks to the element of number `target` among all below `nodes`, and changes it.
fn change(nodes: &mut Vec<Node>, target: &mut usize, random: &mut Random) {
    for index in 0..nodes.len() {
        if *target == 0 {
            change_at(nodes, index, random);
            *target = usize::MAX;
            return;
        }
        *target -= 1;
        if let Contents::Children(children) = &mut nodes[index].contents {
            change(children, target, random);
            if *target == usize::MAX {
                return;
            }
        }
    }
}

fn change_at(nodes: &mut Vec<Node>, index: usize, random: &mut Random) {
    const TAGS: &[u8] = &[
        0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0a, 0x0c, 0x13, 0x14, 0x16, 0x17, 0x18, 0x1e, 0x30, 0x31, 0x80,
        0x81, 0x82, 0x86, 0x87, 0xa0, 0xa1, 0xa3, 0xa4,
    ];
    let other = random.below(nodes.len());
    match random.below(12) {
        0 => drop(nodes.remove(index)),
        1 => nodes.insert(other, nodes[index].clone()),
        2 => nodes.swap(index, other),
        3 => nodes[index].tag = TAGS[random.below(TAGS.len())],
        4 => {
            // Many times the same: what grows with the square of a count shows.
            let copies = 1 << random.below(8);
            let copy = nodes[index].clone();
            nodes.splice(index..index, std::iter::repeat_n(copy, copies));
        }
        5 => {
            let inside = nodes[index].clone();
            nodes[index].prefix.clear();
            nodes[index].contents = Contents::Children(vec![inside]);
        }
        6 => nodes[index].contents = Contents::Bytes(Vec::new()),
        _ => {
            // The fuzzer's own mutations, dictionary of compared values included, on the contents alone.
            let node = &mut nodes[index];
            let mut bytes = match &node.contents {
                Contents::Bytes(bytes) => bytes.clone(),
                Contents::Children(children) => write_all(children),
            };
            let size = bytes.len();
            bytes.resize(size + 16, 0);
            let room = bytes.len();
            let size = fuzzer_mutate(&mut bytes, size, room);
            bytes.truncate(size);
            node.contents = Contents::Bytes(bytes);
        }
    }
}

/// A small generator (xorshift): the fuzzer gives a seed, and the same seed must do the same.
struct Random(u32);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as usize % limit.max(1)
    }
}
