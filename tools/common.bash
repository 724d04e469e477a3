# tools/common.bash: what the tools share. Sourced by them, not run.

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# Messages in English and the same order of names everywhere.
export LC_ALL=C.UTF-8

# The tools call make themselves: its flags and job server are not theirs.
unset MAKEFLAGS MAKELEVEL MFLAGS MAKEOVERRIDES

# What a user has set for psql must not reach another cluster, nor lead to another one.
unset PGCLUSTER PGOPTIONS PGSSLMODE PGCHANNELBINDING PGCLIENTENCODING PGTZ PGDATESTYLE PSQLRC

# Real data for the tests. Where it is absent the variable is unset and the tests that read it skip.
: "${CUSTSEG_DATA:=$ROOT/../shared/data}"
if [ -d "$CUSTSEG_DATA" ]; then
	CUSTSEG_DATA=$(cd "$CUSTSEG_DATA" && pwd)
	export CUSTSEG_DATA
else
	unset CUSTSEG_DATA
fi

say()
{
	printf 'custseg: %s\n' "$*" >&2
}

die()
{
	say "$*"
	exit 1
}

# wanted_major: the PostgreSQL major to build for. MAJOR, else that of PG_CONFIG, else the newest
# installed server, else the one that the distribution's package 'postgresql' stands for.
wanted_major()
{
	local found

	if [ -n "${MAJOR:-}" ]; then
		echo "$MAJOR"
		return
	fi
	if [ -n "${PG_CONFIG:-}" ]; then
		"$PG_CONFIG" --version | sed 's/^PostgreSQL \([0-9]*\).*/\1/'
		return
	fi
	found=$(ls -d /usr/lib/postgresql/*/bin/postgres 2>/dev/null | cut -d/ -f5 | sort -n | tail -n 1)
	if [ -z "$found" ] && command -v apt-cache >/dev/null; then
		found=$(apt-cache show --no-all-versions postgresql 2>/dev/null |
			sed -n 's/^Version: \([0-9]*\).*/\1/p')
	fi
	echo "${found:-15}"
}

# build_packages MAJOR, test_packages MAJOR: the Debian packages for the two purposes, on any suite.
build_packages()
{
	echo "gcc libc6-dev make postgresql-common postgresql-$1 postgresql-server-dev-$1"
}

test_packages()
{
	echo "postgresql-$1-pgtap postgresql-$1-cron libtap-parser-sourcehandler-pgtap-perl libipc-run-perl"
}

# debian_mirror: the mirror that apt uses on this machine, a local one or a proxy too; empty where apt names
# none. 'Debian' is how the archive labels itself. Before the first apt-get update only the sources say it.
debian_mirror()
{
	local mirror

	mirror=$(apt-get indextargets --format '$(LABEL)|$(SITE)|$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
		sed -n 's/^Debian|[^|]*|//p' | head -n 1) || true
	[ -n "$mirror" ] || mirror=$(sed -nE 's/^URIs: *([^ ]+).*/\1/p; s/^deb +(\[[^]]*\] +)?([^ ]+) .*/\2/p' \
		/etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
		grep -v security | head -n 1) || true
	echo "$mirror"
}

# as_root COMMAND...: runs it, by sudo where needed. The caller's environment does not pass through sudo.
as_root()
{
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo -- "$@"
	else
		die "this needs root (and there is no sudo): $*"
	fi
}

# add_counts FILE: adds the last 'N passed, N failed[, N skipped]' of a log to passed, failed and skipped.
# Returns 1 and adds nothing where there is no such line.
add_counts()
{
	local line

	line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$1" | tail -n 1) || return 1
	passed=$((passed + $(sed -E 's/^([0-9]+) passed.*/\1/' <<<"$line")))
	failed=$((failed + $(sed -E 's/.* ([0-9]+) failed.*/\1/' <<<"$line")))
	case $line in
		*skipped*) skipped=$((skipped + $(sed -E 's/.* ([0-9]+) skipped.*/\1/' <<<"$line"))) ;;
	esac
}

# print_counts: the line that add_counts reads.
print_counts()
{
	echo "$passed passed, $failed failed$([ "$skipped" = 0 ] || echo ", $skipped skipped")"
}
