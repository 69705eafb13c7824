-- Consents and objections: words, the ledger and the state.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
RESET client_min_messages;

CREATE ROLE regress_consent_shop;
CREATE ROLE regress_consent_app;
CREATE SCHEMA consent AUTHORIZATION regress_consent_shop;
GRANT USAGE ON SCHEMA consent TO regress_consent_app;
SELECT pv.grant_role('regress_consent_shop', 'owner');
SELECT pv.declare_purpose('newsletter', 'consent', 'writing to customers');
SELECT pv.declare_purpose('sms', 'consent', 'texting customers');
SELECT pv.declare_purpose('advice', 'legitimate_interests', 'recommending goods');
SELECT pv.declare_purpose('bookkeeping', 'legal_obligation', 'the law');
SELECT pv.declare_purpose('rescue', 'vital_interests', 'saving lives');

SET ROLE regress_consent_shop;
SET search_path = consent;
CREATE TABLE customer (id int PRIMARY KEY, name text);
CREATE TABLE "Mixed Case" ("The Key" text PRIMARY KEY);
CREATE TABLE branch (region int, no text, PRIMARY KEY (region, no));
CREATE TABLE device (id uuid PRIMARY KEY);
CREATE TABLE stranger (id int PRIMARY KEY);
INSERT INTO customer VALUES (1, 'Ann'), (2, 'Bob'), (3, 'Cid'), (4, 'Dan'), (-5, 'Eve');
INSERT INTO "Mixed Case" VALUES ('a "b", c');
INSERT INTO branch VALUES (7, 'x,y');
INSERT INTO device VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11');
SELECT pv.declare_subject('customer');
SELECT pv.declare_subject('"Mixed Case"');
SELECT pv.declare_subject('branch');
SELECT pv.declare_subject('device');
RESET ROLE;

-- Words
SELECT pv.declare_consent_text('newsletter', '1', 'en', 'May we write to you?');
SELECT pv.declare_consent_text('newsletter', '1', 'en', 'May we write to you?');
SELECT pv.declare_consent_text('newsletter', '2', 'sv', 'Får vi skriva till dig?');
SELECT pv.declare_consent_text('newsletter', '2', 'en', 'May we write to you, please?');
SELECT pv.declare_consent_text('newsletter', '3', 'en', 'May we write?');
SELECT version, language, body, digest = sha256(convert_to(body, 'UTF8')) AS digest_right,
       declared_by = session_user AS by_login, withdrawn_at FROM pv.consent_text ORDER BY id;
SELECT call FROM pv.event WHERE call LIKE '%consent_text%' ORDER BY id;
SELECT pv.declare_consent_text('newsletter', '1', 'en', 'May we call you?');
\echo :SQLSTATE
SELECT pv.declare_consent_text('advice', '1', 'en', 'May we?');
\echo :SQLSTATE
SELECT pv.declare_consent_text('nothing', '1', 'en', 'May we?');
\echo :SQLSTATE
SELECT pv.declare_consent_text(NULL, '1', 'en', 'May we?');
\echo :SQLSTATE
SELECT pv.declare_consent_text('newsletter', ' ', 'en', 'May we?');
\echo :SQLSTATE
SELECT pv.declare_consent_text('newsletter', '1', NULL, 'May we?');
SELECT pv.declare_consent_text('newsletter', '1', '', 'May we?');
SELECT pv.declare_consent_text('newsletter', '1', 'de', E' \n');
SELECT pv.declare_consent_text('newsletter', '1', 'de', NULL);

-- A version is withdrawn, in a language or whole
SELECT pv.withdraw_consent_text('newsletter', '2', 'fi');
\echo :SQLSTATE
SELECT pv.withdraw_consent_text('newsletter', '9');
\echo :SQLSTATE
SELECT pv.withdraw_consent_text('newsletter', NULL);
SELECT pv.withdraw_consent_text('newsletter', '3');
SELECT pv.withdraw_consent_text('newsletter', '3');
\echo :SQLSTATE
SELECT pv.declare_consent_text('newsletter', '3', 'en', 'May we write?');
\echo :SQLSTATE
SELECT pv.declare_consent_text('newsletter', '3', 'de', 'Dürfen wir?');

