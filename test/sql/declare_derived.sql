-- What the server makes from personal values: generated columns, materialised views over
-- functions, statistics of large objects.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
RESET client_min_messages;
CREATE SCHEMA derived;
SET search_path = derived;
CREATE TABLE person (
    id    int PRIMARY KEY,
    name  text,
    lower text GENERATED ALWAYS AS (lower(name)) STORED,
    words tsvector GENERATED ALWAYS AS (to_tsvector('simple', name)) STORED,
    n     int,
    twice int GENERATED ALWAYS AS (2 * n) STORED,
    image oid
);
CREATE INDEX person_lower ON person (lower);
CREATE INDEX person_words ON person USING gin (words);
CREATE INDEX person_twice ON person (twice);
CREATE TABLE keyless (person int REFERENCES person, name text, lower text GENERATED ALWAYS AS (lower(name)) STORED);
CREATE FUNCTION names() RETURNS SETOF text LANGUAGE sql STABLE BEGIN ATOMIC SELECT name FROM derived.person; END;
CREATE FUNCTION more_names() RETURNS SETOF text LANGUAGE sql STABLE BEGIN ATOMIC SELECT names FROM derived.names(); END;
CREATE MATERIALIZED VIEW by_function AS SELECT more_names FROM more_names();
CREATE MATERIALIZED VIEW on_top AS TABLE by_function;
SELECT pv.declare_subject('person');
SELECT pv.link_foreign_keys('person');
SELECT pv.declare_personal('person', '{name,image}', 'identifying');
SELECT pv.declare_personal('keyless', '{name}', 'name');
SELECT pv.enable_audit('person'), pv.enable_audit('keyless');
INSERT INTO person (id, name, n, image) VALUES (1, 'ADA', 1, lo_from_bytea(1234567, 'face of Ada')), (2, 'ODD', 2, NULL);
INSERT INTO keyless VALUES (1, 'ADA'), (2, 'ODD');
UPDATE person SET name = 'ADA BERG' WHERE id = 1;
SELECT relation, operation, key, old, new FROM pv.audit_trail WHERE operation <> 'enable_audit' ORDER BY id, n;
SELECT state FROM pv.erase_subject('person', 1);
SELECT relation, operation, key, old, new, redacted FROM pv.audit_trail WHERE operation <> 'enable_audit' ORDER BY id, n;
SELECT count(*) FROM pv.audit_trail AS t WHERE t::text ~* 'ada';
SELECT r.relation, e.column_name FROM pv.erased_column AS e JOIN pv.relation AS r ON r.id = e.relation_id ORDER BY 1, 2;
SELECT index::regclass FROM pv.scrub_index WHERE relation::regclass::text NOT LIKE 'pv.%' ORDER BY 1;
SELECT relation::regclass, kind FROM pv.scrub_scope WHERE kind = 'materialized view' ORDER BY level;
SELECT * FROM pv.verify_audit();
RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA derived CASCADE;
DROP EXTENSION pvext;
