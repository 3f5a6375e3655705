//! date-time (RFC 5322 §3.3), without the obsolete forms.

use super::lexer::Cursor;

/// Whether a text is a date-time that exists.
pub(super) fn is_date_time(text: &str) -> bool {
    date_time(text).is_some()
}

fn date_time(text: &str) -> Option<()> {
    let mut cursor = Cursor::new(text);
    cursor.space();
    let weekday = match cursor.peek()? {
        c if c.is_ascii_alphabetic() => {
            let name = index(&WEEKDAYS, cursor.letters()?)?;
            if !cursor.eat(',') {
                return None;
            }
            cursor.space();
            Some(name)
        }
        _ => None,
    };
    let day = cursor.digits(1..=2)?;
    cursor.space().then_some(())?;
    let month = index(&MONTHS, cursor.letters()?)?;
    cursor.space().then_some(())?;
    let year = cursor.digits(4..=9)?;
    cursor.space().then_some(())?;
    if year < 1900
        || day < 1
        || day > days_of(year, month)?
        || weekday.is_some_and(|it| it != day_of_week(year, month, day))
    {
        return None;
    }
    time(&mut cursor)?;
    cursor.cfws()?;
    cursor.is_at_end().then_some(())
}

fn time(cursor: &mut Cursor<'_>) -> Option<()> {
    let hour = cursor.digits(2..=2)?;
    cursor.eat(':').then_some(())?;
    let minute = cursor.digits(2..=2)?;
    let second = if cursor.eat(':') { cursor.digits(2..=2)? } else { 0 };
    cursor.space().then_some(())?;
    (cursor.eat('+') || cursor.eat('-')).then_some(())?;
    let zone = cursor.digits(4..=4)?;
    (hour < 24 && minute < 60 && second <= 60 && zone % 100 < 60).then_some(())
}

fn index(names: &[&str], name: &str) -> Option<u32> {
    let at = names.iter().position(|known| known.eq_ignore_ascii_case(name))?;
    u32::try_from(at).ok()
}

fn days_of(year: u32, month: u32) -> Option<u32> {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        1 => Some(if is_leap { 29 } else { 28 }),
        3 | 5 | 8 | 10 => Some(30),
        0..=11 => Some(31),
        _ => None,
    }
}

/// 0 is Sunday. Sakamoto's method, with months counted from 0.
fn day_of_week(year: u32, month: u32, day: u32) -> u32 {
    const SHIFT: [u32; 12] = [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4];
    let year = if month < 2 { year - 1 } else { year };
    let shift = usize::try_from(month).ok().and_then(|month| SHIFT.get(month)).copied().unwrap_or(0);
    (year + year / 4 - year / 100 + year / 400 + shift + day) % 7
}

const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

#[cfg(test)]
mod tests {
    use super::is_date_time;

    #[test]
    fn rfc5322_date_time() {
        for fine in [
            " Fri, 21 Nov 1997 09:55:06 -0600",
            "21 Nov 1997 09:55 -0600",
            "Thu,\t13 Feb 1969 23:32:54 -0330 (Newfoundland Time)",
            "Thu, 29 Feb 2024 00:00:60 +0000",
            "Sat, 1 Jan 2000 00:00:00 +0000",
        ] {
            assert!(is_date_time(fine), "{fine}");
        }
        for not in [
            "",
            "Fri, 21 Nov 97 09:55:06 -0600",
            "Fri, 21 Nov 1997 09:55:06 GMT",
            "Fri, 21 Nov 1997 09(comment):55:06 -0600",
            "Thu, 21 Nov 1997 09:55:06 -0600",
            "29 Feb 2023 00:00:00 +0000",
            "31 Apr 2024 00:00:00 +0000",
            "1 Apr 2024 24:00:00 +0000",
            "1 Apr 2024 00:00:00 +0060",
            "1 Apr 2024 00:00:00 +0000 x",
            "Fri 21 Nov 1997 09:55:06 -0600",
        ] {
            assert!(!is_date_time(not), "{not}");
        }
    }
}
