-- The platform's tables. The file for the other engine has the same tables and columns, and a test compares them.
-- Amounts are NUMERIC, moments TIMESTAMPTZ. Fills are partitioned by month.

CREATE TABLE users (
    id UUID NOT NULL PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    email TEXT,
    password_hash TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('viewer', 'trader', 'admin')),
    active BOOLEAN NOT NULL,
    totp_sealed BYTEA,
    totp_last_step BIGINT,
    failed_logins BIGINT NOT NULL DEFAULT 0,
    blocked_until TIMESTAMPTZ,
    last_login TIMESTAMPTZ,
    password_changed_at TIMESTAMPTZ NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE sessions (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    ip TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    last_used_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    revoked_at TIMESTAMPTZ,
    revoked_why TEXT
);

CREATE TABLE refresh_tokens (
    hash BYTEA NOT NULL PRIMARY KEY,
    session_id UUID NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    issued_at TIMESTAMPTZ NOT NULL,
    used_at TIMESTAMPTZ
);

CREATE TABLE api_keys (
    id TEXT NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    label TEXT NOT NULL,
    secret_sealed BYTEA NOT NULL,
    scopes TEXT NOT NULL,
    ip_list TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    last_used_at TIMESTAMPTZ,
    expires_at TIMESTAMPTZ,
    revoked_at TIMESTAMPTZ
);

CREATE TABLE venue_keys (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    venue TEXT NOT NULL,
    label TEXT NOT NULL,
    tail TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    last_used_at TIMESTAMPTZ,
    UNIQUE (user_id, venue, label)
);

CREATE TABLE accounts (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    venue TEXT NOT NULL,
    mode TEXT NOT NULL CHECK (mode IN ('builtin', 'paper', 'live')),
    venue_account TEXT,
    venue_key_id UUID REFERENCES venue_keys (id),
    is_default BOOLEAN NOT NULL,
    halted_at TIMESTAMPTZ,
    halt_reason TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    UNIQUE (user_id, name)
);

CREATE TABLE currencies (
    code TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    scale BIGINT NOT NULL CHECK (scale BETWEEN 0 AND 18),
    active BOOLEAN NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE trading_pairs (
    id BIGINT NOT NULL PRIMARY KEY,
    exchange TEXT NOT NULL,
    symbol TEXT NOT NULL,
    base TEXT NOT NULL REFERENCES currencies (code),
    quote TEXT NOT NULL REFERENCES currencies (code),
    price_scale BIGINT NOT NULL,
    quantity_scale BIGINT NOT NULL,
    tick NUMERIC NOT NULL,
    lot NUMERIC NOT NULL,
    notional_min NUMERIC NOT NULL,
    active BOOLEAN NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    UNIQUE (exchange, symbol)
);

CREATE TABLE bots (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id),
    account_id UUID NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL,
    strategy TEXT NOT NULL,
    exchange TEXT NOT NULL,
    symbol TEXT NOT NULL,
    bar_interval TEXT NOT NULL,
    params TEXT NOT NULL,
    status TEXT NOT NULL,
    status_reason TEXT,
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    started_at TIMESTAMPTZ,
    stopped_at TIMESTAMPTZ,
    UNIQUE (user_id, name)
);

CREATE TABLE bot_events (
    bot_id UUID NOT NULL REFERENCES bots (id) ON DELETE CASCADE,
    seq BIGINT NOT NULL,
    user_id UUID NOT NULL,
    kind TEXT NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (bot_id, seq)
);

CREATE TABLE orders (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id),
    account_id UUID NOT NULL REFERENCES accounts (id),
    bot_id UUID,
    trading_pair_id BIGINT NOT NULL REFERENCES trading_pairs (id),
    exchange TEXT NOT NULL,
    symbol TEXT NOT NULL,
    client_order_id TEXT NOT NULL,
    exchange_order_id TEXT,
    side TEXT NOT NULL CHECK (side IN ('buy', 'sell')),
    order_type TEXT NOT NULL,
    time_in_force TEXT NOT NULL,
    price NUMERIC,
    stop_price NUMERIC,
    quantity NUMERIC NOT NULL,
    filled_quantity NUMERIC NOT NULL,
    filled_quote NUMERIC NOT NULL,
    status TEXT NOT NULL,
    live BOOLEAN NOT NULL,
    reason TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    UNIQUE (account_id, client_order_id)
);

