-- Retention rules: how long columns are kept.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
RESET client_min_messages;
SET DateStyle = ISO;
SET IntervalStyle = postgres;

CREATE ROLE regress_retention_shop;
CREATE ROLE regress_retention_bank;
CREATE SCHEMA retention;
GRANT ALL ON SCHEMA retention TO PUBLIC;
SELECT pv.grant_role('regress_retention_shop', 'owner');

-- The end of the accounting year
SELECT at, pv.accounting_year_end(at) AS calendar, pv.accounting_year_end(at, 7) AS july,
       pv.accounting_year_end(at, 12) AS december, pv.accounting_year_end(at, 3) AS march
FROM unnest('{2023-12-31,2024-01-01,2024-02-29,2024-06-30,2024-07-01,2024-11-30,2024-12-01}'::date[]) AS at;
SELECT pv.accounting_year_end('infinity'::date), pv.accounting_year_end('-infinity'::date, 7),
       pv.accounting_year_end(NULL::date), pv.accounting_year_end('0001-12-31 BC'::date, 4);
SELECT pv.accounting_year_end('5874897-12-31'::date), pv.accounting_year_end('4713-01-01 BC'::date);
SELECT pv.accounting_year_end('5874897-12-31'::date, 7);
\echo :SQLSTATE
SELECT pv.accounting_year_end('2024-01-01'::date, 0);
\echo :SQLSTATE
SELECT pv.accounting_year_end('2024-01-01'::date, 13);
SET TimeZone = 'Pacific/Auckland';
SELECT pv.accounting_year_end('2024-12-31 12:00'::timestamp) AS local,
       pv.accounting_year_end('2024-12-31 12:00+00'::timestamptz) AS zoned;
RESET TimeZone;

SET ROLE regress_retention_shop;
SET search_path = retention;
CREATE TABLE customer (id int PRIMARY KEY, name text, joined date NOT NULL);
CREATE TABLE invoice (id int PRIMARY KEY, customer_id int REFERENCES customer,
                      payer_id int REFERENCES customer, issued_on date, sent_at timestamptz);
CREATE TABLE line (id int PRIMARY KEY, invoice_id int REFERENCES invoice, delivered timestamp, note text);
CREATE TABLE unlinked (id int PRIMARY KEY, at date);
CREATE INDEX ON invoice (customer_id);
CREATE INDEX ON invoice (payer_id);
CREATE INDEX ON line (invoice_id);
INSERT INTO customer VALUES (1, 'Ann', '2015-05-05'), (2, 'Bob', '2016-06-06'), (3, 'Cid', '2017-07-07');
INSERT INTO invoice VALUES (10, 1, 1, '2020-03-03', '2020-12-31 23:30+00'), (11, 2, 1, '2022-02-02', NULL),
                           (12, 2, 2, NULL, '2021-01-31 22:59+00');
INSERT INTO line VALUES (100, 10, '2020-04-01 12:00', 'x'), (101, 12, '2021-05-05 00:00', '9999');
SELECT pv.declare_subject('customer');
SELECT pv.declare_link('invoice', '{customer_id}', 'customer');
SELECT pv.declare_link('invoice', '{payer_id}', 'customer');
SELECT pv.declare_link('line', '{invoice_id}', 'invoice', condition => 'note IS NOT NULL');

-- What is refused
SELECT pv.declare_retention(NULL, 'x', '1 year', 'joined', 'law');
\echo :SQLSTATE
SELECT pv.declare_retention('customer', 'x', NULL, 'joined', 'law');
SELECT pv.declare_retention('customer', 'x', '1 year', NULL, 'law');
SELECT pv.declare_retention('customer', 'x', '1 year', 'joined', NULL);
SELECT pv.declare_retention('customer', 'x', '1 year', 'joined', 'law', mandatory => NULL);
SELECT pv.declare_retention('customer', '', '1 year', 'joined', 'law');
\echo :SQLSTATE
SELECT pv.declare_retention('customer', 'x', '-1 day', 'joined', 'law');
\echo :SQLSTATE
SELECT pv.declare_retention('customer', 'x', '1 year', 'name', 'law');
\echo :SQLSTATE
SELECT pv.declare_retention('customer', 'x', '1 year', 'joined', 'law', otherwise => '''2020-01-01''');
\echo :SQLSTATE
SELECT pv.declare_retention('customer', 'x', '1 year', 'joined', 'law', '{name,nickname}');
\echo :SQLSTATE
SELECT pv.declare_retention('customer', 'x', '1 year', 'joined', 'law', '{}');
SELECT pv.declare_retention('customer', 'x', '1 year', 'joined', 'law', '{NULL}');
SELECT pv.declare_retention('customer', 'x', '1 year', 'joined', 'law', action => 'forget');
\echo :SQLSTATE
SELECT pv.declare_retention('customer', 'x', '1 year', 'joined', 'law', time_zone => 'Mars/Olympus');
\echo :SQLSTATE
SELECT pv.declare_retention('customer', 'x', '1 year', 'max(at)', 'law', over => 'unlinked');
\echo :SQLSTATE
SELECT pv.declare_retention('customer', 'x', '1 year', 'issued_on', 'law', over => 'invoice');
\echo :SQLSTATE
SELECT pv.declare_retention('customer', 'x', '1 year', 'joined', 'law', over => '-');
\echo :SQLSTATE
SELECT pv.declare_retention('customer', 'x', '1 year', 'max(issued_on)', 'law', over => 'invoice', through => 0);
SELECT pv.declare_blocker('customer', 'x', 'true', 'law', relation => 0);
SELECT pv.declare_retention('invoice', 'x', '1 year', 'max(joined)', 'law', over => 'customer', through => 'unlinked');
SELECT pv.declare_retention('customer', 'x', '1 year', '(SELECT max(i.issued_on) FROM invoice i)', 'law');
\echo :SQLSTATE
SELECT pv.declare_retention('customer', 'x', '1 year', 'clock_timestamp()', 'law');
SELECT pv.declare_retention('line', 'x', '1 year', 'to_date(note, ''YYYY'')', 'law');
\echo :SQLSTATE
SELECT pv.declare_retention('customer', 'x', '300000 years', 'joined', 'law');
\echo :SQLSTATE
SET ROLE regress_retention_bank;
SELECT pv.declare_retention('customer', 'x', '1 year', 'joined', 'law');
\echo :SQLSTATE
RESET ROLE;
SET client_min_messages = error;
ALTER TABLE line OWNER TO regress_retention_bank;
RESET client_min_messages;
SELECT pv.declare_retention('customer', 'x', '1 year', 'max(delivered)', 'law', over => 'line');
\echo :SQLSTATE
SET client_min_messages = error;
ALTER TABLE line OWNER TO regress_retention_shop;
RESET client_min_messages;

