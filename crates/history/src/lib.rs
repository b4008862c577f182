//! What happened on the exchange, on disk: trades, bars, closed orders, fills; paged by id and time.
