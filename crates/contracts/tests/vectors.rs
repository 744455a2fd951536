//! The test vector of `docs/format.md`, section 9, for this and other implementations.
//!
//! `EMRSHARE_BLESS=1 cargo test -p emrshare-contracts --test vectors` writes it anew; the format
//! itself is locked by a digest, so that no byte changes unseen.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

use std::{fs, path::Path};

use emrshare_codec::{Digest, NodeId};
use emrshare_contracts::{Genesis, Member, Terms};
use emrshare_identity::{Authority, SigningKey, Subject, Validity};
use serde_json::{Value, json};
use sha2::Digest as _;

/// SHA-256 of the file with the vectors.
const LOCK: &str = "1a0bafe05c4ae04f01c16356e34165d07e4e09131dd2a371520b219b0afd7efa";
const TIME: i64 = 1_763_683_200;

#[test]
fn vector_is_what_this_crate_does() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/genesis.json");
    let vectors = serde_json::to_string_pretty(&vectors()).unwrap() + "\n";
    if std::env::var_os("EMRSHARE_BLESS").is_some() {
        fs::write(&path, &vectors).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), vectors);
    assert_eq!(hex::encode(sha2::Sha256::digest(&vectors)), LOCK, "a byte of the format changed");
}

fn vectors() -> Value {
    let genesis = genesis();
    let document = std::str::from_utf8(genesis.as_bytes()).unwrap();
    assert_eq!(Genesis::from_bytes(document.as_bytes()).unwrap().chain(), genesis.chain());
    let key = |member: &emrshare_ledger::Validator| json!({"node": member.node.get(), "key": member.key.to_string()});
    let block = genesis.block();
    json!({
        "document": document,
        "chain": genesis.chain().to_string(),
        "validators": genesis.validators().members().iter().map(key).collect::<Vec<_>>(),
        "validators_root": genesis.validators().root().to_string(),
        "state_root": block.header().state_root.to_string(),
        "block": hex::encode(block.as_bytes()),
        "block_hash": block.hash().to_string(),
    })
}

fn genesis() -> Genesis {
    let key = |seed: u8| SigningKey::from_seed([seed; 32]);
    let validity = Validity { not_before: TIME - 3600, not_after: TIME + 365 * 24 * 3600 };
    let authority = Authority::new(key(1), "Vector authority", validity).unwrap();
    let member = |node: u8| {
        let subject = Subject {
            node: NodeId::new(node.into()).unwrap(),
            institution: format!("Hospital {node}"),
            consensus_key: key(10 + node).public_key(),
            tls_key: key(20 + node).public_key(),
            hosts: vec!["localhost".into()],
        };
        Member {
            api: format!("https://127.0.0.1:{}", 8440 + 2 * u32::from(node)),
            certificate: authority.issue(&subject, validity).unwrap(),
            consensus: format!("127.0.0.1:{}", 8441 + 2 * u32::from(node)),
            institution: subject.institution,
            node: node.into(),
        }
    };
    let terms = Terms {
        name: "Vector consortium 联盟".into(),
        authority: authority.certificate_pem().into(),
        protocol: Digest([1; 32]),
        policy: Digest([2; 32]),
        standards: Digest([3; 32]),
        time: TIME,
    };
    Genesis::new(terms, (0..4).map(member).collect()).unwrap()
}
