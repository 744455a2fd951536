//! Texts that wallets sign.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

use emrshare_identity::{EthereumAddress, WalletSignIn, WalletSignInError};
use k256::ecdsa::SigningKey;

const NOW: i64 = 1_763_683_200;
/// The account of the key of 32 bytes 0x46, by EIP-155's example.
const ADDRESS: &str = "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F";

fn text(domain: &str, more: &str) -> String {
    format!(
        "{domain} wants you to sign in with your Ethereum account:\n{ADDRESS}\n\n\n\
         URI: https://{domain}\nVersion: 1\nChain ID: 1\nNonce: 0123456789abcdef\n\
         Issued At: 2025-11-21T00:00:00Z{more}"
    )
}

fn signed(text: &str) -> [u8; 65] {
    let key = SigningKey::from_slice(&[0x46; 32]).unwrap();
    let message: siwe::Message = text.parse().unwrap();
    let hash = message.eip191_hash().unwrap();
    let (signature, recovery) = key.sign_prehash_recoverable(&hash).unwrap();
    let mut bytes = [0; 65];
    bytes[..64].copy_from_slice(&signature.to_bytes());
    bytes[64] = 27 + recovery.to_byte();
    bytes
}

fn verify(text: &str, signature: &[u8; 65]) -> Result<WalletSignIn, WalletSignInError> {
    let domains = ["node.example:8440".to_owned(), "localhost:8440".to_owned()];
    WalletSignIn::verify(text, signature, &domains, NOW)
}

#[test]
fn a_wallet_signs_in_at_this_node() {
    let text = text("node.example:8440", "");
    let verified = verify(&text, &signed(&text)).unwrap();
    assert_eq!(verified.address, ADDRESS.parse().unwrap());
    assert_eq!(verified.nonce, "0123456789abcdef");
}

#[test]
fn texts_for_other_sites_and_times_and_by_others_are_refused() {
    let phished = text("evil.example", "");
    assert_eq!(verify(&phished, &signed(&phished)), Err(WalletSignInError::Domain));
    let past = text("localhost:8440", "\nExpiration Time: 2025-01-01T00:00:00Z");
    assert_eq!(verify(&past, &signed(&past)), Err(WalletSignInError::Time));
    let good = text("localhost:8440", "");
    let mut signature = signed(&good);
    signature[7] ^= 1;
    assert_eq!(verify(&good, &signature), Err(WalletSignInError::Signature));
    let other = good.replace("Chain ID: 1", "Chain ID: 2");
    assert_eq!(verify(&other, &signed(&good)), Err(WalletSignInError::Signature));
    assert_eq!(verify("sign me in", &signed(&good)), Err(WalletSignInError::Malformed));
}

#[test]
fn addresses_have_the_case_of_eip_55() {
    assert_eq!(ADDRESS.parse::<EthereumAddress>().unwrap().to_string(), ADDRESS);
    assert!(ADDRESS.to_lowercase().parse::<EthereumAddress>().is_ok());
    assert!(ADDRESS.replace('D', "d").replace("8A6", "8a6").parse::<EthereumAddress>().is_err());
    for wrong in ["", "0x", "9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F", "0x9d8A62"] {
        assert!(wrong.parse::<EthereumAddress>().is_err(), "{wrong}");
    }
}
