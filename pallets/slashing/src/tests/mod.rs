//! Tests by subject.

mod appeal;
mod apply;
mod attacks;
mod offences;
mod params;
mod random;
mod records;
mod report;
mod views;
