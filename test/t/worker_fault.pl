# What the worker fails at: it is reported, tried again after pauses that grow, and
# keeps nothing else back. And what nobody has remembered: a dump from before a purge,
# restored, is purged again.
use strict;
use warnings FATAL => 'all';

use lib 'test/t';
use PvextTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('faults', qq{
autovacuum = off
pvext.enabled = off
pvext.naptime = 1s
});
# Tables of ten rows that are due, each with a rule of its own
my @tables = qw(dropped locked referred divided restored given fine);

# What has failed, and how often.
sub failures
{
	return query(q{SELECT r.name, f.name, f.failures, f.sqlstate, round(extract(epoch FROM f.retry_at - f.last_at) / 60)
		FROM pv.duty_failure AS f JOIN pv.relation AS r ON r.id = f.relation_id ORDER BY r.name});
}

query('CREATE ROLE owner; CREATE ROLE heir; CREATE EXTENSION pvext CASCADE');
query(qq{
	CREATE TABLE "$_" (id int PRIMARY KEY, note text, days int DEFAULT 1, at date DEFAULT '2001-01-01');
	ALTER TABLE "$_" OWNER TO owner;
	INSERT INTO "$_" SELECT i, 'note ' || i FROM generate_series(1, 10) AS i;
	SELECT pv.declare_subject('"$_"');
	SELECT pv.declare_personal('"$_"', '{note}', 'note');
	SELECT pv.declare_retention('"$_"', 'rule', '1 year', '}
	  . ($_ eq 'divided' ? 'at + 10 / days' : 'at') . qq{', 'policy', action => '}
	  . ($_ eq 'referred' ? 'delete' : 'anonymise') . qq{');
	SELECT pv.activate_retention('"$_"', 'rule', 10)}) foreach @tables;

# A dump of what is due
my $dump = PostgreSQL::Test::Utils::tempdir . '/dump';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, $node->connstr('postgres') ], 'dumped before the purge');

query(q{
	DROP TABLE dropped;
	CREATE TABLE refers (id int REFERENCES referred);
	INSERT INTO refers VALUES (1);
	UPDATE divided SET days = 0 WHERE id = 5;
	CREATE FUNCTION put_back() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := OLD.note; RETURN NEW; END $$;
	CREATE TRIGGER put_back BEFORE UPDATE ON restored FOR EACH ROW WHEN (OLD.id = 7) EXECUTE FUNCTION put_back();
	ALTER TABLE given OWNER TO heir;
});
my $session = $node->background_psql('postgres');
$session->query_safe('BEGIN; LOCK TABLE locked');

#
# Each is reported, and what is well is done
#

query('ALTER DATABASE postgres SET pvext.enabled = on');
wait_for("SELECT sum(failures) = 6 AND sum(done) = 28 FROM pv.run_log WHERE duty = 'purge' AND finished_at IS NOT NULL");
is(query('SELECT count(note) FROM fine'), '0', 'the table that is well is purged');
is(failures(), join("\n", 'divided|rule, row 5|1|22012|1', 'dropped||1|42P01|1', 'given||1|42501|1', 'locked||1|55P03|1',
	'referred|rule|1|55000|1', 'restored|rule, row 7|1|27000|1'), 'every other one is reported');
is(query("SELECT DISTINCT state FROM pv.run_log WHERE duty = 'purge' AND failures > 0"), 'failed', 'in the run log, too');
like(query("SELECT state, detail FROM pv.status WHERE item = 'purge'"),
	qr/^failing\|(?=.*failing: public.dropped next try \d)(?=.*failing: locked next try \d{4}-)(?=.*failing: divided rule, row 5 next try)/, 'and in the status');
is(query('SELECT count(note) FROM divided UNION ALL SELECT count(note) FROM restored UNION ALL SELECT count(*) FROM referred UNION ALL SELECT count(note) FROM given'),
	"1\n1\n10\n10", 'what fails is undone, and that alone');
like(query("SET lock_timeout = '30s'; SELECT relation, rows, hint FROM pv.overdue ORDER BY CAST(relation AS text)"),
	qr/^divided\|\|cannot be decided: .*\ngiven\|\|cannot be decided: .*\nlocked\|\|cannot be decided: .*lock timeout\nreferred\|\|cannot be decided: rows of table .*\nrestored\|1\|/,
	'pv.overdue says why it cannot decide');

#
# Tried again, but not at once
#

my $runs = query("SELECT count(*) FROM pv.run_log WHERE duty = 'purge' AND finished_at IS NOT NULL");
wait_for("SELECT count(*) > $runs + 1 FROM pv.run_log WHERE duty = 'purge' AND finished_at IS NOT NULL");
unlike(failures(), qr/\|2\|/, 'what has failed is left alone for a minute');
foreach my $n (2, 3)
{
	query("UPDATE pv.duty_failure SET retry_at = now()");
	wait_for("SELECT count(*) = 6 FROM pv.duty_failure WHERE failures = $n");
}
is(query('SELECT DISTINCT round(extract(epoch FROM retry_at - last_at) / 60) FROM pv.duty_failure'), '4', 'and for twice as long each time');

#
# Put right
#

$session->query_safe('ROLLBACK');
$session->quit;
query(q{
	SELECT pv.undeclare_orphan('public', 'dropped');
	DROP TABLE refers;
	UPDATE divided SET days = 1;
	DROP TRIGGER put_back ON restored;
	ALTER TABLE given OWNER TO owner;
	UPDATE pv.duty_failure SET retry_at = now();
});
wait_for('SELECT count(*) = 0 FROM pv.duty_failure');
is(query('SELECT * FROM pv.overdue'), '', 'put right, everything is done');
is(query("SELECT state FROM pv.status WHERE item = 'purge'"), 'ok', 'and the status is well again');
is(query('SELECT count(note) FROM divided UNION ALL SELECT count(note) FROM restored UNION ALL SELECT count(*) FROM referred UNION ALL SELECT count(note) FROM given UNION ALL SELECT count(note) FROM locked'),
	"0\n0\n0\n0\n0", 'every row');

#
# A dump from before
#

query('CREATE DATABASE old');
$node->command_ok([ 'pg_restore', '-d', $node->connstr('old'), $dump ], 'restored');
is(query('SELECT count(*), sum(rows) FROM pv.overdue', 'old'), '7|70', 'all of it is due there');
query('ALTER DATABASE old SET pvext.enabled = on; SELECT pv.resume()', 'old');
wait_for('SELECT count(*) = 0 FROM pv.overdue', 'old');
is(query('SELECT count(*), sum((SELECT count(note) FROM fine) + (SELECT count(*) FROM referred)) FROM pv.duty_failure', 'old'), '0|', 'the worker has done it again');
is(query('SELECT count(note) FROM fine UNION ALL SELECT count(*) FROM referred UNION ALL SELECT count(note) FROM dropped', 'old'), "0\n0\n0", 'every row');

$node->stop;
done_testing();
