//! Relationships: whose record is whose, and which doctor treats whom.
//!
//! A patient takes part with a key that is derived for this one relationship and registered
//! nowhere, so that nothing on the ledger joins two of them. A doctor opens a relationship, the
//! patient answers it, and either of them ends it.

use emrshare_codec::{Digest, NodeId, RecordIndex};
use emrshare_identity::{Domain, PublicKey, Signature, SignatureError, SigningKey};
use emrshare_ledger::{Changes, Overlay, RecordState, StateError, StateRead, StateScan, Status};

use crate::{
    CallError, Party, Person, Role,
    audit::Signed,
    error::allow,
    key, registry,
    wire::{self, Field, calls, fields, words},
};

const APPEND: Domain = Domain::new(b"_EMRSHARE_CONTRACTS_APPEND");
/// How far a doctor's clock may be from the ledger's, in milliseconds.
const CLOCKS_MS: u64 = 300_000;

words! {
    /// What a doctor may do in a relationship.
    pub enum Rights ("rights") {
        /// Nothing: the patient said no.
        None = 0 "none",
        /// Read the originals of the relationship's records.
        View = 1 "view",
        /// Add records.
        Append = 2 "append",
        /// Both.
        ViewAndAppend = 3 "view+append",
    }
}

impl Rights {
    /// Whether the rights of `other` are among these.
    #[must_use]
    pub const fn contain(self, other: Self) -> bool {
        self as u8 & other as u8 == other as u8
    }
}

words! {
    /// How far a relationship has come.
    pub enum Standing ("standing") {
        /// The doctor asked.
        Proposed = 0 "proposed",
        /// The patient agreed.
        Accepted = 1 "accepted",
        /// The patient refused.
        Rejected = 2 "rejected",
        /// One of them ended it.
        Ended = 3 "ended",
    }
}

/// A patient and a doctor at an institution.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Relationship {
    /// The doctor's institution.
    pub node: NodeId,
    /// What the doctor asked for, or what the patient allowed.
    pub rights: Rights,
    /// How far it has come.
    pub standing: Standing,
    /// Since when, in milliseconds since 1970.
    pub since_ms: u64,
}

fields!(Relationship { node, rights, standing, since_ms });

/// Whom a record is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Owner {
    /// The patient.
    pub patient: Party,
    /// When the record was linked, in milliseconds since 1970.
    pub linked_ms: u64,
}

fields!(Owner { patient, linked_ms });

calls! {
    /// Calls about relationships.
    #[derive(Copy)]
    pub enum RelationshipCall {
        /// A record's origin says which patient it is about.
        0 => Link {
            /// The record.
            index: RecordIndex,
            /// The patient's key.
            patient: PublicKey,
        },
        /// A doctor asks a patient for a relationship.
        1 => Open {
            /// The patient's key.
            patient: PublicKey,
            /// What the doctor asks for.
            rights: Rights,
        },
        /// The patient accepts, with these rights or fewer, or refuses with none.
        2 => Answer {
            /// The doctor's identity.
            doctor: Digest,
            /// What the patient allows.
            rights: Rights,
        },
        /// The patient or the doctor ends the relationship.
        3 => End {
            /// The patient.
            patient: Party,
            /// The doctor's identity.
            doctor: Digest,
        },
        /// A record's origin links a record that a doctor of a relationship signed for.
        4 => Append {
            /// The record.
            index: RecordIndex,
            /// The patient's key.
            patient: PublicKey,
            /// The doctor's key.
            doctor: PublicKey,
            /// When the doctor signed, in milliseconds since 1970.
            time_ms: u64,
            /// The doctor's signature of an [`AppendStatement`].
            signature: Signature,
        },
    }
}

/// What a doctor signs to add a record: which original, about whom, by whom and when.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AppendStatement {
    /// Digest of the original.
    pub original: Digest,
    /// The patient's key.
    pub patient: PublicKey,
    /// The doctor's key.
    pub doctor: PublicKey,
    /// When, in milliseconds since 1970.
    pub time_ms: u64,
}

fields!(AppendStatement { original, patient, doctor, time_ms });

impl AppendStatement {
    /// Signs it for a chain.
    #[must_use]
    pub fn sign(&self, chain: Digest, doctor: &SigningKey) -> Signature {
        doctor.sign(APPEND, &self.message(chain))
    }

    /// Checks that the doctor signed it for this chain.
    ///
    /// # Errors
    /// [`SignatureError`] if not.
    pub fn verify(&self, chain: Digest, signature: &Signature) -> Result<(), SignatureError> {
        self.doctor.verify(APPEND, &self.message(chain), signature)
    }

