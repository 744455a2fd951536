//! Any three texts are judged, and complete exactly if the score is above nothing.
#![no_main]

use emrshare_completeness::{Standards, judge_sections};
use emrshare_fuzz as _;
use emrshare_record::Sections;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let mut parts = text.splitn(3, '\u{1}').map(str::to_owned);
    let [basic, diagnosis, course] = [(); 3].map(|()| parts.next().unwrap_or_default());
    let sections = Sections::new(basic, diagnosis, course);
    let verdict = judge_sections(&sections, Standards::embedded());
    assert_eq!(verdict.is_complete(), verdict.score() > 0);
    for score in verdict.scores() {
        assert!((-1_000_000..=1_000_000).contains(&score.margin));
        assert!((0..=1_000_000).contains(&score.similarity));
    }
});
