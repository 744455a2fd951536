//! Agreements: two institutions let each other's doctors read, or the other's node change, records
//! that they name, each only once its patient has consented.
//!
//! The text lies with the parties; the ledger has its SHA-256. A record's origin includes it, its
//! patient consents, and from then on the other party may do what was agreed. Either party ends the
//! agreement, the origin excludes a record, the patient withdraws: each alone, and from the next
//! block on.

use emrshare_codec::{Digest, NodeId, RecordIndex};
use emrshare_ledger::{Overlay, StateError, StateRead, StateScan};

use crate::{
    CallError, Happening, Party, Role, Span, Subject, alliance,
    audit::{self, Signed},
    error::allow,
    key, registry, relationship,
    wire::{self, calls, fields, words},
};

words! {
    /// What the other party may do with a record that was included.
    pub enum AgreedRights ("rights of an agreement") {
        /// Its doctors read originals, for treatment and consultation.
        Query = 0 "query",
        /// Its node puts new versions on the ledger.
        Update = 1 "update",
        /// Both.
        QueryAndUpdate = 2 "query+update",
    }
}

impl AgreedRights {
    fn contain(self, other: Self) -> bool {
        self == Self::QueryAndUpdate || self == other
    }
}

words! {
    /// How far an agreement has come.
    pub enum AgreementStanding ("standing of an agreement") {
        /// One party signed.
        Offered = 0 "offered",
        /// Both signed.
        Made = 1 "made",
        /// One of them ended it.
        Ended = 2 "ended",
    }
}

/// What two institutions agreed on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Agreement {
    /// Who offered it.
    pub offerer: NodeId,
    /// To whom.
    pub partner: NodeId,
    /// SHA-256 of the text.
    pub text: Digest,
    /// What each may do with the other's records.
    pub rights: AgreedRights,
    /// When it holds.
    pub valid: Span,
    /// How far it has come.
    pub standing: AgreementStanding,
    /// Since when, in milliseconds since 1970.
    pub since_ms: u64,
}

fields!(Agreement { offerer, partner, text, rights, valid, standing, since_ms });

impl Agreement {
    /// The party that is not `node`; `None` if that is no party.
    #[must_use]
    pub fn other(&self, node: NodeId) -> Option<NodeId> {
        match node {
            _ if node == self.offerer => Some(self.partner),
            _ if node == self.partner => Some(self.offerer),
            _ => None,
        }
    }

    /// Whether both signed it, and it holds at a time.
    #[must_use]
    pub fn is_in_force(&self, time_ms: u64) -> bool {
        self.standing == AgreementStanding::Made && self.valid.contains(time_ms)
    }
}

/// A record that is open to an institution by an agreement.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Inclusion {
    /// The transaction that offered the agreement.
    pub agreement: Digest,
    /// Whether the patient agrees: nothing is open before.
    pub has_consent: bool,
}

fields!(Inclusion { agreement, has_consent });

/// What a doctor of a party noted about the records of an agreement: the note lies with the parties.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LogEntry {
    /// SHA-256 of the note.
    pub note: Digest,
    /// The doctor, by identity.
    pub doctor: Digest,
    /// Time of its block, in milliseconds since 1970.
    pub time_ms: u64,
}

fields!(LogEntry { note, doctor, time_ms });

