//! The trailing orders of one side that follow the price.
//!
//! A new best price changes the best of every order that has not seen a better one. So orders are grouped by the best
//! they saw: a new best merges all groups behind it into one, the smaller into the larger, and each order is moved
//! O(log n) times in its life. Within a group the smallest delta fires first, so a price looks only at the group that
//! would fire next, and again after each order fired.
//!
//! Prices are compared by their rank on the opposite side of the book ([`crate::order::rank`]): a sell hopes for high
//! prices as bids do. A smaller rank is better, and an order fires at its stop's rank or above.

use super::trailing_stop;
use crate::order::{rank, ranked};
use std::collections::{BTreeMap, BTreeSet};
use types::{Bips, OrderId, Price, Side};

/// A trailing order: delta, arrival, id; in this order they fire within a group.
type Member = (u32, u64, OrderId);

/// The orders that have seen the same best price.
#[derive(Clone, Debug)]
struct Group {
    number: u64,
    members: BTreeSet<Member>,
}

/// All tracking orders of a side.
#[derive(Clone, Debug)]
pub(super) struct Tracking {
    side: Side,
    /// By the rank of the best price seen.
    groups: BTreeMap<i64, Group>,
    /// For each group the rank of the stop that fires first, and the group's rank.
    stops: BTreeSet<(i64, i64)>,
    /// The delta and group number of each order, by arrival.
    places: BTreeMap<u64, (Member, u64)>,
    /// The rank of each group, by number.
    ranks: BTreeMap<u64, i64>,
    next_number: u64,
}

impl Tracking {
    pub(super) const fn new(side: Side) -> Self {
        Self {
            side,
            groups: BTreeMap::new(),
            stops: BTreeSet::new(),
            places: BTreeMap::new(),
            ranks: BTreeMap::new(),
            next_number: 0,
        }
    }

    /// Lets an order track from `best` on.
    pub(super) fn start(&mut self, arrival: u64, id: OrderId, delta: Bips, best: Price) {
        let member = (delta.0, arrival, id);
        let number = self.next_number;
        self.next_number += 1;
        self.places.insert(arrival, (member, number));
        let group = Group { number, members: BTreeSet::from([member]) };
        self.join(rank(self.side.opposite(), best), group);
    }

    /// Takes an order out. False if it does not track.
    pub(super) fn remove(&mut self, arrival: u64) -> bool {
        let Some((member, number)) = self.places.remove(&arrival) else { return false };
        let at = self.ranks[&number];
        let mut group = self.leave(at).expect("a place names a group that is there");
        group.members.remove(&member);
        self.enter(at, group);
        true
    }

    /// The best price an order saw, if it tracks.
    pub(super) fn best(&self, arrival: u64) -> Option<Price> {
        let (_, number) = self.places.get(&arrival)?;
        Some(ranked(self.side.opposite(), self.ranks[number]))
    }

    /// Follows the price; tells the arrival and id of each order that fires.
    pub(super) fn on_price(&mut self, last: Price, mut fired: impl FnMut(u64, OrderId)) {
        let now = rank(self.side.opposite(), last);
        while let Some(behind) = self.groups.keys().next_back().copied().filter(|at| *at > now) {
            let group = self.leave(behind).expect("it was found above");
            self.join(now, group);
        }
        while let Some((_, at)) = self.stops.first().copied().filter(|(stop, _)| *stop <= now) {
            let mut group = self.leave(at).expect("a stop names a group that is there");
            if let Some((_, arrival, id)) = group.members.pop_first() {
                self.places.remove(&arrival);
                fired(arrival, id);
            }
            self.enter(at, group);
        }
    }

    /// Merges a group with the one at a rank, if there is one.
    fn join(&mut self, at: i64, group: Group) {
        let Some(there) = self.leave(at) else { return self.enter(at, group) };
        let (mut large, small) =
            if there.members.len() < group.members.len() { (group, there) } else { (there, group) };
        for member in small.members {
            if let Some((_, number)) = self.places.get_mut(&member.1) {
                *number = large.number;
            }
            large.members.insert(member);
        }
        self.enter(at, large);
    }

    /// Takes the group at a rank out, with what points to it.
    fn leave(&mut self, at: i64) -> Option<Group> {
        let group = self.groups.remove(&at)?;
        self.ranks.remove(&group.number);
        self.stops.remove(&(self.first_stop(at, &group), at));
        Some(group)
    }

    /// Puts a group at a rank where there is none; an empty one is forgotten.
    fn enter(&mut self, at: i64, group: Group) {
        if group.members.is_empty() {
            return;
        }
        self.stops.insert((self.first_stop(at, &group), at));
        self.ranks.insert(group.number, at);
        self.groups.insert(at, group);
    }

    /// The rank of the stop of the group's first member.
    fn first_stop(&self, at: i64, group: &Group) -> i64 {
        let (delta, ..) = group.members.first().expect("a group that is there has members");
        let best = ranked(self.side.opposite(), at);
        rank(self.side.opposite(), trailing_stop(self.side, best, Bips(*delta)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_merge_at_a_new_best_and_nothing_stays_behind() {
        let mut tracking = Tracking::new(Side::Sell);
        for arrival in 0..100 {
            let best = Price(1_000 - i64::try_from(arrival).unwrap());
            tracking.start(arrival, OrderId(arrival), Bips(500), best);
        }
        assert_eq!(tracking.groups.len(), 100);
        tracking.on_price(Price(951), |_, _| panic!("nothing fires on the way up"));
        assert_eq!(
            (tracking.groups.len(), tracking.best(99), tracking.best(0)),
            (50, Some(Price(951)), Some(Price(1_000)))
        );
        let mut fired = Vec::new();
        tracking.on_price(Price(1), |arrival, _| fired.push(arrival));
        fired.sort_unstable();
        assert!(fired.into_iter().eq(0..100));
        let kept =
            tracking.groups.len() + tracking.stops.len() + tracking.places.len() + tracking.ranks.len();
        assert_eq!(kept, 0);
    }
}
