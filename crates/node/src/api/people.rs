//! People and their rights: what the contracts are told.

use axum::{
    Json,
    extract::{Path, State},
};
use emrshare_contracts::{Call, RegistryCall, RelationshipCall, Role, person};
use emrshare_ledger::{ContractId, Item};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Api, auth::Caller, error::ApiError, records::parse};
use crate::calls::{self, Carried};

#[derive(Deserialize, ToSchema)]
pub(crate) struct Registration {
    /// The person's public key in hexadecimal.
    key: String,
    /// `patient`, `doctor`, `researcher`, `regulator`, `inspector` or `operator`.
    role: String,
    /// What identifies the person, such as an ID number: only a keyed hash of it leaves the node.
    identity: String,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct Link {
    /// The record.
    index: String,
    /// The patient's public key in hexadecimal.
    patient: String,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct Signed {
    /// A transaction, signed by the person, in hexadecimal.
    transaction: String,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct NodeCall {
    /// The number of the contract.
    contract: u16,
    /// The call, in hexadecimal.
    payload: String,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct IdentityString {
    /// What identifies a person, such as an ID number.
    identity: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Identity {
    /// The keyed hash that stands on the ledger.
    identity: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct PersonShown {
    role: &'static str,
    /// The keyed hash of what identifies the person.
    identity: String,
    /// The node of the institution that registered the person.
    registrar: u32,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Done {
    /// What names the transaction, in hexadecimal.
    transaction: String,
    /// Height of a block whose state holds the change.
    height: u64,
}

impl From<Carried> for Done {
    fn from(Carried { transaction, height }: Carried) -> Self {
        Self { transaction: transaction.to_string(), height }
    }
}

/// Makes a person known to the consortium.
#[utoipa::path(post, path = "/api/v1/people", security(("bearer" = [])),
    request_body = Registration,
    responses((status = 200, body = Done), (status = 409, body = ApiError)))]
pub(super) async fn register(
    State(shared): Api,
    caller: Caller,
    Json(request): Json<Registration>,
) -> Result<Json<Done>, ApiError> {
    caller.must_operate()?;
    let key = request.key.parse().map_err(ApiError::malformed)?;
    let role = Role::from_name(&request.role).ok_or_else(|| {
        let names: Vec<_> = Role::ALL.iter().map(|role| role.name()).collect();
        ApiError::malformed(format!("the role is one of: {}", names.join(", ")))
    })?;
    let identity = shared.consortium_key.person(&request.identity);
    let done = calls::call(&shared, RegistryCall::Register { role, key, identity }).await?;
    Ok(Json(done.into()))
}

/// Who holds a key.
#[utoipa::path(get, path = "/api/v1/people/{key}", security(("bearer" = [])),
    responses((status = 200, body = PersonShown), (status = 404, body = ApiError)))]
pub(super) async fn show(
    State(shared): Api,
    _: Caller,
    Path(key): Path<String>,
) -> Result<Json<PersonShown>, ApiError> {
    let key = key.parse().map_err(ApiError::malformed)?;
    let person = person(&shared.chain.state(), key).map_err(ApiError::local)?;
    let person = person.ok_or_else(|| ApiError::not_found("nobody is registered with this key"))?;
    let (role, identity) = (person.role.name(), person.identity.to_string());
    Ok(Json(PersonShown { role, identity, registrar: person.registrar.get() }))
}

/// What stands on the ledger for an identity string.
#[utoipa::path(post, path = "/api/v1/identities", security(("bearer" = [])),
    request_body = IdentityString, responses((status = 200, body = Identity)))]
pub(super) async fn identify(
    State(shared): Api,
    caller: Caller,
    Json(request): Json<IdentityString>,
) -> Result<Json<Identity>, ApiError> {
    caller.must_operate()?;
    Ok(Json(Identity { identity: shared.consortium_key.person(&request.identity).to_string() }))
}

/// Says which patient a record of this node is about.
#[utoipa::path(post, path = "/api/v1/relationships", security(("bearer" = [])),
    request_body = Link,
    responses((status = 200, body = Done), (status = 409, body = ApiError)))]
pub(super) async fn link(
    State(shared): Api,
    caller: Caller,
    Json(request): Json<Link>,
) -> Result<Json<Done>, ApiError> {
    caller.must_operate()?;
    let patient = request.patient.parse().map_err(ApiError::malformed)?;
    let index = parse(&request.index)?;
    let done = calls::call(&shared, RelationshipCall::Link { index, patient }).await?;
    Ok(Json(done.into()))
}

/// Puts a person's signed transaction on the ledger.
#[utoipa::path(post, path = "/api/v1/transactions", security(("bearer" = [])),
    request_body = Signed,
    responses((status = 200, body = Done), (status = 409, body = ApiError)))]
pub(super) async fn transact(
    State(shared): Api,
    caller: Caller,
    Json(request): Json<Signed>,
) -> Result<Json<Done>, ApiError> {
    let bytes = hex::decode(&request.transaction).map_err(ApiError::malformed)?;
    match Item::from_bytes(&bytes).map_err(ApiError::malformed)? {
        Item::Transaction(transaction) if transaction.node() != shared.me => {
            Err(ApiError::malformed("the transaction names another node"))
        }
        Item::Transaction(transaction) if transaction.signer() != caller.key() => {
            Err(ApiError::not_allowed("the signer"))
        }
        Item::Transaction(transaction) => {
            Ok(Json(calls::carry(&shared, &transaction).await?.into()))
        }
        _ => Err(ApiError::malformed("not a transaction")),
    }
}

/// Signs a call as this node: its operators speak for the institution.
#[utoipa::path(post, path = "/api/v1/calls", security(("bearer" = [])),
    request_body = NodeCall,
    responses((status = 200, body = Done), (status = 409, body = ApiError)))]
pub(super) async fn call(
    State(shared): Api,
    caller: Caller,
    Json(request): Json<NodeCall>,
) -> Result<Json<Done>, ApiError> {
    caller.must_operate()?;
    let payload = hex::decode(&request.payload).map_err(ApiError::malformed)?;
    let call = Call::read(ContractId(request.contract), &payload).map_err(ApiError::malformed)?;
    Ok(Json(calls::call(&shared, call).await?.into()))
}
