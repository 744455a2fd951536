//! Fields of calls and of rows of state: fixed widths, big endian, one form for each value.

use emrshare_codec::{Digest, NodeId, RecordIndex};
use emrshare_identity::{EthereumAddress, PublicKey, Signature};
use emrshare_ledger::{
    Changes, DecodeError, Overlay, StateError, StateRead, StateScan, ValidatorSet, wire::Reader,
};

/// Something with a place in a call or a row.
pub(crate) trait Field: Sized {
    /// Appends the bytes.
    fn put(&self, bytes: &mut Vec<u8>);

    /// Reads what [`put`](Self::put) wrote.
    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError>;

    /// The bytes.
    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.put(&mut bytes);
        bytes
    }
}

/// The row under a key.
pub(crate) fn row<T: Field, S: StateRead + ?Sized>(
    state: &S,
    key: &[u8],
) -> Result<Option<T>, StateError> {
    Ok(state.get(key)?.map(|bytes| read_row(&bytes)).transpose()?)
}

/// A whole row.
pub(crate) fn read_row<T: Field>(bytes: &[u8]) -> Result<T, DecodeError> {
    let mut reader = Reader::new(bytes);
    let value = T::read(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// What stands behind a prefix in the keys of rows, ascending, at most `limit`.
pub(crate) fn behind<T: Field, S: StateScan + ?Sized>(
    state: &S,
    prefix: &[u8],
    limit: usize,
) -> Result<Vec<T>, StateError> {
    let rows = state.scan(prefix, b"", limit)?;
    rows.iter().map(|(key, _)| Ok(read_row(&key[prefix.len()..])?)).collect()
}

/// What stands behind a prefix in the keys of rows that are changed, in no order.
pub(crate) fn changed<T: Field>(changes: &Changes, prefix: &[u8]) -> Vec<T> {
    let rest = changes.0.keys().filter_map(|key| key.strip_prefix(prefix));
    rest.filter_map(|rest| read_row(rest).ok()).collect()
}

/// Sets a row.
pub(crate) fn put<S: StateRead + ?Sized>(
    state: &mut Overlay<'_, S>,
    key: Vec<u8>,
    value: &impl Field,
) {
    state.put(key, value.to_bytes());
}

/// Implements [`Field`] for a struct, field by field in this order.
macro_rules! fields {
    ($name:ident { $($field:ident),* $(,)? }) => {
        impl $crate::wire::Field for $name {
            fn put(&self, bytes: &mut Vec<u8>) {
                $($crate::wire::Field::put(&self.$field, bytes);)*
            }

            fn read(
                reader: &mut emrshare_ledger::wire::Reader<'_>,
            ) -> Result<Self, emrshare_ledger::DecodeError> {
                Ok(Self { $($field: $crate::wire::Field::read(reader)?),* })
            }
        }
    };
}

/// Declares an enum whose values are one byte on the ledger and one word in text.
macro_rules! words {
    (
        $(#[$meta:meta])*
        pub enum $name:ident ($what:literal) {
            $($(#[$doc:meta])* $variant:ident = $byte:literal $word:literal,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        #[repr(u8)]
        pub enum $name {
            $($(#[$doc])* $variant = $byte,)*
        }

        impl $name {
            /// All values.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word for it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }

            /// The value of a word.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.name() == name)
            }
        }

        impl $crate::wire::Field for $name {
            fn put(&self, bytes: &mut Vec<u8>) {
                bytes.push(*self as u8);
            }

            fn read(
                reader: &mut emrshare_ledger::wire::Reader<'_>,
            ) -> Result<Self, emrshare_ledger::DecodeError> {
                match reader.u8($what)? {
                    $($byte => Ok(Self::$variant),)*
                    found => Err(emrshare_ledger::DecodeError::Value {
                        what: $what,
                        found: found.into(),
                    }),
                }
            }
        }
    };
}

/// Declares the calls of a contract: a byte for the method, then the fields in order.
macro_rules! calls {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $(
                $(#[$doc:meta])*
                $method:literal => $variant:ident {
                    $($(#[$field_doc:meta])* $field:ident: $type:ty,)*
                },
            )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Eq, PartialEq)]
        #[non_exhaustive]
        pub enum $name {
            $(
                $(#[$doc])*
                $variant {
                    $($(#[$field_doc])* $field: $type,)*
                },
            )*
        }

        impl $crate::wire::Field for $name {
            fn put(&self, bytes: &mut Vec<u8>) {
                match self {
                    $(Self::$variant { $($field),* } => {
                        bytes.push($method);
                        $($crate::wire::Field::put($field, bytes);)*
                    })*
                }
            }

            fn read(
                reader: &mut emrshare_ledger::wire::Reader<'_>,
            ) -> Result<Self, emrshare_ledger::DecodeError> {
                match reader.u8("method")? {
                    $($method => Ok(Self::$variant {
                        $($field: $crate::wire::Field::read(reader)?,)*
                    }),)*
                    found => Err(emrshare_ledger::DecodeError::Value {
                        what: "method",
                        found: found.into(),
                    }),
                }
            }
        }
    };
}

pub(crate) use {calls, fields, words};

macro_rules! plain_field {
    ($type:ty, |$value:ident| $put:expr, |$reader:ident| $read:expr) => {
        impl Field for $type {
            fn put(&self, bytes: &mut Vec<u8>) {
                let $value = self;
                bytes.extend_from_slice(&$put);
            }

            fn read($reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
                $read
            }
        }
    };
}

plain_field!(u32, |value| value.to_be_bytes(), |reader| reader.u32("number"));
plain_field!(u64, |value| value.to_be_bytes(), |reader| reader.u64("time or number"));
plain_field!(Digest, |value| value.0, |reader| reader.digest("digest"));
plain_field!(EthereumAddress, |value| value.0, |reader| reader.array("address").map(Self));
plain_field!(PublicKey, |value| value.0, |reader| reader.public_key("key"));
plain_field!(Signature, |value| value.0, |reader| reader.signature("signature"));
plain_field!(NodeId, |value| value.get().to_be_bytes(), |reader| {
    let found = reader.u32("node")?;
    Self::new(found).map_err(|_| DecodeError::Value { what: "node", found: found.into() })
});
plain_field!(RecordIndex, |value| value.to_key(), |reader| {
    Ok(Self::from_key(reader.bytes("index", Self::KEY_LEN)?)?)
});

/// Texts are short: names, addresses, certificates. A row with a card, which has four, must fit the
/// 4,092 bytes that every store takes.
pub(crate) const TEXT_MAX: usize = 2048;

impl Field for String {
    fn put(&self, bytes: &mut Vec<u8>) {
        // Names, addresses and certificates are far shorter; what is not fails when it is read.
        bytes.extend_from_slice(&(self.len() as u16).to_be_bytes());
        bytes.extend_from_slice(self.as_bytes());
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (found, limit) = (usize::from(reader.u16("text length")?), TEXT_MAX);
        if found > limit {
            return Err(DecodeError::Limit { what: "text", found, limit });
        }
        let bytes = reader.bytes("text", found)?.to_vec();
        Self::from_utf8(bytes)
            .map_err(|error| DecodeError::Utf8 { position: error.utf8_error().valid_up_to() })
    }
}

impl Field for ValidatorSet {
    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.to_bytes());
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Self::read(reader)
    }
}

impl Field for () {
    fn put(&self, _: &mut Vec<u8>) {}

    fn read(_: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(())
    }
}

impl Field for bool {
    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.push(u8::from(*self));
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match reader.u8("yes or no")? {
            0 => Ok(false),
            1 => Ok(true),
            found => Err(DecodeError::Value { what: "yes or no", found: found.into() }),
        }
    }
}

impl<T: Field> Field for Option<T> {
    fn put(&self, bytes: &mut Vec<u8>) {
        self.is_some().put(bytes);
        if let Some(value) = self {
            value.put(bytes);
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        bool::read(reader)?.then(|| T::read(reader)).transpose()
    }
}
