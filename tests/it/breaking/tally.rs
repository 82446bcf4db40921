//! Runs all breaks of the types on two threads, and counts the right, refused and wrong results.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use extract_llm::Mode;
use extract_llm::dialect::Dialect;
use serde_json::Value;

use crate::breaking::breaks::{Break, CLASSES, OF_INVENTED, Site};
use crate::breaking::meaning::Meaning;
use crate::breaking::row::Row;
use crate::breaking::schema::{Branch, Schema};
use crate::breaking::send::{Answer, Setup, Transport};

/// One in this many breaks also runs in the other modes and transports, besides tools in JSON
/// Schema.
const SAMPLED: u64 = 12;
/// One in this many classes of a sample also runs in each other dialect, with one in `SAMPLED` of
/// its breaks.
const DIALECTS: u64 = 8;
/// The maximum number of breaks of one class for one sample.
const MOST: usize = 400;

/// The counts of one class.
#[derive(Default, Clone, Copy)]
struct Count {
    right: usize,
    refused: usize,
    wrong: usize,
    /// Refused with a problem that does not point to the break.
    elsewhere: usize,
}

/// All counts, and descriptions of the wrong values.
#[derive(Default)]
pub(crate) struct Tally {
    classes: BTreeMap<&'static str, Count>,
    wrong: Vec<(&'static str, String)>,
    /// Descriptions of problems that do not point to the break.
    away: Vec<String>,
    seconds: u64,
}

fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Breaks every sample of every type. With `all` it runs all classes, else those for generated
/// types.
pub(crate) fn run(rows: &[Row], all: bool) -> Tally {
    let (next, began) = (AtomicUsize::new(0), Instant::now());
    let named = setting("EXTRACT_ORACLE_TYPE").unwrap_or_default();
    let rows: Vec<&Row> = rows.iter().filter(|row| row.kind.contains(&named)).collect();
    let work = || {
        let mut tally = Tally::default();
        while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
            tally.row(row, all);
        }
        tally
    };
    let mut tally = std::thread::scope(|scope| {
        let threads = [scope.spawn(work), scope.spawn(work)];
        threads.into_iter().map(|thread| thread.join().unwrap()).fold(Tally::default(), Tally::and)
    });
    tally.seconds = began.elapsed().as_secs();
    tally
}

impl Tally {
    fn and(mut self, other: Self) -> Self {
        for (class, more) in other.classes {
            let count = self.classes.entry(class).or_default();
            count.right += more.right;
            count.refused += more.refused;
            count.wrong += more.wrong;
            count.elsewhere += more.elsewhere;
        }
        self.wrong.extend(other.wrong);
        self.away.extend(other.away);
        self
    }

    fn row(&mut self, row: &Row, all: bool) {
        let named = setting("EXTRACT_ORACLE_CLASS").unwrap_or_default();
        let main = &Dialect::JSON_SCHEMA;
        // Two modes describe the schema as text, without lowering.
        let words = [(main, None, &[Mode::JsonObject, Mode::Text])].into_iter();
        let dialects = Dialect::ALL.iter().copied().filter_map(|dialect| {
            let form = row.contract.lowered(dialect, dialect.enforced()).ok()?;
            Some((dialect, Some(form), &[Mode::Tools, Mode::JsonSchema]))
        });
        for (dialect, form, modes) in dialects.chain(words) {
            let full = dialect.name() == main.name();
            let meaning = Meaning { row, form };
            for own in &row.samples {
                let sent = meaning.sent(own);
                let schema = Schema(meaning.schema());
                let site = Site { sent: &sent, schema, name: row.contract.name() };
                for (class, breaks) in CLASSES {
                    let run = all || OF_INVENTED.contains(&&class[..2]);
                    let key = (&row.kind, own.to_string(), class, dialect.name());
                    let run = run && (full || hashed(&key) % DIALECTS == 0);
                    if !run || !class.contains(&named) || (!full && class.starts_with("05")) {
                        continue;
                    }
                    let breaks = breaks(&site);
                    let step = breaks.len().div_ceil(MOST).max(1);
                    let whole = sent.to_string();
                    for broken in breaks
                        .iter()
                        .step_by(step)
                        .filter(|b| b.text != whole || b.ending.is_some())
                    {
                        for mode in modes {
                            let key = (&row.kind, class, &broken.text);
                            for setup in setups(*mode, dialect, &key, broken) {
                                self.one(class, &meaning, &setup, broken);
                            }
                        }
                    }
                }
            }
        }
    }

