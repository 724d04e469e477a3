-- Sentences: how explanations are put into words, in which language.
--
-- A sentence has a code and, for each language, a template with places in braces. Rows that ship cannot be changed; a
-- language of one's own is further rows, and what it lacks is taken from English.

CREATE TABLE custseg.sentence
(
	language text CHECK (language ~ '^[a-z]+([-_][A-Za-z0-9_-]+)?$' AND pg_catalog.length(language) <= 50),
	code     text CHECK (code <> '' AND pg_catalog.length(code) <= 200),
	template text NOT NULL CHECK (pg_catalog.length(template) <= 2000),
	shipped  boolean NOT NULL DEFAULT false,
	PRIMARY KEY (language, code)
);
COMMENT ON TABLE custseg.sentence IS
'The sentences of explain_score and explain_tier. Shipped rows cannot be changed: add a language of your own, such as en_shop, with the sentences that are to differ. What it lacks is taken from the language before the _ or -, then from en.';
COMMENT ON COLUMN custseg.sentence.language IS 'Language, as the setting language and the argument language take it: en, zh, or one of your own.';
COMMENT ON COLUMN custseg.sentence.code IS 'What the sentence is for; ''measure NAME'' is the name of a measure for people.';
COMMENT ON COLUMN custseg.sentence.template IS 'The sentence. {name} is replaced by a value: the same names as in the shipped sentence of that code.';
COMMENT ON COLUMN custseg.sentence.shipped IS 'True for rows that came with the extension; they cannot be changed and are not dumped.';

