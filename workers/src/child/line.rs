//! Reading lines of bounded length: nobody on either side of a pipe can make the other hold more than a line.

use std::io::{self, BufRead, Read};

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

use super::protocol::MAX_LINE_BYTES;

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    /// A line, without its end.
    Whole(Vec<u8>),
    /// The input has ended, perhaps within a line.
    End,
    /// More than [`MAX_LINE_BYTES`] without an end.
    TooLong,
}

fn classify(mut line: Vec<u8>) -> Line {
    if line.last() == Some(&b'\n') {
        line.pop();
        Line::Whole(line)
    } else if line.len() < MAX_LINE_BYTES {
        Line::End
    } else {
        Line::TooLong
    }
}

/// The next line.
///
/// # Errors
/// What the input says.
pub fn read(input: &mut impl BufRead) -> io::Result<Line> {
    let mut line = Vec::new();
    input.take(MAX_LINE_BYTES as u64).read_until(b'\n', &mut line)?;
    Ok(classify(line))
}

/// The next line. A call that is given up may have taken part of a line with it.
///
/// # Errors
/// What the input says.
pub async fn receive(input: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Line> {
    let mut line = Vec::new();
    input
        .take(MAX_LINE_BYTES as u64)
        .read_until(b'\n', &mut line)
        .await?;
    Ok(classify(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "current_thread")]
    async fn lines_are_read_up_to_their_bound_and_no_further() {
        let full = [vec![b'a'; MAX_LINE_BYTES - 1], vec![b'\n']].concat();
        let endless = vec![b'a'; MAX_LINE_BYTES + 1];
        for (text, expected) in [
            (&b"one\ntwo\n"[..], Line::Whole(b"one".to_vec())),
            (b"\n", Line::Whole(Vec::new())),
            (b"", Line::End),
            (b"cut off", Line::End),
            (&full, Line::Whole(vec![b'a'; MAX_LINE_BYTES - 1])),
            (&endless, Line::TooLong),
        ] {
            assert_eq!(read(&mut &text[..]).expect("reads"), expected);
            assert_eq!(receive(&mut &text[..]).await.expect("reads"), expected);
        }
    }
}
