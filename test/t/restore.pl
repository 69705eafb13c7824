# Dump and restore: the map, the holds, the ledgers and the record of calls come
# back in another server, and erasures, consents and agreements work there. Also: what DROP EXTENSION
# leaves, and a schema pv that somebody made before.
use strict;
use warnings FATAL => 'all';

use lib 'test/t';
use PvextTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $tempdir = PostgreSQL::Test::Utils::tempdir;
my $old = new_node('old');

# What pvext keeps, as its views show it, without what another database
# must write differently. Other tables are shown whole.
my @kept = (
	'SELECT * FROM pv.purpose ORDER BY name',
	'SELECT * FROM pv.subject ORDER BY relation::text',
	'SELECT * FROM pv.link ORDER BY relation::text, name',
	'SELECT * FROM pv.personal ORDER BY relation::text, column_name',
	'SELECT r.relation, n.column_name FROM pv.not_personal n JOIN pv.relation r ON r.id = n.relation_id ORDER BY r.relation::text, 2',
	'SELECT * FROM pv.blocker ORDER BY subject::text, name',
	'SELECT * FROM pv.retention ORDER BY relation::text, name',
	'SELECT h.*, r.relation FROM pv.hold h JOIN pv.relation r ON r.id = h.relation_id ORDER BY h.id',
	'SELECT * FROM pv.erasure ORDER BY id',
	'SELECT id, clear_since, verify_after, executed_at FROM pv.erasure_ledger ORDER BY id',
	'SELECT * FROM pv.redaction ORDER BY digest, column_name',
	'SELECT * FROM pv.event ORDER BY id',
	'SELECT * FROM pv.role_profile ORDER BY role::text, profile',
	'SELECT * FROM pv.relation ORDER BY id',
	'SELECT * FROM pv.secret',
	'SELECT * FROM pv.consent_text ORDER BY id',
	'SELECT * FROM pv.consent_state ORDER BY id',
	'SELECT * FROM pv.consent_event ORDER BY id',
	'SELECT relation_id, purpose_id, bucket, next_expiry, codes FROM pv.consent_bitmap ORDER BY 1, 2, 3, 5',
	'SELECT * FROM pv.consent_token ORDER BY selector',
	'SELECT * FROM pv.consent ORDER BY id',
	'SELECT * FROM pv.consent_history ORDER BY id',
	'SELECT * FROM pv.agreement ORDER BY id',
	'SELECT * FROM pv.agreement_state ORDER BY id',
	'SELECT * FROM pv.agreement_event ORDER BY id',
	'SELECT * FROM pv.agreement_history ORDER BY id',
	'SELECT * FROM pv.evidence_key ORDER BY subject_digest, ledger',
	'SELECT * FROM pv.suppression ORDER BY digest',
	'SELECT * FROM pv.verify_consents()',
	'SELECT * FROM pv.verify_agreements()',
	'SELECT array_agg(id ORDER BY id) FROM member WHERE pv.has_consent(\'member\', id, \'news\')',
	'SELECT array_agg(key ORDER BY key COLLATE "C") FROM pv.consented(\'member\', \'news\') AS key',
	'SELECT id, pv.has_consent(\'customer\', id, \'news\'), pv.may_process(\'customer\', id, \'letters\') FROM customer ORDER BY id',
	'SELECT relation, column_name, severity, problem FROM pv.check_map() ORDER BY relation::text, 2, 4',
	'SELECT c.relname, c.relacl::text, has_table_privilege(\'shop_app\', c.oid, \'SELECT\') FROM pg_class c WHERE relnamespace = \'pv\'::regnamespace AND relkind IN (\'r\', \'v\', \'S\') ORDER BY relname',
	'SELECT p.oid::regprocedure::text, p.proacl::text FROM pg_proc p WHERE pronamespace = \'pv\'::regnamespace ORDER BY 1',
	'SELECT * FROM customer ORDER BY id',
	'SELECT * FROM "Bill" ORDER BY no',
	'SELECT * FROM note ORDER BY id',
	'SELECT * FROM visit ORDER BY id');

