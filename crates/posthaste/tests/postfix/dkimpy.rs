//! dkimpy, a verifier by other people, over many messages at once.

use std::fs;
use std::process::Command;

use posthaste::dkim::DkimRecord;

/// What dkimpy says of one message: of each of its two topmost signatures, the algorithm and whether it verifies.
pub(crate) type Said = Vec<(String, bool)>;

const SCRIPT: &str = r#"
import json, pathlib, sys
import dkim
folder = pathlib.Path(sys.argv[1])
records = json.loads((folder / "records.json").read_text())
def dns(name, timeout=5):
    return records.get(name.decode().rstrip("."), "").encode()
def judge(octets, index):
    message = dkim.DKIM(octets)
    try:
        verified = message.verify(index, dnsfunc=dns)
    except dkim.DKIMException as error:
        print(error, file=sys.stderr)
        verified = False
    return [message.signature_fields.get(b"a", b"").decode(), verified]
paths = sorted(folder.glob("*.eml"))
print(json.dumps([[judge(path.read_bytes(), index) for index in (0, 1)] for path in paths]))
"#;

/// Asks dkimpy about each message. `None`, with a line that says so, where it is not installed; in CI it must be.
pub(crate) fn verify<'a>(
    messages: impl IntoIterator<Item = &'a [u8]>,
    records: impl IntoIterator<Item = DkimRecord>,
) -> Option<Vec<Said>> {
    let there = Command::new(PYTHON).args(["-c", "import dkim, nacl.signing"]).output();
    if !there.is_ok_and(|output| output.status.success()) {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "dkimpy is required in CI");
        println!("skipped: {PYTHON} has no dkim or no nacl");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    for (number, octets) in messages.into_iter().enumerate() {
        fs::write(folder.path().join(format!("{number:05}.eml")), octets).unwrap();
    }
    let records: serde_json::Map<_, _> =
        records.into_iter().map(|record| (record.name.to_string(), record.value.into())).collect();
    fs::write(folder.path().join("records.json"), serde_json::to_vec(&records).unwrap()).unwrap();
    let output = Command::new(PYTHON).args(["-c", SCRIPT]).arg(folder.path()).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    print!("{errors}");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

const PYTHON: &str = "/usr/bin/python3";
