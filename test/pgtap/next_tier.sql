-- next_tier: each rule of the decision, the modes, the calendar, overrides, what is missing, all errors.
-- Random policies and histories against an oracle are in next_tier_random.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;

SELECT * FROM no_plan();

-- Tiers b < s < g < p with hysteresis, and whatever else a case needs.
CREATE FUNCTION pg_temp.policy(more text) RETURNS tier_policy LANGUAGE sql AS $$
    SELECT ('{"tiers": [{"tier": "b"}, {"tier": "s", "enter": "x >= 10", "keep": "x >= 8"},
        {"tier": "g", "enter": "x >= 20", "keep": "x >= 16"}, {"tier": "p", "enter": "x >= 40 and y >= 1", "keep": "x >= 30"}]'
        || coalesce(', ' || more, '') || '}')::tier_policy
$$;

-- policy: what stands behind the tiers. expected: tier, transition, tier_since, in_grace_since, valid_until.
CREATE TABLE cases (
    id int GENERATED ALWAYS AS IDENTITY, note text, policy text, current text, since date, x numeric, y numeric,
    overrides jsonb, as_of date, grace_since date, expected text, reason text
);

INSERT INTO cases (note, policy, current, since, x, y, overrides, as_of, grace_since, expected, reason) VALUES
-- 4: no tier yet
('enters at the base', NULL, NULL, NULL, 9, 0, NULL, '2024-05-15', NULL, '(b,enter,2024-05-15,,)', 'meets no entry rule of a higher tier'),
('enters at the highest', NULL, NULL, NULL, 25, 0, NULL, '2024-05-15', NULL, '(g,enter,2024-05-15,,)', 'meets the entry rule of g'),
('enters at the top', NULL, NULL, NULL, 40, 1, NULL, '2024-05-15', NULL, '(p,enter,2024-05-15,,)', 'meets the entry rule of p'),
('an unknown measure holds nothing', NULL, NULL, NULL, 40, NULL, NULL, '2024-05-15', NULL, '(g,enter,2024-05-15,,)', 'meets the entry rule of g'),
('all unknown', NULL, NULL, NULL, NULL, NULL, NULL, '2024-05-15', NULL, '(b,enter,2024-05-15,,)', NULL),
('enters at once also with upgrades at period end', '"upgrade": "period_end"', NULL, NULL, 25, 0, NULL, '2024-05-15', NULL, '(g,enter,2024-05-15,,)', NULL),
('enters with a validity', '"validity": "12 months"', NULL, NULL, 25, 0, NULL, '2024-02-29', NULL, '(g,enter,2024-02-29,,2025-02-28)', NULL),
('enters at the floor', NULL, NULL, NULL, 9, 0, '[{"kind": "floor", "tier": "s", "reason": "friend", "author": "ann"}]', '2024-05-15', NULL, '(s,enter,2024-05-15,,)', 'not below s: friend (ann)'),
('enters above the floor', NULL, NULL, NULL, 25, 0, '[{"kind": "floor", "tier": "s"}]', '2024-05-15', NULL, '(g,enter,2024-05-15,,)', 'meets the entry rule of g'),
-- 5: up
('up at once', NULL, 'b', '2024-01-01', 20, 0, NULL, '2024-05-15', NULL, '(g,upgrade,2024-05-15,,)', 'meets the entry rule of g'),
('up clears grace', NULL, 's', '2024-01-01', 20, 0, NULL, '2024-05-15', '2024-05-01', '(g,upgrade,2024-05-15,,)', NULL),
('up on the day since', NULL, 'b', '2024-05-15', 20, 0, NULL, '2024-05-15', NULL, '(g,upgrade,2024-05-15,,)', NULL),
('up inside minimum stay', '"stay": "12 months"', 's', '2024-05-01', 20, 0, NULL, '2024-05-15', NULL, '(g,upgrade,2024-05-15,,)', NULL),
('up restarts validity', '"validity": "6 months"', 's', '2024-05-01', 20, 0, NULL, '2024-08-31', NULL, '(g,upgrade,2024-08-31,,2025-02-28)', NULL),
('up waits for the period end', '"upgrade": "period_end"', 'b', '2024-01-01', 20, 0, NULL, '2024-05-15', NULL, '(b,keep,2024-01-01,,)', 'qualifies for g; upgrade at 2024-05-31'),
('and comes there', '"upgrade": "period_end"', 'b', '2024-01-01', 20, 0, NULL, '2024-05-31', NULL, '(g,upgrade,2024-05-31,,)', 'meets the entry rule of g'),
('the end of a quarter', '"upgrade": "period_end", "period": "quarter"', 'b', '2024-01-01', 20, 0, NULL, '2024-05-31', NULL, '(b,keep,2024-01-01,,)', 'qualifies for g; upgrade at 2024-06-30'),
('of a half', '"upgrade": "period_end", "period": "half"', 'b', '2024-01-01', 20, 0, NULL, '2024-09-30', NULL, '(b,keep,2024-01-01,,)', 'qualifies for g; upgrade at 2024-12-31'),
('of a year', '"upgrade": "period_end", "period": "year"', 'b', '2024-01-01', 20, 0, NULL, '2024-12-31', NULL, '(g,upgrade,2024-12-31,,)', NULL),
('of February in a leap year', '"upgrade": "period_end"', 'b', '2024-01-01', 20, 0, NULL, '2024-02-28', NULL, '(b,keep,2024-01-01,,)', 'qualifies for g; upgrade at 2024-02-29'),
('of February in another', '"upgrade": "period_end"', 'b', '2023-01-01', 20, 0, NULL, '2023-02-28', NULL, '(g,upgrade,2023-02-28,,)', NULL),
('waiting ends grace', '"upgrade": "period_end"', 's', '2024-01-01', 20, 0, NULL, '2024-05-15', '2024-05-01', '(s,keep,2024-01-01,,)', NULL),
('but not on a day without judgment', '"upgrade": "period_end", "check": "period_end"', 's', '2024-01-01', 20, 0, NULL, '2024-05-15', '2024-05-01', '(s,keep,2024-01-01,2024-05-01,)', NULL),
('a floor does not wait', '"upgrade": "period_end"', 'b', '2024-01-01', 9, 0, '[{"kind": "floor", "tier": "s"}]', '2024-05-15', NULL, '(s,upgrade,2024-05-15,,)', 'not below s'),
('the rest does', '"upgrade": "period_end"', 'b', '2024-01-01', 20, 0, '[{"kind": "floor", "tier": "s"}]', '2024-05-15', NULL, '(s,upgrade,2024-05-15,,)', 'not below s'),
('up to the floor, which is higher', NULL, 'b', '2024-01-01', 20, 0, '[{"kind": "floor", "tier": "p"}]', '2024-05-15', NULL, '(p,upgrade,2024-05-15,,)', 'not below p'),
-- 6: kept
('kept by its rule', NULL, 'g', '2024-01-01', 16, 0, NULL, '2024-05-15', NULL, '(g,keep,2024-01-01,,)', 'meets the rule to keep g'),
('kept: grace ends', NULL, 'g', '2024-01-01', 16, 0, NULL, '2024-05-15', '2024-05-01', '(g,keep,2024-01-01,,)', NULL),
('not on a day without judgment', '"check": "period_end"', 'g', '2024-01-01', 16, 0, NULL, '2024-05-15', '2024-04-30', '(g,keep,2024-01-01,2024-04-30,)', NULL),
('but at the period end', '"check": "period_end"', 'g', '2024-01-01', 16, 0, NULL, '2024-05-31', '2024-04-30', '(g,keep,2024-01-01,,)', NULL),
('the base is kept', NULL, 'b', '2024-01-01', 1, 0, NULL, '2024-05-15', NULL, '(b,keep,2024-01-01,,)', 'b is the base tier'),
('kept by the floor', NULL, 'g', '2024-01-01', 1, 0, '[{"kind": "floor", "tier": "g", "reason": "contract"}]', '2024-05-15', '2024-05-01', '(g,keep,2024-01-01,,)', 'not below g: contract'),
('within validity', '"validity": "12 months"', 'g', '2024-01-01', 16, 0, NULL, '2024-12-31', NULL, '(g,keep,2024-01-01,,2025-01-01)', NULL),
('renewed on its last day', '"validity": "12 months"', 'g', '2024-01-01', 16, 0, NULL, '2025-01-01', NULL, '(g,renew,2025-01-01,,2026-01-01)', 'meets the rule to keep g; renewed'),
('renewed late, from the day it ended', '"validity": "12 months"', 'g', '2024-01-01', 16, 0, NULL, '2025-03-05', NULL, '(g,renew,2025-01-01,,2026-01-01)', NULL),
('several terms at once', '"validity": "12 months"', 'g', '2020-02-29', 16, 0, NULL, '2024-02-27', NULL, '(g,renew,2023-02-28,,2024-02-28)', NULL),
('a term that ends by as_of since February is short', '"validity": "12 months"', 'g', '2020-02-29', 16, 0, NULL, '2024-02-28', NULL, '(g,renew,2024-02-28,,2025-02-28)', NULL),
('counted from since: back to 29 February', '"validity": "12 months"', 'g', '2020-02-29', 16, 0, NULL, '2024-02-29', NULL, '(g,renew,2024-02-29,,2025-02-28)', NULL),
('terms of a month, from the 31st', '"validity": "1 month"', 'g', '2024-01-31', 16, 0, NULL, '2024-05-29', NULL, '(g,renew,2024-04-30,,2024-05-30)', NULL),
('as the next call would do', '"validity": "1 month"', 'g', '2024-01-31', 16, 0, NULL, '2024-05-30', NULL, '(g,renew,2024-05-30,,2024-06-30)', NULL),
('terms of days', '"validity": "30 days"', 'g', '2024-01-01', 16, 0, NULL, '2024-03-01', NULL, '(g,renew,2024-03-01,,2024-03-31)', NULL),
('terms of months and days', '"validity": "1 month 1 day"', 'g', '2024-01-31', 16, 0, NULL, '2024-04-05', NULL, '(g,renew,2024-04-02,,2024-05-03)', NULL),
('the base is renewed too', '"validity": "12 months"', 'b', '2023-01-01', 1, 0, NULL, '2024-05-15', NULL, '(b,renew,2024-01-01,,2025-01-01)', 'b is the base tier; renewed'),
('and by a floor', '"validity": "12 months"', 's', '2023-01-01', 1, 0, '[{"kind": "floor", "tier": "s"}]', '2024-05-15', NULL, '(s,renew,2024-01-01,,2025-01-01)', 'not below s; renewed'),
('renewed on a day without judgment: grace ends', '"validity": "1 month", "check": "period_end", "period": "quarter"', 'g', '2024-01-01', 16, 0, NULL, '2024-04-15', '2024-03-31', '(g,renew,2024-04-01,,2024-05-01)', NULL),
('also one that began in the new term', '"validity": "1 month", "check": "period_end", "period": "quarter"', 'g', '2024-02-20', 16, 0, NULL, '2024-04-15', '2024-03-31', '(g,renew,2024-03-20,,2024-04-20)', NULL),
('waiting for an upgrade does not cost the renewal', '"validity": "1 month", "upgrade": "period_end"', 's', '2024-01-01', 20, 0, NULL, '2024-05-15', NULL, '(s,renew,2024-05-01,,2024-06-01)', 'qualifies for g; upgrade at 2024-05-31; renewed'),
('a validity of a tier of 0 days is none', NULL, 'g', '2023-01-01', 16, 0, NULL, '2024-05-15', NULL, '(g,keep,2023-01-01,,)', NULL),
-- 7: lost
('one step down', NULL, 'p', '2024-01-01', 1, 0, NULL, '2024-05-15', NULL, '(g,downgrade,2024-05-15,,)', 'does not meet the rule to keep p; one step down'),
('one step down to the base', NULL, 's', '2024-01-01', 7.99, 0, NULL, '2024-05-15', NULL, '(b,downgrade,2024-05-15,,)', NULL),
('requalify, by keep rules', '"downgrade": "requalify"', 'p', '2024-01-01', 16, 0, NULL, '2024-05-15', NULL, '(g,downgrade,2024-05-15,,)', 'does not meet the rule to keep p; down to the tier whose rule is met'),
('requalify, by entry rules', '"downgrade": "requalify", "requalify_by": "enter"', 'p', '2024-01-01', 16, 0, NULL, '2024-05-15', NULL, '(s,downgrade,2024-05-15,,)', NULL),
('requalify: nothing is met', '"downgrade": "requalify"', 'p', '2024-01-01', 1, 0, NULL, '2024-05-15', NULL, '(b,downgrade,2024-05-15,,)', NULL),
('to base', '"downgrade": "to_base"', 'p', '2024-01-01', 25, 0, NULL, '2024-05-15', NULL, '(b,downgrade,2024-05-15,,)', 'does not meet the rule to keep p; down to the base tier'),
('to base: no way back on that day', '"downgrade": "to_base"', 'b', '2024-05-15', 25, 0, NULL, '2024-05-15', NULL, '(b,keep,2024-05-15,,)', 'qualifies for g; came here today, and moves once a day'),
('but on the next', '"downgrade": "to_base"', 'b', '2024-05-15', 25, 0, NULL, '2024-05-16', NULL, '(g,upgrade,2024-05-16,,)', NULL),
('and by a floor at once', '"downgrade": "to_base"', 'b', '2024-05-15', 25, 0, '[{"kind": "floor", "tier": "s"}]', '2024-05-15', NULL, '(s,upgrade,2024-05-15,,)', 'not below s'),
('not below the floor', '"downgrade": "to_base"', 'p', '2024-01-01', 1, 0, '[{"kind": "floor", "tier": "s", "reason": "VIP''s son"}]', '2024-05-15', NULL, '(s,downgrade,2024-05-15,,)', 'does not meet the rule to keep p; not lower: VIP''s son'),
('one step is above the floor', NULL, 'p', '2024-01-01', 1, 0, '[{"kind": "floor", "tier": "s"}]', '2024-05-15', NULL, '(g,downgrade,2024-05-15,,)', 'does not meet the rule to keep p; one step down'),
('never', '"downgrade": "never"', 'p', '2024-01-01', 1, 0, NULL, '2024-05-15', NULL, '(p,keep,2024-01-01,,)', 'does not meet the rule to keep p; the policy has no downgrades'),
('never: no renewal either', '"downgrade": "never", "validity": "1 month"', 'p', '2024-01-01', 1, 0, NULL, '2024-05-15', NULL, '(p,keep,2024-01-01,,2024-02-01)', NULL),
('not on the day of another move', NULL, 'p', '2024-05-15', 1, 0, NULL, '2024-05-15', NULL, '(p,keep,2024-05-15,,)', 'does not meet the rule to keep p; came here today, and moves once a day'),
('inside minimum stay', '"stay": "6 months"', 'p', '2024-01-01', 1, 0, NULL, '2024-06-30', NULL, '(p,keep,2024-01-01,,)', 'does not meet the rule to keep p; no downgrade before 2024-07-01 (minimum stay)'),
('at its end', '"stay": "6 months"', 'p', '2024-01-01', 1, 0, NULL, '2024-07-01', NULL, '(g,downgrade,2024-07-01,,)', NULL),
('stay from 31 August ends on 28 February', '"stay": "6 months"', 'p', '2022-08-31', 1, 0, NULL, '2023-02-27', NULL, '(p,keep,2022-08-31,,)', 'does not meet the rule to keep p; no downgrade before 2023-02-28 (minimum stay)'),
('and on 29 February in a leap year', '"stay": "6 months"', 'p', '2023-08-31', 1, 0, NULL, '2024-02-29', NULL, '(g,downgrade,2024-02-29,,)', NULL),
('a stay of days', '"stay": "90 days"', 'p', '2024-01-01', 1, 0, NULL, '2024-03-30', NULL, '(p,keep,2024-01-01,,)', 'does not meet the rule to keep p; no downgrade before 2024-03-31 (minimum stay)'),
('validity protects', '"validity": "6 months"', 'p', '2024-01-01', 1, 0, NULL, '2024-06-30', NULL, '(p,keep,2024-01-01,,2024-07-01)', 'does not meet the rule to keep p; no downgrade before 2024-07-01 (validity)'),
('the later of both', '"validity": "6 months", "stay": "3 months"', 'p', '2024-01-01', 1, 0, NULL, '2024-03-30', NULL, '(p,keep,2024-01-01,,2024-07-01)', 'does not meet the rule to keep p; no downgrade before 2024-07-01 (validity)'),
('validity passed: down', '"validity": "6 months"', 'p', '2024-01-01', 1, 0, NULL, '2024-07-01', NULL, '(g,downgrade,2024-07-01,,2025-01-01)', NULL),
('no grace starts in minimum stay', '"stay": "6 months", "grace": "30 days"', 'p', '2024-01-01', 1, 0, NULL, '2024-05-15', NULL, '(p,keep,2024-01-01,,)', NULL),
('no judgment before the period end', '"check": "period_end"', 'p', '2024-01-01', 1, 0, NULL, '2024-05-15', NULL, '(p,keep,2024-01-01,,)', 'does not meet the rule to keep p; judged at 2024-05-31'),
('judgment', '"check": "period_end"', 'p', '2024-01-01', 1, 0, NULL, '2024-05-31', NULL, '(g,downgrade,2024-05-31,,)', NULL),
('grace starts', '"grace": "30 days"', 'p', '2024-01-01', 1, 0, NULL, '2024-05-15', NULL, '(p,grace,2024-01-01,2024-05-15,)', 'does not meet the rule to keep p; the last day of grace is 2024-06-13'),
('grace goes on', '"grace": "30 days"', 'p', '2024-01-01', 1, 0, NULL, '2024-06-13', '2024-05-15', '(p,grace,2024-01-01,2024-05-15,)', 'does not meet the rule to keep p; the last day of grace is 2024-06-13'),
('grace is over', '"grace": "30 days"', 'p', '2024-01-01', 1, 0, NULL, '2024-06-14', '2024-05-15', '(g,downgrade,2024-06-14,,)', NULL),
('grace of a month from 31 January', '"grace": "1 month"', 'p', '2023-01-01', 1, 0, NULL, '2023-02-27', '2023-01-31', '(p,grace,2023-01-01,2023-01-31,)', 'does not meet the rule to keep p; the last day of grace is 2023-02-27'),
('is over on 28 February', '"grace": "1 month"', 'p', '2023-01-01', 1, 0, NULL, '2023-02-28', '2023-01-31', '(g,downgrade,2023-02-28,,)', NULL),
('grace waits for the judgment', '"grace": "30 days", "check": "period_end"', 'p', '2024-01-01', 1, 0, NULL, '2024-06-29', '2024-05-31', '(p,keep,2024-01-01,2024-05-31,)', 'does not meet the rule to keep p; judged at 2024-06-30'),
('and is over then', '"grace": "30 days", "check": "period_end"', 'p', '2024-01-01', 1, 0, NULL, '2024-06-30', '2024-05-31', '(g,downgrade,2024-06-30,,)', NULL),
('grace on the day since', '"grace": "30 days"', 'p', '2024-05-15', 1, 0, NULL, '2024-05-15', NULL, '(p,grace,2024-05-15,2024-05-15,)', NULL),
('grace of 0 days is none', '"grace": "0 days"', 'p', '2024-01-01', 1, 0, NULL, '2024-05-15', NULL, '(g,downgrade,2024-05-15,,)', NULL),
-- 2: pins
('pinned, no tier before', NULL, NULL, NULL, 1, 0, '[{"kind": "pin", "tier": "g", "reason": "trial"}]', '2024-05-15', NULL, '(g,enter,2024-05-15,,)', 'pinned to g: trial'),
('pinned up', NULL, 's', '2024-01-01', 1, 0, '[{"kind": "pin", "tier": "g"}]', '2024-05-15', '2024-05-01', '(g,upgrade,2024-05-15,,)', 'pinned to g'),
('pinned down, in minimum stay', '"stay": "6 months"', 'p', '2024-05-01', 99, 9, '[{"kind": "pin", "tier": "b"}]', '2024-05-15', NULL, '(b,downgrade,2024-05-15,,)', NULL),
('pinned down on the day since', NULL, 'p', '2024-05-15', 99, 9, '[{"kind": "pin", "tier": "b"}]', '2024-05-15', NULL, '(b,downgrade,2024-05-15,,)', NULL),
('pinned where it is: grace ends, no renewal', '"validity": "1 month"', 'g', '2024-01-01', 99, 9, '[{"kind": "pin", "tier": "g", "author": "bo"}]', '2024-05-15', '2024-05-01', '(g,keep,2024-01-01,,2024-02-01)', 'pinned to g (bo)'),
('a pin before it holds', NULL, 's', '2024-01-01', 9, 0, '[{"kind": "pin", "tier": "g", "from": "2024-05-16"}]', '2024-05-15', NULL, '(s,keep,2024-01-01,,)', NULL),
('on its first day', NULL, 's', '2024-01-01', 9, 0, '[{"kind": "pin", "tier": "g", "from": "2024-05-15"}]', '2024-05-15', NULL, '(g,upgrade,2024-05-15,,)', NULL),
('on its last', NULL, 's', '2024-01-01', 9, 0, '[{"kind": "pin", "tier": "g", "until": "2024-05-16"}]', '2024-05-15', NULL, '(g,upgrade,2024-05-15,,)', NULL),
('behind it', NULL, 's', '2024-01-01', 9, 0, '[{"kind": "pin", "tier": "g", "until": "2024-05-15"}]', '2024-05-15', NULL, '(s,keep,2024-01-01,,)', NULL),
('one pin after the other', NULL, 's', '2024-01-01', 9, 0, '[{"kind": "pin", "tier": "p", "from": "2024-05-15"}, {"kind": "pin", "tier": "g", "until": "2024-05-15"}]', '2024-05-15', NULL, '(p,upgrade,2024-05-15,,)', NULL),
('two pins to one tier', NULL, 's', '2024-01-01', 9, 0, '[{"kind": "pin", "tier": "p", "reason": "a"}, {"kind": "pin", "tier": "p", "reason": "b"}]', '2024-05-15', NULL, '(p,upgrade,2024-05-15,,)', 'pinned to p: a'),
('a pin wins over a floor', NULL, 's', '2024-01-01', 9, 0, '[{"kind": "floor", "tier": "p"}, {"kind": "pin", "tier": "b"}]', '2024-05-15', NULL, '(b,downgrade,2024-05-15,,)', NULL),
('the highest floor wins', NULL, 'b', '2024-01-01', 9, 0, '[{"kind": "floor", "tier": "s"}, {"kind": "floor", "tier": "g"}, {"kind": "floor", "tier": "b"}]', '2024-05-15', NULL, '(g,upgrade,2024-05-15,,)', NULL),
('no overrides', NULL, 's', '2024-01-01', 9, 0, '[]', '2024-05-15', NULL, '(s,keep,2024-01-01,,)', NULL),
('null fields', NULL, 's', '2024-01-01', 9, 0, '[{"kind": "exclude", "tier": null, "from": null, "until": "2024-05-15", "reason": null, "author": null}]', '2024-05-15', NULL, '(s,keep,2024-01-01,,)', NULL),
-- 1: exclusion
('excluded', NULL, 's', '2024-01-01', 99, 9, '[{"kind": "pin", "tier": "p"}, {"kind": "exclude", "reason": "staff", "author": "ann"}]', '2024-05-15', '2024-05-01', '(,exit,,,)', 'excluded: staff (ann)'),
('excluded, no tier before', '"validity": "1 month"', NULL, NULL, 99, 9, '[{"kind": "exclude"}]', '2024-05-15', NULL, '(,none,,,)', 'excluded'),
-- the ends of the calendar
('before Christ', '"stay": "1 month"', 'p', '0045-01-31 BC', 1, 0, NULL, '0045-02-27 BC', NULL, '(p,keep,"0045-01-31 BC",,)', 'does not meet the rule to keep p; no downgrade before 0045-02-29 BC (minimum stay)'),
('far from now', '"stay": "30 days", "upgrade": "period_end"', 'p', '5800000-01-01', 1, 0, NULL, '5800000-01-31', NULL, '(g,downgrade,5800000-01-31,,)', NULL);

