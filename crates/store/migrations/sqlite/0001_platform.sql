-- The platform's tables. The file for the other engine has the same tables and columns, and a test compares them.
-- Amounts are TEXT (exact decimals, shortest form), moments INTEGER (microseconds since 1970), ids BLOB (16 bytes).

CREATE TABLE users (
    id BLOB NOT NULL PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    email TEXT,
    password_hash TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('viewer', 'trader', 'admin')),
    active INTEGER NOT NULL,
    totp_sealed BLOB,
    totp_last_step INTEGER,
    failed_logins INTEGER NOT NULL DEFAULT 0,
    blocked_until INTEGER,
    last_login INTEGER,
    password_changed_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);

CREATE TABLE sessions (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    ip TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    revoked_why TEXT
);

CREATE TABLE refresh_tokens (
    hash BLOB NOT NULL PRIMARY KEY,
    session_id BLOB NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    issued_at INTEGER NOT NULL,
    used_at INTEGER
);

CREATE TABLE api_keys (
    id TEXT NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    label TEXT NOT NULL,
    secret_sealed BLOB NOT NULL,
    scopes TEXT NOT NULL,
    ip_list TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER,
    expires_at INTEGER,
    revoked_at INTEGER
);

CREATE TABLE venue_keys (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    venue TEXT NOT NULL,
    label TEXT NOT NULL,
    tail TEXT NOT NULL,
    sealed BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER,
    UNIQUE (user_id, venue, label)
);

CREATE TABLE accounts (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    venue TEXT NOT NULL,
    mode TEXT NOT NULL CHECK (mode IN ('builtin', 'paper', 'live')),
    venue_account TEXT,
    venue_key_id BLOB REFERENCES venue_keys (id),
    is_default INTEGER NOT NULL,
    halted_at INTEGER,
    halt_reason TEXT,
    created_at INTEGER NOT NULL,
    UNIQUE (user_id, name)
);

CREATE TABLE currencies (
    code TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    scale INTEGER NOT NULL CHECK (scale BETWEEN 0 AND 18),
    active INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);

CREATE TABLE trading_pairs (
    id INTEGER NOT NULL PRIMARY KEY,
    exchange TEXT NOT NULL,
    symbol TEXT NOT NULL,
    base TEXT NOT NULL REFERENCES currencies (code),
    quote TEXT NOT NULL REFERENCES currencies (code),
    price_scale INTEGER NOT NULL,
    quantity_scale INTEGER NOT NULL,
    tick TEXT NOT NULL,
    lot TEXT NOT NULL,
    notional_min TEXT NOT NULL,
    active INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (exchange, symbol)
);

CREATE TABLE bots (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id),
    account_id BLOB NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL,
    strategy TEXT NOT NULL,
    exchange TEXT NOT NULL,
    symbol TEXT NOT NULL,
    bar_interval TEXT NOT NULL,
    params TEXT NOT NULL,
    status TEXT NOT NULL,
    status_reason TEXT,
    revision INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    started_at INTEGER,
    stopped_at INTEGER,
    UNIQUE (user_id, name)
);

CREATE TABLE bot_events (
    bot_id BLOB NOT NULL REFERENCES bots (id) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    user_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (bot_id, seq)
);

CREATE TABLE orders (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id),
    account_id BLOB NOT NULL REFERENCES accounts (id),
    bot_id BLOB,
    trading_pair_id INTEGER NOT NULL REFERENCES trading_pairs (id),
    exchange TEXT NOT NULL,
    symbol TEXT NOT NULL,
    client_order_id TEXT NOT NULL,
    exchange_order_id TEXT,
    side TEXT NOT NULL CHECK (side IN ('buy', 'sell')),
    order_type TEXT NOT NULL,
    time_in_force TEXT NOT NULL,
    price TEXT,
    stop_price TEXT,
    quantity TEXT NOT NULL,
    filled_quantity TEXT NOT NULL,
    filled_quote TEXT NOT NULL,
    status TEXT NOT NULL,
    live INTEGER NOT NULL,
    reason TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (account_id, client_order_id)
);

CREATE TABLE trades (
    id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    account_id BLOB NOT NULL,
    bot_id BLOB,
    order_id BLOB NOT NULL,
    trading_pair_id INTEGER NOT NULL,
    exchange TEXT NOT NULL,
    symbol TEXT NOT NULL,
    base TEXT NOT NULL,
    side TEXT NOT NULL CHECK (side IN ('buy', 'sell')),
    price TEXT NOT NULL,
    quantity TEXT NOT NULL,
    fee TEXT NOT NULL,
    fee_currency TEXT NOT NULL,
    pnl TEXT,
    venue_trade_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (id, created_at)
);

CREATE TABLE positions (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id),
    account_id BLOB NOT NULL REFERENCES accounts (id),
    bot_id BLOB,
    exchange TEXT NOT NULL,
    symbol TEXT NOT NULL,
    base TEXT NOT NULL,
    quantity TEXT NOT NULL,
    entry_price TEXT NOT NULL,
    realised_pnl TEXT NOT NULL,
    fees TEXT NOT NULL,
    is_open INTEGER NOT NULL,
    opened_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    closed_at INTEGER
);

