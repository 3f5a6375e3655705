//! MAC tokens with purpose, date and key rotation: VERP return paths and links that cannot be forged.
