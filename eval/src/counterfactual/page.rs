//! The report as one self-contained HTML page: what is said now on the left, what would be said on the right.

use super::change::{Changed, How, Side};
use super::report::WhatIf;
use crate::page::{document, escape};
use std::fmt::Write;

const CSS: &str = "
.sides{display:grid;grid-template-columns:1fr 1fr;gap:1rem;padding-bottom:.6rem}
@media(max-width:36rem){.sides{grid-template-columns:1fr}}
.sides h4{margin:.3rem 0;font-size:.85rem;color:var(--dim);font-weight:600}
.sides p{overflow-wrap:anywhere}.sides .was{border-left:3px solid var(--bad);padding-left:.5rem}
.sides .is{border-left:3px solid var(--good);padding-left:.5rem}
.sides blockquote{margin:.1rem 0 .5rem .8rem;font-size:.85rem;color:var(--dim);overflow-wrap:anywhere}
";

pub fn html(what_if: &WhatIf) -> String {
    let mut body = String::new();
    let _ = write!(body, "<header><h1>What would change</h1><p>{}</p><ul>", escape(&what_if.headline()));
    for change in &what_if.changes {
        let _ = write!(body, "<li>{}</li>", escape(&change.to_string()));
    }
    body.push_str("</ul></header>");
    body.push_str(
        "<div class=\"wide\"><table><thead><tr><th>kind</th><th class=\"num\">replies</th></tr></thead><tbody>",
    );
    for how in How::ALL {
        let _ = write!(body, "<tr><td>{}</td><td class=\"num\">{}</td></tr>", how.name(), what_if.count(how));
    }
    body.push_str("</tbody></table></div>");
    for how in How::ALL.iter().filter(|how| what_if.count(**how) > 0) {
        let _ = write!(body, "<section><h2>{} ({})</h2>", how.name(), what_if.count(*how));
        what_if.replies.iter().filter(|changed| changed.how == *how).for_each(|changed| one(&mut body, changed));
        body.push_str("</section>");
    }
    if let Some(labels) = &what_if.labels {
        let _ = write!(
            body,
            "<section><h2>Against the labels of {} messages</h2><pre class=\"mono wide\">{}</pre></section>",
            labels.n,
            escape(&labels.comparison.markdown())
        );
    }
    let notes: Vec<String> = what_if.notes.iter().map(|note| escape(note)).collect();
    let _ = write!(
        body,
        "<footer><p>{} messages were asked, {} of them twice; of the others everything that was searched would bring the \
         same. {}</p></footer>",
        what_if.asked,
        what_if.touched,
        notes.join(" ")
    );
    document("What would change", CSS, &body)
}

fn one(body: &mut String, changed: &Changed) {
    let class = match changed.how {
        How::NoLongerAnswered => "bad",
        How::NowAnswered | How::OtherOutcome | How::OtherFacts | How::OtherWords => "so",
    };
    let open = if changed.how == How::OtherWords { "" } else { " open" };
    let _ = write!(
        body,
        "<details{open}><summary><span class=\"tag {class}\">{}</span>{}</summary><p class=\"sub\">{}",
        changed.how.name(),
        escape(&changed.text),
        escape(&changed.id)
    );
    for (label, values) in [("no longer said", &changed.gone), ("said instead", &changed.new)] {
        if !values.is_empty() {
            let _ = write!(body, "; {label}: {}", escape(&values.join(", ")));
        }
    }
    body.push_str("</p><div class=\"sides\">");
    side(body, "now", "was", &changed.before);
    side(body, "then", "is", &changed.after);
    body.push_str("</div></details>");
}

fn side(body: &mut String, when: &str, class: &str, side: &Side) {
    let _ = write!(body, "<div><h4>{when}: {}</h4>", escape(&side.did));
    for said in &side.sentences {
        let class = if said.changed { class } else { "same" };
        let _ = write!(body, "<p class=\"{class}\">{}</p>", escape(&said.text));
        for rests in said.rests_on.iter().filter(|_| said.changed) {
            let _ = write!(
                body,
                "<blockquote>{} ({}): {}</blockquote>",
                escape(&rests.title),
                escape(&rests.doc),
                escape(&rests.quote)
            );
        }
    }
    body.push_str("</div>");
}

#[cfg(test)]
mod tests {
    use super::super::change::{Rests, Said};
    use super::*;

    #[test]
    fn nothing_of_a_reply_becomes_markup() {
        let hostile = "<img src=x onerror=alert(1)>\" onload=\"x";
        let said = Said {
            text: hostile.into(),
            changed: true,
            rests_on: vec![Rests { doc: hostile.into(), title: hostile.into(), quote: hostile.into() }],
        };
        let side = Side { did: hostile.into(), sentences: vec![said] };
        let mut what_if = WhatIf::new(Vec::new());
        what_if.notes.push(hostile.into());
        what_if.replies.push(Changed {
            id: hostile.into(),
            text: hostile.into(),
            how: How::OtherFacts,
            before: side.clone(),
            after: side,
            gone: vec![hostile.into()],
            new: vec![hostile.into()],
        });
        let page = html(&what_if);
        assert!(!page.contains("<img") && !page.contains("\" onload") && !page.contains("<script"), "{page}");
        assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;") && page.contains("other facts (1)"));
    }
}
