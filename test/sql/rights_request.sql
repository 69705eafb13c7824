-- What a person asks for, from the day that it comes in to the answer; the same request twice,
-- and one that a stranger has written.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
RESET client_min_messages;
\set VERBOSITY default
\set SHOW_CONTEXT never
CREATE SCHEMA ask;
SET search_path = ask;
CREATE TABLE customer (id int PRIMARY KEY, name text, password text, number int NOT NULL UNIQUE);
INSERT INTO customer SELECT i, 'name ' || i, 'secret', 100 + i FROM generate_series(1, 9) AS i;
CREATE TABLE other (id int PRIMARY KEY);
SELECT pv.declare_subject('customer');
SELECT pv.declare_personal('customer', '{name}', 'identifying');
CREATE TABLE known (name text, id uuid);
CREATE VIEW register AS
    SELECT k.name, q.kind, q.key, q.state, q.identity_method AS method, q.answer,
           q.channel, q.handled_by = session_user AS handled, q.subject_digest IS NOT NULL AS digest
    FROM pv.request AS q LEFT JOIN known AS k USING (id) ORDER BY k.name, q.kind, q.key;

-- A letter: who asks is asked for, and confirmed; then it is answered
SELECT id AS letter FROM pv.receive_request('access', 'customer', NULL, 'letter', now() - interval '3 days', '{"name": "Ada Berg", "address": "Storgata 1"}') \gset
INSERT INTO known VALUES ('letter', :'letter');
TABLE register;
SELECT pv.request_claimed(:'letter');
SELECT position('Storgata' IN CAST(claimed AS text)), position(encode('Storgata', 'hex') IN CAST(claimed AS text)) FROM pv.request_ledger;
SELECT pv.ask_identity(:'letter', 'the address is not the one that we know');
TABLE register;
SELECT pv.ask_identity(:'letter', 'once more');
SELECT pv.answer_request(:'letter', 'refused');
SELECT pv.confirm_identity(:'letter', 'passport');
SELECT state, key, identity_method FROM pv.confirm_identity(:'letter', 'passport', 1, '{"number": "X 42"}');
TABLE register;
SELECT pv.identity_evidence(:'letter'), position(encode('X 42', 'hex') IN CAST(identity_evidence AS text)) FROM pv.request_ledger;
SELECT pv.ask_identity(:'letter', 'once more');
SELECT pv.confirm_identity(:'letter', 'once more');
SELECT pv.withhold(:'letter', 'customer', '{password}', 'a secret of our own');
SELECT pv.withhold(:'letter', 'customer', '{name}', 'a trade secret', '{1,7}');
SELECT q.columns, q.rows, q.ground, q.by = session_user AS by_us FROM pv.request_withheld AS q ORDER BY id;
TABLE register;
SELECT pv.answer_request(:'letter', 'perhaps');
SELECT state, answer FROM pv.answer_request(:'letter', 'partly', 'archive 17');
TABLE register;
SELECT pv.answer_request(:'letter', 'delivered');
SELECT pv.withhold(:'letter', 'customer', '{password}', 'later');
SELECT jsonb_pretty(pv.request_receipt(:'letter') - '{request,received_at,due_at}'::text[]
                    #- '{identity,asked_at}' #- '{identity,confirmed_at}' #- '{answer,at}');
SELECT r ->> 'request' = :'letter', CAST(r ->> 'due_at' AS timestamptz) = (SELECT due_at FROM pv.request) FROM pv.request_receipt(:'letter') AS r;
SELECT call, subject_digest IS NOT NULL AS about FROM pv.event ORDER BY id OFFSET 2;

-- The same twice, as long as it is open
SELECT id AS first FROM pv.receive_request('access', 'customer', '2', 'web') \gset
INSERT INTO known VALUES ('web', :'first');
SELECT id = :'first' AS same FROM pv.receive_request('access', 'customer', 2, 'web');
SELECT id = :'first' AS same FROM pv.receive_request('access', 'customer', 2, 'letter');
SELECT id = :'first' AS same FROM pv.receive_request('portability', 'customer', 2, 'web');
SELECT id = :'first' AS same FROM pv.receive_request('access', 'customer', 3, 'web');
SELECT (pv.cancel_request(id, 'a test')).state FROM pv.request WHERE kind = 'portability' OR key = '3';
SELECT state FROM pv.confirm_identity(:'first', 'logged in');
SELECT id = :'first' AS same, state FROM pv.receive_request('access', 'customer', 2, 'web');
SELECT id = :'first' AS same, state FROM pv.receive_request('access', 'customer', 2, 'telephone');
SELECT count(*) FROM pv.request WHERE key = '2';
-- Two of whom nothing is known are two
SELECT count(DISTINCT (pv.receive_request('access', 'customer', NULL, 'letter')).id) FROM generate_series(1, 2);
SELECT (pv.cancel_request(id, 'a test')).state FROM pv.request WHERE key IS NULL AND channel = 'letter' AND state = 'received';
-- One that turns out to be another's is not the first one's
SELECT id AS mistaken FROM pv.receive_request('access', 'customer', 8, 'letter') \gset
SELECT state, key FROM pv.confirm_identity(:'mistaken', 'passport', 9);
SELECT id = :'mistaken' AS same, state, key FROM pv.receive_request('access', 'customer', 8, 'letter');
SELECT (pv.cancel_request(id, 'a test')).state FROM pv.request WHERE key IN ('8', '9');

-- A stranger's letter does not go into it, nor into another letter
SELECT id AS stranger FROM pv.receive_request('access', 'customer', 2, 'letter', claimed => '{"address": "Elsewhere 9"}') \gset
INSERT INTO known VALUES ('stranger', :'stranger');
SELECT id = :'stranger' AS same FROM pv.receive_request('access', 'customer', 2, 'letter', claimed => '{"address": "Elsewhere 9"}');
SELECT id AS real FROM pv.receive_request('access', 'customer', 2, 'letter', now() - interval '9 days', '{"address": "Home 1"}') \gset
INSERT INTO known VALUES ('real letter', :'real');
TABLE register;
-- and once it is known that it is hers, it is one with what she asked for on the web, what is withheld too
SELECT pv.withhold(:'real', 'customer', '{password}', 'a secret of our own');
SELECT id = :'first' AS same, received_at = (SELECT received_at FROM pv.request WHERE id = :'real') AS received, due_at = (SELECT due_at FROM pv.request WHERE id = :'real') AS due, identity_method
FROM pv.confirm_identity(:'real', 'signature', evidence => '{"seen": "by us"}');
SELECT pv.request_claimed(:'first'), pv.request_claimed(:'real'), pv.identity_evidence(:'first');
SELECT columns, ground FROM pv.request_withheld WHERE request = :'first';
-- under another name of the column it is not handed out either
ALTER TABLE customer RENAME password TO secret;
SELECT columns, ground FROM pv.request_withheld WHERE request = :'first';
ALTER TABLE customer RENAME secret TO password;
SELECT state, reference = 'the same as request ' || :'first' AS reference FROM pv.request_ledger WHERE id = :'real';
-- A stranger's letter that came first hides nobody either
SELECT id AS stranger FROM pv.receive_request('access', 'customer', 4, 'letter', claimed => '{"address": "Elsewhere 9"}') \gset
SELECT id <> :'stranger' AS another FROM pv.receive_request('access', 'customer', 4, 'web');
-- Answered: what comes now is a new one
SELECT state FROM pv.answer_request(:'first', 'delivered');
SELECT id <> :'first' AS new, state FROM pv.receive_request('access', 'customer', 2, 'web');

-- Refused, which needs reasons; the receipt has them
SELECT pv.answer_request(:'stranger', 'refused');
SELECT pv.answer_request(:'stranger', 'delivered');
SELECT state FROM pv.answer_request(:'stranger', 'refused', 'we could not find out who asks');
SELECT r -> 'answer' ->> 'reason' AS reason, r ->> 'authority' AS authority, r ->> 'complaint' AS complaint, r ->> 'judicial_remedy' AS remedy
FROM pv.request_receipt(:'stranger') AS r;
SET pvext.authority = 'the commissioner';
SELECT pv.request_receipt(:'stranger') ->> 'authority' AS authority;
RESET pvext.authority;

-- Nobody of ours: nothing is known of a subject
SELECT id AS nobody FROM pv.receive_request('access', 'customer', NULL, 'letter', claimed => '{"name": "Nobody"}') \gset
SELECT state, answer FROM pv.answer_request(:'nobody', 'delivered', 'we hold nothing');

-- What is wrong is said at once
SELECT pv.receive_request('access', 'customer', 4711, 'web');
SELECT pv.receive_request('access', 'customer', 'x', 'web');
SELECT pv.receive_request('access', 'other', 1, 'web');
SELECT pv.receive_request('gossip', 'customer', 1, 'web');
SELECT pv.receive_request('access', NULL, 1, 'web');
SELECT pv.receive_request('access', 'customer', 1, ' ');
SELECT pv.receive_request('access', 'customer', 1, 'web', now() + interval '1 hour');
SELECT pv.receive_request('access', 'customer', 1, 'web', '-infinity');
SELECT pv.receive_request('access', 'customer', 1, 'web', NULL);
SELECT id AS open FROM pv.receive_request('objection', 'customer', 1, 'web') \gset
SELECT pv.confirm_identity(:'open', 'passport', 4711);
SELECT pv.confirm_identity(:'open', NULL);
SELECT pv.ask_identity(:'open', '');
SELECT pv.withhold(:'open', 'other', '{id}', 'x');
SELECT pv.withhold(:'open', 'customer', '{nothing}', 'x');
SELECT pv.withhold(:'open', 'customer', '{}', 'x');
SELECT pv.withhold(:'open', 'customer', '{name}', NULL);
SELECT pv.withhold(:'open', 'customer', '{name}', 'x', '{}');
SELECT pv.cancel_request(:'open', NULL);
SELECT pv.answer_request('00000000-0000-0000-0000-000000000000', 'delivered');
SELECT pv.request_receipt('00000000-0000-0000-0000-000000000000');
SELECT pv.request_claimed('00000000-0000-0000-0000-000000000000');
BEGIN READ ONLY;
SELECT pv.receive_request('access', 'customer', 1, 'web');
ROLLBACK;

-- The register is changed by nobody else, not even by who owns it
UPDATE pv.request_ledger SET received_at = now();
DELETE FROM pv.request_ledger;
TRUNCATE pv.request_ledger;
UPDATE pv.request_withheld SET ground = 'another';
DELETE FROM pv.request_withheld;

-- The key of the table, and the table, as long as the register names its subjects by it
SELECT pv.declare_subject('customer', '{number}');
SELECT pv.undeclare_subject('customer');

-- Claims go some time after the answer
SELECT id AS kept FROM pv.receive_request('rectification', 'customer', 5, 'letter', claimed => '{"name": "Odd"}') \gset
SELECT state FROM pv.confirm_identity(:'kept', 'passport', evidence => '{"number": "X 43"}');
SELECT state FROM pv.answer_request(:'kept', 'delivered');
SELECT count(*) FROM pv.evidence_key WHERE ledger = 'request';
CALL pv.run_duties('{expire}');
SELECT pv.request_claimed(:'kept'), pv.identity_evidence(:'kept');
SET pvext.request_keep = 0;
CALL pv.run_duties('{expire}');
RESET pvext.request_keep;
SELECT pv.request_claimed(:'kept'), pv.identity_evidence(:'kept'), claimed, identity_evidence FROM pv.request_ledger WHERE id = :'kept';
SELECT count(*) FILTER (WHERE l.claimed IS NOT NULL OR l.identity_evidence IS NOT NULL) = (SELECT count(*) FROM pv.evidence_key WHERE ledger = 'request') AS no_key_more FROM pv.request_ledger AS l;
-- at once where it is cancelled
SELECT id AS spam FROM pv.receive_request('access', 'customer', 6, 'letter', claimed => '{"name": "Odd"}') \gset
SELECT state FROM pv.cancel_request(:'spam', 'never asked for');
SELECT pv.request_claimed(:'spam'), claimed, reference FROM pv.request_ledger WHERE id = :'spam';
SELECT pv.request_receipt(:'spam') ->> 'cancelled' AS cancelled;
SELECT count(*) FILTER (WHERE l.claimed IS NOT NULL OR l.identity_evidence IS NOT NULL) = (SELECT count(*) FROM pv.evidence_key WHERE ledger = 'request') AS no_key_more FROM pv.request_ledger AS l;

-- Who may
CREATE ROLE rights_request_support;
CREATE ROLE rights_request_officer;
SELECT pv.grant_role('rights_request_support', 'application');
SELECT pv.grant_role('rights_request_officer', 'officer');
GRANT USAGE ON SCHEMA ask TO rights_request_support, rights_request_officer;
SET ROLE rights_request_support;
SELECT kind, key, state FROM pv.receive_request('restriction', 'customer', 7, 'web');
SELECT count(*) FROM pv.request;
SELECT pv.answer_request(:'kept', 'delivered');
SET ROLE rights_request_officer;
SELECT pv.request_claimed(id), state FROM pv.request WHERE kind = 'restriction';
SELECT (pv.confirm_identity(id, 'telephone')).state FROM pv.request WHERE kind = 'restriction';
SELECT state, handled_by = session_user AS handled FROM pv.request WHERE kind = 'restriction';
UPDATE pv.request_ledger SET received_at = now();
RESET ROLE;
SELECT pv.revoke_role('rights_request_support', 'application');
SELECT pv.revoke_role('rights_request_officer', 'officer');
DROP OWNED BY rights_request_support, rights_request_officer;
DROP ROLE rights_request_support, rights_request_officer;