CREATE TABLE answers AS
SELECT c.*, n.tier, n.transition, n.reason AS why, n.missing_next, n.missing_keep, n.tier_since, n.in_grace_since, n.valid_until
FROM cases c, next_tier(pg_temp.policy(CASE WHEN note LIKE '%of 0 days is none' AND c.policy IS NULL THEN '"validity": "0 days"' ELSE c.policy END), c.current, c.since,
    jsonb_build_object('x', c.x, 'y', c.y, 'z', 'other'), c.overrides, c.as_of, c.grace_since) n;
SELECT is(ROW(tier, transition, tier_since, in_grace_since, valid_until)::text, expected, note) FROM answers ORDER BY id;
SELECT is(why, reason, 'reason: ' || note) FROM answers WHERE reason IS NOT NULL ORDER BY id;
SELECT is_empty($$SELECT note FROM answers WHERE why IS NULL OR why = '' OR why LIKE '%\%%'$$, 'every answer has a reason');
SELECT is_empty($$SELECT note FROM answers WHERE tier = 'p' AND missing_next IS NOT NULL OR tier <> 'p' AND missing_next IS NULL OR tier = 'b' AND missing_keep IS NOT NULL$$, 'nothing above the top, nothing missing for the base');
SELECT is_empty($$SELECT note FROM answers WHERE transition IN ('grace') AND missing_keep IS NULL$$, 'a warning says what is missing');

