//! Any policy is refused or read, and what it does to any file is done again alike and reported
//! without values: a policy, a NUL, a file.
#![no_main]

use emrshare_desensitize::{Class, Desensitizer, Policy, RevealKey};
use emrshare_identity::ConsortiumKey;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let at = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (text, file) = (String::from_utf8_lossy(&bytes[..at]), bytes.get(at + 1..).unwrap_or(&[]));
    let Ok(policy) = Policy::parse(&text) else { return };
    let reveal_key = RevealKey::from_bytes(&[3; 32]);
    for line in String::from_utf8_lossy(file).lines() {
        let _ = reveal_key.reveal(Class::Identifier, line);
    }
    let key = ConsortiumKey::from_bytes([7; 32]);
    let desensitizer = Desensitizer::new(policy, key).with_reveal_key(reveal_key);
    let Ok(copy) = desensitizer.desensitize_file(file, None) else { return };
    let again = desensitizer.desensitize_file(file, None).expect("it was treated before");
    assert!(copy.bytes == again.bytes && copy.report == again.report);
    assert!(copy.report.treated().iter().all(|treated| treated.place.is_ascii()));
    let mut streamed = Vec::new();
    let _ = desensitizer.desensitize_text(file, &mut streamed);
});
