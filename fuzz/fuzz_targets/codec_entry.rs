//! Any bytes are refused or are the canonical form of an entry; any text of an index likewise.
#![no_main]

use emrshare_codec::{Entry, EntryView, RecordIndex};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(view) = EntryView::new(bytes) {
        let again: Vec<u8> = view.iter().flat_map(|entry| entry.to_bytes()).collect();
        assert_eq!(again, bytes);
    }
    if let Some(first) = bytes.first_chunk() {
        assert!(Entry::from_bytes(first).is_ok_and(|entry| entry.to_bytes() == *first)
            || first[1] & 3 == 3);
    }
    if let Some(index) = std::str::from_utf8(bytes).ok().and_then(|text| text.parse::<RecordIndex>().ok()) {
        assert_eq!(index.to_string().parse(), Ok(index));
    }
});