CREATE TABLE trades (
    id UUID NOT NULL,
    user_id UUID NOT NULL,
    account_id UUID NOT NULL,
    bot_id UUID,
    order_id UUID NOT NULL,
    trading_pair_id BIGINT NOT NULL,
    exchange TEXT NOT NULL,
    symbol TEXT NOT NULL,
    base TEXT NOT NULL,
    side TEXT NOT NULL CHECK (side IN ('buy', 'sell')),
    price NUMERIC NOT NULL,
    quantity NUMERIC NOT NULL,
    fee NUMERIC NOT NULL,
    fee_currency TEXT NOT NULL,
    pnl NUMERIC,
    venue_trade_id TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);

-- Makes the partition of the month of `moment` if it is missing, without blocking writers: the table is made beside
-- and attached. Gives its name.
CREATE FUNCTION trades_partition(moment TIMESTAMPTZ) RETURNS TEXT LANGUAGE plpgsql AS $$
DECLARE
    first TIMESTAMPTZ := date_trunc('month', moment AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';
    next TIMESTAMPTZ := (date_trunc('month', moment AT TIME ZONE 'UTC') + INTERVAL '1 month') AT TIME ZONE 'UTC';
    part TEXT := 'trades_y' || to_char(moment AT TIME ZONE 'UTC', 'YYYY"m"MM');
BEGIN
    IF to_regclass(part) IS NULL THEN
        PERFORM pg_advisory_xact_lock(hashtext('trades_partition'));
        IF to_regclass(part) IS NULL THEN
            EXECUTE format('CREATE TABLE %I (LIKE trades INCLUDING ALL)', part);
            EXECUTE format('ALTER TABLE trades ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', part, first, next);
        END IF;
    END IF;
    RETURN part;
END $$;

CREATE TABLE positions (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id),
    account_id UUID NOT NULL REFERENCES accounts (id),
    bot_id UUID,
    exchange TEXT NOT NULL,
    symbol TEXT NOT NULL,
    base TEXT NOT NULL,
    quantity NUMERIC NOT NULL,
    entry_price NUMERIC NOT NULL,
    realised_pnl NUMERIC NOT NULL,
    fees NUMERIC NOT NULL,
    is_open BOOLEAN NOT NULL,
    opened_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    closed_at TIMESTAMPTZ
);

CREATE TABLE balances (
    account_id UUID NOT NULL REFERENCES accounts (id),
    currency TEXT NOT NULL,
    user_id UUID NOT NULL REFERENCES users (id),
    free NUMERIC NOT NULL,
    locked NUMERIC NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (account_id, currency)
);

CREATE TABLE models (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    algorithm_type TEXT NOT NULL,
    symbol TEXT NOT NULL,
    bar_interval TEXT NOT NULL,
    params TEXT NOT NULL,
    training_status TEXT NOT NULL,
    version BIGINT NOT NULL,
    artefact_hash TEXT,
    metrics TEXT NOT NULL,
    job_id UUID,
    active BOOLEAN NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    UNIQUE (user_id, name, version)
);

CREATE TABLE predictions (
    id UUID NOT NULL PRIMARY KEY,
    model_id UUID NOT NULL REFERENCES models (id) ON DELETE CASCADE,
    user_id UUID NOT NULL,
    symbol TEXT NOT NULL,
    timestamp TIMESTAMPTZ NOT NULL,
    target_at TIMESTAMPTZ NOT NULL,
    value DOUBLE PRECISION NOT NULL,
    lower DOUBLE PRECISION,
    upper DOUBLE PRECISION,
    naive DOUBLE PRECISION NOT NULL,
    actual DOUBLE PRECISION,
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE backtests (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id),
    model_id UUID,
    sweep_id UUID,
    strategy TEXT NOT NULL,
    exchange TEXT NOT NULL,
    symbol TEXT NOT NULL,
    bar_interval TEXT NOT NULL,
    params TEXT NOT NULL,
    status TEXT NOT NULL,
    error TEXT,
    job_id UUID,
    starts_at TIMESTAMPTZ NOT NULL,
    ends_at TIMESTAMPTZ NOT NULL,
    metrics TEXT NOT NULL,
    result_hash TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    finished_at TIMESTAMPTZ
);

