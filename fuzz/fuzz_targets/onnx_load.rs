//! Any bytes are a network that answers, or an error; a file that is not well-formed is refused before
//! the library sees it.
#![no_main]

use emrshare_fuzz as _;
use emrshare_onnx::{Network, check};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let network = Network::load(bytes);
    assert!(check(bytes).is_ok() || network.is_err());
});
