-- Consents and opt-outs of an earlier system: claims, with their own time and source.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
CREATE SCHEMA shop;
SET search_path = shop;
CREATE TABLE customer (id int PRIMARY KEY, name text, email text);
INSERT INTO customer SELECT i, 'C' || i, 'c' || i || '@x.no' FROM generate_series(1, 12) AS i;
SELECT pv.declare_purpose('news', 'consent', 'x'), pv.declare_purpose('survey', 'legitimate_interests', 'x'),
       pv.declare_purpose('bookkeeping', 'legal_obligation', 'x') \g /dev/null
SELECT pv.declare_subject('customer'), pv.declare_personal('customer', '{name,email}', 'identifying') \g /dev/null
SELECT pv.declare_consent_text('news', '1', 'en', 'Yes please.'), pv.declare_consent_text('news', '1', 'nb', 'Ja takk.') \g /dev/null
SELECT pv.withdraw_consent_text('news', '1') \g /dev/null
SELECT pv.declare_consent_text('news', '2', 'en', 'Yes, please do.') \g /dev/null

-- One: the claimed time stands beside the import's.
SELECT pv.import_consent('customer', 1, 'news', 'given', '2019-05-01', 'Mailer export', '1', 'en', 'web form',
                         evidence => '{"ip": "192.0.2.7"}');
SELECT action, claimed_at, source, at > '2026-01-01' AS at_import, login = session_user AS login, version, text, channel, evidence
    FROM pv.consent_history;
SELECT key, purpose, state, since, imported, in_force FROM pv.consent;
SELECT pv.has_consent('customer', 1, 'news'), pv.has_consent('customer', 2, 'news'), pv.may_process('customer', 1, 'news');
SELECT call FROM pv.event ORDER BY id DESC LIMIT 1;
-- refused
SELECT pv.import_consent('customer', 99, 'news', 'given', '2019-05-01', 's');
SELECT pv.import_consent('customer', 'x', 'news', 'given', '2019-05-01', 's');
SELECT pv.import_consent('customer', 1, 'news', 'given', now() + interval '1 day', 's');
SELECT pv.import_consent('customer', 1, 'news', 'given', '-infinity', 's');
SELECT pv.import_consent('customer', 1, 'news', 'given', NULL, 's');
SELECT pv.import_consent('customer', 1, 'news', 'given', '2019-05-01', ' ');
SELECT pv.import_consent('customer', 1, 'nothing', 'given', '2019-05-01', 's');
SELECT pv.import_consent('customer', 1, 'news', 'yes', '2019-05-01', 's');
SELECT pv.import_consent('customer', 1, 'news', 'objected', '2019-05-01', 's');
SELECT pv.import_consent('customer', 1, 'survey', 'given', '2019-05-01', 's');
SELECT pv.import_consent('customer', 1, 'bookkeeping', 'objected', '2019-05-01', 's');
SELECT pv.import_consent('customer', 1, 'news', 'given', '2019-05-01', 's', '9');

-- What was done later counts, whichever comes first, and what was witnessed before what is claimed.
SELECT pv.give_consent('customer', 2, 'news', '2', 'web') \g /dev/null
SELECT pv.import_consent('customer', 2, 'news', 'withdrawn', '2020-01-01', 's');
SELECT pv.withdraw_consent('customer', 3, 'news', 'web') \g /dev/null
SELECT pv.import_consent('customer', 3, 'news', 'given', '2020-01-01', 's');
SELECT pv.import_consent('customer', 4, 'news', 'withdrawn', '2021-01-01', 's');
SELECT pv.import_consent('customer', 4, 'news', 'given', '2020-01-01', 's');
SELECT pv.import_consent('customer', 5, 'news', 'given', '2020-01-01', 's');
SELECT pv.import_consent('customer', 5, 'news', 'withdrawn', '2021-01-01', 's');
SELECT pv.import_consent('customer', 5, 'news', 'given', '2022-01-01', 's');
SELECT pv.import_consent('customer', 6, 'news', 'withdrawn', '2020-01-01', 's');
SELECT pv.import_consent('customer', 6, 'news', 'given', '2020-01-01', 's');
SELECT pv.import_consent('customer', 7, 'news', 'given', '2020-01-01', 's');
SELECT pv.import_consent('customer', 7, 'news', 'withdrawn', '2020-01-01', 's');
SELECT pv.import_consent('customer', 7, 'news', 'withdrawn', '2020-01-01', 's');
SELECT pv.import_consent('customer', 8, 'news', 'given', '2020-01-01', 's', expires => '2021-01-01');
-- a request is no word of the subject's, and hides none
SELECT pv.withdraw_consent('customer', 9, 'news', 'web') \g /dev/null
SELECT pv.request_consent('customer', 9, 'news', '2', 'web') IS NOT NULL AS asked;
SELECT pv.import_consent('customer', 9, 'news', 'given', '2020-01-01', 's');
SELECT pv.request_consent('customer', 10, 'news', '2', 'web') IS NOT NULL AS asked;
SELECT pv.import_consent('customer', 10, 'news', 'given', '2020-01-01', 's');
SELECT key, state, since < '2025-01-01' AS old, imported, in_force FROM pv.consent WHERE purpose = 'news' ORDER BY key::int;
SELECT pv.consented('customer', 'news') ORDER BY 1;
SELECT id FROM customer WHERE pv.has_consent('customer', id, 'news') ORDER BY 1;
SELECT * FROM pv.verify_consents();
-- what has expired may be given anew by a claim of later
SELECT pv.import_consent('customer', 11, 'news', 'given', '2020-01-01', 's', expires => '2021-01-01');
CALL pv.run_duties();
SELECT key, state, imported FROM pv.consent WHERE key IN ('8', '11') ORDER BY 1;
SELECT pv.import_consent('customer', 11, 'news', 'given', '2019-01-01', 's');
SELECT pv.import_consent('customer', 8, 'news', 'given', '2022-01-01', 's');
SELECT key, state, in_force FROM pv.consent WHERE key IN ('8', '11') ORDER BY 1;
SELECT * FROM pv.verify_consents();
-- objections
SELECT pv.import_consent('customer', 1, 'survey', 'objected', '2019-05-01', 's');
SELECT pv.may_process('customer', 1, 'survey'), pv.may_process('customer', 2, 'survey');
SELECT pv.import_consent('customer', 1, 'survey', 'allowed', '2020-05-01', 's');
SELECT pv.may_process('customer', 1, 'survey');
SELECT pv.object_to('customer', 1, 'survey', 'web') \g /dev/null
SELECT pv.import_consent('customer', 1, 'survey', 'allowed', '2021-05-01', 's');
SELECT pv.may_process('customer', 1, 'survey');

