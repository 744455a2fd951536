//! Any text is refused or is an index in a spelling of its own; keys likewise.
#![no_main]

use emrshare_codec::{RecordIndex, Serial};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(index) = RecordIndex::from_key(bytes) {
        assert_eq!(index.to_key().as_slice(), bytes);
        assert_eq!(index.to_string().parse(), Ok(index));
        assert_eq!(index.serial().to_string().parse(), Ok(index.serial()));
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(index) = text.parse::<RecordIndex>() {
        let folded = text.to_ascii_lowercase().replace('o', "0").replace(['i', 'l'], "1");
        assert_eq!(index.to_string(), folded);
    }
    if let Ok(serial) = text.parse::<Serial>() {
        assert_eq!(
            serial.to_string(),
            text.trim_start_matches('0').to_owned()
                + if text.bytes().all(|b| b == b'0') { "0" } else { "" }
        );
    }
});
