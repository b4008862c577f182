//! `WHERE` clauses of optional parts, and pages by key.

use crate::statement::{Statement, composed};
use crate::value::{Ts, Value};

/// Conditions that must all hold, each with one value.
#[derive(Debug, Default)]
pub(crate) struct Conditions {
    text: String,
    values: Vec<Value>,
}

impl Conditions {
    /// A first condition like `user_id =`.
    pub(crate) fn of(left: &str, value: impl Into<Value>) -> Self {
        let mut conditions = Self::default();
        conditions.and(left, value);
        conditions
    }

    /// A further condition like `created_at <`.
    pub(crate) fn and(&mut self, left: &str, value: impl Into<Value>) {
        self.values.push(value.into());
        let joint = if self.text.is_empty() { "" } else { " AND " };
        self.text.push_str(&format!("{joint}{left} ${}", self.values.len()));
    }

    /// A further condition, if there is a value for it.
    pub(crate) fn and_if<V: Into<Value>>(&mut self, left: &str, value: Option<V>) {
        if let Some(value) = value {
            self.and(left, value);
        }
    }

    /// A further condition without a value, like `live`.
    pub(crate) fn and_that(&mut self, condition: &str) {
        self.text.push_str(" AND ");
        self.text.push_str(condition);
    }

    /// A further condition on time and id: before or after a row, in the order of (`created_at`, `id`).
    pub(crate) fn and_beyond(&mut self, comparison: &str, place: Option<(Ts, Value)>) {
        if let Some((ts, id)) = place {
            self.and_pair(&format!("(created_at, id) {comparison}"), (ts.into(), id));
        }
    }

    /// A further condition on two columns like `(price, id) >`.
    pub(crate) fn and_pair(&mut self, left: &str, (first, second): (Value, Value)) {
        let n = self.values.len();
        self.text.push_str(&format!(" AND {left} (${}, ${})", n + 1, n + 2));
        self.values.extend([first, second]);
    }

    /// The statement: `head WHERE ... tail LIMIT n`.
    pub(crate) fn statement(self, head: &str, tail: &str, limit: u32) -> Statement {
        let limit = limit.min(crate::limits::PAGE_MAX);
        let text = format!("{head} WHERE {} {tail} LIMIT ${}", self.text, self.values.len() + 1);
        composed(text).kept().bind_all(self.values).bind(limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_follow_the_values() {
        let mut conditions = Conditions::of("user_id =", "a");
        conditions.and_if("symbol =", None::<&str>);
        conditions.and_if("side =", Some("buy"));
        conditions.and_beyond("<", Some((Ts(5), Value::Int(Some(7)))));
        let statement = conditions.statement("SELECT id FROM trades", "ORDER BY id", 5_000);
        let expected = "SELECT id FROM trades WHERE user_id = $1 AND side = $2 AND (created_at, id) < ($3, $4) \
                        ORDER BY id LIMIT $5";
        assert_eq!(statement.text(), expected);
        assert_eq!(statement.values.len(), 5);
        assert_eq!(statement.values[4], Value::Int(Some(1_000)), "a page is bounded");
    }
}
