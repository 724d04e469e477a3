#!/bin/bash
#
# test/demo.sh: the demo's shop, its CSV loader, its report. Prints TAP.
#
# Runs inside a throw-away cluster as demo/run does: tools/cluster prove test/demo.sh
# A loaded file is looked at through demo/shell, which takes statements from its standard input.

set -uo pipefail
cd "$(dirname "$0")/.."

export DEMO_DATABASE=custseg_demo_test LC_ALL=C.UTF-8
unset ORDERS COLUMNS DELIMITER DATE_ORDER DECIMAL AS_OF SEGMENTATION
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"; dropdb --if-exists $DEMO_DATABASE 2>/dev/null' EXIT
createdb -T template0 -E UTF8 -l C $DEMO_DATABASE
count=0

# check NAME GOT EXPECTED
check()
{
	count=$((count + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $count - $1"
	else
		echo "not ok $count - $1"
		diff <(echo "$3") <(echo "$2") | sed 's/^/# /'
	fi
}

# matches NAME GOT PATTERN (an extended regular expression)
matches()
{
	count=$((count + 1))
	if [[ $2 =~ $3 ]]; then
		echo "ok $count - $1"
	else
		echo "not ok $count - $1"
		printf '# wanted: %s\n' "$3"
		sed 's/^/# got: /' <<<"$2"
	fi
}

skip()
{
	count=$((count + 1))
	echo "ok $count # SKIP $1"
}

# orders FILE COLUMNS [SETTING=...]...: what the loader makes of the file, then its bad lines. The same functions
# as in demo/run, but in one database for all files.
orders()
{
	(
		export COLUMNS=$2 "${@:3}" PGDATABASE=$DEMO_DATABASE
		ORDERS=$1
		. demo/common.bash
		work=$tmp
		sql -c 'DROP SCHEMA IF EXISTS csv CASCADE' 2>/dev/null
		load_file
		sql -c "SELECT replace(customer_id, E'\n', '\n'), day, amount FROM csv.orders ORDER BY line" \
			-c "SELECT 'bad ' || line, reason FROM csv.bad_line ORDER BY line"
	) 2>&1
}

# refused FILE COLUMNS [SETTING=...]...: the message of a run that must fail before the report.
refused()
{
	local file=$1 columns=$2 status=0
	shift 2

	env ORDERS="$file" COLUMNS="$columns" "$@" demo/run >"$tmp/out" 2>"$tmp/messages" || status=$?
	echo "$status $(tr '\n' ' ' <"$tmp/messages")"
	cat "$tmp/out"
}

# --- Delimiters, quotes, line ends, encodings ------------------------------------------------------

file=$tmp/orders.csv

printf 'customer,date,amount\na,2024-01-31,10.50\nb,2024-02-29,7\n' >$file
check 'plain' "$(orders $file customer,date,amount)" 'a|2024-01-31|10.50
b|2024-02-29|7'
check 'names in another case, another order' "$(orders $file CUSTOMER,Date,aMount)" 'a|2024-01-31|10.50
b|2024-02-29|7'
check 'numbers, a header is seen' "$(orders $file 1,2,3)" 'a|2024-01-31|10.50
b|2024-02-29|7'
sed -i 1d $file
check 'numbers, no header' "$(orders $file 1,2,3)" 'a|2024-01-31|10.50
b|2024-02-29|7'

printf '1,2024-01-31,1\n2,2024-02-29,3\n' >$file
check 'numbers that are values of the first line' "$(orders $file 3,2,1)" '1|2024-01-31|1
3|2024-02-29|2'

printf '\xef\xbb\xbfKunde;Datum;Betrag\r\nA;31.12.2023;1.234,56\r\n"B; Co";01.02.2024;12,50\r\nB;02.02.2024;-2,50\r\nA;3.3.2024;1.000\r\n' >$file
check 'semicolon, decimal comma, points between thousands, BOM, CRLF, day first' "$(orders $file Kunde,Datum,Betrag)" \
	'A|2023-12-31|1234.56
B; Co|2024-02-01|12.50
B|2024-02-02|-2.50
A|2024-03-03|1000'

printf 'c\td\ta\nx\t2024-01-01\t1,234.50\ny\t2024-01-02\t2\n' >$file
check 'tab, commas between thousands' "$(orders $file c,d,a)" 'x|2024-01-01|1234.50
y|2024-01-02|2'
printf 'c|d|a\nx|2024-01-01|1\n' >$file
check 'pipe' "$(orders $file c,d,a)" 'x|2024-01-01|1'
printf 'c:d:a\nx:2024-01-01:1\n' >$file
check 'a delimiter that is given' "$(orders $file c,d,a DELIMITER=:)" 'x|2024-01-01|1'
printf 'sep=;\nc;d;a\nx;2024-01-01;1\n' >$file
check 'a line sep=; before the header' "$(orders $file c,d,a)" 'x|2024-01-01|1'
printf '\n\nc,d,a\n\nx,2024-01-01,1\n   \n' >$file
check 'empty lines' "$(orders $file c,d,a)" 'x|2024-01-01|1'
printf 'c,d,a\rx,2024-01-01,1\ry,2024-01-01,2\r' >$file
check 'CR as line end' "$(orders $file c,d,a)" 'x|2024-01-01|1
y|2024-01-01|2'
printf 'c,d,a\nx,2024-01-01,1' >$file
check 'no line end at the end' "$(orders $file c,d,a)" 'x|2024-01-01|1'
printf 'c;d;a;\nx;2024-01-01;1;\ny;2024-01-01;2\n' >$file
check 'empty fields at the end' "$(orders $file c,d,a)" 'x|2024-01-01|1
bad 3|3 fields, not 4'

printf 'id,note,c,d,a\n1,"two\nlines","a ""quoted"", name",2024-01-01,"1,000.5"\n2, "x" ,b,2024-01-02,3\n3,6" pipe,c,2024-01-03,4\n' >$file
check 'quotes, quoted newlines and delimiters' "$(orders $file c,d,a)" 'a "quoted", name|2024-01-01|1000.5
b|2024-01-02|3
c|2024-01-03|4'
printf 'note,c,d,a\n"open,a,2024-01-01,1\n,b,2024-01-02,2\n"x"y,c,2024-01-03,3\n,d,2024-01-04,4\n"open,e,2024-01-05,5\n' >$file
check 'a stray quote costs its own line only' "$(orders $file c,d,a)" 'b|2024-01-02|2
d|2024-01-04|4
bad 2|text after a closing quote
bad 4|text after a closing quote
bad 6|a quote that is never closed'

printf 'c,d,a\n M\xc3\xbcller ,2024-01-01,1\nM\xfcller,2024-01-01,2\na\\b\tc,2024-01-01,3\nNULL,2024-01-01,4\n007,2024-01-01,5\nz\x00,2024-01-01,6\n' >$file
check 'customers are text: UTF-8, Windows-1252, backslash, zeros' "$(orders $file c,d,a)" 'Müller|2024-01-01|1
Müller|2024-01-01|2
a\b	c|2024-01-01|3
007|2024-01-01|5
bad 5|no customer
bad 7|a zero byte'
printf 'c,d,a\nM\xc3\xbcller,2024-01-01,1\n' | iconv -f UTF-8 -t UTF-16 >$file
check 'UTF-16' "$(orders $file c,d,a)" 'Müller|2024-01-01|1'

# PostgreSQL writes files with every awkward character, the demo reads them.
nasty="SELECT n, (SELECT string_agg((ARRAY['a', 'b', 'ü', '\"', '\"\"', ',', ';', '|', E'\\t', E'\\n', E'\\r\\n', ' ', '''', E'\\\\', '客'])
		[1 + ('x' || substr(md5(n || '/' || k), 1, 6))::bit(24)::int % 15], '')
		FROM generate_series(0, n % 12) k) AS customer,
	'2024-01-01'::date + n % 366 AS day, round((n * 7919 % 100000)::numeric / 100, 2) AS amount
	FROM generate_series(1, 3000) n"
