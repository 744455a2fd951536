//! Command line of emrshare: found, run, push, find, verify.

mod cli;
mod commands;
mod demo;
mod exit;
mod files;
mod home;
mod output;
mod parallel;
mod passphrase;
mod trust;
mod wallet;

use clap::Parser;

fn main() -> std::process::ExitCode {
    let arguments = cli::Arguments::parse();
    let runtime = match emrshare_node::runtime() {
        Ok(runtime) => runtime,
        Err(error) => return exit::report(&error.into(), arguments.json),
    };
    match runtime.block_on(commands::run(arguments.command, arguments.json)) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => exit::report(&error, arguments.json),
    }
}
