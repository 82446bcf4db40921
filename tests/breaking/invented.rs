//! Types that are invented.
