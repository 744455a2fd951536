//! Files encrypted to a person or under a passphrase, in the age format
//! (<https://age-encryption.org/v1>): `age -d` opens them too.

use std::{
    fmt,
    io::{self, Read, Write},
    iter,
};

use age::{
    Decryptor, Encryptor, scrypt,
    secrecy::{ExposeSecret, SecretString},
    x25519,
};
use bech32::{FromBase32, ToBase32, Variant};
use ring::hmac;
use zeroize::Zeroizing;

use crate::{Domain, SigningKey};

const ENVELOPE: Domain = Domain::new(b"_EMRSHARE_IDENTITY_ENVELOPE");
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
    /// Encrypts what is written; nothing can be read before [`finish`](EnvelopeWriter::finish).
    ///
    /// # Errors
    /// [`EnvelopeError::Io`] if the head cannot be written.
    pub fn seal<W: Write>(&self, output: W) -> Result<EnvelopeWriter<W>, EnvelopeError> {
        let recipient: x25519::Recipient =
            bech32_text(PUBLIC_PREFIX, &self.0).parse().map_err(|_| EnvelopeError::Closed)?;
        let recipient: &dyn age::Recipient = &recipient;
        let encryptor = Encryptor::with_recipients(iter::once(recipient));
        let encryptor = encryptor.map_err(|_| EnvelopeError::Closed)?;
        Ok(EnvelopeWriter(encryptor.wrap_output(output)?))
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
    /// The key that belongs to a person's signing key: HMAC-SHA-256 of a domain tag under its seed.
    ///
    /// # Panics
    /// Never: every 32 bytes are an X25519 key.
    #[must_use]
    pub fn of(key: &SigningKey) -> Self {
        let mac = hmac::Key::new(hmac::HMAC_SHA256, key.seed());
        let secret = hmac::sign(&mac, &ENVELOPE.frame(b""));
        let text = Zeroizing::new(bech32_text(SECRET_PREFIX, secret.as_ref()).to_uppercase());
        Self(text.parse().expect("every 32 bytes are an X25519 key"))
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

fn open<R: Read>(
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