    fn message(&self, chain: Digest) -> Vec<u8> {
        [chain.0.to_vec(), self.to_bytes()].concat()
    }
}

/// The patient whom a record is about.
///
/// # Errors
/// [`StateError`] if the state cannot be read.
pub fn owner<S: StateRead + ?Sized>(
    state: &S,
    index: RecordIndex,
) -> Result<Option<Owner>, StateError> {
    wire::row(state, &key::owner(index))
}

/// The key that a record's patient has now; `None` for a record without a patient, or with one whose
/// key was ended.
///
/// # Errors
/// [`StateError`] if the state cannot be read.
pub fn owner_key<S: StateRead + ?Sized>(
    state: &S,
    index: RecordIndex,
) -> Result<Option<PublicKey>, StateError> {
    let Some(owner) = owner(state, index)? else { return Ok(None) };
    match owner.patient {
        Party::Person(identity) => registry::key_of(state, identity),
        Party::Key(key) => Ok(registry::party(state, key)?.map(|_| key)),
    }
}

/// Records that are linked to a registered person.
///
/// # Errors
/// [`StateError`] if the state cannot be read.
pub fn records_of<S: StateScan + ?Sized>(
    state: &S,
    person: Digest,
) -> Result<Vec<RecordIndex>, StateError> {
    wire::behind(state, &key::key(b'q', &Party::Person(person)), usize::MAX)
}

/// Records that a block's changes link to patients, and identities whose key they change.
#[must_use]
pub fn owners_changed(changes: &Changes) -> (Vec<RecordIndex>, Vec<Digest>) {
    (wire::changed(changes, &key::key(b'o', &())), wire::changed(changes, &key::key(b'i', &())))
}

/// The relationship of a patient with a doctor, by identity.
///
/// # Errors
/// [`StateError`] if the state cannot be read.
pub fn relationship<S: StateRead + ?Sized>(
    state: &S,
    patient: Party,
    doctor: Digest,
) -> Result<Option<Relationship>, StateError> {
    wire::row(state, &key::relationship(patient, doctor))
}

impl RelationshipCall {
    pub(crate) fn apply<S: StateRead + ?Sized>(
        self,
        state: &mut Overlay<'_, S>,
        by: Signed,
    ) -> Result<(), CallError> {
        match self {
            Self::Link { index, patient } => {
                allow(by.is_node && index.origin() == by.node, "the record's origin")?;
                let person = registry::person(state, patient)?;
                let is_patient = person.is_some_and(|person| person.role == Role::Patient);
                let patient = known_party(state, patient)?;
                if !is_patient && accepted_at(state, patient, by.node)? == 0 {
                    return Err(CallError::NotRegistered { role: Role::Patient.name() });
                }
                link(state, by, index, patient)
            }
            Self::Open { patient, rights } => open(state, by, patient, rights),
            Self::Answer { doctor, rights } => answer(state, by, doctor, rights),
            Self::End { patient, doctor } => end(state, by, patient, doctor),
            Self::Append { index, patient, doctor, time_ms, signature } => {
                allow(by.is_node && index.origin() == by.node, "the record's origin")?;
                let original = active_record(state, index)?.original;
                let statement = AppendStatement { original, patient, doctor, time_ms };
                let patient = known_party(state, patient)?;
                check_append(state, by, patient, &statement)?;
                let signed = statement.verify(by.chain, &signature).is_ok();
                allow(signed, "a doctor who signed the record")?;
                link(state, by, index, patient)
            }
        }
    }
}

fn link<S: StateRead + ?Sized>(
    state: &mut Overlay<'_, S>,
    by: Signed,
    index: RecordIndex,
    patient: Party,
) -> Result<(), CallError> {
    active_record(state, index)?;
    if owner(state, index)?.is_some() {
        return Err(CallError::Linked);
    }
    wire::put(state, key::owner(index), &Owner { patient, linked_ms: by.time_ms });
    state.put(key::owned(patient, index), Vec::new());
    Ok(())
}

fn open<S: StateRead + ?Sized>(
    state: &mut Overlay<'_, S>,
    by: Signed,
    patient: PublicKey,
    rights: Rights,
) -> Result<(), CallError> {
    let doctor = doctor(state, by.signer)?;
    allow(doctor.registrar == by.node, "a doctor, through the own institution,")?;
    if rights == Rights::None {
        return Err(CallError::Value { what: "a relationship asks for some right" });
    }
    let patient = known_party(state, patient)?;
    let known = relationship(state, patient, doctor.identity)?;
    let open = known.is_some_and(|known| {
        matches!(known.standing, Standing::Proposed | Standing::Accepted | Standing::Rejected)
    });
    if open {
        return Err(CallError::Present { what: "relationship" });
    }
    let (node, since_ms) = (by.node, by.time_ms);
    let opened = Relationship { node, rights, standing: Standing::Proposed, since_ms };
    wire::put(state, key::relationship(patient, doctor.identity), &opened);
    Ok(())
}

