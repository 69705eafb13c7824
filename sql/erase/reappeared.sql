CREATE TABLE pv.reappeared (
    erasure     uuid PRIMARY KEY,
    relation_id integer NOT NULL,
    since       timestamptz NOT NULL DEFAULT now(),
    seen_at     timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE pv.reappeared IS 'erasures that are completed, and whose subject had something personal again when it was looked at; read it as pv.erasure_undone';
COMMENT ON COLUMN pv.reappeared.erasure IS 'the erasure, by its id in pv.erasure';
COMMENT ON COLUMN pv.reappeared.relation_id IS 'the subject table, by its id in pv.relation';
COMMENT ON COLUMN pv.reappeared.since IS 'when that was noticed';
COMMENT ON COLUMN pv.reappeared.seen_at IS 'when it was seen last';

-- A page, since a key would be a person's.
CREATE TABLE pv.review (
    relation_id integer PRIMARY KEY,
    partition   oid NOT NULL,
    block       bigint NOT NULL,
    begun_at    timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE pv.review IS 'how far each subject table has been looked through for erased subjects that are there again';
COMMENT ON COLUMN pv.review.relation_id IS 'the subject table, by its id in pv.relation';
COMMENT ON COLUMN pv.review.partition IS 'the table, partition or child that is looked at next';
COMMENT ON COLUMN pv.review.block IS 'its page that is next';
COMMENT ON COLUMN pv.review.begun_at IS 'when the first page of all was looked at';

CREATE VIEW pv.erasure_undone AS
    SELECT a.erasure, a.relation_id, r.relation AS subject, a.since, a.seen_at, e.completed_at
    FROM pv.reappeared AS a JOIN pv.erasure_ledger AS e ON e.id = a.erasure
    JOIN pv.relation AS r ON r.id = a.relation_id
    WHERE NOT EXISTS (SELECT FROM pv.erasure_ledger AS l
                      WHERE l.relation_id = e.relation_id AND l.subject_digest IN (e.subject_digest, e.former_digest)
                            AND l.state <> 'cancelled' AND l.id <> e.id AND l.requested_at > e.requested_at);
COMMENT ON VIEW pv.erasure_undone IS 'completed erasures whose subject has something personal again, by a subscription or a script, and for whom nobody has asked since';
COMMENT ON COLUMN pv.erasure_undone.erasure IS 'the erasure, by its id in pv.erasure; pv.verify_erasure() says what there is';
COMMENT ON COLUMN pv.erasure_undone.relation_id IS 'the subject table, by its id in pv.relation';
COMMENT ON COLUMN pv.erasure_undone.subject IS 'the subject table';
COMMENT ON COLUMN pv.erasure_undone.since IS 'when that was noticed';
COMMENT ON COLUMN pv.erasure_undone.seen_at IS 'when it was seen last';
COMMENT ON COLUMN pv.erasure_undone.completed_at IS 'when it had been erased';
