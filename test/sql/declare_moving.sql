-- What subjects have said goes with the partition that their rows are in.
SET client_min_messages = warning; CREATE EXTENSION pvext CASCADE; RESET client_min_messages;
CREATE SCHEMA moving;
SET search_path = moving;
CREATE TABLE member (id int, region text, name text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
CREATE TABLE member_n PARTITION OF member FOR VALUES IN ('n');
CREATE TABLE "Member's ""S""" PARTITION OF member FOR VALUES IN ('s');
INSERT INTO member VALUES (1, 'n', 'Ada'), (2, 's', 'Odd'), (3, 's', 'Siv'), (4, 's', 'Eva');
-- a key that is an integer has bits
CREATE TABLE reader (id int PRIMARY KEY, name text) PARTITION BY RANGE (id);
CREATE TABLE reader_1 PARTITION OF reader FOR VALUES FROM (0) TO (10);
CREATE TABLE reader_2 PARTITION OF reader FOR VALUES FROM (10) TO (20);
INSERT INTO reader VALUES (1, 'Ada'), (11, 'Odd'), (12, 'Siv');
SELECT pv.declare_purpose('news', 'consent', 'newsletter'), pv.declare_purpose('survey', 'legitimate_interests', 'survey'),
       pv.declare_consent_text('news', '1', 'en', 'Yes'), pv.declare_agreement('terms', '1', 'Terms');
SELECT pv.declare_subject('member'), pv.declare_personal('member', '{name}', 'identifying'), pv.declare_not_personal('member'),
       pv.declare_subject('reader'), pv.declare_personal('reader', '{name}', 'identifying'), pv.declare_not_personal('reader');
SELECT pv.give_consent('member', k, 'news', '1', 'web', '{"ip": "192.0.2.1"}') FROM unnest('{"(1,n)","(2,s)"}'::text[]) AS k;
SELECT pv.object_to('member', '(2,s)', 'survey', 'web'), pv.accept_agreement('member', '(2,s)', 'terms', '1', '{"by": "web"}');
SELECT pv.request_consent('member', '(3,s)', 'news', '1', 'web') AS token \gset
SELECT pv.give_consent('reader', k, 'news', '1', 'web') FROM unnest('{1,11}'::text[]) AS k;
SELECT pv.give_consent('reader', '12', 'news', '1', 'web', NULL, now() + interval '1 year');
SELECT pv.object_to('reader', '11', 'survey', 'web');

BEGIN;
SAVEPOINT before;
ALTER TABLE member DETACH PARTITION "Member's ""S""";
ROLLBACK TO before;
SELECT pv.has_consent('member', '(2,s)', 'news'), pv.may_process('member', '(2,s)', 'survey');
COMMIT;
SET client_min_messages = error;
ALTER TABLE member DETACH PARTITION "Member's ""S""";
ALTER TABLE reader DETACH PARTITION reader_2;
RESET client_min_messages;
SELECT pv.has_consent('"Member''s ""S"""', '(2,s)', 'news'), pv.may_process('"Member''s ""S"""', '(2,s)', 'survey'),
       pv.bound_by('"Member''s ""S"""', '(2,s)', 'terms'), pv.has_consent('member', '(1,n)', 'news');
SELECT pv.confirm_consent(:'token');
SELECT pv.has_consent('"Member''s ""S"""', '(3,s)', 'news');
SELECT pv.consented('member', 'news'), 'member' UNION ALL SELECT pv.consented('"Member''s ""S"""', 'news'), 'part' ORDER BY 1;
SELECT pv.has_consent('reader_2', 11, 'news'), pv.has_consent('reader_2', 12, 'news'), pv.has_consent('reader', 1, 'news'),
       pv.may_process('reader_2', 11, 'survey');
SELECT pv.consented('reader', 'news'), 'reader' UNION ALL SELECT pv.consented('reader_2', 'news'), 'part' ORDER BY 1;
SELECT subject, key, purpose, action, evidence FROM pv.consent_history ORDER BY id;
SELECT subject, key, name, action, evidence FROM pv.agreement_history;
SELECT * FROM pv.verify_consents();
SELECT * FROM pv.verify_agreements();
SELECT * FROM pv.check_map();

-- an erasure there ends it
SELECT state FROM pv.erase_subject('"Member''s ""S"""', '(2,s)');
SELECT subject, key, purpose, action, evidence FROM pv.consent_history WHERE action IN ('erased', 'objected') OR key = '(2,s)' ORDER BY id;
SELECT count(*) FROM pv.consent_state WHERE key = '(2,s)';
SELECT count(*) FROM pv.agreement_state WHERE key = '(2,s)';
SELECT * FROM pv.verify_consents();

-- what has been said there comes back with it
SELECT pv.object_to('"Member''s ""S"""', '(4,s)', 'survey', 'web'), pv.withdraw_consent('reader_2', 11, 'news', 'web');
SELECT pv.object_to('reader_2', 12, 'survey', 'web');
SET client_min_messages = error;
ALTER TABLE member ATTACH PARTITION "Member's ""S""" FOR VALUES IN ('s');
ALTER TABLE reader ATTACH PARTITION reader_2 FOR VALUES FROM (10) TO (20);
RESET client_min_messages;
SELECT pv.may_process('member', '(4,s)', 'survey'), pv.has_consent('member', '(3,s)', 'news');
SELECT pv.has_consent('reader', 1, 'news'), pv.has_consent('reader', 11, 'news'), pv.has_consent('reader', 12, 'news'),
       pv.may_process('reader', 11, 'survey'), pv.may_process('reader', 12, 'survey');
SELECT * FROM pv.verify_consents();
SELECT * FROM pv.verify_agreements();
SELECT * FROM pv.check_map();
-- where it is dropped, it is known that they have no row
SET client_min_messages = error;
ALTER TABLE reader DETACH PARTITION reader_2;
RESET client_min_messages;
DROP TABLE reader_2;
SELECT relation, problem FROM pv.check_map();
SELECT state FROM pv.erase_subject('reader', 11);
SELECT relation, problem FROM pv.check_map();
SELECT * FROM pv.verify_consents();

-- a state that somebody has given to another table is none that has come along
SELECT f.name AS from, t.name AS to FROM pv.consent_move AS m
  JOIN pv.relation AS f ON f.id = m.from_id JOIN pv.relation AS t ON t.id = m.to_id ORDER BY m.id;
SELECT pv.accept_agreement('reader', '1', 'terms', '1') \g /dev/null
CREATE TABLE other (id int PRIMARY KEY, name text);
SELECT pv.declare_subject('other'), pv.declare_personal('other', '{name}', 'identifying') \gset
BEGIN;
UPDATE pv.consent_state SET relation_id = (SELECT id FROM pv.relation WHERE name = 'other') WHERE key IS NOT NULL AND id = (SELECT min(id) FROM pv.consent_state WHERE key IS NOT NULL);
UPDATE pv.agreement_state SET relation_id = (SELECT id FROM pv.relation WHERE name = 'other') WHERE key IS NOT NULL AND id = (SELECT min(id) FROM pv.agreement_state WHERE key IS NOT NULL);
SELECT problem FROM pv.verify_consents();
SELECT problem FROM pv.verify_agreements();
ROLLBACK;
UPDATE pv.consent_move SET to_id = 0;
DROP TABLE other;
SELECT pv.undeclare_orphan('moving', 'other') \gset

-- who was erased on one side of it is not written to on the other
SET client_min_messages = error;
CREATE TABLE visitor (id int PRIMARY KEY, name text) PARTITION BY RANGE (id);
CREATE TABLE visitor_1 PARTITION OF visitor FOR VALUES FROM (0) TO (10);
CREATE TABLE visitor_2 PARTITION OF visitor FOR VALUES FROM (10) TO (20);
INSERT INTO visitor VALUES (1, 'Ada'), (11, 'Odd'), (12, 'Siv'), (13, 'Eva');
SELECT pv.declare_subject('visitor'), pv.declare_personal('visitor', '{name}', 'identifying') \g /dev/null
SELECT state FROM pv.erase_subject('visitor', 11);
ALTER TABLE visitor DETACH PARTITION visitor_2;
SELECT pv.may_process('visitor_2', 11, 'survey') AS erased, pv.may_process('visitor_2', 12, 'survey') AS other;
SELECT state FROM pv.erase_subject('visitor_2', 12);
ALTER TABLE visitor ATTACH PARTITION visitor_2 FOR VALUES FROM (10) TO (20);
SELECT pv.may_process('visitor', 12, 'survey') AS erased, pv.may_process('visitor', 13, 'survey') AS other;
RESET client_min_messages;
RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA moving CASCADE;
