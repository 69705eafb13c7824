-- What generate_map() proposes goes by the likely answers to what it asks: the row's author
-- before whoever it hangs on.  What check_map() has run is the same, and comes to an end.
SET client_min_messages = error;
CREATE EXTENSION pvext CASCADE;
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA answer;
SET search_path = answer;
CREATE TABLE member (id int PRIMARY KEY, handle text, email text);
CREATE TABLE post (id int PRIMARY KEY, uploader_id int NOT NULL REFERENCES member, approver_id int REFERENCES member, source text);
-- the author's, on another's post
CREATE TABLE comment (id int PRIMARY KEY, post_id int NOT NULL REFERENCES post, creator_id int NOT NULL REFERENCES member,
    updater_id int REFERENCES member, body text, ip text);
CREATE TABLE post_version (id int PRIMARY KEY, post_id int NOT NULL REFERENCES post, updater_id int NOT NULL REFERENCES member, tags text);
CREATE TABLE vote (id int PRIMARY KEY, post_id int NOT NULL REFERENCES post, member_id int NOT NULL REFERENCES member, voter_ip text);
-- without a foreign key, by a name for persons
CREATE TABLE reply (id int PRIMARY KEY, comment_id int NOT NULL REFERENCES comment, author_id int, words text);
-- who hid a row, which may be nobody
CREATE TABLE redaction (id int PRIMARY KEY, member_id int NOT NULL REFERENCES member, title text);
CREATE TABLE changeset (id int PRIMARY KEY, member_id int NOT NULL REFERENCES member);
CREATE TABLE node (id int PRIMARY KEY, changeset_id int NOT NULL REFERENCES changeset, redaction_id int REFERENCES redaction, place text);
CREATE TABLE ban (id int PRIMARY KEY, member_id int NOT NULL REFERENCES member, banner_id int REFERENCES member, reason text);
-- two persons
CREATE TABLE mail (id int PRIMARY KEY, to_id int NOT NULL REFERENCES member, from_id int NOT NULL REFERENCES member, subject text, "server" text);
INSERT INTO member SELECT n, 'mk00' || n, 'mk00' || n || '@x.no' FROM generate_series(1, 4) AS n;
INSERT INTO post SELECT n, n, n % 4 + 1, 'from mk00' || n FROM generate_series(1, 4) AS n;
INSERT INTO comment SELECT n, n % 4 + 1, n, n % 4 + 1, 'mk00' || n || ' says so', '10.0.0.' || n FROM generate_series(1, 4) AS n;
INSERT INTO post_version SELECT n, n % 4 + 1, n, 'tag mk00' || n FROM generate_series(1, 4) AS n;
INSERT INTO vote SELECT n, n % 4 + 1, n, '10.0.0.' || n FROM generate_series(1, 4) AS n;
INSERT INTO reply SELECT n, n % 4 + 1, n, 'mk00' || n FROM generate_series(1, 4) AS n;
INSERT INTO redaction SELECT n, n, 'mk00' || n || ' hid it' FROM generate_series(1, 4) AS n;
INSERT INTO changeset SELECT n, n FROM generate_series(1, 4) AS n;
INSERT INTO node SELECT n, n, CASE WHEN n < 4 THEN n % 4 + 1 END, 'home of mk00' || n FROM generate_series(1, 4) AS n;
INSERT INTO ban SELECT n, n, n % 4 + 1, 'mk00' || n || ' was rude' FROM generate_series(1, 4) AS n;
INSERT INTO mail SELECT n, n % 4 + 1, n, 'mk00' || n || ' writes', 'mx.mk00' || n FROM generate_series(1, 4) AS n;
ANALYZE;
CREATE VIEW marks AS SELECT t.name, substring(t.row_text FROM 'mk00.|10\.0\.0\..') AS mark FROM
    (SELECT 'member', m::text FROM member m UNION ALL SELECT 'post', p::text FROM post p UNION ALL SELECT 'comment', c::text FROM comment c
     UNION ALL SELECT 'version', v::text FROM post_version v UNION ALL SELECT 'vote', v::text FROM vote v UNION ALL SELECT 'reply', r::text FROM reply r
     UNION ALL SELECT 'redaction', r::text FROM redaction r UNION ALL SELECT 'node', n::text FROM node n UNION ALL SELECT 'ban', b::text FROM ban b
     UNION ALL SELECT 'mail', m::text FROM mail m) AS t (name, row_text) WHERE t.row_text ~ 'mk00.|10\.0\.0\..';

