use std::sync::mpsc::channel;

use super::*;
use crate::data::Places;
use crate::session::{self, Session, pair};
use crate::tui::sample;

#[test]
fn where_the_run_that_is_shown_is_deleted_another_one_is_shown() {
    let root = tempfile::tempdir().unwrap();
    let mut shelf = Shelf::new(Places::new(Vec::new()), Vec::new());
    for updates in [10, 20, 30] {
        let folder = root.path().join(updates.to_string());
        shelf.record(sample::folder(folder.to_str().unwrap(), 1, "kfra"), sample::snapshot(updates));
    }
    let opening = Opening { shown: 1, ..Opening::default() };
    let mut workbench = Workbench::new(&mut shelf, opening, Options::default(), None);
    let mut shown = Vec::new();
    for _ in 0..3 {
        workbench.look();
        let id = workbench.state.runs.shown;
        shown.push((id, workbench.snapshot.step));
        workbench.carry_out(Effect::Delete(id)).unwrap();
    }
    assert_eq!(shown, [(1, 20), (2, 30), (0, 10)]);
    workbench.look();
    assert!(runs::shown(&workbench.state, workbench.shelf.entries()).is_none() && workbench.snapshot.run.is_none());
}

#[test]
fn a_run_without_news_is_said_to_have_none() {
    let mut shelf = Shelf::new(Places::new(Vec::new()), Vec::new());
    let (handle, _desk) = pair();
    let (end, ended) = channel();
    let thread = std::thread::spawn(move || ended.recv().unwrap());
    shelf.adopt(Session::of(handle, thread), "runs/now".into(), sample::snapshot(50));
    let mut workbench = Workbench::new(&mut shelf, Opening::default(), Options::default(), None);
    workbench.look();
    workbench.news = false;
    workbench.look();
    assert_eq!((workbench.news, workbench.state.quiet), (false, None));
    std::thread::sleep(Duration::from_secs(QUIET));
    workbench.look();
    assert_eq!((workbench.news, workbench.state.quiet), (true, Some(QUIET)));
    end.send(Err(session::Error::Panicked { panic: String::new() })).unwrap();
    while workbench.shelf.live() > 0 {
        workbench.look();
    }
    workbench.look();
    assert_eq!(workbench.state.quiet, None);
}
