//! Consultations: a doctor or a patient asks a doctor, who accepts or declines; both sides see it on
//! their trails.
//!
//! Question and answer go another way; the ledger has their SHA-256, each signed by its author with
//! the time of its block. A consultation opens no record: for that, the patient grants.

use emrshare_codec::{Digest, RecordIndex};
use emrshare_ledger::{Overlay, StateError, StateRead, StateScan};

use crate::{
    CallError, Happening, Role, Subject,
    audit::{self, Signed},
    error::allow,
    key, registry, relationship,
    wire::{self, calls, fields, words},
};

words! {
    /// How far a consultation has come.
    pub enum ConsultationStanding ("standing of a consultation") {
        /// The question is there.
        Asked = 0 "asked",
        /// The doctor takes it on.
        Accepted = 1 "accepted",
        /// The doctor does not.
        Declined = 2 "declined",
        /// One of them ended it.
        Closed = 3 "closed",
    }
}

/// A question to a doctor.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Consultation {
    /// Who asked, by identity.
    pub requester: Digest,
    /// Who was asked, by identity.
    pub doctor: Digest,
    /// SHA-256 of the question.
    pub question: Digest,
    /// The record that it is about.
    pub about: Option<RecordIndex>,
    /// SHA-256 of the answer.
    pub answer: Option<Digest>,
    /// How far it has come.
    pub standing: ConsultationStanding,
    /// Since when, in milliseconds since 1970.
    pub since_ms: u64,
}

fields!(Consultation { requester, doctor, question, about, answer, standing, since_ms });

calls! {
    /// Calls about consultations.
    #[derive(Copy)]
    pub enum ConsultationCall {
        /// A doctor or a registered patient asks a doctor.
        0 => Ask {
            /// The doctor's identity.
            doctor: Digest,
            /// SHA-256 of the question.
            question: Digest,
            /// The record that it is about.
            about: Option<RecordIndex>,
        },
        /// The doctor takes it on.
        1 => Accept {
            /// The transaction that asked.
            consultation: Digest,
        },
        /// The doctor does not take it on.
        2 => Decline {
            /// The transaction that asked.
            consultation: Digest,
        },
        /// The doctor has answered; a later answer takes the place of the last one.
        3 => Answer {
            /// The transaction that asked.
            consultation: Digest,
            /// SHA-256 of the answer.
            answer: Digest,
        },
        /// Either of them ends it.
        4 => Close {
            /// The transaction that asked.
            consultation: Digest,
        },
    }
}

/// A consultation, by the transaction that asked.
///
/// # Errors
/// [`StateError`] if the state cannot be read.
pub fn consultation<S: StateRead + ?Sized>(
    state: &S,
    id: Digest,
) -> Result<Option<Consultation>, StateError> {
    wire::row(state, &key::consultation(id))
}

/// What a person, by identity, asked or was asked, at most `limit`.
///
/// # Errors
/// [`StateError`] if the state cannot be read.
pub fn consultations_of<S: StateScan + ?Sized>(
    state: &S,
    person: Digest,
    limit: usize,
) -> Result<Vec<(Digest, Consultation)>, StateError> {
    let mut found = Vec::new();
    for id in wire::behind(state, &key::key(b'X', &person), limit)? {
        found.extend(consultation(state, id)?.map(|consultation| (id, consultation)));
    }
    Ok(found)
}

impl ConsultationCall {
    pub(crate) fn apply<S: StateRead + ?Sized>(
        self,
        state: &mut Overlay<'_, S>,
        by: Signed,
    ) -> Result<(), CallError> {
        match self {
            Self::Ask { doctor, question, about } => ask(state, by, doctor, question, about),
            Self::Accept { consultation } => {
                proceed(state, by, consultation, ConsultationStanding::Accepted)
            }
            Self::Decline { consultation } => {
                proceed(state, by, consultation, ConsultationStanding::Declined)
            }
            Self::Answer { consultation, answer } => self::answer(state, by, consultation, answer),
            Self::Close { consultation } => close(state, by, consultation),
        }
    }
}

