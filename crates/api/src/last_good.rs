//! The last good answer to each public question, for when there is no new one: an old price that says how old it is, rather than none.
//!
//! Bounded by number and by bytes: whoever asks a thousand large questions drives out older answers, and nothing else. Cost of keeping:
//! one look-up; when it is full, one look at all.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use bytes::Bytes;
use tokio::time::Instant;

/// Questions remembered: all that people ask often.
const QUESTIONS_MAX: usize = 1_000;
/// Bytes of all answers together. Most have a few thousand; one with 5,000 candles has 0.7 MB.
const BYTES_MAX: usize = 16 * 1024 * 1024;
/// What is older says nothing about a market any more.
const AGE_MAX: Duration = Duration::from_secs(600);

/// The answers with when they were made. The lock is held for a look-up.
#[derive(Debug, Default)]
pub(crate) struct LastGood(Mutex<Answers>);

#[derive(Debug, Default)]
struct Answers {
    by_question: HashMap<String, (Instant, Bytes)>,
    bytes: usize,
}

impl Answers {
    fn forget(&mut self, question: &str) {
        if let Some((_, answer)) = self.by_question.remove(question) {
            self.bytes -= answer.len();
        }
    }

    fn forget_the_oldest(&mut self) {
        let oldest =
            self.by_question.iter().min_by_key(|(_, (at, _))| *at).map(|(question, _)| question.clone());
        if let Some(question) = oldest {
            self.forget(&question);
        }
    }
}

impl LastGood {
    /// This was the answer a moment ago.
    pub(crate) fn keep(&self, question: &str, answer: Bytes) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.forget(question);
        known.bytes += answer.len();
        known.by_question.insert(question.to_owned(), (Instant::now(), answer));
        while known.by_question.len() > QUESTIONS_MAX || known.bytes > BYTES_MAX {
            known.forget_the_oldest();
        }
    }

    /// The answer of before with its age in seconds, if this one is a failure of the server.
    pub(crate) fn instead_of(&self, status: StatusCode, question: &str) -> Option<(Bytes, u64)> {
        if !status.is_server_error() {
            return None;
        }
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, answer) = known.by_question.get(question)?;
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
        known.keep("/api/book/5", Bytes::from_static(b"newer"));
        let instead = |status, question: &str| known.instead_of(status, question).map(|found| found.0);
        let down = StatusCode::SERVICE_UNAVAILABLE;
        assert_eq!(instead(down, "/api/book/5").as_deref(), Some(&b"newer"[..]));
        assert_eq!(instead(StatusCode::NOT_FOUND, "/api/book/5"), None, "the caller's own mistake");
        assert_eq!(instead(StatusCode::OK, "/api/book/5"), None);
        assert_eq!(instead(down, "/api/book/4"), None, "the oldest are forgotten");
        assert!(instead(down, &format!("/api/book/{}", QUESTIONS_MAX + 4)).is_some());
    }

    #[test]
    fn large_answers_drive_out_older_ones_and_not_more_memory() {
        let known = LastGood::default();
        let large = Bytes::from(vec![b'x'; BYTES_MAX / 10]);
        for n in 0..30 {
            known.keep(&format!("/api/candles/{n}"), large.clone());
            known.keep("/api/tickers", Bytes::from_static(b"now"));
        }
        let held = known.0.lock().unwrap();
        let bytes: usize = held.by_question.values().map(|(_, answer)| answer.len()).sum();
        assert_eq!((bytes, held.by_question.len()), (held.bytes, 11));
        assert!(bytes <= BYTES_MAX && held.by_question.contains_key("/api/tickers"));
    }
}
