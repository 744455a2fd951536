//! Files encrypted to a person or under a passphrase, in the age format
//! (<https://age-encryption.org/v1>): `age -d` opens them too.

use std::{
    fmt,
    io::{self, Read, Write},
    iter,
    str::FromStr,
};

use age::{
    Decryptor, Encryptor, scrypt,
    secrecy::{ExposeSecret, SecretString},
    x25519,
};
use bech32::{FromBase32, ToBase32, Variant};
use curve25519_dalek::edwards::CompressedEdwardsY;
use sha2::{Digest, Sha512};
use zeroize::Zeroizing;

use crate::{PublicKey, SigningKey};

const PUBLIC_PREFIX: &str = "age";
const SECRET_PREFIX: &str = "age-secret-key-";
/// Most work for a passphrase, as the logarithm of scrypt's N: some seconds and 256 MiB.
const WORK_MAX: u8 = 18;

/// An envelope does not open.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// It was not made for this key, under another passphrase, or is damaged.
    #[error("the envelope does not open: another key or passphrase, or damaged")]
    Closed,
    /// It cannot be read or written.
    #[error("the envelope cannot be read or written")]
    Io(#[from] io::Error),
}

/// An X25519 key that files are encrypted to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct EnvelopeAddress(pub [u8; 32]);

impl EnvelopeAddress {
    /// The address that belongs to a person's public key: the same point on the other form of the
    /// curve (RFC 7748, section 4.1). `None` if the bytes are no key that anybody can have.
    #[must_use]
    pub fn of(key: &PublicKey) -> Option<Self> {
        let point = CompressedEdwardsY(key.0).decompress();
        let point = point.filter(|point| !point.is_small_order())?;
        Some(Self(point.to_montgomery().to_bytes()))
    }

    /// Encrypts what is written; nothing can be read before [`finish`](EnvelopeWriter::finish).
    ///
    /// # Errors
    /// [`EnvelopeError::Io`] if the head cannot be written.
    pub fn seal<W: Write>(&self, output: W) -> Result<EnvelopeWriter<W>, EnvelopeError> {
        seal_for(&[*self], output)
    }

    pub(crate) fn recipient(&self) -> Result<x25519::Recipient, EnvelopeError> {
        bech32_text(PUBLIC_PREFIX, &self.0).parse().map_err(|_| EnvelopeError::Closed)
    }
}

impl fmt::Display for EnvelopeAddress {
    /// As `age -r` takes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&bech32_text(PUBLIC_PREFIX, &self.0))
    }
}

/// Encrypts what is written to it, 64 KiB at a time.
pub struct EnvelopeWriter<W: Write>(age::stream::StreamWriter<W>);

impl<W: Write> EnvelopeWriter<W> {
    /// Writes the end; without it an envelope counts as damaged.
    ///
    /// # Errors
    /// If the output fails.
    pub fn finish(self) -> io::Result<W> {
        self.0.finish()
    }
}

impl<W: Write> Write for EnvelopeWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<W: Write> fmt::Debug for EnvelopeWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EnvelopeWriter")
    }
}

/// The secret half of an [`EnvelopeAddress`].
pub struct EnvelopeKey(x25519::Identity);

impl EnvelopeKey {
    /// The key of these bytes, which must come from a good random source.
    ///
    /// # Panics
    /// Never: every 32 bytes are an X25519 key.
    #[must_use]
    pub fn from_bytes(secret: &[u8; 32]) -> Self {
        let text = Zeroizing::new(bech32_text(SECRET_PREFIX, secret).to_uppercase());
        Self(text.parse().expect("every 32 bytes are an X25519 key"))
    }

    /// The key that belongs to a person's signing key, and so to [`EnvelopeAddress::of`] its public
    /// half: the scalar that Ed25519 computes with (RFC 8032, section 5.1.5). That one key signs and
    /// decrypts is safe for this pair of schemes: <https://eprint.iacr.org/2021/509>.
    ///
    /// # Panics
    /// Never: SHA-512 gives 64 bytes.
    #[must_use]
    pub fn of(key: &SigningKey) -> Self {
        let hash = Zeroizing::new(<[u8; 64]>::from(Sha512::digest(key.seed())));
        let (scalar, _) = hash.split_first_chunk().expect("SHA-512 gives 64 bytes");
        Self::from_bytes(scalar)
    }

