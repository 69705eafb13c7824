CREATE TABLE pv.scrubbed (
    relation oid PRIMARY KEY,
    filenode bigint NOT NULL,
    before   xid8 NOT NULL,
    lsn      pg_lsn NOT NULL,
    at       timestamptz NOT NULL
);
COMMENT ON TABLE pv.scrubbed IS 'which relations pv.scrub_pages() has been through; of these files alone, so that dumps leave it out';
COMMENT ON COLUMN pv.scrubbed.relation IS 'the table; its TOAST table and indexes go with it';
COMMENT ON COLUMN pv.scrubbed.filenode IS 'the file that it was stored in then';
COMMENT ON COLUMN pv.scrubbed.before IS 'no row is left that was dead before this transaction';
COMMENT ON COLUMN pv.scrubbed.lsn IS 'pages that have not been changed since are clean';
COMMENT ON COLUMN pv.scrubbed.at IS 'when it was done';

CREATE FUNCTION pv.scrub_pages(relation regclass, force boolean DEFAULT false, before xid8 DEFAULT NULL,
                               OUT pages bigint, OUT scrubbed bigint, OUT bytes bigint, OUT unknown bigint)
    RETURNS record LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_scrub_pages';
COMMENT ON FUNCTION pv.scrub_pages(regclass, boolean, xid8) IS
    'zeroes what belongs to nothing on the pages of a table, its partitions, TOAST table and indexes, after VACUUM; force logs every page, also those with nothing to zero. before: rows that died later are not in the way. Returns pages looked at, pages changed, bytes zeroed, pages of a kind that is left alone. Errors: 55006 somebody keeps rows that were erased, or has a page pinned, 55000 dead rows or values of dropped columns are still there, or it is a standby, 42501 not the owner, 42809 an index, a view or a temporary table, 0A000 not stored as a heap, 22023 before is not a transaction of late';
CREATE FUNCTION pv.check_vacuumed(relation regclass, before xid8)
    RETURNS void LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_check_vacuumed';
COMMENT ON FUNCTION pv.check_vacuumed(regclass, xid8) IS
    'fails where a table still holds rows that were dead before a transaction. A step of pv.scrub_plan(). Errors: 55006 somebody keeps them, 55000 VACUUM has not been run';
CREATE FUNCTION pv.wait_for_others(before xid8 DEFAULT NULL)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_wait_for_others';
COMMENT ON FUNCTION pv.wait_for_others(xid8) IS
    'waits up to half a minute until nobody keeps rows that were dead before a transaction, by default before the next one. A step of pv.scrub_plan(). Errors: 55006 somebody still does';
CREATE FUNCTION pv.page_residue(relation regclass)
    RETURNS bigint LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_page_residue';
COMMENT ON FUNCTION pv.page_residue(regclass) IS
    'how many bytes that belong to nothing are not zero on the pages of a table, its partitions, TOAST table and indexes. Errors: 42501 not the owner, 42809 not a table';
CREATE FUNCTION pv.unchanged_residue(relation regclass, since pg_lsn)
    RETURNS bigint LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_unchanged_residue';
COMMENT ON FUNCTION pv.unchanged_residue(regclass, pg_lsn) IS
    'the same on pages that have not been changed since a position in WAL';
