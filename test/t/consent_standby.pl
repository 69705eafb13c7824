# Consents on a hot standby: it answers as the primary does, takes none, and
# after its promotion goes on. Also consents in prepared transactions.
use strict;
use warnings FATAL => 'all';

use lib 'test/t';
use PvextTest;
use Test::More;

my $primary = start_node('primary', "max_prepared_transactions = 5\nautovacuum = off\n", allows_streaming => 1);
my $n = 10000;    # customers: three buckets of bits

# What the functions say, of keys of each kind, and of what they look up.
my @questions = (
	"SELECT count(*), sum(hashint4(id)::bigint) FROM customer WHERE pv.has_consent('customer', id, 'news')",
	"SELECT count(*), sum(hashint4(id)::bigint) FROM customer WHERE pv.has_consent('customer', id::text, 'sms')",
	"SELECT array_agg(mail ORDER BY mail) FROM reader WHERE pv.has_consent('reader', mail, 'news')",
	"SELECT array_agg(a ORDER BY a) FROM pair WHERE pv.has_consent('pair', ROW(a, b), 'news')",
	"SELECT count(*), sum(hashtext(key)::bigint) FROM pv.consented('customer', 'news') AS key",
	"SELECT array_agg(key ORDER BY key) FROM pv.consented('reader', 'news') AS key",
	"SELECT array_agg(id ORDER BY id) FROM customer WHERE id <= 50 AND NOT pv.may_process('customer', id, 'post')",
	"SELECT array_agg(id ORDER BY id) FROM customer WHERE id <= 50 AND pv.may_process('customer', id, 'news')",
	"SELECT key, purpose, state, in_force FROM pv.consent WHERE key = '2' ORDER BY purpose",
	"SELECT key, purpose, action, evidence FROM pv.consent_history WHERE key = '2' ORDER BY id",
	'SELECT * FROM pv.verify_consents()',
	'SELECT * FROM pv.verify_agreements()');
my $parallel = q{
	SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
	SET max_parallel_workers_per_gather = 2; SET parallel_leader_participation = off;
};

sub answers
{
	my ($node) = @_;

	return join "\n--\n", map { $node->safe_psql('postgres', $_) } @questions;
}

query(qq{
	SET client_min_messages = warning;
	CREATE EXTENSION pvext CASCADE;
	CREATE TABLE customer (id int PRIMARY KEY, mail text, padding text DEFAULT repeat('x', 50));
	INSERT INTO customer SELECT i, i || '\@example.org' FROM generate_series(1, $n) i;
	CREATE TABLE reader (mail text PRIMARY KEY);
	INSERT INTO reader SELECT 'reader ' || i FROM generate_series(1, 9) i;
	CREATE TABLE pair (a int, b text, PRIMARY KEY (a, b));
	INSERT INTO pair SELECT i, 'b' FROM generate_series(1, 9) i;
	SELECT pv.declare_purpose('news', 'consent', 'the newsletter');
	SELECT pv.declare_purpose('sms', 'consent', 'messages');
	SELECT pv.declare_purpose('post', 'legitimate_interests', 'advertising');
	SELECT pv.declare_consent_text('news', '1', 'en', 'I want it.');
	SELECT pv.declare_consent_text('sms', '1', 'en', 'I want them.');
	SELECT pv.declare_subject(t) FROM unnest('{customer,reader,pair}'::regclass[]) t;
	SELECT pv.declare_personal('customer', '{mail}', 'contact');
	SELECT count(pv.give_consent('customer', i, 'news', '1', 'web', '{"ip": "10.2.3.4"}')) FROM generate_series(2, $n, 30) i;
	SELECT count(pv.give_consent('customer', i, 'sms', '1', 'web', expires => now() + interval '1 day')) FROM generate_series(3, $n, 40) i;
	SELECT count(pv.give_consent('reader', 'reader ' || i, 'news', '1', 'web')) FROM generate_series(1, 9, 2) i;
	SELECT count(pv.give_consent('pair', ROW(i, 'b'::text), 'news', '1', 'web')) FROM generate_series(1, 9, 3) i;
	SELECT pv.object_to('customer', 5, 'post', 'letter');
	SELECT state FROM pv.erase_subject('customer', 32);
	INSERT INTO customer VALUES ($n + 1, '32\@EXAMPLE.org');
});
my $standby = new_standby('standby');