-- Words never change, whoever asks
UPDATE pv.consent_text SET body = 'All your data are ours' WHERE version = '1';
\echo :SQLSTATE
UPDATE pv.consent_text SET withdrawn_at = NULL WHERE version = '3';
UPDATE pv.consent_text SET withdrawn_at = now() + interval '1 day' WHERE version = '3';
UPDATE pv.consent_text SET withdrawn_at = now(), language = 'xx' WHERE version = '1';
DELETE FROM pv.consent_text;
TRUNCATE pv.consent_text;
SET session_replication_role = replica;
UPDATE pv.consent_text SET body = 'All your data are ours' WHERE version = '1';
DELETE FROM pv.consent_text;
TRUNCATE pv.consent_text;
RESET session_replication_role;

-- Giving: the words in a language, the only ones, or all of the version
SELECT pv.give_consent('customer', 1, 'newsletter', '1', 'web form');
SELECT pv.give_consent('customer', '2', 'newsletter', '2', 'desk', '{"paper": "A17 of Bob"}', language => 'sv');
SELECT pv.give_consent('customer', 3::bigint, 'newsletter', '2', 'phone', expires => now() + interval '1 year');
SELECT pv.give_consent('customer', -5, 'newsletter', '1', 'phone', expires => 'infinity');
SELECT pv.give_consent('"Mixed Case"', 'a "b", c'::text, 'newsletter', '1', 'web form');
SELECT pv.give_consent('branch', ROW(7, 'x,y'), 'newsletter', '1', 'web form');
SELECT pv.give_consent('device', 'A0EEBC999C0B4EF8BB6D6BB9BD380A11', 'newsletter', '1', 'web form');
SELECT subject, key, purpose, state, expires IS NULL AS without_end, in_force FROM pv.consent ORDER BY id;
SELECT key, action, version, language, text, channel, evidence, login = session_user AS by_login,
       role = current_user AS by_role FROM pv.consent_history WHERE subject = 'customer'::regclass ORDER BY id;
SELECT e.text_digest = sha256((SELECT string_agg(digest, '' ORDER BY language COLLATE "C")
                               FROM pv.consent_text WHERE version = '2')) AS digest_of_all
FROM pv.consent_event e WHERE channel = 'phone' AND version = '2';
SELECT bool_and(pv.has_consent('customer', id, 'newsletter') = (id <> 4)) AS has_consent FROM customer;
SELECT pv.has_consent('branch', ROW(7, 'x,y'), 'newsletter');
SELECT pv.has_consent('device', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid, 'newsletter');

-- A renewal adds
SELECT pv.give_consent('customer', 1, 'newsletter', '2', 'web form', '{"ip": "192.0.2.7"}',
                       now() + interval '2 years', 'en');
SELECT key, version, language, expires - at BETWEEN interval '729 days' AND interval '731 days' AS two_years, evidence
FROM pv.consent_history WHERE subject = 'customer'::regclass AND key = '1' ORDER BY id;
SELECT count(*) FROM pv.consent WHERE subject = 'customer'::regclass AND key = '1';
SELECT s.since = (SELECT max(at) FROM pv.consent_event e WHERE e.consent_id = s.id) AS since_last
FROM pv.consent s WHERE subject = 'customer'::regclass AND key = '1';

-- An expired consent is none
BEGIN;
SELECT pv.give_consent('customer', 4, 'newsletter', '1', 'web form', expires => clock_timestamp() + interval '100 ms');
SELECT pv.has_consent('customer', 4, 'newsletter');
SELECT pg_sleep(0.15);
SELECT state, in_force, pv.has_consent('customer', 4, 'newsletter') FROM pv.consent WHERE key = '4';
ROLLBACK;

