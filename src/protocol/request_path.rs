//! The path of a request as everything in a server sees it: decoded once, without dot segments and double slashes.

use memchr::memrchr;
use percent_encoding::percent_decode;

/// Why the target of a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    #[error("the path leads above the root")]
    AboveRoot,
    #[error("the path contains a control character")]
    Control,
}

/// The path of a request target, percent-encoded.
///
/// # Errors
/// It contains NUL or a line break, or leads above the root.
pub fn decoded(path: &[u8]) -> Result<Vec<u8>, TargetError> {
    let decoded: Vec<u8> = percent_decode(path).collect();
    // Unencoded ones never come as far as here.
    if decoded.iter().any(|byte| b"\0\r\n".contains(byte)) {
        return Err(TargetError::Control);
    }
    resolved(&decoded)
}

/// Resolves dot segments (RFC 3986 section 5.2.4) and merges slashes, as front servers do. What the RFC lets
/// end at the root, a path that leads above it, is refused: no client makes one, and servers differ.
///
/// # Errors
/// [`TargetError::AboveRoot`].
pub fn resolved(path: &[u8]) -> Result<Vec<u8>, TargetError> {
    let mut resolved = Vec::with_capacity(path.len() + 1);
    let mut segments = path.split(|&byte| byte == b'/').peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            b"" | b"." => {}
            b".." => resolved.truncate(memrchr(b'/', &resolved).ok_or(TargetError::AboveRoot)?),
            _ => {
                resolved.push(b'/');
                resolved.extend_from_slice(segment);
                continue;
            }
        }
        if is_last {
            resolved.push(b'/');
        }
    }
    Ok(resolved)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// As the fuzz target of this name has it.
        #[test]
        fn a_path_has_one_spelling(data in vec(prop::sample::select(b"/.%2efa\0\n".to_vec()), 0..40)) {
            let Ok(path) = decoded(&data) else { return Ok(()) };
            prop_assert!(path.starts_with(b"/") && path.len() <= data.len() + 1);
            let mut segments: Vec<_> = path.split(|&byte| byte == b'/').skip(1).collect();
            if segments.last() == Some(&&b""[..]) {
                segments.pop();
            }
            prop_assert!(segments.iter().all(|segment| !matches!(*segment, b"" | b"." | b"..")));
            prop_assert_eq!(resolved(&path), Ok(path.clone()));
            let sent: Vec<u8> = path.iter().flat_map(|byte| format!("%{byte:02x}").into_bytes()).collect();
            prop_assert_eq!(decoded(&sent), Ok(path.clone()));
            prop_assert_eq!(resolved(&[b"/..", &path[..]].concat()), Err(TargetError::AboveRoot));
        }
    }
}
