//! Commands about questions to doctors.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use emrshare_codec::{Digest, RecordIndex};
use emrshare_identity::PublicKey;

use super::At;

#[derive(Subcommand)]
pub(crate) enum ConsultationCommand {
    /// As a doctor or a registered patient: ask a doctor.
    Ask {
        #[command(flatten)]
        at: At,
        /// The doctor's public key.
        doctor: PublicKey,
        /// The question, which goes another way: the ledger gets its SHA-256.
        #[arg(long)]
        question: PathBuf,
        /// The record that it is about. To read it the doctor needs a grant.
        #[arg(long)]
        about: Option<RecordIndex>,
    },
    /// As the doctor who was asked: take it on.
    Accept(Question),
    /// As the doctor who was asked: do not take it on.
    Decline(Question),
    /// As the doctor who was asked: say that it is answered.
    Answer {
        #[command(flatten)]
        of: Question,
        /// The answer, which goes another way: the ledger gets its SHA-256.
        #[arg(long)]
        answer: PathBuf,
    },
    /// As one of the two: end it.
    Close(Question),
    /// What you asked, and were asked.
    List {
        #[command(flatten)]
        at: At,
    },
}

#[derive(Args)]
pub(crate) struct Question {
    #[command(flatten)]
    pub(crate) at: At,
    /// The transaction that asked.
    pub(crate) consultation: Digest,
}
