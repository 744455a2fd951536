//! The test vectors of `docs/format.md`, sections 4 to 10, for this and other implementations.
//!
//! `EMRSHARE_BLESS=1 cargo test -p emrshare-ledger --test vectors` writes them anew; the format
//! itself is locked by a digest, so that no byte changes unseen.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

use std::{fmt::Debug, fs, path::Path};

use emrshare_codec::{Digest, Kind};
use emrshare_ledger::{
    Block, BlockBuilder, CertifiedHeader, ContractId, FinalHeader, Header, History, Item, Memory,
    Overlay, Receipt, SplitView, StatePath, StateProof, Submission, Succession, Successions,
    Transaction, TransactionDraft, ValidatorSet, key as state_key, merkle, wire::Reader,
};
use serde_json::{Value, json};
use sha2::Digest as _;

mod common;
use common::{CHAIN, certificate, certificate_in, entry, key, node, submission, validators};

/// SHA-256 of the file with the vectors.
const LOCK: &str = "137c360562d817511d9554bd162132d17f19ae588aef2a755dfbeea03b8dbe90";

#[test]
fn vectors_are_what_this_crate_does() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/ledger.json");
    let vectors = serde_json::to_string_pretty(&vectors()).unwrap() + "\n";
    if std::env::var_os("EMRSHARE_BLESS").is_some() {
        fs::write(&path, &vectors).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), vectors);
    assert_eq!(hex::encode(sha2::Sha256::digest(&vectors)), LOCK, "a byte of the format changed");
}

fn vectors() -> Value {
    let trees = [0, 1, 2, 3, 7, 8].map(tree);
    let histories = [0, 1, 2, 6].map(history);
    let states = [0, 1, 2, 40].map(good_state);
    let [in_gap, beside] = [false, true].map(absent);
    let proofs = [(0, 7), (1, 1), (1, 7), (40, 1), (40, in_gap), (40, beside)];
    let state_proofs = proofs.map(|(count, number)| good_state_proof(&state_proof(count, number)));
    json!({
        "chain": CHAIN.to_string(),
        "validators": members(&validators(4)),
        "merkle": trees,
        "histories": histories,
        "submissions": [good_submission(&submission(1, batch(1))), good_submission(&submission(u64::MAX, batch(5)))],
        "bad_submissions": bad_submissions(),
        "transactions": [good_transaction(b""), good_transaction(b"what the contract is told")],
        "bad_transactions": bad_transactions(),
        "headers": [good_header(genesis().header()), good_header(block().header())],
        "bad_headers": bad_headers(),
        "blocks": [good_block(&genesis()), good_block(&block())],
        "bad_blocks": bad_blocks(),
        "receipts": [good_receipt(&receipt(0)), good_receipt(&receipt(3))],
        "bad_receipts": bad_receipts(),
        "states": states,
        "state_proofs": state_proofs,
        "bad_state_proofs": bad_state_proofs(),
        "split_views": [good_split(&split(5)), good_split(&split(6))],
        "bad_split_views": bad_splits(),
        "successions": [good_successions(1), good_successions(256), good_successions(600)],
        "bad_successions": bad_successions(),
    })
}

fn batch(count: u64) -> Vec<emrshare_codec::Entry> {
    (0..count).map(|serial| entry(Kind::Add, 0, serial, serial as u8)).collect()
}

fn genesis() -> Block {
    Block::genesis(CHAIN, Digest([0; 32]), validators(4).root())
}

fn transaction(payload: &[u8]) -> Vec<u8> {
    let draft = TransactionDraft {
        node: node(1),
        contract: ContractId(0x0203),
        nonce: 77,
        payload: payload.to_vec(),
    };
    draft.sign(CHAIN, &key(9))
}

/// Two submissions, a transaction and somebody else's item.
fn block() -> Block {
    let mut history = History::default();
    history.append(genesis().hash());
    let mut builder = BlockBuilder::new(1 << 20);
    builder.push(&submission(1, batch(5))).unwrap();
    builder.push(&transaction(b"payload")).unwrap();
    builder.push(&submission(9, vec![entry(Kind::Add, 1, 0, 77)])).unwrap();
    builder.push(&[0xff, 0xff, 0x01]).unwrap();
    builder.build(genesis().header(), 1_763_683_200_000, history.root(), Digest([0x5a; 32]))
}

