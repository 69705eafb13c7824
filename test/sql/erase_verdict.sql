-- One decision: what an erasure keeps of rows that go with a person, a purge keeps, too.
-- Each table of sessions has rows of a customer who is active, and of one who isn't.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
CREATE SCHEMA verdict;
SET search_path = verdict;

CREATE TABLE customer (id int PRIMARY KEY, name text, active bool);
CREATE TABLE bare (id int PRIMARY KEY, customer int REFERENCES customer, token text, at date);
CREATE TABLE part (id int PRIMARY KEY, bare int REFERENCES bare, what text);
CREATE TABLE same (id int PRIMARY KEY, customer int REFERENCES customer, note text, at date);
CREATE TABLE other (id int PRIMARY KEY, customer int REFERENCES customer, note text, at date);
CREATE TABLE whole (id int PRIMARY KEY, customer int REFERENCES customer, note text, at date);
CREATE TABLE consented (id int PRIMARY KEY, customer int REFERENCES customer, note text, at date);
CREATE TABLE gone (id int PRIMARY KEY, customer int REFERENCES customer, note text, at date);
CREATE TABLE parent (id int PRIMARY KEY, customer int REFERENCES customer, note text, at date);
CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent, what text);
CREATE INDEX ON bare (customer);
CREATE INDEX ON part (bare);
CREATE INDEX ON same (customer);
CREATE INDEX ON other (customer);
CREATE INDEX ON whole (customer);
CREATE INDEX ON consented (customer);
CREATE INDEX ON gone (customer);
CREATE INDEX ON parent (customer);
CREATE INDEX ON child (parent);
INSERT INTO customer VALUES (1, 'Ada Berg', true), (2, 'Bo Dahl', false), (3, 'Cy Ek', false);
INSERT INTO bare SELECT i, i, 't' || i, '2010-01-01' FROM generate_series(1, 2) AS i;
INSERT INTO part SELECT i, i, 'w' || i FROM generate_series(1, 2) AS i;
INSERT INTO same SELECT i, i, 'n' || i, '2010-01-01' FROM generate_series(1, 2) AS i;
INSERT INTO other SELECT i, i, 'n' || i, '2010-01-01' FROM generate_series(1, 2) AS i;
INSERT INTO whole SELECT i, i, 'n' || i, '2010-01-01' FROM generate_series(1, 2) AS i;
INSERT INTO consented SELECT i, i, 'n' || i, '2010-01-01' FROM generate_series(1, 2) AS i;
INSERT INTO gone SELECT i, i, 'n' || i, '2010-01-01' FROM generate_series(1, 2) AS i;
INSERT INTO parent SELECT i, i, 'n' || i, '2010-01-01' FROM generate_series(1, 2) AS i;
INSERT INTO child SELECT i, i, 'w' || i FROM generate_series(1, 2) AS i;

DO $$ BEGIN
	PERFORM pv.declare_purpose('service', 'contract', 'x'), pv.declare_purpose('statistics', 'legitimate_interests', 'x'),
	        pv.declare_purpose('news', 'consent', 'x');
	PERFORM pv.declare_subject('customer'), pv.declare_personal('customer', '{name}', 'identifying', '{service}');
	PERFORM pv.declare_not_personal('customer');
	PERFORM pv.declare_link(t, '{customer}', 'customer', on_erase => 'delete')
	    FROM unnest('{bare,same,other,whole,consented,gone,parent}'::regclass[]) AS t;
	PERFORM pv.declare_link('part', '{bare}', 'bare', on_erase => 'delete');
	PERFORM pv.declare_link('child', '{parent}', 'parent', on_erase => 'delete');
	PERFORM pv.declare_personal('same', '{note}', 'x', '{service,statistics}');
	PERFORM pv.declare_personal('other', '{note}', 'x', '{statistics}');
	PERFORM pv.declare_personal('whole', '{note}', 'x');
	PERFORM pv.declare_personal('consented', '{note}', 'x', '{news}');
	PERFORM pv.declare_personal('gone', '{note}', 'x', '{statistics}');
	PERFORM pv.declare_personal('parent', '{note}', 'x', '{statistics}');
	PERFORM pv.declare_personal('child', '{what}', 'x', '{service}');
	PERFORM pv.declare_blocker('customer', 'active', 'subject.active', 'is a customer', purposes => '{service}');
	PERFORM pv.declare_retention(t, 'r', '1 year', 'at', 'b', action => 'delete')
	    FROM unnest('{bare,same,other,whole,consented,gone,parent}'::regclass[]) AS t;
END $$;
-- Its only personal column has been dropped: nothing of it is personal.
ALTER TABLE gone DROP COLUMN note;
SELECT pv.undeclare_personal('gone', '{note}');

-- What an erasure says, and what a purge says; a row that goes with others is kept with them.
CREATE VIEW said AS
	SELECT relation, max(verdict) FILTER (WHERE column_name IS NULL) AS erasure
	FROM pv.preview_erasure('customer', 1) GROUP BY relation;
SELECT s.relation, s.erasure, p.rows, p.held FROM said AS s LEFT JOIN pv.preview_purge() AS p ON p.relation = s.relation
ORDER BY s.relation::text;

