-- Agreements: versioned texts, who has accepted which, and the proof of it.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
RESET client_min_messages;
\set SHOW_CONTEXT never
SET TimeZone = 'UTC';

CREATE ROLE regress_agreement_shop;
CREATE ROLE regress_agreement_app;
CREATE ROLE regress_agreement_nobody;
GRANT CREATE ON SCHEMA public TO regress_agreement_shop;
SELECT pv.grant_role('regress_agreement_shop', 'owner');
GRANT EXECUTE ON FUNCTION pv.accept_agreement(regclass, text, text, text, jsonb),
    pv.bound_by(regclass, text, text, date) TO regress_agreement_app;

SET ROLE regress_agreement_shop;
CREATE TABLE customer (id int PRIMARY KEY, name text);
INSERT INTO customer VALUES (1, 'Ann'), (2, 'Bob'), (3, 'Cid');
CREATE TABLE "Order Person" ("Key A" int, "Key, B" text, PRIMARY KEY ("Key A", "Key, B"));
INSERT INTO "Order Person" VALUES (7, 'x, "y"');
CREATE TABLE visitor (id uuid PRIMARY KEY);
INSERT INTO visitor VALUES ('00000000-0000-0000-0000-00000000000a');
CREATE TABLE stranger (id int PRIMARY KEY);
SELECT pv.declare_subject('customer');
SELECT pv.declare_subject('"Order Person"');
SELECT pv.declare_subject('visitor');
RESET ROLE;

-- Declaring: words can be replaced until somebody accepts them
SELECT pv.declare_agreement('terms', '1', 'You pay.');
SELECT pv.declare_agreement('terms', '1', 'You pay in 30 days – or sooner.');
SELECT pv.declare_agreement('terms', '1', 'You pay in 30 days – or sooner.');
SELECT pv.declare_agreement('terms', '2', 'You pay in 10 days.');
SELECT pv.declare_agreement('Data "processing"', '1', E'We process.\nYou agree.');
SELECT name, version, body, digest = sha256(convert_to(body, 'UTF8')) AS hashed,
       withdrawn_at, accepted FROM pv.agreement ORDER BY id;
SELECT call FROM pv.event_record WHERE call LIKE '%agreement%' ORDER BY id;

-- What is refused
SELECT pv.declare_agreement(NULL, '1', 'words');
\echo :SQLSTATE
SELECT pv.declare_agreement('terms', NULL, 'words');
SELECT pv.declare_agreement('terms', '3', NULL);
SELECT pv.declare_agreement('', '1', 'words');
\echo :SQLSTATE
SELECT pv.declare_agreement('terms', ' ', 'words');
SELECT pv.declare_agreement('terms', '3', E' \n\t');
SELECT pv.withdraw_agreement(NULL, '1');
SELECT pv.withdraw_agreement('terms', '');
SELECT pv.withdraw_agreement('terms', '9');
\echo :SQLSTATE
SELECT pv.accept_agreement(NULL, '1', 'terms', '1');
SELECT pv.accept_agreement('customer', NULL::text, 'terms', '1');
SELECT pv.accept_agreement('customer', NULL::int, 'terms', '1');
SELECT pv.accept_agreement('customer', 1, NULL, '1');
SELECT pv.accept_agreement('customer', 1, 'terms', NULL);
SELECT pv.accept_agreement('customer', 1, 'terms', '  ');
SELECT pv.accept_agreement('customer', 1, 'terms', '9');
\echo :SQLSTATE
SELECT pv.accept_agreement('customer', 1, 'Terms', '1');
SELECT pv.accept_agreement('customer', 9, 'terms', '1');
\echo :SQLSTATE
SELECT pv.accept_agreement('customer', 'nobody''s', 'terms', '1');
\echo :SQLSTATE
SELECT pv.accept_agreement('stranger', 1, 'terms', '1');
\echo :SQLSTATE
SELECT pv.end_agreement(NULL, '1', 'terms');
SELECT pv.end_agreement('customer', NULL::text, 'terms');
SELECT pv.end_agreement('customer', 1, NULL);
SELECT pv.end_agreement('customer', 1, 'nothing');
\echo :SQLSTATE
SELECT pv.end_agreement('customer', 1, 'terms');
\echo :SQLSTATE
SELECT pv.bound_by(NULL, '1', 'terms');
SELECT pv.bound_by('customer', NULL::text, 'terms');
SELECT pv.bound_by('customer', 1, NULL);
SELECT pv.bound_by('customer', 1, 'terms', NULL);
SELECT pv.bound_by('customer', 1, 'nothing');
\echo :SQLSTATE
SELECT pv.bound_by('customer', 9, 'terms');
\echo :SQLSTATE
SELECT pv.agreement_evidence(0);
\echo :SQLSTATE
SELECT pv.agreement_evidence(NULL);
SELECT pv.refuse_change();
SELECT pv.protect_agreement();
-- nothing of all that is left behind
SELECT (SELECT count(*) FROM pv.agreement_state) AS states, (SELECT count(*) FROM pv.agreement_event) AS events,
       (SELECT count(*) FROM pv.evidence_key) AS keys, (SELECT count(*) FROM pv.agreement WHERE accepted) AS accepted;

