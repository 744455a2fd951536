//! The alliance: members vote on who is admitted and suspended, and on the terms in force.

use emrshare_codec::{Digest, NodeId};
use emrshare_identity::PublicKey;
use emrshare_ledger::{DecodeError, Overlay, StateError, StateRead, StateScan, wire::Reader};

use crate::{
    CallError, Happening, Member, Role, Subject, Thresholds,
    audit::{self, Signed},
    error::allow,
    key,
    membership::{self, Application},
    registry,
    wire::{self, Field, calls, fields, words},
};

/// What members vote on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Motion {
    /// To refuse everything of a member from the next block on. What it shared stays.
    Suspend(NodeId),
    /// To end a suspension.
    Reinstate(NodeId),
    /// To judge records by other documents from the next block on.
    Terms(AgreedTerms),
    /// To register a regulator or an inspector: no member may do that alone.
    Appoint(Appointment),
    /// To make the institution a member whose application this transaction passed on.
    Admit(Digest),
    /// How many originals an institution may take for research beyond what it gave; `None` ends that.
    Quota(Option<u64>),
}

impl Field for Motion {
    fn put(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Suspend(node) => {
                bytes.push(0);
                node.put(bytes);
            }
            Self::Reinstate(node) => {
                bytes.push(1);
                node.put(bytes);
            }
            Self::Terms(terms) => {
                bytes.push(2);
                terms.put(bytes);
            }
            Self::Appoint(appointment) => {
                bytes.push(3);
                appointment.put(bytes);
            }
            Self::Admit(application) => {
                bytes.push(4);
                application.put(bytes);
            }
            Self::Quota(quota) => {
                bytes.push(5);
                quota.put(bytes);
            }
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match reader.u8("motion")? {
            0 => Field::read(reader).map(Self::Suspend),
            1 => Field::read(reader).map(Self::Reinstate),
            2 => Field::read(reader).map(Self::Terms),
            3 => Field::read(reader).map(Self::Appoint),
            4 => Field::read(reader).map(Self::Admit),
            5 => Field::read(reader).map(Self::Quota),
            found => Err(DecodeError::Value { what: "motion", found: found.into() }),
        }
    }
}

/// Digests of the documents that records are judged and desensitized by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AgreedTerms {
    /// The encoding protocol.
    pub protocol: Digest,
    /// The desensitization policy.
    pub policy: Digest,
    /// The standard database.
    pub standards: Digest,
}

fields!(AgreedTerms { protocol, policy, standards });

/// The terms that records are judged by now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TermsInForce {
    /// The documents.
    pub terms: AgreedTerms,
    /// Height of the block since which this policy is in force: copies of entries above it are made
    /// by it.
    pub policy_since: u64,
}

fields!(TermsInForce { terms, policy_since });

/// Who is to have an office of the consortium.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Appointment {
    /// Regulator or inspector.
    pub role: Role,
    /// The person's key.
    pub key: PublicKey,
    /// The person's identity string under the consortium's key.
    pub identity: Digest,
}

fields!(Appointment { role, key, identity });

words! {
    /// How a proposal stands.
    pub enum Outcome ("outcome") {
        /// It can still pass.
        Open = 0 "open",
        /// More members said yes than its threshold.
        Passed = 1 "passed",
        /// Too many said no.
        Failed = 2 "failed",
    }
}

/// A motion and its votes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Proposal {
    /// What is proposed.
    pub motion: Motion,
    /// By whom.
    pub proposer: NodeId,
    /// When, in milliseconds since 1970.
    pub time_ms: u64,
    /// Members that said yes.
    pub yes: u32,
    /// Members that said no.
    pub no: u32,
    /// How it stands.
    pub outcome: Outcome,
}

fields!(Proposal { motion, proposer, time_ms, yes, no, outcome });

words! {
    /// A member's voice.
    pub enum Voice ("voice") {
        /// For it.
        Yes = 1 "yes",
        /// Against it.
        No = 0 "no",
    }
}

