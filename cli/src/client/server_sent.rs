//! Server-sent events as they come over the wire: bytes in, whole events out.

use std::collections::VecDeque;

/// Longest event that is taken, in bytes.
const MAX_EVENT_BYTES: usize = 1 << 20;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerSent {
    /// Its `id:`, where it has one.
    pub id: Option<String>,
    /// Its `event:`; empty where it has none.
    pub kind: String,
    /// Its `data:` lines.
    pub data: String,
}

/// What has come so far.
#[derive(Debug, Default)]
pub struct Reader {
    line: Vec<u8>,
    event: ServerSent,
    has_data: bool,
    size: usize,
    /// A line ended with a carriage return; a line feed that follows belongs to it.
    after_return: bool,
    whole: VecDeque<ServerSent>,
}

impl Reader {
    /// Takes what came.
    ///
    /// # Errors
    /// An event is longer than any of ours.
    pub fn take(&mut self, bytes: &[u8]) -> Result<(), &'static str> {
        for byte in bytes {
            let is_rest = *byte == b'\n' && std::mem::take(&mut self.after_return);
            self.after_return = *byte == b'\r';
            match byte {
                b'\n' if is_rest => {}
                b'\n' | b'\r' => self.end_of_line(),
                _ => self.line.push(*byte),
            }
            self.size += 1;
            if self.size > MAX_EVENT_BYTES {
                return Err("an event without end");
            }
        }
        Ok(())
    }

    /// The next whole event.
    pub fn next(&mut self) -> Option<ServerSent> {
        self.whole.pop_front()
    }

    fn end_of_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line);
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            if std::mem::take(&mut self.has_data) {
                self.whole.push_back(event);
            }
            self.size = 0;
            return;
        }
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => self.event.id = Some(value.to_owned()),
            "event" => value.clone_into(&mut self.event.kind),
            "data" => {
                if self.has_data {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
                self.has_data = true;
            }
            // A comment keeps the connection open and is no part of an event.
            "" => self.size = 0,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pieces: &[&str]) -> Vec<ServerSent> {
        let mut reader = Reader::default();
        for piece in pieces {
            reader.take(piece.as_bytes()).unwrap();
        }
        std::iter::from_fn(|| reader.next()).collect()
    }

    #[test]
    fn events_are_whole_however_their_bytes_come() {
        let text = ": hello\n\nid: 1\nevent: state\ndata: {\"a\":\ndata:  1}\n\ndata\n\nid: 2\n\nevent: x\r\ndata: y\r\n\r\n";
        let whole = read(&[text]);
        let bytes: Vec<String> = text.chars().map(String::from).collect();
        let pieces: Vec<&str> = bytes.iter().map(String::as_str).collect();
        assert_eq!(read(&pieces), whole);
        let first = ServerSent {
            id: Some("1".to_owned()),
            kind: "state".to_owned(),
            data: "{\"a\":\n 1}".to_owned(),
        };
        assert_eq!(whole[0], first);
        assert_eq!((whole[1].data.as_str(), whole[2].data.as_str()), ("", "y"));
        assert_eq!(whole.len(), 3, "an event without data is none: {whole:?}");
    }

    #[test]
    fn an_endless_event_is_refused_and_endless_comments_are_not() {
        let mut reader = Reader::default();
        for _ in 0..2 * MAX_EVENT_BYTES / 8 {
            reader.take(b": hello\n").unwrap();
        }
        let mut endless = Reader::default();
        assert!(endless.take(&vec![b'x'; MAX_EVENT_BYTES + 1]).is_err());
    }
}