-- Who was erased is not to be written to, whatever is claimed; also by an address in a linked table.
CREATE TABLE contact (id int PRIMARY KEY, customer int REFERENCES customer, kind text, value text);
CREATE INDEX ON contact (customer);
SELECT pv.declare_link('contact', '{customer}', 'customer'), pv.declare_personal('contact', '{value}', 'contact'),
       pv.declare_not_personal('contact') \g /dev/null
INSERT INTO customer VALUES (20, 'Ada', 'ada@x.no'), (21, 'Odd', 'odd@x.no');
INSERT INTO contact VALUES (1, 20, 'e-mail', 'Ada.Berg@Work.no'), (2, 20, 'mobile', '+47 912 34 567'), (3, 21, 'e-mail', 'odd@work.no');
SELECT state FROM pv.erase_subject('customer', 20);
INSERT INTO customer VALUES (30, 'A. Berg', NULL), (31, 'Ada', 'ada@x.no'), (32, 'A B', 'ada.berg@work.no'), (33, 'Per', 'per@x.no'), (34, 'AB', NULL);
INSERT INTO contact VALUES (4, 30, 'e-mail', 'ada.berg@work.no '), (5, 33, 'e-mail', 'per@work.no'), (6, 34, 'mobile', '91234567');
SELECT id, pv.may_process('customer', id, 'survey') FROM customer WHERE id > 20 ORDER BY id;
SELECT id, pv.import_consent('customer', id, 'news', 'given', '2019-05-01', 's') FROM customer WHERE id > 20 ORDER BY id;
SELECT pv.import_consent('customer', 31, 'survey', 'allowed', '2019-05-01', 's');
-- a consent that is given here counts
SELECT pv.give_consent('customer', 31, 'news', '2', 'web') \g /dev/null
SELECT pv.has_consent('customer', 31, 'news'), pv.may_process('customer', 31, 'news'), pv.may_process('customer', 31, 'survey');

-- Lists of who wants nothing: addresses, or others' digests of them; nothing of them is kept.
INSERT INTO customer VALUES (40, 'Eva', 'Eva@X.no'), (41, 'Liv', NULL), (42, 'Kim', 'kim@x.no'), (43, 'Jo', NULL);
INSERT INTO contact VALUES (7, 41, 'e-mail', 'liv@work.no'), (8, 43, 'phone', '22 33 44 55');
SELECT pv.import_consent('customer', k, 'news', 'given', '2019-05-01', 's') FROM unnest(ARRAY[40, 41, 42]) AS k;
SELECT pv.give_consent('customer', 42, 'news', '2', 'web') \g /dev/null
SELECT * FROM pv.import_suppressions(ARRAY[encode(sha256('eva@x.no'), 'hex'), upper(md5('liv@work.no')), ' Kim@x.no ', '+47 22334455',
    'nobody', NULL, 'kim@x.no'], 'Mailer opt-outs');
