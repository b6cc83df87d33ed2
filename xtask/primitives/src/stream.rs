//! A stream of jobs, some at a time, the outputs in any order.

use std::num::NonZeroUsize;
use std::sync::Arc;

use futures::stream::{self, StreamExt};
use futures_buffered::BufferedStreamExt;
use pipeliner::Pipelining;

use crate::measure::{Plan, Shape, Threads, Verdict, give_way};

const OURS: &str = "pipelined";

pub(crate) fn measure(plan: &Plan) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for limit in [2, 16, 256] {
        verdicts.extend(plan.measure(shape(limit)));
    }
    verdicts
}

fn shape(limit: usize) -> Shape {
    let mut shape = Shape::new(format!("stream: limit {limit}, one thread"), JOBS);
    let runtime = Threads::One.runtime();
    // Each in a task of its own, as such streams run.
    macro_rules! add {
        ($name:expr, |$jobs:ident| $outputs:expr) => {{
            let runtime = Arc::clone(&runtime);
            shape.add($name, move || {
                let $jobs = stream::iter(0..u64::from(JOBS)).map(|job| async move {
                    give_way().await;
                    job
                });
                let all = $outputs.fold(0, |sum, output| async move { sum + output });
                let sum = runtime.block_on(runtime.spawn(all));
                let jobs = u64::from(JOBS);
                assert_eq!(sum.expect("no job panics"), jobs * (jobs - 1) / 2);
            });
        }};
    }
    let most = NonZeroUsize::new(limit).expect("not zero");
    add!(OURS, |jobs| jobs.pipelined(most));
    add!("buffer_unordered", |jobs| StreamExt::buffer_unordered(
        jobs, limit
    ));
    add!("futures-buffered", |jobs| {
        BufferedStreamExt::buffered_unordered(jobs, limit)
    });
    shape.at_most(OURS, 0.25, "buffer_unordered");
    shape.at_most(OURS, 0.65, "futures-buffered");
    shape.allocations(OURS, 0.0);
    shape
}

/// So many that what a stream allocates once does not show.
const JOBS: u32 = 262_144;
