//! Whom to trust at a height.

use std::fs;

use anyhow::{Context, bail};
use emrshare_contracts::Genesis;
use emrshare_ledger::{Header, Successions, ValidatorSet};

use crate::{cli::Trust, home};

/// A founding document, and how the validators went on from it.
pub(crate) struct Trusted {
    pub(crate) genesis: Genesis,
    successions: Successions,
}

impl Trust {
    /// Reads what is named.
    pub(crate) fn read(&self) -> anyhow::Result<Trusted> {
        let genesis =
            home::genesis(&self.genesis).context("name the founding document with --genesis")?;
        let successions = match &self.successions {
            Some(path) => {
                let bytes =
                    fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
                Successions::from_bytes(&bytes)
                    .with_context(|| format!("{} holds no successions", path.display()))?
            }
            None => Successions::default(),
        };
        Ok(Trusted { genesis, successions })
    }
}

impl Trusted {
    /// The validators that certify a header: those of the founding document, or those that the
    /// successions lead to.
    pub(crate) fn validators_of(&self, header: &Header) -> anyhow::Result<ValidatorSet> {
        let (chain, founders) = (self.genesis.chain(), self.genesis.validators());
        let validators = self.successions.validators_at(header.height, chain, founders)?;
        if header.chain == chain && validators.root() != header.validators_root {
            bail!(
                "the validators changed before height {}: name the changes with --successions \
                 (`emrshare successions` gets them)",
                header.height
            );
        }
        Ok(validators)
    }
}
