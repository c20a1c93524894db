//! The gate language: grammar, parser, evaluation.