CREATE TABLE balances (
    account_id BLOB NOT NULL REFERENCES accounts (id),
    currency TEXT NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id),
    free TEXT NOT NULL,
    locked TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, currency)
);

CREATE TABLE models (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    algorithm_type TEXT NOT NULL,
    symbol TEXT NOT NULL,
    bar_interval TEXT NOT NULL,
    params TEXT NOT NULL,
    training_status TEXT NOT NULL,
    version INTEGER NOT NULL,
    artefact_hash TEXT,
    metrics TEXT NOT NULL,
    job_id BLOB,
    active INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (user_id, name, version)
);

CREATE TABLE predictions (
    id BLOB NOT NULL PRIMARY KEY,
    model_id BLOB NOT NULL REFERENCES models (id) ON DELETE CASCADE,
    user_id BLOB NOT NULL,
    symbol TEXT NOT NULL,
    timestamp INTEGER NOT NULL,
    target_at INTEGER NOT NULL,
    value REAL NOT NULL,
    lower REAL,
    upper REAL,
    naive REAL NOT NULL,
    actual REAL,
    created_at INTEGER NOT NULL
);

CREATE TABLE backtests (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id),
    model_id BLOB,
    sweep_id BLOB,
    strategy TEXT NOT NULL,
    exchange TEXT NOT NULL,
    symbol TEXT NOT NULL,
    bar_interval TEXT NOT NULL,
    params TEXT NOT NULL,
    status TEXT NOT NULL,
    error TEXT,
    job_id BLOB,
    starts_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    metrics TEXT NOT NULL,
    result_hash TEXT,
    created_at INTEGER NOT NULL,
    finished_at INTEGER
);

CREATE TABLE sweeps (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id),
    strategy TEXT NOT NULL,
    exchange TEXT NOT NULL,
    symbol TEXT NOT NULL,
    bar_interval TEXT NOT NULL,
    space TEXT NOT NULL,
    objective TEXT NOT NULL,
    status TEXT NOT NULL,
    error TEXT,
    job_id BLOB,
    trials_planned INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    finished_at INTEGER
);

CREATE TABLE trials (
    id BLOB NOT NULL PRIMARY KEY,
    sweep_id BLOB NOT NULL REFERENCES sweeps (id) ON DELETE CASCADE,
    user_id BLOB NOT NULL,
    number INTEGER NOT NULL,
    params TEXT NOT NULL,
    metrics TEXT NOT NULL,
    score REAL,
    created_at INTEGER NOT NULL,
    UNIQUE (sweep_id, number)
);

CREATE TABLE alerts (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB REFERENCES users (id) ON DELETE CASCADE,
    scope TEXT NOT NULL,
    rule TEXT NOT NULL,
    severity TEXT NOT NULL CHECK (severity IN ('low', 'medium', 'high', 'critical')),
    state TEXT NOT NULL CHECK (state IN ('firing', 'acknowledged', 'resolved')),
    subject TEXT NOT NULL,
    message TEXT NOT NULL,
    detail TEXT NOT NULL,
    occurrences INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    resolved_at INTEGER
);

CREATE TABLE audit_log (
    seq INTEGER NOT NULL PRIMARY KEY,
    timestamp INTEGER NOT NULL,
    user_id BLOB,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    detail TEXT NOT NULL,
    ip TEXT NOT NULL,
    request_id TEXT NOT NULL,
    previous BLOB NOT NULL,
    hash BLOB NOT NULL
);

CREATE TABLE audit_archive (
    seq INTEGER NOT NULL PRIMARY KEY,
    timestamp INTEGER NOT NULL,
    user_id BLOB,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    detail TEXT NOT NULL,
    ip TEXT NOT NULL,
    request_id TEXT NOT NULL,
    previous BLOB NOT NULL,
    hash BLOB NOT NULL
);

CREATE TABLE audit_checkpoints (
    seq INTEGER NOT NULL PRIMARY KEY,
    hash BLOB NOT NULL,
    public_key BLOB NOT NULL,
    signature BLOB NOT NULL,
    created_at INTEGER NOT NULL
);

-- One row: where the chain ends. Locked by every entry, so that entries follow one another.
CREATE TABLE audit_head (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL
);

CREATE TABLE settings (
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    updated_by BLOB,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (scope, name)
);

CREATE TABLE jobs (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB REFERENCES users (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('queued', 'running', 'done', 'failed', 'cancelled', 'crashed')),
    priority INTEGER NOT NULL,
    progress INTEGER NOT NULL,
    progress_note TEXT NOT NULL,
    result TEXT,
    error TEXT,
    attempts INTEGER NOT NULL,
    attempts_max INTEGER NOT NULL,
    run_after INTEGER NOT NULL,
    lease_owner TEXT,
    lease_until INTEGER,
    cancel_requested INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    finished_at INTEGER
);

-- How far each projection of a shard's journal has come: written in the transaction that applies it.
CREATE TABLE projections (
    name TEXT NOT NULL,
    shard TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (name, shard)
);

-- When each piece of maintenance last ran, and how it went.
CREATE TABLE maintenance (
    task TEXT NOT NULL PRIMARY KEY,
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    outcome TEXT NOT NULL
);

INSERT INTO audit_head (one, seq, hash) VALUES (1, 0, zeroblob(32));
