//! Flags and commands about people, their keys and their rights.

use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, Subcommand};
use emrshare_codec::{NodeId, RecordIndex};
use emrshare_contracts::{Parts, Purpose, Reason, Rights, Role, Scope, Voice};
use emrshare_identity::{EthereumAddress, PublicKey};

use super::At;
use crate::home;

#[derive(Subcommand)]
pub(crate) enum PersonCommand {
    /// Who holds a key.
    Show {
        #[command(flatten)]
        at: At,
        /// The person's public key.
        #[arg(id = "public_key")]
        key: PublicKey,
    },
    /// As a person: replace the key that signs this by another. The old key is worthless from then on.
    Rotate {
        #[command(flatten)]
        at: At,
        /// The new public key.
        #[arg(id = "public_key")]
        key: PublicKey,
    },
    /// As the registering institution: ask for a new key for someone who lost theirs.
    Recover {
        #[command(flatten)]
        at: At,
        #[command(flatten)]
        identity: IdentityText,
        /// The new public key.
        #[arg(id = "public_key")]
        key: PublicKey,
    },
    /// As a second institution: confirm that key.
    ConfirmRecovery {
        #[command(flatten)]
        at: At,
        #[command(flatten)]
        identity: IdentityText,
        /// The new public key.
        #[arg(id = "public_key")]
        key: PublicKey,
    },
    /// As a person: sign in with this Ethereum wallet too, from a browser.
    BindWallet {
        #[command(flatten)]
        at: At,
        /// Its address.
        address: EthereumAddress,
    },
    /// As a person: end that.
    UnbindWallet {
        #[command(flatten)]
        at: At,
        /// The wallet's address.
        address: EthereumAddress,
    },
    /// As the registering institution: end a registration.
    Retire {
        #[command(flatten)]
        at: At,
        #[command(flatten)]
        identity: IdentityText,
    },
}

#[derive(Subcommand)]
pub(crate) enum RelationshipCommand {
    /// As a doctor: ask a patient, who showed a public key, for a relationship.
    Open {
        #[command(flatten)]
        at: At,
        /// The patient's public key.
        patient: PublicKey,
        /// What for: view, append or view+append.
        #[arg(long, default_value = "view+append", value_parser = word(Rights::from_name, Rights::ALL, Rights::name))]
        rights: Rights,
    },
    /// As a patient: allow a doctor these rights, or `none`.
    Answer {
        #[command(flatten)]
        at: At,
        /// The doctor's public key.
        doctor: PublicKey,
        /// What is allowed: none, view, append or view+append.
        #[arg(long, value_parser = word(Rights::from_name, Rights::ALL, Rights::name))]
        rights: Rights,
    },
    /// As the patient or the doctor: end the relationship.
    End {
        #[command(flatten)]
        at: At,
        /// The patient's public key.
        patient: PublicKey,
        /// The doctor's public key.
        doctor: PublicKey,
    },
    /// As a doctor: sign that a record is about a patient. The answer is what `append` takes.
    Sign {
        #[command(flatten)]
        at: At,
        /// The record.
        index: RecordIndex,
        /// The patient's public key.
        patient: PublicKey,
    },
    /// As an operator of the record's origin: link a record that a doctor signed.
    Append {
        #[command(flatten)]
        at: At,
        /// The record.
        index: RecordIndex,
        /// The patient's public key.
        patient: PublicKey,
        /// What `sign` printed: the doctor's key, the time and the signature.
        #[arg(long)]
        signed: String,
    },
}

#[derive(Args)]
pub(crate) struct GrantArguments {
    #[command(flatten)]
    pub(crate) at: At,
    /// The record, or `all` records of the key that signs.
    #[arg(value_parser = scope)]
    pub(crate) scope: Scope,
    /// A doctor's or researcher's public key, `node:N` for all doctors of a member, or `node:N/ROLE`.
    pub(crate) grantee: String,
    /// For how many hours.
    #[arg(long, default_value_t = 24)]
    pub(crate) hours: u64,
    /// What for.
    #[arg(long = "for", value_delimiter = ',', default_value = "treatment",
        value_parser = word(Purpose::from_name, Purpose::ALL, Purpose::name))]
    pub(crate) purposes: Vec<Purpose>,
    /// Only these parts: texts or images.
    #[arg(long = "only", default_value = "everything", value_parser = parts)]
    pub(crate) parts: Parts,
}

