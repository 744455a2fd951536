//! Questions to doctors.

use emrshare_contracts::ConsultationCall;

use super::people::signed;
use crate::{
    cli::{ConsultationCommand, Question},
    home, output,
};

pub(super) async fn run(command: &ConsultationCommand, as_json: bool) -> anyhow::Result<()> {
    match command {
        ConsultationCommand::Ask { at, doctor, question, about } => {
            let doctor = home::client(at)?.person(*doctor).await?.identity;
            let (question, about) = (home::digest(question)?, *about);
            signed(at, ConsultationCall::Ask { doctor, question, about }, as_json).await
        }
        ConsultationCommand::Accept(Question { at, consultation }) => {
            signed(at, ConsultationCall::Accept { consultation: *consultation }, as_json).await
        }
        ConsultationCommand::Decline(Question { at, consultation }) => {
            signed(at, ConsultationCall::Decline { consultation: *consultation }, as_json).await
        }
        ConsultationCommand::Answer { of: Question { at, consultation }, answer } => {
            let (consultation, answer) = (*consultation, home::digest(answer)?);
            signed(at, ConsultationCall::Answer { consultation, answer }, as_json).await
        }
        ConsultationCommand::Close(Question { at, consultation }) => {
            signed(at, ConsultationCall::Close { consultation: *consultation }, as_json).await
        }
        ConsultationCommand::List { at } => {
            output::value(&home::client(at)?.consultations().await?, as_json);
            Ok(())
        }
    }
}
