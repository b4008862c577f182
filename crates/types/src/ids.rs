//! Identities as newtypes, so that an order id can never be passed where an account id is meant.

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $inner);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// An account of the exchange. Ids are handed out by the operator's side and never reused.
    AccountId(u32)
);
id!(
    /// An asset (BTC, USDT, ...): index into the exchange's asset table, permanent.
    AssetId(u16)
);
id!(
    /// A market (BTCUSDT, ...): index into the exchange's market table, permanent.
    MarketId(u16)
);
id!(
    /// An order, unique over all markets of an exchange, rising in order of acceptance, first is 1.
    OrderId(u64)
);
id!(
    /// A trade, unique per market, rising by one without gaps, first is 1.
    TradeId(u64)
);
id!(
    /// An order list (OCO, OTO, OTOCO), unique over all markets, first is 1.
    ListId(u64)
);
