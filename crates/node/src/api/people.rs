//! People and their rights: what the contracts are told.

use std::{sync::Arc, time::Duration};

use axum::{Json, extract::State, http::StatusCode};
use emrshare_contracts::{Call, Role};
use emrshare_ledger::{Item, StateRead, Transaction, TransactionDraft, key, wire::Reader};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Api, auth::Caller, error::ApiError, records::parse};
use crate::{chain::OfferError, clock, node::Shared};

const REPEATS: usize = 20;
const REPEAT: Duration = Duration::from_secs(1);

#[derive(Deserialize, ToSchema)]
pub(crate) struct Registration {
    /// The person's public key in hexadecimal.
    key: String,
    /// `patient`, `doctor` or `researcher`.
    role: String,
    /// What identifies the person, such as an ID number: only a keyed hash of it leaves the node.
    identity: String,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct Relationship {
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

#[derive(Serialize, ToSchema)]
pub(crate) struct Done {
    /// Height of a block whose state holds the change.
    height: u64,
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
    let roles = [Role::Patient, Role::Doctor, Role::Researcher];
    let role = roles.into_iter().find(|role| role.name() == request.role);
    let role = role.ok_or_else(|| ApiError::malformed("role is patient, doctor or researcher"))?;
    let identity = shared.consortium_key.person(&request.identity);
    call(&shared, Call::Register { key, role, identity }).await
}

/// Says which patient a record of this node is about.
#[utoipa::path(post, path = "/api/v1/relationships", security(("bearer" = [])),
    request_body = Relationship,
    responses((status = 200, body = Done), (status = 409, body = ApiError)))]
pub(super) async fn link(
    State(shared): Api,
    caller: Caller,
    Json(request): Json<Relationship>,
) -> Result<Json<Done>, ApiError> {
    caller.must_operate()?;
    let patient = request.patient.parse().map_err(ApiError::malformed)?;
    call(&shared, Call::Link { index: parse(&request.index)?, patient }).await
}

/// Puts a person's signed transaction on the ledger.
#[utoipa::path(post, path = "/api/v1/transactions", security(("bearer" = [])),
    request_body = Signed,
    responses((status = 200, body = Done), (status = 409, body = ApiError)))]
pub(super) async fn transact(
    State(shared): Api,
    _: Caller,
    Json(request): Json<Signed>,
) -> Result<Json<Done>, ApiError> {
    let bytes = hex::decode(&request.transaction).map_err(ApiError::malformed)?;
    match Item::from_bytes(&bytes).map_err(ApiError::malformed)? {
        Item::Transaction(transaction) if transaction.node() == shared.me => {
            carry(&shared, &transaction).await
        }
        _ => Err(ApiError::malformed("not a transaction through this node")),
    }
}

/// Signs a call as this node and puts it on the ledger.
async fn call(shared: &Arc<Shared>, call: Call) -> Result<Json<Done>, ApiError> {
    let draft = TransactionDraft {
        node: shared.me,
        contract: call.contract(),
        nonce: clock::ascending(),
        payload: call.to_payload(),
    };
    let bytes = draft.sign(shared.chain.name(), &shared.key);
    carry(shared, &Transaction::from_bytes(&bytes).map_err(ApiError::local)?).await
}

/// Repeats a transaction until it is on the ledger.
async fn carry(shared: &Shared, transaction: &Transaction<'_>) -> Result<Json<Done>, ApiError> {
    let mut tip = shared.chain.watch_tip();
    let nonce_key = key::nonce(transaction.signer());
    let mut offered = false;
    for _ in 0..REPEATS {
        match shared.chain.offer(transaction.as_bytes()) {
            Ok(()) => {
                offered = true;
                shared.forward.send(transaction.as_bytes());
            }
            Err(error) if !offered => return Err(refused(error)),
            // Once offered, it fails only because it is in: its nonce is used.
            Err(_) => {}
        }
        let deadline = tokio::time::Instant::now() + REPEAT;
        while tokio::time::timeout_at(deadline, tip.changed()).await.is_ok() {
            let height = tip.borrow_and_update().height;
            let state = shared.chain.state();
            let last = state.get(&nonce_key).map_err(ApiError::local)?;
            let last = last.map_or(Ok(0), |bytes| Reader::new(&bytes).u64("nonce"));
            if last.map_err(ApiError::local)? >= transaction.nonce() {
                return Ok(Json(Done { height }));
            }
        }
    }
    let message = "the transaction is not on the ledger yet; are enough nodes up?";
    Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "not-final", message))
}

fn refused(error: OfferError) -> ApiError {
    match error {
        OfferError::Decode(error) => ApiError::malformed(error),
        OfferError::Item(error) if error.is_local() => ApiError::local(error),
        OfferError::Item(error) => ApiError::new(StatusCode::CONFLICT, "refused", error),
    }
}
