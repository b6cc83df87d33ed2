//! `cargo xtask bench`: what the documentation claims, measured.

mod crawl;
mod frontier;
mod links;
mod measure;
mod primitives;

use anyhow::Result;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Bench {
    /// Crawls a site with dragline and its peers, some rounds over, and prints what each took
    #[command(long_about = crawl::LONG_ABOUT)]
    Crawl(crawl::Args),
    /// Fills a journalled frontier with URLs and opens it again: time, memory, disk
    #[command(long_about = frontier::LONG_ABOUT)]
    Frontier(frontier::Args),
    /// Finds the links of real documents, and of the worst that a megabyte can hold: MB/s of a core
    #[command(long_about = links::LONG_ABOUT)]
    Links(links::Args),
    /// Measures promise, queue and pipeliner beside their peers: time, allocations, the bars
    Primitives(primitives::Args),
    /// Fetches a list of URLs: what any crawl costs here
    #[command(hide = true)]
    Floor(crawl::floor::Args),
    /// Runs a command and prints what it took, as JSON: the benchmarks run it
    #[command(hide = true)]
    Measure(measure::Args),
}

pub(crate) fn run(bench: Bench) -> Result<()> {
    match bench {
        Bench::Crawl(args) => crawl::run(&args),
        Bench::Frontier(args) => frontier::run(&args),
        Bench::Links(args) => links::run(&args),
        Bench::Primitives(args) => primitives::run(&args),
        Bench::Floor(args) => crawl::floor::run(&args),
        Bench::Measure(args) => measure::run(&args),
    }
}
