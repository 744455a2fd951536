//! Any bytes are a picture of the size that it says, or an error.
#![no_main]

use emrshare_fuzz as _;
use emrshare_picture::Picture;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(picture) = Picture::decode(bytes) {
        assert_eq!(picture.rgb().len(), 3 * picture.width() * picture.height());
    }
});
