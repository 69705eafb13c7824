-- Blockers and holds: what keeps a subject from being erased.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
RESET client_min_messages;

CREATE ROLE regress_hold_shop;
CREATE ROLE regress_hold_bank;
CREATE ROLE regress_hold_officer;
CREATE ROLE regress_hold_nobody;
CREATE ROLE regress_hold_super SUPERUSER;
CREATE SCHEMA hold;
GRANT ALL ON SCHEMA hold TO PUBLIC;
SELECT pv.grant_role('regress_hold_shop', 'owner');
SELECT pv.grant_role('regress_hold_bank', 'owner');
SELECT pv.grant_role('regress_hold_officer', 'officer');
SELECT pv.declare_purpose('billing', 'contract', 'sending invoices');

SET ROLE regress_hold_shop;
SET search_path = hold;
CREATE TABLE customer (id int PRIMARY KEY, name text, status text, code text);
CREATE TABLE invoice (id int PRIMARY KEY, customer_id int REFERENCES customer,
                      payer_id int REFERENCES customer, paid boolean);
CREATE TABLE line (invoice_id int REFERENCES invoice, no int, disputed boolean,
                   PRIMARY KEY (invoice_id, no));
CREATE TABLE unlinked (id int PRIMARY KEY, customer_id int);
CREATE INDEX ON invoice (customer_id);
CREATE INDEX ON invoice (payer_id);
INSERT INTO customer VALUES (1, 'Ann', 'active', '1'), (2, 'Bob', 'left', '2'),
                            (3, 'Cid', NULL, '3'), (4, 'Dan', 'left', 'Dan''s own');
INSERT INTO invoice VALUES (10, 1, 1, true), (11, 2, 2, false), (12, 4, 3, NULL);
INSERT INTO line VALUES (10, 1, true), (10, 2, false), (11, 1, false), (12, 1, false);

-- Not yet a subject
SELECT pv.declare_blocker('customer', 'active', 'subject.status = ''active''', 'is a customer');
\echo :SQLSTATE
SELECT pv.check_blockers('customer');
SELECT pv.declare_subject('customer');
SELECT pv.declare_link('invoice', '{customer_id}', 'customer');
SELECT pv.declare_link('invoice', '{payer_id}', 'customer');
SELECT pv.declare_link('line', '{invoice_id}', 'invoice', condition => 'no < 10');

-- What is refused
SELECT pv.declare_blocker(NULL, 'x', 'true', 'r');
\echo :SQLSTATE
SELECT pv.declare_blocker('customer', NULL, 'true', 'r');
SELECT pv.declare_blocker('customer', 'x', NULL, 'r');
SELECT pv.declare_blocker('customer', 'x', 'true', NULL);
SELECT pv.declare_blocker('customer', '', 'true', 'r');
\echo :SQLSTATE
SELECT pv.declare_blocker('customer', 'x', 'true', ' ');
\set VERBOSITY sqlstate
SELECT pv.declare_blocker('customer', 'x', 'status', 'r');
SELECT pv.declare_blocker('customer', 'x', 'nothing = 1', 'r');
SELECT pv.declare_blocker('customer', 'x', 'true; DROP TABLE line', 'r');
\set VERBOSITY default
SELECT pv.declare_blocker('customer', 'x', 'random() < 0.5', 'r');
SELECT pv.declare_blocker('customer', 'x', 'EXISTS (SELECT FROM unlinked WHERE customer_id = id)', 'r');
\echo :SQLSTATE
SELECT pv.declare_blocker('customer', 'x', 'true', 'r', relation => 'unlinked');
\echo :SQLSTATE
SELECT pv.declare_blocker('customer', 'x', 'true', 'r', relation => 'customer');
SELECT pv.declare_blocker('customer', 'x', 'true', 'r', purposes => '{billing,dreaming}');
\echo :SQLSTATE
SELECT pv.declare_blocker('customer', 'x', 'true', 'r', purposes => '{}');
SELECT pv.declare_blocker('customer', 'x', 'true', 'r', purposes => '{NULL}');
SELECT pv.declare_blocker('pg_class', 'x', 'true', 'r');
-- What fails on a row would block everybody; the row's value stays unsaid.
SELECT pv.declare_blocker('customer', 'x', 'code::int > 0', 'r');
\echo :SQLSTATE
SELECT pv.declare_blocker('customer', 'x', '1 / (subject.id - 1) = 0', 'r');
\echo :SQLSTATE
RESET ROLE;
CREATE TABLE closed (customer_id int);
SET ROLE regress_hold_shop;
SELECT pv.declare_blocker('customer', 'x', 'EXISTS (SELECT FROM closed c WHERE c.customer_id = subject.id)', 'r');
\echo :SQLSTATE
SET ROLE regress_hold_bank;
SELECT pv.declare_blocker('customer', 'x', 'true', 'r');
\echo :SQLSTATE
SET ROLE regress_hold_nobody;
SELECT pv.declare_blocker('customer', 'x', 'true', 'r');
\echo :SQLSTATE

