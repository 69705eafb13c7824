-- Which words in the strings of a trigger function name something: those that are executed, or resolved.
SET client_min_messages = warning;
CREATE EXTENSION pvext CASCADE;
CREATE SCHEMA shop;
CREATE TABLE shop.person (id int PRIMARY KEY, name text);
CREATE TABLE shop.note (id serial PRIMARY KEY, body text);
CREATE FUNCTION shop.run(sql text) RETURNS void LANGUAGE plpgsql SET search_path = shop, pg_temp AS $$ BEGIN EXECUTE sql; END $$;
SELECT pv.declare_subject('shop.person'), pv.declare_personal('shop.person', '{name}', 'identifying'),
       pv.declare_not_personal('shop.note') \gset

-- a trigger for each body; the name says whether it names the table
CREATE PROCEDURE make(name text, body text) LANGUAGE plpgsql AS $make$ BEGIN
    EXECUTE format('CREATE FUNCTION shop.%I() RETURNS trigger LANGUAGE plpgsql AS %L', name, body);
    EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE ON shop.person FOR EACH ROW EXECUTE FUNCTION shop.%I()', name, name);
END $make$;

-- what is only said, or a value
CALL make('said_raise', $$BEGIN RAISE NOTICE 'a note of % was changed', OLD.id; RETURN NEW; END$$);
CALL make('said_using', $$BEGIN RAISE EXCEPTION USING MESSAGE = 'insert into note failed', HINT = format('see %s in note', 'note'); END$$);
CALL make('said_value', $$BEGIN NEW.name := 'see note'; INSERT INTO shop.note (body) VALUES ('a note of ' || OLD.id, 'update note'); RETURN NEW; END$$);
CALL make('said_compare', $$BEGIN IF NEW.name IN ('note', 'update note') OR NEW.name = 'note' THEN RETURN NULL; END IF; RETURN NEW; END$$);
CALL make('said_beside', $$DECLARE what text := 'the note'; BEGIN EXECUTE 'SELECT 1'; RAISE NOTICE '%: note', what; RETURN NEW; END$$);
CALL make('said_argument', $$BEGIN EXECUTE 'INSERT INTO shop.note (body) VALUES ($1)' USING 'a note'; RETURN NEW; END$$);
CALL make('said_quoted', $$BEGIN RAISE NOTICE 'it''s a note -- %', 1; RAISE NOTICE E'it\'s a note'; RAISE NOTICE $q$'note$q$; RETURN NEW; END$$);
CALL make('said_comment', $$BEGIN -- don't note
 RETURN NEW; /* note's */ END$$);
CALL make('said_other', $$DECLARE q text; BEGIN q := 'DELETE FROM shop.note'; EXECUTE q; NEW.name := 'note'; RETURN NEW; END$$);

-- what is executed
CALL make('runs_literal', $$BEGIN EXECUTE 'INSERT INTO note (body) VALUES (''x'')'; RETURN NEW; END$$);
CALL make('runs_format', $$BEGIN EXECUTE format('INSERT INTO %I (body) VALUES ($1)', 'note') USING OLD.name; RETURN NEW; END$$);
CALL make('runs_variable', $$DECLARE q text; BEGIN q := 'INSERT INTO note'; q := q || ' DEFAULT VALUES'; EXECUTE q; RETURN NEW; END$$);
CALL make('runs_chain', $$DECLARE t text = 'note'; q text; BEGIN IF true THEN q := 'DELETE FROM ' || t; END IF; EXECUTE q; RETURN NEW; END$$);
CALL make('runs_into', $$DECLARE q text; BEGIN SELECT 'DELETE FROM note' INTO q; EXECUTE q; RETURN NEW; END$$);
CALL make('runs_loop', $$DECLARE r record; BEGIN FOR r IN SELECT 'DELETE FROM note' AS q LOOP EXECUTE r.q; END LOOP; RETURN NEW; END$$);
CALL make('runs_cursor', $$DECLARE c refcursor; r record; BEGIN OPEN c FOR EXECUTE 'SELECT * FROM note'; FETCH c INTO r; RETURN NEW; END$$);
CALL make('runs_given', $$BEGIN PERFORM shop.run('DELETE FROM note WHERE body IS NULL'); RETURN NEW; END$$);
CALL make('runs_formatted', $$BEGIN PERFORM shop.run(format('DELETE FROM note WHERE body = %L', OLD.name)); RETURN NEW; END$$);
CALL make('runs_dollar', $$BEGIN EXECUTE $q$DELETE FROM note WHERE body = 'x'$q$; RETURN NEW; END$$);
CALL make('runs_raised', $$DECLARE q text := 'DELETE FROM note'; BEGIN RAISE NOTICE 'doing %', q; EXECUTE q; RETURN NEW; END$$);
-- what is a name
CALL make('name_next', $$BEGIN NEW.id := nextval('note_id_seq'); RETURN NEW; END$$);
CALL make('name_cast', $$BEGIN IF TG_RELID = 'note'::regclass THEN RETURN NULL; END IF; RETURN NEW; END$$);
CALL make('name_typed', $$BEGIN IF TG_RELID = regclass 'note' OR CAST('x' AS text) = '' THEN RETURN NULL; END IF; RETURN NEW; END$$);
CALL make('name_xml', $$BEGIN PERFORM query_to_xml('SELECT * FROM note', true, true, ''); RETURN NEW; END$$);
CALL make('name_bare', $$BEGIN INSERT INTO note DEFAULT VALUES; RETURN NEW; END$$);

SELECT split_part(problem, '"', 2) AS trigger, split_part(problem, '"', 4) AS names FROM pv.check_map() WHERE problem ~ 'without a schema' ORDER BY problem COLLATE "C";
SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgname ~ '^(runs|name)_'
EXCEPT SELECT split_part(problem, '"', 2) FROM pv.check_map() WHERE problem ~ 'without a schema';

DROP SCHEMA shop CASCADE;
DROP PROCEDURE make;
DROP EXTENSION pvext;
