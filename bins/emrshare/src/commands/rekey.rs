//! Another consensus key for a node that runs.

use std::path::Path;

use emrshare_contracts::AllianceCall;
use emrshare_node::setup;
use serde_json::json;

use super::join::to_certify;
use crate::{
    cli::{At, RekeyCommand},
    home, output,
};

pub(super) async fn run(command: &RekeyCommand, as_json: bool) -> anyhow::Result<()> {
    match command {
        RekeyCommand::Prepare { home } => {
            output::value(&to_certify(&setup::prepare_key(home)?), as_json);
            Ok(())
        }
        RekeyCommand::Apply { at, certificate } => apply(at, certificate, as_json).await,
    }
}

async fn apply(at: &At, certificate: &Path, as_json: bool) -> anyhow::Result<()> {
    let pem = home::read(certificate)?;
    let client = home::client(at)?;
    let members = client.members().await?;
    // An interrupted run is finished by doing it again.
    let is_known = members.as_array().into_iter().flatten().any(|it| it["certificate"] == pem);
    if !is_known {
        let application = setup::rekey(&at.home, &pem)?;
        client.call_as_node(AllianceCall::Rekey { application }).await?;
    }
    setup::replace_certificate(&at.home, &pem)?;
    let shown = json!({ "certificate": at.home.join("node.pem"), "in_force": true });
    output::value(&shown, as_json);
    Ok(())
}
