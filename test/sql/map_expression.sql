-- A link may compare what an expression makes of the row, elements of an array, or a name
-- whatever its case.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
\set VERBOSITY terse
CREATE SCHEMA expr;
SET search_path = expr;

CREATE TABLE person (id int PRIMARY KEY, email text UNIQUE NOT NULL, uid uuid UNIQUE, name text);
CREATE TABLE log (id int PRIMARY KEY, ref text, note text);
CREATE TABLE mail (id int PRIMARY KEY, rcpt text, body text);
CREATE TABLE doc (id int PRIMARY KEY, context jsonb, title text);
CREATE TABLE talk (id int PRIMARY KEY, participants int[], topic text);
CREATE TABLE event (id int PRIMARY KEY, "Who Is" text, payload text);
INSERT INTO log VALUES (1, 'user:4', 'x'), (2, 'user:x', 'y'), (3, NULL, 'z');
SELECT pv.declare_subject('person'), pv.declare_personal('person', '{name}', 'identifying') \g /dev/null

-- What is no such expression is refused.
CREATE FUNCTION unsteady(text) RETURNS text LANGUAGE plpgsql VOLATILE AS 'BEGIN RETURN $1; END';
CREATE FUNCTION steady(text) RETURNS text LANGUAGE plpgsql STABLE AS 'BEGIN RETURN $1; END';
CREATE FUNCTION failing(text) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT CAST($1 AS int)';
SELECT pv.declare_link('log', NULL, 'person', expression => 'unsteady(ref)');
SELECT pv.declare_link('log', NULL, 'person', expression => 'steady(ref)');
SELECT pv.declare_link('log', NULL, 'person', expression => '(SELECT max(p.id) FROM person AS p)');
SELECT pv.declare_link('log', NULL, 'person', expression => '1');
SELECT pv.declare_link('log', NULL, 'person', expression => 'tableoid');
SELECT pv.declare_link('log', NULL, 'person', expression => 'ref; DROP TABLE log');
SELECT pv.declare_link('log', NULL, 'person', expression => 'missing');
SELECT pv.declare_link('log', NULL, 'person', expression => 'unnest(ARRAY[id])');
SELECT pv.declare_link('log', '{ref}', 'person', expression => 'ref');
SELECT pv.declare_link('log', NULL, 'person');
SELECT pv.declare_link('log', '{}', 'person');
SELECT pv.declare_link('log', NULL, 'person', '{id,uid}', expression => 'ref');
SELECT pv.declare_link('log', NULL, 'person', expression => 'ref IS NULL');
SELECT pv.declare_link('log', NULL, 'person', expression => $$failing(split_part(ref, ':', 2))$$);
SELECT pv.declare_link('talk', NULL, 'person', expression => 'participants', on_erase => 'delete');
SELECT pv.declare_link('talk', '{participants}', 'person', ignore_case => true);

-- A name whatever its case leads to one person by an index.
SELECT pv.declare_link('mail', '{rcpt}', 'person', '{email}', ignore_case => true);
\set VERBOSITY default
SELECT pv.declare_link('mail', '{rcpt}', 'person', '{email}', ignore_case => true);
CREATE UNIQUE INDEX person_email ON person (lower(email));

-- Each names the index that is missing.
SELECT pv.declare_link('log', NULL, 'person', expression => $$split_part(ref, ':', 2)$$);
SELECT pv.declare_link('mail', '{rcpt}', 'person', '{email}', ignore_case => true);
SELECT pv.declare_link('doc', '{}', 'person', name => 'customer', expression => $$doc.context->>'customer_id'$$);
SELECT pv.declare_link('talk', NULL, 'person', expression => 'participants');
SELECT pv.declare_link('event', NULL, 'person', '{uid}', expression => $$lower("Who Is")$$);
SELECT relation, name, columns, parent_columns, expression, ignore_case FROM pv.link ORDER BY relation::text;
SELECT hint FROM pv.check_map() WHERE problem LIKE '%index' ORDER BY hint;
\pset tuples_only on
SELECT hint FROM pv.check_map() WHERE problem LIKE '%index' ORDER BY hint \gexec
\pset tuples_only off
SELECT relation, problem FROM pv.check_map() WHERE problem LIKE '%index' OR severity = 'error';

-- Those are what the statements that an erasure runs are answered by.
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT FROM log AS r WHERE (split_part(r.ref, ':', 2)) = ANY ('{4}'::text[]);
EXPLAIN (COSTS OFF) SELECT FROM mail AS r WHERE lower(CAST(r.rcpt AS text)) = ANY ('{a}'::text[]);
EXPLAIN (COSTS OFF) SELECT FROM doc AS r WHERE ((r.context->>'customer_id')) = ANY ('{4}'::text[]);
EXPLAIN (COSTS OFF) SELECT FROM talk AS r WHERE r.participants OPERATOR(pg_catalog.&&) '{4}'::int[];
RESET enable_seqscan;

