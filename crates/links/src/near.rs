//! Looks for bytes that are mostly near: at sixteen at a time, where a function that looks at more takes
//! longer to be called.

use memchr::memchr;
use wide::u8x16;

/// Where a byte is next, from a place on.
#[inline]
pub(crate) fn find(byte: u8, input: &[u8], from: usize) -> Option<usize> {
    let rest = input.get(from..)?;
    let Some(near) = sixteen(rest) else {
        let found = rest.iter().position(|other| *other == byte);
        return found.map(|at| from + at);
    };
    let found = near.simd_eq(u8x16::splat(byte)).to_bitmask();
    if found != 0 {
        return Some(from + found.trailing_zeros() as usize);
    }
    memchr(byte, &rest[16..]).map(|at| from + 16 + at)
}

/// Where the next byte is, from a place on, that is an end, or where the input ends. Of those above the
/// blank, only `ends` may be one.
#[inline]
pub(crate) fn end<const N: usize>(
    ends: [u8; N],
    is_end: impl Fn(u8) -> bool,
    input: &[u8],
    from: usize,
) -> usize {
    let mut at = from;
    while let Some(near) = input.get(at..).and_then(sixteen) {
        let blanks = near.min(u8x16::splat(b' ')).simd_eq(near);
        let found = (blanks | those_of(ends, near)).to_bitmask();
        if found == 0 {
            at += 16;
            continue;
        }
        at += found.trailing_zeros() as usize;
        if is_end(input[at]) {
            return at;
        }
        at += 1;
    }
    let rest = input.get(at..).unwrap_or_default();
    let found = rest.iter().position(|byte| is_end(*byte));
    at + found.unwrap_or(rest.len())
}

/// Of the next 64 bytes, from a place on, which are these: the lowest bit tells of the first. `None` if
/// there are not so many.
#[inline]
pub(crate) fn places<const N: usize>(
    bytes: [u8; N],
    input: &[u8],
    from: usize,
) -> Option<[u64; N]> {
    let next: &[u8; 64] = input.get(from..)?.first_chunk()?;
    let mut places = [0; N];
    for (at, near) in (0..).step_by(16).zip(next.as_chunks().0) {
        let near = u8x16::new(*near);
        for (places, byte) in places.iter_mut().zip(bytes) {
            *places |= u64::from(near.simd_eq(u8x16::splat(byte)).to_bitmask()) << at;
        }
    }
    Some(places)
}

/// Whether one of some bytes is in it.
#[inline]
pub(crate) fn has<const N: usize>(bytes: [u8; N], input: &[u8]) -> bool {
    let mut parts = input.chunks_exact(16);
    let is_in =
        |part: &[u8]| sixteen(part).is_some_and(|part| those_of(bytes, part).to_bitmask() != 0);
    parts.any(is_in) || parts.remainder().iter().any(|byte| bytes.contains(byte))
}

/// Of sixteen bytes, those that are one of some.
#[inline]
fn those_of<const N: usize>(bytes: [u8; N], near: u8x16) -> u8x16 {
    let each = bytes.map(|byte| near.simd_eq(u8x16::splat(byte)));
    each.into_iter().fold(u8x16::ZERO, |all, it| all | it)
}

#[inline]
fn sixteen(input: &[u8]) -> Option<u8x16> {
    input.first_chunk().map(|near| u8x16::new(*near))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_found_where_it_is(
            input in proptest::collection::vec(
                prop_oneof![Just(b'a'), Just(0xff), Just(1), Just(b' '), Just(b'/')], 0..90),
            from in 0..100_usize,
        ) {
            let rest = input.get(from..).unwrap_or_default();
            let is_end = |byte: u8| byte == b' ' || byte == b'/';
            let end = rest.iter().position(|byte| is_end(*byte));
            let end = from + end.unwrap_or(rest.len());
            prop_assert_eq!(super::end([b'/'], is_end, &input, from), end);
            let found = rest.iter().position(|byte| *byte == b'/');
            prop_assert_eq!(super::find(b'/', &input, from), found.map(|at| from + at));
            let places = rest.first_chunk::<64>().map(|next| {
                let bit = |(at, byte): (usize, &u8)| u64::from(*byte == b'/') << at;
                [next.iter().enumerate().map(bit).sum::<u64>()]
            });
            prop_assert_eq!(super::places([b'/'], &input, from), places);
            let has = rest.contains(&b'/') || rest.contains(&1);
            prop_assert_eq!(super::has([b'/', 1], rest), has);
        }
    }
}
