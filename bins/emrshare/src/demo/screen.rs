//! What a person sees of the demo, or a program reads of it.

use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::output;

/// Steps with their results; bars while something is under way.
pub(crate) struct Screen {
    as_json: bool,
    bars: MultiProgress,
}

impl Screen {
    pub(crate) fn new(as_json: bool) -> Self {
        Self { as_json, bars: MultiProgress::new() }
    }

    /// A new chapter.
    pub(crate) fn step(&self, title: &str) {
        if self.as_json {
            output::json(&json!({ "step": title }));
        } else {
            self.print(&format!("\n\u{1b}[1m{title}\u{1b}[0m"));
        }
    }

    /// Something held.
    pub(crate) fn ok(&self, text: &str, details: Value) {
        self.mark("ok", "\u{1b}[32m✔\u{1b}[0m", text, details);
    }

    /// Something was refused, as it should be.
    pub(crate) fn refused(&self, text: &str, details: Value) {
        self.mark("refused", "\u{1b}[33m✘\u{1b}[0m", text, details);
    }

    /// Something worth knowing.
    pub(crate) fn note(&self, text: &str) {
        self.mark("note", "·", text, Value::Null);
    }

    /// A bar of a node's work.
    pub(crate) fn bar(&self, name: &str, length: usize) -> ProgressBar {
        if self.as_json {
            return ProgressBar::hidden();
        }
        let template = "  {msg:<24} {bar:30.cyan/blue} {pos:>4}/{len:<4} {elapsed}";
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::new(length as u64).with_style(style.progress_chars("━╸─"));
        bar.set_message(name.to_owned());
        let bar = self.bars.add(bar);
        bar.enable_steady_tick(Duration::from_millis(100));
        bar
    }

    /// A table of two columns.
    pub(crate) fn table(&self, title: &str, rows: &[(&str, String)], details: Value) {
        if self.as_json {
            output::json(&json!({"summary": details}));
            return;
        }
        self.step(title);
        let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        for (name, value) in rows {
            self.print(&format!("  {name:<width$}  {value}"));
        }
    }

    fn mark(&self, kind: &str, mark: &str, text: &str, details: Value) {
        if self.as_json {
            output::json(&json!({"result": kind, "text": text, "details": details}));
        } else {
            self.print(&format!("  {mark} {text}"));
        }
    }

    fn print(&self, text: &str) {
        self.bars.suspend(|| output::line(text));
    }
}
