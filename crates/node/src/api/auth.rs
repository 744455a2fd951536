//! Signing in: a challenge signed with the person's key gives a token for an hour.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use axum::{
    Extension, Json,
    extract::{FromRequestParts, State},
    http::{StatusCode, header::AUTHORIZATION, request::Parts},
};
use emrshare_contracts::{Role, Summary, is_active, key_of, party, person, wallet_of};
use emrshare_identity::{PublicKey, SignInChallenge, Signature, WalletSignIn};
use emrshare_ledger::StateError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Api, challenges::Challenge, error::ApiError};
use crate::{clock, node::Shared, server::CallerAddress};

const SESSION_MS: u64 = 3_600_000;
const SESSIONS_MAX: usize = 10_000;
/// Sessions of one key; the oldest ends when there would be more.
const SESSIONS_OF_KEY_MAX: usize = 64;

/// Who calls.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Caller {
    /// One of those who run this node.
    Operator(PublicKey),
    /// A person of the registry, by role; or a patient with a key of one relationship.
    Person(PublicKey, Role),
}

impl Caller {
    /// Who holds a key now: the ledger says it, at each request anew.
    fn of(shared: &Shared, key: PublicKey) -> Result<Option<Self>, StateError> {
        if shared.operators.contains(&key) {
            return Ok(Some(Self::Operator(key)));
        }
        let state = shared.chain.state();
        if let Some(person) = person(&state, key)? {
            // Neither patients nor offices of the consortium are to blame for the institution that
            // registered them.
            let depends = person.role != Role::Patient && !person.role.is_office();
            if depends && !is_active(&state, person.registrar)? {
                return Ok(None);
            }
            let here = person.registrar == shared.me;
            return Ok(match person.role {
                Role::Operator => here.then_some(Self::Operator(key)),
                role => Some(Self::Person(key, role)),
            });
        }
        let known = party(&state, key)?.is_some() && !Summary::of(&state, key, 1)?.is_empty();
        Ok(known.then_some(Self::Person(key, Role::Patient)))
    }

    /// The key that was signed in with.
    pub(crate) const fn key(self) -> PublicKey {
        match self {
            Self::Operator(key) | Self::Person(key, _) => key,
        }
    }

    /// What is said of the caller.
    pub(crate) const fn role(self) -> &'static str {
        match self {
            Self::Operator(_) => "operator",
            Self::Person(_, role) => role.name(),
        }
    }

    /// Researchers, doctors and operators may read desensitized files.
    pub(crate) fn may_research(self) -> Result<Self, ApiError> {
        match self {
            Self::Operator(_) | Self::Person(_, Role::Doctor | Role::Researcher) => Ok(self),
            Self::Person(..) => Err(ApiError::not_allowed("a researcher, a doctor or an operator")),
        }
    }

    /// Doctors and operators see what their institution agreed on.
    pub(crate) fn may_treat(self) -> Result<(), ApiError> {
        match self {
            Self::Operator(_) | Self::Person(_, Role::Doctor) => Ok(()),
            Self::Person(..) => Err(ApiError::not_allowed("a doctor or an operator")),
        }
    }

    /// Regulators and inspectors may read every trail.
    pub(crate) fn may_regulate(self) -> Result<(), ApiError> {
        match self {
            Self::Person(_, Role::Regulator | Role::Inspector) => Ok(()),
            _ => Err(ApiError::not_allowed("a regulator")),
        }
    }

    /// Only those who run this node.
    pub(crate) fn must_operate(self) -> Result<(), ApiError> {
        match self {
            Self::Operator(_) => Ok(()),
            Self::Person(..) => Err(ApiError::not_allowed("an operator of this node")),
        }
    }
}

/// Who watches the node.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Watcher {
    /// A monitoring system, with the token that the node's folder has for it.
    Monitor,
    /// Somebody who has signed in.
    Caller(Caller),
}

impl Watcher {
    /// Monitoring systems and those who run this node.
    pub(crate) fn may_measure(self) -> Result<(), ApiError> {
        match self {
            Self::Monitor => Ok(()),
            Self::Caller(caller) => caller.must_operate(),
        }
    }
}

/// Sessions by token, in memory: a restart signs everybody out.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<HashMap<[u8; 32], Session>>);

#[derive(Clone, Copy)]
struct Session {
    key: PublicKey,
    until_ms: u64,
}