for delimiter in , ';' '|' $'\t'; do
	psql -X -q -c "COPY ($nasty) TO STDOUT WITH (FORMAT csv, HEADER, DELIMITER '$delimiter')" >$file
	orders $file customer,day,amount >/dev/null
	check "written by PostgreSQL with '$delimiter'" "$(psql -X -q -A -t -d $DEMO_DATABASE <<-END
		CREATE TEMP TABLE original AS
		SELECT trim(E' \\t\\r\\n' FROM replace(customer, E'\\r\\n', E'\\n')) AS customer_id, day, amount FROM ($nasty) o;
		DELETE FROM original WHERE customer_id = '';
		SELECT count(*) > 2800, count(*) = (SELECT count(*) FROM csv.orders) FROM original;
		SELECT * FROM original
		EXCEPT ALL SELECT replace(customer_id, E'\\r\\n', E'\\n'), day, amount FROM csv.orders;
	END
	)" 't|t'
done

# --- Days and amounts ------------------------------------------------------------------------------

printf '%s\n' 'c;d;a' 'a;2024-02-29;1' 'b;2024-1-5 7:03;2' 'c;2024/01/06 23:59:59.123;3' 'd;2024-01-07T10:00:00Z;4' \
	'e;2024-01-08 10:00:00+02;5' 'f;20240109;6' 'g;20240110T101500;7' 'h;11-Jan-2024;8' 'i;12 January 2024;9' \
	'j;Jan 13, 2024;10' 'k;14.01.2024;11' 'l;15.01.24 8:15;12' 'm;2024-01-16 11:30 PM;13' 'n;13-Jun-24;14' \
	'x;2023-02-29;15' 'x;2024-13-01;16' 'x;;17' 'x;2024-01-17 25:00;18' 'x;0000-00-00;19' 'x;9999-12-31;20' \
	'x;yesterday;21' 'x;32.01.2024;22' 'x;Foo 13, 2024;23' 'x;1;24' >$file
