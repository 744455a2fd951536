//! The trail: who asked for what, what was decided, and what was done to rights and keys.
//!
//! A request for an original is itself on the ledger, signed by the one who asks, before anything
//! is handed out, and the contract decides it there. So neither the origin nor the one who asks can
//! leave an access out, and a request without a delivery is seen by everyone.

use emrshare_codec::{Digest, NodeId, RecordIndex};
use emrshare_identity::{EthereumAddress, PublicKey};
use emrshare_ledger::{Overlay, StateError, StateRead, StateScan, Status, wire::Reader};

use crate::{
    CallError, ConsultationStanding, Role,
    authorization::{Decision, Parts, Purpose, authorize},
    contribution,
    error::allow,
    key,
    permission::Reason,
    relationship,
    wire::{self, Field, calls, fields},
};

/// How long a request that was allowed may be answered, in milliseconds: an hour.
pub const REQUEST_MS: u64 = 3_600_000;

/// Who signs a call, through which node and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signed {
    pub(crate) node: NodeId,
    pub(crate) signer: PublicKey,
    /// Whether the signer is the node itself.
    pub(crate) is_node: bool,
    /// The block's height.
    pub(crate) height: u64,
    /// The block's time.
    pub(crate) time_ms: u64,
    /// What names the transaction.
    pub(crate) transaction: Digest,
    pub(crate) chain: Digest,
}

/// What an event is about: who may read it follows from that.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Subject {
    /// A record: its patient reads what happens to it.
    Record(RecordIndex),
    /// A person, by identity.
    Person(Digest),
    /// The consortium.
    Consortium,
}

impl Field for Subject {
    fn put(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Record(index) => {
                bytes.push(0);
                index.put(bytes);
            }
            Self::Person(identity) => {
                bytes.push(1);
                identity.put(bytes);
            }
            Self::Consortium => bytes.push(2),
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, emrshare_ledger::DecodeError> {
        match reader.u8("subject")? {
            0 => Field::read(reader).map(Self::Record),
            1 => Field::read(reader).map(Self::Person),
            2 => Ok(Self::Consortium),
            found => {
                Err(emrshare_ledger::DecodeError::Value { what: "subject", found: found.into() })
            }
        }
    }
}

calls! {
    /// What happened. The names of calls, where one call makes one event.
    #[derive(Copy)]
    pub enum Happening {
        /// An original was asked for.
        0 => Asked {
            /// What for.
            purpose: Purpose,
            /// Which parts.
            parts: Parts,
            /// What the contract decided.
            decision: Decision,
        },
        /// The original was handed out, encrypted to the one who asked.
        1 => Delivered {
            /// The transaction that asked.
            request: Digest,
        },
        /// A doctor opened a record in an emergency.
        2 => BrokenGlass {
            /// Why.
            reason: Reason,
        },
        /// A person was registered.
        3 => Registered {
            /// As what.
            role: Role,
        },
        /// A person replaced the key.
        4 => Rotated {},
        /// The registering institution asked for a new key.
        5 => RecoveryAsked {},
        /// A second institution confirmed the new key.
        6 => Recovered {},
        /// The registration was ended.
        7 => Retired {},
        /// A member was suspended.
        8 => Suspended {
            /// Which.
            member: NodeId,
        },
        /// A member's suspension ended.
        9 => Reinstated {
            /// Which.
            member: NodeId,
        },
        /// New terms came into force.
        10 => Agreed {
            /// Digest of the protocol.
            protocol: Digest,
        },
        /// A person bound an Ethereum wallet to sign in with.
        11 => WalletBound {
            /// Its address.
            address: EthereumAddress,
        },
        /// A person ended that.
        12 => WalletUnbound {
            /// The wallet's address.
            address: EthereumAddress,
        },
        /// The members gave a person an office.
        13 => Appointed {
            /// Which.
            role: Role,
            /// The person.
            identity: Digest,
        },
        /// An institution became a member.
        14 => Admitted {
            /// Its node.
            member: NodeId,
        },
        /// A member left.
        15 => Left {
            /// Its node.
            member: NodeId,
        },
        /// A member has another address, name or TLS key.
        16 => Renewed {
            /// Its node.
            member: NodeId,
        },
        /// Two institutions made an agreement.
        17 => AgreementMade {
            /// The transaction that offered it.
            agreement: Digest,
        },
        /// One of them ended it.
        18 => AgreementEnded {
            /// The transaction that offered it.
            agreement: Digest,
        },
        /// The origin included the record in an agreement.
        19 => Included {
            /// The transaction that offered it.
            agreement: Digest,
        },
        /// The origin took the record out of an agreement.
        20 => Excluded {
            /// The transaction that offered it.
            agreement: Digest,
        },
        /// The patient agreed.
        21 => Consented {
            /// The transaction that offered the agreement.
            agreement: Digest,
        },
        /// The patient does not agree any more.
        22 => Withdrawn {
            /// The transaction that offered the agreement.
            agreement: Digest,
        },
        /// A question to a doctor was asked, accepted, declined, answered or closed.
        23 => Consulted {
            /// The transaction that asked.
            consultation: Digest,
            /// How it stands now.
            standing: ConsultationStanding,
        },
        /// The members agreed on a quota, or ended it.
        24 => QuotaSet {
            /// Originals that an institution may take for research beyond what it gave.
            quota: Option<u64>,
        },
        /// A member's node has another consensus key.
        25 => Rekeyed {
            /// Which.
            member: NodeId,
        },
    }
}

/// An event with its circumstances.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Event {
    /// Time of its block, in milliseconds since 1970.
    pub time_ms: u64,
    /// Who signed.
    pub signer: PublicKey,
    /// The node that it came through.
    pub node: NodeId,
    /// The transaction, which anyone finds on the chain.
    pub transaction: Digest,
    /// What happened.
    pub happening: Happening,
}

