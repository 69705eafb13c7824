CREATE TABLE pv.consent_text (
    id           integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    purpose_id   integer NOT NULL,
    version      text NOT NULL CHECK (version <> ''),
    language     text NOT NULL CHECK (language <> ''),
    body         text NOT NULL CHECK (body <> ''),
    digest       bytea NOT NULL,
    declared_at  timestamptz NOT NULL DEFAULT now(),
    declared_by  name NOT NULL,
    withdrawn_at timestamptz,
    UNIQUE (purpose_id, version, language)
);
COMMENT ON TABLE pv.consent_text IS 'the words that consents are given to; they never change';
COMMENT ON COLUMN pv.consent_text.id IS 'its number';
COMMENT ON COLUMN pv.consent_text.purpose_id IS 'the purpose, by its id in pv.purpose';
COMMENT ON COLUMN pv.consent_text.version IS 'the version, by which consents are given';
COMMENT ON COLUMN pv.consent_text.language IS 'the language that the words are in';
COMMENT ON COLUMN pv.consent_text.body IS 'the words';
COMMENT ON COLUMN pv.consent_text.digest IS 'SHA-256 of the words in UTF-8';
COMMENT ON COLUMN pv.consent_text.declared_at IS 'when it was declared';
COMMENT ON COLUMN pv.consent_text.declared_by IS 'which login declared it';
COMMENT ON COLUMN pv.consent_text.withdrawn_at IS 'from when on nobody can consent to it any more; NULL for not';
COMMENT ON SEQUENCE pv.consent_text_id_seq IS 'numbers of consent texts';
SELECT pg_extension_config_dump('pv.consent_text', '');
SELECT pg_extension_config_dump('pv.consent_text_id_seq', '');
CREATE TRIGGER map_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON pv.consent_text
    FOR EACH STATEMENT EXECUTE FUNCTION pv.map_changed();
ALTER TABLE pv.consent_text ENABLE ALWAYS TRIGGER map_changed;
CREATE FUNCTION pv.refuse_text_change() RETURNS trigger
    LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_refuse_text_change';
COMMENT ON FUNCTION pv.refuse_text_change() IS 'trigger of the consent texts: refuses to everyone all changes but withdrawing one';
CREATE TRIGGER refuse_text_change BEFORE UPDATE OR DELETE ON pv.consent_text
    FOR EACH ROW EXECUTE FUNCTION pv.refuse_text_change();
ALTER TABLE pv.consent_text ENABLE ALWAYS TRIGGER refuse_text_change;
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON pv.consent_text
    FOR EACH STATEMENT EXECUTE FUNCTION pv.refuse_text_change();
ALTER TABLE pv.consent_text ENABLE ALWAYS TRIGGER refuse_truncate;

