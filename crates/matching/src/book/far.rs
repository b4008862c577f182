//! The levels away from the touch: a treap in a slab, sorted by rank.
//!
//! A treap is a search tree over the ranks and a heap over a fixed hash of them, so its shape depends on its members
//! alone and is balanced for all but chosen ones (whoever searches for bad prices gets a depth of about 2·√n).
//! Nodes are reused, so a book that has seen its largest size allocates no more; a standard ordered map allocates as
//! it goes. Cost: O(log n) per operation.

use super::orders::Level;
use std::num::NonZeroU32;

type Link = Option<NonZeroU32>;

#[derive(Clone, Debug)]
struct Node {
    rank: i64,
    level: Level,
    /// Smaller ranks; in a free node, the next free one.
    left: Link,
    /// Larger ranks.
    right: Link,
}

/// A sorted map from rank to level.
#[derive(Clone, Debug, Default)]
pub(super) struct Far {
    nodes: Vec<Node>,
    root: Link,
    free: Link,
}

impl Far {
    pub(super) const fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    pub(super) fn get(&self, rank: i64) -> Option<&Level> {
        let found = self.find(rank)?;
        Some(&self.node(found).level)
    }

    pub(super) fn get_mut(&mut self, rank: i64) -> Option<&mut Level> {
        let found = self.find(rank)?;
        Some(&mut self.node_mut(found).level)
    }

    /// The smallest rank not below `from`.
    pub(super) fn next(&self, from: i64) -> Option<i64> {
        let (mut at, mut found) = (self.root, None);
        while let Some(link) = at {
            let node = self.node(link);
            if node.rank < from {
                at = node.right;
            } else {
                found = Some(node.rank);
                at = node.left;
            }
        }
        found
    }

    /// Adds a level whose rank is not in the map.
    pub(super) fn insert(&mut self, rank: i64, level: Level) {
        let (mut parent, mut at) = (None, self.root);
        while let Some(link) = at
            && weight(self.node(link).rank) >= weight(rank)
        {
            parent = at;
            at = self.child(link, rank);
        }
        let (left, right) = self.split(at, rank);
        let new = self.add(Node { rank, level, left, right });
        self.hang(parent, rank, Some(new));
    }

    /// Removes a level, if the rank is in the map.
    pub(super) fn remove(&mut self, rank: i64) -> Option<Level> {
        let (mut parent, mut at) = (None, self.root);
        while let Some(link) = at
            && self.node(link).rank != rank
        {
            parent = at;
            at = self.child(link, rank);
        }
        let found = at?;
        let Node { left, right, level, .. } = *self.node(found);
        let joined = self.join(left, right);
        self.hang(parent, rank, joined);
        self.node_mut(found).left = self.free;
        self.free = at;
        Some(level)
    }

    fn find(&self, rank: i64) -> Link {
        let mut at = self.root;
        while let Some(link) = at
            && self.node(link).rank != rank
        {
            at = self.child(link, rank);
        }
        at
    }

    /// The child of a node on the way to another rank.
    fn child(&self, at: NonZeroU32, rank: i64) -> Link {
        let node = self.node(at);
        if rank < node.rank { node.left } else { node.right }
    }

    /// Makes `child` the child of `parent` on the side of `rank`, or the root.
    fn hang(&mut self, parent: Link, rank: i64, child: Link) {
        match parent {
            None => self.root = child,
            Some(parent) => {
                let node = self.node_mut(parent);
                if rank < node.rank {
                    node.left = child;
                } else {
                    node.right = child;
                }
            }
        }
    }

    /// The trees of the ranks below `rank` and above it.
    fn split(&mut self, at: Link, rank: i64) -> (Link, Link) {
        let Some(link) = at else { return (None, None) };
        if self.node(link).rank < rank {
            let (below, above) = self.split(self.node(link).right, rank);
            self.node_mut(link).right = below;
            (at, above)
        } else {
            let (below, above) = self.split(self.node(link).left, rank);
            self.node_mut(link).left = above;
            (below, at)
        }
    }

    /// One tree of two, all ranks of the first below those of the second.
    fn join(&mut self, below: Link, above: Link) -> Link {
        let (Some(b), Some(a)) = (below, above) else { return below.or(above) };
        if weight(self.node(b).rank) >= weight(self.node(a).rank) {
            let joined = self.join(self.node(b).right, above);
            self.node_mut(b).right = joined;
            below
        } else {
            let joined = self.join(below, self.node(a).left);
            self.node_mut(a).left = joined;
            above
        }
    }

    fn add(&mut self, node: Node) -> NonZeroU32 {
        if let Some(link) = self.free {
            self.free = self.node(link).left;
            *self.node_mut(link) = node;
            return link;
        }
        self.nodes.push(node);
        let number = u32::try_from(self.nodes.len()).ok().and_then(NonZeroU32::new);
        number.expect("there are no more levels than orders, and those have 32-bit slots")
    }

    fn node(&self, link: NonZeroU32) -> &Node {
        &self.nodes[link.get() as usize - 1]
    }

    fn node_mut(&mut self, link: NonZeroU32) -> &mut Node {
        &mut self.nodes[link.get() as usize - 1]
    }
}

/// The heap order: parents weigh at least as much as their children. Mixes all bits of the rank upwards.
const fn weight(rank: i64) -> u64 {
    let mixed = rank.cast_unsigned().wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ (mixed >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Largest distance from the root.
    fn depth(far: &Far, at: Link) -> usize {
        at.map_or(0, |link| {
            let node = far.node(link);
            1 + depth(far, node.left).max(depth(far, node.right))
        })
    }

    #[test]
    fn ranks_come_back_in_order_and_nodes_are_reused() {
        let mut far = Far::default();
        let ranks: Vec<i64> = (0..2_000).map(|i| (i * 7_919) % 2_003 - 1_000).collect();
        for rank in &ranks {
            far.insert(*rank, Level::default());
        }
        assert!(depth(&far, far.root) < 40, "{}", depth(&far, far.root));
        for rank in ranks.iter().filter(|rank| *rank % 2 == 0) {
            assert!(far.remove(*rank).is_some() && far.get(*rank).is_none());
        }
        assert!(far.remove(i64::MAX).is_none());
        let mut left: Vec<i64> = ranks.iter().copied().filter(|rank| rank % 2 != 0).collect();
        left.sort_unstable();
        let walked = std::iter::successors(far.next(i64::MIN), |rank| far.next(rank + 1));
        assert_eq!(walked.collect::<Vec<_>>(), left);
        let nodes = far.nodes.len();
        far.insert(i64::MIN, Level::default());
        far.insert(i64::MAX, Level::default());
        assert_eq!(
            (far.nodes.len(), far.next(i64::MIN), far.next(i64::MAX)),
            (nodes, Some(i64::MIN), Some(i64::MAX))
        );
    }
}