check 'days' "$(orders $file c,d,a)" 'a|2024-02-29|1
b|2024-01-05|2
c|2024-01-06|3
d|2024-01-07|4
e|2024-01-08|5
f|2024-01-09|6
g|2024-01-10|7
h|2024-01-11|8
i|2024-01-12|9
j|2024-01-13|10
k|2024-01-14|11
l|2024-01-15|12
m|2024-01-16|13
n|2024-06-13|14
bad 16|not a date
bad 17|not a date
bad 18|no date
bad 19|not a date
bad 20|not a date
bad 21|not a date
bad 22|not a date
bad 23|not a date
bad 24|not a date
bad 25|not a date'

printf '%s\n' 1,03/04/2024,5 2,31/12/2024,6 3,1/2/24,7 >$file
check 'one day above 12 says that the day is first' "$(orders $file 1,2,3)" '1|2024-04-03|5
2|2024-12-31|6
3|2024-02-01|7'
printf '%s\n' 1,03/04/2024,5 2,12/31/2024,6 >$file
check 'or the month' "$(orders $file 1,2,3)" '1|2024-03-04|5
2|2024-12-31|6'
printf '%s\n' 1,03/04/2024,5 2,05/05/2024,6 >$file
matches 'nothing says it: refused' "$(orders $file 1,2,3)" '.*No date says .*line 1: 03/04/2024.*DATE_ORDER=dmy'
check 'said by DATE_ORDER' "$(orders $file 1,2,3 DATE_ORDER=mdy)" '1|2024-03-04|5
2|2024-05-05|6'
printf '%s\n' 1,31/01/2024,5 2,01/31/2024,6 >$file
matches 'evidence for both: refused' "$(orders $file 1,2,3)" '.*line 1: 31/01/2024.*line 2: 01/31/2024.*DATE_ORDER=dmy'
{ for i in {1..20}; do echo "$i,31/01/2024,1"; done; echo 21,01/31/2024,1; } >$file
check 'a majority of 20 to 1: the others are bad lines' "$(orders $file 1,2,3 | tail -n 2)" '20|2024-01-31|1
bad 21|not a date with the day first'

printf '%s\n' 'c|d|a' 'a|2024-01-01|-1.5' 'b|2024-01-01|1e3' 'c|2024-01-01|$1,234.50' 'd|2024-01-01|(12.34)' \
	'e|2024-01-01|12.34-' 'f|2024-01-01|+.5' 'g|2024-01-01|1 234 567.8' "h|2024-01-01|1'000" 'i|2024-01-01|$ 5' \
	'j|2024-01-01|22.200000000000003' 'k|2024-01-01|−3' 'l|2024-01-01|12345678901234567890.123456789' 'm|2024-01-01|-$2' \
	'n|2024-01-01|1.250' \
	'x|2024-01-01|' 'x|2024-01-01|abc' 'x|2024-01-01|NaN' 'x|2024-01-01|1.2.3' 'x|2024-01-01|12,34' 'x|2024-01-01|1,23,4' \
	'x|2024-01-01|--1' 'x|2024-01-01|Infinity' 'x|2024-01-01|1e999' 'x|2024-01-01|€5' 'x|2024-01-01|-' 'x|2024-01-01|0x10' \
	"x|2024-01-01|$(printf '9%.0s' {1..200})" >$file