    fn one(&mut self, class: &'static str, meaning: &Meaning<'_>, setup: &Setup, broken: &Break) {
        let row = meaning.row;
        let answer = (row.ask)(&row.contract, setup, &broken.text);
        let count = self.classes.entry(class).or_default();
        let fault = match &answer.value {
            Ok(read) if !meaning.allows(broken, read, &answer.repairs) => {
                format!("read {read}")
            }
            Ok(read) => match changed_variant(row, &answer, read) {
                Some(shown) => format!("read {read}, had shown {shown}"),
                None => {
                    count.right += 1;
                    return;
                }
            },
            Err(refusal) if refusal.panicked => refusal.text.clone(),
            Err(refusal) => {
                count.refused += 1;
                let place = broken.pointer.strip_prefix("/value").unwrap_or(&broken.pointer);
                let near = |pointer: &String| {
                    let (long, short) = if pointer.len() > place.len() {
                        (pointer.as_str(), place)
                    } else {
                        (place, pointer.as_str())
                    };
                    long.strip_prefix(short)
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                };
                let away = |pointers: &Vec<String>| !pointers.iter().any(near);
                if refusal.pointers.as_ref().is_some_and(away) {
                    count.elsewhere += 1;
                    let (kind, text) = (&row.kind, &broken.text);
                    self.away.push(format!(
                        "{class} | {}: {kind}\n  sent {text}\n  broken at {place:?}: {}",
                        row.family, refusal.text
                    ));
                }
                return;
            }
        };
        count.wrong += 1;
        let (dialect, repairs) = (setup.dialect.name(), answer.repairs.join("; "));
        let circumstances = format!("{}, {dialect}, {:?}", setup.mode, setup.transport);
        self.wrong.push((
            class,
            format!(
                "{class} | {}: {} | {circumstances}\n  sent {}\n  {fault}\n  repairs: {repairs}",
                row.family, row.kind, broken.text
            ),
        ));
    }

    /// Prints the counts and the wrong values of every class. Panics if there are wrong values.
    pub(crate) fn hold(&self, title: &str) {
        let mut table = format!("{title}, {} s\n", self.seconds);
        let mut total = Count::default();
        let line = |class: &str, count: &Count| {
            let Count { right, refused, wrong, elsewhere } = count;
            format!(
                "{class:32} {right:8} right {refused:8} refused {wrong:6} WRONG  {elsewhere:6} elsewhere\n"
            )
        };
        for (class, count) in &self.classes {
            let _ = write!(table, "{}", line(class, count));
            total.right += count.right;
            total.refused += count.refused;
            total.wrong += count.wrong;
            total.elsewhere += count.elsewhere;
        }
        let most = setting("EXTRACT_ORACLE_SHOW").and_then(|most| most.parse().ok()).unwrap_or(40);
        let share = (most / self.classes.len().max(1)).max(2);
        for class in self.classes.keys() {
            let of: Vec<_> = self.wrong.iter().filter(|(wrong, _)| wrong == class).collect();
            let step = of.len().div_ceil(share).max(1);
            of.iter().step_by(step).for_each(|(_, words)| eprintln!("{words}\n"));
        }
        let step = self.away.len().div_ceil(most / 5 + 1).max(1);
        for words in self.away.iter().step_by(step) {
            eprintln!("a problem elsewhere: {words}\n");
        }
        eprintln!("{table}{}", line("all", &total));
        assert_eq!(total.wrong, 0, "wrong values");
        assert!(total.refused > 0 || total.right > 0, "no break was made");
    }
}

/// Returns a hash of the key that is equal in every run.
fn hashed(key: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

/// Returns the setups for a break: always tools in JSON Schema, and for a fixed sample of breaks
/// also other modes, dialects and streams.
fn setups(mode: Mode, dialect: &'static Dialect, of: &impl Hash, broken: &Break) -> Vec<Setup> {
    let full = dialect.name() == Dialect::JSON_SCHEMA.name();
    let transports = match broken.ending {
        Some(ending) => vec![ending],
        None => vec![Transport::Whole, Transport::Streamed],
    };
    let run = |transport: &Transport| {
        let always = full && mode == Mode::Tools && *transport != Transport::Streamed;
        let key = (of, mode.to_string(), format!("{transport:?}"), dialect.name());
        always || hashed(&key) % SAMPLED == 0
    };
    let setup = |transport| Setup { mode, dialect, transport };
    transports.into_iter().filter(run).map(setup).collect()
}

/// Returns a partial value that showed another variant than the final value, or `None`.
fn changed_variant<'a>(row: &Row, answer: &'a Answer, read: &Value) -> Option<&'a Value> {
    let schema = Schema(row.contract.schema());
    answer.partials.iter().find(|shown| differs(schema, &schema.root(), shown, read))
}

fn differs<'s>(schema: Schema<'s>, at: &[Branch<'s>], shown: &Value, read: &Value) -> bool {
    match (shown, read) {
        (Value::Object(shown), Value::Object(read)) => {
            let tagged = shown.iter().any(|(name, shown)| {
                let tags: Vec<&str> = at.iter().filter_map(|branch| branch.tag(name)).collect();
                let is_tag = |value: &Value| value.as_str().is_some_and(|tag| tags.contains(&tag));
                let other = read.get(name).filter(|read| *read != shown);
                tags.len() > 1 && is_tag(shown) && other.is_some()
            });
            let is_key = |name: &&String| at.iter().any(|branch| branch.key() == Some(name));
            let keyed = at.len() > 1
                && shown.len() == 1
                && shown.keys().find(is_key).is_some_and(|key| !read.contains_key(key));
            tagged
                || keyed
                || shown.iter().any(|(name, shown)| {
                    let below = schema.below(at, name);
                    read.get(name).is_some_and(|read| differs(schema, &below, shown, read))
                })
        }
        (Value::Array(shown), Value::Array(read)) => {
            let pairs = shown.iter().zip(read).enumerate();
            pairs.into_iter().any(|(index, (shown, read))| {
                differs(schema, &schema.below(at, &index.to_string()), shown, read)
            })
        }
        _ => false,
    }
}
