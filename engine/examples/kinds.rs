use std::io::BufRead;
fn main() {
    let pattern = regex::Regex::new(r"#?FV\d{5}").unwrap();
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let q = engine::LiveQuestion::read(&engine::Turn::single("c", line.clone()), &pattern);
        println!("{}\t{line}", q.map_or("-".into(), |q| format!("{:?}{}", q.kinds, if q.soft { "~" } else { "" })));
    }
}