-- These two tables are written without statements: src/consent/state.c names their
-- columns by number, and knows of no index with a predicate or an expression.
--
-- The person stands in the state alone: an erasure takes the key from here, and
-- the ledger's rows are nobody's from then on, without being touched.
CREATE TABLE pv.consent_state (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    relation_id    integer NOT NULL,
    purpose_id     integer NOT NULL,
    key            text COLLATE "C",
    former_key     text COLLATE "C",
    subject_digest bytea,
    former_digest  bytea,
    state          text NOT NULL
                   CHECK (state IN ('requested', 'given', 'withdrawn', 'expired', 'objected', 'allowed', 'erased')),
    since          timestamptz NOT NULL,
    given          boolean NOT NULL,
    expires        timestamptz,
    kept_until     timestamptz,
    imported       boolean NOT NULL DEFAULT false,
    CONSTRAINT consent_state_key UNIQUE (relation_id, key, purpose_id),
    CHECK (given = (state = 'given')),
    CONSTRAINT consent_state_of_somebody CHECK ((key IS NULL) = (state = 'erased')),
    CHECK (key IS NULL OR former_key IS NULL)
);
COMMENT ON TABLE pv.consent_state IS 'each subject''s consent or objection as it is now; read it as pv.consent';
COMMENT ON COLUMN pv.consent_state.id IS 'by which the ledger''s rows name it';
COMMENT ON COLUMN pv.consent_state.relation_id IS 'the subject table, by its id in pv.relation';
COMMENT ON COLUMN pv.consent_state.purpose_id IS 'the purpose, by its id in pv.purpose';
COMMENT ON COLUMN pv.consent_state.key IS 'the subject''s key; NULL from its erasure on';
COMMENT ON COLUMN pv.consent_state.former_key IS 'the key of a subject that has been erased, while pvext.consent_keep keeps the proof; else NULL';
COMMENT ON COLUMN pv.consent_state.subject_digest IS 'HMAC of the subject''s key; NULL from its erasure on';
COMMENT ON COLUMN pv.consent_state.former_digest IS 'HMAC of the key that an erased subject''s row has now, while the proof is kept; else NULL';
COMMENT ON COLUMN pv.consent_state.state IS 'what was last done: requested, given, withdrawn, expired, objected, allowed (an objection taken back) or erased';
COMMENT ON COLUMN pv.consent_state.since IS 'when that was done or, of what was imported, is said to have been';
COMMENT ON COLUMN pv.consent_state.given IS 'whether there is a consent, in force until it expires';
COMMENT ON COLUMN pv.consent_state.expires IS 'when the consent expires, or expired; NULL for never';
COMMENT ON COLUMN pv.consent_state.kept_until IS 'until when the proof is kept of a subject that has been erased; else NULL';
COMMENT ON COLUMN pv.consent_state.imported IS 'whether that was imported, and nobody has witnessed it here';
COMMENT ON SEQUENCE pv.consent_state_id_seq IS 'numbers of consent states';
CREATE INDEX ON pv.consent_state (former_digest);
SELECT pg_extension_config_dump('pv.consent_state', '');
SELECT pg_extension_config_dump('pv.consent_state_id_seq', '');

CREATE TABLE pv.consent_event (
    id          bigint PRIMARY KEY DEFAULT nextval('pv.event_id_seq'),
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    consent_id  bigint NOT NULL,
    relation_id integer NOT NULL,
    purpose_id  integer NOT NULL,
    action      text NOT NULL
                CHECK (action IN ('requested', 'given', 'withdrawn', 'expired', 'objected', 'allowed', 'erased')),
    version     text,
    language    text,
    text_digest bytea,
    channel     text,
    expires     timestamptz,
    login       text NOT NULL,
    role        text NOT NULL,
    evidence    bytea,
    claimed_at  timestamptz,
    source      text CONSTRAINT consent_event_source CHECK (source <> ''),
    CONSTRAINT consent_event_claim CHECK ((claimed_at IS NULL) = (source IS NULL))
);
COMMENT ON TABLE pv.consent_event IS 'the consent ledger: what was done, in its order, never changed; read it as pv.consent_history';
COMMENT ON COLUMN pv.consent_event.id IS 'its number';
COMMENT ON COLUMN pv.consent_event.at IS 'when it was done, or was imported';
COMMENT ON COLUMN pv.consent_event.consent_id IS 'whose consent to what, by its id in pv.consent_state';
COMMENT ON COLUMN pv.consent_event.relation_id IS 'the subject table of then, by its id in pv.relation';
COMMENT ON COLUMN pv.consent_event.purpose_id IS 'the purpose, by its id in pv.purpose';
COMMENT ON COLUMN pv.consent_event.action IS 'what was done: requested, given, withdrawn, expired, objected, allowed (an objection taken back) or erased';
COMMENT ON COLUMN pv.consent_event.version IS 'the version of the text that was shown; NULL where none was';
COMMENT ON COLUMN pv.consent_event.language IS 'the language it was shown in; NULL where that is not known';
COMMENT ON COLUMN pv.consent_event.text_digest IS 'SHA-256 of the words; where the language is not known, of the digests of all languages of the version, in the order of their names';
COMMENT ON COLUMN pv.consent_event.channel IS 'through which channel; NULL for an erasure, and where an import does not say';
COMMENT ON COLUMN pv.consent_event.expires IS 'until when the consent was given; NULL for without an end';
COMMENT ON COLUMN pv.consent_event.login IS 'who logged in (session_user)';
COMMENT ON COLUMN pv.consent_event.role IS 'as whom the call was made (current_user)';
COMMENT ON COLUMN pv.consent_event.evidence IS 'what proves it, encrypted under the subject''s key; NULL where none was given';
COMMENT ON COLUMN pv.consent_event.claimed_at IS 'when it is said to have been done, of what was imported; NULL for what was witnessed here';
COMMENT ON COLUMN pv.consent_event.source IS 'where it was imported from; NULL for what was witnessed here';
CREATE INDEX ON pv.consent_event (consent_id, id);
SELECT pg_extension_config_dump('pv.consent_event', '');
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON pv.consent_event
    FOR EACH STATEMENT EXECUTE FUNCTION pv.refuse_change();
