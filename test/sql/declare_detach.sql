-- A partition or child that leaves a declared table takes its declarations along.
SET client_min_messages = warning; CREATE EXTENSION pvext CASCADE; RESET client_min_messages;
CREATE ROLE regress_detach_owner;
CREATE SCHEMA detach AUTHORIZATION regress_detach_owner;
SET search_path = detach, public;
SET SESSION AUTHORIZATION regress_detach_owner;
CREATE TABLE customer (id int PRIMARY KEY, email text);
CREATE TABLE visit (id int, customer_id int REFERENCES customer, at date NOT NULL, ip text, page text, paid boolean)
    PARTITION BY RANGE (at);
CREATE INDEX ON visit (customer_id);
CREATE TABLE visit_1 PARTITION OF visit FOR VALUES FROM ('2001-01-01') TO ('2002-01-01');
CREATE TABLE visit_2 PARTITION OF visit FOR VALUES FROM ('2002-01-01') TO ('2003-01-01');
CREATE TABLE visit_3 PARTITION OF visit FOR VALUES FROM ('2003-01-01') TO ('2004-01-01');
CREATE TABLE visit_4 PARTITION OF visit FOR VALUES FROM ('2004-01-01') TO ('2006-01-01') PARTITION BY RANGE (at);
CREATE TABLE visit_4a PARTITION OF visit_4 FOR VALUES FROM ('2004-01-01') TO ('2005-01-01');
CREATE TABLE visit_4b PARTITION OF visit_4 FOR VALUES FROM ('2005-01-01') TO ('2006-01-01');
INSERT INTO customer SELECT n, n || '@example.org' FROM generate_series(1, 9) AS n;
INSERT INTO visit SELECT y * 10 + c, c, make_date(2000 + y, 5, 1), '10.0.0.' || c, '/' || c, true
    FROM generate_series(1, 5) AS y, generate_series(1, 9) AS c;
RESET SESSION AUTHORIZATION;
SELECT pv.declare_purpose('security', 'legitimate_interests', 'logs');
SELECT pv.declare_subject('customer'), pv.link_foreign_keys('customer');
SELECT pv.declare_personal('customer', '{email}', 'identifying'),
       pv.declare_personal('visit', '{ip}', 'net', purposes => '{security}'),
       pv.declare_personal('visit', '{page}', 'behaviour', erase_with => 'expression', parameter => 'left(page, 1)'),
       pv.declare_not_personal('visit');
SELECT pv.declare_retention('visit', 'logs', '20 years', 'at', 'statement', columns => '{ip}');
SELECT pv.declare_blocker('customer', 'unpaid', 'not visit.paid', 'owes', relation => 'visit');
SELECT pv.enable_audit('visit');
SELECT * FROM pv.check_map();
SELECT relation, left_at FROM pv.part ORDER BY relation::text;

-- the owner of the tables has no rights in pv
SET SESSION AUTHORIZATION regress_detach_owner;
ALTER TABLE visit DETACH PARTITION visit_1;
RESET SESSION AUTHORIZATION;
SELECT * FROM pv.check_map();
SELECT name, columns, parent, parent_columns, on_erase FROM pv.link WHERE relation = 'visit_1'::regclass;
SELECT column_name, link, category, purposes, strategy FROM pv.personal WHERE relation = 'visit_1'::regclass ORDER BY 1;
SELECT column_name FROM pv.not_personal AS n JOIN pv.relation AS r ON r.id = n.relation_id WHERE relation = 'visit_1'::regclass ORDER BY 1;
SELECT name, keep, after, columns, state FROM pv.retention WHERE relation = 'visit_1'::regclass;
SELECT subject, name, relation, condition FROM pv.blocker ORDER BY 2;
SELECT a.always, t.tgname FROM pv.audited AS a JOIN pv.relation AS r ON r.id = a.relation_id
    JOIN pg_trigger AS t ON t.tgrelid = r.relation AND NOT tgisinternal WHERE relation = 'visit_1'::regclass ORDER BY 2;
