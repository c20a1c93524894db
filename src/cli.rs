//! The command line: one flattened group a concern; parsers return domain types.
