//! The format as its specification says it, bit by bit and by recursion.

use std::collections::BTreeMap;

use emrshare_codec::{Digest, Entry};
use emrshare_ledger::hash;
use sha2::{Digest as _, Sha256};

/// The bits of an entry as text.
pub fn bits(entry: &Entry) -> String {
    let (operation, index) = (entry.operation(), entry.index());
    format!(
        "{:014b}{:02b}{:020b}{:020b}{}{}{}",
        operation.marker().get(),
        operation.kind() as u8,
        operation.acting().get(),
        index.origin().get(),
        bits_of_bytes(&index.serial().to_be_bytes()),
        bits_of_bytes(&entry.original().0),
        bits_of_bytes(&entry.desensitized().0),
    )
}

/// Bytes as text of 0 and 1.
pub fn bits_of_bytes(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:08b}")).collect()
}

/// The Merkle tree hash of RFC 9162, section 2.1.1, over leaf hashes.
pub fn root(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => Digest(Sha256::digest(b"").into()),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            let node = Sha256::new().chain_update([1]).chain_update(root(left).0);
            Digest(node.chain_update(root(right).0).finalize().into())
        }
    }
}

/// The state root of `docs/format.md`, section 7.1.
pub fn state_root(rows: &BTreeMap<Vec<u8>, Vec<u8>>) -> Digest {
    let digest = |bytes: &[u8]| Digest(Sha256::digest(bytes).into());
    subtree(rows.iter().map(|(key, value)| (digest(key), digest(value))).collect(), 0)
}

fn subtree(leaves: Vec<(Digest, Digest)>, level: usize) -> Digest {
    match leaves.as_slice() {
        [] => Digest([0; 32]),
        [(key, value)] => hash(b"_EMRSHARE_LEDGER_STATE_LEAF", &[&key.0, &value.0]),
        _ => {
            let (right, left): (Vec<_>, Vec<_>) = leaves
                .into_iter()
                .partition(|(key, _)| bits_of_bytes(&key.0).as_bytes()[level] == b'1');
            let (left, right) = (subtree(left, level + 1), subtree(right, level + 1));
            hash(b"_EMRSHARE_LEDGER_STATE_NODE", &[&left.0, &right.0])
        }
    }
}
