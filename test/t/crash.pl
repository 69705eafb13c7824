# Crashes: a backend that is killed, or a server that stops at once, in the
# middle of an erasure or of consents leaves nothing half done. What was
# committed stays.
use strict;
use warnings FATAL => 'all';

use lib 'test/t';
use PvextTest;
use Test::More;

my $node = start_node('crash', qq{
restart_after_crash = on
max_prepared_transactions = 2
autovacuum = off
pvext.erasure_limit = 0
});
my $n = 250;    # persons

# What an erasure must leave of everybody, by states of the ledger: who is
# erased has nothing left, who isn't has everything.
my $all_or_nothing = q{
	SELECT p.id, count(e.id) AS erasures,
	       (p.name = 'name of ' || p.id)::int + (p.email = p.id || '@here')::int
	       + (SELECT count(*) FROM purchase u WHERE u.person_id = p.id AND u.address = 'street of ' || p.id)
	       + (SELECT count(*) FROM purchase u JOIN item i ON i.purchase_id = u.id
	          WHERE u.person_id = p.id AND i.remark = 'remark of ' || p.id)
	       + (SELECT count(*) FROM session s WHERE s.person_id = p.id) AS pieces
	FROM person p LEFT JOIN pv.erasure e ON e.state = 'completed' AND e.rows_deleted > 0
	  AND e.former_digest = (SELECT v.subject_digest FROM pv.event v WHERE v.call LIKE 'place_hold%' ORDER BY v.id OFFSET p.id - 1 LIMIT 1)
	GROUP BY p.id};

# The backend of a session, once that sleeps.
sub sleeper
{
	my ($session) = @_;

	return pid_of("application_name = '$session->{name}' AND wait_event = 'PgSleep'");
}

# Did the session end before its time?  One that was killed may have ended by itself.
sub was_cut_off
{
	return finish($_[0]) =~ /server closed the connection|connection to server was lost/;
}

# Everybody has all or nothing; returns how many are erased.
sub check
{
	my ($name, $erased) = @_;

	is(query("SELECT * FROM ($all_or_nothing) x WHERE (erasures, pieces) NOT IN ((0, 6), (1, 0))"),
		'', "$name: all or nothing");
	is(query("SELECT count(*) FROM ($all_or_nothing) x WHERE erasures = 1"), $erased, "$name: $erased are erased")
	  if defined $erased;
	is(query("SELECT count(*) FROM pv.erasure e, pv.verify_erasure(e.id) v WHERE e.state = 'completed'"),
		'0', "$name: nothing of the erased is still personal");
	return query("SELECT count(*) FROM ($all_or_nothing) x WHERE erasures = 1");
}

query(qq{
	SET client_min_messages = warning;
	CREATE EXTENSION pvext CASCADE;
	CREATE TABLE person (id int PRIMARY KEY, name text NOT NULL, email text NOT NULL UNIQUE, code varchar(5) NOT NULL UNIQUE);
	CREATE TABLE purchase (id int PRIMARY KEY, person_id int REFERENCES person, address text);
	CREATE TABLE item (id int PRIMARY KEY, purchase_id int REFERENCES purchase, remark text);
	CREATE TABLE session (id int PRIMARY KEY, person_id int REFERENCES person);
	CREATE INDEX ON purchase (person_id);
	CREATE INDEX ON item (purchase_id);
	CREATE INDEX ON session (person_id);
	INSERT INTO person SELECT i, 'name of ' || i, i || '\@here', 'c' || i FROM generate_series(1, $n) i;
	INSERT INTO purchase SELECT i, i, 'street of ' || i FROM generate_series(1, $n) i;
	INSERT INTO item SELECT i, (i + 1) / 2, 'remark of ' || (i + 1) / 2 FROM generate_series(1, 2 * $n) i;
	INSERT INTO session SELECT i, i FROM generate_series(1, $n) i;
	SELECT pv.declare_subject('person');
	SELECT pv.link_foreign_keys('person', 2, excluding => '{session}');
	SELECT pv.declare_link('session', '{person_id}', 'person', on_erase => 'delete');
	SELECT pv.declare_personal('person', '{name,email,code}', 'identifying');
	SELECT pv.declare_personal('purchase', '{address}', 'address');
	SELECT pv.declare_personal('item', '{remark}', 'note');
	-- The record of these calls tells which digest is whose.
	SELECT pv.release_hold(pv.place_hold('person', i, 'for its digest'), 'done') FROM generate_series(1, $n) i;
	-- Sleeps in the middle of an erasure, in the table that crash.at names
	CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS \$\$
	BEGIN
		IF current_setting('crash.at', true) = TG_TABLE_NAME THEN PERFORM pg_sleep(600); END IF;
		RETURN NULL;
	END \$\$;
	CREATE TRIGGER dawdle AFTER UPDATE OR DELETE ON person FOR EACH STATEMENT EXECUTE FUNCTION dawdle();
	CREATE TRIGGER dawdle AFTER UPDATE OR DELETE ON purchase FOR EACH STATEMENT EXECUTE FUNCTION dawdle();
	CREATE TRIGGER dawdle AFTER UPDATE OR DELETE ON item FOR EACH STATEMENT EXECUTE FUNCTION dawdle();
	CREATE TRIGGER dawdle AFTER UPDATE OR DELETE ON session FOR EACH STATEMENT EXECUTE FUNCTION dawdle();
});
check('at first', 0);
my $untouched = query('SELECT * FROM person ORDER BY id');
my $erasing = "SELECT state FROM pv.erase_subjects('person', '{1,2,3}')";

