//! Numbers as JavaScript has them.

use std::fmt::Write;

/// `Number.MAX_SAFE_INTEGER`
const MAX_SAFE_INTEGER: i64 = 9_007_199_254_740_991;

/// A number of a JSON text as `@msgpack/msgpack` sees it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Number {
    /// An integer that a double can tell from its neighbours.
    Integer(i64),
    /// Everything else.
    Float(f64),
}

impl Number {
    /// Reads a number that the JSON grammar allows.
    pub fn parse(text: &str) -> Self {
        if let Some(integer) = text.parse().ok().filter(|&integer| is_safe(integer)) {
            return Self::Integer(integer);
        }
        // The grammar of JSON numbers is a part of the one of this parser: it cannot fail.
        let float = text.parse().unwrap_or(f64::NAN);
        safe_integer(float).map_or(Self::Float(float), Self::Integer)
    }
}

fn is_safe(integer: i64) -> bool {
    (-MAX_SAFE_INTEGER..=MAX_SAFE_INTEGER).contains(&integer)
}

/// The integer that `float` is, when `Number.isSafeInteger` holds for it.
pub fn safe_integer(float: f64) -> Option<i64> {
    const LIMIT: f64 = 9_007_199_254_740_991.0;
    if float.fract() != 0.0 || !(-LIMIT..=LIMIT).contains(&float) {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a whole number well within the range"
    )]
    Some(float as i64)
}

/// Appends a finite number as JavaScript writes it, but for the sign of -0, which is kept.
pub fn push_float(out: &mut String, float: f64) {
    let size = float.abs();
    // Writing to a String cannot fail.
    let _ = if size >= 1e21 {
        write!(out, "{}", format!("{float:e}").replace('e', "e+"))
    } else if size > 0.0 && size < 1e-6 {
        write!(out, "{float:e}")
    } else {
        write!(out, "{float}")
    };
}

/// Appends a number as it becomes the name of a property.
pub fn push_float_key(out: &mut String, float: f64) {
    if float.is_nan() {
        out.push_str("NaN");
    } else if float.is_infinite() {
        out.push_str(if float > 0.0 { "Infinity" } else { "-Infinity" });
    } else {
        // Adding 0 makes 0 of -0.
        push_float(out, float + 0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_integers_however_they_are_written() {
        for (text, integer) in [
            ("0", 0),
            ("-0", 0),
            ("-0.0", 0),
            ("1.0", 1),
            ("1e3", 1000),
            ("1.5E+1", 15),
            ("9007199254740991", MAX_SAFE_INTEGER),
            ("-9007199254740991.0", -MAX_SAFE_INTEGER),
        ] {
            assert_eq!(Number::parse(text), Number::Integer(integer), "{text}");
        }
    }

    #[test]
    fn everything_else_is_a_float() {
        for (text, float) in [
            ("0.5", 0.5),
            ("9007199254740992", 9_007_199_254_740_992.0),
            ("-9007199254740993", -9_007_199_254_740_992.0),
            ("9223372036854775808", 9_223_372_036_854_775_808.0),
            ("1e300", 1e300),
            ("-1e999", f64::NEG_INFINITY),
            ("5e-324", 5e-324),
        ] {
            assert_eq!(Number::parse(text), Number::Float(float), "{text}");
        }
    }

    #[test]
    fn writes_floats_as_javascript_does() {
        for (float, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (0.1, "0.1"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (-1.25e300, "-1.25e+300"),
            (1e-6, "0.000001"),
            (1.5e-7, "1.5e-7"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::from(0.1_f32), "0.10000000149011612"),
        ] {
            let mut out = String::new();
            push_float(&mut out, float);
            assert_eq!(out, text);
        }
    }

    #[test]
    fn writes_keys_as_javascript_does() {
        let key = |float| {
            let mut out = String::new();
            push_float_key(&mut out, float);
            out
        };
        assert_eq!(key(-0.0), "0");
        assert_eq!(key(f64::NAN), "NaN");
        assert_eq!(key(f64::NEG_INFINITY), "-Infinity");
        assert_eq!(key(1e21), "1e+21");
    }
}
