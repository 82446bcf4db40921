//! The approximate number of tokens of a text. Pure, and linear in the text.

/// Costs in hundredths of a token, fitted to OpenAI's vocabulary `o200k` by least squares over the requests
/// and replies of 22 recorded APIs, code, tables and prose in 17 languages.
mod cost {
    /// A word of Latin letters, and each of its letters behind the sixth.
    pub(super) const WORD: u64 = 98;
    pub(super) const LONG: u64 = 13;
    /// In words with letters beyond ASCII, each letter behind the sixth in addition, and each such letter
    /// behind the first.
    pub(super) const LONG_FOREIGN: u64 = 90;
    pub(super) const FOREIGN: u64 = 110;
    /// A capital letter of a word with several.
    pub(super) const CAPITAL: u64 = 40;
    /// Three digits, and a space before them.
    pub(super) const DIGITS: u64 = 110;
    pub(super) const SPACE_BEFORE_DIGITS: u64 = 100;
    /// White space that is not a single space.
    pub(super) const SPACE: u64 = 56;
    /// A run of punctuation, and each mark behind the second.
    pub(super) const MARKS: u64 = 77;
    pub(super) const MARK: u64 = 30;
    /// A word in another alphabet. Its letters behind the third depend on the alphabet.
    pub(super) const OTHER_WORD: u64 = 160;
    pub(super) const CYRILLIC: u64 = 9;
    pub(super) const GREEK: u64 = 24;
    pub(super) const HEBREW: u64 = 32;
    pub(super) const ARABIC: u64 = 3;
    pub(super) const INDIC: u64 = 3;
    pub(super) const HANGUL: u64 = 108;
    /// One sign of a script without spaces, and of any other.
    pub(super) const HAN: u64 = 80;
    pub(super) const THAI: u64 = 40;
    pub(super) const OTHER: u64 = 160;
}

/// The kind of a character.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A letter of the Latin alphabet.
    Latin,
    Digit,
    Space,
    Mark,
    /// A letter of another alphabet with spaces, and the cost of those behind the third.
    Letter(u64),
    /// A sign that counts by itself.
    Sign(u64),
}

fn kind(character: char) -> Kind {
    match character {
        'a'..='z'
        | 'A'..='Z'
        | '\u{c0}'..='\u{24f}'
        | '\u{300}'..='\u{36f}'
        | '\u{1e00}'..='\u{1eff}' => Kind::Latin,
        '0'..='9' => Kind::Digit,
        ' ' | '\t' | '\r' | '\n' => Kind::Space,
        '\0'..='\u{7f}' => Kind::Mark,
        '\u{370}'..='\u{3ff}' => Kind::Letter(cost::GREEK),
        '\u{400}'..='\u{52f}' => Kind::Letter(cost::CYRILLIC),
        '\u{590}'..='\u{5ff}' => Kind::Letter(cost::HEBREW),
        '\u{600}'..='\u{77f}' => Kind::Letter(cost::ARABIC),
        '\u{900}'..='\u{dff}' => Kind::Letter(cost::INDIC),
        '\u{e00}'..='\u{e7f}' => Kind::Sign(cost::THAI),
        '\u{ac00}'..='\u{d7af}' => Kind::Letter(cost::HANGUL),
        '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' => Kind::Sign(cost::HAN),
        other if other.is_whitespace() => Kind::Space,
        _ => Kind::Sign(cost::OTHER),
    }
}

/// A run of characters of one kind.
struct Run {
    kind: Kind,
    length: u64,
    /// Letters beyond ASCII, and capital letters.
    foreign: u64,
    capitals: u64,
    last: char,
}

impl Run {
    fn of(kind: Kind) -> Self {
        Self { kind, length: 0, foreign: 0, capitals: 0, last: ' ' }
    }

    /// Whether a character belongs to the run. A capital behind a small letter begins a word.
    fn continues_with(&self, character: char, kind: Kind) -> bool {
        self.kind == kind
            && !(kind == Kind::Latin && character.is_uppercase() && self.last.is_lowercase())
    }

    fn push(&mut self, character: char) {
        self.length += 1;
        self.foreign += u64::from(!character.is_ascii());
        self.capitals += u64::from(character.is_uppercase());
        self.last = character;
    }

    /// Returns the cost of the run in hundredths. `next` is the kind behind it.
    fn cost(&self, next: Option<Kind>) -> u64 {
        match self.kind {
            Kind::Latin => {
                let long = self.length.saturating_sub(6);
                let mut sum = cost::WORD + long * cost::LONG;
                if self.foreign > 0 {
                    sum += long * cost::LONG_FOREIGN + (self.foreign - 1) * cost::FOREIGN;
                }
                if self.capitals > 1 {
                    sum += self.capitals * cost::CAPITAL;
                }
                sum
            }
            Kind::Digit => self.length.div_ceil(3) * cost::DIGITS,
            Kind::Space if (self.length, self.last) != (1, ' ') => cost::SPACE,
            Kind::Space if next == Some(Kind::Digit) => cost::SPACE_BEFORE_DIGITS,
            // It belongs to the word behind it.
            Kind::Space => 0,
            Kind::Mark => cost::MARKS + self.length.saturating_sub(2) * cost::MARK,
            Kind::Letter(cost) => cost::OTHER_WORD + self.length.saturating_sub(3) * cost,
            Kind::Sign(cost) => self.length * cost,
        }
    }
}

/// Returns about how many tokens a text has: those of OpenAI's vocabulary `o200k`, without a tokenizer.
///
/// Measured against that vocabulary, prose in 17 languages, JSON, code and tables are within 20 %; see
/// `docs/tokens.md`. Other vocabularies differ: those of Claude and of small models make more tokens.
///
/// ```
/// use extract_llm::conversation::approximate_tokens;
///
/// assert_eq!(approximate_tokens("There were seven of them."), 6);
/// assert_eq!(approximate_tokens(""), 0);
/// ```
pub fn approximate_tokens(text: &str) -> u64 {
    let mut hundredths = 0_u64;
    let mut run: Option<Run> = None;
    for character in text.chars() {
        let kind = kind(character);
        match &mut run {
            Some(run) if run.continues_with(character, kind) => run.push(character),
            current => {
                let before = current.take().map_or(0, |run| run.cost(Some(kind)));
                hundredths = hundredths.saturating_add(before);
                current.insert(Run::of(kind)).push(character);
            }
        }
    }
    hundredths = hundredths.saturating_add(run.map_or(0, |run| run.cost(None)));
    hundredths.div_ceil(100)
}
