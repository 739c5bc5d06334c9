//! Hosts and the names that certificates have for them: what holds for all names is asserted.
#![no_main]

use std::net::IpAddr;

use certkit::internals::x509::{Certificate, CertificateName, HostName, SubjectAltName, Verdict};
use certkit_fuzz::chains;
use certkit_fuzz::der::wrap;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    // Two texts: a name that is asked for, and a name in a certificate.
    let text = String::from_utf8_lossy(data);
    let (asked, carried) = text.split_once('\n').unwrap_or((&text, &text));
    if let Ok(host) = HostName::parse(asked) {
        spellings(&host);
        match &host {
            HostName::Dns(name) => dns(name, &host, carried),
            HostName::Ip(address) => ip(*address, &host, carried),
        }
    }
    to_certify(carried);
    constraints(asked, carried);
});

/// However a host is spelt, it stays the same.
fn spellings(host: &HostName) {
    let text = host.to_string();
    assert_eq!(HostName::parse(&text).as_ref(), Ok(host));
    let pasted = match host {
        HostName::Ip(IpAddr::V6(_)) => format!("[{text}]"),
        _ => text.clone(),
    };
    for again in [format!("{pasted}:443"), format!("https://me@{pasted}:1/x?y#z"), text.to_uppercase()] {
        assert_eq!(HostName::parse(&again).as_ref(), Ok(host), "{again}");
    }
    if let HostName::Dns(_) = host {
        assert_eq!(HostName::parse(&format!("{text}.")).as_ref(), Ok(host));
    }
}

fn dns(name: &str, host: &HostName, carried: &str) {
    let matches = |carried: &str| host.matches(&SubjectAltName::Dns(carried.to_owned()));
    assert!(matches(name), "a name matches itself");
    assert_eq!(matches(carried), matches(&carried.to_ascii_uppercase()), "case makes no difference");
    assert!(!host.matches(&SubjectAltName::Mail(name.to_owned())));
    // A wildcard stands for the first label and for nothing else.
    if let Some((_, parent)) = name.split_once('.') {
        assert!(matches(&format!("*.{parent}")));
        assert!(!matches(parent));
        assert!(!matches(&format!("*.{name}")));
    }
    if matches(carried) {
        let labels = |name: &str| name.strip_suffix('.').unwrap_or(name).split('.').count();
        assert_eq!(labels(carried), labels(name), "{carried} matches {name}");
    }
}

fn ip(address: IpAddr, host: &HostName, carried: &str) {
    assert!(host.matches(&SubjectAltName::Ip(address)));
    assert!(!host.matches(&SubjectAltName::Dns(carried.to_owned())), "a DNS name is no address");
    if let IpAddr::V6(address) = address {
        let segments = address.segments().map(|segment| format!("{segment:04X}"));
        assert_eq!(HostName::parse(&segments.join(":")).as_ref(), Ok(host), "in full");
    }
}

/// What `mkcert` takes is what a client would then ask for.
fn to_certify(text: &str) {
    let Ok(name) = CertificateName::parse(text) else { return };
    assert_eq!(CertificateName::parse(&name.to_string()).as_ref(), Ok(&name));
    match name {
        CertificateName::Dns(name) => {
            let host =
                HostName::parse(&name.replacen('*', "a", 1)).expect("a name to certify can be asked for");
            assert!(host.matches(&SubjectAltName::Dns(name)));
        }
        CertificateName::Ip(address) => assert!(HostName::Ip(address).matches(&SubjectAltName::Ip(address))),
        CertificateName::Mail(_) | CertificateName::Uri(_) => {}
    }
}

/// The same constraint, permitted and excluded, cannot have the same verdict on a name.
fn constraints(base: &str, name: &str) {
    if base.len() > 100 || name.len() > 300 {
        return;
    }
    for (tag, name) in [
        (0x82, SubjectAltName::Dns(name.to_owned())),
        (0x81, SubjectAltName::Mail(name.to_owned())),
        (0x86, SubjectAltName::Uri(name.to_owned())),
    ] {
        let judge = |place| {
            let tree = wrap(0x30, &wrap(tag, base.as_bytes()));
            let value = wrap(0x30, &wrap(place, &tree));
            let der = chains::with_extension(&[0x55, 0x1d, 0x1e], true, &value);
            let certificate = Certificate::from_der(der).ok()?;
            Some(certificate.name_constraints.as_ref()?.judge(&name, &mut 1000))
        };
        let (permitted, excluded) = (judge(0xa0), judge(0xa1));
        match (permitted, excluded) {
            (Some(Verdict::Within), Some(verdict)) => assert_eq!(verdict, Verdict::Outside),
            (Some(Verdict::Unprocessed), verdict) => assert_eq!(verdict, permitted),
            _ => {}
        }
    }
}
