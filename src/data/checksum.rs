//! MD5 checksums, by which published and built data are known.

use md5::{Digest as _, Md5};

/// The MD5 checksum of some bytes, one part after the other, in hexadecimal.
pub(super) fn md5(parts: &[&[u8]]) -> String {
    let mut digest = Md5::new();
    for part in parts {
        digest.update(part);
    }
    let number = digest.finalize().iter().fold(0_u128, |number, &byte| (number << 8) | u128::from(byte));
    format!("{number:032x}")
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
