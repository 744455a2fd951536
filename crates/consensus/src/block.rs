//! An emrshare block in the engine's clothes.

use bytes::BufMut;
use commonware_codec::{Buf, EncodeSize, Error, RangeCfg, Read, Write};
use commonware_consensus::{BoundedBlock, Heightable, types::Height};
use commonware_cryptography::{Digestible, sha256::Digest};
use emrshare_ledger::Block;

/// A block; its digest for the engine is the hash of its header.
#[derive(Clone, Debug)]
pub(crate) struct EngineBlock(pub(crate) Block);

impl PartialEq for EngineBlock {
    fn eq(&self, other: &Self) -> bool {
        self.0.hash() == other.0.hash()
    }
}

impl Eq for EngineBlock {}

pub(crate) const fn engine_digest(digest: emrshare_codec::Digest) -> Digest {
    Digest(digest.0)
}

impl Write for EngineBlock {
    fn write(&self, target: &mut impl BufMut) {
        self.0.as_bytes().write(target);
    }
}

impl EncodeSize for EngineBlock {
    fn encode_size(&self) -> usize {
        self.0.as_bytes().encode_size()
    }
}

impl Read for EngineBlock {
    type Cfg = ();

    fn read_cfg(source: &mut impl Buf, _: &()) -> Result<Self, Error> {
        let bytes = Vec::<u8>::read_cfg(source, &(RangeCfg::from(0..=Block::LEN_MAX), ()))?;
        Block::from_bytes(bytes).map(Self).map_err(|error| Error::Wrapped("block", Box::new(error)))
    }
}

impl Digestible for EngineBlock {
    type Digest = Digest;

    fn digest(&self) -> Digest {
        engine_digest(self.0.hash())
    }
}

impl Heightable for EngineBlock {
    fn height(&self) -> Height {
        Height::new(self.0.header().height)
    }
}

impl commonware_consensus::Block for EngineBlock {
    fn parent(&self) -> Digest {
        engine_digest(self.0.header().previous)
    }
}

impl BoundedBlock for EngineBlock {
    fn max_encode_size(_: &()) -> usize {
        // The length of the bytes takes at most five bytes in front of them.
        Block::LEN_MAX + 5
    }
}
