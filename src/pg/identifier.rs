//! Names in SQL: quoting them, and reading the name of a table as users write it.

use postgres_protocol::escape::escape_identifier;

/// The most bytes of a name; PostgreSQL silently cuts longer ones, and two names may become one.
const MAX_NAME_BYTES: usize = 63;

/// Why a text is not the name of a table.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
pub enum IdentifierError {
    /// Nothing at all, or nothing on one side of a dot.
    #[error("the table name is empty or has an empty part")]
    Empty,
    /// PostgreSQL has no strings that hold this character.
    #[error("the table name contains a NUL character")]
    Nul,
    /// A part that PostgreSQL would cut off.
    #[error("a part of the table name is longer than {MAX_NAME_BYTES} bytes")]
    TooLong,
    /// More than a schema and a name.
    #[error("the table name has more than two parts (schema and name)")]
    TooManyParts,
    /// A quotation mark that opens nothing, or that nothing closes.
    #[error("the table name has a stray or unclosed quotation mark")]
    Quote,
}

/// The name of a table, possibly in a named schema.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TableName {
    /// None: wherever the search path of the connection finds it.
    pub schema: Option<String>,
    /// The name proper, unquoted.
    pub name: String,
}

impl TableName {
    /// Reads `name` or `schema.name`, each part quoted or not, as PostgreSQL would if it stood in a statement: a quoted
    /// part is taken as it is, an unquoted one in lower case.
    ///
    /// More lenient than PostgreSQL, an unquoted part that would need quotes (`my-table`) is taken as it is, too.
    ///
    /// # Errors
    /// The text is empty, has more than two parts, a part over 63 bytes, an odd quotation mark, or a NUL character.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        if text.contains('\0') {
            return Err(IdentifierError::Nul);
        }
        let (first, rest) = part(text)?;
        let Some(rest) = rest else {
            return Ok(Self {
                schema: None,
                name: first,
            });
        };
        match part(rest)? {
            (name, None) => Ok(Self {
                schema: Some(first),
                name,
            }),
            (_, Some(_)) => Err(IdentifierError::TooManyParts),
        }
    }

    /// The name for use in a statement, every part quoted.
    #[must_use]
    pub fn quoted(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{}.{}", escape_identifier(schema), escape_identifier(&self.name)),
            None => escape_identifier(&self.name),
        }
    }
}

/// The first part of `text`, and what follows the dot after it.
fn part(text: &str) -> Result<(String, Option<&str>), IdentifierError> {
    let (name, rest) = match text.trim_start().strip_prefix('"') {
        Some(inside) => quoted_part(inside)?,
        None => unquoted_part(text)?,
    };
    if name.is_empty() {
        return Err(IdentifierError::Empty);
    }
    if name.len() > MAX_NAME_BYTES {
        return Err(IdentifierError::TooLong);
    }
    Ok((name, rest))
}

/// Like [`part`], for the text behind an opening quotation mark.
fn quoted_part(inside: &str) -> Result<(String, Option<&str>), IdentifierError> {
    let mut name = String::new();
    let mut rest = inside;
    loop {
        let (piece, after) = rest.split_once('"').ok_or(IdentifierError::Quote)?;
        name.push_str(piece);
        match after.strip_prefix('"') {
            Some(after) => {
                name.push('"');
                rest = after;
            }
            None => break rest = after.trim(),
        }
    }
    match rest.strip_prefix('.') {
        Some(next) => Ok((name, Some(next))),
        None if rest.is_empty() => Ok((name, None)),
        None => Err(IdentifierError::Quote),
    }
}

fn unquoted_part(text: &str) -> Result<(String, Option<&str>), IdentifierError> {
    let (name, rest) = match text.split_once('.') {
        Some((name, rest)) => (name.trim(), Some(rest)),
        None => (text.trim(), None),
    };
    if name.contains('"') {
        return Err(IdentifierError::Quote);
    }
    // PostgreSQL folds ASCII letters only (others in single-byte encodings, which are none of ours).
    let name = if is_plain(name) {
        name.to_ascii_lowercase()
    } else {
        name.to_owned()
    };
    Ok((name, rest))
}

