//! Consultations: who asks, who answers, and who sees it.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

mod chain;

use chain::{Chain, identity, key};
use emrshare_codec::{Digest, RecordIndex};
use emrshare_contracts::{
    CallError, ConsultationCall, ConsultationStanding, Happening, ItemError, Subject, consultation,
    consultations_of,
};

const QUESTION: Digest = Digest([8; 32]);

fn ask(doctor: u8, about: Option<RecordIndex>) -> ConsultationCall {
    ConsultationCall::Ask { doctor: identity(doctor), question: QUESTION, about }
}

fn is_refused(called: Result<Digest, ItemError>) -> bool {
    matches!(
        called,
        Err(ItemError::Call(
            CallError::NotAllowed { .. }
                | CallError::Missing { .. }
                | CallError::NotRegistered { .. }
                | CallError::Value { .. }
        ))
    )
}

#[test]
fn a_doctor_is_asked_accepts_answers_and_both_see_it() {
    let (mut chain, [index, _]) = Chain::with_people();
    let asked = chain.call(0, &key(31), ask(32, Some(index))).unwrap();
    let answer = ConsultationCall::Answer { consultation: asked, answer: Digest([9; 32]) };
    assert!(is_refused(chain.call(1, &key(32), answer)), "not before it is accepted");
    chain.call(1, &key(32), ConsultationCall::Accept { consultation: asked }).unwrap();
    chain.call(1, &key(32), answer).unwrap();
    let found = consultation(&chain.state, asked).unwrap().unwrap();
    assert_eq!((found.question, found.answer), (QUESTION, Some(Digest([9; 32]))));
    assert!(!chain.may_read(index, 32), "a question opens no record");
    chain.call(0, &key(31), ConsultationCall::Close { consultation: asked }).unwrap();
    assert!(is_refused(chain.call(1, &key(32), answer)), "not after it is closed");
    let standings = [
        ConsultationStanding::Asked,
        ConsultationStanding::Accepted,
        ConsultationStanding::Accepted,
        ConsultationStanding::Closed,
    ];
    let expected = standings.map(|standing| Happening::Consulted { consultation: asked, standing });
    for side in [31, 32] {
        assert!(chain.trail(Subject::Person(identity(side))).ends_with(&expected));
        let found = consultations_of(&chain.state, identity(side), 9).unwrap();
        assert_eq!(found.len(), 1);
    }
}

#[test]
fn nobody_asks_for_another_or_answers_for_the_doctor() {
    let (mut chain, _) = Chain::with_people();
    for asker in [10, 33, 34, 99] {
        assert!(is_refused(chain.call(0, &key(asker), ask(32, None))), "{asker} asks");
    }
    for asked in [30, 33, 31, 99] {
        assert!(is_refused(chain.call(0, &key(31), ask(asked, None))), "{asked} is asked");
    }
    let consultation = chain.call(0, &key(30), ask(32, None)).unwrap();
    let calls =
        [ConsultationCall::Accept { consultation }, ConsultationCall::Decline { consultation }];
    for other in [30, 31, 10, 11, 99] {
        for call in calls {
            assert!(is_refused(chain.call(0, &key(other), call)), "{other}");
        }
    }
    for other in [31, 33, 10, 99] {
        let close = ConsultationCall::Close { consultation };
        assert!(is_refused(chain.call(0, &key(other), close)), "{other} closes");
    }
    chain.call(1, &key(32), ConsultationCall::Decline { consultation }).unwrap();
    let close = ConsultationCall::Close { consultation };
    assert!(is_refused(chain.call(0, &key(30), close)), "it is over");
}
