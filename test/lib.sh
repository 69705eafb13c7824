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

die() {
    echo "test/${0##*/}: $*" >&2
    exit 1
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

# What needs root is done as root: directly, or through a sudo that doesn't ask.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif sudo -n true 2>/dev/null; then
        sudo -n "$@"
    else
        echo "test/${0##*/}: needs root or sudo for: $*" >&2
        return 1
    fi
}

install_packages() {
    say "installing $*"
    as_root apt-get update -q &&
        as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -q -y --no-install-recommends "$@"
}

# Installs the server, what builds pvext, and the packages named.
install_missing() {
    local packages="postgresql-$major postgresql-server-dev-$major gcc make libc6-dev $*"
    local conf=/etc/postgresql-common/createcluster.d/pvext-test.conf

    have_server && have_tools && return
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

# One locale, so that sort order and encoding are the same everywhere.
as_user() {
    (cd "$work/tree" && "${run_as[@]}" env -u LC_ALL -u LC_COLLATE -u LC_CTYPE -u LANGUAGE -u MAKEFLAGS \
        LANG=C.UTF-8 TMPDIR="$work/tmp" HOME="$work/tmp" \
        PATH="$(server_dir)/bin:$PATH" \
        PVEXT_TEST_CONF="$work/test.conf" PVEXT_TEST_DATA="${data:-}" "$@" </dev/null)
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

build() {
    local werror=
    [ "${CI:-}" = true ] && werror=WERROR=1
    say "building for PostgreSQL $major"
    make_here -s clean >/dev/null &&
        make_here -s -j2 $werror &&
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
