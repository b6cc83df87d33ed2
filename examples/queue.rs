//! Work that breeds work, and how it is known to be over: four tasks walk a tree together.
//!
//! `cargo run --example queue`
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dragline_queue::Queue;

#[tokio::main]
async fn main() {
    let queue = Queue::unbounded();
    let visited = Arc::new(AtomicU64::new(0));
    let tasks: Vec<_> = (0..4)
        .map(|_| tokio::spawn(walk(queue.clone(), Arc::clone(&visited))))
        .collect();

    queue.put(16).await.expect("the queue is open");
    queue.join().await; // Nothing queued and nothing in work: the tree is walked.
    println!("{} nodes visited", visited.load(Ordering::Relaxed));

    queue.close(); // The tasks get `None` and end.
    for task in tasks {
        task.await.expect("no task panics");
    }
}

/// Takes nodes until the queue is closed. A node of height n has two children of height n - 1.
async fn walk(queue: Queue<u32>, visited: Arc<AtomicU64>) {
    while let Some(height) = queue.get().await {
        visited.fetch_add(1, Ordering::Relaxed);
        if *height > 0 {
            for _ in 0..2 {
                queue
                    .put(*height - 1)
                    .await
                    .expect("the queue is open while a node is in work");
            }
        }
        // Dropped here, the node is finished; its children are in the queue already.
    }
}