calls! {
    /// Calls about agreements.
    #[derive(Copy)]
    pub enum AgreementCall {
        /// A member's node offers an agreement to another member.
        0 => Offer {
            /// To whom.
            partner: NodeId,
            /// SHA-256 of the text.
            text: Digest,
            /// What each may do with the other's records.
            rights: AgreedRights,
            /// When it is to hold.
            valid: Span,
        },
        /// The other member's node signs it too.
        1 => Accept {
            /// The transaction that offered it.
            agreement: Digest,
        },
        /// A party's node ends it, or takes back or turns down an offer.
        2 => End {
            /// The transaction that offered it.
            agreement: Digest,
        },
        /// A record's origin names it to the other party.
        3 => Include {
            /// The transaction that offered the agreement.
            agreement: Digest,
            /// The record.
            index: RecordIndex,
        },
        /// A record's origin takes it out again.
        4 => Exclude {
            /// The transaction that offered the agreement.
            agreement: Digest,
            /// The record.
            index: RecordIndex,
        },
        /// The record's patient agrees.
        5 => Consent {
            /// The transaction that offered the agreement.
            agreement: Digest,
            /// The record.
            index: RecordIndex,
        },
        /// The record's patient does not agree any more.
        6 => Withdraw {
            /// The transaction that offered the agreement.
            agreement: Digest,
            /// The record.
            index: RecordIndex,
        },
        /// A doctor of a party adds a note to the agreement's log.
        7 => Log {
            /// The transaction that offered the agreement.
            agreement: Digest,
            /// SHA-256 of the note.
            note: Digest,
        },
    }
}

/// An agreement, by the transaction that offered it.
///
/// # Errors
/// [`StateError`] if the state cannot be read.
pub fn agreement<S: StateRead + ?Sized>(
    state: &S,
    id: Digest,
) -> Result<Option<Agreement>, StateError> {
    wire::row(state, &key::agreement(id))
}

/// The agreements of an institution, also those that ended, at most `limit`.
///
/// # Errors
/// [`StateError`] if the state cannot be read.
pub fn agreements_of<S: StateScan + ?Sized>(
    state: &S,
    node: NodeId,
    limit: usize,
) -> Result<Vec<(Digest, Agreement)>, StateError> {
    let mut found = Vec::new();
    for id in wire::behind(state, &key::key(b'f', &node), limit)? {
        found.extend(agreement(state, id)?.map(|agreement| (id, agreement)));
    }
    Ok(found)
}

/// Records that an agreement includes, and whether their patients agree, at most `limit`.
///
/// # Errors
/// [`StateError`] if the state cannot be read.
pub fn inclusions<S: StateScan + ?Sized>(
    state: &S,
    id: Digest,
    limit: usize,
) -> Result<Vec<(RecordIndex, bool)>, StateError> {
    let Some(agreement) = agreement(state, id)? else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for index in wire::behind::<RecordIndex, _>(state, &key::key(b'j', &id), limit)? {
        let Some(other) = agreement.other(index.origin()) else { continue };
        let included = inclusion(state, index, other)?;
        let included = included.filter(|included| included.agreement == id);
        found.extend(included.map(|included| (index, included.has_consent)));
    }
    Ok(found)
}

/// The log of an agreement, oldest first, at most `limit`.
///
/// # Errors
/// [`StateError`] if the state cannot be read.
pub fn log_entries<S: StateScan + ?Sized>(
    state: &S,
    id: Digest,
    limit: usize,
) -> Result<Vec<LogEntry>, StateError> {
    let rows = state.scan(&key::key(b'z', &id), b"", limit)?;
    rows.iter().map(|(_, row)| Ok(wire::read_row(row)?)).collect()
}

/// By which agreement a record is, or with the patient's consent would be, open to an institution.
///
/// # Errors
/// [`StateError`] if the state cannot be read.
pub fn inclusion<S: StateRead + ?Sized>(
    state: &S,
    index: RecordIndex,
    other: NodeId,
) -> Result<Option<Inclusion>, StateError> {
    wire::row(state, &key::inclusion(index, other))
}

/// Whether an agreement in force, and the patient, let an institution do this with a record.
///
/// # Errors
/// [`StateError`] if the state cannot be read.
pub fn is_agreed<S: StateRead + ?Sized>(
    state: &S,
    index: RecordIndex,
    other: NodeId,
    rights: AgreedRights,
    time_ms: u64,
) -> Result<bool, StateError> {
    let consented = inclusion(state, index, other)?.filter(|included| included.has_consent);
    let Some(Inclusion { agreement: id, .. }) = consented else { return Ok(false) };
    let agreed = agreement(state, id)?;
    Ok(agreed.is_some_and(|it| it.is_in_force(time_ms) && it.rights.contain(rights)))
}

