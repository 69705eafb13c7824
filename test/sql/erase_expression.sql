-- What goes by what an expression makes of a row, by elements of an array or by a name whatever
-- its case: all of one person, nothing of those whose keys look alike.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
\set VERBOSITY terse
\pset format unaligned
CREATE SCHEMA exprs;
SET search_path = exprs;

CREATE TABLE person (id int PRIMARY KEY, email text NOT NULL, uid uuid UNIQUE, name text);
CREATE UNIQUE INDEX ON person (lower(email));
CREATE TABLE log (id int PRIMARY KEY, ref text, note text);
CREATE INDEX ON log ((CASE WHEN ref LIKE 'user:%' THEN split_part(ref, ':', 2) END));
CREATE TABLE mail (id int PRIMARY KEY, rcpt text, body text);
CREATE INDEX ON mail (lower(rcpt));
CREATE TABLE doc (id int PRIMARY KEY, context jsonb, title text);
CREATE INDEX ON doc ((context->>'customer_id'));
CREATE TABLE page (id int PRIMARY KEY, doc_id int REFERENCES doc, words text);
CREATE INDEX ON page (doc_id);
CREATE TABLE talk (id int PRIMARY KEY, participants bigint[], topic text);
CREATE INDEX ON talk USING gin (participants);
CREATE TABLE event (id int PRIMARY KEY, "Who Is" text, payload text);
CREATE INDEX ON event ((split_part("Who Is", ':', 3)));
CREATE TABLE session (id int PRIMARY KEY, data text);
CREATE INDEX ON session ((substring(data FROM '"uid":([0-9]+)')));
INSERT INTO person VALUES (4, 'Ada@x.no', '00000000-0000-0000-0000-00000000000a', 'Ada'),
    (42, 'odd@x.no', '00000000-0000-0000-0000-00000000000b', 'Odd'), (7, 'ada@x.no.uk', NULL, 'Eva');
INSERT INTO log VALUES (1, 'user:4', 'Ada'), (2, 'user:42', 'Odd'), (3, 'user:x4', 'nobody'), (4, NULL, 'nobody'),
    (5, 'order:4', 'order'), (6, 'user:', 'nobody'), (7, 'user:4:9', 'Ada'), (8, 'user:04', 'another spelling');
INSERT INTO mail VALUES (1, 'ADA@X.NO', 'Ada'), (2, 'Odd@x.no', 'Odd'), (3, 'Ada@x.no', 'Ada'), (4, NULL, 'nobody'), (5, 'ADA@x.no.uk', 'Eva');
INSERT INTO doc VALUES (1, '{"customer_id": 4, "ip": "1.2.3.4"}', 'Ada'), (2, '{"customer_id": "42"}', 'Odd'), (3, '{}', 'nobody'),
    (4, '[4]', 'nobody'), (5, '{"customer_id": null}', 'nobody'), (6, '{"customer_id": {"id": 4}}', 'nobody'), (7, NULL, 'nobody');
INSERT INTO page VALUES (1, 1, 'Ada'), (2, 2, 'Odd'), (3, 3, 'nobody');
INSERT INTO talk VALUES (1, '{4,42}', 'Ada and Odd'), (2, '{42}', 'Odd'), (3, '{4,4}', 'Ada'), (4, NULL, 'nobody'), (5, '{}', 'nobody'),
    (6, '{NULL,7}', 'Eva'), (7, '{{7,4},{42,NULL}}', 'all'), (8, '{42,7,5000000000}', 'Odd and Eva');
INSERT INTO event VALUES (1, 'urn:uuid:00000000-0000-0000-0000-00000000000a', 'Ada'),
    (2, 'urn:uuid:00000000-0000-0000-0000-00000000000b', 'Odd'), (3, 'urn:uuid:junk', 'nobody'), (4, '', 'nobody');
INSERT INTO session VALUES (1, '{"uid":4,"token":"a"}'), (2, '{"uid":42,"token":"b"}'), (3, 'junk');

SELECT pv.declare_subject('person'), pv.declare_personal('person', '{name}', 'identifying'),
       pv.declare_not_personal('person') \g /dev/null
SELECT pv.declare_link('log', NULL, 'person', expression => $$CASE WHEN ref LIKE 'user:%' THEN split_part(ref, ':', 2) END$$),
       pv.declare_link('mail', '{rcpt}', 'person', '{email}', ignore_case => true),
       pv.declare_link('doc', NULL, 'person', expression => $$context->>'customer_id'$$),
       pv.declare_link('page', '{doc_id}', 'doc'),
       pv.declare_link('talk', NULL, 'person', expression => 'participants'),
       pv.declare_link('event', NULL, 'person', '{uid}', expression => $$split_part("Who Is", ':', 3)$$),
       pv.declare_link('session', NULL, 'person', expression => $$substring(data FROM '"uid":([0-9]+)')$$, on_erase => 'delete') \g /dev/null
