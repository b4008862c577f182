//! Conditions as people write them: `RSI(14) < 30`, `EMA(20) crosses above EMA(100) and not CLOSE < 0.9 * SMA(200)`.
//!
//! ```text
//! any        = all { "or" all }
//! all        = one { "and" one }
//! one        = "not" one | "(" any ")" | "never" | "always" | operand verb operand
//! verb       = "<" | "<=" | ">" | ">=" | "crosses above" | "crosses below"
//! operand    = [ number "*" ] ( price | function [ "." output ] ) | number
//! price      = "OPEN" | "HIGH" | "LOW" | "CLOSE" | "VOLUME"
//! function   = a name of TA-Lib with its parameters: "RSI(14)", "BBANDS(20,2,2,EMA)", "OBV"
//! ```
//!
//! Letters' case does not matter. A function of several outputs without a name means the first. A comparison with something that has
//! no value (a division by zero inside a function) is not met.

use indicators::Settings;

use super::series::{Of, Operand, Series};

/// Whether something is so.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Condition {
    Never,
    Always,
    Compare(Comparison),
    Not(Box<Self>),
    All(Vec<Self>),
    Any(Vec<Self>),
}

/// Two operands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Comparison {
    pub(super) left: Operand,
    verb: Verb,
    pub(super) right: Operand,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Below,
    AtMost,
    Above,
    AtLeast,
    CrossesAbove,
    CrossesBelow,
}

impl Comparison {
    fn is_met(&self, series: &Series) -> bool {
        let (left, right) = (series.now(self.left), series.now(self.right));
        let before = || (series.before(self.left), series.before(self.right));
        match self.verb {
            Verb::Below => left < right,
            Verb::AtMost => left <= right,
            Verb::Above => left > right,
            Verb::AtLeast => left >= right,
            Verb::CrossesAbove => left > right && matches!(before(), (l, r) if l <= r),
            Verb::CrossesBelow => left < right && matches!(before(), (l, r) if l >= r),
        }
    }
}

impl Condition {
    /// Reads a condition; its functions join `series`.
    ///
    /// # Errors
    /// What is wrong, and what would be right.
    pub(super) fn parse(text: &str, series: &mut Series) -> Result<Self, String> {
        let mut reader = Reading { rest: text, series };
        let condition = reader.any()?;
        reader.end()?;
        Ok(condition)
    }

    /// Whether it is so now, and the comparison that decided it: the first that is not met of several that all must be, the
    /// first that is met of several of which one is enough.
    pub(super) fn judge(&self, series: &Series) -> (bool, Option<Comparison>) {
        let first = |parts: &[Self], wanted: bool| {
            let mut last = (!wanted, None);
            for part in parts {
                last = part.judge(series);
                if last.0 == wanted {
                    break;
                }
            }
            last
        };
        match self {
            Self::Never => (false, None),
            Self::Always => (true, None),
            Self::Compare(comparison) => (comparison.is_met(series), Some(*comparison)),
            Self::Not(inner) => {
                let (met, by) = inner.judge(series);
                (!met, by)
            }
            Self::All(parts) => first(parts, false),
            Self::Any(parts) => first(parts, true),
        }
    }

    /// Whether it looks at the bar before.
    pub(super) fn looks_back(&self) -> bool {
        match self {
            Self::Never | Self::Always => false,
            Self::Compare(comparison) => {
                matches!(comparison.verb, Verb::CrossesAbove | Verb::CrossesBelow)
            }
            Self::Not(inner) => inner.looks_back(),
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::looks_back),
        }
    }
}

/// What is left to read. Recursion is bounded by the length of a parameter.
struct Reading<'a, 's> {
    rest: &'a str,
    series: &'s mut Series,
}