impl AgreementCall {
    pub(crate) fn apply<S: StateRead + ?Sized>(
        self,
        state: &mut Overlay<'_, S>,
        by: Signed,
    ) -> Result<(), CallError> {
        match self {
            Self::Offer { partner, text, rights, valid } => {
                offer(state, by, partner, text, rights, valid)
            }
            Self::Accept { agreement } => accept(state, by, agreement),
            Self::End { agreement } => end(state, by, agreement),
            Self::Include { agreement, index } => include(state, by, agreement, index),
            Self::Exclude { agreement, index } => exclude(state, by, agreement, index),
            Self::Consent { agreement, index } => consent(state, by, agreement, index, true),
            Self::Withdraw { agreement, index } => consent(state, by, agreement, index, false),
            Self::Log { agreement, note } => log(state, by, agreement, note),
        }
    }
}

fn offer<S: StateRead + ?Sized>(
    state: &mut Overlay<'_, S>,
    by: Signed,
    partner: NodeId,
    text: Digest,
    rights: AgreedRights,
    valid: Span,
) -> Result<(), CallError> {
    allow(by.is_node, "a member's node")?;
    alliance::member(state, partner)?
        .filter(|_| partner != by.node)
        .ok_or(CallError::Missing { what: "other member" })?;
    if valid.until_ms <= by.time_ms || valid.until_ms <= valid.from_ms {
        return Err(CallError::Value { what: "the agreement would never hold" });
    }
    let (offerer, since_ms, standing) = (by.node, by.time_ms, AgreementStanding::Offered);
    let offered = Agreement { offerer, partner, text, rights, valid, standing, since_ms };
    wire::put(state, key::agreement(by.transaction), &offered);
    for party in [offerer, partner] {
        state.put(key::party_of(party, by.transaction), Vec::new());
    }
    Ok(())
}

fn accept<S: StateRead + ?Sized>(
    state: &mut Overlay<'_, S>,
    by: Signed,
    id: Digest,
) -> Result<(), CallError> {
    let offered = agreement(state, id)?.filter(|it| it.standing == AgreementStanding::Offered);
    let mut made = offered.ok_or(CallError::Missing { what: "offered agreement" })?;
    allow(by.is_node && by.node == made.partner, "the node that it was offered to")?;
    (made.standing, made.since_ms) = (AgreementStanding::Made, by.time_ms);
    wire::put(state, key::agreement(id), &made);
    audit::log(state, Subject::Consortium, by, Happening::AgreementMade { agreement: id })
}

fn end<S: StateRead + ?Sized>(
    state: &mut Overlay<'_, S>,
    by: Signed,
    id: Digest,
) -> Result<(), CallError> {
    let mut ending = standing(state, id)?;
    allow(by.is_node && ending.other(by.node).is_some(), "a party's node")?;
    let was_made = ending.standing == AgreementStanding::Made;
    (ending.standing, ending.since_ms) = (AgreementStanding::Ended, by.time_ms);
    wire::put(state, key::agreement(id), &ending);
    if was_made {
        audit::log(state, Subject::Consortium, by, Happening::AgreementEnded { agreement: id })?;
    }
    Ok(())
}

fn include<S: StateRead + ?Sized>(
    state: &mut Overlay<'_, S>,
    by: Signed,
    id: Digest,
    index: RecordIndex,
) -> Result<(), CallError> {
    let agreed = standing(state, id)?;
    let other = other_party(&agreed, by, index)?;
    relationship::active_record(state, index)?;
    if let Some(known) = inclusion(state, index, other)? {
        let known = agreement(state, known.agreement)?;
        if known.is_some_and(|known| known.standing != AgreementStanding::Ended) {
            return Err(CallError::Present {
                what: "agreement with the institution on the record",
            });
        }
    }
    let included = Inclusion { agreement: id, has_consent: false };
    wire::put(state, key::inclusion(index, other), &included);
    state.put(key::included(id, index), Vec::new());
    audit::log(state, Subject::Record(index), by, Happening::Included { agreement: id })
}