-- A second application on the same day changes nothing.
SELECT is_empty($$SELECT note, a.tier, n.* FROM answers a, next_tier(pg_temp.policy(a.policy), a.tier, a.tier_since,
    jsonb_build_object('x', a.x, 'y', a.y), a.overrides, a.as_of, a.in_grace_since) n
    WHERE n.tier IS DISTINCT FROM a.tier OR n.tier_since IS DISTINCT FROM a.tier_since OR n.transition NOT IN ('keep', 'grace', 'none')$$, 'a second application changes nothing');

-- The forms of the measures agree: names in any order, other names too, without names, all types.
SELECT is_empty($$SELECT note FROM answers a, next_tier(pg_temp.policy(a.policy), a.current, a.since, ARRAY[a.y, 7, a.x]::float8[], '{y,z,x}', a.overrides, a.as_of, a.grace_since) n
    WHERE note NOT LIKE '%is none' AND ROW(n.*)::text <> ROW(a.tier, a.transition, a.why, a.missing_next, a.missing_keep, a.tier_since, a.in_grace_since, a.valid_until)::text$$, 'array with names');
SELECT is_empty($$SELECT note FROM answers a, next_tier(pg_temp.policy(a.policy), a.current, a.since, ARRAY[a.x, a.y], NULL, a.overrides, a.as_of, a.grace_since) n
    WHERE note NOT LIKE '%is none' AND ROW(n.*)::text <> ROW(a.tier, a.transition, a.why, a.missing_next, a.missing_keep, a.tier_since, a.in_grace_since, a.valid_until)::text$$, 'array of numeric without names');
