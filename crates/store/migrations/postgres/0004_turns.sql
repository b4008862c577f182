-- When each user's work was last taken from the queue: who waited longest goes first. The file for the other engine has the
-- same columns.
CREATE TABLE job_turns (
    user_id UUID NOT NULL PRIMARY KEY,
    served_at TIMESTAMPTZ NOT NULL
);
