//! What an account has traded, read from the exchange's own history from where it is stored on.
//!
//! Holdings less what was traded is what was brought in from outside. Both are read at one moment of the account: history is never behind the
//! views, so when no fill is later than the account's last change, and the account did not change while history was read, they fit.

use std::collections::BTreeMap;

use api::account_limits::LimitsBody;
use api::ports::PortError;
use exchange_host::Handle;
use exchange_host::view::Range;
use risk::account::{Account, Results};
use serde::{Deserialize, Serialize};
use store::{Owner, StoreError, Ts, account_risk};
use types::{AccountId, AssetId, MarketId, Money, Side, Time};

use super::{Kept, Lane, words};

/// Fills read at a time.
const PAGE: usize = 1_000;
/// So many fills since the last note make another one worth while.
const NOTE_AFTER: u64 = 1_000;
/// How often an account that changes all the time is read again until both parts fit.
const TRIES_MAX: u32 = 50;

/// What was traded up to a fill.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Book {
    /// The last fill by market.
    fills: BTreeMap<MarketId, u64>,
    /// What fills and their fees added to the account, by asset.
    net: BTreeMap<AssetId, i128>,
    /// Fills since the last note.
    fresh: u64,
}

/// As it is stored: by name, for numbers are this installation's.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Stored {
    fills: BTreeMap<String, u64>,
    net: BTreeMap<String, String>,
    day: Option<i64>,
    day_start: String,
    highest: String,
}

/// Account, what was brought in, and the moment of both.
struct Read {
    book: Book,
    brought: BTreeMap<AssetId, Money>,
    at: Time,
}

impl Lane {
    /// Sees to it that an account is in memory and knows of everything.
    pub(super) async fn ensure(&self, number: AccountId) -> Result<(), PortError> {
        if self.kept().get(&number).is_some_and(|kept| kept.sound) {
            return Ok(());
        }
        let owned = self.0.follow.get(number).ok_or(PortError::Unknown("account"))?;
        let owner = Owner::of(owned.user);
        let row = account_risk::find(&mut self.0.store.read(), owner, owned.account).await;
        let row = row.map_err(|error| PortError::Unavailable(error.to_string()))?;
        let (limits, stored) = match &row {
            Some(row) => (read_limits(&row.limits)?, read_state(&row.state)?),
            None => (LimitsBody::default(), Stored::default()),
        };
        let limits = words::limits(&limits, &self.catalog())?;
        let (book, results) = self.understood(&stored);
        let handle = self.0.handle.clone();
        let read = tokio::task::spawn_blocking(move || read(&handle, number, book)).await;
        let read = read.map_err(|error| PortError::Failed(error.to_string()))??;
        let notes = read.book.fresh >= NOTE_AFTER;
        {
            let mut all = self.kept();
            match all.get_mut(&number) {
                // Somebody else was quicker.
                Some(kept) if kept.sound => return Ok(()),
                Some(kept) => {
                    kept.account.bring(read.brought);
                    (kept.book, kept.since, kept.sound) = (read.book, read.at, true);
                }
                None => {
                    let account = Account::new(limits, read.brought, results);
                    let kept =
                        Kept { account, owned, book: read.book, since: read.at, sound: true, noted: results };
                    all.insert(number, kept);
                }
            }
        }
        if notes {
            self.note(number).await;
        }
        Ok(())
    }

    fn understood(&self, stored: &Stored) -> (Book, Option<Results>) {
        let catalog = self.catalog();
        let mut book = Book::default();
        for (symbol, last) in &stored.fills {
            if let Some(market) = catalog.market_by_symbol(symbol) {
                book.fills.insert(market.id, *last);
            }
        }
        for (code, net) in &stored.net {
            if let (Some(asset), Ok(net)) = (catalog.asset_by_code(code), net.parse()) {
                book.net.insert(asset.id, net);
            }
        }
        let money = |text: &str| text.parse().map(Money).unwrap_or_default();
        let results = stored.day.map(|day| Results {
            day,
            day_start: money(&stored.day_start),
            highest: money(&stored.highest),
        });
        (book, results)
    }

