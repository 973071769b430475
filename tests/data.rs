//! `kfra-tui data`: what is listed, made, fetched and shown.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The program in the project's folder, with a cache and a data folder of its own.
fn program(home: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kfra-tui"));
    command.current_dir(ROOT).args(arguments).stdin(Stdio::null());
    command.env_remove("KFRA_DATA_DIR");
    command.env("XDG_CACHE_HOME", home.join("cache")).env("XDG_DATA_HOME", home.join("data"));
    command.output().expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn home() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// What is printed by a call that must succeed.
fn printed(home: &TempDir, arguments: &[&str]) -> String {
    let output = program(home.path(), arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// What is complained of by a call that must fail.
fn refused(home: &TempDir, arguments: &[&str], code: i32) -> String {
    let output = program(home.path(), arguments);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stderr)
}

#[test]
fn what_is_built_is_listed_and_found_again() {
    let home = home();
    let line = |name: &str| {
        let list = printed(&home, &["data", "list"]);
        list.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name} in {list}")).to_owned()
    };
    assert!(line("mnist").contains("  ok  ") && line("mnist").ends_with("datasets/mnist"));
    assert!(line("fashion-mnist").contains("absent (kfra-tui data fetch fashion-mnist)"));
    assert!(line("curves").contains("absent (made when needed)"));
    let built = printed(&home, &["data", "build", "curves"]);
    assert!(built.ends_with("MD5 of all pixels: 94286ba425c3a034c2a9f533e7d061d1\n"), "{built}");
    assert!(line("curves").contains("  ok  ") && line("curves").ends_with(built.lines().next().unwrap()));
    assert_eq!(printed(&home, &["data", "build", "curves"]), built);
    assert_ne!(printed(&home, &["data", "build", "curves", "--seed", "2"]), built);
    let file = built.lines().next().unwrap();
    let mut bytes = fs::read(file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(file, bytes).unwrap();
    assert!(line("curves").contains("WRONG"));
}

#[test]
fn samples_are_shown_in_text_and_as_a_picture() {
    let home = home();
    let shown = printed(&home, &["data", "show", "digits", "--rows", "2", "--columns", "3"]);
    let lines: Vec<_> = shown.lines().collect();
    // Two rows of images of 8 pixels with a gap between them, two pixels a line; then a line of text.
    assert_eq!(lines.len(), 17_usize.div_ceil(2) + 1);
    assert!(lines[..9].iter().all(|line| line.len() == 26 && line.is_ascii()), "{shown}");
    assert_eq!(lines[9], "digits, 1500 training and 297 validation data: 8 × 8 pixels from 0 to 1");
    let file = home.path().join("sheet.png");
    let out = ["--out", file.to_str().unwrap()];
    printed(&home, &[&["data", "show", "experiments/curves-autoencoder-kfra.toml", "--validation"], &out[..]].concat());
    let picture = image::open(&file).unwrap();
    assert_eq!((picture.width(), picture.height()), (3 * (14 * 29 - 1), 3 * (8 * 29 - 1)));
    assert!(refused(&home, &[&["data", "show", "digits"], &out[..]].concat(), 2).contains("is there already"));
    let own = printed(&home, &["data", "show", "datasets/faces/lfw-faces-25x25.npy", "--rows", "1", "--columns", "1"]);
    assert!(refused(&home, &["data", "show", "digits", "--out", "sheet.txt"], 2).contains("ends in .png"));
    assert!(own.contains("lfw-faces-25x25.npy, 83 training and 17 validation data: 25 × 25 pixels"), "{own}");
}

#[test]
fn what_there_is_not_is_refused() {
    let home = home();
    assert!(refused(&home, &["data", "show", "none.npz#x"], 2).contains("none.npz#x: no such data; expected mnist"));
    assert!(refused(&home, &["data", "show", "nothing"], 2).contains("nothing: no such data; expected mnist"));
    assert!(refused(&home, &["data", "build", "mnist"], 2).contains("mnist is read, not made"));
    assert!(refused(&home, &["data", "build", "nothing"], 2).contains("expected curves or faces"));
    assert!(refused(&home, &["data", "build", "curves", "--portraits", "x"], 2).contains("does not belong to curves"));
    assert!(
        refused(&home, &["data", "build", "faces", "--portraits", "no/such"], 2).contains("no/such: cannot be read")
    );
    assert!(refused(&home, &["data", "fetch", "digits"], 2).contains("expected mnist or fashion-mnist"));
    let table = home.path().join("a.csv");
    fs::write(&table, "1,2\n3,4\n").unwrap();
    assert!(refused(&home, &["data", "show", table.to_str().unwrap()], 2).contains("expected images"));
    assert!(!home.path().join("cache").exists() && !home.path().join("data").exists());
}

/// Serves the files of a folder, one connection after the other; the first answer is cut after some bytes.
fn serve(folder: &'static str, cut: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/sub/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let mut cut = Some(cut);
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
            let lines: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
            let name = lines[0].split(' ').nth(1).and_then(|path| path.rsplit('/').next()).unwrap().to_owned();
            let range =
                lines.iter().find_map(|line| line.to_lowercase().strip_prefix("range: bytes=").map(str::to_owned));
            let begin: usize = range.map_or(0, |range| range.trim_end_matches('-').parse().unwrap());
            let bytes = fs::read(Path::new(ROOT).join(folder).join(name)).unwrap_or_default();
            let status = if begin > 0 { "206 Partial Content" } else { "200 OK" };
            let (length, total) = (bytes.len() - begin, bytes.len());
            let head = format!(
                "HTTP/1.1 {status}\r\ncontent-length: {length}\r\ncontent-range: bytes {begin}-{}/{total}\r\nconnection: close\r\n\r\n",
                total.max(1) - 1
            );
            let sent = cut.take().unwrap_or(length).min(length);
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&bytes[begin..begin + sent]));
        }
    });
    url
}

#[test]
fn mnist_is_fetched_though_the_download_is_cut() {
    let home = home();
    let into = home.path().join("here");
    let url = serve("datasets/mnist", 100_000);
    let arguments = ["data", "fetch", "mnist", "--url", &url, "--into", into.to_str().unwrap()];
    assert_eq!(printed(&home, &arguments).matches("is fetched, and its checksum is right").count(), 4);
    for entry in fs::read_dir(Path::new(ROOT).join("datasets/mnist")).unwrap() {
        let file = entry.unwrap().path();
        let fetched = into.join("mnist").join(file.file_name().unwrap());
        assert!(fs::read(&file).unwrap() == fs::read(&fetched).unwrap(), "{}", fetched.display());
    }
    assert_eq!(fs::read_dir(into.join("mnist")).unwrap().count(), 4);
    assert_eq!(printed(&home, &arguments).matches("is there").count(), 4);
}

#[test]
fn of_a_wrong_file_nothing_is_kept() {
    let home = home();
    // The files of MNIST have the names of those of Fashion-MNIST.
    let url = serve("datasets/mnist", usize::MAX);
    let errors = refused(&home, &["data", "fetch", "fashion-mnist", "--url", &url], 1);
    assert!(
        errors.contains("expected the MD5 checksum 8d4fb7e6c68d591d4c3dfef9ec88bf0d (of the packed file)"),
        "{errors}"
    );
    assert!(errors.contains("nothing of it is kept"), "{errors}");
    assert_eq!(fs::read_dir(home.path().join("data/kfra-tui/fashion-mnist")).unwrap().count(), 0);
}
