//! Finds the cycles of a directed graph.

/// Returns for every node whether it can be reached from itself. The components are found by two sweeps
/// (Kosaraju) with explicit stacks: nothing here recurses.
pub(super) fn on_cycles(count: usize, edges: impl Fn(usize, &mut dyn FnMut(usize))) -> Vec<bool> {
    components(count, edges).into_iter().map(|component| component.is_some()).collect()
}

/// Returns for every node on a cycle the number of its component; `None` for all other nodes.
pub(super) fn components(
    count: usize,
    edges: impl Fn(usize, &mut dyn FnMut(usize)),
) -> Vec<Option<u32>> {
    let mut order = Vec::with_capacity(count);
    let mut seen = vec![false; count];
    let mut back: Vec<Vec<u32>> = vec![Vec::new(); count];
    let mut looped = vec![false; count];
    for (from, is_looped) in looped.iter_mut().enumerate() {
        edges(from, &mut |to| {
            back[to].push(u32::try_from(from).unwrap_or(u32::MAX));
            *is_looped |= to == from;
        });
    }
    for start in 0..count {
        let mut open = vec![(start, false)];
        while let Some((node, done)) = open.pop() {
            if done {
                order.push(node);
            } else if !std::mem::replace(&mut seen[node], true) {
                open.push((node, true));
                edges(node, &mut |to| {
                    if !seen[to] {
                        open.push((to, false));
                    }
                });
            }
        }
    }
    let mut component = vec![None; count];
    let mut assigned = vec![false; count];
    for (number, start) in (0..).zip(order.into_iter().rev()) {
        let mut members = Vec::new();
        let mut open = vec![start];
        while let Some(node) = open.pop() {
            if !std::mem::replace(&mut assigned[node], true) {
                members.push(node);
                open.extend(back[node].iter().map(|&from| from as usize));
            }
        }
        if members.len() > 1 || looped[start] {
            members.into_iter().for_each(|member| component[member] = Some(number));
        }
    }
    component
}
