//! Image references, credentials, and the rule that says which credential answers for which image.
