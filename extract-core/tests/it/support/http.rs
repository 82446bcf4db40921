//! The requests and responses of the server with batch services.

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

/// Returns the file in a form.
pub(super) fn content_of_form(head: &str, body: &[u8]) -> Vec<u8> {
    let boundary = head.split_once("boundary=").unwrap().1.split("\r\n").next().unwrap();
    let text = String::from_utf8(body.to_vec()).unwrap();
    let parts: Vec<&str> = text.split(&format!("--{boundary}")).collect();
    assert_eq!((parts[0], parts[3]), ("", "--\r\n"), "{text}");
    assert!(parts[1].contains("name=\"purpose\"\r\n\r\nbatch\r\n"), "{text}");
    assert!(parts[2].contains("filename=\""), "{text}");
    let (_, content) = parts[2].split_once("\r\n\r\n").unwrap();
    content.strip_suffix("\r\n").unwrap().as_bytes().to_vec()
}

pub(super) fn response(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let mut bytes = format!(
        "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n"
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// Reads a request: its first line as method and path, its head, its body.
pub(super) async fn read(socket: &mut TcpStream) -> Option<(String, String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut piece = vec![0; 65536];
    loop {
        if let Some(end) = bytes.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().unwrap())
            });
            let whole = end + 4 + length.unwrap_or(0);
            if bytes.len() >= whole {
                let mut first = head.lines().next()?.split(' ');
                let line = format!("{} {}", first.next()?, first.next()?);
                return Some((line, head, bytes[end + 4..whole].to_vec()));
            }
        }
        match socket.read(&mut piece).await {
            Ok(read) if read > 0 => bytes.extend_from_slice(&piece[..read]),
            _ => return None,
        }
    }
}
