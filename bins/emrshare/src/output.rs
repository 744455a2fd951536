//! What is printed.

use std::{
    io::{ErrorKind, Write},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// A line of text on standard output; ends the program quietly when nobody reads on.
pub(crate) fn line(text: &str) {
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
        // There is nowhere left to say it.
        _ => {}
    }
}

/// A value as one line of JSON on standard output.
pub(crate) fn json(value: &Value) {
    line(&value.to_string());
}

/// A line on standard error.
pub(crate) fn error(text: &str) {
    eprintln!("{text}");
}

/// JSON or indented text.
pub(crate) fn value(value: &Value, as_json: bool) {
    if as_json {
        json(value);
    } else {
        fields(value, 0);
    }
}

/// The faults of a refused record.
pub(crate) fn refusal(report: &Value) {
    let refusal = report.get("refusal").unwrap_or(report);
    if let Some(stage) = refusal["stage"].as_str() {
        error(&format!("  stage: {stage}"));
    }
    let faults = refusal["faults"].as_array();
    for fault in faults.into_iter().flatten() {
        let text = |key: &str| fault[key].as_str().unwrap_or_default().to_owned();
        error(&format!("  - [{}] {}", text("rule"), text("message")));
    }
    // What was refused before it was read has a message alone.
    if let Some(message) = report["message"].as_str().filter(|_| faults.is_none()) {
        error(&format!("  {message}"));
    }
}

/// A sign of life for work of unknown length; invisible when output is JSON or no terminal.
pub(crate) fn spinner(what: &str, as_json: bool) -> ProgressBar {
    if as_json {
        return ProgressBar::hidden();
    }
    let spinner = ProgressBar::new_spinner();
    spinner.set_message(what.to_owned());
    spinner.enable_steady_tick(Duration::from_millis(100));
    spinner
}

/// A bar for work that can last over a second; invisible when output is JSON or no terminal.
pub(crate) fn bar(length: usize, what: &str, as_json: bool) -> ProgressBar {
    if as_json || length < 2 {
        return ProgressBar::hidden();
    }
    let template = "{msg:>14} [{bar:32.cyan/blue}] {pos}/{len} {per_sec} {eta}";
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(length as u64).with_style(style.progress_chars("━╸─"));
    bar.set_message(what.to_owned());
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn fields(value: &Value, depth: usize) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                match value {
                    Value::Object(_) | Value::Array(_) => {
                        line(&format!("{indent}{key}:"));
                        fields(value, depth + 1);
                    }
                    _ => line(&format!("{indent}{key}: {}", plain(value))),
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                match item {
                    Value::Object(_) => {
                        line(&format!("{indent}-"));
                        fields(item, depth + 1);
                    }
                    _ => line(&format!("{indent}- {}", plain(item))),
                }
            }
        }
        _ => line(&format!("{indent}{}", plain(value))),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A time in milliseconds since 1970, for people: UTC (RFC 3339).
pub(crate) fn time(ms: u64) -> String {
    let seconds = i64::try_from(ms / 1000).unwrap_or(i64::MAX);
    let time = OffsetDateTime::from_unix_timestamp(seconds).ok();
    time.and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_else(|| format!("{ms} ms"))
}