ALTER TABLE pv.consent_event ENABLE ALWAYS TRIGGER refuse_change;

-- Which tables' subjects have become another's, with what they have said: the ledgers name the table of then.
CREATE TABLE pv.consent_move (
    id      bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    from_id integer NOT NULL,
    to_id   integer NOT NULL
);
COMMENT ON TABLE pv.consent_move IS 'when consents and agreements of subjects have gone from one table to another with a partition, never changed';
COMMENT ON COLUMN pv.consent_move.id IS 'its number';
COMMENT ON COLUMN pv.consent_move.at IS 'when they went';
COMMENT ON COLUMN pv.consent_move.from_id IS 'the subject table that they were of, by its id in pv.relation';
COMMENT ON COLUMN pv.consent_move.to_id IS 'the one that they are of since, by its id in pv.relation';
COMMENT ON SEQUENCE pv.consent_move_id_seq IS 'numbers of such moves';
SELECT pg_extension_config_dump('pv.consent_move', '');
SELECT pg_extension_config_dump('pv.consent_move_id_seq', '');
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON pv.consent_move
    FOR EACH STATEMENT EXECUTE FUNCTION pv.refuse_change();
ALTER TABLE pv.consent_move ENABLE ALWAYS TRIGGER refuse_change;

-- has_consent() reads a bit here where the key is an integer. Each row holds
-- what some transactions changed; a subject's code is the XOR of all of them.
CREATE TABLE pv.consent_bitmap (
    relation_id integer NOT NULL,
    purpose_id  integer NOT NULL,
    bucket      bigint NOT NULL,
    next_expiry timestamptz NOT NULL,
    codes       bytea NOT NULL,
    id          bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY
) WITH (fillfactor = 50);
ALTER TABLE pv.consent_bitmap ALTER COLUMN codes SET STORAGE PLAIN;
COMMENT ON TABLE pv.consent_bitmap IS 'which subjects with an integer key have given consent, 4096 of them a bucket';
COMMENT ON COLUMN pv.consent_bitmap.relation_id IS 'the subject table, by its id in pv.relation';
COMMENT ON COLUMN pv.consent_bitmap.purpose_id IS 'the purpose, by its id in pv.purpose';
COMMENT ON COLUMN pv.consent_bitmap.bucket IS 'the keys'' bits but for the lowest twelve';
COMMENT ON COLUMN pv.consent_bitmap.next_expiry IS 'no consent of the bucket expires before that, as far as this row knows';
COMMENT ON COLUMN pv.consent_bitmap.codes IS 'two bits a subject, given and expiring, to be XORed with those of the bucket''s other rows; in full or, where fewer, as a list of those that are not zero';
COMMENT ON COLUMN pv.consent_bitmap.id IS 'the row''s number, by which a publication tells it from others';
COMMENT ON SEQUENCE pv.consent_bitmap_id_seq IS 'numbers of rows of bits';
CREATE INDEX consent_bitmap_bucket ON pv.consent_bitmap (relation_id, purpose_id, bucket);
SELECT pg_extension_config_dump('pv.consent_bitmap', '');
SELECT pg_extension_config_dump('pv.consent_bitmap_id_seq', '');

