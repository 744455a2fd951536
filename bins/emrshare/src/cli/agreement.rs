//! Commands about agreements between institutions.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use emrshare_codec::{Digest, NodeId, RecordIndex};
use emrshare_contracts::AgreedRights;

use super::{
    At,
    people::{node, word},
};

#[derive(Subcommand)]
pub(crate) enum AgreementCommand {
    /// As an operator: offer another member an agreement on a text that both keep.
    Offer {
        #[command(flatten)]
        at: At,
        /// The other member's node id.
        #[arg(value_parser = node)]
        partner: NodeId,
        /// The text: the ledger gets its SHA-256.
        #[arg(long)]
        text: PathBuf,
        /// What each may do with the other's records: query, update or query+update.
        #[arg(long, default_value = "query", value_parser = word(AgreedRights::from_name, AgreedRights::ALL, AgreedRights::name))]
        rights: AgreedRights,
        /// For how many days from now on.
        #[arg(long, default_value_t = 365)]
        days: u64,
    },
    /// As an operator of the other member: sign it too.
    Accept(Which),
    /// As an operator of a party: end it, take it back or turn it down.
    End(Which),
    /// As an operator of a record's origin: name the record to the other party.
    Include(WhichRecord),
    /// As an operator of a record's origin: take the record out again.
    Exclude(WhichRecord),
    /// As the record's patient: agree. Nothing is open before.
    Consent(WhichRecord),
    /// As the record's patient: do not agree any more.
    Withdraw(WhichRecord),
    /// As a doctor of a party: add a note that both keep to the log.
    Log {
        #[command(flatten)]
        which: Which,
        /// The note: the ledger gets its SHA-256.
        #[arg(long)]
        note: PathBuf,
    },
    /// Who agreed on what.
    Show(Which),
    /// As a doctor or an operator: the agreements of this institution, with records and log.
    List {
        #[command(flatten)]
        at: At,
    },
}

#[derive(Args)]
pub(crate) struct Which {
    #[command(flatten)]
    pub(crate) at: At,
    /// The transaction that offered it.
    pub(crate) agreement: Digest,
}

#[derive(Args)]
pub(crate) struct WhichRecord {
    #[command(flatten)]
    pub(crate) which: Which,
    /// The record.
    pub(crate) index: RecordIndex,
}