#
# A backend is killed, in each of the tables, and before the commit
#

foreach my $table (qw(item session purchase person))
{
	my $log = log_size();
	my $session = start_psql("at_$table", "SET crash.at = '$table'", $erasing);
	my $pid = sleeper($session);

	kill 'KILL', $pid;
	like(finish($session), qr/connection|terminat/, "killed in $table");
	wait_for_restart($log);
	check("killed in $table", 0);
	is(query('SELECT * FROM person ORDER BY id'), $untouched, "killed in $table: nobody has changed");
	is(query('SELECT count(*) FROM pv.erasure'), '0', "killed in $table: the ledger is empty");
	is(query("SELECT count(*) FROM pv.event WHERE call LIKE 'erase%'"), '0', "killed in $table: no erasure is on record");
}

my $log = log_size();
my $session = start_psql('uncommitted', 'BEGIN', $erasing, 'SELECT pg_sleep(600)');
kill 'KILL', sleeper($session);
finish($session);
wait_for_restart($log);
check('killed before the commit', 0);

# A cancel and a termination are no crash, and leave as little.
$session = start_psql('cancelled', "SET crash.at = 'person'", $erasing);
query('SELECT pg_cancel_backend(' . sleeper($session) . ')');
like(finish($session), qr/canceling statement due to user request/, 'cancelled');
check('cancelled', 0);
$session = start_psql('terminated', "SET crash.at = 'person'", $erasing);
query('SELECT pg_terminate_backend(' . sleeper($session) . ')');
finish($session);
check('terminated', 0);

#
# The server stops at once
#

$session = start_psql('stopped', "SET crash.at = 'person'", $erasing);
sleeper($session);
$node->stop('immediate');
finish($session);
$node->start;
check('stopped during an erasure', 0);
is(query('SELECT count(*) FROM pv.erasure'), '0', 'stopped during an erasure: the ledger is empty');

is(query($erasing), "completed\ncompleted\ncompleted", 'after the crashes the same erasure works');
my $ledger = query('SELECT * FROM pv.erasure ORDER BY id');
my $erased = query('SELECT * FROM person ORDER BY id');
$node->stop('immediate');
$node->start;
check('stopped after an erasure', 3);
is(query('SELECT * FROM pv.erasure ORDER BY id'), $ledger, 'stopped after an erasure: the ledger is as it was');
is(query('SELECT * FROM person ORDER BY id'), $erased, 'stopped after an erasure: the persons are as they were');
is(query("SELECT count(*) FROM pv.event WHERE call LIKE 'erase%'"), '3', 'stopped after an erasure: it is on record');
is(query($erasing), "completed\ncompleted\ncompleted", 'asking again is harmless');
is(query('SELECT * FROM pv.erasure ORDER BY id'), $ledger, 'asking again adds nothing to the ledger');

# A committed hold stays as well, and an erasure that one keeps back.
query("SELECT pv.place_hold('person', 4, 'court case')");
is(query("SELECT state FROM pv.erase_subject('person', 4)"), 'blocked', 'a hold blocks');
$node->stop('immediate');
$node->start;
is(query("SELECT state, blocked_by IS NOT NULL FROM pv.erasure WHERE key = '4'"), 'blocked|t', 'the blocked request stays');
is(query("SELECT state FROM pv.erase_subject('person', 4)"), 'blocked', 'the hold stays');
check('with a hold', 3);

#
# An erasure in a prepared transaction
#

query("BEGIN; SELECT state FROM pv.erase_subject('person', 5); PREPARE TRANSACTION 'later'");
$node->stop('immediate');
$node->start;
check('prepared', 3);
query("COMMIT PREPARED 'later'");
check('prepared and committed', 4);
query("BEGIN; SELECT state FROM pv.erase_subject('person', 6); PREPARE TRANSACTION 'never'");
$node->stop('immediate');
$node->start;
query("ROLLBACK PREPARED 'never'");
check('prepared and rolled back', 4);

#
# Killed at any moment: one erasure after the other, until none is left
#

