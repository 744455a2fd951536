//! Originals at rest: age files whose head is kept apart from their body.
//!
//! The head holds the file's key, wrapped for each reader ([`EnvelopeAddress`]). Without it the body
//! is useless wherever it was copied to, so destroying the head destroys the file. Readers change by
//! another head for the same body. Head and body one after the other are an age file
//! (<https://age-encryption.org/v1>) that `age -d` opens with the key of any reader.

use std::{
    cell::Cell,
    fmt,
    io::{Read, Write},
};

use age::{DecryptError, Identity, Recipient};
use age_core::{
    format::{FileKey, Stanza},
    secrecy::ExposeSecret,
};
use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};
use ring::{hkdf, hmac};

use crate::{EnvelopeAddress, EnvelopeError, EnvelopeKey, envelope};

const INTRODUCTION: &[u8] = b"age-encryption.org/v1\n";
/// What the line of the code that authenticates a head begins with.
const FOOTER: &[u8] = b"---";
/// Characters in a full line of a stanza's body.
const STANZA_COLUMNS: usize = 64;
/// What a body begins with: the nonce that its key is derived with.
const NONCE_LEN: usize = 16;

/// The head of an age file: who can read it.
#[derive(Clone, Eq, PartialEq)]
pub struct SealedHead(Vec<u8>);

/// Encrypts a file for its readers.
///
/// # Errors
/// [`EnvelopeError::Closed`] without a reader or with one whose address is no key;
/// [`EnvelopeError::Io`], which memory does not give.
///
/// ```
/// use std::io::Read;
/// use emrshare_identity::{EnvelopeKey, SigningKey, seal_at_rest};
///
/// let [node, patient] = [1, 2].map(|seed| EnvelopeKey::of(&SigningKey::from_seed([seed; 32])));
/// let (head, body) = seal_at_rest(b"original", &[node.address()])?;
/// assert!(patient.open_at_rest(&head, body.as_slice()).is_err());
///
/// let head = head.address_to(&node, &[node.address(), patient.address()])?;
/// let mut opened = Vec::new();
/// patient.open_at_rest(&head, body.as_slice())?.read_to_end(&mut opened)?;
/// assert_eq!(opened, b"original");
/// # Ok::<(), emrshare_identity::EnvelopeError>(())
/// ```
pub fn seal_at_rest(
    bytes: &[u8],
    readers: &[EnvelopeAddress],
) -> Result<(SealedHead, Vec<u8>), EnvelopeError> {
    let mut head = Vec::with_capacity(1024 + bytes.len());
    let mut writer = envelope::seal_for(readers, &mut head)?;
    writer.write_all(bytes)?;
    writer.finish()?;
    let body = head.split_off(head_len(&head).ok_or(EnvelopeError::Closed)?);
    Ok((SealedHead(head), body))
}

impl SealedHead {
    /// The head of these bytes; whether it is one shows when it is used.
    #[must_use]
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Its bytes: what stands before the body in an age file.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Another head for the same body: for these readers and no others. `key` is that of a reader now.
    ///
    /// # Errors
    /// [`EnvelopeError::Closed`] if `key` does not open this head, or a reader's address is no key.
    pub fn address_to(
        &self,
        key: &EnvelopeKey,
        readers: &[EnvelopeAddress],
    ) -> Result<Self, EnvelopeError> {
        let Unwrapped { file_key, .. } = self.unwrap(key)?;
        let mut stanzas = Vec::new();
        for reader in readers {
            put_wrapped(&mut stanzas, &file_key, reader)?;
        }
        Ok(Self::of(&file_key, &stanzas))
    }

    /// Another head for the same body: for a new reader instead of `key`, and for all other readers as
    /// before.
    ///
    /// # Errors
    /// As [`address_to`](Self::address_to).
    ///
    /// ```
    /// # use emrshare_identity::{EnvelopeKey, SigningKey, seal_at_rest};
    /// # let [old, new, patient] = [1, 2, 3].map(|seed| EnvelopeKey::of(&SigningKey::from_seed([seed; 32])));
    /// let (head, body) = seal_at_rest(b"original", &[old.address(), patient.address()])?;
    /// let head = head.readdress(&old, &new.address())?;
    /// assert!(new.open_at_rest(&head, body.as_slice()).is_ok());
    /// assert!(patient.open_at_rest(&head, body.as_slice()).is_ok());
    /// assert!(old.open_at_rest(&head, body.as_slice()).is_err());
    /// # Ok::<(), emrshare_identity::EnvelopeError>(())
    /// ```
    pub fn readdress(
        &self,
        key: &EnvelopeKey,
        to: &EnvelopeAddress,
    ) -> Result<Self, EnvelopeError> {
        let Unwrapped { file_key, others } = self.unwrap(key)?;
        let mut stanzas = Vec::new();
        put_wrapped(&mut stanzas, &file_key, to)?;
        stanzas.extend_from_slice(&others);
        Ok(Self::of(&file_key, &stanzas))
    }

