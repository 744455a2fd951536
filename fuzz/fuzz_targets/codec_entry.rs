//! Any bytes are refused or are the canonical form of entries; any entry is the concatenation of
//! its bits.
#![no_main]

use emrshare_codec::{Entry, EntryView};
use emrshare_fuzz::naive;
use libfuzzer_sys::{arbitrary::Unstructured, fuzz_target};

fuzz_target!(|bytes: &[u8]| {
    match EntryView::new(bytes) {
        Ok(view) => {
            let again: Vec<u8> = view.iter().flat_map(|entry| entry.to_bytes()).collect();
            assert_eq!(again, bytes);
            view.iter().zip(bytes.chunks(Entry::LEN)).for_each(|(entry, bytes)| {
                assert_eq!(naive::bits_of_bytes(bytes), naive::bits(&entry));
            });
        }
        Err(_) => {
            let reserved =
                bytes.chunks(Entry::LEN).any(|entry| entry.get(1).is_some_and(|b| b & 3 == 3));
            assert!(reserved || bytes.len() % Entry::LEN != 0);
        }
    }
    if let Ok(entry) = Unstructured::new(bytes).arbitrary::<Entry>() {
        assert_eq!(Entry::from_bytes(&entry.to_bytes()), Ok(entry));
        assert_eq!(naive::bits_of_bytes(&entry.to_bytes()), naive::bits(&entry));
    }
});