-- What is declared. A condition that is NULL blocks, and so does any linked row.
SET ROLE regress_hold_shop;
SELECT pv.declare_blocker('customer', 'active', 'subject.status = ''active''', 'is a customer');
SELECT pv.declare_blocker('customer', 'unpaid', 'NOT invoice.paid', 'owes us', 'invoice', '{billing}');
SELECT pv.declare_blocker('customer', 'disputed', 'disputed', 'quarrels', 'line');
SELECT pv.declare_blocker('customer', 'none', 'name = ''Eve''', 'r');
SELECT pv.declare_blocker('customer', 'all', 'EXISTS (SELECT FROM customer r WHERE r.id = subject.id)', 'r');
SELECT * FROM pv.blocker ORDER BY name;
RESET ROLE;
SELECT name, bound, owner FROM pv.declared_blocker ORDER BY name;
SET ROLE regress_hold_shop;
SELECT * FROM pv.check_blockers('customer');

-- The same name again replaces; a row that fails makes all of them blocked.
SELECT pv.declare_blocker('customer', 'none', 'subject.id < 0', 'nobody', purposes => '{billing}');
SELECT pv.declare_blocker('customer', 'all', '10 / (subject.id - 5) < -4', 'few');
SELECT name, condition, reason, purposes FROM pv.blocker WHERE name IN ('none', 'all') ORDER BY name;
SELECT * FROM pv.check_blockers('customer') WHERE name = 'all';
INSERT INTO customer VALUES (5, 'Eve', 'left', '5');
SELECT * FROM pv.check_blockers('customer') WHERE name = 'all';
DELETE FROM customer WHERE id = 5;

-- Rows of another owner: what the role may not read is not read.
RESET ROLE;
SET client_min_messages = error;
ALTER TABLE invoice OWNER TO regress_hold_bank;
RESET client_min_messages;
SET ROLE regress_hold_shop;
SELECT * FROM pv.check_blockers('customer') WHERE name IN ('unpaid', 'disputed');
SELECT pv.declare_blocker('customer', 'unpaid', 'NOT paid', 'owes us', 'invoice');
\echo :SQLSTATE
RESET ROLE;
SELECT pv.declare_blocker('customer', 'unpaid', 'NOT paid', 'owes us', 'invoice');
SELECT * FROM pv.check_blockers('customer') WHERE name IN ('unpaid', 'disputed');
SET client_min_messages = error;
ALTER TABLE invoice OWNER TO regress_hold_shop;
RESET client_min_messages;

