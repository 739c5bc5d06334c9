//! Every form, read into blocks.
