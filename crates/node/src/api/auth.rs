//! Signing in: a challenge signed with the person's key gives a token for an hour.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use axum::{
    Json,
    extract::{FromRequestParts, State},
    http::{StatusCode, header::AUTHORIZATION, request::Parts},
};
use emrshare_contracts::{Role, person};
use emrshare_identity::{PublicKey, SignInChallenge, Signature};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Api, error::ApiError};
use crate::{clock, node::Shared};

const CHALLENGE_MS: u64 = 60_000;
const SESSION_MS: u64 = 3_600_000;
const SESSIONS_MAX: usize = 10_000;

/// Who calls.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Caller {
    /// One of those who run this node.
    Operator,
    /// A person of the registry, by role.
    Person(PublicKey, Role),
}

impl Caller {
    /// Anybody who signed in and is not a patient may read desensitized files.
    pub(crate) fn may_research(self) -> Result<Self, ApiError> {
        match self {
            Self::Person(_, Role::Patient) => {
                Err(ApiError::not_allowed("a researcher, a doctor or an operator"))
            }
            allowed => Ok(allowed),
        }
    }

    /// Only those who run this node.
    pub(crate) fn must_operate(self) -> Result<(), ApiError> {
        match self {
            Self::Operator => Ok(()),
            Self::Person(..) => Err(ApiError::not_allowed("an operator of this node")),
        }
    }
}

/// Challenges and tokens, in memory: a restart signs everybody out.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<HashMap<[u8; 32], Session>>);

#[derive(Clone, Copy)]
enum Session {
    Challenge { until_ms: u64 },
    Open { caller: Caller, until_ms: u64 },
}

impl Sessions {
    fn open(&self, session: Session) -> Result<[u8; 32], ApiError> {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock::now_ms();
        if sessions.len() >= SESSIONS_MAX {
            sessions.retain(|_, session| match session {
                Session::Challenge { until_ms } | Session::Open { until_ms, .. } => *until_ms > now,
            });
        }
        if sessions.len() >= SESSIONS_MAX {
            let message = "too many people are signed in; try again later";
            return Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message));
        }
        let token = clock::random();
        sessions.insert(token, session);
        Ok(token)
    }

    fn take_challenge(&self, challenge: [u8; 32]) -> bool {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = match sessions.get(&challenge) {
            Some(Session::Challenge { until_ms }) => *until_ms > clock::now_ms(),
            _ => false,
        };
        taken && sessions.remove(&challenge).is_some()
    }

    fn caller(&self, token: [u8; 32]) -> Option<Caller> {
        let sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match sessions.get(&token)? {
            Session::Open { caller, until_ms } if *until_ms > clock::now_ms() => Some(*caller),
            _ => None,
        }
    }
}

impl FromRequestParts<std::sync::Arc<Shared>> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(
        parts: &mut Parts,
        shared: &std::sync::Arc<Shared>,
    ) -> Result<Self, ApiError> {
        let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header.and_then(|value| value.strip_prefix("Bearer "));
        let mut bytes = [0; 32];
        let decoded = token.and_then(|token| hex::decode_to_slice(token, &mut bytes).ok());
        let caller = decoded.and_then(|()| shared.sessions.caller(bytes));
        caller.ok_or_else(ApiError::not_signed_in)
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ChallengeAnswer {
    /// 32 bytes in hexadecimal, good for a minute and for one try.
    challenge: String,
    /// The chain, in hexadecimal.
    chain: String,
    /// This node's id.
    node: u32,
}

/// Asks for a challenge to sign.
#[utoipa::path(post, path = "/api/v1/challenge", responses((status = 200, body = ChallengeAnswer)))]
pub(super) async fn challenge(State(shared): Api) -> Result<Json<ChallengeAnswer>, ApiError> {
    let until_ms = clock::now_ms() + CHALLENGE_MS;
    let challenge = shared.sessions.open(Session::Challenge { until_ms })?;
    Ok(Json(ChallengeAnswer {
        challenge: hex::encode(challenge),
        chain: shared.chain.name().to_string(),
        node: shared.me.get(),
    }))
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct SignIn {
    /// The challenge.
    challenge: String,
    /// The person's public key in hexadecimal.
    key: String,
    /// Ed25519 signature in hexadecimal.
    signature: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct SignedIn {
    /// To be sent as `Authorization: Bearer …`; good for an hour.
    token: String,
    /// `operator`, `patient`, `doctor` or `researcher`.
    role: &'static str,
}

/// Trades a signed challenge for a token.
#[utoipa::path(post, path = "/api/v1/session", request_body = SignIn,
    responses((status = 200, body = SignedIn), (status = 401, body = ApiError)))]
pub(super) async fn sign_in(
    State(shared): Api,
    Json(request): Json<SignIn>,
) -> Result<Json<SignedIn>, ApiError> {
    let malformed = |_| ApiError::malformed("challenge, key and signature are hexadecimal text");
    let key: PublicKey = request.key.parse().map_err(malformed)?;
    let signature: Signature = request.signature.parse().map_err(malformed)?;
    let PublicKey(challenge) = request.challenge.parse().map_err(malformed)?;
    let signing_in = SignInChallenge { chain: shared.chain.name(), node: shared.me, challenge };
    let signed =
        shared.sessions.take_challenge(challenge) && signing_in.verify(&key, &signature).is_ok();
    if !signed {
        return Err(ApiError::not_signed_in());
    }
    let (caller, role) = if shared.operators.contains(&key) {
        (Caller::Operator, "operator")
    } else {
        let person = person(&shared.chain.state(), key).map_err(ApiError::local)?;
        let role = person.ok_or_else(ApiError::not_signed_in)?.role;
        (Caller::Person(key, role), role.name())
    };
    let until_ms = clock::now_ms() + SESSION_MS;
    let token = shared.sessions.open(Session::Open { caller, until_ms })?;
    Ok(Json(SignedIn { token: hex::encode(token), role }))
}
