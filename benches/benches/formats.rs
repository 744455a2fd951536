//! Codec and ledger beside memcpy, bare SHA-256 and bare Ed25519 verification.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use emrshare_codec::{
    Digest, Entry, EntryView, Kind, Marker, NodeId, Operation, RecordIndex, Serial,
};
use emrshare_identity::SigningKey;
use emrshare_ledger::{Block, BlockBuilder, SubmissionDraft, merkle};
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

fn ledger(criterion: &mut Criterion) {
    let entries = entries(COUNT);
    let leaves: Vec<_> = entries.iter().map(|entry| merkle::leaf_hash(&entry.to_bytes())).collect();
    let mut group = criterion.benchmark_group("merkle");
    group.bench_function("bound=sha256_of_the_nodes", |bencher| {
        let node = [1u8; 65];
        bencher.iter(|| {
            (1..COUNT).for_each(|_| {
                black_box(Sha256::digest(black_box(node)));
            })
        });
    });
    group.bench_function("root", |bencher| bencher.iter(|| merkle::root(black_box(&leaves))));
    group.finish();

    let chain = Digest([9; 32]);
    let key = SigningKey::from_seed([1; 32]);
    let submission = SubmissionDraft { entries, sequence: 1 }.sign(chain, &key).expect("valid");
    let genesis = Block::genesis(chain, Digest([0; 32]), Digest([0; 32]));
    let mut builder = BlockBuilder::new(Block::LEN_MAX);
    builder.push(&submission).expect("valid");
    let bytes =
        builder.build(genesis.header(), 1, Digest([0; 32]), Digest([0; 32])).as_bytes().to_vec();
    let mut group = criterion.benchmark_group("block");
    group.throughput(Throughput::Elements(COUNT as u64));
    group.bench_function("bound=sha256_of_the_bytes", |bencher| {
        bencher.iter(|| Sha256::digest(black_box(&bytes)));
    });
    group.bench_function("decode", |bencher| {
        bencher.iter(|| Block::from_bytes(black_box(bytes.clone())).expect("valid"));
    });
    group.finish();
}

criterion_group!(benches, codec, ledger);
criterion_main!(benches);