SELECT is((SELECT array_agg(t) FROM unnest(ARRAY[
    (next_tier(p, NULL, NULL, ARRAY[25, 0]::float8[], NULL, NULL, '2024-01-01')).missing_next,
    (next_tier(p, NULL, NULL, ARRAY[25, 0]::float4[], NULL, NULL, '2024-01-01')).missing_next,
    (next_tier(p, NULL, NULL, ARRAY[25, 0]::int8[], NULL, NULL, '2024-01-01')).missing_next,
    (next_tier(p, NULL, NULL, ARRAY[25, 0]::int4[], NULL, NULL, '2024-01-01')).missing_next,
    (next_tier(p, NULL, NULL, ARRAY[25, 0]::int2[], NULL, NULL, '2024-01-01')).missing_next,
    (next_tier(p, NULL, NULL, ARRAY[25, 0]::numeric[], NULL, NULL, '2024-01-01')).missing_next,
    (next_tier(p, NULL, NULL, ARRAY[NULL, 25, NULL, 0]::int2[], '{a,x,b,y}', NULL, '2024-01-01')).missing_next,
    (next_tier(p, NULL, NULL, ARRAY[NULL, 25, NULL, 0]::numeric[], '{a,x,b,y}', NULL, '2024-01-01')).missing_next]) t WHERE t = 'x 15 more, y 1 more'), array_fill('x 15 more, y 1 more'::text, ARRAY[8]), 'arrays of all types')
