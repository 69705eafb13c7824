-- Where else in the database a person's values stand: pv.find_copies()
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
CREATE EXTENSION hstore;
CREATE EXTENSION citext;
SET client_min_messages = notice;
CREATE ROLE regress_copies_owner;
CREATE ROLE regress_copies_app;
CREATE ROLE regress_copies_officer;
CREATE SCHEMA shop;
GRANT USAGE ON SCHEMA shop TO regress_copies_app;
CREATE TABLE shop.person (id int PRIMARY KEY, name text, email text, phone text, device uuid, ip inet, initial text, remark text);
INSERT INTO shop.person VALUES
    (1, 'Kari Nordmann', 'Kari.Nordmann@example.no', '+47 912 34 567', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '10.1.2.3', 'K', 'VIP'),
    (2, 'René Ødegård', 'rene@example.no', '98765432', NULL, NULL, NULL, NULL);
CREATE TABLE shop.invoice (id int PRIMARY KEY, person_id int REFERENCES shop.person, contact text, note text, clerk text);
CREATE INDEX ON shop.invoice (person_id);
INSERT INTO shop.invoice VALUES (1, 1, 'Kari Nordmann', NULL, 'Kari Nordmann'), (2, 2, 'Kari Nordmann', 'for Kari Nordmann', NULL), (3, 1, NULL, 'Paid by Kari Nordmann', NULL);
-- the map: invoice.clerk was looked at, invoice.note was not
SELECT pv.declare_subject('shop.person'), pv.link_foreign_keys('shop.person');
SELECT * FROM pv.find_copies('shop.person', 1); -- nothing to go by yet
SELECT pv.declare_personal('shop.person', '{name,email,phone,device,ip,initial}', 'identifying'),
       pv.declare_personal('shop.invoice', '{contact}', 'contact'), pv.declare_not_personal('shop.invoice', '{clerk}');

-- Whatever the type
CREATE DOMAIN shop.word AS varchar(100);
CREATE TYPE shop.contact AS (kind int, value shop.word);
CREATE TYPE shop.mood AS ENUM ('Kari Nordmann');
CREATE TABLE shop.typed (j jsonb, js json, a text[], aa shop.word[], c citext, ch char(40), n name, h hstore, row shop.contact, rows shop.contact[],
    number bigint, amount numeric, small int, device uuid, devices uuid[], ip inet, bytes bytea, words tsvector, markup xml, mood shop.mood);
INSERT INTO shop.typed VALUES ('{"a": [1, {"b": {"c": "ring Kari Nordmann i dag"}}]}', '{"a": "Kari\u0020Nordmann"}', '{x,"Kari Nordmann"}',
    '{{x,y},{"kari nordmann",z}}', 'KARI NORDMANN', 'kari.nordmann@example.no', 'kari.nordmann@example.no', 'who=>"Kari Nordmann"', '(1,Kari Nordmann)', '{"(1,x)","(2,Kari Nordmann)"}',
    4791234567, 91234567.0, 91234567, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}', '10.1.2.3',
    'From: kari.nordmann@example.no', 'kari.nordmann@example.no:1', '<p>Kari <b>Nordmann</b></p>', 'Kari Nordmann');
