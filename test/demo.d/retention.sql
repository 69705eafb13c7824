-- Rules that say how long data is kept: looked at, and then let loose.
\set ON_ERROR_STOP on
\set QUIET on
\pset null -
\set QUIET off

\echo
\echo '== Besides the bookkeeping: former customers are forgotten two years after their last service'
\echo
\set QUIET on
\t on
\set QUIET off
SELECT pv.declare_retention('customer', 'former customers', keep => '2 years', over => 'service',
                            after => $$max(coalesce(ended_on, 'infinity'))$$, basis => 'privacy statement');
\set QUIET on
\t off
\set QUIET off

\echo '== What the rules would take, if they were active: nothing goes before somebody has looked'
\echo
SELECT relation, rule, state, action, rows, held, oldest FROM pv.preview_purge();

\echo '== Most of it is held: an active customer''s bookkeeping is, too, however old. That was not meant'
\echo
\set QUIET on
\t on
\set QUIET off
SELECT pv.declare_blocker('customer', 'active customer', relation => 'service',
                          condition => 'ended_on IS NULL OR ended_on > current_date',
                          reason => 'has a service that has not ended', purposes => '{service}');
\set QUIET on
\t off
\set QUIET off
SELECT relation, rule, rows, held FROM pv.preview_purge();

\echo '== A rule is activated with the number of rows that are expected: not this'
\echo
\set ON_ERROR_STOP off
SELECT pv.activate_retention('customer', 'former customers', 1);
\set ON_ERROR_STOP on

\echo
\echo '== But these'
\echo
SELECT relation, rule, rows, pv.activate_retention(relation, rule, rows) AS activated FROM pv.preview_purge();
