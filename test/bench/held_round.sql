SET pvext.purge_delay = 0;
SET pvext.purge_limit = 0;
CALL measure('purge', :round, true, 1, $x$DO $y$ BEGIN PERFORM count(*) FROM invoice AS r WHERE issued + interval '5 years' <= now() AND address IS NOT NULL
    AND (EXISTS (SELECT FROM person AS p WHERE p.id = r.person AND p.ended IS NULL) OR EXISTS (SELECT FROM bill AS b WHERE b.person = r.person AND NOT b.paid)); END $y$$x$);
SELECT clock_timestamp() AS started \gset
CALL pv.purge('invoice');
INSERT INTO measured VALUES ('purge', :round, false, 1, 1000 * extract(epoch FROM clock_timestamp() - :'started'::timestamptz));
CALL measure('purge, only previewed', :round, false, 1, 'DO $y$ BEGIN PERFORM FROM pv.preview_purge(); END $y$');
CALL measure('purge, asked by pv.status', :round, false, 1, 'DO $y$ BEGIN PERFORM FROM pv.status; END $y$');