#[derive(Args)]
pub(crate) struct RevokeArguments {
    #[command(flatten)]
    pub(crate) at: At,
    /// The record, or `all`, as it was granted.
    #[arg(value_parser = scope)]
    pub(crate) scope: Scope,
    /// To whom it was granted.
    pub(crate) grantee: String,
}

#[derive(Args)]
pub(crate) struct BreakGlassArguments {
    #[command(flatten)]
    pub(crate) at: At,
    /// The record.
    pub(crate) index: RecordIndex,
    /// Why.
    #[arg(long, value_parser = word(Reason::from_name, Reason::ALL, Reason::name))]
    pub(crate) reason: Reason,
}

#[derive(Args)]
pub(crate) struct AuditArguments {
    #[command(flatten)]
    pub(crate) at: At,
    /// A record: as its patient or a regulator. Without it: what happened to the own registration.
    pub(crate) index: Option<RecordIndex>,
    /// As a regulator: everything.
    #[arg(long, conflicts_with = "index")]
    pub(crate) all: bool,
}

#[derive(Subcommand)]
pub(crate) enum AllianceCommand {
    /// What members vote on, or have voted on.
    List {
        #[command(flatten)]
        at: At,
    },
    /// Who is or was a member, and who orders blocks.
    Members {
        #[command(flatten)]
        at: At,
        /// Write what a newcomer needs to find the members: its folder's `members.json`.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// As an operator: pass an application on and propose to admit the institution.
    ///
    /// Its node should run by then: once admitted, it counts among those of whom more than two thirds
    /// must be up.
    Admit {
        #[command(flatten)]
        at: At,
        /// What `join apply` made.
        application: PathBuf,
    },
    /// As an operator: make the addresses and the certificate of this node's folder known, before the
    /// node is started with them.
    Renew {
        #[command(flatten)]
        at: At,
    },
    /// As an operator: leave the consortium, for ever. What this institution shared stays.
    Leave {
        #[command(flatten)]
        at: At,
        /// This node's id: the question whether that is meant.
        #[arg(long, value_parser = node)]
        node_id: NodeId,
    },
    /// As an operator: propose to suspend a member.
    Suspend {
        #[command(flatten)]
        at: At,
        /// The member's node.
        #[arg(value_parser = node)]
        member: NodeId,
    },
    /// As an operator: propose to end a suspension.
    Reinstate {
        #[command(flatten)]
        at: At,
        /// The member's node.
        #[arg(value_parser = node)]
        member: NodeId,
    },
    /// As an operator: propose a regulator or an inspector, whom no member may register alone.
    Appoint {
        #[command(flatten)]
        at: At,
        /// The person's public key.
        #[arg(id = "public_key")]
        key: PublicKey,
        /// regulator or inspector.
        #[arg(long, value_parser = role)]
        role: Role,
        #[command(flatten)]
        identity: IdentityText,
    },
    /// As an operator: propose how many originals an institution's people may take for research beyond
    /// what it gave; without a number, that there is no such limit.
    Quota {
        #[command(flatten)]
        at: At,
        /// Originals.
        originals: Option<u64>,
    },
    /// As an operator: vote, once, for this institution.
    Vote {
        #[command(flatten)]
        at: At,
        /// The proposal.
        proposal: emrshare_codec::Digest,
        /// yes or no.
        #[arg(value_parser = word(Voice::from_name, Voice::ALL, Voice::name))]
        voice: Voice,
    },
    /// What each institution gave and took.
    Contributions {
        #[command(flatten)]
        at: At,
    },
}

#[derive(Subcommand)]
pub(crate) enum ProtocolCommand {
    /// The documents in force: encoding protocol, desensitization policy, standard database.
    Show {
        #[command(flatten)]
        at: At,
    },
    /// How many copies of each institution the policy in force has made; nodes make the others anew.
    Coverage {
        #[command(flatten)]
        at: At,
    },
    /// As an operator: give this node a document. It counts once the members vote for it.
    Add {
        #[command(flatten)]
        at: At,
        /// The document.
        document: PathBuf,
    },
    /// As an operator: give this node documents and propose them; others stay as they are.
    Propose {
        #[command(flatten)]
        at: At,
        /// The documents: their kinds are told by what they hold.
        #[arg(required = true)]
        documents: Vec<PathBuf>,
    },
}

#[derive(Subcommand)]
pub(crate) enum WalletCommand {
    /// Make a wallet: prints the recovery words once, and seals them in a file.
    New {
        #[command(flatten)]
        wallet: WalletFile,
        /// Recovery words in Chinese.
        #[arg(long)]
        chinese: bool,
    },
    /// Print the public keys.
    Show {
        #[command(flatten)]
        wallet: WalletFile,
    },
    /// Print a fresh public key for a visit: to be shown to a doctor.
    Visit {
        #[command(flatten)]
        wallet: WalletFile,
        /// As a QR code too.
        #[arg(long)]
        qr: bool,
    },
    /// Replace the registered key by the next one.
    Rotate {
        #[command(flatten)]
        at: At,
    },
    /// Make the wallet anew from the recovery words, read from standard input, and find its keys on
    /// the ledger.
    Recover {
        #[command(flatten)]
        at: At,
    },
    /// Everything that the ledger says of this person: of every key of the wallet, or of --key.
    Summary {
        #[command(flatten)]
        at: At,
    },
    /// Print the secret that `age -d -i` opens originals with.
    EnvelopeKey {
        #[command(flatten)]
        wallet: WalletFile,
        /// The key of this visit instead of the registered one.
        #[arg(long)]
        visit: Option<u32>,
    },
}

/// What identifies a person: only a keyed hash of it leaves the node.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(crate) struct IdentityText {
    /// What identifies the person, such as an ID number. Other users of this machine can see it while
    /// the command runs.
    #[arg(long)]
    identity: Option<String>,
    /// A file whose first line is that; `-` is the standard input.
    #[arg(long)]
    identity_file: Option<PathBuf>,
}

