# Beside extensions and settings that write statements, plans and parameters into the
# server's log: an erasure, a purge and the worker leave no value of a person's there.
use strict;
use warnings FATAL => 'all';

use lib 'test/t';
use PvextTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $lib = `pg_config --pkglibdir`;
chomp $lib;
my $explains = -e "$lib/auto_explain.so";
my $audits = -e "$lib/pgaudit.so";
plan skip_all => 'neither pgaudit nor auto_explain is installed' unless $explains || $audits;
note 'pgaudit is not installed' unless $audits;
note 'auto_explain is not installed' unless $explains;

my $node = new_node('primary');
my ($preloaded) = slurp_file($node->data_dir . '/postgresql.conf') =~ /.*^shared_preload_libraries = '([^']*)'/ms;
$node->append_conf('postgresql.conf', join "\n",
	"shared_preload_libraries = '" . join(',', $preloaded, ($audits ? 'pgaudit' : ()), ($explains ? 'auto_explain' : ())) . "'",
	'pvext.enabled = on', 'pvext.naptime = 1', 'pvext.purge_delay = 0', 'log_statement = all', 'log_min_duration_statement = 0',
	'log_parameter_max_length = -1', 'log_parameter_max_length_on_error = -1', 'log_min_error_statement = debug5',
	'log_min_messages = debug1', 'log_error_verbosity = verbose',
	'debug_print_parse = on', 'debug_print_rewritten = on', 'debug_print_plan = on', '');
$node->append_conf('postgresql.conf', join "\n", 'pgaudit.log = all', 'pgaudit.log_parameter = on', 'pgaudit.log_rows = on', '') if $audits;
$node->append_conf('postgresql.conf', join "\n", 'auto_explain.log_min_duration = 0', 'auto_explain.log_nested_statements = on',
	'auto_explain.log_analyze = on', 'auto_explain.log_verbose = on', 'auto_explain.log_triggers = on', '') if $explains;
$node->start;

# What has been logged since the last call; autovacuum analyses tables, whose values are
# in no message of its.
my $seen = 0;
sub logged
{
	my $log = slurp_file($node->logfile);
	my $new = substr $log, $seen;

	$seen = length $log;
	return $new;
}

sub leaves_nothing
{
	my ($name) = @_;

	unlike(logged(), qr/Adabella|Bergsdottir|bella\@|secret note/, "$name: no value in the log");
	return;
}

# Customers, invoices that follow an e-mail address, notes about them; a trigger of the
# owner's that has a statement of its own.
query(q{
	CREATE EXTENSION pvext CASCADE;
	CREATE TABLE customer (id int PRIMARY KEY, name text, mail text UNIQUE, note text, left_on date, active bool NOT NULL DEFAULT false);
	CREATE TABLE invoice (id int PRIMARY KEY, mail text REFERENCES customer (mail) ON UPDATE CASCADE, address text);
	CREATE INDEX ON invoice (mail);
	CREATE TABLE seen (name text);
	CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN PERFORM 1 FROM customer WHERE name = OLD.name AND id <> OLD.id; RETURN NEW; END $$;
	CREATE TRIGGER see BEFORE UPDATE ON customer FOR EACH ROW EXECUTE FUNCTION see();
	INSERT INTO customer SELECT i, 'Adabella Bergsdottir ' || i, 'bella@' || i, 'a secret note on Adabella Bergsdottir ' || i,
	    '2001-01-01', i = 3 FROM generate_series(1, 40) AS i;
	INSERT INTO invoice SELECT i, 'bella@' || i, 'Bergsdottir street' FROM generate_series(1, 40) AS i;
	SELECT pv.declare_purpose('service', 'contract', 'x'), pv.declare_subject('customer');
	SELECT pv.declare_personal('customer', '{name}', 'identifying');
	SELECT pv.declare_personal('customer', '{mail}', 'identifying', erase_with => 'token');
	SELECT pv.declare_personal('customer', '{note}', 'notes', erase_with => 'redact');
	SELECT pv.declare_link('invoice', '{mail}', 'customer', '{mail}'), pv.declare_personal('invoice', '{address}', 'address');
	SELECT pv.declare_blocker('customer', 'active', 'subject.active', 'an active customer');
	SELECT pv.declare_not_personal('customer'), pv.declare_not_personal('invoice');
	SELECT pv.enable_audit('customer'), pv.enable_audit('invoice')});
like(logged(), qr/Adabella/, 'what the application writes by itself is in the log');

is(query(q{SELECT state FROM pv.erase_subject('customer', 1)}), 'completed', 'an erasure');
my $log = slurp_file($node->logfile);
like($log, qr/AUDIT: SESSION,.*UPDATE public\.customer/, 'which pgaudit has logged') if $audits;
leaves_nothing('an erasure');
is(query(q{SELECT count(*) FROM pv.preview_erasure('customer', 2)}) > 0, 1, 'a preview');
is(query(q{SELECT count(*) FROM pv.erase_subjects('customer', (SELECT array_agg(i::text) FROM generate_series(4, 20) AS i)) WHERE state = 'completed'}), 17, 'many at once');
leaves_nothing('many');
is(query(q{SELECT state FROM pv.erase_subject('customer', 3)}), 'blocked', 'a blocked one');
query('UPDATE customer SET active = false WHERE id = 3');
logged();
wait_for(q{SELECT state = 'completed' FROM pv.erasure WHERE id = (SELECT id FROM pv.erasure_ledger ORDER BY requested_at DESC LIMIT 1)});
leaves_nothing('the worker');
query(q{SELECT pv.declare_retention('customer', 'old', '1 year', 'left_on', 'x'); SELECT pv.activate_retention('customer', 'old', 21)});
query('SELECT * FROM pv.overdue');
wait_for(q{SELECT NOT EXISTS (SELECT FROM pv.overdue)});
is(query('SELECT count(*) FROM customer WHERE name IS NOT NULL'), 0, 'a purge');
leaves_nothing('a purge');

# An erasure that fails
query(q{ALTER TABLE customer DISABLE TRIGGER ALL;
	INSERT INTO customer VALUES (50, 'Adabella Bergsdottir', 'bella@50', NULL, NULL);
	ALTER TABLE customer ENABLE TRIGGER ALL;
	CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM OLD.name::int; RETURN NEW; END $$;
	CREATE TRIGGER z_fail BEFORE UPDATE ON customer FOR EACH ROW EXECUTE FUNCTION fail()});
logged();
like(error_of(q{SELECT pv.erase_subject('customer', 50)}), qr/could not be converted or computed/, 'one that fails');
leaves_nothing('one that fails');

# The settings are those of before afterwards.
query(q{SELECT count(*) FROM customer WHERE name = 'Adabella ' || 'Afterwards'});
like(logged(), qr/Query Text: .*Afterwards/, 'what comes after it is explained again') if $explains;
$node->stop;

done_testing();
