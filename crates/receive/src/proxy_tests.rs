use super::*;
use proptest::prelude::*;

fn read(octets: &[u8]) -> Result<(usize, Option<Proxied>), ProxyError> {
    ProxyReader::default().read(octets)
}

fn client(source: &str, destination: &str) -> Proxied {
    Proxied::Client { source: source.parse().unwrap(), destination: destination.parse().unwrap() }
}

/// A header of version 2.
fn v2(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let len = u16::try_from(rest.len()).unwrap().to_be_bytes();
    [V2, &[command, family], &len, rest].concat()
}

const TCP4: [u8; 12] = [192, 0, 2, 1, 198, 51, 100, 2, 0xdc, 0x04, 0, 25];

/// §2.1, with the examples of the specification.
#[test]
fn version_1_table() {
    let right = [
        (
            "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n",
            client("255.255.255.255:65535", "255.255.255.255:65535"),
        ),
        ("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n", client("192.168.0.1:56324", "192.168.0.11:443")),
        ("PROXY TCP6 2001:db8::1 ::1 0 25\r\n", client("[2001:db8::1]:0", "[::1]:25")),
        ("PROXY UNKNOWN\r\n", Proxied::Itself),
        ("PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", Proxied::Itself),
    ];
    for (line, expected) in right {
        let followed = [line.as_bytes(), b"EHLO client.example\r\n"].concat();
        assert_eq!(read(&followed), Ok((line.len(), Some(expected))), "{line:?}");
    }
}

#[test]
fn version_1_is_strict() {
    use ProxyError::{NoHeader, Syntax, TooLong};
    let long = format!("PROXY UNKNOWN {}\r\n", "x".repeat(100));
    let wrong = [
        ("EHLO client.example\r\n", NoHeader),
        ("proxy TCP4 192.0.2.1 192.0.2.2 1 2\r\n", NoHeader),
        ("PROXY\r\n", NoHeader),
        ("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n", Syntax),
        ("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\rx\r\n", Syntax),
        ("PROXY  TCP4 192.0.2.1 192.0.2.2 1 2\r\n", Syntax),
        ("PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n", Syntax),
        ("PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n", Syntax),
        ("PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n", Syntax),
        ("PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n", Syntax),
        ("PROXY TCP4 192.0.2.1 192.0.2.2 +1 2\r\n", Syntax),
        ("PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n", Syntax),
        ("PROXY TCP4 192.0.2.01 192.0.2.2 1 2\r\n", Syntax),
        ("PROXY TCP4 192.0.2.256 192.0.2.2 1 2\r\n", Syntax),
        ("PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n", Syntax),
        ("PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n", Syntax),
        ("PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n", Syntax),
        ("PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n", Syntax),
        ("PROXY TCP4 192.0.2.1\0 192.0.2.2 1 2\r\n", Syntax),
        ("PROXY \u{fc} 192.0.2.1 192.0.2.2 1 2\r\n", Syntax),
        ("PROXY \r\n", Syntax),
        (&long, TooLong),
    ];
    for (line, expected) in wrong {
        assert_eq!(read(line.as_bytes()), Err(expected), "{line:?}");
    }
}

/// §2.2.
#[test]
fn version_2_table() {
    let tcp6 = [&[0x20, 1, 0xd, 0xb8][..], &[0; 11], &[1], &[0; 15], &[1], &[0, 7, 0, 25]].concat();
    let with_values = [&TCP4[..], &[0x02, 0, 3, b'a', b'.', b'b', 0x04, 0, 0]].concat();
    let right = [
        (v2(0x21, 0x11, &TCP4), client("192.0.2.1:56324", "198.51.100.2:25")),
        (v2(0x21, 0x11, &with_values), client("192.0.2.1:56324", "198.51.100.2:25")),
        (v2(0x21, 0x21, &tcp6), client("[2001:db8::1]:7", "[::1]:25")),
        (v2(0x20, 0x00, &[]), Proxied::Itself),
        (v2(0x20, 0x11, b"anything"), Proxied::Itself),
        (v2(0x21, 0x00, &[]), Proxied::Itself),
        (v2(0x21, 0x31, &[0; 216]), Proxied::Itself),
    ];
    for (header, expected) in right {
        let followed = [&header[..], b"EHLO client.example\r\n"].concat();
        assert_eq!(read(&followed), Ok((header.len(), Some(expected))), "{header:?}");
    }
}