-- Accepting, by keys of any type
SET ROLE regress_agreement_app;
SELECT pv.accept_agreement('customer', '1', 'terms', '1', '{"ip": "10.20.30.40", "säid": 1.50}');
SELECT pv.accept_agreement('customer', ' 1.0 ', 'terms', '1');
SELECT pv.bound_by('customer', '1', 'terms');
SELECT pv.bound_by('customer', '2', 'terms') IS NULL AS not_bound;
-- who may accept may not read
SELECT pv.agreement_evidence(1);
SELECT * FROM pv.agreement_history;
SELECT * FROM pv.agreement_event;
SELECT * FROM pv.evidence_key;
SET ROLE regress_agreement_nobody;
SELECT pv.accept_agreement('customer', '1', 'terms', '1');
SELECT pv.declare_agreement('terms', '7', 'words');
SELECT pv.bound_by('customer', '1', 'terms');
RESET ROLE;
SELECT pv.accept_agreement('customer', 2, 'terms', '1', 'null');
SELECT pv.accept_agreement('customer', 2, 'terms', '2', '{"ip": "10.20.30.40", "säid": 1.50}');
SELECT pv.accept_agreement('"Order Person"', ROW(7, 'x, "y"'), 'Data "processing"', '1', '[]');
SELECT pv.accept_agreement('visitor', '00000000-0000-0000-0000-00000000000a'::uuid, 'terms', '2');
SELECT pv.end_agreement('customer', 2, 'terms', '{"letter": 7}');
SELECT pv.end_agreement('customer', '2', 'terms');
\echo :SQLSTATE
SELECT pv.bound_by('customer', 2, 'terms') IS NULL AS ended;
SELECT pv.accept_agreement('customer', 2, 'terms', '1');
SELECT pv.bound_by('customer', 2, 'terms'),
       pv.bound_by('"Order Person"', ROW(7, 'x, "y"'), 'Data "processing"'),
       pv.bound_by('"Order Person"', '( 7,"x, ""y""")', 'Data "processing"'),
       pv.bound_by('visitor', '00000000-0000-0000-0000-00000000000A', 'terms');
SELECT subject, key, name, version, action, body, body_digest IS NOT NULL AS hashed, role = current_user AS mine, evidence
FROM pv.agreement_history ORDER BY id;
SELECT relation_id, name, key, former_key, state, version, kept_until FROM pv.agreement_state ORDER BY id;
SELECT count(*) AS states, count(*) FILTER (WHERE s.since = e.at) AS as_the_ledger_says
FROM pv.agreement_state s JOIN LATERAL (SELECT * FROM pv.agreement_event e WHERE e.agreement_id = s.id ORDER BY id DESC LIMIT 1) e ON true;
-- the ledger is the record: nothing is written down twice
SELECT count(*) FROM pv.event_record WHERE call ~ 'accept|end_agreement';
SELECT call, count(*), count(subject_digest) AS with_digest FROM pv.event WHERE call ~ 'accept|end_agreement' GROUP BY call ORDER BY call COLLATE "C";
SELECT * FROM pv.verify_agreements();
-- rolled back, nothing was accepted
BEGIN;
SELECT pv.accept_agreement('customer', 3, 'terms', '1');
SELECT pv.bound_by('customer', 3, 'terms');
ROLLBACK;
SELECT pv.bound_by('customer', 3, 'terms') IS NULL AS not_bound;