fn ask<S: StateRead + ?Sized>(
    state: &mut Overlay<'_, S>,
    by: Signed,
    doctor: Digest,
    question: Digest,
    about: Option<RecordIndex>,
) -> Result<(), CallError> {
    let requester = registry::person(state, by.signer)?;
    let requester = requester.filter(|person| matches!(person.role, Role::Doctor | Role::Patient));
    let requester = requester
        .ok_or(CallError::NotAllowed { who: "a doctor or a registered patient" })?
        .identity;
    if doctor == requester {
        return Err(CallError::Value { what: "a doctor asks another doctor" });
    }
    let asked = match registry::key_of(state, doctor)? {
        Some(key) => registry::person(state, key)?.filter(|person| person.role == Role::Doctor),
        None => None,
    };
    asked.ok_or(CallError::NotRegistered { role: Role::Doctor.name() })?;
    if let Some(index) = about {
        relationship::active_record(state, index)?;
    }
    let (standing, since_ms) = (ConsultationStanding::Asked, by.time_ms);
    let asked =
        Consultation { requester, doctor, question, about, answer: None, standing, since_ms };
    wire::put(state, key::consultation(by.transaction), &asked);
    for person in [requester, doctor] {
        state.put(key::consultation_of(person, by.transaction), Vec::new());
    }
    log(state, by, by.transaction, &asked)
}

/// The doctor says yes or no to what was asked.
fn proceed<S: StateRead + ?Sized>(
    state: &mut Overlay<'_, S>,
    by: Signed,
    id: Digest,
    standing: ConsultationStanding,
) -> Result<(), CallError> {
    let mut asked = standing_so(state, id, &[ConsultationStanding::Asked])?;
    let is_doctor = registry::key_of(state, asked.doctor)? == Some(by.signer);
    allow(is_doctor, "the doctor who was asked")?;
    (asked.standing, asked.since_ms) = (standing, by.time_ms);
    wire::put(state, key::consultation(id), &asked);
    log(state, by, id, &asked)
}

fn answer<S: StateRead + ?Sized>(
    state: &mut Overlay<'_, S>,
    by: Signed,
    id: Digest,
    answer: Digest,
) -> Result<(), CallError> {
    let mut accepted = standing_so(state, id, &[ConsultationStanding::Accepted])?;
    let is_doctor = registry::key_of(state, accepted.doctor)? == Some(by.signer);
    allow(is_doctor, "the doctor who was asked")?;
    (accepted.answer, accepted.since_ms) = (Some(answer), by.time_ms);
    wire::put(state, key::consultation(id), &accepted);
    log(state, by, id, &accepted)
}

fn close<S: StateRead + ?Sized>(
    state: &mut Overlay<'_, S>,
    by: Signed,
    id: Digest,
) -> Result<(), CallError> {
    let open = [ConsultationStanding::Asked, ConsultationStanding::Accepted];
    let mut closing = standing_so(state, id, &open)?;
    let signer = registry::person(state, by.signer)?.map(|person| person.identity);
    let is_side = [closing.requester, closing.doctor].map(Some).contains(&signer);
    allow(is_side, "one of the two")?;
    (closing.standing, closing.since_ms) = (ConsultationStanding::Closed, by.time_ms);
    wire::put(state, key::consultation(id), &closing);
    log(state, by, id, &closing)
}

fn standing_so<S: StateRead + ?Sized>(
    state: &S,
    id: Digest,
    standings: &[ConsultationStanding],
) -> Result<Consultation, CallError> {
    let found = consultation(state, id)?.filter(|found| standings.contains(&found.standing));
    found.ok_or(CallError::Missing { what: "consultation at this stage" })
}

/// Both sides see it.
fn log<S: StateRead + ?Sized>(
    state: &mut Overlay<'_, S>,
    by: Signed,
    id: Digest,
    now: &Consultation,
) -> Result<(), CallError> {
    let happening = Happening::Consulted { consultation: id, standing: now.standing };
    for person in [now.requester, now.doctor] {
        audit::log(state, Subject::Person(person), by, happening)?;
    }
    Ok(())
}
