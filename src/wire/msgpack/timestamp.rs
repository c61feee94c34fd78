//! The timestamp extension of msgpack as the string that `Date.prototype.toJSON` makes of it.

use super::number::safe_integer;

/// The number of the extension.
pub const EXTENSION: i8 = -1;

const TWO_POW_32: f64 = 4_294_967_296.0;
/// The furthest that a `Date` reaches from 1970, in milliseconds.
const MAX_TIME: f64 = 8.64e15;
const MILLISECONDS_PER_DAY: i64 = 86_400_000;

/// The milliseconds since 1970 in a timestamp of 4, 8 or 12 bytes; none for another length.
///
/// With fractions and beyond what a `Date` holds: it calculates with the doubles of `@msgpack/msgpack`.
pub fn milliseconds(data: &[u8]) -> Option<f64> {
    let word = |at: usize| -> Option<[u8; 4]> { data.get(at..at + 4)?.try_into().ok() };
    let unsigned = |at: usize| word(at).map(u32::from_be_bytes);
    let (seconds, nanoseconds) = match data.len() {
        4 => (f64::from(unsigned(0)?), 0),
        8 => {
            // 30 bits of nanoseconds, then 34 bits of seconds.
            let first = unsigned(0)?;
            (
                f64::from(first & 3) * TWO_POW_32 + f64::from(unsigned(4)?),
                first >> 2,
            )
        }
        12 => {
            let high = i32::from_be_bytes(word(4)?);
            (
                f64::from(high) * TWO_POW_32 + f64::from(unsigned(8)?),
                unsigned(0)?,
            )
        }
        _ => return None,
    };
    Some(seconds * 1e3 + f64::from(nanoseconds) / 1e6)
}

/// `new Date(milliseconds).toJSON()`; none where that is `null`.
pub fn to_json(milliseconds: f64) -> Option<String> {
    let time = safe_integer(milliseconds.trunc()).filter(|_| milliseconds.trunc().abs() <= MAX_TIME)?;
    let (year, month, day) = civil_date(time.div_euclid(MILLISECONDS_PER_DAY));
    let in_day = time.rem_euclid(MILLISECONDS_PER_DAY);
    let (hour, minute) = (in_day / 3_600_000, in_day / 60_000 % 60);
    let (second, millisecond) = (in_day / 1000 % 60, in_day % 1000);
    // Years of other than four digits have a sign and six digits.
    let year = if (0..=9999).contains(&year) {
        format!("{year:04}")
    } else {
        format!("{year:+07}")
    };
    Some(format!(
        "{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z"
    ))
}

/// Year, month and day (both from 1) of a day counted from 1970-01-01, in the Gregorian calendar.
///
/// It counts in years that begin with March, so that the leap day is the last one, and in eras of 400 years.
fn civil_date(day: i64) -> (i64, i64, i64) {
    const DAYS_PER_ERA: i64 = 146_097;
    const DAYS_FROM_ERA_START_TO_1970: i64 = 719_468;
    let day = day + DAYS_FROM_ERA_START_TO_1970;
    let era = day.div_euclid(DAYS_PER_ERA);
    let day_of_era = day.rem_euclid(DAYS_PER_ERA);
    // The leap days before: one in 4 years, but for one in 100, and yet for one in 400.
    let leap_days = day_of_era / 1460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // The months from March on repeat a pattern of 153 days in five months.
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day_of_month)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_dates_as_javascript_does() {
        for (milliseconds, text) in [
            (0.0, "1970-01-01T00:00:00.000Z"),
            (-1.0, "1969-12-31T23:59:59.999Z"),
            (-0.5, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000.0, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_999.75, "2024-02-29T23:59:59.999Z"),
            (4_107_542_400_000.0, "2100-03-01T00:00:00.000Z"),
            (253_402_300_800_000.0, "+010000-01-01T00:00:00.000Z"),
            (-62_167_219_200_001.0, "-000001-12-31T23:59:59.999Z"),
            (8.64e15, "+275760-09-13T00:00:00.000Z"),
            (-8.64e15, "-271821-04-20T00:00:00.000Z"),
        ] {
            assert_eq!(to_json(milliseconds).as_deref(), Some(text));
        }
        for milliseconds in [8.64e15 + 1.0, -8.64e15 - 1.0, 1e300, f64::NAN, f64::INFINITY] {
            assert_eq!(to_json(milliseconds), None);
        }
    }

    #[test]
    fn reads_all_three_lengths() {
        assert_eq!(milliseconds(&[0xff; 4]), Some(4_294_967_295_000.0));
        // 1 nanosecond is the lowest of the 30 bits above the 34 of the seconds.
        assert_eq!(milliseconds(&[0, 0, 0, 4, 0, 0, 0, 2]), Some(2_000.000_001));
        assert_eq!(
            milliseconds(&[0, 0, 0, 3, 0, 0, 0, 0]),
            Some(3.0 * TWO_POW_32 * 1000.0)
        );
        let minus_one = [
            0x3b, 0x8b, 0x87, 0xc0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        ];
        assert_eq!(milliseconds(&minus_one), Some(-1.0));
        for length in [0, 1, 3, 5, 7, 9, 11, 13] {
            assert_eq!(milliseconds(&vec![0; length]), None);
        }
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut previous = civil_date(-1_000_000);
        for day in -999_999..1_000_000 {
            let date = civil_date(day);
            let (year, month, day_of_month) = previous;
            let expected = [
                (year, month, day_of_month + 1),
                (year, month + 1, 1),
                (year + 1, 1, 1),
            ];
            assert!(expected.contains(&date), "{previous:?} {date:?}");
            previous = date;
        }
        assert_eq!(previous, (4707, 11, 28));
    }
}
