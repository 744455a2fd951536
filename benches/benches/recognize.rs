//! Finding what identifies somebody in notes of a hospital, which are full of it, beside the SHA-256
//! that a node computes of the same bytes.
#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use emrshare_recognize::{find, find_certain};
use sha2::{Digest, Sha256};

const ENGLISH: &str = include_str!("../../crates/recognize/tests/notes/english.txt");
const CHINESE: &str = include_str!("../../crates/recognize/tests/notes/chinese.txt");

/// The notes as they were before identifiers were marked in them: `{name:Ann}` is Ann.
fn unmarked(notes: &str) -> String {
    let mut text = String::new();
    for (number, part) in notes.split('{').enumerate() {
        let value = if number == 0 { part } else { part.split_once(':').unwrap().1 };
        text.extend(value.chars().filter(|c| *c != '}'));
    }
    text.replace("\\n", "\n")
}

fn notes(criterion: &mut Criterion) {
    let (english, chinese) = (unmarked(ENGLISH), unmarked(CHINESE));
    let both = format!("{chinese}{english}");
    for (name, text) in [("english", english), ("chinese", chinese), ("both", both)] {
        let mut group = criterion.benchmark_group(format!("notes_{name}"));
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function("bound=sha256", |bencher| {
            bencher.iter(|| Sha256::digest(black_box(&text)));
        });
        group.bench_function("find_certain", |bencher| {
            bencher.iter(|| find_certain(black_box(&text)).len());
        });
        group.bench_function("find", |bencher| bencher.iter(|| find(black_box(&text)).len()));
        group.finish();
    }
}

criterion_group!(benches, notes);
criterion_main!(benches);
