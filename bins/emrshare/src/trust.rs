//! Whom to trust at a height.

use std::{fs, path::Path};

use anyhow::{Context, bail};
use emrshare_contracts::Genesis;
use emrshare_ledger::{Header, Successions, ValidatorSet};

/// The validators that certify a header: those of the founding document, or those that the file of
/// successions leads to.
pub(crate) fn validators_of(
    header: &Header,
    genesis: &Genesis,
    successions: Option<&Path>,
) -> anyhow::Result<ValidatorSet> {
    let successions = match successions {
        Some(path) => {
            let bytes =
                fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
            Successions::from_bytes(&bytes)
                .with_context(|| format!("{} holds no successions", path.display()))?
        }
        None => Successions::default(),
    };
    let validators =
        successions.validators_at(header.height, genesis.chain(), genesis.validators())?;
    if header.chain == genesis.chain() && validators.root() != header.validators_root {
        bail!(
            "the validators changed before height {}: name the changes with --successions \
             (`emrshare successions` gets them)",
            header.height
        );
    }
    Ok(validators)
}
