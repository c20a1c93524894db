//! What people look at: every report of the same stories.

mod console;
mod html;
mod markdown;
mod sample;
mod template_docs;