is(answers($standby), answers($primary), 'the standby answers as the primary does');
like(answers($standby), qr/^333\|/, 'and there is something to answer');
is($standby->safe_psql('postgres', $parallel . $questions[0]), query($questions[0]), 'also in a parallel plan');
is($standby->safe_psql('postgres', "SELECT pv.has_consent('customer', 2, 'news'), pv.has_consent('customer', 32, 'news'), pv.may_process('customer', 5, 'post'), pv.may_process('customer', $n + 1, 'post')"),
	't|f|f|f', 'of single subjects, too');

# Changes arrive while a session on the standby has read all of it before.
my $session = $standby->background_psql('postgres');
my $ask = "SELECT pv.has_consent('customer', 62, 'news'), pv.has_consent('customer', 63, 'news'), pv.has_consent('reader', 'reader 1', 'news'), pv.has_consent('customer', 64, 'news');\n";
is($session->query($ask), 't|f|t|f', 'a session asks');
query(q{
	SELECT pv.withdraw_consent('customer', 62, 'news', 'web'), pv.give_consent('customer', 63, 'news', '1', 'web'),
	       pv.withdraw_consent('reader', 'reader 1'::text, 'news', 'web')});
$primary->wait_for_catchup($standby);
is($session->query($ask), 'f|t|f|f', 'and sees what has changed since');
query("SELECT pv.give_consent('customer', 64, 'news', '1', 'web', expires => clock_timestamp() + interval '1 second'); SELECT pg_sleep(1.1)");
$primary->wait_for_catchup($standby);
is($session->query($ask), 'f|t|f|f', 'what has expired is none there either');
$session->quit;
query(q{
	SELECT count(pv.withdraw_consent('customer', i, 'news', 'web')) FROM generate_series(2, 300, 60) i;
	SELECT pv.withdraw_consent('pair', ROW(1, 'b'::text), 'news', 'web');
	SELECT pv.withdraw_objection('customer', 5, 'post', 'web');
	SELECT state FROM pv.erase_subject('customer', 92);
});
$primary->wait_for_catchup($standby);
is(answers($standby), answers($primary), 'the same after withdrawals and an erasure');
is($standby->safe_psql('postgres', "SELECT pv.has_consent('customer', 2, 'news'), pv.may_process('customer', 5, 'post'), pv.has_consent('customer', 92, 'news')"),
	'f|t|f', 'and not by chance');

# A standby records nothing.
is(sqlstate($_, 'postgres', $standby), '25006', "refused on the standby: $_")
  foreach (
	"SELECT pv.give_consent('customer', 1, 'news', '1', 'web')",
	"SELECT pv.withdraw_consent('customer', 2, 'news', 'web')",
	"SELECT pv.object_to('customer', 1, 'post', 'web')",
	"SELECT pv.withdraw_objection('customer', 1, 'post', 'web')",
	"SELECT pv.request_consent('customer', 1, 'news', '1', 'web')",
	"SELECT pv.confirm_consent('x')",
	"SELECT pv.unsubscribe_token('customer', 2, 'news')",
	"SELECT pv.withdraw_consent('x', 'web')",
	"SELECT pv.declare_consent_text('news', '2', 'en', 'x')",
	"SELECT pv.withdraw_consent_text('news', '1')",
	"SELECT pv.erase_subject('customer', 1)");
is(sqlstate("BEGIN READ ONLY; SELECT pv.give_consent('customer', 1, 'news', '1', 'web')"), '25006', 'nor does a transaction that only reads');
is(query("BEGIN READ ONLY; SELECT pv.has_consent('customer', 63, 'news'), pv.may_process('customer', $n + 1, 'post')"), 't|f', 'which can ask, though');

#
# Prepared transactions
#

my $bits = "SELECT count(*) FROM pv.consent_bitmap b JOIN pv.purpose p ON p.id = b.purpose_id WHERE p.name = 'news' AND b.bucket = 0 AND b.relation_id = (SELECT id FROM pv.relation WHERE relation = 'customer'::regclass)";
my $four = "SELECT array_agg(id ORDER BY id) FROM customer WHERE id BETWEEN 101 AND 110 AND pv.has_consent('customer', id, 'news')";
my $four_slowly = "SELECT array_agg(key ORDER BY key) FROM pv.consented('customer', 'news') AS key WHERE length(key) = 3 AND key BETWEEN '101' AND '110'";