impl IdentityText {
    pub(crate) fn read(&self) -> anyhow::Result<String> {
        let text = match (&self.identity, &self.identity_file) {
            (Some(identity), _) => identity.clone(),
            (None, Some(file)) if file.as_os_str() == "-" => {
                std::io::read_to_string(std::io::stdin())?
            }
            (None, Some(file)) => home::read(file)?,
            (None, None) => bail!("--identity or --identity-file is needed"),
        };
        let line = text.lines().next().unwrap_or_default().trim();
        if line.is_empty() {
            bail!("what identifies the person is empty");
        }
        Ok(line.to_owned())
    }
}

/// A wallet's file and where its passphrase comes from.
#[derive(Args, Clone)]
pub(crate) struct WalletFile {
    /// The wallet's file.
    #[arg(long)]
    pub(crate) wallet: PathBuf,
    /// A file whose first line is the passphrase; asked for at the terminal without it.
    #[arg(long)]
    pub(crate) passphrase_file: Option<PathBuf>,
}

/// Roles by their names.
pub(crate) fn role(name: &str) -> Result<Role, String> {
    word(Role::from_name, Role::ALL, Role::name)(name)
}

/// Parts of originals by their names.
pub(crate) fn parts(name: &str) -> Result<Parts, String> {
    word(Parts::from_name, Parts::ALL, Parts::name)(name)
}

/// Purposes by their names.
pub(crate) fn purpose(name: &str) -> Result<Purpose, String> {
    word(Purpose::from_name, Purpose::ALL, Purpose::name)(name)
}

pub(super) fn word<T: Copy + 'static>(
    from_name: fn(&str) -> Option<T>,
    all: &'static [T],
    name: fn(T) -> &'static str,
) -> impl Fn(&str) -> Result<T, String> + Clone {
    move |text| {
        from_name(text).ok_or_else(|| {
            let names: Vec<_> = all.iter().map(|value| name(*value)).collect();
            format!("one of: {}", names.join(", "))
        })
    }
}

fn scope(text: &str) -> Result<Scope, String> {
    match text {
        "all" => Ok(Scope::All),
        index => index.parse().map(Scope::Record).map_err(|error| format!("{error}")),
    }
}

pub(super) fn node(text: &str) -> Result<NodeId, String> {
    let number: u32 = text.parse().map_err(|error| format!("{error}"))?;
    NodeId::new(number).map_err(|error| error.to_string())
}
