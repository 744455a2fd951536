//! A record as parts, chunks and manifest.

use emrshare_codec::Digest;
use emrshare_identity::ConsortiumKey;
use sha2::{Digest as _, Sha256};

use crate::{
    Attachment, Bundle, BundleError, FileKind, Manifest, ManifestError, MediaType, Part, Record,
};

const BUNDLE_NAME: &str = "record.json";
const BUNDLE_TYPE: &str = "application/fhir+json";

/// Chunks and manifest do not make a record.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordFileError {
    /// The manifest is malformed.
    #[error("malformed manifest")]
    Manifest(#[from] ManifestError),
    /// A chunk is missing, too many, or not the one that the manifest names.
    #[error("chunk {chunk} of part {part} is not the one that the manifest names")]
    Chunk {
        /// Position of the part, from 0.
        part: usize,
        /// Position of the chunk, from 0.
        chunk: usize,
    },
    /// A part as a whole is not the one that the manifest names.
    #[error("part {part} is not the one that the manifest names")]
    Part {
        /// Position of the part, from 0.
        part: usize,
    },
    /// The first part is no Bundle.
    #[error("the file does not begin with a Bundle")]
    NoBundle,
    /// The first part is malformed.
    #[error("malformed Bundle")]
    Bundle(#[from] BundleError),
}

/// A record cut into chunks.
#[derive(Clone)]
pub struct RecordFile {
    manifest: Manifest,
    chunks: Vec<Vec<Vec<u8>>>,
}

impl RecordFile {
    /// The original of a record.
    #[must_use]
    pub fn original(record: &Record, key: &ConsortiumKey) -> Self {
        Self::cut(record, |parts| Manifest::original(parts, key))
    }

    /// The desensitized file of a record that was desensitized.
    #[must_use]
    pub fn desensitized(record: &Record) -> Self {
        Self::cut(record, Manifest::desensitized)
    }

    /// Puts a file together from its manifest and its chunks, part by part, and checks everything.
    ///
    /// # Errors
    /// [`RecordFileError::Chunk`] or [`RecordFileError::Part`].
    pub fn assemble(
        manifest: Manifest,
        chunks: Vec<Vec<Vec<u8>>>,
    ) -> Result<Self, RecordFileError> {
        for (position, part) in manifest.parts().iter().enumerate() {
            let given = chunks.get(position).ok_or(RecordFileError::Part { part: position })?;
            check_part(position, part, given)?;
        }
        Ok(Self { manifest, chunks })
    }

    /// The file in one piece: each of manifest and chunks behind its length in four bytes.
    ///
    /// # Panics
    /// Never: chunks and manifests are far below 4 GiB.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let pieces = self.chunks.iter().flatten().map(Vec::as_slice);
        let mut bytes = Vec::new();
        for piece in std::iter::once(self.manifest.as_bytes()).chain(pieces) {
            let length = u32::try_from(piece.len()).expect("chunks and manifests are bounded");
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(piece);
        }
        bytes
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote and checks everything.
    ///
    /// # Errors
    /// See [`RecordFileError`].
    pub fn from_bytes(mut bytes: &[u8]) -> Result<Self, RecordFileError> {
        let manifest = take_piece(&mut bytes).ok_or(ManifestError::Malformed)?;
        let manifest = Manifest::from_bytes(manifest)?;
        let mut chunks = Vec::with_capacity(manifest.parts().len());
        for (position, part) in manifest.parts().iter().enumerate() {
            chunks.push(take_part(&mut bytes, position, part)?);
        }
        if bytes.is_empty() {
            Self::assemble(manifest, chunks)
        } else {
            Err(RecordFileError::Part { part: manifest.parts().len() })
        }
    }

    /// The manifest.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The chunks of each part.
    #[must_use]
    pub fn chunks(&self) -> &[Vec<Vec<u8>>] {
        &self.chunks
    }

    /// All parts with their chunks.
    pub fn parts(&self) -> impl Iterator<Item = (&Part, &[Vec<u8>])> {
        self.manifest.parts().iter().zip(self.chunks.iter().map(Vec::as_slice))
    }

    /// All chunks with their digests, equal ones repeated.
    ///
    /// # Panics
    /// Never: the manifest's digests were made or checked.
    pub fn named_chunks(&self) -> impl Iterator<Item = (Digest, &[u8])> {
        self.manifest.parts().iter().zip(&self.chunks).flat_map(|(part, chunks)| {
            let digests = part.chunk_digests().expect("the digests were made or checked");
            digests.into_iter().zip(chunks.iter().map(Vec::as_slice))
        })
    }

    /// Bytes of all parts.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.manifest.parts().iter().map(|part| part.size).sum()
    }

    /// The record that the file holds.
    ///
    /// # Errors
    /// [`RecordFileError::NoBundle`] or [`RecordFileError::Bundle`].
    pub fn to_record(&self) -> Result<Record, RecordFileError> {
        let mut parts = self.manifest.parts().iter().zip(&self.chunks);
        let (first, chunks) = parts.next().ok_or(RecordFileError::NoBundle)?;
        if first.media_type != BUNDLE_TYPE {
            return Err(RecordFileError::NoBundle);
        }
        let bundle = Bundle::from_json(&chunks.concat())?;
        let attachments = parts.map(|(part, chunks)| Attachment {
            name: part.name.clone(),
            media_type: MediaType::from_name(&part.media_type),
            bytes: chunks.concat(),
        });
        Ok(Record::new(bundle, attachments.collect()))
    }

    /// Whether this is an original or a desensitized file.
    #[must_use]
    pub const fn kind(&self) -> FileKind {
        self.manifest.kind()
    }

    fn cut(record: &Record, manifest: impl FnOnce(Vec<Part>) -> Manifest) -> Self {
        let bundle = record.bundle().to_canonical();
        let first = (BUNDLE_NAME, BUNDLE_TYPE, bundle.as_slice());
        let attachments = record.attachments().iter();
        let attachments = attachments
            .map(|file| (file.name.as_str(), file.media_type.as_str(), file.bytes.as_slice()));
        let (parts, chunks) = std::iter::once(first)
            .chain(attachments)
            .map(|(name, media_type, bytes)| {
                let chunks: Vec<_> =
                    bytes.chunks(Manifest::CHUNK_LEN).map(<[u8]>::to_vec).collect();
                let digest = |bytes: &[u8]| Digest(Sha256::digest(bytes).into()).to_string();
                let names: Vec<_> = chunks.iter().map(|chunk| digest(chunk)).collect();
                // A part of one chunk has the digest of that chunk.
                let whole = match names.as_slice() {
                    [only] => only.clone(),
                    _ => digest(bytes),
                };
                let part = Part {
                    chunks: names,
                    media_type: media_type.into(),
                    name: name.into(),
                    sha256: whole,
                    size: bytes.len() as u64,
                };
                (part, chunks)
            })
            .unzip();
        Self { manifest: manifest(parts), chunks }
    }
}

