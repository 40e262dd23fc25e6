//! Explanations for people: verdict, credentials in the kubelet's order, evidence with its age, one fix.

use super::{About, Answers};
use crate::label::Label;
use crate::output::{Mark, Output, columns, foreign};
use crate::print;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use keyside_core::explain::{Explanation, Seen, Verdict};
use keyside_core::language::Language;
use keyside_core::page::Topic;
use kube::ResourceExt;

/// How many credentials that are not used are listed; the nearest come first.
const UNUSED: usize = 5;
/// The width of the titles at the left.
const TITLE: usize = 9;
/// The kubelet's waits between two attempts, in seconds: doubled each time, up to the last.
const BACK_OFF: (i64, i64) = (10, 300);

/// A line behind its title.
pub(super) fn titled(title: &str, text: &str) -> String {
    let blanks = (TITLE + 1).saturating_sub(columns(title)).max(1);
    format!("{title}{}{text}", " ".repeat(blanks))
}

/// Prints all answers; the words of node and registry only on demand.
pub(super) fn print(answers: &Answers<'_>, with_words: bool, output: &Output) {
    header(answers, output);
    output.line(titled(&output.say(Label::Verdict), &verdict(answers, output)));
    for about in &answers.images {
        output.line("");
        image(
            about,
            answers.pod.is_some() || answers.images.len() > 1,
            with_words,
            output,
        );
    }
    fix(answers, output);
    more(answers, output);
}

fn header(answers: &Answers<'_>, output: &Output) {
    let namespace = answers.namespace;
    if let Some(workload) = &answers.workload {
        let text = format!("{workload}   {}", output.say(Label::InNamespace { namespace }));
        output.line(titled(&output.say(Label::Workload), &text));
    }
    match answers.pod {
        Some(pod) => output.line(titled(&output.say(Label::Pod), &pod_line(namespace, pod, output))),
        None if answers.workload.is_none() => {
            let image = answers
                .images
                .first()
                .map_or("", |about| about.explanation.image.as_str());
            let text = format!("{image}   {}", output.say(Label::InNamespace { namespace }));
            output.line(titled(&output.say(Label::Image), &text));
        }
        None => {}
    }
}

fn pod_line(namespace: &str, pod: &Pod, output: &Output) -> String {
    let mut line = format!("{namespace}/{}", pod.name_any());
    let owners = pod.owner_references();
    if let Some(owner) = owners.iter().find(|owner| owner.controller == Some(true)) {
        line.push_str(&format!("   {} {}", owner.kind, owner.name));
    }
    if let Some(spec) = &pod.spec {
        let account = spec.service_account_name.as_deref().unwrap_or("default");
        let node = spec.node_name.as_deref();
        line.push_str(&format!("   {}", output.say(Label::PodPlace { account, node })));
    }
    line
}

fn verdict(answers: &Answers<'_>, output: &Output) -> String {
    let all = || answers.images.iter().map(|about| &about.explanation);
    let failing = all().filter(|one| one.verdict == Verdict::Failing).count();
    let worst = all()
        .find(|one| one.verdict == Verdict::Failing)
        .or_else(|| all().find(|one| one.verdict == Verdict::Unknown))
        .or_else(|| all().next());
    let Some(worst) = worst else {
        return format!("{} {}", output.mark(Mark::Warn), output.say(Label::NoImages));
    };
    let message = worst.message.text(output.language());
    let message = if failing > 0 && answers.pod.is_some() {
        let total = answers.images.len();
        let colon = match output.language() {
            Language::Zh => "：",
            Language::En => ": ",
        };
        format!(
            "{}{colon}{message}",
            output.say(Label::CannotPull { failing, total })
        )
    } else {
        message
    };
    format!("{} {message}   {}", mark(worst.verdict, output), worst.reason)
}

fn mark(verdict: Verdict, output: &Output) -> String {
    output.mark(match verdict {
        Verdict::Pullable => Mark::Ok,
        Verdict::Failing => Mark::Fail,
        Verdict::Unknown => Mark::Warn,
    })
}

fn image(about: &About, with_name: bool, with_words: bool, output: &Output) {
    let one = &about.explanation;
    if with_name {
        let container = about.container.as_deref().unwrap_or("-");
        let since = since(about, output);
        let line = format!(
            "{} {container}   {}   {since}",
            mark(one.verdict, output),
            output.bold(&one.image)
        );
        output.line(line.trim_end());
    }
    let rows = rows(one, output);
    if !rows.is_empty() {
        output.table_indented(
            "  ",
            &["#", "CREDENTIAL", "SCOPE", "MATCHES", "DELIVERY", "RESULT"],
            &rows,
        );
    }
    for seen in &one.evidence {
        output.line(format!("  {}", evidence(seen, output)));
        if let (Some(raw), true) = (&seen.raw, with_words) {
            for line in raw.lines() {
                output.line(format!("    {} {}", output.say(Label::RawWords), foreign(line)));
            }
        }
    }
}

