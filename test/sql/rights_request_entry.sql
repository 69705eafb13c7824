-- Erasures, objections and withdrawals enter the register by themselves, in their own
-- transaction; and from the subject's erasure on its rows hold nobody.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
\set VERBOSITY default
\set SHOW_CONTEXT never
CREATE SCHEMA entry;
SET search_path = entry;
CREATE TABLE customer (id int PRIMARY KEY, name text, left_on date);
CREATE TABLE invoice (id int PRIMARY KEY, customer int NOT NULL REFERENCES customer, address text, issued date, paid boolean);
CREATE INDEX ON invoice (customer);
CREATE TABLE member (mail text PRIMARY KEY, name text, left_on date);
INSERT INTO customer SELECT 4200 + i, 'name ' || i FROM generate_series(1, 30) AS i;
INSERT INTO member SELECT 'mail' || i || '@example.no', 'name ' || i FROM generate_series(1, 9) AS i;
SELECT pv.declare_purpose('service', 'contract', 'to deliver');
SELECT pv.declare_purpose('news', 'consent', 'to send news');
SELECT pv.declare_purpose('profile', 'legitimate_interests', 'to know who buys what');
SELECT pv.declare_consent_text('news', '1', 'en', 'Yes please');
SELECT pv.declare_subject('customer');
SELECT pv.declare_subject('member');
SELECT pv.link_foreign_keys('customer');
SELECT pv.declare_personal('customer', '{name}', 'identifying');
SELECT pv.declare_personal('invoice', '{address}', 'address');
SELECT pv.declare_personal('member', '{mail}', 'identifying', erase_with => 'pseudonym');
SELECT pv.declare_personal('member', '{name}', 'name');
SELECT pv.declare_blocker('customer', 'unpaid', 'NOT paid', 'owes', 'invoice');
SELECT pv.declare_retention('invoice', 'accounts', '5 years', 'issued', 'Bookkeeping Act', mandatory => true);
CREATE VIEW register AS
    SELECT q.kind, CASE WHEN q.key LIKE '%@%' AND NOT q.key LIKE '%@example.no' THEN 'another' ELSE q.key END AS key, q.state, q.answer, q.answered_at IS NOT NULL AS answered,
           q.channel, regexp_replace(l.reference, '[-0-9a-f]{36}', '...') AS reference, e.state AS erasure, q.id = q.erasure AS same_id, l.due_at - l.received_at BETWEEN '28 days' AND '31 days 02:00' AS month, l.recorded_by = session_user AS us, l.claimed IS NOT NULL AS claimed, l.received_as IS NOT NULL AS open_as
    FROM pv.request AS q JOIN pv.request_ledger AS l USING (id) LEFT JOIN pv.erasure_ledger AS e ON e.id = q.erasure
    ORDER BY q.kind, q.key, q.channel, e.state, q.state, l.reference COLLATE "C";

-- Withdrawals of what was given, and objections
SELECT pv.give_consent('customer', 4201, 'news', '1', 'web');
SELECT pv.withdraw_consent('customer', 4202, 'news', 'web');
SELECT count(*) FROM pv.request;
SELECT pv.withdraw_consent('customer', 4201, 'news', 'web');
SELECT pv.withdraw_consent('customer', 4201, 'news', 'web');
SELECT pv.object_to('customer', 4201, 'profile', 'telephone');
SELECT pv.withdraw_objection('customer', 4201, 'profile', 'telephone');
TABLE register;
-- not what an earlier system says, nor what expires; by a link, too
SELECT pv.import_consent('customer', 4203, 'profile', 'objected', '2020-01-01', 'the old system');
SELECT pv.import_consent('member', 'mail8@example.no', 'news', 'given', '2020-01-01', 'the old system', '1', 'en');
SELECT outcome, rows FROM pv.import_suppressions('{mail8@example.no}', 'a list') ORDER BY outcome;
SELECT state FROM pv.consent WHERE key = 'mail8@example.no';
SELECT count(*) FROM pv.request WHERE key IN ('4203', 'mail8@example.no');
SELECT pv.give_consent('customer', 4204, 'news', '1', 'web', expires => now() + interval '1 hour');
SELECT pv.give_consent('customer', 4205, 'news', '1', 'web');
SELECT pv.withdraw_consent(pv.unsubscribe_token('customer', 4205, 'news'), 'link');
-- and not beside the subject's open request, which somebody is to answer
SELECT id AS open FROM pv.receive_request('objection', 'customer', 4206, 'letter') \gset
SELECT (pv.confirm_identity(:'open', 'signature')).state;
SELECT pv.object_to('customer', 4206, 'profile', 'letter');
TABLE register;
SELECT (pv.answer_request(:'open', 'delivered')).state;
-- all or nothing
BEGIN;
SELECT pv.object_to('customer', 4207, 'profile', 'telephone');
SELECT count(*) FROM pv.request WHERE key = '4207';
ROLLBACK;
SELECT count(*) FROM pv.request WHERE key = '4207';
SELECT call FROM pv.event WHERE call LIKE '%objec%' ORDER BY id;

