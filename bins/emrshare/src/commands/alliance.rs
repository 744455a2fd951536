//! Members and their votes.

use std::{fs, path::Path};

use anyhow::{Context, bail};
use emrshare_codec::NodeId;
use emrshare_contracts::{AllianceCall, Appointment, Motion};
use emrshare_node::setup;
use serde_json::{Value, json};

use super::people::by_node;
use crate::{
    cli::{AllianceCommand, At},
    home, output,
};

pub(super) async fn run(command: &AllianceCommand, as_json: bool) -> anyhow::Result<()> {
    match command {
        AllianceCommand::List { at } => {
            output::value(&home::client(at)?.proposals().await?, as_json);
            Ok(())
        }
        AllianceCommand::Members { at, out } => members(at, out.as_deref(), as_json).await,
        AllianceCommand::Admit { at, application } => admit(at, application, as_json).await,
        AllianceCommand::Renew { at } => {
            let card = setup::card(&at.home)?;
            by_node(at, AllianceCall::Renew { card }, as_json).await
        }
        AllianceCommand::Leave { at, node_id } => leave(at, *node_id, as_json).await,
        AllianceCommand::Suspend { at, member } => suspend(at, *member, as_json).await,
        AllianceCommand::Reinstate { at, member } => {
            by_node(at, AllianceCall::Propose { motion: Motion::Reinstate(*member) }, as_json).await
        }
        AllianceCommand::Appoint { at, key, role, identity } => {
            let identity = home::client(at)?.identify(&identity.read()?).await?;
            let appointment = Appointment { role: *role, key: *key, identity };
            let motion = Motion::Appoint(appointment);
            by_node(at, AllianceCall::Propose { motion }, as_json).await
        }
        AllianceCommand::Quota { at, originals } => {
            by_node(at, AllianceCall::Propose { motion: Motion::Quota(*originals) }, as_json).await
        }
        AllianceCommand::Vote { at, proposal, voice } => {
            let call = AllianceCall::Vote { proposal: *proposal, voice: *voice };
            by_node(at, call, as_json).await
        }
        AllianceCommand::Contributions { at } => {
            output::value(&home::client(at)?.contributions().await?, as_json);
            Ok(())
        }
    }
}

pub(super) async fn suspend(at: &At, member: NodeId, as_json: bool) -> anyhow::Result<()> {
    by_node(at, AllianceCall::Propose { motion: Motion::Suspend(member) }, as_json).await
}

async fn members(at: &At, out: Option<&Path>, as_json: bool) -> anyhow::Result<()> {
    let members = home::client(at)?.members().await?;
    let Some(out) = out else {
        output::value(&members, as_json);
        return Ok(());
    };
    let known = members.as_array().context("the node shows no list of members")?.iter();
    let present = known.filter(|member| member["standing"] == "member");
    let fields = ["api", "certificate", "consensus", "institution", "node"];
    let card = |member: &Value| fields.map(|field| (field.to_owned(), member[field].clone()));
    let cards: Vec<Value> =
        present.map(|member| Value::Object(card(member).into_iter().collect())).collect();
    fs::write(out, serde_json::to_string_pretty(&cards)?)
        .with_context(|| format!("{} cannot be written", out.display()))?;
    output::value(&json!({"members": cards.len(), "file": out}), as_json);
    Ok(())
}

async fn admit(at: &At, application: &Path, as_json: bool) -> anyhow::Result<()> {
    let read = serde_json::from_str(&home::read(application)?);
    let application =
        read.with_context(|| format!("{} is no application", application.display()))?;
    let client = home::client(at)?;
    let passed_on = client.call_as_node(AllianceCall::Apply { application }).await?;
    let id =
        passed_on["transaction"].as_str().context("the node names the transaction")?.parse()?;
    by_node(at, AllianceCall::Propose { motion: Motion::Admit(id) }, as_json).await
}

async fn leave(at: &At, node_id: NodeId, as_json: bool) -> anyhow::Result<()> {
    let status = home::client(at)?.status().await?;
    if status["node"] != node_id.get() {
        bail!("this is node {}, not {node_id}", status["node"]);
    }
    by_node(at, AllianceCall::Leave {}, as_json).await
}
