//! The list of a record file's parts: what the digest on the ledger is taken of.
//!
//! RFC 8785 canonical JSON, so that `sha256sum manifest.json` shows the ledger's digest:
//!
//! ```json
//! {"binder":"…","format":"emrshare-record/1","kind":"original","parts":[
//!   {"chunks":["…"],"media_type":"application/fhir+json","name":"record.json","sha256":"…","size":812}]}
//! ```
//!
//! `binder` is in originals only: HMAC-SHA-256 under the consortium's key of the same JSON without
//! `binder`.

use std::fmt;

use emrshare_codec::Digest;
use emrshare_identity::ConsortiumKey;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

const FORMAT: &str = "emrshare-record/1";

/// Bytes are not a manifest.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// Not the JSON of a manifest.
    #[error("not a manifest in JSON")]
    Malformed,
    /// A format that this software does not know.
    #[error("the manifest has not format {FORMAT}")]
    Format,
    /// The JSON is not in canonical form.
    #[error("the manifest is not in RFC 8785 canonical form")]
    NotCanonical,
    /// Sizes and numbers of chunks do not fit.
    #[error("part {part} has not the chunks that its size asks for")]
    Chunks {
        /// Position of the part, from 0.
        part: usize,
    },
    /// An original without binder or a desensitized file with one.
    #[error("the binder does not fit the kind of file")]
    Binder,
    /// The manifest is too large.
    #[error("the manifest has {found} bytes, at most {limit} are allowed")]
    TooLarge {
        /// Its length.
        found: usize,
        /// The limit.
        limit: usize,
    },
}

/// Which of the two files of a record.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FileKind {
    /// What the hospital's system sent; stays at home.
    Original,
    /// The copy that is shared.
    Desensitized,
}

/// One part of a record file.
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// SHA-256 of each chunk: all of 1 MiB but the last.
    pub chunks: Vec<String>,
    /// IANA media type.
    pub media_type: String,
    /// File name.
    pub name: String,
    /// SHA-256 of the whole part.
    pub sha256: String,
    /// Length in bytes.
    pub size: u64,
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Part({}, {} bytes)", self.media_type, self.size)
    }
}

impl Part {
    /// Whether the part is an image, by its media type: DICOM or `image/…`.
    #[must_use]
    pub fn is_image(&self) -> bool {
        self.media_type == "application/dicom" || self.media_type.starts_with("image/")
    }

    /// Whether the part is text, by its media type: the Bundle, or a text file.
    #[must_use]
    pub fn is_text(&self) -> bool {
        self.media_type == "application/fhir+json" || self.media_type.starts_with("text/")
    }

    /// The chunks' digests.
    ///
    /// # Errors
    /// [`ManifestError::Malformed`] if one is no digest in lower case.
    pub fn chunk_digests(&self) -> Result<Vec<Digest>, ManifestError> {
        self.chunks.iter().map(|chunk| digest(chunk)).collect()
    }
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Json {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    binder: Option<String>,
    format: String,
    kind: FileKind,
    parts: Vec<Part>,
}

/// A manifest and its canonical bytes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Manifest {
    kind: FileKind,
    parts: Vec<Part>,
    bytes: Vec<u8>,
}

impl Manifest {
    /// Length of a chunk in bytes.
    pub const CHUNK_LEN: usize = 1024 * 1024;
    /// Most bytes that a manifest has: enough for some hundred gigabytes of parts.
    pub const LEN_MAX: usize = 16 * 1024 * 1024;

    /// The manifest of an original, bound by the consortium's key.
    #[must_use]
    pub fn original(parts: Vec<Part>, key: &ConsortiumKey) -> Self {
        let unbound = canonical(FileKind::Original, &parts, None);
        let binder = key.binder(&unbound).to_string();
        let bytes = canonical(FileKind::Original, &parts, Some(binder));
        Self { kind: FileKind::Original, parts, bytes }
    }

    /// The manifest of a desensitized file.
    #[must_use]
    pub fn desensitized(parts: Vec<Part>) -> Self {
        let bytes = canonical(FileKind::Desensitized, &parts, None);
        Self { kind: FileKind::Desensitized, parts, bytes }
    }

    /// Reads a manifest; only its canonical form is accepted.
    ///
    /// # Errors
    /// See [`ManifestError`].
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, ManifestError> {
        let (found, limit) = (bytes.len(), Self::LEN_MAX);
        if found > limit {
            return Err(ManifestError::TooLarge { found, limit });
        }
        let json: Json = serde_json::from_slice(&bytes).map_err(|_| ManifestError::Malformed)?;
        if json.format != FORMAT {
            return Err(ManifestError::Format);
        }
        if json.binder.is_some() != (json.kind == FileKind::Original) {
            return Err(ManifestError::Binder);
        }
        let Json { binder, kind, parts, .. } = json;
        if canonical(kind, &parts, binder) != bytes {
            return Err(ManifestError::NotCanonical);
        }
        for (position, part) in parts.iter().enumerate() {
            let expected = part.size.div_ceil(Self::CHUNK_LEN as u64);
            digest(&part.sha256)?;
            if part.chunk_digests()?.len() as u64 != expected {
                return Err(ManifestError::Chunks { part: position });
            }
        }
        Ok(Self { kind, parts, bytes })
    }

    /// Original or desensitized.
    #[must_use]
    pub const fn kind(&self) -> FileKind {
        self.kind
    }

    /// The parts.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The canonical bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// SHA-256 of the bytes: the digest on the ledger.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest(Sha256::digest(&self.bytes).into())
    }
}

/// A digest has one spelling only: that of lower case.
fn digest(text: &str) -> Result<Digest, ManifestError> {
    let digest = text.parse::<Digest>().map_err(|_| ManifestError::Malformed)?;
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(ManifestError::Malformed);
    }
    Ok(digest)
}

fn canonical(kind: FileKind, parts: &[Part], binder: Option<String>) -> Vec<u8> {
    let json = Json { binder, format: FORMAT.into(), kind, parts: parts.to_vec() };
    serde_json_canonicalizer::to_vec(&json).expect("a manifest has a canonical form")
}
