-- Texts that lose what identifies whoever they are about: what comes out for many persons of one
-- call is what comes out for each alone. The same map and rows twice, erased one by one and together.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
SET pvext.erasure_limit = 0;
SET pvext.audit_reads = off;
CREATE TABLE outcome (way text, id text, state text, until timestamptz, reasons text, gone boolean);
CREATE PROCEDURE make(way text) LANGUAGE plpgsql AS $make$
BEGIN
    EXECUTE format('CREATE SCHEMA %I', way);
    PERFORM set_config('search_path', way || ', public', false);
    CREATE TABLE person (id int PRIMARY KEY, name text, bio text, debt boolean DEFAULT false);
    CREATE TABLE alias (id int PRIMARY KEY, person_id int REFERENCES person, alias text);
    CREATE TABLE note (id int PRIMARY KEY, person_id int REFERENCES person, body text, seen int DEFAULT 0);
    CREATE TABLE remark (id int PRIMARY KEY, note_id int REFERENCES note, body varchar(24));
    CREATE TABLE message (id int PRIMARY KEY, sender int REFERENCES person, receiver int REFERENCES person, body text, doc jsonb,
        raw json, tag char(40));
    CREATE TABLE invoice (id int PRIMARY KEY, person_id int REFERENCES person, addressee text, issued date);
    CREATE TABLE run (what text);
    CREATE FUNCTION count_run() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('INSERT INTO %I.run VALUES (%L)', TG_TABLE_SCHEMA, TG_OP); RETURN NULL; END $$;
    CREATE TRIGGER count_run AFTER UPDATE ON note FOR EACH STATEMENT EXECUTE FUNCTION count_run();
    CREATE INDEX ON alias (person_id);
    CREATE INDEX ON note (person_id);
    CREATE INDEX ON remark (note_id);
    CREATE INDEX ON message (sender);
    CREATE INDEX ON message (receiver);
    CREATE INDEX ON invoice (person_id);
    PERFORM pv.declare_subject('person'), pv.declare_link('alias', '{person_id}', 'person', on_erase => 'delete'),
            pv.declare_link('note', '{person_id}', 'person'), pv.declare_link('remark', '{note_id}', 'note'),
            pv.declare_link('message', '{sender}', 'person', name => 'sender'), pv.declare_link('message', '{receiver}', 'person', name => 'receiver'),
            pv.declare_link('invoice', '{person_id}', 'person');
    PERFORM pv.declare_personal('person', '{name}', 'identifying'), pv.declare_personal('person', '{bio}', 'text', erase_with => 'redact'),
            pv.declare_personal('alias', '{alias}', 'identifying'), pv.declare_personal('note', '{body}', 'text', erase_with => 'redact'),
            pv.declare_personal('remark', '{body}', 'text', erase_with => 'redact', parameter => '***'),
            pv.declare_personal('message', '{body,doc,raw,tag}', 'text', link => '*', erase_with => 'redact'),
            pv.declare_personal('invoice', '{addressee}', 'address');
    PERFORM pv.declare_retention('invoice', 'books', '5 years', 'issued', 'law', mandatory => true);
    PERFORM pv.declare_blocker('person', 'owes', 'debt', 'owes us money'), pv.declare_blocker('person', 'young', 'seen < 0', 'is asked', 'note');
    PERFORM pv.enable_audit(t::regclass) FROM unnest('{person,alias,note,remark,message,invoice}'::text[]) AS t;
    INSERT INTO person SELECT i, 'Name ' || i, 'I am Name ' || i || ', not Name 25', i = 20 FROM generate_series(1, 26) AS i;
    -- names that are parts of others', one that is too long to be looked for, and none
    UPDATE person SET name = (ARRAY['Anna', 'Anna Lee', 'Lee Berg', 'Anna Lee Berg', 'Berg'])[id] WHERE id <= 5;
    UPDATE person SET name = repeat('long ', 20000) WHERE id = 18;
    UPDATE person SET name = NULL WHERE id = 19;
    INSERT INTO alias VALUES (1, 9, '555 0199 22'), (2, 10, 'ten@x.no'), (3, 14, 'Fourteenth'), (4, 14, 'fourteen@x.no');
    -- of everybody; 6 and 7 share a text, that of 8 names 9, who has nothing to do with it
    INSERT INTO note SELECT i, i, 'of ' || coalesce(name, 'nobody') FROM person, generate_series(id, id) AS i WHERE id <> 18;
    INSERT INTO note SELECT 100 + i, i, 'Anna Lee Berg, Anna Lee, Lee Berg, Berg and Anna' FROM generate_series(1, 5) AS i;
    INSERT INTO note VALUES (110, 6, 'Name 6 met Name 7'), (111, 7, 'Name 6 met Name 7'), (112, 8, 'Name 8 met Name 9'), (113, 9, 'called from 5550199-22'),
        (114, 10, NULL), (115, 11, '[redacted]'), (116, 18, 'long long'), (117, 19, 'nobody'), (118, 14, 'Name 14, NAME 14, "fourteenth", FOURTEEN@x.no'), (119, 20, 'Name 20 owes'), (120, 20, 'Name 1');
    INSERT INTO remark SELECT id, id, left('about ' || body, 24) FROM note WHERE body IS NOT NULL;
    -- persons of the call in one row, with one who stays, who went before, and who writes to himself
    INSERT INTO message SELECT row_number() OVER (), a, b, p.name || ' and ' || q.name || ', ' || q.name || ' ' || p.name || ', Name 6',
            jsonb_build_object('from', p.name, 'to', ARRAY[q.name, 'Name 25'], p.name || '!', 5550199, 'n', 555019922, 'm', 'ten@x.no',
                p.name || ' ' || q.name || '!!', 1, q.name || ' of others', 2),
            json_build_object(q.name, p.name, p.name || ' ' || q.name || '!!', 1, q.name || ' of others', 2), q.name || ' & ' || p.name
        FROM (VALUES (1, 2), (2, 3), (4, 3), (5, 4), (9, 10), (10, 9), (11, 25), (12, 26), (26, 13), (15, 15), (16, 20), (21, 22)) AS v(a, b)
        JOIN person AS p ON p.id = a JOIN person AS q ON q.id = b;
    INSERT INTO invoice VALUES (1, 22, 'Name 22', '2001-01-01'), (2, 23, 'Name 23', current_date), (3, 24, 'Name 24', NULL);
    UPDATE note SET body = body || '.' WHERE id IN (1, 112);
    DELETE FROM remark WHERE id = 113;
