use std::ops::{Index, IndexMut};

use slab::Slab;

/// A line of values with stable keys: any may leave from anywhere, and one that has left the line
/// may keep its key. No allocation once it was as long as it gets.
#[derive(Debug)]
pub(crate) struct Line<T> {
    nodes: Slab<Node<T>>,
    first: Option<usize>,
    last: Option<usize>,
}

#[derive(Debug)]
struct Node<T> {
    value: T,
    in_line: bool,
    previous: Option<usize>,
    next: Option<usize>,
}

impl<T> Line<T> {
    pub(crate) fn new() -> Self {
        Line {
            nodes: Slab::new(),
            first: None,
            last: None,
        }
    }

    pub(crate) fn push_back(&mut self, value: T) -> usize {
        let key = self.nodes.insert(Node {
            value,
            in_line: true,
            previous: self.last,
            next: None,
        });
        match self.last {
            Some(last) => self.nodes[last].next = Some(key),
            None => self.first = Some(key),
        }
        self.last = Some(key);
        key
    }

    pub(crate) fn has_first(&self) -> bool {
        self.first.is_some()
    }

    /// Goes back to the head of the line. The key has left the line before.
    pub(crate) fn rejoin_front(&mut self, key: usize) {
        let next = self.first.replace(key);
        match next {
            Some(next) => self.nodes[next].previous = Some(key),
            None => self.last = Some(key),
        }
        let node = &mut self.nodes[key];
        (node.in_line, node.previous, node.next) = (true, None, next);
    }

    /// The first leaves the line; its key stays.
    pub(crate) fn leave_front(&mut self) -> Option<usize> {
        let first = self.first?;
        self.unlink(first);
        Some(first)
    }

    /// Removes a value, in line or not.
    pub(crate) fn remove(&mut self, key: usize) -> Option<T> {
        if self.nodes.get(key)?.in_line {
            self.unlink(key);
        }
        self.nodes.try_remove(key).map(|node| node.value)
    }

    fn unlink(&mut self, key: usize) {
        let node = &mut self.nodes[key];
        node.in_line = false;
        let (previous, next) = (node.previous.take(), node.next.take());
        match previous {
            Some(previous) => self.nodes[previous].next = next,
            None => self.first = next,
        }
        match next {
            Some(next) => self.nodes[next].previous = previous,
            None => self.last = previous,
        }
    }
}

impl<T> Index<usize> for Line<T> {
    type Output = T;

    fn index(&self, key: usize) -> &T {
        &self.nodes[key].value
    }
}

impl<T> IndexMut<usize> for Line<T> {
    fn index_mut(&mut self, key: usize) -> &mut T {
        &mut self.nodes[key].value
    }
}
