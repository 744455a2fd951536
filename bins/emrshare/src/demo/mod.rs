//! The main job, end to end, on this machine: real node processes, real consensus, real refusals.
//!
//! Everything that is claimed is checked; the first thing that does not hold ends the demo with an
//! error.

mod consortium;
mod screen;
mod steps;
mod stores;

use std::time::Instant;

use anyhow::bail;
use serde_json::json;

use crate::cli::DemoArguments;
use consortium::Consortium;
use screen::Screen;
use steps::Demo;

pub(crate) async fn run(arguments: DemoArguments, as_json: bool) -> anyhow::Result<()> {
    if arguments.nodes == 0 || arguments.nodes > 32 {
        bail!("--nodes is a number from 1 to 32");
    }
    let start = Instant::now();
    let screen = Screen::new(as_json);
    let folder = tempfile::Builder::new().prefix("emrshare-demo-").tempdir()?;
    let title = format!("Founding a consortium of {} hospitals", arguments.nodes);
    screen.step(&title);
    let consortium = Consortium::found(folder.path(), arguments.nodes)?;
    screen.ok("certificates issued, genesis written", json!({"folder": folder.path()}));
    let mut demo = Demo::start(consortium, screen, &arguments).await?;
    let told = tell(&mut demo).await;
    if told.is_err() {
        demo.show_logs();
    }
    told?;
    demo.summary(start.elapsed());
    if arguments.keep {
        demo.stay_up().await?;
        emrshare_node::until_asked_to_stop().await;
    }
    demo.stop().await
}

async fn tell(demo: &mut Demo) -> anyhow::Result<()> {
    demo.push_records().await?;
    demo.wait_for_replicas().await?;
    demo.refuse_bad_records().await?;
    demo.update_and_delete().await?;
    demo.search_and_download().await?;
    demo.read_original().await?;
    demo.stop_and_catch_up().await?;
    demo.verify_receipt().await?;
    demo.prove_state().await?;
    demo.compare_stores().await
}
