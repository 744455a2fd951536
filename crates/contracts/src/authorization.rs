//! The one place where it is decided who may read an original.

use emrshare_codec::RecordIndex;
use emrshare_identity::PublicKey;
use emrshare_ledger::{DecodeError, StateError, StateRead, wire::Reader};
use emrshare_record::Part;

use crate::{
    AgreedRights, Grantee, Person, Role, Scope, contribution, is_agreed, membership, permission,
    registry,
    relationship::{self, Owner, Rights, Standing},
    wire::{Field, words},
};

words! {
    /// What an original is asked for.
    pub enum Purpose ("purpose") {
        /// The patient's own wish to see it.
        Personal = 0 "personal",
        /// Treatment.
        Treatment = 1 "treatment",
        /// Another doctor's opinion.
        Consultation = 2 "consultation",
        /// Research.
        Research = 3 "research",
        /// An emergency.
        Emergency = 4 "emergency",
        /// A regulator's inspection.
        Inspection = 5 "inspection",
    }
}

/// A set of purposes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Purposes(u8);

impl Purposes {
    /// No purpose.
    pub const NONE: Self = Self(0);

    /// The set of these.
    #[must_use]
    pub fn of(purposes: &[Purpose]) -> Self {
        Self(purposes.iter().fold(0, |set, purpose| set | 1 << *purpose as u8))
    }

    /// Whether a purpose is among them.
    #[must_use]
    pub const fn contains(self, purpose: Purpose) -> bool {
        self.0 & 1 << purpose as u8 != 0
    }

    /// All of them.
    pub fn iter(self) -> impl Iterator<Item = Purpose> {
        Purpose::ALL.iter().copied().filter(move |purpose| self.contains(*purpose))
    }
}

impl Field for Purposes {
    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.push(self.0);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let found = reader.u8("purposes")?;
        if usize::from(found) >> Purpose::ALL.len() != 0 {
            return Err(DecodeError::Value { what: "purposes", found: found.into() });
        }
        Ok(Self(found))
    }
}

words! {
    /// Which parts of an original: an image can be shown to someone who is not to read the texts.
    pub enum Parts ("parts") {
        /// Its texts: the Bundle, and text files.
        Texts = 1 "texts",
        /// Its images.
        Images = 2 "images",
        /// Everything, also what is neither text nor image.
        Everything = 3 "everything",
    }
}

impl Parts {
    /// Whether all of `other` is among these.
    #[must_use]
    pub const fn contain(self, other: Self) -> bool {
        self as u8 & other as u8 == other as u8
    }

    /// Whether a part of a record file is among these.
    #[must_use]
    pub fn include(self, part: &Part) -> bool {
        self == Self::Everything
            || self == Self::Texts && part.is_text()
            || self == Self::Images && part.is_image()
    }
}

words! {
    /// What was decided about a request, and why.
    pub enum Decision ("decision") {
        /// Nobody allowed it.
        NoGrant = 0 "no grant",
        /// There is a grant, but not for this purpose, this time, these parts or this record.
        Conditions = 1 "a grant on other conditions",
        /// The one who asks belongs to a suspended institution.
        Suspended = 2 "institution suspended",
        /// There is a grant, but the institution of the one who asks has taken what it may for research.
        Quota = 3 "quota used up",
        /// It is the patient's own.
        Own = 16 "own record",
        /// By an accepted relationship with the right to view.
        Relationship = 17 "relationship",
        /// By a grant.
        Grant = 18 "grant",
        /// By an emergency that the doctor declared.
        Emergency = 19 "emergency",
        /// By an inspector's office.
        Inspection = 20 "inspection",
        /// By an agreement of the doctor's institution with the origin, to which the patient consented.
        Agreement = 21 "agreement",
    }
}

impl Decision {
    /// Whether the original is to be handed out.
    #[must_use]
    pub const fn is_allowed(self) -> bool {
        self as u8 >= Self::Own as u8
    }
}

/// Decides whether `asker` may read these parts of the original of a record at a time, in milliseconds
/// since 1970. What is not allowed is refused. A handful of lookups, however many grants there are.
///
/// # Errors
/// [`StateError`] if the state cannot be read.
pub fn authorize<S: StateRead + ?Sized>(
    state: &S,
    index: RecordIndex,
    asker: PublicKey,
    purpose: Purpose,
    parts: Parts,
    now_ms: u64,
) -> Result<Decision, StateError> {
    let owner = relationship::owner(state, index)?;
    let party = registry::party(state, asker)?;
    if owner.is_some_and(|owner| Some(owner.patient) == party) {
        return Ok(Decision::Own);
    }
    let Some(person) = registry::person(state, asker)? else { return Ok(Decision::NoGrant) };
    if !person.role.is_office() && !membership::is_active(state, person.registrar)? {
        return Ok(Decision::Suspended);
    }
    match (person.role, purpose) {
        (Role::Inspector, Purpose::Inspection) => return Ok(Decision::Inspection),
        (Role::Doctor, Purpose::Emergency) => {
            let until_ms = permission::emergency_until(state, index, person.identity)?;
            let open = until_ms.is_some_and(|until_ms| now_ms < until_ms);
            return Ok(if open { Decision::Emergency } else { Decision::NoGrant });
        }
        (Role::Doctor | Role::Researcher, _) => {}
        _ => return Ok(Decision::NoGrant),
    }
    let Some(owner) = owner else { return Ok(Decision::NoGrant) };
    if matches!(purpose, Purpose::Treatment | Purpose::Consultation) {
        if is_treating(state, &owner, &person)? {
            return Ok(Decision::Relationship);
        }
        if person.role == Role::Doctor
            && is_agreed(state, index, person.registrar, AgreedRights::Query, now_ms)?
        {
            return Ok(Decision::Agreement);
        }
    }
    let decision = by_grant(state, index, &owner, &person, (purpose, parts), now_ms)?;
    let takes = purpose == Purpose::Research && person.registrar != index.origin();
    if decision.is_allowed() && takes && contribution::has_used_up(state, person.registrar)? {
        return Ok(Decision::Quota);
    }
    Ok(decision)
}

/// Whether there is a relationship with the right to view.
fn is_treating<S: StateRead + ?Sized>(
    state: &S,
    owner: &Owner,
    person: &Person,
) -> Result<bool, StateError> {
    let known = relationship::relationship(state, owner.patient, person.identity)?;
    Ok(known.is_some_and(|known| {
        known.standing == Standing::Accepted
            && known.rights.contain(Rights::View)
            && known.node == person.registrar
    }))
}

fn by_grant<S: StateRead + ?Sized>(
    state: &S,
    index: RecordIndex,
    owner: &Owner,
    person: &Person,
    (purpose, parts): (Purpose, Parts),
    now_ms: u64,
) -> Result<Decision, StateError> {
    let institution =
        (person.role == Role::Doctor).then_some(Grantee::Institution(person.registrar));
    let grantees = [
        Some(Grantee::Person(person.identity)),
        Some(Grantee::Role(person.registrar, person.role)),
        institution,
    ];
    let mut decision = Decision::NoGrant;
    for scope in [Scope::Record(index), Scope::All] {
        for grantee in grantees.into_iter().flatten() {
            let grant = permission::grant(state, owner.patient, scope, grantee)?;
            let Some(grant) = grant else { continue };
            if grant.purposes.contains(purpose)
                && grant.parts.contain(parts)
                && grant.valid.contains(now_ms)
                && grant.linked.contains(owner.linked_ms)
            {
                return Ok(Decision::Grant);
            }
            decision = Decision::Conditions;
        }
    }
    Ok(decision)
}
