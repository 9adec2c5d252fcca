-- share_pct(part, whole): a share in percent, rounded to one decimal, a half up; 0.0
-- and 100.0 are exact, never rounded to; null where there is no whole. Both are counts,
-- and the arithmetic is that of integers: a float would round some halves down.
create or replace macro share_pct(part, whole) as (
    case
        when whole > 0 and part > 0 and part < whole
            then greatest(
                1,
                least(999, (2000::hugeint * part + whole) // (2::hugeint * whole))
            )
        when whole > 0 then 1000::hugeint * part // whole
    end / 10
)
