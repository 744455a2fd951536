//! Who belongs to the consortium, how its node is reached, and who orders blocks when.
//!
//! Members come and go at any time; the validators change only between epochs of [`EPOCH_LEN`]
//! blocks. The last block of an epoch names those of the next one in its header.

use emrshare_codec::{Digest, NodeId};
use emrshare_identity::{Domain, NodeCertificate, PublicKey, Signature, SigningKey};
use emrshare_ledger::{
    Changes, Header, Overlay, StateError, StateRead, StateScan, Validator, ValidatorSet, history,
};
use serde::{Deserialize, Serialize};

use crate::{
    CallError, Happening, Member, Subject,
    audit::{self, Signed},
    key,
    wire::{self, Field, fields},
};

/// Most members of a consortium.
pub const MEMBERS_MAX: usize = 100;

/// Blocks that one set of validators orders at least: epoch `e` is heights `256 e` to `256 e + 255`.
pub const EPOCH_LEN: u64 = 256;

/// What an institution signs that wants to be a member.
const CONSENT: Domain = Domain::new(b"_EMRSHARE_CONTRACTS_CONSENT");

/// Most bytes of an institution's name or of an address.
pub(crate) const NAME_LEN_MAX: usize = 255;

/// An institution that wants to be a member, as a member passes it on; or a member as it is under
/// another consensus key.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// The institution and its node.
    pub member: Member,
    /// The node's signature: nobody is made a member without wanting it. In hexadecimal in JSON.
    #[serde(with = "hexadecimal")]
    pub consent: Signature,
}

