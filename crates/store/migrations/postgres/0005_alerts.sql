-- Who knows of an alert, and what people want to hear nothing of for a while. The file for the other engine has the same columns.

-- Who acknowledged it (a name: the user may be gone one day), and when.
ALTER TABLE alerts ADD COLUMN acknowledged_by TEXT;
ALTER TABLE alerts ADD COLUMN acknowledged_at TIMESTAMPTZ;

-- Rules of the service that nobody is told of until a moment; `*` is all of them.
CREATE TABLE alert_silences (
    id UUID NOT NULL PRIMARY KEY,
    rule TEXT NOT NULL,
    ends_at TIMESTAMPTZ NOT NULL,
    comment TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
