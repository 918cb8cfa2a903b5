//! Text to expression. Nothing is refused: what makes no sense is searched for as it stands.

/// What a search asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// An empty query: everything.
    All,
    Term(Term),
    Not(Box<Expression>),
    And(Vec<Expression>),
    Or(Vec<Expression>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// None: the resource's default fields.
    pub field: Option<String>,
    pub comparator: Comparator,
    /// Without quotes and escapes.
    pub value: String,
    /// It stood in quotes: the words must follow one another.
    pub phrase: bool,
    /// It ended in `*`: a beginning is enough.
    pub prefix: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparator {
    Is,
    Less,
    Greater,
    AtMost,
    AtLeast,
}

/// Parentheses within parentheses that are followed; what is deeper is read as if they were not there.
const DEEPEST: usize = 64;

pub fn parse(text: &str) -> Expression {
    let mut parser = Parser { rest: text, depth: 0 };
    let mut found = Vec::new();
    while !parser.at_end() {
        found.push(parser.alternatives());
        // A closing parenthesis that nothing opened.
        parser.take(')');
    }
    together(found, Expression::And)
}

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

impl Parser<'_> {
    fn at_end(&mut self) -> bool {
        self.rest = self.rest.trim_start();
        self.rest.is_empty()
    }

    fn take(&mut self, wanted: char) -> bool {
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// A connective: the whole word, in capitals.
    fn word(&mut self, wanted: &str) -> bool {
        self.rest = self.rest.trim_start();
        let Some(rest) = self.rest.strip_prefix(wanted) else { return false };
        let ends = rest.chars().next().is_none_or(|c| c.is_whitespace() || c == '(' || c == ')');
        if ends {
            self.rest = rest;
        }
        ends
    }

    fn alternatives(&mut self) -> Expression {
        let mut found = vec![self.conjunction()];
        while self.word("OR") {
            found.push(self.conjunction());
        }
        together(found, Expression::Or)
    }

    fn conjunction(&mut self) -> Expression {
        let mut found = Vec::new();
        loop {
            while self.word("AND") {}
            if self.at_end() || self.rest.starts_with(')') {
                break;
            }
            let before = self.rest;
            if self.word("OR") {
                self.rest = before;
                break;
            }
            found.push(self.modified());
        }
        together(found, Expression::And)
    }

    fn modified(&mut self) -> Expression {
        let negative = self.word("NOT") || {
            let minus = self.rest.strip_prefix('-').filter(|r| !r.starts_with(char::is_whitespace) && !r.is_empty());
            self.rest = minus.unwrap_or(self.rest);
            minus.is_some()
        };
        let inner = if negative && self.at_end() {
            Expression::All
        } else if self.take('(') {
            if self.depth == DEEPEST {
                return Expression::All;
            }
            self.depth += 1;
            let inner = self.alternatives();
            self.depth -= 1;
            self.rest = self.rest.trim_start();
            self.take(')');
            inner
        } else {
            Expression::Term(self.term())
        };
        if negative && inner != Expression::All { Expression::Not(Box::new(inner)) } else { inner }
    }

    fn term(&mut self) -> Term {
        let before = self.rest;
        if let Some(name) = self.field_name() {
            let comparator = self.comparator();
            self.rest = self.rest.trim_start_matches(' ');
            if !self.rest.is_empty() {
                return self.value(Some(name), comparator);
            }
            self.rest = before;
        }
        self.value(None, Comparator::Is)
    }

    /// `name:` at this place.
    fn field_name(&mut self) -> Option<String> {
        let end = self.rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '-')))?;
        if end == 0 || !self.rest[end..].starts_with(':') {
            return None;
        }
        let name = self.rest[..end].to_ascii_lowercase();
        self.rest = &self.rest[end + 1..];
        Some(name)
    }

    fn comparator(&mut self) -> Comparator {
        // Shopify's own examples have a blank before the comparator (`order_date: >='2024-01-01'`).
        self.rest = self.rest.trim_start_matches(' ');
        for (text, comparator) in [
            ("<=", Comparator::AtMost),
            (">=", Comparator::AtLeast),
            ("<", Comparator::Less),
            (">", Comparator::Greater),
        ] {
            if let Some(rest) = self.rest.strip_prefix(text) {
                self.rest = rest;
                return comparator;
            }
        }
        Comparator::Is
    }

    fn value(&mut self, field: Option<String>, comparator: Comparator) -> Term {
        let quote = self.rest.chars().next().filter(|c| matches!(c, '"' | '\''));
        if let Some(quote) = quote {
            self.take(quote);
        }
        let mut value = String::new();
        let mut prefix = false;
        let mut chars = self.rest.char_indices();
        let mut end = self.rest.len();
        while let Some((at, c)) = chars.next() {
            let closes = quote.map_or(c.is_whitespace() || c == '(' || c == ')', |quote| c == quote);
            if closes {
                end = at + quote.map_or(0, char::len_utf8);
                break;
            }
            prefix = c == '*' && quote.is_none();
            match c {
                '\\' => value.extend(chars.next().map(|(_, escaped)| escaped)),
                c => value.push(c),
            }
        }
        self.rest = &self.rest[end..];
        if prefix {
            value.pop();
        }
        // A lone parenthesis would otherwise be read for ever.
        if value.is_empty() && quote.is_none() && !prefix && end == 0 {
            self.take('(');
        }
        Term { field, comparator, value, phrase: quote.is_some(), prefix }
    }
}

fn together(mut found: Vec<Expression>, join: impl FnOnce(Vec<Expression>) -> Expression) -> Expression {
    // A connective with nothing beside it joins nothing.
    found.retain(|e| *e != Expression::All);
    match found.len() {
        0 => Expression::All,
        1 => found.remove(0),
        _ => join(found),
    }
}
