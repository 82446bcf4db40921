//! Extracts in SQL over a Parquet file, on the embedded model or that of `EXTRACT_MODEL`, and prints a table.
//!
//! ```text
//! cargo run -p extract-datafusion --example sql_over_parquet [FILE_OR_FOLDER]
//! ```
//!
//! The Parquet files need the columns `id` and `body`. A journal in the temporary folder makes the second start free.

use datafusion::dataframe::DataFrameWriteOptions;
use datafusion::prelude::{ParquetReadOptions, SessionContext};
use extract_llm::pipeline::Journal;
use extract_llm::{Client, Extract};

/// A person that the text speaks of.
#[derive(Debug, Extract)]
struct Person {
    /// First and last name.
    name: String,
    /// In years.
    #[extract(range(min = 0, max = 150))]
    age: u8,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let ctx = SessionContext::new();
    let path = match std::env::args().nth(1) {
        Some(path) => path,
        None => write_mails(&ctx).await?,
    };
    ctx.register_parquet("mails", &path, ParquetReadOptions::default()).await?;

    let worker = Client::from_env()?
        .worker::<Person>()
        .each(|row| row.max_tokens(200))
        .concurrency(4)
        .journal(Journal::shared(std::env::temp_dir().join("sql_over_parquet.journal")));
    extract_datafusion::register(&ctx, "extract_person", worker)?;

    // The cheap condition stands in the sub-select, so that the function sees only the rows that pass it.
    let query = ctx.sql(
        "select id, x['value']['name'] as name, x['value']['age'] as age, x['error']['kind'] as error,
                x['usage']['input_tokens'] + x['usage']['output_tokens'] as tokens, x['usage']['origin'] as origin
         from (select id, extract_person(body) as x from (select * from mails where id < 5))
         order by id",
    );
    query.await?.show().await?;
    Ok(())
}

/// Writes some mails to a Parquet file, and returns its path.
async fn write_mails(ctx: &SessionContext) -> Result<String, Box<dyn std::error::Error>> {
    let path = std::env::temp_dir().join("sql_over_parquet_mails.parquet").display().to_string();
    let mails = ctx.sql(
        "select * from (values
            (1, 'Maria Lopez, 34, writes: I love this phone, the battery lasts for days!'),
            (2, 'My name is Tom Brown. I am 41 years old, and my kettle leaks.'),
            (3, 'Maria Lopez, 34, writes: I love this phone, the battery lasts for days!'),
            (4, 'Greetings from Kim Lee, who turned 28 yesterday.'),
            (7, 'This mail is passed over.')
        ) as mails (id, body)",
    );
    let options = DataFrameWriteOptions::new().with_single_file_output(true);
    mails.await?.write_parquet(&path, options, None).await?;
    Ok(path)
}