CREATE TABLE pv.consent_token (
    selector        bytea PRIMARY KEY,
    verifier_digest bytea NOT NULL,
    kind            text NOT NULL CHECK (kind IN ('confirm', 'withdraw')),
    relation_id     integer NOT NULL,
    purpose_id      integer NOT NULL,
    key             text NOT NULL,
    version         text,
    language        text,
    text_digest     bytea,
    channel         text,
    consent_expires timestamptz,
    made_at         timestamptz NOT NULL DEFAULT now(),
    expires         timestamptz NOT NULL
);
COMMENT ON TABLE pv.consent_token IS 'links that were sent out, to confirm a consent or to withdraw it; each can be used once';
COMMENT ON COLUMN pv.consent_token.selector IS 'the part of the token by which its row is found';
COMMENT ON COLUMN pv.consent_token.verifier_digest IS 'SHA-256 of the rest of the token';
COMMENT ON COLUMN pv.consent_token.kind IS 'what it does: confirm or withdraw';
COMMENT ON COLUMN pv.consent_token.relation_id IS 'the subject table, by its id in pv.relation';
COMMENT ON COLUMN pv.consent_token.purpose_id IS 'the purpose, by its id in pv.purpose';
COMMENT ON COLUMN pv.consent_token.key IS 'the subject''s key';
COMMENT ON COLUMN pv.consent_token.version IS 'the version of the text that was shown; NULL for a withdrawal';
COMMENT ON COLUMN pv.consent_token.language IS 'the language it was shown in; NULL where that is not known';
COMMENT ON COLUMN pv.consent_token.text_digest IS 'SHA-256 of the words that were shown, as in pv.consent_event; NULL for a withdrawal';
COMMENT ON COLUMN pv.consent_token.channel IS 'through which channel the consent was requested; NULL for a withdrawal';
COMMENT ON COLUMN pv.consent_token.consent_expires IS 'until when the consent is to be in force; NULL for without an end';
COMMENT ON COLUMN pv.consent_token.made_at IS 'when it was made';
COMMENT ON COLUMN pv.consent_token.expires IS 'until when it can be used';
CREATE INDEX ON pv.consent_token (relation_id, key);
SELECT pg_extension_config_dump('pv.consent_token', '');

CREATE VIEW pv.consent AS
    SELECT r.relation AS subject, s.key, p.name AS purpose,
           s.state, s.since, s.expires,
           s.given AND (s.expires IS NULL OR s.expires > clock_timestamp()) AS in_force,
           s.former_key, s.kept_until, s.id, s.imported
    FROM pv.consent_state s
    JOIN pv.relation r ON r.id = s.relation_id
    JOIN pv.purpose p ON p.id = s.purpose_id;
COMMENT ON VIEW pv.consent IS 'each subject''s consent or objection as it is now';
COMMENT ON COLUMN pv.consent.subject IS 'the subject table';
COMMENT ON COLUMN pv.consent.purpose IS 'the purpose';
COMMENT ON COLUMN pv.consent.key IS 'the subject''s key; NULL from its erasure on';
COMMENT ON COLUMN pv.consent.former_key IS 'the key of a subject that has been erased, while its proof is kept; else NULL';
COMMENT ON COLUMN pv.consent.in_force IS 'whether there is a consent that has not expired';

CREATE FUNCTION pv.declare_consent_text(purpose text, version text, language text, body text)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_declare_consent_text';
COMMENT ON FUNCTION pv.declare_consent_text(text, text, text, text) IS
    'declares the words that consent to a purpose is given to; they never change, and the same words again are harmless. Errors: 42704 no such purpose, 42809 the purpose does not rest on consent, 55000 the version has other words, or has been withdrawn';
CREATE FUNCTION pv.withdraw_consent_text(purpose text, version text, language text DEFAULT NULL)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_withdraw_consent_text';
COMMENT ON FUNCTION pv.withdraw_consent_text(text, text, text) IS
    'from now on nobody can consent to a version (by default in any language); consents given stay. Errors: 42704 no such text, 42809 the purpose does not rest on consent, 55000 withdrawn before';

CREATE FUNCTION pv.give_consent(subject regclass, key text, purpose text, version text, channel text,
                                evidence jsonb DEFAULT NULL, expires timestamptz DEFAULT NULL,
                                language text DEFAULT NULL)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_give_consent';
COMMENT ON FUNCTION pv.give_consent(regclass, text, text, text, text, jsonb, timestamptz, text) IS
    'records that a subject has consented to a purpose, to which words and through which channel; a consent that was there is renewed. Errors: P0002 no such subject, 42704 no such purpose or text, 42809 the purpose does not rest on consent, 55000 the text has been withdrawn, 22023 it would have expired already';
CREATE FUNCTION pv.give_consent(subject regclass, key anyelement, purpose text, version text, channel text,
                                evidence jsonb DEFAULT NULL, expires timestamptz DEFAULT NULL,
                                language text DEFAULT NULL)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_give_consent';