fn answer<S: StateRead + ?Sized>(
    state: &mut Overlay<'_, S>,
    by: Signed,
    doctor: Digest,
    rights: Rights,
) -> Result<(), CallError> {
    let patient = known_party(state, by.signer)?;
    let asked = relationship(state, patient, doctor)?;
    let asked = asked.filter(|asked| asked.standing == Standing::Proposed);
    let mut answered = asked.ok_or(CallError::Missing { what: "open relationship" })?;
    if !answered.rights.contain(rights) {
        return Err(CallError::Value { what: "the doctor did not ask for these rights" });
    }
    answered.standing = match rights {
        Rights::None => Standing::Rejected,
        _ => Standing::Accepted,
    };
    (answered.rights, answered.since_ms) = (rights, by.time_ms);
    registry::acts(state, patient);
    wire::put(state, key::relationship(patient, doctor), &answered);
    if answered.standing == Standing::Accepted {
        let count = accepted_at(state, patient, answered.node)?.saturating_add(1);
        wire::put(state, key::treated_at(patient, answered.node), &count);
    }
    Ok(())
}

fn end<S: StateRead + ?Sized>(
    state: &mut Overlay<'_, S>,
    by: Signed,
    patient: Party,
    doctor: Digest,
) -> Result<(), CallError> {
    let is_doctor = registry::key_of(state, doctor)? == Some(by.signer);
    let is_patient = registry::party(state, by.signer)? == Some(patient);
    allow(is_patient || is_doctor, "the patient or the doctor")?;
    let ending = relationship(state, patient, doctor)?;
    // A refusal stands until the patient takes it back by ending it.
    let ending = ending.filter(|ending| match ending.standing {
        Standing::Proposed | Standing::Accepted => true,
        Standing::Rejected => is_patient,
        Standing::Ended => false,
    });
    let mut ending = ending.ok_or(CallError::Missing { what: "open relationship" })?;
    if ending.standing == Standing::Accepted {
        let count = accepted_at(state, patient, ending.node)?.saturating_sub(1);
        wire::put(state, key::treated_at(patient, ending.node), &count);
    }
    (ending.standing, ending.since_ms) = (Standing::Ended, by.time_ms);
    wire::put(state, key::relationship(patient, doctor), &ending);
    Ok(())
}

/// A record that lives.
pub(crate) fn active_record<S: StateRead + ?Sized>(
    state: &S,
    index: RecordIndex,
) -> Result<RecordState, CallError> {
    let active = state.record(index)?.filter(|record| record.status == Status::Active);
    active.ok_or(CallError::NoRecord { what: "active", index })
}

/// How many doctors of an institution a patient has accepted.
fn accepted_at<S: StateRead + ?Sized>(
    state: &S,
    patient: Party,
    node: NodeId,
) -> Result<u32, StateError> {
    Ok(wire::row(state, &key::treated_at(patient, node))?.unwrap_or(0))
}

fn check_append<S: StateRead + ?Sized>(
    state: &S,
    by: Signed,
    patient: Party,
    statement: &AppendStatement,
) -> Result<(), CallError> {
    let doctor = doctor(state, statement.doctor)?;
    let known = relationship(state, patient, doctor.identity)?;
    let known = known.filter(|known| {
        known.standing == Standing::Accepted
            && known.node == by.node
            && known.rights.contain(Rights::Append)
    });
    let known = known.ok_or(CallError::NotAllowed { who: "a doctor who may append" })?;
    let time_ms = statement.time_ms;
    let too_old = time_ms.saturating_add(CLOCKS_MS) < known.since_ms;
    if too_old || time_ms > by.time_ms.saturating_add(CLOCKS_MS) {
        let what = "the doctor's signature is older than the relationship, or of the future";
        return Err(CallError::Value { what });
    }
    Ok(())
}

fn known_party<S: StateRead + ?Sized>(state: &S, key: PublicKey) -> Result<Party, CallError> {
    registry::party(state, key)?.ok_or(CallError::NotAllowed { who: "the holder of a valid key" })
}

fn doctor<S: StateRead + ?Sized>(state: &S, key: PublicKey) -> Result<Person, CallError> {
    let person = registry::person(state, key)?.filter(|person| person.role == Role::Doctor);
    person.ok_or(CallError::NotRegistered { role: Role::Doctor.name() })
}
