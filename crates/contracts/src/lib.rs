//! What the consortium agreed, and the state that follows from it.
//!
//! * [`Genesis`]: who founded the consortium and on what terms; its digest names the chain.
//! * [`Protocol`]: the encoding protocol that records must follow.
//! * [`Call`]: what people and nodes ask of the contracts: [alliance](AllianceCall),
//!   [registry](RegistryCall), [relationship](RelationshipCall), [permission](PermissionCall),
//!   [audit](AuditCall), [agreement](AgreementCall), [consultation](ConsultationCall).
//! * [`authorize`]: the one place that decides who may read an original.
//! * [`Summary`]: all that the ledger says of a patient's key; [`events`]: the trail of accesses;
//!   [`contribution`]: what institutions give and take; [`coverage`]: which copies are by the policy
//!   in force.
//! * [`execute`]: the one function that turns a block into changes of state. It is deterministic:
//!   the order of items in a block is the only order.
//!
//! ```
//! use emrshare_contracts::Protocol;
//! use emrshare_record::{SourceFile, import};
//!
//! let nobody = br#"{"resourceType":"Bundle","type":"collection","entry":[]}"#;
//! let (record, _) = import(vec![SourceFile::new("empty.json", nobody.to_vec())])?;
//! let protocol = Protocol::embedded();
//! assert!(!protocol.violations(record.bundle()).is_empty());
//! # Ok::<(), emrshare_record::ImportError>(())
//! ```

mod agreement;
mod alliance;
mod audit;
mod authorization;
mod call;
mod consultation;
mod contribution;
mod coverage;
mod error;
mod execute;
mod genesis;
mod key;
mod membership;
mod permission;
mod protocol;
mod registry;
mod relationship;
mod summary;
mod threshold;
mod wire;

pub use agreement::{
    AgreedRights, Agreement, AgreementCall, AgreementStanding, Inclusion, LogEntry, agreement,
    agreements_of, inclusion, inclusions, is_agreed, log_entries,
};
pub use alliance::{
    AgreedTerms, AllianceCall, Appointment, Motion, Outcome, Proposal, TermsInForce, Voice,
    is_suspended, member, proposal, proposals, terms_in_force, thresholds,
};
pub use audit::{
    AuditCall, Event, EventPage, Happening, REQUEST_MS, Request, Subject, all_events, events,
    has_erased, request,
};
pub use authorization::{Decision, Parts, Purpose, Purposes, authorize};
pub use call::Call;
pub use consultation::{
    Consultation, ConsultationCall, ConsultationStanding, consultation, consultations_of,
};
pub use contribution::{Contribution, contribution, quota};
pub use coverage::{Coverage, coverage};
pub use error::CallError;
pub use execute::{BlockContext, BlockError, ItemError, apply_item, check_signature, execute};
pub use genesis::{Genesis, GenesisError, Member, Terms};
pub use membership::{
    Application, Closing, EPOCH_LEN, MEMBERS_MAX, active, application, card, cards, close_block,
    concerns_members, epoch_of, is_active, validator_sets,
};
pub use permission::{
    EMERGENCY_MS, Grant, Grantee, PermissionCall, Reason, Scope, Span, grant, grants,
};
pub use protocol::{Protocol, ProtocolError, Violation};
pub use registry::{Party, Person, RegistryCall, Role, key_of, party, person, wallet_of};
pub use relationship::{
    AppendStatement, Owner, Relationship, RelationshipCall, Rights, Standing, owner, owner_key,
    owners_changed, records_of, relationship,
};
pub use summary::Summary;
pub use threshold::{Threshold, ThresholdError, Thresholds};
