//! Any call is refused or has one encoding; a refused one changes nothing, and no call panics.
#![no_main]

use emrshare_codec::{Digest, NodeId};
use emrshare_contracts::{BlockContext, Call, apply_item};
use emrshare_identity::SigningKey;
use emrshare_ledger::{ContractId, Item, Memory, Overlay, TransactionDraft, key::CONTRACTS};
use libfuzzer_sys::fuzz_target;

/// Calls in one chain.
const CALLS_MAX: usize = 32;

fuzz_target!(|bytes: &[u8]| {
    let mut state = Memory::default();
    for number in 0..2_u32 {
        let member = [&[CONTRACTS, b'm'], number.to_be_bytes().as_slice()].concat();
        state.0.insert(member, key(number as u8).public_key().0.to_vec());
    }
    state.0.insert(vec![CONTRACTS, b'M'], 2_u32.to_be_bytes().to_vec());
    // More than a half must agree on anything; three digests and a height are the terms.
    state.0.insert(vec![CONTRACTS, b'H'], [1, 2].repeat(5));
    state.0.insert(vec![CONTRACTS, b'T'], vec![0; 3 * 32 + 8]);
    let mut rest = bytes;
    for nonce in 1..=CALLS_MAX as u64 {
        // Signer, contract, length of the payload.
        let Some(([signer, contract, length], tail)) = rest.split_first_chunk() else { return };
        let Some((payload, tail)) = tail.split_at_checked(usize::from(*length)) else { return };
        rest = tail;
        let contract = ContractId(u16::from(*contract));
        if let Ok(call) = Call::read(contract, payload) {
            assert_eq!((call.contract(), call.to_payload()), (contract, payload.to_vec()));
        }
        apply(&mut state, signer % 4, contract, nonce, payload);
    }
});

fn apply(state: &mut Memory, signer: u8, contract: ContractId, nonce: u64, payload: &[u8]) {
    let node = NodeId::new(u32::from(signer % 2)).expect("0 and 1 are nodes");
    let draft = TransactionDraft { node, contract, nonce, payload: payload.to_vec() };
    let chain = Digest([9; 32]);
    let bytes = draft.sign(chain, &key(signer));
    let item = Item::from_bytes(&bytes).expect("a signed transaction is an item");
    let context = BlockContext { chain, height: nonce, time_ms: nonce * 1_000 };
    let mut overlay = Overlay::new(state);
    match apply_item(&mut overlay, context, &item, true) {
        Ok(()) => {
            let changes = overlay.into_changes();
            state.apply(changes);
        }
        Err(error) => assert!(!error.is_local(), "a row that the contracts wrote is malformed"),
    }
}

/// Of nodes (0, 1) and people (2, 3).
fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed([seed; 32])
}
