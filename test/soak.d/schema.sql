-- The company of the soak: what test/soak works on.  Two owners, so that an
-- erasure has to change roles; links by foreign keys to two levels, one without a
-- foreign key into a partitioned table, rows that belong to two persons, rows that
-- are deleted with theirs, and persons whose key is an e-mail address.
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;

CREATE ROLE company NOLOGIN;
CREATE ROLE billing NOLOGIN;
CREATE ROLE app LOGIN;
CREATE ROLE officer LOGIN;
GRANT CREATE ON SCHEMA public TO company, billing;

SET ROLE company;
CREATE TABLE customer (
    id    integer PRIMARY KEY,
    name  text NOT NULL,
    email text NOT NULL UNIQUE,
    phone text,
    n     integer NOT NULL DEFAULT 0
);
CREATE TABLE service (
    id          integer PRIMARY KEY,
    customer_id integer NOT NULL REFERENCES customer,
    product     text NOT NULL,
    ended_on    date
);
CREATE INDEX ON service (customer_id);
CREATE TABLE note (
    id          integer PRIMARY KEY,
    customer_id integer NOT NULL REFERENCES customer,
    body        text
);
CREATE INDEX ON note (customer_id);
-- Whom it is from and to, and what each is called in it.
CREATE TABLE message (
    id            integer PRIMARY KEY,
    sender        integer NOT NULL REFERENCES customer,
    receiver      integer NOT NULL REFERENCES customer,
    sender_name   text,
    receiver_name text,
    body          text
);
CREATE INDEX ON message (sender);
CREATE INDEX ON message (receiver);
CREATE TABLE login (
    token       text PRIMARY KEY,
    customer_id integer NOT NULL REFERENCES customer
);
CREATE INDEX ON login (customer_id);
CREATE TABLE visit (
    id          integer NOT NULL,
    at          date NOT NULL,
    customer_id integer,
    agent       text,
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE TABLE visit_old PARTITION OF visit FOR VALUES FROM (MINVALUE) TO ('2020-01-01');
CREATE TABLE visit_new PARTITION OF visit FOR VALUES FROM ('2020-01-01') TO (MAXVALUE);
CREATE INDEX ON visit (customer_id);
CREATE INDEX ON visit (at);
CREATE TABLE reader (
    email text PRIMARY KEY,
    id    integer NOT NULL,
    nick  text
);
CREATE TABLE article (
    id     integer PRIMARY KEY,
    reader text NOT NULL REFERENCES reader,
    title  text NOT NULL
);
CREATE INDEX ON article (reader);
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO app;
GRANT REFERENCES, SELECT ON customer TO billing;
RESET ROLE;

SET ROLE billing;
CREATE TABLE invoice (
    id          integer PRIMARY KEY,
    customer_id integer NOT NULL REFERENCES customer,
    issued_on   date NOT NULL,
    paid        boolean NOT NULL,
    addressee   text NOT NULL
);
CREATE INDEX ON invoice (customer_id);
CREATE INDEX ON invoice (issued_on);
CREATE TABLE payment (
    id         integer PRIMARY KEY,
    invoice_id integer NOT NULL REFERENCES invoice,
    paid_on    date NOT NULL,
    account    text
);
CREATE INDEX ON payment (invoice_id);
GRANT SELECT, INSERT, UPDATE, DELETE ON invoice, payment TO app;
RESET ROLE;
