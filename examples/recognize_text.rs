//! Finds what identifies somebody in a text: `cargo run --bin recognize_text [TEXT]`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use emrshare_recognize::find;

fn main() {
    let text = std::env::args().nth(1).unwrap_or_else(|| {
        "昨日欧阳修文陪同就诊，手机13812345678。Seen by Dr. Nadia Ashworth on May 6, 2023."
            .to_owned()
    });
    for finding in find(&text) {
        let value = &text[finding.range.clone()];
        println!("{:?} {:?} {:?}: {value}", finding.range, finding.kind, finding.certainty);
    }
}
