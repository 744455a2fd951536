//! People and their rights.

use std::collections::HashMap;

use anyhow::{Context, bail};
use emrshare_client::{Client, ClientError};
use emrshare_codec::{NodeId, RecordIndex};
use emrshare_contracts::{
    AppendStatement, Call, Grant, Grantee, Party, PermissionCall, Purposes, RegistryCall,
    RelationshipCall, Role, Span,
};
use emrshare_identity::{PublicKey, Signature};
use serde_json::{Value, json};

use super::now_us;
use crate::{
    cli::{
        At, AuditArguments, BreakGlassArguments, GrantArguments, PersonCommand,
        RelationshipCommand, RevokeArguments,
    },
    home, output,
};

pub(super) async fn register(
    at: &At,
    key: PublicKey,
    role: Role,
    identity: &str,
    as_json: bool,
) -> anyhow::Result<()> {
    output::value(&home::client(at)?.register(key, role, identity).await?, as_json);
    Ok(())
}

pub(super) async fn link(
    at: &At,
    index: RecordIndex,
    patient: PublicKey,
    as_json: bool,
) -> anyhow::Result<()> {
    output::value(&home::client(at)?.link(index, patient).await?, as_json);
    Ok(())
}

pub(super) async fn person(command: &PersonCommand, as_json: bool) -> anyhow::Result<()> {
    match command {
        PersonCommand::Show { at, key } => {
            let person = home::client(at)?.person(*key).await?;
            let shown = json!({
                "role": person.role.name(),
                "identity": person.identity.to_string(),
                "registrar": person.registrar.get(),
            });
            output::value(&shown, as_json);
            Ok(())
        }
        PersonCommand::Rotate { at, key } => {
            signed(at, RegistryCall::Rotate { key: *key }, as_json).await
        }
        PersonCommand::BindWallet { at, address } => {
            signed(at, RegistryCall::BindWallet { address: *address }, as_json).await
        }
        PersonCommand::UnbindWallet { at, address } => {
            signed(at, RegistryCall::UnbindWallet { address: *address }, as_json).await
        }
        PersonCommand::Recover { at, identity, key } => {
            let identity = home::client(at)?.identify(&identity.read()?).await?;
            by_node(at, RegistryCall::Recover { identity, key: *key }, as_json).await
        }
        PersonCommand::ConfirmRecovery { at, identity, key } => {
            let identity = home::client(at)?.identify(&identity.read()?).await?;
            by_node(at, RegistryCall::ConfirmRecovery { identity, key: *key }, as_json).await
        }
        PersonCommand::Retire { at, identity } => {
            let identity = home::client(at)?.identify(&identity.read()?).await?;
            by_node(at, RegistryCall::Retire { identity }, as_json).await
        }
    }
}

pub(super) async fn relationship(
    command: &RelationshipCommand,
    as_json: bool,
) -> anyhow::Result<()> {
    match command {
        RelationshipCommand::Open { at, patient, rights } => {
            let call = RelationshipCall::Open { patient: *patient, rights: *rights };
            signed(at, call, as_json).await
        }
        RelationshipCommand::Answer { at, doctor, rights } => {
            let doctor = home::client(at)?.person(*doctor).await?.identity;
            signed(at, RelationshipCall::Answer { doctor, rights: *rights }, as_json).await
        }
        RelationshipCommand::End { at, patient, doctor } => {
            let client = home::client(at)?;
            let doctor = client.person(*doctor).await?.identity;
            let patient = party(&client, *patient).await?;
            signed(at, RelationshipCall::End { patient, doctor }, as_json).await
        }
        RelationshipCommand::Sign { at, index, patient } => {
            let client = home::client(at)?;
            let shown = client.show(*index).await?;
            let last = shown["history"].as_array().and_then(|history| history.last());
            let original = last.and_then(|entry| entry["original"].as_str()).unwrap_or_default();
            let statement = AppendStatement {
                original: original.parse()?,
                patient: *patient,
                doctor: client.public_key(),
                time_ms: now_us() / 1000,
            };
            let signature = statement.sign(client.chain().await?, &home::person_key(at)?);
            let signed = format!("{}:{}:{signature}", statement.doctor, statement.time_ms);
            output::value(&json!({ "signed": signed }), as_json);
            Ok(())
        }
        RelationshipCommand::Append { at, index, patient, signed } => {
            let (doctor, time_ms, signature) = parse_signed(signed)?;
            let (index, patient) = (*index, *patient);
            let call = RelationshipCall::Append { index, patient, doctor, time_ms, signature };
            by_node(at, call, as_json).await
        }
    }
}

