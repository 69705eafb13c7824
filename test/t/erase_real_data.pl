# Real schemas: persons are erased from Northwind and Chinook, and a dump of the
# database tells. It holds none of the values of four or more characters that
# only they had, and every row of everybody else's as it was.
use strict;
use warnings FATAL => 'all';

use lib 'test/t';
use PvextTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $northwind = data_file('northwind.sql');
my $chinook = data_file('chinook.sql');

plan skip_all => 'the real data is not at hand'
  unless defined $northwind && defined $chinook;

my $node = new_node('real_data');
my %dump;       # of each database, the last one
my %columns;    # of each table, all

# What queries give in the COPY format, as a list of lines for each.
sub copy_all
{
	my ($database, @queries) = @_;
	my $out = $node->safe_psql($database,
		join '', map { "COPY ($_) TO STDOUT;\n\\echo =====\n" } @queries);

	my @parts = split /^=====\n?/m, $out, -1;

	pop @parts;
	return map { [ split /\n/ ] } @parts;
}

sub copy_lines
{
	my ($database, $query) = @_;

	return map { @$_ } copy_all($database, $query);
}

sub take_dump
{
	my ($database, @options) = @_;
	my ($out, $err) = run_command(
		[ 'pg_dump', '-d', $node->connstr($database), @options ]);

	is($err, '', "$database is dumped without a warning");
	return $out;
}

# The rows of a dump: how often each line occurs in each table's data.
sub rows_of
{
	my ($dump) = @_;
	my %rows;
	my $table;

	foreach my $line (split /\n/, $dump)
	{
		if (defined $table)
		{
			if ($line eq '\.') { undef $table; }
			else { $rows{$table}{$line}++; }
		}
		elsif ($line =~ /^COPY (\S+) \(.*\) FROM stdin;$/)
		{
			$table = $1;
		}
	}
	return \%rows;
}

# What a dump will say of all that isn't the persons': the other rows, what
# isn't personal of theirs, and the schema. A map is a hash: table => [which
# rows are theirs, with %s for the list of keys, the personal columns].
sub rest_of
{
	my ($database, $map, $keys) = @_;
	my @tables = copy_lines($database,
		"SELECT oid::regclass FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace");
	my @mapped = sort keys %$map;
	my %where = map { $_ => $map->{$_} ? sprintf($map->{$_}[0], $keys) : 'false' } @tables;
	my @lines = copy_all($database,
		(map { "SELECT * FROM $_ WHERE ($where{$_}) IS NOT TRUE" } @tables),
		(map { 'SELECT ' . join(', ', columns_but($database, $_, $map->{$_}[1])) . " FROM $_ WHERE $where{$_}" } @mapped));
	my %others = map { ("public.$_" => shift @lines) } @tables;
	my @own = map { @$_ } @lines;

	return (\%others, \@own);
}

# A table's columns without the personal ones.
sub columns_but
{
	my ($database, $table, $personal) = @_;
	my %personal = map { $_ => 1 } split / /, $personal;

	$columns{"$database.$table"} //= [ copy_lines($database,
			"SELECT attname FROM pg_attribute WHERE attrelid = '$table'::regclass"
			  . " AND attnum > 0 AND NOT attisdropped ORDER BY attnum") ];
	return grep { !$personal{$_} } @{ $columns{"$database.$table"} };
}

# The personal values of four or more characters, as a dump writes them.
sub values_of
{
	my ($database, $map, $keys) = @_;
	my @queries = map {
		my ($where, $columns) = @{ $map->{$_} };

		"SELECT v FROM $_, LATERAL (VALUES " . join(', ', map { "($_\::text)" } split / /, $columns)
		  . ') AS x (v) WHERE ' . sprintf($where, $keys) . ' AND length(v) >= 4';
	} sort keys %$map;
	my %values = map { $_ => 1 } map { @$_ } copy_all($database, @queries);

	return keys %values;
}

# Is a value in a dump? A few digits are in every digest and time; there they
# don't count.
sub holds
{
	my ($dump, $value) = @_;

	return index($dump, $value) >= 0 if $value =~ /[^0-9a-fA-F-]/;
	return $dump =~ /(?<![0-9a-f.:-])\Q$value\E(?![0-9a-f:-])/;
}