    /// Stores what is known of an account. A failure is logged: it is read from history again.
    pub(super) async fn note(&self, number: AccountId) {
        let catalog = self.catalog();
        let Some((owned, results, stored)) = self.kept().get(&number).map(|kept| {
            let results = kept.account.results();
            let symbol = |id: &MarketId| catalog.market(*id).map(|market| market.symbol.to_string());
            let code = |id: &AssetId| catalog.asset(*id).map(|asset| asset.code.to_string());
            let stored = Stored {
                fills: kept.book.fills.iter().filter_map(|(id, last)| Some((symbol(id)?, *last))).collect(),
                net: kept
                    .book
                    .net
                    .iter()
                    .filter_map(|(id, net)| Some((code(id)?, net.to_string())))
                    .collect(),
                day: results.map(|results| results.day),
                day_start: results.map(|results| results.day_start.0.to_string()).unwrap_or_default(),
                highest: results.map(|results| results.highest.0.to_string()).unwrap_or_default(),
            };
            (kept.owned, results, stored)
        }) else {
            return;
        };
        let text = serde_json::to_string(&stored).unwrap_or_else(|_| "{}".to_owned());
        let (owner, account) = (Owner::of(owned.user), owned.account);
        let noted = self.0.store.write(move |tx| {
            Box::pin(async move { account_risk::set_state(tx, owner, account, &text, Ts::now()).await })
        });
        let noted: Result<(), StoreError> = noted.await;
        match noted {
            Ok(()) => {
                if let Some(kept) = self.kept().get_mut(&number) {
                    kept.noted = results;
                    kept.book.fresh = 0;
                }
            }
            Err(error) => tracing::warn!(%error, %account, "what an account has earned could not be noted"),
        }
    }
}

fn read_limits(text: &str) -> Result<LimitsBody, PortError> {
    // Limits that cannot be read are no licence to trade without any.
    LimitsBody::of_json(text)
        .map_err(|error| PortError::Unavailable(format!("the account's limits: {error}")))
}

fn read_state(text: &str) -> Result<Stored, PortError> {
    serde_json::from_str(text)
        .map_err(|error| PortError::Unavailable(format!("the account's results: {error}")))
}

/// Reads on in history until what is read fits the account as it is.
fn read(handle: &Handle, number: AccountId, mut book: Book) -> Result<Read, PortError> {
    let failed = |error: exchange_host::view::Failure| PortError::Unavailable(error.to_string());
    for _ in 0..TRIES_MAX {
        let before = handle.view().standing(number).ok_or(PortError::Unknown("account"))?;
        let mut newest = Time(i64::MIN);
        let markets: Vec<_> =
            handle.view().catalog().markets.iter().map(|m| (m.id, m.base.id, m.quote.id)).collect();
        for (market, base, quote) in markets {
            loop {
                let from = book.fills.get(&market).map_or(0, |last| last + 1);
                let fills =
                    handle.view().fills(number, market, None, &Range::from_id(from, PAGE)).map_err(failed)?;
                for fill in &fills {
                    newest = newest.max(fill.at);
                    book.take(market, (base, quote), fill.side, &fill.fill);
                }
                if fills.len() < PAGE {
                    break;
                }
            }
        }
        let after = handle.view().standing(number).ok_or(PortError::Unknown("account"))?;
        if after.balances.updated == before.balances.updated && newest <= before.balances.updated {
            let mut brought: BTreeMap<AssetId, Money> = BTreeMap::new();
            for balance in &before.balances.balances {
                brought.insert(balance.asset, Money(balance.available.0 + balance.locked.0));
            }
            for (asset, net) in &book.net {
                brought.entry(*asset).or_default().0 -= net;
            }
            return Ok(Read { book, brought, at: before.balances.updated });
        }
    }
    Err(PortError::Unavailable("the account trades too quickly to be weighed; try again".to_owned()))
}

impl Book {
    fn take(
        &mut self,
        market: MarketId,
        (base, quote): (AssetId, AssetId),
        side: Side,
        fill: &types::event::Fill,
    ) {
        let sign = if side == Side::Buy { 1 } else { -1 };
        *self.net.entry(base).or_default() += sign * i128::from(fill.qty.0);
        *self.net.entry(quote).or_default() -= sign * fill.quote.0;
        *self.net.entry(fill.fee_asset).or_default() -= fill.fee.0;
        self.fills.insert(market, fill.trade.0);
        self.fresh += 1;
    }
}
