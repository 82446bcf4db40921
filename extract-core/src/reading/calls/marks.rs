//! The table of envelopes: the marks that chat templates put around a tool call in a text.

/// The syntax of a call after its mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CallSyntax {
    /// JSON with a name and arguments. Another mark may follow instead.
    Json,
    /// A name up to one of these separators, then the arguments as JSON.
    Named(&'static [&'static str]),
    /// A name or the word `function`, then [`SEPARATOR`], then the name if it did not come before,
    /// then JSON.
    Separated,
    /// A header that names a recipient, then the arguments as JSON.
    Header,
    /// A name, then pairs of `<arg_key>` and `<arg_value>`; or JSON as in [`CallSyntax::Json`].
    Pairs,
    /// A tag that names the tool, then one tag for each parameter; or JSON.
    Parameters,
    /// `name{key:value}`, with strings between the marks of [`TEXT_MARKS`].
    Braces,
}

/// The separator between the parts of a DeepSeek call.
pub(super) const SEPARATOR: &str = "<｜tool▁sep｜>";

/// The end of a message header in harmony.
pub(super) const MESSAGE: &str = "<|message|>";

/// The prefix that `MiniMax` M3 writes before every tag. Its members are elements with their key as
/// name.
pub(super) const NAMESPACE: &str = "]<]minimax[>[";

/// The mark that begins a call in one model family.
pub(super) struct CallMark {
    /// The mark that opens one or several calls. Marks match without regard to case.
    pub(super) open: &'static str,
    pub(super) form: CallSyntax,
}

/// Creates a row of the table.
const fn row(open: &'static str, form: CallSyntax) -> CallMark {
    CallMark { open, form }
}

/// The marks of envelopes. A longer mark stands before its own prefixes.
pub(super) const ENVELOPES: &[CallMark] = &[
    // Qwen, Hermes, GLM, Ernie
    row("<tool_call>", CallSyntax::Pairs),
    // MiniMax M1, Jamba, Hunyuan
    row("<tool_calls>", CallSyntax::Json),
    row("<function_call>", CallSyntax::Json),
    row("<function_calls>", CallSyntax::Json),
    row("<functioncall>", CallSyntax::Json),
    // Nemotron
    row("<toolcall>", CallSyntax::Json),
    // LongCat
    row("<longcat_tool_call>", CallSyntax::Pairs),
    // Granite, Phi-4
    row("<|tool_call|>", CallSyntax::Json),
    // Llama 3
    row("<|python_tag|>", CallSyntax::Json),
    // Command R, Command A
    row("<|START_ACTION|>", CallSyntax::Json),
    // InternLM
    row("<|action_start|>", CallSyntax::Json),
    row("<|plugin|>", CallSyntax::Json),
    // Liquid
    row("<|tool_call_start|>", CallSyntax::Json),
    // Mistral
    row("[TOOL_CALLS]", CallSyntax::Named(&["[CALL_ID]", "[ARGS]", "{"])),
    // Kimi K2
    row("<|tool_calls_section_begin|>", CallSyntax::Json),
    row("<|tool_call_begin|>", CallSyntax::Named(&["<|tool_call_argument_begin|>"])),
    // Functionary
    row("<|recipient|>", CallSyntax::Named(&["<|content|>"])),
    row("<|from|>assistant\n<|recipient|>", CallSyntax::Named(&["<|content|>"])),
    // DeepSeek V3, R1, V3.1; Step 3
    row("<｜tool▁calls▁begin｜>", CallSyntax::Json),
    row("<｜tool▁call▁begin｜>", CallSyntax::Separated),
    row("<｜tool_calls_begin｜>", CallSyntax::Json),
    row("<｜tool_call_begin｜>", CallSyntax::Json),
    // gpt-oss
    row("<|channel|>commentary", CallSyntax::Header),
    row("<|channel|>analysis to=", CallSyntax::Header),
    row("<|start|>assistant to=", CallSyntax::Header),
    // DeepSeek V3.2, in its DSML markup
    row("<｜DSML｜function_calls>", CallSyntax::Json),
    row("<｜DSML｜tool_calls>", CallSyntax::Json),
    row("<｜DSML｜invoke ", CallSyntax::Parameters),
    // MiniMax M2 and M3, Seed-OSS, Step 3
    row("<minimax:tool_call>", CallSyntax::Json),
    row("<seed:tool_call>", CallSyntax::Json),
    row("<steptml:toolcall>", CallSyntax::Json),
    row("<steptml:invoke ", CallSyntax::Parameters),
    row("<invoke ", CallSyntax::Parameters),
    row("<invoke ", CallSyntax::Parameters),
    // Qwen Coder, Llama 3 with JSON inside
    row("<function=", CallSyntax::Parameters),
    row("<function name=", CallSyntax::Parameters),
    // Gemma
    row("<start_function_call>", CallSyntax::Braces),
    row("<|tool_call>", CallSyntax::Braces),
];

/// The marks that Gemma puts around a string.
pub(super) const TEXT_MARKS: [&str; 2] = ["<escape>", "<|\"|>"];

/// Returns the row of the mark with which a text begins.
pub(super) fn at(rest: &str) -> Option<&'static CallMark> {
    ENVELOPES.iter().find(|row| begins(rest, row.open))
}

/// Returns whether a text begins with a mark.
pub(super) fn begins(rest: &str, mark: &str) -> bool {
    rest.get(..mark.len()).is_some_and(|text| text.eq_ignore_ascii_case(mark))
}

/// Returns whether a text is a proper prefix of a mark, and longer than one byte.
pub(super) fn is_begun(rest: &str) -> bool {
    let begun = |mark: &str| {
        rest.len() < mark.len()
            && mark.get(..rest.len()).is_some_and(|part| part.eq_ignore_ascii_case(rest))
    };
    rest.len() > 1 && (ENVELOPES.iter().any(|row| begun(row.open)) || begun(NAMESPACE))
}
