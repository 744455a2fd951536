//! The state's tree, grown block by block, beside its definition; and a proof for any key.
#![no_main]

use std::collections::BTreeMap;

use emrshare_codec::Digest;
use emrshare_fuzz::{naive, vectors};
use emrshare_ledger::{Block, Certificate, FinalHeader, Memory, Overlay, StatePath, key};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u16, Vec<Vec<(u16, Option<u8>)>>)| {
    let (wanted, blocks) = input;
    let (mut state, mut rows, mut root) = (Memory::default(), BTreeMap::new(), Digest([0; 32]));
    for block in blocks.iter().take(64) {
        let mut overlay = Overlay::new(&state);
        for (key, value) in block {
            let key = contract_key(*key);
            match value {
                Some(value) => {
                    overlay.put(key.clone(), vec![*value]);
                    rows.insert(key, vec![*value]);
                }
                None => {
                    overlay.delete(key.clone());
                    rows.remove(&key);
                }
            }
        }
        let (changes, sealed) = overlay.seal().expect("memory can be read");
        state.apply(changes);
        root = sealed;
    }
    assert_eq!(root, naive::state_root(&rows));
    let key = contract_key(wanted);
    let validators = vectors::ledger().validators.root();
    let header = *Block::genesis(vectors::ledger().chain, root, validators).header();
    let certificate = Certificate { epoch: 0, view: 1, parent_view: 0, votes: Vec::new() };
    let finality = FinalHeader { header, descendants: Vec::new(), certificate };
    let proof = StatePath::find(&state, key.clone()).expect("memory can be read");
    let proof = proof.proven_by(finality);
    assert_eq!(proof.value(), rows.get(&key).map(Vec::as_slice));
    assert_eq!(proof.verify_inclusion(), Ok(&header));
});

fn contract_key(number: u16) -> Vec<u8> {
    [&[key::CONTRACTS], number.to_be_bytes().as_slice()].concat()
}