INSERT INTO custseg.sentence (language, code, template, shipped)
SELECT 'en', v.code, v.template, true
FROM (VALUES
	('join and', ', '),
	('join or', ' or '),
	('join some', '{count} of '),
	('join sentences', ' '),
	('period always', 'without end'),
	('period until', 'until {until}'),
	('period from', 'from {since}'),
	('period between', 'from {since} until {until}'),
	('component class', '{measure} is {value}: class {class} of {classes}. With weight {weight} it contributes {contribution}.'),
	('component scale', '{measure} is {value}, {class} on the scale {method}. With weight {weight} it contributes {contribution}.'),
	('component plain', '{measure} is {value} and counts as it is. With weight {weight} it contributes {contribution}.'),
	('component unknown', '{measure} is unknown. With weight {weight} it contributes {contribution}.'),
	('component idle', '{measure} is {value}. The score as a whole is unknown.'),
	('component idle unknown', '{measure} is unknown. The score as a whole is unknown.'),
	('axis', '{measure} is {value}: class {class} of {classes}.'),
	('axis unknown', '{measure} is unknown: class {class} of {classes}.'),
	('axis none', '{measure} is unknown.'),
	('segment', 'The classes {cell} are the segment {class}, by rule {position} of {segmentation}: {note}'),
	('segment rule', 'The classes {cell} are the segment {class}, by rule {position} of {segmentation}.'),
	('segment kept', 'The segment is {class}; today''s rules of {segmentation} have none for the classes {cell}.'),
	('segment none', 'There is no segment: {segmentation} has no rule for these classes, or there is no purchase yet.'),
	('total', 'The score is {value}.'),
	('total unknown', 'The score is unknown.'),
	('priority', 'The priority is {value}.'),
	('allocation', '{name}: {value} since {since}.'),
	('agent', 'Served by {name} since {since}.'),
	('value', '{measure} is {value}.'),
	('value unknown', '{measure} is unknown.'),
	('rule base', '{tier} is the lowest tier: it has no rule.'),
	('rule keep holds', 'The rule to keep {tier} is met: {condition}.'),
	('rule keep fails', 'The rule to keep {tier} is not met: {condition}.'),
	('rule enter holds', 'The rule to enter {tier} is met: {condition}.'),
	('rule enter fails', 'The rule to enter {tier} is not met: {condition}.'),
	('comparison holds', '{measure} is {value}: {comparison} {threshold} is met.'),
	('comparison fails', '{measure} is {value}: {comparison} {threshold} is not met, the distance is {missing}.'),
	('comparison needs', '{measure} is {value}: {comparison} {threshold} is not met, the distance is {missing}. It takes {needs}.'),
	('needs more than', '{measure} above {value}'),
	('needs at most', '{measure} of at most {value}'),
	('needs score', '{score} {value} takes {needs}'),
	('comparison unknown', '{measure} is unknown: {comparison} {threshold} is not met.'),
	('missing next', 'For {tier} is missing: {missing}.'),
	('missing next none', 'Nothing is missing for {tier}.'),
	('missing keep', 'To keep {tier} is missing: {missing}.'),
	('missing keep none', 'Nothing is missing to keep {tier}.'),
	('missing more', '{measure} {value} more'),
	('missing less', '{measure} {value} less'),
	('missing more than more', '{measure} more than {value} more'),
	('missing more than less', '{measure} more than {value} less'),
	('missing exactly more', '{measure} exactly {value} more'),
	('missing exactly less', '{measure} exactly {value} less'),
	('missing unknown', '{measure} unknown, {wanted}'),
	('missing wanted', '{measure} {wanted}'),
	('wanted at least', 'at least {value}'),
	('wanted more than', 'more than {value}'),
	('wanted at most', 'at most {value}'),
	('wanted less than', 'less than {value}'),
	('wanted exactly', 'exactly {value}'),
	('wanted other than', 'other than {value}'),
	('wanted from', 'from {value} to {limit}'),
	('policy excluded', 'excluded from the tiers{note}'),
	('policy pinned', 'pinned to {tier}{note}'),
	('policy floor', 'not below {tier}{note}'),
	('policy floor renewed', 'not below {tier}{note}; renewed'),
	('policy base', 'meets no entry rule of a higher tier'),
	('policy enters', 'meets the entry rule of {tier}'),
	('policy upgrade later', 'qualifies for {tier}; upgrade at {until}'),
	('policy upgrade later renewed', 'qualifies for {tier}; upgrade at {until}; renewed'),
	('policy upgrade tomorrow', 'qualifies for {tier}; came here today, and moves once a day'),
	('policy keeps', 'meets the rule to keep {tier}'),
	('policy lowest', '{tier} is the lowest tier'),
	('policy lowest renewed', '{tier} is the lowest tier; renewed'),
	('policy renews', 'meets the rule to keep {tier}; renewed'),
	('policy never', 'does not meet the rule to keep {tier}; the policy has no downgrades'),
	('policy stay', 'does not meet the rule to keep {tier}; no downgrade before {until} (minimum stay)'),
	('policy validity', 'does not meet the rule to keep {tier}; no downgrade before {until} (validity)'),
	('policy judged later', 'does not meet the rule to keep {tier}; judged at {until}'),
	('policy grace', 'does not meet the rule to keep {tier}; the last day of grace is {until}'),
	('policy moved today', 'does not meet the rule to keep {tier}; came here today, and moves once a day'),
	('policy one step', 'does not meet the rule to keep {tier}; one step down'),
	('policy requalify', 'does not meet the rule to keep {tier}; down to the tier whose rule is met'),
	('policy to base', 'does not meet the rule to keep {tier}; down to the base tier'),
	('policy to floor', 'does not meet the rule to keep {tier}; not lower{note}'),
	('policy gone', 'no longer in the sources'),
	('policy merged', 'merged into {name}'),
	('override pin', 'Pinned to {tier} {period} by {author}: {note}'),
	('override floor', 'Not below {tier} {period}, by {author}: {note}'),
	('override exclude', 'Excluded from the tiers {period} by {author}: {note}'),
	('history enter', '{since}: came in as {tier}: {reason}.'),
	('history upgrade', '{since}: from {from} up to {tier}: {reason}.'),
	('history downgrade', '{since}: from {from} down to {tier}: {reason}.'),
	('history renew', '{since}: {tier} renewed: {reason}.'),
	('history exit', '{since}: left {from}: {reason}.'),
	('history grace', '{since}: warned in {tier}: {reason}.'),
	('history keep', '{since}: stays in {tier}: {reason}.'),
	('history none', '{since}: no tier: {reason}.'),
	('summary tier', 'You are in the tier {tier} since {since}.'),
	('summary none', 'You are in no tier.'),
	('summary gone', 'You are not a customer any more.'),
	('summary excluded', 'The tiers do not apply to you.'),
	('summary pinned', 'This tier has been set for you {period}.'),
	('summary floor', 'You do not go below {tier} {period}.'),
	('summary valid', 'It is valid until {until}.'),
	('summary top', 'There is no higher tier.'),
	('summary next', 'For {tier} you need: {missing}.'),
	('summary due', 'You have what {tier} needs, and go up at the next run.'),
	('summary due day', 'You have what {tier} needs, and go up at {until}.'),
	('summary due pinned', 'You have what {tier} needs, but your tier has been set by hand.'),
	('summary needs', 'At present {scores}.'),
	('summary keep', 'You have what it takes to keep {tier}.'),
	('summary keep missing', 'To keep {tier} you need: {missing}.'),
	('summary grace', 'Until {until} you keep it nevertheless.'),
	('summary stay', 'Before {until} you do not go down.'),
	('summary judged', 'This is judged at {until}.')
) AS v (code, template);