$old->start;
$old->safe_psql(
	'postgres', q{
	CREATE ROLE shop_owner LOGIN;
	CREATE ROLE shop_app LOGIN;
	CREATE ROLE shop_officer LOGIN;
	CREATE DATABASE shop;
});
$old->safe_psql(
	'shop', q{
	SET client_min_messages = warning;
	CREATE EXTENSION pvext CASCADE;
	RESET client_min_messages;
	SELECT pv.grant_role('shop_owner', 'owner');
	SELECT pv.grant_role('shop_app', 'application');
	SELECT pv.grant_role('shop_officer', 'officer');
	SELECT pv.declare_purpose('billing', 'legal_obligation', 'keeping books');
	SELECT pv.declare_purpose('service', 'contract', 'answering questions');
	GRANT CREATE ON SCHEMA public TO shop_owner;
	SET ROLE shop_owner;
	CREATE TABLE customer (
		id varchar(6) PRIMARY KEY,
		name text NOT NULL,
		email text NOT NULL UNIQUE CHECK (email LIKE '%@%'),
		born date,
		active boolean NOT NULL DEFAULT false);
	CREATE TABLE "Bill" (
		no serial PRIMARY KEY,
		customer_id varchar(6) REFERENCES customer,
		"sent To" text,
		issued_on date,
		paid boolean NOT NULL DEFAULT true);
	CREATE INDEX ON "Bill" (customer_id);
	CREATE TABLE note (id int PRIMARY KEY, customer_id varchar(6) REFERENCES customer, body text);
	CREATE INDEX ON note (customer_id);
	CREATE TABLE visit (id int PRIMARY KEY, kind text, person text, address inet);
	CREATE INDEX ON visit (person);
	CREATE TABLE gone (id int PRIMARY KEY, customer_id varchar(6) REFERENCES customer, body text);
	CREATE INDEX ON gone (customer_id);
	CREATE FUNCTION no_vowels(text) RETURNS text LANGUAGE sql IMMUTABLE RETURN translate($1, 'aeiou', '');
	INSERT INTO customer SELECT 'C' || i, 'Person ' || i || ' Smith', 'p' || i || '@example.org', date '1970-01-01' + i, i = 9
	  FROM generate_series(1, 12) i;
	INSERT INTO "Bill" (customer_id, "sent To", issued_on)
	  SELECT 'C' || i, 'Person ' || i || ' Smith', CASE WHEN i % 3 = 0 THEN current_date - 100 ELSE date '2001-05-05' END
	  FROM generate_series(1, 12) i;
	INSERT INTO note SELECT i, 'C' || i, 'Call p' || i || '@example.org: he likes tea' FROM generate_series(1, 12) i;
	INSERT INTO visit SELECT i, 'customer', 'C' || i, '10.1.2.3' FROM generate_series(1, 12) i;
	SELECT pv.declare_subject('customer', description => 'who buys');
	SELECT pv.link_foreign_keys('customer');
	SELECT pv.declare_link('visit', '{person}', 'customer', condition => 'kind = ''customer''');
	SELECT pv.declare_personal('customer', '{id}', 'identifying', erase_with => 'token');
	SELECT pv.declare_personal('customer', '{name}', 'identifying', '{billing,service}', 'expression', 'left(no_vowels(name), 0)');
	SELECT pv.declare_personal('customer', '{email}', 'identifying', '{service}', 'token', 'erased-%s@invalid');
	SELECT pv.declare_personal('customer', '{born}', 'birth', '{service}', 'generalise', 'year');
	SELECT pv.declare_personal('"Bill"', '{"sent To"}', 'address', '{billing}');
	SELECT pv.declare_personal('note', '{body}', 'note', '{service}', 'redact', '[gone]');
	SELECT pv.declare_personal('visit', '{address}', 'address', '{service}', 'generalise', '/8');
	SELECT pv.declare_personal('gone', '{body}', 'note');
	SELECT pv.declare_not_personal('customer', '{active}');
	SELECT pv.declare_not_personal('"Bill"');
	SELECT pv.declare_blocker('customer', 'active', 'subject.active', 'is a customer');
	SELECT pv.declare_blocker('customer', 'unpaid', 'NOT paid', 'owes', relation => '"Bill"', purposes => '{billing}');
	SELECT pv.declare_retention('"Bill"', 'books', interval '5 years', 'pv.accounting_year_end(issued_on)',
		'bookkeeping act', mandatory => true);
	SELECT pv.declare_retention('customer', 'past', interval '2 years', 'max(issued_on)', 'our promise',
		columns => '{email}', over => '"Bill"', otherwise => 'born', time_zone => 'Europe/Berlin');
	SET client_min_messages = error;
	DROP TABLE gone;
});

