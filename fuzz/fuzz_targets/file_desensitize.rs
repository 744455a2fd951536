//! Any file is refused or treated; findings in any text lie on its characters, in order.
#![no_main]

use emrshare_desensitize::{Area, Desensitizer, Policy};
use emrshare_fuzz as _;
use emrshare_identity::ConsortiumKey;
use emrshare_recognize::find;
use libfuzzer_sys::fuzz_target;

/// Within small images, and outside of them.
const AREAS: [Area; 2] = [
    Area { x: 1, y: 1, width: 3, height: 2 },
    Area { x: u32::MAX, y: 2, width: u32::MAX, height: u32::MAX },
];

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let mut end = 0;
        for finding in find(text) {
            assert!(end <= finding.range.start && finding.range.start < finding.range.end);
            assert!(!text[finding.range.clone()].is_empty());
            end = finding.range.end;
        }
    }
    let key = ConsortiumKey::from_bytes([7; 32]);
    let _ =
        Desensitizer::new(Policy::hipaa_safe_harbor(), key).desensitize_file(bytes, Some(&AREAS));
});
