//! Agreements between institutions.

use emrshare_contracts::{AgreementCall, Span};

use super::{
    now_us,
    people::{by_node, signed},
};
use crate::{
    cli::{AgreementCommand, Which, WhichRecord},
    home, output,
};

const DAY_MS: u64 = 24 * 3_600_000;

pub(super) async fn run(command: &AgreementCommand, as_json: bool) -> anyhow::Result<()> {
    match command {
        AgreementCommand::Offer { at, partner, text, rights, days } => {
            let (partner, rights) = (*partner, *rights);
            let from_ms = now_us() / 1000;
            let until_ms = from_ms.saturating_add(days.saturating_mul(DAY_MS));
            let valid = Span { from_ms, until_ms };
            let text = home::digest(text)?;
            by_node(at, AgreementCall::Offer { partner, text, rights, valid }, as_json).await
        }
        AgreementCommand::Accept(Which { at, agreement }) => {
            by_node(at, AgreementCall::Accept { agreement: *agreement }, as_json).await
        }
        AgreementCommand::End(Which { at, agreement }) => {
            by_node(at, AgreementCall::End { agreement: *agreement }, as_json).await
        }
        AgreementCommand::Include(WhichRecord { which: Which { at, agreement }, index }) => {
            let (agreement, index) = (*agreement, *index);
            by_node(at, AgreementCall::Include { agreement, index }, as_json).await
        }
        AgreementCommand::Exclude(WhichRecord { which: Which { at, agreement }, index }) => {
            let (agreement, index) = (*agreement, *index);
            by_node(at, AgreementCall::Exclude { agreement, index }, as_json).await
        }
        AgreementCommand::Consent(WhichRecord { which: Which { at, agreement }, index }) => {
            let (agreement, index) = (*agreement, *index);
            signed(at, AgreementCall::Consent { agreement, index }, as_json).await
        }
        AgreementCommand::Withdraw(WhichRecord { which: Which { at, agreement }, index }) => {
            let (agreement, index) = (*agreement, *index);
            signed(at, AgreementCall::Withdraw { agreement, index }, as_json).await
        }
        AgreementCommand::Log { which: Which { at, agreement }, note } => {
            let (agreement, note) = (*agreement, home::digest(note)?);
            signed(at, AgreementCall::Log { agreement, note }, as_json).await
        }
        AgreementCommand::Show(Which { at, agreement }) => {
            output::value(&home::client(at)?.agreement(*agreement).await?, as_json);
            Ok(())
        }
        AgreementCommand::List { at } => {
            output::value(&home::client(at)?.agreements().await?, as_json);
            Ok(())
        }
    }
}
