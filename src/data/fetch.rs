//! Downloads, that go on where they were interrupted and leave nothing behind that is not as published.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use ureq::Agent;
use ureq::http::{Response, StatusCode};

use super::Error;
use super::published::PublishedFile;

/// How often in a row a download may stop without a byte gained before it is given up.
const ATTEMPTS: u32 = 4;
/// How long to wait after the first of them; then twice as long each time.
const PAUSE: Duration = Duration::from_millis(250);
/// How long a server may be silent.
const SILENCE: Duration = Duration::from_secs(30);
/// The most bytes a packed file may have beyond its contents.
const PACKING: u64 = 1 << 16;

/// Why an attempt ended.
enum Stop {
    /// The connection, or the server for now: another attempt may do better.
    Cut(String),
    /// Another attempt would end likewise.
    Final(String),
    /// The file system.
    Disk(io::Error),
}

impl From<ureq::Error> for Stop {
    fn from(error: ureq::Error) -> Self {
        match error {
            ureq::Error::BadUri(reason) => Self::Final(reason),
            other => Self::Cut(other.to_string()),
        }
    }
}

/// Fetches a file from below the address `url` into a folder, packed, and returns where it is. What an earlier
/// download left is gone on with. `progress` is told the bytes that are there, and the bytes in all if known.
///
/// # Errors
/// [`Error::Download`], [`Error::Write`]; [`Error::Fetched`], and then nothing is kept.
pub fn fetch(
    file: &PublishedFile,
    url: &str,
    folder: &Path,
    progress: &mut dyn FnMut(u64, Option<u64>),
) -> Result<PathBuf, Error> {
    let url = format!("{}/{}.gz", url.trim_end_matches('/'), file.name);
    let whole = folder.join(format!("{}.gz", file.name));
    let part = folder.join(format!("{}.gz.part", file.name));
    let disk = |source| Error::Write { file: part.clone(), source };
    fs::create_dir_all(folder).map_err(disk)?;
    let mut out = File::options().read(true).write(true).create(true).truncate(false).open(&part).map_err(disk)?;
    out.try_lock().map_err(|error| disk(error.into()))?;
    download(&url, &mut out, file.length as u64 + PACKING, progress).map_err(|stop| match stop {
        Stop::Disk(source) => disk(source),
        Stop::Cut(reason) | Stop::Final(reason) => {
            let kept = out.metadata().map_or(0, |metadata| metadata.len());
            // A file of nothing is not worth telling of if it stays.
            if kept == 0 {
                let _ = fs::remove_file(&part);
            }
            Error::Download { url: url.clone(), reason, kept }
        }
    })?;
    if let Err(error) = file.read(&part) {
        fs::remove_file(&part).map_err(disk)?;
        return Err(Error::Fetched { url, source: Box::new(error) });
    }
    out.sync_all().and_then(|()| fs::rename(&part, &whole)).map_err(disk)?;
    Ok(whole)
}

/// Attempts until all bytes are there.
fn download(url: &str, out: &mut File, most: u64, progress: &mut dyn FnMut(u64, Option<u64>)) -> Result<(), Stop> {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_connect(Some(SILENCE))
        .timeout_recv_response(Some(SILENCE))
        .timeout_per_read(Some(SILENCE))
        .build();
    let agent = Agent::new_with_config(config);
    let mut failures = 0;
    loop {
        let before = out.seek(SeekFrom::End(0)).map_err(Stop::Disk)?;
        let Err(stop) = attempt(&agent, url, out, before, most, progress) else { return Ok(()) };
        let after = out.metadata().map_err(Stop::Disk)?.len();
        failures = if after > before { 1 } else { failures + 1 };
        match stop {
            Stop::Cut(_) if failures < ATTEMPTS => sleep(PAUSE * 2_u32.pow(failures - 1)),
            other => return Err(other),
        }
    }
}

