//! The arguments of the command. Knows what can be said, and not what is done with it.

#![allow(clippy::doc_markdown, reason = "the comments are the texts of the help")]

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use extract_llm::Mode;
use extract_llm::conversation::Prices;
use extract_llm::pipeline::FailedRows;

const EXAMPLES: &str = "\
Examples:
  Values for each line of a JSON Lines file, on the embedded model, which needs no key:
    extract-llm run --schema ticket.schema.json < tickets.jsonl > values.jsonl

  A CSV file, a model of a provider, a journal, and at most 5 dollars:
    export OPENAI_API_KEY=…
    extract-llm run --schema s.json --model openai/gpt-6-luna --input in.csv --text-field body \\
        --output out.parquet --journal run.journal --budget 5

  The cost before anything is sent, and with ten rows that are asked:
    extract-llm plan --schema s.json --model openai/gpt-6-luna --input in.csv --ask 10

  The rows that failed, and the same rows asked again:
    extract-llm dead --journal run.journal
    extract-llm retry-dead --schema s.json --model openai/gpt-6-luna --journal run.journal

API keys come from the environment only: OPENAI_API_KEY, ANTHROPIC_API_KEY, GEMINI_API_KEY, ….";

const EXIT_CODES: &str = "\
Exit codes:
    0  every row has a value, or the reader of the output has closed it
    1  the command was wrong, or the run stopped before its end
    2  some rows failed; each of them has an error in the output
    3  with --no-wait: some rows wait at the provider, so give the command again later
  130  the run was stopped with Ctrl-C or SIGTERM; rows in flight have ended

After Ctrl-C no row is started, and those in flight end. A second Ctrl-C ends the command at once.";

const EVAL_EXIT_CODES: &str = "\
Exit codes:
    0  every threshold is reached
    1  the command was wrong, or the run stopped before its end
    2  a threshold is not reached, or with --no-worse the F1 of all fields is lower than before
  130  the run was stopped with Ctrl-C; the journal has the rows that ended";

/// Checked values from files of texts, with language models.
///
/// Each row of the input becomes one row of the output: a value that fits the JSON Schema, or an error.
#[derive(Debug, Parser)]
#[command(name = "extract-llm", version, after_help = EXAMPLES, after_long_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Asks for a value for each row of the input.
    #[command(after_help = EXIT_CODES)]
    Run(Box<RunArgs>),
    /// Estimates the tokens, the cost and the time of a run. Sends nothing, unless --ask is given.
    Plan(Box<PlanArgs>),
    /// Asks again for the rows that failed, and for no others.
    ///
    /// Without --input, the texts come from the journal.
    #[command(after_help = EXIT_CODES)]
    RetryDead(Box<RetryArgs>),
    /// Prints the rows of a journal that failed, with their texts and the replies, as JSON Lines.
    Dead(DeadArgs),
    /// Asks for the golden rows and compares the values with the expected ones, field by field.
    ///
    /// A golden row is a line of JSON with `input`, `expected` and, if it has one, `id`.
    #[command(after_help = EVAL_EXIT_CODES)]
    Eval(Box<EvalArgs>),
    /// Shows what becomes of a schema: the changes for each provider, and the columns of CSV and Parquet.
    Schema(SchemaArgs),
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) ask: AskArgs,
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) journal: JournalArgs,
    #[command(flatten)]
    pub(crate) flow: FlowArgs,
    #[command(flatten)]
    pub(crate) batches: BatchArgs,
    /// Rows that failed in an earlier run: keep their errors, ask them again, or ask them and no others.
    /// Rows that failed for a passing reason are always asked again. Needs --journal.
    #[arg(long, value_name = "WHICH", value_enum, requires = "journal", help_heading = "Journal")]
    pub(crate) failed: Option<Failed>,
}