COMMENT ON FUNCTION pv.give_consent(regclass, anyelement, text, text, text, jsonb, timestamptz, text) IS 'the same for a typed key';

CREATE FUNCTION pv.withdraw_consent(subject regclass, key text, purpose text, channel text, evidence jsonb DEFAULT NULL)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_withdraw_consent';
COMMENT ON FUNCTION pv.withdraw_consent(regclass, text, text, text, jsonb) IS
    'records that a subject has withdrawn its consent, or refused; harmless where there was none. Links to confirm it die. Errors: P0002 no such subject, 42704 no such purpose, 42809 the purpose does not rest on consent';
CREATE FUNCTION pv.withdraw_consent(subject regclass, key anyelement, purpose text, channel text, evidence jsonb DEFAULT NULL)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_withdraw_consent';
COMMENT ON FUNCTION pv.withdraw_consent(regclass, anyelement, text, text, jsonb) IS 'the same for a typed key';

CREATE FUNCTION pv.object_to(subject regclass, key text, purpose text, channel text, evidence jsonb DEFAULT NULL)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_object_to';
COMMENT ON FUNCTION pv.object_to(regclass, text, text, text, jsonb) IS
    'records that a subject objects to a purpose that rests on another basis than consent (GDPR article 21). Errors: P0002 no such subject, 42704 no such purpose, 42809 the purpose rests on consent, a legal obligation or vital interests';
CREATE FUNCTION pv.object_to(subject regclass, key anyelement, purpose text, channel text, evidence jsonb DEFAULT NULL)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_object_to';
COMMENT ON FUNCTION pv.object_to(regclass, anyelement, text, text, jsonb) IS 'the same for a typed key';

CREATE FUNCTION pv.withdraw_objection(subject regclass, key text, purpose text, channel text, evidence jsonb DEFAULT NULL)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_withdraw_objection';
COMMENT ON FUNCTION pv.withdraw_objection(regclass, text, text, text, jsonb) IS
    'records that a subject has taken an objection back. Errors: P0002 no such subject, 42704 no such purpose, 42809 the purpose rests on consent, 55000 it has not objected';
CREATE FUNCTION pv.withdraw_objection(subject regclass, key anyelement, purpose text, channel text, evidence jsonb DEFAULT NULL)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_withdraw_objection';
COMMENT ON FUNCTION pv.withdraw_objection(regclass, anyelement, text, text, jsonb) IS 'the same for a typed key';

CREATE FUNCTION pv.request_consent(subject regclass, key text, purpose text, version text, channel text,
                                   evidence jsonb DEFAULT NULL, expires timestamptz DEFAULT NULL,
                                   language text DEFAULT NULL)
    RETURNS text LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_request_consent';
COMMENT ON FUNCTION pv.request_consent(regclass, text, text, text, text, jsonb, timestamptz, text) IS
    'double opt-in: records that a consent was asked for, and returns the token to send to the subject, which confirm_consent takes once, until pvext.consent_token_lifetime has passed; it is stored hashed. Errors: as of give_consent';
CREATE FUNCTION pv.request_consent(subject regclass, key anyelement, purpose text, version text, channel text,
                                   evidence jsonb DEFAULT NULL, expires timestamptz DEFAULT NULL,
                                   language text DEFAULT NULL)
    RETURNS text LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_request_consent';
COMMENT ON FUNCTION pv.request_consent(regclass, anyelement, text, text, text, jsonb, timestamptz, text) IS 'the same for a typed key';
CREATE FUNCTION pv.confirm_consent(token text, evidence jsonb DEFAULT NULL)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_confirm_consent';
COMMENT ON FUNCTION pv.confirm_consent(text, jsonb) IS
    'gives the consent that a token was made for; the token is used up. Errors: 28000 the token is unknown, used or expired, 55000 the text has been withdrawn, 22023 the consent would have expired already';
CREATE FUNCTION pv.unsubscribe_token(subject regclass, key text, purpose text, expires timestamptz DEFAULT NULL)
    RETURNS text LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_unsubscribe_token';
COMMENT ON FUNCTION pv.unsubscribe_token(regclass, text, text, timestamptz) IS
    'returns a token for an unsubscribe link, which withdraw_consent takes once, until expires or, where that is NULL, until pvext.consent_token_lifetime has passed; it is stored hashed. Errors: P0002 no such subject, 42704 no such purpose, 42809 the purpose does not rest on consent, 22023 it would have expired already';