#[test]
fn version_2_is_strict() {
    use ProxyError::{NoHeader, Syntax, TooLong};
    let of = |rest: &[u8]| v2(0x21, 0x11, &[&TCP4[..], rest].concat());
    let wrong = [
        (b"\r\n\r\n\0\r\nQUIT\r".to_vec(), NoHeader),
        (v2(0x11, 0x11, &TCP4), Syntax), // version 1
        (v2(0x22, 0x11, &TCP4), Syntax), // an unknown command
        (v2(0x21, 0x12, &TCP4), Syntax), // UDP
        (v2(0x21, 0x41, &TCP4), Syntax), // an unknown family
        (v2(0x21, 0x11, &TCP4[..11]), Syntax),
        (v2(0x21, 0x21, &TCP4), Syntax),
        (v2(0x21, 0x31, &[0; 215]), Syntax),
        (of(&[0x04]), Syntax),
        (of(&[0x04, 0, 2, 1]), Syntax),
        (of(&[CRC32C, 0, 3, 1, 2, 3]), Syntax),
        (v2(0x21, 0x11, &[0; 5000]), TooLong),
    ];
    for (header, expected) in wrong {
        assert_eq!(read(&header), Err(expected), "{header:?}");
    }
}

/// §2.2.3: the checksum is that of the header whose checksum is zero.
#[test]
fn version_2_checksum() {
    // The check value of the CRC catalogue.
    assert_eq!(crc32c(b"123456789".iter().copied()), 0xe306_9283);
    let with = |crc: u32| {
        let values = [&[0x04, 0, 1, 0, CRC32C, 0, 4][..], &crc.to_be_bytes()].concat();
        v2(0x21, 0x11, &[&TCP4[..], &values].concat())
    };
    let crc = crc32c(with(0).into_iter());
    assert!(matches!(read(&with(crc)), Ok((_, Some(Proxied::Client { .. })))));
    for bit in 0..32 {
        assert_eq!(read(&with(crc ^ (1 << bit))), Err(ProxyError::Checksum));
    }
}

fn in_pieces(octets: &[u8], cuts: &[usize]) -> Result<(usize, Option<Proxied>), ProxyError> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (octets.len() + 1)).collect();
    cuts.extend([0, octets.len()]);
    cuts.sort_unstable();
    let (mut reader, mut taken) = (ProxyReader::default(), 0);
    for pair in cuts.windows(2) {
        let (len, proxied) = reader.read(&octets[pair[0]..pair[1]])?;
        taken += len;
        if proxied.is_some() {
            return Ok((taken, proxied));
        }
    }
    Ok((taken, None))
}

proptest! {
    #[test]
    fn any_split_reads_the_same(
        which in 0usize..3,
        tail in proptest::collection::vec(any::<u8>(), 0..20),
        cuts in proptest::collection::vec(any::<usize>(), 0..8),
    ) {
        let head = [b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n".to_vec(), v2(0x21, 0x11, &TCP4), Vec::new()];
        let wire = [&head[which][..], &tail].concat();
        prop_assert_eq!(in_pieces(&wire, &cuts), read(&wire));
    }

    /// Garbage that begins like a header is read to an end, and never beyond what a header may hold.
    #[test]
    fn garbage_is_bounded(which in 0usize..2, garbage in proptest::collection::vec(any::<u8>(), 0..6000)) {
        let wire = [[V1, V2][which], &garbage].concat();
        if let Ok((taken, proxied)) = read(&wire) {
            prop_assert!(taken <= 16 + MAX_V2);
            prop_assert!(proxied.is_some() || taken == wire.len());
        }
    }
}
