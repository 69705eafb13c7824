SELECT p.what, max(p.rows) AS rows, count(*) AS rounds,
       round((percentile_cont(0.5) WITHIN GROUP (ORDER BY 1000 * h.ms / h.rows))::numeric, 2) AS update_us,
       round((percentile_cont(0.5) WITHIN GROUP (ORDER BY 1000 * p.ms / p.rows))::numeric, 2) AS purge_us,
       round((percentile_cont(0.5) WITHIN GROUP (ORDER BY p.ms / h.ms))::numeric, 2) AS ratio,
       round(min(p.ms / h.ms)::numeric, 2) AS lowest, round(max(p.ms / h.ms)::numeric, 2) AS highest
FROM measured AS p JOIN measured AS h USING (what, round)
WHERE NOT p.hand AND h.hand AND p.round > 0 GROUP BY p.what ORDER BY p.what;
