//! Notes of a hospital, written for this: what identifies somebody stands in braces, with its kind.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

use std::ops::Range;

use emrshare_recognize::{Kind, find};

/// A text without its braces, and what stood in them.
fn read(line: &str) -> (String, Vec<(Kind, Range<usize>)>) {
    let line = line.replace("\\n", "\n");
    let (mut text, mut identifiers) = (String::new(), Vec::new());
    let mut parts = line.split('{');
    text.push_str(parts.next().unwrap());
    for part in parts {
        let (identifier, rest) = part.split_once('}').unwrap();
        let (kind, value) = identifier.split_once(':').unwrap();
        identifiers.push((kind_of(kind), text.len()..text.len() + value.len()));
        text.push_str(value);
        text.push_str(rest);
    }
    (text, identifiers)
}

fn kind_of(word: &str) -> Kind {
    match word {
        "name" => Kind::Name,
        "place" => Kind::Address,
        "institution" => Kind::Organisation,
        "date" => Kind::Date,
        "id" => Kind::Id,
        "phone" => Kind::Phone,
        "mail" => Kind::Email,
        "age" => Kind::Age,
        "network" => Kind::Network,
        _ => panic!("no kind: {word}"),
    }
}

/// What of a set of notes is found.
#[derive(Default)]
struct Measure {
    identifiers: usize,
    /// Of which no letter or digit is left.
    hidden: usize,
    findings: usize,
    /// In which nothing identifies anybody.
    false_findings: usize,
}

fn measure(notes: &str, of: impl Fn(Kind) -> bool) -> Measure {
    let mut sums = Measure::default();
    for line in notes.lines() {
        let (text, identifiers) = read(line);
        let found = find(&text);
        let is_hidden = |at: usize| found.iter().any(|finding| finding.range.contains(&at));
        for (kind, range) in identifiers.iter().filter(|(kind, _)| of(*kind)) {
            let mut signs = text[range.clone()].char_indices();
            let left = signs.any(|(at, c)| c.is_alphanumeric() && !is_hidden(range.start + at));
            sums.identifiers += 1;
            sums.hidden += usize::from(!left);
            if left {
                println!("left: {kind:?} {:?} of {text:?}", &text[range.clone()]);
            }
        }
        for finding in found.iter().filter(|finding| of(finding.kind)) {
            let is_true = identifiers.iter().any(|(_, range)| {
                range.start < finding.range.end && finding.range.start < range.end
            });
            sums.findings += 1;
            sums.false_findings += usize::from(!is_true);
            if !is_true {
                println!("false: {:?} {:?}", finding.kind, &text[finding.range.clone()]);
            }
        }
    }
    println!(
        "{} of {} hidden, {} of {} false",
        sums.hidden, sums.identifiers, sums.false_findings, sums.findings
    );
    sums
}

#[test]
fn chinese_notes() {
    let notes = include_str!("notes/chinese.txt");
    let all = measure(notes, |_| true);
    let names = measure(notes, |kind| kind == Kind::Name);
    assert!(all.hidden * 100 >= all.identifiers * 90, "{} of {}", all.hidden, all.identifiers);
    assert!(names.hidden * 100 >= names.identifiers * 88);
    assert!(all.false_findings * 100 <= all.findings * 3);
}

#[test]
fn english_notes() {
    let notes = include_str!("notes/english.txt");
    let all = measure(notes, |_| true);
    let names = measure(notes, |kind| kind == Kind::Name);
    assert!(all.hidden * 100 >= all.identifiers * 92, "{} of {}", all.hidden, all.identifiers);
    assert!(names.hidden * 100 >= names.identifiers * 96);
    assert!(all.false_findings * 100 <= all.findings * 7);
}