    /// What others encrypt to.
    ///
    /// # Panics
    /// Never: age writes its own form.
    #[must_use]
    pub fn address(&self) -> EnvelopeAddress {
        let text = self.0.to_public().to_string();
        let bytes =
            bech32::decode(&text).ok().and_then(|(_, data, _)| Vec::from_base32(&data).ok());
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        EnvelopeAddress(bytes.expect("age writes 32 bytes as bech32"))
    }

    /// The secret as `age -d -i` takes it.
    #[must_use]
    pub fn to_secret_text(&self) -> Zeroizing<String> {
        Zeroizing::new(self.0.to_string().expose_secret().to_owned())
    }

    /// Decrypts what is read; an end that is missing, or bytes that were changed, are an error of
    /// the reader.
    ///
    /// # Errors
    /// [`EnvelopeError::Closed`] if the envelope is not for this key.
    pub fn open<R: Read>(&self, input: R) -> Result<impl Read + use<R>, EnvelopeError> {
        open(input, &self.0)
    }

    pub(crate) const fn identity(&self) -> &x25519::Identity {
        &self.0
    }
}

impl FromStr for EnvelopeKey {
    type Err = EnvelopeError;

    /// Reads the form of [`to_secret_text`](Self::to_secret_text).
    fn from_str(text: &str) -> Result<Self, EnvelopeError> {
        text.trim().parse().map(Self).map_err(|_| EnvelopeError::Closed)
    }
}

impl fmt::Debug for EnvelopeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EnvelopeKey({})", self.address())
    }
}

/// Encrypts under a passphrase. `work` is the logarithm of scrypt's N: 18 is a second or so, and
/// less is for tests.
///
/// # Errors
/// [`EnvelopeError::Io`], which memory does not give.
///
/// # Panics
/// If `work` is not between 1 and 63.
pub fn seal_with_passphrase(
    bytes: &[u8],
    passphrase: &str,
    work: u8,
) -> Result<Vec<u8>, EnvelopeError> {
    let mut recipient = scrypt::Recipient::new(SecretString::from(passphrase));
    recipient.set_work_factor(work);
    let recipient: &dyn age::Recipient = &recipient;
    let encryptor = Encryptor::with_recipients(iter::once(recipient));
    let encryptor = encryptor.map_err(|_| EnvelopeError::Closed)?;
    let mut sealed = Vec::new();
    let mut writer = encryptor.wrap_output(&mut sealed)?;
    writer.write_all(bytes)?;
    writer.finish()?;
    Ok(sealed)
}

/// Opens what [`seal_with_passphrase`] made.
///
/// # Errors
/// [`EnvelopeError::Closed`] for another passphrase or damage.
pub fn open_with_passphrase(
    sealed: &[u8],
    passphrase: &str,
) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
    let mut identity = scrypt::Identity::new(SecretString::from(passphrase));
    identity.set_max_work_factor(WORK_MAX);
    let mut bytes = Zeroizing::new(Vec::new());
    open(sealed, &identity)?.read_to_end(&mut bytes).map_err(|_| EnvelopeError::Closed)?;
    Ok(bytes)
}

/// Encrypts what is written to all of the readers.
pub(crate) fn seal_for<W: Write>(
    readers: &[EnvelopeAddress],
    output: W,
) -> Result<EnvelopeWriter<W>, EnvelopeError> {
    let recipients: Vec<_> =
        readers.iter().map(EnvelopeAddress::recipient).collect::<Result<_, _>>()?;
    let recipients = recipients.iter().map(|recipient| recipient as &dyn age::Recipient);
    let encryptor = Encryptor::with_recipients(recipients).map_err(|_| EnvelopeError::Closed)?;
    Ok(EnvelopeWriter(encryptor.wrap_output(output)?))
}

pub(crate) fn open<R: Read>(
    input: R,
    identity: &dyn age::Identity,
) -> Result<age::stream::StreamReader<R>, EnvelopeError> {
    let opened =
        Decryptor::new(input).and_then(|decryptor| decryptor.decrypt(iter::once(identity)));
    opened.map_err(|error| match error {
        age::DecryptError::Io(error) => EnvelopeError::Io(error),
        _ => EnvelopeError::Closed,
    })
}

fn bech32_text(prefix: &str, bytes: &[u8]) -> String {
    let text = bech32::encode(prefix, bytes.to_base32(), Variant::Bech32);
    text.expect("the prefix is one of two constants")
}