check 'amounts are exact, or bad' "$(orders $file c,d,a DECIMAL=point)" 'a|2024-01-01|-1.5
b|2024-01-01|1000
c|2024-01-01|1234.50
d|2024-01-01|-12.34
e|2024-01-01|-12.34
f|2024-01-01|0.5
g|2024-01-01|1234567.8
h|2024-01-01|1000
i|2024-01-01|5
j|2024-01-01|22.200000000000003
k|2024-01-01|-3
l|2024-01-01|12345678901234567890.123456789
m|2024-01-01|-2
n|2024-01-01|1.250
bad 16|no amount
bad 17|not an amount
bad 18|not an amount
bad 19|not an amount
bad 20|not an amount with a decimal point
bad 21|not an amount
bad 22|not an amount
bad 23|not an amount
bad 24|not an amount
bad 25|not an amount
bad 26|not an amount
bad 27|not an amount
bad 28|not an amount'
printf '%s\n' 'c;d;a' 'a;2024-01-01;1,5' 'b;2024-01-01;1.234' 'c;2024-01-01;1.234.567,89' 'd;2024-01-01;7' 'e;2024-01-01;€ 2,00' >$file
check 'a decimal comma that the file proves' "$(orders $file c,d,a)" 'a|2024-01-01|1.5
b|2024-01-01|1234
c|2024-01-01|1234567.89
d|2024-01-01|7
e|2024-01-01|2.00'
printf '%s\n' 'c;d;a' 'a;2024-01-01;1,234' 'b;2024-01-01;7' >$file
matches 'thousands or thousandths: refused' "$(orders $file c,d,a)" '.*line 2: 1234 or 1.234.*DECIMAL=point'
check 'said by DECIMAL' "$(orders $file c,d,a DECIMAL=comma)" 'a|2024-01-01|1.234
b|2024-01-01|7'
printf '%s\n' 'c;d;a' 'a;2024-01-01;1,5' 'b;2024-01-01;1.5' >$file
matches 'both decimal marks: refused' "$(orders $file c,d,a)" '.*line 3: 1.5.*line 2: 1,5.*DECIMAL=point'
printf '%s\n' 'c,d,a' 'a,2024-01-01,"1,5"' 'b,2024-01-01,"1,234"' >$file
check 'no decimal comma where the comma is the delimiter' "$(orders $file c,d,a)" 'b|2024-01-01|1234
bad 2|not an amount'
check 'unless it is said' "$(orders $file c,d,a DECIMAL=comma)" 'a|2024-01-01|1.5
b|2024-01-01|1.234'

dropdb $DEMO_DATABASE

# --- Files and settings that cannot be used --------------------------------------------------------

: >$file
matches 'empty file' "$(refused $file a,b,c)" '^1 .*orders.csv is empty'
printf '\n  \n' >$file
matches 'only empty lines' "$(refused $file a,b,c)" '^1 .*orders.csv is empty'
echo a,b,c >$file
matches 'header only' "$(refused $file a,b,c)" '^1 .*a header and no line after it'
matches 'no file' "$(refused $tmp/none.csv a,b,c)" '^1 There is no file .*none.csv'
matches 'a folder' "$(refused $tmp a,b,c)" '^1 .*is a folder'
printf 'id,who,day,sum\n1,a,2024-01-01,5\n' >$file
matches 'missing column: what is there is listed' "$(refused $file who,day,amount)" \
	"^1 .*no column 'amount'.*comma.*1 id .*2 who .*3 day .*4 sum"
matches 'missing number' "$(refused $file 1,2,9)" "^1 .*no column number 9"
matches 'two columns' "$(refused $file who,day)" '^1 COLUMNS must name three columns'
matches 'no COLUMNS: what is there is listed' "$(refused $file '')" '^1 COLUMNS is missing.*2 who'
printf 'a,b,b\n1,2024-01-01,5\n' >$file
matches 'a name that is there twice' "$(refused $file a,b,b)" "^1 .*more than one column 'b'.*number"
printf '%s\n' 1,03/04/2024,5 2,05/05/2024,6 >$file
matches 'a file that leaves its dates open' "$(refused $file 1,2,3)" '^1 .*No date says .*line 1: 03/04/2024.*DATE_ORDER=dmy'
printf 'c,d,a\n1,x,5\n2,2024-01-01,y\n,2024-01-01,3\n' >$file
matches 'no usable line: the first ones are shown' "$(refused $file c,d,a)" \
	'^1 .*No line of .* can be used.*line 2: not a date: x .*line 3: not an amount: y .*line 4: no customer: ,2024-01-01,3'
printf 'c,d,a\n1,2024-01-01,5\n' >$file
matches 'AS_OF is no day' "$(refused $file c,d,a AS_OF=2024-02-30)" '^1 AS_OF is no day'
matches 'AS_OF before the first order' "$(refused $file c,d,a AS_OF=2023-12-31)" '^1 There are no orders up to 2023-12-31'
matches 'unknown segmentation: those there are are listed' "$(refused $file c,d,a SEGMENTATION="o'clock")" \
	"^1 There is no segmentation 'o'clock'.*rf_10.*standard_11"
check 'nothing is left behind' "$(psql -X -A -t -c "SELECT count(*) FROM pg_database WHERE datname LIKE 'custseg_demo%'")" 0

# --- The report ------------------------------------------------------------------------------------

# part FROM TO: the lines of the report from one heading to before another, without empty ones.
part()
{
	sed -n "/^$1/,/^$2/p" "$tmp/out" | sed '1d;$d' | grep .
}

