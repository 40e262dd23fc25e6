//! The client side of registries: challenge, token, verify a pull, pull with digest checks.