-- An erasure that is complete at once
SELECT state FROM pv.erase_subject('customer', 4201);
SELECT * FROM register WHERE kind = 'erasure' OR key IS NULL;
SELECT count(*) AS the_same FROM pv.request_ledger AS r JOIN pv.erasure_ledger AS e ON e.subject_digest = r.subject_digest;
-- asked again: nothing new
SELECT state FROM pv.erase_subject('customer', 4201);
SELECT count(*) FROM pv.request WHERE kind = 'erasure';

-- One that waits, is cancelled, comes again, and is carried out
INSERT INTO invoice VALUES (1, 4210, 'street 10', current_date - 4000, false), (2, 4211, 'street 11', current_date, true);
SELECT id AS waits FROM pv.erase_subject('customer', 4210) \gset
SELECT * FROM register WHERE key = '4210';
SELECT count(*) FROM pv.request WHERE id = :'waits' AND erasure = :'waits';
SELECT id = :'waits' AS same FROM pv.receive_request('erasure', 'customer', 4210, 'web');
SELECT pv.cancel_request(:'waits', 'changed her mind');
SELECT pv.answer_request(:'waits', 'delivered');
SELECT state FROM pv.cancel_erasure(:'waits', 'changed her mind');
SELECT state, key, erasure = :'waits' AS ours FROM pv.request WHERE id = :'waits';
-- so is who asked, where a letter came first
SELECT id AS letter FROM pv.receive_request('erasure', 'customer', 4210, 'letter', claimed => '{"name": "Una Marker"}') \gset
SELECT (pv.confirm_identity(:'letter', 'passport', evidence => '{"number": "N Marker"}')).state;
SELECT id AS waits, state FROM pv.erase_subject('customer', 4210) \gset
SELECT erasure = :'waits' AS ours, pv.request_claimed(id) FROM pv.request WHERE id = :'letter';
SELECT state FROM pv.cancel_erasure(:'waits', 'changed her mind again');
SELECT state, claimed, identity_evidence, pv.request_claimed(id), pv.identity_evidence(id) FROM pv.request_ledger WHERE id = :'letter';
SELECT id AS waits FROM pv.erase_subject('customer', 4210) \gset
SELECT (pv.answer_request(:'waits', 'partly', 'until the bill is paid')).state;
UPDATE invoice SET paid = true WHERE id = 1;
CALL pv.run_duties('{erase}');
SELECT r.state, r.answer, r.key, e.state AS erasure FROM pv.request AS r JOIN pv.erasure AS e ON e.id = r.erasure WHERE r.id = :'waits';

-- refused: it is not erased later
INSERT INTO invoice VALUES (3, 4209, 'street 9', current_date - 4000, false);
SELECT id AS waits FROM pv.erase_subject('customer', 4209) \gset
SELECT state, answer FROM pv.answer_request(:'waits', 'refused', 'a bill is unpaid');
UPDATE invoice SET paid = true WHERE id = 3;
CALL pv.run_duties('{erase}');
SELECT r.state, r.answer, e.state AS erasure, e.reason, (SELECT name FROM customer WHERE id = 4209) FROM pv.request AS r JOIN pv.erasure AS e ON e.id = r.erasure WHERE r.id = :'waits';

