# What an erasure waits for, in state verifying: a transaction that has only read when the
# person is erased may be prepared, or end with the server, before it writes or after.
use strict;
use warnings FATAL => 'all';

use lib 'test/t';
use PvextTest;
use Test::More;

my $node = start_node('older', "max_prepared_transactions = 5");

sub duties { return query("CALL pv.run_duties('{erase}')"); }
sub state { return query("SELECT string_agg(state::text, ',' ORDER BY requested_at) FROM pv.erasure"); }
sub waits { return query("SELECT string_agg(regexp_replace(what, '[\\d:]+ old\$', 'T old'), ', ') FROM pv.erasure_wait"); }
sub crash { $node->stop('immediate'); $node->start; return; }

# A session that has begun, and read of a person.
sub reader
{
	my ($person) = @_;
	my $session = $node->background_psql('postgres', on_error_stop => 1);

	$session->query_safe('BEGIN');
	$session->query_safe("SELECT name FROM person WHERE id = $person");
	return $session;
}

query(q{
	CREATE EXTENSION pvext CASCADE;
	CREATE TABLE person (id int PRIMARY KEY, name text);
	CREATE TABLE visit (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, person_id int, remark text);
	CREATE INDEX ON visit (person_id);
	INSERT INTO person SELECT i, 'name of ' || i FROM generate_series(1, 9) AS i;
	SELECT pv.declare_subject('person'), pv.declare_link('visit', '{person_id}', 'person'),
	       pv.declare_personal('person', '{name}', 'identifying'), pv.declare_personal('visit', '{remark}', 'note');
});

# It is prepared after the erasure; its xid is younger than that of the erasure
my $session = reader(1);
is(query("SELECT state FROM pv.erase_subject('person', 1)"), 'verifying', 'one that has only read is waited for');
like(waits(), qr/^the transaction of pid \d+, T old$/, 'by its pid');
$session->query_safe("INSERT INTO visit (person_id, remark) VALUES (1, 'remark of 1')");
$session->query_safe("PREPARE TRANSACTION 'first'");
duties();
is(state(), 'verifying', 'one that has been prepared since is waited for');
is(waits(), "prepared transaction 'first', T old", 'by its identifier');
is(query("SELECT state FROM pv.erase_subject('person', 1)"), 'verifying', 'by who asks again, too');
$session->quit;
duties();
is(state(), 'verifying', 'after the session has ended');
crash();
duties();
is(state(), 'verifying', 'after a crash');
query("COMMIT PREPARED 'first'");
duties();
is(state(), 'completed', 'until it is committed');
is(query("SELECT count(remark) FROM visit"), 0, 'what it brought has been erased');

# It is prepared, and nobody looks before the crash
$session = reader(2);
is(query("SELECT state FROM pv.erase_subject('person', 2)"), 'verifying', 'another');
$session->query_safe("INSERT INTO visit (person_id, remark) VALUES (2, 'remark of 2')");
$session->query_safe("PREPARE TRANSACTION 'second'");
crash();
is(query("SELECT state FROM pv.erase_subject('person', 2)"), 'verifying', 'who asks after a crash is told so');
duties();
is(state(), 'completed,verifying', 'and the worker looks at what was prepared');
query("COMMIT PREPARED 'second'");
is(query("SELECT state FROM pv.erase_subject('person', 2)"), 'completed', 'until it is committed');
is(query("SELECT count(remark) FROM visit"), 0, 'what it brought has been erased');

# It had been prepared before the erasure
query("BEGIN; INSERT INTO visit (person_id, remark) VALUES (3, 'remark of 3'); PREPARE TRANSACTION 'third'");
is(query("SELECT state FROM pv.erase_subject('person', 3)"), 'verifying', 'one that was prepared before is waited for');
crash();
duties();
is(state(), 'completed,completed,verifying', 'after a crash, too');
query("ROLLBACK PREPARED 'third'");
duties();
is(state(), 'completed,completed,completed', 'until it is rolled back');

# One that is prepared later is not waited for, unless it may be the one that is gone
$session = reader(4);
is(query("SELECT state FROM pv.erase_subject('person', 4)"), 'verifying', 'one that ends while others are prepared');
$session->query_safe('ROLLBACK');
duties();
is(state(), 'completed,completed,completed,completed', 'has ended');
$session->quit;

# All end with the server; a backend of the same number is another
$session = reader(5);
is(query("SELECT state FROM pv.erase_subject('person', 5)"), 'verifying', 'one that a crash ends');
crash();
my $other = reader(6);
duties();
is(state(), join(',', ('completed') x 5), 'has ended');
$other->quit;
is(query("SELECT count(*) FROM pv.older_transaction"), 0, 'nothing is left of what was waited for');

done_testing();
