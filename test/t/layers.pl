# What test/layers finds in a tree that breaks the order of its folders, and that it finds
# nothing in one that keeps it.
use strict;
use warnings;
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use Test::More;

my $table = <<'TABLE';
# Source

| folder | holds | may call |
| --- | --- | --- |
| `base` | what all need | nothing |
| `map` | what is declared | `base` |
| `plan` | which rows | `base`, `map` |
| `pvext.c` | the start | all |

`pvext_arg()` (base/arg.c) and key.h are there; `pv.erase()` is not looked for.
TABLE

my %good = (
	'README.md' => $table,
	'base/arg.h' => "extern int pvext_arg(void);\nextern char *pvext_setting;\nextern int pvext_all[2];\n",
	'base/arg.c' => qq{#include "postgres.h"\n#include "base/arg.h"\n}
	  . "char *pvext_setting = NULL;\nint pvext_all[2];\nint\npvext_arg(void)\n{\n}\n",
	'map/key.h' => qq{#include "base/arg.h"\ntypedef int Key;\n/* #include "plan/plan.h" */\n},
	'map/link.c' => qq{#include "map/key.h"\n},
	'plan/plan.h' => qq{#include "utils/rel.h"\n#include "map/key.h"\n},
	'pvext.c' => qq{#include "plan/plan.h"\n});

sub faults_of
{
	my %files = (%good, @_);
	my $tree = tempdir(CLEANUP => 1);
	for my $file (grep { defined $files{$_} } keys %files)
	{
		make_path("$tree/src/" . ($file =~ s{[^/]*$}{}r));
		open my $out, '>', "$tree/src/$file" or die "$file: $!";
		print {$out} $files{$file};
		close $out or die "$file: $!";
	}
	my @lines = split /\n/, `test/layers $tree 2>&1`;
	return join("\n", ($? ? '' : 'passes'), map { s/^src\///r } @lines);
}

sub finds
{
	my ($name, $fault, @files) = @_;
	like(faults_of(@files), qr/^\n\Q$fault\E\n\d folders, 1 faults$/, $name);
	return;
}

is(faults_of(), "passes\n4 folders, 0 faults", 'a tree in order');
finds('a call upwards', 'map/link.c: plan/plan.h, but map may not call plan',
	'map/link.c' => qq{#include "plan/plan.h"\n});
finds('a call from the ground', 'base/arg.c: map/key.h, but base may not call map',
	'map/key.h' => '', 'base/arg.c' => qq{#include "map/key.h"\n$good{'base/arg.c'}});
finds('a header without its folder', 'map/link.c: key.h is included without its folder',
	'map/link.c' => qq{#include "key.h"\n});
finds('a folder that is not in the table', 'rights/trail.c: README.md knows no rights',
	'rights/trail.c' => '');
finds('a file that is in no folder', 'other.c: README.md knows no other.c', 'other.c' => '');
finds('a folder that is only in the table', 'README.md: there is no plan',
	'plan/plan.h' => undef, 'pvext.c' => '');
finds('a table that goes upwards', 'README.md: map may call plan, which is not above it',
	'README.md' => $table =~ s/`base` \|$/`base`, `plan` |/mr);
finds('a function of another file', 'map/key.h: pvext_key is not defined in map/key.c',
	'map/key.h' => "extern char *pvext_key(int a,\n\t\tint b);\n", 'map/link.c' => "char *\npvext_key(int a, int b)\n{\n}\n");
finds('a variable of another file', 'base/arg.h: pvext_other is not defined in base/arg.c',
	'base/arg.h' => $good{'base/arg.h'} . "extern bool pvext_other;\n");
finds('a circle', 'a circle: map/key, map/link',
	'map/key.h' => qq{#include "map/link.h"\n}, 'map/link.h' => '', 'map/link.c' => qq{#include "map/key.h"\n});
finds('a name of the server\'s', 'utils is a folder of the server\'s headers, too',
	'README.md' => $table =~ s/(?=\| `plan)/| utils | words | nothing |\n/r, 'utils/word.h' => '');
finds('a function that the page alone knows', 'README.md: there is no function pvext_key()',
	'README.md' => $table . "`pvext_key()` (map/link.c), `pvext_arg()`\n");
finds('a file that the page alone knows', 'README.md: there is no map/arg.c',
	'README.md' => $table . "`pvext_arg()` (map/arg.c)\n");
unlike(faults_of('README.md' => "# Source\n"), qr/faults/, 'without a table');

done_testing();
