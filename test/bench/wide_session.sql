-- A new session: its first erasure, its second and its third, by hand or by pvext.
CALL one_by_one('first of a session', :round, :hand, 1);
CALL one_by_one('second of a session', :round, :hand, 1);
CALL one_by_one('third of a session', :round, :hand, 1);
INSERT INTO memory SELECT :hand, sum(total_bytes) FROM pg_backend_memory_contexts;
