//! Writes seeds for every target: `seeds FOLDER`.

use std::{fs, path::Path};

use emrshare_fuzz::vectors;
use emrshare_sample::{Generator, Tongue};
use serde_json::Value;

fn main() -> std::io::Result<()> {
    let folder = std::env::args().nth(1).expect("name a folder");
    let folder = Path::new(&folder);
    let ledger = vectors::json();
    let codec: Value =
        serde_json::from_str(include_str!("../../../crates/codec/tests/vectors/codec.json"))
            .expect("the vectors are JSON");
    let group = |vectors: &Value, names: &[&str]| -> Vec<Vec<u8>> {
        names.iter().flat_map(|name| vectors::bytes(vectors, name)).collect()
    };
    write(&folder.join("codec_entry"), group(&codec, &["entries", "bad_entries"]))?;
    let texts = |name: &str, member: &str| -> Vec<Vec<u8>> {
        let text = |one: &Value| Some(one[member].as_str()?.as_bytes().to_vec());
        codec[name].as_array().into_iter().flatten().filter_map(text).collect()
    };
    let texts =
        [texts("indexes", "text"), texts("indexes", "serial"), texts("bad_index_texts", "text")];
    write(&folder.join("index_text"), texts.concat())?;
    let blocks = [
        "blocks",
        "bad_blocks",
        "submissions",
        "bad_submissions",
        "transactions",
        "bad_transactions",
    ];
    write(&folder.join("ledger_block"), group(&ledger, &blocks))?;
    let proofs = ["receipts", "bad_receipts", "split_views", "bad_split_views"];
    write(&folder.join("ledger_proofs"), group(&ledger, &proofs))?;
    write(
        &folder.join("merkle_paths"),
        (0..64).map(|n| vec![n; 3 + 32 * usize::from(n % 7)]).collect(),
    )?;
    let samples = Generator::new(1, Tongue::Mixed).text_only().take(8);
    let bodies = samples.flat_map(|sample| sample.files).map(|file| file.bytes);
    write(&folder.join("record_import"), bodies.collect())
}

fn write(folder: &Path, seeds: Vec<Vec<u8>>) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    seeds
        .iter()
        .enumerate()
        .try_for_each(|(number, seed)| fs::write(folder.join(format!("seed-{number:03}")), seed))
}