fields!(Event { time_ms, signer, node, transaction, happening });

/// A request for an original.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Request {
    /// The record.
    pub index: RecordIndex,
    /// The original of its version at that time.
    pub original: Digest,
    /// Who asked.
    pub signer: PublicKey,
    /// The node that has the original: the origin, or one that an agreement let update the record.
    pub holder: NodeId,
    /// X25519 key that the original is to be encrypted to.
    pub recipient: Digest,
    /// What for.
    pub purpose: Purpose,
    /// Which parts.
    pub parts: Parts,
    /// What was decided.
    pub decision: Decision,
    /// When, in milliseconds since 1970.
    pub time_ms: u64,
    /// Whether the holder signed that it handed the original out.
    pub delivered: bool,
}

fields!(Request {
    index,
    original,
    signer,
    holder,
    recipient,
    purpose,
    parts,
    decision,
    time_ms,
    delivered
});

calls! {
    /// Calls of the audit.
    #[derive(Copy)]
    pub enum AuditCall {
        /// A node has removed all files of a deleted record.
        0 => Erased {
            /// The record.
            index: RecordIndex,
        },
        /// Someone asks for an original.
        1 => Ask {
            /// The record.
            index: RecordIndex,
            /// What for.
            purpose: Purpose,
            /// Which parts.
            parts: Parts,
            /// X25519 key that the original is to be encrypted to.
            recipient: Digest,
        },
        /// The node that has the original has handed it out.
        2 => Delivered {
            /// The transaction that asked.
            request: Digest,
        },
    }
}

/// Some events of all subjects.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EventPage {
    /// Events with their subjects, a subject's oldest first.
    pub events: Vec<(Subject, Event)>,
    /// Where the next page begins.
    pub next: Vec<u8>,
}

/// A request, by the transaction that made it.
///
/// # Errors
/// [`StateError`] if the state cannot be read.
pub fn request<S: StateRead + ?Sized>(
    state: &S,
    id: Digest,
) -> Result<Option<Request>, StateError> {
    wire::row(state, &key::request(id))
}

/// The events of a subject from number `from` on, oldest first, at most `limit`.
///
/// # Errors
/// [`StateError`] if the state cannot be read.
pub fn events<S: StateScan + ?Sized>(
    state: &S,
    subject: Subject,
    from: u32,
    limit: usize,
) -> Result<Vec<Event>, StateError> {
    let rows = state.scan(&key::key(b'a', &subject), &from.to_be_bytes(), limit)?;
    rows.iter().map(|(_, row)| Ok(wire::read_row(row)?)).collect()
}