# Five customers, five classes: 1 to 5 purchase days, the last 1 to 5 days before the end, 10 to 50 in all.
{
	echo 'c,d,a'
	for i in 1 2 3 4 5; do
		for ((k = 0; k < i; k++)); do
			echo "$i,2024-01-$((20 + i - k)),10"
		done
	done
} >$file
ORDERS=$file COLUMNS=c,d,a demo/run >"$tmp/out" 2>"$tmp/messages"
check 'a small file: exit status' $? 0
check 'nothing on the standard error' "$(cat $tmp/messages)" ''
check 'as of the day after the last order' "$(grep -c 'As of      2024-01-26, the day after the last order' $tmp/out)" 1
check 'the classes in plain words' "$(part Classes 'Five customers' | head -n 6)" \
'  Class  Recency, days  Frequency, days  Spend
      5  up to 1        5 or more        above 40.00
      4  2              4                above 30.00 up to 40.00
      3  3              3                above 20.00 up to 30.00
      2  4              2                above 10.00 up to 20.00
      1  5 or more      up to 1          up to 10.00'
check 'its portfolio' "$(part 'A portfolio' 'Its queries' | grep -E '^  (vip|regular|2024)' | head -n 3 | tr -s ' ')" \
' vip spend_year >= 20 and days_year >= 2 spend_year >= 15
 regular spend_year >= 20 spend_year >= 15
 2024-01-25 5 0 0 0 1 0 4'
check 'five customers, explained' "$(part 'Five customers' 'The queries' | head -n 12)" \
'  5   cell 555   Champions
    recency        1  day since 2024-01-25  class 5 of 5:  up to 1
    frequency      5  days with a purchase  class 5 of 5:  5 or more
    spend      50.00                        class 5 of 5:  above 40.00
    Champions: Bought very recently, often, and for the highest amounts.
    tier vip: meets the entry rule of vip
  4   cell 444   Loyal
    recency        2  days since 2024-01-24  class 4 of 5:  2
    frequency      4  days with a purchase   class 4 of 5:  4
    spend      40.00                         class 4 of 5:  above 30.00 up to 40.00
    Loyal: Buy regularly, for good amounts, and not long ago.
    tier vip: meets the entry rule of vip'
ORDERS=$file COLUMNS=c,d,a SEGMENTATION=rfm_8 demo/run >"$tmp/out" 2>"$tmp/messages"
check 'two classes by the mean' "$? $(part Classes 'Five customers' | head -n 3)" \
'0   Class  Recency, days  Frequency, days  Spend
      2  up to 3        4 or more        above 30.00
      1  4 or more      up to 3          up to 30.00'
ORDERS=$file COLUMNS=c,d,a AS_OF=2024-01-23 demo/run >"$tmp/out" 2>"$tmp/messages"
check 'an earlier AS_OF' "$? $(grep -oE 'As of .*' $tmp/out) $(part Check 'What next' | sed -n '2,3s/  */ /gp' | tr -d '\n')" \
	'0 As of      2024-01-23, as given; 3 later lines are left out  from the orders 5 120 from the scores 5 120'

printf 'c,d,a\nr,2024-01-01,-5\ns,2024-01-01,5\ns,2024-01-03,0\n"q""; DROP TABLE x;--",2024-01-02,0.01\n' >$file
ORDERS=$file COLUMNS=c,d,a demo/run >"$tmp/out" 2>"$tmp/messages"
check 'refunds only, amounts of 0, hostile names: exact' "$? $(part Check 'What next' | sed -n '2,3s/  */ /gp' | tr -d '\n')" \
	'0  from the orders 3 0.01 from the scores 3 0.01'
check 'with a portfolio' "$(grep -c 'The last day was refreshed twice' $tmp/out)" 1
matches 'a customer without a purchase' "$(part 'Five customers' 'The queries' | grep -A 3 '^  r ')" \
	'recency +none +class 1 of 2: +no purchase.*frequency +0 +days'
printf 'c,d,a\nr,2024-01-01,5\n' >$file
ORDERS=$file COLUMNS=c,d,a demo/run >"$tmp/out" 2>"$tmp/messages"
check 'one order' "$? $(part Check 'What next' | sed -n '2,3s/  */ /gp' | tr -d '\n')" \
	'0  from the orders 1 5 from the scores 1 5'

printf 'c,d,a\nr,2024-01-01,-5\n' >$file
ORDERS=$file COLUMNS=c,d,a demo/run >"$tmp/out" 2>"$tmp/messages"
check 'without spend there is no portfolio' "$? $(grep -c 'A portfolio:' $tmp/out) $(grep -c ERROR $tmp/messages)" '0 0 0'