my $kills = 0;
foreach my $i (1 .. 8)
{
	my @left = split /,/, query("SELECT string_agg(id::text, ',' ORDER BY id) FROM ($all_or_nothing) x WHERE erasures = 0 AND id <> 4");
	my $name = "at any moment, $i";

	last if @left < 30;
	$log = log_size();
	$session = start_psql("any_$i", 'SELECT pg_backend_pid()',
		(map { "SELECT state FROM pv.erase_subject('person', $_)" } @left[ 0 .. 24 ]),
		"SELECT pv.erase_subjects('person', '{" . join(',', @left[ 25 .. 29 ]) . "}')");
	$session->{handle}->pump until ${ $session->{out} } =~ /^(\d+)\ncompleted\n/;
	my $pid = $1;
	select undef, undef, undef, 0.001 * $i;
	kill 'KILL', $pid;
	if (was_cut_off($session))
	{
		wait_for_restart($log);
		$kills++;
	}
	note "$name: " . check($name) . ' are erased';
}
cmp_ok($kills, '>', 0, 'some backends were killed');
query("SELECT pv.erase_subjects('person', (SELECT array_agg(id::text) FROM ($all_or_nothing) x WHERE erasures = 0 AND id <> 4))");
check('at the end', $n - 1);
# Serial tokens: a number that a crash has taken back is not given twice.
is(query('SELECT count(DISTINCT code) FROM person'), $n, 'tokens are unique');

#
# Consents: what was acknowledged stays, ledger, state and bits agree
#

query(q{
	SELECT pv.declare_purpose('news', 'consent', 'the newsletter');
	SELECT pv.declare_consent_text('news', '1', 'en', 'I want it.');
	CREATE TABLE reader (id int PRIMARY KEY);
	INSERT INTO reader SELECT generate_series(1, 9000);
	SELECT pv.declare_subject('reader');
	SELECT count(pv.give_consent('reader', id, 'news', '1', 'web')) FROM reader WHERE id % 100 = 0;
});

# Who has consented, by bits and by state; they agree.
sub readers
{
	my ($name) = @_;
	my $readers = query("SELECT string_agg(id::text, ' ' ORDER BY id) FROM reader WHERE pv.has_consent('reader', id, 'news')");

	is(query("SELECT string_agg(key, ' ' ORDER BY key::int) FROM pv.consented('reader', 'news') AS key"),
		$readers, "$name: bits and state agree");
	is(query('SELECT * FROM pv.verify_consents()'), '', "$name: and the ledger");
	return $readers;
}

my $readers = readers('consents');
my $changes = q{
	SELECT count(pv.give_consent('reader', id, 'news', '1', 'web')) FROM reader WHERE id % 100 = 7;
	SELECT count(pv.withdraw_consent('reader', id, 'news', 'web')) FROM reader WHERE id % 200 = 0};

$log = log_size();
$session = start_psql('consents', 'BEGIN', $changes, 'SELECT pg_sleep(600)');
kill 'KILL', sleeper($session);
finish($session);
wait_for_restart($log);
is(readers('killed with consents'), $readers, 'killed with consents: nothing has changed');

$session = start_psql('consents_stopped', 'BEGIN', $changes, 'SELECT pg_sleep(600)');
sleeper($session);
query("SELECT pv.give_consent('reader', 1, 'news', '1', 'web'), pv.withdraw_consent('reader', 100, 'news', 'web')");
$node->stop('immediate');
finish($session);
$node->start;
$readers =~ s/^100 /1 /;
is(readers('stopped with consents'), $readers, 'stopped with consents: only what was committed');

# Two at once in the same buckets, killed at any moment: each says which were
# acknowledged, and those stay.
my %acknowledged;
$kills = 0;
foreach my $i (1 .. 5)
{
	my @sessions = map {
		my $k = $_;
		start_psql("readers_${i}_$k", 'SELECT pg_backend_pid()',
			(map { ("SELECT pv.give_consent('reader', $_, 'news', '1', 'web')", "SELECT $_ AS given") }
				map { 2 * (($_ * 7 + 800 * $i) % 4500) + $k } 1 .. 700));
	} 1 .. 2;

	$log = log_size();
	foreach my $s (@sessions)
	{
		$s->{handle}->pump until ${ $s->{out} } =~ /^\d+\n\n\d+\n/;
	}
	my ($pid) = ${ $sessions[0]->{out} } =~ /^(\d+)\n/;
	select undef, undef, undef, 0.003 * $i;
	kill 'KILL', $pid;
	if (grep { was_cut_off($_) } @sessions)
	{
		wait_for_restart($log);
		$kills++;
	}
	foreach my $session (@sessions)
	{
		my (undef, @given) = grep { $_ ne '' } split /\n/, ${ $session->{out} };
		$acknowledged{$_} = 1 foreach @given;
	}
	$readers = readers("readers at any moment, $i");
	my %have = map { $_ => 1 } split / /, $readers;
	is(join(' ', grep { !$have{$_} } sort keys %acknowledged), '', "readers at any moment, $i: all that were acknowledged have consented");
}
cmp_ok($kills, '>', 0, 'some of them were killed');
note scalar(keys %acknowledged) . ' acknowledged';
query($changes);
readers('readers at the end');
is(query('SELECT max(n) FROM (SELECT count(*) AS n FROM pv.consent_bitmap GROUP BY relation_id, purpose_id, bucket) b'), '1', 'the rows of the bits have become one');

$node->stop;
done_testing();
