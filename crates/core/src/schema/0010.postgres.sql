-- Tasks of bulk registration.

-- `etag` and `size` are those of the one version of the file that the task reads. Whoever runs the task has its epoch, and
-- its lease holds until `lease_until`; 0 when nobody does. The parts are the report objects that there are of each type.
CREATE TABLE thing_registration_tasks (
    number BIGINT PRIMARY KEY,
    realm BIGINT NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    template_body TEXT COLLATE "C" NOT NULL,
    bucket TEXT COLLATE "C" NOT NULL,
    object_key TEXT COLLATE "C" NOT NULL,
    etag TEXT COLLATE "C" NOT NULL,
    size BIGINT NOT NULL,
    role_arn TEXT COLLATE "C" NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    message TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    ended_at BIGINT,
    epoch BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    result_parts BIGINT NOT NULL,
    error_parts BIGINT NOT NULL,
    UNIQUE (realm, id)
);
CREATE INDEX thing_registration_tasks_by_age ON thing_registration_tasks (realm, number);
-- A realm has one task that is under way.
CREATE UNIQUE INDEX thing_registration_tasks_under_way ON thing_registration_tasks (realm)
    WHERE status IN ('InProgress', 'Cancelling');

-- What is counted of a task, in lanes so that lines that are registered at the same time do not wait for each other's counts.
-- All lines up to `floor_line`, which ends at `floor_offset`, were done when the lane's last line began.
CREATE TABLE thing_registration_lanes (
    realm BIGINT NOT NULL,
    task BIGINT NOT NULL,
    lane BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    successes BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    floor_line BIGINT NOT NULL,
    floor_offset BIGINT NOT NULL,
    PRIMARY KEY (realm, task, lane)
);

-- What became of each line until the reports are written. `body` is its line of the report.
CREATE TABLE thing_registration_lines (
    realm BIGINT NOT NULL,
    task BIGINT NOT NULL,
    line BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    body TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (realm, task, line)
);
CREATE INDEX thing_registration_lines_failed ON thing_registration_lines (realm, task, line) WHERE failed = 1;
