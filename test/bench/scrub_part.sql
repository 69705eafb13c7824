-- Note what has been done since :time, and :lsn, as :part.
INSERT INTO measured VALUES (:'what', :round, :'part', 1000 * extract(epoch FROM clock_timestamp() - :'time'),
                             pg_current_wal_insert_lsn() - :'lsn');
SELECT clock_timestamp() AS time, pg_current_wal_insert_lsn() AS lsn \gset
