//! The wire: requests and what comes back, each with its own fate.

use std::collections::BTreeMap;

use orders::VenueOrder;
use types::{AccountId, Report, Time};
use venue::{Answer, OrderRef, VenueEvent};

use crate::random::Random;

const MS: i64 = 1_000_000;
/// A signed request is good for so long at the venue (Binance `recvWindow`).
pub(crate) const WINDOW_NS: i64 = 2_000 * MS;

/// How often the stream of reports breaks, percent of reports.
const BREAKS: u64 = 1;

/// A request on its way.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::large_enum_variant, reason = "few are on their way at a time")]
pub(crate) enum ToVenue {
    Submit { order: VenueOrder, signed: Time },
    Cancel(OrderRef),
    Query(OrderRef),
}

/// Something that arrives.
#[derive(Clone, Debug)]
pub(crate) enum Mail {
    Venue(ToVenue),
    /// For the process of this number only.
    Us(u64, VenueEvent),
    /// A bar's news, and a question about the past: what is told is decided on arrival, so that nothing is told twice.
    Bar(u64),
    Past {
        epoch: u64,
        ticket: u64,
        count: usize,
    },
}

pub(crate) struct Network {
    pub(crate) random: Random,
    /// Whether anything goes wrong.
    pub(crate) faulty: bool,
    /// By arrival, then in order of sending.
    mail: BTreeMap<(Time, u64), Mail>,
    sent: u64,
    /// Market news never overtake each other.
    market_at: Time,
    /// Nor do first reports while the stream keeps its order, as venues promise. (A repetition comes at any time later.)
    report_at: Time,
    /// The venue does not keep that promise: reports overtake each other.
    pub(crate) unordered: bool,
    /// The stream of reports is broken until then.
    broken_until: Option<Time>,
    pub(crate) faults: u64,
}

impl Network {
    pub(crate) const fn new(random: Random) -> Self {
        Self {
            random,
            faulty: true,
            mail: BTreeMap::new(),
            sent: 0,
            market_at: Time(0),
            report_at: Time(0),
            unordered: false,
            broken_until: None,
            faults: 0,
        }
    }

    fn post(&mut self, at: Time, mail: Mail) {
        self.sent += 1;
        self.mail.insert((at, self.sent), mail);
    }

    /// What arrives next, and when.
    pub(crate) fn next(&self) -> Option<Time> {
        self.mail.first_key_value().map(|((at, _), _)| *at)
    }

    pub(crate) fn take(&mut self) -> Option<Mail> {
        self.mail.pop_first().map(|(_, mail)| mail)
    }

    fn fault(&mut self, percent: u64) -> bool {
        let happens = self.faulty && self.random.chance(percent);
        self.faults += u64::from(happens);
        happens
    }

    fn travel(&mut self, now: Time) -> Time {
        let slow = self.fault(6);
        let ms = if slow { self.random.between(200, 11_900) } else { self.random.between(1, 150) };
        now.plus_nanos(ms * MS)
    }

    /// A request leaves.
    pub(crate) fn request(&mut self, now: Time, epoch: u64, order: &OrderRef, request: ToVenue) {
        if self.fault(5) {
            // The connection is reset; the request may have arrived all the same.
            let at = self.travel(now);
            self.post(at, Mail::Us(epoch, unclear(order)));
            if self.random.chance(50) {
                return;
            }
        } else if self.fault(5) {
            return;
        }
        let at = self.travel(now);
        self.post(at, Mail::Venue(request));
    }

    /// The venue answers.
    pub(crate) fn answer(&mut self, now: Time, epoch: u64, order: &OrderRef, answer: Answer) {
        if self.fault(5) {
            return;
        }
        let answer = if self.fault(4) { Answer::Unclear } else { answer };
        let at = self.travel(now);
        let client_id = order.client_id;
        self.post(at, Mail::Us(epoch, VenueEvent::Answer { client_id, answer }));
    }

    /// The venue reports.
    pub(crate) fn report(&mut self, now: Time, epoch: u64, account: AccountId, report: Report) {
        if self.broken_until.is_some_and(|until| now < until) {
            return;
        }
        self.broken_until = None;
        if self.fault(BREAKS) {
            // What was sent before still comes first.
            let until = now.plus_nanos(self.random.between(100, 5_000) * MS).max(self.report_at);
            self.report_at = until;
            self.broken_until = Some(until);
            self.post(until, Mail::Us(epoch, VenueEvent::Lost));
            return;
        }
        let event = VenueEvent::Report { account, report };
        let at = self.travel(now);
        let at = if self.unordered { at } else { at.max(self.report_at) };
        self.report_at = at.max(self.report_at);
        self.post(at, Mail::Us(epoch, event.clone()));
        if self.fault(5) {
            let at = self.travel(at);
            self.post(at, Mail::Us(epoch, event));
        }
    }

    /// A bar closed.
    pub(crate) fn bar(&mut self, now: Time, epoch: u64) {
        let at = self.market_time(now);
        self.post(at, Mail::Bar(epoch));
    }

    /// The past is asked for.
    pub(crate) fn past(&mut self, now: Time, epoch: u64, ticket: u64, count: usize) {
        let at = self.market_time(now);
        self.post(at, Mail::Past { epoch, ticket, count });
    }

    fn market_time(&mut self, now: Time) -> Time {
        let at = now.plus_nanos(self.random.between(1, 900) * MS).max(self.market_at);
        self.market_at = at;
        at
    }

    /// The process died: its connections are gone.
    pub(crate) const fn hang_up(&mut self) {
        self.broken_until = None;
    }
}

fn unclear(order: &OrderRef) -> VenueEvent {
    VenueEvent::Answer { client_id: order.client_id, answer: Answer::Unclear }
}