impl Sessions {
    /// A token for a key, good until `until_ms`.
    fn open(&self, key: PublicKey, until_ms: u64) -> Result<[u8; 32], ApiError> {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock::now_ms();
        if sessions.len() >= SESSIONS_MAX {
            sessions.retain(|_, session| session.until_ms > now);
        }
        if sessions.len() >= SESSIONS_MAX {
            let message = "too many people are signed in; try again later";
            return Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message));
        }
        end_oldest(&mut sessions, key);
        let token = clock::random();
        sessions.insert(token, Session { key, until_ms });
        Ok(token)
    }

    /// The key that a token was given for.
    fn key(&self, token: [u8; 32]) -> Option<PublicKey> {
        let sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let session = sessions.get(&token)?;
        (session.until_ms > clock::now_ms()).then_some(session.key)
    }

    /// Ends all sessions of a key; returns how many there were.
    fn close(&self, ended: PublicKey) -> usize {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = sessions.len();
        sessions.retain(|_, session| session.key != ended);
        before - sessions.len()
    }
}

/// Makes room for a session of a key.
fn end_oldest(sessions: &mut HashMap<[u8; 32], Session>, of: PublicKey) {
    let open = sessions.iter().filter(|(_, session)| session.key == of);
    let open: Vec<_> = open.map(|(token, session)| (session.until_ms, *token)).collect();
    if open.len() >= SESSIONS_OF_KEY_MAX
        && let Some((_, oldest)) = open.iter().min()
    {
        sessions.remove(oldest);
    }
}

impl FromRequestParts<std::sync::Arc<Shared>> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(
        parts: &mut Parts,
        shared: &std::sync::Arc<Shared>,
    ) -> Result<Self, ApiError> {
        let key = bearer_token(parts).and_then(|token| shared.sessions.key(token));
        let key = key.ok_or_else(ApiError::not_signed_in)?;
        Self::of(shared, key).map_err(ApiError::local)?.ok_or_else(ApiError::not_signed_in)
    }
}

impl FromRequestParts<std::sync::Arc<Shared>> for Watcher {
    type Rejection = ApiError;

    async fn from_request_parts(
        parts: &mut Parts,
        shared: &std::sync::Arc<Shared>,
    ) -> Result<Self, ApiError> {
        let shown = bearer_token(parts).zip(shared.monitor_token.as_ref());
        if shown.is_some_and(|(token, monitor)| monitor.is(&token)) {
            return Ok(Self::Monitor);
        }
        Caller::from_request_parts(parts, shared).await.map(Self::Caller)
    }
}

