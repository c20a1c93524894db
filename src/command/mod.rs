//! One file a subcommand, each a few lines of story over the parts below.