pub(super) async fn grant(arguments: &GrantArguments, as_json: bool) -> anyhow::Result<()> {
    let GrantArguments { at, scope, grantee, hours, purposes, parts } = arguments;
    let now_ms = now_us() / 1000;
    let until_ms = now_ms.saturating_add(hours.saturating_mul(3_600_000));
    let grant = Grant {
        purposes: Purposes::of(purposes),
        parts: *parts,
        valid: Span { from_ms: 0, until_ms },
        linked: Span::ALWAYS,
    };
    let grantee = parse_grantee(&home::client(at)?, grantee).await?;
    signed(at, PermissionCall::Grant { scope: *scope, grantee, grant }, as_json).await
}

pub(super) async fn revoke(arguments: &RevokeArguments, as_json: bool) -> anyhow::Result<()> {
    let RevokeArguments { at, scope, grantee } = arguments;
    let grantee = parse_grantee(&home::client(at)?, grantee).await?;
    signed(at, PermissionCall::Revoke { scope: *scope, grantee }, as_json).await
}

pub(super) async fn break_glass(
    arguments: &BreakGlassArguments,
    as_json: bool,
) -> anyhow::Result<()> {
    let (index, reason) = (arguments.index, arguments.reason);
    signed(&arguments.at, PermissionCall::BreakGlass { index, reason }, as_json).await
}

pub(super) async fn audit(arguments: &AuditArguments, as_json: bool) -> anyhow::Result<()> {
    let client = home::client(&arguments.at)?;
    let events = match arguments.index {
        _ if arguments.all => everything(&client).await?,
        Some(index) => client.trail(index).await?,
        None => client.own_trail().await?,
    };
    if as_json {
        output::json(&events);
        return Ok(());
    }
    let mut known = HashMap::new();
    for event in events.as_array().into_iter().flatten() {
        let text = |key: &str| event[key].as_str().unwrap_or_default();
        let signer: PublicKey = text("signer").parse()?;
        let who = match known.get(&signer) {
            Some(who) => who,
            None => known.entry(signer).or_insert(in_words(&client, signer).await?),
        };
        let time = output::time(event["time_ms"].as_u64().unwrap_or_default());
        let (subject, happening) = (text("subject"), text("happening"));
        output::line(&format!("{time}  {who} via node {}  {subject}  {happening}", event["node"]));
    }
    Ok(())
}

/// Who holds a key, as far as the ledger says it.
async fn in_words(client: &Client, key: PublicKey) -> anyhow::Result<String> {
    let short = key.to_string().get(..8).unwrap_or_default().to_owned();
    match client.person(key).await {
        Ok(person) => Ok(format!("{} {short}… of node {}", person.role.name(), person.registrar)),
        Err(ClientError::NotFound(_)) => Ok(format!("key {short}…")),
        Err(error) => Err(error.into()),
    }
}

async fn everything(client: &Client) -> anyhow::Result<Value> {
    let mut events = Vec::new();
    let mut from = String::new();
    loop {
        let mut page = client.trail_of_all(&from).await?;
        let Some(found) = page["events"].as_array_mut().filter(|found| !found.is_empty()) else {
            return Ok(Value::Array(events));
        };
        events.append(found);
        from = page["next"].as_str().context("a page names the next one")?.to_owned();
    }
}

pub(super) async fn signed(at: &At, call: impl Into<Call>, as_json: bool) -> anyhow::Result<()> {
    output::value(&home::client(at)?.sign_and_send(call).await?, as_json);
    Ok(())
}

pub(super) async fn by_node(at: &At, call: impl Into<Call>, as_json: bool) -> anyhow::Result<()> {
    output::value(&home::client(at)?.call_as_node(call).await?, as_json);
    Ok(())
}

/// Whom a key stands for: a registered person, or the key itself.
async fn party(client: &Client, key: PublicKey) -> anyhow::Result<Party> {
    match client.person(key).await {
        Ok(person) => Ok(Party::Person(person.identity)),
        Err(ClientError::NotFound(_)) => Ok(Party::Key(key)),
        Err(error) => Err(error.into()),
    }
}

async fn parse_grantee(client: &Client, text: &str) -> anyhow::Result<Grantee> {
    let Some(member) = text.strip_prefix("node:") else {
        let key = text.parse().context("a grantee is a public key, node:N or node:N/ROLE")?;
        return Ok(Grantee::Person(client.person(key).await?.identity));
    };
    let node = |number: &str| anyhow::Ok(NodeId::new(number.parse()?)?);
    match member.split_once('/') {
        None => Ok(Grantee::Institution(node(member)?)),
        Some((member, role)) => match Role::from_name(role) {
            Some(role) => Ok(Grantee::Role(node(member)?, role)),
            None => bail!("there is no role {role}"),
        },
    }
}

fn parse_signed(text: &str) -> anyhow::Result<(PublicKey, u64, Signature)> {
    let mut parts = text.splitn(3, ':');
    let mut next = || parts.next().context("expected KEY:TIME:SIGNATURE, as `sign` prints it");
    Ok((next()?.parse()?, next()?.parse()?, next()?.parse()?))
}