# Erase by a call, and compare what was with what is.
sub erase
{
	my ($database, $map, $name, $call, @keys) = @_;
	my $keys = join ', ', map { "'$_'" } @keys;
	my ($others, $own) = rest_of($database, $map, $keys);
	my $schema = take_dump($database, '--schema-only');
	my $rest = join "\n", $schema, @$own, map { @$_ } values %$others;
	my @only = grep { index($rest, $_) < 0 } values_of($database, $map, $keys);

	$dump{$database} //= take_dump($database);
	is(scalar(grep { !holds($dump{$database}, $_) } @only), 0,
		"$name: a dump holds what only they have");
	cmp_ok(scalar @only, '>=', 4 * @keys, "$name: and that is not little");

	my @states = split /\n/, $node->safe_psql($database,
		"SET pvext.erasure_limit = 0; SELECT state FROM $call");
	is_deeply(\@states, [ ('completed') x @keys ], "$name: completed");

	my $before = rows_of($dump{$database});
	$dump{$database} = take_dump($database);
	is_deeply([ grep { holds($dump{$database}, $_) } @only ], [],
		"$name: a dump holds nothing of what only they had");

	my $after = rows_of($dump{$database});
	my @missing;
	foreach my $table (sort keys %$others)
	{
		my %count = %{ $after->{$table} // {} };
		my ($n, $m) = (0, 0);

		foreach my $line (@{ $others->{$table} })
		{
			push @missing, "$table: $line" unless $count{$line} && $count{$line}-- > 0;
		}
		$n += $_ foreach values %{ $before->{$table} // {} };
		$m += $_ foreach values %{ $after->{$table} // {} };
		is($m, $n, "$name: no row of $table came or went") if $n != $m;
	}
	is_deeply(\@missing, [], "$name: all of everybody else's is in it");
	return;
}

# What isn't personal is the same before and after.
sub unchanged
{
	my ($database, $map) = @_;

	return join "\n", map {
		my $columns = join ', ', columns_but($database, $_, $map->{$_}[1]);
		$columns eq '' ? () : ($_, sort(copy_lines($database, "SELECT $columns FROM $_")))
	} sort keys %$map;
}

$node->start;

#
# Northwind
#

query('CREATE DATABASE northwind');
load_file($node, 'northwind', $northwind);
$node->safe_psql(
	'northwind', q{
	SET client_min_messages = warning;
	CREATE EXTENSION pvext CASCADE;
	RESET client_min_messages;
	-- What the data lacks
	INSERT INTO customer_demographics VALUES ('RETRO', 'buys as ever'), ('FIRST', 'new');
	INSERT INTO customer_customer_demo VALUES ('ALFKI', 'RETRO'), ('ALFKI', 'FIRST'), ('ANATR', 'RETRO');
	UPDATE employees SET photo = decode(repeat(md5(employee_id::text), 4), 'hex');
});

is( $node->safe_psql(
		'northwind', q{
	SELECT pv.declare_purpose('trade', 'contract', 'selling and delivering goods');
	SELECT pv.declare_purpose('employment', 'contract', 'employing people');
	SELECT pv.declare_subject('customers', description => 'who buys');
	SELECT pv.link_foreign_keys('customers');
	SELECT pv.declare_subject('employees', description => 'who works here');
	SELECT pv.link_foreign_keys('employees');
	SELECT pv.declare_personal('customers', '{customer_id}', 'identifying', '{trade}', erase_with => 'token');
	SELECT pv.declare_personal('customers', '{company_name,contact_name,phone,fax}', 'identifying', '{trade}');
	SELECT pv.declare_personal('customers', '{contact_title,address,city,region,postal_code,country}', 'address', '{trade}');
	SELECT pv.declare_personal('orders',
		'{ship_name,ship_address,ship_city,ship_region,ship_postal_code,ship_country}',
		'address', '{trade}', link => 'customer_id');
	SELECT pv.declare_personal('employees', '{last_name,first_name}', 'identifying', '{employment}');
	SELECT pv.declare_personal('employees',
		'{title,title_of_courtesy,birth_date,hire_date,address,city,region,postal_code,country,home_phone,extension,photo,notes,photo_path}',
		'employment', '{employment}');
	SELECT pv.declare_not_personal(c, NULL) FROM unnest('{orders,employees,employee_territories,customer_customer_demo}'::regclass[]) c;
	}),
	"\n\n\n2\n\n2" . "\n" x 10,
	'northwind is mapped');

is($node->safe_psql('northwind', 'SELECT relation, name, columns, parent, parent_columns FROM pv.link ORDER BY relation::text, name'),
	join("\n",
		'customer_customer_demo|customer_id|{customer_id}|customers|{customer_id}',
		'employee_territories|employee_id|{employee_id}|employees|{employee_id}',
		'orders|customer_id|{customer_id}|customers|{customer_id}',
		'orders|employee_id|{employee_id}|employees|{employee_id}'),
	'a self-reference is no link');
is($node->safe_psql('northwind', "SELECT * FROM pv.check_map() WHERE severity = 'error'"),
	'', 'the map has no error');
is(sqlstate("SELECT pv.declare_personal('customers', '{company_name}', 'identifying', erase_with => 'null')", 'northwind'),
	'23502', 'null is refused on a column that is NOT NULL');

my %customer = (
	customers => [ 'customer_id IN (%s)',
		'customer_id company_name contact_name phone fax contact_title address city region postal_code country' ],
	orders => [ 'customer_id IN (%s)',
		'customer_id ship_name ship_address ship_city ship_region ship_postal_code ship_country' ],
	customer_customer_demo => [ 'customer_id IN (%s)', 'customer_id' ]);
my %employee = (
	employees => [ 'employee_id IN (%s)',
		'last_name first_name title title_of_courtesy birth_date hire_date address city region postal_code country home_phone extension photo notes photo_path' ]);
my $kept = unchanged('northwind', \%customer);
my $shape = 'SELECT array_agg(n ORDER BY n) FROM (SELECT count(o.customer_id) n FROM customers c LEFT JOIN orders o USING (customer_id) GROUP BY c.customer_id) x';
my $orders = $node->safe_psql('northwind', $shape);

# One at a time. ALFKI is 'Alfreds Futterkiste' here and 'Alfred''s Futterkiste'
# there; LILAS holds a # and an accent.
foreach my $key (qw(ALFKI ANATR LETSS LILAS QUICK))
{
	erase('northwind', \%customer, "customer $key",
		"pv.erase_subject('customers', '$key'::text)", $key);
}
erase('northwind', \%customer, 'customer SAVEA, typed',
	"pv.erase_subject('customers', 'SAVEA'::varchar(5))", 'SAVEA');

# The orders are those of the same, now nameless, customer.
is($node->safe_psql('northwind',
		"SELECT count(*), count(DISTINCT o.customer_id), bool_and(o.customer_id <> 'ALFKI' AND length(o.customer_id) BETWEEN 1 AND 5)"
		  . " FROM orders o JOIN customers USING (customer_id) WHERE order_id IN (10643, 10692, 10702, 10835, 10952, 11011)"),
	'6|1|t', 'the orders of ALFKI have followed the token');
is($node->safe_psql('northwind',
		"SELECT count(*) FROM customer_customer_demo d JOIN orders o USING (customer_id) WHERE order_id = 10643"),
	'2', 'and so have its demographics');
is($node->safe_psql('northwind', "SELECT count(*), count(DISTINCT id), bool_and(key IS NULL) FROM (SELECT (pv.erase_subject('customers', 'ALFKI'::text)).* UNION ALL SELECT * FROM pv.erasure WHERE former_digest = (SELECT former_digest FROM pv.erase_subject('customers', 'ALFKI'::text))) x"),
	'2|1|t', 'asking again for ALFKI gives the row of the ledger');
is(sqlstate("SELECT pv.erase_subject('customers', 'ALFKX'::text)", 'northwind'),
	'P0002', 'another unknown key is an error');
is($node->safe_psql('northwind', 'SELECT v.* FROM pv.erasure e, pv.verify_erasure(e.id) v'),
	'', 'nothing of the erased is still personal');

# Many at once, then everybody who is left
my @some = qw(AROUT BERGS BLONP ERNSH FRANK HUNGO RATTC WHITC FISSA PARIS);
erase('northwind', \%customer, 'ten customers',
	"pv.erase_subjects('customers', '{" . join(',', @some) . "}')", @some);
is($node->safe_psql('northwind', 'SELECT count(*), count(DISTINCT subject_digest) FROM pv.erasure'),
	'16|16', 'one row of the ledger for each');

# An employee in the middle of the tree, the one at its top, and the rest
erase('northwind', \%employee, 'employee 5',
	"pv.erase_subject('employees', 5::smallint)", 5);
is($node->safe_psql('northwind', 'SELECT string_agg(employee_id::text, \',\' ORDER BY employee_id) FROM employees WHERE reports_to = 5 AND last_name <> \'\''),
	'6,7,9', 'who reported to employee 5 still does, and has a name');
erase('northwind', \%employee, 'employee 2', "pv.erase_subject('employees', '2'::text)", 2);
erase('northwind', \%employee, 'the other employees',
	"pv.erase_subjects('employees', '{1,3,4,6,7,8,9}')", 1, 3, 4, 6 .. 9);

my @left = copy_lines('northwind', "SELECT customer_id FROM customers WHERE contact_name IS NOT NULL ORDER BY 1");
is(scalar @left, 91 - 16, 'most customers are left');
erase('northwind', \%customer, 'all other customers',
	"pv.erase_subjects('customers', '{" . join(',', @left) . "}')", @left);
is(unchanged('northwind', \%customer), $kept, 'what is not personal is as it was');
is($node->safe_psql('northwind', $shape), $orders, 'every customer has as many orders as before');

#
# Chinook: customers hang on employees, who are persons too
#

load_file($node, 'postgres', $chinook);
$node->safe_psql('chinook', 'SET client_min_messages = warning; CREATE EXTENSION pvext CASCADE');
is( $node->safe_psql(
		'chinook', q{
	SELECT pv.declare_subject('customer');
	SELECT pv.declare_subject('employee');
	SELECT pv.link_foreign_keys('customer', 2);
	SELECT pv.link_foreign_keys('employee', 3, excluding => '{customer}');
	SELECT pv.declare_personal('customer', '{first_name,last_name,email,phone,fax}', 'identifying');
	SELECT pv.declare_personal('customer', '{company,address,city,state,country,postal_code}', 'address');
	SELECT pv.declare_personal('invoice', '{billing_address,billing_city,billing_state,billing_country,billing_postal_code}', 'address');
	SELECT pv.declare_personal('employee', '{last_name,first_name,email,phone,fax}', 'identifying');
	SELECT pv.declare_personal('employee', '{title,birth_date,hire_date,address,city,state,country,postal_code}', 'employment');
	}),
	"\n\n2\n0" . "\n" x 5,
	'chinook is mapped');
is($node->safe_psql('chinook', 'SELECT relation, name, parent FROM pv.link ORDER BY relation::text'),
	"invoice|customer_id|customer\ninvoice_line|invoice_id|invoice",
	'no customer belongs to an employee');
is($node->safe_psql('chinook', "SELECT * FROM pv.check_map() WHERE severity = 'error'"),
	'', 'the map has no error');

%customer = (
	customer => [ 'customer_id IN (%s)',
		'first_name last_name email phone fax company address city state country postal_code' ],
	invoice => [ 'customer_id IN (%s)',
		'billing_address billing_city billing_state billing_country billing_postal_code' ]);
%employee = (
	employee => [ 'employee_id IN (%s)',
		'last_name first_name email phone fax title birth_date hire_date address city state country postal_code' ]);
$kept = unchanged('chinook', \%customer);

# Who supports most of the customers, and who leads the company
erase('chinook', \%employee, 'employee 3', "pv.erase_subject('employee', 3)", 3);
erase('chinook', \%employee, 'employee 1', "pv.erase_subject('employee', '1'::text)", 1);
foreach my $key (1, 2, 46, 59)
{
	erase('chinook', \%customer, "customer $key", "pv.erase_subject('customer', $key)", $key);
}
erase('chinook', \%customer, 'twenty customers',
	"pv.erase_subjects('customer', '{" . join(',', 10 .. 29) . "}')", 10 .. 29);
erase('chinook', \%employee, 'the other employees',
	"pv.erase_subjects('employee', '{2,4,5,6,7,8}')", 2, 4 .. 8);
@left = (3 .. 9, 30 .. 45, 47 .. 58);
erase('chinook', \%customer, 'all other customers',
	"pv.erase_subjects('customer', '{" . join(',', @left) . "}')", @left);
is(unchanged('chinook', \%customer), $kept, 'what is not personal is as it was');
is($node->safe_psql('chinook', 'SELECT count(*) FROM customer WHERE support_rep_id IN (3, 4, 5)'),
	'59', 'every customer still has a support representative');
is($node->safe_psql('chinook', 'SELECT v.* FROM pv.erasure e, pv.verify_erasure(e.id) v'),
	'', 'nothing of the erased is still personal');

$node->stop;
done_testing();