/// The receipt of one of five entries, whose block is final through `descendants` more.
fn receipt(descendants: usize) -> Receipt {
    let mut history = History::default();
    history.append(genesis().hash());
    let mut headers = vec![*block().header()];
    for _ in 0..descendants {
        let parent = headers.last().unwrap();
        history.append(parent.hash());
        let child = BlockBuilder::new(1 << 20).build(parent, 0, history.root(), Digest([0x5a; 32]));
        headers.push(*child.header());
    }
    let votes = certificate(headers.last().unwrap().hash(), &validators(4), 3);
    Receipt::make(&block(), |found| *found == batch(5)[3], headers[1..].to_vec(), votes).unwrap()
}

/// Two headers that differ in time, the second voted for in `view`.
fn split(view: u8) -> SplitView {
    let vote = |header: Header, view, positions| {
        let certificate = certificate_in(view, header.hash(), &validators(4), positions);
        CertifiedHeader { header, certificate }
    };
    let [a, b] = [1, 2].map(|time_ms| Header { time_ms, ..*block().header() });
    SplitView::between(vote(a, 5, 0..3), vote(b, view, 1..4)).unwrap()
}

fn members(set: &ValidatorSet) -> Value {
    let member = |member: &emrshare_ledger::Validator| json!({"node": member.node.get(), "key": member.key.to_string()});
    json!({
        "members": set.members().iter().map(member).collect::<Vec<_>>(),
        "root": set.root().to_string(),
        "quorum": set.quorum(),
    })
}

fn digests(digests: &[Digest]) -> Vec<String> {
    digests.iter().map(ToString::to_string).collect()
}

fn tree(count: u8) -> Value {
    let data: Vec<_> = (0..count).map(|number| vec![number; usize::from(number)]).collect();
    let leaves: Vec<_> = data.iter().map(|data| merkle::leaf_hash(data)).collect();
    let paths =
        (0..leaves.len()).map(|position| digests(&merkle::prove(&leaves, position).unwrap()));
    let consistency = (0..=leaves.len()).map(|first| {
        let path = merkle::prove_consistency(&leaves, first).unwrap();
        json!({"first": first, "first_root": merkle::root(&leaves[..first]).to_string(), "path": digests(&path)})
    });
    json!({
        "data": data.iter().map(hex::encode).collect::<Vec<_>>(),
        "root": merkle::root(&leaves).to_string(),
        "paths": paths.collect::<Vec<_>>(),
        "consistency": consistency.collect::<Vec<_>>(),
    })
}

fn history(count: u8) -> Value {
    let mut history = History::default();
    let blocks: Vec<_> = (0..count).map(|number| Digest([number; 32])).collect();
    blocks.iter().for_each(|block| history.append(*block));
    json!({
        "blocks": digests(&blocks),
        "root": history.root().to_string(),
        "bytes": hex::encode(history.to_bytes()),
    })
}

fn good_submission(bytes: &[u8]) -> Value {
    let read = Submission::from_bytes(bytes).unwrap();
    let signer = key(read.node().get()).public_key();
    read.verify(CHAIN, &signer).unwrap();
    json!({
        "bytes": hex::encode(bytes),
        "key": signer.to_string(),
        "node": read.node().get(),
        "sequence": read.sequence().to_string(),
        "entries": read.entries().len(),
        "entries_root": merkle::root(&read.leaves()).to_string(),
        "leaf": Item::from_bytes(bytes).unwrap().leaf().to_string(),
    })
}

fn bad_submissions() -> Vec<Value> {
    let signer = key(0).public_key();
    let bad = |why: &str, bytes: Vec<u8>| {
        let error = match Submission::from_bytes(&bytes) {
            Err(error) => name(&error),
            Ok(read) => name(&read.verify(CHAIN, &signer).unwrap_err()),
        };
        json!({"why": why, "bytes": hex::encode(bytes), "key": signer.to_string(), "error": error})
    };
    let right = submission(1, batch(2));
    let mut mixed = right.clone();
    mixed[96..192].copy_from_slice(&entry(Kind::Add, 1, 0, 9).to_bytes());
    let mut reserved = right.clone();
    reserved[97] |= 0b11;
    vec![
        bad("no entry", right[192..].to_vec()),
        bad("shorter than sequence and signature", right[..70].to_vec()),
        bad("a part of an entry", right[1..].to_vec()),
        bad("kind 11", reserved),
        bad("entries of two nodes", mixed),
        bad("another sequence than was signed", flipped(&right, 192 * 8 + 63)),
        bad("another entry than was signed", flipped(&right, 40 * 8)),
        bad("another signature", flipped(&right, (right.len() - 1) * 8)),
        bad("another order of entries", [&right[96..192], &right[..96], &right[192..]].concat()),
    ]
}

