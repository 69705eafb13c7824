# A schema of over a hundred tables, linked to depth 10, with what real schemas
# have and textbooks don't. Persons are erased from it; a dump before and after
# tells what was changed, cell by cell.
#
# Every table has a column rid, by which its rows are found again, and whose,
# which says about which person the row is. pvext knows nothing of either. Every
# personal value is that person's alone: most hold a marker such as mk007q.
use strict;
use warnings FATAL => 'all';

use lib 'test/t';
use PvextTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $persons = 54;      # customers 1 .. 54, of which 53 left, and came back as 54
# Employees are 900 + 1 .. 15 in "whose"; their ids, 1 .. 15, are those of customers, too.
my $node = new_node('big_schema');
my %map;      # of a table, each personal column: whose columns, 'any' as a list
my @declare;  # calls that declare them
my %last;     # of a database, the last state and markers
my %follows;  # of a table, each column that holds a key which is itself personal

sub marker { return sprintf('mk%03dq', $_[0]) }

#
# The personal columns that tables are made of: type, value for person $i in
# row $n, and how it is declared where not by 'auto'. The index is on table %s.
#
my @kinds = (
	[ 'alias', 'text', sub { "'Alias $_[2]'" } ],
	[ 'mail', 'citext', sub { "'$_[2].$_[1]\@Example.org'" },
		unique => 1 ],
	[ 'phone', 'crm.phone', sub { sprintf("'+47%03d%04d'", $_[0], $_[1] % 10000) } ],
	[ 'work_mail', 'crm.work_email', sub { "'$_[2]-$_[1]\@work.example'" },
		unique => 1 ],
	[ 'payload', 'jsonb', sub { qq('{"kept": $_[1], "contact": {"name": "$_[2]", "tags": [{"email": "$_[2]\@j"}, 1]}}') },
		with => [ 'remove_paths', '{contact,name} {contact,tags,email}' ],
		index => 'CREATE INDEX ON %s USING gin (payload jsonb_path_ops)' ],
	[ 'nicknames', 'text[]', sub { "ARRAY['$_[2]', 'the $_[2]', '\"q\", $_[2]']" },
		index => 'CREATE INDEX ON %s USING gin (nicknames)' ],
	[ 'last_ip', 'inet', sub { sprintf("'10.%d.%d.%d'", $_[0], $_[1] / 250 % 250, $_[1] % 250) },
		index => 'CREATE INDEX ON %s USING gist (last_ip inet_ops)' ],
	[ 'born', 'date', sub { "date '1930-01-01' + " . ($_[0] * 400 + $_[1] % 400) } ],
	[ 'gender', 'crm.gender', sub { (qw('f' 'm' 'x'))[ $_[1] % 3 ] },
		with => [ 'constant', 'f' ] ],
	[ 'salary', 'numeric(12,2)', sub { sprintf('%d.%02d', $_[0] * 1000 + $_[1] % 1000, $_[0]) } ],
	[ 'debt', 'money', sub { sprintf('%d.%02d::numeric::money', $_[0] * 1000 + $_[1] % 1000, $_[0]) } ],
	[ 'nat_no', 'char(11)', sub { sprintf("'%03d%08d'", $_[0], $_[1]) }, unique => 1 ],
	[ 'device', 'uuid', sub { "md5('device $_[0] $_[1]')::uuid" }, unique => 1 ],
	[ 'card', 'bigint', sub { $_[0] * 10_000_000 + $_[1] }, unique => 1 ],
	[ 'absence', 'tstzrange', sub { "tstzrange(timestamptz '2001-01-01Z' + $_[1] * interval '1 hour', timestamptz '2001-01-01Z' + $_[1] * interval '1 hour' + interval '59 min $_[0] s')" },
		exclude => 1 ],
	[ 'photo', 'bytea', sub { "'photo of $_[2]'::bytea" } ],
	[ 'form', 'xml', sub { "'<form><name>$_[2]</name></form>'" } ],
	[ 'home', 'point', sub { "point($_[0].25, $_[1].5)" },
		index => 'CREATE INDEX ON %s USING gist (home)' ],
	[ 'words', 'tsvector', sub { "to_tsvector('simple', 'letter of $_[2]')" },
		index => 'CREATE INDEX ON %s USING gin (words)' ],
	[ 'shift', 'interval', sub { "interval '$_[0] h $_[1] s'" } ],
	[ 'wakes', 'time', sub { "time '00:00' + interval '$_[0] min' + $_[1] * interval '1 ms'" } ],
	[ 'seen', 'timestamptz(3)', sub { "timestamptz '2010-01-01Z' + interval '$_[0] days $_[1] s'" } ],
	[ 'mac', 'macaddr', sub { sprintf("'08:00:%02x:%02x:%02x:%02x'", $_[0], $_[1] >> 16, ($_[1] >> 8) & 255, $_[1] & 255) } ],
	[ 'score', 'smallint CHECK (%n BETWEEN 1 AND 20000)', sub { $_[0] * 100 + $_[1] % 100 } ],
	[ 'street', 'varchar(40)', sub { "'Storgata $_[2]'" },
		index => 'CREATE INDEX ON %s USING gin (street gin_trgm_ops)' ],
	[ 'plate', 'text CHECK (%n ~ \'^[A-Z]{2}[0-9]{5}$\')', sub { sprintf("'MK%03d%02d'", $_[0], $_[1] % 100) },
		with => [ 'constant', 'XX00000' ] ],
	[ 'doc', 'json', sub { qq('{"a":  [{"who": "$_[2]"}], "b" : 1}') },
		with => [ 'remove_paths', '{a,who}' ] ],
	[ 'body', 'text', sub { "'Spoke to " . uc($_[2]) . " Person$_[0], mail " . marker($_[0] == 53 ? 54 : $_[0]) . "\@example.org; all well'" },
		with => ['redact'] ],
	[ 'login', 'text COLLATE "C" CHECK (%n = lower(%n) AND length(%n) <= 24)', sub { "'$_[2]_$_[1]'" },
		unique => 'CREATE UNIQUE INDEX ON %s (lower(login))' ],
	[ 'seat', 'crm.seat', sub { "ROW('$_[2]', $_[1])" },
		with => [ 'constant', '(,0)' ] ],
	[ 'flags', 'bit(12)', sub { "($_[0] * 64 + $_[1] % 64)::bit(12)" } ],
	[ 'labels', 'crm.label[]', sub { "ARRAY['$_[2]']::crm.label[]" } ],
	[ 'vat', 'varchar(14)', sub { sprintf("'NO%03d%07dMV'", $_[0], $_[1]) }, unique => 1 ],
	[ 'net', 'cidr', sub { sprintf("'10.%d.%d.0/24'", $_[0], $_[1] % 250) } ],
	[ 'locale', 'char(5)', sub { sprintf("'m%03dq'", $_[0]) } ],
	[ 'site', 'text CHECK (%n ~ \'^https?://[^/]+/\')', sub { "'https://$_[2].example/'" } ],
);

