PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE _sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    success BOOLEAN NOT NULL,
    checksum BLOB NOT NULL,
    execution_time BIGINT NOT NULL
);
INSERT INTO _sqlx_migrations VALUES(1,'platform','2026-11-26 02:14:29',1,X'4f23e8c476c52bd2cc96e3c265b9c9abccf0d1195d269a1df21b57973f1146ea8402eaff4d5de0af3970c0a44b58c101',24060982);
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
INSERT INTO users VALUES(X'01a215a207e57121a7e450276419455d','root',NULL,'$argon2id$v=19$m=19456,t=2,p=1$N9vx7/qd0tGLw4XcoWpMUg$ONWOG5RcFOMxwLk7MqcYO8C5KfVRXM1YAn3mJK/hR4U','admin',1,NULL,NULL,0,NULL,1795659270119217,1795659270117379,1795659270117379,1795659270117379);
INSERT INTO users VALUES(X'01a215a2080d705eb56a1d71b2db2063','alice','alice@example.org','$argon2id$v=19$m=19456,t=2,p=1$+8rCcwQQEAxYU2U4byXOBg$OS/z0o+C9JnVBZXEw0aT0X+iqicSNp9zWnorXUxzQqo','trader',1,NULL,NULL,0,NULL,1795659270201410,1795659270157392,1795659270157392,1795659270157392);
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
INSERT INTO sessions VALUES(X'01a215a207e773fe805cae5661cff301',X'01a215a207e57121a7e450276419455d','127.0.0.1','Python-urllib/3.11',1795659270119217,1795659270119217,1795745670119217,NULL,NULL);
INSERT INTO sessions VALUES(X'01a215a2083975c0b8be12e327add9c9',X'01a215a2080d705eb56a1d71b2db2063','127.0.0.1','Python-urllib/3.11',1795659270201410,1795659270201410,1795745670201410,NULL,NULL);
CREATE TABLE refresh_tokens (
    hash BLOB NOT NULL PRIMARY KEY,
    session_id BLOB NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    issued_at INTEGER NOT NULL,
    used_at INTEGER
);
INSERT INTO refresh_tokens VALUES(X'a2bdea671ff0ca4d3e106e3de32a960c0d1b256e0443c17715f19c92a80bd792',X'01a215a207e773fe805cae5661cff301',1795659270119217,NULL);
INSERT INTO refresh_tokens VALUES(X'f8fd0f93272e91a8b8679bad9f8edb01c1c191ccba919a70d41130f71888294f',X'01a215a2083975c0b8be12e327add9c9',1795659270201410,NULL);
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
INSERT INTO accounts VALUES(X'01a215a2083f74eb89c09e2887ec434c',X'01a215a2080d705eb56a1d71b2db2063','main','local','builtin','1',NULL,1,NULL,NULL,1795659270207742);
INSERT INTO accounts VALUES(X'01a215a2084e740481d2262a37b47ba6',X'01a215a207e57121a7e450276419455d','main','local','builtin','2',NULL,1,NULL,NULL,1795659270222628);
CREATE TABLE currencies (
    code TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    scale INTEGER NOT NULL CHECK (scale BETWEEN 0 AND 18),
    active INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);
