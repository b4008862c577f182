//! The people who make the load: one login, and as many more accounts as the scenario wants, each with a token that is kept fresh.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use serde_json::{Value, json};

use crate::RunError;
use crate::client::{Answer, Ask, Client};
use crate::scenario::Scenario;
use crate::target::Target;

/// A token lives five minutes; a new one is fetched after four.
const RENEW_EVERY: Duration = Duration::from_secs(240);
/// Tries of something that was refused for its frequency.
const TRIES_MAX: usize = 60;

/// Who logs in. For more than one account it must be an administrator.
#[derive(Clone)]
pub struct Credentials {
    /// Name.
    pub username: String,
    /// Password.
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials({})", self.username)
    }
}

/// Tokens by account.
#[derive(Clone, Debug, Default)]
pub(crate) struct People {
    // Held for a copy or a swap, never across an await.
    tokens: Arc<Vec<RwLock<Arc<str>>>>,
}

impl People {
    /// The token of a client's account; `None` when nobody logged in.
    pub(crate) fn token(&self, client: usize) -> Option<Arc<str>> {
        let place = client.checked_rem(self.tokens.len())?;
        Some(Arc::clone(&self.tokens[place].read().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// Makes sure that somebody answers, logs in, and makes the accounts.
pub(crate) async fn prepare(
    scenario: &Scenario,
    target: &Target,
    credentials: Option<&Credentials>,
) -> Result<People, RunError> {
    let mut client = Client::new(target);
    let alive = Ask { method: "GET", path: "/health", token: None, body: None };
    client
        .ask(alive)
        .await
        .map_err(|why| RunError::Unreachable(target.to_string(), why.word().to_owned()))?;
    let Some(credentials) = credentials else {
        return if scenario.needs_login() { Err(RunError::NoCredentials) } else { Ok(People::default()) };
    };
    let first = login(&mut client, target, credentials).await?;
    let mut all = vec![credentials.clone()];
    let mut tokens = vec![RwLock::new(Arc::clone(&first))];
    // The names of one run are its own; the accounts stay behind.
    let run = format!("{:x}", jiff::Timestamp::now().as_millisecond());
    while all.len() < scenario.accounts {
        let made = Credentials { username: format!("load-{run}-{}", all.len()), password: random_text() };
        let body =
            json!({ "username": made.username, "password": made.password, "role": "trader" }).to_string();
        let ask = Ask { method: "POST", path: "/api/users", token: Some(&first), body: Some(&body) };
        wanted(&mut client, target, "a user", ask, 201).await?;
        tokens.push(RwLock::new(login(&mut client, target, &made).await?));
        all.push(made);
    }
    let people = People { tokens: Arc::new(tokens) };
    tokio::spawn(keep_fresh(people.clone(), target.clone(), all));
    Ok(people)
}

/// Renews tokens one after another for as long as the run's runtime lives.
async fn keep_fresh(people: People, target: Target, all: Vec<Credentials>) {
    let pause = RENEW_EVERY / u32::try_from(all.len()).unwrap_or(1);
    let mut client = Client::new(&target);
    loop {
        for (place, credentials) in all.iter().enumerate() {
            tokio::time::sleep(pause).await;
            // A failure shows as refused requests.
            if let Ok(token) = login(&mut client, &target, credentials).await {
                *people.tokens[place].write().unwrap_or_else(PoisonError::into_inner) = token;
            }
        }
    }
}

async fn login(client: &mut Client, target: &Target, who: &Credentials) -> Result<Arc<str>, RunError> {
    let body = json!({ "username": who.username, "password": who.password }).to_string();
    let ask = Ask { method: "POST", path: "/api/auth/login", token: None, body: Some(&body) };
    let answer = wanted(client, target, "a login", ask, 200).await?;
    let value: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    value["token"].as_str().map(Arc::from).ok_or_else(|| refused("a login", &answer))
}

/// Asks until it is granted; what is refused for its frequency is asked again when the server says so.
pub(crate) async fn wanted(
    client: &mut Client,
    target: &Target,
    what: &'static str,
    ask: Ask<'_>,
    status: u16,
) -> Result<Answer, RunError> {
    for _ in 0..TRIES_MAX {
        let answer = client.ask(ask).await;
        let answer =
            answer.map_err(|why| RunError::Unreachable(target.to_string(), why.word().to_owned()))?;
        match (answer.status, answer.retry_after_s) {
            (got, _) if got == status => return Ok(answer),
            (429 | 503, Some(seconds)) => tokio::time::sleep(Duration::from_secs(seconds.min(10))).await,
            _ => return Err(refused(what, &answer)),
        }
    }
    Err(RunError::Refused { what, status: 429, body: "again and again".to_owned() })
}

fn refused(what: &'static str, answer: &Answer) -> RunError {
    let body: String = String::from_utf8_lossy(&answer.body).chars().take(200).collect();
    RunError::Refused { what, status: answer.status, body }
}

/// What the server says of itself; `None` where it does not tell.
pub(crate) async fn performance(target: &Target, people: &People) -> Option<Value> {
    let token = people.token(0);
    let ask = Ask { method: "GET", path: "/api/monitoring/performance", token: token.as_deref(), body: None };
    let answer = Client::new(target).ask(ask).await.ok()?;
    if answer.status != 200 {
        return None;
    }
    serde_json::from_slice(&answer.body).ok()
}

/// A password nobody has to remember.
fn random_text() -> String {
    let word = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", word(), word())
}