    fn of(file_key: &FileKey, stanzas: &[u8]) -> Self {
        let mut head = [INTRODUCTION, stanzas].concat();
        head.extend_from_slice(FOOTER);
        let code = hmac::sign(&head_key(file_key), &head);
        let code = BASE64_STANDARD_NO_PAD.encode(code);
        head.extend_from_slice(format!(" {code}\n").as_bytes());
        Self(head)
    }

    fn unwrap(&self, key: &EnvelopeKey) -> Result<Unwrapped, EnvelopeError> {
        let witness = Witness { key, unwrapped: Cell::new(None) };
        // Only the head is looked at: a body that holds nothing does.
        envelope::open(self.0.chain([0; NONCE_LEN].as_slice()), &witness)?;
        witness.unwrapped.into_inner().ok_or(EnvelopeError::Closed)
    }
}

impl fmt::Debug for SealedHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedHead({} bytes)", self.0.len())
    }
}

impl EnvelopeKey {
    /// Decrypts a file at rest while its body is read; an end that is missing, or bytes that were
    /// changed, are an error of the reader.
    ///
    /// # Errors
    /// [`EnvelopeError::Closed`] if the head is damaged or not for this key.
    pub fn open_at_rest<'a, R: Read + 'a>(
        &self,
        head: &'a SealedHead,
        body: R,
    ) -> Result<impl Read + use<'a, R>, EnvelopeError> {
        self.open(head.0.chain(body))
    }
}

/// What a key unwraps of a head: the file's key, and the stanzas of other readers as they stand in it.
struct Unwrapped {
    file_key: FileKey,
    others: Vec<u8>,
}

/// Unwraps like a key, and keeps what it unwrapped.
struct Witness<'a> {
    key: &'a EnvelopeKey,
    unwrapped: Cell<Option<Unwrapped>>,
}

impl Identity for Witness<'_> {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        self.key.identity().unwrap_stanza(stanza)
    }

    fn unwrap_stanzas(&self, stanzas: &[Stanza]) -> Option<Result<FileKey, DecryptError>> {
        let tried = stanzas.iter().map(|stanza| self.unwrap_stanza(stanza));
        let (own, unwrapped) =
            tried.enumerate().find_map(|(at, unwrapped)| Some((at, unwrapped?)))?;
        if let Ok(key) = &unwrapped {
            let file_key = FileKey::init_with_mut(|copy| copy.copy_from_slice(key.expose_secret()));
            let mut others = Vec::new();
            let is_other = |(at, _): &(usize, _)| *at != own;
            let of_others = stanzas.iter().enumerate().filter(is_other);
            of_others.for_each(|(_, stanza)| put_stanza(&mut others, stanza));
            self.unwrapped.set(Some(Unwrapped { file_key, others }));
        }
        Some(unwrapped)
    }
}

/// Adds the stanzas that wrap a file's key for a reader.
fn put_wrapped(
    stanzas: &mut Vec<u8>,
    file_key: &FileKey,
    reader: &EnvelopeAddress,
) -> Result<(), EnvelopeError> {
    let wrapped = reader.recipient()?.wrap_file_key(file_key);
    let (wrapped, _) = wrapped.map_err(|_| EnvelopeError::Closed)?;
    wrapped.iter().for_each(|stanza| put_stanza(stanzas, stanza));
    Ok(())
}

/// Where the body of an age file begins. No stanza has a line that begins like the footer.
fn head_len(file: &[u8]) -> Option<usize> {
    let mut end = 0;
    for line in file.split_inclusive(|byte| *byte == b'\n') {
        end += line.len();
        if line.starts_with(FOOTER) {
            return Some(end);
        }
    }
    None
}

/// The key of the code that authenticates a head: HKDF-SHA-256 of the file key.
fn head_key(file_key: &FileKey) -> hmac::Key {
    let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(file_key.expose_secret());
    let expanded = extracted.expand(&[b"header"], hmac::HMAC_SHA256);
    expanded.expect("a key of SHA-256's length can be derived").into()
}

fn put_stanza(head: &mut Vec<u8>, stanza: &Stanza) {
    let body = BASE64_STANDARD_NO_PAD.encode(&stanza.body);
    head.extend_from_slice(b"-> ");
    head.extend_from_slice(stanza.tag.as_bytes());
    for argument in &stanza.args {
        head.push(b' ');
        head.extend_from_slice(argument.as_bytes());
    }
    head.push(b'\n');
    // A body ends with a line that is not full.
    let mut rest = body.as_bytes();
    while let Some((line, behind)) = rest.split_at_checked(STANZA_COLUMNS) {
        head.extend_from_slice(line);
        head.push(b'\n');
        rest = behind;
    }
    head.extend_from_slice(rest);
    head.push(b'\n');
}
