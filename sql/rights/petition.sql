CREATE TYPE pv.request_kind AS ENUM
    ('access', 'portability', 'erasure', 'rectification', 'restriction', 'objection', 'withdrawal');
COMMENT ON TYPE pv.request_kind IS 'what a person asks for';
CREATE TYPE pv.request_state AS ENUM
    ('received', 'identity', 'open', 'review', 'answered', 'refused', 'cancelled');
COMMENT ON TYPE pv.request_state IS 'how far a request is: received; identity: it has been asked for, and the time for the answer stands still; open: it is known who asks; review: an answer is being made; answered, refused, or cancelled';

-- Its rows go on, and are changed by pvext's own statements alone (src/base/own_change.c).
CREATE FUNCTION pv.refuse_others_change() RETURNS trigger
    LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_refuse_others_change';
COMMENT ON FUNCTION pv.refuse_others_change() IS 'trigger of ledgers whose rows go on: refuses UPDATE to everyone but the functions of pvext that record what was done';

CREATE TABLE pv.request_ledger (
    id                    uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    kind                  pv.request_kind NOT NULL,
    relation_id           integer NOT NULL,
    key                   text,
    subject_digest        bytea,
    state                 pv.request_state NOT NULL,
    received_at           timestamptz NOT NULL CHECK (isfinite(received_at)),
    identity_asked_at     timestamptz,
    identity_confirmed_at timestamptz,
    identity_method       text,
    due_at                timestamptz NOT NULL,
    extended_to           timestamptz,
    extension_reason      text,
    answered_at           timestamptz,
    answer                text CHECK (answer IN ('delivered', 'partly', 'refused')),
    channel               text,
    handled_by            name,
    erasure               uuid,
    digest                bytea,
    reference             text,
    claimed               bytea,
    identity_reason       text,
    identity_evidence     bytea,
    extended_by           interval,
    told_at               timestamptz,
    recorded_at           timestamptz NOT NULL DEFAULT now(),
    recorded_by           name NOT NULL,
    received_as           bytea,
    CHECK (key IS NULL OR subject_digest IS NOT NULL),
    CHECK ((state IN ('answered', 'refused')) = (answered_at IS NOT NULL)),
    CHECK ((answered_at IS NULL) = (answer IS NULL)),
    CHECK ((state = 'refused') = (answer IS NOT DISTINCT FROM 'refused')),
    CHECK (answer IS DISTINCT FROM 'refused' OR reference IS NOT NULL),
    CHECK ((identity_asked_at IS NULL) = (identity_reason IS NULL)),
    CHECK (state <> 'identity' OR identity_asked_at IS NOT NULL),
    CHECK (num_nulls(extended_to, extension_reason, extended_by, told_at) IN (0, 4)),
    CHECK (received_as IS NULL OR state IN ('received', 'identity', 'open', 'review')),
    CHECK (erasure IS NULL OR kind = 'erasure')
);
COMMENT ON TABLE pv.request_ledger IS 'the register of what persons have asked for, and what became of it; read it as pv.request';
COMMENT ON COLUMN pv.request_ledger.id IS 'by which it is handled; that of the erasure, where a call of erase_subject() entered it';
COMMENT ON COLUMN pv.request_ledger.kind IS 'what is asked for';
COMMENT ON COLUMN pv.request_ledger.relation_id IS 'the subject table, by its id in pv.relation';
COMMENT ON COLUMN pv.request_ledger.key IS 'the subject''s key; NULL where it is not known, and from the subject''s erasure on';
COMMENT ON COLUMN pv.request_ledger.subject_digest IS 'HMAC of the key that the subject''s row has, or had last; NULL where it is not known';
COMMENT ON COLUMN pv.request_ledger.state IS 'how far it is; of an erasure that has begun as the ledger of erasures has it, unless it was answered before';
COMMENT ON COLUMN pv.request_ledger.received_at IS 'when it came in';
COMMENT ON COLUMN pv.request_ledger.identity_asked_at IS 'since when it was asked who asks; NULL for not';
COMMENT ON COLUMN pv.request_ledger.identity_confirmed_at IS 'when that was known; NULL where it is not, or where a call entered the request by itself';
COMMENT ON COLUMN pv.request_ledger.identity_method IS 'how that was known; NULL likewise';
COMMENT ON COLUMN pv.request_ledger.due_at IS 'one month after it came in, and the time more that identity was asked for, once that is known';
COMMENT ON COLUMN pv.request_ledger.extended_to IS 'until when the time for the answer was extended; NULL for not';
COMMENT ON COLUMN pv.request_ledger.extension_reason IS 'why, as the person was told';
COMMENT ON COLUMN pv.request_ledger.answered_at IS 'when it was answered, or refused; NULL until then';
COMMENT ON COLUMN pv.request_ledger.answer IS 'delivered, partly or refused; NULL until then';
COMMENT ON COLUMN pv.request_ledger.channel IS 'how it came in; NULL where a call entered it that names no channel';
COMMENT ON COLUMN pv.request_ledger.handled_by IS 'which login last handled it; NULL for none yet';
COMMENT ON COLUMN pv.request_ledger.erasure IS 'the erasure that fulfils it, by its id in pv.erasure; else NULL';
COMMENT ON COLUMN pv.request_ledger.digest IS 'SHA-256 of what was handed out; NULL for nothing, or where that is not known';
COMMENT ON COLUMN pv.request_ledger.reference IS 'where the answer is filed; of a refusal, or of one that was cancelled, why';
COMMENT ON COLUMN pv.request_ledger.claimed IS 'who the person says to be, encrypted under a key of the request''s own; NULL for nothing, and once it was destroyed';
COMMENT ON COLUMN pv.request_ledger.identity_reason IS 'why it was asked who asks; NULL where it was not';
COMMENT ON COLUMN pv.request_ledger.identity_evidence IS 'what proved it, encrypted likewise; NULL likewise';
COMMENT ON COLUMN pv.request_ledger.extended_by IS 'by how much the month was extended, all extensions together; NULL for not';
COMMENT ON COLUMN pv.request_ledger.told_at IS 'when the person was told of the last extension; NULL for none';
COMMENT ON COLUMN pv.request_ledger.recorded_at IS 'when it was entered';
COMMENT ON COLUMN pv.request_ledger.recorded_by IS 'which login entered it, or the role whose code did';
COMMENT ON COLUMN pv.request_ledger.received_as IS 'HMAC of what is asked for and of who asks, as it was said when it came in, by which the same request is known when it comes again; NULL where nothing was said of that or it was wrong, once it is closed, and where a call entered it by itself';
CREATE INDEX ON pv.request_ledger (subject_digest);
CREATE UNIQUE INDEX ON pv.request_ledger (erasure) WHERE erasure IS NOT NULL;
CREATE UNIQUE INDEX ON pv.request_ledger (received_as) WHERE received_as IS NOT NULL;
CREATE INDEX ON pv.request_ledger (due_at) WHERE state IN ('received', 'identity', 'open', 'review');
CREATE INDEX ON pv.request_ledger (answered_at) WHERE claimed IS NOT NULL OR identity_evidence IS NOT NULL;
-- One that anybody may have written never stands in the way of one by who is known.
CREATE UNIQUE INDEX request_ledger_open ON pv.request_ledger (relation_id, subject_digest, kind)
    WHERE state IN ('open', 'review') AND key IS NOT NULL;
