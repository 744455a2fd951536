//! Windows of a text, and what a network says of them: that of the token classifier's tests.
#![allow(missing_docs, clippy::unwrap_used)]

use emrshare_transformer::{Transformer, TransformerError, Windows};

const MODEL: &[u8] = include_bytes!("../../recognize/tests/classifier/model.onnx");
const TOKENIZER: &str = include_str!("../../recognize/tests/classifier/tokenizer.json");

fn transformer(tokens: usize, overlap: usize) -> Result<Transformer, TransformerError> {
    Transformer::new(MODEL, TOKENIZER, Windows { tokens, overlap })
}

#[test]
fn windows_overlap_and_know_their_places() {
    let text = "老虎 came with fever.";
    let transformer = transformer(5, 1).unwrap();
    let windows = transformer.windows(text).unwrap();
    let words: Vec<Vec<_>> = windows
        .iter()
        .map(|window| window.places().flatten().map(|place| &text[place]).collect())
        .collect();
    assert_eq!(
        words,
        [vec!["老", "虎", "came"], vec!["came", "with", "fever"], vec!["fever", "."]]
    );
    // Each window begins and ends with a token of its own.
    assert_eq!(windows.iter().map(|window| window.len()).collect::<Vec<_>>(), [5, 5, 4]);
    let output = transformer.run(&windows[0]).unwrap();
    assert_eq!((output.shape, output.values.len()), (vec![1, 5, 6], 30));
}

#[test]
fn nothing_has_a_window_without_words() {
    let windows = transformer(8, 0).unwrap().windows("").unwrap();
    assert_eq!(windows.iter().map(|window| window.places().flatten().count()).sum::<usize>(), 0);
    assert_eq!(windows.len(), 1);
}

#[test]
fn windows_that_cannot_be_are_an_error() {
    // Two tokens begin and end a text: three that overlap leave no way on.
    assert!(matches!(transformer(4, 3), Err(TransformerError::Tokenizer(_))));
}

#[test]
fn what_is_shown_holds_no_word() {
    let transformer = transformer(8, 0).unwrap();
    let window = &transformer.windows("老虎 came.").unwrap()[0];
    assert_eq!(format!("{window:?}"), "Window { tokens: 6, .. }");
    assert!(format!("{transformer:?}").len() < 120);
}
