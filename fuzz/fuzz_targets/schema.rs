//! A JSON Schema of a user, in all dialects, and a text that is read and checked against it: a value that
//! passes is read again as itself.
#![no_main]

use extract_core::contract::Contract;
use extract_core::contract::dialect::Dialect;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    // The schema, and behind a zero byte the text of an answer.
    let at = data.iter().position(|byte| *byte == 0).unwrap_or(data.len());
    let (schema, answer) = data.split_at(at);
    let Ok(schema) = serde_json::from_slice::<Value>(schema) else { return };
    let Ok(contract) = Contract::from_schema(schema) else { return };
    let answer = String::from_utf8_lossy(answer.get(1..).unwrap_or_default());
    let reply = serde_json::from_str::<Value>(&answer).unwrap_or_default();
    // A few of the dialects, as the size says: all of them take too long.
    for dialect in Dialect::ALL.iter().cycle().skip(data.len() % Dialect::ALL.len()).take(4) {
        for strict in [false, true] {
            let Ok(form) = contract.lowered(dialect, strict) else { continue };
            let most = 10 * contract.sent_schema().to_string().len() + (8 << 10) + 4096;
            assert!(form.lowered.schema.to_string().len() <= most);
            let _ = contract.shape(Some(&form));
            let sent = form.lowered.lower_value(reply.clone());
            let _ = form.lowered.restore(sent);
            let _ = form.lowered.restore(reply.clone());
        }
        let _ = contract.tool(dialect);
        let _ = contract.report(dialect).to_string();
    }
    let _ = (contract.prompt_schema(), contract.json_schema_text(), contract.variants());
    let Ok(parsed) = contract.parse::<Value>(&answer) else { return };
    let written = parsed.value.to_string();
    match contract.parse::<Value>(&written) {
        Ok(again) => assert_eq!(again.value, parsed.value),
        Err(error) => panic!("{written} was a value, and then: {error}"),
    }
});