fn good_transaction(payload: &[u8]) -> Value {
    let bytes = transaction(payload);
    let read = Transaction::from_bytes(&bytes).unwrap();
    read.verify(CHAIN).unwrap();
    json!({
        "bytes": hex::encode(&bytes),
        "node": read.node().get(),
        "contract": read.contract().0,
        "signer": read.signer().to_string(),
        "nonce": read.nonce().to_string(),
        "payload": hex::encode(read.payload()),
        "leaf": Item::from_bytes(&bytes).unwrap().leaf().to_string(),
    })
}

fn bad_transactions() -> Vec<Value> {
    let bad = |why: &str, bytes: Vec<u8>| {
        let error = match Transaction::from_bytes(&bytes) {
            Err(error) => name(&error),
            Ok(read) => name(&read.verify(CHAIN).unwrap_err()),
        };
        json!({"why": why, "bytes": hex::encode(bytes), "error": error})
    };
    let right = transaction(b"payload");
    vec![
        bad("a bit behind the operation", flipped(&right, 39)),
        bad("shorter than head and signature", right[..100].to_vec()),
        bad("another payload than was signed", flipped(&right, 47 * 8)),
        bad("another signer", flipped(&right, 7 * 8)),
    ]
}

fn good_header(header: &Header) -> Value {
    let bytes = header.to_bytes();
    assert_eq!(Header::read(&mut Reader::new(&bytes)).as_ref(), Ok(header));
    json!({
        "bytes": hex::encode(bytes),
        "hash": header.hash().to_string(),
        "chain": header.chain.to_string(),
        "height": header.height.to_string(),
        "time_ms": header.time_ms.to_string(),
        "previous": header.previous.to_string(),
        "history_root": header.history_root.to_string(),
        "body_root": header.body_root.to_string(),
        "items": header.items,
        "entries": header.entries,
        "state_root": header.state_root.to_string(),
        "validators_root": header.validators_root.to_string(),
        "next_validators_root": header.next_validators_root.to_string(),
    })
}

fn bad_headers() -> Vec<Value> {
    let right = genesis().header().to_bytes();
    let bad = |why: &str, bytes: Vec<u8>| {
        let error = name(&Header::read(&mut Reader::new(&bytes)).unwrap_err());
        json!({"why": why, "bytes": hex::encode(bytes), "error": error})
    };
    vec![
        bad("version 0", flipped(&right, 7)),
        bad("248 bytes", right[..248].to_vec()),
        bad("nothing", Vec::new()),
    ]
}

fn good_block(block: &Block) -> Value {
    assert_eq!(Block::from_bytes(block.as_bytes().to_vec()).unwrap().hash(), block.hash());
    let leaves: Vec<_> = block.items().map(|item| item.leaf()).collect();
    json!({
        "bytes": hex::encode(block.as_bytes()),
        "hash": block.hash().to_string(),
        "leaves": digests(&leaves),
    })
}

fn bad_blocks() -> Vec<Value> {
    let bad = |why: &str, bytes: Vec<u8>| {
        let error = name(&Block::from_bytes(bytes.clone()).unwrap_err());
        json!({"why": why, "bytes": hex::encode(bytes), "error": error})
    };
    let right = block().as_bytes().to_vec();
    let at = Header::LEN;
    let mut long = right.clone();
    long[at..at + 4].copy_from_slice(&u32::MAX.to_be_bytes());
    vec![
        bad("another body than the header names", flipped(&right, (at + 4 + 40) * 8)),
        bad("an item less", right[..right.len() - 7].to_vec()),
        bad("another number of entries", flipped(&right, (1 + 32 + 8 + 8 + 96 + 4) * 8 + 31)),
        bad("an item cut short", right[..right.len() - 1].to_vec()),
        bad("an item longer than any", long),
        bad("a byte behind the last item", [right.as_slice(), &[0]].concat()),
        bad("an item of one byte", [right.as_slice(), &[0, 0, 0, 1, 0x78]].concat()),
    ]
}