impl<'a> Reading<'a, '_> {
    fn any(&mut self) -> Result<Condition, String> {
        let mut parts = vec![self.all()?];
        while self.word("or") {
            parts.push(self.all()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Condition::Any(parts) })
    }

    fn all(&mut self) -> Result<Condition, String> {
        let mut parts = vec![self.one()?];
        while self.word("and") {
            parts.push(self.one()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Condition::All(parts) })
    }

    fn one(&mut self) -> Result<Condition, String> {
        if self.word("not") {
            return Ok(Condition::Not(Box::new(self.one()?)));
        }
        if self.word("never") {
            return Ok(Condition::Never);
        }
        if self.word("always") {
            return Ok(Condition::Always);
        }
        if self.sign("(") {
            let inner = self.any()?;
            return if self.sign(")") { Ok(inner) } else { Err(self.wanted("and, or, or )")) };
        }
        let left = self.operand()?;
        let verb = self.verb()?;
        let right = self.operand()?;
        if left.of == Of::Number && right.of == Of::Number {
            return Err("two numbers are compared, of which neither ever changes".to_owned());
        }
        Ok(Condition::Compare(Comparison { left, verb, right }))
    }

    fn verb(&mut self) -> Result<Verb, String> {
        for (sign, verb) in
            [("<=", Verb::AtMost), ("<", Verb::Below), (">=", Verb::AtLeast), (">", Verb::Above)]
        {
            if self.sign(sign) {
                return Ok(verb);
            }
        }
        if self.word("crosses") {
            if self.word("above") {
                return Ok(Verb::CrossesAbove);
            }
            if self.word("below") {
                return Ok(Verb::CrossesBelow);
            }
            return Err(self.wanted("above or below"));
        }
        Err(self.wanted("<, <=, >, >=, crosses above or crosses below"))
    }

    fn operand(&mut self) -> Result<Operand, String> {
        let Some(factor) = self.number() else {
            return Ok(Operand { factor: 1.0, of: self.named()? });
        };
        let of = if self.sign("*") { self.named()? } else { Of::Number };
        Ok(Operand { factor, of })
    }

    /// A price, or an output of a function.
    fn named(&mut self) -> Result<Of, String> {
        let name = self.name();
        if name.is_empty() {
            return Err(self.wanted("a number, a price like CLOSE or an indicator like RSI(14)"));
        }
        if let Some(price) = Series::price(name) {
            return Ok(price);
        }
        let settings = Settings::named(&format!("{name}{}", self.brackets()?))
            .map_err(|error| format!("{error} (prices are OPEN, HIGH, LOW, CLOSE and VOLUME)"))?;
        let outputs = settings.function().outputs();
        let output = if self.sign(".") {
            let wanted = self.name();
            let found = outputs.iter().position(|output| output.name.eq_ignore_ascii_case(wanted));
            found.ok_or_else(|| {
                let known: Vec<&str> = outputs.iter().map(|output| output.name.as_str()).collect();
                format!(
                    "{} has no output {wanted:?}; there are {}",
                    settings.function().name(),
                    known.join(", ")
                )
            })?
        } else {
            0
        };
        Ok(Of::Output(self.series.line(&settings), output))
    }

    /// What stands in brackets directly after a name, brackets included.
    fn brackets(&mut self) -> Result<&'a str, String> {
        let rest = self.rest.trim_start();
        if !rest.starts_with('(') {
            return Ok("");
        }
        let end = rest.find(')').ok_or_else(|| self.wanted(") after the parameters"))?;
        let (inside, rest) = rest.split_at(end + 1);
        self.rest = rest;
        Ok(inside)
    }

    /// A number with its sign; finite.
    fn number(&mut self) -> Option<f64> {
        let rest = self.rest.trim_start();
        let is_part = |(at, letter): (usize, char)| {
            letter.is_ascii_digit() || letter == '.' || (at == 0 && matches!(letter, '-' | '+'))
        };
        let end = rest.char_indices().find(|place| !is_part(*place)).map_or(rest.len(), |(at, _)| at);
        let number: f64 = rest[..end].parse().ok()?;
        self.rest = &rest[end..];
        Some(number)
    }

    /// Letters, digits, `_` and `-`, beginning with a letter; empty when there is none.
    fn name(&mut self) -> &'a str {
        let rest = self.rest.trim_start();
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
        let end = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
        if !rest.starts_with(|letter: char| letter.is_ascii_alphabetic()) {
            return "";
        }
        let (name, rest) = rest.split_at(end);
        self.rest = rest;
        name
    }

    /// Takes a word if it comes next.
    fn word(&mut self, word: &str) -> bool {
        let before = self.rest;
        if self.name().eq_ignore_ascii_case(word) {
            return true;
        }
        self.rest = before;
        false
    }

    /// Takes a sign if it comes next.
    fn sign(&mut self, sign: &str) -> bool {
        let found = self.rest.trim_start().strip_prefix(sign);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    fn end(&self) -> Result<(), String> {
        if self.rest.trim().is_empty() { Ok(()) } else { Err(self.wanted("and, or, or the end")) }
    }

    fn wanted(&self, what: &str) -> String {
        match self.rest.trim() {
            "" => format!("it ends where {what} is wanted"),
            rest => format!("at {rest:?} {what} is wanted"),
        }
    }
}

#[cfg(test)]
mod tests {
    use types::{Bar, Interval, Money, Price, Time};

    use super::*;

