//! What is put in is found, in memory and in files, and is in order.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dragline_rows::{Rows, Scratch};
use proptest::prelude::*;

fn scratch() -> Scratch {
    Scratch::new(tempfile::tempfile)
}

/// And how often a file is asked for.
fn counted(
    make: impl Fn() -> io::Result<File> + Send + Sync + 'static,
) -> (Scratch, Arc<AtomicUsize>) {
    let made = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&made);
    let scratch = Scratch::new(move || {
        count.fetch_add(1, Ordering::Relaxed);
        make()
    });
    (scratch, made)
}

fn all<const N: usize>(rows: &Rows<N>) -> Vec<[u8; N]> {
    rows.iter().collect::<io::Result<_>>().unwrap()
}

/// Asks for what is there, for what is beside it, and for all.
fn check<const N: usize>(rows: &Rows<N>, model: &BTreeSet<[u8; N]>) {
    assert_eq!(rows.is_empty(), model.is_empty());
    assert_eq!(all(rows), model.iter().copied().collect::<Vec<_>>());
    let mut asked: Vec<Vec<u8>> = vec![Vec::new()];
    for row in model {
        for end in 1..=N {
            asked.push(row[..end].to_vec());
            asked.push([&row[..end - 1], &[row[end - 1].wrapping_add(1)]].concat());
        }
    }
    for prefix in asked {
        let first = model.iter().find(|row| row.starts_with(&prefix)).copied();
        assert_eq!(rows.find(&prefix).unwrap(), first, "{prefix:?}");
        assert_eq!(rows.contains(&prefix).unwrap(), first.is_some());
    }
}

fn numbers(count: u32) -> impl Iterator<Item = [u8; 8]> {
    // An odd factor: each number once, in no order.
    (0..count).map(|n| (u64::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15)).to_be_bytes())
}

#[test]
fn rows_beyond_the_bound_are_in_files() {
    let (scratch, made) = counted(tempfile::tempfile);
    let mut rows = Rows::new(scratch.with_bound(100));
    rows.extend(numbers(100));
    assert_eq!(made.load(Ordering::Relaxed), 0);
    rows.extend(numbers(10_000));
    assert!(made.load(Ordering::Relaxed) >= 99);
    let mut sorted: Vec<_> = numbers(10_000).collect();
    sorted.sort_unstable();
    assert_eq!(all(&rows), sorted);
    for row in numbers(10_000) {
        assert_eq!(rows.find(&row[..7]).unwrap(), Some(row));
    }
    rows.pack();
    assert_eq!(all(&rows), sorted);
    for row in numbers(10_000) {
        assert_eq!(rows.find(&row).unwrap(), Some(row));
    }
}

#[test]
fn packed_rows_are_in_memory_up_to_four_times_the_bound() {
    for (count, files) in [(399, 0), (400, 0), (401, 1)] {
        let (scratch, made) = counted(tempfile::tempfile);
        let mut rows = Rows::new(scratch.with_bound(100));
        rows.extend(numbers(count));
        let before = made.load(Ordering::Relaxed);
        rows.pack();
        rows.pack();
        assert_eq!(made.load(Ordering::Relaxed) - before, files, "of {count}");
        check(&rows, &numbers(count).collect());
        rows.extend(numbers(500));
        rows.pack();
        check(&rows, &numbers(500).collect());
    }
}

#[test]
fn without_a_bound_all_is_in_memory() {
    let mut rows = Rows::new(Scratch::none().with_bound(usize::MAX));
    rows.extend(numbers(100));
    rows.pack();
    check(&rows, &numbers(100).collect());
}

#[test]
fn where_no_file_can_be_made_rows_stay_in_memory() {
    let (scratch, tried) = counted(|| Err(io::ErrorKind::ReadOnlyFilesystem.into()));
    let mut rows = Rows::new(scratch.with_bound(4));
    rows.extend(numbers(1000));
    rows.pack();
    check(&rows, &numbers(1000).collect());
    // Each time that there are twice as many, and not for each row.
    assert!(tried.load(Ordering::Relaxed) < 12);
}

#[test]
fn what_cannot_be_read_is_an_error_that_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows");
    let made = path.clone();
    let scratch = Scratch::new(move || {
        let mut options = std::fs::File::options();
        options.read(true).write(true).create(true).truncate(true);
        options.open(&made)
    });
    let mut rows = Rows::new(scratch.with_bound(4));
    rows.extend(numbers(5));
    std::fs::File::create(&path).unwrap();
    let row = numbers(5).max().unwrap();
    assert!(rows.find(&row).is_err());
    let mut iter = rows.iter();
    assert!(iter.next().unwrap().is_err());
    assert!(iter.next().is_none());
}

proptest! {
    #[test]
    fn they_are_a_set_in_order(
        put in prop::collection::vec(prop::array::uniform3(0..4_u8), 0..120),
        most in 1..40_usize,
        packed in 0..120_usize,
    ) {
        let mut rows = Rows::new(scratch().with_bound(most));
        let mut model = BTreeSet::new();
        for (n, row) in put.iter().enumerate() {
            if n == packed {
                rows.pack();
            }
            rows.insert(*row);
            model.insert(*row);
        }
        check(&rows, &model);
    }

    #[test]
    fn rows_of_any_length_fill_blocks(put in prop::collection::btree_set(any::<u16>(), 0..300)) {
        let mut rows = Rows::<1500>::new(scratch().with_bound(7));
        let mut shorts = Rows::<2>::new(scratch().with_bound(7));
        for n in &put {
            let mut row = [1; 1500];
            row[..2].copy_from_slice(&n.to_be_bytes());
            rows.insert(row);
            shorts.insert(n.to_be_bytes());
        }
        for n in &put {
            let row = rows.find(&n.to_be_bytes()).unwrap();
            prop_assert_eq!(row.map(|row| row[..2].to_vec()), Some(n.to_be_bytes().to_vec()));
        }
        prop_assert_eq!(all(&rows).len(), put.len());
        check(&shorts, &put.iter().map(|n| n.to_be_bytes()).collect());
    }
}