-- Chinese, as code points: this script must load into a database of any encoding. Where the encoding has no such
-- characters, there is no Chinese. The codes say what each is in English.
DO $do$
BEGIN
	BEGIN
		INSERT INTO custseg.sentence (language, code, template, shipped)
		SELECT 'zh', v.code, pg_catalog.unistr(v.template), true
		FROM (VALUES
			('join and', '\FF0C'),
			('join or', ' \6216 '),
			('join some', '\4EE5\4E0B\4EFB {count} \9879\FF1A'),
			('join sentences', ''),
			('period always', '\65E0\671F\9650'),
			('period until', '\81F3 {until} \6B62\FF08\4E0D\542B\5F53\65E5\FF09'),
			('period from', '\81EA {since} \8D77'),
			('period between', '\81EA {since} \8D77\81F3 {until} \6B62\FF08\4E0D\542B\5F53\65E5\FF09'),
			('component class',
			 '{measure}\4E3A {value}\FF1A\7B2C {class} \7EA7\FF08\5171 {classes} \7EA7\FF09\3002\6743\91CD {weight}\FF0C\8D21\732E {contribution}\3002'),
			('component scale',
			 '{measure}\4E3A {value}\FF0C\6309 {method} \6362\7B97\4E3A {class}\3002\6743\91CD {weight}\FF0C\8D21\732E {contribution}\3002'),
			('component plain',
			 '{measure}\4E3A {value}\FF0C\6309\539F\503C\8BA1\5165\3002\6743\91CD {weight}\FF0C\8D21\732E {contribution}\3002'),
			('component unknown', '{measure}\672A\77E5\3002\6743\91CD {weight}\FF0C\8D21\732E {contribution}\3002'),
			('component idle', '{measure}\4E3A {value}\3002\603B\5206\672A\77E5\3002'),
			('component idle unknown', '{measure}\672A\77E5\3002\603B\5206\672A\77E5\3002'),
			('axis', '{measure}\4E3A {value}\FF1A\7B2C {class} \7EA7\FF08\5171 {classes} \7EA7\FF09\3002'),
			('axis unknown', '{measure}\672A\77E5\FF1A\7B2C {class} \7EA7\FF08\5171 {classes} \7EA7\FF09\3002'),
			('axis none', '{measure}\672A\77E5\3002'),
			('segment',
			 '\7EA7\522B {cell} \5C5E\4E8E\7EC6\5206\201C{class}\201D\FF0C\4F9D\636E {segmentation} \7684\7B2C {position} \6761\89C4\5219\FF1A{note}'),
			('segment rule',
			 '\7EA7\522B {cell} \5C5E\4E8E\7EC6\5206\201C{class}\201D\FF0C\4F9D\636E {segmentation} \7684\7B2C {position} \6761\89C4\5219\3002'),
			('segment kept',
			 '\5F53\524D\7EC6\5206\4E3A\201C{class}\201D\FF1B{segmentation} \73B0\884C\89C4\5219\4E2D\6CA1\6709\7EA7\522B {cell} \7684\7EC6\5206\3002'),
			('segment none',
			 '\6CA1\6709\7EC6\5206\FF1A{segmentation} \6CA1\6709\5BF9\5E94\7684\89C4\5219\FF0C\6216\5C1A\65E0\8D2D\4E70\3002'),
			('total', '\603B\5206\4E3A {value}\3002'),
			('total unknown', '\603B\5206\672A\77E5\3002'),
			('priority', '\4F18\5148\7EA7\4E3A {value}\3002'),
			('allocation', '{name}\FF1A{value}\FF0C\81EA {since} \8D77\3002'),
			('agent', '\81EA {since} \8D77\7531 {name} \670D\52A1\3002'),
			('value', '{measure}\4E3A {value}\3002'),
			('value unknown', '{measure}\672A\77E5\3002'),
			('rule base', '\201C{tier}\201D\662F\6700\4F4E\7B49\7EA7\FF0C\6CA1\6709\6761\4EF6\3002'),
			('rule keep holds', '\6EE1\8DB3\4FDD\7559\201C{tier}\201D\7684\6761\4EF6\FF1A{condition}\3002'),
			('rule keep fails', '\4E0D\6EE1\8DB3\4FDD\7559\201C{tier}\201D\7684\6761\4EF6\FF1A{condition}\3002'),
			('rule enter holds', '\6EE1\8DB3\8FDB\5165\201C{tier}\201D\7684\6761\4EF6\FF1A{condition}\3002'),
			('rule enter fails', '\4E0D\6EE1\8DB3\8FDB\5165\201C{tier}\201D\7684\6761\4EF6\FF1A{condition}\3002'),
			('comparison holds', '{measure}\4E3A {value}\FF1A\6EE1\8DB3 {comparison} {threshold}\3002'),
			('comparison fails', '{measure}\4E3A {value}\FF1A\4E0D\6EE1\8DB3 {comparison} {threshold}\FF0C\76F8\5DEE {missing}\3002'),
			('comparison needs',
			 '{measure}\4E3A {value}\FF1A\4E0D\6EE1\8DB3 {comparison} {threshold}\FF0C\76F8\5DEE {missing}\3002\9700\8981{needs}\3002'),
			('needs more than', '{measure}\9AD8\4E8E {value}'),
			('needs at most', '{measure}\4E0D\9AD8\4E8E {value}'),
			('needs score', '{score}\8FBE\5230 {value} \9700\8981{needs}'),
			('comparison unknown', '{measure}\672A\77E5\FF1A\4E0D\6EE1\8DB3 {comparison} {threshold}\3002'),
			('missing next', '\8DDD\79BB\201C{tier}\201D\8FD8\9700\FF1A{missing}\3002'),
			('missing next none', '\5DF2\6EE1\8DB3\201C{tier}\201D\7684\6761\4EF6\3002'),
			('missing keep', '\4FDD\7559\201C{tier}\201D\8FD8\9700\FF1A{missing}\3002'),
			('missing keep none', '\5DF2\6EE1\8DB3\4FDD\7559\201C{tier}\201D\7684\6761\4EF6\3002'),
			('missing more', '{measure}\518D\589E\52A0 {value}'),
			('missing less', '{measure}\518D\51CF\5C11 {value}'),
			('missing more than more', '{measure}\518D\589E\52A0\8D85\8FC7 {value}'),
			('missing more than less', '{measure}\518D\51CF\5C11\8D85\8FC7 {value}'),
			('missing exactly more', '{measure}\6070\597D\518D\589E\52A0 {value}'),
			('missing exactly less', '{measure}\6070\597D\518D\51CF\5C11 {value}'),
			('missing unknown', '{measure}\672A\77E5\FF0C\987B{wanted}'),
			('missing wanted', '{measure}\987B{wanted}'),
			('wanted at least', '\4E0D\4F4E\4E8E {value}'),
			('wanted more than', '\9AD8\4E8E {value}'),
			('wanted at most', '\4E0D\9AD8\4E8E {value}'),
			('wanted less than', '\4F4E\4E8E {value}'),
			('wanted exactly', '\7B49\4E8E {value}'),
			('wanted other than', '\4E0D\7B49\4E8E {value}'),
			('wanted from', '\5728 {value} \4E0E {limit} \4E4B\95F4'),
			('policy excluded', '\4E0D\53C2\4E0E\7B49\7EA7{note}'),
			('policy pinned', '\56FA\5B9A\4E3A\201C{tier}\201D{note}'),
			('policy floor', '\4E0D\4F4E\4E8E\201C{tier}\201D{note}'),
			('policy floor renewed', '\4E0D\4F4E\4E8E\201C{tier}\201D{note}\FF1B\5DF2\7EED\671F'),
			('policy base', '\4E0D\6EE1\8DB3\66F4\9AD8\7B49\7EA7\7684\8FDB\5165\6761\4EF6'),
			('policy enters', '\6EE1\8DB3\8FDB\5165\201C{tier}\201D\7684\6761\4EF6'),
			('policy upgrade later', '\5DF2\6EE1\8DB3\201C{tier}\201D\7684\6761\4EF6\FF0C\5C06\4E8E {until} \5347\7EA7'),
			('policy upgrade later renewed',
			 '\5DF2\6EE1\8DB3\201C{tier}\201D\7684\6761\4EF6\FF0C\5C06\4E8E {until} \5347\7EA7\FF1B\5DF2\7EED\671F'),
			('policy upgrade tomorrow',
			 '\5DF2\6EE1\8DB3\201C{tier}\201D\7684\6761\4EF6\FF1B\4ECA\5929\521A\53D8\52A8\8FC7\FF0C\6BCF\5929\53EA\53D8\52A8\4E00\6B21'),
			('policy keeps', '\6EE1\8DB3\4FDD\7559\201C{tier}\201D\7684\6761\4EF6'),
			('policy lowest', '\201C{tier}\201D\662F\6700\4F4E\7B49\7EA7'),
			('policy lowest renewed', '\201C{tier}\201D\662F\6700\4F4E\7B49\7EA7\FF1B\5DF2\7EED\671F'),
			('policy renews', '\6EE1\8DB3\4FDD\7559\201C{tier}\201D\7684\6761\4EF6\FF1B\5DF2\7EED\671F'),
			('policy never', '\4E0D\6EE1\8DB3\4FDD\7559\201C{tier}\201D\7684\6761\4EF6\FF1B\4F46\89C4\5219\4E0D\964D\7EA7'),
			('policy stay',
			 '\4E0D\6EE1\8DB3\4FDD\7559\201C{tier}\201D\7684\6761\4EF6\FF1B\5728 {until} \4E4B\524D\4E0D\964D\7EA7\FF08\6700\77ED\505C\7559\671F\FF09'),
			('policy validity',
			 '\4E0D\6EE1\8DB3\4FDD\7559\201C{tier}\201D\7684\6761\4EF6\FF1B\5728 {until} \4E4B\524D\4E0D\964D\7EA7\FF08\6709\6548\671F\FF09'),
			('policy judged later', '\4E0D\6EE1\8DB3\4FDD\7559\201C{tier}\201D\7684\6761\4EF6\FF1B\5C06\4E8E {until} \8BC4\5B9A'),
			('policy grace',
			 '\4E0D\6EE1\8DB3\4FDD\7559\201C{tier}\201D\7684\6761\4EF6\FF1B\5BBD\9650\671F\6700\540E\4E00\5929\4E3A {until}'),
			('policy moved today',
			 '\4E0D\6EE1\8DB3\4FDD\7559\201C{tier}\201D\7684\6761\4EF6\FF1B\4ECA\5929\521A\53D8\52A8\8FC7\FF0C\6BCF\5929\53EA\53D8\52A8\4E00\6B21'),
			('policy one step', '\4E0D\6EE1\8DB3\4FDD\7559\201C{tier}\201D\7684\6761\4EF6\FF1B\4E0B\964D\4E00\7EA7'),
			('policy requalify',
			 '\4E0D\6EE1\8DB3\4FDD\7559\201C{tier}\201D\7684\6761\4EF6\FF1B\964D\5230\6EE1\8DB3\6761\4EF6\7684\7B49\7EA7'),
			('policy to base', '\4E0D\6EE1\8DB3\4FDD\7559\201C{tier}\201D\7684\6761\4EF6\FF1B\964D\5230\6700\4F4E\7B49\7EA7'),
			('policy to floor', '\4E0D\6EE1\8DB3\4FDD\7559\201C{tier}\201D\7684\6761\4EF6\FF1B\6709\4E0B\9650{note}'),
			('policy gone', '\6570\636E\6E90\4E2D\5DF2\6CA1\6709\8BE5\5BA2\6237'),
			('policy merged', '\5DF2\5E76\5165 {name}'),
			('override pin', '\7531 {author} \56FA\5B9A\4E3A\201C{tier}\201D\FF0C{period}\FF1A{note}'),
			('override floor', '\7531 {author} \8BBE\5B9A\4E0D\4F4E\4E8E\201C{tier}\201D\FF0C{period}\FF1A{note}'),
			('override exclude', '\7531 {author} \8BBE\5B9A\4E0D\53C2\4E0E\7B49\7EA7\FF0C{period}\FF1A{note}'),
			('history enter', '{since}\FF1A\8FDB\5165\201C{tier}\201D\FF1A{reason}\3002'),
			('history upgrade', '{since}\FF1A\7531\201C{from}\201D\5347\4E3A\201C{tier}\201D\FF1A{reason}\3002'),
			('history downgrade', '{since}\FF1A\7531\201C{from}\201D\964D\4E3A\201C{tier}\201D\FF1A{reason}\3002'),
			('history renew', '{since}\FF1A\201C{tier}\201D\7EED\671F\FF1A{reason}\3002'),
			('history exit', '{since}\FF1A\79BB\5F00\201C{from}\201D\FF1A{reason}\3002'),
			('history grace', '{since}\FF1A\201C{tier}\201D\9884\8B66\FF1A{reason}\3002'),
			('history keep', '{since}\FF1A\4FDD\7559\201C{tier}\201D\FF1A{reason}\3002'),
			('history none', '{since}\FF1A\6CA1\6709\7B49\7EA7\FF1A{reason}\3002'),
			('summary tier', '\60A8\81EA {since} \8D77\4E3A\201C{tier}\201D\7B49\7EA7\3002'),
			('summary none', '\60A8\76EE\524D\6CA1\6709\7B49\7EA7\3002'),
			('summary gone', '\60A8\5DF2\4E0D\5728\5BA2\6237\540D\5355\4E2D\3002'),
			('summary excluded', '\7B49\7EA7\5236\5EA6\4E0D\9002\7528\4E8E\60A8\3002'),
			('summary pinned', '\8BE5\7B49\7EA7\662F\4E3A\60A8\5355\72EC\8BBE\5B9A\7684\FF0C{period}\3002'),
			('summary floor', '\60A8\7684\7B49\7EA7\4E0D\4F1A\4F4E\4E8E\201C{tier}\201D\FF0C{period}\3002'),
			('summary valid', '\6709\6548\671F\81F3 {until}\FF08\4E0D\542B\5F53\65E5\FF09\3002'),
			('summary top', '\8FD9\662F\6700\9AD8\7B49\7EA7\3002'),
			('summary next', '\5347\4E3A\201C{tier}\201D\8FD8\9700\FF1A{missing}\3002'),
			('summary due', '\60A8\5DF2\6EE1\8DB3\201C{tier}\201D\7684\6761\4EF6\FF0C\4E0B\6B21\8BC4\5B9A\65F6\5347\7EA7\3002'),
			('summary due day', '\60A8\5DF2\6EE1\8DB3\201C{tier}\201D\7684\6761\4EF6\FF0C\5C06\4E8E {until} \5347\7EA7\3002'),
			('summary due pinned',
			 '\60A8\5DF2\6EE1\8DB3\201C{tier}\201D\7684\6761\4EF6\FF0C\4F46\7B49\7EA7\4E3A\4EBA\5DE5\8BBE\5B9A\3002'),
			('summary needs', '\6309\76EE\524D\6807\51C6\FF0C{scores}\3002'),
			('summary keep', '\60A8\6EE1\8DB3\4FDD\7559\201C{tier}\201D\7684\6761\4EF6\3002'),
			('summary keep missing', '\4FDD\7559\201C{tier}\201D\8FD8\9700\FF1A{missing}\3002'),
			('summary grace', '\5BBD\9650\671F\81F3 {until}\FF0C\5728\6B64\4E4B\524D\7B49\7EA7\4FDD\7559\3002'),
			('summary stay', '\5728 {until} \4E4B\524D\4E0D\4F1A\964D\7EA7\3002'),
			('summary judged', '\5C06\4E8E {until} \8BC4\5B9A\3002'),
			('measure spend', '\6D88\8D39\91D1\989D'),
			('measure orders', '\8BA2\5355\6570'),
			('measure frequency', '\8D2D\4E70\5929\6570'),
			('measure recency', '\8DDD\4E0A\6B21\8D2D\4E70\7684\5929\6570'),
			('measure loyalty', '\6709\8D2D\4E70\7684\6708\6570'),
			('measure score', '\603B\5206'),
			('measure spend_score', '\6D88\8D39\5F97\5206'),
			('measure frequency_score', '\9891\7387\5F97\5206'),
			('measure loyalty_score', '\5FE0\8BDA\5F97\5206'),
			('measure abc_class', 'ABC \7C7B\522B'),
			('measure r', '\8FD1\5EA6\7EA7\522B'),
			('measure f', '\9891\5EA6\7EA7\522B'),
			('measure m', '\91D1\989D\7EA7\522B')
		) AS v (code, template);
	EXCEPTION WHEN untranslatable_character OR feature_not_supported THEN
		RAISE WARNING 'explanations are in English only: encoding % of this database cannot hold the Chinese ones',
			pg_catalog.getdatabaseencoding();
	END;