mod hexadecimal {
    use emrshare_identity::Signature;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(
        signature: &Signature,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(signature)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Signature, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

fields!(Application { member, consent });
fields!(Member { node, institution, api, consensus, certificate });

impl Application {
    /// An application for a chain, signed with the node's consensus key.
    #[must_use]
    pub fn sign(chain: Digest, member: Member, key: &SigningKey) -> Self {
        let consent = key.sign(CONSENT, &consented(chain, &member));
        Self { member, consent }
    }

    /// What can be wrong with an application whatever the votes say.
    fn check<S: StateRead + ?Sized>(
        &self,
        state: &S,
        by: Signed,
    ) -> Result<NodeCertificate, CallError> {
        let certificate = self.check_consent(state, by)?;
        if state.get(&key::card(certificate.node))?.is_some() {
            return Err(CallError::Registered { what: "node" });
        }
        check_unused(state, certificate.consensus_key)?;
        Ok(certificate)
    }

    /// The card is right, and who has its key wants this.
    fn check_consent<S: StateRead + ?Sized>(
        &self,
        state: &S,
        by: Signed,
    ) -> Result<NodeCertificate, CallError> {
        let certificate = check_card(state, by, &self.member)?;
        let signed = consented(by.chain, &self.member);
        if certificate.consensus_key.verify(CONSENT, &signed, &self.consent).is_err() {
            let what = "the application is not signed by the node's consensus key";
            return Err(CallError::Value { what });
        }
        Ok(certificate)
    }
}

/// Nobody has or had the key.
fn check_unused<S: StateRead + ?Sized>(state: &S, key: PublicKey) -> Result<(), CallError> {
    match state.get(&key::seat(key))? {
        Some(_) => Err(CallError::Registered { what: "consensus key" }),
        None => Ok(()),
    }
}

/// What can be wrong with a card, whoever shows it.
fn check_card<S: StateRead + ?Sized>(
    state: &S,
    by: Signed,
    card: &Member,
) -> Result<NodeCertificate, CallError> {
    let wrong = |what| Err(CallError::Value { what });
    let Member { node, institution, api, consensus, certificate } = card;
    if [institution, api, consensus].into_iter().any(|text| text.len() > NAME_LEN_MAX) {
        return wrong("name and addresses have at most 255 bytes");
    }
    if !api.starts_with("https://") {
        return wrong("the API's address begins with https://");
    }
    if consensus.parse::<std::net::SocketAddr>().is_err() {
        return wrong("the consensus address is `IP:port`");
    }
    let authority: String =
        wire::row(state, &key::authority())?.ok_or(CallError::Missing { what: "authority" })?;
    let now = i64::try_from(by.time_ms / 1000).unwrap_or(i64::MAX);
    let Ok(shown) = NodeCertificate::verify_pem(certificate, &authority, now) else {
        return wrong("the certificate is not valid, or not of the consortium's authority");
    };
    if shown.node.get() == *node { Ok(shown) } else { wrong("the certificate is of another node") }
}

fn consented(chain: Digest, member: &Member) -> Vec<u8> {
    [chain.0.as_slice(), &member.to_bytes()].concat()
}

/// Institution, addresses and certificate of a member, also of one that left.
///
/// # Errors
/// [`StateError`] if the state cannot be read.
pub fn card<S: StateRead + ?Sized>(state: &S, node: NodeId) -> Result<Option<Member>, StateError> {
    wire::row(state, &key::card(node))
}

/// All cards in the order of their nodes, also of members that left.
///
/// # Errors
/// [`StateError`] if the state cannot be read.
pub fn cards<S: StateScan + ?Sized>(state: &S) -> Result<Vec<Member>, StateError> {
    let rows = state.scan(&key::key(b'C', &()), b"", usize::MAX)?;
    rows.iter().map(|(_, row)| Ok(wire::read_row(row)?)).collect()
}

/// An application, by the transaction that passed it on.
///
/// # Errors
/// [`StateError`] if the state cannot be read.
pub fn application<S: StateRead + ?Sized>(
    state: &S,
    id: Digest,
) -> Result<Option<Application>, StateError> {
    wire::row(state, &key::application(id))
}

/// Members that are not suspended: the validators of the next epoch if nothing changes.
///
/// # Errors
/// [`StateError`] if the state cannot be read.
pub fn active<S: StateRead + ?Sized>(state: &S) -> Result<ValidatorSet, StateError> {
    Ok(wire::row(state, &key::active())?.unwrap_or_else(|| ValidatorSet::new(Vec::new())))
}

/// Whether a node is a member that is not suspended.
///
/// # Errors
/// [`StateError`] if the state cannot be read.
pub fn is_active<S: StateRead + ?Sized>(state: &S, node: NodeId) -> Result<bool, StateError> {
    let is_member = state.get(&key::member(node))?.is_some();
    Ok(is_member && state.get(&key::suspended(node))?.is_none())
}

/// The epoch of a block.
#[must_use]
pub const fn epoch_of(height: u64) -> u64 {
    height / EPOCH_LEN
}

/// Whether a block's changes are about members.
#[must_use]
pub fn concerns_members(changes: &Changes) -> bool {
    let rows = [b'm', b'C', b's', b'V', b'W'].map(|kind| key::key(kind, &()));
    changes.0.keys().any(|key| rows.iter().any(|row| key.starts_with(row)))
}

/// Sets of validators, each with the first epoch that it is in force in, oldest first.
///
/// # Errors
/// [`StateError`] if the state cannot be read.
pub fn validator_sets<S: StateScan + ?Sized>(
    state: &S,
) -> Result<Vec<(u64, ValidatorSet)>, StateError> {
    let prefix = key::key(b'W', &());
    let rows = state.scan(&prefix, b"", usize::MAX)?;
    let read = |(key, row): &(Vec<u8>, Vec<u8>)| {
        Ok((wire::read_row(&key[prefix.len()..])?, wire::read_row(row)?))
    };
    rows.iter().map(read).collect()
}

/// What a header commits to beside its items.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Closing {
    /// Root of all blocks up to the parent.
    pub history_root: Digest,
    /// Root of the validators of the next block.
    pub next_validators_root: Digest,
}

/// Ends the block after `parent` once its items are applied: goes on with the history and, at the
/// end of an epoch, with the validators.
///
/// # Errors
/// [`StateError`] if the state cannot be read.
pub fn close_block<S: StateRead + ?Sized>(
    state: &mut Overlay<'_, S>,
    parent: &Header,
) -> Result<Closing, StateError> {
    let history_root = history::advance(state, parent)?;
    let next_height = parent.height.saturating_add(2);
    let mut next_validators_root = parent.next_validators_root;
    if next_height.is_multiple_of(EPOCH_LEN) {
        let next = active(state)?;
        if next.root() != next_validators_root {
            next_validators_root = next.root();
            wire::put(state, key::validators_from(epoch_of(next_height)), &next);
        }
    }
    Ok(Closing { history_root, next_validators_root })
}

/// What genesis says of the members.
pub(crate) fn found(
    changes: &mut Changes,
    authority: &str,
    founders: &[(Member, NodeCertificate)],
) {
    let mut put = |key: Vec<u8>, value: Vec<u8>| changes.0.insert(key, Some(value));
    for (member, certificate) in founders {
        put(key::member(certificate.node), certificate.consensus_key.to_bytes());
        put(key::card(certificate.node), member.to_bytes());
        put(key::seat(certificate.consensus_key), certificate.node.to_bytes());
    }
    let validators = ValidatorSet::new(founders.iter().map(|(_, it)| seat(it)).collect());
    put(key::active(), validators.to_bytes());
    put(key::validators_from(0), validators.to_bytes());
    put(key::authority(), authority.to_owned().to_bytes());
    // A genesis document has at most as many members as a set of validators.
    put(key::member_count(), (founders.len() as u32).to_bytes());
}

pub(crate) const fn seat(certificate: &NodeCertificate) -> Validator {
    Validator { node: certificate.node, key: certificate.consensus_key }
}

pub(crate) fn apply<S: StateRead + ?Sized>(
    state: &mut Overlay<'_, S>,
    by: Signed,
    application: &Application,
) -> Result<(), CallError> {
    application.check(state, by)?;
    wire::put(state, key::application(by.transaction), application);
    Ok(())
}

/// Refuses an application that is not there or cannot be followed any more.
pub(crate) fn check_application<S: StateRead + ?Sized>(
    state: &S,
    by: Signed,
    id: Digest,
) -> Result<(Member, NodeCertificate), CallError> {
    let application = application(state, id)?.ok_or(CallError::Missing { what: "application" })?;
    let certificate = application.check(state, by)?;
    if members(state)? as usize >= MEMBERS_MAX {
        return Err(CallError::Value { what: "a consortium has at most 100 members" });
    }
    Ok((application.member, certificate))
}

pub(crate) fn admit<S: StateRead + ?Sized>(
    state: &mut Overlay<'_, S>,
    by: Signed,
    id: Digest,
) -> Result<Happening, CallError> {
    let (member, certificate) = check_application(state, by, id)?;
    let NodeCertificate { node, consensus_key, .. } = certificate;
    wire::put(state, key::member(node), &consensus_key);
    wire::put(state, key::card(node), &member);
    wire::put(state, key::seat(consensus_key), &node);
    count(state, 1)?;
    join(state, node, consensus_key)?;
    Ok(Happening::Admitted { member: node })
}

/// A member's addresses, name or TLS key change; its id and its consensus key stay.
pub(crate) fn renew<S: StateRead + ?Sized>(
    state: &mut Overlay<'_, S>,
    by: Signed,
    card: &Member,
) -> Result<(), CallError> {
    let certificate = check_card(state, by, card)?;
    if (certificate.node, certificate.consensus_key) != (by.node, by.signer) {
        let what = "the certificate is not of this node and its consensus key";
        return Err(CallError::Value { what });
    }
    wire::put(state, key::card(by.node), card);
    audit::log(state, Subject::Consortium, by, Happening::Renewed { member: by.node })
}

/// A member's node changes its consensus key. What it signs from the next item on is signed by the new
/// one, and so are its votes from the next epoch on; the old key is not given again.
pub(crate) fn rekey<S: StateRead + ?Sized>(
    state: &mut Overlay<'_, S>,
    by: Signed,
    application: &Application,
) -> Result<(), CallError> {
    let NodeCertificate { node, consensus_key, .. } = application.check_consent(state, by)?;
    if node != by.node {
        return Err(CallError::Value { what: "the certificate is of another node" });
    }
    check_unused(state, consensus_key)?;
    wire::put(state, key::member(node), &consensus_key);
    wire::put(state, key::card(node), &application.member);
    wire::put(state, key::seat(consensus_key), &node);
    let mut members = active(state)?.members().to_vec();
    for seat in members.iter_mut().filter(|seat| seat.node == node) {
        seat.key = consensus_key;
    }
    wire::put(state, key::active(), &ValidatorSet::new(members));
    audit::log(state, Subject::Consortium, by, Happening::Rekeyed { member: node })
}

/// A member goes, by its own will. What it shared stays, and its id and key are not given again.
pub(crate) fn leave<S: StateRead + ?Sized>(
    state: &mut Overlay<'_, S>,
    by: Signed,
) -> Result<(), CallError> {
    retire(state, by.node)?;
    state.delete(key::member(by.node));
    count(state, -1)?;
    audit::log(state, Subject::Consortium, by, Happening::Left { member: by.node })
}

/// A member gets a seat among the validators of the next epoch.
pub(crate) fn join<S: StateRead + ?Sized>(
    state: &mut Overlay<'_, S>,
    node: NodeId,
    key: PublicKey,
) -> Result<(), CallError> {
    let mut members = active(state)?.members().to_vec();
    members.push(Validator { node, key });
    wire::put(state, key::active(), &ValidatorSet::new(members));
    Ok(())
}

/// A member loses its seat among the validators of the next epoch.
pub(crate) fn retire<S: StateRead + ?Sized>(
    state: &mut Overlay<'_, S>,
    node: NodeId,
) -> Result<(), CallError> {
    let mut members = active(state)?.members().to_vec();
    members.retain(|member| member.node != node);
    if members.is_empty() {
        return Err(CallError::Value { what: "the last member stays" });
    }
    wire::put(state, key::active(), &ValidatorSet::new(members));
    Ok(())
}

/// The number of members, suspended ones included.
pub(crate) fn members<S: StateRead + ?Sized>(state: &S) -> Result<u32, StateError> {
    Ok(wire::row(state, &key::member_count())?.unwrap_or(0))
}

fn count<S: StateRead + ?Sized>(state: &mut Overlay<'_, S>, change: i32) -> Result<(), StateError> {
    let count = members(state)?.saturating_add_signed(change);
    wire::put(state, key::member_count(), &count);
    Ok(())
}
