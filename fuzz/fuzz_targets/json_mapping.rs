//! A mapping, a zero byte and a hospital's own JSON: refused, or a record that can be desensitized or
//! refused.
#![no_main]

use emrshare_desensitize::{Desensitizer, Policy, Sights};
use emrshare_fuzz as _;
use emrshare_identity::ConsortiumKey;
use emrshare_record::{Mapping, RecordFile, SourceFile, import_with};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some(end) = bytes.iter().position(|byte| *byte == 0) else { return };
    let Ok(text) = std::str::from_utf8(&bytes[..end]) else { return };
    let Ok(mapping) = Mapping::from_text(text) else { return };
    let file = SourceFile::new("own.json", bytes[end + 1..].to_vec());
    let key = ConsortiumKey::from_bytes([7; 32]);
    if let Ok((record, _)) = import_with(vec![file], Some(&mapping)) {
        let file = RecordFile::original(&record, &key);
        assert_eq!(RecordFile::from_bytes(&file.to_bytes()).unwrap().manifest(), file.manifest());
        let _ = Desensitizer::new(Policy::hipaa_safe_harbor(), key)
            .desensitize(&record, &Sights::clear(&record));
    }
});
