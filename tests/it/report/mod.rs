//! What people look at: every report of the same stories.

mod answer;
mod background;
mod console;
mod files;
mod hostile;
mod html;
mod junit;
mod markdown;
pub(crate) mod sample;
mod since;
mod template_docs;
