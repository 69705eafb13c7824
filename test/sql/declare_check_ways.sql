-- Where tables refer to each other again and again, ways up to persons multiply from table to table: by three links
-- each there are two million from the 24th. Rows of nobody are counted all the same.
SET client_min_messages = error;
CREATE EXTENSION pvext CASCADE;
CREATE TABLE person (id int PRIMARY KEY, name text);
SELECT pv.declare_subject('person') \gset
SELECT pv.declare_personal('person', '{name}', 'identifying') \gset
CREATE TABLE step_01 (id int PRIMARY KEY, person_id int REFERENCES person, txt text);
SELECT pv.declare_link('step_01', '{person_id}', 'person') \gset
DO $$
DECLARE n int; up int; t text;
BEGIN
  FOR n IN 2 .. 24 LOOP
    t := 'step_' || to_char(n, 'FM00');
    EXECUTE format('CREATE TABLE %I (id int PRIMARY KEY, txt text)', t);
    FOR up IN greatest(n - 3, 1) .. n - 1 LOOP
      EXECUTE format('ALTER TABLE %I ADD up_%s int REFERENCES step_%s', t, up, to_char(up, 'FM00'));
      PERFORM pv.declare_link(t, ARRAY['up_' || up]::name[], 'step_' || to_char(up, 'FM00'));
    END LOOP;
  END LOOP;
  FOR n IN 1 .. 24 LOOP
    PERFORM pv.declare_personal('step_' || to_char(n, 'FM00'), '{txt}', 'other', link => CASE WHEN n > 1 THEN '*' END);
  END LOOP;
END$$;
INSERT INTO person VALUES (1, 'Ada');
INSERT INTO step_01 VALUES (1, 1, 'hers'), (2, NULL, 'of nobody');
INSERT INTO step_02 VALUES (1, 'hers', 1), (2, 'of a row of nobody', 2);
INSERT INTO step_03 VALUES (1, 'hers', 1, 1), (2, 'of a row of nobody', NULL, 2), (3, 'hers by one of two', 1, 2);
INSERT INTO step_22 VALUES (1, 'of nobody', NULL, NULL, NULL);
INSERT INTO step_24 (id, txt, up_22) VALUES (1, 'of a row of nobody', 1), (2, 'of nobody', NULL);
SELECT relation, problem FROM pv.check_map() WHERE problem LIKE '%nobody%' ORDER BY relation::text;
-- Nor are all of them gone, to see whether somebody lives who refers to a row.
CREATE TABLE address (id int PRIMARY KEY, street text);
ALTER TABLE step_24 ADD address_id int REFERENCES address;
SELECT pv.declare_link('address', '{id}', 'step_24', '{address_id}', shared => 'last') \gset
SELECT pv.declare_personal('address', '{street}', 'address', link => '*') \gset
INSERT INTO person VALUES (2, 'Odd');
INSERT INTO address VALUES (1, 'of both'), (2, 'of one');
INSERT INTO step_01 VALUES (8, 1, 'hers'), (9, 2, 'his');
DO $$
DECLARE n int; id int; up text;
BEGIN
  FOR n IN 2 .. 24 LOOP
    SELECT string_agg('up_' || i, ', ') INTO up FROM generate_series(greatest(n - 3, 1), n - 1) AS i;
    FOREACH id IN ARRAY ARRAY[8, 9] LOOP
      EXECUTE format('INSERT INTO step_%s (id, txt, %s) VALUES (%s, %L, %s)', to_char(n, 'FM00'), up, id,
        CASE id WHEN 8 THEN 'hers' ELSE 'his' END, regexp_replace(up, 'up_\d+', id::text, 'g'));
    END LOOP;
  END LOOP;
END$$;
UPDATE step_24 SET address_id = 1 WHERE id IN (8, 9);
INSERT INTO step_24 (id, txt, up_23, address_id) VALUES (10, 'hers', 8, 2);
SELECT relation, problem FROM pv.check_map() WHERE problem LIKE '%nobody%' AND relation ~ 'address';
SELECT state FROM pv.erase_subject('person', '1');
SELECT * FROM address ORDER BY id;
SELECT id, txt, address_id FROM step_24 ORDER BY id;
SELECT state FROM pv.erase_subject('person', '2');
SELECT * FROM address ORDER BY id;