SELECT * FROM pv.import_suppressions(ARRAY['kim@x.no'], 'Mailer opt-outs');
SELECT id, pv.has_consent('customer', id, 'news'), pv.may_process('customer', id, 'news') AS news, pv.may_process('customer', id, 'survey') AS survey
    FROM customer WHERE id >= 40 ORDER BY id;
SELECT count(*), count(*) FILTER (WHERE source = 'Mailer opt-outs') AS of_list FROM pv.suppression;
SELECT key, action, channel, claimed_at IS NULL AS witnessed FROM pv.consent_history WHERE key IN ('40', '41', '42') ORDER BY id;
SELECT * FROM pv.import_suppressions(NULL, 's');
SELECT * FROM pv.import_suppressions('{}', 's');
SELECT * FROM pv.verify_consents();

-- Many, out of a table or view of the caller's; with their rights, and in any number.
CREATE ROLE officer_of_import;
SELECT pv.grant_role('officer_of_import', 'officer');
GRANT USAGE, CREATE ON SCHEMA shop TO officer_of_import;
CREATE TABLE hidden (key int, purpose text, action text, claimed_at timestamptz);
SET ROLE officer_of_import;
CREATE TABLE old (cust text, what text, said text, said_at date, until date, proof jsonb);
INSERT INTO old SELECT i, 'news', 'given', date '2018-01-01' + i, NULL, NULL FROM generate_series(1, 12) AS i;
INSERT INTO old VALUES ('2', 'survey', 'objected', '2018-01-01', NULL, '{"letter": 7}'), ('98', 'news', 'given', '2018-01-01', NULL, NULL),
    ('abc', 'news', 'given', '2018-01-01', NULL, NULL), (NULL, 'news', 'given', '2018-01-01', NULL, NULL),
    ('12', 'news', 'given', '2999-01-01', NULL, NULL), ('12', 'news', 'given', NULL, NULL, NULL),
    ('12', 'news', 'given', '2018-06-01', '2018-07-01', NULL), ('31', 'survey', 'allowed', '2018-01-01', NULL, NULL),
    ('2147483648', 'news', 'given', '2018-01-01', NULL, NULL);
SELECT * FROM pv.import_consents('customer', 'old', 'CRM of 2018');
CREATE VIEW claims AS SELECT cust AS key, what AS purpose, said AS action, said_at AS claimed_at, until AS expires, proof AS evidence FROM old;
SELECT * FROM pv.import_consents('customer', 'claims', 'CRM of 2018');
SELECT * FROM pv.import_consents('customer', 'claims', 'CRM of 2018');
SELECT * FROM pv.import_consents('customer', 'hidden', 'x');
RESET ROLE;
SELECT key, purpose, state, imported, in_force FROM pv.consent WHERE key = '12' OR key = '2' ORDER BY key, purpose;
SELECT pv.has_consent('customer', 12, 'news');
SELECT action, claimed_at, source, login = session_user AS login, role, evidence FROM pv.consent_history WHERE key = '2' AND purpose = 'survey';
SELECT * FROM pv.verify_consents();
-- nothing of a set is recorded where one entry makes no sense
INSERT INTO old VALUES ('11', 'nothing', 'given', '2018-01-01', NULL, NULL);
SELECT * FROM pv.import_consents('customer', 'claims', 'again');
SELECT count(*) FROM pv.consent_event WHERE source = 'again';
DELETE FROM old WHERE what = 'nothing';
-- many more than are read at a time, with rollback and bits
CREATE TABLE person (id bigint PRIMARY KEY, name text);
INSERT INTO person SELECT i, 'P' || i FROM generate_series(1, 5000) AS i;
SELECT pv.declare_subject('person'), pv.declare_personal('person', '{name}', 'identifying') \g /dev/null
CREATE VIEW all_of_them AS SELECT i AS key, 'news' AS purpose, CASE WHEN i % 5 = 0 THEN 'withdrawn' ELSE 'given' END AS action,
    timestamptz '2019-01-01 00:00+00' + i * interval '1 minute' AS claimed_at FROM generate_series(1, 5100) AS i;
BEGIN;
SELECT outcome, rows, cardinality(keys) FROM pv.import_consents('person', 'all_of_them', 'x');
SELECT count(*) FROM person WHERE pv.has_consent('person', id, 'news');
ROLLBACK;
SELECT count(*) FROM person WHERE pv.has_consent('person', id, 'news');
SELECT outcome, rows FROM pv.import_consents('person', 'all_of_them', 'x');
SELECT count(*) FROM person WHERE pv.has_consent('person', id, 'news');
SELECT count(*) FROM pv.consented('person', 'news');
SELECT * FROM pv.verify_consents();
-- an erasure ends them as all others
SELECT state FROM pv.erase_subject('person', 7);
SELECT pv.has_consent('person', 7, 'news'), pv.import_consent('person', 7, 'news', 'given', '2020-01-01', 'x');
DROP EXTENSION pvext;
DROP SCHEMA shop CASCADE;
DROP ROLE officer_of_import;
