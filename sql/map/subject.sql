CREATE TABLE pv.declared_subject (
    relation_id integer PRIMARY KEY,
    key         name[] NOT NULL CHECK (cardinality(key) > 0),
    description text,
    condition   text,
    bound       text,
    owner       name,
    CHECK ((condition IS NULL) = (bound IS NULL) AND (condition IS NULL OR owner IS NOT NULL))
);
COMMENT ON TABLE pv.declared_subject IS 'tables whose rows are persons; read it as pv.subject';
COMMENT ON COLUMN pv.declared_subject.bound IS 'the condition with every name qualified, its row called r';
COMMENT ON COLUMN pv.declared_subject.owner IS 'the table''s owner when the condition was declared, on whose behalf it runs';
COMMENT ON COLUMN pv.declared_subject.relation_id IS 'the table, by its id in pv.relation';
COMMENT ON COLUMN pv.declared_subject.key IS 'the columns whose values name a person, in order';
COMMENT ON COLUMN pv.declared_subject.description IS 'what the rows are, in words; NULL where not given';
COMMENT ON COLUMN pv.declared_subject.condition IS 'which rows are persons, as given; NULL for all rows';
SELECT pg_extension_config_dump('pv.declared_subject', '');
CREATE TRIGGER map_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON pv.declared_subject
    FOR EACH STATEMENT EXECUTE FUNCTION pv.map_changed();
ALTER TABLE pv.declared_subject ENABLE ALWAYS TRIGGER map_changed;

CREATE VIEW pv.subject AS
    SELECT r.relation, s.key, s.description, s.condition, r.schema, r.name
    FROM pv.declared_subject s JOIN pv.relation r ON r.id = s.relation_id;
COMMENT ON VIEW pv.subject IS 'tables whose rows are persons';
COMMENT ON COLUMN pv.subject.relation IS 'the table';
COMMENT ON COLUMN pv.subject.schema IS 'its schema';
COMMENT ON COLUMN pv.subject.name IS 'its name';

CREATE FUNCTION pv.declare_subject(relation regclass, key name[] DEFAULT NULL,
                                   description text DEFAULT NULL, condition text DEFAULT NULL)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_declare_subject';
COMMENT ON FUNCTION pv.declare_subject(regclass, name[], text, text) IS
    'declares that the rows of a table (those meeting condition) are persons, each named by key, by default the primary key; replaces an earlier declaration. Errors: 42809 a view, a partition or a foreign table, 42703 no such column, 42830 key not unique, 42501 not the owner, 55006 another key, while consents, agreements, holds or open requests name subjects by the former';

CREATE FUNCTION pv.undeclare_subject(relation regclass)
    RETURNS void LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_undeclare_subject';
COMMENT ON FUNCTION pv.undeclare_subject(regclass) IS
    'takes a subject table out of the map; its links, personal columns and ledger stay, and tokens of consents that were sent out die. Errors: 42704 not declared, 55006 a blocker, hold or open request needs it, or consents or agreements name its subjects';