sub literal { my ($s) = @_; $s =~ s/'/''/g; return "'$s'" }

sub declare
{
	my ($table, $columns, $category, %opt) = @_;
	my ($with, $parameter) = @{ $opt{with} // [] };
	my $call = 'SELECT pv.declare_personal(' . literal($table) . ', ARRAY['
	  . join(', ', map { literal($_) } @$columns) . "], '$category'";

	$call .= ", erase_with => '$with'" if defined $with;
	$call .= ', parameter => ' . literal($parameter) if defined $parameter;
	$call .= ", link => '$opt{link}'" if defined $opt{link};
	push @declare, "$call);";
	$map{$table}{$_} = $opt{whose} // ['whose'] foreach @$columns;
	return;
}

#
# Six chains of tables, ten deep. Keys are of changing kinds, columns too; in
# every other table all are NOT NULL.
#
my @keys = (
	[ bigint => [ id => 'bigint GENERATED BY DEFAULT AS IDENTITY' ], sub { $_[1] } ],
	[ uuid => [ uid => 'uuid DEFAULT gen_random_uuid()' ], sub { "md5('$_[0] $_[1]')::uuid" } ],
	[ text => [ code => 'text' ], sub { "'K-$_[1]'" } ],
	[ pair => [ region => 'char(3)', no => 'integer' ], sub { ("'R" . $_[1] % 7 . "'", $_[1]) } ],
	[ integer => [ nr => 'integer' ], sub { $_[1] } ],
	[ code => [ kode => 'varchar(20)' ], sub { "'V$_[1]'" } ]);

# How a chain begins: the column of the person that it refers to
my @starts = (
	[ [qw(id)], ['bigint'], sub { $_[0] } ],
	[ [qw(uid)], ['uuid'], sub { "md5('person $_[0]')::uuid" } ],
	[ [qw(number tenant)], [ 'integer', 'smallint' ], sub { (1000 + $_[0], 1 + $_[0] % 3) } ],
	[ [qw(login)], ['citext'], sub { "'User." . marker($_[0]) . "'" } ]);
my @schemas = qw(crm shop support);
my ($rid, $next_kind) = (0, 0);
my @generated;    # all tables that are generated

sub base_type { my ($t) = @_; $t =~ s/ (GENERATED|DEFAULT).*//; return $t }

# One table. Its parent: table, columns, types, and a function that gives the
# values for row $r of person $i.
sub make_table
{
	my ($name, $key, $parent, $pcols, $ptypes, $pvalues, $strict, $width) = @_;
	my ($kname, $kdef, $kvalue) = @$key;
	my @kcols = map { $kdef->[ 2 * $_ ] } 0 .. $#$kdef / 2;
	my @fk = map { "of_$_" } @$pcols;
	my @order = reverse 0 .. $#fk;
	my ($sql, @after, %by, @values) = ('');
	my @use = map { $kinds[ $next_kind++ % @kinds ] } 1 .. $width;
	my @columns = ('junk int', 'rid bigint NOT NULL', 'whose integer');

	push @columns, map { "$kdef->[2 * $_] $kdef->[2 * $_ + 1] NOT NULL" } 0 .. $#kcols;
	push @columns, map { "$fk[$_] $ptypes->[$_] NOT NULL" } @order;
	foreach my $kind (@use)
	{
		my ($column, $type, $value, %opt) = @$kind;

		$type =~ s/%n/$column/g;
		$type .= ' NOT NULL' if $strict;
		$type .= ' UNIQUE' if $opt{unique} && $opt{unique} eq '1';
		push @columns, "$column $type";
		push @after, sprintf($opt{unique}, $name) . ';' if $opt{unique} && $opt{unique} ne '1';
		push @after, sprintf($opt{index}, $name) . ';' if $opt{index};
		push @columns, "EXCLUDE USING gist ($column WITH &&)" if $opt{exclude};
		if ($opt{with}) { declare($name, [$column], 'content', with => $opt{with}) }
		else { push @{ $by{auto} }, $column }
	}
	declare($name, $by{auto}, 'detail') if $by{auto};
	push @columns, "updated_at timestamptz NOT NULL DEFAULT '2020-01-01Z'";
	$sql .= "CREATE TABLE $name (\n\t" . join(",\n\t", @columns,
		'PRIMARY KEY (' . join(', ', @kcols) . ')',
		'FOREIGN KEY (' . join(', ', @fk) . ") REFERENCES $parent (" . join(', ', @$pcols) . ')'
		. ($pcols->[0] eq 'login' ? ' ON UPDATE CASCADE' : ''))
	  . "\n);\nALTER TABLE $name DROP COLUMN junk;\n"
	  . "CREATE INDEX ON $name (" . join(', ', @fk) . ");\n";

	my $at = 0;
	foreach my $i (1 .. $persons)
	{
		foreach my $r (0, 1)
		{
			my $n = $at++;
			push @values, '(' . join(', ', ++$rid, $i, $kvalue->($name, $n),
				$pvalues->($i, $r), map { $_->[2]->($i, $n, marker($i)) } @use) . ')';
		}
	}
	$sql .= "INSERT INTO $name (" . join(', ', 'rid', 'whose', @kcols, @fk, map { $_->[0] } @use)
	  . ") VALUES\n" . join(",\n", @values) . ";\n" . join("\n", @after) . "\n";
	$sql .= "CREATE TRIGGER touch BEFORE UPDATE ON $name FOR EACH ROW EXECUTE FUNCTION crm.touch();\n"
	  if @generated % 3 == 0;
	$sql .= "CREATE TRIGGER log AFTER INSERT OR UPDATE OR DELETE ON $name FOR EACH ROW EXECUTE FUNCTION audit.log_change();\n"
	  if @generated % 4 == 0 && $pcols->[0] ne 'login';
	push @generated, $name;
	$follows{$name}{of_login} = 1 if $pcols->[0] eq 'login';
	return ($sql, [ $name, \@kcols, [ map { base_type($kdef->[ 2 * $_ + 1 ]) } 0 .. $#kcols ],
		sub { $kvalue->($name, 2 * ($_[0] - 1) + $_[1]) } ]);
}

sub generated_tables
{
	my $sql = '';

	foreach my $chain (0 .. 5)
	{
		my $start = $starts[ $chain % @starts ];
		my @parent = ('crm.person', @$start[ 0 .. 2 ]);

		foreach my $depth (1 .. 10)
		{
			my $schema = $schemas[ ($chain + ($depth > 5)) % @schemas ];
			my ($table, $me) = make_table("$schema.c${chain}_d$depth", $keys[ ($chain + $depth) % @keys ],
				@parent, $depth % 2, 3 + $depth % 3);

			$sql .= $table;
			@parent = @$me;
		}
	}
	foreach my $i (1 .. 45)
	{
		my $start = $starts[ $i % @starts ];
		my ($table) = make_table($schemas[ $i % @schemas ] . ".side_$i", $keys[ $i % @keys ],
			'crm.person', @$start[ 0 .. 2 ], ($i >> 1) % 2, 4);

		$sql .= $table;
	}
	return $sql;
}

#
# The tables by hand: one for each thing that schemas do
#
my $before = q{
CREATE ROLE big_crm; CREATE ROLE big_shop LOGIN; CREATE ROLE big_support; CREATE ROLE big_audit NOLOGIN;
};

my $first = q{
SET client_min_messages = warning;
CREATE EXTENSION citext SCHEMA public;
CREATE EXTENSION btree_gist; CREATE EXTENSION pg_trgm;
CREATE SCHEMA crm AUTHORIZATION big_crm;
CREATE SCHEMA shop AUTHORIZATION big_shop;
CREATE SCHEMA support AUTHORIZATION big_support;
CREATE SCHEMA audit AUTHORIZATION big_audit;
CREATE SCHEMA report;
GRANT USAGE ON SCHEMA crm, shop, support, audit TO PUBLIC;

CREATE FUNCTION m(i int) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT format('mk%sq', lpad(i::text, 3, '0')) $$;

CREATE TYPE crm.gender AS ENUM ('f', 'm', 'x');
CREATE TYPE crm.seat AS (holder text, no integer);
CREATE DOMAIN crm.phone AS text CHECK (VALUE ~ '^\+[0-9]{6,15}$');
CREATE DOMAIN crm.email AS citext CHECK (VALUE ~ '^[^@\s]+@[^@\s]+$');
CREATE DOMAIN crm.work_email AS crm.email CHECK (length(VALUE) <= 64) CHECK (VALUE !~ '\.$');
CREATE DOMAIN crm.label AS varchar(30) CHECK (VALUE <> '');

CREATE FUNCTION crm.touch() RETURNS trigger LANGUAGE plpgsql AS
	'BEGIN NEW.updated_at := clock_timestamp(); RETURN NEW; END';

-- The log says which table and row, not what
CREATE TABLE audit.log (at timestamptz DEFAULT clock_timestamp(), op text, relation text, row_no bigint);
CREATE FUNCTION audit.log_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
	INSERT INTO audit.log (op, relation, row_no) VALUES (TG_OP, TG_RELID::regclass::text, coalesce(NEW.rid, OLD.rid));
	RETURN NULL;
END $$;
-- Versions hold whole rows
CREATE TABLE audit.version (
	rid       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	item_type text NOT NULL,
	item_id   text NOT NULL,
	event     text NOT NULL CHECK (event IN ('create', 'update', 'destroy')),
	object    jsonb NOT NULL,
	whodunnit text,
	whose     integer[],
	at        timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ON audit.version (item_type, item_id);
CREATE FUNCTION audit.keep_version() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
	INSERT INTO audit.version (item_type, item_id, event, object, whodunnit, whose)
	SELECT TG_ARGV[0], o ->> TG_ARGV[1], 'update', o, session_user,
		ARRAY[o ->> 'whose', o ->> 'whose_friend', o ->> 'whose_agent', o ->> 'whose_agent2']::integer[]
	FROM to_jsonb(OLD) o;
	RETURN NULL;
END $$;

CREATE TABLE crm.person (
	gone        text,
	rid         bigint NOT NULL UNIQUE,
	whose       integer,
	id          bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
	uid         uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
	tenant      smallint NOT NULL,
	number      integer NOT NULL,
	login       citext NOT NULL UNIQUE CHECK (login ~ '^[a-z0-9._~-]+$'),
	full_name   text NOT NULL CHECK (full_name = btrim(full_name)),
	email       crm.email NOT NULL,
	mobile      crm.phone NOT NULL,
	work_mail   crm.work_email NOT NULL UNIQUE,
	mail_key    text GENERATED ALWAYS AS (lower(work_mail::text)) STORED UNIQUE,
	initials    text GENERATED ALWAYS AS (left(full_name, 1)) STORED,
	gender      crm.gender NOT NULL,
	born        date NOT NULL CHECK (born > '1900-01-01'),
	country     char(2) NOT NULL DEFAULT 'NO',
	settings    jsonb NOT NULL DEFAULT '{}',
	search      tsvector GENERATED ALWAYS AS (to_tsvector('simple', full_name)) STORED,
	referred_by bigint REFERENCES crm.person,
	home_id     integer,
	deleted_at  timestamptz,
	updated_at  timestamptz NOT NULL DEFAULT '2020-01-01Z',
	UNIQUE (tenant, number)
);
ALTER TABLE crm.person DROP COLUMN gone;
CREATE UNIQUE INDEX person_email ON crm.person (lower(email)) WHERE deleted_at IS NULL;
CREATE INDEX ON crm.person USING gin (full_name gin_trgm_ops);
CREATE INDEX ON crm.person USING gin (search);
CREATE INDEX ON crm.person (id) WHERE deleted_at IS NOT NULL;
CREATE TABLE crm.employee (
	rid bigint NOT NULL, whose integer,
	id integer PRIMARY KEY,
	name varchar(40) NOT NULL,
	email citext NOT NULL UNIQUE,
	boss integer REFERENCES crm.employee
);
-- A cycle: the person's home is one of the person's addresses
CREATE TABLE crm.address (
	rid bigint NOT NULL, whose integer,
	id integer PRIMARY KEY,
	person_id bigint NOT NULL REFERENCES crm.person DEFERRABLE INITIALLY DEFERRED,
	line1 text NOT NULL, postcode char(6) NOT NULL, lines text[] NOT NULL
);
CREATE INDEX ON crm.address (person_id);
ALTER TABLE crm.person ADD FOREIGN KEY (home_id) REFERENCES crm.address DEFERRABLE INITIALLY DEFERRED;

BEGIN;
INSERT INTO crm.employee SELECT 900000 + i, 900 + i, i, 'Emp em' || i || 'q', 'em' || i || 'q@firm.example', nullif(i / 2, 0)
	FROM generate_series(1, 15) i;
INSERT INTO crm.person (rid, whose, id, uid, tenant, number, login, full_name, email, mobile, work_mail, gender, born, settings, referred_by, home_id, deleted_at)
	SELECT 910000 + i, i, i, md5('person ' || i)::uuid, 1 + i % 3, 1000 + i, 'User.' || m, initcap(m) || ' Person' || i,
		CASE WHEN i = 53 THEN 'mk054q' ELSE m END || '@example.org', '+4790' || lpad(i::text, 6, '0'), m || '@work.example',
		(enum_range(NULL::crm.gender))[1 + i % 3], date '1940-01-01' + i * 211,
		jsonb_build_object('theme', 'dark', 'nick', m), nullif(i - 1, 0), i, CASE WHEN i = 53 OR i % 20 = 0 THEN now() END
	FROM generate_series(1, 54) i, m(i) m;
INSERT INTO crm.address SELECT 920000 + i, i, i, i, 'Gate ' || m, 'P' || lpad(i::text, 4, '0'), ARRAY['c/o ' || m, NULL, 'x']
	FROM generate_series(1, 54) i, m(i) m;
COMMIT;
};

my $rest = q{
-- Two references to employees and two to persons
CREATE TABLE support.ticket (
	rid bigint NOT NULL, whose integer, whose_friend integer, whose_agent integer, whose_agent2 integer,
	id uuid PRIMARY KEY,
	created_by integer NOT NULL REFERENCES crm.employee, assigned_to integer REFERENCES crm.employee,
	customer_id bigint NOT NULL REFERENCES crm.person, friend_uid uuid REFERENCES crm.person (uid),
	title text NOT NULL, friend_name text NOT NULL, agent_note text NOT NULL
);
INSERT INTO support.ticket SELECT 930000 + i, i, 1 + i % 54, 900 + 1 + i % 15, 900 + 1 + (i + 5) % 15, md5('ticket ' || i)::uuid, 1 + i % 15, 1 + (i + 5) % 15,
	i, md5('person ' || 1 + i % 54)::uuid, 'About ' || m, 'With ' || m(1 + i % 54), 'By em' || 1 + i % 15 || 'q'
	FROM generate_series(1, 54) i, m(i) m;
CREATE INDEX ON support.ticket (created_by); CREATE INDEX ON support.ticket (assigned_to);
CREATE INDEX ON support.ticket (customer_id); CREATE INDEX ON support.ticket (friend_uid);
-- Three references to persons, and a table below it
CREATE TABLE shop.transfer (
	rid bigint NOT NULL, whose integer, whose_to integer, whose_owner integer,
	id bigint PRIMARY KEY,
	created_by bigint NOT NULL REFERENCES crm.person, assigned_to bigint NOT NULL REFERENCES crm.person,
	owner bigint REFERENCES crm.person,
	creator_name text NOT NULL, assignee_mail citext NOT NULL UNIQUE, owner_name text
);
INSERT INTO shop.transfer SELECT 940000 + i, i, 1 + i % 54, 1 + (i + 7) % 54, i, i, 1 + i % 54, 1 + (i + 7) % 54,
	'N' || m(i), m(1 + i % 54) || '@t', m(1 + (i + 7) % 54) FROM generate_series(1, 54) i;
CREATE INDEX ON shop.transfer (created_by); CREATE INDEX ON shop.transfer (assigned_to); CREATE INDEX ON shop.transfer (owner);
CREATE TABLE shop.transfer_line (
	rid bigint NOT NULL, whose integer, whose_to integer, whose_owner integer,
	transfer bigint NOT NULL REFERENCES shop.transfer, line smallint NOT NULL, memo text NOT NULL,
	PRIMARY KEY (transfer, line)
);
INSERT INTO shop.transfer_line SELECT 950000 + i, i, 1 + i % 54, 1 + (i + 7) % 54, i, 1,
	m(i) || m(1 + i % 54) || m(1 + (i + 7) % 54) FROM generate_series(1, 54) i;

-- Partitions by range, one of them by hash again, with other attribute numbers
CREATE TABLE shop.event (
	rid bigint NOT NULL, whose integer, id bigint, at date, person_id bigint REFERENCES crm.person, ip inet, agent text NOT NULL,
	PRIMARY KEY (at, id, person_id)
) PARTITION BY RANGE (at);
CREATE TABLE shop.event_old (agent text NOT NULL, x int, at date NOT NULL, id bigint NOT NULL, y text, ip inet, person_id bigint NOT NULL, whose integer, rid bigint NOT NULL);
ALTER TABLE shop.event_old DROP x, DROP y;
ALTER TABLE shop.event ATTACH PARTITION shop.event_old FOR VALUES FROM (MINVALUE) TO ('2020-01-01');
CREATE TABLE shop.event_new PARTITION OF shop.event FOR VALUES FROM ('2020-01-01') TO ('2030-01-01') PARTITION BY HASH (person_id);
CREATE TABLE shop.event_new_0 PARTITION OF shop.event_new FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE shop.event_new_1 PARTITION OF shop.event_new FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE INDEX ON shop.event (person_id);
INSERT INTO shop.event SELECT 960000 + i * 4 + j, i, i * 4 + j, date '2018-06-01' + j * 365, i, format('10.200.%s.%s', i, j)::inet, 'UA ' || m(i)
	FROM generate_series(1, 54) i, generate_series(0, 3) j;
CREATE TABLE shop.event_detail (
	rid bigint NOT NULL, whose integer, at date, person_id bigint, event_id bigint, referrer varchar(60) NOT NULL,
	FOREIGN KEY (at, event_id, person_id) REFERENCES shop.event (at, id, person_id)
);
CREATE INDEX ON shop.event_detail (person_id, event_id);
INSERT INTO shop.event_detail SELECT 970000 + id, whose, at, person_id, id, 'from ' || m(whose) FROM shop.event;

-- Inheritance
CREATE TABLE support.note (rid bigint NOT NULL, whose integer, id integer PRIMARY KEY, person_id bigint REFERENCES crm.person, body text);
CREATE TABLE support.call_note (caller crm.phone) INHERITS (support.note);
ALTER TABLE support.call_note ADD FOREIGN KEY (person_id) REFERENCES crm.person;
INSERT INTO support.note SELECT 980000 + i, i, i, i, format('%s person%s called from %s. <%s>!', upper(m(i)), i, mobile, email) FROM crm.person, LATERAL (SELECT whose) AS w (i);
INSERT INTO support.call_note SELECT 981000 + i, i, i, i, 'no one', '+4799' || lpad(i::text, 4, '0') FROM generate_series(1, 54) i;
CREATE INDEX ON support.note (person_id); CREATE INDEX ON support.call_note (person_id);

-- A foreign key that is not valid, and rows of persons who never were
CREATE TABLE shop.legacy (rid bigint NOT NULL, whose integer, person_id bigint, name text NOT NULL, paid bit varying(8));
INSERT INTO shop.legacy SELECT 990000 + i, i, CASE WHEN i % 9 = 0 THEN 10000 + i ELSE i END, m(i) FROM generate_series(1, 54) i;
UPDATE shop.legacy SET whose = NULL, name = 'nobody' WHERE person_id > 10000;
CREATE INDEX ON shop.legacy (person_id);
ALTER TABLE shop.legacy ADD FOREIGN KEY (person_id) REFERENCES crm.person NOT VALID;

-- Sessions go; reservations may not overlap; an own e-mail per person
CREATE TABLE shop.session (rid bigint NOT NULL, whose integer, id uuid PRIMARY KEY, person uuid NOT NULL REFERENCES crm.person (uid) ON DELETE CASCADE, ip inet NOT NULL, token bytea NOT NULL);
INSERT INTO shop.session SELECT 1000000 + i, i, md5('session ' || i)::uuid, md5('person ' || i)::uuid, '10.201.0.1', m(i)::bytea FROM generate_series(1, 54) i;
CREATE INDEX ON shop.session (person);
CREATE TABLE shop.reservation (
	rid bigint NOT NULL, whose integer, person_id bigint NOT NULL REFERENCES crm.person, guest text NOT NULL, stay daterange NOT NULL,
	EXCLUDE USING gist (guest WITH =, stay WITH &&)
);
INSERT INTO shop.reservation SELECT 1010000 + i, i, i, 'Guest ' || m(i), daterange(date '2024-01-01', date '2024-02-01') FROM generate_series(1, 54) i;
CREATE INDEX ON shop.reservation (person_id);
CREATE TABLE "shop"."Wish List's ""Ærlig""" (rid bigint NOT NULL, whose integer, "Person ID" bigint PRIMARY KEY REFERENCES crm.person, "Whole ""Name""" text NOT NULL, "e-mail" text NOT NULL);
INSERT INTO "shop"."Wish List's ""Ærlig""" SELECT 1020000 + i, i, i, m(i), m(i) || '@w.example' FROM generate_series(1, 54) i;
CREATE UNIQUE INDEX ON "shop"."Wish List's ""Ærlig""" (lower("e-mail")) WHERE "e-mail" LIKE '%@%';

-- Polymorphic comments, on persons and on tickets
CREATE TABLE support.comment (rid bigint NOT NULL, whose integer[], id integer PRIMARY KEY, item_type text NOT NULL, item_id text NOT NULL, words text NOT NULL);
INSERT INTO support.comment SELECT 1030000 + i, ARRAY[i], i, 'Person', i::text, 'says ' || m(i) FROM generate_series(1, 54) i;
INSERT INTO support.comment SELECT 1031000 + i, ARRAY[i, 1 + i % 54, 900 + 1 + i % 15, 900 + 1 + (i + 5) % 15], 1000 + i, 'Ticket', md5('ticket ' || i)::uuid::text, 'thinks ' || m(i) FROM generate_series(1, 54) i;
CREATE INDEX ON support.comment (item_type, item_id);
INSERT INTO audit.version (item_type, item_id, event, object, whose) SELECT 'Person', id::text, 'create', to_jsonb(p), ARRAY[whose] FROM crm.person p;

CREATE TRIGGER touch BEFORE UPDATE ON crm.person FOR EACH ROW EXECUTE FUNCTION crm.touch();
CREATE TRIGGER version AFTER UPDATE ON crm.person FOR EACH ROW EXECUTE FUNCTION audit.keep_version('Person', 'id');
CREATE TRIGGER version AFTER UPDATE ON support.ticket FOR EACH ROW EXECUTE FUNCTION audit.keep_version('Ticket', 'id');

CREATE MATERIALIZED VIEW report.contact AS
	SELECT p.id, p.full_name, p.email, a.line1, t.title FROM crm.person p JOIN crm.address a ON a.id = p.home_id LEFT JOIN support.ticket t ON t.customer_id = p.id;
CREATE UNIQUE INDEX ON report.contact (id);
CREATE VIEW report.contact_view AS SELECT p.login, c.* FROM crm.person p JOIN report.contact c USING (id);
DO $$
DECLARE r record;
BEGIN
	FOR r IN SELECT oid::regclass AS t, relnamespace::regnamespace AS s FROM pg_class
		WHERE relkind IN ('r', 'p') AND relnamespace::regnamespace::text IN ('shop', 'crm', 'support', 'audit')
	LOOP
		EXECUTE format('ALTER TABLE %s OWNER TO big_%s', r.t, r.s);
	END LOOP;
END $$;
ALTER FUNCTION audit.log_change OWNER TO big_audit;
ALTER FUNCTION audit.keep_version OWNER TO big_audit;
ANALYZE;
};

#
# The map, as a DBA writes it
#
declare('crm.person', [qw(login full_name email mobile work_mail)], 'identifying');
declare('crm.person', ['gender'], 'detail', with => [ 'constant', 'f' ]);
declare('crm.person', ['born'], 'detail');
declare('crm.person', ['settings'], 'content', with => [ 'remove_paths', '{nick}' ]);
declare('crm.employee', [qw(name email)], 'identifying');
declare('crm.address', [qw(line1 postcode lines)], 'address', link => 'person_id');
declare('support.ticket', ['title'], 'content', link => 'customer_id');
declare('support.ticket', ['friend_name'], 'content', link => 'friend_uid', whose => ['whose_friend']);
declare('support.ticket', ['agent_note'], 'content', link => 'created_by', whose => ['whose_agent']);
declare('shop.transfer', ['creator_name'], 'content', link => 'created_by');
declare('shop.transfer', ['assignee_mail'], 'content', link => 'assigned_to', whose => ['whose_to']);
declare('shop.transfer', ['owner_name'], 'content', link => 'owner', whose => ['whose_owner']);
declare('shop.transfer_line', ['memo'], 'content', link => '*', whose => [qw(whose whose_to whose_owner)]);
declare('shop.event', [qw(ip agent)], 'technical');
declare('shop.event_detail', ['referrer'], 'technical');
declare('support.note', ['body'], 'content', with => ['redact']);
declare('support.call_note', ['caller'], 'content');
declare('shop.legacy', ['name'], 'content');
declare('shop.reservation', [qw(guest)], 'content');
declare(q{shop."Wish List's ""Ærlig"""}, [ 'Whole "Name"', 'e-mail' ], 'content');
declare('support.comment', ['words'], 'content', link => '*');
declare('audit.version', ['object'], 'content', link => '*');

my $links = q{
SELECT pv.declare_subject('crm.person', '{id}', 'customers');
SELECT pv.declare_subject('crm.employee');
SELECT pv.declare_link('shop.session', '{person}', 'crm.person', '{uid}', on_erase => 'delete');
SELECT pv.link_foreign_keys('crm.person', 10);
SELECT pv.link_foreign_keys('crm.employee', 10);
SELECT pv.declare_link('support.comment', '{item_id}', 'crm.person', name => 'person', condition => $$item_type = 'Person'$$);
SELECT pv.declare_link('support.comment', '{item_id}', 'support.ticket', name => 'ticket', condition => $$item_type = 'Ticket'$$);
SELECT pv.declare_link('audit.version', '{item_id}', 'crm.person', name => 'person', condition => $$item_type = 'Person'$$);
SELECT pv.declare_link('audit.version', '{item_id}', 'support.ticket', name => 'ticket', condition => $$item_type = 'Ticket'$$);
};

#
# What was changed, cell by cell
#

# All rows of all tables: table => rid => column => value as COPY writes it.
sub state_of
{
	my ($db) = @_;
	my @tables = split /\n/, $node->safe_psql($db, q{
		SELECT oid::regclass::text FROM pg_class
		WHERE relkind IN ('r', 'p') AND NOT relispartition
		AND relnamespace::regnamespace::text IN ('crm', 'shop', 'store', 'support', 'audit') ORDER BY 1});
	my %only = map { $_ => 1 } split /\n/,
	  $node->safe_psql($db, q{SELECT inhparent::regclass::text FROM pg_inherits JOIN pg_class p ON p.oid = inhparent WHERE p.relkind = 'r'});
	my $out = $node->safe_psql($db, join '', map {
			'COPY (SELECT * FROM ' . ($only{$_} ? 'ONLY ' : '') . "$_) TO STDOUT (HEADER);\n\\echo =====\n" } @tables);
	my %state;

	foreach my $part (split /^=====\n?/m, $out)
	{
		my $table = shift @tables;
		my ($header, @lines) = split /\n/, $part;
		my @columns = split /\t/, $header;

		foreach my $line (@lines)
		{
			my %row;

			@row{@columns} = split /\t/, $line, -1;
			$state{$table}{ $row{rid} // $line } = \%row;
		}
	}
	return \%state;
}

sub is_about
{
	my ($row, $erased, @whose) = @_;

	return scalar grep { $erased->{$_} } map { ($row->{$_} // '') =~ /\d+/g } @whose;
}

# Compares two states. Returns how often each "table column" was changed, and
# what should not be as it is.
sub compare
{
	my ($before, $after, $erased, $map) = @_;
	my (%changed, @wrong, %others);

	foreach my $table (sort keys %$before)
	{
		next if $table eq 'audit.log';
		my ($old, $new) = ($before->{$table}, $after->{$table} // {});

		foreach my $id (keys %$new)
		{
			next if $old->{$id};
			push @wrong, "$table $id: new row"
			  unless $table eq 'audit.version' && is_about($new->{$id}, $erased, 'whose');
		}
		foreach my $id (keys %$old)
		{
			my ($was, $is) = ($old->{$id}, $new->{$id});
			my $own = is_about($was, $erased, $map->{'*'} ? grep { /^whose/ } keys %$was : 'whose');

			if (!$is)
			{
				$changed{"$table -"}++;
				push @wrong, "$table $id: row has gone" unless $own && $table =~ /\.session$/;
				next;
			}
			foreach my $column (keys %$was)
			{
				my $whose = $map->{$table}{$column};
				my $theirs = $whose ? is_about($was, $erased, @$whose) : 0;

				if ($was->{$column} ne ($is->{$column} // 'no such column'))
				{
					$changed{"$table $column"}++;
					push @wrong, "$table $id $column: $was->{$column} became " . ($is->{$column} // 'nothing')
					  unless $theirs || $own && ($map->{'*'} || $follows{$table}{$column}
						|| $column =~ /^(updated_at|mail_key|initials|search)$/);
				}
				elsif ($theirs && $is->{$column} ne '\N')
				{
					# That can only be if others have the same
					$others{"$table $column"} //= { map { $_->{$column} => 1 }
						  grep { !is_about($_, $erased, @$whose) } values %$old };
					push @wrong, "$table $id $column: $is->{$column} is left"
					  unless $others{"$table $column"}{ $is->{$column} };
				}
			}
		}
	}
	return (\%changed, @wrong);
}

# How often each marker occurs in a dump or in the view over it, as text or as bytes.
sub markers_in
{
	my ($db) = @_;
	my ($dump, $err) = run_command([ 'pg_dump', '-d', $node->connstr($db) ]);
	my %markers;

	$node->safe_psql($db, 'REFRESH MATERIALIZED VIEW report.contact');
	$dump .= $node->safe_psql($db, 'SELECT c::text FROM report.contact c');
	$markers{ lc $1 }++ while $dump =~ /(mk\d{3}q|em\d+q)/gi;
	$markers{ pack 'H*', $1 }++ while $dump =~ /(6d6b(?:3\d){3}71)/g;
	return \%markers;
}

# Erases, and looks at everything.
sub erase
{
	my ($db, $name, $subject, $map, @keys) = @_;
	my $employee = $subject =~ /employee/;
	my %erased = map { ($employee ? 900 + $_ : $_) => 1 } @keys;
	my @marker = map { $employee ? "em${_}q" : marker($_) } @keys;
	my ($before, $markers) = @{ $last{$db} //= [ state_of($db), markers_in($db) ] };
	my %preview;

	is(scalar(grep { $markers->{$_} } @marker), scalar @keys, "$name: a dump holds their values");
	if (@keys == 1)
	{
		%preview = map { my ($t, $c, $n) = split /\|/; $n ? ("$t $c" => $n) : () } split /\n/,
		  $node->safe_psql($db, "SELECT relation, coalesce(column_name, '-'), rows FROM pv.preview_erasure('$subject', $keys[0]) WHERE verdict = 'erase'");
	}
	is($node->safe_psql($db, 'SET pvext.erasure_limit = 0; SELECT string_agg(DISTINCT state::text, \',\'), count(*) FROM '
			. (@keys == 1 ? "pv.erase_subject('$subject', $keys[0])" : "pv.erase_subjects('$subject', '{" . join(',', @keys) . "}')")),
		'completed|' . @keys, "$name: completed");

	my $after = state_of($db);
	my ($changed, @wrong) = compare($before, $after, \%erased, $map);
	is_deeply(\@wrong, [], "$name: theirs is gone, all else is as it was");
	$markers = markers_in($db);
	is_deeply([ grep { $markers->{$_} } @marker ], [], "$name: a dump holds none of their values")
	  unless $map->{'*'};
	if (@keys == 1 && !$map->{'*'})
	{
		delete @$changed{ grep { /updated_at$|of_login$|(?:person|client) (?:mail_key|initials|search)$/ } keys %$changed };
		is_deeply(\%preview, $changed, "$name: the preview has told so");
	}
	is($node->safe_psql($db, join ' UNION ALL ', map { "SELECT relation, column_name FROM pv.verify_erasure('$subject', $_)" } @keys),
		'', "$name: verified");
	is($node->safe_psql($db, "SELECT state FROM pv.erase_subject('$subject', $keys[0])"),
		'completed', "$name: asking again is harmless");
	$last{$db} = [ state_of($db), $markers ];
	is_deeply([ compare($after, $last{$db}[0], {}, {}) ], [ {} ], "$name: and changes nothing");
	return;
}

sub map_is_sound
{
	my ($db, $name) = @_;

	is($node->safe_psql($db, "SELECT relation, column_name, problem FROM pv.check_map() WHERE severity = 'error'"),
		'', "$name: the map has no errors");
	return;
}

$node->start;
query($before . 'CREATE DATABASE big');

my $file = $node->basedir . '/big.sql';
append_to_file($file, $first . generated_tables() . $rest . 'CREATE EXTENSION pvext CASCADE;');
load_file($node, 'big', $file);
query('CREATE DATABASE generated TEMPLATE big');
cmp_ok($node->safe_psql('big', q{SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p')
	AND relnamespace::regnamespace::text IN ('crm', 'shop', 'support', 'audit')}), '>', 120, 'there are many tables');

#
# The map by hand
#
my ($ret, $out, $err) = $node->psql('big', $links . join("\n", @declare), on_error_stop => 0);
unlike($err, qr/ERROR|WARNING/, 'all of it can be declared');
is($node->safe_psql('big', q{SELECT max(depth), bool_and(declared) FROM pv.candidate_links('crm.person') WHERE found_by = 'foreign key'}),
	'10|t', 'links go to depth 10');

map_is_sound('big', 'by hand');
erase('big', 'person 7', 'crm.person', \%map, 7);
erase('big', 'employee 7', 'crm.employee', \%map, 7);
erase('big', 'person 20, soft-deleted', 'crm.person', \%map, 20);
erase('big', 'person 53, who came back as 54', 'crm.person', \%map, 53);
erase('big', 'ten persons', 'crm.person', \%map, 1 .. 6, 8, 9, 40, 54);

#
# DDL on what is mapped; the map follows
#
($ret, $out, $err) = $node->psql('big', q{
	ALTER TABLE crm.person RENAME TO client;
	ALTER TABLE crm.client RENAME mobile TO cell;
	ALTER TABLE crm.client RENAME number TO client_no;
	ALTER TABLE crm.client ADD nickname text;
	UPDATE crm.client SET nickname = 'Nick ' || m(whose) WHERE full_name <> '';
	SELECT pv.declare_personal('crm.client', '{nickname}', 'identifying');
	SELECT pv.undeclare_personal('crm.client', '{settings}');
	ALTER TABLE crm.client DROP settings;
	ALTER TABLE crm.c0_d1 RENAME TO first_of_ten;
	ALTER TABLE crm.address ALTER postcode TYPE varchar(10), ALTER lines DROP NOT NULL;
	ALTER TABLE shop.event RENAME agent TO "user Agent";
	ALTER SCHEMA shop RENAME TO store;
	CREATE TABLE store.event_next PARTITION OF store.event FOR VALUES FROM ('2030-01-01') TO ('2031-01-01');
	CREATE TABLE store.event_last (z xml, "user Agent" text NOT NULL, rid bigint NOT NULL, ip inet,
		person_id bigint NOT NULL, id bigint NOT NULL, at date NOT NULL, whose integer);
	ALTER TABLE store.event_last DROP z;
	ALTER TABLE store.event_last OWNER TO big_shop;
	ALTER TABLE store.event_next OWNER TO big_shop;
	ALTER TABLE store.event ATTACH PARTITION store.event_last FOR VALUES FROM ('2031-01-01') TO ('2032-01-01');
	INSERT INTO store.event (rid, whose, id, at, person_id, ip, "user Agent")
		SELECT 1100000 + i, i, 5000 + i, date '2030-02-01' + i % 2 * 365, i, '10.202.0.1', m(i) FROM generate_series(30, 50) i;
	ALTER TABLE store.event DETACH PARTITION store.event_next;
	ALTER TABLE store.event ATTACH PARTITION store.event_next DEFAULT;
});
unlike($err, qr/ERROR/, 'the schema is changed');

my %renamed = ('crm.person' => 'crm.client', 'crm.c0_d1' => 'crm.first_of_ten');
foreach my $names (\%map, \%follows)
{
	foreach my $old (keys %$names)
	{
		(my $new = $renamed{$old} // $old) =~ s/^shop\./store./;
		$names->{$new} = delete $names->{$old} if $new ne $old;
	}
}
my $client = $map{'crm.client'};
delete $client->{settings};
$client->{cell} = delete $client->{mobile};
$client->{nickname} = ['whose'];
$map{'store.event'}{'user Agent'} = delete $map{'store.event'}{agent};
delete $last{big};
map_is_sound('big', 'after DDL');
erase('big', 'after DDL, person 30', 'crm.client', \%map, 30);
erase('big', 'after DDL, three persons', 'crm.client', \%map, 31 .. 33);
map_is_sound('big', 'in the end');

#
# The map that pvext suggests, as it stands
#
$node->safe_psql('generated', q{SELECT pv.declare_subject('crm.employee'); SELECT pv.declare_subject('crm.person')});
foreach my $subject ('crm.person', 'crm.employee')
{
	my $sql = $node->safe_psql('generated', "SELECT pv.generate_map('$subject')");

	($ret, $out, $err) = $node->psql('generated', $sql, on_error_stop => 0);
	unlike($err, qr/ERROR/, "the map suggested for $subject is valid");
}
map_is_sound('generated', 'suggested');
is($node->safe_psql('generated', q{SELECT regexp_replace(problem, '^trigger "\w+" ', '') FROM pv.check_map()
	WHERE problem LIKE '%, which writes to audit.%' ORDER BY 1}),
	"calls audit.keep_version(), which writes to audit.version, of which nothing is declared\n"
	  . 'calls audit.log_change(), which writes to audit.log, of which nothing is declared',
	'suggested: where triggers write is said');
($ret, $out, $err) = $node->psql('generated', q{SELECT pv.erase_subject('crm.person', 7)});
like($err, qr/ERROR:  triggers or rules .*: audit\.version\n/, 'suggested: an erasure that writes the person down anew is refused');
$node->safe_psql('generated', join "\n", grep { /'audit\.version'/ } split(/\n/, $links), @declare);
erase('generated', 'suggested map, person 7', 'crm.person', { '*' => 1 }, 7);

$node->stop;
done_testing();
