//! Load over HTTP. Client `i` of `n` makes the arrivals `i`, `i + n`, `i + 2n`, … of the plan on its own connection: nobody hands out
//! work, and no answer can move what is due next.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::account::People;
use crate::client::{Ask, Client};
use crate::plan::Plan;
use crate::record::{Measured, Progress, Recorder};
use crate::scenario::{Request, Scenario};
use crate::target::Target;

/// How long after the last arrival answers are waited for; what was not even sent by then has failed.
const DRAIN_MAX: Duration = Duration::from_secs(30);

struct Load {
    requests: Vec<Request>,
    weights: u64,
    plan: Plan,
    clients: u64,
    recorder: Recorder,
    target: Target,
    people: People,
}

/// Carries it out.
pub(crate) async fn run(
    scenario: &Scenario,
    target: &Target,
    people: &People,
    mut tell: impl FnMut(&Progress),
) -> Measured {
    let plan = Plan::of(scenario);
    let names = scenario.requests.iter().map(|request| request.name.clone()).collect();
    let begun = Instant::now();
    let recorder = Recorder::new(names, begun, (plan.steady, plan.ends));
    let load = Arc::new(Load {
        requests: scenario.requests.clone(),
        weights: scenario.requests.iter().map(|request| u64::from(request.weight)).sum(),
        plan,
        clients: scenario.concurrent_users as u64,
        recorder,
        target: target.clone(),
        people: people.clone(),
    });
    let mut clients = JoinSet::new();
    for n in 0..scenario.concurrent_users {
        clients.spawn(Arc::clone(&load).client(n));
    }
    let mut ticks = tokio::time::interval(Duration::from_secs(1));
    ticks.tick().await;
    let (mut series, of_s) = (Vec::new(), load.plan.ends.as_secs());
    let mut served = 0;
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                let second = load.recorder.second(begun.elapsed().as_secs(), of_s);
                tell(&second);
                series.push(second);
            }
            ended = clients.join_next() => match ended {
                Some(answers) => served += usize::from(answers.unwrap_or(0) > 0),
                None => break,
            },
        }
    }
    series.push(load.recorder.second(begun.elapsed().as_secs(), of_s));
    load.recorder.close(load.plan.total(), served, series)
}

impl Load {
    /// One client; gives how many answers it got.
    async fn client(self: Arc<Self>, n: usize) -> u64 {
        let mut client = Client::new(&self.target);
        let give_up = self.plan.ends + DRAIN_MAX;
        let mut answers = 0;
        for arrival in (n as u64..).step_by(usize::try_from(self.clients).unwrap_or(1)) {
            let Some(due) = self.plan.time_of(arrival) else { break };
            let due_at = self.recorder.begun + due;
            let now = Instant::now();
            if due_at > now {
                tokio::time::sleep_until(due_at.into()).await;
                self.recorder.late(n, due_at.elapsed());
            }
            let kind = self.kind(arrival);
            if self.recorder.begun.elapsed() > give_up {
                self.recorder.note(n, kind, due_at.elapsed(), Some("never sent".to_owned()));
                continue;
            }
            let failure = self.ask(&mut client, n, kind, arrival).await;
            answers += u64::from(failure.is_none());
            self.recorder.note(n, kind, due_at.elapsed(), failure);
        }
        answers
    }

    /// Which request: by weight, spread evenly, and the same in every run.
    fn kind(&self, arrival: u64) -> usize {
        let mut place = mixed(arrival) % self.weights.max(1);
        for (kind, request) in self.requests.iter().enumerate() {
            if place < u64::from(request.weight) {
                return kind;
            }
            place -= u64::from(request.weight);
        }
        0
    }

    async fn ask(&self, client: &mut Client, n: usize, kind: usize, arrival: u64) -> Option<String> {
        let request = &self.requests[kind];
        let token = if request.login { self.people.token(n) } else { None };
        let number = arrival.to_string();
        let path = filled(&request.path, &number);
        let body = request.body.as_deref().map(|body| filled(body, &number));
        let ask =
            Ask { method: &request.method, path: &path, token: token.as_deref(), body: body.as_deref() };
        match client.ask(ask).await {
            Ok(answer) if request.expect.contains(&answer.status) => None,
            Ok(answer) => Some(format!("status {}", answer.status)),
            Err(why) => Some(why.word().to_owned()),
        }
    }
}

/// `{n}` is the number of the arrival: a name or key that no other request has.
fn filled<'a>(text: &'a str, number: &str) -> std::borrow::Cow<'a, str> {
    if text.contains("{n}") { text.replace("{n}", number).into() } else { text.into() }
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): neighbours become unrelated.
fn mixed(n: u64) -> u64 {
    let mut z = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
