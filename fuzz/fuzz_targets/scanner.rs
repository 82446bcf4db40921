//! The scanner alone, on any bytes: fed byte by byte it emits the same events as at once, and every
//! container that it opens is closed.
#![no_main]

use extract_core::reading::{Container, TokenRole, Scanner, Sink, Token};
use libfuzzer_sys::fuzz_target;

#[derive(Default, PartialEq, Debug)]
struct Log {
    events: Vec<(u8, usize, String)>,
    depth: isize,
}

impl Sink for Log {
    fn open(&mut self, container: Container, at: usize) {
        self.depth += 1;
        self.events.push((u8::from(container == Container::Object), at, String::new()));
    }
    fn close(&mut self, at: usize, whole: bool) {
        self.depth -= 1;
        assert!(self.depth >= 0);
        self.events.push((2 + u8::from(whole), at, String::new()));
    }
    fn string_begin(&mut self, role: TokenRole, at: usize) {
        self.events.push((4 + u8::from(role == TokenRole::Key), at, String::new()));
    }
    fn text(&mut self, text: &str) {
        self.events.last_mut().expect("a string is open").2.push_str(text);
    }
    fn retract(&mut self, bytes: usize) {
        let text = &mut self.events.last_mut().expect("a string is open").2;
        text.truncate(text.len() - bytes);
    }
    fn string_end(&mut self, at: usize, whole: bool) {
        self.events.push((6 + u8::from(whole), at, String::new()));
    }
    fn string_became_key(&mut self) {
        self.depth += 1;
        self.events.push((8, 0, String::new()));
    }
    fn scalar(&mut self, token: Token, text: &str, span: (usize, usize), whole: bool) {
        self.events.push((9 + u8::from(whole), span.0, format!("{token:?}{text}")));
    }
}

fuzz_target!(|data: &[u8]| {
    let mut at_once = Scanner::new(Log::default());
    at_once.feed(data);
    let at_once = at_once.finish();
    let mut bytewise = Scanner::new(Log::default());
    for byte in data {
        bytewise.feed(std::slice::from_ref(byte));
    }
    let bytewise = bytewise.finish();
    assert_eq!(at_once, bytewise);
    if let Ok((log, _)) = at_once {
        assert_eq!(log.depth, 0);
    }
});