-- The evidence is encrypted, each time anew
SELECT count(*) AS rows, count(DISTINCT evidence) AS different,
       count(*) FILTER (WHERE position('10.20.30.40'::bytea IN evidence) > 0
                           OR position('letter'::bytea IN evidence) > 0) AS in_clear
FROM pv.agreement_event WHERE evidence IS NOT NULL;
SELECT count(*) AS keys, bool_and(length(wrapped) = 48) AS wrapped FROM pv.evidence_key;

-- Words that have been accepted never change
SELECT pv.declare_agreement('terms', '1', 'You pay now.');
\echo :SQLSTATE
SELECT pv.declare_agreement('terms', '1', 'You pay in 30 days – or sooner.');
UPDATE pv.agreement SET body = 'You pay now.' WHERE version = '1';
\echo :SQLSTATE
UPDATE pv.agreement SET digest = '' WHERE version = '1' AND name = 'terms';
UPDATE pv.agreement SET name = 'other' WHERE version = '1' AND name = 'terms';
UPDATE pv.agreement SET version = '0' WHERE version = '1' AND name = 'terms';
UPDATE pv.agreement SET accepted = false WHERE version = '1' AND name = 'terms';
DELETE FROM pv.agreement WHERE version = '1' AND name = 'terms';
TRUNCATE pv.agreement;
SELECT pv.declare_agreement('draft', '1', 'Nobody has accepted this.');
DELETE FROM pv.agreement WHERE name = 'draft';
-- nor does the ledger
UPDATE pv.agreement_event SET version = '1';
\echo :SQLSTATE
UPDATE pv.agreement_event SET version = '1' WHERE false;
DELETE FROM pv.agreement_event;
TRUNCATE pv.agreement_event;
TRUNCATE pv.agreement, pv.agreement_state, pv.agreement_event;
SET session_replication_role = replica;
UPDATE pv.agreement SET body = 'You pay now.' WHERE version = '1';
DELETE FROM pv.agreement_event;
TRUNCATE pv.agreement_event;
RESET session_replication_role;

-- Withdrawing a version
SELECT pv.withdraw_agreement('terms', '1');
SELECT pv.withdraw_agreement('terms', '1');
\echo :SQLSTATE
SELECT pv.accept_agreement('customer', 3, 'terms', '1');
\echo :SQLSTATE
SELECT pv.accept_agreement('customer', 1, 'terms', '1');
SELECT pv.declare_agreement('terms', '1', 'You pay in 30 days – or sooner.');
\echo :SQLSTATE
SELECT pv.bound_by('customer', 1, 'terms');
SELECT pv.declare_agreement('draft', '1', 'Nobody has accepted this.');
SELECT pv.withdraw_agreement('draft', '1');
SELECT pv.declare_agreement('draft', '1', 'Other words.');
SELECT pv.accept_agreement('customer', 3, 'draft', '1');
SELECT accepted FROM pv.agreement WHERE name = 'draft';
SELECT call FROM pv.event_record WHERE call LIKE 'withdraw_agreement%' ORDER BY id;

-- Which version on which day: the ledger is given a past first
ALTER TABLE pv.agreement_event DISABLE TRIGGER refuse_change;
SELECT pv.accept_agreement('customer', 3, 'terms', '2');
SELECT pv.declare_agreement('terms', '3', 'You pay in 5 days.');
SELECT pv.accept_agreement('customer', 3, 'terms', '3');
SELECT pv.end_agreement('customer', 3, 'terms');
SELECT pv.accept_agreement('customer', 3, 'terms', '2');
UPDATE pv.agreement_event e SET at = n.at
FROM (SELECT id, (ARRAY['2025-03-01 23:30+00', '2025-03-10 00:00+00', '2025-03-20 12:00+00', '2025-03-20 18:00+00']::timestamptz[])
                 [row_number() OVER (ORDER BY id)] AS at
      FROM pv.agreement_event
      WHERE agreement_id = (SELECT id FROM pv.agreement_state WHERE key = '3')) n