-- its rows still block, are erased, purged and recorded
UPDATE visit_1 SET paid = false WHERE customer_id = 2;
SELECT state, blocked_by FROM pv.erase_subject('customer', 2);
UPDATE visit_1 SET paid = true WHERE customer_id = 2;
SELECT state, rows_anonymised FROM pv.erase_subject('customer', 2);
SELECT state, rows_anonymised FROM pv.erase_subject('customer', 1);
SELECT tableoid::regclass, customer_id, ip, page FROM visit_1 WHERE customer_id < 4
    UNION ALL SELECT tableoid::regclass, customer_id, ip, page FROM visit WHERE customer_id < 3 ORDER BY 1, 2;
SELECT * FROM pv.verify_erasure('customer', 1);
SELECT operation, relation, count(*) FROM pv.audit_trail GROUP BY 1, 2 ORDER BY 1, 2;
SELECT relation, rule, state, rows FROM pv.preview_purge() ORDER BY 1;

-- one that is partitioned itself is the root of its own
ALTER TABLE visit DETACH PARTITION visit_4;
SELECT p.relation, left_at IS NOT NULL AS has_left, r.relation AS of FROM pv.part AS p JOIN pv.relation AS r ON r.id = p.relation_id
    ORDER BY p.relation::text, 3;
SELECT state, rows_anonymised FROM pv.erase_subject('customer', 3);
SELECT tableoid::regclass, ip, page FROM visit_4 WHERE customer_id = 3 ORDER BY 1;
SELECT * FROM pv.check_map();

-- CONCURRENTLY is two transactions, of which the second carries over
ALTER TABLE visit DETACH PARTITION visit_2 CONCURRENTLY;
SELECT column_name, link FROM pv.personal WHERE relation = 'visit_2'::regclass ORDER BY 1;
SELECT state, rows_anonymised FROM pv.erase_subject('customer', 4);
SELECT ip, page FROM visit_2 WHERE customer_id = 4;
SELECT * FROM pv.check_map();

-- with strict DDL nothing leaves
SET pvext.strict_ddl = on;
ALTER TABLE visit DETACH PARTITION visit_3;
ALTER TABLE visit_4 DETACH PARTITION visit_4a CONCURRENTLY;
SELECT inhparent::regclass, inhdetachpending FROM pg_inherits WHERE inhrelid IN ('visit_3'::regclass, 'visit_4a'::regclass) ORDER BY 1;
RESET pvext.strict_ddl;

-- dropped, or a part again: what was carried over goes, and leaves nothing to be looked after
DROP TABLE visit_2;
SELECT * FROM pv.check_map();
SELECT name FROM pv.blocker ORDER BY 1;
ALTER TABLE visit_1 RENAME TO visit_first;
ALTER TABLE visit ATTACH PARTITION visit_first FOR VALUES FROM ('2001-01-01') TO ('2002-01-01');
ALTER TABLE visit_first RENAME TO visit_1;
SELECT * FROM pv.check_map();
SELECT relation, count(*) FROM pv.personal GROUP BY 1 ORDER BY 1;
SELECT name FROM pv.blocker ORDER BY 1;
SELECT state, rows_anonymised FROM pv.erase_subject('customer', 5);
SELECT tgname FROM pg_trigger WHERE tgrelid = 'visit_1'::regclass AND NOT tgisinternal ORDER BY 1;
SELECT r.relation FROM pv.audited AS a JOIN pv.relation AS r ON r.id = a.relation_id ORDER BY 1;
-- and it can leave again
ALTER TABLE visit DETACH PARTITION visit_1;
SELECT state, rows_anonymised FROM pv.erase_subject('customer', 6);

-- when no event trigger fires, pv.check_map() knows, and the next command mends it
SET session_replication_role = replica;
ALTER TABLE visit DETACH PARTITION visit_3;
RESET session_replication_role;
SELECT * FROM pv.check_map();
ALTER TABLE visit ALTER page SET STATISTICS 10;
SELECT * FROM pv.check_map();
SELECT column_name, link FROM pv.personal WHERE relation = 'visit_3'::regclass ORDER BY 1;

