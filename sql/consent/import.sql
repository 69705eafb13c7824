CREATE FUNCTION pv.import_consent(subject regclass, key text, purpose text, action text, claimed_at timestamptz,
                                  source text, version text DEFAULT NULL, language text DEFAULT NULL,
                                  channel text DEFAULT NULL, expires timestamptz DEFAULT NULL,
                                  evidence jsonb DEFAULT NULL)
    RETURNS text LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_import_consent';
COMMENT ON FUNCTION pv.import_consent(regclass, text, text, text, timestamptz, text, text, text, text, timestamptz, jsonb) IS
    'records what an earlier system says that a subject has done (given or withdrawn a consent; objected to another purpose, or allowed it again), with when and where that is known from, beside who imports it and when; what was done later counts before it. Returns recorded, expired, superseded by something later, repeated (the same was imported before), or suppressed: that somebody allows something who was erased, or is on a list, is not recorded. Errors: P0002 no such subject, 42704 no such purpose or text, 42809 the purpose does not rest on consent, or does, 22023 no such action, or in the future';
CREATE FUNCTION pv.import_consent(subject regclass, key anyelement, purpose text, action text, claimed_at timestamptz,
                                  source text, version text DEFAULT NULL, language text DEFAULT NULL,
                                  channel text DEFAULT NULL, expires timestamptz DEFAULT NULL,
                                  evidence jsonb DEFAULT NULL)
    RETURNS text LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_import_consent';
COMMENT ON FUNCTION pv.import_consent(regclass, anyelement, text, text, timestamptz, text, text, text, text, timestamptz, jsonb) IS 'the same for a typed key';
CREATE FUNCTION pv.import_consents(subject regclass, claims regclass, source text,
                                   OUT outcome text, OUT rows bigint, OUT keys text[])
    RETURNS SETOF record LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_import_consents';
COMMENT ON FUNCTION pv.import_consents(regclass, regclass, text) IS
    'as import_consent, for each row of a table or view with the columns key, purpose, action, claimed_at and, where known, version, language, channel, expires, evidence; it is read as the caller. Returns how many rows came to which outcome, with the first hundred keys: those of import_consent, and undated, future and unknown (there is no such subject), which are not recorded. Errors: 42703 a column is missing, 42704 no such purpose or text, 42809 the purpose does not rest on consent, or does, 22023 no such action';
CREATE FUNCTION pv.import_suppressions(entries text[], source text,
                                       OUT outcome text, OUT rows bigint, OUT unusable text[])
    RETURNS SETOF record LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_import_suppressions';
COMMENT ON FUNCTION pv.import_suppressions(text[], text) IS
    'remembers who is not to be written to, by e-mail address, telephone number, or SHA-256 or MD5, in hexadecimal, of an e-mail address in small letters; only keyed digests are kept. Consents of theirs that were only imported end. Returns how many entries were added, known, or unusable (with the first hundred of these), and how many consents ended';