-- One of which a law keeps a part
SELECT id AS letter FROM pv.receive_request('erasure', 'customer', 4211, 'letter', now() - interval '5 days', '{"name": "Kari Marker"}') \gset
SELECT (pv.confirm_identity(:'letter', 'passport', evidence => '{"number": "N Marker"}')).state;
SELECT pv.answer_request(:'letter', 'delivered');
SELECT state FROM pv.erase_subject('customer', 4211);
SELECT * FROM register WHERE key = '4211';
SELECT pv.answer_request(:'letter', 'delivered');
SELECT pv.answer_request(:'letter', 'refused', 'no');
SELECT pv.request_claimed(:'letter'), pv.identity_evidence(:'letter');
SELECT pv.request_receipt(:'letter') -> 'erasure' ->> 'state' AS state;
SELECT (pv.answer_request(:'letter', 'partly', 'the Bookkeeping Act')).state;
-- asked again meanwhile, it is the same answer
SELECT id AS again FROM pv.receive_request('erasure', 'customer', 4211, 'web') \gset
SELECT (pv.confirm_identity(:'again', 'logged in')).state;
SELECT pv.answer_request(:'again', 'delivered');
SELECT state, answer FROM pv.answer_request(:'again', 'partly', 'the Bookkeeping Act');
UPDATE invoice SET issued = current_date - 4000 WHERE id = 2;
UPDATE pv.erasure_ledger SET retained_until = now() - interval '1 hour' WHERE state = 'partial';
CALL pv.run_duties('{erase}');
SELECT r.state, r.answer, r.key, r.subject_digest = e.subject_digest AS digest, e.state AS erasure FROM pv.request AS r JOIN pv.erasure AS e ON e.id = r.erasure WHERE r.id = :'letter';

-- What a stranger has written is not fulfilled by it, but says no more who that is
SELECT id AS stranger FROM pv.receive_request('erasure', 'customer', 4212, 'letter', claimed => '{"name": "Per Marker"}') \gset
SELECT id AS access FROM pv.receive_request('access', 'customer', 4212, 'letter', claimed => '{"name": "Per Marker"}') \gset
SELECT (pv.confirm_identity(:'access', 'passport')).state;
SELECT pv.withhold(:'access', 'customer', '{name}', 'a ground', '{4212}');
SELECT state, id <> :'stranger' AS another FROM pv.erase_subject('customer', 4212);
SELECT r.kind, r.state, r.key, r.erasure IS NOT NULL AS erasure, l.claimed, pv.request_claimed(r.id) FROM pv.request AS r JOIN pv.request_ledger AS l USING (id) WHERE r.id IN (:'stranger', :'access') ORDER BY r.kind;
SELECT columns, rows FROM pv.request_withheld;
SELECT (pv.answer_request(:'access', 'partly', 'what was there then')).state;
SELECT (pv.cancel_request(:'stranger', 'not her')).state;
-- who was erased may ask
SELECT id AS after FROM pv.receive_request('access', 'customer', 4212, 'web') \gset
SELECT state, key, subject_digest IS NOT NULL AS digest FROM pv.confirm_identity(:'after', 'bank id');
SELECT (pv.answer_request(:'after', 'delivered', 'nothing is left')).state;
SELECT state FROM pv.erase_subject('customer', 4212);
SELECT key, state FROM pv.request WHERE id = :'after';
SELECT id AS after FROM pv.receive_request('erasure', 'customer', 4212, 'web') \gset
SELECT (pv.confirm_identity(:'after', 'bank id')).state;
SELECT pv.answer_request(:'after', 'delivered');
SELECT state FROM pv.erase_subject('customer', 4212);
SELECT state, key FROM pv.answer_request(:'after', 'delivered', 'it was done before');

-- A letter that comes while an erasure is open, and is confirmed, is one with it
SET pvext.erasure_delay = '1d';
SELECT id AS erasure FROM pv.erase_subject('customer', 4213) \gset
SELECT id AS letter FROM pv.receive_request('erasure', 'customer', NULL, 'letter', now() - interval '9 days', '{"name": "Ola Marker"}') \gset
SELECT id = :'erasure' AS same, due_at = (SELECT due_at FROM pv.request WHERE id = :'letter') AS due FROM pv.confirm_identity(:'letter', 'passport', 4213);
SELECT * FROM register WHERE key = '4213' OR channel = 'letter' AND kind = 'erasure' AND state = 'cancelled';
RESET pvext.erasure_delay;

-- Many at once; one of whom has asked before
SELECT id AS before FROM pv.receive_request('erasure', 'customer', 4221, 'web') \gset
SELECT (pv.confirm_identity(:'before', 'logged in')).state;
SELECT state, count(*) FROM pv.erase_subjects('customer', (SELECT array_agg(id::text) FROM customer WHERE id BETWEEN 4221 AND 4227)) GROUP BY state;
SELECT kind, state, key, count(*), count(*) FILTER (WHERE id = :'before') AS before FROM pv.request WHERE erasure IN (SELECT id FROM pv.erasure WHERE requested_at > now() - interval '1 hour')
    AND received_at >= (SELECT received_at FROM pv.request WHERE id = :'before') GROUP BY kind, state, key;