fn good_receipt(receipt: &Receipt) -> Value {
    let bytes = receipt.to_bytes();
    assert_eq!(Receipt::from_bytes(&bytes).as_ref(), Ok(receipt));
    let proven = receipt.verify(CHAIN, &validators(4)).unwrap();
    json!({
        "bytes": hex::encode(bytes),
        "entry": hex::encode(proven.entry.to_bytes()),
        "block": proven.block.to_string(),
        "height": proven.header.height.to_string(),
        "votes": proven.votes,
    })
}

fn bad_receipts() -> Vec<Value> {
    let bad = |why: &str, bytes: Vec<u8>| {
        let error = match Receipt::from_bytes(&bytes) {
            Err(error) => name(&error),
            Ok(read) => name(&read.verify(CHAIN, &validators(4)).unwrap_err()),
        };
        json!({"why": why, "bytes": hex::encode(bytes), "error": error})
    };
    let right = receipt(0).to_bytes();
    let far = receipt(3).to_bytes();
    let votes = |count: usize, positions: [u16; 3]| {
        let mut bytes = right[..right.len() - 4 - 3 * 66].to_vec();
        bytes.extend_from_slice(&(count as u32).to_be_bytes());
        for (number, position) in positions.iter().enumerate().take(count) {
            let at = right.len() - (3 - number) * 66;
            bytes.extend_from_slice(&position.to_be_bytes());
            bytes.extend_from_slice(&right[at + 2..at + 66]);
        }
        bytes
    };
    // Version, entry, position, number of entries, then the path's length.
    let path = 1 + 96 + 4 + 4;
    let descendant = far.len() - 3 * 66 - 28 - Header::LEN;
    vec![
        bad("version 0", flipped(&right, 7)),
        bad("cut short", right[..right.len() - 1].to_vec()),
        bad("a byte behind the end", [right.as_slice(), &[0]].concat()),
        bad("a path of 33 hashes", [&right[..path], &[33], &right[path + 1..]].concat()),
        bad("another entry", flipped(&right, 60 * 8)),
        bad("another position", flipped(&right, (1 + 96) * 8 + 31)),
        bad("another hash in the path", flipped(&right, (path + 1) * 8)),
        bad("two votes of four", votes(2, [0, 1, 2])),
        bad("one validator three times", votes(3, [0, 0, 0])),
        bad("a validator outside the set", votes(3, [0, 1, 4])),
        bad("a signature under another name", votes(3, [0, 1, 3])),
        bad("a vote changed", flipped(&right, (right.len() - 1) * 8)),
        bad(
            "headers that do not follow one another",
            flipped(&far, (descendant + 1 + 32 + 16) * 8),
        ),
    ]
}

/// The originals 0 to `count`, each of a record of node 0, and the root over them.
fn state(count: u8) -> (Memory, Digest) {
    let mut state = Memory::default();
    let mut overlay = Overlay::new(&state);
    for number in 0..count {
        let index = entry(Kind::Add, 0, number.into(), number).index();
        overlay.put(state_key::original(Digest([number; 32])), index.to_key().to_vec());
    }
    let (changes, root) = overlay.seal().unwrap();
    state.apply(changes);
    (state, root)
}

fn good_state(count: u8) -> Value {
    let (state, root) = state(count);
    // Pages are how this crate keeps the tree; they are no part of the format.
    let rows = state.0.iter().filter(|(key, _)| key.starts_with(b"d"));
    let rows: Vec<_> = rows.map(|(key, value)| [key, value].map(hex::encode)).collect();
    json!({"rows": rows, "root": root.to_string()})
}

/// What the state of `count` originals holds under the original `number`.
fn state_proof(count: u8, number: u8) -> StateProof {
    let (state, state_root) = state(count);
    let header = Header { state_root, ..*block().header() };
    let certificate = certificate(header.hash(), &validators(4), 3);
    let finality = FinalHeader { header, descendants: Vec::new(), certificate };
    StatePath::find(&state, state_key::original(Digest([number; 32]))).unwrap().proven_by(finality)
}

