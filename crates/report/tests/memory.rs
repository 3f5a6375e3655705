//! What reading takes from the heap, at its highest.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use posthaste_report::{Report, read};

/// The system's allocator, counted.
struct Counted;

static HELD: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

#[expect(unsafe_code, reason = "an allocator is unsafe to write; this one only counts and passes on")]
// SAFETY: each call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        MOST.fetch_max(held, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counted = Counted;

/// How many octets a call takes at its highest, beyond what was held before.
fn highest<T>(call: impl FnOnce() -> T) -> (T, usize) {
    let before = HELD.load(Ordering::Relaxed);
    MOST.store(before, Ordering::Relaxed);
    let value = call();
    (value, MOST.load(Ordering::Relaxed).saturating_sub(before))
}

fn gzip(octets: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(octets).expect("a Vec");
    encoder.finish().expect("a Vec")
}

/// 500 records as receivers write them.
fn report() -> String {
    let mut xml = String::from(
        "<?xml version=\"1.0\"?>\n<feedback>\n  <report_metadata>\n    <org_name>o</org_name>\n    <email>e</email>\n    \
         <report_id>r</report_id>\n    <date_range>\n      <begin>1</begin>\n      <end>2</end>\n    </date_range>\n  \
         </report_metadata>\n  <policy_published>\n    <domain>example.com</domain>\n    <p>none</p>\n  </policy_published>\n",
    );
    for index in 0..500 {
        xml.push_str(&format!(
            "  <record>\n    <row>\n      <source_ip>192.0.{}.{}</source_ip>\n      <count>{index}</count>\n      \
             <policy_evaluated>\n        <disposition>none</disposition>\n        <dkim>pass</dkim>\n        <spf>fail</spf>\n      \
             </policy_evaluated>\n    </row>\n    <identifiers>\n      <envelope_from>b{index}.example.net</envelope_from>\n      \
             <header_from>example.com</header_from>\n    </identifiers>\n    <auth_results>\n      <dkim>\n        \
             <domain>example.com</domain>\n        <selector>s1</selector>\n        <result>pass</result>\n      </dkim>\n      \
             <spf>\n        <domain>b{index}.example.net</domain>\n        <scope>mfrom</scope>\n        <result>pass</result>\n      \
             </spf>\n    </auth_results>\n  </record>\n",
            index / 250,
            index % 250
        ));
    }
    xml + "</feedback>\n"
}

/// One test, because the count is of the whole process.
#[test]
fn memory_follows_what_is_inflated() {
    let xml = report();
    let packed = gzip(xml.as_bytes());
    let (reading, taken) = highest(|| read(&packed).expect("within the limits"));
    let Some(Report::Aggregate(read_back)) = reading.reports().next() else { panic!("a report") };
    assert_eq!(read_back.records.len(), 500);
    println!(
        "{} octets inflated, {taken} taken at the highest: {:.2} times",
        xml.len(),
        taken as f64 / xml.len() as f64
    );
    assert!(taken <= 4 * xml.len(), "{taken} for {}", xml.len());
    drop(reading);

    // The largest bomb takes what the limits say, and no multiple of it.
    let bomb = gzip(&vec![b' '; 256 << 20]);
    let (_, taken) = highest(|| read(&bomb).expect("within the limits"));
    assert!(taken <= 3 * (64 << 20), "{taken}");
}
