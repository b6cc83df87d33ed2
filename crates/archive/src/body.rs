use std::fmt;
use std::io::{self, Read};
use std::sync::{Arc, OnceLock};

use bytes::{Buf, Bytes};

use crate::spool::Spooled;
use crate::stream::Stored;
use crate::{Algorithm, Digest};

/// A response's body: in memory, or, if it is [large](Body::MOST_IN_MEMORY), in a file, from which
/// it is read when it is needed. Cheap to clone.
#[derive(Clone, Default)]
pub struct Body {
    place: Place,
    /// Of what is in memory, once it was asked for.
    digest: OnceLock<Digest>,
}

#[derive(Clone)]
enum Place {
    Memory {
        bytes: Bytes,
        /// By which its digest is computed.
        algorithm: Algorithm,
    },
    /// In a file of its own, which goes with the last clone.
    Spooled(Arc<Spooled>),
    /// In a record.
    Stored(Arc<Stored>),
}

impl Body {
    /// Bodies beyond this many bytes are not given back in memory, and should not be brought in it:
    /// 1 MiB.
    pub const MOST_IN_MEMORY: u64 = 1024 * 1024;

    /// Returns how long it is, in bytes.
    pub fn len(&self) -> u64 {
        match &self.place {
            Place::Memory { bytes, .. } => bytes.len() as u64,
            Place::Spooled(spooled) => spooled.length,
            Place::Stored(stored) => stored.length,
        }
    }

    /// Returns whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns its bytes, if they are in memory.
    pub fn bytes(&self) -> Option<&Bytes> {
        match &self.place {
            Place::Memory { bytes, .. } => Some(bytes),
            Place::Spooled(_) | Place::Stored(_) => None,
        }
    }

    /// Returns its digest, which is computed only of what is in memory, and once.
    pub fn digest(&self) -> Digest {
        match &self.place {
            Place::Memory { bytes, algorithm } => {
                *self.digest.get_or_init(|| algorithm.digest(bytes))
            }
            Place::Spooled(spooled) => spooled.digest,
            Place::Stored(stored) => stored.digest,
        }
    }

    /// Reads it from its start. Of what is archived, the last read fails if it is not as its checksum
    /// or digest says.
    ///
    /// # Errors
    ///
    /// Its file cannot be opened, or the record that has it is damaged.
    pub fn reader(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(match &self.place {
            Place::Memory { bytes, .. } => Box::new(bytes.clone().reader()),
            Place::Spooled(spooled) => Box::new(Arc::clone(spooled).read()),
            Place::Stored(stored) => Box::new(stored.open()?),
        })
    }

    /// Its file, if it has one of its own that nobody else reads.
    pub(crate) fn into_spooled(self) -> Result<Spooled, Self> {
        match self.place {
            Place::Spooled(spooled) => Arc::try_unwrap(spooled).map_err(Body::in_file),
            place => Err(place.into()),
        }
    }

    pub(crate) fn in_memory(bytes: Bytes, algorithm: Algorithm) -> Self {
        Place::Memory { bytes, algorithm }.into()
    }

    pub(crate) fn spooled(spooled: Spooled) -> Self {
        Body::in_file(Arc::new(spooled))
    }

    pub(crate) fn stored(stored: Stored) -> Self {
        Place::Stored(Arc::new(stored)).into()
    }

    fn in_file(spooled: Arc<Spooled>) -> Self {
        Place::Spooled(spooled).into()
    }
}

impl Default for Place {
    fn default() -> Self {
        Place::Memory {
            bytes: Bytes::new(),
            algorithm: Algorithm::default(),
        }
    }
}

impl From<Place> for Body {
    fn from(place: Place) -> Self {
        Body {
            place,
            digest: OnceLock::new(),
        }
    }
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(bytes: T) -> Self {
        Body::in_memory(bytes.into(), Algorithm::default())
    }
}

/// Bodies are equal if their bytes are, wherever they are: then their digests are, if they are of one
/// [`Algorithm`].
impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        match (self.bytes(), other.bytes()) {
            (Some(bytes), Some(others)) => bytes == others,
            _ => self.len() == other.len() && self.digest() == other.digest(),
        }
    }
}

impl Eq for Body {}

impl PartialEq<&str> for Body {
    fn eq(&self, other: &&str) -> bool {
        self.bytes().is_some_and(|bytes| bytes == other)
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Memory { bytes, .. } => bytes.fmt(formatter),
            Place::Spooled(_) | Place::Stored(_) => write!(formatter, "{} bytes", self.len()),
        }
    }
}
