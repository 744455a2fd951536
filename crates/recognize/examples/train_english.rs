//! Trains the English tagger: `train_english EXAMPLES.jsonl OUT [HELD-OUT-GROUP-REMAINDER]`.
//!
//! With a remainder from 0 to 4, examples of every fifth group are left out, for an honest measure
//! on these.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::io::BufRead;

use emrshare_recognize::{Certainty, Finding, Kind, train};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let left_out: Option<u64> = arguments.get(3).map(|remainder| remainder.parse().unwrap());
    let file = std::fs::File::open(&arguments[1]).unwrap();
    let lines = std::io::BufReader::new(file).lines().map(|line| line.unwrap());
    let values = lines.map(|line| serde_json::from_str::<serde_json::Value>(&line).unwrap());
    let kept = values.filter(|value| Some(fold(value["group"].as_str().unwrap())) != left_out);
    let examples: Vec<_> = kept.map(|value| example(&value)).collect();
    let weights = train::train(&examples, 8);
    println!("{} examples, {} bytes", examples.len(), weights.len());
    std::fs::write(&arguments[2], weights).unwrap();
}

fn fold(group: &str) -> u64 {
    group.bytes().fold(0, |sum, byte| (sum * 31 + u64::from(byte)) % 1009) % 5
}

fn example(value: &serde_json::Value) -> train::Example {
    let text = value["text"].as_str().unwrap().to_owned();
    let offsets: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let offset = |place: &serde_json::Value| offsets[place.as_u64().unwrap() as usize];
    let spans = value["spans"].as_array().unwrap().iter();
    let findings = spans.filter_map(|span| {
        let kind = match span["type"].as_str().unwrap() {
            "NAME" => Kind::Name,
            "ADDRESS" => Kind::Address,
            "ORG" => Kind::Organisation,
            _ => return None,
        };
        let range = offset(&span["start"])..offset(&span["end"]);
        Some(Finding { range, kind, certainty: Certainty::Likely })
    });
    train::Example { findings: findings.collect(), text }
}
