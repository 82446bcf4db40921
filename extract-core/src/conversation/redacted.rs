//! Removes secrets from URLs in errors and debug output: user and password, query and fragment. It works
//! on text instead of a parsed URL, because URLs in errors often do not parse.

/// Returns the URL with `…` in place of each possible secret.
///
/// It rather removes too much than too little. A password may contain any character; with a `/` in it, it
/// looks like a port and a path.
pub(crate) fn redacted_url(url: &str) -> String {
    let url = url.trim();
    if let Some((kind, _)) = url.split_once(',').filter(|(kind, _)| kind.starts_with("data:")) {
        return format!("{kind},…");
    }
    let (scheme, rest) = url.split_at(scheme_length(url));
    let (place, asked) = rest.split_at(rest.find(['?', '#']).unwrap_or(rest.len()));
    if asked.contains('@') {
        // The `@` may belong to a query, or to a password that contains `?`: this cannot be decided.
        return format!("{scheme}…");
    }
    let (user, place) = match place.rsplit_once('@') {
        Some((_, place)) => ("…@", place),
        None => ("", place),
    };
    let asked = match asked.chars().next() {
        Some(mark) => format!("{mark}…"),
        None => String::new(),
    };
    format!("{scheme}{user}{place}{asked}")
}

/// Returns the length of `https://` or another scheme at the start of a URL; 0 if there is none.
fn scheme_length(url: &str) -> usize {
    let is_scheme = |name: &&str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    };
    let scheme = url.split_once("://").map(|(name, _)| name).filter(is_scheme);
    scheme.map_or(0, |name| name.len() + "://".len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_secret_is_left_out_and_the_rest_is_not() {
        for (url, expected) in [
            ("https://host/v1", "https://host/v1"),
            (" http://[::1]:8080/v1/ ", "http://[::1]:8080/v1/"),
            ("host:8000/v1", "host:8000/v1"),
            ("", ""),
            ("https://user:secret@host/v1", "https://…@host/v1"),
            ("https://secret@host:99999/v1", "https://…@host:99999/v1"),
            ("user:secret@host/v1", "…@host/v1"),
            ("//user:secret@host", "…@host"),
            ("https:/user:secret@host", "…@host"),
            (r"https:\\user:secret@host", "…@host"),
            ("user:secret://x@host", "…@host"),
            ("https://user:1/secret@host", "https://…@host"),
            ("https://user:se@cret@host", "https://…@host"),
            ("https://user:1?secret@host", "https://…"),
            ("https://user:1#secret@host/v1", "https://…"),
            ("https://host/v1?key=secret", "https://host/v1?…"),
            ("https://host/v1?user=me@secret", "https://…"),
            ("https://host/v1#secret", "https://host/v1#…"),
            ("host?key=secret#secret", "host?…"),
            ("data:image/png;base64,secret", "data:image/png;base64,…"),
        ] {
            assert_eq!(redacted_url(url), expected, "{url}");
            assert!(
                !redacted_url(url).contains("secret") && !redacted_url(url).contains("cret"),
                "{url}"
            );
        }
    }
}
