SET client_min_messages = warning; CREATE EXTENSION pvext CASCADE; RESET client_min_messages;
CREATE TABLE person (id int PRIMARY KEY, name text, address text);
INSERT INTO person SELECT i, 'nameq' || i || 'x', repeat('addressq' || i || 'x ', 20) FROM generate_series(1, 500) i;
CREATE INDEX person_name ON person (name);
SELECT pv.declare_subject('person'), pv.declare_personal('person', '{name,address}', 'identifying');

--
-- pv.scrub_pages() and pv.page_residue()
--
DELETE FROM person WHERE id % 2 = 0;
VACUUM (INDEX_CLEANUP ON) person;
SELECT pv.page_residue('person') > 10000 AS residue;
SELECT pages > 10 AS pages, scrubbed > 5 AS scrubbed, bytes > 10000 AS bytes, unknown FROM pv.scrub_pages('person');
SELECT pv.page_residue('person');
-- nothing is left to do, and no page is changed
SELECT scrubbed, bytes FROM pv.scrub_pages('person');
SELECT pages - unknown = scrubbed AS all, bytes FROM pv.scrub_pages('person', force => true);
SELECT count(*), sum(length(address)) FROM person;
SELECT relation::regclass, before <= pg_snapshot_xmax(pg_current_snapshot()) AS before FROM pv.scrubbed;

-- partitions, TOAST, unlogged, inherited, materialized view, each access method
CREATE EXTENSION btree_gist;
CREATE TABLE part (id int, words text[], name text, number int) PARTITION BY LIST (id);
CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (1);
CREATE UNLOGGED TABLE part_2 PARTITION OF part FOR VALUES IN (2);
ALTER TABLE part_1 ALTER words SET STORAGE EXTERNAL;
CREATE INDEX ON part USING gin (words);
CREATE INDEX ON part USING gist (name);
CREATE INDEX ON part USING spgist (name);
CREATE INDEX ON part USING hash (name);
CREATE INDEX ON part USING brin (number);
INSERT INTO part SELECT 1 + i % 2, ARRAY[md5(i::text)] || CASE WHEN i % 50 = 0 THEN array_fill('longer'::text, ARRAY[500]) END, md5(i::text), i FROM generate_series(1, 2000) i;
DELETE FROM part WHERE number % 3 = 0;
VACUUM (INDEX_CLEANUP ON) part;
SELECT bytes > 50000 AS bytes FROM pv.scrub_pages('part');
SELECT pv.page_residue('part'), pv.page_residue('part_2'), pv.page_residue((SELECT reltoastrelid FROM pg_class WHERE oid = 'part_1'::regclass));
SET enable_seqscan = off;
SELECT count(*) FROM part WHERE number BETWEEN 100 AND 199;
SELECT count(*) FROM part WHERE words @> ARRAY[md5('100')];
SELECT count(*) FROM part WHERE name = md5('100');
SELECT count(*) FROM part WHERE name ^@ left(md5('100'), 8);
RESET enable_seqscan;
-- a kind of index that is not known is left alone
CREATE EXTENSION bloom;
CREATE INDEX ON person USING bloom (name);
SELECT unknown > 1 AS unknown FROM pv.scrub_pages('person');

-- what it is not for
SELECT pv.scrub_pages('person_name');
CREATE VIEW v AS SELECT 1;
SELECT pv.scrub_pages('v');
CREATE TEMP TABLE t (a int);
DO $$ BEGIN PERFORM pv.scrub_pages('t'); EXCEPTION WHEN wrong_object_type THEN RAISE NOTICE '%', regexp_replace(SQLERRM, '\d+', 'N'); END $$;
SELECT pv.scrub_pages(NULL);
SELECT pv.scrub_pages(0);
SELECT pv.scrub_pages('person', before => '99999999999999');
SELECT pv.scrub_pages('person', before => '0');
SELECT pv.page_residue(NULL);
SELECT pv.page_residue('person_name');
-- dead rows, and a dropped column
DELETE FROM person WHERE id < 10;
SELECT pv.scrub_pages('person');
ALTER TABLE person DROP address;
VACUUM (INDEX_CLEANUP ON) person;
SELECT pv.scrub_pages('person');
VACUUM FULL person;
SELECT unknown > 1 AS unknown FROM pv.scrub_pages('person');

