use super::*;
use crate::session::Checkpoint;

/// An experiment that ends only when it is stopped.
fn endless(seed: u64) -> Experiment {
    let text = format!(
        "seed = {seed}\n[data]\nsource = \"digits\"\ntask = \"classify\"\n[network]\n\
         layers = [{{ units = 5, activation = \"tanh\" }}]\n[loss]\nkind = \"categorical\"\n\
         [optimizer]\nkind = \"sgd\"\n[train]\nbatch = 50\nupdates = 100000000\nthreads = 1\n"
    );
    Experiment::parse("endless.toml", &text, &[]).unwrap()
}

fn wait(shelf: &mut Shelf, what: impl Fn(&Shelf) -> bool) {
    let began = std::time::Instant::now();
    while !what(shelf) {
        assert!(began.elapsed().as_secs() < 60, "{shelf:?}");
        shelf.look();
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

fn shelf(folder: &Path) -> Shelf {
    Shelf::new(Places::new(Vec::new()), vec![folder.to_owned()])
}

fn standing(shelf: &Shelf, id: Id) -> Standing {
    shelf.entry(id).unwrap().standing()
}

/// Another shelf with a run in the folder `theirs` that was stopped.
fn left(root: &Path) -> (Shelf, Id) {
    let mut other = shelf(root);
    let theirs = other.start(endless(1), root.join("theirs").into()).unwrap();
    wait(&mut other, |other| other.entry(theirs).unwrap().snapshot.step > 20);
    stop(&mut other);
    (other, theirs)
}

fn stop(shelf: &mut Shelf) {
    shelf.stop();
    wait(shelf, |shelf| shelf.live() == 0);
}

#[test]
fn a_run_is_stopped_resumed_forked_and_deleted() {
    let root = tempfile::tempdir().unwrap();
    let mut shelf = shelf(root.path());
    let id = shelf.start(endless(1), root.path().join("one").into()).unwrap();
    let made = |id, updates| move |shelf: &Shelf| shelf.entry(id).unwrap().snapshot.step >= updates;
    wait(&mut shelf, made(id, 20));
    assert!(shelf.delete(id).unwrap_err().to_string().contains("stop it first"));
    stop(&mut shelf);
    assert_eq!(standing(&shelf, id), Standing::Stopped);
    let updates = shelf.entry(id).unwrap().snapshot.step;
    shelf.resume(id).unwrap();
    wait(&mut shelf, made(id, updates + 20));
    stop(&mut shelf);
    let before = std::fs::read(root.path().join("one/events.jsonl")).unwrap();
    let fork = shelf.fork(id, None).unwrap().unwrap();
    wait(&mut shelf, made(fork, updates + 20));
    stop(&mut shelf);
    assert_eq!(std::fs::read(root.path().join("one/events.jsonl")).unwrap(), before);
    let forked = shelf.entry(fork).unwrap().folder.clone();
    for id in [id, fork] {
        shelf.delete(id).unwrap();
    }
    assert!(shelf.entries().is_empty() && !root.path().join("one").exists() && !forked.exists());
}

#[test]
fn a_fork_begins_at_the_checkpoint_that_is_chosen_or_to_go_back_to_or_the_latest() {
    let root = tempfile::tempdir().unwrap();
    let mut shelf = shelf(root.path());
    let id = shelf.start(endless(1), root.path().join("one").into()).unwrap();
    wait(&mut shelf, |shelf| shelf.entry(id).unwrap().snapshot.step > 10);
    let ticket = shelf.send(id, Command::Checkpoint).unwrap();
    wait(&mut shelf, |shelf| shelf.entry(id).unwrap().snapshot.answers(ticket));
    shelf.send(id, Command::Stop);
    wait(&mut shelf, |shelf| shelf.live() == 0);
    let steps: Vec<_> = Checkpoint::list(&root.path().join("one")).into_iter().map(|(step, _)| step).collect();
    assert!(steps.len() == 2 && steps[1] > 10, "{steps:?}");
    assert_eq!(shelf.checkpoints(id), steps);
    let (latest, first) = (steps[0], steps[1]);
    for (back, at, expected) in [
        (Some(first), None, first),
        (None, None, latest),
        (Some(5), None, latest),
        (None, Some(first), first),
        (Some(first), Some(latest), latest),
    ] {
        Arc::make_mut(&mut shelf.entry_mut(id).unwrap().snapshot).back = back;
        let fork = shelf.fork(id, at).unwrap().unwrap();
        wait(&mut shelf, |shelf| shelf.entry(fork).unwrap().snapshot.step > expected);
        let origin = session::Origin::read(&shelf.entry(fork).unwrap().folder).unwrap();
        assert_eq!(origin.step, expected);
    }
    stop(&mut shelf);
}

#[test]
fn only_a_folder_that_a_run_began_in_is_deleted_with_it() {
    let root = tempfile::tempdir().unwrap();
    let (docs, one) = (root.path().join("docs"), root.path().join("one"));
    let file = docs.join("thesis.txt");
    std::fs::create_dir(&docs).unwrap();
    std::fs::write(&file, "").unwrap();
    let mut first = shelf(root.path());
    let began = first.start(endless(1), one.clone().into()).unwrap();
    wait(&mut first, |first| first.entry(began).unwrap().snapshot.step > 20);
    stop(&mut first);

    let mut shelf = shelf(root.path());
    let refused = [&docs, &one].map(|folder| shelf.start(endless(2), folder.clone().into()).unwrap());
    wait(&mut shelf, |shelf| shelf.live() == 0);
    shelf.scan();
    assert_eq!(refused.map(|id| standing(&shelf, id)), [Standing::Failed; 2]);
    let entry = shelf.entry(refused[1]).unwrap();
    assert_eq!(entry.run.as_ref().unwrap().experiment(None).unwrap().seed, 2);
    assert!(shelf.fork(refused[1], None).is_err());
    shelf.resume(refused[1]).unwrap();
    assert_eq!(shelf.live(), 0);
    // The run that has the folder is a run of its own.
    let [found] = shelf.entries().iter().filter(|entry| entry.has_begun()).collect::<Vec<_>>()[..] else { panic!() };
    let found = found.id;
    assert_eq!((standing(&shelf, found), &shelf.entry(found).unwrap().folder), (Standing::Stopped, &one));
    for id in refused {
        shelf.delete(id).unwrap();
    }
    assert!(file.exists() && one.join("summary.json").exists());

    // Nor is a folder deleted that has become another's meanwhile.
    for file in ["events.jsonl", "experiment.toml"] {
        std::fs::remove_file(one.join(file)).unwrap();
        assert!(shelf.delete(found).unwrap_err().to_string().contains("not a run folder"));
    }
    assert!(one.join("summary.json").exists());
}

#[test]
fn a_run_folder_that_cannot_be_read_is_told_once_and_taken_when_it_can() {
    let root = tempfile::tempdir().unwrap();
    left(root.path());
    let file = root.path().join("theirs/experiment.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, &text[..text.len() / 2]).unwrap();
    let mut shelf = shelf(root.path());
    assert!(!shelf.scan() && !shelf.scan());
    let [told] = &shelf.unread()[..] else { panic!() };
    assert!(told.to_string().contains("experiment.toml"), "{told}");
    assert!(shelf.entries().is_empty());
    std::fs::write(&file, text).unwrap();
    assert!(shelf.scan() && !shelf.scan());
    assert_eq!((shelf.entries().len(), shelf.unread().len()), (1, 0));
}

#[test]
fn a_run_of_another_process_is_followed_and_neither_resumed_nor_deleted() {
    let root = tempfile::tempdir().unwrap();
    let mut other = shelf(root.path());
    let theirs = other.start(endless(1), root.path().join("theirs").into()).unwrap();
    wait(&mut other, |other| other.entry(theirs).unwrap().snapshot.step > 10);
    let mut shelf = shelf(root.path());
    shelf.scan();
    let id = shelf.entries()[0].id;
    assert_eq!(standing(&shelf, id), Standing::Elsewhere);
    wait(&mut shelf, |shelf| shelf.entry(id).unwrap().snapshot.step > 10);
    assert!(shelf.delete(id).unwrap_err().to_string().contains("another run writes"));
    assert!(shelf.resume(id).unwrap_err().to_string().contains("another run writes"));
    stop(&mut other);
    wait(&mut shelf, |shelf| shelf.entry(id).unwrap().snapshot.summary.is_some());
    shelf.scan();
    assert_eq!(standing(&shelf, id), Standing::Stopped);
    std::fs::remove_dir_all(root.path().join("theirs")).unwrap();
    shelf.scan();
    assert!(shelf.entries().is_empty());
}

#[test]
fn a_run_that_another_process_goes_on_with_is_followed_on() {
    let root = tempfile::tempdir().unwrap();
    let (mut other, theirs) = left(root.path());
    let mut shelf = shelf(root.path());
    shelf.scan();
    let id = shelf.entries()[0].id;
    shelf.open(id);
    wait(&mut shelf, |shelf| shelf.entry(id).unwrap().snapshot.summary.is_some());
    let first = shelf.entry(id).unwrap().snapshot.step;
    other.resume(theirs).unwrap();
    wait(&mut other, |other| other.entry(theirs).unwrap().snapshot.step > first + 10);
    assert!(shelf.scan());
    assert_eq!(standing(&shelf, id), Standing::Elsewhere);
    stop(&mut other);
    // This time nobody looks while it goes on.
    other.resume(theirs).unwrap();
    wait(&mut other, |other| other.entry(theirs).unwrap().snapshot.step > first + 20);
    stop(&mut other);
    let last = other.entry(theirs).unwrap().snapshot.step;
    shelf.scan();
    let ended = |shelf: &Shelf| standing(shelf, id) == Standing::Stopped;
    wait(&mut shelf, |shelf| ended(shelf) && shelf.entry(id).unwrap().snapshot.step == last);
}

#[test]
fn a_run_is_unfinished_from_the_moment_its_process_is_killed() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("theirs");
    let mut other = shelf(root.path());
    let theirs = other.start(endless(1), folder.clone().into()).unwrap();
    wait(&mut other, |other| other.entry(theirs).unwrap().snapshot.step > 10);
    other.send(theirs, Command::Pause);
    wait(&mut other, |other| standing(other, theirs) == Standing::Paused);
    let mut shelf = shelf(root.path());
    let id = shelf.add(&folder).unwrap();
    wait(&mut shelf, |shelf| shelf.entry(id).unwrap().snapshot.step > 10);
    assert_eq!(standing(&shelf, id), Standing::Elsewhere);
    // What a process leaves that is killed: a log without an end that nobody holds.
    std::fs::remove_file(folder.join("lock")).unwrap();
    wait(&mut shelf, |shelf| standing(shelf, id) == Standing::Unfinished);
    other.stop();
    other.join();
}

#[test]
fn a_run_that_cannot_be_resumed_stays_as_it_was() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("one");
    let mut first = shelf(root.path());
    let id = first.start(endless(1), folder.clone().into()).unwrap();
    wait(&mut first, |first| first.entry(id).unwrap().snapshot.step > 20);
    stop(&mut first);
    std::fs::remove_dir_all(folder.join("checkpoints")).unwrap();

    let mut second = shelf(root.path());
    let known = second.add(&folder).unwrap();
    wait(&mut second, |second| second.entry(known).unwrap().snapshot.summary.is_some());
    for (mut shelf, id) in [(first, id), (second, known)] {
        let before = Arc::clone(&shelf.entry(id).unwrap().snapshot);
        shelf.resume(id).unwrap();
        assert!(shelf.entry(id).unwrap().snapshot.loss == before.loss && standing(&shelf, id) == Standing::Running);
        wait(&mut shelf, |shelf| shelf.live() == 0);
        let [refusal] = &shelf.refusals()[..] else { panic!() };
        assert!(refusal.to_string().contains("no checkpoint"), "{refusal}");
        assert_eq!((standing(&shelf, id), shelf.entry(id).unwrap().snapshot.step), (Standing::Stopped, before.step));
        assert!(shelf.refusals().is_empty() && shelf.join().iter().all(|(_, end)| end.is_ok()));
    }
}

#[test]
fn a_damaged_log_shows_as_such_with_its_place() {
    let root = tempfile::tempdir().unwrap();
    left(root.path());
    let log = root.path().join("theirs/events.jsonl");
    let mut bytes = std::fs::read(&log).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    std::fs::write(&log, &bytes).unwrap();
    let line = bytes[..middle].split(|byte| *byte == b'\n').count();
    let place = format!("events.jsonl: line {line}, byte ");

    let mut shelf = shelf(root.path());
    shelf.scan();
    let id = shelf.entries()[0].id;
    assert_eq!(standing(&shelf, id), Standing::Stopped);
    shelf.open(id);
    let is_damaged = |shelf: &Shelf| standing(shelf, id) == Standing::Damaged;
    wait(&mut shelf, is_damaged);
    assert!(shelf.entry(id).unwrap().snapshot.damage.as_ref().unwrap().starts_with(&place));
    shelf.resume(id).unwrap();
    wait(&mut shelf, |shelf| shelf.live() == 0);
    assert!(is_damaged(&shelf));
    let said = &shelf.entry(id).unwrap().snapshot.messages.back().unwrap().text;
    assert!(said.starts_with(&place), "{said}");
    // At its checkpoint, which is whole, another run can begin.
    assert!(shelf.fork(id, None).unwrap().is_some());
    stop(&mut shelf);
}

#[test]
fn a_queued_run_waits_for_the_others_and_its_settings_are_known_at_once() {
    let root = tempfile::tempdir().unwrap();
    let mut shelf = shelf(root.path());
    let first = shelf.start(endless(1), root.path().join("first").into()).unwrap();
    let queued = shelf.push(
        root.path().join("second"),
        Some(Run::planned(&root.path().join("second"), &endless(2))),
        Source::Queued(Box::new(endless(2))),
    );
    assert_eq!(shelf.entry(queued).unwrap().run.as_ref().unwrap().seed(), Some(2));
    shelf.look();
    assert_eq!(standing(&shelf, queued), Standing::Queued);
    shelf.send(first, Command::Stop);
    wait(&mut shelf, |shelf| shelf.entry(queued).unwrap().is_live());
    assert_eq!(standing(&shelf, first), Standing::Stopped);
    shelf.stop();
    assert!(shelf.join().iter().all(|(_, end)| end.is_ok()));
}
