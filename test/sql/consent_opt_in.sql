-- Double opt-in, and withdrawal, by token.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
RESET client_min_messages;

CREATE ROLE regress_opt_in_app;
CREATE TABLE customer (id int PRIMARY KEY, name text);
CREATE TABLE "Odd ""Table""" (a text, b int, PRIMARY KEY (a, b));
GRANT SELECT ON customer TO regress_opt_in_app;
INSERT INTO customer VALUES (1, 'Ann'), (2, 'Bob'), (3, 'Cid'), (4, 'Dan');
INSERT INTO "Odd ""Table""" VALUES ('x, "y"', 1);
SELECT pv.declare_subject('customer');
SELECT pv.declare_subject('"Odd ""Table"""');
SELECT pv.declare_purpose('newsletter', 'consent', 'writing to customers');
SELECT pv.declare_purpose('advice', 'legitimate_interests', 'recommending goods');
SELECT pv.declare_consent_text('newsletter', '1', 'en', 'May we write to you?');
SELECT pv.declare_consent_text('newsletter', '2', 'en', 'May we write?');
SELECT pv.declare_consent_text('newsletter', '2', 'sv', 'Får vi skriva?');
\set history 'SELECT key, action, version, language, channel, expires, evidence FROM pv.consent_history WHERE subject = ''customer''::regclass AND key ='

-- Asked for, confirmed once
SELECT pv.request_consent('customer', 1, 'newsletter', '1', 'web form', '{"ip": "192.0.2.7"}') AS token \gset
SELECT :'token' ~ '^[A-Za-z0-9_-]{64}$' AS well_formed;
SELECT state, in_force, pv.has_consent('customer', 1, 'newsletter') FROM pv.consent;
SELECT kind, key, version, language, channel, length(selector), length(verifier_digest),
       expires - made_at BETWEEN interval '29 days' AND interval '31 days' AS a_month FROM pv.consent_token;
SELECT verifier_digest = sha256(substr(decode(translate(:'token', '-_', '+/'), 'base64'), 17)) AS hashed
FROM pv.consent_token;
SELECT pv.withdraw_consent(:'token');
\echo :SQLSTATE
SELECT pv.confirm_consent(:'token', '{"link": "clicked"}');
SELECT pv.has_consent('customer', 1, 'newsletter');
SELECT pv.confirm_consent(:'token');
\echo :SQLSTATE
:history '1' ORDER BY id;
SELECT count(*) FROM pv.consent_token;

-- What a request does to a consent that is there: nothing
SELECT pv.request_consent('customer', 1, 'newsletter', '2', 'web form', expires => now() + interval '1 day') AS token \gset
SELECT state, expires, in_force FROM pv.consent;
SELECT pv.confirm_consent(:'token');
SELECT state, expires > now() AS expires, in_force FROM pv.consent;
SELECT version, language, expires > now() AS expires, text_digest =
       (SELECT sha256(string_agg(digest, '' ORDER BY language COLLATE "C")) FROM pv.consent_text WHERE version = '2') AS digest
FROM pv.consent_history WHERE key = '1' AND version = '2' ORDER BY id;

-- Withdrawn by token
SELECT pv.unsubscribe_token('customer', 1, 'newsletter') AS token \gset
SELECT pv.confirm_consent(:'token');
SELECT pv.withdraw_consent(:'token', NULL);
\echo :SQLSTATE
SELECT pv.withdraw_consent(:'token', ' ');
SELECT pv.withdraw_consent(:'token');
SELECT pv.has_consent('customer', 1, 'newsletter');
SELECT pv.withdraw_consent(:'token');
\echo :SQLSTATE
SELECT pv.unsubscribe_token('customer', 1, 'newsletter', now() + interval '1 year') AS token \gset
SELECT expires > now() + interval '364 days' AS a_year FROM pv.consent_token;
SELECT pv.withdraw_consent(:'token', 'link');
SELECT action, channel, version FROM pv.consent_history WHERE key = '1' AND action = 'withdrawn' ORDER BY id;
SELECT call FROM pv.event WHERE call LIKE 'unsub%' ORDER BY id;

