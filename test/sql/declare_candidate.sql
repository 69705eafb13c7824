-- Links that the foreign keys suggest, and a map proposed from the catalog.
SET client_min_messages = warning; CREATE EXTENSION pvext CASCADE; RESET client_min_messages;
CREATE ROLE regress_candidate_owner;
CREATE SCHEMA candidate;
GRANT USAGE ON SCHEMA pv TO regress_candidate_owner;
GRANT EXECUTE ON FUNCTION pv.link_foreign_keys TO regress_candidate_owner;
GRANT USAGE, CREATE ON SCHEMA candidate TO regress_candidate_owner;
SET search_path = candidate;

CREATE TABLE customer (
    id integer PRIMARY KEY,
    first_name text, "lastName" text, email text UNIQUE, email_verified boolean,
    birth_date date, status text, extra jsonb,
    introduced_by integer REFERENCES customer,
    email_length integer GENERATED ALWAYS AS (length(email)) STORED
);
CREATE TABLE purchase (
    id integer PRIMARY KEY,
    customer_id integer NOT NULL REFERENCES customer,
    shipping_address text, total numeric, main_line integer
);
CREATE INDEX ON purchase (customer_id);
ALTER TABLE customer ADD last_purchase integer REFERENCES purchase;
CREATE TABLE line (purchase_id integer REFERENCES purchase, no integer, note text, PRIMARY KEY (purchase_id, no));
-- a cycle
ALTER TABLE purchase ADD FOREIGN KEY (id, main_line) REFERENCES line;
-- two foreign keys to one parent, one of them declared twice
CREATE TABLE message (
    id uuid PRIMARY KEY,
    sender integer REFERENCES customer, receiver integer REFERENCES customer, body text
);
ALTER TABLE message ADD FOREIGN KEY (sender) REFERENCES customer;
-- the same column to two parents, and a name that another's columns make, too
CREATE TABLE both_ways (
    customer_id integer REFERENCES customer, "customer" integer, "id" integer,
    FOREIGN KEY (customer_id) REFERENCES purchase
);
ALTER TABLE purchase ADD UNIQUE (id, customer_id);
ALTER TABLE both_ways ADD FOREIGN KEY (customer, id) REFERENCES purchase (id, customer_id);
-- names longer than a name can be, in characters of two bytes
CREATE TABLE long (
    "æææææææææææææææææææææææææææææa" integer, "b" integer,
    FOREIGN KEY ("æææææææææææææææææææææææææææææa", b) REFERENCES purchase (id, customer_id)
);
-- partitions: only the root is listed
CREATE TABLE visit (customer_id integer REFERENCES customer, at date, ip inet) PARTITION BY RANGE (at);
CREATE TABLE visit_1 PARTITION OF visit FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE visit_2 (customer_id integer REFERENCES customer, at date, ip inet);
ALTER TABLE visit ATTACH PARTITION visit_2 FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
ALTER TABLE visit_1 ADD FOREIGN KEY (customer_id) REFERENCES purchase;
-- below another subject
CREATE TABLE account (id integer PRIMARY KEY, customer_id integer REFERENCES customer);
CREATE TABLE login (account_id integer REFERENCES account, at timestamptz);

SELECT * FROM pv.candidate_links('customer');

-- Another subject's rows are linked, what hangs on them is that subject's.
SELECT pv.declare_subject('account');
SELECT relation, name, parent, depth FROM pv.candidate_links('customer') WHERE relation IN ('account'::regclass, 'login');
SELECT relation, name, parent, depth FROM pv.candidate_links('account');

-- The chain may be of any length.
DO $$
BEGIN
    FOR i IN 1..120 LOOP
        EXECUTE format('CREATE TABLE chain_%s (id integer PRIMARY KEY, up integer REFERENCES %s)',
                       i, CASE WHEN i = 1 THEN 'account' ELSE 'chain_' || i - 1 END);
    END LOOP;
END $$;
SELECT count(*), max(depth) FROM pv.candidate_links('account');
DO $$
BEGIN
    FOR i IN REVERSE 120..1 LOOP
        EXECUTE format('DROP TABLE chain_%s', i);
    END LOOP;
END $$;

-- Declaring them.
SELECT pv.link_foreign_keys('customer');
SELECT pv.declare_subject('customer');
SELECT pv.link_foreign_keys('customer', 0);
SELECT pv.link_foreign_keys('customer', NULL);
SET client_min_messages = error;    -- of missing indexes
SELECT pv.link_foreign_keys('customer', excluding => '{visit,message}');
SELECT relation, name, columns, parent, parent_columns FROM pv.link ORDER BY 1::text, 2;
SELECT pv.link_foreign_keys('customer', excluding => '{visit,message}');
-- A link that has another name is the same link.
SELECT pv.declare_link('message', '{sender}', 'customer', name => 'from');
SELECT relation, name, depth, declared FROM pv.candidate_links('customer') WHERE relation = 'message'::regclass;
-- What is reached only through an excluded table is excluded.
SELECT pv.link_foreign_keys('customer', 9, '{visit,line}');
SELECT relation, name, parent FROM pv.link WHERE parent IN ('line'::regclass, 'purchase') OR relation = 'line'::regclass ORDER BY 1::text, 2;
RESET client_min_messages;
-- Only owners declare.
SET ROLE regress_candidate_owner;
SELECT pv.link_foreign_keys('customer', 9);
RESET ROLE;
SELECT * FROM pv.candidate_links('pg_class');
SELECT * FROM pv.candidate_links('visit_1');

-- The proposal leaves out what is declared, and runs as it stands.
DROP TABLE long, both_ways;
SELECT pv.generate_map('customer');
SELECT pv.generate_map('login');
SET client_min_messages = error;
DO $$ BEGIN EXECUTE pv.generate_map('customer'); END $$;
RESET client_min_messages;
SELECT pv.generate_map('customer');
SELECT relation, column_name, severity, problem FROM pv.check_map();

SET client_min_messages = warning;
DROP SCHEMA candidate CASCADE;
REVOKE ALL ON SCHEMA pv FROM regress_candidate_owner;
REVOKE ALL ON FUNCTION pv.link_foreign_keys FROM regress_candidate_owner;
DROP ROLE regress_candidate_owner;
