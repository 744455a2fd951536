//! Round trips, order, strictness and error detection, over random values.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

use emrshare_codec::{
    DecodeError, Digest, Entry, EntryView, Kind, Marker, NodeId, Operation, RecordIndex, Serial,
};
use proptest::prelude::*;

fn indexes() -> impl Strategy<Value = RecordIndex> {
    (0..1u32 << 20, any::<[u8; 25]>()).prop_map(|(origin, serial)| {
        RecordIndex::new(NodeId::new(origin).unwrap(), Serial::from_be_bytes(serial))
    })
}

fn entries() -> impl Strategy<Value = Entry> {
    let kinds = prop_oneof![Just(Kind::Add), Just(Kind::Update), Just(Kind::Delete)];
    let operations = (0..1u16 << 14, kinds, 0..1u32 << 20).prop_map(|(marker, kind, acting)| {
        Operation::new(Marker::new(marker).unwrap(), kind, NodeId::new(acting).unwrap())
    });
    (operations, indexes(), any::<[u8; 32]>(), any::<[u8; 32]>())
        .prop_map(|(o, i, a, b)| Entry::new(o, i, Digest(a), Digest(b)))
}

/// The fields of an entry as one string of 0 and 1, written without any shifting.
fn naive_bits(entry: &Entry) -> String {
    let bytes = |b: &[u8]| b.iter().map(|b| format!("{b:08b}")).collect::<String>();
    format!(
        "{:014b}{:02b}{:020b}{:020b}{}{}{}",
        entry.operation().marker().get(),
        entry.operation().kind() as u8,
        entry.operation().acting().get(),
        entry.index().origin().get(),
        bytes(&entry.index().serial().to_be_bytes()),
        bytes(entry.original().as_ref()),
        bytes(entry.desensitized().as_ref()),
    )
}

proptest! {
    #[test]
    fn entry_round_trips(entry in entries()) {
        prop_assert_eq!(Entry::from_bytes(&entry.to_bytes()), Ok(entry));
    }

    #[test]
    fn entry_is_the_concatenation_of_its_bits(entry in entries()) {
        let bits: String = entry.to_bytes().iter().map(|b| format!("{b:08b}")).collect();
        prop_assert_eq!(bits, naive_bits(&entry));
    }

    #[test]
    fn any_96_bytes_are_refused_or_canonical(bytes in prop::collection::vec(any::<u8>(), 96)) {
        let bytes: [u8; 96] = bytes.try_into().unwrap();
        match Entry::from_bytes(&bytes) {
            Ok(entry) => prop_assert_eq!(entry.to_bytes(), bytes),
            Err(error) => {
                prop_assert_eq!(error, DecodeError::ReservedKind);
                prop_assert!(EntryView::new(&bytes).is_err());
            }
        }
    }

    #[test]
    fn orders_of_index_bytes_and_text_agree(a in indexes(), b in indexes()) {
        prop_assert_eq!(a.cmp(&b), a.to_key().cmp(&b.to_key()));
        prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        prop_assert_eq!(a.cmp(&b), (a.origin(), a.serial()).cmp(&(b.origin(), b.serial())));
    }

    #[test]
    fn index_text_round_trips_in_either_case(index in indexes()) {
        let text = index.to_string();
        prop_assert_eq!(text.len(), 50);
        prop_assert_eq!(text.parse(), Ok(index));
        prop_assert_eq!(text.to_uppercase().parse(), Ok(index));
    }

    #[test]
    fn serial_text_round_trips(serial in any::<[u8; 25]>()) {
        let serial = Serial::from_be_bytes(serial);
        prop_assert_eq!(serial.to_string().parse(), Ok(serial));
    }
}

/// The code is linear, so what holds for the zero index holds for all: a single or double error
/// goes unseen only if its own pattern has a zero remainder.
#[test]
fn every_single_and_double_error_is_found() {
    let alphabet = b"0123456789abcdefghjkmnpqrstvwxyz";
    let index = RecordIndex::new(NodeId::new(0).unwrap(), Serial::ZERO);
    let right = index.to_string().into_bytes();
    let read = |text: &[u8]| std::str::from_utf8(text).unwrap().parse::<RecordIndex>();
    for first in 0..right.len() {
        for a in alphabet.iter().filter(|a| **a != right[first]) {
            let mut wrong = right.clone();
            wrong[first] = *a;
            assert!(read(&wrong).is_err());
            for second in first + 1..right.len() {
                for b in alphabet.iter().filter(|b| **b != right[second]) {
                    let mut wrong = wrong.clone();
                    wrong[second] = *b;
                    assert!(read(&wrong).is_err(), "{first} {second}");
                }
            }
        }
    }
}

#[test]
fn serial_counts_over_byte_borders() {
    assert_eq!(Serial::from(0xffffu64).next(), Some(Serial::from(0x1_0000u64)));
    assert_eq!(Serial::from(10_000u64).to_string(), "10000");
    assert_eq!(Serial::ZERO.to_string(), "0");
    assert!(
        "1606938044258990275541962092341162602522202993782792835301376".parse::<Serial>().is_err()
    );
}

#[test]
fn numbers_out_of_range_are_refused() {
    assert!(NodeId::new(1 << 20).is_err());
    assert!(Marker::new(1 << 14).is_err());
    assert_eq!(Operation::from_bits(0b11 << 20), Err(DecodeError::ReservedKind));
}
