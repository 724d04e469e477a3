#!/usr/bin/perl
#
# Reads customer, date and amount from a CSV file and writes rows for COPY csv.line FROM stdin.
#
#	perl read_csv.pl FILE COLUMNS ABOUT
#
# COLUMNS is three column names or numbers: 'customer,date,amount'. What was found out about the file
# (delimiter, header, columns) is written to the file ABOUT, a key and a value a line.
# The environment variable DELIMITER (comma, semicolon, tab, pipe or the character) overrules the detection.
# A comma that separates the fields is no decimal comma, quoted or not, unless DECIMAL=comma says so.
#
# No line of the file stops the load: a line that cannot be used becomes a row with a text in its column
# problem. Some texts have two readings: 03/04/2024 is in April or in March, 1,234 is more than a thousand
# or little more than one. A row carries both readings, NULL where there is none, and load.sql decides over
# the whole file which one holds. So the file is read once, as a stream.
#
# Core Perl only, and bytes, not characters: all that has a meaning here is ASCII, save a few signs.

use strict;
use warnings;

use constant SAMPLE_LINES => 200;       # what delimiter and header are detected from
use constant QUOTED_LINES => 1000;      # a quoted field longer than this was never closed
use constant QUOTED_BYTES => 1 << 20;
use constant SHOWN_BYTES  => 200;       # of a text that is kept to be shown

my ($file, $columns, $about) = @ARGV;
my %delimiter_name = ("," => 'comma', ";" => 'semicolon', "\t" => 'tab', "|" => 'pipe');

my $input;
my @queue;              # lines read ahead
my $sampling = 0;       # only what was read ahead is looked at
my $line_number = 0;    # of the line read last

sub stop_with
{
	print STDERR map { "$_\n" } @_;
	exit 1;
}

# --- Lines -----------------------------------------------------------------------------------------

sub open_input
{
	my $head = '';

	-e $file or stop_with("There is no file $file.");
	-d _ and stop_with("$file is a folder, not a file.");
	open($input, '<:raw', $file) && defined read($input, $head, 65536)
		or stop_with("$file cannot be read: $!.");
	$head =~ /[^\s\0]/ or stop_with("$file is empty.");
	close $input;

	# UTF-16, as some spreadsheets write it, is turned into UTF-8.
	if ($head =~ /\A(?:\xff\xfe|\xfe\xff)/)
	{
		open($input, '-|', 'iconv', '-f', 'UTF-16', '-t', 'UTF-8', $file)
			or stop_with("$file is UTF-16, and iconv cannot be run: $!.");
		binmode $input;
	}
	else
	{
		open($input, '<:raw', $file) or stop_with("$file cannot be read: $!.");
	}
	$/ = "\r" if $head =~ /\r/ && $head !~ /\n/;

	while (@queue < SAMPLE_LINES && defined(my $text = readline $input))
	{
		push @queue, $text;
	}
	$queue[0] =~ s/\A\xef\xbb\xbf//;    # the byte order mark
}

sub next_line
{
	my $text = @queue ? shift @queue : $sampling ? undef : readline $input;

	return undef unless defined $text;
	$line_number++;
	chomp $text;
	chop $text if substr($text, -1) eq "\r";
	return $text;
}

# --- Fields ----------------------------------------------------------------------------------------