/// In a state proof: behind version and a key of 33 bytes with its length.
const VALUE_FLAG: usize = 1 + 4 + 33;

/// An original that is not among the first 40, where another leaf stands or none does.
fn absent(beside_other: bool) -> u8 {
    let flag = |number| state_proof(40, number).to_bytes()[VALUE_FLAG + 1];
    (40..=255).find(|number| flag(*number) == u8::from(beside_other)).unwrap()
}

fn good_state_proof(proof: &StateProof) -> Value {
    let bytes = proof.to_bytes();
    assert_eq!(StateProof::from_bytes(&bytes).as_ref(), Ok(proof));
    let header = proof.verify(CHAIN, &validators(4)).unwrap();
    json!({
        "bytes": hex::encode(&bytes),
        "key": hex::encode(proof.key()),
        "value": proof.value().map(hex::encode),
        "block": header.hash().to_string(),
    })
}

fn bad_state_proofs() -> Vec<Value> {
    let bad = |why: &str, bytes: Vec<u8>| {
        let error = match StateProof::from_bytes(&bytes) {
            Err(error) => name(&error),
            Ok(read) => name(&read.verify(CHAIN, &validators(4)).unwrap_err()),
        };
        json!({"why": why, "bytes": hex::encode(bytes), "error": error})
    };
    let here = state_proof(40, 1).to_bytes();
    let [empty, other] = [false, true].map(|other| state_proof(40, absent(other)).to_bytes());
    let (value, of_leaf) = (VALUE_FLAG, VALUE_FLAG + 1);
    let of_value = value + 1 + 4 + 28;
    let leaf: Vec<_> = here[of_value..].to_vec();
    vec![
        bad("version 0", flipped(&here, 7)),
        bad("a key of 4,097 bytes", [&here[..1], &4097u32.to_be_bytes(), &here[5..]].concat()),
        bad("value flag 2", [&here[..value], &[2], &here[value + 1..]].concat()),
        bad("a value and another leaf", flipped(&here, of_value * 8 + 7)),
        bad("leaf flag 2", [&empty[..of_leaf], &[2], &empty[of_leaf + 1..]].concat()),
        bad("257 hashes", [&here[..=of_value], &257u32.to_be_bytes(), &leaf[5..]].concat()),
        bad("another key", flipped(&here, 6 * 8)),
        bad("another value", flipped(&here, (of_value - 1) * 8)),
        bad("a value denied", [&here[..value], &[0], &leaf].concat()),
        bad("a key of that name denied", denied(1, &here, value, of_value)),
        bad("another leaf than there is", flipped(&other, (of_leaf + 1) * 8)),
        bad("another hash on the way", flipped(&here, (of_value + 5) * 8)),
        bad("a hash less on the way", shortened(&here, of_value + 1)),
        bad("another state root", flipped(&here, (here.len() - 3 * 66 - 28 - 4 - 96) * 8)),
        bad("a vote changed", flipped(&here, (here.len() - 1) * 8)),
        bad("cut short", here[..here.len() - 1].to_vec()),
        bad("a byte behind the end", [here.as_slice(), &[0]].concat()),
    ]
}

/// A proof of presence made one of absence, with the key's own leaf as the other one.
fn denied(number: u8, proof: &[u8], value: usize, of_value: usize) -> Vec<u8> {
    let digest = |bytes: &[u8]| sha2::Sha256::digest(bytes).to_vec();
    let key = digest(&state_key::original(Digest([number; 32])));
    let held = digest(&proof[of_value - 28..of_value]);
    [&proof[..value], &[0, 1], &key, &held, &proof[of_value + 1..]].concat()
}

/// The proof without the lowest hash; `at` is where their number stands.
fn shortened(proof: &[u8], at: usize) -> Vec<u8> {
    let count = u32::from_be_bytes(proof[at..at + 4].try_into().unwrap());
    let end = at + 4 + 32 * count as usize;
    [&proof[..at], &(count - 1).to_be_bytes(), &proof[at + 4..end - 32], &proof[end..]].concat()
}

