-- Personal columns, purposes, and whose a column is.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
RESET client_min_messages;
CREATE SCHEMA personal;
SET search_path = personal;
SET lc_messages = 'C';

-- purposes
SELECT pv.declare_purpose('newsletter', 'consent', 'to send news');
SELECT pv.declare_purpose('bookkeeping', 'legal_obligation', 'to keep the books');
SELECT pv.declare_purpose('newsletter', 'consent', 'to send news once a month');
SELECT pv.declare_purpose('', 'consent', 'nothing');
SELECT pv.declare_purpose(NULL, 'consent', 'nothing');
SELECT pv.declare_purpose('none', NULL, 'nothing');
SELECT * FROM pv.purpose ORDER BY name;
SELECT pv.undeclare_purpose('sales');

-- a subject's own columns
CREATE TABLE customer (
    id int PRIMARY KEY,
    name text,
    mail text NOT NULL UNIQUE,
    phone text,
    note text,
    born date
);
SELECT pv.declare_personal('customer', '{name}', 'identifying');
SELECT pv.declare_subject('customer');
SELECT pv.declare_personal('customer', '{name,mail}', 'identifying', '{newsletter,bookkeeping}');
SELECT pv.declare_personal('customer', '{phone}', 'contact', erase_with => 'constant', parameter => '0');
SELECT pv.declare_personal('customer', '{note}', 'text', '{newsletter}', 'redact');
SELECT pv.declare_personal('customer', '{phone}', 'contact', '{bookkeeping}', 'null');
SELECT relation, link, column_name, category, purposes, erase_with, parameter, strategy, paths FROM pv.personal ORDER BY column_name;
SELECT pv.undeclare_purpose('newsletter');

-- what is asked of the arguments
SELECT pv.declare_personal(NULL, '{name}', 'x');
SELECT pv.declare_personal('customer', NULL, 'x');
SELECT pv.declare_personal('customer', '{name}', NULL);
SELECT pv.declare_personal('customer', '{name}', '');
SELECT pv.declare_personal('customer', '{name}', 'x', erase_with => NULL);
SELECT pv.declare_personal('customer', '{}', 'x');
SELECT pv.declare_personal('customer', '{name,NULL}', 'x');
SELECT pv.declare_personal('customer', '{name,name}', 'x');
SELECT pv.declare_personal('customer', '{nam}', 'x');
SELECT pv.declare_personal('customer', '{ctid}', 'x');
SELECT pv.declare_personal('customer', '{name}', 'x', '{}');
SELECT pv.declare_personal('customer', '{name}', 'x', '{newsletter,sales}');
SELECT pv.declare_personal('pg_class', '{relname}', 'x');
SELECT pv.declare_personal('customer', '{name}', 'x', link => 'nothing');

-- tables that hang on a subject: one link, several, several hops
CREATE TABLE orders (id int PRIMARY KEY, customer_id int REFERENCES customer, address text);
CREATE TABLE line (id int PRIMARY KEY, order_id int REFERENCES orders, gift_for text);
CREATE TABLE message (
    id int PRIMARY KEY,
    sender int REFERENCES customer, receiver int REFERENCES customer,
    reply_to int REFERENCES message,
    subject text, body text, seen_from inet
);
CREATE TABLE attachment (id int PRIMARY KEY, message_id int REFERENCES message, file text);
CREATE INDEX ON orders (customer_id);
CREATE INDEX ON line (order_id);
CREATE INDEX ON message (sender);
CREATE INDEX ON message (receiver);
CREATE INDEX ON message (reply_to);
CREATE INDEX ON attachment (message_id);
SELECT pv.declare_personal('orders', '{address}', 'contact');
SELECT pv.declare_link('orders', '{customer_id}', 'customer');
SELECT pv.declare_link('line', '{order_id}', 'orders');
SELECT pv.declare_link('message', '{sender}', 'customer');
SELECT pv.declare_link('message', '{receiver}', 'customer');
SELECT pv.declare_link('message', '{reply_to}', 'message');
SELECT pv.declare_link('attachment', '{message_id}', 'message');
SELECT pv.declare_personal('orders', '{address}', 'contact');
SELECT pv.declare_personal('line', '{gift_for}', 'contact');
SELECT pv.declare_personal('message', '{body}', 'text');
SELECT pv.declare_personal('message', '{body}', 'text', link => 'sender');
SELECT pv.declare_personal('message', '{seen_from}', 'text', link => 'receiver');
SELECT pv.declare_personal('message', '{subject}', 'text', link => '*');
SELECT pv.declare_personal('message', '{body}', 'text', link => 'author');
SELECT pv.declare_personal('attachment', '{file}', 'text');
SELECT column_name, link, paths FROM pv.personal WHERE relation = 'attachment'::regclass;
SELECT pv.declare_personal('attachment', '{file}', 'text', link => 'message_id.sender');
SELECT pv.declare_personal('attachment', '{file}', 'text', link => 'message_id.author');
SELECT relation, column_name, link, paths FROM pv.personal WHERE relation <> 'customer'::regclass
    ORDER BY relation::text, column_name;

