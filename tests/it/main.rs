
mod tidy;
