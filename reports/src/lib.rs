#![doc = include_str!("../README.md")]

pub mod chart;
pub mod cli;
pub mod document;
pub mod http;
mod mail;
mod paperwork;
pub mod sample;