-- branches that lead to different subject tables
CREATE TABLE employee (id int PRIMARY KEY, name text);
ALTER TABLE orders ADD employee_id int REFERENCES employee;
CREATE INDEX ON orders (employee_id);
SELECT pv.declare_subject('employee');
SELECT pv.declare_link('orders', '{employee_id}', 'employee');
SELECT pv.declare_personal('line', '{gift_for}', 'contact');
SELECT pv.declare_personal('line', '{gift_for}', 'contact', link => 'order_id.customer_id');
SELECT column_name, link, paths FROM pv.personal WHERE relation = 'line'::regclass;

-- a table that is linked to something that is no subject (yet)
CREATE TABLE box (id int PRIMARY KEY);
CREATE TABLE thing (id int PRIMARY KEY, box int REFERENCES box, label text);
CREATE INDEX ON thing (box);
SELECT pv.declare_link('thing', '{box}', 'box');
SELECT pv.declare_personal('thing', '{label}', 'x');
SELECT column_name, link, paths FROM pv.personal WHERE relation = 'thing'::regclass;

-- keys that identify: links follow them
CREATE TABLE member (code varchar(20) PRIMARY KEY, sponsor varchar(20), name text);
CREATE TABLE card (id int PRIMARY KEY, code varchar(20) REFERENCES member);
CREATE TABLE visit (id int PRIMARY KEY, code varchar(20) REFERENCES member ON UPDATE CASCADE);
CREATE TABLE fine (id int PRIMARY KEY, code varchar(20) REFERENCES member ON UPDATE SET NULL);
CREATE INDEX ON card (code);
SELECT pv.declare_subject('member');
SELECT pv.declare_link('card', '{code}', 'member');
SELECT pv.declare_personal('member', '{code}', 'identifying');
DROP TABLE fine;
ALTER TABLE member ADD FOREIGN KEY (sponsor) REFERENCES member;
SELECT pv.declare_personal('member', '{code}', 'identifying');
SELECT pv.declare_personal('card', '{code}', 'identifying');
ALTER TABLE member DROP CONSTRAINT member_sponsor_fkey,
    ADD FOREIGN KEY (sponsor) REFERENCES member ON UPDATE CASCADE;
SELECT pv.declare_personal('member', '{code}', 'identifying', erase_with => 'constant', parameter => 'x');
SELECT pv.declare_personal('member', '{code}', 'identifying');
SELECT pv.declare_personal('card', '{code}', 'identifying', erase_with => 'null');
SELECT pv.declare_personal('card', '{code}', 'identifying');
SELECT relation, column_name, erase_with, strategy FROM pv.personal
    WHERE relation IN ('member'::regclass, 'card'::regclass) ORDER BY 1::text;
SELECT pv.declare_personal('member', '{code}', 'identifying', erase_with => 'pseudonym');
SELECT relation, column_name, erase_with, strategy FROM pv.personal
    WHERE relation IN ('member'::regclass, 'card'::regclass) ORDER BY 1::text;
ALTER TABLE card ADD valid boolean;
SELECT relation, severity, problem FROM pv.check_map() WHERE relation ~ 'member|card' ORDER BY 1, 3;
SELECT pv.undeclare_personal('member');
SELECT pv.undeclare_personal('card', '{code}');
SELECT pv.undeclare_personal('member', '{code}');