calls! {
    /// Calls of the alliance.
    pub enum AllianceCall {
        /// A member's node proposes something, and votes for it.
        0 => Propose {
            /// What.
            motion: Motion,
        },
        /// A member's node votes, once.
        1 => Vote {
            /// The transaction that proposed.
            proposal: Digest,
            /// How.
            voice: Voice,
        },
        /// A member's node passes on that an institution wants to be a member. Not yet a proposal.
        2 => Apply {
            /// Who, and with whose signature.
            application: Application,
        },
        /// A member's node goes for ever. What it shared stays.
        3 => Leave {},
        /// A member's node has another address, name or TLS key, but the same id and consensus key.
        4 => Renew {
            /// As it is from now on.
            card: Member,
        },
        /// A member's node has another consensus key from now on; the old one signs this.
        5 => Rekey {
            /// The card as it is from now on, signed by the new key.
            application: Application,
        },
    }
}

/// The key that a member signs with.
///
/// # Errors
/// [`StateError`] if the state cannot be read.
pub fn member<S: StateRead + ?Sized>(
    state: &S,
    node: NodeId,
) -> Result<Option<PublicKey>, StateError> {
    wire::row(state, &key::member(node))
}

/// Whether a member is suspended.
///
/// # Errors
/// [`StateError`] if the state cannot be read.
pub fn is_suspended<S: StateRead + ?Sized>(state: &S, node: NodeId) -> Result<bool, StateError> {
    Ok(state.get(&key::suspended(node))?.is_some())
}

/// The terms in force, those of the genesis or of a vote.
///
/// # Errors
/// [`StateError`] if the state cannot be read, or is not that of a chain.
pub fn terms_in_force<S: StateRead + ?Sized>(state: &S) -> Result<TermsInForce, StateError> {
    let terms = wire::row(state, &key::terms())?;
    terms.ok_or_else(|| StateError { reason: "the state has no terms".into() })
}

/// How many members must say yes to what.
///
/// # Errors
/// [`StateError`] if the state cannot be read, or is not that of a chain.
pub fn thresholds<S: StateRead + ?Sized>(state: &S) -> Result<Thresholds, StateError> {
    let thresholds = wire::row(state, &key::thresholds())?;
    thresholds.ok_or_else(|| StateError { reason: "the state has no thresholds".into() })
}

/// A proposal, by the transaction that made it.
///
/// # Errors
/// [`StateError`] if the state cannot be read.
pub fn proposal<S: StateRead + ?Sized>(
    state: &S,
    id: Digest,
) -> Result<Option<Proposal>, StateError> {
    wire::row(state, &key::proposal(id))
}

/// Proposals in the order of their names, at most `limit`.
///
/// # Errors
/// [`StateError`] if the state cannot be read.
pub fn proposals<S: StateScan + ?Sized>(
    state: &S,
    limit: usize,
) -> Result<Vec<(Digest, Proposal)>, StateError> {
    let prefix = key::key(b'v', &());
    let rows = state.scan(&prefix, b"", limit)?;
    let read = |(key, row): &(Vec<u8>, Vec<u8>)| {
        Ok((wire::read_row(&key[prefix.len()..])?, wire::read_row(row)?))
    };
    rows.iter().map(read).collect()
}

impl AllianceCall {
    pub(crate) fn apply<S: StateRead + ?Sized>(
        self,
        state: &mut Overlay<'_, S>,
        by: Signed,
    ) -> Result<(), CallError> {
        allow(by.is_node, "a member's node")?;
        match self {
            Self::Propose { motion } => {
                check(state, by, motion)?;
                let (proposer, time_ms) = (by.node, by.time_ms);
                let (yes, no, outcome) = (0, 0, Outcome::Open);
                let proposal = Proposal { motion, proposer, time_ms, yes, no, outcome };
                wire::put(state, key::proposal(by.transaction), &proposal);
                vote(state, by, by.transaction, Voice::Yes)
            }
            Self::Vote { proposal, voice } => vote(state, by, proposal, voice),
            Self::Apply { application } => membership::apply(state, by, &application),
            Self::Leave {} => membership::leave(state, by),
            Self::Renew { card } => membership::renew(state, by, &card),
            Self::Rekey { application } => membership::rekey(state, by, &application),
        }
    }
}

