//! Where one is in a trace, by W3C Trace Context (Recommendation of 23 November 2021).

use std::fmt;
use std::str::FromStr;

/// The header's name.
pub const HEADER: &str = "traceparent";

/// A place in a trace: neither number is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// The trace.
    pub trace: u128,
    /// The span that what happens next belongs to.
    pub span: u64,
    /// Whether the trace is recorded.
    pub sampled: bool,
}

/// A text that is no context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoContext;

impl FromStr for Context {
    type Err = NoContext;

    /// `00-<32 hex>-<16 hex>-<2 hex>`, lower case; later versions may have more behind.
    fn from_str(text: &str) -> Result<Self, NoContext> {
        read(text).ok_or(NoContext)
    }
}

fn read(text: &str) -> Option<Context> {
    let hex = |part: &str, len: usize| {
        part.len() == len && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let mut parts = text.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let well_formed = hex(version, 2) && hex(trace, 32) && hex(span, 16) && hex(flags, 2);
    if !well_formed || version == "ff" || (version == "00" && parts.next().is_some()) {
        return None;
    }
    let trace = u128::from_str_radix(trace, 16).ok().filter(|number| *number != 0)?;
    let span = u64::from_str_radix(span, 16).ok().filter(|number| *number != 0)?;
    let flags = u8::from_str_radix(flags, 16).ok()?;
    Some(Context { trace, span, sampled: flags & 1 == 1 })
}

impl fmt::Display for Context {
    /// As the header's value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace, self.span, u8::from(self.sampled))
    }
}

tokio::task_local! {
    static CURRENT: Context;
}

/// Where this task is in a trace, if it is in one.
#[must_use]
pub fn current() -> Option<Context> {
    CURRENT.try_with(|context| *context).ok()
}

/// Does something at a place in a trace; without one, as it is.
pub async fn within<T>(context: Option<Context>, work: impl Future<Output = T>) -> T {
    match context {
        Some(context) => CURRENT.scope(context, work).await,
        None => work.await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_context_reads_and_writes_and_anything_else_is_none() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let text = format!("00-{trace}-00f067aa0ba902b7-01");
        let read: Context = text.parse().expect("it is the Recommendation's own example");
        assert_eq!((format!("{:032x}", read.trace).as_str(), read.sampled), (trace, true));
        assert_eq!(read.to_string(), text);
        assert!(format!("cc-{trace}-00f067aa0ba902b7-00-more").parse::<Context>().is_ok_and(|c| !c.sampled));
        for wrong in [
            String::new(),
            format!("00-{trace}-00f067aa0ba902b7-01-more"),
            format!("ff-{trace}-00f067aa0ba902b7-01"),
            format!("00-{}-00f067aa0ba902b7-01", trace.to_uppercase()),
            format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            format!("00-{trace}-{}-01", "0".repeat(16)),
            format!("00-{trace}-00f067aa0ba902b7"),
            format!("00-{}-00f067aa0ba902b7-01", &trace[1..]),
        ] {
            assert_eq!(wrong.parse::<Context>(), Err(NoContext), "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_task_knows_its_place_while_it_works_there() {
        let place = Context { trace: 1, span: 2, sampled: true };
        assert_eq!(current(), None);
        assert_eq!(within(Some(place), async { current() }).await, Some(place));
        assert_eq!(within(None, async { current() }).await, None);
        assert_eq!(current(), None);
    }
}
