//! The rules of each format for text from outside: Markdown and HTML. Every report first passes such text through
//! [`clean::line`](crate::clean::line); for the console and JUnit nothing more is needed (`junit::xml` escapes XML).

mod html;
pub mod markdown;

pub use html::html;
