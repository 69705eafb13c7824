-- Retention rules that hold for some rows only, and what rules keep for ever.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
\set VERBOSITY default
CREATE ROLE regress_condition_owner;
CREATE SCHEMA rule_condition;
SET search_path = rule_condition;
CREATE TABLE party (id int PRIMARY KEY, kind text, name text, phone text, left_on date);
SELECT pv.declare_subject('party'), pv.declare_personal('party', '{name,phone}', 'identifying'), pv.declare_not_personal('party', '{kind,left_on}');

-- What is refused
SELECT pv.declare_retention('party', 'x', '1 year', 'left_on', 'law', condition => 'kind');
\echo :SQLSTATE
SELECT pv.declare_retention('party', 'x', '1 year', 'left_on', 'law', condition => '');
SELECT pv.declare_retention('party', 'x', '1 year', 'left_on', 'law', condition => 'EXISTS (SELECT FROM party AS p WHERE p.id = 1)');
\echo :SQLSTATE
SELECT pv.declare_retention('party', 'x', '1 year', 'left_on', 'law', condition => 'max(id) > 1');
\echo :SQLSTATE
SELECT pv.declare_retention('party', 'x', '1 year', 'left_on', 'law', condition => 'random() > 0.5');
\echo :SQLSTATE
SELECT pv.declare_retention('party', 'x', '1 year', 'left_on', 'law', condition => 'true) OR (true');
\echo :SQLSTATE
SELECT pv.declare_retention('party', 'x', '1 year', 'left_on', 'law', condition => 'colour = 1');
\echo :SQLSTATE
INSERT INTO party VALUES (0, 'zero', NULL, NULL, NULL);
SELECT pv.declare_retention('party', 'x', '1 year', 'left_on', 'law', condition => '1 / id > 0');
\echo :SQLSTATE
DELETE FROM party;

-- Each takes its own: what goes, goes in the name of one that holds.
INSERT INTO party VALUES (1, 'person', 'Ann', '1', '2001-01-01'), (2, 'company', 'Bo', '2', '2001-01-01'),
    (3, 'person', 'Cy', '3', current_date - interval '3 years'), (4, 'company', 'Di', '4', current_date - interval '3 years'),
    (5, NULL, 'Eve', '5', '2001-01-01'), (6, 'club', 'Fay', '6', '2001-01-01'), (7, 'person', 'Gus', '7', NULL);
