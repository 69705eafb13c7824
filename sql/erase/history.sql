-- What has a ledger of its own is not written down twice.
CREATE VIEW pv.event AS
    SELECT id, at, login, role, call, subject_digest FROM pv.event_record
    UNION ALL
    SELECT e.id, e.at, CAST(e.login AS name), CAST(e.role AS name),
           format('%s(%I.%I, %s)',
                  CASE WHEN e.source IS NOT NULL THEN 'import_consents' ELSE CASE e.action WHEN 'requested' THEN 'request_consent' WHEN 'given' THEN 'give_consent'
                                WHEN 'withdrawn' THEN 'withdraw_consent' WHEN 'expired' THEN 'expire_consent' WHEN 'objected' THEN 'object_to'
                                WHEN 'allowed' THEN 'withdraw_objection' ELSE 'erase_subject' END END,
                  r.schema, r.name, p.name),
           coalesce(s.subject_digest, s.former_digest)
    FROM pv.consent_event e
    JOIN pv.relation r ON r.id = e.relation_id
    JOIN pv.purpose p ON p.id = e.purpose_id
    LEFT JOIN pv.consent_state s ON s.id = e.consent_id
    UNION ALL
    SELECT e.id, e.at, CAST(e.login AS name), CAST(e.role AS name),
           format('%s(%I.%I, %s)',
                  CASE e.action WHEN 'accepted' THEN 'accept_agreement' WHEN 'ended' THEN 'end_agreement'
                                ELSE 'erase_subject' END,
                  r.schema, r.name, e.name),
           s.subject_digest
    FROM pv.agreement_event e
    JOIN pv.relation r ON r.id = e.relation_id
    LEFT JOIN pv.agreement_state s ON s.id = e.agreement_id;
COMMENT ON VIEW pv.event IS 'every call that changed what pvext keeps';
COMMENT ON COLUMN pv.event.id IS 'its number';
COMMENT ON COLUMN pv.event.at IS 'when the call was recorded';
COMMENT ON COLUMN pv.event.login IS 'who logged in (session_user)';
COMMENT ON COLUMN pv.event.role IS 'as whom the call was made (current_user)';
COMMENT ON COLUMN pv.event.call IS 'the function and what it was about, without any key';
COMMENT ON COLUMN pv.event.subject_digest IS 'HMAC of the subject''s key, where the call was about one subject';
