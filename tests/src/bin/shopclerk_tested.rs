//! `shopclerk` again, where cargo builds it before the tests that run it.

fn main() -> std::process::ExitCode {
    api::commands::main()
}
