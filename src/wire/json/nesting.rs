//! Which arrays and objects are open: one bit a level, so that no text can make it grow.

use crate::wire::MAX_DEPTH;

const BITS: usize = 64;

/// The two kinds of container.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Container {
    Array,
    Object,
}

/// The open containers, outermost first.
#[derive(Default)]
pub struct Nesting {
    depth: usize,
    /// A set bit stands for an object.
    objects: [u64; MAX_DEPTH / BITS],
}

impl Nesting {
    /// How many containers are open.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Opens a container; false, and nothing changed, when [`MAX_DEPTH`] are open already.
    #[must_use]
    pub fn push(&mut self, container: Container) -> bool {
        let Some(word) = self.objects.get_mut(self.depth / BITS) else {
            return false;
        };
        let bit = 1 << (self.depth % BITS);
        match container {
            Container::Object => *word |= bit,
            Container::Array => *word &= !bit,
        }
        self.depth += 1;
        true
    }

    /// Closes the innermost container, if there is one.
    pub fn pop(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// The innermost open container.
    pub fn innermost(&self) -> Option<Container> {
        let level = self.depth.checked_sub(1)?;
        let word = self.objects.get(level / BITS)?;
        let is_object = word & (1 << (level % BITS)) != 0;
        Some(if is_object {
            Container::Object
        } else {
            Container::Array
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_the_kind_of_every_level() {
        let kind = |level: usize| {
            if level.is_multiple_of(3) {
                Container::Object
            } else {
                Container::Array
            }
        };
        let mut nesting = Nesting::default();
        for level in 0..MAX_DEPTH {
            assert!(nesting.push(kind(level)));
        }
        assert!(!nesting.push(Container::Array));
        for level in (0..MAX_DEPTH).rev() {
            assert_eq!(nesting.innermost(), Some(kind(level)));
            nesting.pop();
        }
        assert_eq!(nesting.innermost(), None);
    }

    #[test]
    fn a_level_used_again_forgets_what_it_was() {
        let mut nesting = Nesting::default();
        assert!(nesting.push(Container::Object));
        nesting.pop();
        assert!(nesting.push(Container::Array));
        assert_eq!(nesting.innermost(), Some(Container::Array));
        assert_eq!(nesting.depth(), 1);
    }
}