FROM (SELECT pg_temp.policy(NULL) AS p) p;
SELECT is(ROW((next_tier(p, NULL, NULL, NULL::float8[], NULL, NULL, '2024-01-01')).*)::text, ROW((next_tier(p, NULL, NULL, NULL::jsonb, NULL, '2024-01-01')).*)::text, 'no measures: all unknown')
FROM (SELECT pg_temp.policy(NULL) AS p) p;
SELECT is((next_tier(p, NULL, NULL, NULL::jsonb, NULL, '2024-01-01')).missing_next, 'x unknown, at least 10', 'and said so') FROM (SELECT pg_temp.policy(NULL) AS p) p;
SELECT is((next_tier('{"tiers": [{"tier": "only"}]}', NULL, NULL, '{}'::float8[], NULL, NULL, '2024-01-01')).tier, 'only', 'a policy without measures');
SELECT is((next_tier(policy => pg_temp.policy(NULL), current => 's', since => '2023-01-01', measures => '{"x": 9, "y": 0}'::jsonb, overrides => NULL, as_of => '2024-01-01')).tier, 's', 'named arguments');
SELECT is(next_tier(NULL, 'x', NULL, NULL::jsonb, NULL, NULL), NULL, 'no policy: NULL');
SELECT is((next_tier(p, 'p', '2023-01-01', ARRAY['infinity', '-infinity']::float8[], NULL, NULL, '2024-01-01')).missing_next, NULL, 'infinity is a value') FROM (SELECT pg_temp.policy(NULL) AS p) p;
SELECT is((next_tier(p, NULL, NULL, ARRAY['infinity', '-infinity']::float8[], NULL, NULL, '2024-01-01')).missing_next, 'y at least 1', 'that is infinitely far away') FROM (SELECT pg_temp.policy(NULL) AS p) p;

-- Policies, days and names that change from row to row.
SELECT is((SELECT string_agg((next_tier(pg_temp.policy(m), 'p', '2024-01-01', ARRAY[a, b], names, NULL, d)).tier, ' ' ORDER BY d, m, names) FROM unnest(ARRAY['"stay": "2 months"', '"stay": "4 months"', '"downgrade": "to_base"']) m,
    unnest(ARRAY[date '2024-02-01', '2024-04-01', '2024-06-01']) d, (VALUES (1, 16, '{x,y}'::text[]), (16, 1, '{y,x}')) v(a, b, names)),
    'b b p p p p b b g g p p b b g g g g', 'whatever changes from row to row');

-- --- what is missing ---
CREATE FUNCTION pg_temp.missing(condition text, a float8, b float8 DEFAULT 0, c float8 DEFAULT 0) RETURNS text LANGUAGE sql AS $$
    SELECT (next_tier(p, NULL, NULL, ARRAY(SELECT CASE m WHEN 'a' THEN a WHEN 'b' THEN b ELSE c END FROM unnest(tier_policy_measures(p)) WITH ORDINALITY u(m, i) ORDER BY i), NULL, NULL, '2024-01-01')).missing_next
    FROM (SELECT jsonb_build_object('tiers', jsonb_build_array('{"tier": "base"}'::jsonb, jsonb_build_object('tier', 'v', 'enter', condition)))::text::tier_policy AS p) p
