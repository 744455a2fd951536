//! The test vectors of `docs/format.md`, sections 2 and 3, for this and other implementations.
//!
//! `EMRSHARE_BLESS=1 cargo test -p emrshare-codec --test vectors` writes them anew; the format
//! itself is locked by a digest, so that no byte changes unseen.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

use std::{fmt::Debug, fs, path::Path};

use emrshare_codec::{
    Digest, Entry, EntryView, Kind, Marker, NodeId, Operation, RecordIndex, Serial,
};
use serde_json::{Value, json};
use sha2::Digest as _;

/// SHA-256 of the file with the vectors.
const LOCK: &str = "ec10f5699d02ca4e5e53995ba1c0f720c501ec4cff095ce3bdd4cecfca5827de";

#[test]
fn vectors_are_what_this_crate_does() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/codec.json");
    let vectors = serde_json::to_string_pretty(&vectors()).unwrap() + "\n";
    if std::env::var_os("EMRSHARE_BLESS").is_some() {
        fs::write(&path, &vectors).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), vectors);
    assert_eq!(hex::encode(sha2::Sha256::digest(&vectors)), LOCK, "a byte of the format changed");
}

fn vectors() -> Value {
    json!({
        "operations": operations().map(operation).collect::<Vec<_>>(),
        "bad_operations": bad_operations(),
        "indexes": indexes().map(index).collect::<Vec<_>>(),
        "bad_index_keys": bad_index_keys(),
        "bad_index_texts": bad_index_texts(),
        "entries": operations().zip(indexes()).map(|(o, i)| entry(o, i)).collect::<Vec<_>>(),
        "bad_entries": bad_entries(),
    })
}

fn operations() -> impl Iterator<Item = Operation> {
    let fields = [
        (0, Kind::Add, 0),
        (0x1e35, Kind::Add, 7),
        (0x1e35, Kind::Update, 0xfffff),
        (0x1e36, Kind::Delete, 0x80001),
        (0x3fff, Kind::Delete, 0xfffff),
        (0x2aaa, Kind::Update, 0x55555),
    ];
    fields.into_iter().map(|(marker, kind, acting)| {
        Operation::new(Marker::new(marker).unwrap(), kind, NodeId::new(acting).unwrap())
    })
}

fn indexes() -> impl Iterator<Item = RecordIndex> {
    let half = "803469022129495137770981046170581301261101496891396417650688";
    let fields = [
        (0, "0"),
        (7, "42"),
        (0xfffff, "1606938044258990275541962092341162602522202993782792835301375"),
        (1, "18446744073709551616"),
        (0x80000, half),
        (0x12345, "1000000007"),
    ];
    fields.into_iter().map(|(origin, serial)| {
        RecordIndex::new(NodeId::new(origin).unwrap(), serial.parse::<Serial>().unwrap())
    })
}

fn operation(operation: Operation) -> Value {
    assert_eq!(Operation::from_padded_bytes(operation.to_padded_bytes()), Ok(operation));
    assert_eq!(Operation::from_bits(operation.to_bits()), Ok(operation));
    json!({
        "marker": operation.marker().get(),
        "kind": operation.kind().to_string(),
        "acting": operation.acting().get(),
        "bits": format!("{:036b}", operation.to_bits()),
        "padded": hex::encode(operation.to_padded_bytes()),
    })
}

fn index(index: RecordIndex) -> Value {
    assert_eq!(RecordIndex::from_key(&index.to_key()), Ok(index));
    assert_eq!(index.to_string().parse(), Ok(index));
    json!({
        "origin": index.origin().get(),
        "serial": index.serial().to_string(),
        "key": hex::encode(index.to_key()),
        "text": index.to_string(),
    })
}

fn entry(operation: Operation, index: RecordIndex) -> Value {
    let original = Digest([operation.kind() as u8 + 1; 32]);
    let desensitized = Digest([0xf0 | index.origin().get() as u8; 32]);
    let entry = Entry::new(operation, index, original, desensitized);
    let bytes = entry.to_bytes();
    assert_eq!(Entry::from_bytes(&bytes), Ok(entry));
    assert_eq!(EntryView::new(&bytes).unwrap().iter().next(), Some(entry));
    json!({
        "marker": operation.marker().get(),
        "kind": operation.kind().to_string(),
        "acting": operation.acting().get(),
        "origin": index.origin().get(),
        "serial": index.serial().to_string(),
        "original": original.to_string(),
        "desensitized": desensitized.to_string(),
        "bytes": hex::encode(bytes),
    })
}

fn bad_operations() -> Vec<Value> {
    let bad = |why: &str, padded: [u8; 5]| {
        let error = Operation::from_padded_bytes(padded).unwrap_err();
        json!({"why": why, "padded": hex::encode(padded), "error": name(&error)})
    };
    vec![
        bad("kind 11", [0x78, 0xd7, 0x00, 0x00, 0x70]),
        bad("a bit behind the operation", [0x78, 0xd4, 0x00, 0x00, 0x71]),
    ]
}

fn bad_index_keys() -> Vec<Value> {
    let bad = |why: &str, key: &[u8]| {
        let error = RecordIndex::from_key(key).unwrap_err();
        json!({"why": why, "key": hex::encode(key), "error": name(&error)})
    };
    let mut padded = [0; 28];
    padded[0] = 0x10;
    vec![bad("27 bytes", &[0; 27]), bad("29 bytes", &[0; 29]), bad("a bit in front", &padded)]
}

fn bad_index_texts() -> Vec<Value> {
    let bad = |why: &str, text: String| {
        let error = text.parse::<RecordIndex>().unwrap_err();
        json!({"why": why, "text": text, "error": name(&error)})
    };
    let right = indexes().nth(1).unwrap().to_string();
    let with = |position: usize, character: &str| {
        let mut text = right.clone();
        text.replace_range(position..=position, character);
        text
    };
    let mut swapped = right.clone().into_bytes();
    swapped.swap(42, 43);
    vec![
        bad("49 characters", right[1..].to_owned()),
        bad("51 characters", format!("0{right}")),
        bad("a character outside the alphabet", with(3, "u")),
        bad("one character mistyped", with(10, "1")),
        bad("two characters mistyped", with(10, "1").replacen('0', "2", 1)),
        bad("two neighbours swapped", String::from_utf8(swapped).unwrap()),
        bad(
            "a character of the checksum mistyped",
            with(49, if right.ends_with('0') { "1" } else { "0" }),
        ),
    ]
}

fn bad_entries() -> Vec<Value> {
    let bad = |why: &str, bytes: &[u8]| {
        let error = EntryView::new(bytes).unwrap_err();
        json!({"why": why, "bytes": hex::encode(bytes), "error": name(&error)})
    };
    let mut reserved = [0; 96];
    reserved[1] = 0b11;
    vec![
        bad("95 bytes", &[0; 95]),
        bad("97 bytes", &[0; 97]),
        bad("kind 11", &reserved),
        bad("kind 11 in the second entry", &[[0; 96], reserved].concat()),
    ]
}

/// The variant of an error: what other implementations are to say.
fn name(error: &impl Debug) -> String {
    let text = format!("{error:?}");
    text.chars().take_while(char::is_ascii_alphanumeric).collect()
}