# Consents in several buckets, given, withdrawn, expiring, requested; objections;
# agreements; evidence, which only the secret can read
my $token = sub {
	my ($out) = $old->safe_psql('shop', $_[0]) =~ /(\S{64})$/ or die 'no token';
	return $out;
};
$old->safe_psql(
	'shop', q{
	SELECT pv.declare_purpose('news', 'consent', 'the newsletter');
	SELECT pv.declare_purpose('letters', 'legitimate_interests', 'advertising by post');
	SELECT pv.declare_consent_text('news', '1', 'en', 'I want the newsletter.');
	SELECT pv.declare_consent_text('news', '1', 'sv', 'Jag vill ha nyhetsbrevet – gärna.');
	SELECT pv.declare_consent_text('news', '0', 'en', 'I might.');
	SELECT pv.withdraw_consent_text('news', '0');
	SELECT pv.declare_agreement('terms', '1', 'You pay.');
	SELECT pv.declare_agreement('terms', '2', 'You pay soon.');
	SET ROLE shop_owner;
	CREATE TABLE member (id bigint PRIMARY KEY, mail text);
	INSERT INTO member SELECT i, i || '@member.org' FROM generate_series(-5, 9000, 5) i;
	SELECT pv.declare_subject('member');
	SELECT pv.declare_personal('member', '{mail}', 'contact', '{news}');
	RESET ROLE;
	SELECT count(pv.give_consent('member', id, 'news', '1', 'web', '{"ip": "10.9.8.7"}', language => 'sv')) FROM member WHERE id % 100 = 0;
	SELECT count(pv.give_consent('member', id, 'news', '1', 'web', expires => '2099-01-01')) FROM member WHERE id % 100 = 50 OR id = -5;
	SELECT count(pv.withdraw_consent('member', id, 'news', 'web')) FROM member WHERE id % 1000 = 0;
	SELECT pv.give_consent('customer', 'C' || i, 'news', '1', 'letter', '{"letter": 7}') FROM unnest('{1,3,6}'::int[]) i;
	SELECT pv.object_to('customer', 'C7'::text, 'letters', 'phone', '{"by": "phone"}');
	SELECT pv.accept_agreement('customer', 'C' || i, 'terms', '1', '{"ip": "10.1.1.1"}') FROM unnest('{1,6,7}'::int[]) i;
	SELECT pv.accept_agreement('customer', 'C6'::text, 'terms', '2');
	SELECT pv.end_agreement('customer', 'C7'::text, 'terms');
});
my $confirm = $token->("SELECT pv.request_consent('member', 5, 'news', '1', 'web', language => 'en')");
my $unsubscribe = $token->("SELECT pv.unsubscribe_token('member', 100, 'news')");

# Erasures of each kind: completed, in part, blocked, requested, cancelled; holds
# that stand, are released, and of an erased person
$old->safe_psql('shop', "SET client_min_messages = error; $_") foreach (
	"SELECT pv.place_hold('customer', 'C1'::text, 'court case')",
	"SELECT pv.release_hold(1, 'settled')",
	"SELECT pv.erase_subject('customer', 'C1'::text, 'asked by letter')",
	"SELECT pv.erase_subjects('customer', '{C2,C4}')",
	"SELECT pv.erase_subject('customer', 'C3'::text)",
	"SELECT pv.place_hold('customer', 'C5'::text, 'court case', expires => '2099-01-01')",
	"SELECT pv.erase_subject('customer', 'C5'::text)",
	"SELECT pv.erase_subject('customer', 'C9'::text)",
	"SET pvext.erasure_delay = '1d'; SELECT pv.erase_subject('customer', 'C7'::text)",
	"SET pvext.erasure_delay = '1d'; SELECT pv.cancel_erasure(id, 'changed her mind') FROM pv.erase_subject('customer', 'C8'::text)");
is($old->safe_psql('shop', 'SELECT state, count(*) FROM pv.erasure GROUP BY state ORDER BY state'),
	"requested|1\nblocked|2\npartial|1\ncompleted|3\ncancelled|1",
	'the ledger has erasures of many states');
