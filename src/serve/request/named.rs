//! What rules read and change of a request: its variables by name, the path that an application gets.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, CONTROLS, percent_encode};

use super::Request;
use super::target::{self, TargetError};

/// What is not written in a path as it is (RFC 3986 section 3.3), other than bytes beyond ASCII.
pub(in crate::serve) const IN_PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// What is encoded of a URL that is encoded already.
pub(in crate::serve) const IN_LOCATION: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

impl Request {
    /// The variable that an application would get, apart from PATH_INFO and SCRIPT_NAME, which depend on its place.
    /// REQUEST_URI is spelled in one way: as [`Request::one_uri`] says.
    pub(in crate::serve) fn variable(&self, name: &str) -> Option<Cow<'_, [u8]>> {
        Some(match name {
            "HTTPS" if self.https => Cow::Borrowed(b"on"),
            // RFC 9110 section 4.2.3: its case means nothing, and must not get past a comparison.
            "HTTP_HOST" => match self.host.value() {
                host if host.iter().any(u8::is_ascii_uppercase) => Cow::Owned(host.to_ascii_lowercase()),
                host => Cow::Borrowed(host),
            },
            "QUERY_STRING" => Cow::Borrowed(&self.target.query),
            "REMOTE_ADDR" => Cow::Borrowed(&self.client.address),
            "REMOTE_PORT" => Cow::Owned(self.client.port.to_string().into_bytes()),
            "REQUEST_METHOD" => Cow::Borrowed(self.method.as_str().as_bytes()),
            "REQUEST_SCHEME" | "UWSGI_SCHEME" => Cow::Borrowed(if self.https { b"https" } else { b"http" }),
            "REQUEST_URI" => Cow::Owned(self.one_uri()),
            "SERVER_NAME" => Cow::Borrowed(self.server_name()),
            "SERVER_PORT" => Cow::Borrowed(&self.server.port),
            "SERVER_PROTOCOL" => Cow::Borrowed(&self.protocol),
            "CONTENT_TYPE" => self.field(&header::CONTENT_TYPE)?,
            "CONTENT_LENGTH" => self.field(&header::CONTENT_LENGTH)?,
            _ => match name.strip_prefix("HTTP_") {
                Some(field) => self.field(&field_name(field)?)?,
                None if name.starts_with("SSL_") && self.tls.is_some() => return self.tls_variable(name),
                None => {
                    let is_it = |(other, _): &&(Bytes, Bytes)| other.as_ref() == name.as_bytes();
                    Cow::Borrowed(&self.variables.iter().rfind(is_it)?.1)
                }
            },
        })
    }

    /// One of the client's TLS, where it ends here.
    fn tls_variable(&self, name: &str) -> Option<Cow<'_, [u8]>> {
        let mut found = None;
        self.tls_variables(|known, value| {
            if known == name.as_bytes() {
                found = Some(Cow::Owned(value.to_vec()));
            }
        });
        found
    }

    /// The value of a cookie.
    pub(in crate::serve) fn cookie(&self, name: &str) -> Option<&[u8]> {
        let cookies = self.fields.get_all(header::COOKIE).iter();
        let mut pairs = cookies.flat_map(|value| value.as_bytes().split(|&byte| byte == b';'));
        pairs.find_map(|pair| pair.trim_ascii().strip_prefix(name.as_bytes())?.strip_prefix(b"="))
    }

    /// The value of a parameter of the query, as it came.
    pub(in crate::serve) fn parameter(&self, name: &str) -> Option<&[u8]> {
        let mut pairs = self.target.query.split(|&byte| byte == b'&');
        pairs.find_map(|pair| pair.strip_prefix(name.as_bytes())?.strip_prefix(b"="))
    }

    /// The target in the one spelling that all targets of this resource share: the path that routes go by, encoded
    /// anew, and the query as it came.
    pub(in crate::serve) fn one_uri(&self) -> Vec<u8> {
        let mut uri = percent_encode(&self.target.path, IN_PATH).to_string().into_bytes();
        if memchr::memchr(b'?', &self.target.raw).is_some() || !self.target.query.is_empty() {
            uri.push(b'?');
            uri.extend_from_slice(&self.target.query);
        }
        uri
    }

    /// Gives the application another path than `old`, its PATH_INFO. (REQUEST_URI stays what the client asked for.)
    ///
    /// # Errors
    /// A path that leads above the root.
    pub(in crate::serve) fn set_path_info(&mut self, old: &[u8], new: &[u8]) -> Result<(), TargetError> {
        let new = target::resolved(new)?;
        let before = self.target.path.len().saturating_sub(old.len());
        let mut path = self.target.path.get(..before).unwrap_or_default().to_vec();
        path.extend(new);
        self.target.path = path.into();
        Ok(())
    }

    /// Gives the application another SCRIPT_NAME, and the same PATH_INFO.
    pub(in crate::serve) fn set_script_name(&mut self, script_name: &[u8], path_info: &[u8]) {
        let script_name = script_name.strip_suffix(b"/").unwrap_or(script_name);
        self.target.path = [script_name, path_info].concat().into();
        self.script_name = Bytes::copy_from_slice(script_name);
    }

    pub(in crate::serve) fn set_query(&mut self, query: Vec<u8>) {
        self.target.query = query.into();
    }

    /// Sets a variable that the application gets; one with HTTP_ as the header field that it stands for.
    pub(in crate::serve) fn set_variable(&mut self, name: &str, value: Vec<u8>) {
        let field = match name {
            "CONTENT_TYPE" => Some(header::CONTENT_TYPE),
            _ => name.strip_prefix("HTTP_").and_then(field_name),
        };
        match field {
            Some(field) => {
                if let Ok(value) = HeaderValue::from_maybe_shared(Bytes::from(value)) {
                    self.fields.insert(&field, value);
                    self.set_fields.push(field);
                }
            }
            None => {
                self.variables.retain(|(other, _)| other.as_ref() != name.as_bytes());
                self.variables.push((Bytes::copy_from_slice(name.as_bytes()), value.into()));
            }
        }
    }

    /// Sets a field that no client can send or remove.
    pub(in crate::serve) fn set_field(&mut self, name: &HeaderName, value: HeaderValue) {
        self.fields.insert(name, value);
        self.set_fields.push(name.clone());
    }

    fn field(&self, name: &HeaderName) -> Option<Cow<'_, [u8]>> {
        let mut values = self.fields.get_all(name).iter().map(HeaderValue::as_bytes);
        let first = Cow::Borrowed(values.next()?);
        let separator: &[u8] = if *name == header::COOKIE { b"; " } else { b", " };
        Some(values.fold(first, |mut all, value| {
            all.to_mut().extend_from_slice(separator);
            all.to_mut().extend_from_slice(value);
            all
        }))
    }
}

