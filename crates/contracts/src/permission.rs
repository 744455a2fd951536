//! Permissions: what a patient grants to whom, and what an emergency opens.

use emrshare_codec::{Digest, NodeId, RecordIndex};
use emrshare_identity::PublicKey;
use emrshare_ledger::{DecodeError, Overlay, StateError, StateRead, StateScan, wire::Reader};

use crate::{
    CallError, Happening, Party, Role, Subject,
    audit::{self, Signed},
    authorization::{Parts, Purposes},
    key, registry, relationship,
    wire::{self, Field, calls, fields, words},
};

/// How long an emergency opens a record, in milliseconds: four hours.
pub const EMERGENCY_MS: u64 = 4 * 3_600_000;

words! {
    /// Why a doctor opens a record without the patient's word. No free text: it would say something
    /// of the patient to everyone.
    pub enum Reason ("reason") {
        /// The patient cannot answer.
        Unconscious = 0 "unconscious",
        /// There is no time to ask.
        LifeThreatening = 1 "life-threatening",
        /// The patient cannot decide, and nobody who could is there.
        Incapable = 2 "incapable",
        /// Others are in danger, such as by an infection.
        PublicHealth = 3 "public-health",
    }
}

/// Which records a grant opens.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scope {
    /// All records of the patient's key.
    All,
    /// One of them.
    Record(RecordIndex),
}

impl Field for Scope {
    fn put(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::All => bytes.push(0),
            Self::Record(index) => {
                bytes.push(1);
                index.put(bytes);
            }
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let scope: Option<RecordIndex> = Field::read(reader)?;
        Ok(scope.map_or(Self::All, Self::Record))
    }
}

/// To whom a grant is given.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Grantee {
    /// A person, by identity: the grant outlives a change of the person's key.
    Person(Digest),
    /// Everyone of a role whom an institution registered.
    Role(NodeId, Role),
    /// All doctors whom an institution registered.
    Institution(NodeId),
}

impl Field for Grantee {
    fn put(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Person(identity) => {
                bytes.push(0);
                identity.put(bytes);
            }
            Self::Role(node, role) => {
                bytes.push(1);
                node.put(bytes);
                role.put(bytes);
            }
            Self::Institution(node) => {
                bytes.push(2);
                node.put(bytes);
            }
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match reader.u8("grantee")? {
            0 => Field::read(reader).map(Self::Person),
            1 => Ok(Self::Role(Field::read(reader)?, Field::read(reader)?)),
            2 => Field::read(reader).map(Self::Institution),
            found => Err(DecodeError::Value { what: "grantee", found: found.into() }),
        }
    }
}

/// A span of time, in milliseconds since 1970: the end is not part of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Span {
    /// Its first millisecond.
    pub from_ms: u64,
    /// The first millisecond behind it.
    pub until_ms: u64,
}

fields!(Span { from_ms, until_ms });

impl Span {
    /// All time.
    pub const ALWAYS: Self = Self { from_ms: 0, until_ms: u64::MAX };

    /// Whether a time lies in it.
    #[must_use]
    pub const fn contains(self, time_ms: u64) -> bool {
        self.from_ms <= time_ms && time_ms < self.until_ms
    }
}

/// The conditions of a grant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Grant {
    /// For which purposes.
    pub purposes: Purposes,
    /// Which parts of the records.
    pub parts: Parts,
    /// When it holds.
    pub valid: Span,
    /// When the records that it opens were linked to the patient.
    pub linked: Span,
}

fields!(Grant { purposes, parts, valid, linked });

calls! {
    /// Calls about permissions.
    #[derive(Copy)]
    pub enum PermissionCall {
        /// A patient lets someone read originals. A grant of the same scope to the same grantee is
        /// replaced.
        0 => Grant {
            /// Which records.
            scope: Scope,
            /// Who.
            grantee: Grantee,
            /// On which conditions.
            grant: Grant,
        },
        /// A patient ends a grant.
        1 => Revoke {
            /// Which records.
            scope: Scope,
            /// Whose.
            grantee: Grantee,
        },
        /// A doctor opens a record in an emergency.
        2 => BreakGlass {
            /// The record.
            index: RecordIndex,
            /// Why.
            reason: Reason,
        },
    }
}