# Splits a record that has a quote in it. Returns an array of fields, or a text: 'open' when the record goes
# on in the next line, otherwise what is wrong. Blanks around a quoted field are accepted.
sub split_quoted
{
	my ($text, $delimiter) = @_;
	my @fields;

	pos($text) = 0;
	while (1)
	{
		if ($text =~ /\G *"([^"]*+(?:""[^"]*+)*+)" *(?=\Q$delimiter\E|\z)/gc)
		{
			push @fields, $1 =~ s/""/"/gr;
		}
		elsif ($text =~ /\G *"[^"]*+(?:""[^"]*+)*+(.?)/gcs)
		{
			return $1 eq '' ? 'open' : 'text after a closing quote';
		}
		else
		{
			$text =~ /\G([^\Q$delimiter\E]*)/gc;
			push @fields, $1;
		}
		last unless $text =~ /\G\Q$delimiter\E/gc;
	}
	return \@fields;
}

my %separator = map { $_ => qr/\Q$_\E/ } keys %delimiter_name;

# The next record: its first line's number, its text, and its fields or what is wrong with it.
sub next_record
{
	my ($delimiter) = @_;
	my $text = next_line();
	my $first = $line_number;
	my @taken;
	my $fields;

	return unless defined $text;
	return ($first, $text, [split $separator{$delimiter}, $text, -1]) if index($text, '"') < 0;

	$fields = split_quoted($text, $delimiter);
	while ($fields eq 'open' && @taken < QUOTED_LINES && length $text < QUOTED_BYTES)
	{
		my $more = next_line();

		last unless defined $more;
		push @taken, $more;
		$text .= "\n" . $more;
		$fields = split_quoted($text, $delimiter) if index($more, '"') >= 0;
	}
	if (!ref $fields)
	{
		# Only the first line is lost, not all that a stray quote would swallow.
		$text = substr($text, 0, index($text, "\n")) if @taken;
		unshift @queue, map { "$_$/" } @taken;
		$line_number = $first;
		$fields = 'a quote that is never closed' if $fields eq 'open';
	}
	return ($first, $text, $fields);
}

# --- Delimiter, header, columns --------------------------------------------------------------------

sub trim { return $_[0] =~ s/\A\s+|\s+\z//gr }

# The positions of columns in a header, or undef; a message when a name is there twice. A number is a number, never a name.
sub find_columns
{
	my ($header, @wanted) = @_;
	my @found;

	foreach my $name (@wanted)
	{
		my @at = grep { $name =~ /\A[0-9]+\z/ ? $name == $_ + 1 : $header->[$_] eq $name } 0 .. $#$header;

		@at = grep { lc $header->[$_] eq lc $name } 0 .. $#$header unless @at || $name =~ /\A[0-9]+\z/;
		return "There is more than one column '$name': say which by its number." if @at > 1;
		return undef if !@at;
		push @found, @at;
	}
	return \@found;
}

# Parses the lines in the queue with a delimiter; nothing is consumed.
sub sample
{
	my ($delimiter) = @_;
	my @kept = @queue;
	my $kept_number = $line_number;
	my @records;

	$sampling = 1;
	while (@queue && @records < SAMPLE_LINES)
	{
		my ($first, $text, $fields) = next_record($delimiter);

		push @records, [map { trim($_) } @$fields] if ref $fields && $text =~ /\S/;
	}
	$sampling = 0;
	@queue = @kept;
	$line_number = $kept_number;
	return @records;
}

sub listed
{
	my ($fields) = @_;
	my @names = map { ($_ + 1) . ' ' . substr($fields->[$_], 0, 40) } 0 .. $#$fields;

	return '  ' . join("\n  ", splice(@names, 0, 60), @names ? '...' : ());
}

# Returns delimiter, header (or undef), positions of the three columns, number of columns.
sub understand
{
	my @wanted = map { trim($_) } split /,/, $columns, -1;
	my $given = $ENV{DELIMITER} // '';
	my ($best, @best);

	# Without COLUMNS the answer is a list of the columns.
	stop_with("COLUMNS must name three columns, for example COLUMNS=customer,date,amount or COLUMNS=1,2,3.",
			  "It is '$columns'.") if @wanted && (@wanted != 3 || grep { $_ eq '' } @wanted);
	if ($given ne '')
	{
		my %by_name = reverse %delimiter_name;

		$best = $by_name{lc $given} // ($given eq '\t' ? "\t" : $given);
		stop_with("DELIMITER must be comma, semicolon, tab, pipe or one character; it is '$given'.")
			if length $best != 1 || $best eq '"';
		$separator{$best} //= qr/\Q$best\E/;
		@queue && $queue[0] =~ /\Asep=.\r?\n?\z/i && next_line();
		@best = sample($best);
	}
	elsif ($queue[0] =~ /\Asep=(.)\r?\n?\z/i)   # a line that some spreadsheets put first
	{
		$best = $1;
		$separator{$best} //= qr/\Q$best\E/;
		next_line();
		@best = sample($best);
	}
	else
	{
		my $best_rating = -1;

		foreach my $delimiter (",", ";", "\t", "|")
		{
			my @records = sample($delimiter);
			my $width = @records ? @{$records[0]} : 0;
			my $alike = grep { @$_ == $width } @records;
			my $rating;

			next if $width < 2 && defined $best;
			$rating = ($width > 1 ? $alike / @records : 0) + (ref find_columns($records[0] // [], @wanted) ? 10 : 0)
				+ $width / 100000;
			($best, $best_rating, @best) = ($delimiter, $rating, @records) if $rating > $best_rating;
		}
	}
	@best or stop_with("$file has no line that can be read.");

	my $first = $best[0];
	my $found = find_columns($first, @wanted);
	my $delimiter_text = $delimiter_name{$best} // "'$best'";

	stop_with("COLUMNS is missing. The columns of $file (delimiter: $delimiter_text):", listed($first),
			  "Give the three with customer, date and amount, by name or number: COLUMNS=customer,date,amount")
		if !@wanted;

	stop_with($found, "The columns of $file (delimiter: $delimiter_text):", listed($first))
		if defined $found && !ref $found;
	if (!defined $found)
	{
		my @missing = grep { !ref find_columns($first, $_) } @wanted;
		my $said = join ' and ', map { /\A[0-9]+\z/ ? "number $_" : "'$_'" } @missing;

		stop_with("$file has no column $said. Its columns (delimiter: $delimiter_text):", listed($first),
				  "Name three of them, or give their numbers: COLUMNS=customer,date,amount");
	}

	# Named columns are named by a header. Numbered ones have a header if neither date nor amount can be read.
	my @named = grep { !/\A[0-9]+\z/ } @wanted;
	my ($day) = read_day($first->[$found->[1]]);
	my ($amount, $amount_comma) = read_amount($first->[$found->[2]]);
	my $header = @named || !(defined $day || defined $amount || defined $amount_comma);

	stop_with("$file has a header and no line after it.") if $header && @best == 1 && @queue < SAMPLE_LINES;
	return ($best, $header ? $first : undef, $found, scalar @$first);
}

# --- Days ------------------------------------------------------------------------------------------

my %month_number = (jan => 1, feb => 2, mar => 3, apr => 4, may => 5, jun => 6,
					jul => 7, aug => 8, sep => 9, oct => 10, nov => 11, dec => 12);
my %month_days = (1 => 31, 2 => 28, 3 => 31, 4 => 30, 5 => 31, 6 => 30,
				  7 => 31, 8 => 31, 9 => 30, 10 => 31, 11 => 30, 12 => 31);
my %iso_day;            # texts that were found valid

sub iso
{
	my ($year, $month, $day) = @_;
	my $days = $month_days{$month + 0} or return undef;

	# Two digits as PostgreSQL reads them. Years far off are placeholders, not purchases.
	$year += $year < 70 ? 2000 : 1900 if length $year == 2;
	return undef if $year < 1900 || $year > 2200;
	$days = 29 if $month == 2 && $year % 4 == 0 && ($year % 100 != 0 || $year % 400 == 0);
	return undef if $day < 1 || $day > $days;
	return sprintf '%04d-%02d-%02d', $year, $month, $day;
}

my $clock = qr/(?:[T ]|,\ ?)\ *(?:[01]?[0-9]|2[0-4])(?::[0-5][0-9]){1,2}(?:[.,][0-9]+)?(?:\ ?[AaPp]\.?[Mm]\.?)?
			   (?:\ ?(?:Z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?))?/x;

my $usual_clock = qr/\A.{10}[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?\z/;

# A day as the file writes it, whatever its time and offset: the reading with the day first, the reading with
# the month first. The two differ only where the text says neither.
sub read_day
{
	my ($text) = @_;
	my ($day_first, $month_first);

	# Most files: a day that was seen before, perhaps with a plain time.
	if (exists $iso_day{substr $text, 0, 10}
		&& (length $text == 10 || $text =~ $usual_clock))
	{
		return (substr($text, 0, 10), substr($text, 0, 10));
	}
	if ($text =~ m{\A([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})(?:$clock)?\z}o
		|| $text =~ /\A([0-9]{4})()([0-9]{2})([0-9]{2})(?:T?(?:[01][0-9]|2[0-4])[0-5][0-9][0-5][0-9]Z?)?\z/)
	{
		$day_first = $month_first = iso($1, $3, $4);
		$iso_day{$day_first} = 1 if defined $day_first;
	}
	elsif ($text =~ m{\A([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})(?:$clock)?\z}o)
	{
		$day_first = iso($4, $3, $1);
		# Points are written where the day comes first.
		$month_first = iso($4, $1, $3) unless $2 eq '.' && defined $day_first;
	}
	elsif ($text =~ /\A([0-9]{1,2})[ -]([A-Za-z]{3,9})\.?[ -]([0-9]{4}|[0-9]{2})(?:$clock)?\z/o)
	{
		$day_first = $month_first = iso($3, $month_number{lc substr $2, 0, 3} // 0, $1);
	}
	elsif ($text =~ /\A([A-Za-z]{3,9})\.? ([0-9]{1,2}),? ([0-9]{4})(?:$clock)?\z/o)
	{
		$day_first = $month_first = iso($3, $month_number{lc substr $1, 0, 3} // 0, $2);
	}
	return ($day_first, $month_first);
}

# --- Amounts ---------------------------------------------------------------------------------------

my $sign = qr/(?:\$|\xe2\x82\xac|\xc2\xa3|\xc2\xa5)/;           # $ and, in UTF-8, euro, pound, yen
my $blank = qr/(?:\ |\xc2\xa0|\xe2\x80\xaf)/;                   # a blank, also those that do not break
my $currency;           # the sign met first

# An amount as an exact decimal number: the reading with a decimal point, the reading with a decimal comma.
sub read_amount
{
	my ($text) = @_;
	my $minus = '';
	my ($point, $comma);

	if ($text =~ /\A-?[0-9]{1,30}(\.[0-9]{1,60})?\z/)
	{
		return ($text, $text) unless defined $1;
		return ($text, undef) if length $1 != 4;
	}
	return () if length $text > 100;

	# Signs and brackets: -1, 1- and (1) are refunds.
	$minus = '-' if $text =~ s/\A\((.*)\)\z/$1/s;
	$minus .= '-' if $text =~ s/\A(?:-|\xe2\x88\x92)$blank*//o;
	$text =~ s/\A\+//;
	if ($text =~ s/\A($sign)$blank*//o || $text =~ s/$blank*($sign)\z//o)
	{
		$currency //= $1;
		return () if $1 ne $currency;
	}
	$minus .= '-' if $text =~ s/\A-// || $text =~ s/-\z//;
	return () if length $minus > 1;

	$text =~ s/(?<=[0-9])(?:\xc2\xa0|\xe2\x80\xaf)(?=[0-9])/ /g;
	if ($text =~ /\A(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?\z/)
	{
		$point = $text;
	}
	elsif ($text =~ /\A[0-9]{1,3}([,' ])[0-9]{3}(?:\1[0-9]{3})*(?:\.[0-9]+)?\z/)
	{
		$point = $text =~ s/[,' ]//gr;
	}
	if ($text =~ /\A(?:[0-9]+,?[0-9]*|,[0-9]+)\z/
		|| $text =~ /\A[0-9]{1,3}([.' ])[0-9]{3}(?:\1[0-9]{3})*(?:,[0-9]+)?\z/)
	{
		$comma = $text =~ s/[.' ]//gr =~ s/,/./r;
	}
	return map { defined $_ ? $minus . $_ : undef } ($point, $comma);
}

# --- Rows ------------------------------------------------------------------------------------------

my $well_formed = qr/\A(?:[\x01-\x7f]|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}
					 |\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}
					 |\xf4[\x80-\x8f][\x80-\xbf]{2})*+\z/x;
my $recoded = 0;        # texts that were no UTF-8

# Bytes that are no UTF-8 are read as Windows-1252, what spreadsheets in the west write.
sub utf8_text
{
	my ($text) = @_;

	return $text if $text !~ /[\x80-\xff]/ || $text =~ $well_formed;
	require Encode;
	$recoded++;
	return Encode::encode('UTF-8', Encode::decode('cp1252', $text));
}

my %escape = ("\\" => '\\\\', "\t" => '\\t', "\n" => '\\n', "\r" => '\\r');

sub copied
{
	my ($text) = @_;

	return $text if $text !~ /[\\\t\n\r\0]/;
	return $text =~ s/([\\\t\n\r])/$escape{$1}/gr =~ tr/\0/?/r;
}

# The beginning of a text, to be shown. A character cut in two is dropped.
sub shown
{
	my ($text) = @_;

	$text = utf8_text($text);
	if (length $text > SHOWN_BYTES)
	{
		$text = substr($text, 0, SHOWN_BYTES);
		$text =~ s/[\xc0-\xff][\x80-\xbf]*\z//;
		$text .= '...';
	}
	return copied($text =~ s/[\r\n]+/ /gr);
}

sub write_row
{
	print join("\t", map { $_ // '\N' } @_), "\n" or stop_with("The rows cannot be passed on: $!.");
}

sub main
{
	my ($customer, $date, $amount);     # positions
	my $records = 0;

	open_input();
	my ($delimiter, $header, $found, $width) = understand();
	($customer, $date, $amount) = @$found;

	# The header is the first record that has anything in it.
	if ($header)
	{
		while (my ($first, $text) = next_record($delimiter))
		{
			last if $text =~ /\S/;
		}
	}

	while (my ($first, $text, $fields) = next_record($delimiter))
	{
		my ($who, $when, $what, $problem);

		# Nearly all lines of nearly all files: nothing to think about. The rest of the loop would do the same.
		if (ref $fields && @$fields == $width)
		{
			($who, $when, $what) = @$fields[$customer, $date, $amount];
			if ($who =~ tr/0-9A-Za-z_-// == length $who && $who ne '' && $who ne 'NULL'
				&& exists $iso_day{substr $when, 0, 10} && (length $when == 10 || $when =~ $usual_clock)
				&& $what =~ /\A-?[0-9]{1,30}\.[0-9]{1,2}\z/)
			{
				$records++;
				$when = substr $when, 0, 10;
				print "$first\t$who\t$when\t$when\t$what\t\\N\t\\N\t\\N\t\\N\n"
					or stop_with("The rows cannot be passed on: $!.");
				next;
			}
		}

		next if $text !~ /\S/;
		$records++;
		if (!ref $fields)
		{
			$problem = $fields;
		}
		elsif (@$fields < $width || (@$fields > $width && grep { /\S/ } @$fields[$width .. $#$fields]))
		{
			$problem = sprintf '%d field%s, not %d', scalar @$fields, @$fields == 1 ? '' : 's', $width;
		}
		elsif (index($text, "\0") >= 0)
		{
			$problem = 'a zero byte';
		}
		else
		{
			($who, $when, $what) = @$fields[$customer, $date, $amount];
			foreach my $field ($who, $when, $what)
			{
				$field = trim($field) if substr($field, 0, 1) le ' ' || substr($field, -1) le ' ';
			}
			$problem = 'no customer' if $who eq '' || $who eq 'NULL' || $who eq '\N';
		}
		if (defined $problem)
		{
			write_row($first, undef, undef, undef, undef, undef, shown($text), undef, $problem);
			next;
		}

		my ($day_first, $month_first) = read_day($when);
		$what = utf8_text($what) if $what =~ /[\x80-\xff]/;
		my ($point, $comma) = read_amount($what);

		$comma = undef if $delimiter eq ',' && ($ENV{DECIMAL} // '') ne 'comma';

		# The texts go along where they are needed to say what is wrong.
		$when = defined $day_first && defined $month_first ? undef : shown($when);
		$what = defined $point && ($point eq $what || defined $comma) ? undef : shown($what);
		write_row($first, copied(utf8_text($who)), $day_first, $month_first, $point, $comma, $when, $what, undef);
	}
	close $input or $! and stop_with("$file cannot be read to its end: $!.");
	close STDOUT or stop_with("The rows cannot be passed on: $!.");

	open(my $out, '>', $about) or stop_with("$about cannot be written: $!.");
	printf $out "%s\t%s\n", @$_ foreach
		['delimiter', $delimiter_name{$delimiter} // "'$delimiter'"],
		['header', $header ? 'yes' : 'no'],
		['customer', $header ? shown($header->[$customer]) : $customer + 1],
		['date', $header ? shown($header->[$date]) : $date + 1],
		['amount', $header ? shown($header->[$amount]) : $amount + 1],
		['records', $records],
		['recoded', $recoded];
	close $out or stop_with("$about cannot be written: $!.");
}

main();