/// `FOO_BAR` as the name of a field.
fn field_name(name: &str) -> Option<HeaderName> {
    name.to_ascii_lowercase().replace('_', "-").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::request::Client;
    use crate::serve::request::environ::ScriptNameRule;
    use crate::serve::request::variables::from_variables;

    fn request(variables: &[(&str, &str)]) -> Request {
        let variables: Vec<(&[u8], &[u8])> =
            variables.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
        from_variables(&variables, false, Client::default()).unwrap().0
    }

    #[test]
    fn variables_by_name() {
        let mut request = request(&[
            ("REQUEST_URI", "/a"),
            ("PATH_INFO", "/a"),
            ("QUERY_STRING", "b=1&c=%20"),
            ("REMOTE_USER", "somebody"),
            ("HTTP_COOKIE", "x=1; id=7"),
            ("HTTP_X_A", "1"),
            ("HTTP_X_A", "2"),
            ("HTTPS", "on"),
        ]);
        let text = |request: &Request, name: &str| {
            request.variable(name).map(|value| String::from_utf8(value.into_owned()).unwrap())
        };
        for (name, value) in [
            ("QUERY_STRING", Some("b=1&c=%20")),
            ("REMOTE_USER", Some("somebody")),
            ("HTTP_X_A", Some("1, 2")),
            ("HTTPS", Some("on")),
            ("REQUEST_METHOD", Some("GET")),
            ("HTTP_NONE", None),
            ("NONE", None),
        ] {
            assert_eq!(text(&request, name).as_deref(), value, "{name}");
        }
        assert_eq!((request.cookie("id"), request.cookie("i")), (Some(&b"7"[..]), None));
        assert_eq!((request.parameter("c"), request.parameter("d")), (Some(&b"%20"[..]), None));
        request.set_variable("REMOTE_USER", b"other".to_vec());
        request.set_variable("HTTP_X_A", b"3".to_vec());
        assert_eq!(text(&request, "REMOTE_USER").as_deref(), Some("other"));
        assert_eq!(text(&request, "HTTP_X_A").as_deref(), Some("3"));
    }

    #[test]
    fn a_resource_has_one_uri() {
        for (raw, path, expected) in [
            ("/%70rivate", "/private", "/private"),
            ("//a/../private?x=%20", "/private", "/private?x=%20"),
            ("/a%3fb?c", "/a?b", "/a%3Fb?c"),
            ("/a%20b%25?", "/a b%", "/a%20b%25?"),
        ] {
            let query = raw.split_once('?').map_or("", |(_, query)| query);
            let request = request(&[("REQUEST_URI", raw), ("PATH_INFO", path), ("QUERY_STRING", query)]);
            assert_eq!(String::from_utf8(request.one_uri()).unwrap(), expected, "{raw}");
        }
    }

    #[test]
    fn another_path_for_the_application() {
        let mut request = request(&[("SCRIPT_NAME", "/app"), ("PATH_INFO", "/x")]);
        request.set_path_info(b"/x", b"/y/../z").unwrap();
        assert_eq!(&request.target.path[..], b"/app/z");
        request.set_script_name(b"/other/", b"/z");
        assert_eq!(&request.target.path[..], b"/other/z");
        assert_eq!(request.set_path_info(b"/z", b"/../z"), Err(TargetError::AboveRoot));
        let (script_name, path_info) = request.script_name_and_path_info(ScriptNameRule::AsSent);
        assert_eq!((script_name, &path_info[..]), (&b"/other"[..], &b"/z"[..]));
    }
}
