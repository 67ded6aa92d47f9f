//! From a cleared table to its reader: the command line, the pictures, the pages.

pub mod chart;
pub mod cli;
pub mod config;
pub mod document;
pub mod http;
pub mod sample;
