CREATE FUNCTION pv.ddl_command_start() RETURNS event_trigger
    LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_ddl_command_start';
COMMENT ON FUNCTION pv.ddl_command_start() IS
    'event trigger: makes way for partitions that come back, and with pvext.strict_ddl refuses what cannot be stopped later';
CREATE EVENT TRIGGER pvext_ddl_command_start ON ddl_command_start WHEN TAG IN ('ALTER TABLE')
    EXECUTE FUNCTION pv.ddl_command_start();
COMMENT ON EVENT TRIGGER pvext_ddl_command_start IS 'pvext: before ALTER TABLE';

CREATE FUNCTION pv.ddl_command_end() RETURNS event_trigger
    LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_ddl_command_end';
COMMENT ON FUNCTION pv.ddl_command_end() IS
    'event trigger: the data map follows new names, takes up tables that return, and warns of what a command breaks';
CREATE EVENT TRIGGER pvext_ddl_command_end ON ddl_command_end EXECUTE FUNCTION pv.ddl_command_end();
COMMENT ON EVENT TRIGGER pvext_ddl_command_end IS 'pvext: the data map follows DDL';

CREATE FUNCTION pv.sql_drop() RETURNS event_trigger
    LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_sql_drop';
COMMENT ON FUNCTION pv.sql_drop() IS
    'event trigger: declarations of a dropped table stay as orphans; with pvext.strict_ddl the command is refused';
CREATE EVENT TRIGGER pvext_sql_drop ON sql_drop EXECUTE FUNCTION pv.sql_drop();
COMMENT ON EVENT TRIGGER pvext_sql_drop IS 'pvext: the data map outlives dropped tables';
