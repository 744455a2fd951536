//! Merkle trees as in RFC 9162, section 2.1.
//!
//! ```text
//! leaf = SHA-256(0x00 ‖ data)      node = SHA-256(0x01 ‖ left ‖ right)      no leaf: SHA-256("")
//! ```
//!
//! The prefixes keep a node from being passed off as a leaf. A tree of n leaves splits at the
//! largest power of two below n, so a root says the order and, with the count in the header, the
//! number of leaves.

use emrshare_codec::Digest;
use sha2::{Digest as _, Sha256};

/// The hash of a leaf.
#[must_use]
pub fn leaf_hash(data: &[u8]) -> Digest {
    Digest(Sha256::new().chain_update([0]).chain_update(data).finalize().into())
}

/// The root over leaf hashes, in their order.
#[must_use]
pub fn root(leaves: &[Digest]) -> Digest {
    if leaves.is_empty() {
        return Digest(Sha256::digest(b"").into());
    }
    let mut level = leaves.to_vec();
    while level.len() > 1 {
        fold(&mut level);
    }
    level[0]
}

/// The path from leaf `position` up to the root, or `None` if there is no such leaf.
#[must_use]
pub fn prove(leaves: &[Digest], mut position: usize) -> Option<Vec<Digest>> {
    if position >= leaves.len() {
        return None;
    }
    let mut level = leaves.to_vec();
    let mut path = Vec::new();
    while level.len() > 1 {
        path.extend(level.get(position ^ 1));
        fold(&mut level);
        position /= 2;
    }
    Some(path)
}

/// Whether `path` leads from `leaf` at `position` of `count` leaves to `root`.
#[must_use]
pub fn verify(root: Digest, leaf: Digest, position: usize, count: usize, path: &[Digest]) -> bool {
    climb(leaf, position, count, path) == Some(root)
}

/// The root that `path` leads to from `leaf` at `position` of `count` leaves (RFC 9162, 2.1.3.2),
/// or `None` if the path has not the length that the place asks for.
#[must_use]
pub fn climb(leaf: Digest, position: usize, count: usize, path: &[Digest]) -> Option<Digest> {
    if position >= count {
        return None;
    }
    let (mut node, mut last, mut hash) = (position, count - 1, leaf);
    for sibling in path {
        if last == 0 {
            return None;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(hash)
}

/// The path that shows that the first `first` leaves are the beginning of all (RFC 9162, 2.1.4.1),
/// or `None` if there are fewer. It is empty for none and for all leaves.
///
/// ```
/// use emrshare_ledger::merkle;
/// let leaves: Vec<_> = (0..7u8).map(|leaf| merkle::leaf_hash(&[leaf])).collect();
/// let first = (3, merkle::root(&leaves[..3]));
/// let path = merkle::prove_consistency(&leaves, 3).expect("3 is below 7");
/// assert!(merkle::verify_consistency(first, (7, merkle::root(&leaves)), &path));
/// ```
#[must_use]
pub fn prove_consistency(leaves: &[Digest], first: usize) -> Option<Vec<Digest>> {
    if first > leaves.len() {
        return None;
    }
    let mut path = Vec::new();
    if first > 0 {
        subproof(leaves, first, true, &mut path);
    }
    Some(path)
}

/// Whether `path` shows that the tree of `first` leaves and root is the beginning of the tree of
/// `second` (RFC 9162, 2.1.4.2).
#[must_use]
pub fn verify_consistency(
    first: (usize, Digest),
    second: (usize, Digest),
    path: &[Digest],
) -> bool {
    let ((first, first_root), (second, second_root)) = (first, second);
    if first == 0 {
        return path.is_empty() && first_root == root(&[]);
    }
    if first >= second {
        return first == second && path.is_empty() && first_root == second_root;
    }
    // A first tree that is complete is a node of the second: its root begins the path.
    let start = first.is_power_of_two().then_some(first_root);
    let mut hashes = start.into_iter().chain(path.iter().copied());
    let Some(begin) = hashes.next() else { return false };
    let (mut node, mut last) = (first - 1, second - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let (mut of_first, mut of_second) = (begin, begin);
    for hash in hashes {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            of_first = node_hash(&hash, &of_first);
            of_second = node_hash(&hash, &of_second);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            of_second = node_hash(&of_second, &hash);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && of_first == first_root && of_second == second_root
}

/// The hashes that lead from the tree of the first `first` leaves to that of all; `whole` says
/// whether the verifier knows the root of what is at hand.
fn subproof(leaves: &[Digest], first: usize, whole: bool, path: &mut Vec<Digest>) {
    if first == leaves.len() {
        if !whole {
            path.push(root(leaves));
        }
        return;
    }
    let middle = leaves.len().next_power_of_two() / 2;
    let (left, right) = leaves.split_at(middle);
    if first <= middle {
        subproof(left, first, whole, path);
        path.push(root(right));
    } else {
        subproof(right, first - middle, false, path);
        path.push(root(left));
    }
}

/// Replaces a level by the one above; a leaf without a partner moves up as it is.
fn fold(level: &mut Vec<Digest>) {
    let above = level.len().div_ceil(2);
    for target in 0..above {
        level[target] = match level.get(2 * target + 1) {
            Some(right) => node_hash(&level[2 * target], right),
            None => level[2 * target],
        };
    }
    level.truncate(above);
}

pub(crate) fn node_hash(left: &Digest, right: &Digest) -> Digest {
    let mut bytes = [1; 65];
    bytes[1..33].copy_from_slice(&left.0);
    bytes[33..].copy_from_slice(&right.0);
    Digest(Sha256::digest(bytes).into())
}
