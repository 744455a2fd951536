//! Who belongs to the consortium, as the last final block has it.

use std::collections::BTreeMap;

use emrshare_codec::NodeId;
use emrshare_consensus::Peer;
use emrshare_contracts::{EPOCH_LEN, Member, active, cards, member, validator_sets};
use emrshare_identity::{NodeCertificate, PublicKey};
use emrshare_ledger::{StateError, StateScan, Validator, ValidatorSet};

/// How an institution stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Standing {
    Member,
    Suspended,
    Left,
}

impl Standing {
    /// The word for it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Suspended => "suspended",
            Self::Left => "left",
        }
    }
}

/// An institution and its node.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) card: Member,
    pub(crate) certificate: NodeCertificate,
    pub(crate) standing: Standing,
}

impl Known {
    fn peer(&self, key: PublicKey) -> Option<Peer> {
        Some(Peer { key, address: self.card.consensus.parse().ok()? })
    }
}

/// Everybody who is or was a member, and who orders blocks when.
#[derive(Debug)]
pub(crate) struct Members {
    known: BTreeMap<NodeId, Known>,
    /// From which epoch on, oldest first.
    sets: Vec<(u64, ValidatorSet)>,
}

impl Members {
    /// Reads them from the state; `authority` is its certificate in PEM.
    pub(crate) fn read(state: &impl StateScan, authority: &str) -> Result<Self, StateError> {
        let active = active(state)?;
        let is_active = |node| active.members().iter().any(|member| member.node == node);
        let mut known = BTreeMap::new();
        for card in cards(state)? {
            let certificate = NodeCertificate::read_pem(&card.certificate, authority)
                .map_err(|error| StateError { reason: error.to_string() })?;
            let node = certificate.node;
            let standing = match member(state, node)? {
                None => Standing::Left,
                Some(_) if is_active(node) => Standing::Member,
                Some(_) => Standing::Suspended,
            };
            known.insert(node, Known { card, certificate, standing });
        }
        Ok(Self { known, sets: validator_sets(state)? })
    }

    pub(crate) fn get(&self, node: NodeId) -> Option<&Known> {
        self.known.get(&node)
    }

    /// Everybody, also those that left.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Known> {
        self.known.values()
    }

    /// Members, suspended ones included: they hold files.
    pub(crate) fn nodes(&self) -> Vec<NodeId> {
        let stays = |known: &&Known| known.standing != Standing::Left;
        self.iter().filter(stays).map(|known| known.certificate.node).collect()
    }

    pub(crate) fn is_active(&self, node: NodeId) -> bool {
        self.get(node).is_some_and(|known| known.standing == Standing::Member)
    }

    /// Who orders the blocks of an epoch.
    pub(crate) fn validators(&self, epoch: u64) -> Option<&ValidatorSet> {
        let set = self.sets.iter().rev().find(|(from, _)| *from <= epoch);
        set.map(|(_, set)| set)
    }

    /// Heights of blocks that name other validators than their own.
    pub(crate) fn successions(&self) -> impl Iterator<Item = (u64, &ValidatorSet)> {
        let later = self.sets.iter().filter(|(from, _)| *from > 0);
        later.map(|(from, set)| (from * EPOCH_LEN - 1, set))
    }

    /// Whom to hold connections with during an epoch: its validators, and those of the next one; `me`
    /// takes part with `key`. Of a member whose key changes, with both, also for an epoch longer: it may
    /// come from a restart and not know yet that its old key is not needed any more.
    pub(crate) fn peers(&self, epoch: u64, me: NodeId, key: PublicKey) -> Vec<Peer> {
        let seats = |epoch| self.validators(epoch).map_or(&[][..], ValidatorSet::members);
        let (now, before) = (seats(epoch), seats(epoch.saturating_sub(1)));
        let mut peers = Vec::new();
        for known in self.iter() {
            let node = known.certificate.node;
            let seat = |set: &[Validator]| set.iter().find(|it| it.node == node).map(|it| it.key);
            if seat(now).is_none() && known.standing != Standing::Member {
                continue;
            }
            let named = Some(known.certificate.consensus_key);
            let mut keys: Vec<_> = [named, seat(now), seat(before)].into_iter().flatten().collect();
            if node == me {
                keys = vec![key];
            }
            keys.sort_unstable();
            keys.dedup();
            peers.extend(keys.into_iter().filter_map(|key| known.peer(key)));
        }
        peers
    }
}
