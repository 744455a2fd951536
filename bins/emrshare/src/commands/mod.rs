//! What the commands do.

mod agreement;
mod alliance;
mod bench;
mod certificates;
mod check;
mod codec;
mod consultation;
mod desensitize;
mod follow;
mod join;
mod local;
mod originals;
mod people;
mod pictures;
mod protocol;
mod prove;
mod rekey;
mod remote;
mod risk;
mod scrub;
mod sections;
mod split_view;
mod standards;
mod verify;
mod wallet;

use std::time::{SystemTime, UNIX_EPOCH};

use emrshare_identity::SigningKey;
use ring::rand::{SecureRandom, SystemRandom};
use tracing_subscriber::EnvFilter;

use crate::{
    cli::{
        CaCommand, CodecCommand, Command, JoinCommand, KeyCommand, ProveCommand, SplitViewCommand,
    },
    demo,
};

/// Runs a command.
pub(crate) async fn run(command: Command, json: bool) -> anyhow::Result<()> {
    match command {
        Command::Demo(arguments) => demo::run(arguments, json).await,
        Command::Init(arguments) => local::init(&arguments, json),
        Command::Node { config, restored } => node(&config, restored).await,
        Command::Ca(CaCommand::Init { folder, name }) => certificates::init(&folder, &name, json),
        Command::Ca(CaCommand::Issue {
            authority,
            node,
            institution,
            consensus_key,
            tls_key,
            host,
            days,
        }) => {
            let keys = (consensus_key.parse()?, tls_key.parse()?);
            certificates::issue(&authority, node, institution, keys, host, days)
        }
        Command::Ca(CaCommand::Renew { authority, certificate, days }) => {
            certificates::renew(&authority, &certificate, days)
        }
        Command::Ca(CaCommand::Revoke { member, at }) => alliance::suspend(&at, member, json).await,
        Command::Ca(CaCommand::List { authority }) => certificates::list(&authority, json),
        Command::Ca(CaCommand::Show { certificate, authority }) => {
            certificates::show(&certificate, &authority, json)
        }
        Command::Join(JoinCommand::Prepare(arguments)) => join::prepare(&arguments, json),
        Command::Join(JoinCommand::Apply { folder, certificate }) => {
            join::apply(&folder, &certificate, json)
        }
        Command::Rekey(command) => rekey::run(&command, json).await,
        Command::Key(KeyCommand::New { file }) => certificates::new_key(&file, json),
        Command::Key(KeyCommand::Seal { file, passphrase_file }) => {
            certificates::seal_key(&file, passphrase_file.as_deref(), json)
        }
        Command::Key(KeyCommand::Show { file }) => certificates::show_key(&file, json),
        Command::Submit { at, update, paths } => remote::submit(&at, update, &paths, json).await,
        Command::Check(arguments) => check::run(&arguments, json),
        Command::Standards(command) => standards::run(&command, json),
        Command::Desensitize(arguments) => desensitize::run(&arguments, json),
        Command::Risk(arguments) => risk::run(&arguments, json),
        Command::Get { at, index, original: false, out, .. } => {
            remote::get(&at, index.parse()?, &out, json).await
        }
        Command::Get { at, index, purpose, parts, sealed, out, .. } => {
            let asked = (index.parse()?, purpose, parts);
            remote::get_original(&at, asked, sealed.as_deref(), &out, json).await
        }
        Command::Originals(command) => originals::run(&command, json).await,
        Command::Search { at, query, limit } => remote::search(&at, &query, limit, json).await,
        Command::Show { at, index } => remote::show(&at, index.parse()?, json).await,
        Command::Delete { at, index } => remote::delete(&at, index.parse()?, json).await,
        Command::Status { at } => remote::status(&at, json).await,
        Command::Scrub { at } => scrub::run(&at, json).await,
        Command::Receipt { at, index, out } => {
            remote::receipt(&at, index.parse()?, &out, json).await
        }
        Command::Verify { receipt, manifest, trust } => {
            verify::run(&receipt, manifest.as_deref(), &trust, json)
        }
        Command::Prove(ProveCommand::Original { at, digest, out }) => {
            prove::original(&at, digest, &out, json).await
        }
        Command::Prove(ProveCommand::Record { at, index, out }) => {
            prove::record(&at, index.parse()?, &out, json).await
        }
        Command::Prove(ProveCommand::Verify { proof, trust }) => {
            prove::verify(&proof, &trust, json)
        }
        Command::Successions { at, out } => remote::successions(&at, &out, json).await,
        Command::Follow { at, trusted, proof } => follow::run(&at, &trusted, &proof, json).await,
        Command::SplitView(SplitViewCommand::Find { first, second, trust, out }) => {
            split_view::find([&first, &second], &trust, &out, json)
        }
        Command::SplitView(SplitViewCommand::Verify { proof, trust }) => {
            split_view::verify(&proof, &trust, json)
        }
        Command::Register { at, key, role, identity } => {
            people::register(&at, key, role, &identity.read()?, json).await
        }
        Command::Link { at, index, patient } => {
            people::link(&at, index.parse()?, patient, json).await
        }
        Command::SealKeys { home, passphrase_file } => {
            local::seal_keys(&home, &passphrase_file, json)
        }
        Command::Person(command) => people::person(&command, json).await,
        Command::Relationship(command) => people::relationship(&command, json).await,
        Command::Grant(arguments) => people::grant(&arguments, json).await,
        Command::Revoke(arguments) => people::revoke(&arguments, json).await,
        Command::BreakGlass(arguments) => people::break_glass(&arguments, json).await,
        Command::Audit(arguments) => people::audit(&arguments, json).await,
        Command::Agreement(command) => agreement::run(&command, json).await,
        Command::Consultation(command) => consultation::run(&command, json).await,
        Command::Alliance(command) => alliance::run(&command, json).await,
        Command::Protocol(command) => protocol::run(&command, json).await,
        Command::Wallet(command) => wallet::run(&command, json).await,
        Command::Sample { count, lang, seed, out } => local::sample(count, lang, seed, &out, json),
        Command::Codec(CodecCommand::Encode {
            marker,
            kind,
            acting,
            origin,
            serial,
            original,
            desensitized,
        }) => {
            codec::encode(marker, kind, [acting, origin], &serial, [&original, &desensitized], json)
        }
        Command::Codec(CodecCommand::Decode { hex }) => codec::decode(&hex, json),
        Command::Codec(CodecCommand::Index { index }) => codec::index(&index, json),
        Command::Bench { at, records, in_flight, seed } => {
            bench::run(&at, records, in_flight, seed, json).await
        }
    }
}

async fn node(config: &std::path::Path, restored: bool) -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info,commonware=warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let config = emrshare_node::Config::load(config)?;
    let config = if restored { config.restored() } else { config };
    let node = emrshare_node::Node::start(config).await?;
    node.run_until(emrshare_node::until_asked_to_stop()).await?;
    Ok(())
}

/// A key of the system's randomness.
pub(crate) fn random_key() -> anyhow::Result<SigningKey> {
    let mut seed = [0; 32];
    let filled = SystemRandom::new().fill(&mut seed);
    filled.map_err(|_| anyhow::anyhow!("the system has no random source"))?;
    Ok(SigningKey::from_seed(seed))
}

/// Microseconds since 1970.
pub(crate) fn now_us() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}
