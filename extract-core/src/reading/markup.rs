//! Reads answers that are written as XML-like elements. Tag names become keys, and closing tags may
//! be missing. Attributes are ignored.

use super::candidates::Candidate;
use super::report::CutEnding;
use super::scan::{Container, Limits, Sink, TokenRole};
use super::tree::Tree;

/// An element, with its direct text and the indices of its child elements.
struct Element<'t> {
    name: &'t str,
    text: String,
    children: Vec<usize>,
    span: (usize, usize),
}

/// The largest number of elements that are read.
const MOST: usize = 100_000;

/// Reads the elements of a text into the tree, as one object with a member for each root element.
/// Returns `None` if the text has no readable elements.
pub(super) fn candidate(
    text: &str,
    from: usize,
    tree: &mut Tree,
    limits: Limits,
) -> Option<Candidate> {
    let (elements, roots, end) = parse(text, from, limits.depth / 2)?;
    let start = elements[*roots.first()?].span.0;
    tree.next_root();
    tree.open(Container::Object, start);
    for &root in &roots {
        write(tree, &elements, root, true);
    }
    tree.close(end, true);
    Some(Candidate {
        root: tree.root,
        ending: CutEnding::Whole,
        guessed: false,
        start,
        end,
        fenced: false,
        doubt: 1,
    })
}

/// Parses the tags after `from`. Returns the elements, the indices of the root elements, and the
/// end of the markup. Returns `None` if no tag is closed, or if there are too many elements or
/// levels.
fn parse(text: &str, from: usize, deepest: usize) -> Option<(Vec<Element<'_>>, Vec<usize>, usize)> {
    let mut elements: Vec<Element<'_>> = Vec::new();
    let mut roots = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut closed = 0;
    let mut at = from;
    let mut end = from;
    while let Some(angle) = memchr::memchr(b'<', &text.as_bytes()[at..]) {
        let here = at + angle;
        if let Some(&inside) = open.last() {
            elements[inside].text.push_str(&text[at..here]);
        }
        let Some((name, closing, empty, behind)) = tag(text, here) else {
            if let Some(&inside) = open.last() {
                elements[inside].text.push('<');
            }
            at = here + 1;
            continue;
        };
        at = behind;
        if closing {
            // Unclosed elements inside this one end here too.
            if let Some(depth) = open.iter().rposition(|&index| elements[index].name == name) {
                for index in open.drain(depth..) {
                    elements[index].span.1 = here;
                }
                closed += 1;
                end = behind;
            }
            continue;
        }
        if elements.len() >= MOST || open.len() >= deepest {
            return None;
        }
        let index = elements.len();
        elements.push(Element {
            name,
            text: String::new(),
            children: Vec::new(),
            span: (here, behind),
        });
        match open.last() {
            Some(&parent) => elements[parent].children.push(index),
            None => roots.push(index),
        }
        if empty {
            closed += 1;
            end = behind;
        } else {
            open.push(index);
        }
    }
    if let Some(&inside) = open.last() {
        // The text after the last tag belongs to the innermost open element, up to the end of the
        // line.
        let line = text[at..].find('\n').map_or(text.len(), |line| at + line);
        elements[inside].text.push_str(&text[at..line]);
        end = line;
    }
    (closed > 0).then_some((elements, roots, end))
}

/// Parses the tag at a `<`. Returns its name, whether it is a closing tag, whether it is an empty
/// element, and the offset after it. Returns `None` if no tag of at most 256 characters is there.
fn tag(text: &str, at: usize) -> Option<(&str, bool, bool, usize)> {
    let inside = &text[at + 1..];
    let closing = inside.starts_with('/');
    let name_at = usize::from(closing);
    let name_len = inside[name_at..]
        .find(|char: char| !(char.is_alphanumeric() || matches!(char, '_' | '-' | '.')))?;
    let name = &inside[name_at..name_at + name_len];
    if !name.starts_with(|char: char| char.is_alphabetic() || char == '_') {
        return None;
    }
    let rest = &inside[name_at + name_len..];
    let window = rest.char_indices().take(256).find(|&(_, char)| matches!(char, '>' | '<' | '\n'));
    let (close, '>') = window? else { return None };
    let empty = rest[..close].ends_with('/');
    Some((name, closing, empty, at + 1 + name_at + name_len + close + 1))
}

/// Writes an element into the tree. `member` says whether its name is written as a key.
fn write(tree: &mut Tree, elements: &[Element<'_>], index: usize, member: bool) {
    let element = &elements[index];
    if member {
        key(tree, element.name, element.span.0);
    }
    let (start, end) = element.span;
    if element.children.is_empty() {
        tree.string_begin(TokenRole::Value, start);
        tree.text(&unescaped(element.text.trim()));
        tree.string_end(end, true);
        return;
    }
    if entries(elements, element) {
        tree.open(Container::Object, start);
        for &child in &element.children {
            let pair = &elements[child].children;
            key(tree, elements[pair[0]].text.trim(), elements[child].span.0);
            write(tree, elements, pair[1], false);
        }
    } else if repeated(elements, element) {
        tree.open(Container::Array, start);
        for &child in &element.children {
            write(tree, elements, child, false);
        }
    } else {
        tree.open(Container::Object, start);
        write_members(tree, elements, element);
    }
    tree.close(end, true);
}

/// Writes the members of an object. Elements with the same name become one list.
fn write_members(tree: &mut Tree, elements: &[Element<'_>], element: &Element<'_>) {
    let mut groups: Vec<(&str, Vec<usize>)> = Vec::new();
    let mut known = std::collections::HashMap::new();
    for &child in &element.children {
        let name = elements[child].name;
        let group = *known.entry(name).or_insert_with(|| {
            groups.push((name, Vec::new()));
            groups.len() - 1
        });
        groups[group].1.push(child);
    }
    for (name, children) in groups {
        if let [only] = children.as_slice() {
            write(tree, elements, *only, true);
        } else {
            let start = elements[children[0]].span.0;
            key(tree, name, start);
            tree.open(Container::Array, start);
            for &child in &children {
                write(tree, elements, child, false);
            }
            tree.close(element.span.1, true);
        }
    }
}

/// Writes a key.
fn key(tree: &mut Tree, name: &str, at: usize) {
    tree.string_begin(TokenRole::Key, at);
    tree.text(name);
    tree.string_end(at, true);
}

/// Returns whether every child is a map entry, with one `key` and one `value` element.
fn entries(elements: &[Element<'_>], element: &Element<'_>) -> bool {
    element.children.iter().all(|&child| {
        let pair = &elements[child].children;
        pair.len() == 2 && elements[pair[0]].name == "key" && elements[pair[1]].name == "value"
    })
}

/// Returns whether the children are list elements: several with the same name, or one with a name
/// like `item`.
fn repeated(elements: &[Element<'_>], element: &Element<'_>) -> bool {
    let name = elements[element.children[0]].name;
    if element.children.len() == 1 {
        let singular =
            element.name.strip_suffix('s').is_some_and(|stem| stem.eq_ignore_ascii_case(name));
        return singular || matches!(name, "item" | "element" | "li" | "entry");
    }
    element.children.iter().all(|&child| elements[child].name == name)
}

/// Replaces XML's five predefined entities by their characters.
fn unescaped(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")]
        .iter()
        .fold(text.to_owned(), |text, (entity, char)| text.replace(entity, char))
}