WHERE n.id = e.id;
ALTER TABLE pv.agreement_event ENABLE ALWAYS TRIGGER refuse_change;
SELECT day, pv.bound_by('customer', 3, 'terms', day)
FROM unnest(ARRAY['-infinity', '2025-02-28', '2025-03-01', '2025-03-09', '2025-03-10', '2025-03-19', '2025-03-20', 'infinity']::date[]) AS day;
SET TimeZone = 'Asia/Tokyo';
SELECT day, pv.bound_by('customer', 3, 'terms', day)
FROM unnest(ARRAY['2025-03-01', '2025-03-02', '2025-03-09', '2025-03-10', '2025-03-20', '2025-03-21']::date[]) AS day;
SET TimeZone = 'America/New_York';
SELECT day, pv.bound_by('customer', 3, 'terms', day)
FROM unnest(ARRAY['2025-02-28', '2025-03-01', '2025-03-08', '2025-03-09', '2025-03-20']::date[]) AS day;
SET TimeZone = 'UTC';
SELECT pv.bound_by('customer', 3, 'terms', on_day => '300000-01-01');
\echo :SQLSTATE
-- What a superuser forces is found
SELECT * FROM pv.verify_agreements();
BEGIN;
ALTER TABLE pv.agreement DISABLE TRIGGER protect_row;
UPDATE pv.agreement SET body = 'You pay now.' WHERE name = 'terms' AND version = '3';
SELECT name, version, regexp_replace(problem, '\d+', 'N') AS problem FROM pv.verify_agreements();
UPDATE pv.agreement SET digest = sha256(convert_to(body, 'UTF8')) WHERE name = 'terms' AND version = '3';
SELECT name, version, regexp_replace(problem, '\d+', 'N') AS problem FROM pv.verify_agreements();
ROLLBACK;
BEGIN;
ALTER TABLE pv.agreement DISABLE TRIGGER protect_row;
UPDATE pv.agreement SET accepted = false WHERE name = 'terms' AND version = '3';
DELETE FROM pv.agreement WHERE name LIKE 'Data%';
SELECT name, version, regexp_replace(problem, '\d+', 'N') AS problem FROM pv.verify_agreements();
ROLLBACK;
BEGIN;
ALTER TABLE pv.agreement_event DISABLE TRIGGER refuse_change;
UPDATE pv.agreement_event SET body_digest = sha256('x') WHERE name LIKE 'Data%';
DELETE FROM pv.agreement_event WHERE id IN (SELECT max(id) FROM pv.agreement_event WHERE name = 'terms' GROUP BY agreement_id);
SELECT name, version, regexp_replace(problem, '\d+', 'N', 'g') AS problem FROM pv.verify_agreements();
ROLLBACK;
BEGIN;
UPDATE pv.agreement_state SET version = '2' WHERE key = '1';
UPDATE pv.agreement_state SET state = 'ended' WHERE key = '3';
DELETE FROM pv.agreement_state WHERE name LIKE 'Data%';
INSERT INTO pv.agreement_state (relation_id, name, key, subject_digest, state, version, since)
    VALUES (1, 'terms', '4', 'x', 'accepted', '1', now());
DELETE FROM pv.evidence_key WHERE subject_digest = (SELECT subject_digest FROM pv.agreement_state WHERE key = '2');
SELECT name, version, regexp_replace(problem, '\d+', 'N', 'g') AS problem FROM pv.verify_agreements();
-- a key that is gone is that of a subject that was erased
SELECT evidence IS NULL AS gone FROM pv.agreement_history WHERE key = '2' ORDER BY id;
ROLLBACK;