END $make$;

-- 26 goes before the others, of whom 25 stays
CREATE PROCEDURE erase_alone(way text) LANGUAGE plpgsql AS $$ BEGIN
    PERFORM set_config('search_path', way || ', public', false);
    PERFORM pv.erase_subject('person', 26);
    FOR i IN 1..24 LOOP
        INSERT INTO outcome SELECT way, key, state, retained_until, array_to_string(blocked_by, ', '), executed_by IS NOT NULL FROM pv.erase_subject('person', i);
    END LOOP;
END $$;
CREATE PROCEDURE erase_together(way text) LANGUAGE plpgsql AS $$ BEGIN
    PERFORM set_config('search_path', way || ', public', false);
    PERFORM pv.erase_subject('person', 26);
    INSERT INTO outcome SELECT way, key, state, retained_until, array_to_string(blocked_by, ', '), executed_by IS NOT NULL
        FROM pv.erase_subjects('person', (SELECT array_agg(i::text) FROM generate_series(1, 24) AS i));
END $$;

-- What is left in the tables and in the log, whoever wrote it, and of how many persons texts are known
CREATE FUNCTION left_of(of text) RETURNS TABLE (what text) LANGUAGE plpgsql AS $$
DECLARE
    t text;
BEGIN
    RETURN QUERY SELECT concat_ws('|', id, state, until, reasons, gone) FROM outcome WHERE way = of;
    FOREACH t IN ARRAY '{person,alias,note,remark,message,invoice}'::text[] LOOP
        RETURN QUERY EXECUTE format('SELECT %L || x::text FROM %I.%I AS x', t, of, t);
    END LOOP;
    FOREACH t IN ARRAY '{person.bio,note.body,remark.body,message.body,message.doc,message.raw,message.tag}'::text[] LOOP
        RETURN QUERY EXECUTE format('SELECT DISTINCT concat_ws(''|'', %L, x.id, count(r.*)) FROM %I.%I AS x'
            ' LEFT JOIN (pv.redaction AS r JOIN pv.relation AS n ON n.id = r.relation_id AND n.relation = %L::regclass)'
            ' ON r.digest = sha256(convert_to(x.%I::text, getdatabaseencoding())) AND r.column_name = %L GROUP BY x.id',
            t, of, split_part(t, '.', 1), of || '.' || split_part(t, '.', 1), split_part(t, '.', 2), split_part(t, '.', 2));
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
SELECT id, state, reasons FROM outcome WHERE way = 'together' AND state <> 'completed' ORDER BY id::int;
SELECT id, bio FROM person WHERE id IN (1, 18, 19, 20, 25, 26) ORDER BY id;
SELECT id, person_id, body FROM note ORDER BY id;
SELECT id, body FROM remark WHERE id > 100 ORDER BY id;
SELECT id, sender, receiver, body, doc FROM message ORDER BY id;
SELECT id, raw, tag FROM message ORDER BY id;