$$;
SELECT is(pg_temp.missing(condition, a, b, c), text, condition) FROM (VALUES
    ('a >= 5000.00', 3750.5, 0, 0, 'a 1249.5 more'), ('a >= 5000', 3750.1, 0, 0, 'a 1249.9 more'), ('a >= 5000', 0.01, 0, 0, 'a 4999.99 more'),
    ('a >= 0.3', 0.20000000000000004, 0, 0, 'a 0.09999999999999996 more'), ('a >= 0.3', 0.1, 0, 0, 'a 0.2 more'), ('a >= 1.005', 1, 0, 0, 'a 0.005 more'),
    ('a >= 100', -0.5, 0, 0, 'a 100.5 more'), ('a >= -1', -100, 0, 0, 'a 99 more'), ('a >= 5', 1e15 * -1, 0, 0, 'a 1000000000000005 more'),
    ('a >= 1e300', 0, 0, 0, 'a 1' || repeat('0', 300) || ' more'), ('a >= 1e-10', 0, 0, 0, 'a 0.0000000001 more'), ('a >= 123456789012345.67', 0.33, 0, 0, 'a 123456789012345.34 more'),
    ('a >= 0.1000000000000000055511151231257827', 0.05, 0, 0, 'a 0.0500000000000000055511151231257827 more'),
    ('a > 5000', 3750, 0, 0, 'a more than 1250 more'), ('a > 5000', 5000, 0, 0, 'a more than 0 more'),
    ('a <= 30', 42, 0, 0, 'a 12 less'), ('a < 30', 42.5, 0, 0, 'a more than 12.5 less'), ('a < 30', 30, 0, 0, 'a more than 0 less'),
    ('a = 5', 3, 0, 0, 'a exactly 2 more'), ('a = 5', 7.25, 0, 0, 'a exactly 2.25 less'), ('a <> 5', 5, 0, 0, 'a other than 5'),
    ('a between 5 and 10', 3, 0, 0, 'a 2 more'), ('a between 5 and 10', 12, 0, 0, 'a 2 less'),
    ('a >= 5', NULL, 0, 0, 'a unknown, at least 5'), ('a >= 5.50', NULL, 0, 0, 'a unknown, at least 5.5'), ('a >= 50.00', NULL, 0, 0, 'a unknown, at least 50'), ('a > 5', NULL, 0, 0, 'a unknown, more than 5'), ('a <= 5', NULL, 0, 0, 'a unknown, at most 5'),
    ('a < 5', NULL, 0, 0, 'a unknown, less than 5'), ('a = 5', NULL, 0, 0, 'a unknown, exactly 5'), ('a <> 5', NULL, 0, 0, 'a unknown, other than 5'),
    ('a between 5 and 10', NULL, 0, 0, 'a unknown, from 5 to 10'),
    ('a >= 5', '-infinity', 0, 0, 'a at least 5'), ('a < 5', 'infinity', 0, 0, 'a less than 5'), ('a between 5 and 10', 'infinity', 0, 0, 'a from 5 to 10'),
    ('a >= 5 and b >= 2', 1, 0, 0, 'a 4 more, b 2 more'), ('a >= 5 and b >= 2', 5, 0, 0, 'b 2 more'), ('a >= 5 or b >= 2', 1, 0, 0, 'a 4 more or b 2 more'),
    ('a >= 5 and (b >= 2 or c >= 3)', 1, 0, 0, 'a 4 more, (b 2 more or c 3 more)'), ('a >= 5 and (b >= 2 or c >= 3)', 5, 0, 0, 'b 2 more or c 3 more'),
    ('a >= 5 and b >= 2 or c >= 3', 1, 0, 0, '(a 4 more, b 2 more) or c 3 more'), ('a >= 5 and b >= 2 or c >= 3', 5, 0, 0, 'b 2 more or c 3 more'),
    ('any 2 of (a >= 5, b >= 2, c >= 3)', 1, 0, 0, '2 of (a 4 more, b 2 more, c 3 more)'), ('any 2 of (a >= 5, b >= 2, c >= 3)', 5, 0, 0, '1 of (b 2 more, c 3 more)'),
    ('any of (a >= 5, b >= 2)', 1, 0, 0, 'a 4 more or b 2 more'), ('all of (a >= 5, b >= 2)', 1, 0, 0, 'a 4 more, b 2 more'),
    ('a >= 5 and all of (b >= 2, c >= 3)', 1, 0, 0, 'a 4 more, (b 2 more, c 3 more)'),
    ('any 2 of (a >= 5 and b >= 2, c >= 3, c >= 4)', 1, 0, 0, '2 of ((a 4 more, b 2 more), c 3 more, c 4 more)')) v(condition, a, b, c, text);
SELECT is((next_tier('{"tiers": [{"tier": "b"}, {"tier": "v", "enter": "\"net \"\"x\"\"\" > 5"}]}', NULL, NULL, ARRAY[2], NULL, NULL, '2024-01-01')).missing_next, '"net ""x""" more than 3 more', 'a quoted measure');
SELECT is((SELECT count(*) FROM generate_series(1, 3000) i, LATERAL (SELECT ((i * 7919) % 100000) / 100.0 AS v, ((i * 104729) % 300000) / 100.0 + 1000 AS t) n
    WHERE pg_temp.missing(format('a >= %s', t), v::float8) <> format('a %s more', trim_scale(t - v))), 0::bigint, '3000 differences of amounts');
SELECT is((SELECT count(*) FROM generate_series(1, 2000) i, LATERAL (SELECT ((i * 7919) % 1000003) / 1e5 AS v, ((i * 104729) % 3000017) / 1e7 + 10.1 AS t) n
    WHERE pg_temp.missing(format('a >= %s', t), v::float8) <> format('a %s more', trim_scale(t::numeric - v::float8::text::numeric))), 0::bigint, '2000 of other numbers');
