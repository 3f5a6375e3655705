//! What the fuzz targets share: the oracles.

/// What no value of the vocabulary may hold, whatever it was made from: line ends and NUL.
///
/// # Panics
///
/// Panics where `text` holds one.
pub fn assert_one_line(text: &str) {
    assert!(!text.contains(['\r', '\n', '\0']), "a line end or NUL in {text:?}");
}
