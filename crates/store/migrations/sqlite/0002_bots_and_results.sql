-- Bots of the platform and what research keeps. The file for the other engine has the same columns.

-- The bot that an account belongs to: its owner trades there by the bot alone.
ALTER TABLE accounts ADD COLUMN bot_id BLOB;

-- The bot's name at the driver, and what was asked for when it was made (JSON), so that a creation that broke off is repeated.
ALTER TABLE bots ADD COLUMN desk_name TEXT;
ALTER TABLE bots ADD COLUMN asked TEXT NOT NULL DEFAULT '{}';

-- What bots were worth: one row a minute while they run, and one at each of their fills.
CREATE TABLE bot_equity (
    bot_id BLOB NOT NULL REFERENCES bots (id) ON DELETE CASCADE,
    taken_at INTEGER NOT NULL,
    user_id BLOB NOT NULL,
    equity TEXT NOT NULL,
    PRIMARY KEY (bot_id, taken_at)
);

-- The owner's own name, what was asked for (JSON), and the folder of the stored run.
ALTER TABLE backtests ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE backtests ADD COLUMN request TEXT NOT NULL DEFAULT '{}';
ALTER TABLE backtests ADD COLUMN run TEXT;

-- What was asked for (JSON), the kept search, and its verdict (JSON).
ALTER TABLE sweeps ADD COLUMN request TEXT NOT NULL DEFAULT '{}';
ALTER TABLE sweeps ADD COLUMN kept TEXT;
ALTER TABLE sweeps ADD COLUMN result TEXT;
