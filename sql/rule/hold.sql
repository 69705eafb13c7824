CREATE TABLE pv.declared_blocker (
    relation_id integer NOT NULL,
    name        text NOT NULL CHECK (name <> ''),
    over_id     integer,
    condition   text NOT NULL,
    bound       text NOT NULL,
    owner       name NOT NULL,
    reason      text NOT NULL,
    purposes    text[] CHECK (cardinality(purposes) > 0),
    PRIMARY KEY (relation_id, name)
);
COMMENT ON TABLE pv.declared_blocker IS 'what keeps a subject from being erased; read it as pv.blocker';
COMMENT ON COLUMN pv.declared_blocker.over_id IS 'the linked table whose rows the condition is over; NULL for the subject''s own row';
COMMENT ON COLUMN pv.declared_blocker.bound IS 'the condition with every name qualified, its row called r';
COMMENT ON COLUMN pv.declared_blocker.owner IS 'the owner, at the declaration, of the table the condition is over';
COMMENT ON COLUMN pv.declared_blocker.relation_id IS 'the subject table, by its id in pv.relation';
COMMENT ON COLUMN pv.declared_blocker.name IS 'its name, unique within the subject table';
COMMENT ON COLUMN pv.declared_blocker.condition IS 'the condition as given; true, NULL and an error block';
COMMENT ON COLUMN pv.declared_blocker.reason IS 'what the ledger says of a request that it blocks';
COMMENT ON COLUMN pv.declared_blocker.purposes IS 'the names of the purposes whose columns it keeps back; NULL for all columns';
SELECT pg_extension_config_dump('pv.declared_blocker', '');
CREATE TRIGGER map_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON pv.declared_blocker
    FOR EACH STATEMENT EXECUTE FUNCTION pv.map_changed();
ALTER TABLE pv.declared_blocker ENABLE ALWAYS TRIGGER map_changed;

CREATE VIEW pv.blocker AS
    SELECT s.relation AS subject, b.name, o.relation, b.condition, b.reason, b.purposes
    FROM pv.declared_blocker b
    JOIN pv.relation s ON s.id = b.relation_id
    LEFT JOIN pv.relation o ON o.id = b.over_id;
COMMENT ON VIEW pv.blocker IS 'conditions under which a subject is not erased';
COMMENT ON COLUMN pv.blocker.subject IS 'the subject table';
COMMENT ON COLUMN pv.blocker.relation IS 'the linked table that the condition is over; NULL for the subject table itself';

CREATE TABLE pv.hold (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    relation_id    integer NOT NULL,
    key            text,
    subject_digest bytea NOT NULL,
    reason         text NOT NULL CHECK (reason <> ''),
    placed_at      timestamptz NOT NULL DEFAULT now(),
    placed_by      name NOT NULL,
    expires        timestamptz,
    released_at    timestamptz,
    released_by    name,
    release_reason text
);
COMMENT ON TABLE pv.hold IS 'subjects of whom nothing may be erased, nor of what is about them and others, such as for a court case';
COMMENT ON COLUMN pv.hold.key IS 'the subject''s key; NULL from its erasure on';
COMMENT ON COLUMN pv.hold.subject_digest IS 'HMAC of the subject''s key';
COMMENT ON COLUMN pv.hold.id IS 'its number, by which it is released';
COMMENT ON COLUMN pv.hold.relation_id IS 'the subject table, by its id in pv.relation';
COMMENT ON COLUMN pv.hold.reason IS 'why it was placed';
COMMENT ON COLUMN pv.hold.placed_at IS 'when it was placed';
COMMENT ON COLUMN pv.hold.placed_by IS 'which login placed it';
COMMENT ON COLUMN pv.hold.expires IS 'when it ends by itself; NULL for never';
COMMENT ON COLUMN pv.hold.released_at IS 'when it was released; NULL until then';
COMMENT ON COLUMN pv.hold.released_by IS 'which login released it; NULL until then';
COMMENT ON COLUMN pv.hold.release_reason IS 'why it was released; NULL until then';
COMMENT ON SEQUENCE pv.hold_id_seq IS 'numbers of holds';
CREATE INDEX ON pv.hold (subject_digest);
SELECT pg_extension_config_dump('pv.hold', '');
SELECT pg_extension_config_dump('pv.hold_id_seq', '');

CREATE FUNCTION pv.declare_blocker(subject regclass, name text, condition text, reason text,
                                   relation regclass DEFAULT NULL, purposes text[] DEFAULT NULL)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_declare_blocker';
COMMENT ON FUNCTION pv.declare_blocker(regclass, text, text, text, regclass, text[]) IS
    'declares a condition over the subject''s row, called subject, or over rows of a linked table, under which nothing (with purposes: nothing of theirs) is erased; NULL and errors block. Replaces an earlier one of the name. Errors: 42704 not a subject, not linked, no such purpose; 42702 unqualified column in a subquery; 42601 the condition cannot be parsed; 42703 it names no such column; 42804 it is not boolean; 42P17 a volatile function';
CREATE FUNCTION pv.undeclare_blocker(subject regclass, name text)
    RETURNS void LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_undeclare_blocker';
COMMENT ON FUNCTION pv.undeclare_blocker(regclass, text) IS 'takes a blocker away. Errors: 42704 not declared';
CREATE FUNCTION pv.check_blockers(subject regclass, OUT name text, OUT blocked bigint, OUT subjects bigint)
    RETURNS SETOF record LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_check_blockers';
COMMENT ON FUNCTION pv.check_blockers(regclass) IS
    'how many of the subjects each blocker blocks now, with a WARNING at none or all. Errors: 42704 not a subject';
CREATE FUNCTION pv.place_hold(subject regclass, key text, reason text, expires timestamptz DEFAULT NULL)
    RETURNS bigint LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_place_hold';
COMMENT ON FUNCTION pv.place_hold(regclass, text, text, timestamptz) IS
    'holds back every erasure of a subject, and of rows and columns that are about the subject and somebody else, until released or expired; returns the hold''s id. Errors: P0002 no such subject, 22023 it would have expired already';
CREATE FUNCTION pv.place_hold(subject regclass, key anyelement, reason text, expires timestamptz DEFAULT NULL)
    RETURNS bigint LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_place_hold';
COMMENT ON FUNCTION pv.place_hold(regclass, anyelement, text, timestamptz) IS 'the same for a typed key';
CREATE FUNCTION pv.release_hold(hold bigint, reason text)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_release_hold';
COMMENT ON FUNCTION pv.release_hold(bigint, text) IS
    'releases a hold, for the record with a reason. Errors: P0002 no such hold, 55000 released before';
