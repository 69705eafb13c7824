-- What rows that are deleted are processed for: blockers with purposes, and consents, mean them.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
CREATE SCHEMA shop;
SET search_path = shop;
CREATE TABLE customer (id int PRIMARY KEY, name text, active bool);
CREATE TABLE session (id int PRIMARY KEY, customer int REFERENCES customer, helper int REFERENCES customer, token text, at date);
CREATE TABLE click (id int PRIMARY KEY, session int REFERENCES session, at date);
CREATE TABLE letter (id int PRIMARY KEY, customer int REFERENCES customer, at date);
CREATE INDEX ON session (customer); CREATE INDEX ON session (helper); CREATE INDEX ON click (session); CREATE INDEX ON letter (customer);
INSERT INTO customer VALUES (1, 'Ada Berg', true), (2, 'Odd Lie', false), (3, 'Siv Moe', true);
INSERT INTO session VALUES (1, 1, NULL, 'a', '2010-01-01'), (2, 2, NULL, 'b', '2010-01-01');
INSERT INTO click VALUES (1, 1, '2010-01-01'), (2, 2, '2010-01-01');
INSERT INTO letter VALUES (1, 1, '2010-01-01'), (2, 2, '2010-01-01'), (3, 3, '2010-01-01');
SELECT pv.declare_purpose('service', 'contract', 'x'), pv.declare_purpose('news', 'consent', 'x'),
       pv.declare_purpose('statistics', 'legitimate_interests', 'x'), pv.declare_purpose('unused', 'contract', 'x') \g /dev/null
SELECT pv.declare_subject('customer'), pv.declare_personal('customer', '{name}', 'identifying', '{service}') \g /dev/null
-- refused
SELECT pv.declare_link('session', '{customer}', 'customer', purposes => '{service}');
SELECT pv.declare_link('session', '{customer}', 'customer', on_erase => 'delete', purposes => '{}');
SELECT pv.declare_link('session', '{customer}', 'customer', on_erase => 'delete', purposes => '{nothing}');
SELECT pv.declare_link('session', '{customer}', 'customer', on_erase => 'delete', purposes => '{service,NULL}');
SELECT pv.declare_link('session', '{customer}', 'customer', on_erase => 'delete', purposes => '{{service}}');
-- said
SELECT pv.declare_link('session', '{customer}', 'customer', on_erase => 'delete', purposes => '{service}'),
       pv.declare_link('click', '{session}', 'session', on_erase => 'delete', purposes => '{statistics}'),
       pv.declare_link('letter', '{customer}', 'customer', on_erase => 'delete', purposes => '{news,unused}') \g /dev/null
SELECT relation, name, purposes FROM pv.link ORDER BY 1, 2;
SELECT pv.undeclare_purpose('unused');
SELECT pv.undeclare_link('letter', 'customer');
SELECT pv.undeclare_purpose('unused');
SELECT pv.declare_link('letter', '{customer}', 'customer', on_erase => 'delete', purposes => '{news}') \g /dev/null
SELECT pv.declare_not_personal('session'), pv.declare_not_personal('letter'), pv.declare_not_personal('click'),
       pv.declare_not_personal('customer') \g /dev/null
SELECT * FROM pv.check_map();
SELECT pv.declare_blocker('customer', 'active', 'subject.active', 'is a customer', purposes => '{service}') \g /dev/null
-- An erasure and a purge say the same of them: what rests on consent is no blocker's, statistics are no service.
SELECT relation, column_name, rows, verdict, basis FROM pv.preview_erasure('customer', 1);
SELECT pv.declare_retention('session', 'r', '1 year', 'at', 'b', action => 'delete'),
       pv.declare_retention('click', 'r', '1 year', 'at', 'b', action => 'delete'),
       pv.declare_retention('letter', 'r', '1 year', 'at', 'b', action => 'delete') \g /dev/null
SELECT relation, rows, held FROM pv.preview_purge();
SELECT state, blocked_by FROM pv.erase_subject('customer', 1);
SELECT id, customer FROM session ORDER BY 1; SELECT id FROM click ORDER BY 1; SELECT id FROM letter ORDER BY 1;
SELECT pv.activate_retention('session', 'r', 1), pv.activate_retention('click', 'r', 1), pv.activate_retention('letter', 'r', 2) \g /dev/null
CALL pv.purge();
SELECT id, customer FROM session ORDER BY 1; SELECT id FROM click ORDER BY 1; SELECT id FROM letter ORDER BY 1;
UPDATE customer SET active = false WHERE id = 1;
SELECT state FROM pv.erase_subject('customer', 1);
SELECT count(*) FROM session;
-- A blocker of every purpose holds back all but what rests on consent; a hold that, too.
SELECT pv.declare_blocker('customer', 'active', 'subject.active', 'is a customer') \g /dev/null
INSERT INTO session VALUES (3, 3, NULL, 'c', '2999-01-01'); INSERT INTO click VALUES (3, 3, '2999-01-01');
INSERT INTO letter VALUES (3, 3, '2999-01-01');
SELECT relation, column_name, rows, verdict FROM pv.preview_erasure('customer', 3);
SELECT pv.place_hold('customer', 3, 'court') IS NOT NULL AS hold;
SELECT relation, column_name, rows, verdict FROM pv.preview_erasure('customer', 3);
SELECT pv.release_hold(max(id), 'over') FROM pv.hold;
-- why it is due without a request
SELECT pv.declare_consent_text('news', '1', 'en', 'Send me letters.') IS NOT NULL AS text;
SELECT pv.give_consent('customer', 3, 'news', '1', 'en') \g /dev/null
SELECT relation, verdict, basis FROM pv.preview_erasure('customer', 3) WHERE relation = 'letter'::regclass;
SELECT pv.withdraw_consent('customer', 3, 'news', 'web') \g /dev/null
SELECT relation, verdict, basis FROM pv.preview_erasure('customer', 3) WHERE relation = 'letter'::regclass;
-- A column of other purposes keeps its row; so does any of the links by which a row goes with the same person.
DELETE FROM click;
SELECT pv.undeclare_retention('click', 'r'), pv.undeclare_not_personal('click'), pv.undeclare_link('click', 'session') \g /dev/null
SELECT pv.declare_blocker('customer', 'active', 'subject.active', 'is a customer', purposes => '{statistics}') \g /dev/null
SELECT relation, column_name, rows, verdict FROM pv.preview_erasure('customer', 3) WHERE relation = 'session'::regclass;
SELECT pv.declare_personal('session', '{token}', 'credential', '{statistics}') \g /dev/null
SELECT relation, column_name, rows, verdict FROM pv.preview_erasure('customer', 3) WHERE relation = 'session'::regclass;
SELECT pv.undeclare_personal('session', '{token}') \g /dev/null
SELECT pv.declare_not_personal('session', '{token}') \g /dev/null
SELECT pv.declare_link('session', '{helper}', 'customer', on_erase => 'delete', purposes => '{statistics}') \g /dev/null
SELECT relation, column_name, rows, verdict FROM pv.preview_erasure('customer', 3) WHERE relation = 'session'::regclass;
DROP EXTENSION pvext;
