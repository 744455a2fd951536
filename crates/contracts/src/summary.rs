//! Everything about a patient, from the ledger alone.

use emrshare_codec::{Digest, RecordIndex};
use emrshare_identity::PublicKey;
use emrshare_ledger::{RecordState, StateError, StateScan};

use crate::{Grant, Grantee, Relationship, Scope, key, permission, registry, wire};

/// What the ledger says of a patient.
///
/// A patient has many keys, derived from the recovery words: whoever has the words asks for one
/// after the other and so sees everything again.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Summary {
    /// Doctors, by identity, and how the relationships stand.
    pub relationships: Vec<(Digest, Relationship)>,
    /// Records, and how they stand.
    pub records: Vec<(RecordIndex, RecordState)>,
    /// Grants that were not revoked.
    pub grants: Vec<(Scope, Grantee, Grant)>,
}

impl Summary {
    /// Reads at most `limit` of each for whoever holds a key; nothing for a key that was replaced.
    ///
    /// # Errors
    /// [`StateError`] if the state cannot be read.
    pub fn of<S: StateScan + ?Sized>(
        state: &S,
        patient: PublicKey,
        limit: usize,
    ) -> Result<Self, StateError> {
        let Some(patient) = registry::party(state, patient)? else { return Ok(Self::default()) };
        let prefix = key::key(b'l', &patient);
        let rows = state.scan(&prefix, b"", limit)?;
        let relationships = rows.iter().map(|(key, row)| {
            Ok::<_, StateError>((wire::read_row(&key[prefix.len()..])?, wire::read_row(row)?))
        });
        let relationships = relationships.collect::<Result<_, _>>()?;
        let mut records = Vec::new();
        for index in wire::behind(state, &key::key(b'q', &patient), limit)? {
            records.extend(state.record(index)?.map(|record| (index, record)));
        }
        let grants = permission::grants(state, patient, limit)?;
        Ok(Self { relationships, records, grants })
    }

    /// Whether the ledger knows nothing of the key.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.relationships.is_empty() && self.records.is_empty() && self.grants.is_empty()
    }
}