-- Whose rows by elements of an array are is several persons': that is to be said.
\set VERBOSITY terse
SELECT pv.declare_personal('talk', '{topic}', 'text');
CREATE TABLE message (id int PRIMARY KEY, talk_id int REFERENCES talk, body text);
CREATE INDEX ON message (talk_id);
SELECT pv.declare_link('message', '{talk_id}', 'talk');
SELECT pv.declare_personal('message', '{body}', 'text');
SELECT pv.declare_personal('message', '{body}', 'text', link => 'talk_id.participants');
SELECT pv.declare_personal('talk', '{topic}', 'text', link => 'participants');
SELECT relation, column_name, paths FROM pv.personal WHERE relation IN ('talk'::regclass, 'message'::regclass);
SELECT relation, problem FROM pv.check_map() WHERE severity = 'error';

-- What a column that an expression reads is still has to be said.
SELECT relation, problem FROM pv.check_map() WHERE problem ~ 'classified.*(ref|context|participants|Who Is)' OR column_name IN ('ref', 'context', 'participants', 'Who Is');
SELECT pv.declare_not_personal('log', '{ref}'), pv.declare_not_personal('doc', '{context}'), pv.declare_not_personal('event', '{"Who Is"}');

-- Renames are followed; what is dropped is told.
ALTER TABLE log RENAME ref TO "Ref No";
SELECT columns, expression FROM pv.link WHERE relation = 'log'::regclass;
ALTER TABLE doc RENAME TO "Doc";
SELECT relation, expression FROM pv.link WHERE relation = '"Doc"'::regclass;
SELECT pv.declare_personal('log', '{note}', 'text'), pv.declare_personal('mail', '{body}', 'text'), pv.declare_personal('event', '{payload}', 'text') \g /dev/null
ALTER TABLE event DROP COLUMN "Who Is";
SELECT relation, column_name, severity, problem FROM pv.check_map() WHERE severity = 'error' ORDER BY 1, 2, 4;
SELECT pv.erase_subject('person', 4);
SELECT pv.undeclare_link('event', 'Who Is');
SELECT pv.undeclare_personal('event'), pv.undeclare_link('event', 'Who Is');
INSERT INTO person VALUES (4, 'ada@x.no', NULL, 'Ada');
DROP INDEX person_email;
SELECT relation, column_name, severity, problem, hint FROM pv.check_map() WHERE severity = 'error' ORDER BY 1, 2, 4;
SELECT pv.erase_subject('person', 4);
CREATE UNIQUE INDEX person_email ON person (lower(email));
DROP INDEX talk_participants_idx;
ALTER TABLE talk ALTER participants TYPE int USING participants[1];
SELECT relation, column_name, severity, problem FROM pv.check_map() WHERE severity = 'error' ORDER BY 1, 2, 4;
ALTER TABLE talk ALTER participants TYPE bigint[] USING ARRAY[participants];
SELECT relation, column_name, severity, problem FROM pv.check_map() WHERE severity = 'error' ORDER BY 1, 2, 4;

-- An expression runs as the owner for whom it was declared, and for nobody else.
CREATE ROLE expr_owner;
CREATE ROLE expr_other;
GRANT USAGE, CREATE ON SCHEMA expr TO expr_owner, expr_other;
SELECT pv.grant_role('expr_owner', 'owner');
CREATE TABLE note (id int PRIMARY KEY, who text, body text);
INSERT INTO note VALUES (1, 'n4', 'a');
ALTER TABLE note OWNER TO expr_owner;
CREATE FUNCTION note_of(text) RETURNS int IMMUTABLE LANGUAGE plpgsql AS
    $$BEGIN RAISE WARNING 'as %', current_user; RETURN CAST(nullif(substr($1, 2), '') AS int); END$$;
GRANT EXECUTE ON FUNCTION note_of(text) TO expr_owner;
SET client_min_messages = error;
SELECT pv.declare_link('note', NULL, 'person', expression => 'note_of(who)');
SELECT pv.declare_personal('note', '{body}', 'text'), pv.declare_not_personal('note', '{who}') \g /dev/null
SET client_min_messages = warning;
SELECT state FROM pv.erase_subject('person', 4);
TABLE note;
SET client_min_messages = error;
ALTER TABLE note OWNER TO expr_other;
SELECT problem FROM pv.check_map() WHERE severity = 'error' ORDER BY 1;
SELECT pv.erase_subject('person', 4);

DROP SCHEMA expr CASCADE;
DROP OWNED BY expr_owner, expr_other CASCADE;
DROP ROLE expr_owner, expr_other;
