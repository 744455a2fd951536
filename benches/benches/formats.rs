//! Codec and ledger beside memcpy, bare SHA-256 and bare Ed25519 verification.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use emrshare_codec::{
    Digest, Entry, EntryView, Kind, Marker, NodeId, Operation, RecordIndex, Serial,
};
use emrshare_contracts::{BlockContext, apply_item, close_block, execute};
use emrshare_identity::{Domain, SigningKey};
use emrshare_ledger::{
    Block, BlockBuilder, Certificate, Item, Memory, Overlay, Receipt, Submission, SubmissionDraft,
    Validator, ValidatorSet, Vote, merkle,
};
use sha2::{Digest as _, Sha256};

const COUNT: usize = 2048;

fn entries(count: usize) -> Vec<Entry> {
    let node = NodeId::new(1).expect("1 fits 20 bits");
    let entry = |serial: usize| {
        let original: [u8; 32] = Sha256::digest(serial.to_be_bytes()).into();
        Entry::new(
            Operation::new(Marker::RECORD, Kind::Add, node),
            RecordIndex::new(node, Serial::from(serial as u64)),
            Digest(original),
            Digest([2; 32]),
        )
    };
    (0..count).map(entry).collect()
}

fn codec(criterion: &mut Criterion) {
    let entries = entries(COUNT);
    let bytes: Vec<u8> = entries.iter().flat_map(Entry::to_bytes).collect();
    let mut group = criterion.benchmark_group("codec");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("bound=memcpy", |bencher| bencher.iter(|| black_box(&bytes).clone()));
    group.bench_function("view", |bencher| {
        bencher.iter(|| EntryView::new(black_box(&bytes)).expect("valid").len());
    });
    group.bench_function("decode", |bencher| {
        bencher.iter(|| {
            let view = EntryView::new(black_box(&bytes)).expect("valid");
            view.iter().for_each(|entry| {
                black_box(entry);
            });
        });
    });
    group.bench_function("encode", |bencher| {
        bencher.iter(|| {
            entries.iter().for_each(|entry| {
                black_box(entry.to_bytes());
            })
        });
    });
    group.finish();
}

fn merkle(criterion: &mut Criterion) {
    let entries = entries(10_000);
    let leaves: Vec<_> = entries.iter().map(|entry| merkle::leaf_hash(&entry.to_bytes())).collect();
    let mut group = criterion.benchmark_group("merkle_10000");
    group.bench_function("bound=sha256_of_the_nodes", |bencher| {
        let node = [1u8; 65];
        bencher.iter(|| {
            (1..leaves.len()).for_each(|_| {
                black_box(Sha256::digest(black_box(node)));
            })
        });
    });
    group.bench_function("root", |bencher| bencher.iter(|| merkle::root(black_box(&leaves))));
    group.bench_function("prove", |bencher| bencher.iter(|| merkle::prove(&leaves, 7_777)));
    let (root, path) =
        (merkle::root(&leaves), merkle::prove(&leaves, 7_777).expect("there is one"));
    group.bench_function("verify", |bencher| {
        bencher.iter(|| merkle::verify(root, leaves[7_777], 7_777, leaves.len(), black_box(&path)));
    });
    group.finish();
}