SELECT pv.declare_retention('party', 'persons', '1 year', 'left_on', 'policy', condition => 'kind = ''person''');
SELECT pv.declare_retention('party', 'companies', '10 years', 'left_on', 'policy', condition => 'party.kind = ''company''');
SELECT relation, name, condition, state FROM pv.retention ORDER BY name;
SELECT column_name, rule, overridden_by, condition FROM pv.retention_conflicts ORDER BY 1, 2;
SELECT rule, state, rows FROM pv.preview_purge();
SELECT pv.activate_retention('party', 'companies', 1);
SELECT rule, state, rows FROM pv.preview_purge();
SELECT pv.activate_retention('party', 'persons', 1);
SELECT pv.activate_retention('party', 'persons', 2);
SELECT rule, rows FROM pv.overdue ORDER BY 1;
SELECT problem FROM pv.check_map();
CALL pv.purge();
SELECT id, kind, name, phone FROM party ORDER BY id;
SELECT count(*) FROM pv.overdue;
-- one without a condition is for the others, too
SELECT pv.declare_retention('party', 'all', '2 years', 'left_on', 'policy', otherwise => '''infinity''::date');
SELECT rule, state, rows FROM pv.preview_purge();
SELECT pv.activate_retention('party', 'all', 2);
CALL pv.purge();
SELECT id, kind, name, phone FROM party ORDER BY id;
SELECT problem FROM pv.check_map();

-- Declared again with another condition, it is proposed again.
SELECT pv.declare_retention('party', 'persons', '1 year', 'left_on', 'policy', condition => 'kind IN (''person'', ''club'')', otherwise => '''infinity''::date');
SELECT name, condition, state FROM pv.retention ORDER BY name;
SELECT problem FROM pv.check_map();
ALTER TABLE party RENAME kind TO sort;
SELECT name, condition FROM pv.retention WHERE condition IS NOT NULL ORDER BY name;
SELECT rule, state, rows FROM pv.preview_purge();
ALTER TABLE party DROP sort;
SELECT severity, problem FROM pv.check_map();
SELECT pv.undeclare_retention('party', 'persons'), pv.undeclare_retention('party', 'companies'), pv.undeclare_retention('party', 'all');

-- Against a request: who the condition does not hold for is erased, what is not known is kept.
CREATE TABLE sale (id int PRIMARY KEY, party_id int REFERENCES party, taxed boolean, at date, address text);
CREATE INDEX ON sale (party_id);
SELECT pv.declare_link('sale', '{party_id}', 'party'), pv.declare_personal('sale', '{address}', 'address'), pv.declare_not_personal('sale', '{taxed,at}');
SELECT pv.declare_retention('sale', 'books', '5 years', 'at', 'Bookkeeping Act', mandatory => true, condition => 'taxed');
INSERT INTO party (id, name) VALUES (11, 'Ann'), (12, 'Bo'), (13, 'Cy'), (14, 'Di');
INSERT INTO sale VALUES (1, 11, true, current_date, 'Oslo'), (2, 12, false, current_date, 'Oslo'), (3, 13, NULL, current_date, 'Oslo'), (4, 14, NULL, '2001-01-01', 'Oslo');
SELECT k, verdict, rows, basis FROM generate_series(11, 14) AS k, pv.preview_erasure('party', k) WHERE relation = 'sale'::regclass ORDER BY k;
SELECT state FROM pv.erase_subjects('party', '{11,12,13,14}') ORDER BY key;
SELECT id, address FROM sale ORDER BY id;
-- An active one keeps longer what another would take, where it is not known that it does not hold.
UPDATE sale SET at = current_date - interval '3 years', address = 'Rome';
INSERT INTO sale VALUES (5, 11, NULL, current_date - interval '6 years', 'Rome');
SELECT pv.declare_retention('sale', 'ours', '1 year', 'at', 'policy');
SELECT rule, rows FROM pv.preview_purge() ORDER BY 1;
SELECT pv.activate_retention('sale', 'ours', 2);
CALL pv.purge();
SELECT id, taxed, address FROM sale ORDER BY id;

-- What a condition reads goes with what it keeps.
SELECT pv.undeclare_not_personal('sale', '{taxed}'), pv.declare_personal('sale', '{taxed}', 'money');
UPDATE sale SET address = 'Rome';
SELECT rule, rows FROM pv.preview_purge() ORDER BY 1;
CALL pv.purge();
SELECT id, taxed, address FROM sale ORDER BY id;
UPDATE sale SET at = '2001-01-01';
CALL pv.purge();
SELECT id, taxed, address FROM sale ORDER BY id;
SELECT pv.undeclare_retention('sale', 'ours'), pv.undeclare_retention('sale', 'books');

-- Also where it is false, and a shorter rule would take it: nobody would know any more that the rule does not hold.
CREATE TABLE contact (id int PRIMARY KEY, party_id int REFERENCES party, phone text, fax text, kind text, since date, note text);
CREATE INDEX ON contact (party_id);
SELECT pv.declare_purpose('sales', 'contract', 'Sales'), pv.declare_purpose('history', 'legal_obligation', 'History');
SELECT pv.declare_link('contact', '{party_id}', 'party'), pv.declare_personal('contact', '{phone,fax}', 'contact', '{sales}'),
       pv.declare_personal('contact', '{kind,since,note}', 'other', '{history}');
SELECT pv.declare_retention('contact', 'short', '1 year', 'since', 'policy', columns => '{kind,since,note}'),
       pv.declare_retention('contact', 'law', '5 years', 'since', 'law', columns => '{phone}', condition => 'kind = ''person''', mandatory => true),
       pv.declare_retention('contact', 'ours', '5 years', 'since', 'policy', columns => '{fax}', condition => 'kind = ''person''');
INSERT INTO party (id, name) SELECT i, 'Kim' FROM generate_series(21, 27) AS i;
INSERT INTO contact SELECT i - 20, i, '1', NULL, 'firm', current_date - interval '2 years', 'n' FROM generate_series(21, 27) AS i;
UPDATE contact SET kind = 'person' WHERE id = 2;
UPDATE contact SET phone = NULL WHERE id = 3;
UPDATE contact SET phone = NULL, fax = '1' WHERE id = 4;
SELECT rule, rows FROM pv.preview_purge() WHERE relation = 'contact'::regclass ORDER BY 1;
SELECT pv.activate_retention('contact', rule, rows) FROM pv.preview_purge() WHERE relation = 'contact'::regclass AND rule <> 'ours';
CALL pv.purge();
SELECT id, phone, fax, kind, since IS NULL AS no_since, note FROM contact ORDER BY id;
-- A request takes all of it, where the rule does not hold.
SELECT state FROM pv.erase_subjects('party', '{21,22}') ORDER BY key;
SELECT id, phone, fax, kind, since IS NULL AS no_since FROM contact WHERE id < 3 ORDER BY id;
-- What a purge would take is not kept by a rule any more that it could not tell.
SELECT pv.declare_retention('contact', 'all', '18 months', 'since', 'policy', columns => '{fax}');
UPDATE contact SET fax = '1', kind = 'firm', since = current_date - interval '2 years' WHERE id = 4;
SELECT rule, rows FROM pv.preview_purge() WHERE relation = 'contact'::regclass ORDER BY 1;
SELECT pv.activate_retention('contact', 'all', 1);
CALL pv.purge();
SELECT id, phone, fax, kind, since IS NULL AS no_since FROM contact WHERE id = 4;
-- A blocker that keeps the one keeps the other, whatever its purposes.
SELECT pv.declare_blocker('party', 'named', 'name = ''Kim''', 'there is a Kim', purposes => '{sales}');
UPDATE contact SET kind = 'person', since = '2001-01-01' WHERE id = 6;
SELECT column_name, verdict FROM pv.preview_erasure('party', 25) WHERE relation = 'contact'::regclass ORDER BY 1;
SELECT key, state FROM pv.erase_subjects('party', '{25,26}') ORDER BY 1;
SELECT id, phone, kind, since IS NULL AS no_since, note FROM contact WHERE id IN (5, 6) ORDER BY id;
SELECT pv.undeclare_blocker('party', 'named');
SELECT key, state FROM pv.erase_subjects('party', '{25,26}') ORDER BY 1;
SELECT id, phone, kind, since IS NULL AS no_since, note FROM contact WHERE id IN (5, 6) ORDER BY id;
-- So does a hold on somebody else whom the row is about, too.
ALTER TABLE contact ADD other_id int REFERENCES party;
CREATE INDEX ON contact (other_id);
SELECT pv.declare_link('contact', '{other_id}', 'party');
SELECT pv.declare_personal('contact', '{phone}', 'contact', link => '*'), pv.declare_personal('contact', '{fax,kind,since,note}', 'other', link => 'party_id');
UPDATE contact SET other_id = 24, phone = '1', kind = 'firm', since = current_date WHERE id = 7;
SELECT pv.place_hold('party', 24, 'court') IS NOT NULL AS held;
SELECT column_name, verdict FROM pv.preview_erasure('party', 27) WHERE relation = 'contact'::regclass ORDER BY 1;
SELECT state, blocked_by FROM pv.erase_subject('party', 27);
SELECT phone, kind, since IS NULL AS no_since FROM contact WHERE id = 7;
SELECT pv.release_hold(id, 'over') FROM pv.hold WHERE released_at IS NULL;
SELECT state FROM pv.erase_subject('party', 27);
SELECT phone, kind, since IS NULL AS no_since FROM contact WHERE id = 7;
DROP TABLE contact;

-- Rows that are deleted
CREATE TABLE visit (id int PRIMARY KEY, party_id int REFERENCES party, site text, at date, host text);
CREATE INDEX ON visit (party_id);
SELECT pv.declare_link('visit', '{party_id}', 'party'), pv.declare_personal('visit', '{host,site}', 'net');
SELECT pv.declare_retention('visit', 'web', '1 year', 'at', 'policy', action => 'delete', condition => 'site = ''web'''),
       pv.declare_retention('visit', 'hosts', '30 days', 'at', 'policy');
INSERT INTO visit VALUES (1, 11, 'web', '2001-01-01', 'h'), (2, 11, 'shop', '2001-01-01', 'h'), (3, 11, NULL, '2001-01-01', 'h'), (4, 11, 'web', current_date - 40, 'h'),
    (5, 11, 'web', NULL, 'h');
SELECT rule, rows FROM pv.preview_purge() ORDER BY 1;
SELECT pv.activate_retention('visit', 'web', 1), pv.activate_retention('visit', 'hosts', 4);
CALL pv.purge();
SELECT id, site, at < current_date - 100 AS old, host FROM visit ORDER BY id;
CALL pv.purge();
SELECT id, site, at < current_date - 100 AS old, host FROM visit ORDER BY id;
SELECT count(*) FROM pv.overdue;
SELECT problem, hint FROM pv.check_map() WHERE problem ~ 'for ever' ORDER BY 1;

-- The condition runs on behalf of who declared it.
GRANT USAGE ON SCHEMA rule_condition TO regress_condition_owner;
SET client_min_messages = error;
ALTER TABLE visit OWNER TO regress_condition_owner;
SELECT severity, problem FROM pv.check_map() WHERE problem ~ 'condition of';
SELECT rule, rows, hint FROM pv.preview_purge() ORDER BY 1;
RESET search_path;
DROP SCHEMA rule_condition CASCADE;
DROP ROLE regress_condition_owner;
DROP EXTENSION pvext;
