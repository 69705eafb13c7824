-- :customers customers of 15 columns, some 300 bytes a row, of whom 70 % have
-- consented to the newsletter, one in ten of those until next year; and a tenth
-- as many with a text and with a uuid for a key, which have no bits.
CREATE TABLE customer (
    id       int PRIMARY KEY,
    name     text NOT NULL,
    email    text NOT NULL UNIQUE,
    mobile   text,
    street   text,
    postcode text,
    city     text,
    country  text NOT NULL,
    born     date,
    segment  int NOT NULL,
    balance  numeric NOT NULL,
    active   boolean NOT NULL,
    note     text,
    created  timestamptz NOT NULL,
    updated  timestamptz NOT NULL
);
INSERT INTO customer SELECT i, 'Kari Nordmann ' || i, 'kari' || i || '@example.no', '+47' || 90000000 + i,
    'Storgata ' || i % 300, lpad((i % 10000)::text, 4, '0'), 'Trondheim', 'NO', date '1960-01-01' + i % 15000,
    i % 12, i % 5000 / 10.0, i % 9 <> 0, repeat('Likes to be called in the evening. ', 4),
    timestamptz '2015-01-01' + i * interval '1 minute', timestamptz '2024-01-01' + i * interval '1 minute'
    FROM generate_series(1, :customers) AS i;
CREATE TABLE member AS SELECT id::text AS code, c.* FROM customer AS c WHERE id <= :customers / 10;
ALTER TABLE member DROP COLUMN id, ADD PRIMARY KEY (code);
CREATE TABLE visitor AS SELECT md5(id::text)::uuid AS visitor, c.* FROM customer AS c WHERE id <= :customers / 10;
ALTER TABLE visitor DROP COLUMN id, ADD PRIMARY KEY (visitor);

-- The subjects in no order of theirs, from 0 on: the first 70 % of them consent.
SELECT format('CREATE OR REPLACE FUNCTION nth(i int) RETURNS int LANGUAGE sql IMMUTABLE
    AS ''SELECT (1 + i::bigint * 618033 %% %s)::int''', :customers) \gexec
CREATE TABLE drawn AS SELECT nth(97 * i) AS id FROM generate_series(0, :some - 1) AS i;

CREATE EXTENSION pvext CASCADE;
SELECT pv.declare_subject(subject) FROM unnest('{customer,member,visitor}'::regclass[]) AS subject;
SELECT pv.declare_purpose('newsletter', 'consent', 'News by e-mail');
SELECT pv.declare_consent_text('newsletter', '1', 'en', 'Yes, send me news by e-mail.');

-- In transactions of 10,000: some 0.04 ms a consent, half a minute for 700,000.
CREATE PROCEDURE consent(subject text, key text, n int) LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 0..n - 1 BY 10000 LOOP
        EXECUTE format('SELECT count(pv.give_consent(%L, %s, ''newsletter'', ''1'', ''web'',
                           expires => CASE WHEN i %% 10 = 0 THEN timestamptz ''now'' + interval ''1 year'' END))
                        FROM generate_series($1, $2) AS i', subject, key) USING i, least(i + 9999, n - 1);
        COMMIT;
    END LOOP;
END $$;
\timing on
CALL consent('customer', 'nth(i)', :customers * 7 / 10);
\timing off
CALL consent('member', '(i + 1)::text', :customers / 10 * 7 / 10);
CALL consent('visitor', 'md5((i + 1)::text)::uuid', :customers / 10 * 7 / 10);

-- The same rows again, in plain tables with the same indexes and constraints,
-- and a function that inserts the two rows of a consent and does nothing else.
CREATE TABLE plain_state (LIKE pv.consent_state INCLUDING ALL);
CREATE TABLE plain_event (LIKE pv.consent_event INCLUDING ALL);
CREATE SEQUENCE plain_event_id_seq START 10000000;
ALTER TABLE plain_event ALTER id SET DEFAULT nextval('plain_event_id_seq');
INSERT INTO plain_state OVERRIDING SYSTEM VALUE SELECT * FROM pv.consent_state;
SELECT setval(pg_get_serial_sequence('plain_state', 'id'), max(id)) FROM plain_state;
INSERT INTO plain_event SELECT * FROM pv.consent_event;

CREATE FUNCTION two_rows(subject int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    state bigint;
BEGIN
    INSERT INTO plain_state (relation_id, purpose_id, key, subject_digest, state, since, given)
        VALUES (1, 1, subject, '\x0000000000000000000000000000000000000000000000000000000000000000',
                'given', now(), true)
        RETURNING id INTO state;
    INSERT INTO plain_event (at, consent_id, relation_id, purpose_id, action, version, language,
                             text_digest, channel, login, role)
        VALUES (clock_timestamp(), state, 1, 1, 'given', '1', 'en',
                '\x0000000000000000000000000000000000000000000000000000000000000000', 'web',
                session_user, current_user);
END $$;

VACUUM ANALYZE;
