//! Any bytes are a certificate or none: every validator reads those that applicants show.
#![no_main]

use emrshare_fuzz::vectors;
use emrshare_identity::{IssuedCertificate, NodeCertificate};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // As TLS hands it over, and with any signature.
    let _ = NodeCertificate::from_verified_der(bytes);
    let Ok(pem) = std::str::from_utf8(bytes) else { return };
    let genesis = vectors::genesis();
    let read = NodeCertificate::read_pem(pem, genesis.authority());
    assert_eq!(read.is_ok(), IssuedCertificate::read(pem, genesis.authority()).is_ok());
    if let Ok(read) = read {
        assert!(genesis.members().any(|(_, known)| *known == read));
    }
});