INSERT INTO currencies VALUES('BTC','BTC',8,1,1795659269865277);
INSERT INTO currencies VALUES('ETH','ETH',8,1,1795659269865277);
INSERT INTO currencies VALUES('SOL','SOL',8,1,1795659269865277);
INSERT INTO currencies VALUES('USDT','USDT',8,1,1795659269865277);
INSERT INTO currencies VALUES('KRW','KRW',8,1,1795659269865277);
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
INSERT INTO trading_pairs VALUES(1,'local','BTCUSDT','BTC','USDT',8,8,'0.01','0.00001','5',1,1795659269865277);
INSERT INTO trading_pairs VALUES(2,'local','ETHUSDT','ETH','USDT',8,8,'0.01','0.0001','5',1,1795659269865277);
INSERT INTO trading_pairs VALUES(3,'local','SOLUSDT','SOL','USDT',8,8,'0.01','0.001','5',1,1795659269865277);
INSERT INTO trading_pairs VALUES(4,'local','ETHBTC','ETH','BTC',8,8,'0.00001','0.001','0.0001',1,1795659269865277);
INSERT INTO trading_pairs VALUES(5,'local','BTCKRW','BTC','KRW',8,8,'1000','0.00001','5000',1,1795659269865277);
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
INSERT INTO orders VALUES(X'01a215a20842771ca14243087e671705',X'01a215a2080d705eb56a1d71b2db2063',X'01a215a2083f74eb89c09e2887ec434c',NULL,1,'local','BTCUSDT','p01a215a20842771ca142430719c0151c','32867','buy','market','gtc',NULL,NULL,'0.01','0.01','975.0225','filled',0,NULL,1795659270210120,1795659270210979);
INSERT INTO orders VALUES(X'01a215a2084770d09437d430c759caf0',X'01a215a2080d705eb56a1d71b2db2063',X'01a215a2083f74eb89c09e2887ec434c',NULL,1,'local','BTCUSDT','p01a215a2084770d09437d42ffbe9db03','32868','sell','market','gtc',NULL,NULL,'0.004','0.004','389.97488','filled',0,NULL,1795659270215041,1795659270216280);
INSERT INTO orders VALUES(X'01a215a2084b779ebdd0d8d14b6bf29b',X'01a215a2080d705eb56a1d71b2db2063',X'01a215a2083f74eb89c09e2887ec434c',NULL,1,'local','BTCUSDT','p01a215a2084b779ebdd0d8d048ace4d5','32869','buy','limit','gtc','87744',NULL,'0.01','0','0','new',1,NULL,1795659270219860,1795659270220666);
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
INSERT INTO trades VALUES(X'f2cbbda1520c8776aa90583fa6d8c0b2',X'01a215a2080d705eb56a1d71b2db2063',X'01a215a2083f74eb89c09e2887ec434c',NULL,X'01a215a20842771ca14243087e671705',1,'local','BTCUSDT','BTC','buy','97502.25','0.01','0.00001','BTC',NULL,'5483',1795659270210979);
INSERT INTO trades VALUES(X'6a34b73969b18369b8d5b66073383c31',X'01a215a2080d705eb56a1d71b2db2063',X'01a215a2083f74eb89c09e2887ec434c',NULL,X'01a215a2084770d09437d430c759caf0',1,'local','BTCUSDT','BTC','sell','97493.72','0.004','0.38997488','USDT','-0.03412','5484',1795659270216280);
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
INSERT INTO positions VALUES(X'01a215a2084670e386317d9115de429d',X'01a215a2080d705eb56a1d71b2db2063',X'01a215a2083f74eb89c09e2887ec434c',NULL,'local','BTCUSDT','BTC','0.006','97502.25','-0.03412','1.36499738',1,1795659270210979,1795659270216280,NULL);
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
CREATE TABLE audit_head (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL
);
INSERT INTO audit_head VALUES(1,0,X'0000000000000000000000000000000000000000000000000000000000000000');
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
CREATE TABLE projections (
    name TEXT NOT NULL,
    shard TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (name, shard)
);
CREATE TABLE maintenance (
    task TEXT NOT NULL PRIMARY KEY,
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    outcome TEXT NOT NULL
);
INSERT INTO maintenance VALUES('checkpoint',1795659270053115,1795659270053115,'264 of 264 pages written back, WAL cut');
INSERT INTO maintenance VALUES('vacuum',1795659270053115,1795659270053115,'0 pages given back');
INSERT INTO maintenance VALUES('analyze',1795659270053115,1795659270053115,'statistics renewed');
INSERT INTO maintenance VALUES('predictions',1795659270053115,1795659270053115,'0 forecasts removed');
INSERT INTO maintenance VALUES('sessions',1795659270053115,1795659270053115,'0 logins removed');
INSERT INTO maintenance VALUES('audit',1795659270053115,1795659270053115,'0 entries archived');
ANALYZE sqlite_schema;
INSERT INTO sqlite_stat1 VALUES('jobs','idx_jobs_leased','0 0');
INSERT INTO sqlite_stat1 VALUES('jobs','idx_jobs_ready','0 0 0');
INSERT INTO sqlite_stat1 VALUES('orders','idx_orders_active','0 0 0');
INSERT INTO sqlite_stat1 VALUES('maintenance','sqlite_autoindex_maintenance_1','3 1');
INSERT INTO sqlite_stat1 VALUES('positions','idx_positions_active','0 0 0 0');
INSERT INTO sqlite_stat1 VALUES('refresh_tokens','idx_refresh_tokens_session','1 1');
INSERT INTO sqlite_stat1 VALUES('refresh_tokens','sqlite_autoindex_refresh_tokens_1','1 1');
INSERT INTO sqlite_stat1 VALUES('alerts','idx_alerts_open','0 0 0 0');
INSERT INTO sqlite_stat1 VALUES('audit_head',NULL,'1');
INSERT INTO sqlite_stat1 VALUES('trading_pairs','sqlite_autoindex_trading_pairs_1','5 5 1');
INSERT INTO sqlite_stat1 VALUES('_sqlx_migrations','sqlite_autoindex__sqlx_migrations_1','1 1');
INSERT INTO sqlite_stat1 VALUES('users','idx_users_last_login','1 1');
INSERT INTO sqlite_stat1 VALUES('users','idx_users_email_active','1 1');
INSERT INTO sqlite_stat1 VALUES('users','sqlite_autoindex_users_2','1 1');
INSERT INTO sqlite_stat1 VALUES('users','sqlite_autoindex_users_1','1 1');
INSERT INTO sqlite_stat1 VALUES('currencies','sqlite_autoindex_currencies_1','5 1');
INSERT INTO sqlite_stat1 VALUES('sessions','idx_sessions_revoked','0 0');
INSERT INTO sqlite_stat1 VALUES('sessions','idx_sessions_expires','1 1');
INSERT INTO sqlite_stat1 VALUES('sessions','idx_sessions_user','1 1 1');
INSERT INTO sqlite_stat1 VALUES('sessions','sqlite_autoindex_sessions_1','1 1');
ANALYZE sqlite_schema;
CREATE UNIQUE INDEX idx_users_email_active ON users (email) WHERE active;
CREATE INDEX idx_users_last_login ON users (last_login DESC);
CREATE INDEX idx_sessions_user ON sessions (user_id, created_at DESC);
CREATE INDEX idx_sessions_expires ON sessions (expires_at);
CREATE INDEX idx_sessions_revoked ON sessions (revoked_at) WHERE revoked_at IS NOT NULL;
CREATE INDEX idx_refresh_tokens_session ON refresh_tokens (session_id);
CREATE INDEX idx_api_keys_user ON api_keys (user_id, created_at DESC);
CREATE INDEX idx_accounts_venue_key ON accounts (venue_key_id);
CREATE INDEX idx_trading_bots_user_status ON bots (user_id, status);
CREATE INDEX idx_trading_bots_symbol_status ON bots (symbol, status);
CREATE INDEX idx_orders_user_status ON orders (user_id, status, created_at);
CREATE INDEX idx_orders_user_time ON orders (user_id, created_at DESC, id DESC);
CREATE INDEX idx_orders_active ON orders (trading_pair_id, price) WHERE live;
CREATE INDEX idx_orders_exchange_id ON orders (exchange_order_id, exchange);
CREATE INDEX idx_trades_user_performance ON trades (user_id, created_at DESC, id, symbol, base, side, price, quantity, pnl);
CREATE INDEX idx_trades_composite ON trades (exchange, symbol, created_at DESC);
CREATE INDEX idx_trades_pair_time ON trades (trading_pair_id, created_at);
CREATE INDEX idx_trades_order ON trades (order_id);
CREATE INDEX idx_positions_active ON positions (user_id, symbol, base) WHERE is_open;
CREATE INDEX idx_positions_user_time ON positions (user_id, opened_at DESC);
CREATE INDEX idx_balances_user_currency ON balances (user_id, currency);
CREATE INDEX idx_ml_models_user_algorithm ON models (user_id, algorithm_type);
CREATE INDEX idx_ml_models_training_status ON models (training_status);
CREATE INDEX idx_predictions_model_symbol ON predictions (model_id, symbol, timestamp DESC);
CREATE INDEX idx_predictions_created ON predictions (created_at);
CREATE INDEX idx_backtests_model ON backtests (model_id, created_at DESC);
CREATE INDEX idx_backtests_user ON backtests (user_id, created_at DESC);
CREATE INDEX idx_sweeps_user ON sweeps (user_id, created_at DESC);
CREATE INDEX idx_alerts_user ON alerts (user_id, created_at DESC);
CREATE UNIQUE INDEX idx_alerts_open ON alerts (scope, rule, subject) WHERE resolved_at IS NULL;
CREATE INDEX idx_audit_user ON audit_log (user_id, timestamp DESC);
CREATE INDEX idx_audit_action ON audit_log (action, timestamp DESC);
CREATE INDEX idx_audit_time ON audit_log (timestamp);
CREATE INDEX idx_audit_archive_user ON audit_archive (user_id, timestamp DESC);
CREATE INDEX idx_jobs_ready ON jobs (priority DESC, run_after) WHERE status = 'queued';
CREATE INDEX idx_jobs_leased ON jobs (lease_until) WHERE status = 'running';
CREATE INDEX idx_jobs_user ON jobs (user_id, created_at DESC);
COMMIT;