/// Asks for what follows the first `have` bytes, and writes it.
fn attempt(
    agent: &Agent,
    url: &str,
    out: &mut File,
    have: u64,
    most: u64,
    progress: &mut dyn FnMut(u64, Option<u64>),
) -> Result<(), Stop> {
    let request = agent.get(url);
    let request = if have > 0 { request.header("Range", format!("bytes={have}-")) } else { request };
    let response = request.call()?;
    let begin = match response.status() {
        // The server may begin anew nevertheless.
        StatusCode::OK => 0,
        StatusCode::PARTIAL_CONTENT if range(&response).is_some_and(|(begin, _)| begin == have) => have,
        // All of it was there already, or more than there is.
        StatusCode::RANGE_NOT_SATISFIABLE => return Ok(()),
        status if status.is_server_error() => return Err(Stop::Cut(format!("the server answers {status}"))),
        status => return Err(Stop::Final(format!("expected the file, the server answers {status}"))),
    };
    let length = response.body().content_length();
    let total = length.map(|length| begin + length);
    if total.is_some_and(|total| total > most) {
        return Err(Stop::Final(format!("expected at most {most} bytes, the server announces {}", total.unwrap_or(0))));
    }
    out.set_len(begin).and_then(|()| out.seek(SeekFrom::Start(begin))).map_err(Stop::Disk)?;
    let mut position = begin;
    let mut reader = response.into_body().into_reader();
    let mut buffer = vec![0; 1 << 16];
    loop {
        progress(position, total);
        let count = reader.read(&mut buffer).map_err(|error| Stop::Cut(error.to_string()))?;
        if count == 0 {
            return match total {
                Some(total) if position < total => Err(Stop::Cut(format!("{position} of {total} bytes came"))),
                _ => Ok(()),
            };
        }
        position += count as u64;
        if position > most {
            out.set_len(0).map_err(Stop::Disk)?;
            return Err(Stop::Final(format!("expected at most {most} bytes, found more")));
        }
        out.write_all(&buffer[..count]).map_err(Stop::Disk)?;
    }
}