my $before = contents(\@kept, 'shop');

# The dump, by text and by archive, goes to another server, roles first.
my $plain = "$tempdir/plain.sql";
my $archive = "$tempdir/archive";
my $roles = "$tempdir/roles.sql";
$old->command_ok([ 'pg_dump', '-d', $old->connstr('shop'), '-f', $plain ], 'pg_dump as text');
$old->command_ok([ 'pg_dump', '-d', $old->connstr('shop'), '-Fc', '-f', $archive ], 'pg_dump as archive');
$old->command_ok([ 'pg_dumpall', '-d', $old->connstr('postgres'), '--roles-only', '-f', $roles ], 'pg_dumpall of the roles');

my $new = new_node('new');
$new->start;

# The role that initdb made is there already.
my $script = slurp_file($roles);
my $me = $new->safe_psql('postgres', 'SELECT quote_ident(current_user)');
$script =~ s/^CREATE ROLE \Q$me\E;$//m;
$new->safe_psql('postgres', $script);
$new->safe_psql('postgres', "CREATE DATABASE $_") foreach qw(plain archive parallel);

sub restore_ok
{
	my ($name, @command) = @_;
	my ($out, $err) = run_command(\@command);

	is($err, '', "$name: no error and no warning");
	return is($? >> 8, 0, "$name: restored");
}

restore_ok('psql', 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null',
	'-d', $new->connstr('plain'), '-f', $plain);
restore_ok('pg_restore', 'pg_restore', '-d', $new->connstr('archive'), $archive);
my $parallel = restore_ok('pg_restore in parallel', 'pg_restore', '-j', '3', '-d', $new->connstr('parallel'), $archive);

