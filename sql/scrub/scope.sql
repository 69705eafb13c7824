-- What a scrub covers. Columns that are erased are the personal ones, those that
-- follow a key that is personal, and all of rows that are deleted.
CREATE VIEW pv.erased_column AS
    WITH RECURSIVE deleted AS (
        SELECT relation_id FROM pv.declared_link WHERE on_erase = 'delete'
        UNION
        SELECT relation_id FROM pv.declared_retention WHERE action = 'delete'
    ), erased (relation_id, column_name) AS (
        (SELECT relation_id, column_name FROM pv.declared_personal
         UNION
         SELECT d.relation_id, a.attname
         FROM deleted AS d JOIN pv.relation AS r ON r.id = d.relation_id
         JOIN pg_attribute AS a ON a.attrelid = r.relation AND a.attnum > 0 AND NOT a.attisdropped)
        UNION
        SELECT l.relation_id, c.name
        FROM erased AS e JOIN pv.declared_link AS l ON l.parent_id = e.relation_id
        CROSS JOIN LATERAL unnest(l.columns, l.parent_columns) AS c(name, parent_name)
        WHERE c.parent_name = e.column_name
    )
    SELECT relation_id, column_name FROM erased
    UNION
    -- what is made from them by the server
    SELECT e.relation_id, g.attname
    FROM erased AS e
    JOIN pv.relation AS r ON r.id = e.relation_id
    JOIN pg_attribute AS a ON a.attrelid = r.relation AND a.attname = e.column_name
    JOIN pg_depend AS d ON d.classid = CAST('pg_attrdef' AS regclass) AND d.refclassid = CAST('pg_class' AS regclass)
         AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum
    JOIN pg_attrdef AS f ON f.oid = d.objid
    JOIN pg_attribute AS g ON g.attrelid = f.adrelid AND g.attnum = f.adnum AND g.attgenerated <> '';
COMMENT ON VIEW pv.erased_column IS 'the columns whose values may be erased';
COMMENT ON COLUMN pv.erased_column.relation_id IS 'the table, by its id in pv.relation';
COMMENT ON COLUMN pv.erased_column.column_name IS 'the column';

CREATE VIEW pv.scrub_scope AS
    WITH RECURSIVE mapped (id, relation, erased) AS (
        SELECT r.id, CAST(r.relation AS oid), r.id IN (SELECT relation_id FROM pv.erased_column)
        FROM pv.relation AS r
        WHERE r.relation IS NOT NULL
          AND r.id IN (SELECT relation_id FROM pv.erased_column
                       UNION SELECT relation_id FROM pv.declared_subject
                       UNION SELECT relation_id FROM pv.declared_link)
        UNION
        SELECT m.id, i.inhrelid, m.erased FROM mapped AS m JOIN pg_inherits AS i ON i.inhparent = m.relation
    ), tree (id, relation, erased) AS (
        -- a column that has been dropped leaves its values, whether it was personal or not
        SELECT m.id, m.relation, m.erased FROM mapped AS m
        WHERE m.erased OR EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = m.relation AND a.attisdropped)
    ), dependent (class, object, level) AS (
        -- views, and functions whose bodies are parsed
        SELECT CAST(CAST('pg_class' AS regclass) AS oid), relation, 0 FROM tree WHERE erased
        UNION
        SELECT CASE WHEN w.oid IS NULL THEN p.classid ELSE CAST('pg_class' AS regclass) END, coalesce(w.ev_class, p.objid),
               CASE WHEN w.oid IS NULL THEN d.level ELSE d.level + 1 END
        FROM dependent AS d
        JOIN pg_depend AS p ON p.refclassid = d.class AND p.refobjid = d.object
             AND p.classid IN (CAST('pg_rewrite' AS regclass), CAST('pg_proc' AS regclass))
        LEFT JOIN pg_rewrite AS w ON p.classid = CAST('pg_rewrite' AS regclass) AND w.oid = p.objid
        WHERE coalesce(w.ev_class, p.objid) <> d.object
    )
    SELECT t.id AS relation_id, c.oid AS relation, CASE c.relkind WHEN 'p' THEN 'partitioned table' WHEN 'f' THEN 'foreign table' ELSE 'table' END AS kind, 0 AS level
    FROM tree AS t JOIN pg_class AS c ON c.oid = t.relation
    WHERE c.relkind IN ('r', 'p', 'f')
    UNION ALL
    SELECT NULL, c.oid, 'materialized view', max(d.level)
    FROM dependent AS d JOIN pg_class AS c ON d.class = CAST('pg_class' AS regclass) AND c.oid = d.object
    WHERE c.relkind = 'm' AND c.relispopulated
    GROUP BY c.oid
    UNION ALL
    SELECT NULL, c.oid, 'pvext''s own table', 0
    FROM pg_class AS c
    WHERE c.relnamespace = CAST('pv' AS regnamespace) AND c.relkind = 'r'
    UNION ALL
    SELECT NULL, CAST(v.relation AS oid), 'system catalog', 0
    FROM (VALUES (CAST('pg_statistic' AS regclass)), ('pg_statistic_ext_data'), ('pg_attribute')) AS v(relation)
    UNION ALL
    -- where a column that is erased may refer to large objects
    SELECT NULL, CAST(CAST('pg_largeobject' AS regclass) AS oid), 'system catalog', 0
    WHERE EXISTS (
        SELECT FROM pv.erased_column AS e JOIN pv.relation AS r ON r.id = e.relation_id
        JOIN pv.declared_personal AS p ON p.relation_id = e.relation_id AND p.column_name = e.column_name
        JOIN pg_attribute AS a ON a.attrelid = r.relation AND a.attname = e.column_name
        JOIN pg_type AS y ON y.oid = a.atttypid
        WHERE 26 IN (y.oid, y.typbasetype));