END
$do$;

-- --- Protection, dump, rights: as for custseg.segmentation --------------------

CREATE FUNCTION custseg._protect_sentences() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $fn$
BEGIN
	IF TG_OP = 'TRUNCATE' THEN
		RAISE EXCEPTION 'custseg.sentence cannot be truncated'
			USING ERRCODE = 'object_not_in_prerequisite_state',
				HINT = 'It holds the shipped sentences. Delete your own with DELETE ... WHERE NOT shipped.';
	END IF;
	IF TG_OP IN ('UPDATE', 'DELETE') AND OLD.shipped THEN
		RAISE EXCEPTION 'sentence "%" of language "%" is shipped and cannot be changed', OLD.code, OLD.language
			USING ERRCODE = 'object_not_in_prerequisite_state',
				HINT = format('Add it to a language of your own, such as %s_shop, and choose that with set_option.', OLD.language);
	END IF;
	IF TG_OP = 'DELETE' THEN
		RETURN OLD;
	END IF;
	IF NEW.shipped THEN
		RAISE EXCEPTION 'only the extension itself can add a shipped sentence'
			USING ERRCODE = 'object_not_in_prerequisite_state',
				HINT = 'Leave out the column "shipped", or set it to false.';
	END IF;
	RETURN NEW;
END
$fn$;
COMMENT ON FUNCTION custseg._protect_sentences() IS
'Trigger function: keeps shipped sentences as they are (55000).';

