-- What an account may do, and what its limits need to know. The file for the other engine has the same columns.

-- One row per account that has limits or was weighed. `limits`: as set by its owner (JSON). `state`: what was traded up to a fill, the
-- day's start and the highest result (JSON); it spares reading all fills again and is never ahead of the exchange.
CREATE TABLE account_risk (
    account_id BLOB NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    user_id BLOB NOT NULL,
    limits TEXT NOT NULL,
    state TEXT NOT NULL,
    updated_at INTEGER NOT NULL
);

-- The order list that an order belongs to (one cancels the other): the exchange's number of it.
ALTER TABLE orders ADD COLUMN list_id TEXT;
