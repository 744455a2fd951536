//! Desensitizes a FHIR Bundle and shows the report: `cargo run --bin desensitize_bundle`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use emrshare_desensitize::{Desensitizer, Policy, Sights};
use emrshare_identity::ConsortiumKey;
use emrshare_record::{Sections, import};
use emrshare_sample::{Generator, Tongue};

fn main() -> anyhow::Result<()> {
    let sample = Generator::new(1, Tongue::English).next().expect("the series is endless");
    let (record, _) = import(sample.into_source())?;
    let key = ConsortiumKey::from_bytes([7; 32]);
    let desensitizer = Desensitizer::new(Policy::hipaa_safe_harbor(), key);
    let (copy, report) = desensitizer.desensitize(&record, &Sights::none())?;
    for (class, technique, count) in report.counts() {
        println!("{:>12} {technique:?}: {count}", class.name());
    }
    println!("{}", Sections::of(&copy).joined());
    Ok(())
}
