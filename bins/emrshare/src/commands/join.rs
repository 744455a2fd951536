//! Joining a consortium that exists.

use std::{fs, path::Path};

use anyhow::Context;
use emrshare_codec::NodeId;
use emrshare_identity::Subject;
use emrshare_node::setup::{self, Institution};
use serde_json::{Value, json};

use crate::{cli::PrepareArguments, home, output};

pub(super) fn prepare(arguments: &PrepareArguments, as_json: bool) -> anyhow::Result<()> {
    let genesis = home::genesis(&arguments.genesis)?;
    let key = home::read(&arguments.consortium_key)?.trim().parse();
    let key = key.with_context(|| {
        format!("{} holds no consortium key", arguments.consortium_key.display())
    })?;
    let institution = Institution {
        institution: arguments.institution.clone(),
        api: arguments.api,
        consensus: arguments.consensus,
        hosts: arguments.host.clone(),
        store: arguments.store,
    };
    let node = NodeId::new(arguments.node)?;
    let subject = setup::prepare(&arguments.folder, node, &institution, &genesis, &key)?;
    output::value(&to_certify(&subject), as_json);
    Ok(())
}

/// What the authority is to certify, and how it does.
pub(super) fn to_certify(subject: &Subject) -> Value {
    let hosts: Vec<_> = subject.hosts.iter().map(|host| format!("--host {host}")).collect();
    let command = format!(
        "emrshare ca issue --authority FOLDER --node {} --institution '{}' --consensus-key {} \
         --tls-key {} {}",
        subject.node,
        subject.institution.replace('\'', "'\\''"),
        subject.consensus_key,
        subject.tls_key,
        hosts.join(" "),
    );
    json!({
        "node": subject.node.get(),
        "institution": subject.institution,
        "consensus_key": subject.consensus_key.to_string(),
        "tls_key": subject.tls_key.to_string(),
        "hosts": subject.hosts,
        "authority_runs": command,
    })
}

pub(super) fn apply(folder: &Path, certificate: &Path, as_json: bool) -> anyhow::Result<()> {
    let application = setup::apply(folder, &home::read(certificate)?)?;
    let path = folder.join("application.json");
    let text = serde_json::to_string_pretty(&application)?;
    fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    let shown = json!({
        "application": path,
        "member_runs": format!("emrshare alliance admit {}", path.display()),
    });
    output::value(&shown, as_json);
    Ok(())
}
