//! Files that are written whole or not at all.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

/// Whether a file cannot be written because of its place, so that another one would have to be named.
pub fn is_misplaced(error: &std::io::Error) -> bool {
    use std::io::ErrorKind as Kind;
    matches!(
        error.kind(),
        Kind::NotFound | Kind::NotADirectory | Kind::IsADirectory | Kind::PermissionDenied | Kind::ReadOnlyFilesystem
    )
}

/// Writes a file whole or not at all: to a neighbour first, which takes its name once it is on the disk.
///
/// # Errors
/// Those of the file system.
pub fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let neighbour = path.with_file_name(name);
    let on_disk = || {
        // Left by a process of the same number, if it is there, or a link to who knows where.
        let _ = std::fs::remove_file(&neighbour);
        let mut file = File::create_new(&neighbour)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    let written = on_disk().and_then(|()| std::fs::rename(&neighbour, path));
    if let (Ok(()), Some(Ok(folder))) = (&written, path.parent().map(File::open)) {
        // Where a folder can be brought to the disk, the new name is there too.
        let _ = folder.sync_all();
    }
    if written.is_err() {
        // Nothing half-written stays behind; the first error is the one to tell.
        let _ = std::fs::remove_file(&neighbour);
    }
    written
}
