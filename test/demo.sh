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

# orders FILE COLUMNS [SETTING=...]...: what the loader makes of the file, then its bad lines.
orders()
{
	local file=$1 columns=$2
	shift 2

	env ORDERS="$file" COLUMNS="$columns" "$@" demo/shell 2>"$tmp/messages" <<-'END'
		\set QUIET on
		\pset format unaligned
		\pset tuples_only on
		SELECT replace(customer_id, E'\n', '\n'), day, amount FROM csv.orders ORDER BY line;
		SELECT 'bad ' || line, reason FROM csv.bad_line ORDER BY line;
	END
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
	check "written by PostgreSQL with '$delimiter'" \
		"$(ORDERS=$file COLUMNS=customer,day,amount demo/shell 2>&1 >"$tmp/out" <<-END
			CREATE TEMP TABLE original AS
			SELECT *, trim(E' \\t\\r\\n' FROM replace(customer, E'\\r\\n', E'\\n')) AS customer_id FROM ($nasty) o;
			SELECT 'used=' || count(*) || ' differ=' || (
				SELECT count(*) FROM (SELECT customer_id, day, amount FROM original WHERE customer_id <> ''
					EXCEPT ALL SELECT replace(customer_id, E'\\r\\n', E'\\n'), day, amount FROM csv.orders) e
				) AS result,
				count(*) = (SELECT count(*) FROM original WHERE customer_id <> '') AS complete FROM csv.orders;
		END
		grep -oE 'used=.*' "$tmp/out" | tr -d ' ')" \
		"$(psql -X -q -A -t -c "SELECT 'used=' || count(*) || 'differ=0|t' FROM ($nasty) o WHERE trim(E' \\t\\r\\n' FROM customer) <> ''")"
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
matches 'nothing says it: refused' "$(refused $file 1,2,3)" '^1 .*No date says .*line 1: 03/04/2024.*DATE_ORDER=dmy'
check 'said by DATE_ORDER' "$(orders $file 1,2,3 DATE_ORDER=mdy)" '1|2024-03-04|5
2|2024-05-05|6'
printf '%s\n' 1,31/01/2024,5 2,01/31/2024,6 >$file
matches 'evidence for both: refused' "$(refused $file 1,2,3)" '^1 .*line 1: 31/01/2024.*line 2: 01/31/2024.*DATE_ORDER=dmy'
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
matches 'thousands or thousandths: refused' "$(refused $file c,d,a)" '^1 .*line 2: 1234 or 1.234.*DECIMAL=point'
check 'said by DECIMAL' "$(orders $file c,d,a DECIMAL=comma)" 'a|2024-01-01|1.234
b|2024-01-01|7'
printf '%s\n' 'c;d;a' 'a;2024-01-01;1,5' 'b;2024-01-01;1.5' >$file
matches 'both decimal marks: refused' "$(refused $file c,d,a)" '^1 .*line 3: 1.5.*line 2: 1,5.*DECIMAL=point'
printf '%s\n' 'c,d,a' 'a,2024-01-01,"1,5"' 'b,2024-01-01,"1,234"' >$file
check 'no decimal comma where the comma is the delimiter' "$(orders $file c,d,a)" 'b|2024-01-01|1234
bad 2|not an amount'
check 'unless it is said' "$(orders $file c,d,a DECIMAL=comma)" 'a|2024-01-01|1.5
b|2024-01-01|1.234'

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
printf 'c,d,a\n1,x,5\n2,2024-01-01,y\n,2024-01-01,3\n' >$file
matches 'no usable line: the first ones are shown' "$(refused $file c,d,a)" \
	'^1 .*No line of .* can be used.*line 2: not a date: x .*line 3: not an amount: y .*line 4: no customer: ,2024-01-01,3'
printf 'c,d,a\n1,2024-01-01,5\n' >$file
matches 'AS_OF is no day' "$(refused $file c,d,a AS_OF=2024-02-30)" '^1 AS_OF is no day'
matches 'AS_OF before the first order' "$(refused $file c,d,a AS_OF=2023-12-31)" '^1 There are no orders up to 2023-12-31'
matches 'unknown segmentation: those there are are listed' "$(refused $file c,d,a SEGMENTATION="o'clock")" \
	"^1 There is no segmentation 'o'clock'.*rf_10.*standard_11"
check 'nothing is left behind' "$(psql -X -A -t -c "SELECT count(*) FROM pg_database WHERE datname LIKE 'custseg_demo%'")" 0
