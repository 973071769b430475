//! MD5 checksums, by which published and built data are known.

use md5::{Digest as _, Md5};

/// The MD5 checksum of some bytes, one part after the other, in hexadecimal.
pub(super) fn md5(parts: &[&[u8]]) -> String {
    let mut digest = Md5::new();
    parts.iter().for_each(|part| digest.update(part));
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::md5;

    #[test]
    fn the_checksum_is_md5() {
        assert_eq!(md5(&[]), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(md5(&[b"message ", b"digest"]), "f96b697d7cb7938d525a2f31aaf161d0");
    }
}
