//! The one seam: a request in, a reply or a stream of deltas out.
