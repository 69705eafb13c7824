--
-- What a scrub covers, and tables whose rows are not in this server's files
--
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
CREATE SCHEMA elsewhere;
SET search_path = elsewhere;
CREATE TABLE person (id int PRIMARY KEY, name text);
INSERT INTO person VALUES (1, 'Ada');
SELECT pv.declare_subject('person'), pv.declare_personal('person', '{name}', 'identifying') \gset

-- Columns that were dropped: of tables that only link, of subjects without another
-- personal column, of partitions and children; each as long as it has such.
CREATE TABLE consent (person int REFERENCES person, ok bool, signed_by text);
CREATE INDEX ON consent (person);
CREATE TABLE member (id int PRIMARY KEY, nick text);
CREATE TABLE log (member int REFERENCES member, at int, said text) PARTITION BY RANGE (at);
CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM (0) TO (10);
CREATE INDEX ON log (member);
CREATE TABLE place (member int REFERENCES member);
CREATE TABLE kept (more text) INHERITS (place);
CREATE INDEX ON place (member);
INSERT INTO consent VALUES (1, true, 'Ada');
INSERT INTO member VALUES (1, 'ada');
INSERT INTO log VALUES (1, 1, 'I, Ada');
INSERT INTO kept VALUES (1, 'Ada''s');
SELECT pv.declare_subject('member'), pv.declare_link('consent', '{person}', 'person'), pv.declare_link('log', '{member}', 'member'),
       pv.declare_link('place', '{member}', 'member'), pv.declare_not_personal('consent'), pv.declare_not_personal('member'),
       pv.declare_not_personal('log'), pv.declare_not_personal('place') \gset
CREATE VIEW scope AS SELECT relation::regclass, kind FROM pv.scrub_scope
    WHERE kind NOT IN ('pvext''s own table', 'system catalog') ORDER BY relation::regclass::text;
TABLE scope;
SET client_min_messages = error;
ALTER TABLE consent DROP COLUMN signed_by;
ALTER TABLE member DROP COLUMN nick;
ALTER TABLE log DROP COLUMN said;
ALTER TABLE kept DROP COLUMN more;
SET client_min_messages = warning;
TABLE scope;
CREATE VIEW plan AS SELECT command, lock FROM pv.scrub_plan(false) WHERE command ~ '(VACUUM|scrub_pages|check_vacuumed).*elsewhere'
    AND command !~ 'person';
SELECT regexp_replace(command, '(''elsewhere\.\w+''), .*', '\1 ...') AS command, lock FROM plan;
VACUUM FULL consent, member, log_1, kept;
SELECT command, lock FROM plan WHERE command ~ '^VACUUM';
SELECT problem FROM pv.check_map() WHERE severity = 'error';

-- Distributed by Citus: it says so in a table of a superuser's; a stranger's says nothing.
CREATE ROLE regress_elsewhere;
CREATE SCHEMA strange AUTHORIZATION regress_elsewhere;
CREATE TABLE strange.pg_dist_partition (logicalrelid regclass, partmethod "char");
INSERT INTO strange.pg_dist_partition VALUES ('person', 'h');
ALTER TABLE strange.pg_dist_partition OWNER TO regress_elsewhere;
SELECT count(*) > 0 AS planned FROM pv.scrub_plan(false);
CREATE TABLE pg_dist_partition (logicalrelid regclass, partmethod "char");
SELECT count(*) > 0 AS planned FROM pv.scrub_plan(false);
INSERT INTO pg_dist_partition VALUES ('person', 'h');
SELECT pv.scrub_plan();
SELECT pv.finish_scrub(pg_current_xact_id(), false);
SELECT * FROM pv.check_map();
UPDATE pg_dist_partition SET logicalrelid = 'log_1';
SELECT pv.scrub_plan(false);
-- What is not in the scope may be anywhere.
DROP TABLE kept, log_1;
CREATE TABLE log_2 PARTITION OF log FOR VALUES FROM (20) TO (30);
UPDATE pg_dist_partition SET logicalrelid = 'log_2';
SELECT count(*) > 0 AS planned FROM pv.scrub_plan(false);
DROP TABLE pg_dist_partition;
SELECT count(*) > 0 AS planned FROM pv.scrub_plan(false);

-- Foreign partitions: an erasure reaches them, a scrub does not.
\getenv host PGHOST
\getenv port PGPORT
SELECT current_database() AS db \gset
CREATE EXTENSION postgres_fdw;
CREATE SERVER loop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (dbname :'db', host :'host', port :'port');
CREATE USER MAPPING FOR CURRENT_USER SERVER loop;
CREATE TABLE note (person int, at int, txt text) PARTITION BY RANGE (at);
CREATE TABLE note_1 PARTITION OF note FOR VALUES FROM (0) TO (10);
CREATE TABLE note_far (person int, at int, txt text);
CREATE FOREIGN TABLE note_2 PARTITION OF note FOR VALUES FROM (10) TO (20) SERVER loop
    OPTIONS (schema_name 'elsewhere', table_name 'note_far');
CREATE INDEX ON note_1 (person);
INSERT INTO note VALUES (1, 1, 'near'), (1, 11, 'far');
SELECT pv.declare_link('note', '{person}', 'person'), pv.declare_personal('note', '{txt}', 'notes'), pv.declare_not_personal('note') \gset
SELECT relation, severity, problem, hint FROM pv.check_map() WHERE problem NOT LIKE '%no index%';
SELECT state, rows_anonymised FROM pv.erase_subject('person', 1);
SELECT tableoid::regclass, txt FROM note ORDER BY 1;
SELECT pv.scrub_plan();

-- Neither does a purge, which says so.
INSERT INTO note VALUES (1, 2, 'near again'), (1, 12, 'far again');
SELECT pv.declare_retention('note', 'old', '1 year', after => $$date '2001-01-01'$$, basis => 'x') \gset
SELECT rule, rows FROM pv.preview_purge();
SELECT pv.activate_retention('note', 'old', 2);
CALL pv.purge('note');
SELECT message, hint FROM pv.duty_failure;
SELECT rule, rows FROM pv.overdue;
ALTER TABLE note DETACH PARTITION note_2;
CALL pv.purge('note');
SELECT message, hint FROM pv.duty_failure;
SELECT tableoid::regclass, txt FROM note ORDER BY 1, 2;

DROP EXTENSION postgres_fdw CASCADE;
DROP OWNED BY regress_elsewhere CASCADE;
DROP ROLE regress_elsewhere;
