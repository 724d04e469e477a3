# What demo/run and demo/shell share: settings, a database of their own, its data.
# Sourced. PG* in the environment lead to a server as a superuser; custseg is installed there.

demo=$(dirname "${BASH_SOURCE[0]}")
database=${DEMO_DATABASE:-custseg_demo}
work=
created=

# Bash and psql would take COLUMNS for the width of the terminal.
order_names=${COLUMNS:-}
shopt -u checkwinsize
unset COLUMNS

export PGCLIENTENCODING=UTF8 PGAPPNAME=custseg-demo

stop()
{
	printf '%s\n' "$@" >&2
	exit 1
}

# psql without the user's own settings; the first error ends it.
sql()
{
	psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"
}

clean_up()
{
	[ -z "$created" ] || sql -d postgres -c "DROP DATABASE $created WITH (FORCE)" >/dev/null 2>&1 || true
	[ -z "$work" ] || rm -rf "$work"
}

# A database that nobody else uses, in UTF-8 whatever the server's locale, dropped at the end.
make_database()
{
	[[ $database =~ ^[a-z_][a-z0-9_]*$ ]] || stop "DEMO_DATABASE must be a plain lower-case name; it is '$database'."
	work=$(mktemp -d)
	trap clean_up EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	[ -z "$(sql -d postgres -c "SELECT 1 FROM pg_database WHERE datname = '$database'")" ] ||
		stop "There is a database $database already, which the demo does not touch." \
			"Choose another name: DEMO_DATABASE=..."
	sql -d postgres -c "CREATE DATABASE $database TEMPLATE template0 ENCODING 'UTF8'
		LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C'"
	created=$database
	export PGDATABASE=$database
	sql -c 'CREATE EXTENSION custseg'

	[ -z "${AS_OF:-}" ] || sql -c "SELECT '$AS_OF'::date" >/dev/null 2>&1 || stop "AS_OF is no day: '$AS_OF'."
	[ -z "${SEGMENTATION:-}" ] || [ -n "$(sql -v name="$SEGMENTATION" \
		<<<"SELECT 1 FROM custseg.segmentation WHERE name = :'name'")" ] ||
		stop "There is no segmentation '$SEGMENTATION'. There are:" \
			"$(sql -F ': ' -c "SELECT '  ' || name, description FROM custseg.segmentation ORDER BY name")"
}

check_settings()
{
	case ${AS_OF:-} in
		'' | [0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]) ;;
		*) stop "AS_OF must be a day such as 2024-12-31; it is '$AS_OF'." ;;
	esac
	case ${DATE_ORDER:=} in
		'' | dmy | mdy) ;;
		*) stop "DATE_ORDER must be dmy (31/12/2024) or mdy (12/31/2024); it is '$DATE_ORDER'." ;;
	esac
	case ${DECIMAL:=} in
		'' | point | comma) ;;
		*) stop "DECIMAL must be point (1234.50) or comma (1234,50); it is '$DECIMAL'." ;;
	esac
	# A number is the width of a terminal.
	[ -n "${ORDERS:-}" ] || [[ $order_names =~ ^[0-9]*$ ]] ||
		stop "COLUMNS is given, but no file. Try: make demo ORDERS=file.csv COLUMNS=$order_names"
}

# The shop of demo/shop.sql, or the user's own file; then the facts about the orders, for the report.
load_data()
{
	local first classes breaks

	if [ -n "${ORDERS:-}" ]; then
		load_file
	else
		sql -f "$demo/shop.sql"
		relation=shop.orders
		order_columns='customer_id, ordered_at, amount'
		time_column=ordered_at
		day_expression="(ordered_at AT TIME ZONE 'Europe/Berlin')::date"
		zone_argument=", time_zone => 'Europe/Berlin'"
	fi

	as_of_rule='as given'
	as_of=${AS_OF:-}
	if [ -z "$as_of" ]; then
		as_of=$(sql -c "SELECT to_char(max($day_expression) + 1, 'YYYY-MM-DD') FROM $relation")
		as_of_rule='the day after the last order'
	else
		first=$(sql -c "SELECT to_char(min($day_expression), 'YYYY-MM-DD') FROM $relation")
		[[ ! $as_of < $first ]] || stop "There are no orders up to $as_of; the first is on $first."
	fi

	earlier=$(sql -c "SELECT to_char(greatest(min($day_expression), '$as_of'::date - 90), 'YYYY-MM-DD') FROM $relation")

	# The orders as custseg is given them, a query in dollar quotes, and the rest of the arguments.
	orders_argument="\$\$SELECT $order_columns FROM $relation\$\$"
	segmentation=${SEGMENTATION:-standard_11}
	segmentation_argument=
	fit_argument=
	if [ "$segmentation" != standard_11 ]; then
		segmentation_argument=", segmentation => '${segmentation//\'/\'\'}'"
		classes=$(sql -v name="$segmentation" <<<"
			SELECT greatest(r_classes, f_classes, m_classes) FROM custseg.segmentation WHERE name = :'name'")
		if [ "$classes" != 5 ]; then
			segmentation_argument=", classes => $classes$segmentation_argument"
			fit_argument=", classes => $classes"
		fi
		breaks=$(sql -v name="$segmentation" <<<"SELECT breaks FROM custseg.segmentation WHERE name = :'name'")
		[ "$breaks" = balanced ] || fit_argument+=", breaks => '$breaks'"
	fi
}

# The user's file. A line that cannot be used is kept in csv.bad_line; what the file leaves open stops the demo.
load_file()
{
	local status

	# Not -e: both ends of the pipe are asked.
	set +e
	perl "$demo/read_csv.pl" "$ORDERS" "$order_names" "$work/about" |
		sql -v date_order="${DATE_ORDER:-}" -v decimal="${DECIMAL:-}" -f "$demo/load.sql" >"$work/load.out" 2>&1
	status=("${PIPESTATUS[@]}")
	set -e
	# A reader that fails takes the writer with it, so its message is the one that counts.
	[ "${status[1]}" = 0 ] || stop "$ORDERS could not be loaded:" "$(cat "$work/load.out")"
	[ "${status[0]}" = 0 ] || exit 1

	sql -c 'SELECT reason, hint FROM csv.refusal' -F $'\n' >"$work/refusal"
	[ ! -s "$work/refusal" ] || stop "$ORDERS:" "$(cat "$work/refusal")"
	if [ "$(sql -c 'SELECT count(*) FROM csv.orders')" = 0 ]; then
		stop "No line of $ORDERS can be used. The first ones:" \
			"$(sql -F ': ' -c "SELECT '  line ' || line, reason, left(content, 60) FROM csv.bad_line ORDER BY line LIMIT 5")" \
			"Columns: customer $(about customer), date $(about date), amount $(about amount);" \
			"delimiter: $(about delimiter), header: $(about header)."
	fi
	[ "$(about records)" = "$(sql -c 'SELECT (SELECT count(*) FROM csv.orders) + (SELECT count(*) FROM csv.bad_line)')" ] ||
		stop "Lines got lost on the way into the database. That is an error of the demo."
	relation=csv.orders
	order_columns='customer_id, day, amount'
	time_column=day
	day_expression=day
	zone_argument=
}

# What demo/read_csv.pl found out about the file.
about()
{
	sed -n "s/^$1\t//p" "$work/about"
}