SELECT pg_extension_config_dump('pv.request_ledger', '');
CREATE TRIGGER refuse_change BEFORE DELETE OR TRUNCATE ON pv.request_ledger
    FOR EACH STATEMENT EXECUTE FUNCTION pv.refuse_change();
ALTER TABLE pv.request_ledger ENABLE ALWAYS TRIGGER refuse_change;
CREATE TRIGGER refuse_others_change BEFORE UPDATE ON pv.request_ledger
    FOR EACH STATEMENT EXECUTE FUNCTION pv.refuse_others_change();
ALTER TABLE pv.request_ledger ENABLE ALWAYS TRIGGER refuse_others_change;

CREATE TABLE pv.request_withheld (
    id          bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    request     uuid NOT NULL,
    relation_id integer NOT NULL,
    columns     name[] NOT NULL CHECK (cardinality(columns) > 0),
    rows        text[],
    ground      text NOT NULL CHECK (ground <> ''),
    by          name NOT NULL,
    at          timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE pv.request_withheld IS 'what is not handed out with the answer to a request, and why';
COMMENT ON COLUMN pv.request_withheld.id IS 'its number';
COMMENT ON SEQUENCE pv.request_withheld_id_seq IS 'numbers of what is withheld';
COMMENT ON COLUMN pv.request_withheld.request IS 'the request, by its id in pv.request';
COMMENT ON COLUMN pv.request_withheld.relation_id IS 'the table, by its id in pv.relation';
COMMENT ON COLUMN pv.request_withheld.columns IS 'the columns';
COMMENT ON COLUMN pv.request_withheld.rows IS 'the rows, by their primary key; NULL for all, empty from the subject''s erasure on where some were named';
COMMENT ON COLUMN pv.request_withheld.ground IS 'on what ground, as the person is told';
COMMENT ON COLUMN pv.request_withheld.by IS 'which login withheld it';
COMMENT ON COLUMN pv.request_withheld.at IS 'when';
CREATE INDEX ON pv.request_withheld (request);
SELECT pg_extension_config_dump('pv.request_withheld', '');
SELECT pg_extension_config_dump('pv.request_withheld_id_seq', '');
CREATE TRIGGER refuse_change BEFORE DELETE OR TRUNCATE ON pv.request_withheld
    FOR EACH STATEMENT EXECUTE FUNCTION pv.refuse_change();
ALTER TABLE pv.request_withheld ENABLE ALWAYS TRIGGER refuse_change;
CREATE TRIGGER refuse_others_change BEFORE UPDATE ON pv.request_withheld
    FOR EACH STATEMENT EXECUTE FUNCTION pv.refuse_others_change();
ALTER TABLE pv.request_withheld ENABLE ALWAYS TRIGGER refuse_others_change;

CREATE VIEW pv.request AS
    SELECT l.id, l.kind, r.relation AS subject, coalesce(l.key, e.key) AS key, l.state, l.received_at,
           l.due_at + s.stood AS due_at, l.extended_to + s.stood AS extended_to, l.identity_method,
           l.answered_at, l.answer, l.channel, l.handled_by, l.erasure, l.digest, l.subject_digest
    FROM pv.request_ledger AS l
    LEFT JOIN pv.relation AS r ON r.id = l.relation_id
    LEFT JOIN pv.erasure_ledger AS e ON e.id = l.erasure
    -- the time since identity was asked for, to the second: no day of it is longer than another
    CROSS JOIN LATERAL (SELECT make_interval(secs => CASE WHEN l.state = 'identity'
                               THEN extract(epoch FROM now() - l.identity_asked_at) ELSE 0 END) AS stood) AS s;
COMMENT ON VIEW pv.request IS 'what persons have asked for, and what became of it';
COMMENT ON COLUMN pv.request.subject IS 'the subject table; NULL where it has been dropped';
COMMENT ON COLUMN pv.request.due_at IS 'until when it is to be answered, unless extended: one month after it came in, and as long as identity was asked for';
COMMENT ON COLUMN pv.request.extended_to IS 'until when the time for the answer was extended; NULL for not';

CREATE FUNCTION pv.receive_request(kind pv.request_kind, subject regclass, key text, channel text,
                                   received_at timestamptz DEFAULT now(), claimed jsonb DEFAULT NULL)
    RETURNS pv.request LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_receive_request';
COMMENT ON FUNCTION pv.receive_request(pv.request_kind, regclass, text, text, timestamptz, jsonb) IS
    'enters what a person asks for; key NULL where it is not known yet whose it is, and claimed for who the person says to be. Returns the request or, with a notice, the open one of the kind: that came with the same key and claims or, where nothing is claimed, is known to be the subject''s. Errors: P0002 no such subject, 42704 not a subject table, 22023 received in the future, 25006 read only, or a standby';
CREATE FUNCTION pv.receive_request(kind pv.request_kind, subject regclass, key anyelement, channel text,
                                   received_at timestamptz DEFAULT now(), claimed jsonb DEFAULT NULL)
    RETURNS pv.request LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_receive_request';
COMMENT ON FUNCTION pv.receive_request(pv.request_kind, regclass, anyelement, text, timestamptz, jsonb) IS 'the same for a typed key';

CREATE FUNCTION pv.ask_identity(request uuid, reason text)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_ask_identity';
COMMENT ON FUNCTION pv.ask_identity(uuid, text) IS
    'records that the person was asked to prove who it is, since there is a reason to doubt it: the time for the answer stands still until that is confirmed. Errors: P0002 no such request, 55000 it has been asked for or confirmed, or the request is closed';
CREATE FUNCTION pv.confirm_identity(request uuid, method text, key text DEFAULT NULL, evidence jsonb DEFAULT NULL)
    RETURNS pv.request LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_confirm_identity';
COMMENT ON FUNCTION pv.confirm_identity(uuid, text, text, jsonb) IS
    'records that it is known who asks, how, and under which key, by default the one that the request came with. Where the subject has an open request of the kind, that one is returned, with a notice: it is due when the earlier of the two is, and this one is cancelled. Errors: P0002 no such request or subject, 22004 no key is known, 55000 confirmed already, or the request is closed';
CREATE FUNCTION pv.confirm_identity(request uuid, method text, key anyelement, evidence jsonb DEFAULT NULL)
    RETURNS pv.request LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_confirm_identity';
COMMENT ON FUNCTION pv.confirm_identity(uuid, text, anyelement, jsonb) IS 'the same for a typed key';
CREATE FUNCTION pv.request_claimed(request uuid)
    RETURNS jsonb LANGUAGE C STABLE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_request_claimed';
COMMENT ON FUNCTION pv.request_claimed(uuid) IS
    'who the person of a request says to be; NULL for nothing, and once it was destroyed: pvext.request_keep after the answer, at once where the request is cancelled or the subject erased. Errors: P0002 no such request, XX001 it has been changed';
CREATE FUNCTION pv.identity_evidence(request uuid)
    RETURNS jsonb LANGUAGE C STABLE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_identity_evidence';
COMMENT ON FUNCTION pv.identity_evidence(uuid) IS
    'what proved who asks, kept as long. Errors: P0002 no such request, XX001 it has been changed';

CREATE FUNCTION pv.extend_request(request uuid, extension interval, reason text, told_at timestamptz)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_extend_request';
COMMENT ON FUNCTION pv.extend_request(uuid, interval, text, timestamptz) IS
    'extends the month for the answer, of which the person was told within it, with the reason. Errors: P0002 no such request, 22004 told_at is null, 22023 more than two months in all, nothing, or told before it came in or in the future, 55000 the first month is over, or the request is closed';
CREATE FUNCTION pv.withhold(request uuid, relation regclass, columns name[], ground text, rows text[] DEFAULT NULL)
    RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_withhold';
COMMENT ON FUNCTION pv.withhold(uuid, regclass, name[], text, text[]) IS
    'records that columns of a table, in all rows or those of these primary keys, are not handed out with the answer, and on what ground. Errors: P0002 no such request, 42704 nothing is declared of the table, 42703 no such column, 55000 the request is closed';
CREATE FUNCTION pv.answer_request(request uuid, how text, reference text DEFAULT NULL)
    RETURNS pv.request LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_answer_request';
COMMENT ON FUNCTION pv.answer_request(uuid, text, text) IS
    'records that a request was answered, and how: delivered, partly or refused; reference says where the answer is filed, of a refusal its reasons. An erasure of which nothing has been carried out is cancelled by a refusal. Errors: P0002 no such request, 22023 no such answer, 22004 a refusal without reasons, 55000 it is closed, it is not known who asks, or the erasure is not what the answer says';
CREATE FUNCTION pv.cancel_request(request uuid, reason text)
    RETURNS pv.request LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_cancel_request';
COMMENT ON FUNCTION pv.cancel_request(uuid, text) IS
    'records that nothing is asked for any more, or never was; who the person said to be is destroyed. Errors: P0002 no such request, 55000 it is closed, or an erasure has begun, which is cancelled by cancel_erasure()';
CREATE FUNCTION pv.request_receipt(request uuid)
    RETURNS jsonb LANGUAGE C STABLE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'pvext_request_receipt';
COMMENT ON FUNCTION pv.request_receipt(uuid) IS
    'what a person can be given of a request: what was asked for, when it came in and is due, what became of it, what is withheld and why, with whom to complain, and the way to the courts; without the person''s key. Errors: P0002 no such request';