fn exclude<S: StateRead + ?Sized>(
    state: &mut Overlay<'_, S>,
    by: Signed,
    id: Digest,
    index: RecordIndex,
) -> Result<(), CallError> {
    let agreed = agreement(state, id)?.ok_or(CallError::Missing { what: "agreement" })?;
    let other = other_party(&agreed, by, index)?;
    must_include(state, id, index, other)?;
    state.delete(key::inclusion(index, other));
    state.delete(key::included(id, index));
    audit::log(state, Subject::Record(index), by, Happening::Excluded { agreement: id })
}

fn consent<S: StateRead + ?Sized>(
    state: &mut Overlay<'_, S>,
    by: Signed,
    id: Digest,
    index: RecordIndex,
    has_consent: bool,
) -> Result<(), CallError> {
    let patient: Option<Party> = registry::party(state, by.signer)?;
    let owner = relationship::owner(state, index)?;
    let is_patient = owner.is_some_and(|owner| Some(owner.patient) == patient);
    allow(is_patient, "the record's patient")?;
    let agreed = agreement(state, id)?.ok_or(CallError::Missing { what: "agreement" })?;
    if has_consent && agreed.standing == AgreementStanding::Ended {
        return Err(CallError::Value { what: "the agreement has ended" });
    }
    let other = agreed.other(index.origin());
    let other = other.ok_or(CallError::Missing { what: "record in the agreement" })?;
    let mut included = must_include(state, id, index, other)?;
    if included.has_consent == has_consent {
        return Err(CallError::Value { what: "the patient has said so already" });
    }
    included.has_consent = has_consent;
    wire::put(state, key::inclusion(index, other), &included);
    let happening = if has_consent {
        Happening::Consented { agreement: id }
    } else {
        Happening::Withdrawn { agreement: id }
    };
    audit::log(state, Subject::Record(index), by, happening)
}

fn log<S: StateRead + ?Sized>(
    state: &mut Overlay<'_, S>,
    by: Signed,
    id: Digest,
    note: Digest,
) -> Result<(), CallError> {
    let agreed = agreement(state, id)?.filter(|agreed| agreed.is_in_force(by.time_ms));
    let agreed = agreed.ok_or(CallError::Missing { what: "agreement in force" })?;
    let person = registry::person(state, by.signer)?;
    let doctor = person.filter(|person| {
        person.role == Role::Doctor
            && person.registrar == by.node
            && agreed.other(person.registrar).is_some()
    });
    let doctor = doctor.ok_or(CallError::NotAllowed {
        who: "a doctor of a party, through the own institution,",
    })?;
    let number = wire::row(state, &key::log_length(id))?.unwrap_or(0_u32);
    let entry = LogEntry { note, doctor: doctor.identity, time_ms: by.time_ms };
    wire::put(state, key::log_entry(id, number), &entry);
    let next = number.checked_add(1).ok_or(CallError::Value { what: "the log is full" })?;
    wire::put(state, key::log_length(id), &next);
    Ok(())
}

/// An agreement that was offered or made, and has not ended.
fn standing<S: StateRead + ?Sized>(state: &S, id: Digest) -> Result<Agreement, CallError> {
    let agreed = agreement(state, id)?.filter(|it| it.standing != AgreementStanding::Ended);
    agreed.ok_or(CallError::Missing { what: "agreement that has not ended" })
}

/// To whom a record is opened; only its origin does that.
fn other_party(agreement: &Agreement, by: Signed, index: RecordIndex) -> Result<NodeId, CallError> {
    let other = agreement.other(by.node).filter(|_| by.is_node && index.origin() == by.node);
    other.ok_or(CallError::NotAllowed { who: "the record's origin, as a party," })
}

fn must_include<S: StateRead + ?Sized>(
    state: &S,
    id: Digest,
    index: RecordIndex,
    other: NodeId,
) -> Result<Inclusion, CallError> {
    let included = inclusion(state, index, other)?.filter(|included| included.agreement == id);
    included.ok_or(CallError::Missing { what: "record in the agreement" })
}
