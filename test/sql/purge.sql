-- What is due goes, and nothing else: rules that are proposed and active, the
-- latest end, links, holds and blockers, rows that are nobody's, deletions.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
RESET client_min_messages;
\set VERBOSITY terse
CREATE ROLE regress_purge_shop;
CREATE SCHEMA purge AUTHORIZATION regress_purge_shop;
SET search_path = purge;
SET ROLE regress_purge_shop;
CREATE TABLE customer (
    id        int PRIMARY KEY,
    name      text NOT NULL,
    email     text UNIQUE,
    ended_on  date,
    deleted   boolean NOT NULL DEFAULT false
);
CREATE TABLE "Invoice" (
    "No"      int PRIMARY KEY,
    customer  int REFERENCES customer,
    issued_on date,
    addressee text NOT NULL,
    amount    numeric,
    paid      boolean DEFAULT true
);
CREATE TABLE note (
    id       int PRIMARY KEY,
    customer int REFERENCES customer,
    at       timestamptz,
    body     text
);
CREATE TABLE login (
    id       int PRIMARY KEY,
    customer int REFERENCES customer ON DELETE CASCADE,
    at       timestamptz NOT NULL,
    address  inet
);
CREATE INDEX ON "Invoice" (customer);
CREATE INDEX ON note (customer);
CREATE INDEX ON login (customer);
INSERT INTO customer (id, name, email, ended_on) VALUES
    (1, 'Ada Berg', 'ada@example.no', '2001-05-01'),
    (2, 'Odd Lie', 'odd@example.no', '2001-06-01'),
    (3, 'Siv Moe', 'siv@example.no', '2001-07-01'),
    (4, 'Per Vik', NULL, NULL),
    (5, 'Liv Dal', 'liv@example.no', 'infinity'),
    (6, 'Jon Ås', 'jon@example.no', '-infinity'),
    (7, 'Eva Ek', 'eva@example.no', '1850-02-28'),
    (8, 'Ola Nes', 'ola@example.no', '2999-01-01');
UPDATE customer SET deleted = true WHERE id = 7;
INSERT INTO "Invoice" VALUES
    (10, 1, '2001-01-01', 'Ada Berg, Oslo', 10, true),
    (11, 2, '2001-01-01', 'Odd Lie, Bergen', 11, false),
    (12, 3, '2999-01-01', 'Siv Moe, Bodø', 12, true),
    (13, NULL, '2001-01-01', 'Somebody, somewhere', 13, true),
    (14, 4, NULL, 'Per Vik, Moss', 14, true);
INSERT INTO note VALUES
    (20, 1, '2001-01-01', 'ADA BERG called'),
    (21, 2, '2001-01-01', 'Odd Lie called'),
    (22, NULL, '2001-01-01', 'somebody called'),
    (23, 8, '2001-01-01', 'nothing to say of anybody');
INSERT INTO login VALUES (30, 1, '2001-01-01', '192.0.2.1'), (31, 1, now(), '192.0.2.1'), (32, 4, '2001-01-01', '192.0.2.4');
RESET ROLE;
SELECT pv.declare_purpose('service', 'contract', 'to deliver'), pv.declare_purpose('bookkeeping', 'legal_obligation', 'to keep books');
SET ROLE regress_purge_shop;
RESET ROLE;
SELECT pv.grant_role('regress_purge_shop', 'owner');
SET ROLE regress_purge_shop;
SELECT pv.declare_subject('customer');
SELECT pv.link_foreign_keys('customer');
SELECT pv.declare_personal('customer', '{name,email}', 'identifying', '{service}');
SELECT pv.declare_personal('"Invoice"', '{addressee}', 'address', '{bookkeeping}');
SELECT pv.declare_personal('note', '{body}', 'free text', '{service}', erase_with => 'redact');

-- Declaring
SELECT pv.declare_retention('customer', 'crm', '2 years', 'ended_on', 'policy');
SELECT pv.declare_retention('"Invoice"', 'books', '5 years', 'pv.accounting_year_end(issued_on)', 'law', mandatory => true);
SELECT pv.declare_retention('login', 'logins', '90 days', 'at', 'policy', action => 'delete');
-- A customer's row cannot go: invoices refer to it.
SELECT pv.declare_retention('customer', 'rows', '9 years', 'ended_on', 'policy', action => 'delete');

