//! What a reader of a result must know, in words.

use engine::BotState;
use types::Qty;

use crate::driver::Driver;
use crate::outcome::RECORDS_MAX;
use crate::run::BOT;

/// Everything about a finished run that could mislead.
pub(crate) fn of(driver: &Driver<'_>) -> Vec<String> {
    let recorder = &driver.recorder;
    let mut found = Vec::new();
    let mut say = |text: String| found.push(text);
    let counts = &recorder.counts;
    if counts.sent == 0 {
        say("no order was sent".to_owned());
    }
    for (code, n) in recorder.denied() {
        say(if code == risk::Denied::Bracket.code() {
            format!(
                "{n} times the strategy wanted a position again that its bracket had just closed; it was held back"
            )
        } else {
            format!("risk denied {n} orders: {code}")
        });
    }
    if counts.rejected > 0 {
        say(format!("the venue rejected {} orders", counts.rejected));
    }
    if recorder.liquidations > 0 {
        say(format!(
            "positions were liquidated {} times; the bot was stopped by the first",
            recorder.liquidations
        ));
    } else if driver.engine.state(BOT) == Some(BotState::Stopped) {
        say("the bot was stopped before the end".to_owned());
    }
    let waiting = driver.engine.orders().open().count();
    if waiting > 0 {
        say(format!("{waiting} orders were open at the end"));
    }
    if !recorder.is_flat() {
        let open = driver.engine.account(BOT).map_or(0, |account| {
            let markets = driver.engine.markets().iter().map(|v| v.instrument().market.id);
            markets.filter(|m| account.position(*m).qty().size() > Qty::ZERO).count()
        });
        say(format!("{open} positions were open at the end; they are valued at the last price"));
    }
    if recorder.unrecorded > 0 {
        say(format!(
            "{} fills after the first {RECORDS_MAX} are in the sums, but are not listed",
            recorder.unrecorded
        ));
    }
    if driver.overfills > 0 {
        say(format!(
            "orders that guarded a position closed more than there was {} times; the excess was closed at once",
            driver.overfills
        ));
    }
    if driver.strangers > 0 {
        say(format!("the venue spoke of {} orders that are not ours", driver.strangers));
    }
    found
}