SELECT pv.generate_map('member') AS map \gset
\echo :map
-- as it stands nothing of anybody else's goes
BEGIN;
:map
SELECT state FROM pv.erase_subject('member', 1);
SELECT mark, count(*) FROM marks WHERE mark !~ '1$' GROUP BY mark ORDER BY 1;
ROLLBACK;
-- with what is said first of the questions all of his goes, and nothing else
BEGIN;
:map
SELECT regexp_replace(line, '^-- ', '') FROM regexp_split_to_table(:'map', '\n') AS line
    WHERE line ~ '^-- SELECT' AND line !~ 'retention|declare_purpose' \gexec
SELECT state FROM pv.erase_subject('member', 1);
SELECT * FROM marks WHERE mark ~ '1$' ORDER BY 1;
SELECT mark, count(*) FROM marks GROUP BY mark ORDER BY 1;
SELECT relation, column_name, problem, statement FROM pv.check_map() WHERE problem !~ 'no index' ORDER BY 1, 2;
-- it is not asked again
SELECT line FROM regexp_split_to_table(pv.generate_map('member'), '\n') AS line WHERE line ~ 'declare_' AND line !~ 'retention|declare_purpose';
ROLLBACK;

-- check_map() says the same, and each round of it is followed by a shorter one
SELECT pv.declare_subject('member') \g /dev/null
SELECT statement FROM pv.check_map() ORDER BY statement;
SELECT statement FROM pv.check_map() \gexec
SELECT statement FROM pv.check_map() \gexec
SELECT statement FROM pv.check_map() \gexec
SELECT relation, column_name, problem, statement FROM pv.check_map();
SELECT relation, column_name, link FROM pv.personal ORDER BY relation::text, 2;

-- An author who is linked too late: it is the columns that are declared again, and he stays.
CREATE TABLE letter (id int PRIMARY KEY, post_id int NOT NULL REFERENCES post, writer_id int NOT NULL REFERENCES member, body text, stamp text);
CREATE INDEX ON letter (post_id); CREATE INDEX ON letter (writer_id);
INSERT INTO letter VALUES (1, 1, 2, 'mk002', 'seal 2');
SELECT pv.declare_link('letter', '{post_id}', 'post'), pv.declare_personal('letter', '{body}', 'free text', erase_with => 'redact', link => 'post_id'),
    pv.declare_personal('letter', '{stamp}', 'other', link => 'post_id'), pv.declare_link('letter', '{writer_id}', 'member') \g /dev/null
SELECT relation, column_name, problem, statement FROM pv.check_map();
SELECT statement FROM pv.check_map() \gexec
SELECT relation, column_name, problem, statement FROM pv.check_map();
SELECT column_name, link FROM pv.personal WHERE relation = 'letter'::regclass ORDER BY 1;
-- A column that was declared while there was one way
CREATE TABLE card (id int PRIMARY KEY, from_id int NOT NULL REFERENCES member, to_id int NOT NULL REFERENCES member, words text);
CREATE INDEX ON card (from_id); CREATE INDEX ON card (to_id);
SELECT pv.declare_link('card', '{to_id}', 'member') \g /dev/null
SELECT pv.declare_personal('card', '{words}', 'free text', erase_with => 'redact'), pv.declare_link('card', '{from_id}', 'member') \g /dev/null
SELECT relation, column_name, problem, statement FROM pv.check_map();
SELECT statement FROM pv.check_map() \gexec
SELECT relation, column_name, problem, statement FROM pv.check_map();

RESET search_path;
DROP SCHEMA answer CASCADE;
DROP EXTENSION pvext;
