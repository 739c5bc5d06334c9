//! A configuration profile with a CA certificate, as iPhones, iPads and Macs install it (Apple,
//! "Configuration Profile Reference", payload `com.apple.security.root`).

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Anchor;

/// The profile as a property list in XML. Its identifiers come from the certificate: the same CA
/// makes the same profile, so that a second installation replaces the first.
pub fn mobileconfig(anchor: &Anchor) -> String {
    let name = escaped(&anchor.certificate.label());
    let sha256 = anchor.certificate.sha256();
    let short = sha256.get(..16).unwrap_or(&sha256);
    let mut data = String::new();
    let text = STANDARD.encode(&anchor.certificate.der);
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(rest.len().min(64));
        let _ = writeln!(data, "        {line}");
        rest = tail;
    }
    let (inner, outer) = (uuid(&sha256, "certificate"), uuid(&sha256, "profile"));
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>PayloadContent</key>
  <array>
    <dict>
      <key>PayloadCertificateFileName</key>
      <string>certkit-{short}.cer</string>
      <key>PayloadContent</key>
      <data>
{data}      </data>
      <key>PayloadDescription</key>
      <string>Adds a CA root certificate</string>
      <key>PayloadDisplayName</key>
      <string>{name}</string>
      <key>PayloadIdentifier</key>
      <string>certkit.{short}.root</string>
      <key>PayloadType</key>
      <string>com.apple.security.root</string>
      <key>PayloadUUID</key>
      <string>{inner}</string>
      <key>PayloadVersion</key>
      <integer>1</integer>
    </dict>
  </array>
  <key>PayloadDescription</key>
  <string>Makes this device trust certificates of {name}</string>
  <key>PayloadDisplayName</key>
  <string>{name}</string>
  <key>PayloadIdentifier</key>
  <string>certkit.{short}</string>
  <key>PayloadRemovalDisallowed</key>
  <false/>
  <key>PayloadType</key>
  <string>Configuration</string>
  <key>PayloadUUID</key>
  <string>{outer}</string>
  <key>PayloadVersion</key>
  <integer>1</integer>
</dict>
</plist>
"#
    )
}

/// A UUID of version 8 (RFC 9562 section 5.8: made as the application likes) out of the
/// fingerprint.
fn uuid(sha256: &str, what: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, format!("{what} {sha256}").as_bytes());
    let mut digits = String::new();
    for (index, &byte) in digest.as_ref().iter().take(16).enumerate() {
        let byte = match index {
            6 => 0x80 | byte & 0x0f, // version
            8 => 0x80 | byte & 0x3f, // variant
            _ => byte,
        };
        let dash = if matches!(index, 4 | 6 | 8 | 10) { "-" } else { "" };
        let _ = write!(digits, "{dash}{byte:02X}");
    }
    digits
}

/// Text for XML; characters that XML has no form for are left out.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars().filter(|c| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}')) {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            plain => out.push(plain),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_stable_and_have_the_form() {
        let one = uuid("ab", "profile");
        assert_eq!(one, uuid("ab", "profile"));
        assert_ne!(one, uuid("ab", "certificate"));
        assert_eq!(one.len(), 36);
        assert_eq!(one.as_bytes().get(14), Some(&b'8'));
    }

    #[test]
    fn markup_in_a_name_is_escaped() {
        assert_eq!(escaped("A<b>&\u{1}C"), "A&lt;b&gt;&amp;C");
    }
}
