# The schema is restored first and the data later, as pg_restore -s and -a do, also with
# --disable-triggers, while a background worker looks into the database: what pvext has of
# triggers, sequences and the audit log is then what it was.
use strict;
use warnings FATAL => 'all';

use lib 'test/t';
use PvextTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $tempdir = PostgreSQL::Test::Utils::tempdir;
# DEBUG1: the postmaster tells of each worker that it starts.
my $node = start_node('main', "pvext.naptime = '1s'\nlog_min_messages = debug1\n");

query('CREATE DATABASE shop');
$node->safe_psql('shop', q{
	SET client_min_messages = error;
	CREATE EXTENSION pvext CASCADE;
	CREATE SCHEMA zz;
	CREATE TABLE customer (id int PRIMARY KEY, name text, mail text UNIQUE);
	CREATE TABLE zz.service (id int PRIMARY KEY, customer_id int REFERENCES customer, note text) PARTITION BY RANGE (id);
	CREATE TABLE zz.service_1 PARTITION OF zz.service FOR VALUES FROM (0) TO (1000);
	CREATE INDEX ON zz.service (customer_id);
	CREATE FUNCTION quiet() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
	CREATE TRIGGER quiet AFTER INSERT ON customer FOR EACH ROW EXECUTE FUNCTION quiet();
	SELECT pv.declare_purpose('news', 'consent', 'the newsletter'),
		pv.declare_consent_text('news', '1', 'en', 'I want it.'),
		pv.declare_subject('customer'), pv.link_foreign_keys('customer'),
		pv.declare_personal('customer', '{name,mail}', 'identifying'), pv.declare_personal('zz.service', '{note}', 'note'),
		pv.enable_audit('customer'), pv.enable_audit('zz.service', always => true);
	INSERT INTO customer SELECT i, 'name ' || i, i || '@here' FROM generate_series(1, 20) i;
	INSERT INTO zz.service SELECT i, i, 'note ' || i FROM generate_series(1, 20) i;
	SELECT count(pv.give_consent('customer', i, 'news', '1', 'web')) FROM generate_series(1, 20) i;
	SELECT count(pv.erase_subject('customer', i)) FROM generate_series(1, 3) i;
	SELECT pv.place_hold('customer', 4, 'court'), pv.erase_subject('customer', 4);
	UPDATE customer SET name = name || '!' WHERE id = 5;
	SELECT pv.seal_audit(), pv.rotate_audit(), pv.seal_audit();
	UPDATE customer SET name = name || '!' WHERE id = 6;
	SELECT pv.seal_audit();
});

# What is to be the same. The columns of a partition have other numbers of their own.
my @kept = (
	'SELECT * FROM customer ORDER BY id',
	'SELECT * FROM zz.service ORDER BY id',
	'SELECT * FROM pv.erasure ORDER BY id',
	'SELECT * FROM pv.hold ORDER BY id',
	'SELECT * FROM pv.event ORDER BY id',
	'SELECT * FROM pv.consent_event ORDER BY id',
	'SELECT * FROM pv.secret',
	'SELECT * FROM pv.relation ORDER BY id',
	'SELECT * FROM pv.audited ORDER BY relation_id',
	'SELECT * FROM pv.audit_shape ORDER BY id',
	'SELECT * FROM pv.audit_log ORDER BY id',
	'SELECT * FROM pv.audit_seal ORDER BY id',
	'SELECT * FROM pv.audit_trail ORDER BY incarnation, xid, id, n',
	'SELECT * FROM pv.verify_audit()',
	'SELECT * FROM pv.verify_consents()',
	'SELECT * FROM pv.run_log',
	'SELECT relation, column_name, severity, problem FROM pv.check_map() ORDER BY 1, 2, 4',
	"SELECT tgrelid::regclass, tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgrelid::regclass::text, tgname",
	"SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'pv' ORDER BY 1");

# What a database holds; a record of the reading would draw on a sequence.
sub kept
{
	my ($database) = @_;
	local $ENV{PGOPTIONS} = '-c pvext.audit_reads=off';

	return contents(\@kept, $database);
}

sub restore_ok
{
	my ($name, @options) = @_;
	my ($out, $err) = run_command([ 'pg_restore', @options, "$tempdir/archive" ]);

	is($err, '', "$name: no error and no warning");
	return;
}

my $before = kept('shop');
$node->command_ok([ 'pg_dump', '-d', $node->connstr('shop'), '-Fc', '-f', "$tempdir/archive" ], 'pg_dump');
$node->append_conf('postgresql.conf', 'pvext.enabled = on');
$node->reload;

foreach my $options ([], ['--disable-triggers'], ['--single-transaction'], [ '-j', '2', '--disable-triggers' ])
{
	my $name = join ' ', '-a', @$options;
	my $database = 'data' . scalar(@$options) . (($options->[0] // '') =~ /single/ ? 's' : '');

	query("CREATE DATABASE $database TEMPLATE template0");
	restore_ok("$name, the schema", '-s', '-d', $node->connstr($database));
	wait_for_workers($database);
	is($node->safe_psql($database, 'SELECT count(*) FROM pv.run_log'), '0', "$name: nothing is done while there is only a schema");
	restore_ok("$name, the data", '-a', @$options, '-d', $node->connstr($database));
	wait_for_workers($database);
	same_ok(kept($database), $before, "$name: all is what it was");
	is($node->safe_psql($database, 'SELECT pv.identity_state()'), 'restored', "$name: it is restored");

	# Changes are on record, before it is resumed and after, and sealed.
	$node->safe_psql($database, "UPDATE customer SET name = name || '!' WHERE id = 7");
	$node->safe_psql($database, 'SELECT pv.resume()');
	$node->safe_psql($database, "SET session_replication_role = replica; UPDATE zz.service SET note = note || '!' WHERE id = 7; SELECT pv.seal_audit()");
	is($node->safe_psql($database, "SELECT relation, operation, new FROM pv.audit_trail WHERE new::text LIKE '%7!%'"),
		qq(public.customer|UPDATE|{"name": "name 7!"}\nzz.service|UPDATE|{"note": "note 7!"}), "$name: changes are on record");
	is($node->safe_psql($database, 'SELECT * FROM pv.verify_audit()'), '', "$name: the seals hold");
}

# What somebody enables by hand fires always, too, and what he disables is reported.
$node->safe_psql('data0', 'ALTER TABLE pv.consent_event ENABLE TRIGGER ALL; ALTER TABLE zz.service DISABLE TRIGGER ALL; ALTER TABLE zz.service ENABLE TRIGGER ALL');
is($node->safe_psql('data0', "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'A' AND tgname NOT IN ('quiet') AND tgrelid <> 'customer'::regclass"),
	'0', 'triggers that are to fire always do');
$node->safe_psql('data0', 'ALTER TABLE pv.consent_event DISABLE TRIGGER refuse_change');
is($node->safe_psql('data0', "SELECT relation, severity, hint FROM pv.check_map() WHERE relation = 'pv.consent_event'"),
	'pv.consent_event|error|ALTER TABLE pv.consent_event ENABLE ALWAYS TRIGGER refuse_change;', 'one that is disabled is reported');

$node->stop;
done_testing();