fn good_split(split: &SplitView) -> Value {
    let bytes = split.to_bytes();
    assert_eq!(SplitView::from_bytes(&bytes).as_ref(), Ok(split));
    let proven = split.verify(CHAIN, &validators(4)).unwrap();
    let twice: Vec<_> = proven.voted_twice.iter().map(|node| node.get()).collect();
    json!({
        "bytes": hex::encode(bytes),
        "height": proven.height.to_string(),
        "blocks": digests(&proven.blocks),
        "voted_twice": twice,
    })
}

fn bad_splits() -> Vec<Value> {
    let bad = |why: &str, bytes: Vec<u8>| {
        let error = match SplitView::from_bytes(&bytes) {
            Err(error) => name(&error),
            Ok(read) => name(&read.verify(CHAIN, &validators(4)).unwrap_err()),
        };
        json!({"why": why, "bytes": hex::encode(bytes), "error": error})
    };
    let right = split(5).to_bytes();
    let (first, second) = right[1..].split_at((right.len() - 1) / 2);
    vec![
        bad("one header twice", [&[1], first, first].concat()),
        bad("the wrong order", [&[1], second, first].concat()),
        bad("two heights", flipped(&right, (1 + 1 + 32 + 8 + 7) * 8)),
        bad("cut short", right[..right.len() - 1].to_vec()),
        bad("version 0", flipped(&right, 7)),
    ]
}

/// At height 255 the first four validators name seven, at 511 these name two.
fn successions() -> Successions {
    let link = |height: u64, before: u32, after: u32| {
        let (before, next) = (validators(before), validators(after));
        let header = Header {
            height,
            validators_root: before.root(),
            next_validators_root: next.root(),
            ..*block().header()
        };
        let certificate = certificate(header.hash(), &before, before.quorum());
        Succession { last: CertifiedHeader { header, certificate }, next }
    };
    Successions(vec![link(255, 4, 7), link(511, 7, 2)])
}

fn good_successions(height: u64) -> Value {
    let bytes = successions().to_bytes();
    assert_eq!(Successions::from_bytes(&bytes).as_ref(), Ok(&successions()));
    let found = successions().validators_at(height, CHAIN, validators(4)).unwrap();
    json!({
        "bytes": hex::encode(bytes),
        "height": height.to_string(),
        "validators": members(&found),
    })
}

fn bad_successions() -> Vec<Value> {
    let bad = |why: &str, bytes: Vec<u8>| {
        let error = match Successions::from_bytes(&bytes) {
            Err(error) => name(&error),
            Ok(read) => name(&read.validators_at(1000, CHAIN, validators(4)).unwrap_err()),
        };
        json!({"why": why, "bytes": hex::encode(bytes), "error": error})
    };
    let right = successions();
    let bytes = right.to_bytes();
    let changed = |change: &dyn Fn(&mut Vec<Succession>)| {
        let mut changed = right.clone();
        change(&mut changed.0);
        changed.to_bytes()
    };
    // The last set has two members of 36 bytes.
    let swapped = [
        &bytes[..bytes.len() - 72],
        &bytes[bytes.len() - 36..],
        &bytes[bytes.len() - 72..bytes.len() - 36],
    ];
    vec![
        bad("version 0", flipped(&bytes, 7)),
        bad("cut short", bytes[..bytes.len() - 1].to_vec()),
        bad("a byte behind the end", [bytes.as_slice(), &[0]].concat()),
        bad("members in another order", swapped.concat()),
        bad("the first left out", changed(&|links| drop(links.remove(0)))),
        bad("the first twice", changed(&|links| links.insert(1, links[0].clone()))),
        bad("others than the header names", changed(&|links| links[1].next = validators(3))),
        bad("too few votes", changed(&|links| links[0].last.certificate.votes.truncate(2))),
        bad("another header", changed(&|links| links[0].last.header.time_ms += 1)),
    ]
}

fn flipped(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[bit / 8] ^= 0x80 >> (bit % 8);
    bytes
}

/// The variant of an error, without what it wraps: what other implementations are to say.
fn name(error: &impl Debug) -> String {
    let text = format!("{error:?}");
    let text = text.strip_prefix("Entry(").unwrap_or(&text);
    text.chars().take_while(char::is_ascii_alphanumeric).collect()
}
