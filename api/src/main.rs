//! The one binary, `shopclerk`.

fn main() -> std::process::ExitCode {
    api::commands::main()
}
