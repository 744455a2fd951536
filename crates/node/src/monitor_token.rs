//! What a monitoring system shows instead of signing in.

use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::config::{ConfigError, read};

/// Opens a node's readiness and metrics, and nothing else. Only its digest is kept, so that comparing
/// takes the same time for all wrong ones.
pub(crate) struct MonitorToken([u8; 32]);

impl MonitorToken {
    /// The token in the first line of a file: 64 hexadecimal digits.
    pub(crate) fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = read(path)?;
        let mut token = [0; 32];
        hex::decode_to_slice(text.lines().next().unwrap_or_default().trim(), &mut token)
            .map_err(|_| ConfigError::MonitorToken { path: path.into() })?;
        Ok(Self(Sha256::digest(token).into()))
    }

    /// Whether this is the token.
    pub(crate) fn is(&self, token: &[u8; 32]) -> bool {
        self.0 == <[u8; 32]>::from(Sha256::digest(token))
    }
}

impl std::fmt::Debug for MonitorToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MonitorToken(..)")
    }
}
