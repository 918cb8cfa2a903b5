use super::*;

fn term(field: &str, comparator: Comparator, value: &str) -> Expression {
    let field = Some(field.to_owned()).filter(|f| !f.is_empty());
    Expression::Term(Term { field, comparator, value: value.into(), phrase: false, prefix: false })
}

fn phrase(field: &str, value: &str) -> Expression {
    let Expression::Term(term) = term(field, Comparator::Is, value) else { unreachable!() };
    Expression::Term(Term { phrase: true, ..term })
}

#[test]
fn the_grammar() {
    use Comparator::*;
    let is = |field: &str, value: &str| term(field, Is, value);
    let not = |e| Expression::Not(Box::new(e));
    for (text, expect) in [
        ("", Expression::All),
        ("bob", is("", "bob")),
        ("bob norman", Expression::And(vec![is("", "bob"), is("", "norman")])),
        ("a AND b", Expression::And(vec![is("", "a"), is("", "b")])),
        ("a OR b", Expression::Or(vec![is("", "a"), is("", "b")])),
        ("a b OR c", Expression::Or(vec![Expression::And(vec![is("", "a"), is("", "b")]), is("", "c")])),
        ("a (b OR c)", Expression::And(vec![is("", "a"), Expression::Or(vec![is("", "b"), is("", "c")])])),
        ("-first_name:Bob", not(is("first_name", "Bob"))),
        ("NOT first_name:Bob", not(is("first_name", "Bob"))),
        ("NOT (a OR b)", not(Expression::Or(vec![is("", "a"), is("", "b")]))),
        ("orders_count:>3", term("orders_count", Greater, "3")),
        ("orders_count:<=4", term("orders_count", AtMost, "4")),
        ("order_date: >='2024-01-01'", {
            let Expression::Term(t) = term("order_date", AtLeast, "2024-01-01") else { unreachable!() };
            Expression::Term(Term { phrase: true, ..t })
        }),
        ("created_at:<now", term("created_at", Less, "now")),
        (r#"email:"bo.wang@example.com""#, phrase("email", "bo.wang@example.com")),
        (r#"name:"a \"b\" OR c""#, phrase("name", r#"a "b" OR c"#)),
        (r"name:\#1001\ OR\ x", is("name", "#1001 OR x")),
        (r"title:a\:b\(c\)", is("title", "a:b(c)")),
        ("#1001 OR name:#1002", Expression::Or(vec![is("", "#1001"), is("name", "#1002")])),
        ("OR a", is("", "a")),
        ("a OR", is("", "a")),
        (")))", Expression::All),
        ("or", is("", "or")),
    ] {
        assert_eq!(parse(text), expect, "{text}");
    }
    let Expression::Term(t) = parse("norm*") else { panic!("one term") };
    assert!(t.prefix && t.value == "norm");
    let Expression::Term(t) = parse(r"norm\*") else { panic!("one term") };
    assert!(!t.prefix && t.value == "norm*");
}

#[test]
fn any_text_is_read_to_its_end() {
    for text in ["((((", "a:(", "\"", "'", "\\", "-", "NOT", "a:", ":", "*", "( OR )", "a:\"b", "-(", "AND AND", "x:>"]
    {
        parse(text);
    }
}