foreach my $database ('plain', 'archive', $parallel ? 'parallel' : ())
{
	same_ok(contents(\@kept, $database, $new), $before, "$database: all that pvext keeps is the same");
	is($new->safe_psql($database, "SELECT state FROM pv.status WHERE item = 'restore'; SET client_min_messages = error; SELECT pv.resume()"),
		"restored\n", "$database: it goes on once that is said");
	# Digests still match: the secret has travelled.
	is($new->safe_psql($database, "SELECT state, reason FROM pv.erase_subject('customer', 'C1'::text)"),
		'completed|asked by letter', "$database: the erased key finds its row of the ledger");
	is($new->safe_psql($database, "SELECT state FROM pv.erase_subject('customer', 'C3'::text)"),
		'partial', "$database: who was erased in part still is");
	is($new->safe_psql($database, "SELECT count(*) FROM pv.erasure"),
		'8', "$database: asking again adds nothing");
	is($new->safe_psql($database, "SELECT state, blocked_by FROM pv.erase_subject('customer', 'C5'::text)"),
		'blocked|{"hold 2: court case"}', "$database: the hold holds");
	is(sqlstate("SELECT pv.erase_subject('customer', 'C99'::text)", $database, $new),
		'P0002', "$database: an unknown key is an error");

	# The next person, asked for by the application; and one who was blocked.
	is($new->safe_psql($database, "SET SESSION AUTHORIZATION shop_app; SELECT state FROM pv.erase_subject('customer', 'C10'::text)"),
		'completed', "$database: the next person is erased, with the privileges of before");
	is($new->safe_psql($database, 'SELECT v.* FROM pv.erasure e, pv.verify_erasure(e.id) v WHERE e.state = \'completed\''),
		'', "$database: nothing of the erased is still personal");
	is($new->safe_psql($database, "SELECT * FROM note WHERE id = 10"),
		$new->safe_psql($database, "SELECT 10, c.id, 'Call [gone]: he likes tea' FROM customer c JOIN note n ON n.customer_id = c.id WHERE n.id = 10"),
		"$database: the note is redacted");
	is($new->safe_psql($database, "SELECT pv.release_hold(2, 'settled'); SELECT state FROM pv.erase_subject('customer', 'C5'::text)"),
		"\ncompleted", "$database: without the hold the blocked request completes");

	# Consents go on where they stood: links that were sent out work, new events
	# come after the old ones, and the bits are kept in step.
	is($new->safe_psql($database, "SELECT count(*) FROM pv.consent_history WHERE evidence->>'ip' = '10.9.8.7'"),
		'91', "$database: evidence can be read");
	is($new->safe_psql($database, qq{
		SET SESSION AUTHORIZATION shop_app;
		SELECT pv.confirm_consent('$confirm'), pv.withdraw_consent('$unsubscribe');
		SELECT pv.give_consent('member', 6000, 'news', '1', 'web', '{"ip": "10.9.8.8"}');
		SELECT pv.withdraw_consent('member', 150, 'news', 'web');
		SELECT id, pv.has_consent('member', id, 'news') FROM unnest('{-5,5,100,150,200,6000}'::bigint[]) id}),
		"|\n\n\n-5|t\n5|t\n100|f\n150|f\n200|t\n6000|t", "$database: links work, consents are given and withdrawn");
	is(sqlstate("SELECT pv.confirm_consent('$confirm')", $database, $new), '28000', "$database: a link works once");
	is($new->safe_psql($database, q{
		SELECT count(*) = count(DISTINCT id) FROM pv.event;
		SELECT count(*) FROM pv.verify_consents();
		SELECT count(*) FROM pv.consent_bitmap GROUP BY relation_id, purpose_id, bucket HAVING count(*) > 1}),
		"t\n0", "$database: ledger, state and bits agree");
	is(sqlstate($_, $database, $new), '55000', "$database: refused: $_")
	  foreach ('DELETE FROM pv.consent_event', 'UPDATE pv.agreement_event SET at = now()', 'TRUNCATE pv.consent_event',
		"UPDATE pv.consent_text SET body = 'x' WHERE version = '1'");
	is(sqlstate("SELECT pv.give_consent('member', 10, 'news', '0', 'web')", $database, $new), '55000', "$database: a text stays withdrawn");
	is($new->safe_psql($database, q{
		SELECT pv.bound_by('customer', 'C6'::text, 'terms'), pv.bound_by('customer', 'C7'::text, 'terms');
		SELECT pv.accept_agreement('customer', 'C7'::text, 'terms', '2');
		SELECT pv.bound_by('customer', 'C7'::text, 'terms');
		SELECT count(*) FROM pv.verify_agreements()}), "2|\n\n2\n0", "$database: agreements go on");
	is($new->safe_psql($database, q{
		SELECT state FROM pv.erase_subject('customer', 'C6'::text);
		SELECT count(*) FROM pv.consent WHERE key = 'C6';
		SELECT count(*) FROM pv.agreement_history WHERE key = 'C6';
		SELECT count(*) FROM pv.verify_consents()}), "partial\n0\n0\n0", "$database: an erasure forgets who consented");
	is($new->safe_psql($database, q{
		BEGIN;
		INSERT INTO customer VALUES ('C99', 'x', 'P1@Example.org'), ('C98', 'x', 'p98@example.org');
		SELECT pv.may_process('customer', 'C99'::text, 'letters'), pv.may_process('customer', 'C98'::text, 'letters'), pv.may_process('customer', 'C7'::text, 'letters');
		ROLLBACK}), 'f|t|f', "$database: who was erased is not written to when imported again");

	# No sequence gives a number twice: holds, events, relations, tokens.
	is($new->safe_psql($database, "SELECT pv.place_hold('customer', 'C12'::text, 'another case') > 2"),
		't', "$database: a new hold has a new number");
	is($new->safe_psql($database, q{
		SET ROLE shop_owner;
		SELECT pv.declare_personal('customer', '{name}', 'identifying', erase_with => 'constant', parameter => '');
		CREATE TABLE later (id int PRIMARY KEY, customer_id varchar(6) REFERENCES customer, body text);
		CREATE INDEX ON later (customer_id);
		SELECT pv.declare_link('later', '{customer_id}', 'customer');
		RESET ROLE;
		SELECT (pv.erase_subject('customer', 'C11'::text)).state;
		SELECT count(*) = count(DISTINCT id) AND count(*) = 12 FROM customer}),
		"\ncustomer_id\ncompleted\nt", "$database: declaring goes on, tokens stay unique");
	is(sqlstate("SET ROLE shop_app; SELECT * FROM pv.secret", $database, $new),
		'42501', "$database: the secret is nobody's");
	is(sqlstate("SET ROLE shop_owner; SELECT pv.declare_retention('customer', 'past', interval '1 year', 'max(issued_on)', 'our promise', over => '\"Bill\"')", $database, $new),
		'', "$database: the owner still declares");

	# A table that returns takes its declarations up again.
	is($new->safe_psql($database, "SET client_min_messages = error; SET ROLE shop_owner; CREATE TABLE gone (id int PRIMARY KEY, customer_id varchar(6) REFERENCES customer, body text);"
			  . " SELECT relation, column_name FROM pv.personal WHERE relation = 'gone'::regclass"),
		'gone|body', "$database: an orphan finds its table");
}

