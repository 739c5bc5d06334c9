//! The settings files of certbot and acme.sh: whatever is in them, they are read, and no value is empty.
#![no_main]

use certkit::internals::acme::import::settings::{ForeignSettings, list};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    for settings in [ForeignSettings::of_configobj(&text), ForeignSettings::of_shell(&text)] {
        for section in ["", "renewalparams", "webroot_map"] {
            for (name, value) in settings.section(section) {
                assert!(settings.of(section, name).is_none_or(|value| !value.is_empty()));
                assert!(list(value).iter().all(|part| !part.is_empty()));
            }
        }
    }
});