-- links without a foreign key lead to what has left, too: rows of both may refer to either
CREATE TABLE orders (id int, at date, customer_id int REFERENCES customer, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE orders_1 PARTITION OF orders FOR VALUES FROM ('2001-01-01') TO ('2002-01-01');
CREATE TABLE orders_2 PARTITION OF orders FOR VALUES FROM ('2002-01-01') TO ('2003-01-01');
CREATE TABLE line (id int, order_id int, order_at date, address text, PRIMARY KEY (id, order_at)) PARTITION BY RANGE (order_at);
CREATE TABLE line_1 PARTITION OF line FOR VALUES FROM ('2001-01-01') TO ('2002-01-01');
CREATE TABLE line_2 PARTITION OF line FOR VALUES FROM ('2002-01-01') TO ('2003-01-01');
CREATE TABLE remark (line_id int, order_at date, text text);
CREATE INDEX ON orders (customer_id); CREATE INDEX ON line (order_id, order_at); CREATE INDEX ON remark (line_id, order_at);
INSERT INTO orders VALUES (1, '2001-02-03', 7), (2, '2002-02-03', 7), (3, '2001-02-03', 8);
INSERT INTO line SELECT id, id, at, 'street ' || id FROM orders;
INSERT INTO remark SELECT id, at, 'ring at ' || id FROM orders;
SELECT pv.declare_link('orders', '{customer_id}', 'customer'), pv.declare_link('line', '{order_id,order_at}', 'orders', '{id,at}'),
       pv.declare_link('remark', '{line_id,order_at}', 'line', '{id,order_at}', on_erase => 'delete');
SELECT pv.declare_personal('line', '{address}', 'contact'), pv.declare_personal('remark', '{text}', 'text');
SELECT pv.declare_not_personal('orders'), pv.declare_not_personal('line');
ALTER TABLE orders DETACH PARTITION orders_1;
ALTER TABLE line DETACH PARTITION line_1;
SELECT relation, name, columns, parent FROM pv.link WHERE relation::text ~ 'orders|line|remark' ORDER BY relation::text, name;
SELECT relation, column_name, paths FROM pv.personal WHERE relation::text ~ 'line|remark' ORDER BY relation::text, 2;
SELECT * FROM pv.check_map();
SELECT state, rows_anonymised, rows_deleted FROM pv.erase_subject('customer', 7);
SELECT tableoid::regclass, id, address FROM line UNION ALL SELECT tableoid::regclass, id, address FROM line_1 ORDER BY 1, 2;
SELECT * FROM remark;
-- back again: no column goes by a twin
ALTER TABLE line ATTACH PARTITION line_1 FOR VALUES FROM ('2001-01-01') TO ('2002-01-01');
ALTER TABLE orders ATTACH PARTITION orders_1 FOR VALUES FROM ('2001-01-01') TO ('2002-01-01');
SELECT relation, name, columns, parent FROM pv.link WHERE relation::text ~ 'orders|line|remark' ORDER BY relation::text, name;
SELECT relation, column_name, paths FROM pv.personal WHERE relation::text ~ 'line|remark' ORDER BY relation::text, 2;
SELECT state, rows_anonymised, rows_deleted FROM pv.erase_subject('customer', 8);
SELECT * FROM pv.check_map();

-- a child that disinherits itself
CREATE TABLE note (id int PRIMARY KEY, customer_id int, text text);
CREATE TABLE note_old (PRIMARY KEY (id), source text) INHERITS (note);
CREATE TABLE note_older () INHERITS (note_old);
CREATE INDEX ON note (customer_id); CREATE INDEX ON note_old (customer_id); CREATE INDEX ON note_older (customer_id);
INSERT INTO note VALUES (1, 9, 'a'); INSERT INTO note_old VALUES (2, 9, 'b', 'x'); INSERT INTO note_older VALUES (3, 9, 'c', 'y');
SELECT pv.declare_link('note', '{customer_id}', 'customer'), pv.declare_personal('note', '{text}', 'text');
SELECT pv.declare_link('note_old', '{customer_id}', 'customer'), pv.declare_personal('note_old', '{source}', 'source', purposes => '{security}');
ALTER TABLE note_old NO INHERIT note;
SELECT relation, column_name, link, purposes FROM pv.personal WHERE relation::text ~ '^note' ORDER BY relation::text, 2;
SELECT state, rows_anonymised FROM pv.erase_subject('customer', 9);
SELECT tableoid::regclass, id, text, source FROM note_old ORDER BY 2;
SELECT * FROM pv.check_map();
ALTER TABLE note_old INHERIT note;
SELECT * FROM pv.check_map();

-- persons whose own rows leave: their holds and requests go with them
CREATE TABLE member (id int PRIMARY KEY, name text, active boolean, since date) PARTITION BY RANGE (id);
CREATE TABLE member_1 PARTITION OF member FOR VALUES FROM (0) TO (100);
CREATE TABLE member_2 PARTITION OF member FOR VALUES FROM (100) TO (200);
CREATE TABLE post (id int PRIMARY KEY, member_id int, body text, on_hand date);
CREATE TABLE card (id int PRIMARY KEY, member_id int, number text);
CREATE INDEX ON post (member_id); CREATE INDEX ON card (member_id);
INSERT INTO member SELECT n, 'Member ' || n, n = 3, '2001-01-01' FROM generate_series(1, 5) AS n;
INSERT INTO member SELECT n, 'Member ' || n, false, '2001-01-01' FROM generate_series(101, 105) AS n;
INSERT INTO post SELECT id, id, 'by Member ' || id, '2002-02-02' FROM member;
INSERT INTO card SELECT id, id, '4000 ' || id FROM member;
ALTER TABLE card ADD FOREIGN KEY (member_id) REFERENCES member;
SELECT pv.declare_subject('member'), pv.declare_link('post', '{member_id}', 'member'),
       pv.declare_link('card', '{member_id}', 'member', on_erase => 'delete');
SELECT pv.declare_personal('member', '{name}', 'identifying'), pv.declare_personal('post', '{body}', 'text', erase_with => 'redact');
SELECT pv.declare_not_personal('member'), pv.declare_not_personal('post'), pv.declare_not_personal('card');
SELECT pv.declare_blocker('member', 'active', 'subject.active', 'is a member'),
       pv.declare_blocker('member', 'fresh', 'post.on_hand > ''2020-01-01''', 'wrote', relation => 'post'),
       pv.declare_blocker('member', 'carded', 'card.number is null', 'card', relation => 'card');
SELECT pv.declare_retention('member', 'wrote', '2 years', 'max(on_hand)', 'statement', over => 'post', otherwise => 'since'),
       pv.declare_retention('member', 'carded', '3 years', 'max(date ''2001-01-01'' + id)', 'statement', over => 'card', otherwise => 'since'),
       pv.declare_retention('member', 'plain', '4 years', 'since', 'statement');
SELECT pv.place_hold('member', 1, 'court'), pv.place_hold('member', 101, 'court');
SELECT state FROM pv.erase_subject('member', 3);
SELECT pv.declare_purpose('news', 'consent', 'newsletter'), pv.declare_consent_text('news', '1', 'en', 'Yes');
SELECT pv.give_consent('member', 4, 'news', '1', 'web') IS NOT NULL AS given;
DELETE FROM card WHERE member_id < 100;
ALTER TABLE member DETACH PARTITION member_1;
SELECT * FROM pv.check_map();
SELECT subject, name, relation FROM pv.blocker WHERE subject::text ~ 'member' ORDER BY subject::text, name;
SELECT relation, name, keep, after, over, otherwise FROM pv.retention WHERE relation::text ~ 'member' ORDER BY relation::text, name;
SELECT relation, name, columns, parent, on_erase FROM pv.link WHERE parent::text ~ 'member' ORDER BY 1, 2;
SELECT r.relation, h.key FROM pv.hold AS h JOIN pv.relation AS r ON r.id = h.relation_id ORDER BY 2;
SELECT r.relation, e.key, e.state FROM pv.erasure_ledger AS e JOIN pv.relation AS r ON r.id = e.relation_id WHERE e.key IS NOT NULL;
SELECT state, blocked_by FROM pv.erase_subject('member_1', 1);
CALL pv.run_duties();
UPDATE member_1 SET active = false;
CALL pv.run_duties();
SELECT r.relation, e.key, e.state FROM pv.erasure_ledger AS e JOIN pv.relation AS r ON r.id = e.relation_id
    WHERE r.relation::text ~ 'member' ORDER BY e.requested_at;
SELECT id, name, body FROM member_1 JOIN post USING (id) ORDER BY id;
SELECT state, rows_anonymised, rows_deleted FROM pv.erase_subject('member', 102);
SELECT state FROM pv.erase_subject('member', 4);
SELECT pv.place_hold('member', 4, 'court');
SELECT count(*) FROM pv.preview_erasure('member', 4);
SELECT count(*) FROM pv.verify_erasure('member', 4);
SELECT state, rows_anonymised, rows_deleted FROM pv.erase_subject('member_1', 4);
SELECT member_id, body FROM post WHERE member_id IN (4, 102) ORDER BY 1;
-- what was said under the key of the table that it has left went along
SELECT problem FROM pv.check_map();
SELECT state FROM pv.erase_subject('member', 4);
SELECT pv.has_consent('member', 4, 'news');
ALTER TABLE member ATTACH PARTITION member_1 FOR VALUES FROM (0) TO (100);
SELECT * FROM pv.check_map();
SELECT r.relation, h.key FROM pv.hold AS h JOIN pv.relation AS r ON r.id = h.relation_id ORDER BY 2;
SELECT subject, name, relation FROM pv.blocker WHERE subject::text ~ 'member' ORDER BY subject::text, name;
SELECT relation, column_name, paths FROM pv.personal WHERE relation::text ~ 'member|post' ORDER BY relation::text, 2;
SELECT state FROM pv.erase_subject('member', 1);
SELECT state FROM pv.erase_subject('member', 5);
SELECT id, name, body FROM member JOIN post USING (id) ORDER BY id;

-- a clock over what has left, without another one
SELECT pv.undeclare_retention('member', 'wrote'), pv.undeclare_retention('member', 'carded');
CREATE TABLE pay (id int, member_id int REFERENCES member, on_date date) PARTITION BY RANGE (on_date);
CREATE TABLE pay_1 PARTITION OF pay FOR VALUES FROM ('2001-01-01') TO ('2002-01-01');
CREATE TABLE pay_2 PARTITION OF pay FOR VALUES FROM ('2002-01-01') TO ('2003-01-01');
CREATE INDEX ON pay (member_id);
SELECT pv.declare_link('pay', '{member_id}', 'member'), pv.declare_not_personal('pay');
SELECT pv.declare_retention('member', 'paid', '5 years', 'max(on_date)', 'law', over => 'pay');
SELECT pv.activate_retention('member', 'paid', 0);
ALTER TABLE pay DETACH PARTITION pay_1;
SELECT relation, name, over, otherwise, state FROM pv.retention WHERE name ~ 'paid';
SELECT * FROM pv.check_map();
SELECT pv.declare_retention('member', 'paid', '5 years', 'max(on_date)', 'law', over => 'pay', otherwise => 'since'),
       pv.declare_retention('member', 'paid before', '5 years', 'max(on_date)', 'law', over => 'pay_1', otherwise => 'since');
SELECT * FROM pv.check_map();
SELECT call FROM pv.event WHERE call ~ '^(attach|detach)' ORDER BY at;
RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA detach CASCADE;
DROP OWNED BY regress_detach_owner; DROP ROLE regress_detach_owner;