/// Whether PostgreSQL takes `name` for an identifier without quotes.
fn is_plain(name: &str) -> bool {
    let starts = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_' || !byte.is_ascii();
    let continues = |byte: u8| starts(byte) || byte.is_ascii_digit() || byte == b'$';
    name.bytes().next().is_some_and(starts) && name.bytes().all(continues)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (Option<String>, String) {
        let table = TableName::parse(text).unwrap();
        (table.schema, table.name)
    }

    fn one(name: &str) -> (Option<String>, String) {
        (None, name.to_owned())
    }

    fn two(schema: &str, name: &str) -> (Option<String>, String) {
        (Some(schema.to_owned()), name.to_owned())
    }

    #[test]
    fn quotes() {
        let quoted = |name: &str| {
            let name = name.to_owned();
            TableName { schema: None, name }.quoted()
        };
        assert_eq!(quoted("plain"), "\"plain\"");
        assert_eq!(quoted("a\"b\"\"c"), "\"a\"\"b\"\"\"\"c\"");
        assert_eq!(quoted("x\"; DROP TABLE y; --"), "\"x\"\"; DROP TABLE y; --\"");
    }

    #[test]
    fn folds_unquoted_names_as_postgresql_does() {
        assert_eq!(parts("socket_io_attachments"), one("socket_io_attachments"));
        assert_eq!(parts("Attachments$1"), one("attachments$1"));
        assert_eq!(parts("ÄpfelÄ"), one("ÄpfelÄ"));
        assert_eq!(parts("App.Attachments"), two("app", "attachments"));
        assert_eq!(parts(" app . attachments\n"), two("app", "attachments"));
    }

    #[test]
    fn takes_quoted_names_as_they_are() {
        assert_eq!(parts(r#""Odd ""name"".x""#), one(r#"Odd "name".x"#));
        assert_eq!(parts(r#""My.Schema"."My Table""#), two("My.Schema", "My Table"));
        assert_eq!(parts(r#""S" . t"#), two("S", "t"));
        assert_eq!(parts(r#"S."T""#), two("s", "T"));
        assert_eq!(parts(r#"" ""#), one(" "));
    }

    #[test]
    fn takes_what_would_need_quotes_as_it_is() {
        assert_eq!(parts("My-Table"), one("My-Table"));
        assert_eq!(parts("1st"), one("1st"));
        assert_eq!(parts("My Schema.T"), two("My Schema", "t"));
    }

    #[test]
    fn refuses_what_is_no_name() {
        let error = |text: &str| TableName::parse(text).unwrap_err();
        for text in ["", "  ", ".", "a.", ".a", "\"\"", "\"\".a", "a..b"] {
            assert_eq!(error(text), IdentifierError::Empty, "{text}");
        }
        for text in ["\"", "\"a", "a\"b", "\"a\"b", "a.\"b", "\"a\"\"", "U&\"a\""] {
            assert_eq!(error(text), IdentifierError::Quote, "{text}");
        }
        assert_eq!(error("a\0b"), IdentifierError::Nul);
        assert_eq!(error("a.b.c"), IdentifierError::TooManyParts);
        assert_eq!(error("\"a\".\"b\".\"c\""), IdentifierError::TooManyParts);
        assert_eq!(error(&"x".repeat(64)), IdentifierError::TooLong);
        assert_eq!(parts(&"x".repeat(63)), one(&"x".repeat(63)));
        assert_eq!(error(&format!("{}.x", "ä".repeat(32))), IdentifierError::TooLong);
    }

    #[test]
    fn quoted_form_names_the_same_table() {
        for text in ["a", "A.b", r#""Odd ""name"".x"."y.z""#, "my-table"] {
            let table = TableName::parse(text).unwrap();
            assert_eq!(TableName::parse(&table.quoted()), Ok(table));
        }
        assert_eq!(
            TableName::parse(r#"App."T""x""#).unwrap().quoted(),
            r#""app"."T""x""#
        );
    }
}