/// What a request shows (RFC 6750, section 2.1).
fn bearer_token(parts: &Parts) -> Option<[u8; 32]> {
    let header = parts.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let mut token = [0; 32];
    hex::decode_to_slice(header.strip_prefix("Bearer ")?, &mut token).ok()?;
    Some(token)
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ChallengeAnswer {
    /// 32 bytes in hexadecimal, good for a minute and for one session.
    challenge: String,
    /// The chain, in hexadecimal.
    chain: String,
    /// This node's id.
    node: u32,
}

/// Asks for a challenge to sign.
#[utoipa::path(post, path = "/api/v1/challenge", responses((status = 200, body = ChallengeAnswer)))]
pub(super) async fn challenge(
    State(shared): Api,
    Extension(CallerAddress(from)): Extension<CallerAddress>,
) -> Result<Json<ChallengeAnswer>, ApiError> {
    let now_ms = clock::now_ms();
    shared.throttle.challenge(from, now_ms)?;
    Ok(Json(ChallengeAnswer {
        challenge: hex::encode(shared.challenges.give(now_ms)),
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
    /// What the ledger says the person is: `patient`, `doctor` and so on, or `operator`.
    role: &'static str,
}

/// Trades a signed challenge for a token.
#[utoipa::path(post, path = "/api/v1/session", request_body = SignIn,
    responses((status = 200, body = SignedIn), (status = 401, body = ApiError)))]
pub(super) async fn sign_in(
    State(shared): Api,
    Extension(CallerAddress(from)): Extension<CallerAddress>,
    Json(request): Json<SignIn>,
) -> Result<Json<SignedIn>, ApiError> {
    shared.throttle.check(from, clock::now_ms())?;
    let malformed = |_| ApiError::malformed("challenge, key and signature are hexadecimal text");
    let key: PublicKey = request.key.parse().map_err(malformed)?;
    let signature: Signature = request.signature.parse().map_err(malformed)?;
    let PublicKey(challenge) = request.challenge.parse().map_err(malformed)?;
    let signing_in = SignInChallenge { chain: shared.chain.name(), node: shared.me, challenge };
    if signing_in.verify(&key, &signature).is_err() {
        return Err(failure(&shared, from));
    }
    open_session(&shared, from, key, challenge)
}

/// A token for whoever holds a key now, which signed a challenge.
fn open_session(
    shared: &Shared,
    from: IpAddr,
    key: PublicKey,
    challenge: Challenge,
) -> Result<Json<SignedIn>, ApiError> {
    let caller = Caller::of(shared, key).map_err(ApiError::local)?;
    let caller = caller.ok_or_else(ApiError::not_signed_in)?;
    let now_ms = clock::now_ms();
    if !shared.challenges.take(challenge, now_ms) {
        return Err(failure(shared, from));
    }
    let token = shared.sessions.open(key, now_ms + SESSION_MS)?;
    Ok(Json(SignedIn { token: hex::encode(token), role: caller.role() }))
}

/// Counts a try that failed.
fn failure(shared: &Shared, from: IpAddr) -> ApiError {
    let counted = shared.throttle.failure(from, clock::now_ms());
    counted.err().unwrap_or_else(ApiError::not_signed_in)
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct WalletSignInRequest {
    /// The text that the wallet signed (EIP-4361): its domain is this node's, its nonce a challenge.
    message: String,
    /// The signature of 65 bytes in hexadecimal, with or without `0x`.
    signature: String,
}

/// Trades a text that an Ethereum wallet signed for a token of the person who bound the wallet.
#[utoipa::path(post, path = "/api/v1/session/wallet", request_body = WalletSignInRequest,
    responses((status = 200, body = SignedIn), (status = 401, body = ApiError)))]
pub(super) async fn sign_in_with_wallet(
    State(shared): Api,
    Extension(CallerAddress(from)): Extension<CallerAddress>,
    Json(request): Json<WalletSignInRequest>,
) -> Result<Json<SignedIn>, ApiError> {
    let now_ms = clock::now_ms();
    shared.throttle.check(from, now_ms)?;
    let mut signature = [0; 65];
    let digits = request.signature.trim_start_matches("0x");
    hex::decode_to_slice(digits, &mut signature).map_err(ApiError::malformed)?;
    let now = i64::try_from(now_ms / 1000).unwrap_or(i64::MAX);
    let signed = WalletSignIn::verify(&request.message, &signature, &shared.domains, now);
    let mut challenge = [0; 32];
    let is_challenge =
        |signed: &WalletSignIn| hex::decode_to_slice(&signed.nonce, &mut challenge).is_ok();
    let signed = signed.ok().filter(is_challenge).ok_or_else(|| failure(&shared, from))?;
    let state = shared.chain.state();
    let holder = match wallet_of(&state, signed.address).map_err(ApiError::local)? {
        Some(identity) => key_of(&state, identity).map_err(ApiError::local)?,
        None => None,
    };
    open_session(&shared, from, holder.ok_or_else(ApiError::not_signed_in)?, challenge)
}

#[derive(Serialize, ToSchema)]
pub(crate) struct SignedOut {
    /// Sessions that ended.
    sessions: usize,
}

/// Ends all sessions of the caller's key at this node.
#[utoipa::path(delete, path = "/api/v1/session", security(("bearer" = [])),
    responses((status = 200, body = SignedOut)))]
pub(super) async fn sign_out(State(shared): Api, caller: Caller) -> Json<SignedOut> {
    Json(SignedOut { sessions: shared.sessions.close(caller.key()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_so_many_sessions_and_the_oldest_ends() {
        let sessions = Sessions::default();
        let until_ms = clock::now_ms() + SESSION_MS;
        let [many, other] = [1, 2].map(|byte| PublicKey([byte; 32]));
        let first = sessions.open(many, until_ms).unwrap();
        let others = sessions.open(other, until_ms).unwrap();
        for later in 1..SESSIONS_OF_KEY_MAX as u64 {
            sessions.open(many, until_ms + later).unwrap();
        }
        assert_eq!(sessions.key(first), Some(many));
        sessions.open(many, until_ms + 1_000).unwrap();
        assert_eq!(sessions.key(first), None);
        assert_eq!(sessions.key(others), Some(other));
        assert_eq!(sessions.close(many), SESSIONS_OF_KEY_MAX);
    }

    #[test]
    fn an_expired_token_is_worth_nothing() {
        let sessions = Sessions::default();
        let token = sessions.open(PublicKey([1; 32]), clock::now_ms() - 1).unwrap();
        assert_eq!(sessions.key(token), None);
    }
}
