-- Clocks that go up: over a row that the rule's row belongs to, or one that belongs to the same.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
\set VERBOSITY default
CREATE ROLE regress_clock_other;
CREATE SCHEMA purge_clock_up;
SET search_path = purge_clock_up;
CREATE TABLE customer (id int PRIMARY KEY, name text, ended_on date);
CREATE TABLE contact (id int PRIMARY KEY, customer_id int REFERENCES customer, agent_id int REFERENCES customer, email text);
CREATE TABLE account (no int, branch int, customer_id int REFERENCES customer, closed_at timestamptz, PRIMARY KEY (no, branch));
CREATE TABLE note (id int PRIMARY KEY, kind text, ref text, body text);
CREATE TABLE transfer (id int PRIMARY KEY, no int, branch int, day date, text text, FOREIGN KEY (no, branch) REFERENCES account);
CREATE TABLE stray (id int PRIMARY KEY, at date, word text);
CREATE INDEX ON contact (customer_id);
CREATE INDEX ON contact (agent_id);
CREATE INDEX ON account (customer_id);
CREATE INDEX ON transfer (no, branch);
CREATE INDEX ON note (ref);
SELECT pv.declare_subject('customer'), pv.declare_link('contact', '{customer_id}', 'customer'),
       pv.declare_link('contact', '{agent_id}', 'customer'), pv.declare_link('account', '{customer_id}', 'customer'),
       pv.declare_link('transfer', '{no,branch}', 'account'),
       pv.declare_link('note', '{ref}', 'customer', condition => 'kind = ''customer''');
SELECT pv.declare_personal('customer', '{name}', 'identifying'), pv.declare_personal('contact', '{email}', 'contact', link => 'customer_id'),
       pv.declare_personal('transfer', '{text}', 'payment'), pv.declare_personal('note', '{body}', 'note');

-- What is refused
SELECT pv.declare_retention('contact', 'x', '1 year', 'ended_on', 'law', over => 'stray');
SELECT pv.declare_retention('contact', 'x', '1 year', 'name', 'law', over => 'customer');
SELECT pv.declare_retention('contact', 'x', '1 year', '(SELECT max(c.ended_on) FROM customer c)', 'law', over => 'customer');
SELECT pv.declare_retention('contact', 'x', '1 year', 'max(max(ended_on))', 'law', over => 'customer');
SELECT pv.declare_retention('contact', 'x', '1 year', 'ended_on - max(ended_on) + ended_on', 'law', over => 'customer');
SELECT pv.declare_retention('contact', 'x', '1 year', 'closed_at', 'law', over => 'account');
\echo :SQLSTATE
SELECT pv.declare_retention('contact', 'x', '1 year', 'ended_on + (random() * 9)::int', 'law', over => 'customer');
SELECT pv.declare_retention('contact', 'x', '1 year', 'ended_on', 'law', through => 'customer');
\echo :SQLSTATE
SELECT pv.declare_retention('contact', 'x', '1 year', 'ended_on', 'law', over => 'customer', through => 'account');
SELECT pv.declare_retention('contact', 'x', '1 year', 'max(email)::date', 'law', over => 'contact', through => 'customer');
\echo :SQLSTATE
ALTER TABLE account OWNER TO regress_clock_other;
SELECT pv.declare_retention('contact', 'x', '1 year', 'max(closed_at)', 'law', over => 'account');
\echo :SQLSTATE
ALTER TABLE account OWNER TO CURRENT_USER;

-- The row that it hangs on; where there are several the last of them, and none while one has not ended.
INSERT INTO customer VALUES (1, 'Ann', '2001-01-01'), (2, 'Bo', '2003-01-01'), (3, 'Cy', NULL), (4, 'Di', '2999-01-01');
INSERT INTO contact VALUES (11, 1, NULL, 'a@x'), (12, 2, 1, 'b@x'), (13, 3, 1, 'c@x'), (14, 4, 1, 'd@x'), (15, NULL, NULL, 'e@x'),
    (16, 1, 3, 'f@x');
INSERT INTO account VALUES (1, 1, 1, '2001-05-05 23:30+00'), (2, 1, 1, '2002-02-02'), (1, 2, 2, NULL), (2, 2, 2, '2003-01-01'), (3, 3, 3, '2001-01-01');
INSERT INTO transfer VALUES (21, 1, 1, '2001-01-01', 'rent'), (22, 2, 2, '2001-01-01', 'rent'), (23, 1, 2, '2001-01-01', 'rent'), (24, 3, 3, '2001-01-01', 'rent'), (25, 1, NULL, '2001-01-01', 'rent');
INSERT INTO note VALUES (31, 'customer', '1', 'x'), (32, 'order', '1', 'x'), (33, 'customer', '3', 'x'), (34, 'customer', '99', 'x');
SELECT pv.declare_retention('contact', 'left', '5 years', 'ended_on', 'policy', over => 'customer');
SELECT pv.declare_retention('note', 'left', '5 years', 'max(ended_on)', 'policy', over => 'customer');
-- through two links, of a composite key
SELECT pv.declare_retention('transfer', 'left', '5 years', 'ended_on', 'policy', over => 'customer');
SELECT pv.declare_retention('transfer', 'closed', '1 year', 'closed_at', 'policy', over => 'account', time_zone => 'Europe/Oslo');
SELECT relation, name, after, "over", through FROM pv.retention ORDER BY 1, 2;
SELECT relation, rule, state, rows, held, oldest AT TIME ZONE 'UTC' AS oldest, hint FROM pv.preview_purge() ORDER BY 1, 2;
SELECT pv.activate_retention('contact', 'left', 2), pv.activate_retention('note', 'left', 1),
       pv.activate_retention('transfer', 'left', 2);
