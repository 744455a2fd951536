//! What institutions give to the commons and take from it.

use emrshare_codec::NodeId;
use emrshare_ledger::{Overlay, StateError, StateRead};

use crate::{
    CallError, key,
    wire::{self, fields},
};

/// Originals that an institution handed to others' people, and that its people got from others.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Contribution {
    /// Originals given to people of other institutions.
    pub given: u64,
    /// Originals that its own people took from other institutions.
    pub taken: u64,
}

fields!(Contribution { given, taken });

/// What an institution gave and took. The records that it made are its serials:
/// [`StateRead::node`].
///
/// # Errors
/// [`StateError`] if the state cannot be read.
pub fn contribution<S: StateRead + ?Sized>(
    state: &S,
    node: NodeId,
) -> Result<Contribution, StateError> {
    Ok(wire::row(state, &key::contribution(node))?.unwrap_or_default())
}

/// How many originals an institution may take for research beyond what it gave, if the members agreed
/// on that.
///
/// # Errors
/// [`StateError`] if the state cannot be read.
pub fn quota<S: StateRead + ?Sized>(state: &S) -> Result<Option<u64>, StateError> {
    let agreed: Option<Option<u64>> = wire::row(state, &key::quota())?;
    Ok(agreed.flatten())
}

/// Whether an institution has taken as much as it may.
pub(crate) fn has_used_up<S: StateRead + ?Sized>(
    state: &S,
    node: NodeId,
) -> Result<bool, StateError> {
    let Some(quota) = quota(state)? else { return Ok(false) };
    let Contribution { given, taken } = contribution(state, node)?;
    Ok(taken >= given.saturating_add(quota))
}

/// Counts a delivery; one to the institution itself, or to a patient, is none.
pub(crate) fn count<S: StateRead + ?Sized>(
    state: &mut Overlay<'_, S>,
    giver: NodeId,
    taker: Option<NodeId>,
) -> Result<(), CallError> {
    let Some(taker) = taker.filter(|taker| *taker != giver) else { return Ok(()) };
    let mut given = contribution(state, giver)?;
    given.given = given.given.saturating_add(1);
    wire::put(state, key::contribution(giver), &given);
    let mut taken = contribution(state, taker)?;
    taken.taken = taken.taken.saturating_add(1);
    wire::put(state, key::contribution(taker), &taken);
    Ok(())
}
