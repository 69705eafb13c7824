-- Seal all that has been committed: others, such as autovacuum, may have transactions of their own for a moment.
CREATE FUNCTION public.seal() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    WHILE pg_snapshot_xmin(pg_current_snapshot()) <= (SELECT max(l.xid::text::bigint)::text::xid8 FROM pv.audit_log AS l WHERE l.incarnation <> 1) LOOP
        PERFORM pg_sleep(0.01);
    END LOOP;
    RETURN pv.seal_audit();
END $$;
