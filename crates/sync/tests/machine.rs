//! The machine against peers that fail, lie and come back.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

use std::collections::BTreeSet;

use emrshare_codec::{Digest, NodeId, RecordIndex, Serial};
use emrshare_sync::{Effect, Input, Outcome, Sync, SyncConfig, Want};
use proptest::prelude::*;

fn node(id: u32) -> NodeId {
    NodeId::new(id).unwrap()
}

fn want(origin: u32, serial: u64) -> Want {
    let mut digest = [origin as u8; 32];
    digest[..8].copy_from_slice(&serial.to_be_bytes());
    Want {
        index: RecordIndex::new(node(origin), Serial::from(serial)),
        digest: Digest(digest),
        acting: node(origin),
        height: serial + 1,
    }
}

fn machine() -> Sync {
    Sync::new(SyncConfig::default(), node(0), (0..4).map(node))
}

fn fetched_from(effects: &[Effect]) -> Vec<NodeId> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Fetch { peer, .. } => Some(*peer),
            _ => None,
        })
        .collect()
}

#[test]
fn wrong_file_is_counted_and_fetched_elsewhere() {
    let (mut sync, want) = (machine(), want(1, 0));
    sync.step(0, Input::Wanted(vec![want]));
    let outcomes = vec![(want, Outcome::File(Digest([9; 32])))];
    let effects = sync.step(1, Input::Received { peer: node(1), outcomes });
    assert_eq!(effects, [Effect::Misbehaved { peer: node(1), count: 1 }]);
    assert_eq!(fetched_from(&sync.step(101, Input::Tick)), [node(2)]);
}

#[test]
fn what_this_node_has_lost_of_its_own_is_fetched_from_others() {
    assert_eq!(fetched_from(&machine().step(0, Input::Wanted(vec![want(0, 0)]))), [node(1)]);
}

#[test]
fn what_is_lost_while_it_is_being_stored_is_fetched_again() {
    for input in [Input::Stored, Input::NotStored, Input::Refused] {
        let (mut sync, want) = (machine(), want(1, 0));
        sync.step(0, Input::Wanted(vec![want]));
        let outcomes = vec![(want, Outcome::File(want.digest))];
        assert_eq!(
            sync.step(1, Input::Received { peer: node(1), outcomes }),
            [Effect::Store(want)]
        );
        assert_eq!(fetched_from(&sync.step(2, Input::Wanted(vec![want]))), [node(1)]);
        assert!(sync.step(3, input(want)).is_empty());
        assert_eq!(sync.backlog(), 1);
        let outcomes = vec![(want, Outcome::File(want.digest))];
        assert_eq!(
            sync.step(4, Input::Received { peer: node(1), outcomes }),
            [Effect::Store(want)]
        );
        sync.step(5, Input::Stored(want));
        assert_eq!(sync.backlog(), 0);
    }
}

#[test]
fn what_may_not_be_stored_is_not_fetched_again() {
    let (mut sync, want) = (machine(), want(1, 0));
    sync.step(0, Input::Wanted(vec![want]));
    let outcomes = vec![(want, Outcome::File(want.digest))];
    sync.step(1, Input::Received { peer: node(1), outcomes });
    assert!(sync.step(2, Input::Refused(want)).is_empty());
    assert!(sync.step(100_000, Input::Tick).is_empty());
    assert_eq!(sync.backlog(), 0);
}

#[test]
fn while_paused_nothing_is_fetched() {
    let (mut sync, want) = (machine(), want(1, 0));
    sync.set_paused(true);
    assert!(sync.step(0, Input::Wanted(vec![want])).is_empty());
    assert!(sync.step(100_000, Input::Tick).is_empty());
    sync.set_paused(false);
    assert_eq!(fetched_from(&sync.step(100_001, Input::Tick)), [node(1)]);
}

#[test]
fn deleted_record_is_not_stored() {
    let (mut sync, want) = (machine(), want(1, 0));
    sync.step(0, Input::Wanted(vec![want]));
    sync.step(0, Input::Dropped(want.index));
    let outcomes = vec![(want, Outcome::File(want.digest))];
    assert!(sync.step(1, Input::Received { peer: node(1), outcomes }).is_empty());
    assert_eq!(sync.backlog(), 0);
}

#[test]
fn newer_version_replaces_the_older_one() {
    let (mut sync, old) = (machine(), want(1, 0));
    let new = Want { digest: Digest([5; 32]), height: 9, ..old };
    sync.step(0, Input::Wanted(vec![old]));
    sync.step(0, Input::Wanted(vec![new]));
    let outcomes = vec![(old, Outcome::File(old.digest))];
    assert!(
        !sync.step(1, Input::Received { peer: node(1), outcomes }).contains(&Effect::Store(old))
    );
    assert_eq!(sync.backlog(), 1);
}

#[test]
fn batches_and_fetches_are_bounded() {
    let mut sync = machine();
    let effects = sync.step(0, Input::Wanted((0..1000).map(|serial| want(1, serial)).collect()));
    let sizes: Vec<_> = effects
        .iter()
        .map(|effect| match effect {
            Effect::Fetch { wants, .. } => wants.len(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(sizes, [64, 64]);
}

proptest! {
    /// Whatever peers do, as long as each file is handed out right sooner or later, all are stored
    /// once and the machine ends idle.
    #[test]
    fn every_file_is_stored_once(
        origins in prop::collection::vec(1u32..4, 1..200),
        faults in prop::collection::vec(0u8..5, 1..50),
    ) {
        let mut sync = machine();
        let wants: Vec<_> = origins.iter().enumerate().map(|(n, o)| want(*o, n as u64)).collect();
        let mut stored = BTreeSet::new();
        let (mut now_ms, mut draws) = (0, faults.iter().chain(std::iter::repeat(&4)));
        let mut effects = sync.step(now_ms, Input::Wanted(wants.clone()));
        while sync.backlog() > 0 {
            if effects.is_empty() {
                now_ms += 50;
                effects = sync.step(now_ms, Input::Tick);
                continue;
            }
            match effects.remove(0) {
                Effect::Fetch { peer, wants } => {
                    let mut outcome = |want: Want| match draws.next() {
                        Some(0) => Outcome::File(Digest([0xee; 32])),
                        Some(1) => Outcome::Damaged,
                        Some(2) => Outcome::Missing,
                        Some(3) => Outcome::Unreachable,
                        _ => Outcome::File(want.digest),
                    };
                    let outcomes = wants.into_iter().map(|w| (w, outcome(w))).collect();
                    effects.extend(sync.step(now_ms, Input::Received { peer, outcomes }));
                }
                Effect::Store(want) => {
                    prop_assert!(stored.insert(want.index));
                    effects.extend(sync.step(now_ms, Input::Stored(want)));
                }
                Effect::Misbehaved { .. } => {}
            }
        }
        prop_assert_eq!(stored.len(), wants.len());
    }
}