/// Where the bytes of a partial answer begin, and how many there are in all: `bytes 5-9/10`.
fn range<B>(response: &Response<B>) -> Option<(u64, u64)> {
    let text = response.headers().get("content-range")?.to_str().ok()?.strip_prefix("bytes ")?;
    let (begin, rest) = text.split_once('-')?;
    Some((begin.trim().parse().ok()?, rest.split_once('/')?.1.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader};
    use std::net::TcpListener;
    use std::sync::mpsc::{Receiver, channel};

    use super::*;
    use crate::data::published::MNIST;

    /// What a server does with one request.
    #[derive(Clone, Copy)]
    enum Answer {
        /// What is asked for, but no more than so many bytes of what is announced.
        Bytes(usize),
        /// The whole file, whatever part is asked for.
        Anew,
        /// A status without a body.
        Status(u16),
        /// A length, and then nothing.
        Announced(u64),
    }

    /// Serves `contents` and then goes away; the parts that are asked for are sent.
    fn serve(contents: Vec<u8>, answers: Vec<Answer>) -> (String, Receiver<Option<usize>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            for answer in answers {
                let mut stream = listener.accept().unwrap().0;
                let mut begin = None;
                for line in BufReader::new(stream.try_clone().unwrap()).lines() {
                    let line = line.unwrap().to_lowercase();
                    if let Some(range) = line.strip_prefix("range: bytes=") {
                        begin = range.trim_end_matches('-').parse().ok();
                    }
                    if line.is_empty() {
                        break;
                    }
                }
                // Not every test asks for it.
                let _ = sender.send(begin);
                let from = begin.unwrap_or(0).min(contents.len());
                let (status, body, count) = match answer {
                    Answer::Bytes(_) if from == contents.len() => ("416 None".to_owned(), &[][..], 0),
                    Answer::Bytes(most) if from > 0 => ("206 Partial".to_owned(), &contents[from..], most),
                    Answer::Bytes(most) => ("200 OK".to_owned(), &contents[..], most),
                    Answer::Anew => ("200 OK".to_owned(), &contents[..], usize::MAX),
                    Answer::Status(status) => (format!("{status} So"), &[][..], 0),
                    Answer::Announced(_) => ("200 OK".to_owned(), &[][..], 0),
                };
                let length = if let Answer::Announced(length) = answer { length } else { body.len() as u64 };
                let range = format!("content-range: bytes {from}-{}/{}", contents.len().max(1) - 1, contents.len());
                let head =
                    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{range}\r\nconnection: close\r\n\r\n");
                let _ = stream.write_all(head.as_bytes());
                let _ = stream.write_all(&body[..count.min(body.len())]);
            }
        });
        (url, receiver)
    }

    fn labels() -> Vec<u8> {
        fs::read("datasets/mnist/train-labels-idx1-ubyte.gz").unwrap()
    }

    fn try_to(url: &str, folder: &Path) -> Result<PathBuf, String> {
        fetch(&MNIST.files[1], url, folder, &mut |_, _| {}).map_err(|error| error.to_string())
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_download_that_is_cut_goes_on_where_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let (url, asked) = serve(labels(), vec![Answer::Bytes(1000), Answer::Bytes(2000), Answer::Bytes(usize::MAX)]);
        let mut seen = Vec::new();
        let file = fetch(&MNIST.files[1], &url, folder.path(), &mut |position, total| seen.push((position, total)));
        assert_eq!(fs::read(file.unwrap()).unwrap(), labels());
        assert_eq!(asked.iter().collect::<Vec<_>>(), [None, Some(1000), Some(3000)]);
        assert_eq!(names(folder.path()), ["train-labels-idx1-ubyte.gz"]);
        assert!(seen.iter().all(|(_, total)| *total == Some(labels().len() as u64)));
        assert_eq!(seen.last().unwrap().0, labels().len() as u64);
    }

    #[test]
    fn another_try_goes_on_where_the_last_was_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let (url, _) = serve(labels(), [&[Answer::Bytes(5000)][..], &[Answer::Bytes(0); ATTEMPTS as usize]].concat());
        let error = try_to(&url, folder.path()).unwrap_err();
        assert!(error.ends_with("5000 bytes are kept, and the next try goes on there"), "{error}");
        assert_eq!(names(folder.path()), ["train-labels-idx1-ubyte.gz.part"]);
        let (url, asked) = serve(labels(), vec![Answer::Bytes(usize::MAX)]);
        assert_eq!(fs::read(try_to(&url, folder.path()).unwrap()).unwrap(), labels());
        assert_eq!(asked.recv().unwrap(), Some(5000));
    }

    #[test]
    fn of_another_file_nothing_is_kept() {
        let mut changed = labels();
        let last = changed.len() - 1;
        changed[last] ^= 1;
        for contents in [changed, labels()[..20_000].to_vec(), b"not found".to_vec(), Vec::new()] {
            let folder = tempfile::tempdir().unwrap();
            let (url, _) = serve(contents, vec![Answer::Anew]);
            let error = try_to(&url, folder.path()).unwrap_err();
            assert!(error.contains("not the published file, and nothing of it is kept"), "{error}");
            assert!(names(folder.path()).is_empty());
        }
    }

    #[test]
    fn a_server_may_begin_anew_or_have_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let part = folder.path().join("train-labels-idx1-ubyte.gz.part");
        for (kept, answer) in [(b"something else".to_vec(), Answer::Anew), (labels(), Answer::Bytes(usize::MAX))] {
            fs::write(&part, kept).unwrap();
            let (url, _) = serve(labels(), vec![answer]);
            assert_eq!(fs::read(try_to(&url, folder.path()).unwrap()).unwrap(), labels());
        }
    }

    #[test]
    fn a_server_that_refuses_is_quoted() {
        let folder = tempfile::tempdir().unwrap();
        let (url, _) = serve(labels(), vec![Answer::Status(404)]);
        assert!(try_to(&url, folder.path()).unwrap_err().contains("the server answers 404"));
        assert!(names(folder.path()).is_empty());
        let (url, _) = serve(labels(), vec![Answer::Announced(1 << 40)]);
        assert!(try_to(&url, folder.path()).unwrap_err().contains("expected at most 125544 bytes"));
        let (url, asked) = serve(labels(), vec![Answer::Status(503), Answer::Bytes(usize::MAX)]);
        try_to(&url, folder.path()).unwrap();
        assert_eq!(asked.iter().count(), 2);
        assert!(try_to("not a url", folder.path()).is_err());
    }
}