-- A withdrawal kills what is still to be confirmed, and no more than that
SELECT pv.request_consent('customer', 2, 'newsletter', '1', 'web form') AS token \gset
SELECT pv.request_consent('customer', 3, 'newsletter', '1', 'web form') AS other \gset
SELECT pv.unsubscribe_token('customer', 2, 'newsletter') AS link \gset
SELECT pv.withdraw_consent('customer', 2, 'newsletter', 'phone');
SELECT pv.confirm_consent(:'token');
SELECT pv.confirm_consent(:'other');
SELECT pv.request_consent('customer', 2, 'newsletter', '1', 'web form') AS token \gset
SELECT pv.withdraw_consent(:'link');
SELECT pv.confirm_consent(:'token');
SELECT key, state FROM pv.consent ORDER BY id;

-- Composite keys and odd names
SELECT pv.request_consent('"Odd ""Table"""', ROW('x, "y"', 1), 'newsletter', '1', 'web form') AS token \gset
SELECT pv.confirm_consent(:'token');
SELECT pv.has_consent('"Odd ""Table"""', ROW('x, "y"', 1), 'newsletter');
SELECT pv.unsubscribe_token('"Odd ""Table"""', '("x, ""y""",1)', 'newsletter') AS token \gset
SELECT pv.withdraw_consent(:'token');
SELECT pv.has_consent('"Odd ""Table"""', ROW('x, "y"', 1), 'newsletter');

-- Whatever is wrong with a token, the answer is the same
SELECT pv.request_consent('customer', 4, 'newsletter', '1', 'web form') AS token \gset
SELECT pv.confirm_consent('');
\echo :SQLSTATE
SELECT pv.confirm_consent('not a token');
SELECT pv.confirm_consent(repeat('A', 64));
SELECT pv.confirm_consent(repeat('=', 64));
SELECT pv.confirm_consent(repeat('é', 32));
SELECT pv.confirm_consent(left(:'token', 63) || '!');
SELECT pv.confirm_consent(left(:'token', 63));
SELECT pv.confirm_consent(:'token' || 'A');
SELECT pv.confirm_consent(left(:'token', 63) || CASE right(:'token', 1) WHEN 'A' THEN 'B' ELSE 'A' END);
SELECT pv.confirm_consent(CASE left(:'token', 1) WHEN 'A' THEN 'B' ELSE 'A' END || substr(:'token', 2));
SELECT pv.withdraw_consent('not a token');
\echo :SQLSTATE
SELECT pv.confirm_consent(NULL);
\echo :SQLSTATE
SELECT pv.withdraw_consent(NULL);
\echo :SQLSTATE
SELECT pv.has_consent('customer', 4, 'newsletter');
BEGIN READ ONLY;
SELECT pv.confirm_consent(:'token');
ROLLBACK;
BEGIN;
SELECT pv.confirm_consent(:'token');
ROLLBACK;
SELECT pv.confirm_consent(:'token');
SELECT pv.has_consent('customer', 4, 'newsletter');

-- Expired tokens; a new one takes them away
\set VERBOSITY sqlstate
SET pvext.consent_token_lifetime = 0;
\set VERBOSITY default
SET pvext.consent_token_lifetime = '1s';
SHOW pvext.consent_token_lifetime;
SELECT pv.request_consent('customer', 2, 'newsletter', '1', 'web form') AS token \gset
SELECT pv.unsubscribe_token('customer', 2, 'newsletter', clock_timestamp() + interval '100 ms') AS link \gset
SELECT pg_sleep(1.1);
SELECT pv.confirm_consent(:'token');
\echo :SQLSTATE
SELECT pv.withdraw_consent(:'link');
RESET pvext.consent_token_lifetime;
SELECT count(*) FROM pv.consent_token;
SELECT pv.unsubscribe_token('customer', 2, 'newsletter') AS token \gset
SELECT count(*) FROM pv.consent_token;