#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) ask: AskArgs,
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) journal: JournalArgs,
    /// Asks the first N rows, for an estimate by what they use. With --journal, a later run has their values.
    #[arg(long = "ask", value_name = "N", help_heading = "Plan")]
    pub(crate) asked: Option<usize>,
    /// The number of rows that are looked at.
    #[arg(long, value_name = "N", default_value_t = 100, help_heading = "Plan")]
    pub(crate) sample: usize,
    /// Prints the plan as JSON.
    #[arg(long, help_heading = "Plan")]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RetryArgs {
    #[command(flatten)]
    pub(crate) ask: AskArgs,
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) journal: JournalArgs,
    #[command(flatten)]
    pub(crate) flow: FlowArgs,
}

#[derive(Debug, Args)]
pub(crate) struct EvalArgs {
    #[command(flatten)]
    pub(crate) ask: AskArgs,
    /// The golden rows, as JSON Lines.
    #[arg(long, value_name = "FILE", help_heading = "Evaluation")]
    pub(crate) golden: PathBuf,
    #[command(flatten)]
    pub(crate) journal: JournalArgs,
    #[command(flatten)]
    pub(crate) compare: CompareArgs,
    /// Sends nothing: the journal must have every row.
    #[arg(long, requires = "journal", help_heading = "Evaluation")]
    pub(crate) offline: bool,
    /// The least F1 of all fields together, from 0 to 1.
    #[arg(long, value_name = "F1", value_parser = share, help_heading = "Evaluation")]
    pub(crate) min_f1: Option<f64>,
    /// The least F1 of a field, as /total=0.99. Can be given several times.
    #[arg(long, value_name = "POINTER=F1", value_parser = field_share, help_heading = "Evaluation")]
    pub(crate) field_min: Vec<(String, f64)>,
    /// An HTML file that shows the evaluation.
    #[arg(long, value_name = "FILE", help_heading = "Evaluation")]
    pub(crate) report: Option<PathBuf>,
    /// The JSON of an earlier evaluation. The differences are printed.
    #[arg(long, value_name = "FILE", help_heading = "Evaluation")]
    pub(crate) baseline: Option<PathBuf>,
    /// Ends with exit code 2 if the F1 of all fields is lower than that of the baseline.
    #[arg(long, requires = "baseline", help_heading = "Evaluation")]
    pub(crate) no_worse: bool,
    /// Prints the evaluation as JSON, for a later --baseline.
    #[arg(long, help_heading = "Evaluation")]
    pub(crate) json: bool,
}