-- What is proposed is previewed, and purges nothing.
SELECT relation, rule, state, action, rows, held, hint FROM pv.preview_purge();
SELECT * FROM pv.overdue;
SELECT pv.activate_retention('customer', 'crm', 3);
SELECT pv.activate_retention('customer', 'none', 3);
SELECT pv.activate_retention('customer', 'crm', NULL);
RESET ROLE;
CALL pv.purge();
SELECT * FROM customer ORDER BY id;
SET ROLE regress_purge_shop;
SELECT pv.activate_retention('customer', 'crm', 5);
SELECT pv.activate_retention('login', 'logins', 2);
SELECT relation, rule, action, rows, oldest, held_by FROM pv.overdue;

-- Held, blocked, and locked by somebody
RESET ROLE;
SELECT pv.place_hold('customer', 2, 'court case');
SET ROLE regress_purge_shop;
SELECT pv.declare_blocker('customer', 'unpaid', 'NOT paid', 'owes us money', relation => '"Invoice"');
UPDATE "Invoice" SET paid = false WHERE customer = 3;
SELECT relation, rule, rows, oldest, held_by FROM pv.overdue ORDER BY relation, held_by::text;
SELECT relation, rule, rows, held FROM pv.preview_purge() ORDER BY 1, 2;
RESET ROLE;
CALL pv.purge();
SELECT duty, state, done, failures, error FROM pv.run_log ORDER BY id;
SELECT id, name, email, ended_on, deleted FROM customer ORDER BY id;
-- What identified the person has gone from the notes, too, though no rule is about them.
SELECT * FROM note ORDER BY id;
SELECT id, customer FROM login ORDER BY id;
SELECT relation, rule, rows, held_by FROM pv.overdue ORDER BY relation, held_by::text;
-- Once they are free
SELECT pv.release_hold(1, 'settled');
UPDATE "Invoice" SET paid = true;
CALL pv.purge();
SELECT id, name, email FROM customer WHERE id IN (2, 3) ORDER BY id;
SELECT body FROM note WHERE id = 21;
SELECT * FROM pv.overdue;

-- The latest end wins; a rule that is changed is proposed again.
SET ROLE regress_purge_shop;
SELECT rule, rows FROM pv.preview_purge() WHERE rule = 'books';
SELECT pv.activate_retention('"Invoice"', 'books', 3);
SELECT pv.declare_retention('"Invoice"', 'longer', '500 years', 'issued_on', 'history', columns => '{addressee}');
SELECT * FROM pv.retention_conflicts;
RESET ROLE;
CALL pv.purge();
SELECT "No", addressee FROM "Invoice" ORDER BY 1;
SET ROLE regress_purge_shop;
SELECT pv.undeclare_retention('"Invoice"', 'longer');
SELECT pv.declare_retention('"Invoice"', 'books', '6 years', 'pv.accounting_year_end(issued_on)', 'law', mandatory => true);
RESET ROLE;
CALL pv.purge();
SELECT "No", addressee FROM "Invoice" ORDER BY 1;
SELECT pv.activate_retention('"Invoice"', 'books', 3);
-- One table, one rule
CALL pv.purge('customer');
CALL pv.purge('"Invoice"', 'none');
SELECT "No", addressee FROM "Invoice" ORDER BY 1;
CALL pv.purge('"Invoice"', 'books');
-- 13 is nobody's, and due all the same.
SELECT "No", addressee FROM "Invoice" ORDER BY 1;

-- Not within a transaction of somebody's, nor above READ COMMITTED
BEGIN;
CALL pv.purge();
ROLLBACK;
DO 'BEGIN CALL pv.run_duties(); END';
SET default_transaction_isolation = serializable;
CALL pv.purge();
RESET default_transaction_isolation;
SET default_transaction_read_only = on;
CALL pv.purge();
RESET default_transaction_read_only;
CALL pv.run_duties('{none}');
CALL pv.run_duties('{purge,seal}');
CALL pv.run_duties();
SELECT duty, state, count(*) FROM pv.run_log GROUP BY 1, 2 ORDER BY 1, 2;