SELECT pv.declare_personal('log', '{note}', 'text'), pv.declare_personal('mail', '{body}', 'text'),
       pv.declare_personal('doc', '{title}', 'text'), pv.declare_personal('doc', '{context}', 'text', erase_with => 'remove_paths', parameter => '{ip}'),
       pv.declare_personal('page', '{words}', 'text'), pv.declare_personal('talk', '{topic}', 'text', link => 'participants'),
       pv.declare_personal('event', '{payload}', 'text'),
       pv.declare_not_personal('log', '{ref}'), pv.declare_not_personal('event', '{"Who Is"}'), pv.declare_not_personal('session') \g /dev/null
SELECT relation, column_name, severity, problem FROM pv.check_map();

-- What is found, is erased, and verified; of the log, too.
SELECT pv.enable_audit('log'), pv.enable_audit('mail'), pv.enable_audit('doc'), pv.enable_audit('page'), pv.enable_audit('talk'),
       pv.enable_audit('event'), pv.enable_audit('session') \g /dev/null
UPDATE log SET note = note || '!'; UPDATE mail SET body = body || '!'; UPDATE doc SET title = title || '!';
UPDATE page SET words = words || '!'; UPDATE talk SET topic = topic || '!'; UPDATE event SET payload = payload || '!';
UPDATE session SET data = data || ' ';
INSERT INTO log VALUES (9, 'user:4', 'of Ada, gone'), (10, 'user:42', 'of Odd, gone'); DELETE FROM log WHERE id IN (9, 10);
SELECT relation, count(*) FROM pv.subject_trail('person', 4) GROUP BY 1 ORDER BY 1;
SELECT relation, column_name, rows, verdict FROM pv.preview_erasure('person', 4) ORDER BY relation::text, 2;
SELECT state, rows_anonymised, rows_deleted FROM pv.erase_subject('person', 4);
TABLE person; TABLE log; TABLE mail; TABLE doc; TABLE page; TABLE talk; TABLE event; TABLE session;
SELECT * FROM pv.verify_erasure('person', 4);
SELECT relation, operation, old, new FROM pv.audit_trail WHERE coalesce(CAST(old AS text), '') || coalesce(CAST(new AS text), '') ~ 'Ada';
SELECT relation, count(*) FROM pv.audit_trail WHERE coalesce(CAST(old AS text), '') || coalesce(CAST(new AS text), '') ~ 'Odd' GROUP BY 1 ORDER BY 1;

-- A blocker and a hold are found by them.
SELECT pv.declare_blocker('person', 'open', 'note IS NOT NULL', 'there is a note', relation => 'log');
SELECT * FROM pv.check_blockers('person');
SELECT state, blocked_by FROM pv.erase_subject('person', 42);
UPDATE log SET note = NULL WHERE ref = 'user:42';
SELECT pv.undeclare_blocker('person', 'open');
SELECT pv.place_hold('person', 7, 'court');
-- what is Eva's, too, stays for her
SELECT state FROM pv.erase_subject('person', 42);
SELECT * FROM talk ORDER BY id;
SELECT pv.release_hold(1, 'over');
SELECT state FROM pv.erase_subject('person', 42);
SELECT * FROM talk ORDER BY id;

-- A purge knows whose rows are.
INSERT INTO log VALUES (20, 'user:7', 'Eva'), (21, 'user:8', 'gone'), (22, 'user:zz', 'nobody');
SELECT pv.declare_retention('log', 'logs', '1 day', 'date ''2020-01-01''', 'policy');
SELECT pv.place_hold('person', 7, 'court');
SET client_min_messages = error;
SELECT rows, held FROM pv.preview_purge();
SELECT pv.activate_retention('log', 'logs', 7);
CALL pv.purge();
SELECT * FROM log WHERE note IS NOT NULL;
SELECT pv.release_hold(2, 'over');
CALL pv.purge();
SELECT * FROM log WHERE note IS NOT NULL;

-- nor does a text that is no key of anybody's stop it, or belong to anybody
CREATE TABLE visit (id int PRIMARY KEY, who text, note text);
CREATE TABLE trip (id int PRIMARY KEY, who text[], note text);
INSERT INTO visit VALUES (1, '7', 'Eva'), (2, 'x', 'nobody'), (3, '8', 'gone'), (4, '70000000000', 'nobody');
INSERT INTO trip VALUES (1, '{7,x}', 'Eva'), (2, '{x,""}', 'nobody'), (3, '{8,NULL}', 'gone');
SELECT pv.declare_link('visit', '{who}', 'person'), pv.declare_link('trip', '{who}', 'person'),
       pv.declare_personal('visit', '{note}', 'text'), pv.declare_personal('trip', '{note}', 'text', link => 'who'),
       pv.place_hold('person', 7, 'court'),
       pv.declare_retention('visit', 'visits', '1 day', 'date ''2020-01-01''', 'policy'),
       pv.declare_retention('trip', 'trips', '1 day', 'date ''2020-01-01''', 'policy') \g /dev/null
SELECT pv.activate_retention('visit', 'visits', 3), pv.activate_retention('trip', 'trips', 2) \g /dev/null
CALL pv.purge();
SELECT * FROM visit ORDER BY id;
SELECT * FROM trip ORDER BY id;
DROP SCHEMA exprs CASCADE;