/// When a value equals the expected one. Pointers have `*` for indexes: /items/*/price.
#[derive(Debug, Args)]
#[command(next_help_heading = "Comparison")]
pub(crate) struct CompareArgs {
    /// The most by which the numbers of a field may differ, as /total=0.01.
    #[arg(long, value_name = "POINTER=NUMBER", value_parser = field_number)]
    pub(crate) tolerance: Vec<(String, f64)>,
    /// The same as a share of the expected number, as /total=0.001.
    #[arg(long, value_name = "POINTER=SHARE", value_parser = field_number)]
    pub(crate) relative_tolerance: Vec<(String, f64)>,
    /// The member by which the elements of a list are paired, as /items=sku.
    #[arg(long, value_name = "LIST=MEMBER", value_parser = list_key)]
    pub(crate) key: Vec<(String, String)>,
    /// A list whose elements are compared by their position.
    #[arg(long, value_name = "LIST")]
    pub(crate) in_order: Vec<String>,
    /// A field that is not compared.
    #[arg(long, value_name = "POINTER")]
    pub(crate) ignore: Vec<String>,
    /// A field in whose texts the case counts.
    #[arg(long, value_name = "POINTER")]
    pub(crate) exact_case: Vec<String>,
    /// A field whose texts are compared as they are, with spaces and punctuation.
    #[arg(long, value_name = "POINTER")]
    pub(crate) exact_text: Vec<String>,
    /// Compares only the members that the expected values have.
    #[arg(long)]
    pub(crate) only_labelled: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DeadArgs {
    /// The journal of the run.
    #[arg(long, value_name = "FILE")]
    pub(crate) journal: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// The JSON Schema of a value.
    #[arg(long, value_name = "FILE")]
    pub(crate) schema: PathBuf,
    /// Only the dialect with this name, such as openai-strict.
    #[arg(long, value_name = "NAME")]
    pub(crate) dialect: Option<String>,
}

/// The schema, the model and the settings of the requests.
#[derive(Debug, Args)]
#[command(next_help_heading = "Model")]
pub(crate) struct AskArgs {
    /// The JSON Schema of a value.
    #[arg(long, value_name = "FILE")]
    pub(crate) schema: PathBuf,
    /// The model, as provider/model. Default: EXTRACT_MODEL, or else the embedded model `local`.
    #[arg(long, value_name = "PROVIDER/MODEL")]
    pub(crate) model: Option<String>,
    /// The URL of the server, with its version: http://127.0.0.1:8000/v1. Default: that of the provider.
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// Instructions in front of each text.
    #[arg(long, value_name = "TEXT", conflicts_with = "system_file")]
    pub(crate) system: Option<String>,
    /// A file with instructions in front of each text.
    #[arg(long, value_name = "FILE")]
    pub(crate) system_file: Option<PathBuf>,
    /// The form in which the model answers. Default: the best that the model supports.
    #[arg(long, value_enum)]
    pub(crate) mode: Option<ModeArg>,
    /// The most tokens of one reply.
    #[arg(long, value_name = "N")]
    pub(crate) max_tokens: Option<u32>,
    /// The sampling temperature. Many models refuse it.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) temperature: Option<f64>,
    /// How often a row is asked again after an answer that does not fit. Default: 2.
    #[arg(long, value_name = "N")]
    pub(crate) validation_retries: Option<u32>,
    /// The longest time of one row: 30s, 5m, 1h.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) deadline: Option<Duration>,
    /// The prices of a million input and output tokens in US dollars, as 0.5,2. Default: the published ones.
    #[arg(long, value_name = "IN,OUT", value_parser = prices)]
    pub(crate) prices: Option<Prices>,
    /// The most rows in flight. Default: 256, of which the server's answers decide how many are sent; 4 on
    /// the embedded model.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Limits")]
    pub(crate) concurrency: Option<u32>,
    /// The most requests in any minute. Default: the limit that the server states.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Limits")]
    pub(crate) requests_per_minute: Option<u32>,
    /// The most tokens in any minute, input and output together. Default: the limit that the server states.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), help_heading = "Limits")]
    pub(crate) tokens_per_minute: Option<u64>,
    /// The most US dollars of the run. A row that does not fit stops the run.
    #[arg(long, value_name = "USD", value_parser = dollars, help_heading = "Limits")]
    pub(crate) budget: Option<f64>,
    /// The most tokens of the run, input and output together. A row that does not fit stops the run.
    #[arg(long, value_name = "N", help_heading = "Limits")]
    pub(crate) token_budget: Option<u64>,
}

/// The source of the rows.
#[derive(Debug, Args)]
#[command(next_help_heading = "Input")]
pub(crate) struct InputArgs {
    /// The file with the rows; - is stdin. Default: stdin.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) input: Option<PathBuf>,
    /// The format of the rows. Default: by the end of the file's name, or else jsonl.
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub(crate) input_format: Option<InputFormat>,
    /// The column with the text. Default: `text`, or the only column.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) text_field: Option<String>,
    /// The column with the id. Default: `id`, or the number of the line or row.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) id_field: Option<String>,
    /// The text of a row, made of columns: "{subject}\n{body}". `\n`, `\t` and `\\` are a new line, a tab and a
    /// backslash; `{{` and `}}` are braces.
    #[arg(long, value_name = "TEMPLATE", conflicts_with = "text_field")]
    pub(crate) prompt: Option<String>,
    /// The character between the cells of a CSV file. Default: a comma; a tab for .tsv files.
    #[arg(long, value_name = "CHARACTER", value_parser = delimiter)]
    pub(crate) delimiter: Option<u8>,
    /// Only the first N rows.
    #[arg(long, value_name = "N")]
    pub(crate) head: Option<u64>,
}

/// The target of the values.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
#[expect(clippy::struct_excessive_bools, reason = "options of a command")]
pub(crate) struct OutputArgs {
    /// The file for the rows; - is stdout. Default: stdout. A file that exists is replaced.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// The format of the rows. Default: by the end of the file's name, or else jsonl.
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub(crate) output_format: Option<OutputFormat>,
    /// A file for the rows that failed, as JSON Lines. Default: they are in the output.
    #[arg(long, value_name = "FILE")]
    pub(crate) errors: Option<PathBuf>,
    /// Adds tokens, cost, attempts, model, seconds and origin to each row.
    #[arg(long)]
    pub(crate) with_ledger: bool,
    /// Adds `doubts` to the rows of which a field has a confidence below this number, from 0 to 1. Asks the
    /// model for log-probabilities. Needs JSON Lines as output.
    #[arg(long, value_name = "NUMBER", value_parser = share)]
    pub(crate) doubt_below: Option<f64>,
    /// Writes the rows in the order of the input. Default: in the order in which they end.
    #[arg(long)]
    pub(crate) in_order: bool,
    /// An HTML file that shows what came of the run.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Shows the progress on stderr. Default: if stderr is a terminal and stdout is not.
    #[arg(long, conflicts_with_all = ["no_progress", "quiet"])]
    pub(crate) progress: bool,
    /// Does not show the progress.
    #[arg(long)]
    pub(crate) no_progress: bool,
    /// Writes errors alone to stderr: no progress and no summary.
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

/// The file that keeps the rows that ended.
#[derive(Debug, Args)]
#[command(next_help_heading = "Journal")]
pub(crate) struct JournalArgs {
    /// A file that keeps the rows that ended. A later run with it asks only for what is missing, and writes
    /// all rows. If it is a folder, several commands can use it at the same time.
    #[arg(long, value_name = "FILE")]
    pub(crate) journal: Option<PathBuf>,
    /// Keeps the replies of all rows in the journal, so that --reread can read them again.
    #[arg(long, requires = "journal")]
    pub(crate) keep_replies: bool,
    /// Reads the replies in the journal again, in place of the values.
    #[arg(long, requires = "journal")]
    pub(crate) reread: bool,
}

/// The batch service of the provider.
#[derive(Debug, Args)]
#[command(next_help_heading = "Batches")]
pub(crate) struct BatchArgs {
    /// A folder. Sends the rows to the batch service of the provider, at half the price, and waits for it, which
    /// may take 24 hours. The same command goes on with the batches of the folder.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) batches: Option<PathBuf>,
    /// Does not wait: sends what is new, writes the rows whose results are there, and ends.
    #[arg(long, requires = "batches")]
    pub(crate) no_wait: bool,
    /// The most requests in a batch. Default: 10000.
    #[arg(long, value_name = "N", requires = "batches", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) batch_requests: Option<u32>,
    /// The time between two questions for the state of the batches: 30s, 5m. Default: 30s.
    #[arg(long, value_name = "TIME", requires = "batches", value_parser = duration)]
    pub(crate) poll_every: Option<Duration>,
}

/// When the run stops, and how often it asks again.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct FlowArgs {
    /// Stops the run when more than N rows have failed.
    #[arg(long, value_name = "N")]
    pub(crate) max_failures: Option<u64>,
    /// How often a row is asked again later that failed for a passing reason. Default: 2.
    #[arg(long, value_name = "N")]
    pub(crate) row_retries: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum InputFormat {
    /// One JSON object or text for each line.
    Jsonl,
    /// A row with the names of the columns, and one row for each text.
    Csv,
    /// An Apache Parquet file.
    Parquet,
    /// One text for each line.
    Text,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// One JSON object for each row.
    Jsonl,
    /// One column for each member of the value. Lists and objects are JSON.
    Csv,
    /// An Apache Parquet file with one column for each member of the value.
    Parquet,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Failed {
    /// Their errors are written to the output again. The default.
    Keep,
    /// They are asked again.
    Again,
    /// They are asked again, and the other rows are passed over.
    Only,
}

impl From<Failed> for FailedRows {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Keep => Self::Keep,
            Failed::Again => Self::AskAgain,
            Failed::Only => Self::Only,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ModeArg {
    /// A call of a tool.
    Tools,
    /// The provider's output by JSON Schema.
    JsonSchema,
    /// The provider's JSON mode, with the schema in the prompt.
    JsonObject,
    /// Plain text, with the schema in the prompt.
    Text,
}

impl From<ModeArg> for Mode {
    fn from(mode: ModeArg) -> Self {
        match mode {
            ModeArg::Tools => Self::Tools,
            ModeArg::JsonSchema => Self::JsonSchema,
            ModeArg::JsonObject => Self::JsonObject,
            ModeArg::Text => Self::Text,
        }
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let seconds = match unit.trim() {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err("expected a time such as 500ms, 30s, 5m or 1h".to_owned()),
    };
    let number: f64 =
        number.parse().map_err(|_| "expected a time such as 500ms, 30s, 5m or 1h".to_owned())?;
    Duration::try_from_secs_f64(number * seconds).map_err(|_| "the time is too long".to_owned())
}

fn prices(text: &str) -> Result<Prices, String> {
    let wrong = || "expected two numbers, as 0.5,2".to_owned();
    let (input, output) = text.split_once(',').ok_or_else(wrong)?;
    match (dollars(input.trim()), dollars(output.trim())) {
        (Ok(input), Ok(output)) => Ok(Prices::new(input, output)),
        _ => Err(wrong()),
    }
}

fn dollars(text: &str) -> Result<f64, String> {
    let dollars = text.trim_start_matches('$').parse().ok();
    let dollars = dollars.filter(|dollars: &f64| dollars.is_finite() && *dollars >= 0.0);
    dollars.ok_or_else(|| "expected a number of US dollars, such as 5 or 0.25".to_owned())
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share: &f64| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "expected a number from 0 to 1, such as 0.95".to_owned())
}

fn field_share(text: &str) -> Result<(String, f64), String> {
    let (pointer, value) = list_key(text)?;
    Ok((pointer, share(&value)?))
}

fn field_number(text: &str) -> Result<(String, f64), String> {
    let (pointer, value) = list_key(text)?;
    let number = value.parse().map_err(|_| "expected a pointer and a number, as /total=0.01")?;
    Ok((pointer, number))
}

/// Splits a pointer from what follows its last `=`.
fn list_key(text: &str) -> Result<(String, String), String> {
    let (pointer, value) =
        text.rsplit_once('=').ok_or("expected a pointer, `=` and a value, as /items=sku")?;
    Ok((pointer.to_owned(), value.to_owned()))
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        b"\\t" => Ok(b'\t'),
        [one] if one.is_ascii() && !matches!(one, b'"' | b'\n' | b'\r') => Ok(*one),
        _ => Err("expected one ASCII character, or \\t for a tab".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn times_prices_and_delimiters_are_read() {
        assert_eq!(duration("90"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("1.5m"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert!(duration("soon").is_err() && duration("3 weeks").is_err());
        assert_eq!(prices("0.5, 2"), Ok(Prices::new(0.5, 2.0)));
        assert!(prices("0.5").is_err() && dollars("-1").is_err() && dollars("NaN").is_err());
        assert_eq!((delimiter("\\t"), delimiter(";")), (Ok(b'\t'), Ok(b';')));
        assert_eq!(field_share("/a=b=0.5"), Ok(("/a=b".to_owned(), 0.5)));
        assert!(field_share("/a").is_err() && field_share("/a=2").is_err());
        assert!(delimiter("ab").is_err() && delimiter("\"").is_err());
    }
}
