//! Packs an entry into 96 bytes and reads it back: `cargo run --bin embed_codec`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use emrshare_codec::{
    Digest, Entry, EntryView, Kind, Marker, NodeId, Operation, RecordIndex, Serial,
};

fn main() -> anyhow::Result<()> {
    let origin = NodeId::new(7)?;
    let entry = Entry::new(
        Operation::new(Marker::RECORD, Kind::Add, origin),
        RecordIndex::new(origin, Serial::from(42)),
        Digest([0x11; 32]),
        Digest([0x22; 32]),
    );
    let bytes = entry.to_bytes();
    println!("{} bytes; index {}", bytes.len(), entry.index());

    // Many entries are read without copying them.
    let many = [bytes, bytes].concat();
    let view = EntryView::new(&many)?;
    println!("{} entries, the first by node {}", view.len(), entry.operation().acting());

    // A mistyped index is noticed.
    let mut text = entry.index().to_string();
    text.replace_range(10..11, "z");
    println!("mistyped: {}", text.parse::<RecordIndex>().expect_err("the checksum differs"));
    Ok(())
}
