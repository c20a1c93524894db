//! `loadforge.yml`: model, loading, precedence.
