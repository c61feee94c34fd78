//! Errors as JavaScript gets them: each with a code of this package.

/// The status of napi is what JavaScript sees as `code`.
pub type Failure = napi::Error<&'static str>;

/// The result of an exported function.
pub type Result<T> = std::result::Result<T, Failure>;

/// An error of the engine.
pub fn failure(error: &crate::error::Error) -> Failure {
    Failure::new(error.code(), error.to_string())
}

/// Something that does not happen, short of a bug in this package or a lack of memory.
pub fn internal(error: impl std::fmt::Display) -> Failure {
    Failure::new("ERR_INTERNAL", error.to_string())
}