CALL pv.purge();
SELECT id, email FROM contact ORDER BY id;
SELECT id, body FROM note ORDER BY id;
SELECT id, text FROM transfer ORDER BY id;
SELECT count(*) FROM pv.overdue;
SELECT relation, problem FROM pv.check_map() WHERE problem LIKE 'retention%' ORDER BY 1;

-- Up to the person, and down to what else is that person's
SELECT pv.declare_retention('contact', 'accounts', '1 year', 'max(coalesce(closed_at, ''infinity''))', 'policy', over => 'account');
SELECT pv.declare_retention('contact', 'left', '0', 'ended_on', 'policy', over => 'customer', otherwise => '''-infinity''::date');
SELECT name, "over", through FROM pv.retention WHERE relation = 'contact'::regclass ORDER BY 1;
UPDATE contact SET email = 'new';
SELECT id, (SELECT max(coalesce(closed_at, 'infinity')) FROM account a WHERE a.customer_id IN (c.customer_id, c.agent_id)) FROM contact c ORDER BY id;
SELECT relation, rule, rows FROM pv.preview_purge() WHERE relation = 'contact'::regclass ORDER BY 2;
SELECT pv.activate_retention('contact', 'accounts', 3);
CALL pv.purge('contact');
SELECT id, email FROM contact ORDER BY id;
SELECT pv.undeclare_retention('contact', 'accounts'), pv.undeclare_retention('contact', 'left');

-- Links that come later do not change what a rule means; several ways are told apart by who declares it.
CREATE TABLE deed (id int PRIMARY KEY, contact_id int REFERENCES contact, at date);
CREATE INDEX ON deed (contact_id);
ALTER TABLE contact ADD deed_id int REFERENCES deed;
CREATE INDEX ON contact (deed_id);
SELECT pv.declare_link('deed', '{contact_id}', 'contact');
SELECT pv.declare_retention('contact', 'deeds', '1 year', 'max(at)', 'policy', over => 'deed', otherwise => '''infinity''::date');
INSERT INTO deed VALUES (1, 11, '2010-01-01'), (2, 12, NULL);
UPDATE contact SET deed_id = 1 WHERE id IN (13, 14);
SELECT pv.declare_link('contact', '{deed_id}', 'deed');
SELECT rows, oldest AT TIME ZONE 'UTC' AS oldest FROM pv.preview_purge() WHERE rule = 'deeds';
SELECT pv.declare_retention('contact', 'deeds', '1 year', 'max(at)', 'policy', over => 'deed', otherwise => '''infinity''::date');
\echo :SQLSTATE
SELECT pv.declare_retention('contact', 'deeds', '2 years', 'at', 'policy', over => 'deed', through => 'deed', otherwise => '''infinity''::date');
SELECT rows, oldest AT TIME ZONE 'UTC' AS oldest FROM pv.preview_purge() WHERE rule = 'deeds';
SELECT pv.declare_retention('contact', 'deeds', '1 year', 'max(at)', 'policy', over => 'deed', through => 'contact', otherwise => '''infinity''::date');
SELECT rows, oldest AT TIME ZONE 'UTC' AS oldest FROM pv.preview_purge() WHERE rule = 'deeds';
SELECT name, "over", through FROM pv.retention WHERE relation = 'contact'::regclass;
SELECT pv.undeclare_retention('contact', 'deeds');

-- A way that is there no more: it is told, and nothing goes.
UPDATE contact SET deed_id = NULL;
DELETE FROM deed;
SELECT pv.undeclare_link('contact', 'deed_id'), pv.undeclare_link('deed', 'contact_id');
SELECT pv.undeclare_link('transfer', 'no_branch');
SELECT pv.undeclare_personal('transfer', '{text}');
SELECT pv.undeclare_link('transfer', 'no_branch');
SELECT relation, severity, problem, hint FROM pv.check_map() WHERE relation LIKE '%transfer' ORDER BY problem;
SELECT rule, rows, hint FROM pv.preview_purge() WHERE relation = 'transfer'::regclass ORDER BY 1;
SELECT pv.undeclare_retention('transfer', 'left'), pv.undeclare_retention('transfer', 'closed');
DROP TABLE account CASCADE;
SELECT relation, severity, problem FROM pv.check_map() WHERE severity = 'error';
SELECT state FROM pv.erase_subject('customer', 4);
SELECT pv.undeclare_orphan('purge_clock_up', 'account');

-- What another's clock reads goes when that has gone, and nothing else waits for it.
SELECT pv.declare_personal('customer', '{ended_on}', 'contract');
SELECT pv.declare_retention('customer', 'left', '1 year', 'ended_on', 'policy', otherwise => '''infinity''::date');
SELECT pv.declare_retention('contact', 'left', '15 years', 'ended_on', 'policy', over => 'customer', otherwise => '''infinity''::date');
DELETE FROM contact;
UPDATE customer SET name = 'Ann', ended_on = '2001-01-01' WHERE id = 1;
UPDATE customer SET name = 'Bo', ended_on = current_date - interval '10 years' WHERE id = 2;
INSERT INTO contact VALUES (11, 1, NULL, 'a@x'), (12, 2, 2, 'b@x');
SELECT relation, rule, rows FROM pv.preview_purge() WHERE rule = 'left' ORDER BY 1;
SELECT pv.activate_retention('contact', 'left', 1), pv.activate_retention('customer', 'left', 2);
CALL pv.purge();
CALL pv.purge();
SELECT id, name, ended_on = '2001-01-01' AS first, ended_on IS NULL AS gone FROM customer WHERE id < 3 ORDER BY id;
SELECT id, email FROM contact ORDER BY id;
SELECT count(*) FROM pv.overdue;

-- A request: a mandatory rule keeps what its clock reads, too, or is told that it cannot.
SELECT pv.declare_retention('contact', 'left', '15 years', 'ended_on', 'law', over => 'customer', otherwise => '''infinity''::date', mandatory => true);
SELECT state FROM pv.erase_subject('customer', 2);
SELECT pv.declare_retention('customer', 'left', '1 year', 'ended_on', 'policy', otherwise => '''infinity''::date', columns => '{ended_on}', mandatory => true);
UPDATE customer SET name = 'Bo' WHERE id = 2;
SELECT state, retained_until BETWEEN now() + interval '4 years 11 months' AND now() + interval '5 years 1 month' AS until
FROM pv.erase_subject('customer', 2);
SELECT relation, column_name, verdict, until > now() + interval '4 years' AS long, basis FROM pv.preview_erasure('customer', 2) ORDER BY 1, 2;
SELECT c.id, name, ended_on IS NULL AS gone, email FROM customer c JOIN contact k ON k.customer_id = c.id ORDER BY 1;
UPDATE customer SET ended_on = '2001-01-01' WHERE id = 2;
SELECT state FROM pv.erase_subject('customer', 2);
SELECT c.id, name, ended_on IS NULL AS gone, email FROM customer c JOIN contact k ON k.customer_id = c.id ORDER BY 1;

-- Partitions: the clock reads them all, and one that leaves is told of.
CREATE TABLE tenant (id int, region int, left_on date, name text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
CREATE TABLE tenant_1 PARTITION OF tenant FOR VALUES IN (1);
CREATE TABLE tenant_2 PARTITION OF tenant FOR VALUES IN (2);
CREATE TABLE letter (id int PRIMARY KEY, tenant int, region int, body text);
CREATE INDEX ON letter (tenant, region);
INSERT INTO tenant VALUES (1, 1, '2001-01-01', 'Eve'), (1, 2, '2001-01-01', 'Fay'), (2, 2, NULL, 'Gus');
INSERT INTO letter VALUES (1, 1, 1, 'x'), (2, 1, 2, 'y'), (3, 2, 2, 'z');
SELECT pv.declare_subject('tenant'), pv.declare_link('letter', '{tenant,region}', 'tenant'), pv.declare_personal('letter', '{body}', 'letter');
SELECT pv.declare_retention('letter', 'left', '1 year', 'left_on', 'policy', over => 'tenant');
SELECT pv.activate_retention('letter', 'left', 2);
ALTER TABLE tenant DETACH PARTITION tenant_2;
SELECT rows FROM pv.preview_purge() WHERE relation = 'letter'::regclass;
SELECT problem FROM pv.check_map() WHERE relation LIKE '%letter' AND severity = 'error';
SELECT pv.declare_retention('letter', 'left', '1 year', 'left_on', 'policy', over => 'tenant', otherwise => '''-infinity''::date');
SELECT pv.declare_retention('letter', 'left 2', '1 year', 'coalesce(left_on, ''infinity'')', 'policy', over => 'tenant_2', otherwise => '''-infinity''::date');
SELECT rule, rows FROM pv.preview_purge() WHERE relation = 'letter'::regclass ORDER BY 1;
ALTER TABLE tenant ATTACH PARTITION tenant_2 FOR VALUES IN (2);
SELECT name, "over", through FROM pv.retention WHERE relation = 'letter'::regclass ORDER BY 1;
SELECT rule, rows, hint FROM pv.preview_purge() WHERE relation = 'letter'::regclass ORDER BY 1;
RESET search_path;
DROP SCHEMA purge_clock_up CASCADE;
DROP ROLE regress_clock_other;
DROP EXTENSION pvext;