query(q{
	BEGIN;
	SELECT pv.give_consent('customer', 101, 'news', '1', 'web');
	SAVEPOINT a;
	SELECT pv.give_consent('customer', 102, 'news', '1', 'web');
	ROLLBACK TO a;
	SELECT pv.give_consent('customer', 103, 'news', '1', 'web');
	PREPARE TRANSACTION 'one';
});
is(query($four), '', 'what is prepared is not seen');
# Others go on in the same bucket without waiting.
is(query("SET lock_timeout = '1s'; SET statement_timeout = '5s';
	SELECT pv.give_consent('customer', 104, 'news', '1', 'web'); SELECT pv.give_consent('customer', 105, 'news', '1', 'web');
	SELECT pv.withdraw_consent('customer', 104, 'news', 'web'); $four"),
	"\n\n\n{105}", 'others of the bucket do not wait');
is(sqlstate("SET lock_timeout = '100ms'; SELECT pv.withdraw_consent('customer', 101, 'news', 'web')"), '55P03', 'who is about the same subject does');
query("BEGIN; SELECT pv.give_consent('customer', 106, 'news', '1', 'web'), pv.withdraw_consent('customer', 105, 'news', 'web'); PREPARE TRANSACTION 'two'");
query("SELECT pv.give_consent('customer', 107, 'news', '1', 'web')");
is(query($four), '{105,107}', 'with two prepared');
is(query('SELECT count(*) FROM pv.verify_consents()'), '0', 'ledger, state and bits agree');
$primary->wait_for_catchup($standby);
is($standby->safe_psql('postgres', $four), '{105,107}', 'on the standby as well');
# Also after a crash
$primary->stop('immediate');
$primary->start;
is(query($four), '{105,107}', 'after a crash the same');
query("COMMIT PREPARED 'one'");
is(query($four), '{101,103,105,107}', 'the first is committed');
query("SELECT pv.withdraw_consent('customer', 101, 'news', 'web')");
query("COMMIT PREPARED 'two'");
is(query($four), '{103,106,107}', 'and the second');
query("BEGIN; SELECT pv.give_consent('customer', 108, 'news', '1', 'web'); PREPARE TRANSACTION 'three'");
query("SELECT pv.give_consent('customer', 109, 'news', '1', 'web')");
query("ROLLBACK PREPARED 'three'");
is(query($four), '{103,106,107,109}', 'one that is rolled back');
is(query($four_slowly), '{103,106,107,109}', 'and the state says so, too');
query("SELECT pv.give_consent('customer', 110, 'news', '1', 'web')");
is(query('SELECT count(*) FROM pv.verify_consents()'), '0', 'ledger, state and bits agree in the end');
is(query($bits), '1', 'the rows of the bucket have become one');

#
# After a promotion
#

$primary->wait_for_catchup($standby);
my $before = answers($primary);
$primary->stop;
$standby->promote;
wait_for('SELECT NOT pg_is_in_recovery()', 'postgres', $standby);
is(answers($standby), $before, 'promoted, it answers as before');
is($standby->safe_psql('postgres', "SELECT pv.give_consent('customer', 1, 'news', '1', 'web', '{\"ip\": \"10.9.9.9\"}'); SELECT pv.withdraw_consent('customer', 63, 'news', 'web'); SELECT pv.has_consent('customer', 1, 'news'), pv.has_consent('customer', 63, 'news')"),
	"\n\nt|f", 'and takes consents');
is($standby->safe_psql('postgres', "SELECT evidence->>'ip' FROM pv.consent_history WHERE key IN ('1', '152') ORDER BY id"),
	"10.2.3.4\n10.9.9.9", 'evidence of before and after can be read');
is($standby->safe_psql('postgres', "SELECT state FROM pv.erase_subject('customer', 1); SELECT pv.has_consent('customer', 1, 'news')"),
	"completed\nf", 'and erases');
is($standby->safe_psql('postgres', 'SELECT count(*) FROM pv.verify_consents()'), '0', 'ledger, state and bits agree there');

$standby->stop;
done_testing();