-- What has changed since it was asked for
SELECT pv.request_consent('customer', 2, 'newsletter', '1', 'web form', expires => clock_timestamp() + interval '100 ms') AS token \gset
SELECT pg_sleep(0.15);
SELECT pv.confirm_consent(:'token');
\echo :SQLSTATE
SELECT pv.request_consent('customer', 2, 'newsletter', '1', 'web form') AS token \gset
SELECT pv.request_consent('customer', 2, 'newsletter', '2', 'web form') AS other \gset
SELECT pv.withdraw_consent_text('newsletter', '1');
SELECT pv.confirm_consent(:'token');
\echo :SQLSTATE
SELECT pv.withdraw_consent_text('newsletter', '2', 'sv');
SELECT pv.confirm_consent(:'other');
SELECT action, language, text FROM pv.consent_history WHERE key = '2' AND version = '2' ORDER BY id;
SELECT pv.unsubscribe_token('customer', 3, 'newsletter') AS token \gset
DELETE FROM customer WHERE id = 3;
SELECT pv.withdraw_consent(:'token');
\echo :SQLSTATE

-- Refused
SELECT pv.request_consent('customer', 99, 'newsletter', '2', 'web form');
\echo :SQLSTATE
SELECT pv.request_consent('customer', 1, 'advice', '2', 'web form');
\echo :SQLSTATE
SELECT pv.request_consent('customer', 1, 'newsletter', '1', 'web form');
\echo :SQLSTATE
SELECT pv.request_consent('customer', 1, 'newsletter', '2', '');
SELECT pv.request_consent('customer', 1, 'newsletter', '2', 'web form', expires => '2001-01-01');
\echo :SQLSTATE
SELECT pv.unsubscribe_token('customer', 99, 'newsletter');
\echo :SQLSTATE
SELECT pv.unsubscribe_token('customer', 1, 'advice');
\echo :SQLSTATE
SELECT pv.unsubscribe_token('customer', 1, 'newsletter', '2001-01-01');
\echo :SQLSTATE
SELECT pv.unsubscribe_token(NULL, 1, 'newsletter');
SELECT pv.unsubscribe_token('customer', NULL::text, 'newsletter');

-- A token does not outlive the key that it names
CREATE TABLE guest (id int PRIMARY KEY, no int NOT NULL UNIQUE);
INSERT INTO guest VALUES (1, 2), (2, 1);
SELECT pv.declare_subject('guest');
SELECT pv.unsubscribe_token('guest', 1, 'newsletter') AS token \gset
SELECT pv.declare_subject('guest', '{no}');
SELECT pv.withdraw_consent(:'token');

-- An application reads no tokens, and sets no lifetime
GRANT EXECUTE ON FUNCTION
    pv.request_consent(regclass, anyelement, text, text, text, jsonb, timestamptz, text),
    pv.confirm_consent(text, jsonb), pv.has_consent(regclass, anyelement, text) TO regress_opt_in_app;
SET ROLE regress_opt_in_app;
SELECT pv.request_consent('customer', 4, 'newsletter', '2', 'app', language => 'en') AS token \gset
SELECT pv.confirm_consent(:'token');
SELECT pv.has_consent('customer', 4, 'newsletter');
SELECT * FROM pv.consent_token;
\echo :SQLSTATE
SET pvext.consent_token_lifetime = '10 years';
SELECT pv.unsubscribe_token('customer', 4, 'newsletter');
RESET ROLE;
SELECT * FROM pv.verify_consents();

DROP EXTENSION pvext CASCADE;
DROP TABLE customer, guest, "Odd ""Table""";
DROP ROLE regress_opt_in_app;