INSERT INTO shop.typed (j, number, amount, small, device, bytes) VALUES ('{"tel": 91234567, "Kari Nordmann": null}', 12345678, 'NaN', 912345, gen_random_uuid(), '\xff00ff');
-- However it is written
CREATE TABLE shop.spelled (id int, value text);
INSERT INTO shop.spelled VALUES (1, 'KARI.NORDMANN@EXAMPLE.NO'), (2, '  Kari  Nordmann '), (3, 'Ｋａｒｉ Ｎｏｒｄｍａｎｎ'), (4, 'Nordmann, Kari'), (5, 'Kari&nbsp;Nordmann'),
    (6, 'http://x.no/?q=Kari%20Nordmann'), (7, 'Kari+Nordmann'), (8, 'kari_nordmann.pdf'), (9, 'Kari Nordmanns faktura'), (10, 'ring 0047 91 23 45 67'),
    (11, 'tel:+47-912-34-567'), (12, 'Kari
Nordmann'), (13, 'Ada Kari Nordmann'), (14, repeat('Nobody was there. ', 1000000) || 'Kari Nordmann'), (15, 'Kari Nordmann2'),
    -- no copies: within other words, other numbers, one name alone
    (101, 'Kari Nordmannsen'), (102, 'Okari Nordmann'), (103, 'xkari.nordmann@example.no'), (104, 'kari.nordmann@example.nordic'), (105, '391234567'), (106, '912345678'),
    (107, 'Kari Nordahl'), (108, 'Nordmann'), (109, 'K'), (110, ''), (111, NULL);
CREATE TABLE shop.marked (id int, value text);
INSERT INTO shop.marked VALUES (1, E'Rene\u0301 Ødegård'), (2, 'RENÉ ØDEGÅRD'), (3, 'Ødegård, René'), (4, 'Ren&eacute; &Oslash;deg&aring;rd'), (101, 'Renée Ødegård'), (102, 'Rene Odegard');
-- Other kinds of tables, and names
CREATE TABLE shop.event (id int, at date, who text) PARTITION BY RANGE (at);
CREATE TABLE shop.event_1 PARTITION OF shop.event FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE shop.event_2 (who text, at date, id int);
ALTER TABLE shop.event ATTACH PARTITION shop.event_2 FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
INSERT INTO shop.event VALUES (1, '2020-05-05', 'Kari Nordmann'), (2, '2021-05-05', 'Kari Nordmann'), (3, '2021-05-05', 'Ola');
CREATE TABLE shop.base (who text);
CREATE TABLE shop.child (extra text) INHERITS (shop.base);
INSERT INTO shop.base VALUES ('Kari Nordmann');
INSERT INTO shop.child VALUES ('Kari Nordmann', 'Kari Nordmann');
CREATE TABLE shop."Quoted ""Table" ("The 'Column" text, dropped text, generated text GENERATED ALWAYS AS (upper("The 'Column")) STORED);
ALTER TABLE shop."Quoted ""Table" DROP COLUMN dropped;
INSERT INTO shop."Quoted ""Table" VALUES ('Kari Nordmann');
CREATE MATERIALIZED VIEW shop.report AS SELECT name FROM shop.person;
CREATE MATERIALIZED VIEW shop.unpopulated AS SELECT name FROM shop.person WITH NO DATA;
CREATE VIEW shop.view AS SELECT name FROM shop.person;
CREATE UNLOGGED TABLE shop.unlogged AS SELECT name FROM shop.person;
CREATE TEMP TABLE mine AS SELECT name FROM shop.person;
CREATE FOREIGN DATA WRAPPER nowhere;
CREATE SERVER nowhere FOREIGN DATA WRAPPER nowhere;
CREATE FOREIGN TABLE shop.elsewhere (name text) SERVER nowhere;
-- one whose owner hides its rows, from himself, too
CREATE TABLE shop.hidden AS SELECT name FROM shop.person;
ALTER TABLE shop.hidden OWNER TO regress_copies_owner;
ALTER TABLE shop.hidden ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
-- a type of an extension that is not read
SET client_min_messages = warning;
CREATE TYPE shop.span;
CREATE FUNCTION shop.span_in(cstring) RETURNS shop.span LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION shop.span_out(shop.span) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE shop.span (INPUT = shop.span_in, OUTPUT = shop.span_out, LIKE = text);
SET client_min_messages = notice;
CREATE TABLE shop.spans (value shop.span);

SELECT regexp_replace(relation::text, 'pg_temp_\d+', 'pg_temp') AS relation, column_name, rows, found, whose, reason
FROM pv.find_copies('shop.person', 1) ORDER BY relation::text COLLATE "C", column_name, found, whose;
SELECT * FROM pv.find_copies('shop.person', '2') ORDER BY relation::text COLLATE "C", column_name, found, whose;
SELECT * FROM pv.find_copies('shop.person', 3);
SELECT * FROM pv.find_copies('shop.invoice', 1);
SELECT * FROM pv.find_copies('shop.person', NULL::int);
SELECT call, count(*), count(DISTINCT subject_digest) FROM pv.event WHERE call LIKE 'find_copies%' GROUP BY 1;
BEGIN READ ONLY; SELECT * FROM pv.find_copies('shop.person', 1); ROLLBACK;
-- many rows of a mapped table, some of them his
INSERT INTO shop.person SELECT i, 'P' || i, NULL, NULL, NULL, NULL, NULL, NULL FROM generate_series(10, 2000) AS i;
INSERT INTO shop.invoice SELECT i, CASE WHEN i % 3 = 0 THEN 1 ELSE i END, 'Kari Nordmann', 'Kari Nordmann', NULL FROM generate_series(10, 2000) AS i;
SELECT * FROM pv.find_copies('shop.person', 1) WHERE relation = 'shop.invoice'::regclass ORDER BY column_name, found, whose;
-- rows that are deleted go as a whole
SELECT pv.undeclare_personal('shop.invoice', '{contact}');
SELECT pv.undeclare_link('shop.invoice', 'person_id');
SELECT pv.declare_link('shop.invoice', '{person_id}', 'shop.person', on_erase => 'delete');
SELECT * FROM pv.find_copies('shop.person', 1) WHERE relation = 'shop.invoice'::regclass ORDER BY column_name, found, whose;
DELETE FROM shop.invoice WHERE id >= 10;

-- Who may call it, and what it reads for them
SELECT pv.grant_role('regress_copies_app', 'application'), pv.grant_role('regress_copies_officer', 'officer');
GRANT USAGE ON SCHEMA shop TO regress_copies_owner, regress_copies_officer;
SET ROLE regress_copies_owner;
SELECT * FROM pv.find_copies('shop.person', 1);
SET ROLE regress_copies_officer;
SELECT count(*), count(*) FILTER (WHERE relation = 'shop.hidden'::regclass) AS hidden FROM pv.find_copies('shop.person', 1);
SET ROLE regress_copies_app;
SELECT * FROM pv.find_copies('shop.person', 1); -- what identifies the person is not the caller's to know
RESET ROLE;
GRANT SELECT (id, name, email) ON shop.person TO regress_copies_app;
GRANT SELECT ON shop.event, shop.hidden TO regress_copies_app;
GRANT SELECT (value) ON shop.spelled TO regress_copies_app;
SET ROLE regress_copies_app;
SELECT relation, column_name, rows, found, whose FROM pv.find_copies('shop.person', 1) WHERE found <> 'not searched' ORDER BY relation::text COLLATE "C", column_name, found;
RESET ROLE;
REVOKE USAGE ON SCHEMA shop FROM regress_copies_app;
SET ROLE regress_copies_app;
SELECT * FROM pv.find_copies((SELECT oid FROM pg_class WHERE relname = 'person')::regclass, 1);
RESET ROLE;
-- a policy of others is not run with the caller's rights
GRANT USAGE ON SCHEMA shop TO regress_copies_app;
CREATE FUNCTION shop.spy() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'runs as %', current_user; RETURN true; END $$;
CREATE POLICY spy ON shop.hidden USING (shop.spy());
SET ROLE regress_copies_app;
SELECT count(*) FROM pv.find_copies('shop.person', 1) WHERE relation = 'shop.hidden'::regclass;
RESET ROLE;
SET client_min_messages = warning;
DROP SCHEMA shop CASCADE;
DROP FOREIGN DATA WRAPPER nowhere CASCADE;
SELECT pv.revoke_role('regress_copies_app', 'application'), pv.revoke_role('regress_copies_officer', 'officer');
DROP ROLE regress_copies_owner, regress_copies_app, regress_copies_officer;
