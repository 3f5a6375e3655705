//! Who must not be mailed, why, in which scope and for how long.