/// Whether chunks make the part that a manifest names at a position.
pub(crate) fn check_part(
    position: usize,
    part: &Part,
    given: &[Vec<u8>],
) -> Result<(), RecordFileError> {
    let wanted = part.chunk_digests()?;
    let mut whole = Sha256::new();
    for (number, digest) in wanted.iter().enumerate() {
        let mismatch = RecordFileError::Chunk { part: position, chunk: number };
        match given.get(number) {
            Some(chunk) if Sha256::digest(chunk).as_slice() == digest.0 => whole.update(chunk),
            _ => return Err(mismatch),
        }
    }
    let fits = given.len() == wanted.len()
        && Digest(whole.finalize().into()).to_string() == part.sha256
        && given.iter().map(|chunk| chunk.len() as u64).sum::<u64>() == part.size;
    if fits { Ok(()) } else { Err(RecordFileError::Part { part: position }) }
}

/// The chunks of a part from the front of a file in one piece.
pub(crate) fn take_part(
    bytes: &mut &[u8],
    position: usize,
    part: &Part,
) -> Result<Vec<Vec<u8>>, RecordFileError> {
    let missing = |chunk| RecordFileError::Chunk { part: position, chunk };
    (0..part.chunks.len()).map(|chunk| take_piece(bytes).ok_or(missing(chunk))).collect()
}

pub(crate) fn take_piece(bytes: &mut &[u8]) -> Option<Vec<u8>> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (piece, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    *bytes = rest;
    Some(piece.to_vec())
}

impl std::fmt::Debug for RecordFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecordFile").field("manifest", &self.manifest).finish_non_exhaustive()
    }
}
