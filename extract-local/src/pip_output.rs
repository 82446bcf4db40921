//! Reads the cause of a failure from pip's output.

/// Messages of urllib3, pip's HTTP client, without an answer from the network.
const NETWORK: [&str; 12] = [
    "NewConnectionError",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "ProxyError",
    "SSLError",
    "Max retries exceeded",
    "Connection broken",
    "ConnectionResetError",
    "name resolution",
    "Network is unreachable",
    "Could not fetch URL",
    "HTTP error",
];

/// The maximum number of characters of a cause.
const LONGEST_CAUSE: usize = 200;

/// Returns the last network failure in pip's output as one line. Returns `None` if there is none.
pub(crate) fn network_cause(output: &str) -> Option<String> {
    let line = output.lines().rfind(|line| NETWORK.iter().any(|word| line.contains(word)))?;
    let cause = innermost(line).unwrap_or(line);
    let cause = cause.trim_start_matches("ERROR:").trim_start_matches("WARNING:").trim();
    let printable =
        cause.chars().filter(|c| !c.is_control()).take(LONGEST_CAUSE).collect::<String>();
    Some(printable.trim_end_matches(['.', ' ']).to_owned())
}

/// Returns the last error in pip's output as one line; empty if there is none.
pub(crate) fn last_error(output: &str) -> String {
    let line = output.lines().rev().find_map(|line| line.trim().strip_prefix("ERROR:"));
    let printable = line.unwrap_or_default().trim().chars().filter(|c| !c.is_control());
    printable.take(LONGEST_CAUSE).collect()
}

/// Returns the message of the innermost Python exception in a line such as
/// `ProxyError('…', NewConnectionError('<connection>: message'))`, without the connection. Returns `None`
/// if the line has no exception with a message.
fn innermost(line: &str) -> Option<&str> {
    let (_, arguments) = line.rsplit_once("Error(")?;
    let start = arguments.find(['\'', '"'])?;
    let (quote, text) = arguments[start..].split_at(1);
    let text = &text[..text.find(&format!("{quote})")).or_else(|| text.find(quote))?];
    let message = match text.split_once(">: ").or_else(|| text.split_once("): ")) {
        Some((connection, message)) if connection.contains("Connection") => message,
        _ => text,
    };
    (!message.is_empty()).then_some(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_cause_is_one_line_without_the_connection() {
        let refused = "Failed to establish a new connection: [Errno 111] Connection refused";
        for (line, cause) in [
            (
                "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError('<pip._vendor.urllib3.connection.HTTPConnection object at 0x7f7d>: Failed to establish a new connection: [Errno 111] Connection refused')': /simple/xllamacpp/",
                refused,
            ),
            (
                "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError(\"HTTPConnection(host='127.0.0.1', port=9): Failed to establish a new connection: [Errno 111] Connection refused\")': /simple/xllamacpp/",
                refused,
            ),
            (
                "WARNING: Retrying (Retry(total=0)) after connection broken by 'ProxyError('Cannot connect to proxy.', NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection object at 0x7f7d>: Failed to establish a new connection: [Errno 111] Connection refused'))': /simple/xllamacpp/",
                refused,
            ),
            (
                "WARNING: Retrying (Retry(total=0)) after connection broken by 'SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate (_ssl.c:1000)'))': /simple/xllamacpp/",
                "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate (_ssl.c:1000)",
            ),
            (
                "WARNING: Retrying (Retry(total=0)) after connection broken by 'ConnectTimeoutError(<pip._vendor.urllib3.connection.HTTPSConnection object at 0x7f7d>, 'Connection to index.example timed out. (connect timeout=15)')': /simple/xllamacpp/",
                "Connection to index.example timed out. (connect timeout=15)",
            ),
            (
                "WARNING: Retrying (Retry(total=0)) after connection broken by 'NameResolutionError(\"<pip._vendor.urllib3.connection.HTTPSConnection object at 0x7f7d>: Failed to resolve 'index.example' ([Errno -3] Temporary failure in name resolution)\")': /simple/xllamacpp/",
                "Failed to resolve 'index.example' ([Errno -3] Temporary failure in name resolution)",
            ),
            (
                "ERROR: HTTP error 403 while getting https://host/simple/xllamacpp.whl",
                "HTTP error 403 while getting https://host/simple/xllamacpp.whl",
            ),
        ] {
            let output = format!(
                "WARNING: 'SSLError('an earlier one')'\n{line}\nERROR: No matching distribution found"
            );
            assert_eq!(network_cause(&output).as_deref(), Some(cause), "{line}");
        }
        let output =
            "Looking in links\nERROR: No version\nERROR: No matching distribution found for x\n";
        assert_eq!(network_cause(output), None);
        assert_eq!(last_error(output), "No matching distribution found for x");
    }
}
