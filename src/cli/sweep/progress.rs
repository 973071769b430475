//! What is seen of a sweep while it is run: a table on a terminal, plain lines elsewhere.

use std::path::Path;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::cli::output;
use crate::sweep::{News, Plan, Point, Process, Totals};

/// A row of the table: a run that goes on.
struct Row {
    folder: String,
    bar: ProgressBar,
}

enum Look {
    Quiet,
    Lines,
    Table { table: MultiProgress, whole: ProgressBar, rows: Vec<Row> },
}

/// Shows what happens.
pub(super) struct Progress<'a> {
    plan: &'a Plan,
    /// Runs of the shard.
    runs: usize,
    over: usize,
    look: Look,
}

impl<'a> Progress<'a> {
    pub fn new(quiet: bool, plan: &'a Plan, runs: usize) -> Self {
        let look = if quiet {
            Look::Quiet
        } else if output::is_terminal() {
            let table = MultiProgress::new();
            let whole = table.add(ProgressBar::new(runs as u64));
            whole.set_style(style("{bar:24} {pos}/{len} runs  {elapsed}  {msg}"));
            whole.set_message(plan.name.clone());
            Look::Table { table, whole, rows: Vec::new() }
        } else {
            Look::Lines
        };
        Self { plan, runs, over: 0, look }
    }

    /// What happened.
    pub fn show(&mut self, news: &News) {
        match news {
            News::Started { point, resumed } => self.start(point, *resumed),
            News::Finished { point, summary } => {
                let validation = if summary.validation_loss.is_nan() {
                    String::new()
                } else {
                    format!("  validation {}", output::loss(summary.validation_loss))
                };
                let train = output::loss(summary.train_loss);
                let text = format!("train {train}{validation}  {:.1} s", summary.seconds_training);
                self.leave(point, "finished", &text);
            }
            News::Failed { point, failure } => {
                let how = if failure.diverged { "diverged" } else { "failed" };
                self.leave(point, how, failure.reason.lines().next().unwrap_or_default());
            }
            News::Elsewhere { reason, .. } => self.line(reason),
            News::Tick(running) => self.tick(running),
        }
    }

    fn start(&mut self, point: &Point, resumed: bool) {
        if let Look::Table { table, whole, rows } = &mut self.look {
            let bar = table.insert_before(whole, ProgressBar::new(point.updates));
            bar.set_style(style("{bar:24} {pos}/{len} updates  {eta}  {msg}"));
            bar.set_message(point.folder.clone());
            rows.push(Row { folder: point.folder.clone(), bar });
        } else {
            self.line(&format!("{:10} {}", if resumed { "goes on" } else { "started" }, point.folder));
        }
    }

    fn leave(&mut self, point: &Point, how: &str, what: &str) {
        self.over += 1;
        if let Look::Table { table, whole, rows } = &mut self.look {
            rows.retain(|row| {
                let stays = row.folder != point.folder;
                if !stays {
                    table.remove(&row.bar);
                }
                stays
            });
            whole.set_position(self.over as u64);
        }
        self.line(&format!("{how:10} {}  {what}", point.folder));
    }

    fn tick(&self, running: &[Process]) {
        let Look::Table { whole, rows, .. } = &self.look else { return };
        whole.tick();
        for process in running {
            let folder = &self.plan.runs[process.place].folder;
            let Some(row) = rows.iter().find(|row| row.folder == *folder) else { continue };
            let Some(snapshot) = process.snapshot() else { continue };
            row.bar.set_position(snapshot.step);
            let loss =
                snapshot.loss.last().map_or(String::new(), |point| format!("loss {}  ", output::loss(point.mean())));
            row.bar.set_message(format!("{loss}{folder}"));
        }
    }

    fn line(&self, text: &str) {
        match &self.look {
            Look::Quiet => {}
            Look::Lines => output::tell(&format!("{text}\n")),
            // A terminal that is gone shows nothing.
            Look::Table { table, .. } => drop(table.println(text)),
        }
    }

    /// How it ended.
    pub fn end(&self, totals: &Totals, root: &Path, stopped: bool) {
        if let Look::Table { table, .. } = &self.look {
            // As above.
            let _ = table.clear();
        }
        let Totals { known, finished, failed, diverged, left } = *totals;
        let mut parts = vec![format!("{finished} finished")];
        for (count, what) in [(known, "known before"), (diverged, "diverged"), (failed, "failed"), (left, "left")] {
            if count > 0 {
                parts.push(format!("{count} {what}"));
            }
        }
        let how = if stopped { "stopped: " } else { "" };
        self.line(&format!("{how}{} of {} runs; {}", parts.join(", "), self.runs, root.join("summary.csv").display()));
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
