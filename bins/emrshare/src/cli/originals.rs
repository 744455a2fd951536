//! Flags of commands about originals as files.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::WalletFile;

#[derive(Subcommand)]
pub(crate) enum OriginalsCommand {
    /// Take all originals out of the store of a node that is stopped, as age files: for a backup, or
    /// for a hospital that closes. Needs no key.
    ///
    /// Each file opens with the node's `keys/master.key` and, if the ledger says whose record it is, with
    /// that patient's key: by `originals open`, or by any tool for the age format.
    Export {
        /// The node's folder.
        #[arg(long)]
        home: PathBuf,
        /// Where to: files under the digests that the ledger names.
        #[arg(long)]
        out: PathBuf,
    },
    /// Give a node that is stopped another `keys/master.key`, if the one it has may be known to others: all
    /// originals are under the new one then, and under those of their patients as before.
    ///
    /// Old backups and files of `originals export` open with the old key only; the new key belongs into the
    /// next backup. If it is interrupted, run it again: the node does not start before it has ended.
    Rekey {
        /// The node's folder.
        #[arg(long)]
        home: PathBuf,
        /// The old key is lost: originals that are stored stay closed to the node.
        #[arg(long)]
        lost: bool,
    },
    /// Open an original that lies in an age file, from `originals export` or `get --original --sealed`.
    Open {
        /// The file.
        file: PathBuf,
        #[command(flatten)]
        reader: Reader,
        /// Where the parts go.
        #[arg(long)]
        out: PathBuf,
    },
}

/// Whose key opens a file.
#[derive(Args)]
pub(crate) struct Reader {
    /// A person's key file.
    #[arg(long, group = "reader")]
    pub(crate) key: Option<PathBuf>,
    /// A file with a key in the age format, such as a node's `keys/master.key`.
    #[arg(long, group = "reader")]
    pub(crate) age_key: Option<PathBuf>,
    /// A wallet: its registered key.
    #[arg(long, group = "reader", required_unless_present_any = ["key", "age_key"])]
    wallet: Option<PathBuf>,
    /// With --wallet: the key of this visit instead.
    #[arg(long, requires = "wallet")]
    pub(crate) visit: Option<u32>,
    /// With --wallet, or a --key under a passphrase: a file whose first line is that; asked for at the
    /// terminal without it.
    #[arg(long)]
    passphrase_file: Option<PathBuf>,
}

impl Reader {
    /// The wallet, if one is named.
    pub(crate) fn wallet(&self) -> Option<WalletFile> {
        let wallet = self.wallet.clone()?;
        Some(WalletFile { wallet, passphrase_file: self.passphrase_file.clone() })
    }

    /// Where the passphrase is, if a file has it.
    pub(crate) fn passphrase_file(&self) -> Option<&Path> {
        self.passphrase_file.as_deref()
    }
}
