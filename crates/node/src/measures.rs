//! What a node measures, and the recorder that keeps it for Prometheus.

use std::sync::OnceLock;

use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, set_global_recorder,
};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

pub(crate) const CERTIFICATE_UNTIL: &str = "emrshare_certificate_until_seconds";
pub(crate) const COPIES_DAMAGED: &str = "emrshare_copies_damaged";
pub(crate) const COPIES_FAILED: &str = "emrshare_copies_failed";
pub(crate) const DESENSITIZED_VALUES: &str = "emrshare_desensitize_values";
pub(crate) const DISK_FREE: &str = "emrshare_disk_free_bytes";
pub(crate) const INGEST_COMMITTED: &str = "emrshare_ingest_committed";
/// With a label `stage`.
pub(crate) const INGEST_REFUSED: &str = "emrshare_ingest_refused";
pub(crate) const LEDGER_BLOCK_FINAL: &str = "emrshare_ledger_block_final_ms";
pub(crate) const LEDGER_ENTRIES: &str = "emrshare_ledger_entries";
pub(crate) const LEDGER_HEIGHT: &str = "emrshare_ledger_height";
pub(crate) const ORIGINALS_DAMAGED: &str = "emrshare_originals_damaged";
pub(crate) const ORIGINALS_READ: &str = "emrshare_originals_read";
pub(crate) const ORIGINALS_REFUSED: &str = "emrshare_originals_refused";
pub(crate) const SYNC_BACKLOG: &str = "emrshare_sync_backlog";
pub(crate) const SYNC_FILES: &str = "emrshare_sync_files";
pub(crate) const SYNC_REFUSED: &str = "emrshare_sync_refused";
pub(crate) const SYNC_WRONG_FILES: &str = "emrshare_sync_wrong_files";

/// What is counted, with its meaning; shown as 0 before the first.
const COUNTERS: [(&str, &str); 10] = [
    (COPIES_DAMAGED, "Copies that could not be read any more"),
    (DESENSITIZED_VALUES, "Identifying values that were treated"),
    (INGEST_COMMITTED, "Records of this node that came into blocks"),
    (LEDGER_ENTRIES, "Ledger entries in final blocks"),
    (ORIGINALS_DAMAGED, "Originals that could not be read any more, each time one is looked at"),
    (ORIGINALS_READ, "Originals that were handed out"),
    (ORIGINALS_REFUSED, "Requests for originals that were not followed"),
    (SYNC_FILES, "Files of other nodes that were fetched"),
    (
        SYNC_REFUSED,
        "Files of other nodes that hold what identifies somebody, and are not kept here",
    ),
    (SYNC_WRONG_FILES, "Files that others handed out without the ledger's digest"),
];

const GAUGES: [(&str, Unit, &str); 5] = [
    (CERTIFICATE_UNTIL, Unit::Seconds, "When this node's certificate ends, since 1970"),
    (COPIES_FAILED, Unit::Count, "Copies that could not be made anew under a new policy"),
    (DISK_FREE, Unit::Bytes, "Room on the disk with the node's data"),
    (LEDGER_HEIGHT, Unit::Count, "The last final block"),
    (SYNC_BACKLOG, Unit::Count, "Files of other nodes that are yet to be fetched"),
];

/// One recorder a process: nodes that share one show their sums.
pub(crate) fn recorder() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    let install = || {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        if set_global_recorder(recorder).is_err() {
            tracing::warn!("another metrics recorder is installed; /metrics stays empty");
        }
        describe();
        handle
    };
    HANDLE.get_or_init(install).clone()
}

fn describe() {
    for (name, meaning) in COUNTERS {
        describe_counter!(name, meaning);
        counter!(name).increment(0);
    }
    describe_counter!(INGEST_REFUSED, "Records that were refused, by the stage that refused them");
    for (name, unit, meaning) in GAUGES {
        describe_gauge!(name, unit, meaning);
    }
    describe_histogram!(
        LEDGER_BLOCK_FINAL,
        Unit::Milliseconds,
        "From a block's time to its being durable here"
    );
}
