//! What transactions ask for.

use emrshare_ledger::{ContractId, DecodeError, Overlay, StateRead, Transaction, wire::Reader};

use crate::{
    AgreementCall, AllianceCall, AuditCall, CallError, ConsultationCall, PermissionCall,
    RegistryCall, RelationshipCall, audit::Signed, wire::Field,
};

const ALLIANCE: ContractId = ContractId(1);
const REGISTRY: ContractId = ContractId(2);
const RELATIONSHIP: ContractId = ContractId(3);
const PERMISSION: ContractId = ContractId(4);
const AUDIT: ContractId = ContractId(5);
const AGREEMENT: ContractId = ContractId(6);
const CONSULTATION: ContractId = ContractId(7);

/// A call of a contract.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Call {
    /// Of the alliance.
    Alliance(AllianceCall),
    /// Of the registry.
    Registry(RegistryCall),
    /// About a relationship.
    Relationship(RelationshipCall),
    /// About permissions.
    Permission(PermissionCall),
    /// Of the audit.
    Audit(AuditCall),
    /// About agreements.
    Agreement(AgreementCall),
    /// About consultations.
    Consultation(ConsultationCall),
}

impl Call {
    /// The contract that is called.
    #[must_use]
    pub const fn contract(&self) -> ContractId {
        match self {
            Self::Alliance(_) => ALLIANCE,
            Self::Registry(_) => REGISTRY,
            Self::Relationship(_) => RELATIONSHIP,
            Self::Permission(_) => PERMISSION,
            Self::Audit(_) => AUDIT,
            Self::Agreement(_) => AGREEMENT,
            Self::Consultation(_) => CONSULTATION,
        }
    }

    /// The payload of the transaction.
    #[must_use]
    pub fn to_payload(&self) -> Vec<u8> {
        match self {
            Self::Alliance(call) => call.to_bytes(),
            Self::Registry(call) => call.to_bytes(),
            Self::Relationship(call) => call.to_bytes(),
            Self::Permission(call) => call.to_bytes(),
            Self::Audit(call) => call.to_bytes(),
            Self::Agreement(call) => call.to_bytes(),
            Self::Consultation(call) => call.to_bytes(),
        }
    }

    /// Reads the call that a transaction makes.
    ///
    /// # Errors
    /// [`DecodeError`] if there is no such call.
    pub fn of(transaction: &Transaction<'_>) -> Result<Self, DecodeError> {
        Self::read(transaction.contract(), transaction.payload())
    }

    /// Reads the call of a contract from its payload.
    ///
    /// # Errors
    /// [`DecodeError`] if there is no such call.
    pub fn read(contract: ContractId, payload: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(payload);
        let call = match contract {
            ALLIANCE => Field::read(&mut reader).map(Self::Alliance)?,
            REGISTRY => Field::read(&mut reader).map(Self::Registry)?,
            RELATIONSHIP => Field::read(&mut reader).map(Self::Relationship)?,
            PERMISSION => Field::read(&mut reader).map(Self::Permission)?,
            AUDIT => Field::read(&mut reader).map(Self::Audit)?,
            AGREEMENT => Field::read(&mut reader).map(Self::Agreement)?,
            CONSULTATION => Field::read(&mut reader).map(Self::Consultation)?,
            ContractId(found) => {
                return Err(DecodeError::Value { what: "contract", found: found.into() });
            }
        };
        reader.end()?;
        Ok(call)
    }

    /// Judges the call and writes what it changes.
    pub(crate) fn apply<S: StateRead + ?Sized>(
        self,
        state: &mut Overlay<'_, S>,
        by: Signed,
    ) -> Result<(), CallError> {
        match self {
            Self::Alliance(call) => call.apply(state, by),
            Self::Registry(call) => call.apply(state, by),
            Self::Relationship(call) => call.apply(state, by),
            Self::Permission(call) => call.apply(state, by),
            Self::Audit(call) => call.apply(state, by),
            Self::Agreement(call) => call.apply(state, by),
            Self::Consultation(call) => call.apply(state, by),
        }
    }
}

macro_rules! from_call {
    ($($variant:ident: $call:ident),*) => {
        $(
            impl From<$call> for Call {
                fn from(call: $call) -> Self {
                    Self::$variant(call)
                }
            }
        )*
    };
}

from_call!(
    Alliance: AllianceCall,
    Registry: RegistryCall,
    Relationship: RelationshipCall,
    Permission: PermissionCall,
    Audit: AuditCall,
    Agreement: AgreementCall,
    Consultation: ConsultationCall
);