-- Evidence, or a key, that has been changed
SELECT id AS event FROM pv.agreement_history WHERE key = '1' AND evidence IS NOT NULL \gset
SELECT id AS other FROM pv.agreement_history WHERE key = '2' AND evidence = '{"letter": 7}' \gset
SELECT pv.agreement_evidence(:event), pv.agreement_evidence(:other);
BEGIN;
ALTER TABLE pv.agreement_event DISABLE TRIGGER refuse_change;
SAVEPOINT a;
UPDATE pv.agreement_event SET evidence = set_byte(evidence, 0, get_byte(evidence, 0) # 1) WHERE id = :event;
SELECT pv.agreement_evidence(:event);
\echo :SQLSTATE
ROLLBACK TO a;
UPDATE pv.agreement_event SET evidence = set_byte(evidence, 20, get_byte(evidence, 20) # 1) WHERE id = :event;
SELECT pv.agreement_evidence(:event);
ROLLBACK TO a;
UPDATE pv.agreement_event SET evidence = substr(evidence, 1, length(evidence) - 1) WHERE id = :event;
SELECT pv.agreement_evidence(:event);
ROLLBACK TO a;
UPDATE pv.agreement_event SET evidence = '' WHERE id = :event;
SELECT pv.agreement_evidence(:event);
ROLLBACK TO a;
-- that of somebody else
UPDATE pv.agreement_event SET evidence = (SELECT evidence FROM pv.agreement_event WHERE id = :other) WHERE id = :event;
SELECT pv.agreement_evidence(:event);
ROLLBACK TO a;
UPDATE pv.evidence_key SET wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1);
SELECT pv.agreement_evidence(:event);
ROLLBACK TO a;
UPDATE pv.evidence_key SET wrapped = set_byte(wrapped, 0, get_byte(wrapped, 0) # 1);
SELECT pv.agreement_evidence(:event);
\echo :SQLSTATE
ROLLBACK TO a;
-- a key of somebody else's
UPDATE pv.evidence_key k SET wrapped = o.wrapped FROM pv.evidence_key o
WHERE k.subject_digest = (SELECT subject_digest FROM pv.agreement_state WHERE key = '1')
  AND o.subject_digest = (SELECT subject_digest FROM pv.agreement_state WHERE key = '2' AND relation_id = 1);
SELECT pv.agreement_evidence(:event);
ROLLBACK TO a;
\set VERBOSITY sqlstate
UPDATE pv.evidence_key SET wrapped = '\x00';
\set VERBOSITY default
ROLLBACK TO a;
-- a second key of the same subject does no harm
INSERT INTO pv.evidence_key SELECT ledger, subject_digest, set_byte(wrapped, 0, get_byte(wrapped, 0) # 1) FROM pv.evidence_key;
SELECT pv.agreement_evidence(:event), pv.agreement_evidence(:other);
ROLLBACK;

-- pgcrypto is found by what it owns, wherever it is
CREATE FUNCTION pg_temp.decrypt_iv(bytea, bytea, bytea, text) RETURNS bytea LANGUAGE sql AS 'SELECT ''{"forged": true}''::bytea';
CREATE FUNCTION public.forged(bytea, bytea, bytea, text) RETURNS bytea LANGUAGE sql AS 'SELECT ''{"forged": true}''::bytea';
SELECT pv.agreement_evidence(:event);
CREATE SCHEMA elsewhere;
ALTER EXTENSION pgcrypto SET SCHEMA elsewhere;
ALTER FUNCTION public.forged(bytea, bytea, bytea, text) RENAME TO decrypt_iv;
SELECT pv.agreement_evidence(:event);
SELECT pv.accept_agreement('customer', 1, 'terms', '3', '{"from": "elsewhere"}');
SELECT evidence FROM pv.agreement_history WHERE version = '3' AND key = '1';

-- Who is erased takes key and evidence along, and the ledger stays what it was
SET ROLE regress_agreement_shop;
SELECT pv.declare_personal('customer', '{name}', 'identifying');
RESET ROLE;
SELECT (pv.erase_subject('customer', '2')).state;
SELECT key, version, action, body, evidence FROM pv.agreement_history
WHERE id IN (SELECT e.id FROM pv.agreement_event e JOIN pv.agreement_state s ON s.id = e.agreement_id
             WHERE s.state = 'erased') ORDER BY id;
SELECT key, former_key, subject_digest, state FROM pv.agreement_state WHERE state = 'erased';
SELECT * FROM pv.verify_agreements();
-- who goes by the same key afterwards is somebody else
SELECT pv.bound_by('customer', 2, 'terms') IS NULL AS not_bound;
SELECT pv.accept_agreement('customer', 2, 'terms', '3', '{"new": true}');
SELECT version, action, evidence FROM pv.agreement_history WHERE key = '2' AND subject = 'customer'::regclass;
SELECT * FROM pv.verify_agreements();

DROP EXTENSION pvext;
DROP OWNED BY regress_agreement_shop;
DROP ROLE regress_agreement_shop;
DROP ROLE regress_agreement_app;
DROP ROLE regress_agreement_nobody;