fn since(about: &About, output: &Output) -> String {
    let Some(tries) = about.tries else {
        return match about.explanation.verdict {
            Verdict::Pullable => output.say(Label::PulledLine),
            _ => String::new(),
        };
    };
    let ago = |time: Timestamp| Timestamp::now().as_second() - time.as_second();
    let mut said = Vec::new();
    if let Some(first) = tries.first {
        let span = print::span(ago(first));
        said.push(output.say(Label::FailingFor { span: &span }));
    }
    let (shortest, longest) = BACK_OFF;
    let wait = (shortest << (tries.count.clamp(1, 6) - 1)).min(longest);
    if let Some(left) = tries.last.map(|last| wait - ago(last)).filter(|left| *left > 0) {
        let span = print::span(left);
        said.push(output.say(Label::RetriesIn { span: &span }));
    }
    said.join(comma(output))
}

/// What stands between two parts of a sentence.
fn comma(output: &Output) -> &'static str {
    match output.language() {
        Language::Zh => "，",
        Language::En => ", ",
    }
}

fn rows(one: &Explanation, output: &Output) -> Vec<Vec<String>> {
    let tried = one.credentials.iter().map(|tried| {
        let sign = match tried.result.as_str() {
            "verified" => output.mark(Mark::Ok),
            "refused" => output.mark(Mark::Fail),
            "unclear" => output.mark(Mark::Warn),
            _ => "-".to_owned(),
        };
        vec![
            tried.rank.to_string(),
            tried.name.clone(),
            tried.scope.clone(),
            tried.pattern.clone(),
            tried.delivery.clone(),
            format!("{sign} {} {}", tried.result, tried.reason)
                .trim_end()
                .to_owned(),
        ]
    });
    let unused = one.unused.iter().take(UNUSED).map(|unused| {
        let pattern = unused.pattern.clone().unwrap_or_else(|| "<unknown>".to_owned());
        let why = unused.message.text(output.language());
        vec![
            "-".to_owned(),
            unused.name.clone(),
            unused.scope.clone(),
            pattern,
            "-".to_owned(),
            output.say(Label::NotUsed { why: &why }),
        ]
    });
    tried.chain(unused).collect()
}

fn evidence(seen: &Seen, output: &Output) -> String {
    let source = output.say(Label::SeenBy { source: &seen.source });
    let message = seen.message.text(output.language());
    // A full-width colon brings its own space.
    let blank = if source.ends_with('：') { "" } else { " " };
    let Some(time) = seen.time else {
        return format!("{source}{blank}{message}");
    };
    let span = print::span(Timestamp::now().as_second() - time.as_second());
    format!(
        "{source}{blank}{message}{}{}",
        comma(output),
        output.say(Label::Ago { span: &span })
    )
}

/// The advice, and below it the commands, each as it can be pasted.
fn fix(answers: &Answers<'_>, output: &Output) {
    let mut seen: Vec<&String> = Vec::new();
    let title = output.say(Label::Fix);
    for about in &answers.images {
        let one = &about.explanation;
        let fresh: Vec<&String> = one.fix.iter().filter(|fix| !seen.contains(fix)).collect();
        if fresh.is_empty() {
            continue;
        }
        if seen.is_empty() {
            output.line("");
        }
        let title = if seen.is_empty() { title.as_str() } else { "" };
        let advice = one.advice.as_ref().map(|advice| advice.text(output.language()));
        output.line(titled(title, advice.as_deref().unwrap_or("")).trim_end());
        for fix in fresh {
            output.line(format!("{}{fix}", " ".repeat(TITLE + 3)));
            seen.push(fix);
        }
    }
    let failing = |about: &About| about.explanation.verdict == Verdict::Failing && about.tries.is_some();
    if answers.images.iter().any(failing) {
        let between = match output.language() {
            Language::Zh => "；",
            Language::En => "; ",
        };
        let line = format!(
            "{}{between}{}",
            output.say(Label::RetriesByItself),
            output.say(Label::RestartHint)
        );
        output.line(titled("", &line));
    }
}

fn more(answers: &Answers<'_>, output: &Output) {
    let failing = answers.images.iter().map(|about| &about.explanation);
    let mut failing = failing.filter(|one| one.verdict != Verdict::Pullable);
    if let Some(topic) = failing.find_map(|one| Topic::find(&one.reason)) {
        output.line(titled(
            &output.say(Label::More),
            &format!("keyside explain {}", topic.code()),
        ));
    }
}
