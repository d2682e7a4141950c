-- Tasks of bulk registration.

-- `etag` and `size` are those of the one version of the file that the task reads. Whoever runs the task has its epoch, and
-- its lease holds until `lease_until`; 0 when nobody does. The parts are the report objects that there are of each type.
CREATE TABLE thing_registration_tasks (
    number INTEGER PRIMARY KEY,
    realm INTEGER NOT NULL,
    id TEXT NOT NULL,
    template_body TEXT NOT NULL,
    bucket TEXT NOT NULL,
    object_key TEXT NOT NULL,
    etag TEXT NOT NULL,
    size INTEGER NOT NULL,
    role_arn TEXT NOT NULL,
    status TEXT NOT NULL,
    message TEXT,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    ended_at INTEGER,
    epoch INTEGER NOT NULL,
    lease_until INTEGER NOT NULL,
    result_parts INTEGER NOT NULL,
    error_parts INTEGER NOT NULL,
    UNIQUE (realm, id)
) STRICT;
CREATE INDEX thing_registration_tasks_by_age ON thing_registration_tasks (realm, number);
-- A realm has one task that is under way.
CREATE UNIQUE INDEX thing_registration_tasks_under_way ON thing_registration_tasks (realm)
    WHERE status IN ('InProgress', 'Cancelling');

-- What is counted of a task, in lanes so that lines that are registered at the same time do not wait for each other's counts.
-- All lines up to `floor_line`, which ends at `floor_offset`, were done when the lane's last line began.
CREATE TABLE thing_registration_lanes (
    realm INTEGER NOT NULL,
    task INTEGER NOT NULL,
    lane INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    successes INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    floor_line INTEGER NOT NULL,
    floor_offset INTEGER NOT NULL,
    PRIMARY KEY (realm, task, lane)
) STRICT;

-- What became of each line until the reports are written. `body` is its line of the report.
CREATE TABLE thing_registration_lines (
    realm INTEGER NOT NULL,
    task INTEGER NOT NULL,
    line INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (realm, task, line)
) STRICT;
CREATE INDEX thing_registration_lines_failed ON thing_registration_lines (realm, task, line) WHERE failed = 1;
