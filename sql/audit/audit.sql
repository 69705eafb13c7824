CREATE TABLE pv.audited (
    relation_id integer PRIMARY KEY,
    since       timestamptz NOT NULL DEFAULT now(),
    enabled_by  name NOT NULL,
    always      boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE pv.audited IS 'the tables whose changes are recorded';
COMMENT ON COLUMN pv.audited.relation_id IS 'the table, by its id in pv.relation';
COMMENT ON COLUMN pv.audited.since IS 'since when';
COMMENT ON COLUMN pv.audited.enabled_by IS 'which login enabled it';
COMMENT ON COLUMN pv.audited.always IS 'also what a subscription applies, and what is changed with session_replication_role = replica';
SELECT pg_extension_config_dump('pv.audited', '');
-- What the triggers write depends on the data map.
CREATE TRIGGER map_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON pv.audited
    FOR EACH STATEMENT EXECUTE FUNCTION pv.map_changed();
ALTER TABLE pv.audited ENABLE ALWAYS TRIGGER map_changed;

CREATE FUNCTION pv.refuse_insert() RETURNS trigger
    LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_refuse_insert';
COMMENT ON FUNCTION pv.refuse_insert() IS 'trigger of the audit log: refuses INSERT to all but superusers, who restore dumps';

CREATE TABLE pv.audit_shape (
    id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    relation_id integer NOT NULL,
    columns     name[] NOT NULL,
    attnums     smallint[] NOT NULL,
    types       text[] NOT NULL,
    collations  text[] NOT NULL,
    stored      oid[] NOT NULL,
    keys        smallint[] NOT NULL,
    links       smallint[] NOT NULL,
    CHECK (cardinality(attnums) = cardinality(columns) AND cardinality(types) = cardinality(columns)
           AND cardinality(collations) = cardinality(columns) AND cardinality(stored) = cardinality(columns))
);
CREATE INDEX audit_shape_relation ON pv.audit_shape (relation_id);
COMMENT ON TABLE pv.audit_shape IS 'what rows looked like when records of the audit log were written; never changes';
COMMENT ON COLUMN pv.audit_shape.id IS 'its number, which the records name';
COMMENT ON COLUMN pv.audit_shape.relation_id IS 'the table, by its id in pv.relation';
COMMENT ON COLUMN pv.audit_shape.columns IS 'the names of its columns';
COMMENT ON COLUMN pv.audit_shape.attnums IS 'their numbers, which the records name';
COMMENT ON COLUMN pv.audit_shape.types IS 'their types';
COMMENT ON COLUMN pv.audit_shape.collations IS 'their collations; empty: that of the type';
COMMENT ON COLUMN pv.audit_shape.stored IS 'the types as whose values they are stored, which have the same OID in every server; 0: as text';
COMMENT ON COLUMN pv.audit_shape.keys IS 'the numbers of the columns of the row''s key, or of all that are not dropped';
COMMENT ON COLUMN pv.audit_shape.links IS 'the numbers of the columns of links';
COMMENT ON SEQUENCE pv.audit_shape_id_seq IS 'numbers of shapes';
SELECT pg_extension_config_dump('pv.audit_shape', '');
SELECT pg_extension_config_dump('pv.audit_shape_id_seq', '');
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON pv.audit_shape
    FOR EACH STATEMENT EXECUTE FUNCTION pv.refuse_change();
CREATE TRIGGER refuse_insert BEFORE INSERT ON pv.audit_shape
    FOR EACH STATEMENT EXECUTE FUNCTION pv.refuse_insert();
ALTER TABLE pv.audit_shape ENABLE ALWAYS TRIGGER refuse_change, ENABLE ALWAYS TRIGGER refuse_insert;

-- The log is written without statements: src/audit/log_writer.c names its columns by number,
-- and src/audit/record_format.c says what is in a payload. Partition n has the ids from
-- n * 2^32 on, and the one that follows the newest is there already. A backend
-- draws 64 ids at a time (CACHED_IDS there): they are many.
CREATE SEQUENCE pv.audit_log_id_seq CACHE 64;
COMMENT ON SEQUENCE pv.audit_log_id_seq IS 'numbers of the audit log''s chunks; numbers are left out';
SELECT pg_extension_config_dump('pv.audit_log_id_seq', '');

CREATE TABLE pv.audit_log (
    id          bigint NOT NULL,
    xid         xid8 NOT NULL,
    incarnation bigint NOT NULL,
    payload     bytea NOT NULL
) PARTITION BY RANGE (id);
COMMENT ON TABLE pv.audit_log IS 'the audit log, in chunks of many records; read it as pv.audit_trail';
COMMENT ON COLUMN pv.audit_log.id IS 'the chunk''s number; those of a transaction are in order';
COMMENT ON COLUMN pv.audit_log.xid IS 'the transaction';
COMMENT ON COLUMN pv.audit_log.incarnation IS 'the cluster whose transaction it was, by its system identifier';
COMMENT ON COLUMN pv.audit_log.payload IS 'the records';
CREATE TABLE pv.audit_log_0 PARTITION OF pv.audit_log FOR VALUES FROM (0) TO (4294967296)
    WITH (toast_tuple_target = 8160);
COMMENT ON TABLE pv.audit_log_0 IS 'a partition of the audit log';
CREATE TABLE pv.audit_log_1 PARTITION OF pv.audit_log FOR VALUES FROM (4294967296) TO (8589934592)
    WITH (toast_tuple_target = 8160);
COMMENT ON TABLE pv.audit_log_1 IS 'a partition of the audit log';
SELECT pg_extension_config_dump('pv.audit_log_0', '');
SELECT pg_extension_config_dump('pv.audit_log_1', '');
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON pv.audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION pv.refuse_change();
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON pv.audit_log_0
    FOR EACH STATEMENT EXECUTE FUNCTION pv.refuse_change();
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON pv.audit_log_1
    FOR EACH STATEMENT EXECUTE FUNCTION pv.refuse_change();
CREATE TRIGGER refuse_insert BEFORE INSERT ON pv.audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION pv.refuse_insert();
CREATE TRIGGER refuse_insert BEFORE INSERT ON pv.audit_log_0
    FOR EACH STATEMENT EXECUTE FUNCTION pv.refuse_insert();
CREATE TRIGGER refuse_insert BEFORE INSERT ON pv.audit_log_1
    FOR EACH STATEMENT EXECUTE FUNCTION pv.refuse_insert();
ALTER TABLE pv.audit_log ENABLE ALWAYS TRIGGER refuse_change, ENABLE ALWAYS TRIGGER refuse_insert;
ALTER TABLE pv.audit_log_0 ENABLE ALWAYS TRIGGER refuse_change, ENABLE ALWAYS TRIGGER refuse_insert;
ALTER TABLE pv.audit_log_1 ENABLE ALWAYS TRIGGER refuse_change, ENABLE ALWAYS TRIGGER refuse_insert;

CREATE TABLE pv.audit_unread (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    partition bigint NOT NULL,
    chunk     bigint,
    found_at  timestamptz NOT NULL DEFAULT now(),
    problem   text NOT NULL
);
COMMENT ON TABLE pv.audit_unread IS 'chunks of the audit log that could not be read; read it as pv.unread';
COMMENT ON COLUMN pv.audit_unread.id IS 'the finding''s number';
COMMENT ON SEQUENCE pv.audit_unread_id_seq IS 'numbers of findings';
COMMENT ON COLUMN pv.audit_unread.partition IS 'the number of the partition';
COMMENT ON COLUMN pv.audit_unread.chunk IS 'the chunk''s number; NULL where that is not known: a page of the partition is damaged';
COMMENT ON COLUMN pv.audit_unread.found_at IS 'when that was found';
COMMENT ON COLUMN pv.audit_unread.problem IS 'what was found';
SELECT pg_extension_config_dump('pv.audit_unread', '');
SELECT pg_extension_config_dump('pv.audit_unread_id_seq', '');
CREATE VIEW pv.unread AS
    SELECT u.partition, u.chunk, min(u.found_at) AS found_at, (array_agg(u.problem ORDER BY u.found_at))[1] AS problem
    FROM pv.audit_unread AS u
    WHERE to_regclass('pv.audit_log_' || u.partition) IS NOT NULL
    GROUP BY u.partition, u.chunk, CASE WHEN u.chunk IS NULL THEN u.problem END;
COMMENT ON VIEW pv.unread IS 'the chunks of the audit log that cannot be read, in whole or in part: erasures, trails and purges pass them over, and what they hold of a person who was erased stays until their partition expires';
COMMENT ON COLUMN pv.unread.partition IS 'the partition: pv.audit_log_N has number N';
COMMENT ON COLUMN pv.unread.chunk IS 'the chunk''s number; NULL where that is not known: a page of the partition is damaged';
COMMENT ON COLUMN pv.unread.found_at IS 'when that was found first';
COMMENT ON COLUMN pv.unread.problem IS 'what was found';

CREATE FUNCTION pv.audit_change() RETURNS trigger
    LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_audit_change';
COMMENT ON FUNCTION pv.audit_change() IS 'trigger of audited tables: records each change';

CREATE FUNCTION pv.enable_audit(relation regclass, always boolean DEFAULT false)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_enable_audit';
COMMENT ON FUNCTION pv.enable_audit(regclass, boolean) IS
    'records every change of a table''s rows from now on, with always also what a subscription to logical replication applies; partitions and children that come later are audited, too. Errors: 42809 no table that can be audited, 42501 not its owner';
CREATE FUNCTION pv.disable_audit(relation regclass)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_disable_audit';
COMMENT ON FUNCTION pv.disable_audit(regclass) IS
    'stops recording a table''s changes; what has been recorded stays, and this call is itself on record. Errors: 42704 it is not audited, 42501 not its owner';
CREATE FUNCTION pv.rotate_audit()
    RETURNS bigint LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_rotate_audit';
COMMENT ON FUNCTION pv.rotate_audit() IS
    'begins the next partition of the audit log and indexes the ones before, which takes until transactions that write to them have ended, but stops no other; returns its number';

CREATE FUNCTION pv.audit_records(partition oid, place tid, OUT n integer, OUT at timestamptz, OUT login text, OUT role text,
                                 OUT application text, OUT client text, OUT actor text, OUT relation_id integer,
                                 OUT relation text, OUT operation text, OUT key jsonb, OUT old jsonb, OUT new jsonb,
                                 OUT redacted text[])
    RETURNS SETOF record LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE ROWS 50
    AS 'MODULE_PATHNAME', 'pvext_audit_records';
COMMENT ON FUNCTION pv.audit_records(oid, tid) IS
    'the changes in a chunk of the audit log, by its partition and its place there; none where there is no chunk, and a WARNING where not all of it can be read';

CREATE VIEW pv.audit_trail AS
    SELECT l.id, r.n, r.at, r.login, r.role, r.application, r.client, r.actor, r.relation_id, r.relation,
           r.operation, r.key, r.old, r.new, r.redacted, l.xid, l.incarnation
    FROM pv.audit_log AS l CROSS JOIN LATERAL pv.audit_records(l.tableoid, l.ctid) AS r;
COMMENT ON VIEW pv.audit_trail IS 'who did what to the rows of audited tables, once it has been committed; in order of (incarnation, xid, id, n)';
COMMENT ON COLUMN pv.audit_trail.id IS 'the chunk of the log that the record is in';
COMMENT ON COLUMN pv.audit_trail.n IS 'its place in the chunk';
COMMENT ON COLUMN pv.audit_trail.at IS 'when the statement began, or within a procedure the transaction';
COMMENT ON COLUMN pv.audit_trail.login IS 'who logged in (session_user)';
COMMENT ON COLUMN pv.audit_trail.role IS 'as whom it was done (current_user)';
COMMENT ON COLUMN pv.audit_trail.application IS 'the application''s name for itself (application_name)';
COMMENT ON COLUMN pv.audit_trail.client IS 'the client''s address; NULL for a local one';
COMMENT ON COLUMN pv.audit_trail.actor IS 'on whose behalf, as the application claims (pvext.actor)';
COMMENT ON COLUMN pv.audit_trail.relation_id IS 'the table, by its id in pv.relation';
COMMENT ON COLUMN pv.audit_trail.relation IS 'its name';
COMMENT ON COLUMN pv.audit_trail.operation IS 'INSERT, UPDATE, DELETE or TRUNCATE';
COMMENT ON COLUMN pv.audit_trail.key IS 'the columns of the row''s key and of its links, as they were before; of a table without a key all columns';
COMMENT ON COLUMN pv.audit_trail.old IS 'what the columns were that changed; all of a row that was deleted';
COMMENT ON COLUMN pv.audit_trail.new IS 'what they became; all of a row that was inserted';
COMMENT ON COLUMN pv.audit_trail.redacted IS 'the columns of which a value has been erased; NULL for none';
COMMENT ON COLUMN pv.audit_trail.xid IS 'the transaction';
COMMENT ON COLUMN pv.audit_trail.incarnation IS 'the cluster whose transaction it was, by its system identifier';

CREATE TYPE pv.subject_record AS (
    id bigint, n integer, at timestamptz, login text, role text, application text, client text, actor text,
    relation_id integer, relation text, operation text, key jsonb, old jsonb, new jsonb, redacted text[],
    xid xid8, incarnation bigint, purpose text, columns name[]
);
COMMENT ON TYPE pv.subject_record IS 'a record of the audit log that is about a subject: a change, as pv.audit_trail has it, or a read';
COMMENT ON COLUMN pv.subject_record.operation IS 'INSERT, UPDATE, DELETE or READ';
COMMENT ON COLUMN pv.subject_record.purpose IS 'of a read: what for, as the application claims';
COMMENT ON COLUMN pv.subject_record.columns IS 'of a read: the personal columns that were read';
CREATE FUNCTION pv.subject_trail(subject regclass, key text)
    RETURNS SETOF pv.subject_record LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_subject_trail';
COMMENT ON FUNCTION pv.subject_trail(regclass, text) IS
    'who changed or looked at a subject''s row, under whatever key it had, and who changed the rows linked to it at any distance; in order of (incarnation, xid, id, n). Errors: 42704 not a subject, 22P02 malformed key';
CREATE FUNCTION pv.subject_trail(subject regclass, key anyelement)
    RETURNS SETOF pv.subject_record LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_subject_trail';
COMMENT ON FUNCTION pv.subject_trail(regclass, anyelement) IS
    'the same, for a key of any type. Errors: 42704 not a subject, 22P02 malformed key';