-- Refused
SELECT pv.give_consent(NULL, 1, 'newsletter', '1', 'web form');
\echo :SQLSTATE
SELECT pv.give_consent('customer', NULL::int, 'newsletter', '1', 'web form');
SELECT pv.give_consent('customer', 1, NULL, '1', 'web form');
SELECT pv.give_consent('customer', 1, 'newsletter', NULL, 'web form');
SELECT pv.give_consent('customer', 1, 'newsletter', '1', NULL);
SELECT pv.give_consent('customer', 1, 'newsletter', '1', ' ');
SELECT pv.give_consent('customer', 1, 'newsletter', '1', 'web form', language => '');
SELECT pv.give_consent('customer', 99, 'newsletter', '1', 'web form');
\echo :SQLSTATE
SELECT pv.give_consent('customer', 'Ann', 'newsletter', '1', 'web form');
\echo :SQLSTATE
SELECT pv.give_consent('stranger', 1, 'newsletter', '1', 'web form');
\echo :SQLSTATE
SELECT pv.give_consent('customer', 1, 'nothing', '1', 'web form');
\echo :SQLSTATE
SELECT pv.give_consent('customer', 1, 'advice', '1', 'web form');
\echo :SQLSTATE
SELECT pv.give_consent('customer', 1, 'newsletter', '9', 'web form');
\echo :SQLSTATE
SELECT pv.give_consent('customer', 1, 'sms', '1', 'web form');
SELECT pv.give_consent('customer', 1, 'newsletter', '2', 'web form', language => 'de');
\echo :SQLSTATE
SELECT pv.give_consent('customer', 1, 'newsletter', '3', 'web form');
\echo :SQLSTATE
SELECT pv.give_consent('customer', 1, 'newsletter', '3', 'web form', language => 'en');
SELECT pv.give_consent('customer', 1, 'newsletter', '1', 'web form', expires => '2001-01-01');
\echo :SQLSTATE
SELECT pv.give_consent('customer', 1, 'newsletter', '1', 'web form', expires => '-infinity');
BEGIN READ ONLY;
SELECT pv.give_consent('customer', 1, 'newsletter', '1', 'web form');
ROLLBACK;
BEGIN READ ONLY;
SELECT pv.withdraw_consent('customer', 1, 'newsletter', 'web form');
ROLLBACK;

-- Withdrawing, also what was never given
SELECT pv.withdraw_consent('customer', 1, 'newsletter', 'mail', '{"mail": "no more, Ann"}');
SELECT pv.withdraw_consent('customer', 1, 'newsletter', 'mail');
SELECT pv.withdraw_consent('customer', 4, 'sms', 'phone');
SELECT pv.withdraw_consent('customer', 4, 'advice', 'phone');
\echo :SQLSTATE
SELECT pv.withdraw_consent('customer', 99, 'newsletter', 'phone');
\echo :SQLSTATE
SELECT pv.withdraw_consent('customer', 1, 'newsletter', NULL::text);
SELECT pv.withdraw_consent('customer', 1, 'newsletter', '');
SELECT key, purpose, action, version, channel, expires, evidence FROM pv.consent_history
WHERE action = 'withdrawn' ORDER BY id;
SELECT key, purpose, state, expires, in_force FROM pv.consent WHERE state = 'withdrawn' ORDER BY id;
SELECT pv.has_consent('customer', 1, 'newsletter'), pv.has_consent('customer', 4, 'sms');
SELECT pv.give_consent('customer', 1, 'newsletter', '1', 'web form');
SELECT pv.has_consent('customer', 1, 'newsletter');
SELECT key FROM pv.consented('customer', 'newsletter') ORDER BY 1;

-- Objections
SELECT pv.object_to('customer', 1, 'advice', 'mail', '"stop it"');
SELECT pv.object_to('customer', 1, 'newsletter', 'mail');
\echo :SQLSTATE
SELECT pv.object_to('customer', 1, 'bookkeeping', 'mail');
\echo :SQLSTATE
SELECT pv.object_to('customer', 1, 'rescue', 'mail');
SELECT pv.object_to('customer', 1, 'nothing', 'mail');
SELECT pv.withdraw_objection('customer', 2, 'advice', 'mail');
\echo :SQLSTATE
SELECT pv.withdraw_objection('customer', 1, 'newsletter', 'mail');
\echo :SQLSTATE
SELECT state, in_force FROM pv.consent WHERE purpose = 'advice';
SELECT pv.withdraw_objection('customer', 1, 'advice', 'desk');
SELECT pv.withdraw_objection('customer', 1, 'advice', 'desk');
SELECT action, channel, evidence FROM pv.consent_history WHERE purpose = 'advice' ORDER BY id;
SELECT state, in_force FROM pv.consent WHERE purpose = 'advice';

-- Every call is an event, once
SELECT call, subject_digest IS NOT NULL AS of_subject, count(*) FROM pv.event
WHERE call ~ 'consent\(|object' GROUP BY 1, 2 ORDER BY 1;
SELECT count(*) = count(DISTINCT id) AS ids_unique FROM pv.event;

