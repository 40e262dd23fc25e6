//! The page behind a code: no cluster is asked.

use crate::cli::{Explain, Format};
use crate::label::Label;
use crate::output::Output;
use crate::print;
use crate::verbs::Ended;
use keyside_core::language::Language;
use keyside_core::page::Topic;
use serde_json::json;
use std::process::ExitCode;

/// Prints it; programs get English.
pub(super) fn print(topic: Topic, flags: &Explain, output: &Output) -> Ended {
    if let Some(format @ (Format::Json | Format::Yaml)) = flags.output {
        let page = topic.page(Language::En);
        let document = json!({"reason": topic.code(), "meaning": page.meaning, "advice": page.advice});
        print::document(&document, Some(format), output)?;
        return Ok(ExitCode::SUCCESS);
    }
    let page = topic.page(output.language());
    output.line(output.bold(topic.code()));
    output.line("");
    for (label, text) in [(Label::Meaning, page.meaning), (Label::WhatToDo, page.advice)] {
        output.line(super::show::titled(&output.say(label), text));
    }
    Ok(ExitCode::SUCCESS)
}