CREATE TRIGGER protect_shipped BEFORE INSERT OR UPDATE OR DELETE ON custseg.sentence
	FOR EACH ROW EXECUTE FUNCTION custseg._protect_sentences();
CREATE TRIGGER protect_shipped_truncate BEFORE TRUNCATE ON custseg.sentence
	FOR EACH STATEMENT EXECUTE FUNCTION custseg._protect_sentences();
COMMENT ON TRIGGER protect_shipped ON custseg.sentence IS 'Keeps shipped rows as they are.';
COMMENT ON TRIGGER protect_shipped_truncate ON custseg.sentence IS 'Keeps shipped rows as they are.';

SELECT pg_catalog.pg_extension_config_dump('custseg.sentence', 'WHERE NOT shipped');

GRANT SELECT ON custseg.sentence TO PUBLIC;
GRANT SELECT, INSERT, UPDATE, DELETE ON custseg.sentence TO @extowner@ WITH GRANT OPTION;

-- --- From a code to a sentence -------------------------------------------------

-- The template of the first language that has the code: the language itself, what stands before its _ or -, English.
CREATE FUNCTION custseg._template(p_language text, p_code text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT s.template
	FROM custseg.sentence AS s
	WHERE s.code = p_code AND s.language IN (p_language, regexp_replace(p_language, '[-_].*$', ''), 'en')
	ORDER BY s.language = p_language DESC, s.language = 'en'
	LIMIT 1;
END;
COMMENT ON FUNCTION custseg._template(text, text) IS
'Internal: the template of a sentence in a language, or in one that it falls back to; NULL: none has it.';

-- In one pass, so that a value with braces in it stays as it is.
CREATE FUNCTION custseg._sentence(p_language text, p_code text, p_parts jsonb) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT string_agg(
		CASE WHEN p_parts ? btrim(p.piece[1], '{}') AND p.piece[1] LIKE '{%'
			THEN coalesce(p_parts ->> btrim(p.piece[1], '{}'), '') ELSE p.piece[1] END, '' ORDER BY p.place)
	FROM regexp_matches(custseg._template(p_language, p_code), '\{[a-z_]+\}|[^{]+|\{', 'g') WITH ORDINALITY AS p (piece, place);
END;
COMMENT ON FUNCTION custseg._sentence(text, text, jsonb) IS
'Internal: the sentence of a code in a language, with its places filled from the keys of parts.';

-- The name of a measure for people.
CREATE FUNCTION custseg._measure_label(p_language text, p_measure text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT coalesce(custseg._template(p_language, 'measure ' || p_measure), p_measure);
END;
COMMENT ON FUNCTION custseg._measure_label(text, text) IS
'Internal: the name of a measure in a language; the measure itself where there is none.';

-- A number for people: at most four decimals, no zeros at the end.
CREATE FUNCTION custseg._plain_number(x numeric) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT trim_scale(round(x, 4))::text;
END;
COMMENT ON FUNCTION custseg._plain_number(numeric) IS
'Internal: a number as a sentence shows it, with at most four decimals.';

-- From and until as a phrase.
CREATE FUNCTION custseg._period_phrase(p_language text, p_since date, p_until date) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT custseg._sentence(p_language,
		CASE WHEN p_since IS NULL AND p_until IS NULL THEN 'period always' WHEN p_since IS NULL THEN 'period until'
			WHEN p_until IS NULL THEN 'period from' ELSE 'period between' END,
		jsonb_build_object('since', p_since::text, 'until', p_until::text));
END;
COMMENT ON FUNCTION custseg._period_phrase(text, date, date) IS
'Internal: a half-open period of days as a phrase of a sentence.';

-- The language of an explanation, checked.
CREATE FUNCTION custseg._explain_language(portfolio text, language text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	wanted text := coalesce(language, custseg._option(portfolio, 'language'));
BEGIN
	IF NOT EXISTS (SELECT FROM custseg.sentence AS s WHERE s.language = wanted) THEN
		RAISE EXCEPTION 'argument "language": there are no sentences in "%"', wanted
			USING ERRCODE = '22023',
			HINT = format('There are: %s. Others are rows of custseg.sentence.',
				(SELECT string_agg(DISTINCT s.language, ', ' ORDER BY s.language) FROM custseg.sentence AS s));
	END IF;
	RETURN wanted;
END
$$;
COMMENT ON FUNCTION custseg._explain_language(text, text) IS
'Internal: the language of an explanation, by default the setting language. 22023: no sentences in it.';

-- --- What next_tier says, in another language ----------------------------------

-- One wish of missing_next and missing_keep, such as "spend more than 5 less".
CREATE FUNCTION custseg._missing_clause(p_language text, p_clause text) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	part text[] := regexp_match(p_clause, '^("(?:[^"]|"")*"|[^\s",()]+) (unknown, )?'
		'(more than |exactly |at least |at most |less than |other than |from )?(-?[0-9][0-9.eE+-]*)( to (\S+))?( more| less)?$');
	measure text;
	wanted text;
BEGIN
	IF part IS NULL THEN
		RETURN p_clause;
	END IF;
	-- A name that must be quoted in a condition stays so, unless there is another for people.
	measure := coalesce(custseg._template(p_language, 'measure ' || CASE WHEN part[1] LIKE '"%'
		THEN replace(substr(part[1], 2, length(part[1]) - 2), '""', '"') ELSE part[1] END), part[1]);
	IF part[7] IS NOT NULL THEN
		RETURN custseg._sentence(p_language, 'missing ' || coalesce(part[3], '') || ltrim(part[7]),
			jsonb_build_object('measure', measure, 'value', part[4]));
	END IF;
	wanted := custseg._sentence(p_language, 'wanted ' || rtrim(part[3]), jsonb_build_object('value', part[4], 'limit', part[6]));
	RETURN custseg._sentence(p_language, CASE WHEN part[2] IS NULL THEN 'missing wanted' ELSE 'missing unknown' END,
		jsonb_build_object('measure', measure, 'wanted', wanted));
END
$$;
COMMENT ON FUNCTION custseg._missing_clause(text, text) IS
'Internal: one part of what is missing for a rule, as next_tier says it, in a language.';

CREATE FUNCTION custseg._missing_sentence(p_language text, p_missing text) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT string_agg(
		CASE
			WHEN m.piece[1] = ', ' THEN custseg._template(p_language, 'join and')
			WHEN m.piece[1] = ' or ' THEN custseg._template(p_language, 'join or')
			WHEN m.piece[1] ~ '^[0-9]+ of $' THEN custseg._sentence(p_language, 'join some',
				jsonb_build_object('count', regexp_replace(m.piece[1], ' of $', '')))
			ELSE custseg._missing_clause(p_language, m.piece[1])
		END, '' ORDER BY m.place)
	FROM regexp_matches(p_missing,
		'(?:"(?:[^"]|"")*"|[^\s",()]+) (?:unknown, )?'
		'(?:more than |exactly |at least |at most |less than |other than |from )?-?[0-9][0-9.eE+-]*(?: to [^\s,()]+)?(?: more| less)?'
		'| or |, |[0-9]+ of |.', 'g') WITH ORDINALITY AS m (piece, place);
END;
COMMENT ON FUNCTION custseg._missing_sentence(text, text) IS
'Internal: what is missing for a rule, as missing_next and missing_keep of next_tier say it, in a language.';

-- The step of a policy behind a reason of next_tier or of a run: its code, and what the reason names.
CREATE FUNCTION custseg._policy_step(p_reason text, OUT code text, OUT parts jsonb)
RETURNS record
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT v.code, jsonb_object_agg(n.name, coalesce(v.found[n.place], '')) FILTER (WHERE n.name IS NOT NULL)
	FROM (
		SELECT p.place, p.code, p.names, regexp_match(p_reason, p.pattern) AS found
		FROM (VALUES
			(1, 'excluded', '^excluded(: .*| \(.*)?$', '{note}'),
			(2, 'floor renewed', '^not below ([^:(]*[^:( ])(: .*| \(.*)?; renewed$', '{tier,note}'),
			(3, 'floor', '^not below ([^:(]*[^:( ])(: .*| \(.*)?$', '{tier,note}'),
			(4, 'pinned', '^pinned to ([^:(]*[^:( ])(: .*| \(.*)?$', '{tier,note}'),
			(5, 'base', '^meets no entry rule of a higher tier$', '{}'),
			(6, 'enters', '^meets the entry rule of (.*)$', '{tier}'),
			(7, 'upgrade later renewed', '^qualifies for (.*); upgrade at (\S+); renewed$', '{tier,until}'),
			(8, 'upgrade later', '^qualifies for (.*); upgrade at (\S+)$', '{tier,until}'),
			(9, 'upgrade tomorrow', '^qualifies for (.*); came here today, and moves once a day$', '{tier}'),
			(10, 'renews', '^meets the rule to keep (.*); renewed$', '{tier}'),
			(11, 'keeps', '^meets the rule to keep (.*)$', '{tier}'),
			(12, 'never', '^does not meet the rule to keep (.*); the policy has no downgrades$', '{tier}'),
			(13, 'stay', '^does not meet the rule to keep (.*); no downgrade before (\S+) \(minimum stay\)$', '{tier,until}'),
			(14, 'validity', '^does not meet the rule to keep (.*); no downgrade before (\S+) \(validity\)$', '{tier,until}'),
			(15, 'judged later', '^does not meet the rule to keep (.*); judged at (\S+)$', '{tier,until}'),
			(16, 'grace', '^does not meet the rule to keep (.*); the last day of grace is (\S+)$', '{tier,until}'),
			(17, 'moved today', '^does not meet the rule to keep (.*); came here today, and moves once a day$', '{tier}'),
			(18, 'one step', '^does not meet the rule to keep (.*); one step down$', '{tier}'),
			(19, 'requalify', '^does not meet the rule to keep (.*); down to the tier whose rule is met$', '{tier}'),
			(20, 'to base', '^does not meet the rule to keep (.*); down to the base tier$', '{tier}'),
			(21, 'to floor', '^does not meet the rule to keep (.*); not lower(: .*| \(.*)?$', '{tier,note}'),
			(22, 'lowest renewed', '^(.*) is the base tier; renewed$', '{tier}'),
			(23, 'lowest', '^(.*) is the base tier$', '{tier}'),
			(24, 'gone', '^no longer in the sources$', '{}'),
			(25, 'merged', '^merged into (.*)$', '{name}')
		) AS p (place, code, pattern, names)
		WHERE p_reason ~ p.pattern
		ORDER BY p.place LIMIT 1
	) AS v
	LEFT JOIN LATERAL unnest(v.names::text[]) WITH ORDINALITY AS n (name, place) ON true
	GROUP BY v.code;
END;
COMMENT ON FUNCTION custseg._policy_step(text) IS
'Internal: the step of a tier_policy that a reason stands for, as the code of its sentence without ''policy '', and what it names. NULL: unknown.';

CREATE FUNCTION custseg._reason_sentence(p_language text, p_reason text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT coalesce(
		(SELECT custseg._sentence(p_language, 'policy ' || s.code, coalesce(s.parts, '{}'))
			FROM custseg._policy_step(p_reason) AS s WHERE s.code IS NOT NULL),
		p_reason);
END;
COMMENT ON FUNCTION custseg._reason_sentence(text, text) IS
'Internal: the reason of a tier in a language; as it is where it is unknown.';