COMMENT ON VIEW pv.scrub_scope IS 'the relations that a scrub covers, each with its TOAST table and indexes';
COMMENT ON COLUMN pv.scrub_scope.relation_id IS 'the table of the data map that it is or belongs to, by its id in pv.relation';
COMMENT ON COLUMN pv.scrub_scope.relation IS 'the relation';
COMMENT ON COLUMN pv.scrub_scope.kind IS 'what it is';
COMMENT ON COLUMN pv.scrub_scope.level IS 'a materialized view comes after those of lower levels, which it may be made from';

-- An index keeps values longer than the rows that had them: a btree to part its
-- pages, GIN as entries, BRIN as the ends of ranges, GiST and SP-GiST in inner pages.
CREATE VIEW pv.scrub_index AS
    SELECT i.indexrelid AS index, i.indrelid AS relation, NOT i.indisexclusion AS online,
           NOT i.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$' AS cut_off
    FROM pv.scrub_scope AS s
    JOIN pg_index AS i ON i.indrelid = s.relation
    JOIN pg_class AS c ON c.oid = i.indexrelid AND c.relkind = 'i'
    WHERE s.kind = 'table'
      AND (i.indisexclusion OR EXISTS (
          SELECT FROM pv.erased_column AS e
          JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attname = e.column_name
          WHERE e.relation_id = s.relation_id
            AND (a.attnum = ANY (CAST(i.indkey AS smallint[])) OR EXISTS (
                SELECT FROM pg_depend AS d
                WHERE d.classid = CAST('pg_class' AS regclass) AND d.objid = i.indexrelid
                  AND d.refclassid = CAST('pg_class' AS regclass) AND d.refobjid = i.indrelid
                  AND d.refobjsubid IN (0, a.attnum)))))
    UNION
    SELECT i.indexrelid, i.indrelid, true, NOT i.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$'
    FROM pv.scrub_scope AS s
    JOIN pg_index AS i ON i.indrelid = s.relation
    JOIN pg_class AS c ON c.oid = i.indexrelid
    JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = ANY (CAST(i.indkey AS smallint[]))
    WHERE s.kind = 'pvext''s own table' AND a.attname IN ('key', 'former_key');
COMMENT ON VIEW pv.scrub_index IS 'the indexes that a scrub builds anew, since they keep values that were erased';
COMMENT ON COLUMN pv.scrub_index.index IS 'the index';
COMMENT ON COLUMN pv.scrub_index.relation IS 'its table';
COMMENT ON COLUMN pv.scrub_index.online IS 'whether it can be built beside others that write to the table';
COMMENT ON COLUMN pv.scrub_index.cut_off IS 'whether it is what a REINDEX CONCURRENTLY left that was cut off';
