# Publications for logical replication: pv's tables that are written without
# statements have keys, so that a subscriber of all tables goes on; but for the
# audit log, of which pv.check_map() says so.
use strict;
use warnings FATAL => 'all';

use lib 'test/t';
use PvextTest;
use Test::More;

my ($publisher, $subscriber) = map { start_node($_, 'pvext.enabled = off', allows_streaming => 'logical') } qw(publisher subscriber);

query(q{
	SET client_min_messages = warning;
	CREATE EXTENSION pvext CASCADE;
	CREATE TABLE customer (id int PRIMARY KEY, name text);
	CREATE TABLE visit (id int PRIMARY KEY, customer_id int REFERENCES customer, page text);
}, 'postgres', $_) foreach $publisher, $subscriber;
# What is declared at the publisher comes with the tables of pv.
$subscriber->safe_psql('postgres', q{
	DO $$ DECLARE t regclass; BEGIN
		FOR t IN SELECT c.oid FROM pg_class AS c WHERE relnamespace = 'pv'::regnamespace AND relkind = 'r' LOOP
			EXECUTE format('ALTER TABLE %s DISABLE TRIGGER USER', t);
		END LOOP;
	END $$});

query(q{
	SELECT pv.declare_purpose('news', 'consent', 'news'), pv.declare_consent_text('news', '1', 'en', 'Yes'),
		pv.declare_subject('customer'), pv.declare_personal('customer', '{name}', 'identifying'),
		pv.declare_link('visit', '{customer_id}', 'customer', on_erase => 'delete')});
query("INSERT INTO customer SELECT i, 'Name ' || i FROM generate_series(1, 20) AS i");
query('CREATE PUBLICATION everything FOR ALL TABLES');

# Every table of pv can be changed by statements, too.
is(query(q{
	SELECT string_agg(c.relname, ' ' ORDER BY c.relname) FROM pg_class AS c
	WHERE c.relnamespace = 'pv'::regnamespace AND c.relkind = 'r' AND c.relname !~ '^audit_log_'
	AND c.relreplident = 'd' AND NOT EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = c.oid AND i.indisprimary)}),
	'access_gap', 'tables without a key are those that are only added to');
is(query("SELECT count(*) FROM pv.check_map() WHERE problem ~ 'publication'"), '0', 'without audit there is nothing to say');

my $connstr = $publisher->connstr . ' dbname=postgres';
$subscriber->safe_psql('postgres', qq{
	CREATE SUBSCRIPTION all_of_it CONNECTION '$connstr' PUBLICATION everything WITH (copy_data = false)});

# Bits of consents: a row that is changed, rows that become one, and an erasure
query("SELECT pv.give_consent('customer', i::text, 'news', '1', 'web') FROM generate_series(1, 20) AS i");
query("SELECT pv.withdraw_consent('customer', 3, 'news', 'web')");
my $first = $publisher->background_psql('postgres');
$first->query_safe("BEGIN");
$first->query_safe("SELECT pv.withdraw_consent('customer', 4, 'news', 'web')");
query("SELECT pv.withdraw_consent('customer', 5, 'news', 'web')");
$first->query_safe('COMMIT');
$first->quit;
query("SELECT pv.withdraw_consent('customer', 6, 'news', 'web')");
query("SELECT pv.erase_subject('customer', 7)");

# The mark of reads: set, and set again
query("SELECT pv.enable_audit('customer')");
for my $i (8 .. 10)
{
	query("SELECT name FROM customer WHERE id = $i");
	query('SELECT pv.drain_reads()');
}
query("INSERT INTO visit VALUES (1, 9, 'x')");
query("INSERT INTO customer VALUES (22, 'last')");
$publisher->wait_for_catchup('all_of_it');
is($subscriber->safe_psql('postgres', "SELECT string_agg(name, ',' ORDER BY id) FROM customer WHERE id >= 6"),
	'last', 'the subscriber goes on');
is($subscriber->safe_psql('postgres', 'SELECT count(*), count(DISTINCT id) FROM pv.consent_bitmap'),
	query('SELECT count(*), count(DISTINCT id) FROM pv.consent_bitmap'), 'it has the bits of consents');
is($subscriber->safe_psql('postgres', 'TABLE pv.access_mark'), query('TABLE pv.access_mark'), 'it has the mark of reads');

# With audit
is(query("SELECT relation, severity, hint FROM pv.check_map() WHERE problem ~ 'publication everything'"),
	"pv.audit_log|error|Publish the application's tables by name, without those of schema pv.", 'a publication of the audit log is an error');
query('DROP PUBLICATION everything; CREATE PUBLICATION everything FOR TABLE customer, visit');
is(query("SELECT count(*) FROM pv.check_map() WHERE problem ~ 'publication'"), '0', 'one of the tables by name is none');
query("CREATE PUBLICATION logs FOR TABLE pv.audit_log");
is(query("SELECT count(*) FROM pv.check_map() WHERE problem ~ 'publication logs'"), '1', 'one of the log by name is');
query("ALTER PUBLICATION logs SET (publish = 'insert')");
is(query("SELECT count(*) FROM pv.check_map() WHERE problem ~ 'publication'"), '0', 'what is only added to does no harm');
query('DROP PUBLICATION logs; CREATE PUBLICATION logs FOR TABLES IN SCHEMA pv');
is(query("SELECT count(*) FROM pv.check_map() WHERE problem ~ 'publication logs'"), '1', 'the whole schema');
query('DROP PUBLICATION logs');

$subscriber->safe_psql('postgres', 'ALTER SUBSCRIPTION all_of_it REFRESH PUBLICATION WITH (copy_data = false)');
query("SELECT pv.erase_subject('customer', 9)");
query("INSERT INTO customer VALUES (21, 'new')");
$publisher->wait_for_catchup('all_of_it');
is($subscriber->safe_psql('postgres', 'SELECT count(*) FROM customer WHERE id = 21'), '1', 'erasures of audited tables go on');

$subscriber->stop;
$publisher->stop;
done_testing();
