//! Judges a record before and after a section is lost: `cargo run --bin judge_record`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use emrshare_completeness::{Standards, judge_sections};
use emrshare_record::{Section, Sections, import};
use emrshare_sample::{Generator, Tongue};

fn main() -> anyhow::Result<()> {
    let sample = Generator::new(1, Tongue::Chinese).next().expect("the series is endless");
    let (record, _) = import(sample.into_source())?;
    let sections = Sections::of(&record);
    let verdict = judge_sections(&sections, Standards::embedded());
    println!("complete: {}", verdict.is_complete());

    let basic = sections.get(Section::Basic).to_owned();
    let diagnosis = sections.get(Section::Diagnosis).to_owned();
    let cut = Sections::new(basic, diagnosis, "见附件".into());
    for reason in judge_sections(&cut, Standards::embedded()).reasons() {
        println!("refused: {reason}");
    }
    Ok(())
}
