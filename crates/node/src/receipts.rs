//! Receipts and certified headers, made of the engine's archive.

use emrshare_codec::RecordIndex;
use emrshare_consensus::Engine;
use emrshare_ledger::{CertifiedHeader, FinalHeader, Header, Receipt, Succession, Successions};

use crate::members::Members;

/// A block without a certificate of its own is final through a later one: how far to look.
const DESCENDANTS_MAX: u64 = 512;

/// The receipt of a record's entry in the block at `height`.
pub(crate) async fn receipt(engine: &Engine, index: RecordIndex, height: u64) -> Option<Receipt> {
    let block = engine.block(height).await?;
    let FinalHeader { descendants, certificate, .. } = finality(engine, height).await?;
    let wanted = |entry: &emrshare_codec::Entry| entry.index() == index;
    Receipt::make(&block, wanted, descendants, certificate)
}

/// What makes the block at `height` final: its own certificate, or a later one's.
pub(crate) async fn finality(engine: &Engine, height: u64) -> Option<FinalHeader> {
    let header = *engine.block(height).await?.header();
    let mut descendants: Vec<Header> = Vec::new();
    for certified in height..height.checked_add(DESCENDANTS_MAX)? {
        if certified > height {
            descendants.push(*engine.block(certified).await?.header());
        }
        if let Some(certificate) = engine.certificate(certified).await {
            return Some(FinalHeader { header, descendants, certificate });
        }
    }
    None
}

/// The first header from `height` on that has a certificate of its own.
pub(crate) async fn certified_from(engine: &Engine, height: u64) -> Option<CertifiedHeader> {
    for height in height..height.checked_add(DESCENDANTS_MAX)? {
        let block = engine.block(height).await?;
        if let Some(certificate) = engine.certificate(height).await {
            return Some(CertifiedHeader { header: *block.header(), certificate });
        }
    }
    None
}

/// How the validators of genesis became those of now; `None` if a block is not at hand.
pub(crate) async fn successions(engine: &Engine, members: &Members) -> Option<Successions> {
    let mut successions = Vec::new();
    for (height, next) in members.successions() {
        let header = *engine.block(height).await?.header();
        let certificate = engine.certificate(height).await?;
        let last = CertifiedHeader { header, certificate };
        successions.push(Succession { last, next: next.clone() });
    }
    Some(Successions(successions))
}

/// The last header up to `height` that has a certificate of its own.
pub(crate) async fn certified_until(engine: &Engine, height: u64) -> Option<CertifiedHeader> {
    for height in (height.saturating_sub(DESCENDANTS_MAX)..=height).rev() {
        if let Some(certificate) = engine.certificate(height).await {
            let header = *engine.block(height).await?.header();
            return Some(CertifiedHeader { header, certificate });
        }
    }
    None
}
