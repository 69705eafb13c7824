-- Requests that are open: what the duty writes of those that stay as they are, which is
-- nothing, and that it takes up each as soon as something has changed.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
\set VERBOSITY terse
CREATE SCHEMA request;
SET search_path = request;
SELECT pv.declare_purpose('service', 'contract', 'to deliver'), pv.declare_purpose('books', 'legal_obligation', 'to account for it');
CREATE TABLE person (id int PRIMARY KEY, name text, mail text);
CREATE TABLE bill (id int PRIMARY KEY, person int REFERENCES person, paid boolean, closed_on date, address text);
CREATE INDEX ON bill (person);
INSERT INTO person SELECT i, 'name ' || i, 'mail ' || i FROM generate_series(1, 9) AS i;
INSERT INTO bill VALUES (1, 1, false), (3, 3, true), (4, 4, true), (5, 5, true), (6, 6, true);
UPDATE bill SET address = 'street ' || id;
UPDATE bill SET closed_on = CURRENT_DATE - 10 WHERE id = 3;
UPDATE bill SET closed_on = '2001-01-01' WHERE id NOT IN (3, 4);
SELECT pv.declare_subject('person');
SELECT pv.link_foreign_keys('person');
SELECT pv.declare_personal('person', '{name}', 'name', '{service}');
SELECT pv.declare_personal('person', '{mail}', 'contact', '{books}');
SELECT pv.declare_personal('bill', '{address}', 'address', '{books}');
SELECT pv.declare_retention('bill', 'books', '5 years', 'closed_on', 'the law', mandatory => true);
SELECT pv.declare_blocker('person', 'unpaid', 'NOT paid', 'owes us money', relation => 'bill');
SELECT pv.declare_blocker('person', 'odd', 'subject.id = 6', 'is odd', purposes => '{books}');
SELECT pv.place_hold('person', 2, 'court case');
DELETE FROM pv.run_log;
CREATE VIEW requests AS SELECT key, state, blocked_by, retained_until IS NOT NULL AS until FROM pv.erasure ORDER BY key;
CREATE TABLE seen (id uuid, version xid);
-- Which requests have been written to since they were last seen
CREATE FUNCTION written() RETURNS text[] BEGIN ATOMIC
    SELECT array_agg(e.key ORDER BY e.key) FROM pv.erasure_ledger AS e WHERE NOT EXISTS (SELECT FROM seen AS s WHERE s.id = e.id AND s.version = e.xmin);
END;
CREATE PROCEDURE see() LANGUAGE sql BEGIN ATOMIC
    DELETE FROM seen;
    INSERT INTO seen SELECT e.id, e.xmin FROM pv.erasure_ledger AS e;
END;

-- By a blocker, a hold, retention that ends, retention that does not yet, in part
SELECT count(*) FROM pv.erase_subjects('person', '{1,2,3,4,6}');
TABLE requests;
CALL see();
CALL pv.run_duties();
CALL pv.run_duties();
SELECT written();
SELECT count(*) FROM pv.duty_failure;

-- What has changed is written, and nothing else.
UPDATE bill SET paid = true WHERE id = 1;
CALL pv.run_duties();
SELECT written();
SELECT pv.release_hold(id, 'settled') FROM pv.hold;
SELECT pv.place_hold('person', 6, 'court case');
CALL pv.run_duties();
SELECT written();
TABLE requests;
CALL see();
CALL pv.run_duties();
SELECT written();

-- Retention is looked at again when it is over, and once a day.
UPDATE bill SET closed_on = '2001-01-01' WHERE id = 4;
CALL pv.run_duties();
SELECT written();
UPDATE pv.erasure_ledger SET executed_at = executed_at - interval '25 hours' WHERE key IN ('3', '4');
CALL see();
CALL pv.run_duties();
SELECT written();
TABLE requests;
UPDATE pv.erasure_ledger SET retained_until = now() - interval '1 minute', tried_at = now() - interval '2 minutes' WHERE key = '3';
CALL see();
CALL pv.run_duties();
SELECT written();
CALL see();
CALL pv.run_duties();
SELECT written();

-- Blockers have to be clear for a while: that they are is written once, and that they are
-- not any more.
SET pvext.unblock_delay = '1h';
UPDATE bill SET paid = false WHERE id = 5;
SELECT (pv.erase_subject('person', 5)).state;
UPDATE bill SET paid = true WHERE id = 5;
CALL see();
CALL pv.run_duties();
SELECT written();
CALL see();
CALL pv.run_duties();
SELECT written();
UPDATE bill SET paid = false WHERE id = 5;
CALL pv.run_duties();
SELECT written();
UPDATE bill SET paid = true WHERE id = 5;
CALL pv.run_duties();
UPDATE pv.erasure_ledger SET clear_since = clear_since - interval '1 hour' WHERE key = '5';
CALL pv.run_duties();
SELECT state FROM pv.erasure_ledger WHERE relation_id = (SELECT id FROM pv.relation WHERE name = 'person') AND requested_at = (SELECT max(requested_at) FROM pv.erasure_ledger);

RESET search_path;
DROP SCHEMA request CASCADE;
DROP EXTENSION pvext;
