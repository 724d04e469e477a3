#!/bin/bash
#
# test/tools.sh: the tools themselves. Prints TAP.
#
# A tool that tests others must be seen to fail when it should; and a cluster that is thrown away must be gone.

set -uo pipefail
cd "$(dirname "$0")/.."

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
count=0

# check NAME GOT EXPECTED
check()
{
	count=$((count + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $count - $1"
	else
		echo "not ok $count - $1"
		printf '# got: %s\n# expected: %s\n' "$2" "$3"
	fi
}

# --- tools/cluster ---
check 'cluster: input, output and settings; the extension can be created' \
	"$(echo "CREATE EXTENSION custseg; SHOW work_mem; SELECT extname FROM pg_extension WHERE extname = 'custseg'" |
		tools/cluster -o work_mem=5MB psql -X -A -t -q | tr '\n' ' ')" '5MB custseg '
tools/cluster bash -c 'exit 3'
check 'cluster: the exit status is that of the command' $? 3

# The command leaves its port and the folder of the cluster, and waits to be ended.
tools/cluster bash -c "echo \"\$PGPORT \$TEMP_CONFIG \$PGSYSCONFDIR\" >$tmp/new; mv $tmp/new $tmp/started; exec sleep 60" &
cluster=$!
for _ in $(seq 300); do
	[ ! -e "$tmp/started" ] || break
	sleep 0.1
done
read -r port config folder <"$tmp/started"
check 'cluster: the server answers while the command runs' "$(pg_isready -q -h localhost -p "$port"; echo $?)" 0
kill -TERM "$cluster"
wait "$cluster"
check 'cluster: a signal ends it' $? 143
check 'cluster: the server is gone' "$(pg_isready -q -h localhost -p "$port"; echo $?)" 2
check 'cluster: its folders are gone' "$(ls -d "$config" "$folder" 2>/dev/null)" ''

tools/cluster bash -c 'psql -X -q -A -t -c "COPY (SELECT pg_backend_pid()) TO PROGRAM '\''read pid; kill -ABRT \$pid'\''"
	sleep 1; true' >"$tmp/log" 2>&1
check 'cluster: a crash of the server is a failure' "$?, $(grep -c 'custseg: a server process crashed' "$tmp/log")" '1, 1'

# --- tools/check-docs ---
page()
{
	cat >"$tmp/page.md"
	tools/check-docs "$@" "$tmp/page.md" >"$tmp/log" 2>&1
	echo "$?, $(tail -n 1 "$tmp/log")"
}

check 'docs: an example and its output' "$(page <<'END'
<!-- setup
CREATE TABLE hidden AS SELECT 1 AS one;
-->

```sql
SET work_mem = '3MB';
SELECT one, current_setting('work_mem') FROM hidden;
```

```text
 one | current_setting
-----+-----------------
   1 | 3MB
(1 row)
```

The session goes on:

```sql
SELECT current_setting('work_mem'), count(*) > 0 AS known FROM pg_proc WHERE pronamespace = 'custseg'::regnamespace;
```

```
 current_setting | known
-----------------+-------
 3MB             | t
(1 row)
```

```sql skip
this is not run
```
END
)" '0, 2 passed, 0 failed'
check 'docs: another output fails' "$(page <<'END'
```sql
SELECT 1 AS one;
```

```text
 one
-----
   2
(1 row)
```
END
)" '1, 0 passed, 1 failed'
check 'docs: --update writes what is printed' \
	"$(tools/check-docs --update "$tmp/page.md" | tail -n 1; tools/check-docs "$tmp/page.md" | tail -n 1; sed -n 8p "$tmp/page.md")" \
	$'1 passed, 0 failed\n1 passed, 0 failed\n   1'
check 'docs: an error fails, one that is shown does not' "$(page <<'END'
```sql
SELECT 1 / 0;
```

Text between: no output block of the one above.

```sql
SELECT 1 / 0;
```

```text
ERROR:  division by zero
```
END
)" '1, 1 passed, 1 failed'
check 'docs: a statement without its end fails' "$(page <<'END'
```sql
SELECT 1
```
END
)" '1, 0 passed, 1 failed'
check 'docs: an output block without example is refused' "$(page <<'END'
```text
x
```
END
)" "255, $tmp/page.md:1: a text block must follow an sql block; mark other listings as console"

echo "1..$count"
