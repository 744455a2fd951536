//! Some parts of a record file, with the whole manifest.

use std::io::{self, Read, Write};

use crate::{Manifest, ManifestError, Part, RecordFileError, file};

/// Some parts of a record file: each is the one that the manifest names, and the manifest's digest is
/// the one on the ledger. Of the parts that were left out, it tells what the manifest tells.
///
/// ```
/// use emrshare_identity::ConsortiumKey;
/// use emrshare_record::{Excerpt, RecordFile, SourceFile, import};
///
/// let bundle = br#"{"resourceType":"Bundle","type":"collection","entry":[]}"#.to_vec();
/// let files = vec![SourceFile::new("a.json", bundle), SourceFile::new("b.bin", vec![7; 9])];
/// let whole = RecordFile::original(&import(files)?.0, &ConsortiumKey::from_bytes([1; 32]));
///
/// let is_wanted = |part: &emrshare_record::Part| part.name == "b.bin";
/// let mut bytes = Vec::new();
/// Excerpt::copy(&mut whole.to_bytes().as_slice(), &mut bytes, is_wanted)?;
/// let excerpt = Excerpt::from_bytes(&bytes, is_wanted)?;
/// assert_eq!(excerpt.manifest().digest(), whole.manifest().digest());
/// let parts: Vec<_> = excerpt.parts().collect();
/// assert_eq!(parts.len(), 1);
/// assert_eq!(parts[0].1.concat(), [7; 9]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Excerpt {
    manifest: Manifest,
    /// Position in the manifest, chunks.
    parts: Vec<(usize, Vec<Vec<u8>>)>,
}

impl Excerpt {
    /// Copies the wanted parts of a record file in one piece ([`RecordFile::to_bytes`]) while it is
    /// read: nothing is held but the manifest and one chunk. Chunks are not compared with the manifest.
    ///
    /// [`RecordFile::to_bytes`]: crate::RecordFile::to_bytes
    ///
    /// # Errors
    /// If reading or writing fails, or what is read is no record file.
    pub fn copy(
        input: &mut impl Read,
        output: &mut impl Write,
        is_wanted: impl Fn(&Part) -> bool,
    ) -> io::Result<()> {
        let bytes = read_piece(input, Manifest::LEN_MAX)?;
        write_piece(output, &bytes)?;
        let manifest = Manifest::from_bytes(bytes).map_err(io::Error::other)?;
        for part in manifest.parts() {
            for _ in &part.chunks {
                let chunk = read_piece(input, Manifest::CHUNK_LEN)?;
                if is_wanted(part) {
                    write_piece(output, &chunk)?;
                }
            }
        }
        Ok(())
    }

    /// Reads what [`copy`](Self::copy) wrote for the same parts, and checks everything.
    ///
    /// # Errors
    /// See [`RecordFileError`].
    pub fn from_bytes(
        mut bytes: &[u8],
        is_wanted: impl Fn(&Part) -> bool,
    ) -> Result<Self, RecordFileError> {
        let manifest = file::take_piece(&mut bytes).ok_or(ManifestError::Malformed)?;
        let manifest = Manifest::from_bytes(manifest)?;
        let mut parts = Vec::new();
        for (position, part) in manifest.parts().iter().enumerate() {
            if is_wanted(part) {
                let chunks = file::take_part(&mut bytes, position, part)?;
                file::check_part(position, part, &chunks)?;
                parts.push((position, chunks));
            }
        }
        if !bytes.is_empty() {
            return Err(RecordFileError::Part { part: manifest.parts().len() });
        }
        Ok(Self { manifest, parts })
    }

    /// The manifest, of all parts.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The parts that are here, with their chunks.
    pub fn parts(&self) -> impl Iterator<Item = (&Part, &[Vec<u8>])> {
        let all = self.manifest.parts();
        self.parts.iter().map(|(position, chunks)| (&all[*position], chunks.as_slice()))
    }
}

impl std::fmt::Debug for Excerpt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Excerpt").field("manifest", &self.manifest).finish_non_exhaustive()
    }
}

fn read_piece(input: &mut impl Read, length_max: usize) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    input.read_exact(&mut length)?;
    let length = u32::from_be_bytes(length) as usize;
    if length > length_max {
        return Err(io::Error::from(io::ErrorKind::InvalidData));
    }
    let mut piece = vec![0; length];
    input.read_exact(&mut piece)?;
    Ok(piece)
}

fn write_piece(output: &mut impl Write, piece: &[u8]) -> io::Result<()> {
    // Manifests and chunks are bounded far below 4 GiB.
    output.write_all(&(piece.len() as u32).to_be_bytes())?;
    output.write_all(piece)
}
