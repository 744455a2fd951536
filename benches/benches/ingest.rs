//! Judging and desensitizing beside reading and hashing of the same bytes.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use emrshare_completeness::{Detector, HeaderMatcher, Standards, judge, judge_sections};
use emrshare_desensitize::{Desensitizer, Policy, Sights};
use emrshare_identity::ConsortiumKey;
use emrshare_picture::Picture;
use emrshare_record::{Record, Sections, import};
use emrshare_sample::{Generator, Tongue};
use sha2::{Digest as _, Sha256};

fn ingest(criterion: &mut Criterion) {
    let samples: Vec<_> = Generator::new(1, Tongue::Mixed).text_only().take(16).collect();
    let bodies: Vec<_> = samples.iter().map(|sample| sample.files[0].bytes.clone()).collect();
    let read = |sample: &emrshare_sample::SampleRecord| -> Record {
        import(sample.clone().into_source()).expect("generated records are read").0
    };
    let records: Vec<_> = samples.iter().map(read).collect();
    let desensitizer =
        Desensitizer::new(Policy::hipaa_safe_harbor(), ConsortiumKey::from_bytes([7; 32]));
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
    group.bench_function("judge_sections", |bencher| {
        let sections: Vec<_> = records.iter().map(Sections::of).collect();
        let judge = |sections| judge_sections(sections, Standards::embedded());
        bencher.iter(|| sections.iter().for_each(|sections| drop(black_box(judge(sections)))));
    });
    group.bench_function("desensitize", |bencher| {
        let treat = |record| {
            desensitizer.desensitize(record, &Sights::clear(record)).expect("nothing leaks")
        };
        bencher.iter(|| records.iter().for_each(|record| drop(black_box(treat(record)))));
    });
    group.finish();
}

/// One thread; the bound is the decoding of the same picture.
fn images(criterion: &mut Criterion) {
    let writing = include_bytes!("../../crates/completeness/tests/pictures/writing.jpg");
    let picture = Picture::decode(writing).expect("a picture of the tests");
    let detector = Detector::embedded();
    let mut group = criterion.benchmark_group("image_600x400");
    group.bench_function("bound=decode_jpeg", |bencher| {
        bencher.iter(|| black_box(Picture::decode(writing)));
    });
    group.bench_function("detect", |bencher| {
        bencher.iter(|| black_box(detector.find(&picture)));
    });
    group.finish();
}

criterion_group!(benches, ingest, images);
criterion_main!(benches);
