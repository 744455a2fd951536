//! What the contracts know of the members and their votes.

use axum::{Json, extract::State};
use emrshare_contracts::{
    Application, Motion, application, contribution, epoch_of, proposals as all_proposals,
};
use emrshare_ledger::{StateError, StateRead, ValidatorSet};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Api, auth::Caller, error::ApiError, rights::ROWS_MAX};

#[derive(Serialize, ToSchema)]
pub(crate) struct ProposalShown {
    /// The transaction that proposed.
    proposal: String,
    /// What is proposed, in words.
    motion: String,
    proposer: u32,
    time_ms: u64,
    yes: u32,
    no: u32,
    outcome: &'static str,
}

/// What members vote on, or have voted on.
#[utoipa::path(get, path = "/api/v1/proposals", security(("bearer" = [])),
    responses((status = 200, body = Vec<ProposalShown>)))]
pub(super) async fn proposals(
    State(shared): Api,
    _: Caller,
) -> Result<Json<Vec<ProposalShown>>, ApiError> {
    let state = shared.chain.state();
    let found = all_proposals(&state, ROWS_MAX).map_err(ApiError::local)?;
    let shown = found.iter().map(|(id, proposal)| {
        Ok(ProposalShown {
            proposal: id.to_string(),
            motion: motion_text(&state, proposal.motion)?,
            proposer: proposal.proposer.get(),
            time_ms: proposal.time_ms,
            yes: proposal.yes,
            no: proposal.no,
            outcome: proposal.outcome.name(),
        })
    });
    let shown = shown.collect::<Result<Vec<_>, StateError>>();
    let mut shown = shown.map_err(ApiError::local)?;
    shown.sort_by_key(|proposal| proposal.time_ms);
    Ok(Json(shown))
}

fn motion_text(state: &impl StateRead, motion: Motion) -> Result<String, StateError> {
    Ok(match motion {
        Motion::Suspend(node) => format!("suspend {node}"),
        Motion::Reinstate(node) => format!("reinstate {node}"),
        Motion::Quota(Some(originals)) => {
            format!("quota: {originals} originals for research beyond what an institution gave")
        }
        Motion::Quota(None) => "no quota".into(),
        Motion::Admit(id) => match application(state, id)? {
            Some(Application { member, .. }) => format!(
                "admit node {}, \"{}\", at {} and {}",
                member.node, member.institution, member.api, member.consensus
            ),
            None => format!("admit an unknown applicant, {id}"),
        },
        Motion::Appoint(who) => {
            format!("appoint {} as {}, key {}", who.identity, who.role.name(), who.key)
        }
        Motion::Terms(terms) => format!(
            "terms: protocol {}, policy {}, standards {}",
            terms.protocol, terms.policy, terms.standards
        ),
    })
}

/// An institution of the consortium.
#[derive(Serialize, ToSchema)]
pub(crate) struct MemberShown {
    node: u32,
    institution: String,
    /// Base address of its API.
    api: String,
    /// Address and port of its consensus engine.
    consensus: String,
    /// Its certificate in PEM.
    certificate: String,
    /// `member`, `suspended` or `left`.
    standing: &'static str,
    /// Whether it orders blocks in this epoch, with the key of this certificate.
    validator: bool,
}

/// Who is or was a member.
#[utoipa::path(get, path = "/api/v1/members", security(("bearer" = [])),
    responses((status = 200, body = Vec<MemberShown>)))]
pub(super) async fn members(State(shared): Api, _: Caller) -> Json<Vec<MemberShown>> {
    let members = shared.chain.members();
    let epoch = epoch_of(shared.chain.watch_tip().borrow().height + 1);
    let validators = members.validators(epoch).map_or(&[][..], ValidatorSet::members);
    let shown = members.iter().map(|known| {
        let key = known.certificate.consensus_key;
        MemberShown {
            node: known.certificate.node.get(),
            institution: known.card.institution.clone(),
            api: known.card.api.clone(),
            consensus: known.card.consensus.clone(),
            certificate: known.card.certificate.clone(),
            standing: known.standing.name(),
            validator: validators.iter().any(|validator| validator.key == key),
        }
    });
    Json(shown.collect())
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ContributionShown {
    node: u32,
    institution: String,
    /// Records that it made.
    records: String,
    /// Originals given to people of other institutions.
    given: u64,
    /// Originals that its people took from other institutions.
    taken: u64,
}

/// What each institution gave and took.
#[utoipa::path(get, path = "/api/v1/contributions", security(("bearer" = [])),
    responses((status = 200, body = Vec<ContributionShown>)))]
pub(super) async fn contributions(
    State(shared): Api,
    _: Caller,
) -> Result<Json<Vec<ContributionShown>>, ApiError> {
    let state = shared.chain.state();
    let members = shared.chain.members();
    let shown = members.iter().map(|member| {
        let node = member.certificate.node;
        let (counters, made) = (contribution(&state, node)?, state.node(node)?.next_serial);
        Ok(ContributionShown {
            node: node.get(),
            institution: member.card.institution.clone(),
            records: made.to_string(),
            given: counters.given,
            taken: counters.taken,
        })
    });
    let shown = shown.collect::<Result<_, emrshare_ledger::StateError>>();
    Ok(Json(shown.map_err(ApiError::local)?))
}
