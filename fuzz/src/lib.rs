//! What several targets share: inputs that are cut into pieces, and frames of Amazon's event stream.

/// Cuts bytes into pieces of 1 to 64 bytes, as the seed says. The seed 0 makes pieces of one byte.
pub fn pieces(mut bytes: &[u8], seed: u8) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    let mut state = u32::from(seed);
    while !bytes.is_empty() {
        state = state.wrapping_mul(1_664_525).wrapping_add(if seed == 0 { 0 } else { 1_013_904_223 });
        let length = (state >> 24) as usize % 64 + 1;
        let (piece, rest) = bytes.split_at(length.min(bytes.len()));
        pieces.push(piece);
        bytes = rest;
    }
    pieces
}

/// Writes a message of Amazon's event stream with right lengths and checksums.
pub fn amazon_message(headers: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut message = Vec::new();
    let total = u32::try_from(16 + headers.len() + payload.len()).expect("inputs are short");
    message.extend(total.to_be_bytes());
    message.extend(u32::try_from(headers.len()).expect("inputs are short").to_be_bytes());
    message.extend(crc32fast::hash(&message).to_be_bytes());
    message.extend(headers);
    message.extend(payload);
    message.extend(crc32fast::hash(&message).to_be_bytes());
    message
}

/// Writes a header of Amazon's event stream whose value is a text.
pub fn amazon_header(name: &[u8], value: &[u8]) -> Vec<u8> {
    let (name, value) = (&name[..name.len().min(255)], &value[..value.len().min(usize::from(u16::MAX))]);
    let mut header = vec![u8::try_from(name.len()).expect("cut above")];
    header.extend(name);
    header.push(7);
    header.extend(u16::try_from(value.len()).expect("cut above").to_be_bytes());
    header.extend(value);
    header
}
