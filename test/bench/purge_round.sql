-- A round: the rows as they were, then both, in the order that changes from round to round.
UPDATE by_hand SET (name, email, mobile, street, zip, city) =
    ('Name ' || id, id || '@example.no', '9' || id, 'Street ' || id, '0001', 'City ' || id % 100) WHERE name IS NULL;
UPDATE purged SET (name, email, mobile, street, zip, city) =
    ('Name ' || id, id || '@example.no', '9' || id, 'Street ' || id, '0001', 'City ' || id % 100) WHERE name IS NULL;
VACUUM by_hand;
VACUUM purged;
CHECKPOINT;
SET pvext.purge_batch_size = 5000;
SET pvext.purge_delay = 0;
SET pvext.purge_limit = 0;
SELECT coalesce(max(round) + 1, 0) AS round, coalesce(max(round), 0) % 2 = 0 AS hand_first FROM measured WHERE what = :'what' \gset
\if :hand_first
CALL measure(:'what', :round, true);
CALL measure(:'what', :round, false);
\else
CALL measure(:'what', :round, false);
CALL measure(:'what', :round, true);
\endif