-- only the owner declares, and linked tables need one owner to follow
CREATE ROLE regress_personal_a;
CREATE ROLE regress_personal_b;
GRANT USAGE ON SCHEMA personal TO regress_personal_a, regress_personal_b;
ALTER TABLE card OWNER TO regress_personal_b;
SELECT pv.declare_personal('member', '{code}', 'identifying');
GRANT EXECUTE ON FUNCTION pv.declare_personal TO regress_personal_a, regress_personal_b;
GRANT EXECUTE ON FUNCTION pv.undeclare_personal TO regress_personal_a, regress_personal_b;
GRANT EXECUTE ON FUNCTION pv.declare_not_personal TO regress_personal_a, regress_personal_b;
SET ROLE regress_personal_a;
SELECT pv.declare_personal('customer', '{name}', 'x');
SELECT pv.undeclare_personal('customer');
SELECT pv.declare_not_personal('customer', '{born}');
RESET ROLE;
GRANT regress_personal_b TO regress_personal_a;
SET ROLE regress_personal_a;
SELECT pv.declare_not_personal('card', '{code}');
RESET ROLE;
-- an expression runs as the owner: a member of a superuser declares none
ALTER TABLE employee OWNER TO regress_personal_b;
CREATE ROLE regress_personal_super SUPERUSER;
GRANT regress_personal_super TO regress_personal_b;
SET ROLE regress_personal_b;
SELECT pv.declare_personal('employee', '{name}', 'x', erase_with => 'expression', parameter => 'upper(name)');
RESET ROLE;
ALTER TABLE employee OWNER TO regress_personal_super;
SET ROLE regress_personal_b;
SELECT pv.declare_personal('employee', '{name}', 'x', erase_with => 'expression', parameter => 'upper(name)');
RESET ROLE;
SELECT count(*) FROM pv.declared_personal WHERE owner = 'regress_personal_b';

-- partitions and children are declared at the root
CREATE TABLE log (id int, at date, who text) PARTITION BY RANGE (at);
CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE base (id int PRIMARY KEY, who text);
CREATE TABLE child (extra text) INHERITS (base);
CREATE TABLE grandchild () INHERITS (child);
ALTER TABLE base ADD customer_id int REFERENCES customer;
SET client_min_messages = error;
SELECT pv.declare_link('log', '{id}', 'customer');
SELECT pv.declare_link('child', '{customer_id}', 'customer');
SELECT pv.declare_link('grandchild', '{customer_id}', 'customer');
RESET client_min_messages;
SELECT pv.declare_personal('log_1', '{who}', 'x');
SELECT pv.declare_personal('log', '{who}', 'x');
SELECT pv.declare_personal('grandchild', '{who}', 'x');
SELECT pv.declare_personal('grandchild', '{extra}', 'x');
SELECT pv.declare_personal('child', '{extra}', 'x');

-- columns that were looked at
SELECT pv.declare_not_personal('customer', '{name}');
SELECT pv.declare_not_personal('customer', '{nothing}');
SELECT pv.declare_not_personal('customer');
SELECT pv.declare_not_personal('box');
SELECT r.name, n.column_name FROM pv.not_personal n JOIN pv.relation r ON r.id = n.relation_id ORDER BY 1, 2;
SELECT pv.declare_personal('customer', '{born}', 'contact');
SELECT count(*) FROM pv.not_personal n JOIN pv.relation r ON r.id = n.relation_id WHERE r.name = 'customer';
SELECT pv.undeclare_not_personal('customer', '{born}');
SELECT pv.undeclare_not_personal('card');
SELECT pv.undeclare_not_personal(NULL);

SELECT pv.undeclare_personal('customer', '{id}');
SELECT pv.undeclare_personal('customer', '{born}');
SELECT pv.undeclare_personal('customer');
SELECT pv.undeclare_personal('customer');
SELECT pv.undeclare_purpose('newsletter');
SELECT call, role = session_user FROM pv.event WHERE call ~ 'purpose|not_personal' ORDER BY id;

SET client_min_messages = warning;
DROP SCHEMA personal CASCADE;
DROP OWNED BY regress_personal_a, regress_personal_b, regress_personal_super;
DROP ROLE regress_personal_a, regress_personal_b, regress_personal_super;