CREATE TABLE sweeps (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id),
    strategy TEXT NOT NULL,
    exchange TEXT NOT NULL,
    symbol TEXT NOT NULL,
    bar_interval TEXT NOT NULL,
    space TEXT NOT NULL,
    objective TEXT NOT NULL,
    status TEXT NOT NULL,
    error TEXT,
    job_id UUID,
    trials_planned BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    finished_at TIMESTAMPTZ
);

CREATE TABLE trials (
    id UUID NOT NULL PRIMARY KEY,
    sweep_id UUID NOT NULL REFERENCES sweeps (id) ON DELETE CASCADE,
    user_id UUID NOT NULL,
    number BIGINT NOT NULL,
    params TEXT NOT NULL,
    metrics TEXT NOT NULL,
    score DOUBLE PRECISION,
    created_at TIMESTAMPTZ NOT NULL,
    UNIQUE (sweep_id, number)
);

CREATE TABLE alerts (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID REFERENCES users (id) ON DELETE CASCADE,
    scope TEXT NOT NULL,
    rule TEXT NOT NULL,
    severity TEXT NOT NULL CHECK (severity IN ('low', 'medium', 'high', 'critical')),
    state TEXT NOT NULL CHECK (state IN ('firing', 'acknowledged', 'resolved')),
    subject TEXT NOT NULL,
    message TEXT NOT NULL,
    detail TEXT NOT NULL,
    occurrences BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    resolved_at TIMESTAMPTZ
);

CREATE TABLE audit_log (
    seq BIGINT NOT NULL PRIMARY KEY,
    timestamp TIMESTAMPTZ NOT NULL,
    user_id UUID,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    detail TEXT NOT NULL,
    ip TEXT NOT NULL,
    request_id TEXT NOT NULL,
    previous BYTEA NOT NULL,
    hash BYTEA NOT NULL
);

CREATE TABLE audit_archive (
    seq BIGINT NOT NULL PRIMARY KEY,
    timestamp TIMESTAMPTZ NOT NULL,
    user_id UUID,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    detail TEXT NOT NULL,
    ip TEXT NOT NULL,
    request_id TEXT NOT NULL,
    previous BYTEA NOT NULL,
    hash BYTEA NOT NULL
);

CREATE TABLE audit_checkpoints (
    seq BIGINT NOT NULL PRIMARY KEY,
    hash BYTEA NOT NULL,
    public_key BYTEA NOT NULL,
    signature BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);

-- One row: where the chain ends. Locked by every entry, so that entries follow one another.
CREATE TABLE audit_head (
    one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    seq BIGINT NOT NULL,
    hash BYTEA NOT NULL
);

CREATE TABLE settings (
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    updated_by UUID,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (scope, name)
);

CREATE TABLE jobs (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID REFERENCES users (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('queued', 'running', 'done', 'failed', 'cancelled', 'crashed')),
    priority BIGINT NOT NULL,
    progress BIGINT NOT NULL,
    progress_note TEXT NOT NULL,
    result TEXT,
    error TEXT,
    attempts BIGINT NOT NULL,
    attempts_max BIGINT NOT NULL,
    run_after TIMESTAMPTZ NOT NULL,
    lease_owner TEXT,
    lease_until TIMESTAMPTZ,
    cancel_requested BOOLEAN NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    started_at TIMESTAMPTZ,
    finished_at TIMESTAMPTZ
);

-- How far each projection of a shard's journal has come: written in the transaction that applies it.
CREATE TABLE projections (
    name TEXT NOT NULL,
    shard TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (name, shard)
);

-- When each piece of maintenance last ran, and how it went.
CREATE TABLE maintenance (
    task TEXT NOT NULL PRIMARY KEY,
    started_at TIMESTAMPTZ NOT NULL,
    finished_at TIMESTAMPTZ,
    outcome TEXT NOT NULL
);

INSERT INTO audit_head (one, seq, hash) VALUES (1, 0, decode(repeat('00', 32), 'hex'));