-- A key that is replaced: the rows know the new one until all is done, and then none
SELECT id AS access FROM pv.receive_request('access', 'member', 'mail1@example.no', 'web') \gset
SELECT pv.give_consent('member', 'mail1@example.no', 'news', '1', 'web');
SELECT pv.withdraw_consent('member', 'mail1@example.no', 'news', 'web');
SET pvext.consent_keep = '1h';
SELECT state, key LIKE '%mail1@%' AS old_key FROM pv.erase_subject('member', 'mail1@example.no');
SELECT r.kind, r.state, r.key = e.key AS key, r.subject_digest = e.subject_digest AS digest FROM pv.request AS r, pv.erasure AS e WHERE r.subject = 'member'::regclass AND e.subject = r.subject ORDER BY r.kind;
-- by the former key, too
SELECT key = (SELECT key FROM pv.erasure WHERE state = 'partial') AS key, state FROM pv.receive_request('portability', 'member', 'mail1@example.no', 'web');
RESET pvext.consent_keep;
UPDATE pv.consent_state SET kept_until = now() - interval '1 hour' WHERE kept_until IS NOT NULL;
SELECT state FROM pv.erase_subject('member', (SELECT key FROM pv.erasure WHERE state = 'partial'));
SELECT r.kind, r.state, r.key, r.subject_digest = e.subject_digest AS digest FROM pv.request AS r, pv.erasure AS e WHERE r.subject = 'member'::regclass AND e.subject = r.subject ORDER BY r.kind;

SELECT key, state, subject_digest = (SELECT subject_digest FROM pv.erasure WHERE subject = 'member'::regclass) AS digest FROM pv.receive_request('restriction', 'member', 'mail1@example.no', 'web');
-- A purge that takes what is in the row leaves its key; one that takes the row does not
SELECT pv.declare_retention('customer', 'gone', '1 year', 'left_on', 'policy');
SELECT pv.activate_retention('customer', 'gone', 0);
SELECT id FROM pv.receive_request('access', 'customer', 4214, 'letter', claimed => '{"name": "Siv Marker"}') \gset
UPDATE customer SET left_on = '2001-01-01' WHERE id = 4214;
CALL pv.purge();
SELECT name FROM customer WHERE id = 4214;
SELECT key, state, pv.request_claimed(id) FROM pv.request WHERE id = :'id';
SELECT state FROM pv.erase_subject('customer', 4214);
SELECT key, state, pv.request_claimed(id) FROM pv.request WHERE id = :'id';
SELECT pv.declare_retention('member', 'gone', '1 year', 'left_on', 'policy', action => 'delete');
SELECT pv.activate_retention('member', 'gone', 0);
SELECT id FROM pv.receive_request('access', 'member', 'mail2@example.no', 'letter', claimed => '{"name": "Liv Marker"}') \gset
SELECT pv.object_to('member', 'mail2@example.no', 'profile', 'telephone');
SET pvext.erasure_delay = '1d';
SELECT state FROM pv.erase_subject('member', 'mail2@example.no');
RESET pvext.erasure_delay;
UPDATE member SET left_on = '2001-01-01' WHERE mail = 'mail2@example.no';
CALL pv.purge();
SELECT count(*) FROM member WHERE mail = 'mail2@example.no';
SELECT r.kind, r.key, r.state, r.answer, l.claimed, r.subject_digest IS NOT NULL AS digest, e.state AS erasure
FROM pv.request AS r JOIN pv.request_ledger AS l USING (id) JOIN pv.request_ledger AS o ON o.subject_digest = r.subject_digest LEFT JOIN pv.erasure AS e ON e.id = r.erasure
WHERE o.id = :'id' ORDER BY r.kind;
-- An application that deletes the row: whoever erases by the key has the register know nobody
SELECT id FROM pv.receive_request('access', 'customer', 4216, 'letter', claimed => '{"name": "Eli Marker"}') \gset
DELETE FROM customer WHERE id = 4216;
SELECT state FROM pv.erase_subject('customer', 4216);
SELECT key, state, claimed FROM pv.request_ledger WHERE id = :'id';
SELECT pv.erase_subject('customer', 4217 + 1000);