-- What is declared: clocks are local to the rule's time zone, whatever the
-- session's. The database's own is the default.
ALTER DATABASE :"DBNAME" SET TimeZone = 'europe/oslo';
SET ROLE regress_retention_shop;
SET TimeZone = 'Pacific/Auckland';
SELECT pv.declare_retention('customer', 'joined', '5 years', 'joined', 'our promise', '{name}');
SELECT pv.declare_retention('customer', 'books', '500 years', 'pv.accounting_year_end(max(issued_on))', 'bookkeeping act',
                            mandatory => true, over => 'invoice', otherwise => 'joined', time_zone => 'UTC');
SELECT pv.declare_retention('customer', 'delivered', '1 year', 'max(delivered)', 'warranty', over => 'line');
SELECT pv.declare_retention('invoice', 'sent', '0', 'sent_at', 'none');
SELECT pv.declare_retention('invoice', 'books', '0', 'pv.accounting_year_end(invoice.sent_at)', 'bookkeeping act');
SELECT pv.declare_retention('invoice', 'day', '1 mon', 'sent_at::date', 'day');
SELECT pv.declare_retention('invoice', 'month', '0', 'date_trunc(''month'', sent_at) + interval ''1 month''', 'month');
SELECT pv.declare_retention('invoice', 'mixed', '0', 'coalesce(issued_on, sent_at)', 'mixed');
SELECT relation, name, keep, after, basis, columns, mandatory, action, "over", otherwise, time_zone, state
FROM pv.retention ORDER BY relation::text, name;
RESET ROLE;
SELECT name, after_bound, otherwise_bound, owner FROM pv.declared_retention ORDER BY relation_id, name;

-- The ends, as any session sees them
SET TimeZone = 'UTC';
SELECT format('SELECT %L AS rule, r.id, timezone(d.time_zone, %s + d.keep) AS until '
              'FROM %s AS r, pv.declared_retention AS d WHERE d.relation_id = %s AND d.name = %L ORDER BY r.id',
              name, after_bound, (SELECT relation FROM pv.relation WHERE id = relation_id), relation_id, name)
FROM pv.declared_retention WHERE over_id IS NULL ORDER BY relation_id, name
\gexec

-- The latest end wins; over another table's rows, by whatever way they belong.
SELECT pv.declare_personal('customer', '{name}', 'identifying', erase_with => 'constant', parameter => '-');
UPDATE pv.declared_retention SET mandatory = (name = 'books');
SELECT k, p.rows, p.verdict, p.until, p.basis
FROM generate_series(1, 3) AS k, pv.preview_erasure('customer', k) AS p ORDER BY k;
UPDATE pv.declared_retention SET mandatory = (name = 'delivered');
SELECT k, p.rows, p.verdict, p.until, p.basis
FROM generate_series(1, 3) AS k, pv.preview_erasure('customer', k) AS p ORDER BY k;
RESET TimeZone;

-- The same name again replaces, and has to be activated again.
UPDATE pv.declared_retention SET state = 'active';
SET ROLE regress_retention_shop;
SELECT pv.declare_retention('customer', 'joined', '7 years', 'joined', 'our promise');
SELECT name, keep, columns, state FROM pv.retention WHERE relation = 'customer'::regclass ORDER BY name;

-- Taking away
SELECT pv.undeclare_retention('customer', 'joined');
SELECT pv.undeclare_retention('customer', 'joined');
\echo :SQLSTATE
SELECT pv.undeclare_retention('unlinked', 'joined');
RESET ROLE;
GRANT EXECUTE ON FUNCTION pv.undeclare_retention(regclass, text) TO regress_retention_bank;
SET ROLE regress_retention_bank;
SELECT pv.undeclare_retention('customer', 'books');
\echo :SQLSTATE
RESET ROLE;
SELECT role, call FROM pv.event WHERE call ~ 'declare_retention' ORDER BY id;

RESET search_path;
ALTER DATABASE :"DBNAME" RESET TimeZone;
SELECT pv.revoke_role('regress_retention_shop', 'owner');
REVOKE EXECUTE ON FUNCTION pv.undeclare_retention(regclass, text) FROM regress_retention_bank;
SET client_min_messages = warning;
DROP SCHEMA retention CASCADE;
DROP ROLE regress_retention_shop, regress_retention_bank;
