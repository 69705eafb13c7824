# shellcheck shell=bash disable=SC2154
# What test/run and test/demo have in common: getting PostgreSQL, and building
# pvext in a temporary copy of the tree, as an unprivileged user.  Sourced, with
#   tree    the source tree
#   major   the PostgreSQL major
#   work    the temporary directory, once prepare_work has made it
#   built_server    a server that is not the system's, or nothing
# It needs a function have_tools, which says if all but the server is there.

# No longer than this, since the servers' sockets have short paths.
TEMPLATE=/tmp/pvext.XXXXXX

say() { echo "== $*"; }

# What is done now, as which step of all, where the script has said how many there are.
steps=
steps_done=0

step() {
    steps_done=$((steps_done + 1))
    say "${steps:+step $steps_done of $steps: }$*"
}

die() {
    echo "test/${0##*/}: $*" >&2
    exit 1
}

# Are all of these programs there?
have() {
    local program
    for program; do command -v "$program" >/dev/null || return; done
}

# What a step's command prints, a file without a name: nothing is left of it, however
# this ends.
open_noise() {
    local file
    file=$(mktemp) && exec {noise}<>"$file" && rm "$file"
}

noise() { cat "/proc/$$/fd/$noise"; }

# Tells how far a command is, by the function named first: on a terminal each second in
# one line, elsewhere in a line now and then.  Ends with the script.
tell_progress() {
    local how_far=$1 never now last='' n=0
    exec {never}<> <(:)
    while kill -0 $$ 2>/dev/null; do
        read -r -t 1 <&"$never"
        n=$((n + 1))
        [ -t 1 ] || [ $((n % 20)) = 0 ] || continue
        now=$($how_far 2>/dev/null)
        if [ -t 1 ]; then printf '\r\033[K   %s' "${now:0:76}"; elif [ "$now" != "$last" ]; then echo "   $now"; fi
        last=$now
    done
}

# Runs a command, and tells meanwhile how far it is.
watched() {
    local teller status
    tell_progress "$1" &
    teller=$!
    shift
    "$@"
    status=$?
    kill $teller && wait $teller 2>/dev/null
    [ ! -t 1 ] || printf '\r\033[K'
    return $status
}

to_noise() { "$@" >&"$noise" 2>&1; }

# The same for a command whose output is seen only when it fails.
quietly() {
    local how_far=$1 status
    shift
    open_noise || return
    watched "$how_far" to_noise "$@"
    status=$?
    [ $status = 0 ] || noise | grep -v -E '^(dl|pm)status:' | tail -n 50
    exec {noise}>&-
    return $status
}

# Where the server's programs are: the system's, unless another one was built.
server_dir() { echo "${built_server:-/usr/lib/postgresql/$major}"; }

# The server and what extensions are built with, of which postgresql-N brings the
# makefiles and postgresql-server-dev-N the headers.
have_server() {
    [ -x "/usr/lib/postgresql/$major/bin/postgres" ] &&
        [ -e "/usr/lib/postgresql/$major/lib/pgxs/src/makefiles/pgxs.mk" ] &&
        [ -e "/usr/include/postgresql/$major/server/postgres.h" ]
}

# What needs root is done as root: directly, or through sudo, which may ask for a
# password where there is a terminal to ask at; it is told what for before.
sudo=()