-- The run of 26, that of most, that of those of whom rules retain something, and that of 20
SELECT count(*) < 6 AS together FROM run;
SELECT count(*) > 20 AS alone FROM alone.run;

-- Those of whom something stayed, and texts that were known: a second erasure takes no more than it should
UPDATE alone.person SET debt = false;
UPDATE together.person SET debt = false;
DELETE FROM outcome;
CALL erase_alone('alone');
CALL erase_together('together');
SELECT * FROM differences('alone', 'together');
SELECT id, body FROM note WHERE person_id = 20 ORDER BY id;
SELECT id, body FROM message WHERE 26 IN (sender, receiver) ORDER BY id;

-- A trigger that writes into others' rows: what only together seems to be wrong is none
CALL make('busy_alone');
CALL make('busy_together');
CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    EXECUTE format('UPDATE %I.note SET seen = seen + 1 WHERE id = 25', TG_TABLE_SCHEMA);
    RETURN NEW;
END $$;
CREATE TRIGGER see BEFORE UPDATE ON busy_alone.remark FOR EACH ROW EXECUTE FUNCTION see();
CREATE TRIGGER see BEFORE UPDATE ON busy_together.remark FOR EACH ROW EXECUTE FUNCTION see();
CALL erase_alone('busy_alone');
CALL erase_together('busy_together');
SELECT * FROM differences('busy_alone', 'busy_together');
SELECT count(*) > 20 AS alone FROM busy_together.run;

-- One who is written back, and one whose row cannot be changed: nothing goes of anybody
CALL make('failing');
CREATE FUNCTION write_back() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.body := OLD.body; RETURN NEW; END $$;
CREATE TRIGGER write_back BEFORE UPDATE ON failing.note FOR EACH ROW WHEN (OLD.id = 17) EXECUTE FUNCTION write_back();
CALL erase_together('failing');
DROP TRIGGER write_back ON failing.note;
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not this one'; END $$;
CREATE TRIGGER refuse BEFORE UPDATE ON failing.note FOR EACH ROW WHEN (OLD.id = 17) EXECUTE FUNCTION refuse();
CALL erase_together('failing');
SELECT count(*) FROM failing.note WHERE body ~ 'redacted';
DROP TRIGGER refuse ON failing.note;
CALL erase_together('failing');
SELECT * FROM differences('failing', 'busy_alone') WHERE what NOT LIKE 'note%';

-- A table's owner cannot ask what texts hold by the functions of the statements
SELECT pv.holds_of('Name 25', 1, '{25}');
RESET search_path;
DROP SCHEMA alone, together, busy_alone, busy_together, failing CASCADE;
DROP FUNCTION differences(text, text), left_of(text);
DROP PROCEDURE make, erase_alone, erase_together;
DROP TABLE outcome;
DROP EXTENSION pvext;
