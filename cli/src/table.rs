//! Words in columns, and running text in lines.

use anstyle::Style;

use crate::terminal::paint;

/// Widest line of running text, in characters.
pub const LINE: usize = 96;

/// A table whose columns are as wide as they need to be. No lines, no borders.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<Vec<(Style, String)>>,
}

impl Table {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a row of cells in their styles.
    pub fn row<const N: usize>(&mut self, cells: [(Style, String); N]) {
        self.rows.push(cells.to_vec());
    }

    /// The table as text, `indent` blanks before each line, two between columns.
    pub fn text(&self, indent: usize) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            self.rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|(_, cell)| cell.chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = " ".repeat(indent);
            // Blanks are written only before a cell that has something to say.
            let mut blanks = 0;
            for ((style, cell), width) in row.iter().zip(&widths) {
                if !cell.is_empty() {
                    line.push_str(&" ".repeat(blanks));
                    line.push_str(&paint(*style, cell));
                    blanks = 0;
                }
                blanks += width + 2 - cell.chars().count();
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// Running text broken into lines of at most `width` characters; a longer word has a line to itself.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_no_line_ends_in_blanks() {
        let plain = Style::new();
        let mut table = Table::new();
        table.row([
            (plain, "a".into()),
            (plain, "größe".into()),
            (plain, String::new()),
        ]);
        table.row([
            (plain, "long".into()),
            (plain, String::new()),
            (plain, "x".into()),
        ]);
        assert_eq!(table.text(2), "  a     größe\n  long         x\n");
    }

    #[test]
    fn text_is_broken_between_words() {
        assert_eq!(wrapped("one two  three four", 9), ["one two", "three", "four"]);
        assert_eq!(wrapped("incomprehensibilities", 5), ["incomprehensibilities"]);
        assert!(wrapped(" ", 5).is_empty());
    }
}
