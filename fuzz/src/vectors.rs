//! Test vectors, as data for targets and as seeds.

use std::{
    collections::{BTreeMap, HashMap},
    sync::LazyLock,
};

use emrshare_codec::{Digest, NodeId};
use emrshare_contracts::Genesis;
use emrshare_ledger::{Validator, ValidatorSet};
use serde_json::Value;

/// What proofs are checked against, and those that hold.
pub struct Ledger {
    pub chain: Digest,
    pub validators: ValidatorSet,
    pub receipts: Vec<Vec<u8>>,
    pub split_views: Vec<Vec<u8>>,
    pub successions: Vec<Vec<u8>>,
    /// The rows of each state, by its root.
    pub states: HashMap<Digest, BTreeMap<Vec<u8>, Vec<u8>>>,
}

/// The vectors of the ledger.
pub fn ledger() -> &'static Ledger {
    static LEDGER: LazyLock<Ledger> = LazyLock::new(read);
    &LEDGER
}

/// The founding document of the vectors.
pub fn genesis() -> &'static Genesis {
    static GENESIS: LazyLock<Genesis> = LazyLock::new(|| {
        let text = include_str!("../../crates/contracts/tests/vectors/genesis.json");
        let vectors: Value = serde_json::from_str(text).expect("the vectors are JSON");
        let document = vectors["document"].as_str().expect("a text");
        Genesis::from_bytes(document.as_bytes()).expect("a founding document")
    });
    &GENESIS
}

/// The file of vectors as JSON.
pub fn json() -> Value {
    let text = include_str!("../../crates/ledger/tests/vectors/ledger.json");
    serde_json::from_str(text).expect("the vectors are JSON")
}

/// The bytes of each vector of a group.
pub fn bytes(vectors: &Value, group: &str) -> Vec<Vec<u8>> {
    let bytes = |one: &Value| hex::decode(one["bytes"].as_str()?).ok();
    vectors[group].as_array().into_iter().flatten().filter_map(bytes).collect()
}

fn read() -> Ledger {
    let vectors = json();
    let member = |member: &Value| Validator {
        node: NodeId::new(member["node"].as_u64().expect("a number") as u32).expect("20 bits"),
        key: member["key"].as_str().expect("a text").parse().expect("a key"),
    };
    let members = vectors["validators"]["members"].as_array().expect("a list");
    Ledger {
        chain: vectors["chain"].as_str().expect("a text").parse().expect("a digest"),
        validators: ValidatorSet::new(members.iter().map(member).collect()),
        receipts: bytes(&vectors, "receipts"),
        split_views: bytes(&vectors, "split_views"),
        successions: bytes(&vectors, "successions"),
        states: vectors["states"].as_array().expect("a list").iter().map(state).collect(),
    }
}

fn state(one: &Value) -> (Digest, BTreeMap<Vec<u8>, Vec<u8>>) {
    let bytes = |text: &Value| hex::decode(text.as_str().expect("a text")).expect("hexadecimal");
    let rows = one["rows"].as_array().expect("a list").iter();
    let root = one["root"].as_str().expect("a text").parse().expect("a digest");
    (root, rows.map(|row| (bytes(&row[0]), bytes(&row[1]))).collect())
}
