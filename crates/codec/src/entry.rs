//! The 96-byte entry and a view of many.

use core::fmt;

use crate::{DecodeError, Digest, Operation, RecordIndex};

/// What goes on the ledger for one operation on one record.
///
/// ```
/// use emrshare_codec::{Digest, Entry, Kind, Marker, NodeId, Operation, RecordIndex, Serial};
/// let node = NodeId::new(7)?;
/// let operation = Operation::new(Marker::RECORD, Kind::Add, node);
/// let index = RecordIndex::new(node, Serial::ZERO);
/// let entry = Entry::new(operation, index, Digest([1; 32]), Digest([2; 32]));
/// let bytes = entry.to_bytes();
/// assert_eq!(bytes[..5], [0x78, 0xd4, 0x00, 0x00, 0x70]);
/// assert_eq!(bytes[32..64], [1; 32]);
/// # Ok::<(), emrshare_codec::RangeError>(())
/// ```
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct Entry {
    operation: Operation,
    index: RecordIndex,
    original: Digest,
    desensitized: Digest,
}

impl Entry {
    /// Length in bytes.
    pub const LEN: usize = 96;

    /// Puts an entry together; its parts are valid by their types.
    #[must_use]
    pub const fn new(
        operation: Operation,
        index: RecordIndex,
        original: Digest,
        desensitized: Digest,
    ) -> Self {
        Self { operation, index, original, desensitized }
    }

    /// What is done, by which node.
    #[must_use]
    pub const fn operation(&self) -> Operation {
        self.operation
    }

    /// To which record.
    #[must_use]
    pub const fn index(&self) -> RecordIndex {
        self.index
    }

    /// SHA-256 of the original record file's manifest.
    #[must_use]
    pub const fn original(&self) -> Digest {
        self.original
    }

    /// SHA-256 of the desensitized record file's manifest.
    #[must_use]
    pub const fn desensitized(&self) -> Digest {
        self.desensitized
    }

    /// The 96 bytes.
    #[must_use]
    pub const fn to_bytes(&self) -> [u8; Self::LEN] {
        let [o0, o1, o2, o3, o4] = self.operation.to_padded_bytes();
        let [i0, rest @ ..] = self.index.to_key();
        let mut bytes = [0; Self::LEN];
        let (head, digests) = bytes.split_at_mut(32);
        let (operation, index) = head.split_at_mut(5);
        // The key's first byte has four zero bits: they overlay the operation's last four.
        operation.copy_from_slice(&[o0, o1, o2, o3, o4 | i0]);
        index.copy_from_slice(&rest);
        let (original, desensitized) = digests.split_at_mut(32);
        original.copy_from_slice(&self.original.0);
        desensitized.copy_from_slice(&self.desensitized.0);
        bytes
    }

    /// Reads 96 bytes.
    ///
    /// # Errors
    /// [`DecodeError::ReservedKind`] if the kind is `11`; all other bytes are an entry.
    pub fn from_bytes(bytes: &[u8; Self::LEN]) -> Result<Self, DecodeError> {
        let [o0, o1, o2, o3, shared, tail @ ..] = bytes;
        let operation = Operation::from_padded_bytes([*o0, *o1, *o2, *o3, shared & 0xf0])?;
        let (serial_tail, digests) = tail.split_at(27);
        let mut key = [0; RecordIndex::KEY_LEN];
        let (first, rest) = key.split_at_mut(1);
        first.copy_from_slice(&[shared & 0x0f]);
        rest.copy_from_slice(serial_tail);
        let index = RecordIndex::from_key(&key)?;
        let (original, desensitized) = digests.split_at(32);
        let digest = |half: &[u8]| {
            let length = DecodeError::Length { expected: 32, found: half.len() };
            <[u8; 32]>::try_from(half).map(Digest).map_err(|_| length)
        };
        Ok(Self {
            operation,
            index,
            original: digest(original)?,
            desensitized: digest(desensitized)?,
        })
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("kind", &self.operation.kind())
            .field("acting", &self.operation.acting().get())
            .field("index", &self.index)
            .field("original", &self.original)
            .field("desensitized", &self.desensitized)
            .finish()
    }
}

/// Bytes read as entries, without copying them.
///
/// ```
/// use emrshare_codec::EntryView;
/// let bytes = [0u8; 96 * 3];
/// let view = EntryView::new(&bytes)?;
/// assert_eq!(view.len(), 3);
/// assert_eq!(view.iter().count(), 3);
/// assert!(EntryView::new(&bytes[1..]).is_err());
/// # Ok::<(), emrshare_codec::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct EntryView<'a> {
    entries: &'a [[u8; Entry::LEN]],
}

impl<'a> EntryView<'a> {
    /// A view over a whole number of entries, each of which has a kind that is not reserved.
    ///
    /// # Errors
    /// [`DecodeError::Length`] if a part of an entry is left over,
    /// [`DecodeError::ReservedKind`] if any entry has kind `11`.
    pub fn new(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let (entries, rest) = bytes.as_chunks::<{ Entry::LEN }>();
        if !rest.is_empty() {
            return Err(DecodeError::Length { expected: Entry::LEN, found: bytes.len() });
        }
        // The kind is the low two bits of the second byte.
        if entries.iter().any(|[_, second, ..]| second & 0b11 == 0b11) {
            return Err(DecodeError::ReservedKind);
        }
        Ok(Self { entries })
    }

    /// How many entries there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries' bytes, each 96.
    #[must_use]
    pub const fn as_raw(&self) -> &'a [[u8; Entry::LEN]] {
        self.entries
    }

    /// The entries, decoded one by one.
    ///
    /// # Panics
    /// Never: the kinds were checked when the view was made.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Entry> + use<'a> {
        self.entries.iter().map(|bytes| {
            Entry::from_bytes(bytes).expect("the kinds were checked when the view was made")
        })
    }
}