# The check itself: scores of other orders than those it compares with must end the report with an error.
check_fails()
{
	ORDERS=$file COLUMNS=c,d,a demo/shell 2>"$tmp/messages" >"$tmp/out" <<-END
		\\set QUIET on
		\\set bold ''
		\\set plain ''
		\\set bar '#'
		\\set relation '(SELECT customer_id, day, amount $1 AS amount FROM csv.orders) o'
		\\set day_expression day
		\\set as_of 2024-01-02
		\\set as_of_rule test
		\\set segmentation standard_11
		\\set name_expression NULL::text
		\\set shell_command ''
		\\set q_score 'CREATE TEMP TABLE scored AS SELECT * FROM custseg.rfm(\$\$SELECT customer_id, day, amount FROM csv.orders\$\$, \\'2024-01-02\\')'
		\\set q_segments 'SELECT segment, count(*) AS customers, sum(monetary) AS revenue, 0 AS recency, 0 AS frequency, 0 AS spend FROM scored GROUP BY segment'
		\\set q_fit 'SELECT ARRAY[]::float8[] AS recency, ARRAY[]::float8[] AS frequency, ARRAY[]::float8[] AS monetary'
		\\set q_abc 'SELECT NULL::text AS class, 0::bigint AS customers, 0::float8 AS revenue, 0::float8 AS least WHERE false'
		\\set q_policy 'SELECT NULL::custseg.tier_policy AS policy'
		\\set q_budget 'CREATE TEMP TABLE budget AS SELECT segment, 0 AS amount, 0 AS total FROM scored'
		\\set q_lifetime 'CREATE TEMP TABLE lifetime AS SELECT NULL::custseg.lifetime_model AS purchase_model, NULL::custseg.spend_model AS spend_model'
		\\set q_value ''
		\\i demo/report.sql
	END
	echo "$? $(grep -c 'the customers or the sum of their spend differ' $tmp/messages)"
}
check 'the check holds' "$(check_fails '')" '0 0'
check 'a difference in the 20th digit fails' "$(check_fails '+ 0.00000000000000000001')" '3 1'

# --- The shop --------------------------------------------------------------------------------------

demo/run >"$tmp/out" 2>"$tmp/messages"
check 'the demo: exit status' $? 0
check 'nothing on the standard error' "$(cat $tmp/messages)" ''
check 'at most 100 columns' "$(perl -CSD -ne 'print if length > 101' $tmp/out)" ''
check 'eleven segments' "$(part Segments Classes | grep -cE '%')" 12
matches 'a budget, divided to the cent' "$(part 'A budget of one per cent of the revenue, divided' 'Five customers')" \
	'Champions .*All *20,000  [0-9,.]+  100.0%.*add up to the budget, to the cent'
check 'two models that converged' "$(part 'What customers are worth' 'Five customers' | grep -oE '(purchases|amounts): .*' | tr '\n' ' ')" \
	'purchases: converged amounts: converged '
check 'five customers of most value' "$(part 'What customers are worth' 'Five customers' | sed -n '/Most value/,/Risk/p' | grep -c '%')" 5
matches 'customers by risk' "$(part 'What customers are worth' 'Five customers' | grep -A 3 Risk)" \
	'active .*%.*%.*doubtful .*%.*%.*probably gone .*%.*%'
check 'five customers' "$(part 'Five customers' 'The queries' | grep -c '   cell [1-5]')" 5
check 'every one with three measures and its segment' "$(part 'Five customers' 'The queries' | grep -cE 'class [1-5] of 5:')" 15
# The portfolio: four month ends, two moves explained, a budget, agents, goals.
check 'a portfolio at four month ends' "$(part 'A portfolio' 'Its queries' | grep -oE '^  2024-[0-9-]+ +[0-9,]+' | tr -s ' ' | tr '\n' ';')" \
	' 2024-09-30 18,033; 2024-10-31 634; 2024-11-30 675; 2024-12-31 658;'
check 'all customers have a tier' "$(part 'A portfolio' 'Its queries' | grep '2024-12-31 ' | head -n 1 | awk '{gsub(",", ""); print $6 + $7 + $8}')" 20000
matches 'an upgrade and a downgrade, explained' "$(part 'A portfolio' 'Its queries')" \
	'up from regular to vip.*2024-12-31: from regular up to vip: meets the entry rule.*You are in the tier vip.*down from vip to regular.*2024-11-30: warned in vip.*2024-12-31: from vip down to regular.*For vip you need: '
matches 'a budget, agents and goals' "$(part 'A portfolio' 'Its queries')" \
	'vip .*50\.0%.*regular .*potential .*ann .*ben .*nobody .*at high risk +at most 0\.3.*buy again .*green.*vip customers .*amber'
check 'refreshed twice, exact' "$(grep -c 'refreshed twice: the history is the same. The discounts add up' $tmp/out)" 1

matches 'the check' "$(part Check 'A portfolio')" 'from the orders *20,000  ([0-9.]+).*from the scores *20,000  ([0-9.]+).*equal'

# The rows are the same under every setting and on every version.
cat >"$tmp/shop.sql" <<'END'
\set QUIET on
\pset format unaligned
\pset tuples_only on
\pset fieldsep ' '
SELECT 'orders', count(*), md5(string_agg(concat_ws('|', order_id, customer_id,
	to_char(ordered_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), amount, cost, refund_of), E'\n' ORDER BY order_id))
