//! Judging and desensitizing beside reading and hashing of the same bytes.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use emrshare_completeness::{HeaderMatcher, Standards, judge};
use emrshare_desensitize::{Desensitizer, Policy};
use emrshare_identity::ConsortiumKey;
use emrshare_record::{Record, import};
use emrshare_sample::{Generator, Tongue};
use sha2::{Digest as _, Sha256};

fn ingest(criterion: &mut Criterion) {
    let samples: Vec<_> = Generator::new(1, Tongue::Mixed).text_only().take(16).collect();
    let bodies: Vec<_> = samples.iter().map(|sample| sample.files[0].bytes.clone()).collect();
    let read = |sample: &emrshare_sample::SampleRecord| -> Record {
        import(sample.clone().into_source()).expect("generated records are read").0
    };
    let records: Vec<_> = samples.iter().map(read).collect();
    let desensitizer = Desensitizer::new(Policy::safe_harbor(), ConsortiumKey::from_bytes([7; 32]));
    let mut group = criterion.benchmark_group("ingest");
    group.throughput(Throughput::Elements(records.len() as u64));
    group.bench_function("bound=sha256_of_the_bytes", |bencher| {
        bencher.iter(|| {
            bodies.iter().for_each(|body| {
                black_box(Sha256::digest(body));
            })
        });
    });
    group.bench_function("import", |bencher| {
        bencher.iter(|| samples.iter().for_each(|sample| drop(black_box(read(sample)))));
    });
    group.bench_function("judge", |bencher| {
        let judge = |record| judge(record, Standards::embedded(), &HeaderMatcher);
        bencher.iter(|| records.iter().for_each(|record| drop(black_box(judge(record)))));
    });
    group.bench_function("desensitize", |bencher| {
        let treat = |record| desensitizer.desensitize(record).expect("nothing leaks");
        bencher.iter(|| records.iter().for_each(|record| drop(black_box(treat(record)))));
    });
    group.finish();
}

criterion_group!(benches, ingest);
criterion_main!(benches);