/// Reading a block and executing it, beside the signatures and hashes that this cannot avoid.
fn block(criterion: &mut Criterion) {
    let (chain, key, node) = (Digest([9; 32]), SigningKey::from_seed([1; 32]), NodeId::new(1));
    let validator = Validator { node: node.expect("1 fits 20 bits"), key: key.public_key() };
    let mut state = Memory::default();
    state.0.insert(b"cm\0\0\0\x01".to_vec(), key.public_key().0.to_vec());
    let genesis = Block::genesis(chain, Digest([0; 32]), ValidatorSet::new(vec![validator]).root());
    for (count, signed_together) in [(1, 1), (100, 100), (10_000, 1), (10_000, COUNT)] {
        let mut builder = BlockBuilder::new(Block::LEN_MAX);
        let submissions: Vec<_> = entries(count)
            .chunks(signed_together)
            .zip(1..)
            .map(|(batch, sequence)| {
                let draft = SubmissionDraft { entries: batch.to_vec(), sequence };
                draft.sign(chain, &key).expect("valid")
            })
            .collect();
        submissions.iter().for_each(|item| builder.push(item).expect("valid"));
        let mut overlay = Overlay::new(&state);
        let context = BlockContext { chain, height: 1, time_ms: 1 };
        for item in submissions.iter().map(|bytes| Item::from_bytes(bytes).expect("valid")) {
            apply_item(&mut overlay, context, &item, true).expect("valid");
        }
        let closing = close_block(&mut overlay, genesis.header()).expect("valid");
        let (_, state_root) = overlay.seal().expect("memory can be read");
        let block = builder.build(genesis.header(), 1, closing.history_root, state_root);
        let mut group = criterion.benchmark_group(format!("block_of_{count}_by_{signed_together}"));
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function("bound=signatures_and_leaf_hashes", |bencher| {
            bencher.iter(|| {
                for item in &submissions {
                    let read = Submission::from_bytes(item).expect("valid");
                    read.verify(chain, &key.public_key()).expect("signed");
                }
            });
        });
        group.bench_function("decode", |bencher| {
            bencher
                .iter(|| Block::from_bytes(black_box(block.as_bytes().to_vec())).expect("valid"));
        });
        group.bench_function("validate", |bencher| {
            bencher.iter(|| {
                execute(&state, genesis.header(), black_box(&block), |_| false).expect("valid")
            });
        });
        group.finish();
    }
}

fn receipt(criterion: &mut Criterion) {
    let chain = Digest([9; 32]);
    let keys: Vec<_> = (1..=4).map(|seed| SigningKey::from_seed([seed; 32])).collect();
    let validator = |(key, node): (&SigningKey, u32)| Validator {
        node: NodeId::new(node).expect("below 2^20"),
        key: key.public_key(),
    };
    let validators = ValidatorSet::new(keys.iter().zip(1..).map(validator).collect());
    let genesis = Block::genesis(chain, Digest([0; 32]), validators.root());
    let draft = SubmissionDraft { entries: entries(COUNT), sequence: 1 };
    let mut builder = BlockBuilder::new(Block::LEN_MAX);
    builder.push(&draft.sign(chain, &keys[0]).expect("valid")).expect("valid");
    let block = builder.build(genesis.header(), 1, Digest([0; 32]), Digest([0; 32]));
    let certificate = certify(chain, block.hash(), &validators, &keys);
    let wanted = draft.entries[1_000];
    let receipt = Receipt::make(&block, |entry| *entry == wanted, Vec::new(), certificate);
    let receipt = receipt.expect("the entry is there");
    let bytes = receipt.to_bytes();
    let mut group = criterion.benchmark_group(format!("receipt_of_{}_bytes", bytes.len()));
    group.bench_function("bound=three_signatures", |bencher| {
        let domain = Domain::new(b"_EMRSHARE_BENCH");
        let signature = keys[0].sign(domain, &[0; 120]);
        let key = keys[0].public_key();
        bencher.iter(|| {
            (0..3).for_each(|_| {
                key.verify(domain, black_box(&[0; 120]), &signature).expect("signed")
            });
        });
    });
    group.bench_function("read_and_verify", |bencher| {
        bencher.iter(|| {
            let receipt = Receipt::from_bytes(black_box(&bytes)).expect("well formed");
            receipt.verify(chain, &validators).expect("it proves its entry")
        });
    });
    group.finish();
}

/// Three of four votes, as the engine makes them.
fn certify(
    chain: Digest,
    block: Digest,
    validators: &ValidatorSet,
    keys: &[SigningKey],
) -> Certificate {
    // A domain frames its tag with one byte of length, as the engine does for short tags.
    let tag = [Certificate::namespace(chain).as_slice(), b"_FINALIZE"].concat();
    let domain = Domain::new(Box::leak(tag.into_boxed_slice()));
    let message = [&[0, 1, 0], block.0.as_slice()].concat();
    let vote = |(validator, member): (u16, &Validator)| {
        let key = keys.iter().find(|key| key.public_key() == member.key).expect("a member");
        Vote { validator, signature: key.sign(domain, &message) }
    };
    let votes = (0..).zip(validators.members()).take(3).map(vote).collect();
    Certificate { epoch: 0, view: 1, parent_view: 0, votes }
}

criterion_group!(benches, codec, merkle, block, receipt);
criterion_main!(benches);
