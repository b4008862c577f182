-- What an order's request asked for, in short (a hash): a key that comes again with another request is refused. The file for the
-- other engine has the same columns.
ALTER TABLE orders ADD COLUMN asked TEXT;

-- As before, and also right when somebody else has made the partition between the look and the lock: the look after the lock may be
-- answered from what this session remembers.
CREATE OR REPLACE FUNCTION trades_partition(moment TIMESTAMPTZ) RETURNS TEXT LANGUAGE plpgsql AS $$
DECLARE
    first TIMESTAMPTZ := date_trunc('month', moment AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';
    next TIMESTAMPTZ := (date_trunc('month', moment AT TIME ZONE 'UTC') + INTERVAL '1 month') AT TIME ZONE 'UTC';
    part TEXT := 'trades_y' || to_char(moment AT TIME ZONE 'UTC', 'YYYY"m"MM');
BEGIN
    IF to_regclass(part) IS NULL THEN
        PERFORM pg_advisory_xact_lock(hashtext('trades_partition'));
        IF to_regclass(part) IS NULL THEN
            BEGIN
                EXECUTE format('CREATE TABLE %I (LIKE trades INCLUDING ALL)', part);
                EXECUTE format('ALTER TABLE trades ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', part, first, next);
            EXCEPTION WHEN duplicate_table THEN
                NULL;
            END;
        END IF;
    END IF;
    RETURN part;
END $$;
