-- Where a job was asked for in a distributed trace (W3C traceparent), so that the work of another process or another day belongs to it.
-- The file for the other engine has the same columns.
ALTER TABLE jobs ADD COLUMN trace TEXT;