-- A limit: what was expected when the rule was activated goes, then so many rows a day.
SET pvext.purge_limit = 2;
INSERT INTO customer SELECT i, 'Name ' || i, i || '@example.no', '2001-01-01' FROM generate_series(101, 109) AS i;
CALL pv.purge();
SELECT count(*) FILTER (WHERE name = '') AS purged, count(*) FILTER (WHERE name <> '') AS left FROM customer WHERE id > 100;
SELECT relation, f.name, failures, sqlstate, message, hint FROM pv.duty_failure AS f JOIN pv.relation AS r ON r.id = f.relation_id;
SELECT item, state, error, backlog FROM pv.status WHERE item = 'purge';
RESET pvext.purge_limit;
CALL pv.purge();
SELECT count(*) FILTER (WHERE name = '') AS purged, count(*) FILTER (WHERE name <> '') AS left FROM customer WHERE id > 100;
SELECT count(*) FROM pv.duty_failure;
SELECT item, state, error, backlog FROM pv.status WHERE item = 'purge';

-- Where there is a pause after each batch, the first one is small, and the next at most twice as large.
INSERT INTO customer SELECT i, 'Name ' || i, i || '@example.no', '2001-01-01' FROM generate_series(201, 340) AS i;
CALL pv.purge();
SELECT count(*), count(*) <= 50 AS small FROM customer WHERE id > 200 AND name = '' GROUP BY xmin::text::bigint ORDER BY xmin::text::bigint;
UPDATE customer SET name = 'Name' WHERE id > 200;
SET pvext.purge_delay = 0;
CALL pv.purge();
SELECT count(*) FROM customer WHERE id > 200 AND name = '' GROUP BY xmin::text;
RESET pvext.purge_delay;

-- The clock is in rows that go with those that it times: both go, or neither.
CREATE TABLE guest (id int PRIMARY KEY, name text);
CREATE TABLE stay (id int PRIMARY KEY, guest_id int REFERENCES guest, left_on date);
CREATE INDEX ON stay (guest_id);
INSERT INTO guest VALUES (1, 'Ann'), (2, 'Bo'), (3, 'Cy');
INSERT INTO stay VALUES (1, 1, '2001-01-01'), (2, 1, '2002-01-01'), (3, 2, '2001-01-01'), (4, 2, NULL);
SELECT pv.declare_subject('guest');
SELECT pv.declare_link('stay', '{guest_id}', 'guest', on_erase => 'delete');
SELECT pv.declare_personal('guest', '{name}', 'name');
SELECT pv.declare_retention('guest', 'gone', '1 year', $$max(coalesce(left_on, 'infinity'))$$, 'policy', over => 'stay', action => 'delete');
SELECT pv.activate_retention('guest', 'gone', 2);
SELECT pv.activate_retention('guest', 'gone', 1);
CREATE FUNCTION back() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO purge.guest VALUES (OLD.id, NULL);
  RETURN NULL;
END $$;
CREATE TRIGGER back AFTER DELETE ON guest FOR EACH ROW EXECUTE FUNCTION back();
CALL pv.purge('guest');
SELECT f.name, sqlstate, message FROM pv.duty_failure AS f;
SELECT (SELECT array_agg(id ORDER BY id) FROM guest) AS guests, (SELECT array_agg(id ORDER BY id) FROM stay) AS stays;
DROP TRIGGER back ON guest;
CALL pv.purge('guest');
SELECT (SELECT array_agg(id ORDER BY id) FROM guest) AS guests, (SELECT array_agg(id ORDER BY id) FROM stay) AS stays;
SELECT count(*) FROM pv.duty_failure;

RESET search_path;
DROP SCHEMA purge CASCADE;
DROP EXTENSION pvext;
DROP OWNED BY regress_purge_shop;
DROP ROLE regress_purge_shop;