-- What they do: first the purge, of others than the customer, too.
SELECT pv.activate_retention(relation, rule, rows) FROM pv.preview_purge() ORDER BY relation::text;
CALL pv.purge();
CREATE VIEW what_is_left AS
	SELECT 'bare' AS t, customer FROM bare UNION ALL SELECT 'part', bare FROM part UNION ALL SELECT 'same', customer FROM same
	UNION ALL SELECT 'other', customer FROM other UNION ALL SELECT 'whole', customer FROM whole
	UNION ALL SELECT 'consented', customer FROM consented UNION ALL SELECT 'gone', customer FROM gone
	UNION ALL SELECT 'parent', customer FROM parent UNION ALL SELECT 'child', parent FROM child ORDER BY 1, 2;
TABLE what_is_left;
SELECT relation, rows, held_by FROM pv.overdue ORDER BY relation::text, held_by;
-- Then the erasure, of the same rows anew.
INSERT INTO other VALUES (3, 1, 'n', '2010-01-01');
INSERT INTO consented VALUES (3, 1, 'n', '2010-01-01');
SELECT state, blocked_by FROM pv.erase_subject('customer', 1);
TABLE what_is_left;

-- A hold keeps all of it, in both.
INSERT INTO other VALUES (4, 3, 'n', '2010-01-01');
INSERT INTO bare VALUES (4, 3, 't', '2010-01-01');
SELECT pv.place_hold('customer', 3, 'court');
SELECT relation, rows, held_by FROM pv.overdue ORDER BY relation::text, held_by;
CALL pv.purge();
SELECT state, blocked_by FROM pv.erase_subject('customer', 3);
SELECT * FROM what_is_left WHERE customer = 3;

-- What a rule keeps keeps the rows that it hangs on, whatever a foreign key would carry over; others of the person go.
CREATE TABLE visit (id int PRIMARY KEY, customer int NOT NULL REFERENCES customer, ip text);
CREATE TABLE purchase (id int PRIMARY KEY, visit int NOT NULL REFERENCES visit ON DELETE CASCADE, at date, what text);
CREATE TABLE line (id int PRIMARY KEY, purchase int NOT NULL REFERENCES purchase ON DELETE CASCADE, at date, what text);
CREATE INDEX ON visit (customer);
CREATE INDEX ON purchase (visit);
CREATE INDEX ON line (purchase);
INSERT INTO customer VALUES (5, 'n5', false);
INSERT INTO visit SELECT i, 5, 'ip' FROM generate_series(1, 4) AS i;
INSERT INTO purchase VALUES (1, 1, current_date, 'kept'), (2, 2, '2001-01-01', 'old'), (3, 3, '2001-01-01', 'old, and kept by its line');
INSERT INTO line VALUES (1, 1, '2001-01-01', 'old'), (2, 2, '2001-01-01', 'old'), (3, 3, current_date, 'kept');
DO $$ BEGIN
	PERFORM pv.declare_link('line', '{purchase}', 'purchase', on_erase => 'delete');
	PERFORM pv.declare_link('purchase', '{visit}', 'visit', on_erase => 'delete');
	PERFORM pv.declare_link('visit', '{customer}', 'customer', on_erase => 'delete');
	PERFORM pv.declare_personal('visit', '{ip}', 'x'), pv.declare_personal('purchase', '{what}', 'x'), pv.declare_personal('line', '{what}', 'x');
	PERFORM pv.declare_retention(t, 'law', '5 years', 'at', 'bookkeeping', mandatory => true, action => 'delete')
	    FROM unnest('{purchase,line}'::regclass[]) AS t;
END $$;
SELECT relation, column_name, rows, verdict, until > now() AS until, basis FROM pv.preview_erasure('customer', 5) ORDER BY relation::text, 2, 4;
SELECT state, rows_deleted, retained_until > now() AS retained FROM pv.erase_subject('customer', 5);
TABLE visit ORDER BY id;
SELECT id, visit, what FROM purchase ORDER BY id;
SELECT id, purchase, what FROM line ORDER BY id;
-- When it has ended, they go.
UPDATE purchase SET at = '2001-01-01';
UPDATE line SET at = '2001-01-01';
SELECT state, rows_deleted, retained_until FROM pv.erase_subject('customer', 5);
SELECT (SELECT count(*) FROM visit) + (SELECT count(*) FROM purchase) + (SELECT count(*) FROM line) AS left;
-- Nobody else's rows can be looked at for that.
CREATE ROLE regress_verdict_other;
GRANT USAGE ON SCHEMA verdict TO regress_verdict_other;
ALTER TABLE visit OWNER TO regress_verdict_other;
SELECT pv.erase_subject('customer', 5);
SELECT relation, severity, problem FROM pv.check_map() WHERE problem ~ 'another owner' OR hint ~ 'another owner';
ALTER TABLE visit OWNER TO CURRENT_USER;
REVOKE USAGE ON SCHEMA verdict FROM regress_verdict_other;
DROP ROLE regress_verdict_other;
-- Rows that stay, and refer to rows that are to go, are an error of the erasure, and named before.
CREATE TABLE stays (id int PRIMARY KEY, visit int REFERENCES visit, what text);
INSERT INTO visit VALUES (5, 5, 'ip');
INSERT INTO stays VALUES (1, 5, 'what');
SELECT pv.erase_subject('customer', 5);
SELECT relation, severity, problem, hint FROM pv.check_map() WHERE relation = 'verdict.stays';

DROP SCHEMA verdict CASCADE;
DROP EXTENSION pvext;