-- Evidence does not stand there in clear
SELECT count(*) FILTER (WHERE evidence IS NOT NULL) AS with_evidence,
       count(*) FILTER (WHERE e::text LIKE '%Bob%' OR position('Bob' IN encode(evidence, 'escape')) > 0) AS in_clear
FROM pv.consent_event e;
SELECT pv.consent_evidence(id) FROM pv.consent_event WHERE channel = 'desk' AND action = 'given';
SELECT pv.consent_evidence(NULL);
SELECT pv.consent_evidence(-1);
\echo :SQLSTATE

-- The ledger is only added to
UPDATE pv.consent_event SET channel = 'desk';
\echo :SQLSTATE
DELETE FROM pv.consent_event;
TRUNCATE pv.consent_event;
SET session_replication_role = replica;
UPDATE pv.consent_event SET channel = 'desk';
DELETE FROM pv.consent_event;
TRUNCATE pv.consent_event;
RESET session_replication_role;

-- An application records, and reads neither evidence nor tables
GRANT EXECUTE ON FUNCTION
    pv.give_consent(regclass, anyelement, text, text, text, jsonb, timestamptz, text),
    pv.withdraw_consent(regclass, anyelement, text, text, jsonb),
    pv.has_consent(regclass, anyelement, text) TO regress_consent_app;
SET ROLE regress_consent_app;
SELECT pv.give_consent('customer', 4, 'newsletter', '1', 'app', '{"device": "phone of Dan"}');
SELECT pv.has_consent('customer', 4, 'newsletter');
SELECT pv.withdraw_consent('customer', 4, 'newsletter', 'app');
SELECT pv.has_consent('customer', 4, 'newsletter');
SELECT pv.consent_evidence(1);
\echo :SQLSTATE
SELECT * FROM pv.consent_event;
SELECT * FROM pv.consent_state;
SELECT * FROM pv.consent_history;
SELECT * FROM pv.evidence_key;
SELECT pv.object_to('customer', 4, 'advice', 'app');
RESET ROLE;
SELECT key, action, login = session_user AS by_login, role FROM pv.consent_history
WHERE channel = 'app' ORDER BY id;

-- What consents stand on stays declared
SELECT pv.declare_purpose('newsletter', 'contract', 'writing to customers');
\echo :SQLSTATE
SELECT pv.declare_purpose('newsletter', 'consent', 'writing to those who want it');
SELECT pv.object_to('customer', 1, 'advice', 'mail');
SELECT pv.declare_purpose('advice', 'consent', 'recommending goods');
\echo :SQLSTATE
SELECT pv.declare_purpose('advice', 'public_task', 'recommending goods');
SELECT pv.declare_purpose('sms', 'contract', 'texting customers');
SELECT pv.undeclare_purpose('newsletter');
\echo :SQLSTATE
SELECT pv.undeclare_purpose('advice');
SELECT pv.undeclare_purpose('rescue');
SET ROLE regress_consent_shop;
SELECT pv.undeclare_subject('customer');
\echo :SQLSTATE
CREATE UNIQUE INDEX ON branch (no);
SELECT pv.declare_subject('branch', '{no}');
\echo :SQLSTATE
SELECT pv.declare_subject('branch', description => 'with the key that it has');
RESET ROLE;

-- Other isolation levels, savepoints
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT pv.give_consent('customer', 2, 'newsletter', '1', 'web form');
SELECT pv.withdraw_consent('customer', 2, 'newsletter', 'web form');
SELECT pv.has_consent('customer', 2, 'newsletter');
COMMIT;
BEGIN;
SAVEPOINT a;
SELECT pv.give_consent('customer', 2, 'newsletter', '1', 'web form');
ROLLBACK TO a;
SELECT pv.has_consent('customer', 2, 'newsletter');
COMMIT;
SELECT state FROM pv.consent WHERE subject = 'customer'::regclass AND key = '2';
SELECT * FROM pv.verify_consents();

RESET search_path;
DROP EXTENSION pvext CASCADE;
DROP SCHEMA consent CASCADE;
DROP ROLE regress_consent_shop;
DROP ROLE regress_consent_app;
