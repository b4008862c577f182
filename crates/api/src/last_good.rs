//! The last good answer to each public question, for when there is no new one: an old price that says how old it is, rather than none.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use bytes::Bytes;

/// Questions remembered: all that people ask often.
const QUESTIONS_MAX: usize = 1_000;
/// What is older says nothing about a market any more.
const AGE_MAX: Duration = Duration::from_secs(600);

/// The answers with when they were made. The lock is held for a look-up.
#[derive(Debug, Default)]
pub(crate) struct LastGood(Mutex<HashMap<String, (Instant, Bytes)>>);

impl LastGood {
    /// This was the answer a moment ago.
    pub(crate) fn keep(&self, question: &str, answer: Bytes) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if let Some(last) = known.get_mut(question) {
            *last = (now, answer);
            return;
        }
        if known.len() >= QUESTIONS_MAX {
            known.retain(|_, (at, _)| now - *at < AGE_MAX);
        }
        if known.len() < QUESTIONS_MAX {
            known.insert(question.to_owned(), (now, answer));
        }
    }

    /// The answer of before with its age in seconds, if this one is a failure of the server.
    pub(crate) fn instead_of(&self, status: StatusCode, question: &str) -> Option<(Bytes, u64)> {
        if !status.is_server_error() {
            return None;
        }
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, answer) = known.get(question)?;
        let age = at.elapsed();
        (age < AGE_MAX).then(|| (answer.clone(), age.as_secs()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_answer_stands_in_for_a_failure_and_for_nothing_else() {
        let known = LastGood::default();
        for n in 0..QUESTIONS_MAX + 5 {
            known.keep(&format!("/api/book/{n}"), Bytes::from(n.to_string()));
        }
        known.keep("/api/book/1", Bytes::from_static(b"newer"));
        let instead = |status, question: &str| known.instead_of(status, question).map(|found| found.0);
        let down = StatusCode::SERVICE_UNAVAILABLE;
        assert_eq!(instead(down, "/api/book/1").as_deref(), Some(&b"newer"[..]));
        assert_eq!(instead(StatusCode::NOT_FOUND, "/api/book/1"), None, "the caller's own mistake");
        assert_eq!(instead(StatusCode::OK, "/api/book/1"), None);
        assert_eq!(instead(down, &format!("/api/book/{}", QUESTIONS_MAX + 1)), None, "bounded");
    }
}