fn check<S: StateRead + ?Sized>(state: &S, by: Signed, motion: Motion) -> Result<(), CallError> {
    let node = match motion {
        Motion::Suspend(node) | Motion::Reinstate(node) => node,
        Motion::Appoint(appointment) if !appointment.role.is_office() => {
            return Err(CallError::Value { what: "only regulators and inspectors are appointed" });
        }
        Motion::Admit(application) => {
            return membership::check_application(state, by, application).map(drop);
        }
        Motion::Appoint(_) | Motion::Terms(_) | Motion::Quota(_) => return Ok(()),
    };
    member(state, node)?.ok_or(CallError::Missing { what: "member" })?;
    if is_suspended(state, node)? == matches!(motion, Motion::Suspend(_)) {
        return Err(CallError::Value { what: "the member stands so already" });
    }
    Ok(())
}

fn vote<S: StateRead + ?Sized>(
    state: &mut Overlay<'_, S>,
    by: Signed,
    id: Digest,
    voice: Voice,
) -> Result<(), CallError> {
    let open = proposal(state, id)?.filter(|proposal| proposal.outcome == Outcome::Open);
    let mut counted = open.ok_or(CallError::Missing { what: "open proposal" })?;
    let key = key::vote(id, by.node);
    if state.get(&key)?.is_some() {
        return Err(CallError::Present { what: "vote" });
    }
    wire::put(state, key, &voice);
    match voice {
        Voice::Yes => counted.yes += 1,
        Voice::No => counted.no += 1,
    }
    let members = membership::members(state)?;
    let threshold = thresholds(state)?.of(&counted.motion);
    if threshold.is_passed(counted.yes, members) {
        counted.outcome = Outcome::Passed;
        carry_out(state, by, &counted)?;
    } else if !threshold.is_passed(members.saturating_sub(counted.no), members) {
        counted.outcome = Outcome::Failed;
    }
    wire::put(state, key::proposal(id), &counted);
    Ok(())
}

fn carry_out<S: StateRead + ?Sized>(
    state: &mut Overlay<'_, S>,
    by: Signed,
    proposal: &Proposal,
) -> Result<(), CallError> {
    let happening = match proposal.motion {
        Motion::Suspend(member) => {
            membership::retire(state, member)?;
            wire::put(state, key::suspended(member), &by.time_ms);
            Happening::Suspended { member }
        }
        Motion::Reinstate(member) => {
            let key = self::member(state, member)?.ok_or(CallError::Missing { what: "member" })?;
            membership::join(state, member, key)?;
            state.delete(key::suspended(member));
            Happening::Reinstated { member }
        }
        Motion::Terms(terms) => {
            let known = terms_in_force(state)?;
            let is_same = known.terms.policy == terms.policy;
            let policy_since = if is_same { known.policy_since } else { by.height };
            wire::put(state, key::terms(), &TermsInForce { terms, policy_since });
            Happening::Agreed { protocol: terms.protocol }
        }
        Motion::Appoint(Appointment { role, key, identity }) => {
            registry::register(state, by, proposal.proposer, role, key, identity)?;
            Happening::Appointed { role, identity }
        }
        Motion::Admit(application) => membership::admit(state, by, application)?,
        Motion::Quota(quota) => {
            wire::put(state, key::quota(), &quota);
            Happening::QuotaSet { quota }
        }
    };
    audit::log(state, Subject::Consortium, by, happening)
}