become_root() {
    [ "$(id -u)" != 0 ] && [ ${#sudo[@]} = 0 ] || return 0
    if sudo -n true 2>/dev/null; then
        sudo=(sudo -n)
    elif have sudo && [ "${CI:-}" != true ] && { : </dev/tty; } 2>/dev/null; then
        say "root is needed for: $*; sudo may ask for your password"
        sudo -v && sudo=(sudo)
    else
        echo "test/${0##*/}: needs root or sudo for: $*" >&2
        return 1
    fi
}

as_root() { become_root "$@" && "${sudo[@]}" "$@"; }

# The last word of apt, as it says it to programs: "kind:what:percent:text".
apt_progress() {
    noise | sed -n 's/^\(dl\|pm\)status:[^:]*:\([0-9]*\)[^:]*:/\1 \2 %: /p' |
        sed -n '$ { s/^dl/downloading,/; s/^pm/installing,/; p; }'
}

apt_install() {
    # Of two runs at once one waits: apt's own locks make it give up.
    as_root flock /run/pvext-test.lock bash -c 'apt-get update -q &&
        DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends \
            -o APT::Status-Fd=1 -o Dpkg::Use-Pty=0 install "$@"' - "$@"
}

install_packages() {
    say "installing $*"
    become_root "installing $*" && quietly apt_progress apt_install "$@"
}

# Installs the server, what builds pvext, and the packages named.
install_missing() {
    local packages="postgresql-$major postgresql-server-dev-$major gcc make libc6-dev $*"
    local conf=/etc/postgresql-common/createcluster.d/pvext-test.conf

    have_server && have_tools && return
    step "installing what is missing"
    become_root "installing $packages" || die "missing: $packages"
    # Installing a first postgresql-N would make and start a cluster of its own.
    as_root mkdir -p "${conf%/*}" &&
        echo "create_main_cluster = false" | as_root tee $conf >/dev/null ||
        die "missing: $packages"
    # shellcheck disable=SC2086
    install_packages $packages
    as_root rm -f $conf
    have_server && have_tools || die "missing: $packages"
}

copy_tree() {
    mkdir -p "$1" && cp -R "$tree/." "$1/" && rm -rf "$1/.git" || die "could not copy the tree"
}

# The temporary directory, with a copy of the tree.
prepare_work() {
    work=$(mktemp -d $TEMPLATE) || exit 1
    copy_tree "$work/tree"
    mkdir "$work/tmp"
    chmod 755 "$work"
}

# The servers refuse to run as root.
choose_user() {
    run_as=()
    [ "$(id -u)" = 0 ] || return 0
    local user=nobody
    id postgres >/dev/null 2>&1 && user=postgres
    run_as=(runuser -u "$user" --)
    chown -R "$user" "$work"
}

# More of it, and more flags of the compiler, where a script sets them.
environment=()
copt=

# One locale, so that sort order and encoding are the same everywhere.
as_user() {
    (cd "$work/tree" && "${run_as[@]}" env -u LC_ALL -u LC_COLLATE -u LC_CTYPE -u LANGUAGE -u MAKEFLAGS \
        LANG=C.UTF-8 TMPDIR="$work/tmp" HOME="$work/tmp" \
        PATH="$(server_dir)/bin:$PATH" \
        PVEXT_TEST_CONF="$work/test.conf" PVEXT_TEST_DATA="${data:-}" "${environment[@]}" "$@" </dev/null)
}

make_here() {
    as_user make --no-print-directory with_llvm=no \
        PG_CONFIG="$(server_dir)/bin/pg_config" "$@"
}

# The settings with which a server finds the extension in the staging directory.
staging_conf() {
    local stage=$work/stage config
    config=$(server_dir)/bin/pg_config
    if [ "$major" -ge 18 ]; then
        echo "extension_control_path = '$stage$($config --sharedir):\$system'"
    else
        echo "extension_destdir = '$stage'"
    fi
    echo "dynamic_library_path = '$stage$($config --pkglibdir):\$libdir'"
}

count_sources() { find "$tree/src" -name '*.c' | wc -l; }

build_progress() { echo "$(find "$work/tree/src" -name '*.o' | wc -l) of $(count_sources) files"; }

build() {
    local werror=
    [ "${CI:-}" = true ] && [ -z "$copt" ] && werror=WERROR=1
    step "building for PostgreSQL $major, $(count_sources) files"
    make_here -s clean >/dev/null &&
        watched build_progress make_here -s -j2 $werror ${copt:+COPT="$copt"} &&
        make_here -s install DESTDIR="$work/stage" >/dev/null
}

# Every server of ours runs in its data directory under $work.
stop_servers() {
    local file pid
    while read -r file; do
        pid=$(head -n 1 "$file")
        case $(readlink "/proc/$pid/cwd") in
            "$work"/*) kill -QUIT "$pid" ;;
        esac
    done < <(find "$work" -name postmaster.pid 2>/dev/null)
}

remove_work() {
    stop_servers
    # A server that is just stopping may still write.
    rm -rf "$work" 2>/dev/null || { sleep 1 && rm -rf "$work"; }
}
