-- Nothing in pv is anybody's until it is granted, by pv.grant_role() or by
-- hand, but for the functions that only compute, and that of the audit's
-- triggers, which whoever adds a partition to an audited table needs. Default
-- privileges of the role that installs are undone, too.
REVOKE ALL ON ALL TABLES IN SCHEMA pv FROM PUBLIC;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA pv FROM PUBLIC;
REVOKE ALL ON ALL ROUTINES IN SCHEMA pv FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    pv.accounting_year_end(date, integer),
    pv.accounting_year_end(timestamp, integer),
    pv.accounting_year_end(timestamptz, integer),
    pv.remove_path(jsonb, text[]),
    pv.redact_text(text, text[], text, boolean, integer),
    pv.holds_text(text, text[], text, boolean, integer),
    pv.redact_json(json, text[], text, boolean),
    pv.holds_json(json, text[], text, boolean),
    pv.redact_of(text, bigint, text[]),
    pv.holds_of(text, bigint, text[]),
    pv.audit_change()
    TO PUBLIC;
