-- Where rules retain something, what comes out for many persons of one call is what comes out
-- for each alone: the same map and rows twice, erased one by one and together.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
SET pvext.erasure_limit = 0;
SET pvext.audit_reads = off;
CREATE TABLE outcome (way text, id text, state text, until timestamptz, reasons text, gone boolean);
CREATE PROCEDURE make(way text) LANGUAGE plpgsql AS $make$
BEGIN
    EXECUTE format('CREATE SCHEMA %I', way);
    PERFORM set_config('search_path', way || ', public', false);
    CREATE TABLE person (id int PRIMARY KEY, name text, born date, debt boolean DEFAULT false);
    CREATE TABLE invoice (id int PRIMARY KEY, person_id int REFERENCES person, addressee text, issued date);
    CREATE TABLE line (id int PRIMARY KEY, invoice_id int REFERENCES invoice, what text);
    CREATE TABLE visit (id int PRIMARY KEY, person_id int REFERENCES person, ip text, at date);
    CREATE TABLE sale (id int PRIMARY KEY, buyer int REFERENCES person, seller int REFERENCES person,
                       buyer_name text, seller_name text, terms text, at date);
    CREATE TABLE run (what text);
    CREATE FUNCTION count_run() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('INSERT INTO %I.run VALUES (%L)', TG_TABLE_SCHEMA, TG_OP); RETURN NULL; END $$;
    CREATE TRIGGER count_run AFTER UPDATE ON person FOR EACH STATEMENT EXECUTE FUNCTION count_run();
    CREATE INDEX ON invoice (person_id);
    CREATE INDEX ON line (invoice_id);
    CREATE INDEX ON visit (person_id);
    CREATE INDEX ON sale (buyer);
    CREATE INDEX ON sale (seller);
    PERFORM pv.declare_subject('person'), pv.declare_link('invoice', '{person_id}', 'person'),
            pv.declare_link('line', '{invoice_id}', 'invoice'),
            pv.declare_link('visit', '{person_id}', 'person', on_erase => 'delete'),
            pv.declare_link('sale', '{buyer}', 'person', name => 'buyer'), pv.declare_link('sale', '{seller}', 'person', name => 'seller');
    PERFORM pv.declare_personal('person', '{name,born}', 'identifying'), pv.declare_personal('invoice', '{addressee}', 'address'),
            pv.declare_personal('line', '{what}', 'text'), pv.declare_personal('sale', '{buyer_name}', 'identifying', link => 'buyer'),
            pv.declare_personal('sale', '{seller_name}', 'identifying', link => 'seller'), pv.declare_personal('sale', '{terms}', 'text', link => '*');
    PERFORM pv.declare_retention('invoice', 'books', '5 years', 'issued', 'law', mandatory => true),
            pv.declare_retention('line', 'books', '5 years', 'issued', 'law', over => 'invoice', mandatory => true),
            pv.declare_retention('visit', 'safety', '1 year', 'at', 'order', mandatory => true, action => 'delete'),
            pv.declare_retention('sale', 'sales', '3 years', 'at', 'contract', mandatory => true, columns => '{terms,seller_name}');
    PERFORM pv.declare_blocker('person', 'owes', 'debt', 'owes us money');
    PERFORM pv.enable_audit(t::regclass) FROM unnest('{person,invoice,line,visit,sale}'::text[]) AS t;
    INSERT INTO person SELECT i, 'Name ' || i, '1980-01-01', i = 20 FROM generate_series(1, 26) AS i;
    -- 1, 2: an old invoice; 3, 4: a young one; 5: both; 6: a young one is all there is; 24: one that is kept for ever
    INSERT INTO invoice VALUES (1, 1, 'to 1', '2001-01-01'), (2, 2, 'to 2', '2001-01-01'), (3, 3, 'to 3', current_date - 1),
        (4, 4, 'to 4', current_date - 400), (5, 5, 'to 5', '2001-01-01'), (6, 5, 'again to 5', current_date), (7, 6, 'to 6', current_date), (8, 24, 'to 24', NULL);
    INSERT INTO line SELECT 10 * i.id + n, i.id, 'thing of ' || person_id FROM invoice AS i, generate_series(1, 2) AS n;
    UPDATE person SET name = NULL, born = NULL WHERE id = 6;
    -- 7: an old visit; 8: a young one; 9: both
    INSERT INTO visit VALUES (1, 7, '10.0.0.7', '2001-01-01'), (2, 8, '10.0.0.8', current_date), (3, 9, '10.0.0.9', '2001-01-01'), (4, 9, '10.0.0.99', current_date);
    -- 10 and 11 have a young sale in common, 12 and 13 an old one, 14 one with 25, who stays, 15 one with 4, who keeps an invoice, 16 with himself
    INSERT INTO sale SELECT buyer, buyer, seller, 'buyer ' || buyer, 'seller ' || seller, 'terms of ' || buyer || ' and ' || seller, at
        FROM (VALUES (10, 11, current_date), (12, 13, '2001-01-01'), (14, 25, current_date - 30), (15, 4, '2001-01-01'), (16, 16, current_date)) AS v(buyer, seller, at);
    UPDATE invoice SET addressee = addressee || ', street' WHERE person_id IN (1, 3);
    DELETE FROM line WHERE id = 31;
END $make$;

-- Twenty-four of them; 25 and 26 stay
CREATE PROCEDURE erase_alone(way text) LANGUAGE plpgsql AS $$ BEGIN
    PERFORM set_config('search_path', way || ', public', false);
    FOR i IN 1..24 LOOP
        INSERT INTO outcome SELECT way, key, state, retained_until, array_to_string(blocked_by, ', '), executed_by IS NOT NULL FROM pv.erase_subject('person', i);
    END LOOP;