SELECT is(missing_next || '; ' || coalesce(missing_keep, 'none'), v.expected, 'missing: ' || note) FROM answers JOIN (VALUES
    ('kept by its rule', 'x 24 more, y 1 more; none'), ('one step down', 'x 39 more, y 1 more; x 15 more'),
    ('a floor does not wait', 'x 11 more; none'), ('the rest does', 'nothing, due at 2024-05-31; none'),
    ('to base', 'nothing, due at the next run; none'), ('to base: no way back on that day', 'nothing, due at the next run; none'),
    ('pinned down, in minimum stay', 'nothing, but pinned; none')) v(n, expected) ON n = note;
SELECT is((next_tier(pg_temp.policy('"upgrade": "period_end"'), 's', '2023-01-01', ARRAY[20, 0], NULL, NULL, '2024-05-15')).missing_next, 'nothing, due at 2024-05-31', 'missing: nothing but time');

-- --- tier_gap ---
SELECT results_eq($$SELECT rule, condition, measure, value, comparison, threshold::text, holds, missing::text FROM tier_gap(
    '{"tiers": [{"tier": "b"}, {"tier": "v", "enter": "a >= 5000.00 and (b between 2 and 4 or c < 3)", "keep": "a > 4000 or c <> 7"}]}', 'v', '{"a": 3750.10, "b": 5, "c": null, "d": "x"}')$$,
    $$VALUES ('enter', 'a >= 5000.00 and (b between 2 and 4 or c < 3)', 'a', 3750.1, '>=', '5000.00', false, '1249.90'),
        ('enter', 'a >= 5000.00 and (b between 2 and 4 or c < 3)', 'b', 5, '>=', '2', true, '0'), ('enter', 'a >= 5000.00 and (b between 2 and 4 or c < 3)', 'b', 5, '<=', '4', false, '1'),
        ('enter', 'a >= 5000.00 and (b between 2 and 4 or c < 3)', 'c', NULL, '<', '3', false, NULL),
        ('keep', 'a > 4000 or c <> 7', 'a', 3750.1, '>', '4000', false, '249.9'), ('keep', 'a > 4000 or c <> 7', 'c', NULL, '<>', '7', false, NULL)$$, 'tier_gap');
SELECT is((SELECT count(*) FROM tier_gap(pg_temp.policy(NULL), 'b', '{"x": 1, "y": 1}')), 0::bigint, 'the base has no rules');
SELECT is((SELECT string_agg(rule || ' ' || comparison || threshold, ', ') FROM tier_gap('{"tiers": [{"tier": "b"}, {"tier": "v", "enter": "a > 1"}]}', 'v', NULL)), 'enter >1, keep >1', 'keep is enter');
SELECT is((SELECT count(*) FROM tier_gap(NULL, 'b', '{}')), 0::bigint, 'no policy');
SELECT is((SELECT count(*) FROM tier_gap(pg_temp.policy(NULL), NULL, '{}')), 0::bigint, 'no tier');
SELECT throws_ok($$SELECT * FROM tier_gap(pg_temp.policy(NULL), 'x', '{"x": 1, "y": 1}')$$, '22023', 'tier: the policy has no tier "x"');
SELECT throws_ok($$SELECT * FROM tier_gap(pg_temp.policy(NULL), 's', '{"x": 1}')$$, '22023', 'measure "y" is missing');

