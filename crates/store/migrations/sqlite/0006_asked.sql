-- What an order's request asked for, in short (a hash): a key that comes again with another request is refused. The file for the
-- other engine has the same columns.
ALTER TABLE orders ADD COLUMN asked TEXT;