/// Events of all subjects from the place where the last page ended on: at first, an empty one.
///
/// # Errors
/// [`StateError`] if the state cannot be read.
pub fn all_events<S: StateScan + ?Sized>(
    state: &S,
    from: &[u8],
    limit: usize,
) -> Result<EventPage, StateError> {
    let prefix = key::key(b'a', &());
    let rows = state.scan(&prefix, from, limit)?;
    // The smallest key behind the last one.
    let next = rows.last().map(|(key, _)| [&key[prefix.len()..], &[0]].concat());
    let events = rows.iter().map(|(key, row)| {
        let subject = Subject::read(&mut Reader::new(&key[prefix.len()..]))?;
        Ok((subject, wire::read_row(row)?))
    });
    let events = events.collect::<Result<_, StateError>>()?;
    Ok(EventPage { events, next: next.unwrap_or_else(|| from.to_vec()) })
}

/// Whether a node has signed that it removed all files of a deleted record.
///
/// # Errors
/// [`StateError`] if the state cannot be read.
pub fn has_erased<S: StateRead + ?Sized>(
    state: &S,
    index: RecordIndex,
    node: NodeId,
) -> Result<bool, StateError> {
    Ok(state.get(&key::erased(index, node))?.is_some())
}

/// Adds an event to a subject's trail.
pub(crate) fn log<S: StateRead + ?Sized>(
    state: &mut Overlay<'_, S>,
    subject: Subject,
    by: Signed,
    happening: Happening,
) -> Result<(), CallError> {
    let number = wire::row(state, &key::event_count(subject))?.unwrap_or(0_u32);
    let Signed { time_ms, signer, node, transaction, .. } = by;
    let event = Event { time_ms, signer, node, transaction, happening };
    wire::put(state, key::event(subject, number), &event);
    let next = number.checked_add(1).ok_or(CallError::Value { what: "the trail is full" })?;
    wire::put(state, key::event_count(subject), &next);
    Ok(())
}

impl AuditCall {
    pub(crate) fn apply<S: StateRead + ?Sized>(
        self,
        state: &mut Overlay<'_, S>,
        by: Signed,
    ) -> Result<(), CallError> {
        match self {
            Self::Erased { index } => {
                allow(by.is_node, "a member's node")?;
                let deleted =
                    state.record(index)?.filter(|record| record.status == Status::Deleted);
                deleted.ok_or(CallError::NoRecord { what: "deleted", index })?;
                state.put(key::erased(index, by.node), Vec::new());
                Ok(())
            }
            Self::Ask { index, purpose, parts, recipient } => {
                ask(state, by, index, (purpose, parts), recipient)
            }
            Self::Delivered { request } => delivered(state, by, request),
        }
    }
}

/// A refusal is an event like any other: only who asks for nothing that exists is turned away.
fn ask<S: StateRead + ?Sized>(
    state: &mut Overlay<'_, S>,
    by: Signed,
    index: RecordIndex,
    (purpose, parts): (Purpose, Parts),
    recipient: Digest,
) -> Result<(), CallError> {
    let record = relationship::active_record(state, index)?;
    let known = crate::person(state, by.signer)?;
    let party = crate::party(state, by.signer)?;
    let is_patient = crate::owner(state, index)?.is_some_and(|owner| Some(owner.patient) == party);
    allow(known.is_some() || is_patient, "the record's patient or a registered person")?;
    let decision = authorize(state, index, by.signer, purpose, parts, by.time_ms)?;
    let request = Request {
        index,
        original: record.original,
        signer: by.signer,
        holder: record.acting,
        recipient,
        purpose,
        parts,
        decision,
        time_ms: by.time_ms,
        delivered: false,
    };
    wire::put(state, key::request(by.transaction), &request);
    log(state, Subject::Record(index), by, Happening::Asked { purpose, parts, decision })
}

fn delivered<S: StateRead + ?Sized>(
    state: &mut Overlay<'_, S>,
    by: Signed,
    id: Digest,
) -> Result<(), CallError> {
    let missing = CallError::Missing { what: "request that was allowed" };
    let asked = request(state, id)?.filter(|asked| asked.decision.is_allowed());
    let mut asked = asked.ok_or(missing)?;
    allow(by.is_node && by.node == asked.holder, "the node that has the original")?;
    if asked.delivered {
        return Err(CallError::Present { what: "delivery" });
    }
    asked.delivered = true;
    wire::put(state, key::request(id), &asked);
    let taker = crate::person(state, asked.signer)?.map(|person| person.registrar);
    contribution::count(state, by.node, taker)?;
    log(state, Subject::Record(asked.index), by, Happening::Delivered { request: id })
}