-- --- errors ---
CREATE FUNCTION pg_temp.error(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    message text;
BEGIN
    EXECUTE 'SELECT next_tier(pg_temp.policy(NULL), ' || call || ')';
    RETURN 'none';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT;
    RETURN SQLSTATE || ' ' || message;
END $$;
SELECT is(pg_temp.error(call), '22023 ' || message, call) FROM (VALUES
    ($$NULL, NULL, NULL::jsonb, NULL, NULL$$, 'as_of must not be null'),
    ($$NULL, NULL, NULL::jsonb, NULL, 'infinity'$$, 'as_of must be a finite date, not infinity'),
    ($$'x', '2024-01-01', NULL::jsonb, NULL, '2024-01-01'$$, 'current: the policy has no tier "x"'),
    ($$'', '2024-01-01', NULL::jsonb, NULL, '2024-01-01'$$, 'current: the policy has no tier ""'),
    ($$'s', NULL, NULL::jsonb, NULL, '2024-01-01'$$, 'current is given, but not since'),
    ($$NULL, '2024-01-01', NULL::jsonb, NULL, '2024-01-01'$$, 'since is given, but not current'),
    ($$NULL, NULL, NULL::jsonb, NULL, '2024-01-01', '2024-01-01'::date$$, 'grace_since is given, but not current'),
    ($$'s', '2024-01-02', NULL::jsonb, NULL, '2024-01-01'$$, 'since must not be after as_of'),
    ($$'s', '-infinity', NULL::jsonb, NULL, '2024-01-01'$$, 'since must be a finite date, not -infinity'),
    ($$'s', '2023-01-01', NULL::jsonb, NULL, '2024-01-01', '2024-01-02'::date$$, 'grace_since must not be after as_of'),
    ($$'s', '2023-01-02', NULL::jsonb, NULL, '2024-01-01', '2023-01-01'::date$$, 'grace_since must not be before since'),
    ($$'s', '2023-01-02', NULL::jsonb, NULL, '2024-01-01', 'infinity'::date$$, 'grace_since must be a finite date, not infinity'),
    ($$NULL, NULL, '[]'::jsonb, NULL, '2024-01-01'$$, 'measures must be an object'),
    ($$NULL, NULL, '5'::jsonb, NULL, '2024-01-01'$$, 'measures must be an object'),
    ($$NULL, NULL, '{"x": 1}'::jsonb, NULL, '2024-01-01'$$, 'measure "y" is missing'),
    ($$NULL, NULL, '{"x": 1, "y": "2"}'::jsonb, NULL, '2024-01-01'$$, 'measure "y" must be a number or null, not a string'),
    ($$NULL, NULL, '{"x": 1, "y": true}'::jsonb, NULL, '2024-01-01'$$, 'measure "y" must be a number or null, not a boolean'),
    ($$NULL, NULL, '{"x": [1], "y": true}'::jsonb, NULL, '2024-01-01'$$, 'measure "x" must be a number or null, not an array or an object'),
    ($$NULL, NULL, ARRAY[1, 'NaN']::float8[], NULL, NULL, '2024-01-01'$$, 'measure "y" must not be NaN'),
    ($$NULL, NULL, ARRAY[NULL, 'NaN']::numeric[], NULL, NULL, '2024-01-01'$$, 'measure "y" must not be NaN'),
    ($$NULL, NULL, ARRAY[1], NULL, NULL, '2024-01-01'$$, 'measures has 1 elements, the policy has 2 measures'),
    ($$NULL, NULL, '{}'::int[], NULL, NULL, '2024-01-01'$$, 'measures has 0 elements, the policy has 2 measures'),
    ($$NULL, NULL, ARRAY[[1, 2]], NULL, NULL, '2024-01-01'$$, 'measures must be a one-dimensional array'),
    ($$NULL, NULL, ARRAY['1', '2'], NULL, NULL, '2024-01-01'$$, 'measures must be an array of numbers, not of text'),
    ($$NULL, NULL, ARRAY[1, 2], '{x,y,z}', NULL, '2024-01-01'$$, 'measures has 2 elements, names has 3'),
    ($$NULL, NULL, ARRAY[1, 2], '{x,NULL}', NULL, '2024-01-01'$$, 'names must not contain null'),
    ($$NULL, NULL, ARRAY[1, 2], '{x,z}', NULL, '2024-01-01'$$, 'names does not have the measure "y"'),
    ($$NULL, NULL, ARRAY[1, 2, 3], '{x,y,x}', NULL, '2024-01-01'$$, 'names has "x" twice'),
    ($$NULL, NULL, ARRAY[1, 2, 3, 4], '{x,y,z,z}', NULL, '2024-01-01'$$, 'names has "z" twice'),
    ($$NULL, NULL, ARRAY[1, 2, 3, 4], '{{x,y},{z,u}}', NULL, '2024-01-01'$$, 'names must be a one-dimensional array')) v(call, message);
SELECT is(pg_temp.error($$NULL, NULL, '{"x": 1e400, "y": 1}'::jsonb, NULL, '2024-01-01'$$) ~ '^22003 ', true, 'a measure beyond float8');

SELECT is(pg_temp.error(format('NULL, NULL, NULL::jsonb, %L, ''2024-01-01''', overrides)), '22023 ' || message, overrides) FROM (VALUES
    ('{}', 'overrides must be an array of objects'), ('null', 'overrides must be an array of objects'), ('"pin"', 'overrides must be an array of objects'),
    ('["pin"]', 'override 1: it must be an object'), ('[[]]', 'override 1: it must be an object'),
    ('[{}]', 'override 1: "kind" must be "pin", "floor" or "exclude"'), ('[{"kind": "cap", "tier": "s"}]', 'override 1: "kind" must be "pin", "floor" or "exclude"'),
    ('[{"kind": 1}]', 'override 1: "kind" must be a string'), ('[{"kind": "exclude"}, {"kind": "exclude", "by": "me"}]', 'override 2: key "by" is not known'),
    ('[{"kind": "pin"}]', 'override 1: a pin needs a tier'), ('[{"kind": "floor", "tier": null}]', 'override 1: a floor needs a tier'),
    ('[{"kind": "floor", "tier": "x"}]', 'override 1: the policy has no tier "x"'), ('[{"kind": "exclude", "tier": "s"}]', 'override 1: an exclusion has no tier'),
    ('[{"kind": "exclude", "from": "2024-02-30"}]', 'override 1: "from" must be a date such as "2024-01-31", not "2024-02-30"'),
    ('[{"kind": "exclude", "until": "infinity"}]', 'override 1: "until" must be a date such as "2024-01-31", not "infinity"'),
    ('[{"kind": "exclude", "until": 20240101}]', 'override 1: "until" must be a string'),
    ('[{"kind": "exclude", "from": "2024-01-01", "until": "2024-01-01"}]', 'override 1: "from" must be before "until"'),
    ('[{"kind": "exclude", "from": "2024-01-02", "until": "2024-01-01"}]', 'override 1: "from" must be before "until"'),
    ('[{"kind": "exclude", "reason": 5}]', 'override 1: "reason" must be a string'),
    ('[{"kind": "pin", "tier": "s"}, {"kind": "pin", "tier": "g"}]', 'overlapping overrides: 1 pins to "s", 2 to "g"'),
    ('[{"kind": "pin", "tier": "s", "until": "2030-01-02"}, {"kind": "floor", "tier": "s"}, {"kind": "pin", "tier": "g", "from": "2030-01-01"}]', 'overlapping overrides: 1 pins to "s", 3 to "g"')) v(overrides, message);
SELECT is(pg_temp.error($$NULL, NULL, NULL::jsonb, (SELECT jsonb_agg('{"kind": "exclude"}'::jsonb) FROM generate_series(1, 1001)), '2024-01-01'$$),
    '54000 more than 1000 overrides for one customer', 'too many overrides');
SELECT is(pg_temp.error($$NULL, NULL, NULL::jsonb, '[{"kind": "pin", "tier": "s", "until": "2030-01-01"}, {"kind": "pin", "tier": "g", "from": "2030-01-01"}]', '2024-01-01'$$), 'none', 'pins that follow each other');
SELECT is(pg_temp.error($$'s', '294276-12-01', ARRAY[99, 0], NULL, NULL, '294276-12-31'$$), 'none', 'late');

-- A parallel plan gives what a serial one gives.
CREATE TABLE customers AS SELECT i AS id, (i * 7919 % 5000) / 100.0 AS x, i % 3 AS y, (ARRAY['b', 's', 'g', 'p'])[1 + i % 4] AS tier, date '2024-12-31' - i * 31 % 900 AS since FROM generate_series(1, 20000) i;
ANALYZE customers;
CREATE TABLE serial_result AS SELECT id, next_tier(pg_temp.policy('"stay": "6 months", "grace": "1 month", "validity": "1 year"'), tier, since, ARRAY[x, y], NULL, NULL, '2024-12-31')::text AS n FROM customers;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
CREATE TABLE parallel_result AS SELECT id, next_tier(p, tier, since, ARRAY[x, y], NULL, NULL, '2024-12-31')::text AS n
FROM customers, LATERAL (SELECT '{"tiers": [{"tier": "b"}, {"tier": "s", "enter": "x >= 10", "keep": "x >= 8"}, {"tier": "g", "enter": "x >= 20", "keep": "x >= 16"}, {"tier": "p", "enter": "x >= 40 and y >= 1", "keep": "x >= 30"}], "stay": "6 months", "grace": "1 month", "validity": "1 year"}'::tier_policy AS p) p;
SELECT is_empty('SELECT id FROM serial_result s JOIN parallel_result p USING (id) WHERE s.n <> p.n', 'parallel and serial');

SELECT * FROM finish();
ROLLBACK;
