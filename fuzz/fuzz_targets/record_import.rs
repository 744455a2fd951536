//! Any file is refused or becomes a record that can be desensitized or refused.
#![no_main]

use emrshare_desensitize::{Desensitizer, Policy, Sights};
use emrshare_fuzz as _;
use emrshare_identity::ConsortiumKey;
use emrshare_record::{RecordFile, SourceFile, import};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let key = ConsortiumKey::from_bytes([7; 32]);
    let name = if bytes.first() == Some(&b'{') { "file.json" } else { "file.txt" };
    if let Ok((record, _)) = import(vec![SourceFile::new(name, bytes.to_vec())]) {
        let file = RecordFile::original(&record, &key);
        assert_eq!(RecordFile::from_bytes(&file.to_bytes()).unwrap().manifest(), file.manifest());
        let _ = Desensitizer::new(Policy::hipaa_safe_harbor(), key)
            .desensitize(&record, &Sights::clear(&record));
    }
});