    fn bar(n: i64, close: i64) -> Bar {
        let flat = Bar::flat(Interval::M1, Time(n * 60_000_000_000), Price(close * 100));
        Bar { high: Price(close * 100 + 50), volume: Money(3), ..flat }
    }

    /// Whether a condition is met after each close.
    fn met(text: &str, closes: &[i64]) -> Vec<bool> {
        let mut series = Series::new(2, 0);
        let condition = Condition::parse(text, &mut series).unwrap();
        let steps = closes.iter().zip(0_i64..).map(|(close, n)| {
            series.update(&bar(n, *close)).unwrap();
            condition.judge(&series).0
        });
        steps.collect()
    }

    #[test]
    fn conditions_mean_what_they_say() {
        const UP_DOWN: [i64; 6] = [10, 11, 12, 12, 11, 13];
        for (text, want) in [
            ("CLOSE > 11", [0, 0, 1, 1, 0, 1]),
            ("close >= 12 and high < 13", [0, 0, 1, 1, 0, 0]),
            ("CLOSE crosses above 11", [0, 0, 1, 0, 0, 1]),
            ("CLOSE crosses below 12", [0, 0, 0, 0, 1, 0]),
            ("not CLOSE > 11", [1, 1, 0, 0, 1, 0]),
            ("CLOSE < 11 or CLOSE > 12 and VOLUME >= 3", [1, 0, 0, 0, 0, 1]),
            ("(CLOSE < 11 or CLOSE > 12) and VOLUME > 3", [0; 6]),
            ("SMA(2) > 11", [0, 0, 1, 1, 1, 1]),
            ("sma(2) crosses above sma(3)", [0; 6]),
            ("CLOSE > 1.05 * SMA(2)", [0, 0, 0, 0, 0, 1]),
            ("MAX(3) - 5 < 0 or always", [0; 6]),
            ("never", [0; 6]),
            ("MINMAX(3).max >= 12", [0, 0, 1, 1, 1, 1]),
            ("MINMAX(3) >= 11", [0, 0, 0, 1, 1, 1]),
        ] {
            if text.contains(" - ") {
                let wrong = Condition::parse(text, &mut Series::new(2, 0)).unwrap_err();
                assert!(wrong.contains("at \"- 5 < 0 or always\" <"), "{wrong}");
                continue;
            }
            let want: Vec<bool> = want.iter().map(|x| *x == 1).collect();
            assert_eq!(met(text, &UP_DOWN), want, "{text}");
        }
    }

    #[test]
    fn a_function_that_is_named_twice_runs_once() {
        let mut series = Series::new(2, 0);
        Condition::parse("RSI(14) < 30 or rsi > 70 and MACD.macd > macd(12,26,9).macd-signal", &mut series)
            .unwrap();
        assert_eq!(series.line(&Settings::named("RSI").unwrap()), 0);
        assert_eq!(series.line(&Settings::named("MACD").unwrap()), 1);
        assert_eq!(series.line(&Settings::named("OBV").unwrap()), 2);
        assert_eq!(series.lookback(), 33);
    }

    #[test]
    fn errors_say_where_and_what_is_wanted() {
        for (text, part) in [
            ("", "it ends where a number, a price like CLOSE"),
            ("RSI(14)", "it ends where <, <=, >, >=, crosses above"),
            ("RSI(14) < ", "it ends where a number"),
            ("RSI(14) = 30", "at \"= 30\""),
            ("RSJ(14) < 30", "did you mean RSI?"),
            ("RSI(0) < 30", "a whole number from 2"),
            ("RSI(14 < 30", "the parameters"),
            ("MACD.signal > 0", "there are macd, macd-signal, macd-hist"),
            ("CLOSE crosses 3", "above or below"),
            ("1 < 2", "neither ever changes"),
            ("(CLOSE > 1", "and, or, or )"),
            ("CLOSE > 1 CLOSE", "and, or, or the end"),
            ("CLOSE > $w", "at \"$w\""),
            ("CLOSE > ünder", "at \"ünder\""),
        ] {
            let error = Condition::parse(text, &mut Series::new(2, 0)).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn the_comparison_that_decided_is_told() {
        let mut series = Series::new(2, 0);
        let text = "CLOSE > 5 and HIGH > 100 and LOW > 200";
        let condition = Condition::parse(text, &mut series).unwrap();
        series.update(&bar(0, 10)).unwrap();
        let (met, by) = condition.judge(&series);
        let by = by.unwrap();
        assert_eq!((met, series.label(by.left), series.now(by.right)), (false, "high", 100.0));
    }
}