-- A superuser's table is a superuser's to declare an expression on.
CREATE TABLE note (customer_id int REFERENCES customer, body text);
ALTER TABLE note OWNER TO regress_hold_super;
CREATE INDEX ON note (customer_id);
GRANT regress_hold_super TO regress_hold_shop;
SET ROLE regress_hold_shop;
SELECT pv.declare_link('note', '{customer_id}', 'customer');
SELECT pv.declare_blocker('customer', 'noted', 'note.body <> ''''', 'r', 'note');
\echo :SQLSTATE
RESET ROLE;
REVOKE regress_hold_super FROM regress_hold_shop;

-- Taking away
SET ROLE regress_hold_bank;
SELECT pv.undeclare_blocker('customer', 'all');
\echo :SQLSTATE
SET ROLE regress_hold_shop;
SELECT pv.undeclare_blocker('customer', 'all');
SELECT pv.undeclare_blocker('customer', 'all');
\echo :SQLSTATE
SELECT pv.undeclare_blocker('unlinked', 'all');

-- Holds
SELECT pv.place_hold('customer', '1', 'court case');
\echo :SQLSTATE
SET ROLE regress_hold_officer;
SELECT pv.place_hold('customer', '1', 'court case') AS hold \gset
SELECT pv.place_hold('customer', 1, 'second case', expires => 'infinity');
SELECT pv.place_hold('customer', '  1', 'third case', expires => now() + interval '1 hour');
SELECT key, reason, placed_by = session_user AS by_login, expires > now() AS ahead, released_at,
       count(*) OVER (PARTITION BY subject_digest) AS of_subject
FROM pv.hold ORDER BY id;
SELECT pv.place_hold('customer', '99', 'r');
\echo :SQLSTATE
SELECT pv.place_hold(NULL, '1', 'r');
\echo :SQLSTATE
SELECT pv.place_hold('customer', NULL::text, 'r');
\echo :SQLSTATE
SELECT pv.place_hold('customer', '1', NULL);
SELECT pv.place_hold('customer', '1', '');
\echo :SQLSTATE
SELECT pv.place_hold('customer', '1', 'r', now());
\echo :SQLSTATE
SELECT pv.place_hold('customer', '1', 'r', '-infinity');
SELECT pv.place_hold('invoice', '10', 'r');
\echo :SQLSTATE

SELECT pv.release_hold(NULL, 'over');
SELECT pv.release_hold(:hold, NULL);
SELECT pv.release_hold(:hold, '');
SELECT pv.release_hold(-1, 'over');
\echo :SQLSTATE
SELECT pv.release_hold(:hold, 'case over');
SELECT pv.release_hold(:hold, 'case over');
\echo :SQLSTATE
SELECT key, reason, released_at IS NOT NULL AS released, released_by = session_user AS by_login, release_reason
FROM pv.hold ORDER BY id;

-- A composite key, and row security forced upon the owner
SET ROLE regress_hold_shop;
CREATE TABLE member (club int, no int, active boolean, PRIMARY KEY (club, no));
INSERT INTO member VALUES (1, 1, true), (1, 2, false);
ALTER TABLE member ENABLE ROW LEVEL SECURITY;
ALTER TABLE member FORCE ROW LEVEL SECURITY;
SELECT pv.declare_subject('member', condition => 'no > 0');
\set VERBOSITY sqlstate
SELECT pv.declare_blocker('member', 'active', 'member.active', 'r');
\set VERBOSITY default
SELECT pv.declare_blocker('member', 'active', 'subject.active', 'r');
SELECT * FROM pv.check_blockers('member');
SET ROLE regress_hold_officer;
SELECT pv.place_hold('member', '( 1, 02)', 'r') > 0 AS placed;
SELECT pv.place_hold('member', ROW(1, 1), 'r') > 0 AS placed;
SELECT key FROM pv.hold WHERE key LIKE '(%' ORDER BY key;

-- Every change is on record, without a key.
SELECT role, call, subject_digest IS NOT NULL AS about_subject
FROM pv.event WHERE call ~ 'blocker\(|_hold\(' AND role LIKE 'regress%' ORDER BY id;

RESET ROLE;
RESET search_path;
SELECT pv.revoke_role('regress_hold_shop', 'owner');
SELECT pv.revoke_role('regress_hold_bank', 'owner');
SELECT pv.revoke_role('regress_hold_officer', 'officer');
SET client_min_messages = warning;
DROP SCHEMA hold CASCADE;
DROP ROLE regress_hold_shop, regress_hold_bank, regress_hold_officer, regress_hold_nobody,
    regress_hold_super;
