//! A person's wallet.

use std::io::Read;

use anyhow::Context;
use emrshare_client::ClientError;
use emrshare_contracts::RegistryCall;
use emrshare_identity::{EnvelopeKey, KeyUse, SigningKey, WordList, Words};
use qrcode::{QrCode, render::unicode::Dense1x2};
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::{
    cli::{At, WalletCommand, WalletFile},
    home, output,
    wallet::Wallet,
};

/// Keys behind the last one that the ledger knows, after which a recovery looks no further.
const GAP: u32 = 20;

pub(super) async fn run(command: &WalletCommand, as_json: bool) -> anyhow::Result<()> {
    match command {
        WalletCommand::New { wallet, chinese } => new(wallet, *chinese, as_json),
        WalletCommand::Show { wallet } => {
            show(&Wallet::open(wallet)?, as_json);
            Ok(())
        }
        WalletCommand::Visit { wallet, qr } => visit(wallet, *qr, as_json),
        WalletCommand::Rotate { at } => rotate(at, as_json).await,
        WalletCommand::Recover { at } => recover(at, as_json).await,
        WalletCommand::Summary { at } => summary(at, as_json).await,
        WalletCommand::EnvelopeKey { wallet, visit } => {
            let key = EnvelopeKey::of(&Wallet::open(wallet)?.key(*visit));
            output::line(&key.to_secret_text());
            Ok(())
        }
    }
}

fn new(file: &WalletFile, chinese: bool, as_json: bool) -> anyhow::Result<()> {
    let mut entropy = Zeroizing::new([0; 32]);
    let filled = SystemRandom::new().fill(&mut *entropy);
    filled.map_err(|_| anyhow::anyhow!("the system has no random source"))?;
    let list = if chinese { WordList::Chinese } else { WordList::English };
    let wallet = Wallet::new(file, Words::from_entropy(&entropy, list), 0, 0)?;
    wallet.create(file)?;
    let key = wallet.key(None).public_key().to_string();
    if as_json {
        output::json(&json!({ "words": *wallet.words.to_secret_text(), "registry_key": key }));
    } else {
        output::line("Write these words on paper. Whoever has them has all your keys:");
        output::line("");
        output::line(&format!("  {}", *wallet.words.to_secret_text()));
        output::line("");
        output::line(&format!("Public key to be registered: {key}"));
    }
    Ok(())
}

fn show(wallet: &Wallet, as_json: bool) {
    let visits = (0..wallet.visits).map(|visit| wallet.key(Some(visit)).public_key().to_string());
    let shown = json!({
        "registry_key": wallet.key(None).public_key().to_string(),
        "rotations": wallet.registry,
        "visit_keys": visits.collect::<Vec<_>>(),
    });
    output::value(&shown, as_json);
}

fn visit(file: &WalletFile, qr: bool, as_json: bool) -> anyhow::Result<()> {
    let mut wallet = Wallet::open(file)?;
    let visit = wallet.visits;
    wallet.visits += 1;
    wallet.save(file)?;
    let key = wallet.key(Some(visit)).public_key().to_string();
    if qr && !as_json {
        output::line(&qr_code(&key)?);
    }
    output::value(&json!({ "visit": visit, "key": key }), as_json);
    Ok(())
}

/// A QR code (ISO/IEC 18004) for dark terminals: two rows of it in each line.
fn qr_code(text: &str) -> anyhow::Result<String> {
    let code = QrCode::new(text)?;
    let mut renderer = code.render::<Dense1x2>();
    Ok(renderer.dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build())
}

async fn rotate(at: &At, as_json: bool) -> anyhow::Result<()> {
    let file = at.wallet_file()?;
    let mut wallet = Wallet::open(&file)?;
    let client = home::client_with(at, wallet.key(None))?;
    wallet.registry += 1;
    let key = wallet.key(None).public_key();
    let done = client.sign_and_send(RegistryCall::Rotate { key }).await?;
    // Lost before this, the number is found again by `recover`.
    wallet.save(&file)?;
    output::value(&json!({ "registry_key": key.to_string(), "height": done["height"] }), as_json);
    Ok(())
}

async fn recover(at: &At, as_json: bool) -> anyhow::Result<()> {
    let file = at.wallet_file()?;
    let mut text = Zeroizing::new(String::new());
    std::io::stdin().read_to_string(&mut text)?;
    let words: Words = text.parse()?;
    let spinner = output::spinner("looking for the keys on the ledger", as_json);
    let registry = last_known(at, &words, KeyUse::Registry).await?;
    let visits = last_known(at, &words, KeyUse::Relationship).await?.map_or(0, |last| last + 1);
    spinner.finish_and_clear();
    let wallet = Wallet::new(&file, words, registry.unwrap_or(0), visits)?;
    wallet.create(&file)?;
    show(&wallet, as_json);
    Ok(())
}

/// The number of the last key that the node lets in.
async fn last_known(at: &At, words: &Words, use_of_key: KeyUse) -> anyhow::Result<Option<u32>> {
    let (mut last, mut number) = (None, 0);
    while number <= last.map_or(GAP, |last: u32| last + GAP) {
        if summary_of(at, words.key(use_of_key, number)).await?.is_some() {
            last = Some(number);
        }
        number += 1;
    }
    Ok(last)
}

async fn summary(at: &At, as_json: bool) -> anyhow::Result<()> {
    let Some(file) = at.wallet.as_ref().map(|_| at.wallet_file()).transpose()? else {
        output::value(&home::client(at)?.summary().await?, as_json);
        return Ok(());
    };
    let wallet = Wallet::open(&file)?;
    let visits = (0..wallet.visits).map(Some);
    let mut found = Vec::new();
    for visit in [None].into_iter().chain(visits) {
        let key = wallet.key(visit);
        let public = key.public_key().to_string();
        if let Some(mut summary) = summary_of(at, key).await? {
            summary["key"] = json!(public);
            summary["visit"] = json!(visit);
            found.push(summary);
        }
    }
    output::value(&Value::Array(found), as_json);
    Ok(())
}

/// What the ledger says of a key; `None` if it knows nothing of it.
async fn summary_of(at: &At, key: SigningKey) -> anyhow::Result<Option<Value>> {
    match home::client_with(at, key)?.summary().await {
        Ok(summary) => Ok(Some(summary)),
        Err(ClientError::NotSignedIn(_)) => Ok(None),
        Err(error) => Err(error).context("the node does not tell what it knows of a key"),
    }
}