CREATE FUNCTION pv.unsubscribe_token(subject regclass, key anyelement, purpose text, expires timestamptz DEFAULT NULL)
    RETURNS text LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_unsubscribe_token';
COMMENT ON FUNCTION pv.unsubscribe_token(regclass, anyelement, text, timestamptz) IS 'the same for a typed key';
CREATE FUNCTION pv.withdraw_consent(token text, channel text DEFAULT 'token')
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_withdraw_by_token';
COMMENT ON FUNCTION pv.withdraw_consent(text, text) IS
    'withdraws the consent that a token of unsubscribe_token was made for; the token is used up. Errors: 28000 the token is unknown, used or expired';

CREATE FUNCTION pv.has_consent(subject regclass, key text, purpose text)
    RETURNS boolean LANGUAGE C STABLE PARALLEL SAFE COST 2 AS 'MODULE_PATHNAME', 'pvext_has_consent';
COMMENT ON FUNCTION pv.has_consent(regclass, text, text) IS
    'whether a consent to a purpose is in force that was given under a key; false where there is none, or the key is null. Whether the row is still there is not looked at. Errors: 42704 not a subject table, no such purpose, 42809 the purpose does not rest on consent, 22P02 not a key of the table';
CREATE FUNCTION pv.has_consent(subject regclass, key anyelement, purpose text)
    RETURNS boolean LANGUAGE C STABLE PARALLEL SAFE COST 2 AS 'MODULE_PATHNAME', 'pvext_has_consent';
COMMENT ON FUNCTION pv.has_consent(regclass, anyelement, text) IS 'the same for a typed key';
CREATE FUNCTION pv.consented(subject regclass, purpose text, OUT key text)
    RETURNS SETOF text LANGUAGE C STABLE PARALLEL SAFE ROWS 100000 AS 'MODULE_PATHNAME', 'pvext_consented';
COMMENT ON FUNCTION pv.consented(regclass, text) IS
    'the keys, as text, of the subjects whose consent to a purpose is in force. Errors: 42704 not a subject table, no such purpose, 42809 the purpose does not rest on consent';

CREATE FUNCTION pv.consent_evidence(event bigint)
    RETURNS jsonb LANGUAGE C STABLE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_consent_evidence';
COMMENT ON FUNCTION pv.consent_evidence(bigint) IS
    'the evidence of a row of pv.consent_event; NULL where there was none, or it was destroyed with the subject''s erasure. Errors: P0002 no such event, XX001 it has been tampered with';
CREATE VIEW pv.consent_history AS
    SELECT r.relation AS subject, coalesce(s.key, s.former_key) AS key, p.name AS purpose,
           e.at, e.action, e.version, e.language, t.body AS text, e.text_digest, e.channel,
           e.expires, e.login, e.role, pv.consent_evidence(e.id) AS evidence, e.id, e.claimed_at, e.source
    FROM pv.consent_event e
    LEFT JOIN pv.consent_state s ON s.id = e.consent_id
    JOIN pv.relation r ON r.id = coalesce(s.relation_id, e.relation_id)
    JOIN pv.purpose p ON p.id = e.purpose_id
    LEFT JOIN pv.consent_text t
        ON t.purpose_id = e.purpose_id AND t.version = e.version AND t.language = e.language;
COMMENT ON VIEW pv.consent_history IS
    'the consent ledger as an authority would ask for it: who, when, which words, through which channel, on what evidence; key and evidence are NULL for a subject that has been erased, unless its proof is kept';
COMMENT ON COLUMN pv.consent_history.subject IS 'the subject table';
COMMENT ON COLUMN pv.consent_history.key IS 'the subject''s key';
COMMENT ON COLUMN pv.consent_history.purpose IS 'the purpose';
COMMENT ON COLUMN pv.consent_history.text IS 'the words; NULL where no text, or no language of it, is on record';

CREATE FUNCTION pv.verify_consents(OUT subject text, OUT key text, OUT purpose text, OUT problem text)
    RETURNS SETOF record LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_verify_consents';
COMMENT ON FUNCTION pv.verify_consents() IS
    'where the consent ledger, the current state, the bitmaps and the texts'' digests disagree; empty is the proof that they do not';