/// A grant of a patient.
///
/// # Errors
/// [`StateError`] if the state cannot be read.
pub fn grant<S: StateRead + ?Sized>(
    state: &S,
    patient: Party,
    scope: Scope,
    grantee: Grantee,
) -> Result<Option<Grant>, StateError> {
    wire::row(state, &key::grant(patient, scope, grantee))
}

/// All grants of a patient, at most `limit`.
///
/// # Errors
/// [`StateError`] if the state cannot be read.
pub fn grants<S: StateScan + ?Sized>(
    state: &S,
    patient: Party,
    limit: usize,
) -> Result<Vec<(Scope, Grantee, Grant)>, StateError> {
    let prefix = key::key(b'g', &patient);
    let rows = state.scan(&prefix, b"", limit)?;
    let grants = rows.iter().map(|(key, row)| {
        let mut reader = Reader::new(&key[prefix.len()..]);
        let (scope, grantee) = (Field::read(&mut reader)?, Field::read(&mut reader)?);
        Ok((scope, grantee, wire::read_row(row)?))
    });
    grants.collect()
}

/// Until when an emergency opens a record to a doctor.
pub(crate) fn emergency_until<S: StateRead + ?Sized>(
    state: &S,
    index: RecordIndex,
    doctor: Digest,
) -> Result<Option<u64>, StateError> {
    wire::row(state, &key::emergency(index, doctor))
}

impl PermissionCall {
    pub(crate) fn apply<S: StateRead + ?Sized>(
        self,
        state: &mut Overlay<'_, S>,
        by: Signed,
    ) -> Result<(), CallError> {
        match self {
            Self::Grant { scope, grantee, grant } => {
                let patient = must_own(state, by.signer, scope)?;
                check_grantee(state, grantee)?;
                if grant.purposes == Purposes::NONE || grant.valid.until_ms <= by.time_ms {
                    return Err(CallError::Value { what: "the grant would open nothing" });
                }
                registry::acts(state, patient);
                wire::put(state, key::grant(patient, scope, grantee), &grant);
                Ok(())
            }
            Self::Revoke { scope, grantee } => {
                let patient = must_own(state, by.signer, scope)?;
                let key = key::grant(patient, scope, grantee);
                if state.get(&key)?.is_none() {
                    return Err(CallError::Missing { what: "grant" });
                }
                state.delete(key);
                Ok(())
            }
            Self::BreakGlass { index, reason } => {
                let person = registry::person(state, by.signer)?;
                let doctor = person.filter(|person| person.role == Role::Doctor);
                let doctor =
                    doctor.ok_or(CallError::NotRegistered { role: Role::Doctor.name() })?;
                relationship::active_record(state, index)?;
                let until_ms = by.time_ms.saturating_add(EMERGENCY_MS);
                wire::put(state, key::emergency(index, doctor.identity), &until_ms);
                audit::log(state, Subject::Record(index), by, Happening::BrokenGlass { reason })
            }
        }
    }
}

/// A grant of one record is the business of its patient; one of all records opens what is or will
/// be linked to the key that signs.
fn must_own<S: StateRead + ?Sized>(
    state: &S,
    signer: PublicKey,
    scope: Scope,
) -> Result<Party, CallError> {
    let refused = CallError::NotAllowed { who: "the record's patient" };
    let patient = registry::party(state, signer)?.ok_or(refused.clone())?;
    let Scope::Record(index) = scope else { return Ok(patient) };
    let owner = relationship::owner(state, index)?.filter(|owner| owner.patient == patient);
    owner.map(|_| patient).ok_or(refused)
}

fn check_grantee<S: StateRead + ?Sized>(state: &S, grantee: Grantee) -> Result<(), CallError> {
    let known = match grantee {
        Grantee::Person(identity) => match registry::key_of(state, identity)? {
            Some(key) => registry::person(state, key)?
                .is_some_and(|person| matches!(person.role, Role::Doctor | Role::Researcher)),
            None => false,
        },
        Grantee::Role(node, role) => {
            matches!(role, Role::Doctor | Role::Researcher)
                && state.get(&key::member(node))?.is_some()
        }
        Grantee::Institution(node) => state.get(&key::member(node))?.is_some(),
    };
    if known {
        return Ok(());
    }
    Err(CallError::Value { what: "a grant goes to a doctor or a researcher, or to a member" })
}