-- Nobody who was erased is in any row, nor has a key that would tell who it was
SELECT count(*) FROM pv.request_ledger AS r WHERE key IN ('4201', '4210', '4211', '4212', '4214', '4216', '4221') OR CAST(r.* AS text) ~ 'mail1@|mail2@|Marker';
SELECT count(*) = (SELECT count(*) FROM pv.evidence_key WHERE ledger = 'request') AS keys FROM pv.request_ledger WHERE claimed IS NOT NULL OR identity_evidence IS NOT NULL;
-- nor, once it has been scrubbed as all tables of pv are, in the files
CHECKPOINT;
SELECT sum(count) > 0 AS dead FROM pv.search_bytes(ARRAY['mail1@' || 'example.no', 'mail2@' || 'example.no']) WHERE place ~ 'request_ledger';
VACUUM pv.request_ledger;
SELECT scrubbed > 0 AS scrubbed FROM pv.scrub_pages('pv.request_ledger');
CHECKPOINT;
SELECT sum(count) > 0 AS dead FROM pv.search_bytes(ARRAY['mail1@' || 'example.no', 'mail2@' || 'example.no']) WHERE place ~ 'request_ledger';
SELECT count(*) FROM pv.scrub_scope WHERE relation IN ('pv.request_ledger'::regclass, 'pv.request_withheld'::regclass, 'pv.evidence_key'::regclass);

-- Rows go with a partition that leaves
CREATE TABLE client (id int PRIMARY KEY, name text) PARTITION BY RANGE (id);
CREATE TABLE client_1 PARTITION OF client FOR VALUES FROM (0) TO (100);
CREATE TABLE client_2 PARTITION OF client FOR VALUES FROM (100) TO (200);
INSERT INTO client VALUES (7, 'name 7'), (107, 'name 107');
SELECT pv.declare_subject('client');
SELECT pv.declare_personal('client', '{name}', 'identifying');
SELECT count(pv.receive_request('access', 'client', id, 'web', claimed => '{"a": 1}')) FROM client;
SELECT pv.withhold(id, 'client', '{name}', 'a ground') FROM pv.request WHERE key = '107';
ALTER TABLE client DETACH PARTITION client_2;
SELECT r.relation, w.columns, w.ground FROM pv.request_withheld AS w JOIN pv.relation AS r ON r.id = w.relation_id WHERE w.request IN (SELECT id FROM pv.request WHERE key = '107') ORDER BY w.id;
SELECT subject, key, pv.request_claimed(id) FROM pv.request WHERE key IN ('7', '107') ORDER BY key;
SELECT state FROM pv.erase_subject('client_2', 107);
SELECT subject, kind, key, pv.request_claimed(id) FROM pv.request WHERE subject IN ('client'::regclass, 'client_2'::regclass) ORDER BY subject::text, kind;

-- No more of the register is read than is about who is erased, also by plans from when it was small
SET pvext.erasure_limit = 0;
CREATE TABLE visitor (id int PRIMARY KEY, name text);
INSERT INTO visitor SELECT i, 'name ' || i FROM generate_series(1, 1000) AS i;
SELECT pv.declare_subject('visitor');
SELECT pv.declare_personal('visitor', '{name}', 'identifying');
SELECT kind FROM pv.receive_request('access', 'visitor', 1000, 'web');
SELECT state FROM pv.erase_subject('visitor', 1000);
SELECT count(*) FROM pv.erase_subjects('visitor', ARRAY(SELECT CAST(i AS text) FROM generate_series(1, 900) AS i));
SELECT pg_stat_force_next_flush();
BEGIN;
SELECT state FROM pv.erase_subject('visitor', 998);
SELECT seq_tup_read + idx_tup_fetch < 100 AS few FROM pg_stat_xact_all_tables WHERE relid = 'pv.request_ledger'::regclass;
COMMIT;
SELECT kind FROM pv.receive_request('access', 'visitor', 999, 'web');
SELECT pg_stat_force_next_flush();
BEGIN;
SELECT state FROM pv.erase_subject('visitor', 999);
SELECT seq_tup_read + idx_tup_fetch < 100 AS few FROM pg_stat_xact_all_tables WHERE relid = 'pv.request_ledger'::regclass;
COMMIT;