END $$;
CREATE PROCEDURE erase_together(way text) LANGUAGE plpgsql AS $$ BEGIN
    PERFORM set_config('search_path', way || ', public', false);
    INSERT INTO outcome SELECT way, key, state, retained_until, array_to_string(blocked_by, ', '), executed_by IS NOT NULL
        FROM pv.erase_subjects('person', (SELECT array_agg(i::text) FROM generate_series(1, 24) AS i));
END $$;

-- What is left in the tables, and in the log, whoever wrote it
CREATE FUNCTION left_of(of text) RETURNS TABLE (what text) LANGUAGE plpgsql AS $$
DECLARE
    t text;
BEGIN
    RETURN QUERY SELECT concat_ws('|', id, state, until, reasons, gone) FROM outcome WHERE way = of;
    FOREACH t IN ARRAY '{person,invoice,line,visit,sale}'::text[] LOOP
        RETURN QUERY EXECUTE format('SELECT %L || x::text FROM %I.%I AS x', t, of, t);
    END LOOP;
    RETURN QUERY SELECT concat_ws('|', split_part(relation, '.', 2), operation, key, old, new, redacted)
        FROM pv.audit_trail WHERE relation LIKE of || '.%' AND operation <> 'UPDATE';
    RETURN QUERY SELECT DISTINCT concat_ws('|', split_part(t.relation, '.', 2), t.key, v.key, v.value)
        FROM pv.audit_trail AS t, jsonb_each_text(t.old) AS v WHERE t.relation LIKE of || '.%' AND v.value IS NOT NULL;
END $$;
CREATE FUNCTION differences(a text, b text) RETURNS TABLE (way text, what text) LANGUAGE sql AS $$
    (SELECT a, what FROM left_of(a) EXCEPT ALL SELECT a, what FROM left_of(b))
    UNION ALL (SELECT b, what FROM left_of(b) EXCEPT ALL SELECT b, what FROM left_of(a))
$$;
CALL make('alone');
CALL make('together');
CALL erase_alone('alone');
CALL erase_together('together');
SELECT * FROM differences('alone', 'together');
SELECT id, state, until = 'infinity' AS for_ever, reasons, gone FROM outcome WHERE way = 'together' AND state <> 'completed' ORDER BY id::int;
SELECT state, count(*) FROM outcome WHERE way = 'together' GROUP BY state ORDER BY state;
SELECT id, addressee FROM invoice ORDER BY id;
SELECT id, buyer_name, seller_name, terms FROM sale ORDER BY id;
SELECT id FROM visit ORDER BY id;
SELECT r.relation, count(*) AS records, count(*) FILTER (WHERE redacted IS NOT NULL) AS redacted FROM pv.audit_trail AS r WHERE relation LIKE 'together.%' GROUP BY relation ORDER BY relation;

-- Two runs of the plan, one more for 6, of whom nothing may be taken; and one UPDATE of his before
SELECT count(*) - 1 AS runs FROM run;

-- Once nothing is retained any more they go on, one by one: nobody's values are left
SELECT count(pv.undeclare_retention(relation::regclass, name)::text) FROM pv.retention;
CALL erase_alone('alone');
CALL erase_together('together');
SELECT * FROM differences('alone', 'together');
SELECT what FROM left_of('together') WHERE what ~ '\m([a-z]* )?(1?[0-9]|2[1-4])(,|$|")' AND what ~ 'Name|to |thing|terms of|buyer |seller ' AND what !~ 'seller 25';

-- A clock that a trigger sets back meanwhile: whoever is not told to be held goes on alone
CALL make('wild_alone');
CALL make('wild_together');
CREATE FUNCTION set_back() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    EXECUTE format('UPDATE %I.invoice SET issued = current_date WHERE id = $1', TG_TABLE_SCHEMA) USING NEW.invoice_id;
    RETURN NEW;
END $$;
CREATE TRIGGER set_back BEFORE UPDATE ON wild_alone.line FOR EACH ROW WHEN (NEW.invoice_id = 2) EXECUTE FUNCTION set_back();
CREATE TRIGGER set_back BEFORE UPDATE ON wild_together.line FOR EACH ROW WHEN (NEW.invoice_id = 2) EXECUTE FUNCTION set_back();
CALL erase_alone('wild_alone');
CALL erase_together('wild_together');
SELECT * FROM differences('wild_alone', 'wild_together');
SELECT id, state FROM outcome WHERE way = 'wild_together' AND state <> 'completed' ORDER BY id::int;
SELECT id, issued > current_date - 2 AS today, addressee FROM invoice WHERE id < 3 ORDER BY id;

SELECT count(*) > 10 AS alone FROM run;

-- One whose row cannot be changed: nothing goes of anybody
CALL make('failing');
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not this one'; END $$;
CREATE TRIGGER refuse BEFORE UPDATE ON failing.person FOR EACH ROW WHEN (OLD.id = 17) EXECUTE FUNCTION refuse();
CALL erase_together('failing');
SELECT count(*) FROM failing.person WHERE name IS NOT NULL;
RESET search_path;
DROP SCHEMA alone, together, wild_alone, wild_together, failing CASCADE;
DROP FUNCTION differences(text, text), left_of(text);
DROP PROCEDURE make, erase_alone, erase_together;
DROP TABLE outcome;
DROP EXTENSION pvext;