# A dump of the restored database is the same dump, but for what has been done
# since: restore once more and look before anything is done.
$new->safe_psql('postgres', 'CREATE DATABASE again TEMPLATE template0');
restore_ok('again', 'pg_restore', '-d', $new->connstr('again'), $archive);
my ($second) = run_command([ 'pg_dump', '-d', $new->connstr('again') ]);
my $first = slurp_file($plain);
# 15.14 and later wrap a dump in \restrict with a random word.
s/^\\(un)?restrict .*$//mg foreach ($first, $second);
s/\s+\z// foreach ($first, $second);
is($second, $first, 'a dump of the restored is the dump');

# --clean into a database that has it all already
restore_ok('pg_restore --clean', 'pg_restore', '--clean', '--if-exists', '-d', $new->connstr('again'), $archive);
same_ok(contents(\@kept, 'again', $new), $before, 'again the same');

#
# The extension goes, and comes again
#

$new->safe_psql('plain', 'SET client_min_messages = warning; DROP EXTENSION pvext CASCADE');
is($new->safe_psql('plain', "SELECT nspname FROM pg_namespace WHERE nspname = 'pv'"), '', 'DROP EXTENSION leaves no schema');
is($new->safe_psql('plain', 'SELECT evtname FROM pg_event_trigger'), '', 'and no event trigger');
is($new->safe_psql('plain', "SELECT classid::regclass, objid FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND refobjid NOT IN (SELECT oid FROM pg_extension)"),
	'', 'and nothing that hangs on it');
is($new->safe_psql('plain', 'SELECT count(*) FROM customer'), '12', 'and takes no table of the user along');
is($new->safe_psql('plain', 'ALTER TABLE customer ADD COLUMN free text; SELECT 1'), '1', 'DDL goes on without it');
is($new->safe_psql('plain', 'CREATE EXTENSION pvext; SELECT count(*) FROM pv.subject'), '0', 'CREATE EXTENSION works again');
is($new->safe_psql('plain', "SELECT pv.declare_subject('customer'); SELECT pv.declare_personal('customer', '{email}', 'identifying'); SELECT state FROM pv.erase_subject('customer', 'C12'::text)"),
	"\n\ncompleted", 'and it works as new');

# In the session that dropped it, too
is($new->safe_psql('plain', q{
	SELECT count(*) FROM pv.subject;
	DROP EXTENSION pvext;
	CREATE EXTENSION pvext;
	SELECT count(*) FROM pv.subject;
	SELECT pv.declare_subject('customer');
	SELECT key FROM pv.subject;
	}), "1\n0\n\n{id}", 'within one session as well');

# A schema of that name that stands already: nobody may prepare it.
$new->safe_psql('postgres', 'CREATE DATABASE prepared');
$new->safe_psql('prepared', 'CREATE EXTENSION pgcrypto; CREATE SCHEMA pv');
is(sqlstate('CREATE EXTENSION pvext', 'prepared', $new), '42P06', 'a schema pv made before is refused');
$new->safe_psql('prepared', 'GRANT ALL ON SCHEMA pv TO shop_owner; ALTER SCHEMA pv OWNER TO shop_owner');
is(sqlstate('CREATE EXTENSION pvext SCHEMA pv', 'prepared', $new), '0A000', 'also as the schema to install into');
is($new->safe_psql('prepared', "SELECT count(*) FROM pg_class WHERE relnamespace = 'pv'::regnamespace"), '0', 'and nothing is in it');
is($new->safe_psql('prepared', "DROP SCHEMA pv; CREATE EXTENSION pvext; SELECT count(*) FROM pv.subject"), '0', 'without it, it installs');

$old->stop;
$new->stop;
done_testing();
