//! The exchange's words as Binance's JSON, shared by REST and the WebSocket API.

pub(crate) mod account;
pub(crate) mod exchange_info;
pub(crate) mod list;
pub(crate) mod market;
pub(crate) mod order;
pub(crate) mod ticker;