--
-- pv.search_bytes()
--
SELECT pv.search_bytes('{a}');
SELECT pv.search_bytes('{ab,NULL}');
SELECT * FROM pv.search_bytes('{}');
SELECT * FROM pv.search_bytes(NULL);
CREATE TABLE found (a text);
ALTER TABLE found ALTER a SET STORAGE PLAIN;
INSERT INTO found VALUES ('needle' || 'oneneedle' || 'two'), ('needle' || 'one'), ('needle' || 'onenee'), ('aaa' || 'bbbaa' || 'abbb');
CHECKPOINT;
SELECT place, sum(count) FROM pv.search_bytes(ARRAY['needle' || 'one', 'needle' || 'two', 'needle' || 'one']) WHERE place ~ 'found' GROUP BY place;
SELECT file = pg_relation_filepath('found') AS file, place, count FROM pv.search_bytes(ARRAY['aaa' || 'bbb', 'aaabb' || 'baaa']) WHERE place ~ 'found';

--
-- The plan, and its steps by themselves
--
CREATE TABLE visit (id int PRIMARY KEY, person_id int REFERENCES person, at text, EXCLUDE USING gist (at WITH =));
CREATE INDEX visit_person ON visit (person_id);
CREATE INDEX visit_expression ON visit (lower(at), id);
CREATE INDEX visit_partial ON visit (id) WHERE at <> '';
CREATE MATERIALIZED VIEW names AS SELECT name FROM person;
CREATE VIEW names_view AS SELECT * FROM names;
CREATE MATERIALIZED VIEW more_names AS SELECT * FROM names_view;
CREATE MATERIALIZED VIEW empty_names AS SELECT * FROM names_view WITH NO DATA;
SELECT pv.declare_link('visit', '{person_id}', 'person'), pv.declare_personal('visit', '{at}', 'address');
SELECT regexp_replace(command, 'before => ''\d+''|''\d+''', 'N') AS command, lock
FROM pv.scrub_plan() WHERE command !~ 'pv\.(\w+|check_vacuumed\(''pv.*|scrub_pages\(''pv.*)$|''pv\.' AND command !~ 'pv\.\w+_(idx|pkey|key)';
SELECT count(*) FROM pv.scrub_plan(false) WHERE command ~ 'wal|CHECKPOINT';
SELECT * FROM pv.scrub_plan(NULL);
SELECT pv.finish_scrub(pg_snapshot_xmin(pg_current_snapshot()), false);

-- statistics of what parents have of their partitions and children, in the scope or not
CREATE TABLE forebear (id int, name text);
CREATE TABLE offspring (id int PRIMARY KEY, name text);
CREATE STATISTICS forebear_names ON id, name FROM forebear;
INSERT INTO offspring SELECT i, 'nameq' || i % 3 FROM generate_series(1, 100) AS i;
SELECT pv.declare_subject('offspring'), pv.declare_personal('offspring', '{name}', 'identifying');
SELECT pv.enable_audit('offspring');
ALTER TABLE offspring INHERIT forebear;
INSERT INTO offspring SELECT i, 'nameq' || i % 3 FROM generate_series(101, 200) AS i;
ANALYZE forebear; ANALYZE pv.audit_log;
CREATE VIEW kept_statistics AS
    SELECT starelid::regclass::text AS relation, count(*) > 0 AS kept FROM pg_statistic
    WHERE starelid IN ('forebear'::regclass, 'pv.audit_log'::regclass) GROUP BY 1
    UNION ALL SELECT 'extended', count(*) > 0 FROM pg_statistic_ext_data AS d JOIN pg_statistic_ext AS x ON x.oid = d.stxoid
    WHERE x.stxname = 'forebear_names' HAVING count(*) > 0 ORDER BY 1;
TABLE kept_statistics;
SELECT pv.drop_stale_statistics(pg_snapshot_xmax(pg_current_snapshot())) > 0 AS dropped;
TABLE kept_statistics;
DROP VIEW kept_statistics; SELECT pv.disable_audit('offspring'); DROP TABLE forebear CASCADE;
SELECT pv.undeclare_orphan('public', 'offspring');

--
-- Who may
--
CREATE ROLE scrub_owner; CREATE ROLE scrub_other;
GRANT EXECUTE ON FUNCTION pv.scrub_pages, pv.page_residue, pv.search_bytes TO scrub_owner, scrub_other;
ALTER TABLE found OWNER TO scrub_owner;
SET ROLE scrub_other;
SELECT pv.scrub_pages('found');
SELECT pv.page_residue('found');
SELECT pv.search_bytes('{needle}');
SELECT pv.scrub_plan();
SELECT pv.walk_wal();
SELECT pv.drop_stale_statistics('3');
SELECT pv.finish_scrub('3', false);
SELECT pv.check_vacuumed('found', '3');
SELECT pv.unchanged_residue('found', '0/0');
SET ROLE scrub_owner;
SELECT bytes FROM pv.scrub_pages('found');
SELECT pv.page_residue('found');
RESET ROLE;
DROP OWNED BY scrub_owner, scrub_other; DROP ROLE scrub_owner, scrub_other;
