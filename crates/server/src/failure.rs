//! How a command of this program fails: what happened, why, what to do about it, and the exit code scripts can rely on.

use std::fmt;

/// The exit codes, as documented in `--help`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Something did not work.
    Failed = 1,
    /// The command line makes no sense (clap uses the same code).
    Usage = 2,
    /// The configuration makes no sense.
    Config = 3,
    /// A running server was expected and none answers.
    Unreachable = 4,
    /// The exchange said no; nothing changed.
    Refused = 5,
    /// Interrupted twice: stopped without waiting for the drain.
    Interrupted = 130,
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "every code is below 256"
        )]
        Self::from(exit as i32 as u8)
    }
}

/// A failed command.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    what: String,
    why: String,
    advice: String,
    /// More for programs.
    extra: serde_json::Value,
}

impl Failure {
    /// A failure with the exit code `exit`.
    pub(crate) fn new(exit: Exit, what: impl Into<String>) -> Self {
        Self {
            exit,
            what: what.into(),
            why: String::new(),
            advice: String::new(),
            extra: serde_json::Value::Null,
        }
    }

    /// Adds the cause.
    pub(crate) fn because(mut self, why: impl fmt::Display) -> Self {
        self.why = why.to_string();
        self
    }

    /// Adds what a person can do.
    pub(crate) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = advice.into();
        self
    }

    /// Adds numbers for programs: members of an object.
    pub(crate) fn with(mut self, extra: serde_json::Value) -> Self {
        self.extra = extra;
        self
    }

    /// What happened and why, in one line, for those who did not call the command line.
    pub(crate) fn in_a_line(&self) -> String {
        if self.why.is_empty() { self.what.clone() } else { format!("{}: {}", self.what, self.why) }
    }

    /// The same as one JSON object, for `--json`.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        let mut error = serde_json::json!({ "what": self.what, "why": self.why, "do": self.advice });
        for (name, value) in self.extra.as_object().into_iter().flatten() {
            error[name] = value.clone();
        }
        serde_json::json!({ "v": 1, "error": error })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.what)?;
        if !self.why.is_empty() {
            write!(f, "\n  why: {}", self.why)?;
        }
        if !self.advice.is_empty() {
            write!(f, "\n  do:  {}", self.advice)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_what_why_and_what_to_do() {
        let failure = Failure::new(Exit::Config, "no").because("it is so").advise("try this");
        assert_eq!(failure.to_string(), "error: no\n  why: it is so\n  do:  try this");
        assert_eq!(Failure::new(Exit::Failed, "no").to_string(), "error: no");
        assert_eq!(failure.to_json()["error"]["do"], "try this");
    }
}
