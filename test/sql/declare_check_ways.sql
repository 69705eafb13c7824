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
