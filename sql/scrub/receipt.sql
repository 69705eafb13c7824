CREATE TABLE pv.walked (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    begun    pg_lsn NOT NULL,
    before   xid8 NOT NULL,
    at       timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE pv.walked IS 'when WAL was last overwritten; of these files alone, so that dumps leave it out';
COMMENT ON COLUMN pv.walked.only_row IS 'there is one row';
COMMENT ON COLUMN pv.walked.begun IS 'no segment of before this position should be there';
COMMENT ON COLUMN pv.walked.before IS 'what transactions before this one wrote has been overwritten';
COMMENT ON COLUMN pv.walked.at IS 'when it was begun';

CREATE TABLE pv.scrub_receipt (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    erasures    uuid[] NOT NULL,
    scope       text[] NOT NULL,
    not_reached text[] NOT NULL,
    login       name NOT NULL
);
COMMENT ON TABLE pv.scrub_receipt IS 'receipts: what was scrubbed of old values, and what that could not reach';
COMMENT ON COLUMN pv.scrub_receipt.id IS 'its number';
COMMENT ON COLUMN pv.scrub_receipt.at IS 'when it was verified';
COMMENT ON COLUMN pv.scrub_receipt.erasures IS 'the completed erasures that it is for, by pv.erasure.id';
COMMENT ON COLUMN pv.scrub_receipt.scope IS 'the relations that no longer hold what was erased, each with its TOAST table and indexes; and WAL';
COMMENT ON COLUMN pv.scrub_receipt.not_reached IS 'where old values may still be';
COMMENT ON COLUMN pv.scrub_receipt.login IS 'which login it was given to';
SELECT pg_extension_config_dump('pv.scrub_receipt', '');
SELECT pg_extension_config_dump('pv.scrub_receipt_id_seq', '');

CREATE FUNCTION pv.scrub_plan(wal boolean DEFAULT true, OUT command text, OUT lock text, OUT wal_bytes bigint, OUT note text)
    RETURNS SETOF record LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_scrub_plan';
COMMENT ON FUNCTION pv.scrub_plan(boolean) IS
    'the commands that scrub what has been erased, in their order, each to be run by itself (in psql: SELECT command FROM pv.scrub_plan() \gexec): the strongest lock that each takes, how much WAL it writes where that is known, and what it is for. Errors: 55006 somebody keeps rows that were erased, or the scrub would have to wait for a session that is idle in a transaction';
CREATE FUNCTION pv.drop_stale_statistics(before xid8)
    RETURNS bigint LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_drop_stale_statistics';
COMMENT ON FUNCTION pv.drop_stale_statistics(xid8) IS
    'forgets statistics of what a scrub covers that have not been renewed since a transaction; returns how many. A step of pv.scrub_plan()';
CREATE FUNCTION pv.walk_wal()
    RETURNS bigint LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_walk_wal';
COMMENT ON FUNCTION pv.walk_wal() IS
    'ends one WAL segment after the other, until all that were there have been overwritten; returns how many. A step of pv.scrub_plan()';
CREATE FUNCTION pv.finish_scrub(before xid8, wal boolean)
    RETURNS pv.scrub_receipt LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_finish_scrub';
COMMENT ON FUNCTION pv.finish_scrub(xid8, boolean) IS
    'verifies that all has been scrubbed of what was erased before a transaction, sets scrubbed_at of these erasures, and gives the receipt. The last step of pv.scrub_plan(). Errors: 55000 something has not been scrubbed, 55006 somebody keeps WAL';
