//! Signing in with an Ethereum wallet (EIP-4361): the wallet signs a text that a person can read.

use std::{fmt, str::FromStr};

use siwe::Message;
use time::OffsetDateTime;

/// The address of an Ethereum account.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct EthereumAddress(pub [u8; 20]);

/// A text is no Ethereum address.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("expected an Ethereum address: 0x and 40 hexadecimal characters, with the case of EIP-55")]
pub struct AddressError;

impl FromStr for EthereumAddress {
    type Err = AddressError;

    /// Reads an address; letters of both cases must be those of EIP-55.
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let digits = text.strip_prefix("0x").ok_or(AddressError)?;
        let mut bytes = [0; 20];
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| AddressError)?;
        let is_one_case = digits == digits.to_lowercase() || digits == digits.to_uppercase();
        let address = Self(bytes);
        if is_one_case || address.to_string() == text { Ok(address) } else { Err(AddressError) }
    }
}

impl fmt::Display for EthereumAddress {
    /// As EIP-55 has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&siwe::eip55(&self.0))
    }
}

impl fmt::Debug for EthereumAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A wallet's text does not sign anybody in.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WalletSignInError {
    /// The text is not that of EIP-4361.
    #[error("the text is not one to sign in with (EIP-4361)")]
    Malformed,
    /// The text is meant for another site: somebody may have tricked the person into signing it.
    #[error("the text names another site than this node")]
    Domain,
    /// The text is not valid now.
    #[error("the text is not valid now")]
    Time,
    /// The signature is not by the address in the text.
    #[error("the signature is not by the address in the text")]
    Signature,
}

/// What a signed text says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WalletSignIn {
    /// Who signed.
    pub address: EthereumAddress,
    /// The challenge that the text answers: whoever asked must know it.
    pub nonce: String,
}

impl WalletSignIn {
    /// Checks a text and its signature. `domains` are the names, with port, that this node is
    /// reached at; `now` is in seconds since 1970.
    ///
    /// # Errors
    /// See [`WalletSignInError`].
    pub fn verify(
        text: &str,
        signature: &[u8; 65],
        domains: &[String],
        now: i64,
    ) -> Result<Self, WalletSignInError> {
        let message: Message = text.parse().map_err(|_| WalletSignInError::Malformed)?;
        let domain = message.domain.as_str();
        if !domains.iter().any(|known| known.eq_ignore_ascii_case(domain)) {
            return Err(WalletSignInError::Domain);
        }
        let now = OffsetDateTime::from_unix_timestamp(now).map_err(|_| WalletSignInError::Time)?;
        if !message.valid_at(&now) {
            return Err(WalletSignInError::Time);
        }
        message.verify_eip191(signature).map_err(|_| WalletSignInError::Signature)?;
        Ok(Self { address: EthereumAddress(message.address), nonce: message.nonce })
    }
}