FROM shop.orders;
SELECT 'customers', count(*), md5(string_agg(concat_ws('|', customer_id, name, country), E'\n' ORDER BY customer_id))
FROM shop.customers;
SELECT 'truth', count(*), md5(string_agg(concat_ws('|', customer_id, first_second, purchase_rate, leave_chance,
	mean_order, active::int), E'\n' ORDER BY customer_id))
FROM shop.customer_truth;
END
expected='orders 84934 debf90ea0547268bcaf17de8460a4dab
customers 20000 631781d2f5e2dc3123792fb7c3c825a1
truth 20000 61985eed7e5e242aceea75a414fce12f'
# What the shop is like, and that its random numbers follow the distributions that shop.parameter names.
cat >"$tmp/sane.sql" <<'END'
\set QUIET on
\pset format unaligned
\pset tuples_only on
CREATE TEMP VIEW p AS SELECT
	max(value) FILTER (WHERE name = 'r') AS r, max(value) FILTER (WHERE name = 'alpha') AS alpha,
	max(value) FILTER (WHERE name = 'a') AS a, max(value) FILTER (WHERE name = 'b') AS b,
	max(value) FILTER (WHERE name = 'p') AS p, max(value) FILTER (WHERE name = 'q') AS q,
	max(value) FILTER (WHERE name = 'gamma') AS gamma, max(value) FILTER (WHERE name = 'refund') AS refund
FROM shop.parameter;
CREATE TEMP TABLE c AS
SELECT customer_id, count(*) FILTER (WHERE refund_of IS NULL) AS n, sum(amount) AS spend,
	sum(amount) FILTER (WHERE refund_of IS NULL) AS gross, min(ordered_at) AS first
FROM shop.orders GROUP BY customer_id;
CREATE TEMP TABLE fact AS
SELECT 'one-time buyers' AS what, avg((n = 1)::int) AS value, 0.35 AS low, 0.45 AS high FROM c
UNION ALL SELECT 'refunds per order', avg((r.refund_of IS NOT NULL)::int), 0.9 * min(refund), 1.05 * min(refund)
	FROM p, shop.orders o LEFT JOIN shop.orders r ON r.refund_of = o.order_id WHERE o.refund_of IS NULL
UNION ALL SELECT 'share of the best fifth', sum(spend) FILTER (WHERE k <= 0.2) / sum(spend), 0.6, 0.75
	FROM (SELECT spend, percent_rank() OVER (ORDER BY spend DESC) AS k FROM c) x
UNION ALL SELECT 'orders of the busiest', max(n), 100, 300 FROM c
UNION ALL SELECT 'mean rate', avg(purchase_rate), 0.97 * min(r / alpha), 1.03 * min(r / alpha) FROM p, shop.customer_truth
UNION ALL SELECT 'variance of the rates', variance(purchase_rate), 0.93 * min(r / alpha ^ 2), 1.07 * min(r / alpha ^ 2)
	FROM p, shop.customer_truth
UNION ALL SELECT 'mean chance to leave', avg(leave_chance), 0.97 * min(a / (a + b)), 1.03 * min(a / (a + b))
	FROM p, shop.customer_truth
UNION ALL SELECT 'variance of the chances', variance(leave_chance),
	0.95 * min(a * b / ((a + b) ^ 2 * (a + b + 1))), 1.05 * min(a * b / ((a + b) ^ 2 * (a + b + 1))) FROM p, shop.customer_truth
UNION ALL SELECT 'left after the first purchase', avg((n = 1 AND NOT active)::int), 0.96 * min(a / (a + b)), 1.04 * min(a / (a + b))
	FROM p, c JOIN shop.customer_truth USING (customer_id)
UNION ALL SELECT 'mean of the mean orders', avg(mean_order), 0.97 * min(p * gamma / (q - 1)), 1.03 * min(p * gamma / (q - 1))
	FROM p, shop.customer_truth
UNION ALL SELECT 'amounts against their mean', avg(amount / mean_order), 0.99, 1.01
	FROM shop.orders JOIN shop.customer_truth USING (customer_id) WHERE refund_of IS NULL
UNION ALL SELECT 'and their variance', variance(amount / mean_order), 0.96 / min(p), 1.04 / min(p)
	FROM p, shop.orders JOIN shop.customer_truth USING (customer_id) WHERE refund_of IS NULL
UNION ALL SELECT 'cost per revenue', sum(cost) / sum(amount), 0.57, 0.63 FROM shop.orders;
SELECT what, round(value, 6), low, high FROM fact WHERE NOT value BETWEEN low AND high;
SELECT count(*) || ' facts' FROM fact;
SELECT 'customers', count(*) FROM c;
SELECT 'not one-time', n FROM c WHERE n < 1;
SELECT 'refund', r.order_id FROM shop.orders r LEFT JOIN shop.orders o ON o.order_id = r.refund_of
WHERE r.amount <= 0 AND (r.refund_of IS NULL OR o.customer_id <> r.customer_id OR o.ordered_at >= r.ordered_at OR -r.amount > o.amount)
   OR r.amount > 0 AND r.refund_of IS NOT NULL OR r.amount = 0;
