//! Makes a block and the receipt of one entry, and shows that without the validators' votes nothing
//! is proven: `cargo run --bin verify_receipt`. `run_node` verifies a receipt of a real node.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use emrshare_codec::{Digest, Entry, Kind, Marker, NodeId, Operation, RecordIndex, Serial};
use emrshare_identity::SigningKey;
use emrshare_ledger::{
    Block, BlockBuilder, Certificate, History, Receipt, SubmissionDraft, Validator, ValidatorSet,
};

fn main() -> anyhow::Result<()> {
    let (chain, node) = (Digest([1; 32]), NodeId::new(0)?);
    let key = SigningKey::from_seed([2; 32]);
    let validators = ValidatorSet::new(vec![Validator { node, key: key.public_key() }]);
    let entry = |serial: u64| {
        Entry::new(
            Operation::new(Marker::RECORD, Kind::Add, node),
            RecordIndex::new(node, Serial::from(serial)),
            Digest([serial as u8; 32]),
            Digest([0xff; 32]),
        )
    };
    let draft = SubmissionDraft { entries: (0..100).map(entry).collect(), sequence: 1 };
    let genesis = Block::genesis(chain, Digest([0; 32]), validators.root());
    let mut builder = BlockBuilder::new(Block::LEN_MAX);
    builder.push(&draft.sign(chain, &key)?)?;
    let mut history = History::default();
    history.append(genesis.hash());
    let block = builder.build(genesis.header(), 1, history.root(), Digest([0; 32]));

    // Without votes, the way up to the header is right and still nothing is final.
    let unsigned = Certificate { epoch: 0, view: 1, parent_view: 0, votes: Vec::new() };
    let receipt = Receipt::make(&block, |found| *found == entry(42), Vec::new(), unsigned)
        .expect("the block holds the entry");
    println!("{} bytes", receipt.to_bytes().len());
    match receipt.verify(chain, &validators) {
        Ok(proven) => println!("proven: {:?}", proven.entry),
        Err(error) => println!("not proven: {error}"),
    }
    Ok(())
}
