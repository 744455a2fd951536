//! A running node under load, beside the bound that the machine sets.

use std::{
    fs::File,
    io::Write,
    time::{Duration, Instant},
};

use emrshare_codec::Digest;
use emrshare_identity::{Domain, SigningKey};
use emrshare_ledger::hash;
use emrshare_record::SourceFile;
use emrshare_sample::{Generator, Tongue};
use serde_json::json;
use tokio::task::JoinSet;

use crate::{cli::At, home, output};

pub(super) async fn run(
    at: &At,
    records: usize,
    in_flight: usize,
    seed: u64,
    as_json: bool,
) -> anyhow::Result<()> {
    let client = home::client(at)?;
    let samples = Generator::new(seed, Tongue::Mixed).text_only().take(records);
    let bodies: Vec<_> = samples.map(|sample| sample.files[0].bytes.clone()).collect();
    let bytes: usize = bodies.iter().map(Vec::len).sum();
    let bound = bound(&bodies, in_flight)?;
    let bar = output::bar(records, "pushing", as_json);
    let mut waiting = bodies.into_iter();
    let mut under_way = JoinSet::new();
    let mut latencies = Vec::with_capacity(records);
    let mut failed = 0;
    let start = Instant::now();
    loop {
        while under_way.len() < in_flight
            && let Some(body) = waiting.next()
        {
            let client = client.clone();
            under_way.spawn(async move {
                let sent = Instant::now();
                let file = SourceFile::new("record.json", body);
                client.submit(vec![file], None).await.map(|_| sent.elapsed())
            });
        }
        match under_way.join_next().await {
            Some(answer) => match answer? {
                Ok(latency) => latencies.push(latency),
                Err(error) => {
                    failed += 1;
                    bar.suspend(|| output::error(&error.to_string()));
                }
            },
            None => break,
        }
        bar.inc(1);
    }
    let wall = start.elapsed();
    bar.finish_and_clear();
    latencies.sort();
    let at_percent = |percent: usize| {
        let position = (latencies.len().saturating_sub(1)) * percent / 100;
        latencies.get(position).copied().unwrap_or_default().as_secs_f64() * 1e3
    };
    let rate = latencies.len() as f64 / wall.as_secs_f64();
    let bound_rate = records as f64 / bound.as_secs_f64();
    output::value(
        &json!({
            "records": latencies.len(),
            "failed": failed,
            "bytes": bytes,
            "records_per_second": rate.round(),
            "p50_ms": at_percent(50),
            "p99_ms": at_percent(99),
            "bound_records_per_second": bound_rate.round(),
            "ratio": rate / bound_rate,
        }),
        as_json,
    );
    Ok(())
}

/// What cannot be avoided: SHA-256 of all bytes, one write and sync a batch, one signature a batch.
fn bound(bodies: &[Vec<u8>], batch: usize) -> anyhow::Result<Duration> {
    let mut file = tempfile::tempfile()?;
    let key = SigningKey::from_seed([1; 32]);
    let start = Instant::now();
    for group in bodies.chunks(batch.max(1)) {
        let digests: Vec<Digest> = group.iter().map(|body| hash(b"bound", &[body])).collect();
        group.iter().try_for_each(|body| file.write_all(body))?;
        sync(&file)?;
        let message: Vec<u8> = digests.iter().flat_map(|digest| digest.0).collect();
        std::hint::black_box(key.sign(Domain::new(b"_EMRSHARE_BENCH_BOUND"), &message));
    }
    Ok(start.elapsed())
}

fn sync(file: &File) -> std::io::Result<()> {
    file.sync_data()
}