SELECT 'order', order_id FROM shop.orders WHERE refund_of IS NULL AND (amount < 1 OR cost NOT BETWEEN 0.4 * amount AND 0.8 * amount);
SELECT 'days', min((ordered_at AT TIME ZONE 'Europe/Berlin')::date), max((ordered_at AT TIME ZONE 'Europe/Berlin')::date) FROM shop.orders;
END
# One shell for the report's queries, the rows, the facts, and an error at the end.
{
	part 'The queries' Check | sed 1d
	sed -n '/^SELECT name/,/;$/p' "$tmp/out"
	echo '\echo portfolio'
	part 'Its queries' 'What next' | grep -v '^  The last day'
	echo '\echo rows'
	cat "$tmp/shop.sql"
	echo '\echo facts'
	cat "$tmp/sane.sql"
	echo 'SELECT 1/0;'
} >"$tmp/statements"
demo/shell <"$tmp/statements" >"$tmp/shell" 2>"$tmp/messages"
check 'an error in a piped statement is an exit status' $? 3
check 'those of the portfolio, too' \
	"$(sed '1,/^portfolio$/d;/^rows$/,$d' $tmp/shell | grep -E '^\([0-9]+ rows?\)' | tr '\n' ' ')" \
	"(1 row) (1 row) (1 row) (229 rows) (1 row) (1 row) (1 row) (73 rows) (10 rows) "
check 'the queries can be pasted into the shell' \
	"$(sed '/^portfolio$/,$d' $tmp/shell | grep -E '^\([0-9]+ rows?\)|^SELECT' | tr '\n' ' ')" 'SELECT 20000 (11 rows) (1 row) (3 rows) (1 row) SELECT 20000 SELECT 1 SELECT 20000 (10 rows) '
check 'the shop is the same everywhere' "$(sed '1,/^rows$/d;/^facts$/,$d' $tmp/shell)" "$expected"
check 'the shop is what it says' "$(sed '1,/^facts$/d' $tmp/shell)" '13 facts
customers 20000
days 2022-01-01 2024-12-31'

# Another one, under other settings, with the queries of the welcome.
{
	sed -n '/^  -- /,$p' "$tmp/messages" | grep -v ERROR
	echo '\echo rows'
	cat "$tmp/shop.sql"
} >"$tmp/statements"
PGOPTIONS='-c timezone=Asia/Shanghai -c datestyle=German -c intervalstyle=iso_8601 -c extra_float_digits=0
	-c jit=off -c enable_hashjoin=off -c enable_hashagg=off -c work_mem=64kB -c min_parallel_table_scan_size=0
	-c parallel_setup_cost=0' demo/shell <"$tmp/statements" >"$tmp/shell" 2>"$tmp/messages"
check 'the queries of the welcome' "$(sed '/^rows$/,$d' $tmp/shell | grep -E '^\([0-9]+ rows?\)' | tr '\n' ' ')" \
	'(10 rows) (11 rows) (10 rows) (1 row) (14 rows) (3 rows) '
check 'the shop is the same under other settings' "$(sed '1,/^rows$/d' $tmp/shell)" "$expected"

check 'COLUMNS without ORDERS' "$(COLUMNS=a,b,c demo/run 2>&1; echo $?)" 'COLUMNS is given, but no file. Try: make demo ORDERS=file.csv COLUMNS=a,b,c
1'

# --- Real files ------------------------------------------------------------------------------------

# real FILE COLUMNS CUSTOMERS: the customers and the total, added by PostgreSQL from the file itself.
real()
{
	local data=${CUSTSEG_DATA:-} total

	if [ ! -e "$data/$1" ]; then
		skip "$1 is not in CUSTSEG_DATA"
		return
	fi
	total=$(psql -X -q -A -t <<-END
		CREATE TEMP TABLE t ($(head -n 1 "$data/$1" | tr -d '\r' | sed 's/,/ text,/g') text);
		\\copy t FROM '$data/$1' WITH (FORMAT csv, HEADER)
		SELECT sum(${2##*,}::numeric) FROM t;
	END
	)
	ORDERS=$data/$1 COLUMNS=$2 demo/run >"$tmp/out" 2>"$tmp/messages"
	check "$1: $3 customers, exact" "$? $(part Check 'What next' | sed -n '2,3s/  */ /gp' | tr -d '\n')" \
		"0  from the orders $3 $total from the scores $3 $total"
}
real online_retail_invoices.csv CustomerID,InvoiceDate,TotalPrice 4,338
real cdnow_transactions.csv id,date,spend 2,357

check 'nothing is left behind' "$(psql -X -A -t -c "SELECT count(*) FROM pg_database WHERE datname LIKE 'custseg_demo%'")" 0
echo "1..$count"
